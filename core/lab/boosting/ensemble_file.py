"""The figures of an ensemble, kept in one JSON file beside the checkpoints, without texts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.lab.boosting.ensemble import Ensemble
from core.models import checkpoints
from core.runtime import json_file

FILE = "ensemble.json"
FORMAT = 1


def save(ensemble: Ensemble, path: Path) -> None:
    """Write an ensemble's figures. Raises as `json_file.write`."""
    json_file.write(path, FORMAT, as_json(ensemble))


def load(path: Path | None = None) -> Ensemble | None:
    """The figures kept beside the checkpoints, None where there are none. Raises ValueError for a damaged file."""
    path = path or checkpoints.root() / FILE
    return json_file.read(path, FORMAT, _ensemble) if path.exists() else None


def as_json(ensemble: Ensemble) -> dict[str, Any]:
    """Plain lists, numbers and strings. A perfect voter's α is infinite, for which JSON has no number: null."""
    content = {"format": FORMAT, **asdict(ensemble)}
    for made in content["rounds"]:
        made["alpha"] = None if made["alpha"] == math.inf else made["alpha"]
    for one, against in zip(ensemble.against, content["against"], strict=True):
        against["finding"] = one.finding
    return content


def outdated(ensemble: Ensemble, hashes: Mapping[str, str]) -> list[str]:
    """The models, by name, that are not those the figures are of any more, or are gone; `hashes` are today's."""
    return [voter.name for voter in ensemble.voters if hashes.get(voter.name) != voter.hash]


def _ensemble(content: dict[str, Any]) -> Ensemble:
    """The ensemble, without its infinite α, which is put in last."""
    from dataclasses import replace

    perfect = [made["alpha"] is None for made in content["rounds"]]
    finite = [{**made, "alpha": made["alpha"] or 0.0} for made in content["rounds"]]
    ensemble = json_file.made(Ensemble, {**content, "rounds": finite})
    rounds = (replace(one, alpha=math.inf) if is_ else one for one, is_ in zip(ensemble.rounds, perfect, strict=True))
    return replace(ensemble, rounds=tuple(rounds))

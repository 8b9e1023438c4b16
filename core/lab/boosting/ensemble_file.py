"""Where is the figure of an ensemble kept? One JSON file beside the checkpoints, without texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.lab.boosting.ensemble import Against, Amount, Ensemble, Voter, VoterRound
from core.models import checkpoints
from core.runtime.i18n import gettext as _

FILE = "ensemble.json"
FORMAT = 1


def save(ensemble: Ensemble, path: Path) -> None:
    """Write an ensemble's figures; the file takes the place of an earlier one when it is whole. Raises OSError."""
    beside = path.with_name(f"{path.name}.new")
    try:
        beside.write_text(json.dumps(as_json(ensemble), indent=1, allow_nan=False) + "\n", encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def load(path: Path | None = None) -> Ensemble | None:
    """The figures kept beside the checkpoints, None where there are none. Raises ValueError for a damaged file."""
    path = path or checkpoints.root() / FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(
            _("{name} cannot be read ({kind})").format(name=path.name, kind=type(error).__name__)
        ) from None
    try:
        if content["format"] != FORMAT:
            raise ValueError(
                _("{name} is of format {found!r}, expected {expected}").format(
                    name=path.name, found=content["format"], expected=FORMAT
                )
            )
        return _ensemble(content)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            _("{name} does not hold what it should ({kind}: {error})").format(
                name=path.name, kind=type(error).__name__, error=error
            )
        ) from None


def as_json(ensemble: Ensemble) -> dict[str, Any]:
    """Plain lists, numbers and strings. A perfect voter's α is infinite, for which JSON has no number: null."""
    content = {"format": FORMAT, **asdict(ensemble)}
    for made in content["rounds"]:
        made["alpha"] = None if made["alpha"] == float("inf") else made["alpha"]
    for one, row in zip(ensemble.against, content["against"], strict=True):
        row["finding"] = one.finding
    return content


def outdated(ensemble: Ensemble, hashes: Mapping[str, str]) -> list[str]:
    """The models, by name, that are not those the figures are of any more, or are gone; `hashes` are today's."""
    return [voter.name for voter in ensemble.voters if hashes.get(voter.name) != voter.hash]


def _ensemble(content: Mapping[str, Any]) -> Ensemble:
    whole = {name: value for name, value in content.items() if name != "format"}
    whole["voters"] = tuple(
        Voter(**{**voter, "test_interval": tuple(voter["test_interval"])}) for voter in content["voters"]
    )
    whole["rounds"] = tuple(
        VoterRound(**{**made, "alpha": float("inf") if made["alpha"] is None else made["alpha"]})
        for made in content["rounds"]
    )
    whole["against"] = tuple(_against(one) for one in content["against"])
    for name in ("amounts_to", "least_amounts_to"):
        whole[name] = Amount(**content[name])
    for name in ("accuracy_interval", "trained_on"):
        whole[name] = tuple(content[name])
    return Ensemble(**whole)


def _against(content: Mapping[str, Any]) -> Against:
    values: dict[str, Any] = {name: value for name, value in content.items() if name != "finding"}
    return Against(**{**values, "interval": tuple(content["interval"])})

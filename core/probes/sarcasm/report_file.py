"""Where are the figures of sarcasm kept? One JSON file beside the checkpoints: figures, hashes and settings, no texts.

The hashes say which models and which files the figures are of; a reader compares the models' with those it has.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.evaluation.intervals import RESAMPLES, Mean, Share
from core.models import checkpoints
from core.models.checkpoints import Checkpoint
from core.probes.sarcasm.corpora import SarcasmCorpus
from core.probes.sarcasm.report import Meant, ReadPositive, Reworded, SarcasmReport
from core.runtime.i18n import gettext as _

FILE = "sarcasm.json"
FORMAT = 1


@dataclass(frozen=True)
class SarcasmResults:
    """Reports as kept: `models` has the hash of each model by name, `corpora` the SHA-256 of each file by name."""

    models: dict[str, str]
    corpora: dict[str, str]
    reports: tuple[SarcasmReport, ...]

    def outdated(self, hashes: Mapping[str, str]) -> list[str]:
        """The models, by name, that are not those the figures are of any more, or are gone; `hashes` are today's."""
        return [name for name, found in self.models.items() if hashes.get(name) != found]


def save(
    folder: Path, corpora: Sequence[SarcasmCorpus], models: Sequence[Checkpoint], reports: Sequence[SarcasmReport]
) -> Path:
    """Write the figures of some models on some corpora; the file takes the place of an earlier one when it is whole."""
    content = {
        "format": FORMAT,
        "models": {model.name: model.hash for model in models},
        "corpora": {corpus.name: corpus.sha256 for corpus in corpora},
        "resamples": RESAMPLES,
        "reports": [report.as_json() for report in reports],
    }
    folder.mkdir(parents=True, exist_ok=True)
    target, beside = folder / FILE, folder / f"{FILE}.new"
    try:
        beside.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return target


def load(folder: Path | None = None) -> SarcasmResults | None:
    """The figures kept beside the checkpoints, None where there are none. Raises ValueError for a damaged file."""
    path = (folder or checkpoints.root()) / FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(_("{name} cannot be read ({kind})").format(name=FILE, kind=type(error).__name__)) from None
    try:
        if content["format"] != FORMAT:
            raise ValueError(
                _("{name} is of format {found!r}, expected {expected}").format(
                    name=FILE, found=content["format"], expected=FORMAT
                )
            )
        reports = tuple(_report(found) for found in content["reports"])
        return SarcasmResults(dict(content["models"]), dict(content["corpora"]), reports)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            _("{name} does not hold what it should ({kind}: {error})").format(
                name=FILE, kind=type(error).__name__, error=error
            )
        ) from None


def _report(found: Mapping[str, Any]) -> SarcasmReport:
    read, reworded, meant = found["read_positive"], found["reworded"], found["meant"]
    whole = {
        "read_positive": ReadPositive(_share(read["sarcastic"]), _share(read["plain"]), _mean(read["difference"])),
        "reworded": reworded and _reworded(reworded),
        "meant": meant and _meant(meant),
    }
    return SarcasmReport(**{**found, **whole})


def _reworded(found: Mapping[str, Any]) -> Reworded:
    values: dict[str, Any] = {
        name: value if isinstance(value, int) else _mean(value) if "mean" in value else _share(value)
        for name, value in found.items()
    }
    return Reworded(**values)


def _meant(found: Mapping[str, Any]) -> Meant:
    values: dict[str, Any] = {
        name: _mean(value) if name.endswith("difference") else tuple(_share(one) for one in value)
        for name, value in found.items()
    }
    return Meant(**values)


def _share(found: Mapping[str, Any] | None) -> Any:
    return found and Share(found["hits"], found["rows"], found["share"], _pair(found["interval"]))


def _mean(found: Mapping[str, Any] | None) -> Any:
    return found and Mean(found["rows"], found["mean"], _pair(found["interval"]))


def _pair(found: Sequence[float] | None) -> Any:
    return found and tuple(found)

"""The binned metrics of the models, kept in one JSON file beside the checkpoints: counts and hashes, no texts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.data.slices import SLICES
from core.data.targets import two_names
from core.evaluation.binned_metrics import BINS, Pair, Tallies, Tally
from core.models import checkpoints
from core.runtime import json_file
from core.runtime.i18n import gettext as _

FILE = "evaluation.json"
FORMAT = 1
_SHAPES = {"counts": (2, BINS), "logits": (2, BINS), "probabilities": (BINS,), "slices": (len(SLICES), 2, 2)}
_COUNTS = ("counts", "slices")


@dataclass(frozen=True)
class EvaluatedFile:
    """The file that was read: `rows` of it with a label and a word, `left_out` the rest."""

    file: str
    sha256: str
    rows: int
    left_out: int


@dataclass(frozen=True)
class Kept:
    """Tallies as they are kept, with their source."""

    source: EvaluatedFile
    tallies: Tallies


def save(path: Path, source: EvaluatedFile, tallies: Tallies) -> None:
    """Write tallies; sums by bin are rounded to 7 digits. Raises as `json_file.write`."""
    content = {
        "source": asdict(source),
        "tallies": [_as_json(tally) for tally in tallies.tallies],
        "pairs": [asdict(pair) for pair in tallies.pairs],
    }
    json_file.write(path, FORMAT, content)


def load(folder: Path | None = None) -> Kept | None:
    """What is kept beside the checkpoints, None where nothing is. Raises ValueError for a damaged file."""
    path = (folder or checkpoints.root()) / FILE
    return read(path) if path.exists() else None


def read(path: Path) -> Kept:
    """The tallies of a file. Raises ValueError, in one line, for one that is not what `save` writes."""
    return json_file.read(path, FORMAT, _kept)


def _as_json(tally: Tally) -> dict[str, object]:
    return {
        **vars(tally),
        "counts": tally.counts.tolist(),
        "logits": [_rounded(row) for row in tally.logits],
        "probabilities": _rounded(tally.probabilities),
        "slices": {f"{family} {name}": c.tolist() for (family, name), c in zip(SLICES, tally.slices, strict=True)},
    }


def _rounded(numbers: np.ndarray) -> list[float]:
    return [float(f"{number:.7g}") for number in numbers.tolist()]


def _kept(content: dict[str, Any]) -> Kept:
    source = json_file.made(EvaluatedFile, content["source"])
    tallies = tuple(_tally(one) for one in content["tallies"])
    pairs = json_file.made(tuple[Pair, ...], content["pairs"])
    if not tallies or len({tally.model for tally in tallies}) != len(tallies):
        raise ValueError(_("no model is named, or one is named twice"))
    if {*(tally.rows for tally in tallies), *(pair.rows for pair in pairs)} != {source.rows}:
        raise ValueError(_("not every model has as many rows as the source: {rows:,}").format(rows=source.rows))
    return Kept(source, Tallies(tallies, pairs))


def _tally(content: dict[str, Any]) -> Tally:
    slices = [content["slices"][f"{family} {name}"] for family, name in SLICES]
    tally = json_file.made(Tally, {**content, "slices": slices}, _array)
    two_names(tally.labels)
    for name, shape in _SHAPES.items():
        if getattr(tally, name).shape != shape:
            raise ValueError(_("{name}: expected {shape} numbers").format(name=name, shape=" × ".join(map(str, shape))))
    for name in _COUNTS:
        if getattr(tally, name).dtype != np.int64:
            raise ValueError(_("{name}: expected counts").format(name=name))
    by_family = dict.fromkeys(dict(SLICES), 0)
    for (family, _name), counts in zip(SLICES, tally.slices, strict=True):
        by_family[family] += int(counts.sum())
    if set(by_family.values()) != {tally.rows} or not tally.rows:
        raise ValueError(_("the slices do not add up to the rows"))
    return tally


def _array(_kind: type, value: Any) -> np.ndarray:
    numbers = np.array(value)
    if numbers.dtype.kind not in "if":
        raise ValueError(_("expected a number, found {value!r:.40}").format(value=value))
    return numbers

"""The binned metrics of the models, kept in one JSON file beside the checkpoints: counts and hashes, no texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.data import targets
from core.data.labels import check_names
from core.data.slices import SLICES
from core.evaluation.binned_metrics import BINS, TEMPERATURES, Binned, Pair, Tallies, Tally
from core.models import checkpoints
from core.runtime import json_file
from core.runtime.i18n import gettext as _

FILE = "evaluation.json"
FORMAT = 1
_COUNTS = ("counts", "confusion", "slices")


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
    """The slices of two classes are by class and prediction, those of more by class, wrong and right."""
    tally, slices = tally.targeted(None), tally.slices
    if tally.logits is not None:
        counts, probabilities, squares = _binned(tally).values()
        logits = [_rounded(row) for row in tally.logits]
        bins = {"counts": counts, "logits": logits, "probabilities": probabilities, "squares": squares}
        slices = _by_prediction(slices)
    else:
        assert tally.cooled is not None
        bins = {
            "confusion": tally.confusion.tolist(),
            "cooled": tally.cooled.tolist(),
            "classes": [_binned(one) for one in tally.classes],
        }
    return {
        "model": tally.model,
        "hash": tally.hash,
        "labels": tally.labels,
        **bins,
        "losses": tally.losses,
        "tokens": tally.tokens,
        "unknown": tally.unknown,
        "slices": {f"{family} {name}": c.tolist() for (family, name), c in zip(SLICES, slices, strict=True)},
    }


def _binned(one: Binned) -> dict[str, object]:
    return {
        "counts": one.counts.tolist(),
        "probabilities": _rounded(one.probabilities),
        "squares": one.squares,
    }


def _by_prediction(slices: np.ndarray) -> np.ndarray:
    """Rows of two classes [S, 2, 2] by class and prediction, of those by class, wrong and right; and the other way."""
    return np.stack([slices[:, 0, ::-1], slices[:, 1]], axis=1)


def _rounded(numbers: np.ndarray) -> list[float]:
    return [float(f"{number:.7g}") for number in numbers.tolist()]


def _kept(content: dict[str, Any]) -> Kept:
    source = json_file.made(EvaluatedFile, content["source"])
    tallies = tuple(_tally(one) for one in content["tallies"])
    pairs = json_file.made(tuple[Pair, ...], content["pairs"])
    if not tallies or len({tally.model for tally in tallies}) != len(tallies):
        raise ValueError(_("no model is named, or one is named twice"))
    if len({tally.labels for tally in tallies}) > 1:
        raise ValueError(_("the models have different classes"))
    if {*(tally.rows for tally in tallies), *(pair.rows for pair in pairs)} != {source.rows}:
        raise ValueError(_("not every model has as many rows as the source: {rows:,}").format(rows=source.rows))
    return Kept(source, Tallies(tallies, pairs))


def _tally(content: dict[str, Any]) -> Tally:
    labels = check_names(content["labels"])
    known = {name: content[name] for name in ("model", "hash", "labels", "losses", "tokens", "unknown")}
    known["slices"] = [content["slices"][f"{family} {name}"] for family, name in SLICES]
    if targets.default(labels) is not None:
        for name in ("counts", "logits", "probabilities", "squares"):
            known[name] = content[name]
        tally = json_file.made(Tally, {**known, "confusion": [[0] * 2] * 2}, _array)
        _check(tally, (tally,))
        at = tally.at(0.5)
        confusion = [[at.true_negative, at.false_positive], [at.false_negative, at.true_positive]]
        tally = replace(tally, confusion=np.array(confusion), slices=_by_prediction(tally.slices))
    else:
        *_classes, predicted = content["classes"]
        known |= {name: content[name] for name in ("confusion", "cooled", "classes")}
        tally = json_file.made(Tally, {**known, **predicted}, _array)
        _check(tally, tally.classes)
    rows = [int(one.counts[1].sum()) for one in tally.classes]
    if rows and rows != [*tally.confusion.sum(axis=1).tolist(), tally.right]:
        raise ValueError(_("the classes do not add up to the rows"))
    by_family = dict.fromkeys(dict(SLICES), 0)
    for (family, _name), counts in zip(SLICES, tally.slices, strict=True):
        by_family[family] += int(counts.sum())
    if set(by_family.values()) | {one.rows for one in tally.classes} != {tally.rows} or not tally.rows:
        raise ValueError(_("the slices do not add up to the rows"))
    return tally


def _check(tally: Tally, classes: Sequence[Binned]) -> None:
    """Raises ValueError for arrays of other shapes or kinds than are saved."""
    count = len(tally.labels)
    if len(classes) != len(targets.independent(tally.labels)) + (tally.logits is None):
        raise ValueError(_("{name}: expected {shape} numbers").format(name="classes", shape=count + 1))
    shapes: list[tuple[object, dict[str, tuple[int, ...]]]] = [
        *((one, {"counts": (2, BINS), "probabilities": (BINS,)}) for one in classes),
        (tally, {"confusion": (count, count), "slices": (len(SLICES), count, 2)}),
        (tally, {"cooled": (len(TEMPERATURES),)} if tally.logits is None else {"logits": (2, BINS)}),
    ]
    for holder, wanted in shapes:
        for name, shape in wanted.items():
            numbers = getattr(holder, name)
            if numbers.shape != shape:
                told = _("{name}: expected {shape} numbers")
                raise ValueError(told.format(name=name, shape=" × ".join(map(str, shape))))
            if name in _COUNTS and numbers.dtype != np.int64:
                raise ValueError(_("{name}: expected counts").format(name=name))


def _array(_kind: type, value: Any) -> np.ndarray:
    numbers = np.array(value)
    if numbers.dtype.kind not in "if":
        raise ValueError(_("expected a number, found {value!r:.40}").format(value=value))
    return numbers

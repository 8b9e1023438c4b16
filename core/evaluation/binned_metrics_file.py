"""Where are the models' tallies kept? One JSON file beside the checkpoints: counts, hashes and settings, no texts.

It is written beside its place and moved there when it is whole. A reader takes no more of it than it should hold.
"""

from __future__ import annotations

import json
import math
import re
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.data.slices import SLICES
from core.evaluation.binned_metrics import BINS, Pair, Tallies, Tally
from core.models import checkpoints
from core.runtime.i18n import gettext as _

FILE = "evaluation.json"
FORMAT = 1
LIMIT = 2_000_000  # bytes; a model takes some 12 kB
_MOST = 2**53  # rows; beyond, JSON's numbers are not whole everywhere
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_HASH = re.compile(r"[0-9a-f]{64}")
_FILE_NAME = re.compile(r"[^/\\\x00-\x1f]{1,255}")


@dataclass(frozen=True)
class Source:
    """The file that was read: `rows` of it with a label and a word, `left_out` the rest."""

    file: str
    sha256: str
    rows: int
    left_out: int


@dataclass(frozen=True)
class Kept:
    """Tallies as they are kept, with their source."""

    source: Source
    tallies: Tallies


def save(path: Path, source: Source, tallies: Tallies) -> None:
    """Write tallies; the file takes the place of an earlier one when it is whole. Sums are rounded to 7 digits.

    Raises ValueError for more than `LIMIT` bytes, OSError where it cannot be written.
    """
    content = {
        "format": FORMAT,
        "source": asdict(source),
        "tallies": [_as_json(found) for found in tallies.tallies],
        "pairs": [asdict(pair) for pair in tallies.pairs],
    }
    written = json.dumps(content, allow_nan=False, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
    if len(written) > LIMIT:
        raise ValueError(f"{path.name} would have {len(written):,} bytes, more than {LIMIT:,}: keep fewer models")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to write {path.name} to")
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        beside.write_bytes(written)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def load(folder: Path | None = None) -> Kept | None:
    """What is kept beside the checkpoints, None where nothing is. Raises ValueError for a damaged file."""
    path = (folder or checkpoints.root()) / FILE
    return read(path) if path.exists() else None


def read(path: Path) -> Kept:
    """The tallies of a file. Raises ValueError, in one line, for one that is not what `save` writes."""
    try:
        with path.open("rb") as file:
            content = file.read(LIMIT + 1)
    except OSError as error:
        raise ValueError(
            _("{file} cannot be read ({error})").format(file=path.name, error=type(error).__name__)
        ) from None
    if len(content) > LIMIT:
        raise ValueError(_("{file} has more than {limit:,} bytes").format(file=path.name, limit=LIMIT))
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:  # ValueError: not UTF-8, not JSON, or a number of too many digits
        raise ValueError(_("{file} is not JSON ({error})").format(file=path.name, error=type(error).__name__)) from None
    try:
        if found["format"] != FORMAT:
            raise ValueError(
                _("format {format}, expected {expected}").format(format=repr(found["format"])[:40], expected=FORMAT)
            )
        source = found["source"]
        tallies = tuple(_tally(one) for one in found["tallies"])
        pairs = tuple(_pair(one) for one in found["pairs"])
        if not tallies or len({one.model for one in tallies}) != len(tallies):
            raise ValueError(_("no model is named, or one twice"))
        rows = _count(source["rows"], "rows")
        if {*(one.rows for one in tallies), *(one.rows for one in pairs)} != {rows}:
            raise ValueError(_("the models do not have the {rows:,} rows each that the source has").format(rows=rows))
        return Kept(
            Source(
                _text(source["file"], "file", _FILE_NAME),
                _text(source["sha256"], "sha256", _HASH),
                rows,
                _count(source["left_out"], "left_out"),
            ),
            Tallies(tallies, pairs),
        )
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        reason = _("lacks {key}").format(key=error) if isinstance(error, KeyError) else str(error)
        raise ValueError(
            _("{file} holds no tallies: {reason}").format(file=path.name, reason=" ".join(reason.split())[:200])
        ) from None


def _as_json(found: Tally) -> dict[str, object]:
    return {
        "model": found.model,
        "hash": found.hash,
        "labels": found.labels,
        "counts": found.counts.tolist(),
        "logits": [_rounded(row) for row in found.logits],
        "probabilities": _rounded(found.probabilities),
        "squares": found.squares,
        "losses": found.losses,
        "tokens": found.tokens,
        "unknown": found.unknown,
        "slices": {f"{family} {name}": counts.tolist() for (family, name), counts in _by_slice(found)},
    }


def _by_slice(found: Tally) -> Iterator[tuple[tuple[str, str], np.ndarray]]:
    return zip(SLICES, found.slices, strict=True)


def _rounded(numbers: np.ndarray) -> list[float]:
    return [float(f"{number:.7g}") for number in numbers.tolist()]


def _tally(found: Any) -> Tally:
    one, other = found["labels"]
    counts = _counts(found["counts"], "counts", (2, BINS))
    slices = np.stack([_counts(found["slices"][f"{family} {name}"], name, (2, 2)) for family, name in SLICES])
    by_family = {family: 0 for family, _name in SLICES}
    for (family, _name), inside in zip(SLICES, slices, strict=True):
        by_family[family] += int(inside.sum())
    if set(by_family.values()) != {int(counts.sum())} or not counts.any():
        raise ValueError(_("the slices do not add up to the rows"))
    return Tally(
        model=_text(found["model"], "model", _NAME),
        hash=_text(found["hash"], "hash", _HASH),
        labels=(_label(one), _label(other)),
        counts=counts,
        logits=_numbers(found["logits"], "logits", (2, BINS)),
        probabilities=_numbers(found["probabilities"], "probabilities", (BINS,)),
        squares=_number(found["squares"], "squares"),
        losses=_number(found["losses"], "losses"),
        tokens=_count(found["tokens"], "tokens"),
        unknown=_count(found["unknown"], "unknown"),
        slices=slices,
    )


def _pair(found: Any) -> Pair:
    counts = (_count(found[name], name) for name in ("both", "only_a", "only_b", "neither"))
    return Pair(_text(found["a"], "a", _NAME), _text(found["b"], "b", _NAME), *counts)


def _counts(value: Any, name: str, shape: tuple[int, ...]) -> np.ndarray:
    numbers = _numbers(value, name, shape)
    if (numbers < 0).any() or (numbers % 1 != 0).any() or (numbers > _MOST).any():
        raise ValueError(_("{name}: expected counts").format(name=name))
    return numbers.astype(np.int64)


def _numbers(value: Any, name: str, shape: tuple[int, ...]) -> np.ndarray:
    numbers = np.array(value)
    if numbers.shape != shape or numbers.dtype.kind not in "if" or not np.isfinite(numbers).all():
        raise ValueError(_("{name}: expected {shape} numbers").format(name=name, shape=" × ".join(map(str, shape))))
    return numbers.astype(np.float64)


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(_("{name}: expected a number, found {found}").format(name=name, found=repr(value)[:40]))
    return float(value)


def _count(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST:
        raise ValueError(_("{name}: expected a count, found {found}").format(name=name, found=repr(value)[:40]))
    return value


def _label(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 40 or not value.isprintable():
        raise _no(value, "labels")
    return value


def _text(value: Any, name: str, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise _no(value, name)
    return value


def _no(value: Any, name: str) -> ValueError:
    return ValueError(_("{name}: {found} is none").format(name=name, found=repr(value)[:80]))

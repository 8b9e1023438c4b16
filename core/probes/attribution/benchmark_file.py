"""Where is the league of methods kept? One JSON file beside the checkpoints: figures, hashes and settings, no texts.

It is written beside its place and moved there when it is whole. A reader takes no more of it than it should hold: known
columns, finite numbers, intervals the right way round, names that can be shown.
"""

from __future__ import annotations

import json
import math
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from core.evaluation.intervals import Mean
from core.models import checkpoints
from core.probes.attribution.removal import BASELINES
from core.probes.attribution.standings import COLUMNS, Measures, Standing
from core.probes.attribution.standings import Benchmark as League
from core.runtime.i18n import gettext as _

FILE = "faithfulness.json"
FORMAT = 1
LIMIT = 200_000  # bytes
_NAME = re.compile(r"[A-Za-z0-9][\w .,×-]{0,63}")
_HASH = re.compile(r"[0-9a-f]{64}")
_COUNTS = (
    *("seed", "randoms", "perturbations", "resamples", "given", "measured"),
    *("sensitivity_rows", "sensitivity_samples"),
)


@dataclass(frozen=True)
class Source:
    """Where the sentences came from: `rows` drawn by `seed` from the `drawn_from` rows of a file."""

    file: str
    sha256: str
    rows: int
    drawn_from: int
    seed: int


@dataclass(frozen=True)
class Leagues:
    """The leagues of some models on the same rows."""

    source: Source
    leagues: tuple[League, ...]

    def outdated(self, hashes: Mapping[str, str]) -> list[str]:
        """The models, by name, that are not those measured any more, or are gone; `hashes` are today's."""
        return [found.model for found in self.leagues if hashes.get(found.model) != found.hash]


def save(path: Path, source: Source, leagues: Sequence[League]) -> None:
    """Write leagues; the file takes the place of an earlier one when it is whole.

    Numbers are rounded to 6 digits; what methods said where they failed is left out, since it may quote a text. Raises
    ValueError for more than `LIMIT` bytes, OSError where it cannot be written.
    """
    content = {"format": FORMAT, "source": asdict(source), "leagues": [as_json(found) for found in leagues]}
    written = json.dumps(content, allow_nan=False, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
    if len(written) > LIMIT:
        raise ValueError(f"{path.name} would have {len(written):,} bytes, more than {LIMIT:,}: keep fewer methods")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to write {path.name} to")
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        beside.write_bytes(written)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def load(folder: Path | None = None) -> Leagues | None:
    """The leagues kept beside the checkpoints, None where there are none. Raises ValueError for a damaged file."""
    path = (folder or checkpoints.root()) / FILE
    return read_league(path) if path.exists() else None


def read_league(path: Path) -> Leagues:
    """The leagues of a file. Raises ValueError, in one line, for one that is not what `save` writes."""
    try:
        with path.open("rb") as file:
            content = file.read(LIMIT + 1)
    except OSError as error:
        raise ValueError(
            _("{name} cannot be read ({kind})").format(name=path.name, kind=type(error).__name__)
        ) from None
    if len(content) > LIMIT:
        raise ValueError(_("{name} has more than {most:,} bytes").format(name=path.name, most=LIMIT))
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:  # ValueError: not UTF-8, not JSON, or a number of too many digits
        raise ValueError(_("{name} is not JSON ({kind})").format(name=path.name, kind=type(error).__name__)) from None
    try:
        if found["format"] != FORMAT:
            raise ValueError(
                _("format {found!r:.40}, expected {expected}").format(found=found["format"], expected=FORMAT)
            )
        source = found["source"]
        leagues = tuple(_league(one) for one in found["leagues"])
        if len({one.model for one in leagues}) != len(leagues):
            raise ValueError(_("a model is named twice"))
        return Leagues(
            Source(
                _text(source["file"], "file", re.compile(r"[^/\\\x00-\x1f]{1,255}")),
                _text(source["sha256"], "sha256", _HASH),
                *(_count(source[name], name) for name in ("rows", "drawn_from", "seed")),
            ),
            leagues,
        )
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        reason = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise ValueError(
            _("{name} is no league: {reason}").format(name=path.name, reason=" ".join(reason.split())[:200])
        ) from None


def as_json(found: League, *, failures: bool = False) -> dict[str, object]:
    """A league for JSON; what methods said where they failed only if asked for."""
    return {
        **{field.name: getattr(found, field.name) for field in fields(League)},
        "left_out": dict(found.left_out),
        "standings": [
            {
                "method": one.method,
                "signed": one.signed,
                "measures": _measures_json(one.measures),
                "gains": _measures_json(one.gains),
                "failed": one.failed,
                "seconds": _rounded(one.seconds),
                **({"failure": one.failure} if failures and one.failure else {}),
            }
            for one in found.standings
        ],
        "random": _measures_json(found.random),
        "lead": _mean_json(found.lead),
        "statement": found.statement,
    }


def _measures_json(found: Measures) -> dict[str, object]:
    return {name: _mean_json(mean) for name, mean in found.items()}


def _mean_json(found: Mean | None) -> dict[str, object] | None:
    if found is None:
        return None
    return {"rows": found.rows, "mean": _rounded(found.mean), "interval": [_rounded(one) for one in found.interval]}


def _rounded(number: float) -> float:
    return float(f"{number:.6g}")


def _league(found: Any) -> League:
    standings = tuple(_standing(one) for one in found["standings"])
    names = [one.method for one in standings]
    if len(set(names)) != len(names):
        raise ValueError(_("a method is named twice"))
    best, runner_up = found["best"], found["runner_up"]
    if not isinstance(found["tied"], list) or any(
        name not in names for name in (*found["tied"], *(one for one in (best, runner_up) if one is not None))
    ):
        raise ValueError(_("a method that is named best or tied has no row"))
    if found["removal"] not in BASELINES:
        raise ValueError(
            _("removal {removal!r:.40} is none of {available}").format(
                removal=found["removal"], available=", ".join(BASELINES)
            )
        )
    return League(
        model=_text(found["model"], "model"),
        hash=_text(found["hash"], "hash", _HASH),
        removal=found["removal"],
        **{name: _count(found[name], name) for name in _COUNTS},
        left_out={_text(name, "left_out"): _count(count, "left_out") for name, count in found["left_out"].items()},
        complete=_truth(found["complete"]),
        standings=standings,
        random=_measures(found["random"]),
        best=best,
        tied=tuple(found["tied"]),
        runner_up=runner_up,
        lead=_mean(found["lead"]),
    )


def _standing(found: Any) -> Standing:
    return Standing(
        method=_text(found["method"], "method"),
        signed=_truth(found["signed"]),
        measures=_measures(found["measures"]),
        gains=_measures(found["gains"]),
        failed=_count(found["failed"], "failed"),
        seconds=_number(found["seconds"]),
    )


def _measures(found: Any) -> dict[str, Mean | None]:
    return {column: _mean(found[column]) for column in COLUMNS}


def _mean(found: Any) -> Mean | None:
    if found is None:
        return None
    low, high = (_number(one) for one in found["interval"])
    mean = _number(found["mean"])
    if not low <= high:
        raise ValueError(_("an interval from {low:g} to {high:g}").format(low=low, high=high))
    return Mean(_count(found["rows"], "rows"), mean, (low, high))


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(_("expected a number, found {value!r:.40}").format(value=value))
    return float(value)


def _count(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise ValueError(_("{name}: expected a count, found {value!r:.40}").format(name=name, value=value))
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(_("expected true or false, found {value!r:.40}").format(value=value))
    return value


def _text(value: Any, name: str, pattern: re.Pattern[str] = _NAME) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError(_("{name}: {value!r:.80} is none").format(name=name, value=value))
    return value

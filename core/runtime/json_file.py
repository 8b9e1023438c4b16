"""Results kept as JSON beside the checkpoints, read back as the dataclasses that they were.

A damaged or forged file is refused in one line. The dataclasses' annotations say what each value must be (msgspec
checks that); what they cannot say is checked here for every file: counts are not negative, numbers are finite, ends of
intervals are in order, hashes are SHA-256, and names are safe to show.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from core.runtime import files
from core.runtime.i18n import gettext as _

LIMIT = 2_000_000  # bytes of a file
_LARGEST = 2**53  # beyond, JSON's numbers are not whole everywhere
_HASH, _NAME = re.compile(r"[0-9a-f]{64}"), re.compile(r"[A-Za-z0-9][\w .,×-]{0,63}")
_PATTERNS = {"hash": _HASH, "sha256": _HASH, "model": _NAME, "method": _NAME, "file": re.compile(r"[^/\\]{1,255}")}
_TEXT = re.compile(r".{0,1000}")
ERRORS = (KeyError, TypeError, AttributeError, ValueError, OverflowError, RecursionError)
"""What reading a damaged value may raise."""

T = TypeVar("T")


def write(path: Path, version: int, content: dict[str, Any]) -> None:
    """Write a file of JSON. Raises ValueError for more than `LIMIT` bytes, OSError where it cannot be written."""
    whole = {"format": version, **content}
    written = json.dumps(whole, allow_nan=False, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
    if len(written) > LIMIT:
        raise ValueError(f"{path.name} would have {len(written):,} bytes, more than {LIMIT:,}: keep fewer results")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to write {path.name} to")
    files.write(path, written)


def read(path: Path, version: int, make: Callable[[dict[str, Any]], T]) -> T:
    """What `make` makes of a file's content. Raises ValueError, in one line, for a file that `write` did not write."""
    try:
        with path.open("rb") as file:
            content = file.read(LIMIT + 1)
        result: Any = json.loads(content) if len(content) <= LIMIT else None
    except (OSError, ValueError, RecursionError) as error:  # ValueError: not UTF-8, not JSON, or a number too long
        raise ValueError(
            _("{name} cannot be read ({kind})").format(name=path.name, kind=type(error).__name__)
        ) from None
    if len(content) > LIMIT:
        raise ValueError(_("{name} has more than {most:,} bytes").format(name=path.name, most=LIMIT))
    try:
        if result["format"] != version:
            told = _("format {found!r:.40}, expected {expected}")
            raise ValueError(told.format(found=result["format"], expected=version))
        return make(result)
    except ERRORS as error:
        raise ValueError(
            _("{name} is malformed ({kind}: {error})").format(
                name=path.name, kind=type(error).__name__, error=reason(error)
            )
        ) from None


def reason(error: Exception) -> str:
    """What is wrong with a value, in one short line."""
    message = _("{key} is missing").format(key=error) if isinstance(error, KeyError) else str(error)
    return " ".join(message.split())[:200]


def made(kind: type[T], content: object, hook: Callable[[type, Any], Any] | None = None) -> T:
    """A dataclass made of JSON; `hook` makes the values of types that JSON lacks. Raises one of `ERRORS`."""
    import msgspec

    _check(content, "")
    return msgspec.convert(content, kind, dec_hook=hook)


def _check(value: object, name: str) -> None:
    """Raises ValueError for a value that stands under this name and cannot."""
    if isinstance(value, dict):
        for key, inner in value.items():
            _check(key, "")
            _check(inner, key)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, name)
        if name.endswith("interval") and value != sorted(value):
            raise ValueError(_("an interval from {low:g} to {high:g}").format(low=value[0], high=value[-1]))
    elif isinstance(value, str):
        if not value.isprintable() or not _PATTERNS.get(name, _TEXT).fullmatch(value):
            raise ValueError(_("{name}: invalid value {value!r:.80}").format(name=name, value=value))
    elif isinstance(value, int) and not 0 <= value <= _LARGEST:
        raise ValueError(_("{name}: expected a count, found {value!r:.40}").format(name=name, value=value))
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(_("expected a number, found {value!r:.40}").format(value=value))


def as_json(result: Any, digits: int = 6) -> dict[str, Any]:
    """A dataclass for JSON, its numbers rounded to so many digits."""
    rounded: dict[str, Any] = _rounded(asdict(result), digits)
    return rounded


def _rounded(value: Any, digits: int) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(inner, digits) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(inner, digits) for inner in value]
    return float(f"{value:.{digits}g}") if isinstance(value, float) else value

"""Reads the small files of an exercise whole."""

from __future__ import annotations

from pathlib import Path

_MOST_BYTES = 1_000_000


def text_of(path: Path, expected: str) -> str:
    """A file's text. Raises ValueError for a large file and for what is not UTF-8."""
    with path.open("rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise ValueError(f"{path.name} is larger than {_MOST_BYTES:,} bytes; expected {expected}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path.name} is not UTF-8 text; expected {expected}") from None

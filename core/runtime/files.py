"""Files that are there whole or not at all: written beside their place, then moved there."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

UNFINISHED = ".new"
"""The suffix of a file that is not finished; a killed process may leave one behind."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to; the file there replaces `path` at the end. If anything fails, the earlier file stays."""
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}{UNFINISHED}")
    try:
        yield beside
        with beside.open("r+b") as file:
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write(path: Path, content: bytes | memoryview) -> None:
    """Write a file whole. Raises OSError; then the earlier file stays."""
    with replacing(path) as beside:
        beside.write_bytes(content)

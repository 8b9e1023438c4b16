"""Which files is a corpus made of, and are they still the same? Files, folders and patterns, and what tells them apart.

A file is told by its size, the time it was last changed and the SHA-256 of its first `HEAD` bytes: enough to notice
that it was replaced, appended to or written anew, without reading all of it.
"""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from core.probes.files.scan_windows import check_texts
from core.records import NoRowsError, windows
from core.tables import SUFFIXES, check_columns, suffix_of

HEAD = 65_536  # bytes
_ROWS = 100  # looked at before a scan begins


class Input(NamedTuple):
    """One table: its path as it was given, and what tells whether it has changed. `modified` is in nanoseconds."""

    path: str
    size: int
    modified: int
    head: str


def found(names: Sequence[str | Path]) -> list[Path]:
    """The tables that files, folders and glob patterns name, each once, those of one folder or pattern in order.

    A folder stands for all tables below it but hidden ones and those whose names, or whose folders' names, begin with
    an underscore: `core.probes.files.parts` names so what is no table. Raises LookupError where one names nothing.
    """
    paths: dict[Path, Path] = {}
    for name in names:
        for path in _named(str(name)):
            paths.setdefault(path.resolve(), path)
    return list(paths.values())


def _named(name: str) -> list[Path]:
    path = Path(name)
    if path.is_dir():
        tables = sorted(
            table
            for table in path.rglob("*")
            if table.suffix.lower() in SUFFIXES
            and not any(part.startswith((".", "_")) for part in table.relative_to(path).parts)
            and table.is_file()
        )
        if not tables:
            raise LookupError(f"no table in the folder {name}; expected {', '.join(SUFFIXES)}")
        return tables
    if path.exists() or not glob.has_magic(name):
        return [path]
    tables = [path for match in sorted(glob.glob(name, recursive=True)) if (path := Path(match)).is_file()]  # noqa: PTH207
    if not tables:
        raise LookupError(f"no file is named like {name}")
    return tables


def identified(path: Path) -> Input:
    """What tells a table. Raises OSError for one that cannot be read."""
    with path.open("rb") as file:
        head = hashlib.sha256(file.read(HEAD)).hexdigest()
    status = path.stat()
    return Input(str(path), status.st_size, status.st_mtime_ns, head)


def check(path: Path, column: str, encoding: str | None) -> bool:
    """Whether a table has rows; those have a column of texts.

    Raises LookupError where it lacks the column, ValueError where it has it twice, or holds no texts in it, and what
    `core.records.windows` raises.
    """
    suffix_of(path)
    try:
        with closing(windows(path, _ROWS, encoding)) as table:
            window = next(table)
    except NoRowsError:
        return False
    check_columns(path, [column], window.columns)
    check_texts(path, column, window.column(column))
    return True

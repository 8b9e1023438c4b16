"""Which files is a corpus made of, and are they still the same? Files, folders and glob patterns.

A file is identified by its size, its modification time and the SHA-256 of its first `HEAD` bytes: enough to notice
that it was replaced, appended to or rewritten, without reading all of it.
"""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from core.data.formats.compression import ending
from core.data.formats.layout import Layout
from core.data.formats.text_folders import texts_of_folder
from core.data.records import NoRowsError, windows
from core.data.tables import SUFFIXES
from core.probes.scan.windows import check_texts

HEAD = 65_536  # bytes
_ROWS = 100  # looked at before a scan begins


class Input(NamedTuple):
    """One table: its path as given, and what shows whether it has changed. `modified` is in nanoseconds."""

    path: str
    size: int
    modified: int
    head: str


def input_files(names: Sequence[str | Path]) -> list[Path]:
    """The tables that files, folders and glob patterns name, each once, those of one folder or pattern in order.

    A folder of texts by class is one table. Any other stands for all tables below it but hidden ones and those whose
    names, or whose folders' names, begin with an underscore: `core.probes.scan.parts` names so what is no table.
    Raises LookupError where one names nothing.
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
            if ending(table.name).removesuffix(".gz") in SUFFIXES
            and not any(part.startswith((".", "_")) for part in table.relative_to(path).parts)
            and table.is_file()
        )
        if not tables and texts_of_folder(path):
            return [path]
        if not tables:
            raise LookupError(
                f"no table in the folder {name}; expected {', '.join(SUFFIXES)}, or folders of texts, one a class"
            )
        return tables
    if path.exists() or not glob.has_magic(name):
        return [path]
    tables = [path for match in sorted(glob.glob(name, recursive=True)) if (path := Path(match)).is_file()]  # noqa: PTH207
    if not tables:
        raise LookupError(f"no file is named like {name}")
    return tables


def identified(path: Path) -> Input:
    """What identifies a table. Raises OSError for one that cannot be read."""
    if path.is_dir():
        texts = [(str(text.relative_to(path)), text.stat()) for text in texts_of_folder(path)]
        listing = repr([(name, status.st_size) for name, status in texts]).encode("utf-8", "replace")
        newest = max(status.st_mtime_ns for _name, status in texts)
        return Input(
            str(path), sum(status.st_size for _name, status in texts), newest, hashlib.sha256(listing).hexdigest()
        )
    with path.open("rb") as file:
        head = hashlib.sha256(file.read(HEAD)).hexdigest()
    status = path.stat()
    return Input(str(path), status.st_size, status.st_mtime_ns, head)


def check(path: Path, column: str, layout: Layout | None) -> bool:
    """Whether a table has rows; those have a column of texts.

    Raises LookupError where it lacks the column, ValueError where it has it twice, or holds no texts in it, and what
    `core.data.records.windows` raises.
    """
    try:
        with closing(windows(path, _ROWS, layout)) as table:
            window = next(table)
    except NoRowsError:
        return False
    window.check(path, [column])
    check_texts(path, column, window.column(column))
    return True

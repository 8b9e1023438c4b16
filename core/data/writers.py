"""A table with columns added, written row by row beside its place and moved there when it is whole.

The suffix decides the format, which need not be that of the table read. In CSV and TSV a text that a spreadsheet would
run as a formula gets an apostrophe in front (`tables.harmless`); JSON lines and parquet hold texts as they are.
What a format has no type for is written as JSON text; parquet keeps the types of a parquet table, and has texts for the
columns of any other.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from core.data.records import Window
from core.data.tables import SUFFIXES, harmless
from core.runtime import files
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from pyarrow import Array, Schema

Columns = Mapping[str, Sequence[object]]
"""Values by the names of columns: texts, numbers, or None; a column holds the same type throughout."""

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


class Writer(Protocol):
    """Writes windows of one table, each with the columns added to it."""

    def write(self, window: Window, added: Columns) -> None:
        """Write a window's rows. Raises ValueError where the columns' names clash."""

    def close(self) -> None:
        """Finish the file."""


def check(path: Path, source: Path) -> None:
    """Raises ValueError where a table cannot be written: to the source itself or with an unknown suffix, OSError for a
    folder that does not exist."""
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(
            f"{path.name}: cannot write {path.suffix.lower() or 'a file without a suffix'}; can: {', '.join(SUFFIXES)}"
        )
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to write {path.name} to")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; expected the name of a file")
    if path.exists() and path.samefile(source):
        raise ValueError(f"{path.name} is the file that is read; write to another one")


@contextmanager
def replacing(path: Path, types: Mapping[str, type], text_column: str) -> Iterator[Writer]:
    """A writer of the format that the suffix names; `types` are those of the columns added, float or str.

    The table replaces `path` at the end. If anything fails, the earlier file stays.
    """
    with files.replacing(path) as beside:
        writer: Writer
        if path.suffix.lower() == ".parquet":
            writer = _Parquet(beside, types)
        elif path.suffix.lower() == ".jsonl":
            writer = _JsonLines(beside)
        else:
            writer = _Delimited(beside, "\t" if path.suffix.lower() == ".tsv" else ",", text_column)
        try:
            yield writer
        finally:
            writer.close()


def _check_names(window: Window, added: Columns, unique: str | None) -> None:
    clash = [name for name in added if name in window.columns]
    if clash:
        raise ValueError(
            _("the table already has columns with the names to be added: {names}; rename them").format(
                names=", ".join(clash)
            )
        )
    twice = {name for name in window.columns if window.columns.count(name) > 1}
    if unique and twice:
        raise ValueError(f"the table has columns of one name ({', '.join(sorted(twice))}), which {unique} cannot hold")


class _Delimited:
    def __init__(self, path: Path, delimiter: str, text_column: str):
        # Half a surrogate pair, which JSON can spell, is no text in UTF-8.
        self._file = path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
        self._writer = csv.writer(self._file, delimiter=delimiter)
        self._text_column = text_column
        self._begun = False

    def write(self, window: Window, added: Columns) -> None:
        if not self._begun:
            _check_names(window, added, None)
            self._writer.writerow([harmless(name) for name in (*window.columns, *added)])
            self._begun = True
        text = window.index(self._text_column)
        self._writer.writerows(
            [_cell(value, number == text) for number, value in enumerate((*values, *more))]
            for values, *more in zip(window.cells(), *added.values(), strict=True)
        )

    def close(self) -> None:
        self._file.close()


def _cell(value: object, is_text: bool) -> object:
    """A value for a cell; a negative number may start with its sign, unless it stands where a text is expected."""
    if isinstance(value, str):
        return value if not is_text and _NUMBER.fullmatch(value) else harmless(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    return harmless(_as_text(value))


def _as_text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else str(value)


class _JsonLines:
    def __init__(self, path: Path):
        self._file = path.open("w", encoding="utf-8", newline="\n")
        self._begun = False

    def write(self, window: Window, added: Columns) -> None:
        if not self._begun:
            _check_names(window, added, "JSON")
            self._begun = True
        names = list(added)
        for row, *more in zip(window.objects(), *added.values(), strict=True):
            self._file.write(json.dumps({**row, **dict(zip(names, more, strict=True))}, default=_as_text) + "\n")

    def close(self) -> None:
        self._file.close()


class _Parquet:
    def __init__(self, path: Path, types: Mapping[str, type]):
        self._path, self._types = path, types
        self._writer: Any = None
        self._schema: Schema | None = None

    def write(self, window: Window, added: Columns) -> None:
        import pyarrow
        import pyarrow.parquet

        arrays = window.batch.columns if window.batch is not None else _text_arrays(window)
        if self._schema is None:
            _check_names(window, added, "parquet")
            kinds = {float: pyarrow.float64(), str: pyarrow.string()}
            schema = window.batch.schema if window.batch is not None else None
            fields = list(schema) if schema is not None else [(name, pyarrow.string()) for name in window.columns]
            fields += [pyarrow.field(name, kinds[self._types[name]]) for name in added]
            self._schema = pyarrow.schema(fields, metadata=schema and schema.metadata)
            self._writer = pyarrow.parquet.ParquetWriter(self._path, self._schema, compression="zstd")
        more = [
            pyarrow.array(values, type=self._schema.field(len(window.columns) + number).type)
            for number, values in enumerate(added.values())
        ]
        self._writer.write_batch(pyarrow.RecordBatch.from_arrays([*arrays, *more], schema=self._schema))

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


def _text_arrays(window: Window) -> list[Array]:
    import pyarrow

    columns = zip(*window.cells(), strict=True)
    return [pyarrow.array([_parquet_text(value) for value in column], type=pyarrow.string()) for column in columns]


def _parquet_text(value: object) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode() if not text.isascii() else text

"""Every row of a table, whatever is wrong with some of them: a window of rows at a time, in constant memory.

`core.tables.rows` stops at the first row that is not as it should be. Here such a row is told of in its place, with its
line and the reason, and reading goes on behind it: at the next line, even where a quote that is never closed would
swallow the rows that follow. No line is held that is longer than `core.record_lines.LINE_LIMIT`, and no row in quotes
either.

A table can be read in pieces: `marks` finds places between rows, `span` reads on from one without reading what is
before it (of parquet at most a row group).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from core import reasons
from core.language import gettext as _
from core.language import listed
from core.record_lines import BrokenError, Lines, Mark, opened
from core.tables import (
    NAME_ENCODING,
    SENTIMENT140_COLUMNS,
    in_header,
    is_sentiment140,
    no_object,
    not_json,
    ragged,
    suffix_of,
    without_header,
)

if TYPE_CHECKING:
    from pyarrow import RecordBatch
    from pyarrow.parquet import ParquetFile


@dataclass(frozen=True)
class Window:
    """Some rows of a table, one after another.

    `columns` are the table's; those of JSON lines are the keys that the first window has. `first` is the number of the
    window's first row: they count from 1, header and blank lines left out, rows that could not be read included.
    `lines` says where each row begins in a file of lines (None in parquet), `problems` what is wrong with those that
    could not be read, by position in the window. `share` of the file is read.
    """

    columns: tuple[str, ...]
    first: int
    lines: Sequence[int | None]
    problems: Mapping[int, str]
    share: float
    rows: Sequence[Any] = field(repr=False, default=())
    batch: RecordBatch | None = field(repr=False, default=None)

    def __len__(self) -> int:
        return len(self.lines)

    def column(self, name: str) -> list[object]:
        """One column's values, None where a row lacks it or could not be read."""
        number = self.columns.index(name)
        if self.batch is not None:
            values: list[object] = self.batch.column(number).to_pylist()
            return values
        return [None if row is None else row.get(name) if isinstance(row, dict) else row[number] for row in self.rows]

    def cells(self) -> Iterator[Sequence[object]]:
        """Every row's values in the order of `columns`; all None where a row could not be read."""
        if self.batch is not None:
            yield from zip(*(column.to_pylist() for column in self.batch.columns), strict=True)
            return
        nothing = (None,) * len(self.columns)
        for row in self.rows:
            yield nothing if row is None else [row.get(name) for name in self.columns] if isinstance(row, dict) else row

    def objects(self) -> Iterator[Mapping[str, object]]:
        """Every row by the names of its columns; of JSON lines as it stood, empty where it could not be read."""
        if self.rows and any(isinstance(row, dict) for row in self.rows):
            yield from ({} if row is None else row for row in self.rows)
        else:
            yield from (dict(zip(self.columns, row, strict=True)) for row in self.cells())

    def lacking(self, name: str) -> list[int]:
        """The positions of rows of JSON lines that could be read and lack a key."""
        return [place for place, row in enumerate(self.rows) if isinstance(row, dict) and name not in row]

    def surplus(self) -> dict[int, list[str]]:
        """The keys of rows of JSON lines that are none of the table's columns, by position, where there are any."""
        known = frozenset(self.columns)
        rows = {place: row for place, row in enumerate(self.rows) if isinstance(row, dict) and row.keys() - known}
        return {place: [key for key in row if key not in known] for place, row in rows.items()}


MOST_COLUMNS = 2_000  # of a table that somebody chooses columns of
_START = Mark()
_SHOWN = 200  # characters of the names of columns, in a message
_NOT_ALL = 1 - 1e-9


class NoRowsError(ValueError):
    """A table without a row."""


class _Record(NamedTuple):
    line: int
    row: Any
    problem: str | None


def windows(path: Path, size: int, encoding: str | None = None) -> Generator[Window, None, None]:
    """All rows of a table, `size` at a time (fewer in the last window), with every column.

    Raises ValueError for a suffix that is not in `core.tables.SUFFIXES`, a file without rows, an unreadable header, a
    first window without a single readable row, a damaged parquet file or an unknown encoding; OSError for a file that
    cannot be opened.
    """
    found = _parquet(path, size) if suffix_of(path) == ".parquet" else _text(path, size, encoding)
    first = next(found, None)
    if first is None:
        raise NoRowsError(_("{file} has no rows").format(file=path.name))
    if len(first.problems) == len(first):
        why = _("{file}: none of the first {count:,} rows can be read; line {line}: {problem}")
        told = {"file": path.name, "count": len(first), "line": first.lines[0], "problem": first.problems[0]}
        its = _("; its columns: {columns}").format(columns=repr(listed(first.columns))[1:-1][:_SHOWN])
        raise ValueError(why.format(**told) + (its if first.columns else ""))
    yield first
    del first
    yield from found


def columns(path: Path, encoding: str | None = None) -> tuple[str, ...]:
    """The columns of a table, as its first rows have them.

    Raises what `windows` raises, and ValueError for more than anybody could choose from.
    """
    with closing(windows(path, 1_000, encoding)) as table:
        found = next(table).columns
    if len(found) > MOST_COLUMNS:
        raise ValueError(
            _("{file} has {count:,} columns; up to {most:,} can be chosen from").format(
                file=path.name, count=len(found), most=MOST_COLUMNS
            )
        )
    return found


def span(
    path: Path, size: int, encoding: str | None, start: Mark, rows: int | None, column: str
) -> Generator[Window, None, None]:
    """So many rows behind a mark (None: all), `size` at a time, with at least one column; fewer where the table ends.

    Raises as `windows`, and not for rows none of which can be read.
    """
    if suffix_of(path) == ".parquet":
        yield from _parquet(path, size, start.rows, rows, [column])
        return
    yield from _text(path, size, encoding, start, rows)


def marks(path: Path, encoding: str | None, start: Mark, first: int, every: int) -> Iterator[tuple[Mark, float]]:
    """Marks `first` rows behind another and then `every` so many, and how much of the file is read: 1 at its end only.

    A mark comes later where lines that a quote has swallowed are read again. Raises as `windows`.
    """
    if suffix_of(path) == ".parquet":
        with _parquet_file(path) as file:
            end = file.metadata.num_rows
        yield from ((Mark(row), row / end) for row in range(start.rows + first, end, every))
        yield Mark(end), 1.0
        return
    rows, due, found = start.rows, start.rows + first, None
    with opened(path, encoding) as lines:
        records, _columns = _records(path, lines, start)
        for _record in records:
            if found is not None:  # a row follows
                yield found, min(lines.share, _NOT_ALL)
                found = None
            rows += 1
            if rows >= due and (place := lines.place()) is not None:
                found, due = Mark(rows, lines.number, place), rows + every
        yield Mark(rows, lines.number, lines.place()), 1.0


@contextmanager
def _parquet_file(path: Path) -> Iterator[ParquetFile]:
    import pyarrow
    import pyarrow.parquet

    from core.parquet_pages import unreadable

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            yield file
    except (pyarrow.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # not there or not to be read; without a number it is pyarrow's word for damage
        raise unreadable(path, reasons.of_parquet(error)) from None


def _parquet(
    path: Path, size: int, start: int = 0, rows: int | None = None, columns: list[str] | None = None
) -> Iterator[Window]:
    from core.parquet_pages import batches

    with _parquet_file(path) as file:
        total = file.metadata.num_rows
        stop = total if rows is None else min(total, start + rows)
        groups, before, skipped = [], 0, 0  # row groups that hold the rows, and the rows before these groups
        for number in range(file.num_row_groups):
            length = file.metadata.row_group(number).num_rows
            if before + length <= start:
                skipped = before + length
            elif before < stop:
                groups.append(number)
            before += length
        row = skipped
        wide = list(file.schema_arrow.names) if columns is None else columns
        for batch in _together(batches(path, file, wide, size, groups), size):
            row += len(batch)
            wanted = batch.slice(max(0, start - (row - len(batch))))
            wanted = wanted.slice(0, len(wanted) - max(0, row - stop))
            if len(wanted) and row - len(batch) < stop:
                end = min(row, stop)
                names = tuple(wanted.schema.names)
                yield Window(names, end - len(wanted) + 1, (None,) * len(wanted), {}, end / total, batch=wanted)
            if row >= stop:
                return


def _together(parts: Iterator[RecordBatch], size: int) -> Iterator[RecordBatch]:
    """Batches of `size` rows from smaller ones, and a smaller one at the end or where the next would be too large."""
    import pyarrow

    from core import parquet_pages

    waiting: list[RecordBatch] = []
    count, weight = 0, 0
    for part in parts:
        heavy = sum(parquet_pages.expanded(column) for column in part.columns)
        if waiting and (count + len(part) > size or weight + heavy > parquet_pages.VALUES):
            yield pyarrow.concat_batches(waiting)
            waiting, count, weight = [], 0, 0
        waiting.append(part)
        count, weight = count + len(part), weight + heavy
    if waiting:
        yield pyarrow.concat_batches(waiting)


def _text(
    path: Path, size: int, encoding: str | None, start: Mark = _START, rows: int | None = None
) -> Iterator[Window]:
    with opened(path, encoding) as lines:
        records, columns = _records(path, lines, start)
        yield from _windows(islice(records, rows), lines, size, columns, start.rows + 1)


def _records(path: Path, lines: Lines, start: Mark) -> tuple[Iterator[_Record], tuple[str, ...] | None]:
    """The rows behind a mark of a file just opened, and its columns if its head names them."""
    columns = None
    if suffix_of(path) != ".jsonl":
        delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
        columns = SENTIMENT140_COLUMNS if is_sentiment140(path) else _header(path, lines, delimiter)
    lines.go(start)
    if columns is None:
        return _json_records(lines), None
    return _delimited_records(lines, delimiter, len(columns)), columns


def _json_records(lines: Lines) -> Iterator[_Record]:
    while True:
        lines.begin()
        try:
            content = next(lines, None)
        except BrokenError as error:
            yield _Record(lines.first, None, str(error))
            continue
        if content is None:
            return
        if not content.strip():
            continue
        row, problem = None, lines.undecoded()
        if problem is None:
            try:
                row = json.loads(content)
            except (ValueError, RecursionError) as error:  # ValueError: not JSON, or a number of too many digits
                problem = not_json(error)
            if problem is None and not isinstance(row, dict):
                row, problem = None, no_object(row)
        yield _Record(lines.first, row, problem)


def _header(path: Path, lines: Lines, delimiter: str) -> tuple[str, ...]:
    lines.begin()
    try:
        header = next(csv.reader(lines, delimiter=delimiter, strict=True), [])
    except (csv.Error, BrokenError) as error:
        raise in_header(path, _broken(error)) from None
    if not header:
        raise without_header(path)
    if problem := lines.undecoded():
        raise in_header(path, problem + NAME_ENCODING)
    return tuple(header)


def _delimited_records(lines: Lines, delimiter: str, width: int) -> Iterator[_Record]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.begin()
        try:
            row = next(reader, None)
        except (csv.Error, BrokenError) as error:
            lines.give_back()  # before anyone asks where the next record begins
            yield _Record(lines.first, None, _broken(error))
            continue
        if row is None:
            return
        if not row:
            continue
        problem = lines.undecoded()
        if problem is None and len(row) != width:
            problem = ragged(len(row), width)
        yield _Record(lines.first, row if problem is None else None, problem)


def _broken(error: csv.Error | BrokenError) -> str:
    return str(error) if isinstance(error, BrokenError) else reasons.of_csv(error)


def _windows(
    records: Iterator[_Record], lines: Lines, size: int, columns: tuple[str, ...] | None, number: int
) -> Iterator[Window]:
    while found := list(islice(records, size)):
        if columns is None:
            columns = tuple(dict.fromkeys(key for record in found if record.row is not None for key in record.row))
        problems = {place: record.problem for place, record in enumerate(found) if record.problem is not None}
        rows = [record.row for record in found]
        yield Window(columns, number, [record.line for record in found], problems, lines.share, rows=rows)
        number += len(found)

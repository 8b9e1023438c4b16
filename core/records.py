"""Every row of a table, whatever is wrong with some of them: a window of rows at a time, in constant memory.

`core.tables.rows` stops at the first row that is not as it should be. Here such a row is told of in its place, with its
line and the reason, and reading goes on behind it: at the next line, even where a quote that is never closed would
swallow the rows that follow. No line is held that is longer than `LINE_LIMIT`, and no row in quotes either.
"""

from __future__ import annotations

import csv
import json
import re
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from core.tables import SENTIMENT140_COLUMNS, codec, is_sentiment140, suffix_of

if TYPE_CHECKING:
    from pyarrow import RecordBatch

LINE_LIMIT = 4_000_000  # characters
_UNDECODED = re.compile("[\udc80-\udcff]")  # what the error handler "surrogateescape" makes of bytes that are no text


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
    suffix = suffix_of(path)
    if suffix == ".parquet":
        found = _parquet(path, size)
    elif suffix == ".jsonl":
        found = _jsonl(path, size, encoding or "utf-8")
    else:
        found = _delimited(path, size, encoding)
    first = next(found, None)
    if first is None:
        raise ValueError(f"{path.name} has no rows")
    if len(first.problems) == len(first):
        reason = f"line {first.lines[0]}: {first.problems[0]}"
        raise ValueError(f"{path.name}: none of the first {len(first):,} rows can be read; {reason}")
    yield first
    del first
    yield from found


def columns(path: Path, encoding: str | None = None) -> tuple[str, ...]:
    """The columns of a table, as its first rows have them. Raises what `windows` raises."""
    with closing(windows(path, 1_000, encoding)) as table:
        return next(table).columns


def _parquet(path: Path, size: int) -> Iterator[Window]:
    import pyarrow
    import pyarrow.parquet

    from core.parquet_pages import batches

    number = 1
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            columns = tuple(file.schema_arrow.names)
            for batch in _together(batches(path, file, list(columns), size), size):
                share = (number + len(batch) - 1) / file.metadata.num_rows
                yield Window(columns, number, (None,) * len(batch), {}, share, batch=batch)
                number += len(batch)
    except (pyarrow.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # not there or not to be read; without a number it is pyarrow's word for damage
        raise ValueError(f"{path.name} is not a readable parquet file: {str(error).splitlines()[0]}") from None


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


def _jsonl(path: Path, size: int, encoding: str) -> Iterator[Window]:
    with _opened(path, encoding) as lines:
        yield from _windows(_json_records(lines), lines, size, None)


def _json_records(lines: _Lines) -> Iterator[_Record]:
    while True:
        lines.begin()
        try:
            content = next(lines, None)
        except _BrokenError as error:
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
                problem = f"not JSON ({error})"
            if problem is None and not isinstance(row, dict):
                row, problem = None, f"expected an object, found {type(row).__name__}"
        yield _Record(lines.first, row, problem)


def _delimited(path: Path, size: int, encoding: str | None) -> Iterator[Window]:
    sentiment140 = is_sentiment140(path)
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    with _opened(path, encoding or ("latin-1" if sentiment140 else "utf-8")) as lines:
        columns = SENTIMENT140_COLUMNS if sentiment140 else _header(path, lines, delimiter)
        yield from _windows(_delimited_records(lines, delimiter, len(columns)), lines, size, columns)


def _header(path: Path, lines: _Lines, delimiter: str) -> tuple[str, ...]:
    lines.begin()
    try:
        header = next(csv.reader(lines, delimiter=delimiter, strict=True), [])
    except (csv.Error, _BrokenError) as error:
        raise ValueError(f"{path.name}, header: {error}") from None
    if not header:
        raise ValueError(f"{path.name} is empty; expected a header and rows")
    if problem := lines.undecoded():
        raise ValueError(f"{path.name}, header: {problem}; name its encoding (--encoding)")
    return tuple(header)


def _delimited_records(lines: _Lines, delimiter: str, width: int) -> Iterator[_Record]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.begin()
        try:
            row = next(reader, None)
        except (csv.Error, _BrokenError) as error:
            yield _Record(lines.first, None, str(error))
            lines.give_back()
            continue
        if row is None:
            return
        if not row:
            continue
        problem = lines.undecoded()
        if problem is None and len(row) != width:
            problem = f"{len(row)} fields where the header has {width}"
        yield _Record(lines.first, row if problem is None else None, problem)


def _windows(records: Iterator[_Record], lines: _Lines, size: int, columns: tuple[str, ...] | None) -> Iterator[Window]:
    number = 1
    while found := list(islice(records, size)):
        if columns is None:
            columns = tuple(dict.fromkeys(key for record in found if record.row is not None for key in record.row))
        problems = {place: record.problem for place, record in enumerate(found) if record.problem is not None}
        rows = [record.row for record in found]
        yield Window(columns, number, [record.line for record in found], problems, lines.share, rows=rows)
        number += len(found)


class _BrokenError(Exception):
    """A line that cannot be taken, or a quote that is not closed."""


class _Lines(Iterator[str]):
    """The lines of a text file; those of the record that is being read can be given back, all but its first."""

    def __init__(self, path: Path, file: TextIO, encoding: str):
        self._file, self._encoding = file, encoding.removesuffix("-sig").upper()
        self._bytes = max(1, path.stat().st_size)
        self._record: list[str] = []
        self._characters = 0
        self._again: deque[str | None] = deque()  # None stands for a line that is too long
        self.number = 0  # of the line handed out last
        self.first = 1  # the line at which the record begins

    @property
    def share(self) -> float:
        """How much of the file is read."""
        return min(1.0, self._file.buffer.tell() / self._bytes)

    def begin(self) -> None:
        """The record before is done with."""
        self.first = self.number + 1
        self._record.clear()
        self._characters = 0

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._read()
        if line is None:
            if self._record:
                self._again.appendleft(None)
                raise _BrokenError(f"a quote is not closed before line {self.number + 1}, which is too long to hold")
            self.number += 1
            raise _BrokenError(f"longer than {LINE_LIMIT:,} characters")
        if not line:
            raise StopIteration
        self.number += 1
        self._record.append(line)
        self._characters += len(line)
        if self._characters > LINE_LIMIT and len(self._record) > 1:
            raise _BrokenError(f"a quote is not closed within {LINE_LIMIT:,} characters")
        return line

    def _read(self) -> str | None:
        line = self._file.readline(LINE_LIMIT + 1)
        if len(line) <= LINE_LIMIT:
            return line
        while line and not line.endswith(("\n", "\r")):
            line = self._file.readline(LINE_LIMIT)
        return None

    def give_back(self) -> None:
        """Read the record's lines again, from its second."""
        self._again.extendleft(reversed(self._record[1:]))
        self.number -= max(0, len(self._record) - 1)

    def undecoded(self) -> str | None:
        """What is wrong with the record's bytes, if anything."""
        if any(not line.isascii() and _UNDECODED.search(line) for line in self._record):
            return f"bytes that are not {self._encoding} text"
        return None


@contextmanager
def _opened(path: Path, encoding: str) -> Iterator[_Lines]:
    encoding = codec(encoding)
    try:
        file = path.open(encoding=encoding, errors="surrogateescape", newline="")
    except LookupError as error:  # a codec between bytes and bytes
        raise ValueError(str(error)) from None
    with file:
        try:
            yield _Lines(path, file, encoding)
        except UnicodeError:  # of a codec that has no such error handler
            raise ValueError(f"{path.name} is not {encoding.upper()} text; name its encoding (--encoding)") from None

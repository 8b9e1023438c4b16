"""Every row of a table, a window of rows at a time, in constant memory.

A row that cannot be read is reported with its line and the reason, and reading goes on at the next
(`core.data.formats.record_lines`). `core.data.tables.rows` gives the same rows and stops at the first such row.

A table can be read in pieces: `marks` finds positions between rows, and `span` reads from one without reading what is
before it (of parquet at most a row group).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.data.formats.cell_values import Batch, mended
from core.data.formats.detection import look
from core.data.formats.header import is_text
from core.data.formats.layout import (
    DELIMITED,
    FOLDER,
    JSON,
    MOST_COLUMNS,
    NAME_COLUMN,
    PARQUET,
    Layout,
    some,
    tell,
    too_wide,
)
from core.data.formats.record_lines import Lines, Mark, Positions, batches, stream
from core.data.formats.whole_files import items, loaded
from core.runtime import error_messages
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed, ngettext

if TYPE_CHECKING:
    from pyarrow import RecordBatch
    from pyarrow.parquet import ParquetFile


@dataclass(frozen=True)
class Window:
    """Some rows of a table, one after another.

    `columns` are the table's; those of JSON lines are the keys that the first window has. `first` is the number of the
    window's first row: they count from 1, header and blank lines left out, rows that could not be read included.
    `lines` says where each row begins in a file of lines (None in parquet), `problems` what is wrong with those that
    could not be read, by position in the window. `share` of the file is read. The columns of a `numbered` table have
    numbers as well as names.
    """

    columns: tuple[str, ...]
    first: int
    lines: Sequence[int | None]
    problems: Mapping[int, str]
    share: float
    rows: Sequence[Any] = field(repr=False, default=())
    batch: RecordBatch | None = field(repr=False, default=None)
    numbered: bool = field(repr=False, default=False)

    def __len__(self) -> int:
        return len(self.lines)

    def index(self, name: str) -> int:
        """The index of a column: by its name, or, where the file has no header, by its number from 1."""
        by_number = self.numbered and name.isdecimal() and name not in self.columns
        return int(name) - 1 if by_number else self.columns.index(name)

    def check(self, path: Path, names: Sequence[str]) -> None:
        """Raises as `check_columns` for a column that is not there, by its name or number."""
        numbers = [str(number) for number in range(1, len(self.columns) + 1)] if self.numbered else []
        check_columns(path, [name for name in names if name not in numbers or name in self.columns], self.columns)

    def column(self, name: str) -> list[object]:
        """One column's values, None where a row lacks it or could not be read."""
        index = self.index(name)
        if self.batch is not None:
            return list(self.batch.column(index).to_pylist())
        if self._keyed():
            return [None if row is None else row.get(name) for row in self.rows]
        return [None if row is None else row[index] for row in self.rows]

    def _keyed(self) -> bool:
        """Whether rows are JSON objects: all are, or none."""
        return isinstance(next((row for row in self.rows if row is not None), None), dict)

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
        if self._keyed():
            yield from ({} if row is None else row for row in self.rows)
        else:
            yield from (dict(zip(self.columns, row, strict=True)) for row in self.cells())

    def lacking(self, name: str) -> list[int]:
        """The positions of rows of JSON lines that could be read and lack a key."""
        if not self._keyed():
            return []
        return [index for index, row in enumerate(self.rows) if row is not None and name not in row]

    def surplus(self) -> dict[int, list[str]]:
        """The keys of rows of JSON lines that are none of the table's columns, by position, where there are any."""
        known = frozenset(self.columns)
        return {
            index: [key for key in row if key not in known]
            for index, row in enumerate(self.rows)
            if isinstance(row, dict) and row.keys() - known
        }


_SHOWN = 200  # characters of the names of columns, in a message
_NAMED = 20  # columns named in a message
_LISTED = 5  # lines named in a message
_NOT_ALL = 1 - 1e-9
_START = Mark()


class NoRowsError(ValueError):
    """A table without a row."""


def check_columns(path: Path, columns: Sequence[str], available: Sequence[str]) -> None:
    """Raises LookupError for a column that a file lacks, naming those it has, ValueError for one it has twice."""
    for column in columns:
        if (count := list(available).count(column)) > 1:
            told = _("{file} has {count:,} columns called {column!r}; rename all but one")
            raise ValueError(told.format(file=path.name, count=count, column=column))
        if not count:
            told = _("{file} has no column {column!r}; it has: {columns}")
            shown = told.format(file=path.name, column=column, columns=some(available, _NAMED))
            raise LookupError(shown + NAME_COLUMN)


def windows(path: Path, size: int, asked: Layout | None = None) -> Generator[Window, None, None]:
    """All rows of a table, `size` at a time (fewer in the last window), with every column.

    Raises ValueError for a file without rows, a first window without a single readable row and a damaged file, and what
    `core.data.formats.detection.look` raises.
    """
    layout = look(path, asked)
    tell(path, layout)
    table = read(path, layout, size)
    first = next(table, None)
    if first is None:
        raise NoRowsError(_("{file} has no rows").format(file=path.name))
    if len(first.problems) == len(first):
        why = ngettext(
            "{file}: the first row cannot be read; line {line}: {problem}",
            "{file}: none of the first {count:,} rows can be read; line {line}: {problem}",
            len(first),
        )
        told = {"file": path.name, "count": len(first), "line": first.lines[0], "problem": first.problems[0]}
        its = _("; its columns: {columns}").format(columns=repr(listed(first.columns))[1:-1][:_SHOWN])
        hint = _("; name the delimiter (--delimiter)") if layout.form == DELIMITED else ""
        raise ValueError(why.format(**told) + (its if first.columns else "") + hint)
    yield first
    del first
    yield from table


def columns(path: Path, asked: Layout | None = None) -> tuple[str, ...]:
    """The columns of a table, as its first rows have them.

    Raises what `windows` raises, and ValueError for more than anybody could choose from.
    """
    with closing(windows(path, 1_000, asked)) as table:
        names = next(table).columns
    if len(names) > MOST_COLUMNS:
        raise too_wide(path, len(names))
    return names


def span(path: Path, size: int, asked: Layout | None, start: Mark, rows: int | None, column: str) -> Iterator[Window]:
    """So many rows behind a mark (None: all), `size` at a time, with at least one column; fewer where the table ends.

    Raises as `windows`, and not for rows none of which can be read.
    """
    return read(path, look(path, asked), size, start, rows, [column])


def marks(path: Path, asked: Layout | None, start: Mark, first: int, every: int) -> Iterator[tuple[Mark, float]]:
    """A mark `first` rows behind another, then one `every` so many rows, each with the share of the file that is read
    (1 at its end only). Raises as `windows`."""
    layout = look(path, asked)
    if layout.form in (PARQUET, JSON, FOLDER):
        if layout.form == PARQUET:
            with _parquet_file(path) as parquet:
                end = int(parquet.metadata.num_rows)
        else:
            end = len(items(path, layout))
        yield from ((Mark(row), row / end) for row in range(start.rows + first, end, every))
        yield Mark(end), 1.0
        return
    rows, due = start.rows, start.rows + first
    with stream(path, layout.encoding or "") as (file, raw), stream(path, layout.encoding or "") as (other, _raw):
        lines, positions, size = _lines(file, layout, start), Positions(other, start), max(1, path.stat().st_size)
        for batch in batches(lines, layout):
            while due < rows + len(batch.rows):
                line = int(batch.lines[due - rows] or 0)
                share = min(raw.tell() / size, _NOT_ALL)
                yield Mark(due, line - 1, positions.of(lines.begins(line))), share
                due += every
            rows += len(batch.rows)
        yield Mark(rows, lines.number, positions.of(lines.begins(lines.number + 1))), 1.0


def _batches(path: Path, layout: Layout, start: Mark) -> Generator[tuple[Batch, float], None, None]:
    """The rows of any file but parquet behind a mark, and the share of the file that is read.

    Reports rows that were read as one to the listener, at the end of a file that is read from its start.
    """
    if layout.form in (JSON, FOLDER):
        yield from loaded(path, layout, start.rows)
        return
    with stream(path, layout.encoding or "") as (file, raw):
        lines, size = _lines(file, layout, start), max(1, path.stat().st_size)
        for batch in batches(lines, layout):
            yield batch, min(1.0, raw.tell() / size)
        if lines.several and start.position is None:
            told = ngettext(
                "{count:,} quoted row spans several lines, some of which fit the header: line {lines}",
                "{count:,} quoted rows span several lines, some of which fit the header: lines {lines}",
                len(lines.several),
            )
            shown = listed(f"{line:,}" for line in lines.several[:_LISTED]) + ", …" * (len(lines.several) > _LISTED)
            tell(path, told.format(count=len(lines.several), lines=shown))


def _lines(file: Any, layout: Layout, start: Mark) -> Lines:
    lines = Lines(file, layout.encoding or "", layout.mend)
    if start.position is None:
        lines.skip(layout.skip)
    else:
        file.seek(start.position)
        lines.number = start.lines
    return lines


def read(
    path: Path,
    layout: Layout,
    size: int,
    start: Mark = _START,
    rows: int | None = None,
    columns: Sequence[str] | None = None,
) -> Iterator[Window]:
    """So many rows behind a mark (None: all), `size` at a time, with at least some columns (None: all).

    The rows of a file of lines come in batches, which are put together and cut to size.
    """
    if layout.form == PARQUET:
        yield from _parquet(path, size, layout, start.rows, rows, columns)
        return
    names = layout.columns or None
    numbered = layout.header is False and bool(layout.columns)
    waiting, number, left = Batch([], [], {}), start.rows + 1, rows
    share = 0.0

    def cut(count: int) -> Window:
        nonlocal names, waiting, number
        window, waiting = waiting.cut(count)
        if names is None:
            names = tuple(dict.fromkeys(key for row in window.rows if row is not None for key in row))
        number += count
        return Window(names, number - count, window.lines, window.problems, share, window.rows, numbered=numbered)

    with closing(_batches(path, layout, start)) as table:
        for batch, share in table:  # noqa: B007, read by `cut`
            waiting = waiting.joined(batch)
            while left != 0 and len(waiting.rows) >= min(size, size if left is None else left):
                count = size if left is None else min(size, left)
                left = None if left is None else left - count
                yield cut(count)
            if left == 0:
                return
    if waiting.rows:
        yield cut(len(waiting.rows))


@contextmanager
def _parquet_file(path: Path) -> Iterator[ParquetFile]:
    import pyarrow
    import pyarrow.parquet

    from core.data.formats.parquet_limits import unreadable

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            yield file
    except (pyarrow.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # not there or not to be read; without a number it is pyarrow's word for damage
        raise unreadable(path, error_messages.of_parquet(error)) from None


def _parquet(
    path: Path, size: int, layout: Layout, start: int, rows: int | None, columns: Sequence[str] | None
) -> Iterator[Window]:
    from core.data.formats import parquet_limits

    with _parquet_file(path) as file:
        total, names = file.metadata.num_rows, file.schema_arrow.names
        if columns is not None:
            check_columns(path, columns, names)
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
        wide = list(dict.fromkeys(names if columns is None else columns))
        for batch in _together(parquet_limits.batches(path, file, wide, size, groups), size):
            row += len(batch)
            wanted = batch.slice(max(0, start - (row - len(batch))))
            wanted = wanted.slice(0, len(wanted) - max(0, row - stop))
            if len(wanted) and row - len(batch) < stop:
                end = min(row, stop)
                window = Window(
                    tuple(wanted.schema.names),
                    end - len(wanted) + 1,
                    (None,) * len(wanted),
                    {},
                    end / total,
                    batch=wanted,
                )
                yield _converted(window, layout)
            if row >= stop:
                return


def _together(parts: Iterator[RecordBatch], size: int) -> Iterator[RecordBatch]:
    """Batches of `size` rows from smaller ones, and a smaller one at the end or where the next would be too large."""
    import pyarrow

    from core.data.formats import parquet_limits

    waiting: list[RecordBatch] = []
    count, weight = 0, 0
    for part in parts:
        heavy = sum(parquet_limits.expanded(column) for column in part.columns)
        if waiting and (count + len(part) > size or weight + heavy > parquet_limits.VALUES):
            yield pyarrow.concat_batches(waiting)
            waiting, count, weight = [], 0, 0
        waiting.append(part)
        count, weight = count + len(part), weight + heavy
    if waiting:
        yield pyarrow.concat_batches(waiting)


def _converted(window: Window, layout: Layout) -> Window:
    """A window of parquet with mended texts, and lists of tokens joined."""
    import pyarrow

    assert window.batch is not None
    batch, types = window.batch, pyarrow.types
    texts = {one.name for one in batch.schema if types.is_string(one.type) or types.is_large_string(one.type)}
    plain = any(map(is_text, texts))
    for index, (field_, column) in enumerate(zip(batch.schema, batch.columns, strict=True)):
        tokens = types.is_list(field_.type) and types.is_string(field_.type.value_type)
        if tokens and is_text(field_.name) and not plain:
            values = [None if cell is None else " ".join(filter(None, cell)) for cell in column.to_pylist()]
        elif layout.mend and field_.name in texts:
            values = [cell if cell is None or cell.isascii() else mended(cell) for cell in column.to_pylist()]
        else:
            continue
        batch = batch.set_column(index, field_.name, pyarrow.array(values, type=pyarrow.string()))
    return replace(window, batch=batch)

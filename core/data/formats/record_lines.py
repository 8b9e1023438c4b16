"""The lines of a file of text, and the rows that they make: block by block, in constant memory, none lost.

A row that cannot be read is reported with the reason, and reading goes on at the next line, even where a quote that is
never closed would swallow the following rows. No line longer than `LINE_LIMIT` is held, and no row of several lines
either. A block in which every line is a row is read by the csv module at once; any other row by row.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, NamedTuple, TextIO

from core.data.formats.cell_values import Batch, converted
from core.data.formats.compression import opened as opened_bytes
from core.data.formats.layout import DELIMITED, ESCAPED, JSON_LINES, NAME_ENCODING, OFF, Layout, called
from core.runtime import error_messages
from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext

LINE_LIMIT = 4_000_000  # characters
_BLOCK = 65_536  # characters
_UNDECODED = re.compile("[\udc80-\udcff]")  # what the error handler "surrogateescape" makes of bytes that are no text
_LONE_BACKSLASH = re.compile(r'\\(["\\])|\\')
csv.field_size_limit(3 * LINE_LIMIT)


class Mark(NamedTuple):
    """A position between two rows: behind so many rows and lines. Reading goes on at `position` of the text stream (as
    `TextIOBase.tell` gives it, not a number of bytes); None is the first row."""

    rows: int = 0
    lines: int = 0
    position: int | None = None


class BrokenError(Exception):
    """A quote that is not closed within what is held."""


class Lines:
    """The lines of a text file, a block at a time; lines can be given back.

    `number` counts the lines given so far. `merged` and `several` are the lines at which a quoted row over several
    lines begins: in `merged` each of these lines has as many delimiters as the header, in `several` at least one has.
    """

    def __init__(self, file: TextIO, encoding: str, mend: bool = False):
        self._file, self._encoding, self._mend = file, encoding, mend
        self._ahead: list[str | None] = []  # None stands for a line that is too long
        self.skipped: list[int] = []  # the lengths of those that are too long, one after another
        self._tail, self._ended = "", False
        self.block: Sequence[str] = ()
        self.before = 0  # characters before the block
        self.number = 0
        self.merged: list[int] = []
        self.several: list[int] = []

    def more(self) -> list[str] | None:
        """The next lines; none at the end. None stands for a line that is too long."""
        self.before += sum(map(len, self.block))
        ahead = self._ahead or self._read()
        if not ahead or ahead[0] is not None:
            end = ahead.index(None) if None in ahead else len(ahead)
            block: list[str] = ahead[:end]  # type: ignore[assignment]
            self._ahead, self.block = ahead[end:], block
            self.number += len(block)
            return block
        self._ahead, self.block = ahead[1:], ()
        self.before += self.skipped.pop(0)
        self.number += 1
        return None

    def _read(self) -> list[str | None]:
        lines: list[str] = []
        while not lines and not self._ended:
            text = self._file.read(_BLOCK)
            self._ended = not text
            lines = list(io.StringIO(self._tail + self.decoded(text), newline=""))
            self._tail = lines.pop() if lines and text else ""  # it may go on
            if len(self._tail) > LINE_LIMIT:
                lines.append(self._tail)
                self._tail = ""
                if lines[-1][-1] not in "\r\n":
                    limited = self._limited(lines[:-1])
                    self._too_long(len(lines[-1]))
                    return [*limited, None]
        return self._limited(lines)

    def _limited(self, lines: list[str]) -> list[str | None]:
        if max(map(len, lines), default=0) <= LINE_LIMIT:
            return lines  # type: ignore[return-value]
        limited: list[str | None] = []
        for line in lines:
            if len(line) > LINE_LIMIT:
                self.skipped.append(len(line))
            limited.append(line if len(line) <= LINE_LIMIT else None)
        return limited

    def _too_long(self, length: int) -> None:
        """Read to the end of a line that is not held."""
        while line := self._file.readline(_BLOCK):
            length += len(line)
            if line[-1] == "\n":
                break
            if line[-1] == "\r":
                self._tail = self._file.read(1)
                if self._tail == "\n":
                    length, self._tail = length + 1, ""
                break
        self.skipped.append(length)

    def decoded(self, text: str) -> str:
        """The text, with undecodable bytes read as cp1252 where the file is to be mended."""
        if not self._mend or not self.wrong(text):
            return text
        return _UNDECODED.sub(lambda match: bytes([ord(match[0]) - 0xDC00]).decode("cp1252", "replace"), text)

    @staticmethod
    def wrong(text: str) -> bool:
        """Whether there are undecodable bytes in it."""
        try:
            text.encode()
        except UnicodeEncodeError:
            return _UNDECODED.search(text) is not None
        return False

    def give_back(self, lines: Sequence[str], wall: bool) -> None:
        """Give these lines, the last ones, again; a `wall` is a line behind them that is too long."""
        self._ahead = [*lines, *([None] * wall), *self._ahead]
        self.number -= len(lines)

    def begins(self, line: int) -> int:
        """How many characters come before a line of the current block."""
        return self.before + sum(map(len, self.block[: line - 1 - (self.number - len(self.block))]))

    def skip(self, count: int) -> None:
        """Leave so many lines out."""
        while count and (block := self.more()):
            self.give_back(block[count:], False)
            self.block = block[:count]
            count -= len(self.block)

    @property
    def undecoded(self) -> str:
        """The problem of a row with undecodable bytes."""
        return _("bytes that are not {encoding} text").format(encoding=called(self._encoding))


@contextmanager
def stream(path: Path, encoding: str) -> Iterator[tuple[TextIO, IO[bytes]]]:
    """A file as text, undecodable bytes as lone surrogates, and the file itself. Raises ValueError where a codec cannot
    do that."""
    with ExitStack() as stack:
        content, raw = stack.enter_context(opened_bytes(path))
        text = stack.enter_context(io.TextIOWrapper(content, encoding, "surrogateescape", newline=""))
        try:
            if text.read(1) != "\ufeff":  # a mark that was written twice
                text.seek(0)
            yield text, raw
        except UnicodeError:  # of a codec that has no such error handler
            line = _("{file} is not {encoding} text").format(file=path.name, encoding=called(encoding))
            raise ValueError(line + NAME_ENCODING) from None


class Positions:
    """The positions of characters in a text stream, asked for in ascending order from a mark on."""

    def __init__(self, file: TextIO, start: Mark):
        self._file, self._at = file, 0
        if start.position is not None:
            file.seek(start.position)

    def of(self, characters: int) -> int:
        """The position behind so many characters."""
        while self._at < characters and (read := self._file.read(min(1_000_000, characters - self._at))):
            self._at += len(read)
        return self._file.tell()


def batches(lines: Lines, layout: Layout) -> Iterator[Batch]:
    """The rows of a file of lines: lists of cells, of JSON lines objects."""
    for batch, block in unchecked(lines, layout):
        checked = _checked(batch, block, lines, layout)
        if len(checked.rows):
            yield checked


def unchecked(lines: Lines, layout: Layout) -> Iterator[tuple[Batch, list[str]]]:
    """The rows of a file of lines, blank ones too, their cells unchecked, and the lines of each batch."""
    quoted, odd = layout.form == DELIMITED and layout.quoting != OFF, False
    rows: list[list[str]] | None = None
    while (block := lines.more()) is None or block:
        if block is None:
            problem = _("longer than {limit:,} characters").format(limit=LINE_LIMIT)
            yield Batch([lines.number], [None], {0: problem}), []
        elif layout.form == JSON_LINES:
            yield _json(block, lines.number - len(block) + 1), block
        elif quoted and (odd or (rows := _at_once(block, layout)) is None):
            batch = _one_by_one(lines, block, layout)
            odd = len(batch.rows) < len(lines.block)  # then the next block hardly is a row a line either
            yield batch, [*lines.block]
        else:
            cells: list[Any] = (rows or []) if quoted else _bare(block, layout)
            yield Batch(range(lines.number - len(block) + 1, lines.number + 1), cells, {}), block


def _at_once(block: list[str], layout: Layout) -> list[list[str]] | None:
    """The rows of lines in quotes, None where they are not one row a line."""
    try:
        rows = list(_reader(_escaped(block) if layout.quoting == ESCAPED else block, layout))
    except csv.Error:
        return None
    return rows if len(rows) == len(block) else None


def _reader(lines: Any, layout: Layout) -> Any:
    escape = "\\" if layout.quoting == ESCAPED else None
    return csv.reader(lines, delimiter=layout.delimiter or ",", escapechar=escape, strict=True)


def _escaped(lines: list[str]) -> list[str]:
    """Lines in which every backslash that is no escape is doubled, for the csv module."""
    return [
        _LONE_BACKSLASH.sub(lambda match: match[0] if match[1] else "\\\\", line) if "\\" in line else line
        for line in lines
    ]


class _Feed(Iterator[str]):
    """Lines for a csv reader that can be sent back to any of them, and goes on beyond the block."""

    def __init__(self, lines: Lines, block: list[str], escaped: bool):
        self._lines, self._escaped = lines, escaped
        self.block, self.before = [*block], lines.before
        self.next, self.characters, self.wall = 0, 0, False

    def __next__(self) -> str:
        if self.next == len(self.block):
            more = None if self.wall else self._lines.more()
            if more is None:
                self.wall = True
                number = self._lines.number
                raise BrokenError(_("a quote is not closed before line {line}, which is too long").format(line=number))
            if not more:
                raise StopIteration
            self.block += more
        line = self.block[self.next]
        self.next += 1
        self.characters += len(line)
        if self.characters > LINE_LIMIT and self.characters > len(line):
            raise BrokenError(_("a quote is not closed within {limit:,} characters").format(limit=LINE_LIMIT))
        return _escaped([line])[0] if self._escaped else line


def _one_by_one(lines: Lines, block: list[str], layout: Layout) -> Batch:
    """The rows that begin in a block, some over several lines; those that cannot be read end with their first line."""
    first, stop = lines.number - len(block) + 1, len(block)
    feed = _Feed(lines, block, layout.quoting == ESCAPED)
    reader = _reader(_escaped(block) if layout.quoting == ESCAPED else block, layout)
    read: list[tuple[list[str], int]] = []
    with suppress(csv.Error):  # the rows before it are kept
        read.extend((row, reader.line_num) for row in reader)
    starts = [0, *(end for _row, end in read)]
    several = [index for index, (at, end) in enumerate(pairwise(starts)) if end > at + 1]
    good = next((index for index in several if _swallows(block[starts[index] : starts[index + 1]], layout)), len(read))
    lines.several += [
        first + starts[index]
        for index in several
        if index < good and _holds_a_row(block[starts[index] : starts[index + 1]], layout)
    ]
    numbers = [first + at for at in starts[:good]]
    rows: list[list[str] | None] = [row for row, _end in read[:good]]
    problems: dict[int, str] = {}
    feed.next = starts[good]
    reader = _reader(feed, layout)
    while feed.next < stop:
        at, feed.characters = feed.next, 0
        row = None
        try:
            row = next(reader)
        except (csv.Error, BrokenError) as error:
            problems[len(rows)] = str(error) if isinstance(error, BrokenError) else error_messages.of_csv(error)
        if row is not None and feed.next > at + 1 and layout.sure and _holds_a_row(feed.block[at : feed.next], layout):
            lines.several.append(first + at)
        if row is not None and feed.next > at + 1 and _swallows(feed.block[at : feed.next], layout):
            if layout.sure:
                lines.merged.append(first + at)
            else:
                told = _(
                    "a quote would span {count:,} lines, each of which fits the header; name the quoting (--quoting)"
                )
                problems[len(rows)], row = told.format(count=feed.next - at), None
        if row is None:
            feed.next = at + 1
        numbers.append(first + at)
        rows.append(row)
    rest = feed.block[feed.next :]
    if feed.wall:
        lines.skipped.insert(0, lines.before - feed.before - sum(map(len, feed.block)))
        lines.number -= 1
    lines.give_back(rest, feed.wall)
    lines.block, lines.before = feed.block[: feed.next], feed.before
    return Batch(numbers, rows, problems)


def _swallows(lines: list[str], layout: Layout) -> bool:
    """Whether the lines of one quoted row could as well be rows. Each must fit the header; one is enough where texts
    hardly hold the delimiter (a tab) or quotes are not sure to enclose."""
    delimiter, expected = layout.delimiter or ",", len(layout.columns) - 1
    if layout.sure and delimiter != "\t":
        return all(line.count(delimiter) == expected for line in lines)
    return _holds_a_row(lines, layout)


def _holds_a_row(lines: list[str], layout: Layout) -> bool:
    """Whether one of the lines of a quoted row fits the header, and there are more cells than in one row."""
    delimiter, expected = layout.delimiter or ",", len(layout.columns) - 1
    counts = [line.count(delimiter) for line in lines]
    return expected in counts and sum(counts) != expected


def _bare(block: list[str], layout: Layout) -> list[list[str]]:
    """Lines split at their delimiters; quotes are characters like any other."""
    if layout.form != DELIMITED:
        more = [] if layout.label is None else [layout.label]
        return [[text, *more] if (text := line.rstrip("\r\n")).strip() else [] for line in block]
    delimiter, width = layout.delimiter or ",", len(layout.columns)
    if len(delimiter) == 1:
        rows = list(csv.reader(block, delimiter=delimiter, quoting=csv.QUOTE_NONE))
    else:
        rows = [line.rstrip("\r\n").split(delimiter) if line.strip() else [] for line in block]
    if layout.bare is not None:
        rows = [row if len(row) <= width else with_bare(row, layout.bare, width, delimiter) for row in rows]
    return rows


def with_bare(row: list[str], bare: int, width: int, delimiter: str) -> list[str]:
    """A row of so many cells or more as one of so many, of which the one with index `bare` may hold the delimiter."""
    end = len(row) - (width - 1 - bare)
    return [*row[:bare], delimiter.join(row[bare:end]), *row[end:]]


def _json(block: list[str], first: int) -> Batch:
    numbers: list[int] = []
    rows: list[Any] = []
    problems: dict[int, str] = {}
    for number, line in enumerate(block, first):
        if not line.strip():
            continue
        row = None
        try:
            row = json.loads(line)
            if not isinstance(row, dict):
                problems[len(rows)], row = no_object(row), None
        except (ValueError, RecursionError) as error:  # ValueError: not JSON, or a number of too many digits
            problems[len(rows)] = not_json(error)
        numbers.append(number)
        rows.append(row)
    return Batch(numbers, rows, problems)


def _checked(batch: Batch, block: list[str], lines: Lines, layout: Layout) -> Batch:
    """A batch without its blank lines, with the problems of its bytes and of its numbers of cells."""
    numbers, rows, problems = batch
    text, first = "".join(block), lines.number - len(block) + 1
    if lines.wrong(text):
        ends = [*numbers[1:], first + len(block)]
        for index, (number, end) in enumerate(zip(numbers, ends, strict=True)):
            if lines.wrong("".join(block[int(number or 0) - first : int(end or 0) - first])):
                problems[index], rows[index] = lines.undecoded, None
    if layout.form == JSON_LINES:
        return converted(batch, layout)
    width = len(layout.columns)
    if problems or set(map(len, rows)) != {width}:
        kept = [index for index, row in enumerate(rows) if row or row is None]
        for index in kept:
            row = rows[index]
            if row is not None and len(row) != width:
                told = ngettext(
                    "{fields} field, but the header has {expected}",
                    "{fields} fields, but the header has {expected}",
                    len(row),
                )
                problems[index], rows[index] = told.format(fields=len(row), expected=width), None
        problems = {new: problems[old] for new, old in enumerate(kept) if old in problems}
        numbers, rows = [numbers[index] for index in kept], [rows[index] for index in kept]
    if layout.named < width:
        for index, row in enumerate(rows):
            if row is not None and any(row[layout.named :]):
                if layout.join:
                    cells = row[layout.named - 1 :]
                    while not cells[-1]:
                        cells.pop()
                    joined = (layout.delimiter or ",").join(cells)
                    rows[index] = [*row[: layout.named - 1], joined, *[""] * (width - layout.named)]
                else:
                    told = _("continues after the last named column {column!r}; say what to do (--join)")
                    problems[index], rows[index] = told.format(column=layout.columns[layout.named - 1]), None
    return converted(Batch(numbers, rows, problems), layout)


def not_json(error: Exception) -> str:
    """The problem of a line that is not JSON."""
    return _("not JSON ({error})").format(error=error_messages.of_json(error))


def no_object(row: object) -> str:
    """The problem of a line of JSON that is no object."""
    return _("expected an object, found {type}").format(type=type(row).__name__)

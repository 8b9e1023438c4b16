"""Tables of text from files, row by row and strictly: a row that cannot be read ends it, with the row's place.

The rows are those of `core.data.records`, which reads every form and goes on behind such a row. And the way out: CSV.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from numbers import Number
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from core.data.formats.detection import look
from core.data.formats.layout import NAME_ENCODING, PARQUET, SENTIMENT140_COLUMNS, Layout, called, said, tell
from core.data.records import Window, batches_of, check_columns, parquet
from core.runtime.i18n import gettext as _

SUFFIXES = (".parquet", ".csv", ".tsv", ".jsonl")
"""The tables that are written; many more forms are read (`core.data.formats.layout.SUFFIXES`)."""
# What makes a spreadsheet take a text for a formula: a sign in front, also a wide one as Chinese and Japanese keyboards
# have it, also behind white space, which some drop.
_FORMULA = re.compile(r"[\s\ufeff\u200b]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")


class Row(NamedTuple):
    """Some columns of a row. `number` counts from 1, header and blank lines left out; `line` is where the row begins in
    a file of lines, None in parquet."""

    number: int
    line: int | None
    values: Sequence[object]


_row = partial(tuple.__new__, Row)


def place(path: Path, number: int, line: int | None) -> str:
    """Where a row stands, for a message: ``tweets.csv, row 12 (line 14)``."""
    if line is None:
        return _("{file}, row {row}").format(file=path.name, row=number)
    return _("{file}, row {row} (line {line})").format(file=path.name, row=number, line=line)


def harmless(text: str) -> str:
    """A text as a cell of a CSV: one that a spreadsheet would run as a formula gets an apostrophe in front.

    Those are texts that start with = + - @ or their wide forms, also behind white space, or with a tab or a line's end.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def as_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV below a header.

    Texts are written as `harmless` has them, those of the header too. A number stays as it is, with its sign: what is a
    number is told by its type, never by how it looks.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([harmless(name) for name in header])
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: object) -> object:
    return value if value is None or isinstance(value, Number) else harmless(str(value))


def rows(path: Path, columns: Sequence[str], asked: Layout | None = None) -> Iterator[Row]:
    """The named columns of every row of a table, in order.

    Raises LookupError for a missing column, ValueError for a row that cannot be read (naming its place) and a damaged
    file, and what `core.data.formats.detection.look` raises.
    """
    layout = look(path, asked)
    if layout.form == PARQUET:
        for window in parquet(path, 65_536, layout, columns=columns):
            for place, values in enumerate(zip(*map(window.column, columns), strict=True)):
                if place in window.problems:
                    raise _at(path, window.first + place, None, window.problems[place])
                yield Row(window.first + place, None, values)
        return
    tell(path, said(layout))
    number = 1
    take = None
    if layout.columns:
        head = Window(layout.columns, 1, (), {}, 0.0, numbered=layout.header is False)
        head.check(path, columns)
        take = [itemgetter(head.place(name)) for name in columns]
    for batch, _share in batches_of(path, layout):
        end = min(batch.problems, default=len(batch.rows))
        if take is None:
            for line, row in zip(batch.lines[:end], batch.rows, strict=False):
                try:
                    cells = [row[name] for name in columns]
                except KeyError:
                    check_columns(path, columns, list(row))
                    raise
                yield Row(number, line, cells)
                number += 1
        else:
            good = batch.rows[:end]
            yield from map(
                Row, range(number, number + end), batch.lines, zip(*(map(one, good) for one in take), strict=True)
            )
            number += end
        if end < len(batch.rows):
            why = batch.problems[end]
            undecoded = _("bytes that are not {encoding} text").format(encoding=called(layout.encoding or ""))
            raise _at(path, number, batch.lines[end], why + NAME_ENCODING if why == undecoded else why)


def _at(path: Path, number: int, line: int | None, why: str) -> ValueError:
    return ValueError(_("{place}: {why}").format(place=place(path, number, line), why=why))


def is_sentiment140(path: Path) -> bool:
    """Whether a CSV is the public Sentiment140 file: no header, six fields, the first of them 0, 2 or 4."""
    try:
        found = look(path)
    except ValueError:
        return False
    return found.header is False and found.columns == SENTIMENT140_COLUMNS

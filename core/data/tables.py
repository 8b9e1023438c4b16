"""Tables of text from files, row by row and strictly: the first row that cannot be read is an error. And writing CSV.

The rows are those of `core.data.records`, which goes on behind such a row.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from numbers import Number
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from core.data.formats.detection import look
from core.data.formats.layout import NAME_ENCODING, SENTIMENT140_COLUMNS, Layout, called, tell
from core.data.records import Window, check_columns, read
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

_WINDOW = 4_096  # rows read at a time
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


def location(path: Path, number: int, line: int | None) -> str:
    """Where a row is, for a message: ``tweets.csv, row 12 (line 14)``."""
    if line is None:
        return _("{file}, row {row}").format(file=path.name, row=number)
    return _("{file}, row {row} (line {line})").format(file=path.name, row=number, line=line)


def harmless(text: str) -> str:
    """A text as a cell of a CSV: one that a spreadsheet would run as a formula gets an apostrophe in front.

    Those are texts that start with = + - @ or their wide forms, also behind white space, or with a tab or a line's end.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def written(rows: Sequence[Mapping[str, object]], decimals: int = 3) -> Styler:
    """Rows as a data frame of pandas whose numbers are written alike in each column.

    A column has as few decimals as show its numbers, and at most `decimals`; shares and probabilities have them all.
    """
    import pandas as pd

    frame = pd.DataFrame(rows)
    forms = {}
    for name in frame.select_dtypes("number"):
        values = frame[name].dropna()
        enough = [few for few in range(decimals) if (values == values.round(few)).all()] or [decimals]
        share = enough[0] > 0 and bool(values.between(0, 1).all())
        forms[name] = partial(_number, decimals=decimals if share else enough[0])
    return frame.style.format(forms, list(forms))


def _number(value: float, decimals: int) -> str:
    return f"{value:,.{decimals}f}".replace("-", "−")


def as_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV below a header.

    Texts are written as `harmless` has them, those of the header too. A number stays as it is, with its sign; its type
    decides, not its looks.
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

    Raises LookupError for a missing column, ValueError for a row that cannot be read (naming its location) and a
    damaged file, and what `core.data.formats.detection.look` raises.
    """
    layout = look(path, asked)
    tell(path, layout)
    if layout.columns:
        Window(layout.columns, 1, (), {}, 0.0, numbered=layout.header is False).check(path, columns)
    for window in read(path, layout, _WINDOW, columns=columns):
        fault = min(window.problems, default=len(window))
        lacking = min((index for name in columns for index in window.lacking(name)), default=fault)
        end = min(fault, lacking)
        if end:
            values = zip(*map(window.column, columns), strict=True)
            yield from map(Row, range(window.first, window.first + end), window.lines, values)
        if lacking < fault:
            check_columns(path, columns, list(window.rows[lacking]))
        if fault < len(window):
            why = window.problems[fault]
            undecoded = _("bytes that are not {encoding} text").format(encoding=called(layout.encoding or ""))
            where = location(path, window.first + fault, window.lines[fault])
            raise ValueError(
                _("{place}: {why}").format(place=where, why=why + NAME_ENCODING if why == undecoded else why)
            )


def is_sentiment140(path: Path) -> bool:
    """Whether a CSV is the public Sentiment140 file: no header, six fields, the first of them 0, 2 or 4."""
    try:
        layout = look(path)
    except ValueError:
        return False
    return layout.header is False and layout.columns == SENTIMENT140_COLUMNS

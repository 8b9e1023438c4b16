"""Tables of text from files: parquet, CSV, TSV, JSON lines, and the public Sentiment140 CSV.

Sentiment140's authors distribute a CSV in latin-1, without header, of six columns: label, id, date, query, user, text.
Rows come one at a time, so a file of any size takes constant memory.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from numbers import Number
from pathlib import Path
from typing import NamedTuple, TextIO

from core import reasons
from core.language import gettext as _

SUFFIXES = (".parquet", ".csv", ".tsv", ".jsonl")
SENTIMENT140_COLUMNS = ("label", "id", "date", "query", "user", "text")
_SENTIMENT140_LABELS = ("0", "2", "4")

LINE_LIMIT = 20_000_000  # characters
NAME_ENCODING = "; name its encoding (--encoding)"
"""What helps on the command line, which speaks English; a page has a box for it, and cuts this off."""

# The csv module refuses fields over 128 kB; text may be longer, a quote left open should still not eat all memory.
csv.field_size_limit(10_000_000)
# What makes a spreadsheet take a text for a formula: a sign in front, also a wide one as Chinese and Japanese keyboards
# have it, also behind white space, which some drop.
_FORMULA = re.compile(r"[\s\ufeff\u200b]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")


class Row(NamedTuple):
    """Some columns of a row. `number` counts from 1, header and blank lines left out; `line` is where the row begins in
    a file of lines, None in parquet."""

    number: int
    line: int | None
    values: Sequence[object]


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


def suffix_of(path: Path) -> str:
    """A table's suffix in lower case. Raises ValueError for one that is not in `SUFFIXES`."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(
            _("{file}: cannot read {suffix}; can: {suffixes}").format(
                file=path.name, suffix=suffix or _("a file without a suffix"), suffixes=", ".join(SUFFIXES)
            )
        )
    return suffix


def rows(path: Path, columns: Sequence[str], encoding: str | None) -> Iterator[Row]:
    """The named columns of every row of a table, in order.

    Raises LookupError for a missing column, ValueError for a ragged row (naming its place), a line of more than
    `LINE_LIMIT` characters, a wrong encoding, a damaged file or a suffix not in `SUFFIXES`, OSError for a file that
    cannot be opened.
    """
    suffix = suffix_of(path)
    if suffix == ".parquet":
        yield from _parquet_rows(path, columns)
    elif suffix == ".jsonl":
        yield from _jsonl_rows(path, columns, encoding or "utf-8")
    else:
        yield from _delimited_rows(path, columns, encoding)


def check_columns(path: Path, columns: Sequence[str], available: Sequence[str]) -> None:
    """Raises LookupError for a column that a file lacks, naming those it has, ValueError for one it has twice."""
    for column in columns:
        if list(available).count(column) > 1:
            raise ValueError(
                _("{file} has {count} columns {column!r}; which one is meant?").format(
                    file=path.name, count=list(available).count(column), column=column
                )
            )
        if column not in available:
            shown = ", ".join(name if name.isprintable() else repr(name) for name in available)
            raise LookupError(
                _("{file} has no column {column!r}; it has: {columns}").format(
                    file=path.name, column=column, columns=shown
                )
            )


def _parquet_rows(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    import pyarrow
    import pyarrow.parquet

    from core.parquet_pages import batches, unreadable

    number = 0
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            check_columns(path, columns, file.schema_arrow.names)
            for batch in batches(path, file, list(dict.fromkeys(columns)), 65_536):
                for values in zip(*(batch.column(column).to_pylist() for column in columns), strict=True):
                    number += 1
                    yield Row(number, None, values)
    except (pyarrow.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # not there or not to be read; without a number it is pyarrow's word for damage
        raise unreadable(path, reasons.of_parquet(error)) from None


def _jsonl_rows(path: Path, columns: Sequence[str], encoding: str) -> Iterator[Row]:
    number = 0
    for line, content in enumerate(_lines(path, encoding), 1):
        if not content.strip():
            continue
        number += 1
        try:
            row = json.loads(content)
        except (ValueError, RecursionError) as error:  # ValueError: not JSON, or a number of too many digits
            raise _at(path, number, line, not_json(error)) from None
        if not isinstance(row, dict):
            raise _at(path, number, line, no_object(row))
        check_columns(path, columns, list(row))
        yield Row(number, line, [row[column] for column in columns])


def _delimited_rows(path: Path, columns: Sequence[str], encoding: str | None) -> Iterator[Row]:
    sentiment140 = is_sentiment140(path)
    lines = _lines(path, encoding or ("latin-1" if sentiment140 else "utf-8"))
    reader = csv.reader(lines, delimiter="\t" if path.suffix.lower() == ".tsv" else ",", strict=True)
    header = list(SENTIMENT140_COLUMNS) if sentiment140 else _header(path, reader)
    check_columns(path, columns, header)
    fields = [header.index(column) for column in columns]
    number, line = 1, reader.line_num + 1
    try:
        for row in reader:
            if row:
                if len(row) != len(header):
                    raise _at(path, number, line, ragged(len(row), len(header)))
                yield Row(number, line, [row[field] for field in fields])
                number += 1
            line = reader.line_num + 1
    except csv.Error as error:
        raise _at(path, number, line, reasons.of_csv(error)) from None


def _at(path: Path, number: int, line: int | None, why: str) -> ValueError:
    return ValueError(_("{place}: {why}").format(place=place(path, number, line), why=why))


def not_json(error: Exception) -> str:
    """What is said of a line that is no JSON."""
    return _("not JSON ({error})").format(error=reasons.of_json(error))


def no_object(row: object) -> str:
    """What is said of a line of JSON that is no object."""
    return _("expected an object, found {type}").format(type=type(row).__name__)


def ragged(fields: int, expected: int) -> str:
    """What is said of a row of more or fewer fields than the header."""
    return _("{fields} fields where the header has {expected}").format(fields=fields, expected=expected)


def in_header(path: Path, why: str) -> ValueError:
    """What is said of a header that cannot be read."""
    return ValueError(_("{file}, header: {why}").format(file=path.name, why=why))


def without_header(path: Path) -> ValueError:
    """What is said of a file that has no first line."""
    return ValueError(_("{file} is empty; expected a header and rows").format(file=path.name))


def _header(path: Path, reader: Iterator[list[str]]) -> list[str]:
    try:
        header = next(reader, [])
    except csv.Error as error:
        raise in_header(path, reasons.of_csv(error)) from None
    if not header:
        raise without_header(path)
    return header


def codec(encoding: str) -> str:
    """The name to open a file with. Raises ValueError for an unknown encoding."""
    try:
        return "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding  # with a byte order mark or without
    except LookupError as error:
        raise ValueError(str(error)) from None


def _lines(path: Path, encoding: str) -> Iterator[str]:
    encoding = codec(encoding)
    try:
        with path.open(encoding=encoding, newline="") as file:
            yield from _bounded(path, file)
    except UnicodeError as error:
        raise no_text(path, encoding, error) from None
    except LookupError as error:  # a codec between bytes and bytes
        raise ValueError(str(error)) from None


def no_text(path: Path, encoding: str, error: UnicodeError) -> ValueError:
    """What is said of a file that is in another encoding."""
    told = {"file": path.name, "encoding": encoding.removesuffix("-sig").upper()}
    if isinstance(error, UnicodeDecodeError):
        line = _("{file} is not {encoding} text (byte {byte})").format(byte=error.start, **told)
    else:
        line = _("{file} is not {encoding} text").format(**told)
    return ValueError(line + NAME_ENCODING)


def _bounded(path: Path, file: TextIO) -> Iterator[str]:
    number = 0
    while line := file.readline(LINE_LIMIT + 1):
        number += 1
        if len(line) > LINE_LIMIT:
            raise ValueError(
                _("{file}, line {line}: longer than {limit:,} characters").format(
                    file=path.name, line=number, limit=LINE_LIMIT
                )
            )
        yield line


def is_sentiment140(path: Path) -> bool:
    """Whether a CSV is the public Sentiment140 file: no header, six fields, the first of them 0, 2 or 4."""
    if path.suffix.lower() != ".csv":
        return False
    with path.open(encoding="latin-1", newline="") as file:
        try:
            first = next(csv.reader(_bounded(path, file)), [])
        except (csv.Error, ValueError):
            return False
    return len(first) == len(SENTIMENT140_COLUMNS) and first[0] in _SENTIMENT140_LABELS

"""Tables of text from files: parquet, CSV, TSV, JSON lines, and the public Sentiment140 CSV.

Sentiment140's authors distribute a CSV in latin-1, without header, of six columns: label, id, date, query, user, text.
Rows come one at a time, so a file of any size takes constant memory.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

SUFFIXES = (".parquet", ".csv", ".tsv", ".jsonl")
_SENTIMENT140_COLUMNS = ("label", "id", "date", "query", "user", "text")
_SENTIMENT140_LABELS = ("0", "2", "4")

# The csv module refuses fields over 128 kB; text may be longer, a quote left open should still not eat all memory.
csv.field_size_limit(10_000_000)


def rows(path: Path, columns: Sequence[str], encoding: str | None) -> Iterator[Sequence[object]]:
    """The named columns of every row of a table, in order.

    Raises LookupError for a missing column, ValueError (naming file and line) for a ragged row, a wrong encoding, a
    damaged file or a suffix not in `SUFFIXES`, OSError for a file that cannot be opened.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"{path.name}: cannot read {suffix or 'a file without a suffix'}; can: {', '.join(SUFFIXES)}")
    if suffix == ".parquet":
        yield from _parquet_rows(path, columns)
    elif suffix == ".jsonl":
        yield from _jsonl_rows(path, columns, encoding or "utf-8")
    else:
        yield from _delimited_rows(path, columns, encoding)


def _missing(path: Path, columns: Sequence[str], available: Sequence[str]) -> None:
    for column in columns:
        if column not in available:
            shown = ", ".join(name if name.isprintable() else repr(name) for name in available)
            raise LookupError(f"{path.name} has no column {column!r}; it has: {shown}")


def _parquet_rows(path: Path, columns: Sequence[str]) -> Iterator[Sequence[object]]:
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            _missing(path, columns, file.schema_arrow.names)
            for batch in file.iter_batches(batch_size=65_536, columns=list(dict.fromkeys(columns))):
                yield from zip(*(batch.column(column).to_pylist() for column in columns), strict=True)
    except (pyarrow.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # not there or not to be read; without a number it is pyarrow's word for damage
        raise ValueError(f"{path.name} is not a readable parquet file: {str(error).splitlines()[0]}") from None


def _jsonl_rows(path: Path, columns: Sequence[str], encoding: str) -> Iterator[Sequence[object]]:
    for number, line in enumerate(_lines(path, encoding), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:  # ValueError: not JSON, or a number of too many digits
            raise ValueError(f"{path.name}, line {number}: not JSON ({error})") from None
        if not isinstance(row, dict):
            raise ValueError(f"{path.name}, line {number}: expected an object, found {type(row).__name__}")
        _missing(path, columns, list(row))
        yield [row[column] for column in columns]


def _delimited_rows(path: Path, columns: Sequence[str], encoding: str | None) -> Iterator[Sequence[object]]:
    sentiment140 = is_sentiment140(path)
    lines = _lines(path, encoding or ("latin-1" if sentiment140 else "utf-8-sig"))
    reader = csv.reader(lines, delimiter="\t" if path.suffix.lower() == ".tsv" else ",", strict=True)
    try:
        header = list(_SENTIMENT140_COLUMNS) if sentiment140 else next(reader, [])
        if not header:
            raise ValueError(f"{path.name} is empty; expected a header and rows")
        _missing(path, columns, header)
        places = [header.index(column) for column in columns]
        for row in reader:
            if not row:
                continue
            if len(row) != len(header):
                raise ValueError(
                    f"{path.name}, line {reader.line_num}: {len(row)} fields where the header has {len(header)}"
                )
            yield [row[place] for place in places]
    except csv.Error as error:
        raise ValueError(f"{path.name}, line {reader.line_num}: {error}") from None


def _lines(path: Path, encoding: str) -> Iterator[str]:
    try:
        with path.open(encoding=encoding, newline="") as file:
            yield from file
    except UnicodeError as error:
        where = f" (byte {error.start})" if isinstance(error, UnicodeDecodeError) else ""
        name = encoding.removesuffix("-sig").upper()
        raise ValueError(f"{path.name} is not {name} text{where}; pass its encoding") from None
    except LookupError as error:
        raise ValueError(str(error)) from None


def is_sentiment140(path: Path) -> bool:
    """Whether a CSV is the public Sentiment140 file: no header, six fields, the first of them 0, 2 or 4."""
    if path.suffix.lower() != ".csv":
        return False
    with path.open(encoding="latin-1", newline="") as file:
        try:
            first = next(csv.reader(file), [])
        except csv.Error:
            return False
    return len(first) == len(_SENTIMENT140_COLUMNS) and first[0] in _SENTIMENT140_LABELS

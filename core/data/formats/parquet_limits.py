"""How large is a parquet file once unpacked? Its pages are measured before any is unpacked, so that no file is a bomb.

A page of zeros shrinks a thousandfold, and a dictionary of one long text repeats it at a few bits a row: a file of 3 kB
may hold ten terabytes. The sizes in the footer can be forged, but each page's own header tells the reader how much to
unpack (Apache Parquet, "parquet.thrift", PageHeader; Thrift's compact protocol). pyarrow does not show these headers,
so they are read here, one after another. They bound how many rows may be taken at a time:

- plain values in a page take no more than the page;
- values in a dictionary take no more, a row, than its longest;
- where each value continues the one before (DELTA_BYTE_ARRAY), it is no longer than the page.

A list in one row is not bounded: a column of lists is as large as it says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from pyarrow import Array, RecordBatch
    from pyarrow.parquet import ColumnChunkMetaData, ParquetFile

LIMIT = 256_000_000  # bytes of all pages unpacked at a time
VALUES = 64_000_000  # bytes of the values of rows taken at a time
LONGEST = 4_000_000  # bytes of one value
TOTAL, RATIO = 200_000_000, 100  # bytes that a file may unpack to in all: so many, or so many times its own size
_LARGEST_HEADER = 16_000_000  # bytes, as in pyarrow
# Fields of a PageHeader, and of the headers in it that tell a page's encoding
_UNPACKED, _PACKED, _DATA, _DICTIONARY, _DATA_V2 = 2, 3, 5, 7, 8
_ENCODING, _ENCODING_V2 = 2, 4
_PLAIN_DICTIONARY, _DELTA_BYTE_ARRAY, _RLE_DICTIONARY = 2, 7, 8
_BINARY = ("BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY")
# Types of Thrift's compact protocol, those that a PageHeader has
_TRUE, _FALSE, _I16, _I32, _I64, _BYTES, _STRUCT = 1, 2, 4, 5, 6, 8, 12
_DEEPEST = 16

Fields = dict[int, Any]
"""A struct's fields by id: whole numbers, and structs likewise."""


@dataclass(frozen=True)
class _Column:
    """The bytes of one column in a row group: its largest page and dictionary together; all its plain pages, and the
    largest of them; the longest value that its other pages may repeat."""

    together: int
    plain: int
    largest_plain: int
    longest: int


def batches(
    path: Path, file: ParquetFile, columns: list[str], size: int, groups: list[int] | None = None
) -> Iterator[RecordBatch]:
    """The columns' rows, of some row groups if given: at most `size` at a time, and so few that their values take at
    most `VALUES`.

    Raises ValueError where a page, a value, a row or the whole file is larger than allowed, and for damaged pages;
    pyarrow's errors otherwise.
    """
    rows = min(size, rows_at_a_time(path, file))
    most = max(TOTAL, RATIO * path.stat().st_size)
    number, total = 1, 0
    for batch in file.iter_batches(batch_size=rows, row_groups=groups, columns=columns):
        size_now = sum(expanded(column) for column in batch.columns)
        longest = max((_longest_of(column) for column in batch.columns), default=0)
        total += size_now
        last = number + len(batch) - 1
        if longest > LONGEST:
            why = _("rows {first:,} to {last:,} have a value of {longest:,} bytes; at most {limit:,}")
            raise _too_much(path, why.format(first=number, last=last, longest=longest, limit=LONGEST))
        if size_now > VALUES or total > most:
            why = _(
                "rows {first:,} to {last:,} have {found:,} bytes, {total:,} in all so far; at most "
                "{limit:,} and {most:,}"
            )
            raise _too_much(
                path, why.format(first=number, last=last, found=size_now, total=total, limit=VALUES, most=most)
            )
        yield batch
        number += len(batch)


def _too_much(path: Path, why: str) -> ValueError:
    return ValueError(_("{file} unpacks to more than the limit: {why}").format(file=path.name, why=why))


def unreadable(path: Path, why: str) -> ValueError:
    """The error for a file that is damaged or no parquet file."""
    return ValueError(_("{file} is not a readable parquet file: {why}").format(file=path.name, why=why))


def rows_at_a_time(path: Path, file: ParquetFile) -> int:
    """How many rows may be unpacked together, whatever their values are. Raises ValueError as `batches` does."""
    metadata = file.metadata
    rows = VALUES
    with path.open("rb") as raw:
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            columns = [_measured(path, raw, group.column(index)) for index in range(group.num_columns)]
            if sum(column.together for column in columns) > LIMIT:
                why = _(
                    "pages of more than {limit:,} bytes together in row group {group}; write the "
                    "file again with smaller pages, or as CSV"
                )
                raise _too_much(path, why.format(limit=LIMIT, group=number + 1))
            plain = sum(column.plain for column in columns)
            few = plain <= VALUES // 2  # then all of the group's plain values fit at once
            row = sum(16 + column.longest + (0 if few else column.largest_plain) for column in columns)
            rows = min(rows, max(1, (VALUES - plain if few else VALUES) // max(1, row)))
    return rows


def expanded(array: Array) -> int:
    """How many bytes the values of an array take once each stands by itself, a dictionary's texts repeated."""
    import pyarrow
    import pyarrow.compute

    if pyarrow.types.is_dictionary(array.type):
        if not _is_text(array.type.value_type):
            return 16 * len(array)
        lengths = pyarrow.compute.binary_length(array.dictionary).cast("int64")
        return int(pyarrow.compute.sum(lengths.take(array.indices)).as_py() or 0)
    if pyarrow.types.is_list(array.type) or pyarrow.types.is_large_list(array.type):
        return 8 * len(array) + expanded(array.flatten())
    return int(array.nbytes)


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    return any(is_kind(kind) for is_kind in (types.is_string, types.is_binary, types.is_large_string))


def _longest_of(array: Array) -> int:
    """The bytes of the longest text in an array, lists looked into."""
    import pyarrow
    import pyarrow.compute

    if pyarrow.types.is_dictionary(array.type):
        array = array.dictionary
    if pyarrow.types.is_list(array.type) or pyarrow.types.is_large_list(array.type):
        return _longest_of(array.flatten())
    if not _is_text(array.type):
        return 0
    return int(pyarrow.compute.max(pyarrow.compute.binary_length(array)).as_py() or 0)


def _measured(path: Path, raw: BinaryIO, column: ColumnChunkMetaData) -> _Column:
    start = column.data_page_offset
    if column.dictionary_page_offset:  # 0 where there is none, and in some old files
        start = min(start, column.dictionary_page_offset)
    end = start + column.total_compressed_size
    dictionary = largest = plain = largest_plain = longest = 0
    while 4 <= start < end:  # the pages of a column without rows are said to be at 0, where the file's mark is
        header, length = _header(path, raw, start)
        unpacked, packed = header.get(_UNPACKED, -1), header.get(_PACKED, -1)
        if not (isinstance(unpacked, int) and isinstance(packed, int) and unpacked >= 0 and packed >= 0):
            raise unreadable(path, _("a page at byte {start:,} has no size").format(start=start))
        if unpacked > LIMIT:
            why = _("a page of {size:,} bytes; at most {limit:,} at a time")
            raise _too_much(path, why.format(size=unpacked, limit=LIMIT))
        if _DICTIONARY in header:
            dictionary = max(dictionary, unpacked)
            if column.physical_type in _BINARY:
                longest = max(longest, _longest(raw, start + length, packed, unpacked, column))
        else:
            largest = max(largest, unpacked)
            encoding = header.get(_DATA, {}).get(_ENCODING, header.get(_DATA_V2, {}).get(_ENCODING_V2))
            if encoding == _DELTA_BYTE_ARRAY:
                longest = max(longest, unpacked)
            elif encoding not in (_PLAIN_DICTIONARY, _RLE_DICTIONARY):
                plain, largest_plain = plain + unpacked, max(largest_plain, unpacked)
        start += length + packed
    return _Column(largest + dictionary, plain, largest_plain, longest)


def _longest(raw: BinaryIO, start: int, packed: int, unpacked: int, column: ColumnChunkMetaData) -> int:
    """The longest value in a dictionary's page; the page's whole size where that is not known."""
    import pyarrow

    if column.physical_type != "BYTE_ARRAY":
        return unpacked
    raw.seek(start)
    content: Any = raw.read(packed)
    try:
        if column.compression != "UNCOMPRESSED":
            name = {"LZ4": "lz4_raw"}.get(column.compression, column.compression.lower())
            content = pyarrow.Codec(name).decompress(content, unpacked).to_pybytes()
    except (pyarrow.ArrowException, ValueError, OSError):
        return unpacked
    start = longest = 0
    while start + 4 <= len(content):
        length = int.from_bytes(content[start : start + 4], "little")
        longest = max(longest, length)
        start += 4 + length
    return min(longest, unpacked)


def _header(path: Path, raw: BinaryIO, start: int) -> tuple[Fields, int]:
    """The page header at an offset, and its length in bytes."""
    room = 1_024
    while True:
        raw.seek(start)
        content = raw.read(room)
        try:
            reader = _Compact(content)
            return reader.struct(), reader.offset
        except IndexError:
            if len(content) < room or room > _LARGEST_HEADER:
                break
            room *= 16
        except ValueError:
            break
    raise unreadable(path, _("no page header at byte {start:,}").format(start=start)) from None


class _Compact:
    """Reads Thrift's compact protocol; IndexError where the bytes end too early, ValueError where they are wrong."""

    def __init__(self, content: bytes):
        self._content = content
        self.offset = 0

    def struct(self, deep: int = 0) -> Fields:
        """A struct's whole numbers and structs; everything else is passed over."""
        if deep > _DEEPEST:
            raise ValueError("nested too deep")
        fields: Fields = {}
        number = 0
        while first := self._take(1)[0]:
            kind = first & 15
            number = number + (first >> 4) if first >> 4 else self._zigzag()
            if kind in (_I16, _I32, _I64):
                fields[number] = self._zigzag()
            elif kind == _STRUCT:
                fields[number] = self.struct(deep + 1)
            elif kind == _BYTES:
                self._take(self._varint())
            elif kind not in (_TRUE, _FALSE):
                raise ValueError(f"no type {kind} in a page header")
        return fields

    def _take(self, count: int) -> bytes:
        if self.offset + count > len(self._content):
            raise IndexError
        self.offset += count
        return self._content[self.offset - count : self.offset]

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self._take(1)[0]
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise ValueError("a number of more than ten bytes")

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

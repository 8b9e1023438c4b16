"""How large is a parquet file once it is unpacked? Its pages measured before any of them is, so that no file is a bomb.

A page of zeros shrinks a thousandfold, and a dictionary of one long text repeats it at a few bits a row: a file of 3 kB
may hold ten terabytes. What the footer says of sizes can be forged, but each page's own header tells its reader how
much to unpack (Apache Parquet, "parquet.thrift", PageHeader; Thrift's compact protocol), so the headers are read here,
one after another, as pyarrow will. They bound how many rows may be taken at a time:

- values that stand in a page plainly take no more than the page;
- those that stand in a dictionary take no more, a row, than its longest;
- where each value goes on from the one before (DELTA_BYTE_ARRAY), it is no longer than the page.

Not bounded is one row that holds a list of endless length: a column of lists is as large as it says.
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
# Types of Thrift's compact protocol
_TRUE, _FALSE, _BYTE, _DOUBLE, _BYTES, _LIST, _SET, _MAP, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12
_DEEPEST = 16

Fields = dict[int, Any]
"""A struct's fields by id: whole numbers, and structs likewise."""


@dataclass(frozen=True)
class _Column:
    """Of one column in a row group, in bytes: its largest page and dictionary; its plain pages together, and the
    largest; the longest value that its other pages may repeat."""

    together: int
    plain: int
    largest_plain: int
    longest: int


def batches(
    path: Path, file: ParquetFile, columns: list[str], size: int, groups: list[int] | None = None
) -> Iterator[RecordBatch]:
    """The columns' rows, of some row groups if these are told: at most `size` at a time, and so few that their values
    keep to `VALUES`.

    Raises ValueError where a page, a value or a row alone is larger than it may be, where all together are beyond
    reason, and for pages that are none; pyarrow's errors otherwise.
    """
    rows = min(size, rows_at_a_time(path, file))
    most = max(TOTAL, RATIO * path.stat().st_size)
    number, total = 1, 0
    for batch in file.iter_batches(batch_size=rows, row_groups=groups, columns=columns):
        found = sum(expanded(column) for column in batch.columns)
        longest = max((_longest_of(column) for column in batch.columns), default=0)
        total += found
        last = number + len(batch) - 1
        if longest > LONGEST:
            why = _("rows {first:,} to {last:,} have a value of {longest:,} bytes; at most {limit:,}")
            raise _too_much(path, why.format(first=number, last=last, longest=longest, limit=LONGEST))
        if found > VALUES or total > most:
            why = _(
                "rows {first:,} to {last:,} have {found:,} bytes, all up to there {total:,}; at most {limit:,} and "
                "{most:,}"
            )
            raise _too_much(
                path, why.format(first=number, last=last, found=found, total=total, limit=VALUES, most=most)
            )
        yield batch
        number += len(batch)


def _too_much(path: Path, why: str) -> ValueError:
    return ValueError(_("{file} unpacks to more than is taken: {why}").format(file=path.name, why=why))


def unreadable(path: Path, why: str) -> ValueError:
    """What is said of a parquet file that is damaged, or none."""
    return ValueError(_("{file} is not a readable parquet file: {why}").format(file=path.name, why=why))


def rows_at_a_time(path: Path, file: ParquetFile) -> int:
    """How many rows may be unpacked together, whatever their values are. Raises ValueError as `batches` does."""
    metadata = file.metadata
    rows = VALUES
    with path.open("rb") as raw:
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            found = [_measured(path, raw, group.column(place)) for place in range(group.num_columns)]
            if sum(column.together for column in found) > LIMIT:
                why = _(
                    "pages of more than {limit:,} bytes together in row group {group}; write it anew in smaller pages, "
                    "or as CSV"
                )
                raise _too_much(path, why.format(limit=LIMIT, group=number + 1))
            plain = sum(column.plain for column in found)
            few = plain <= VALUES // 2  # then all of the group's plain values fit at once
            row = sum(16 + column.longest + (0 if few else column.largest_plain) for column in found)
            rows = min(rows, max(1, (VALUES - plain if few else VALUES) // max(1, row)))
    return rows


def expanded(array: Array) -> int:
    """How many bytes the values of an array take once each stands by itself, a dictionary's texts repeated."""
    import pyarrow
    import pyarrow.compute

    if pyarrow.types.is_dictionary(array.type):
        kind = array.type.value_type
        if not (pyarrow.types.is_string(kind) or pyarrow.types.is_binary(kind) or pyarrow.types.is_large_string(kind)):
            return 16 * len(array)
        lengths = pyarrow.compute.binary_length(array.dictionary).cast("int64")
        return int(pyarrow.compute.sum(lengths.take(array.indices)).as_py() or 0)
    if pyarrow.types.is_list(array.type) or pyarrow.types.is_large_list(array.type):
        return 8 * len(array) + expanded(array.flatten())
    return int(array.nbytes)


def _longest_of(array: Array) -> int:
    """The bytes of the longest text in an array, lists looked into."""
    import pyarrow
    import pyarrow.compute

    if pyarrow.types.is_dictionary(array.type):
        array = array.dictionary
    if pyarrow.types.is_list(array.type) or pyarrow.types.is_large_list(array.type):
        return _longest_of(array.flatten())
    kind = array.type
    if not any(
        test(kind) for test in (pyarrow.types.is_string, pyarrow.types.is_binary, pyarrow.types.is_large_string)
    ):
        return 0
    return int(pyarrow.compute.max(pyarrow.compute.binary_length(array)).as_py() or 0)


def _measured(path: Path, raw: BinaryIO, column: ColumnChunkMetaData) -> _Column:
    start = column.data_page_offset
    if column.dictionary_page_offset:  # 0 where there is none, and in some old files
        start = min(start, column.dictionary_page_offset)
    end = start + column.total_compressed_size
    dictionary = largest = plain = largest_plain = longest = 0
    while (
        4 <= start < end
    ):  # a column of no rows has no pages and says that they are at 0, where the file's mark stands
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
    """The longest value of a dictionary's page; the page's whole size where that cannot be told."""
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
    place = longest = 0
    while place + 4 <= len(content):
        length = int.from_bytes(content[place : place + 4], "little")
        longest = max(longest, length)
        place += 4 + length
    return min(longest, unpacked)


def _header(path: Path, raw: BinaryIO, start: int) -> tuple[Fields, int]:
    """The page header at a place, and its length in bytes."""
    room = 1_024
    while True:
        raw.seek(start)
        content = raw.read(room)
        try:
            reader = _Compact(content)
            return reader.struct(), reader.place
        except IndexError:
            if len(content) < room or room > _LARGEST_HEADER:
                break
            room *= 16
        except ValueError:
            break
    raise unreadable(path, _("no page header at byte {start:,}").format(start=start)) from None


class _Compact:
    """Reads Thrift's compact protocol; IndexError where the bytes end too early, ValueError where they are none."""

    def __init__(self, content: bytes):
        self._content = content
        self.place = 0

    def struct(self, deep: int = 0) -> Fields:
        """A struct's whole numbers and structs; everything else is passed over."""
        if deep > _DEEPEST:
            raise ValueError("nested too deep")
        found: Fields = {}
        number = 0
        while (first := self._byte()) != 0:
            kind = first & 15
            number = number + (first >> 4) if first >> 4 else self._zigzag()
            if kind in (4, 5, 6):
                found[number] = self._zigzag()
            elif kind == _STRUCT:
                found[number] = self.struct(deep + 1)
            elif kind not in (_TRUE, _FALSE):
                self._skip(kind, deep)
        return found

    def _skip(self, kind: int, deep: int) -> None:
        if kind in (_TRUE, _FALSE, _BYTE):  # a byte each, as elements of a list
            self._forward(1)
        elif kind in (4, 5, 6):
            self._zigzag()
        elif kind == _DOUBLE:
            self._forward(8)
        elif kind == _BYTES:
            self._forward(self._varint())
        elif kind in (_LIST, _SET):
            first = self._byte()
            for _element in range(first >> 4 if first >> 4 < 15 else self._varint()):
                self._skip(first & 15, deep + 1)
        elif kind == _MAP:
            count = self._varint()
            kinds = self._byte() if count else 0
            for _entry in range(count):
                self._skip(kinds >> 4, deep + 1)
                self._skip(kinds & 15, deep + 1)
        elif kind == _STRUCT:
            self.struct(deep + 1)
        else:
            raise ValueError(f"no type {kind}")

    def _byte(self) -> int:
        self._forward(1)
        return self._content[self.place - 1]

    def _forward(self, count: int) -> None:
        if self.place + count > len(self._content):
            raise IndexError
        self.place += count

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise ValueError("a number of more than ten bytes")

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

"""How is a corpus cut into pieces that can be scored apart, in any order, on any machine?

A partition is so many rows, one after another, of one file or of several. Where it begins and ends follows from the
files and its size alone. They are found while the first are being scored, by a reader that looks for the ends of rows
only; of partitions that are known already nothing is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from core.data.formats.layout import Layout
from core.data.formats.record_lines import Mark
from core.data.records import marks


class Position(NamedTuple):
    """A position in a corpus: a file by number from 0, a mark in it, and about what share of the file lies before."""

    file: int = 0
    mark: Mark = Mark()
    share: float = 0.0

    @classmethod
    def of(cls, values: Sequence[object]) -> Position:
        """The position that JSON holds."""
        file, mark, share = values
        return cls(file, Mark(*mark), share)  # type: ignore[arg-type, misc]

    def same(self, other: Position) -> bool:
        """Whether two are behind the same rows; a stream can mark one row in several ways."""
        return (self.file, self.mark.rows, self.mark.lines) == (other.file, other.mark.rows, other.mark.lines)


class Partition(NamedTuple):
    """The rows from one position to another. `share` is how much of the corpus's bytes they are, about."""

    number: int
    start: Position
    stop: Position
    rows: int
    share: float

    @property
    def files(self) -> range:
        """The files in which it has rows, or could have."""
        return range(self.start.file, self.stop.file + (self.stop.mark.rows > 0))


def partitions(
    paths: Sequence[Path], layout: Layout | None, rows: int, known: Mapping[int, Partition]
) -> Iterator[Partition]:
    """The partitions of some tables, `rows` rows each, in order; those `known` by number are taken as they are.

    Rows that a quote had swallowed can make one longer, the end of the corpus the last one shorter. Raises ValueError
    where one that is known does not begin where the one before it ends, and what `core.data.records.marks` raises.
    """
    sizes = [path.stat().st_size for path in paths]
    position, number, search = Position(), 0, None
    while position.file < len(paths):
        partition = known.get(number)
        if partition is not None:
            if not partition.start.same(position):
                raise ValueError(f"partition {number:,} does not begin where the one before it ends")
            search = None
        else:
            search = search or _search(paths, sizes, layout, rows, position, number)
            partition = next(search, None)
            if partition is None:
                return
        yield partition
        position, number = partition.stop, number + 1


def _search(
    paths: Sequence[Path], sizes: Sequence[int], layout: Layout | None, rows: int, start: Position, number: int
) -> Iterator[Partition]:
    """The partitions from a position on."""
    total = max(1, sum(sizes))
    begin, held = start, 0
    for file in range(start.file, len(paths)):
        here = start.mark if file == start.file else Mark()
        for mark, share in marks(paths[file], layout, here, rows - held, rows):
            held, here = held + mark.rows - here.rows, mark
            stop = Position(file + 1) if share == 1 else Position(file, mark, share)
            if held >= rows or (held and stop.file == len(paths)):
                read = sum(sizes[begin.file : stop.file]) - begin.share * sizes[begin.file]
                read += stop.share * sizes[stop.file] if stop.share else 0
                yield Partition(number, begin, stop, held, read / total)
                begin, number, held = stop, number + 1, 0

"""The lines of a file of text, one at a time, and the ways back: to the line behind a broken one, to a mark set before.

No line is held that is longer than `LINE_LIMIT`, and no record of several lines either.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TextIO

from core.language import gettext as _
from core.tables import NAME_ENCODING, codec, is_sentiment140

LINE_LIMIT = 4_000_000  # characters
_UNDECODED = re.compile("[\udc80-\udcff]")  # what the error handler "surrogateescape" makes of bytes that are no text


class Mark(NamedTuple):
    """A place between two rows: behind so many rows and lines. `place` is where a text file is read on from; it is the
    stream's own (`TextIOBase.tell`), no number of bytes. None: at the first row."""

    rows: int = 0
    lines: int = 0
    place: int | None = None


class BrokenError(Exception):
    """A line that cannot be taken, or a quote that is not closed."""


class Lines(Iterator[str]):
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

    def go(self, mark: Mark) -> None:
        """Read on from a mark."""
        if mark.place is not None:
            self._file.seek(mark.place)
            self._again.clear()
            self.number = mark.lines

    def place(self) -> int | None:
        """Where the next line begins, for `Mark`; None where it is one that was given back."""
        return None if self._again else self._file.tell()

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
                raise BrokenError(
                    _("a quote is not closed before line {line}, which is too long to hold").format(
                        line=self.number + 1
                    )
                )
            self.number += 1
            raise BrokenError(_("longer than {limit:,} characters").format(limit=LINE_LIMIT))
        if not line:
            raise StopIteration
        self.number += 1
        self._record.append(line)
        self._characters += len(line)
        if self._characters > LINE_LIMIT and len(self._record) > 1:
            raise BrokenError(_("a quote is not closed within {limit:,} characters").format(limit=LINE_LIMIT))
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
            return _("bytes that are not {encoding} text").format(encoding=self._encoding)
        return None


@contextmanager
def opened(path: Path, encoding: str | None) -> Iterator[Lines]:
    encoding = codec(encoding or ("latin-1" if is_sentiment140(path) else "utf-8"))
    try:
        file = path.open(encoding=encoding, errors="surrogateescape", newline="")
    except LookupError as error:  # a codec between bytes and bytes
        raise ValueError(str(error)) from None
    with file:
        try:
            yield Lines(path, file, encoding)
        except UnicodeError:  # of a codec that has no such error handler
            line = _("{file} is not {encoding} text").format(file=path.name, encoding=encoding.upper())
            raise ValueError(line + NAME_ENCODING) from None

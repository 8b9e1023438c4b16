"""What was made of a word before? Results by word, so that the words that are everywhere cost one look.

Memory is bounded: when it is full it begins anew, and of what it held before only what is met again stays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

SIZE, LONGEST = 100_000, 40  # words, characters of one

T = TypeVar("T")


class WordCache(dict[str, T]):
    """``cache[word]`` is what `make` makes of a word; words longer than `LONGEST` are made anew each time."""

    def __init__(self, make: Callable[[str], T]):
        super().__init__()
        self._make = make
        self._before: dict[str, T] = {}

    def __missing__(self, word: str) -> T:
        made = self._before[word] if word in self._before else self._make(word)
        if len(word) <= LONGEST:
            if len(self) >= SIZE:
                self._before = dict(self)
                self.clear()
            self[word] = made
        return made

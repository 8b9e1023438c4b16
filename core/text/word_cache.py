"""Results by word, remembered, so that frequent words are processed once.

Memory is bounded: a full cache starts again, and of its words only those that are met again are kept.
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

"""Which sequences does a certificate speak of? Words replaced from a list, or moved a short way.

A family's sequences are rows of numbers of its `words`, sorted so that those that begin alike stand side by side, as
`shared_prefixes` wants them. They come in parts, the smallest changes first.

- `Substitutions`: up to `most` tokens replaced, each by one of its own substitutes; part k replaces k of them.
- `Moves`: every order in which no token stands further than `most` places from where it was; part d has the orders that
  move one so far. Equal tokens keep their order, so that no sequence comes twice. With a `window`, only orders that
  differ from the text in no more than so many tokens side by side.

Axes: C rows in a block, n tokens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import comb
from typing import NamedTuple

import numpy as np

from core.runtime.i18n import gettext as _

BLOCK = 5_040  # rows
_FRONTIER = 16_384  # orders grown together
_MOST_WORDS = 65_535  # numbers of 16 bits
_MOST_TOGETHER = 62  # tokens, each a bit of a number
_MOST_STATES = 15_000  # sets of tokens at one place; of more, even counting the orders takes minutes


class Part(NamedTuple):
    """The sequences with changes of one size: how many there are, and blocks [C, n] of them."""

    size: int
    sequences: int
    blocks: Iterator[np.ndarray]


@dataclass(frozen=True)
class Substitutions:
    """`listed` [n] are each token's substitutes, none of them the token itself, none twice.

    Raises ValueError for lists that do not fit the tokens, and for an impossible `most`.
    """

    tokens: tuple[str, ...]
    listed: tuple[tuple[str, ...], ...]
    most: int

    def __post_init__(self) -> None:
        if len(self.listed) != len(self.tokens):
            raise ValueError(f"{len(self.listed)} lists of substitutes for {len(self.tokens)} tokens")
        if len(self.words) > _MOST_WORDS:
            raise ValueError(
                _("the lists have {count:,} different words; at most {most:,} can be searched").format(
                    count=len(self.words), most=_MOST_WORDS
                )
            )
        if not 1 <= self.most <= len(self.tokens):
            raise ValueError(
                _("can replace 1 to {count:,} of these words; given: {given:,}").format(
                    count=len(self.tokens), given=self.most
                )
            )

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The tokens and their substitutes, none twice."""
        return tuple(dict.fromkeys((*self.tokens, *(word for words in self.listed for word in words))))

    @cached_property
    def own(self) -> np.ndarray:
        """The row of the text itself [n]."""
        return self._numbers(self.tokens)

    def reach(self, position: int) -> np.ndarray:
        """The numbers of the words that may stand at a position."""
        return self._numbers((self.tokens[position], *self.listed[position]))

    @cached_property
    def count(self) -> int:
        """How many sequences there are, the text itself among them."""
        return sum(self._counts)

    @cached_property
    def _counts(self) -> list[int]:
        """How many replace 0, 1, … tokens: the elementary symmetric polynomials of the lists' lengths."""
        counts = [1] + [0] * self.most
        for words in self.listed:
            for size in range(self.most, 0, -1):
                counts[size] += counts[size - 1] * len(words)
        return counts

    def parts(self, proved: Mapping[int, Collection[int]] | None = None) -> Iterator[Part]:
        """The parts. Of those of two changes and more, sequences whose first change is `proved`, by position, are left
        out of the blocks, but counted."""
        for size in range(1, min(self.most, sum(map(bool, self.listed))) + 1):
            found = self._changed(size, 0, proved if size > 1 and proved else {})
            yield Part(size, self._counts[size], _gathered(found))

    def _changed(self, size: int, start: int, without: Mapping[int, Collection[int]]) -> Iterator[np.ndarray]:
        """Rows [C, n − start] of every way to replace `size` tokens from `start` on, sorted."""
        if size == 0:
            yield self.own[None, start:]
            return
        for first in range(len(self.tokens) - size, start - 1, -1):
            numbers = self.reach(first)[1:]
            numbers = numbers[~np.isin(numbers, [*without.get(first, ())])]
            if size > 2:  # one after the other: together they would take much memory
                for number in numbers[:, None]:
                    for rest in self._changed(size - 1, first + 1, {}):
                        yield self._joined(start, first, number, rest)
            elif size == 1 or (behind := [*self._changed(1, first + 1, {})]):
                yield self._joined(
                    start, first, numbers, self.own[None, first + 1 :] if size == 1 else np.vstack(behind)
                )

    def _joined(self, start: int, first: int, numbers: np.ndarray, rest: np.ndarray) -> np.ndarray:
        """The tokens from `start` on: the text's own before `first`, some numbers there, the rows behind."""
        rows = np.empty((len(numbers) * len(rest), len(self.tokens) - start), dtype=np.uint16)
        rows[:, : first - start] = self.own[start:first]
        rows[:, first - start] = numbers.repeat(len(rest))
        rows[:, first - start + 1 :] = np.tile(rest, (len(numbers), 1))
        return rows

    def _numbers(self, words: Sequence[str]) -> np.ndarray:
        return np.array([self._number_of[word] for word in words], dtype=np.uint16)

    @cached_property
    def _number_of(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.words)}


@dataclass(frozen=True)
class Moves:
    """Orders of `tokens`; those at `pinned` positions stay. Rows hold positions, so every token is a word of its own.

    Raises ValueError for an impossible `most`, `window` or position, and for a long text without a window.
    """

    tokens: tuple[str, ...]
    most: int
    pinned: frozenset[int] = frozenset()
    window: int | None = None

    def __post_init__(self) -> None:
        if outside := sorted(self.pinned - set(range(len(self.tokens)))):
            raise ValueError(
                _("cannot lock position {place}: the sentence has {count} tokens").format(
                    place=outside[0] + 1, count=len(self.tokens)
                )
            )
        if self.most < 1:
            raise ValueError(_("words can move by 1 place or more; given: {given:,}").format(given=self.most))
        if self.window is not None and not 2 <= self.window <= _MOST_TOGETHER:
            raise ValueError(
                _("a window has 2 to {most} words; given: {given:,}").format(most=_MOST_TOGETHER, given=self.window)
            )
        if self.window is None and len(self.tokens) > _MOST_TOGETHER:
            raise ValueError(
                _("{count:,} words have too many orders to be read; name a window of at most {most}").format(
                    count=len(self.tokens), most=_MOST_TOGETHER
                )
            )
        near = min(2 * self.most, len(self.tokens) - len(self.pinned), self.window or _MOST_TOGETHER)
        if comb(near, near // 2) > _MOST_STATES:
            raise ValueError(
                _("{given:,} places are too many for {count:,} words; allow nearer moves").format(
                    given=self.most, count=len(self.tokens)
                )
            )

    @property
    def words(self) -> tuple[str, ...]:
        """The tokens, as they stand."""
        return self.tokens

    @property
    def own(self) -> np.ndarray:
        """The row of the text itself [n]."""
        return np.arange(len(self.tokens), dtype=np.uint16)

    def reach(self, position: int) -> np.ndarray:
        """The numbers of the tokens that may stand at a position."""
        return np.array(self._reach(position, 0, len(self.tokens), self.most), dtype=np.uint16)

    @cached_property
    def count(self) -> int:
        """How many orders there are, the text itself among them."""
        return sum(self._counts)

    @cached_property
    def _counts(self) -> list[int]:
        """How many move no token, one by 1 place and none further, by 2, …"""
        whole = self.window is None
        within = [1]
        for most in range(1, self._furthest + 1):
            spans = (self._counted(*span, most) for span in self._spans)
            within.append(self._counted(0, len(self.tokens), most, moved=False) if whole else 1 + sum(spans))
        return [1, *(more - fewer for fewer, more in pairwise(within))]

    @property
    def _furthest(self) -> int:
        """How many places any token can move."""
        return min(self.most, len(self.tokens) - 1)

    @cached_property
    def _spans(self) -> list[tuple[int, int]]:
        """The spans of tokens in which an order may differ from the text, each from the first that does."""
        n = len(self.tokens)
        return [(first, n if self.window is None else min(first + self.window, n)) for first in range(n - 1)]

    def parts(self, proved: object = None) -> Iterator[Part]:
        """The parts; nothing is left out of them."""
        for size in range(1, self._furthest + 1):
            yield Part(size, self._counts[size], _gathered(self._moved(size)))

    def _moved(self, size: int) -> Iterator[np.ndarray]:
        """Rows [C, n] of the orders that move a token by `size` places and none further, sorted."""
        for span in reversed(self._spans):
            for rows in self._orders(*span, size):
                yield rows[np.abs(rows.astype(np.int64) - self.own).max(axis=1) == size]

    def _reach(self, position: int, first: int, last: int, most: int) -> list[int]:
        """The tokens of a span that may stand at one of its positions."""
        if position in self.pinned:
            return [position]
        near = range(max(position - most, first), min(position + most + 1, last))
        return [token for token in near if token not in self.pinned]

    def _rules(self, first: int, last: int, most: int, moved: bool = True) -> list[list[tuple[int, int, int]]]:
        """For each position of a span, the tokens that may follow there: as bits, with the one that must have come
        before it (an equal one) and those that have no later place, of which none but itself may be missing.

        With `moved`, the first position is not its own token's.
        """
        bits = {token: 1 << (token - first) for token in range(first, last)}
        free = [token for token in range(first, last) if token not in self.pinned]
        equal: dict[str, int] = {}
        before = {}
        for token in free:
            before[token], equal[self.tokens[token]] = equal.get(self.tokens[token], 0), bits[token]
        latest = {token: max(place for place in free if place <= token + most) for token in free}
        rules = []
        for position in range(first, last):
            due = sum(bits[token] for token in free if latest[token] == position)
            reach = [
                token
                for token in self._reach(position, first, last, most)
                if not moved or token != first or position > first
            ]
            rules.append([(bits[token], before.get(token, 0), due & ~bits[token]) for token in reach])
        return rules

    def _counted(self, first: int, last: int, most: int, moved: bool = True) -> int:
        """How many orders differ from the text in a span only; with `moved`, from its first token on."""
        counts = Counter({0: 1})
        for choices in self._rules(first, last, most, moved):
            longer: Counter[int] = Counter()
            for used, count in counts.items():
                for bit, before, due in choices:
                    if not used & bit and used & before == before and used & due == due:
                        longer[used | bit] += count
            counts = longer
        return counts.total()

    def _orders(self, first: int, last: int, most: int) -> Iterator[np.ndarray]:
        """These orders, rows [C, n], sorted."""
        rules = self._rules(first, last, most)
        waiting = [(np.tile(self.own, (1, 1)), np.zeros(1, dtype=np.int64), 0)]  # rows, tokens used, and how long
        while waiting:
            rows, used, length = waiting.pop()
            if length == len(rules):
                yield rows
                continue
            bits, before, due = np.array(rules[length], dtype=np.int64).reshape(-1, 3).T
            state = used[:, None]
            able = (state & bits == 0) & (state & before == before) & (state & due == due)
            parents, columns = np.nonzero(able)
            rows, used = rows[parents], used[parents] | bits[columns]
            rows[:, first + length] = first + np.log2(bits[columns]).astype(np.uint16)
            half = len(rows) // 2 if len(rows) > _FRONTIER else 0
            pieces = [(rows[part], used[part], length + 1) for part in (slice(half), slice(half, None))]
            waiting += [piece for piece in reversed(pieces) if len(piece[0])]


Family = Substitutions | Moves


def _gathered(blocks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """The same rows in blocks of about `BLOCK`."""
    waiting: list[np.ndarray] = []
    count = 0
    for rows in blocks:
        waiting.append(rows)
        count += len(rows)
        if count >= BLOCK:
            yield np.concatenate(waiting)
            waiting, count = [], 0
    if count:
        yield np.concatenate(waiting)

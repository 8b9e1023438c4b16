"""Which orders of a sentence's words are there, and which of them are the most fluent?

An order is a row of token positions. Copies of a word keep their order, so every sequence of words occurs once. Pinned
tokens stay where they are.

Fluency is a trigram's: table[a, b, c] is log p(token c | a, b) in nats, index n being the start as a context and the
end as a target. Under a trigram the best completion of a prefix depends only on its last two tokens and the set of
words left, so it is computed for all of them by dynamic programming over sets, backwards (Bellman 1962; Held & Karp
1962), up to `MOST_EXACT` free words. Then

    f(prefix) = log p(prefix) + the best completion's log p

is the fluency of the best order with this prefix. A beam of width M that keeps the highest f at every step loses none
of the M most fluent orders: fewer than M prefixes exceed their f at any step.

For more words f is an upper bound (every remaining word at its best in any context), and the beam notes the highest f
that it dropped: all orders above it were found.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from math import comb, factorial, prod
from typing import NamedTuple

import numpy as np

from core.runtime.i18n import gettext as _

MOST_TOKENS = 60  # sets of words are bits of 64
MOST_EXACT = 16  # free words up to which best completions are known: 2^16 sets times pairs of last words
_SUFFIX = 7  # words whose arrangements are listed at once: 7! = 5,040 rows
_MOST_BYTES = 300_000_000  # that the best completions may take
_NEVER = np.float64(-np.inf)


@dataclass(frozen=True)
class Words:
    """The words to arrange: `kinds[i]` is the same for equal tokens; `pinned` positions stay. Raises ValueError."""

    kinds: tuple[int, ...]
    pinned: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if not 0 < len(self.kinds) <= MOST_TOKENS:
            raise ValueError(
                _("can search orders of 1 to {most} tokens; given: {count:,}").format(
                    most=MOST_TOKENS, count=len(self.kinds)
                )
            )
        outside = sorted(self.pinned - set(range(len(self.kinds))))
        if outside:
            raise ValueError(
                _("cannot lock position {place}: the sentence has {count} tokens").format(
                    place=outside[0] + 1, count=len(self.kinds)
                )
            )

    @classmethod
    def of(cls, tokens: Sequence[object], pinned: Collection[int] = ()) -> Words:
        """Equal tokens are of one kind."""
        numbers: dict[object, int] = {}
        return cls(tuple(numbers.setdefault(token, len(numbers)) for token in tokens), frozenset(pinned))

    def __len__(self) -> int:
        return len(self.kinds)

    @cached_property
    def free(self) -> tuple[int, ...]:
        """The positions that are not pinned."""
        return tuple(index for index in range(len(self.kinds)) if index not in self.pinned)

    @cached_property
    def _copies(self) -> dict[int, list[int]]:
        copies: dict[int, list[int]] = {}
        for index in self.free:
            copies.setdefault(self.kinds[index], []).append(index)
        return copies

    @property
    def count(self) -> int:
        """How many distinct orders there are."""
        return factorial(len(self.free)) // prod(factorial(len(copies)) for copies in self._copies.values())

    @cached_property
    def earlier_copy(self) -> tuple[int | None, ...]:
        """For each free token, the number of the free token that is its previous copy, or None."""
        numbers = {index: number for number, index in enumerate(self.free)}
        before = {later: numbers[earlier] for copies in self._copies.values() for earlier, later in pairwise(copies)}
        return tuple(before.get(index) for index in self.free)

    def original(self) -> np.ndarray:
        """The order as it stands, [1, n]."""
        return np.arange(len(self.kinds), dtype=np.uint8)[None]

    def all_orders(self) -> Iterator[np.ndarray]:
        """Every order once, in blocks uint8 [N, n], sorted."""
        groups = list(self._copies.values())
        for block in _sequences(tuple(len(copies) for copies in groups)):
            yield self._assemble(block, groups)

    def _assemble(self, sequences: np.ndarray, groups: list[list[int]]) -> np.ndarray:
        """Orders [N, n] from sequences of kinds [N, free]: the first of a kind is its first copy, and so on."""
        orders = np.tile(np.arange(len(self.kinds), dtype=np.uint8), (len(sequences), 1))
        arranged = np.empty_like(sequences)
        for kind, copies in enumerate(groups):
            here = sequences == kind
            if len(copies) == 1:
                arranged[here] = copies[0]
            else:
                nth = here.cumsum(axis=1, dtype=np.int64) - 1
                arranged[here] = np.array(copies, dtype=np.uint8)[nth[here]]
        orders[:, list(self.free)] = arranged
        return orders


def _sequences(counts: tuple[int, ...]) -> Iterator[np.ndarray]:
    """All sequences with so many of each kind, uint8 [N, sum], in lexicographic order, in blocks."""
    if sum(counts) <= _SUFFIX:
        yield _block(counts)
        return
    for kind, count in enumerate(counts):
        if count:
            for rest in _sequences((*counts[:kind], count - 1, *counts[kind + 1 :])):
                yield np.insert(rest, 0, kind, axis=1)


def _block(counts: tuple[int, ...]) -> np.ndarray:
    present = np.array([kind for kind, count in enumerate(counts) if count], dtype=np.uint8)
    local = _arrangements(tuple(count for count in counts if count))
    return present[local] if len(present) else np.empty((1, 0), dtype=np.uint8)


@lru_cache(maxsize=256)
def _arrangements(counts: tuple[int, ...]) -> np.ndarray:
    if not sum(counts):
        return np.empty((1, 0), dtype=np.uint8)
    parts = []
    for kind, count in enumerate(counts):
        if count:
            rest = _arrangements((*counts[:kind], count - 1, *counts[kind + 1 :]))
            parts.append(np.insert(rest, 0, kind, axis=1))
    return np.concatenate(parts)


def fluencies(orders: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Log-probability float64 [N] of orders [N, n] in nats, the end of the sentence included."""
    count, length = orders.shape
    total = np.zeros(count)
    edge = np.full(count, length)
    before, last = edge, edge
    for step in range(length):
        token = orders[:, step].astype(np.int64)
        total += table[before, last, token]
        before, last = last, token
    total += table[before, last, edge]
    return total


class Ranked(NamedTuple):
    """Orders uint8 [N, n] with their fluency float64 [N] (nats), most fluent first.

    Every order with a fluency above `complete_above` is included; minus infinity if none is missing.
    """

    orders: np.ndarray
    fluency: np.ndarray
    complete_above: float


class Ranking:
    """The most fluent orders of some words under a trigram's table float32 [n+1, n+1, n+1].

    Takes seconds for many words; `check_cancelled` is called several times a second.
    """

    def __init__(self, words: Words, table: np.ndarray, check_cancelled: Callable[[], object] = lambda: None):
        length = len(words)
        if table.shape != (length + 1,) * 3:
            raise ValueError(f"a table for {length} tokens has shape {(length + 1,) * 3}; given: {table.shape}")
        self.words, self._table, self._check_cancelled = words, np.asarray(table, dtype=np.float64), check_cancelled
        self.exact = self.is_exact(words)
        if self.exact:
            self._complete()
        else:
            # The best that any context gives each token; the end too.
            self._best = self._table.max(axis=(0, 1))

    @staticmethod
    def is_exact(words: Words) -> bool:
        """Whether the most fluent orders can be found exactly in bounded memory."""
        if len(words.free) > MOST_EXACT:
            return False
        used, tables = 0, 0
        for index in range(len(words)):
            tables += comb(len(words.free), used)
            used += index not in words.pinned
        return tables * (len(words) + 1) ** 2 * 4 <= _MOST_BYTES

    def _complete(self) -> None:
        """`_rest[p][s, a, b]`: the best log-probability of a completion from position p, after the set s of free words
        (numbered among those of its size) and the last two tokens a, b."""
        words, table, length, free = self.words, self._table, len(self.words), self.words.free
        sets = np.arange(1 << len(free), dtype=np.int64)
        sizes = np.bitwise_count(sets)
        self._number = np.empty(len(sets), dtype=np.int64)  # of a set among those of its size
        by_size = [np.flatnonzero(sizes == size) for size in range(len(free) + 1)]
        for members in by_size:
            self._number[members] = np.arange(len(members))
        self._rest: list[np.ndarray] = [np.empty(0)] * (length + 1)
        self._rest[length] = table[None, :, :, length]
        used = len(free)
        for step in range(length - 1, -1, -1):
            self._check_cancelled()
            after = self._rest[step + 1]
            if step in words.pinned:
                self._rest[step] = (table[None, :, :, step] + after[:, None, :, step]).astype(np.float32)
                continue
            used -= 1
            members = by_size[used]
            best = np.full((len(members), length + 1, length + 1), _NEVER, dtype=np.float32)
            for number, token in enumerate(free):
                self._check_cancelled()
                allowed = self._allowed(members, number)
                following = after[self._number[members[allowed] | (1 << number)], :, token]  # [s, b]
                value = table[None, :, :, token] + following[:, None, :]
                best[allowed] = np.maximum(best[allowed], value)
            self._rest[step] = best

    def _allowed(self, sets: np.ndarray, number: int) -> np.ndarray:
        """After which sets of used words a free word may come: without it, and with its previous copy."""
        allowed: np.ndarray = sets >> number & 1 == 0
        earlier = self.words.earlier_copy[number]
        if earlier is not None:
            allowed &= sets >> earlier & 1 == 1
        return allowed

    def most_fluent(self, count: int) -> Ranked:
        """The `count` most fluent orders, or all if there are fewer; if not `exact`, the best that a beam finds."""
        words, table, length, free = self.words, self._table, len(self.words), self.words.free
        paths = np.empty((1, length), dtype=np.uint8)
        sets = np.zeros(1, dtype=np.int64)
        before = last = np.full(1, length)
        so_far = np.zeros(1)
        hopes = np.zeros(1) if self.exact else np.array([self._best.sum()])  # f of the module's text
        lost = _NEVER
        for step in range(length):
            self._check_cancelled()
            if step in words.pinned:
                parent = np.arange(len(paths))
                number = np.full(len(paths), -1)
                token = np.full(len(paths), step)
            else:
                choices = [np.flatnonzero(self._allowed(sets, number)) for number in range(len(free))]
                parent = np.concatenate(choices)
                number = np.repeat(np.arange(len(free)), [len(found) for found in choices])
                token = np.array(free)[number]
            gained = so_far[parent] + table[before[parent], last[parent], token]
            following = np.where(number < 0, sets[parent], sets[parent] | (1 << np.maximum(number, 0)))
            if self.exact:
                hoped = gained + self._rest[step + 1][self._number[following], last[parent], token]
            else:  # what was hoped for less the best of the token now placed, plus what it gave
                hoped = hopes[parent] - so_far[parent] - self._best[token] + gained
            if len(hoped) > count:
                kept = np.argpartition(-hoped, count - 1)[:count]
                dropped = np.ones(len(hoped), dtype=bool)
                dropped[kept] = False
                lost = max(lost, hoped[dropped].max())
                parent, token, gained, following = parent[kept], token[kept], gained[kept], following[kept]
                hoped = hoped[kept]
            paths = paths[parent]
            paths[:, step] = token
            before, last = last[parent], token
            so_far, sets, hopes = gained, following, hoped
        fluency = so_far + table[before, last, length]
        by_fluency = np.argsort(-fluency, kind="stable")
        return Ranked(paths[by_fluency], fluency[by_fluency], float(lost))

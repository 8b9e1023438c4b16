"""Pairs of sentences of the same words in two orders, both valid English by construction: which meaning follows?

The patterns are in ``patterns.toml`` beside this module, whose head explains how they are written. A pattern is two
templates that are permutations of each other, and one filler fills a slot of both; so are the sentences. What is known
of their gold labels is one of `RELATIONS`. Their idea is that of contrast sets (Gardner et al. 2020, "Evaluating
Models' Local Decision Boundaries via Contrast Sets"), here with no word exchanged.

Pairs are not made in advance: a pattern makes the one of any number. Its numbers run through its blocks, a topic and a
side each, and within a block through the fillers, in mixed radix.
"""

from __future__ import annotations

import re
import tomllib
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import accumulate, combinations, permutations, product
from pathlib import Path
from typing import Any

import numpy as np

from core.data.labels import SENTIMENT, Names
from core.text import slots
from core.text.slots import Filler, Words

DIFFER, STAY, OPEN = "differ", "stay", "open"
RELATIONS = (DIFFER, STAY, OPEN)
"""Of the two gold labels: they must differ, must stay the same, or are open."""
_FILE = Path(__file__).with_name("patterns.toml")
_KEYS = {"name", "a", "b", "must", "main", "labels", "topics"}


@dataclass(frozen=True)
class Pair:
    """Two sentences of the same words; `labels` are their gold labels, None where they are not known.

    `fillers` are the slots, each with its filler.
    """

    pattern: str
    a: str
    b: str
    must: str
    labels: Names | None
    fillers: tuple[tuple[str, Filler], ...]


@dataclass(frozen=True)
class Block:
    """The fillers of a topic and a side, and the gold labels that follow."""

    words: Words
    labels: Names | None

    @property
    def count(self) -> int:
        """How many pairs it makes."""
        return slots.combinations(self.words)


@dataclass(frozen=True)
class Pattern:
    """Two templates, the relation of their gold labels, and the fillers, block by block.

    `main` is the slot, or a piece of one, whose values cluster the pairs. Raises ValueError for an unknown relation,
    labels that do not fit it, templates that are not permutations of each other, and slots without fitting fillers.
    """

    name: str
    a: str
    b: str
    must: str
    main: str
    blocks: tuple[Block, ...]

    def __post_init__(self) -> None:
        def check(fine: bool, fault: str) -> None:
            if not fine:
                raise ValueError(f"pattern {self.name!r}: {fault}")

        check(self.must in RELATIONS, f"no relation {self.must!r}; available: {', '.join(RELATIONS)}")
        same_words = sorted(self.a.split()) == sorted(self.b.split()) and self.a != self.b
        check(same_words, "its two templates are not permutations of each other")
        names = slots.slots(self.a)
        check(self.main.partition("[")[0] in names, f"it has no slot {self.main!r}")
        check(bool(self.blocks), "a slot has no fillers, or no topic has fillers for all")
        for block in self.blocks:
            check([name for name, _of_slot in block.words] == names, "its slots and its fillers are not the same")
            for name, of_slot in block.words:
                pieces = _pieces(self.a, name)
                check(bool(of_slot) and len(set(of_slot)) == len(of_slot), f"{name!r} has no filler, or one twice")
                check(all(_fits(filler, pieces) for filler in of_slot), f"a filler of {name!r} has other pieces")
            labels = block.labels
            known = labels is not None and set(labels) <= set(SENTIMENT)
            check(labels is None or known, f"labels are two of {', '.join(SENTIMENT)}; given: {labels}")
            apart = labels is not None and labels[0] != labels[1]
            check(labels is None or self.must != OPEN, "it is open, so it has no labels")
            check(apart == (self.must == DIFFER), f"labels {labels} of a pattern whose labels must {self.must}")

    @cached_property
    def count(self) -> int:
        """How many pairs it makes."""
        return sum(block.count for block in self.blocks)

    def pair(self, number: int) -> Pair:
        """The pair of this number, from 0. Raises LookupError for a number that no pair has."""
        if not 0 <= number < self.count:
            raise LookupError(f"pattern {self.name!r} has the pairs 0 to {self.count - 1:,}; given: {number:,}")
        for block in self.blocks:
            if number < block.count:
                break
            number -= block.count
        return self.filled(block, slots.combination(block.words, number))

    def filled(self, block: Block, chosen: Mapping[str, Filler]) -> Pair:
        """The pair of a block's fillers."""
        a, b = self.a.format(**chosen), self.b.format(**chosen)
        return Pair(self.name, a, b, self.must, block.labels, tuple(chosen.items()))

    def draw(self, limit: int, seed: int) -> tuple[Pair, ...]:
        """`limit` different pairs, or all of them where there are no more, by ascending number.

        Each block gives equally many as far as it can, so that no topic and no side dominates.
        """
        rng = self._rng(seed)
        starts = accumulate((block.count for block in self.blocks), initial=0)
        numbers = [
            start + number
            for start, block, share in zip(starts, self.blocks, self._shares(limit, rng), strict=False)
            if share
            for number in slots.draw(block.words, share, rng)
        ]
        return tuple(map(self.pair, numbers))

    def cluster(self, pair: Pair) -> str:
        """The value of the main slot in one of its pairs."""
        return f"{{{self.main}}}".format(**dict(pair.fillers))

    def nearest(self, tokens: Sequence[str], seed: int) -> tuple[int, Pair]:
        """The pair that uses most of some words, where they are fillers, the rest drawn; and how many it uses."""
        rng = self._rng(seed)
        pairs = [self.filled(block, self._own(block, tokens, rng)) for block in self.blocks]
        used = [(Counter(tokens) & Counter(pair.a.split())).total() for pair in pairs]
        return max(used), pairs[_drawn_best(used, rng)]

    def _own(self, block: Block, tokens: Sequence[str], rng: np.random.Generator) -> dict[str, Filler]:
        """For each slot the filler with most of the words that are left of some, in pieces of which none is missing."""
        left = Counter(tokens)
        left.subtract(self.a.split())
        chosen = {}
        for name, of_slot in block.words:
            used = {piece: _used(piece, left) for piece in {piece for filler in of_slot for piece in _parts(filler)}}
            scores = [sum(map(used.__getitem__, _parts(filler))) for filler in of_slot]
            chosen[name] = of_slot[_drawn_best(scores, rng)]
            left.subtract(word for piece in _parts(chosen[name]) if used[piece] for word in piece.split())
        return chosen

    def _shares(self, limit: int, rng: np.random.Generator) -> list[int]:
        """How many pairs each block gives."""
        shares, left = [0] * len(self.blocks), min(limit, self.count)
        order = rng.permutation(len(self.blocks)).tolist()
        while left:
            for number in order:
                if left and shares[number] < self.blocks[number].count:
                    shares[number] += 1
                    left -= 1
        return shares

    def _rng(self, seed: int) -> np.random.Generator:
        # A stream of its own: a pattern's draw stays what it is when others come or go.
        return np.random.default_rng([seed, zlib.crc32(self.name.encode())])


@cache
def load() -> tuple[Pattern, ...]:
    """The patterns, in the file's order. Raises ValueError for an invalid table."""
    return read(tomllib.loads(_FILE.read_text(encoding="utf-8")))


def named(names: Sequence[str] = ()) -> tuple[Pattern, ...]:
    """The patterns of some names, in the file's order; all where none is named. Raises LookupError."""
    known = [pattern.name for pattern in load()]
    if unknown := [name for name in names if name not in known]:
        raise LookupError(f"no pattern {unknown[0]!r}; available: {', '.join(known)}")
    return tuple(pattern for pattern in load() if not names or pattern.name in names)


def nearest(tokens: Sequence[str], limit: int, seed: int = 0) -> tuple[Pair, ...]:
    """`limit` patterns filled with a sentence's own words where they are fillers, and other words drawn.

    The one that uses most of the words comes first. Raises ValueError for a limit below 1.
    """
    if limit < 1:
        raise ValueError(f"expected a limit of at least 1; given: {limit}")
    ranked = sorted((pattern.nearest(tokens, seed) for pattern in load()), key=lambda one: -one[0])
    return tuple(pair for _used, pair in ranked[:limit])


def read(table: Mapping[str, Any]) -> tuple[Pattern, ...]:
    """The patterns of a table as ``patterns.toml`` has it. Raises ValueError for an invalid one."""
    patterns = tuple(_pattern(entry, table) for entry in table.get("pattern", ()))
    if len({pattern.name for pattern in patterns}) != len(patterns):
        raise ValueError("two patterns have one name")
    return patterns


def _pattern(entry: Mapping[str, Any], table: Mapping[str, Any]) -> Pattern:
    about = f"pattern {entry.get('name', '')!r}"
    if unknown := entry.keys() - _KEYS:
        raise ValueError(f"{about}: unknown {', '.join(sorted(unknown))}; expected: {', '.join(sorted(_KEYS))}")
    if missing := {"name", "a", "b", "must", "main"} - entry.keys():
        raise ValueError(f"{about}: it has no {', '.join(sorted(missing))}")
    labels = entry.get("labels")
    if entry["must"] == DIFFER and labels is None:
        raise ValueError(f"{about}: labels that must differ are missing")
    blocks = tuple(_blocks(entry, table, None if labels is None else tuple(labels)))
    return Pattern(entry["name"], entry["a"], entry["b"], entry["must"], entry["main"], blocks)


def _blocks(entry: Mapping[str, Any], table: Mapping[str, Any], labels: Any) -> Iterator[Block]:
    """A block for each topic and side that has a list for every slot."""
    names, every, sides = slots.slots(entry["a"]), table.get("topic", {}), table.get("sides", {})
    if unknown := set(entry.get("topics", ())) - every.keys():
        raise ValueError(f"pattern {entry['name']!r}: no topic {min(unknown)!r}; available: {', '.join(every)}")
    lists_of_topics = {name for topic in every.values() for name in topic}
    used = {name for slot in names for name in sides.get(slot, (slot,))}
    topics = [every[name] for name in entry.get("topics", every)] if used & lists_of_topics else [{}]
    sided = any(name in sides for name in names)
    for topic, side in product(topics, range(2 if sided else 1)):
        lists = {**table.get("words", {}), **topic}
        of_slot = {name: sides[name][side] if name in sides else name for name in names}
        if lists.keys() >= set(of_slot.values()):
            of_side = (SENTIMENT[side],) * 2 if sided and entry["must"] == STAY else None
            listed = {name: lists[list_name] for name, list_name in of_slot.items()}
            yield Block(_words(entry["a"], entry["b"], listed), of_side if labels is None else labels)


def _words(a: str, b: str, listed: Mapping[str, Sequence[str | Sequence[str]]]) -> Words:
    """The fillers of each slot; of plain ones used piecewise, all choices of different ones.

    Where the second template is the first with these slots' pieces in another order, as in a swap of roles, the first
    such slot has every set of different ones once, or each pair would come twice.
    """
    words: list[tuple[str, tuple[Filler, ...]]] = []
    of_different = {
        name: pieces
        for name in listed
        if (pieces := _pieces(a, name)) and all(isinstance(one, str) for one in listed[name])
    }
    swapped = any(
        _renamed(a, of_different, order) == b
        for pieces in of_different.values()
        for order in permutations(range(pieces))
    )
    for name, plain in listed.items():
        if name not in of_different:
            words.append((name, slots.fillers(plain)))
            continue
        choices = combinations if swapped and name == next(iter(of_different)) else permutations
        words.append((name, tuple(choices(slots.fillers(plain), of_different[name]))))  # type: ignore[arg-type]
    return tuple(words)


def _pieces(template: str, slot: str) -> int:
    """How many pieces of a slot's fillers a template uses, 0 where it takes them whole."""
    return max((int(piece) + 1 for piece in re.findall(rf"{{{slot}\[(\d+)\]}}", template)), default=0)


def _fits(filler: Filler, pieces: int) -> bool:
    return isinstance(filler, str) if pieces == 0 else isinstance(filler, tuple) and len(filler) == pieces


def _renamed(template: str, names: Mapping[str, int], order: Sequence[int]) -> str:
    """A template in which piece i of these slots is piece order[i]."""

    def renamed(match: re.Match[str]) -> str:
        name, piece = match[1], int(match[2])
        return f"{{{name}[{order[piece]}]}}" if names.get(name) == len(order) else match[0]

    return re.sub(r"{(\w+)\[(\d+)\]}", renamed, template)


def _parts(filler: Filler) -> tuple[str, ...]:
    return (filler,) if isinstance(filler, str) else filler


def _used(piece: str, left: Counter[str]) -> int:
    """How many words a piece of a filler has, 0 where one of them is not among some words."""
    words = piece.split()
    return len(words) if all(left[word] >= words.count(word) for word in words) else 0


def _drawn_best(scores: Sequence[int], rng: np.random.Generator) -> int:
    """The index of the highest score, one of them drawn."""
    best: int = rng.choice(np.flatnonzero(np.asarray(scores) == max(scores)))
    return best

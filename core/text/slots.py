"""Sentences with slots: ``the {thing} was {good}`` and the fillers of each slot.

A filler that is itself a list is used piecewise, ``{reason[0]}`` and ``{reason[1]}``, so that its pieces always come
together. A combination of fillers has a number in mixed radix, the last slot's digit running fastest.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from string import Formatter

import numpy as np

Filler = str | tuple[str, ...]
Words = tuple[tuple[str, tuple[Filler, ...]], ...]
"""The slots in order of appearance, each with its fillers."""


def slots(*templates: str) -> list[str]:
    """The names of the slots of templates, each once, in order of appearance."""
    fields = (field for template in templates for _text, field, _spec, _conversion in Formatter().parse(template))
    return list(dict.fromkeys(field.partition("[")[0] for field in fields if field is not None))


def fillers(listed: Iterable[str | Sequence[str]]) -> tuple[Filler, ...]:
    """A list of a TOML file as fillers."""
    return tuple(filler if isinstance(filler, str) else tuple(filler) for filler in listed)


def combinations(words: Words) -> int:
    """How many combinations of fillers there are."""
    return math.prod(len(of_slot) for _name, of_slot in words)


def combination(words: Words, number: int) -> dict[str, Filler]:
    """The combination of this number, from 0: a filler for each slot."""
    chosen = {}
    for name, of_slot in reversed(words):
        number, digit = divmod(number, len(of_slot))
        chosen[name] = of_slot[digit]
    return dict(reversed(chosen.items()))


def draw(words: Words, limit: int, rng: np.random.Generator) -> list[int]:
    """`limit` different numbers of combinations, ascending, or all of them where there are no more.

    Every filler comes up where no slot has more fillers than the limit.
    """
    total, sizes = combinations(words), [len(of_slot) for _name, of_slot in words]
    if total <= limit:
        return list(range(total))
    orders = [rng.permutation(size).tolist() for size in sizes]
    drawn = set()
    for row in range(min(limit, max(sizes))):
        number = 0
        for order, size in zip(orders, sizes, strict=True):
            number = number * size + order[row % size]
        drawn.add(number)
    chosen = rng.choice(total - len(drawn), limit - len(drawn), replace=False)
    return sorted(drawn | set(_left_over(sorted(drawn), chosen)))


def _left_over(taken: Sequence[int], indices: np.ndarray) -> list[int]:
    """The numbers that have these indices among those from 0 that are not `taken`, which is ascending."""
    before = np.asarray(taken) - np.arange(len(taken))  # how many numbers that are left come before each taken one
    numbers: list[int] = (indices + np.searchsorted(before, indices, side="right")).tolist()
    return numbers


def extract(
    file: Iterable[bytes], *_arguments: object, **_options: object
) -> Iterator[tuple[int, str, str, list[str]]]:
    """The names in a TOML file, for pybabel to put into the catalogues (`tool.babel` in pyproject.toml)."""
    for number, line in enumerate(file, 1):
        if line.startswith(b'name = "'):
            yield number, "mark", tomllib.loads(line.decode())["name"], []

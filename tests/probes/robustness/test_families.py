"""Families hold every sequence once, in parts by size, sorted: against brute force."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.probes.robustness.families import Family, Moves, Substitutions

letters = st.lists(st.sampled_from("abcde"), min_size=1, max_size=6).map(tuple)


def sequences(family: Family) -> dict[tuple[str, ...], int]:
    """Every sequence of the parts with its size; none comes twice, and parts count what they hold."""
    found: dict[tuple[str, ...], int] = {}
    for part in family.parts():
        rows = [row for block in part.blocks for row in block.tolist()]
        assert len(rows) == part.sequences
        found |= {tuple(family.words[number] for number in row): part.size for row in rows}
    assert len(found) == family.count - 1
    return found


@given(letters, st.data())
def test_substitutions_are_all_ways_to_replace_some_tokens(tokens: tuple[str, ...], data: st.DataObject) -> None:
    listed = tuple(
        tuple(data.draw(st.lists(st.sampled_from([one for one in "abvwxyz" if one != token]), unique=True, max_size=4)))
        for token in tokens
    )
    most = data.draw(st.integers(1, min(3, len(tokens))))
    sizes = {
        one: sum(map(str.__ne__, one, tokens))
        for one in product(*((token, *words) for token, words in zip(tokens, listed, strict=True)))
    }
    assert sequences(Substitutions(tokens, listed, most)) == {
        one: size for one, size in sizes.items() if 0 < size <= most
    }


@given(letters, st.integers(1, 3), st.sets(st.integers(0, 5)), st.integers(2, 6))
def test_moves_are_all_orders_that_move_nothing_further(
    tokens: tuple[str, ...], most: int, pinned: set[int], window: int
) -> None:
    places = range(len(tokens))
    expected: dict[tuple[str, ...], int] = {}
    for order in permutations(places):
        far = max(abs(one - place) for place, one in enumerate(order))
        if far <= most and all(order[place] == place for place in places if place in pinned):
            sequence = tuple(tokens[one] for one in order)
            expected[sequence] = min(far, expected.get(sequence, most))
    del expected[tokens]
    stay = frozenset(pinned & {*places})
    assert sequences(Moves(tokens, most, stay)) == expected
    within = sequences(Moves(tokens, most, stay, window))
    changed = {one: [place for place in places if one[place] != tokens[place]] for one in expected}
    assert set(within) == {one for one, where in changed.items() if where[-1] - where[0] < window}


@pytest.mark.parametrize(("words", "most", "count"), [(30, 1, 1_346_269), (16, 2, 351_521), (12, 3, 183_988)])
def test_counts_of_moves(words: int, most: int, count: int) -> None:
    """Fibonacci's numbers, and A002524 and A002526 of the OEIS."""
    assert Moves(tuple(map(str, range(words))), most).count == count


def test_no_token_moves_further_than_there_are_places() -> None:
    family = Moves(("a", "b", "c"), 10**9)
    assert family.count == 6 and [part.size for part in family.parts()] == [1, 2]


def test_the_count_of_twelve_words_with_twelve_substitutes() -> None:
    tokens = tuple(map(str, range(12)))
    listed = tuple(tuple(f"{token} {other}" for other in range(12)) for token in tokens)
    family = Substitutions(tokens, listed, 3)
    assert family.count == 1 + 12 * 12 + 66 * 12**2 + 220 * 12**3 == 389_809
    blocks = [block for part in family.parts() for block in part.blocks]
    parted = sum(int((block[1:, :-1] != block[:-1, :-1]).any(axis=1).sum()) for block in blocks)
    assert parted < 320_000  # rows stand sorted: many part from the one before them at the last token only
    assert sum(len(np.unique(block, axis=0)) for block in blocks) == 389_808


def test_what_cannot_be_asked() -> None:
    with pytest.raises(ValueError, match="1 to 2"):
        Substitutions(("a", "b"), (("c",), ()), 3)
    with pytest.raises(ValueError, match="1 place"):
        Moves(("a", "b"), 0)
    with pytest.raises(ValueError, match="9 places are too many for 25 words"):
        Moves(tuple(map(str, range(25))), 9)
    with pytest.raises(ValueError, match="window"):
        Moves(tuple(map(str, range(63))), 1)
    assert Moves(tuple(map(str, range(63))), 1, window=2).count == 63


def test_more_words_than_numbers_of_16_bits_are_refused() -> None:
    many = tuple(str(number) for number in range(65_535))
    with pytest.raises(ValueError, match="65,536 different words"):
        Substitutions(("a",), (many,), 1)

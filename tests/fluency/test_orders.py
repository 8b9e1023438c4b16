"""Orders and their ranking against brute force: every order once, and none of the most fluent ones missed."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.fluency import orders
from core.fluency.orders import MOST_TOKENS, Ranking, Words, fluencies


@st.composite
def small_words(draw: st.DrawFn) -> tuple[str, frozenset[int]]:
    """Up to six words, some of them repeated, some pinned."""
    text = draw(st.text("abcd", min_size=1, max_size=6))
    return text, frozenset(draw(st.sets(st.integers(0, len(text) - 1), max_size=3)))


def brute_force(text: str, pinned: frozenset[int]) -> set[tuple[str, ...]]:
    return {found for found in permutations(text) if all(found[place] == text[place] for place in pinned)}


def table_for(text: str, seed: int = 0) -> np.ndarray:
    """A trigram's table in which equal words have equal numbers; some of them equal, so that there are ties."""
    random = np.random.default_rng(seed)
    names = sorted(set(text))
    by_word = -random.integers(0, 40, (len(names) + 1,) * 3).astype(np.float32) / 4
    places = [*(names.index(char) for char in text), len(names)]
    return by_word[np.ix_(places, places, places)]


def listed(words: Words) -> np.ndarray:
    return np.concatenate(list(words.all_orders()))


@given(small_words())
def test_every_order_comes_once_and_pinned_words_stay(given_words: tuple[str, frozenset[int]]) -> None:
    text, pinned = given_words
    words = Words.of(text, pinned)
    rows = listed(words)
    sequences = [tuple(text[place] for place in row) for row in rows]
    assert len(set(sequences)) == len(sequences) == words.count
    assert set(sequences) == brute_force(text, pinned)
    assert [tuple(sorted(row)) for row in rows] == [tuple(range(len(text)))] * len(rows)
    assert words.original()[0].tolist() in rows.tolist()


def test_copies_keep_their_order_and_orders_that_begin_alike_stand_together() -> None:
    assert listed(Words.of("aba")).tolist() == [[0, 2, 1], [0, 1, 2], [1, 0, 2]]
    assert Words.of("a" * 60).count == 1
    assert listed(Words.of("a" * 60)).shape == (1, 60)
    rows = listed(Words.of("abcdefgh")).tolist()
    assert len(rows) == 40_320 and rows == sorted(rows)


def test_fluency_by_hand() -> None:
    # Two words: log p(a | start) + log p(b | start, a) + log p(end | a, b).
    table = np.arange(27, dtype=np.float32).reshape(3, 3, 3)
    assert fluencies(np.array([[0, 1], [1, 0]], dtype=np.uint8), table).tolist() == [
        table[2, 2, 0] + table[2, 0, 1] + table[0, 1, 2],
        table[2, 2, 1] + table[2, 1, 0] + table[1, 0, 2],
    ]


@given(small_words(), st.integers(1, 800), st.integers(0, 5), st.booleans())
def test_the_most_fluent_orders_are_the_most_fluent_ones(
    given_words: tuple[str, frozenset[int]], count: int, seed: int, exact: bool
) -> None:
    text, pinned = given_words
    words, table = Words.of(text, pinned), table_for(text, seed)
    with pytest.MonkeyPatch.context() as patch:
        if not exact:
            patch.setattr(orders, "MOST_EXACT", 0)
        ranking = Ranking(words, table)
        found = ranking.most_fluent(count)
    assert ranking.exact == (exact or not words.free)
    rows = listed(words)
    every = np.sort(fluencies(rows, table))[::-1]
    assert len(found.orders) == min(count, words.count)
    assert len({row.tobytes() for row in found.orders}) == len(found.orders)
    np.testing.assert_allclose(found.fluency, fluencies(found.orders, table), atol=1e-4)
    assert np.all(np.diff(found.fluency) <= 0)
    if exact:
        np.testing.assert_allclose(found.fluency, every[:count], atol=1e-4)
    if count >= words.count:  # a beam as wide as the tree is the whole tree
        np.testing.assert_allclose(found.fluency, every, atol=1e-4)
        assert found.complete_above == -np.inf
    # Whichever way: above the bound none is missing.
    above = every[every > found.complete_above + 1e-3]
    np.testing.assert_allclose(found.fluency[: len(above)], above, atol=1e-4)


def test_a_long_sentence_is_ranked_within_a_bound() -> None:
    text = "".join(chr(ord("a") + number) for number in range(26))
    ranking = Ranking(Words.of(text), table_for(text))
    assert not ranking.exact
    few, many = ranking.most_fluent(10), ranking.most_fluent(1_000)
    assert many.fluency[0] >= few.fluency[0]
    assert many.complete_above >= many.fluency[0] or many.complete_above == -np.inf


def test_what_cannot_be_ordered_is_refused() -> None:
    for text in ("", "a" * (MOST_TOKENS + 1)):
        with pytest.raises(ValueError, match=f"1 to {MOST_TOKENS} tokens; given: {len(text)}"):
            Words.of(text)
    with pytest.raises(ValueError, match="cannot lock position 4: the sentence has 3 tokens"):
        Words.of("abc", (3,))
    with pytest.raises(ValueError, match="shape"):
        Ranking(Words.of("abc"), table_for("abcd"))

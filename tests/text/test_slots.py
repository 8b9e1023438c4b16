"""Slots: their names, numbered combinations of fillers, and draws of them."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.text.slots import Words, combination, combinations, draw, extract, fillers, slots

SIZES = st.lists(st.integers(1, 6), min_size=1, max_size=4)


def words(sizes: list[int]) -> Words:
    return tuple((f"s{slot}", tuple(f"{slot}.{filler}" for filler in range(size))) for slot, size in enumerate(sizes))


def test_slots_are_named_once_in_order() -> None:
    assert slots("{b} and {a[0]}, {b}", "{a[1]} {c}") == ["b", "a", "c"]
    assert slots("none") == []
    assert fillers(["one", ["two", "three"]]) == ("one", ("two", "three"))


@settings(max_examples=40)
@given(SIZES)
def test_numbers_run_through_the_combinations_as_a_product_does(sizes: list[int]) -> None:
    made = [tuple(combination(words(sizes), number).values()) for number in range(combinations(words(sizes)))]
    assert made == list(product(*(of_slot for _name, of_slot in words(sizes))))
    assert list(combination(words(sizes), 0)) == [name for name, _of_slot in words(sizes)]


@settings(max_examples=40)
@given(SIZES, st.integers(1, 40), st.integers(0, 5))
def test_a_draw_has_as_many_as_asked_for_none_twice_and_every_filler(sizes: list[int], limit: int, seed: int) -> None:
    drawn = draw(words(sizes), limit, np.random.default_rng(seed))
    total = combinations(words(sizes))
    assert len(drawn) == min(limit, total) and drawn == sorted(set(drawn))
    assert 0 <= drawn[0] <= drawn[-1] < total
    assert drawn == draw(words(sizes), limit, np.random.default_rng(seed))
    if limit >= max(sizes):
        used = {filler for number in drawn for filler in combination(words(sizes), number).values()}
        assert used == {filler for _name, of_slot in words(sizes) for filler in of_slot}


def test_a_draw_from_millions_makes_only_what_it_draws() -> None:
    drawn = draw(words([400, 400, 400]), 500, np.random.default_rng(0))
    assert len(set(drawn)) == 500 and drawn[-1] < 400**3


def test_names_are_extracted_for_translation() -> None:
    assert list(extract([b"[[pattern]]\n", b'name = "role swap"\n'])) == [(2, "mark", "role swap", [])]

"""The order of the words as Python takes it: what counts as one, and what a page makes of the component's state."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.widgets.word_order import moved, permutation, reorder

WORDS = ["better", "late", "than", "never"]


def page() -> None:
    import json

    import streamlit as st

    from pages.widgets.word_order import reorder

    given = json.loads(st.text_input("case", key="case"))
    st.text(json.dumps(reorder(given["words"], given["pinned"], key="order")))


def opened(words: list[str], *pinned: int) -> AppTest:
    at = AppTest.from_function(page, default_timeout=60)
    at.session_state["case"] = case(words, *pinned)
    return at.run()


def case(words: list[str], *pinned: int) -> str:
    return json.dumps({"words": words, "pinned": pinned})


def order(at: AppTest) -> tuple[int, ...]:
    assert [error.message for error in at.exception] == []
    (text,) = at.text
    return tuple(json.loads(text.value))


def data(at: AppTest) -> dict[str, Any]:
    """What the component is given."""
    (found,) = at.get("bidi_component")
    return json.loads(found.proto.json)


# What counts as an order


@pytest.mark.parametrize("length", range(5))
def test_every_permutation_is_an_order(length: int) -> None:
    for order in permutations(range(length)):
        assert permutation(list(order), length) == order


def test_an_order_that_moves_a_pin_is_none() -> None:
    for order in permutations(range(4)):
        kept = order[1] == 1 and order[3] == 3
        assert permutation(list(order), 4, {1, 3}) == (order if kept else (0, 1, 2, 3))


@pytest.mark.parametrize(
    "answer",
    [
        *(None, True, 3, 1.5, "210", b"210", {}, {"0": 2}, {0, 1, 2}, pytest.param(object(), id="an object")),
        *([], [0], [1, 0], [2, 1, 0, 3], [0, 0, 1], [1, 2, 3], [-1, 0, 1], [2, 1, -3]),
        *([2, True, 0], [2, 1, False], [2.0, 1, 0], [2, "1", 0], [2, None, 0], [2, [1], 0], [2, {}, 0]),
        *([float("nan"), 1, 0], [10**400, 1, 0], [2, 1, 0] * 100_000),
    ],
    ids=lambda answer: repr(answer)[:30],
)
def test_anything_else_is_the_identity(answer: object) -> None:
    assert permutation(answer, 3) == (0, 1, 2)


@pytest.mark.parametrize("pinned", [{4}, {-1}, {0, 7}])
def test_a_pin_where_no_token_is_is_told(pinned: set[int]) -> None:
    with pytest.raises(ValueError, match=r"expected pinned positions from 0 to 3, got \[(4|-1|7)\]"):
        reorder(WORDS, pinned, key="order")


# What a page gets


def test_the_order_of_a_person_stays_while_the_words_do() -> None:
    at = opened(WORDS)
    assert order(at) == (0, 1, 2, 3) and data(at)["order"] == [0, 1, 2, 3]
    at.session_state["order"] = moved(WORDS, (3, 2, 1, 0))
    assert order(at.run()) == order(at.run()) == (3, 2, 1, 0)
    assert data(at)["order"] == [3, 2, 1, 0]  # for a component that appears anew
    for other in (case(["never", *WORDS[1:]]), case([*WORDS[:2], "than never", ""]), case(WORDS, 0)):
        at.text_input(key="case").set_value(other).run()
        assert order(at) == (0, 1, 2, 3) and data(at)["order"] == [0, 1, 2, 3]


def test_a_pin_stays_and_repeated_words_are_told_apart() -> None:
    at = opened(WORDS, 1)
    for asked, wanted in (((3, 1, 2, 0), (3, 1, 2, 0)), ((1, 0, 2, 3), (0, 1, 2, 3))):
        at.session_state["order"] = moved(WORDS, asked, {1})
        assert order(at.run()) == wanted
    words = ["so", "so", "so"]
    at.text_input(key="case").set_value(case(words))
    at.session_state["order"] = moved(words, (1, 2, 0))
    assert order(at.run()) == (1, 2, 0)


def test_a_state_that_is_no_order_is_the_identity() -> None:
    at = opened(WORDS)
    for state in (
        *(None, 3, "x", [], [3, 2, 1, 0], {}, {"moved": None}, {"moved": 3}, {"moved": [3, 2, 1, 0]}, {"moved": {}}),
        *({"moved": {"order": [3, 2, 1, 0]}}, {"moved": {"key": None, "order": [3, 2, 1, 0]}}),
        *({"moved": moved(WORDS, ())["moved"] | {"order": bad}} for bad in (None, 1, {}, [0, 0, 0, 0], [[], 1, 2, 3])),
    ):
        at.session_state["order"] = state
        assert order(at.run()) == (0, 1, 2, 3), state


def test_no_token_shows_nothing_and_what_does_not_print_is_shown_as_code_points() -> None:
    at = opened([])
    assert order(at) == () and not at.get("bidi_component")
    for words, wanted in (
        (["love"], ["love"]),
        (["a\0b", "\u202eevil", "\ud800", "<b>"], ["aU+0000b", "U+202Eevil", "U+D800", "<b>"]),
    ):
        at.text_input(key="case").set_value(case(words)).run()
        assert order(at) == tuple(range(len(words))) and data(at)["words"] == wanted

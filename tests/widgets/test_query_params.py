"""Widgets whose values the link keeps: what is read from it, what is written to it, what is said of a forged one."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest

from pages.widgets import query_params


def _page() -> None:
    import streamlit as st

    from pages.widgets import number_inputs, query_params

    options = {"a": "Apple", "b": "Pear"} | ({"c": "Fig"} if st.checkbox("figs", key="figs") else {})
    fruit = query_params.choice(st.segmented_control, "Fruit", options, name="fruit", key="the fruit")
    words = query_params.linked(
        st.slider, "Words", 1, 9, name="words", key="the words", default=4, read=query_params.whole(1, 9)
    )
    with query_params.one_note():
        few = number_inputs.ask_whole("Few", "few", 1, 5 + len(options), 2)
        step = number_inputs.slide_whole("Step", "step", 1, 5 + len(options), 3, most=9)
        share = query_params.linked(
            st.slider, "Share", 0.0, 1.0, name="share", key="the share", default=0.5, read=query_params.decimal(0, 1)
        )
    text = query_params.text(st.text_input, "Text", name="text", key="the text", default="so", longest=9)
    st.session_state["values"] = (fruit, words, few, share, text, step)


def opened(**link: str) -> AppTest:
    at = AppTest.from_function(_page)
    for name, value in link.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    return at


def values(at: AppTest) -> tuple[object, ...]:
    found: tuple[object, ...] = at.session_state["values"]
    return found


def link(at: AppTest) -> dict[str, str]:
    return {name: value[0] if isinstance(value, list) else value for name, value in at.query_params.items()}


def test_a_link_without_values_gives_the_defaults_and_stays_short() -> None:
    at = opened()
    assert values(at) == ("a", 4, 2, 0.5, "so", 3) and link(at) == {} and not at.caption


def test_what_the_link_says_is_shown_and_what_is_chosen_is_written() -> None:
    at = opened(fruit="b", words="9", few="5", share="0.25", text="x" * 9)
    assert values(at) == ("b", 9, 5, 0.25, "x" * 9, 3) and not at.caption
    at.slider(key="the words").set_value(1)
    at.slider(key="the share").set_value(0.75)
    at.number_input(key="few").set_value(2)
    at.run()
    assert values(at) == ("b", 1, 2, 0.75, "x" * 9, 3)
    assert link(at) == {"fruit": "b", "words": "1", "share": "0.75", "text": "x" * 9}
    at.query_params["words"] = "3"  # the browser went back
    assert values(at.run())[1] == 3


def test_what_the_link_cannot_mean_is_said_and_the_default_stands() -> None:
    at = opened(fruit="c", words="10", few="0", share="1.5")
    assert values(at)[:4] == ("a", 4, 2, 0.5) and link(at) == {}
    names = [re.findall("`(.+?)`", caption.value) for caption in at.caption]
    assert names == [["fruit"], ["words"], ["few", "share"]]
    assert not at.run().caption


def test_an_option_that_is_gone_gives_way_to_the_default() -> None:
    at = opened()
    at.checkbox(key="figs").check().run()
    at.segmented_control(key="the fruit").set_value("c").run()
    assert values(at)[0] == "c" and link(at) == {"fruit": "c"}
    at.checkbox(key="figs").uncheck().run()
    assert values(at)[0] == "a" and link(at) == {}


def test_what_was_chosen_stays_where_bounds_and_options_change_around_it() -> None:
    at = opened(fruit="b", few="4", step="5")
    at.checkbox(key="figs").check().run()
    assert values(at) == ("b", 4, 4, 0.5, "so", 5) and link(at) == {"fruit": "b", "few": "4", "step": "5"}


def test_a_text_that_is_too_long_for_the_link_is_left_out_and_that_is_said() -> None:
    at = opened(text="so well")
    at.text_input(key="the text").set_value("x" * 10).run()
    assert values(at)[4] == "x" * 10 and link(at) == {} and len(at.caption) == 1
    assert values(at.run())[4] == "x" * 10


@pytest.mark.parametrize(
    ("read", "told", "value"),
    [
        (query_params.whole(1, 9), "9", 9),
        (query_params.whole(1, 9), "10", None),
        (query_params.whole(1, 9), "٣", None),
        (query_params.whole(0, 10**12), "1234567890", None),
        (query_params.decimal(0, 8), "8", 8.0),
        (query_params.decimal(0, 8), "8.01", None),
        (query_params.decimal(0, 8), "-1", None),
        (query_params.decimal(0, 8), "1e0", None),
        (query_params.some_of(["a", "b"]), "b,a", ["a", "b"]),
        (query_params.some_of(["a", "b"]), "a,c", None),
        (query_params.positions(3, all_of_them=True), "3.1.2", [2, 0, 1]),
        (query_params.positions(3, all_of_them=True), "3.1", None),
        (query_params.positions(3, all_of_them=False), "3.3", None),
        (query_params.positions(3, all_of_them=False), "4", None),
        (query_params.positions(3, all_of_them=False), "0", None),
        (query_params.positions(3, all_of_them=False), "none", []),
    ],
)
def test_values_are_read_with_suspicion(read: object, told: str, value: object) -> None:
    assert read(told) == value  # type: ignore[operator]

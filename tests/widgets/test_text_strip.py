"""A text as words to click: what the browser is given, and what of its answers counts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.widgets import text_strip
from tests.hostile import SENTENCES


def page() -> None:
    import json

    import streamlit as st

    from pages.widgets.text_strip import Look, choose

    words = json.loads(st.text_input("case", key="case"))
    looks = [Look(below="1", marks=(("#000", "one"),))] * len(words)
    st.text(str(choose(words, [True] * len(words), looks, key="strip", chosen=1, chart="a b")))


def opened(words: list[str], sent: Any = None) -> AppTest:
    at = AppTest.from_function(page, default_timeout=60)
    at.session_state["case"] = json.dumps(words)
    at = at.run()
    if sent is not None:
        at.session_state["strip"] = {"picked": sent(data(at)["key"])}
        at = at.run()
    assert [error.message for error in at.exception] == []
    return at


def data(at: AppTest) -> dict[str, Any]:
    (found,) = at.get("bidi_component")
    return json.loads(found.proto.json)


@pytest.mark.parametrize(
    ("sent", "chosen"),
    [
        (None, 1),
        (lambda key: {"key": key, "position": 0}, 0),
        (lambda key: {"key": key, "position": None}, None),
        *[(lambda key, bad=bad: {"key": key, "position": bad}, None) for bad in (True, 1.0, -1, 3, "0", [0], {})],
        *[(lambda key, bad=bad: bad, 1) for bad in ([], "x", {}, {"key": "other", "position": 0})],
    ],
)
def test_only_a_word_of_the_text_can_be_chosen(sent: Any, chosen: int | None) -> None:
    assert opened(["so", "very", "good"], sent).text[0].value == str(chosen)


def test_the_browser_gets_words_looks_and_the_chart() -> None:
    given = data(opened(SENTENCES))
    assert len(given["words"]) == len(given["looks"]) == len(SENTENCES) and given["chart"] == "a-b"
    assert given["looks"][0]["marks"] == [["#000", "one"]] and given["chosen"] == 1 and not given["more"]
    given = data(opened(["w"] * (text_strip.MOST + 5)))
    assert len(given["words"]) == text_strip.MOST and "5" in given["more"]

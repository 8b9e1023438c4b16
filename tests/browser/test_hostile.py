"""Hostile texts in a real browser, in every parameter of links and typed: nothing runs, opens or is asked for."""

from __future__ import annotations

from itertools import cycle, islice
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import HOSTILE, assert_inert, open_and_settle, settled
from tests.security.strings import ADDRESS, SCRIPT, hostile

# Every tenth or so of those with a script or an address in them, which are those that could show.
ARMED = [text.replace("\0", "") for text in hostile() if SCRIPT in text or ADDRESS in text]
TEXTS = ARMED[:: len(ARMED) // 30][:30]
# fmt: off
NAMES = (
    "q", "second", "model", "models", "order", "pins", "budget", "seconds", "seed", "floor", "goal", "reading",
    "guards", "situation", "top", "rule", "capability", "unit", "token", "word", "filler", "words", "of", "show",
    "methods", "baseline", "hand", "hand_t", "hand_digits", "cells_unit", "mix_data", "mix_reg", "mix_points", "about",
    "find", "lang", "loaded",
)
# fmt: on
VISITS = (
    ("", {}),
    ("Permutations", {"view": "compare"}),
    ("Sarcasm", {"view": "edits", "budget": "200", "q": " ".join(HOSTILE[:6])}),
    ("Sarcasm", {"view": "compose"}),
    ("Models", {"view": "behaviour", "cases": "1"}),
    ("Trajectories", {"view": "memory"}),
    ("Trajectories", {"view": "words"}),
    ("Attributions", {"view": "words"}),
    ("Maths_Lab", {"lab": "lstm"}),
    ("Maths_Lab", {"lab": "mixture"}),
    ("Models", {"view": "words"}),
)


@pytest.mark.parametrize("number", range(len(VISITS)), ids=[f"{path}-{view.get('view')}" for path, view in VISITS])
def test_nothing_runs_opens_or_is_asked_for(
    number: int, page: Page, address: str, elsewhere: list[str], dialogs: list[str]
) -> None:
    path, view = VISITS[number]
    forged = dict(zip(NAMES, islice(cycle(TEXTS), 3 * number, None), strict=False))
    open_and_settle(page, f"{address}/{path}?{urlencode(forged | view)}")
    assert_inert(page, elsewhere, dialogs)
    if view.get("view") == "edits":
        page.get_by_role("button", name="Search for edits").click()
        expect(page.get_by_role("button", name="Run again")).to_be_visible()
        settled(page)
    page.mouse.move(640, 400)  # what waits for the pointer
    page.keyboard.press("Tab")
    assert_inert(page, elsewhere, dialogs)


def test_what_is_typed_is_inert(page: Page, address: str, elsewhere: list[str], dialogs: list[str]) -> None:
    """Three texts at a time in the sentence's box, on the page that shows most of what becomes of them."""
    open_and_settle(page, address)
    page.get_by_text("What each preprocessing step changed").click()
    as_typed = page.locator(".u-steps td").first
    for place in range(0, len(HOSTILE), 3):
        text = " ".join(HOSTILE[place : place + 3])
        page.get_by_role("textbox", name="Type a sentence").fill(text)
        expect(as_typed).to_have_text(text)
        assert as_typed.text_content() == text
        expect(page.get_by_test_id("stMetric")).to_have_count(3)
        page.locator(".js-plotly-plot .nsewdrag").first.hover()  # the labels of the points are read as HTML, by halves
        expect(page.locator(".js-plotly-plot .hoverlayer .legendtext")).not_to_have_count(0)
        assert_inert(page, elsewhere, dialogs)
    expect(page.get_by_role("textbox", name="Type a sentence")).to_be_visible()  # no style sheet got through

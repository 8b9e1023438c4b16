"""Thirty hostile texts in a real browser, in the boxes and links of every page: nothing runs, opens or is asked for."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.security.strings import ADDRESS, SCRIPT, hostile

# Every fortieth or so of those with a script or an address in them, which are those that could show.
ARMED = [text for text in hostile() if SCRIPT in text or ADDRESS in text]
TEXTS = ARMED[:: len(ARMED) // 30][:30]
# What each visit sends by the link, a text for each name; the first text is then typed into the sentence's box too.
VISITS = (
    ("", {}, ("q",)),
    ("Permutations", {"view": "compare"}, ("q", "second", "model", "order")),
    ("Sarcasm", {"view": "compose"}, ("q", "situation", "top")),
    ("Sarcasm", {"view": "behaviour", "cases": "1"}, ("q", "rule", "capability")),
    ("Trajectories", {"view": "memory"}, ("word", "filler", "words", "models")),
    ("Trajectories", {"view": "words"}, ("q", "of", "show")),
    ("Attributions", {"view": "words"}, ("q", "second", "methods", "baseline")),
    ("Maths_Lab", {"lab": "lstm"}, ("hand", "hand_digits", "lang")),
    ("Maths_Lab", {"lab": "mixture"}, ("mix_data", "mix_reg", "mix_points")),
    ("Models", {}, ("lang", "q")),
)
LIVE = "iframe, object, embed, base, form[action], script, img[src*='hostile'], link[href*='hostile'], meta[http-equiv]"


def test_there_are_thirty_and_each_has_its_turn() -> None:
    assert len(set(TEXTS)) == 30 == sum(len(names) for _path, _query, names in VISITS)


@pytest.mark.parametrize("number", range(len(VISITS)), ids=[f"{path} {query}" for path, query, _ in VISITS])
def test_nothing_runs_opens_or_is_asked_for(
    number: int, page: Page, address: str, elsewhere: list[str], dialogs: list[str]
) -> None:
    path, query, names = VISITS[number]
    first = sum(len(names) for _path, _query, names in VISITS[:number])
    texts = [text.replace("\0", "") for text in TEXTS[first : first + len(names)]]
    opened: list[str] = []
    page.on("popup", lambda popup: opened.append(popup.url))
    page.goto(f"{address}/{path}?{urlencode({**query, **dict(zip(names, texts, strict=True))})}")
    expect(page.get_by_role("heading").first).to_be_visible()
    settled(page)
    assert_inert(page, elsewhere, dialogs, opened)
    box = page.get_by_role("textbox", name="Type a sentence")
    for text in texts if box.count() else ():
        box.fill(re.sub(r"[\r\n\u2028\u2029]", " ", text))
        settled(page)
        assert_inert(page, elsewhere, dialogs, opened)
    page.mouse.move(640, 400)  # what waits for the pointer
    page.keyboard.press("Tab")
    assert_inert(page, elsewhere, dialogs, opened)


def settled(page: Page) -> None:
    page.wait_for_timeout(300)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def assert_inert(page: Page, elsewhere: list[str], dialogs: list[str], opened: list[str]) -> None:
    page.wait_for_timeout(200)
    assert page.evaluate("window.__hacked") is None
    assert (dialogs, elsewhere, opened) == ([], [], [])
    main = page.get_by_test_id("stMain")
    expect(main.locator(LIVE)).to_have_count(0)
    expect(main.locator("a[href^='javascript:' i], a[href*='hostile.example'], [style*='hostile']")).to_have_count(0)
    handlers = "Array.from(document.querySelectorAll('[data-testid=stMain] *')).flatMap(e => e.getAttributeNames())"
    assert not [name for name in page.evaluate(handlers) if name.startswith("on")]
    expect(page.get_by_test_id("stException")).to_have_count(0)

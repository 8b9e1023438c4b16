"""Journeys through the page on models in a real browser: a row taken to another page, a file evaluated, words."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from playwright.sync_api import Page, expect

from tests.hostile import SENTENCES

VIEWS = {
    "Slices": "slices",
    "Calibration": "calibration",
    "Confusion": "confusion",
    "Threshold": "threshold",
    "Compare two models": "compare",
    "Your file": "evaluate",
    "Words": "words",
}
ROWS = [("positive", "What a lovely evening"), ("negative", "The train was late again"), ("1", "so happy")] * 8


def show(page: Page, address: str, **parameters: str) -> None:
    page.goto(f"{address}/Models?{urlencode(parameters)}")
    expect(page.get_by_role("heading", name="Models", exact=True)).to_be_visible()


def settled(page: Page) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=120_000)


def test_every_view_answers_and_its_link_is_kept(page: Page, address: str) -> None:
    show(page, address)
    for name, view in VIEWS.items():
        page.get_by_role("radio", name=name, exact=True).click()
        expect(page).to_have_url(re.compile(rf"[?&]view={view}(&|$)"), timeout=60_000)
        settled(page)
        expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_file_is_evaluated_and_shown_in_another_view(page: Page, address: str) -> None:
    show(page, address, view="evaluate")
    settled(page)
    content = "\n".join(["label,text", *(f"{label},{text}" for label, text in ROWS)])
    page.locator("input[type=file]").set_input_files(
        {"name": "mine.csv", "mimeType": "text/csv", "buffer": content.encode()}
    )
    page.get_by_role("button", name="Evaluate").click()
    expect(page.get_by_text(f"{len(ROWS)} rows: {len(ROWS)} counted")).to_be_visible(timeout=120_000)
    page.get_by_role("radio", name="Compare two models", exact=True).click()
    page.get_by_role("radio", name="your file: mine.csv").click()
    expect(page.get_by_text(f"{len(ROWS)} rows of mine.csv")).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_words_are_drawn_and_hostile_ones_inert(
    page: Page, address: str, elsewhere: list[str], dialogs: list[str]
) -> None:
    show(page, address, view="words", about="map", find="love hate")
    settled(page)
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    for text in SENTENCES[:4]:
        show(page, address, view="words", word=text)
        settled(page)
        expect(page.get_by_test_id("stAlert")).to_have_count(1)
        assert page.evaluate("window.__hacked") is None
    assert dialogs == []
    assert elsewhere == []

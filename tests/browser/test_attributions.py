"""Journeys through the page on attributions in a real browser: methods chosen, hostile words inert in the strips."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Page, expect

from core.models import checkpoints
from core.probes.attribution.attribute import attribute
from pages.wording.tokens import signed
from tests.hostile import SENTENCES

PROVERB = "Better late than never"
HOSTILE = " ".join(text.replace("\n", " ") for text in SENTENCES[:6])
VIEWS = ("words", "agreement", "order", "pairs", "league")


def show(page: Page, address: str, **parameters: str) -> None:
    page.goto(f"{address}/Attributions?{urlencode(parameters)}")
    expect(page.get_by_role("heading", name="Attributions", exact=True)).to_be_visible()


def settled(page: Page) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=120_000)


def test_a_method_is_added_and_its_numbers_are_on_the_strip(page: Page, address: str, served_checkpoints: Path) -> None:
    show(page, address, q=PROVERB, models="gru", methods="occlusion-1")
    expect(page.locator(".u-tokens")).to_have_count(1)
    box = page.get_by_role("combobox", name="Methods")
    box.fill("Contextual")
    page.get_by_role("option", name="Contextual decomposition").click()
    expect(page.locator(".u-tokens")).to_have_count(2)
    expect(page).to_have_url(re.compile(r"[?&]methods=occlusion-1(%2C|,)contextual-decomposition(&|$)"))
    found = attribute(checkpoints.load("gru", served_checkpoints), PROVERB, "contextual-decomposition")
    numbers = page.locator(".u-tokens").nth(1).locator(".u-number")
    expect(numbers).to_have_text([signed(score) for score in found.scores.tolist()])
    page.reload()
    expect(page.locator(".u-tokens")).to_have_count(2)


def test_every_view_answers_and_its_link_is_kept(page: Page, address: str) -> None:
    show(page, address, q=PROVERB)
    names = {"Agreement": "agreement", "Word order": "order", "Pairs": "pairs"}
    for name, view in names.items():
        page.get_by_text(name, exact=True).first.click()
        expect(page).to_have_url(re.compile(rf"[?&]view={view}(&|$)"), timeout=60_000)
        settled(page)
        expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
        expect(page.get_by_test_id("stException")).to_have_count(0)


def test_hostile_words_are_inert_in_the_strips(
    page: Page, address: str, elsewhere: list[str], dialogs: list[str]
) -> None:
    for view in VIEWS:
        show(
            page, address, q=HOSTILE, second=HOSTILE[::-1], view=view, methods="<script>", baseline="'", models=HOSTILE
        )
        settled(page)
        page.wait_for_timeout(500)
        assert page.evaluate("window.__hacked") is None
        assert dialogs == []
        assert elsewhere == []
        shown = page.get_by_test_id("stMain")
        expect(shown.locator("iframe, script, img, a[href^='javascript:'], [onerror], [onload]")).to_have_count(0)
        expect(page.get_by_test_id("stException")).to_have_count(0)

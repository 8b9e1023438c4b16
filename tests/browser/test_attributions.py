"""The page on attributions in a real browser: a method chosen, its numbers on the strip, another view."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from playwright.sync_api import Page, expect

from core.models import checkpoints
from core.probes.attribution.attribute import attribute
from pages.wording.tokens import signed
from tests.browser.conftest import CHECKPOINTS, STEP_LIMIT, open_and_settle, settled

PROVERB = "Better late than never"


def test_a_method_is_added_and_its_numbers_are_on_the_strip(page: Page, address: str) -> None:
    query = urlencode({"q": PROVERB, "models": "gru", "methods": "occlusion-1"})
    open_and_settle(page, f"{address}/Attributions?{query}")
    expect(page.locator(".u-answer")).to_contain_text("Occlusion, 1 word")
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("combobox", name="Methods").fill("Contextual")
    page.get_by_role("option", name="Contextual decomposition").click()
    expect(page).to_have_url(re.compile(r"[?&]methods=occlusion-1(%2C|,)contextual-decomposition(&|$)"))
    page.keyboard.press("Escape")
    settled(page)
    page.get_by_role("combobox", name="Method").first.click()
    page.get_by_role("option", name="Contextual decomposition").click()
    result = attribute(checkpoints.load("gru", CHECKPOINTS), PROVERB, "contextual-decomposition")
    numbers = page.locator(".chip small")
    expect(numbers).to_have_text([signed(score) for score in result.scores.tolist()])
    page.reload()
    expect(page.locator(".u-answer")).to_contain_text("Contextual decomposition")
    settled(page)
    page.get_by_text("Word order", exact=True).first.click()
    expect(page).to_have_url(re.compile(r"[?&]view=order(&|$)"), timeout=2 * STEP_LIMIT)
    settled(page)
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)

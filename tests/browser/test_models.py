"""The page on models in a real browser: a file evaluated, and shown in another view."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import STEP_LIMIT, open_and_settle, settled

ROWS = [("positive", "What a lovely evening"), ("negative", "The train was late again"), ("1", "so happy")] * 8


def test_a_file_is_evaluated_and_shown_in_another_view(page: Page, address: str) -> None:
    open_and_settle(page, f"{address}/Models")
    page.get_by_role("radio", name="Your file", exact=True).click()
    expect(page).to_have_url(re.compile(r"[?&]view=evaluate(&|$)"))
    settled(page)
    content = "\n".join(["label,text", *(f"{label},{text}" for label, text in ROWS)])
    page.locator("input[type=file]").set_input_files(
        {"name": "mine.csv", "mimeType": "text/csv", "buffer": content.encode()}
    )
    page.get_by_role("button", name="Evaluate").click()
    expect(page.get_by_text(f"{len(ROWS)} rows: {len(ROWS)} counted")).to_be_visible(timeout=4 * STEP_LIMIT)
    page.get_by_role("radio", name="Compare two models", exact=True).click()
    expect(page).to_have_url(re.compile(r"[?&]view=compare(&|$)"))
    page.get_by_role("radio", name="your file: mine.csv").click()
    expect(page.get_by_text(f"{len(ROWS)} rows of mine.csv")).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)

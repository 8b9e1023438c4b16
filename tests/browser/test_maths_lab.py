"""The maths lab in a real browser: equations drawn, a cell edited, the link kept."""

from __future__ import annotations

import re
from contextlib import suppress
from urllib.parse import urlencode

from playwright.sync_api import Page, expect

from core.lab.cells.exercise_text import to_line
from core.lab.cells.lstm_exercise import PRESETS
from tests.browser.conftest import STEP_LIMIT, open_and_settle

ROW = 35  # pixels of a row of a table, its header included


def write(page: Page, table: int, row: int, text: str) -> None:
    """Type into the last column of a table, rows counted from 0 below the header."""
    canvas = page.get_by_test_id("stDataFrame").nth(table).locator("canvas").first
    canvas.evaluate("element => element.scrollIntoView({block: 'center'})")
    page.wait_for_timeout(300)
    box = canvas.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] - 20, box["y"] + ROW * (row + 1.5)
    editor = page.locator(".gdg-input")
    for _ in range(3):  # a busy machine may lose a click
        page.mouse.dblclick(x, y)
        with suppress(AssertionError):
            expect(editor).to_be_visible(timeout=5_000)
            break
    editor.fill(text)
    page.wait_for_timeout(300)  # what is typed reaches the table a moment later
    page.keyboard.press("Enter")
    expect(editor).to_have_count(0)


def test_a_weight_is_edited_and_the_working_follows(page: Page, address: str) -> None:
    open_and_settle(page, f"{address}/Maths_Lab?solution=1")
    expect(page.locator(".katex-display:visible").first).to_be_visible()
    expect(page.get_by_text("Checked 40 numbers")).to_be_visible()
    write(page, 1, 0, "5")  # x4 at t = 1: what is stored first
    expect(page).to_have_url(re.compile(r"[?&]hand=lstm"))
    expect(page.locator(".katex-display:visible").filter(has_text="1⋅5").first).to_be_visible()
    write(page, 1, 0, "five")
    expect(page.get_by_role("alert").filter(has_text="'five' is not a number")).to_be_visible()
    write(page, 1, 0, "3")
    expect(page.locator(".katex-display:visible").filter(has_text="1⋅3").first).to_be_visible()


def test_an_exercise_opens_from_its_link_and_the_cells_beside_it(page: Page, address: str) -> None:
    query = urlencode({"hand": to_line(PRESETS["gru"]), "hand_t": "2", "solution": "1"})
    open_and_settle(page, f"{address}/Maths_Lab?{query}")
    expect(page.locator(".katex-display:visible").filter(has_text="2.9996").first).to_be_visible()
    page.get_by_text("RNN, GRU, LSTM", exact=True).click()
    expect(page).to_have_url(re.compile(r"[?&]lab=cells(&|$)"))
    expect(page.get_by_role("heading", name="What each gate adds")).to_be_visible()
    expect(page.locator(".katex-display:visible").nth(3 + (2 + 4 + 7) - 1)).to_be_visible(timeout=4 * STEP_LIMIT)

"""An exercise tried in a real browser: typed with the keyboard alone, saved, opened from the file and printed."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.app import ROOT
from tests.browser.conftest import Serve, settled
from tests.browser.test_every_view import assert_usable

SCRIPT = """
import sys
sys.path.insert(0, {root!r})
import streamlit as st
from pages.views.maths_lab import attempt
from pages.wording.tokens import style
from tests.lab.problems import chain

st.set_page_config(page_title="A chain", layout="wide")
style()
st.title("An exercise")
attempt.show(chain(0.7), "hand")
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_exercise_is_typed_saved_and_printed(page: Page, serve: Serve, tmp_path: Path, scheme: str) -> None:
    script = tmp_path / "exercise.py"
    script.write_text(SCRIPT.format(root=str(ROOT)))
    with serve(script) as address:
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.goto(address)
        boxes = page.locator("[data-testid=stExpander] input:visible")
        expect(boxes).to_have_count(2)
        boxes.first.focus()
        for answer in ("0.7", "0.635"):  # the focus goes from box to box while marks appear below them
            page.keyboard.type(answer)
            page.keyboard.press("Tab")
            settled(page)
        expect(page.get_by_text("not bent")).to_be_visible()
        assert_usable(page, scheme)
        boxes.first.fill("0.604")
        boxes.first.press("Enter")
        expect(boxes).to_have_count(1)  # the step is finished, and the next one opens
        boxes.first.fill("0.365")
        boxes.first.press("Enter")
        expect(page.get_by_text("3 of 3 right")).to_be_visible()
        assert "try=h%3A0.604%2Cs%3A0.635%2Cq%3A0.365" in page.url
        page.get_by_role("button", name="Worksheet").click()
        with page.expect_download() as found:
            page.get_by_role("button", name="Blank sheet as HTML").click()
        found.value.save_as(tmp_path / "sheet.html")
    page.goto((tmp_path / "sheet.html").as_uri())
    expect(page.locator("math").first).to_be_visible()
    assert page.evaluate("document.scrollingElement.scrollWidth <= window.innerWidth")
    assert_usable(page, scheme)
    assert len(page.pdf()) > 5_000

"""Can everybody use every view? axe-core finds no serious fault in our own elements, and a keyboard is enough."""

from __future__ import annotations

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from core.data.examples import examples
from tests.app import EVERY, link
from tests.browser.conftest import STEP_LIMIT, open_and_settle, open_folds

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")
# Faults in what Streamlit 1.67 itself draws, on which no page of ours has a say: (rule, a part of the element's HTML).
# A formula wider than its place scrolls in a box of KaTeX's that the keyboard cannot get to; the formula is read aloud
# whole, from the MathML inside. Nothing of what was typed is in one.
STREAMLIT = (("scrollable-region-focusable", 'class="katex-display"'),)
SERIOUS = ("serious", "critical")
MOST_TABS = 60
TRIES = 4  # a fault that is still there after so many looks is one


def faults(page: Page) -> list[str]:
    """The serious faults in our own elements, and headings that leave out a level: rule, place, what is wrong."""
    options = {
        "runOnly": {"type": "tag", "values": list(RULES)},
        "rules": {"heading-order": {"enabled": True}},
        "resultTypes": ["violations"],
    }
    found: list[dict[str, Any]] = Axe().run(page, options=options).response["violations"]
    return [
        f"{fault['id']} at {' '.join(map(str, node['target']))}: {node['html'][:200]} {node['failureSummary'][:200]}"
        for fault in found
        for node in fault["nodes"]
        if (fault["impact"] in SERIOUS or fault["id"] == "heading-order")
        and not any(fault["id"] == rule and part in node["html"] for rule, part in STREAMLIT)
    ]


@pytest.mark.parametrize(("page_name", "view"), EVERY)
def test_no_serious_fault_in_light_or_dark(page_name: str, view: str, visitor: Page, address: str) -> None:
    visitor.emulate_media(color_scheme="light")
    open_and_settle(visitor, address + link(page_name, view, examples()[2].text))
    open_folds(visitor)
    for scheme in ("light", "dark"):
        visitor.emulate_media(color_scheme=scheme)
        found = []
        for _try in range(TRIES):
            visitor.wait_for_timeout(500)  # colours fade from one theme to the other
            found = faults(visitor)
            if not found:
                break
        assert found == [], scheme


def test_a_fault_would_be_found(visitor: Page, address: str) -> None:
    visitor.emulate_media(color_scheme="light")
    open_and_settle(visitor, address)
    visitor.evaluate(
        """() => document.querySelector('[data-testid=stMain] h1').insertAdjacentHTML('afterend',
        '<h5>far down</h5><p style="color: #bbb; background: #fff">pale</p><button></button>')"""
    )
    assert {line.partition(" ")[0] for line in faults(visitor)} == {"heading-order", "color-contrast", "button-name"}


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until this element, or one inside it, has the focus."""
    expect(wanted).to_be_attached(timeout=3 * STEP_LIMIT)  # parts of Streamlit's are fetched when first drawn
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element.matches(':focus, :focus-within')"):
            return
    pytest.fail(f"not reached in {MOST_TABS} steps of Tab: {wanted}")


def test_home_is_walked_by_keyboard(page: Page, address: str) -> None:
    open_and_settle(page, address)
    main, menu = page.get_by_test_id("stMain"), page.get_by_test_id("stSidebar")
    tab_to(page, menu.get_by_role("link", name="Permutations"))
    tab_to(page, menu.get_by_test_id("stButtonGroup"))
    tab_to(page, main.get_by_role("textbox").first)
    tab_to(page, main.get_by_test_id("stButtonGroup").first)
    tab_to(page, main.get_by_test_id("stExpander").first.locator("summary"))
    page.keyboard.press("Enter")
    expect(main.get_by_text("Limits")).to_be_visible()
    tab_to(page, main.get_by_role("link", name="Permutations"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Permutations")).to_be_visible()


def test_the_language_is_changed_by_keyboard(page: Page, address: str) -> None:
    open_and_settle(page, address)
    tab_to(page, page.get_by_test_id("stSidebar").get_by_test_id("stButtonGroup"))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("stSidebar").get_by_role("link", name="首頁")).to_be_visible()


def test_words_are_put_in_order_by_keyboard(page: Page, address: str) -> None:
    open_and_settle(page, address + link("Permutations", "hand", examples()[0].text))
    main = page.get_by_test_id("stMain")
    tab_to(page, main.get_by_role("textbox").first)
    tab_to(page, main.get_by_test_id("stButtonGroup").first)
    tab_to(page, main.get_by_test_id("stExpander").first.locator("summary"))
    tab_to(page, page.get_by_role("option").first)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("status").filter(has_text="word 2 of 4")).to_be_attached()
    expect(page).to_have_url(re.compile(r"[?&]order=2\.1\.3\.4(&|$)"))

"""Every view on a hostile link in a real browser: nothing runs, all can use it, it fits wide and narrow windows."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, TimeoutError, expect

from core.data.examples import examples
from tests.app import EVERY, link
from tests.browser.conftest import HOSTILE, assert_inert, open_and_settle, open_folds, paint

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")
# Faults in what Streamlit 1.67 itself draws, on which no page of ours has a say: (rule, a part of the element's HTML).
# A formula wider than its place scrolls in a box of KaTeX's that the keyboard cannot get to; the formula is read aloud
# whole, from the MathML inside. Nothing of what was typed is in one.
STREAMLIT = (("scrollable-region-focusable", 'class="katex-display"'),)
SERIOUS = ("serious", "critical")
TRIES = 4  # a fault that is still there after so many looks is one
PATIENCE = 10_000  # milliseconds for charts to take their new width
LONG_WORD = "x" * 700
# What sticks out of the page, or makes a part of it scroll sideways; what scrolls inside a box of its own, such as a
# table, does not.
STICKS_OUT = """() => {
    const over = [['page', document.scrollingElement.scrollWidth - window.innerWidth]];
    for (const part of ['stApp', 'stMain']) {
        const element = document.querySelector(`[data-testid=${part}]`);
        over.push([part, element.scrollWidth - element.clientWidth]);
    }
    return over.filter(([_, pixels]) => pixels > 0).map(([what, pixels]) => `${what}: ${pixels} px`);
}"""


def faults(page: Page, *rules: str) -> list[str]:
    """The serious faults in our own elements, and headings that leave out a level: rule, place, what is wrong."""
    options = {
        "runOnly": {"type": "rule", "values": rules} if rules else {"type": "tag", "values": RULES},
        "rules": {} if rules else {"heading-order": {"enabled": True}},
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


def assert_usable(page: Page, scheme: str, *rules: str) -> None:
    for attempt in range(TRIES):
        page.wait_for_timeout(500 * attempt)  # charts are drawn anew, and colours fade from one theme to the other
        if not (found := faults(page, *rules)):
            return
    pytest.fail(f"{scheme}: {found}", pytrace=False)


def assert_fits(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    try:
        page.wait_for_function(f"({STICKS_OUT})().length === 0", timeout=PATIENCE)
    except TimeoutError:
        pytest.fail(f"at {width} px: {page.evaluate(STICKS_OUT)}", pytrace=False)


@pytest.mark.parametrize(("page_name", "view"), EVERY)
def test_a_view_is_inert_usable_and_fits(
    page_name: str, view: str, page: Page, address: str, elsewhere: list[str], dialogs: list[str]
) -> None:
    number = 2 * EVERY.index((page_name, view))
    hostile = (HOSTILE[(number + more) % len(HOSTILE)] for more in range(2))
    words = f"i do not love it, so good http://example.com/{LONG_WORD}"
    page.emulate_media(color_scheme="light")
    open_and_settle(page, address + link(page_name, view, " ".join([words, *hostile])))
    open_folds(page)
    assert_usable(page, "light")
    assert_inert(page, elsewhere, dialogs)
    assert_fits(page, 1280)
    paint(page, "dark")
    assert_usable(page, "dark", "color-contrast")
    assert_fits(page, 390)
    expect(page.locator(".katex-error")).to_have_count(0)
    assert elsewhere == []


@pytest.mark.parametrize(("page_name", "view"), [("Trajectories", "states"), ("Sarcasm", "compose")])
def test_what_is_chosen_in_an_open_popover_can_be_read(page_name: str, view: str, page: Page, address: str) -> None:
    open_and_settle(page, address + link(page_name, view, "so good"))
    paint(page, "dark")
    for button in page.get_by_test_id("stMain").get_by_test_id("stPopoverButton").all():
        button.click()
        expect(page.get_by_test_id("stPopoverBody")).to_be_visible()
        assert_usable(page, "dark", "color-contrast")
        page.keyboard.press("Escape")


def test_a_fault_would_be_found(page: Page, address: str) -> None:
    open_and_settle(page, address + link("Home", "", examples()[0].text))
    assert faults(page) == []
    page.evaluate(
        """() => document.querySelector('[data-testid=stMain] h1').insertAdjacentHTML('afterend',
        `<h5>far down</h5><p style="color: #bbb; background: #fff">pale</p><button></button>
        <div style="width: 2000px">wide</div><a href="javascript:0">x</a>`)"""
    )
    assert {line.partition(" ")[0] for line in faults(page)} == {"heading-order", "color-contrast", "button-name"}
    assert page.evaluate(STICKS_OUT) != []
    with pytest.raises(AssertionError, match="javascript:0"):
        assert_inert(page, [], [])

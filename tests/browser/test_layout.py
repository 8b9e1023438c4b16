"""Does every view fit its window, wide and narrow, whatever the sentence?"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, TimeoutError, expect

from core.data.examples import examples
from tests.app import EVERY, link
from tests.browser.conftest import open_and_settle, open_folds
from tests.hostile import SENTENCES

WIDTHS = (1280, 390)  # pixels: a laptop and a telephone
PATIENCE = 10_000  # milliseconds for charts to take their new width
LONG_WORD = "x" * 120
HOSTILE = " ".join((LONG_WORD, *(text.replace("\n", " ") for text in SENTENCES[:6])))
SHARES = (examples()[0].text, "", HOSTILE)
# What sticks out of the page, or makes its main part scroll sideways; what scrolls inside a box of its own, such
# as a table, does not.
STICKS_OUT = """() => {
    const main = document.querySelector('[data-testid=stMain]');
    const over = [['page', document.scrollingElement.scrollWidth - window.innerWidth],
                  ['main', main.scrollWidth - main.clientWidth]];
    return over.filter(([_, pixels]) => pixels > 0).map(([what, pixels]) => `${what}: ${pixels} px`);
}"""


@pytest.mark.parametrize(
    ("page_name", "view", "share"),
    [(*which, SHARES[place % len(SHARES)]) for place, which in enumerate(EVERY)]
    + [("Home", "", share) for share in SHARES[1:]]
    + [("Trajectories", "states", SHARES[2]), ("Attributions", "words", SHARES[2]), ("Sarcasm", "comment", SHARES[2])],
    ids=lambda value: value[:12] if isinstance(value, str) else None,
)
def test_nothing_sticks_out_of_the_window(page_name: str, view: str, share: str, visitor: Page, address: str) -> None:
    visitor.set_viewport_size({"width": WIDTHS[0], "height": 900})
    open_and_settle(visitor, address + link(page_name, view, share))
    expect(visitor.get_by_test_id("stException")).to_have_count(0)
    open_folds(visitor)
    for width in WIDTHS:
        visitor.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            visitor.emulate_media(color_scheme=scheme)
            try:  # charts are drawn anew, which takes its time
                visitor.wait_for_function(f"({STICKS_OUT})().length === 0", timeout=PATIENCE)
            except TimeoutError:
                pytest.fail(f"at {width} px, {scheme}: {visitor.evaluate(STICKS_OUT)}", pytrace=False)
    visitor.emulate_media(color_scheme="light")

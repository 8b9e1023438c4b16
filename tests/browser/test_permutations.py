"""Journeys through the page on word order in a real browser: a flip found and judged, words moved, a search stopped."""

from __future__ import annotations

import re
import time
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from core.models import checkpoints
from core.models.predict import verdict
from tests.browser.conftest import CELLS, CHECKPOINTS, open_and_settle, settled

LONG = "i love the way you never told me it was bad"  # 11 words, 39,916,800 orders


def show(page: Page, address: str, **parameters: str) -> None:
    page.goto(f"{address}/Permutations?{urlencode(parameters)}")
    expect(page.get_by_role("heading", name="Permutations", exact=True)).to_be_visible()


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name)


def processor_seconds(address: str) -> float:
    """What the server behind an address has used of the processor so far."""
    port = str(urlsplit(address).port)
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if port in (process / "cmdline").read_bytes().decode(errors="replace").split("\0"):
                fields = (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
                return (int(fields[11]) + int(fields[12])) / 100
        except OSError:
            continue
    pytest.skip("no /proc with the server's process")


def test_a_sentence_comes_along_and_a_dragged_word_changes_the_verdicts_and_the_link(page: Page, address: str) -> None:
    open_and_settle(page, f"{address}/?q=better+late+than+never")
    page.get_by_test_id("stSidebar").get_by_role("link", name="Permutations").click()
    page.get_by_text("By hand", exact=True).click()
    words = page.get_by_role("option")
    expect(words).to_have_text(["better", "late", "than", "never"])
    metrics = page.get_by_test_id("stMetric")
    expect(metrics).to_have_count(len(CELLS))
    settled(page)
    words.filter(has_text="never").drag_to(words.filter(has_text="better"), target_position={"x": 4, "y": 10})
    expect(words).to_have_text(["never", "better", "late", "than"])
    for metric, name in zip(metrics.all(), CELLS, strict=True):
        expected = verdict(checkpoints.load(name, CHECKPOINTS), "never better late than")
        expect(metric).to_contain_text(f"P(positive) = {expected.probability:.3f}")
    expect(page).to_have_url(re.compile(r"[?&]order=4\.1\.2\.3(&|$)"))
    page.reload()
    expect(words).to_have_text(["never", "better", "late", "than"])


def test_two_tabs_search_at_once_and_each_gets_its_own_answer(page: Page, address: str) -> None:
    with closing(page.context.new_page()) as other:
        asked = {page: "i love the way you never told", other: "never was it so bad"}
        for tab, text in asked.items():
            show(tab, address, q=text, view="search")
            start = button(tab, "Start the search").or_(button(tab, "Run again"))  # of few orders it starts by itself
            expect(start).to_be_visible()
            start.click()
        for tab, count in zip(asked, ("5,040", "120"), strict=True):
            line = re.compile(f"^(None|The verdict flips in .*) of the {count} orders")
            expect(tab.get_by_text(line)).to_be_visible()
            expect(button(tab, "Run again")).to_be_visible()


def test_a_long_search_stops_and_none_goes_on_behind_a_page_that_was_left(page: Page, address: str) -> None:
    # So wide a threshold is not closed by the first few thousand orders: the search goes on until it is stopped.
    show(page, address, q=LONG, view="search", budget="2000000", seconds="600", floor="100")
    expect(page.get_by_text(re.compile("39,916,800"))).to_be_visible()
    button(page, "Start the search").click()
    # Thousands: the first count told is 1, the original alone, and stopped there the page says so and no more.
    expect(page.get_by_text(re.compile(r"scored \d+,\d{3} of up to 2,000,000 orders"))).to_be_visible()
    begun = time.monotonic()
    button(page, "Stop").click()
    expect(button(page, "Run again")).to_be_visible()
    assert time.monotonic() - begun < 10  # about a second on an idle machine; the search would have gone on for minutes
    expect(page.get_by_text(re.compile("The verdict flips in|No order within"))).to_be_visible()
    expect(button(page, "Stop")).to_have_count(0)
    button(page, "Run again").click()
    expect(page.get_by_text(re.compile(r"scored [1-9][\d,]* of up to 2,000,000 orders"))).to_be_visible()
    heading = page.get_by_role("heading", name="Models", exact=True)
    for _ in range(3):  # on a busy machine a click was once lost, falling into a redraw of the progress
        page.get_by_test_id("stSidebar").get_by_role("link", name="Models").click()
        with suppress(AssertionError):
            expect(heading).to_be_visible(timeout=10_000)
            break
    expect(heading).to_be_visible()
    settled(page)
    for _ in range(6):  # a step under way ends
        before = processor_seconds(address)
        page.wait_for_timeout(1_000)
        if (used := processor_seconds(address) - before) < 0.3:
            break
    assert used < 0.3, "the search goes on"
    page.go_back()
    expect(button(page, "Run again")).to_be_visible()  # what was found before stays


def test_a_clicked_flip_is_shown_and_kept(page: Page, address: str) -> None:
    show(page, address, q="better late than never so bad", view="search", model="rnn")
    expect(button(page, "Run again")).to_be_visible()  # of so few orders it started by itself
    scatter = page.locator("[class*=st-key-scatter] .js-plotly-plot")
    flips = scatter.locator(".scatterlayer .trace").nth(1).locator("path.point")
    expect(flips.first).to_be_visible()
    chosen = page.get_by_text("Chosen order")
    for place in range(10):  # a point may lie under another one, which is then the one clicked
        point = flips.nth(place)
        point.evaluate("element => element.scrollIntoView({block: 'center'})")  # not under the page's head
        point.hover(force=True)  # the figure takes a click for the point that it knows to be under the mouse
        page.wait_for_timeout(500)
        point.click(force=True)
        with suppress(AssertionError):
            expect(chosen).to_be_visible(timeout=3_000)
            break
    expect(chosen).to_be_visible()
    page.get_by_text("unsure", exact=True).click()
    button(page, "Keep this pair").click()
    expect(page.get_by_text("Saved to Kept pairs as “unsure”")).to_be_visible()

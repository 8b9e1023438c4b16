"""Journeys through the page on word order in a real browser: words moved, a search stopped, a flip clicked."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from core.models import checkpoints
from core.models.predict import verdict
from tests.browser.conftest import CELLS, Serve
from tests.hostile import SENTENCES

LONG = "i love the way you never told me it was bad"  # 11 words, 39,916,800 orders
HOSTILE = " ".join(text.replace("\n", " ") for text in SENTENCES[:6])


@pytest.fixture(scope="module")
def folder(served_checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The served models and a small fluency model, trained here where none is shipped."""
    if (served_checkpoints / checkpoints.FLUENCY / checkpoints.CARD).is_file():
        return served_checkpoints
    from core.fluency.recipe import FluencySettings, Sentences, train

    found = tmp_path_factory.mktemp("with-fluency") / "checkpoints"
    shutil.copytree(served_checkpoints, found)
    words = LONG.split()
    texts = [" ".join([*words[start:], *words[:start], f"number{row}"]) for row in range(40) for start in range(11)]
    made_up = Sentences("made_up.csv", texts, "0" * 64)
    list(train([made_up, made_up], None, FluencySettings(vocabulary_size=60, held_out_per_length=0), found))
    return found


@pytest.fixture(scope="module")
def address(serve: Serve, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a fluency model and a collection of its own."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("UNROLLED_COLLECTION", str(tmp_path_factory.mktemp("kept") / "pairs.sqlite3"))
        with serve(checkpoints=folder) as found:
            yield found


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


def test_a_dragged_word_changes_the_verdicts_and_the_link(page: Page, address: str, folder: Path) -> None:
    show(page, address, q="better late than never")
    metrics = page.get_by_test_id("stMetric")
    expect(metrics).to_have_count(len(CELLS))
    page.get_by_role("option", name="never").drag_to(
        page.get_by_role("option", name="better"), target_position={"x": 4, "y": 10}
    )
    expect(page.get_by_role("option")).to_have_text(["never", "better", "late", "than"])
    for place, name in enumerate(CELLS):
        expected = verdict(checkpoints.load(name, folder), "never better late than")
        expect(metrics.nth(place)).to_contain_text(f"P(positive) = {expected.probability:.3f}")
    expect(page).to_have_url(re.compile(r"[?&]order=4\.1\.2\.3(&|$)"))
    page.reload()
    expect(page.get_by_role("option")).to_have_text(["never", "better", "late", "than"])


def test_the_sentence_comes_along_from_the_home_page(page: Page, address: str) -> None:
    page.goto(f"{address}/?q=so+very+good")
    expect(page.get_by_test_id("stMetric")).to_have_count(len(CELLS))
    page.get_by_test_id("stSidebar").get_by_role("link", name="Permutations").click()
    expect(page.get_by_role("option")).to_have_text(["so", "very", "good"])


def test_a_long_search_stops_and_keeps_what_it_found(page: Page, address: str) -> None:
    # So wide a floor is not closed by the first few thousand orders: the search goes on until it is stopped.
    show(page, address, q=LONG, view="search", floor="100")
    expect(page.get_by_text(re.compile("39,916,800"))).to_be_visible()
    button(page, "Start the search").click()
    # Thousands: the first count told is 1, the original alone, and stopped there the page says so and no more.
    expect(page.get_by_text(re.compile(r"Scored \d,\d{3} of up to 400,000 orders"))).to_be_visible()
    begun = time.monotonic()
    button(page, "Stop").click()
    expect(button(page, "Search again")).to_be_visible()
    took = time.monotonic() - begun
    expect(page.get_by_text(re.compile("The verdict flips in|No order within"))).to_be_visible()
    expect(button(page, "Stop")).to_have_count(0)
    print(f"stopped after {took:.1f} s")
    assert took < 10  # about a second on an idle machine; the search would have gone on for a minute


def test_two_tabs_search_at_once_and_each_gets_its_own_answer(page: Page, address: str) -> None:
    other = page.context.new_page()
    asked = {page: "i love the way you never told", other: "never was it so bad"}
    for tab, text in asked.items():
        show(tab, address, q=text, view="search")
        expect(button(tab, "Start the search")).to_be_visible()
    for tab in asked:
        button(tab, "Start the search").click()
    for tab, orders in zip(asked, ("5,040", "120"), strict=True):
        expect(tab.get_by_text(re.compile(f"^(None|The verdict flips in .*) of the {orders} orders"))).to_be_visible()
        expect(button(tab, "Search again")).to_be_visible()
    other.close()


def test_nothing_goes_on_behind_a_page_that_was_left(page: Page, address: str) -> None:
    show(page, address, q=LONG, view="search", budget="2000000", seconds="600", floor="100")
    button(page, "Start the search").click()
    expect(page.get_by_text(re.compile(r"Scored [1-9][\d,]* of up to 2,000,000 orders"))).to_be_visible()
    heading = page.get_by_role("heading", name="Models", exact=True)
    for _ in range(3):  # on a busy machine a click was once lost, falling into a redraw of the progress
        page.get_by_test_id("stSidebar").get_by_role("link", name="Models").click()
        with suppress(AssertionError):
            expect(heading).to_be_visible(timeout=10_000)
            break
    expect(heading).to_be_visible()
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    page.wait_for_timeout(3_000)  # a step under way ends
    before = processor_seconds(address)
    page.wait_for_timeout(3_000)
    assert processor_seconds(address) - before < 1
    page.go_back()
    expect(button(page, "Search again")).to_be_visible()  # what was found before stays


def test_a_clicked_flip_is_shown_and_kept(page: Page, address: str, folder: Path) -> None:
    show(page, address, q="better late than never so bad", view="search", model="rnn")
    button(page, "Start the search").click()
    scatter = page.locator(".js-plotly-plot").last
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


def test_a_hostile_link_is_inert(page: Page, address: str, elsewhere: list[str], dialogs: list[str]) -> None:
    for view in ("hand", "search", "compare"):
        show(
            page, address, q=HOSTILE, second=HOSTILE[::-1], view=view, order="<b>", pins="'", model=HOSTILE, budget="0"
        )
        expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
        page.wait_for_timeout(500)
        assert page.evaluate("window.__hacked") is None
        assert dialogs == []
        assert elsewhere == []
        shown = page.get_by_test_id("stMain")
        expect(
            shown.locator("iframe, script, img, a[href^='javascript:'], .katex:visible, [onerror], [onload]")
        ).to_have_count(0)
        expect(page.get_by_test_id("stException")).to_have_count(0)

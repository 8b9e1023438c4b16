"""Journeys through the home page in a real browser, against a real server."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, quote_plus, urlencode, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from core.data.examples import examples
from core.models import checkpoints
from core.models.predict import verdict
from core.text.preprocessing import SHIPPED, Preprocessing
from tests.browser.conftest import CELLS, Serve
from tests.hostile import SENTENCES

ROOT = Path(__file__).parent.parent.parent
PAGES = ["", *sorted(path.stem.partition("_")[2] for path in (ROOT / "pages").glob("[0-9]*.py"))]
CHART = ".js-plotly-plot .main-svg"  # what a page shows once it has answered,
# or where it opens without one
ANSWERS = {"Permutations": "[data-testid=stMetric]", "Sarcasm": "[data-testid=stMetric]"}
LONG_WORD = "x" * 700
HOSTILE = [text.replace("\n", " ") for text in SENTENCES]  # a box of one line takes no line breaks


def box(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Type a sentence")


def assert_answers(page: Page, text: str, folder: Path) -> None:
    """The verdicts on the page are those of the models on this very text, and the chart has a curve for each."""
    expect(page.locator(".u-tokens").first.locator(".u-token")).to_have_text(Preprocessing(SHIPPED)(text))
    metrics = page.get_by_test_id("stMetric")
    expect(metrics).to_have_count(len(CELLS))
    for place, name in enumerate(CELLS):
        expected = verdict(checkpoints.load(name, folder), text)
        expect(metrics.nth(place)).to_contain_text(name.upper())
        expect(metrics.nth(place)).to_contain_text(expected.label)
        expect(metrics.nth(place)).to_contain_text(f"P(positive) = {expected.probability:.3f}")
    expect(page.locator(".js-plotly-plot .legendtext")).to_have_text([name.upper() for name in CELLS])
    expect(page.locator(".js-plotly-plot .scatterlayer .trace")).to_have_count(len(CELLS))
    expect(page.get_by_test_id("stException")).to_have_count(0)


def assert_link_carries(page: Page, text: str) -> None:
    expect(page).to_have_url(re.compile(r"[?&]q=" + re.escape(quote_plus(text)).replace(r"\+", r"(\+|%20)") + "(&|$)"))


def test_verdicts_follow_while_one_types(page: Page, address: str, served_checkpoints: Path) -> None:
    page.goto(address)
    assert_answers(page, examples()[0].text, served_checkpoints)
    box(page).fill("")
    expect(page.get_by_text("No words to read yet")).to_be_visible()
    expect(page.get_by_test_id("stMetric")).to_have_count(0)
    box(page).press_sequentially("I love", delay=20)  # and no Enter
    assert_answers(page, "I love", served_checkpoints)
    assert_link_carries(page, "I love")
    box(page).press_sequentially(" this movie", delay=20)
    assert_answers(page, "I love this movie", served_checkpoints)
    assert_link_carries(page, "I love this movie")
    expect(box(page)).to_be_focused()


def test_a_link_opens_on_its_sentence_on_a_fresh_server(page: Page, serve: Serve, served_checkpoints: Path) -> None:
    text = "I don't like it & 100 % <b>bad</b> + #fail? é 😀 שלום"
    with serve() as fresh:
        page.goto(f"{fresh}/?{urlencode({'q': text})}")
        expect(box(page)).to_have_value(text)
        assert_answers(page, text, served_checkpoints)
        assert parse_qs(urlsplit(page.url).query)["q"] == [text]


def test_a_link_with_a_null_character_opens(page: Page, address: str) -> None:
    page.goto(f"{address}/?q=good%00bad")
    expect(page.locator(".u-token")).to_have_text(["good", "U+0000", "bad"])
    expect(page.get_by_test_id("stMetric")).to_have_count(len(CELLS))


def test_an_example_goes_into_the_box_and_the_link(page: Page, address: str, served_checkpoints: Path) -> None:
    page.goto(address)
    for example in examples()[1:3]:
        page.get_by_role("radio", name=example.name, exact=True).click()
        expect(box(page)).to_have_value(example.text)
        assert_answers(page, example.text, served_checkpoints)
        assert_link_carries(page, example.text)


def test_a_text_too_long_for_the_link_says_so(page: Page, address: str) -> None:
    page.goto(address)
    box(page).fill("love " * 500)
    expect(page.get_by_text("too long for the link")).to_be_visible()
    expect(page).not_to_have_url(re.compile(r"[?&]q="))
    expect(box(page)).to_have_value("love " * 500)
    expect(page.get_by_test_id("stMetric")).to_have_count(len(CELLS))


def test_the_sentence_survives_a_hasty_visit_to_another_page(
    page: Page, serve: Serve, served_checkpoints: Path
) -> None:
    with serve() as fresh:  # fresh, so that leaving a page early leaves its first imports half done
        page.goto(fresh)
        box(page).fill("I love this movie")
        assert_answers(page, "I love this movie", served_checkpoints)
        page.get_by_test_id("stSidebar").get_by_role("link", name="Models").click()
        expect(page.get_by_role("heading", name="Models", exact=True)).to_be_visible()
        page.get_by_test_id("stSidebar").get_by_role("link", name="Home").click()
        expect(box(page)).to_have_value("I love this movie")
        assert_answers(page, "I love this movie", served_checkpoints)


def assert_inert(page: Page, elsewhere: list[str], dialogs: list[str]) -> None:
    assert page.evaluate("window.__hacked") is None
    assert dialogs == []
    assert elsewhere == []
    live = (
        "iframe, script, img, svg[onload], a[href^='javascript:'], a[href^='http'], a[href^='//'], [onerror], "
        "[onload], [onfocus], .katex, mark"
    )
    # The fold about the page has equations and links to papers, of its own.
    found = page.evaluate(
        """live => [...document.querySelectorAll('[data-testid="stMain"] *')]
            .filter(one => one.matches(live) && !one.closest('[class*="st-key-about"]')).map(one => one.outerHTML)""",
        live,
    )
    assert found == []


def test_hostile_texts_typed_are_inert(page: Page, address: str, elsewhere: list[str], dialogs: list[str]) -> None:
    page.goto(address)
    page.get_by_text("What each preprocessing step changed").click()
    as_typed = page.locator(".u-steps td").first
    for text in HOSTILE:
        box(page).fill(text)
        expect(as_typed).to_have_text(text)
        assert as_typed.text_content() == text
        expect(page.get_by_test_id("stMetric")).to_have_count(len(CELLS))
        assert_inert(page, elsewhere, dialogs)
    expect(box(page)).to_be_visible()  # no style sheet got through


def test_a_hostile_link_is_inert(page: Page, address: str, elsewhere: list[str], dialogs: list[str]) -> None:
    text = " ".join(HOSTILE)
    page.goto(f"{address}/?{urlencode({'q': text})}")
    expect(box(page)).to_have_value(text)
    expect(page.get_by_test_id("stMetric")).to_have_count(len(CELLS))
    expect(page.locator(".js-plotly-plot .legendtext")).to_have_count(len(CELLS))
    page.locator(".js-plotly-plot .nsewdrag").first.hover()  # the labels of the points are read as HTML, by halves
    expect(page.locator(".js-plotly-plot .hoverlayer .legendtext")).not_to_have_count(0)
    assert_inert(page, elsewhere, dialogs)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_asks_nobody_but_its_own_server(path: str, page: Page, address: str, elsewhere: list[str]) -> None:
    page.goto(f"{address}/{path}")
    expect(page.get_by_role("heading").first).to_be_visible()
    expect(page.locator(ANSWERS.get(path, CHART)).first).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert elsewhere == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_a_word_without_an_end_does_not_stick_out(width: int, scheme: str, page: Page, address: str) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(f"{address}/?{urlencode({'q': f'love {LONG_WORD} http://example.com/{LONG_WORD}'})}")
    expect(page.locator(CHART).first).to_be_visible()
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    for fold in page.get_by_test_id("stExpander").locator("summary").all():
        fold.click()
    expect(page.locator(".u-steps")).to_be_visible()
    for part in ("html", "[data-testid=stApp]", "[data-testid=stMain]"):
        wide, seen = page.locator(part).evaluate("element => [element.scrollWidth, element.clientWidth]")
        assert wide <= seen, f"{part} is {wide} px wide where {seen} px are seen"
    background = page.get_by_test_id("stApp").evaluate("element => getComputedStyle(element).backgroundColor")
    brightness = sum(int(part) for part in re.findall(r"\d+", background)[:3]) / 3
    assert brightness > 200 if scheme == "light" else brightness < 80


def test_box_and_examples_are_reached_and_used_by_keyboard(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.get_by_test_id("stMetric")).to_have_count(len(CELLS))
    for _ in range(12):
        page.keyboard.press("Tab")
        if box(page).evaluate("element => element === document.activeElement"):
            break
    expect(box(page)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("radio", name=examples()[0].name, exact=True)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name=examples()[1].name, exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(box(page)).to_have_value(examples()[1].text)


def test_going_back_shows_the_sentence_of_the_link(page: Page, address: str, served_checkpoints: Path) -> None:
    page.goto(f"{address}?q=I+love+this")
    assert_answers(page, "I love this", served_checkpoints)
    box(page).fill("I hate this")
    assert_answers(page, "I hate this", served_checkpoints)
    assert_link_carries(page, "I hate this")
    page.go_back()
    assert_answers(page, "I love this", served_checkpoints)
    assert_link_carries(page, "I love this")

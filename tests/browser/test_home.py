"""Journeys through the home page in a real browser, against a real server."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, quote_plus, urlencode, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from core.data.examples import examples
from core.models import checkpoints
from core.models.predict import verdict
from core.text.preprocessing import SHIPPED, Preprocessing
from tests.browser.conftest import CELLS, CHECKPOINTS, STEP_LIMIT, Serve, open_and_settle, settled

MOST_TABS = 60


def box(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Type a sentence")


def words(page: Page) -> Locator:
    return page.get_by_role("group", name="Words of the text, in order").first.locator(".chip > span")


def assert_answers(page: Page, text: str) -> None:
    """The verdicts on the page are those of the models on this very text, and the chart has a curve for each."""
    expect(words(page)).to_have_text(Preprocessing(SHIPPED)(text))
    metrics = page.get_by_test_id("stMetric")
    expect(metrics).to_have_count(len(CELLS))
    for place, name in enumerate(CELLS):
        expected = verdict(checkpoints.load(name, CHECKPOINTS), text)
        expect(metrics.nth(place)).to_contain_text(name.upper())
        expect(metrics.nth(place)).to_contain_text(expected.label)
        expect(metrics.nth(place)).to_contain_text(f"P(positive) = {expected.probability:.3f}")
    expect(page.locator(".js-plotly-plot .legendtext")).to_have_text([name.upper() for name in CELLS])
    expect(page.locator(".js-plotly-plot .scatterlayer .trace")).to_have_count(len(CELLS))
    expect(page.get_by_test_id("stException")).to_have_count(0)


def assert_link_carries(page: Page, text: str) -> None:
    expect(page).to_have_url(re.compile(r"[?&]q=" + re.escape(quote_plus(text)).replace(r"\+", r"(\+|%20)") + "(&|$)"))


def test_the_link_and_the_verdicts_follow_the_sentence(page: Page, address: str) -> None:
    """Typed without Enter, chosen among the examples, gone back to, and too long for the link."""
    page.goto(f"{address}?q=I+love+this")
    assert_answers(page, "I love this")
    box(page).fill("")
    expect(page.get_by_text("No words to read yet")).to_be_visible()
    expect(page.get_by_test_id("stMetric")).to_have_count(0)
    box(page).press_sequentially("I hate", delay=20)
    assert_answers(page, "I hate")
    box(page).press_sequentially(" this movie", delay=20)
    assert_answers(page, "I hate this movie")
    assert_link_carries(page, "I hate this movie")
    expect(box(page)).to_be_focused()
    page.goto(f"{address}?q=I+love+this")
    assert_answers(page, "I love this")
    example = examples()[1]
    page.get_by_role("radio", name=example.name, exact=True).click()
    expect(box(page)).to_have_value(example.text)
    assert_answers(page, example.text)
    assert_link_carries(page, example.text)
    page.go_back()
    assert_answers(page, "I love this")
    assert_link_carries(page, "I love this")
    box(page).fill("love " * 500)
    expect(page.get_by_text("too long for the link")).to_be_visible()
    expect(page).not_to_have_url(re.compile(r"[?&]q="))
    expect(box(page)).to_have_value("love " * 500)
    expect(page.get_by_test_id("stMetric")).to_have_count(len(CELLS))


def test_a_link_with_a_null_character_opens(page: Page, address: str) -> None:
    page.goto(f"{address}/?q=good%00bad")
    expect(words(page)).to_have_text(["good", "U+0000", "bad"])
    expect(page.get_by_test_id("stMetric")).to_have_count(len(CELLS))


def test_a_link_opens_on_a_fresh_server_and_survives_a_hasty_visit_to_another_page(page: Page, serve: Serve) -> None:
    text = "I don't like it & 100 % <b>bad</b> + #fail? é 😀 שלום"
    with serve() as fresh:  # so that leaving a page early leaves its first imports half done
        page.goto(f"{fresh}/?{urlencode({'q': text})}")
        expect(box(page)).to_have_value(text)
        assert_answers(page, text)
        assert parse_qs(urlsplit(page.url).query)["q"] == [text]
        page.get_by_test_id("stSidebar").get_by_role("link", name="Models").click()
        expect(page.get_by_role("heading", name="Models", exact=True)).to_be_visible()
        page.get_by_test_id("stSidebar").get_by_role("link", name="Home").click()
        expect(box(page)).to_have_value(text)
        assert_answers(page, text)


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until this element, or one inside it, has the focus."""
    expect(wanted).to_be_attached(timeout=3 * STEP_LIMIT)  # parts of Streamlit's are fetched when first drawn
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element.matches(':focus, :focus-within')"):
            return
    pytest.fail(f"not reached in {MOST_TABS} steps of Tab: {wanted}")


def test_a_keyboard_is_enough(page: Page, address: str) -> None:
    """An example, a fold, another page, the order of the words, another language."""
    open_and_settle(page, address)
    main, menu = page.get_by_test_id("stMain"), page.get_by_test_id("stSidebar")
    tab_to(page, menu.get_by_role("link", name="Permutations"))
    tab_to(page, menu.get_by_test_id("stButtonGroup"))
    tab_to(page, main.get_by_role("button", name="About this page"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Limits")).to_be_visible()
    page.keyboard.press("Escape")
    tab_to(page, box(page))
    page.keyboard.press("Tab")
    expect(page.get_by_role("radio", name=examples()[0].name, exact=True)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name=examples()[1].name, exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(box(page)).to_have_value(examples()[1].text)
    settled(page)
    tab_to(page, words(page).first.locator(".."))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Leave it out")).to_be_visible()
    settled(page)
    tab_to(page, main.get_by_role("link", name="Permutations"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Permutations", exact=True)).to_be_visible()
    settled(page)
    tab_to(page, main.get_by_test_id("stButtonGroup").first)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="By hand")).to_be_focused()
    page.keyboard.press("Enter")
    settled(page)
    tab_to(page, main.get_by_role("textbox").first)
    tab_to(page, page.get_by_role("option").first)
    page.keyboard.press("Shift+ArrowRight")
    count = page.get_by_role("option").count()
    expect(page.get_by_role("status").filter(has_text=f"word 2 of {count}")).to_be_attached()
    expect(page).to_have_url(re.compile(r"[?&]order=2\.1\.3\.4[.\d]*(&|$)"))
    open_and_settle(page, address)
    tab_to(page, menu.get_by_test_id("stButtonGroup"))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(menu.get_by_role("link", name="首頁")).to_be_visible()

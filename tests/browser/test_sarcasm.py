"""Journeys through the page on sarcasm in a real browser: test, edit, compose, search a file, keep, export."""

from __future__ import annotations

import csv
import re
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Locator, Page, TimeoutError, expect

from core.models import checkpoints
from core.models.predict import verdict
from tests.browser.conftest import CELLS, CHECKPOINTS, assert_inert, choose, open_and_settle, settled
from tests.hostile import SENTENCES

SARCASM = "Wow thanks for cancelling my flight, best airline ever"
STOLEN = "whoever stole my antidepressants, i hope you are happy"


def show(page: Page, address: str, **parameters: str) -> None:
    open_and_settle(page, f"{address}/Sarcasm?{urlencode(parameters)}")


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name)


def cell(page: Page, text: str | re.Pattern[str]) -> Locator:
    """Cells of tables that hold a text, as they stand for those who cannot see the canvas."""
    return page.locator("canvas td").filter(has_text=text)


def choose_first_row(page: Page, table: Locator) -> None:
    """A click on the box before a table's first row, below its head."""
    table.scroll_into_view_if_needed()
    expect(table.locator("canvas td").first).to_be_attached()
    settled(page)
    table.get_by_test_id("stDataFrameResizable").click(position={"x": 18, "y": 52})
    settled(page)


def view(page: Page, name: str) -> None:
    page.get_by_test_id("stMain").get_by_test_id("stButtonGroup").first.get_by_text(name, exact=True).click()
    settled(page)


def say_and_keep(page: Page) -> None:
    """How a person reads the text, said in the form, and the text kept."""
    page.get_by_test_id("stForm").get_by_text("negative", exact=True).click()
    button(page, "Keep this text").click()


def download(page: Page, name: str, folder: Path) -> list[dict[str, str]]:
    """What a button downloads, read as CSV."""
    with page.expect_download() as waiting:
        button(page, name).first.click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_comment_is_tested_and_who_is_fooled_is_said(page: Page, address: str) -> None:
    show(page, address, q=SARCASM)
    found = [verdict(checkpoints.load(name, CHECKPOINTS), SARCASM) for name in CELLS]
    badges = page.locator(".stMarkdownBadge")
    expect(page.get_by_test_id("stMetric")).to_have_count(len(CELLS))
    expect(badges).to_have_count(0)
    answer = page.get_by_test_id("stMain").get_by_test_id("stButtonGroup").nth(1)
    answer.get_by_text("negative", exact=True).click()
    metrics = page.get_by_test_id("stMetric")
    expect(metrics).to_have_count(len(CELLS))
    for place, one in enumerate(found):
        expect(metrics.nth(place)).to_contain_text(f"P(positive) = {one.probability:.3f}")
    for one in found:
        part = r"fooled.*{}" if one.label == "negative" else r"{}.*fooled"
        expect(page.locator("p.u-answer")).to_have_text(re.compile(part.format(one.model.upper())))
    expect(page.locator(".chip")).to_have_count(sum(len(one.tokens) for one in found))
    answer.get_by_text("positive", exact=True).click()
    expect(page).to_have_url(re.compile(r"[?&]reading=positive(&|$)"))
    page.get_by_label("Type a sentence").fill("so sad, this is terrible")
    expect(page.locator(".chip", has_text="terrible")).to_have_count(len(CELLS))
    expect(page).not_to_have_url(re.compile(r"[?&]reading="))
    expect(badges).to_have_count(0)


def test_edits_to_a_flip_that_is_kept_and_exported(page: Page, address: str, tmp_path: Path) -> None:
    show(page, address, q=STOLEN, view="edits", model="lstm")
    button(page, "Search for edits").click()
    expect(page.get_by_text(re.compile(r"A single edit flips the verdict in [\d,]+ cases? of [\d,]+"))).to_be_visible()
    expect(button(page, "Run again")).to_be_visible()
    diff = page.locator(".u-diff").first
    expect(diff).to_be_visible()
    came, went = diff.locator("ins").count(), diff.locator("del").count()
    assert came + went >= 1, "an edit is shown"
    settled(page)
    say_and_keep(page)
    expect(page.get_by_text("Saved to Kept finds for LSTM, gold label “negative”.")).to_be_visible()
    view(page, "Kept finds")
    expect(cell(page, "antidepressants").first).to_be_attached()
    rows = [row for row in download(page, "Export all as CSV", tmp_path) if row["source"] == "edit"]
    assert len(rows) == 1
    (row,) = rows
    checkpoint = checkpoints.load("lstm", CHECKPOINTS)
    before, after = verdict(checkpoint, STOLEN), verdict(checkpoint, row["text"])
    assert (row["original"], row["model"], row["reading"]) == (STOLEN, "lstm", "negative")
    assert before.label != after.label, "typed in, the find has the other verdict"
    assert float(row["probability"]) == pytest.approx(after.probability, abs=1e-5)
    assert row["how"]
    expect(cell(page, row["text"]).first).to_be_attached()


def test_remarks_about_a_situation_and_a_search_that_is_stopped(page: Page, address: str) -> None:
    show(page, address, view="compose")
    box = page.get_by_role("textbox", name="Unwelcome situation")
    box.fill("my landlord raised the rent again")
    box.press("Enter")
    expect(page).to_have_url(re.compile("situation=my"))
    stopped = page.get_by_text("the rest were not scored")
    start = page.get_by_role("button", name=re.compile("Build and score|Run again"))
    for _ in range(5):  # on a fast machine the search may be over before the click
        start.click()
        with suppress(AssertionError, TimeoutError):
            expect(page.get_by_text(re.compile(r"[1-9][\d,]* of up to [\d,]+ remarks scored"))).to_be_visible(
                timeout=10_000
            )
            button(page, "Stop").click(timeout=2_000)
        expect(start).to_be_visible()
        settled(page)
        if stopped.count():
            break
    expect(stopped).to_be_attached()  # in a fold below the remarks
    choose_first_row(page, page.get_by_test_id("stDataFrame").first)
    expect(cell(page, "rent").first).to_be_attached()
    remark = page.get_by_test_id("stCode").last.inner_text()
    say_and_keep(page)
    expect(page.get_by_text(re.compile("Saved to Kept finds for LSTM"))).to_be_visible()
    view(page, "Kept finds")
    expect(cell(page, remark).first).to_be_attached()


def test_a_file_of_hostile_cells_is_inert(
    page: Page, address: str, elsewhere: list[str], dialogs: list[str], tmp_path: Path
) -> None:
    texts = [f"{text} oh great, thanks a lot!!!" for text in (*SENTENCES, "=1+1", "+1", "-1", "@SUM(A1)")]
    path = tmp_path / "<img src=x onerror=alert(1)>.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "<b>mood</b>"])
        writer.writerows([text, "negative"] for text in texts)
        writer.writerow(["one", "cell", "too many"])
    show(page, address, view="file")
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(path)
    expect(button(page, "Search the file")).to_be_visible()
    settled(page)
    choose(page, "Gold labels (optional)", "<b>mood</b>")
    settled(page)
    button(page, "Search the file").click()
    expect(page.get_by_text(f"Read all {len(texts) + 1} rows. {len(texts)} scored")).to_be_visible()
    page.get_by_text("1 row with a problem").click()
    expect(cell(page, "3 fields, but the header has 2")).to_have_count(1)
    choose_first_row(page, page.get_by_role("tabpanel").get_by_test_id("stDataFrame").first)
    expect(page.get_by_test_id("stCode").first).to_contain_text("oh great, thanks a lot!!!")
    say_and_keep(page)
    expect(page.get_by_text(re.compile("Saved to Kept finds for"))).to_be_visible()
    rows = download(page, "Download all rows with verdicts", tmp_path)
    assert len(rows) == len(texts) + 1
    for row in rows:
        for value in row.values():
            assert not value.startswith(("=", "+", "@", "\t", "\r")), value
            assert not value.startswith("-") or float(value) < 0, value
    view(page, "Kept finds")
    expect(cell(page, "oh great, thanks a lot!!!").first).to_be_attached()
    assert_inert(page, elsewhere, dialogs)

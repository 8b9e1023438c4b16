"""Journeys through the page on trajectories in a real browser: a unit and a token clicked, a hostile link inert."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Page, expect

from core.models import checkpoints
from core.models.step_arithmetic import working
from core.models.trace import trace
from core.probes.interventions.patching import patch_texts
from tests.hostile import SENTENCES

PROVERB = "Better late than never"
HOSTILE = " ".join(text.replace("\n", " ") for text in SENTENCES[:6])
VIEWS = ("states", "words", "path", "gradients", "memory", "patch", "fixed", "patterns", "probes")
OTHER = "Better never than late"


def show(page: Page, address: str, **parameters: str) -> None:
    page.goto(f"{address}/Trajectories?{urlencode(parameters)}")
    expect(page.get_by_role("heading", name="Trajectories", exact=True)).to_be_visible()


def settled(page: Page) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=120_000)


def test_a_unit_and_a_token_are_clicked(page: Page, address: str, served_checkpoints: Path) -> None:
    """One click on a cell: its unit's line is drawn, and its step is written out with the model's own numbers."""
    show(page, address, q=PROVERB, model="gru")
    checkpoint = checkpoints.load("gru", served_checkpoints)
    found = trace(checkpoint, PROVERB)
    row, token = 6, 2
    unit = int(found.units[row])
    chart = page.locator(".js-plotly-plot").first
    plot = chart.locator(".nsewdrag").first
    expect(chart.locator(".hm image")).to_have_count(1)
    rows = min(32, len(found.units))
    wanted = page.get_by_role("heading", name=f"Step {token + 1}: what unit {unit} does")
    for _ in range(3):  # a busy machine may lose a click
        plot.evaluate("element => element.scrollIntoView({block: 'center'})")
        box = plot.bounding_box()
        assert box is not None
        # Away from the cell's middle, where its point lies: anywhere in a cell is that cell.
        x = box["x"] + box["width"] * (token + 0.8) / len(found)
        y = box["y"] + box["height"] * (row + 0.5) / rows
        page.mouse.move(x - 3, y)
        page.mouse.move(x, y)
        page.wait_for_timeout(500)
        page.mouse.click(x, y)
        with suppress(AssertionError):
            expect(wanted).to_be_visible(timeout=10_000)
            break
    expect(wanted).to_be_visible()
    expect(page.get_by_text(f"GRU: unit {unit} along the text")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"[?&]unit={unit}(&|$)"))
    expect(page).to_have_url(re.compile(rf"[?&]token={token + 1}(&|$)"))
    step = working(checkpoint.model, found, token, unit)
    hidden = page.get_by_test_id("stMetric").filter(has_text="hidden state h")
    expect(hidden.get_by_test_id("stMetricValue")).to_have_text(f"{step.h:.4f}".replace("-", "−"))
    expect(page.locator(".katex-display:visible")).to_have_count(len(step.gates) + len(step.lines) + 1)
    expect(page.locator(".katex-error")).to_have_count(0)
    page.reload()
    expect(wanted).to_be_visible()


def test_every_view_answers_and_its_link_is_kept(page: Page, address: str) -> None:
    show(page, address, q=PROVERB)
    names = {
        "Word by word": "words",
        "Path": "path",
        "Gradients": "gradients",
        "Memory": "memory",
        "Patching": "patch",
        "Patterns": "patterns",
        "Linear probes": "probes",
    }
    for name, view in names.items():
        page.get_by_text(name, exact=True).click()
        expect(page).to_have_url(re.compile(rf"[?&]view={view}(&|$)"), timeout=60_000)
        settled(page)
        expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
        expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_patch_is_chosen_and_the_verdict_changes(page: Page, address: str, served_checkpoints: Path) -> None:
    """One click on a map: the cell's patch is followed, with the probability that the command line prints."""
    show(page, address, q=PROVERB, second=OTHER, view="patch")
    settled(page)
    checkpoint = checkpoints.load("lstm", served_checkpoints)
    grid = patch_texts(checkpoint, PROVERB, OTHER)
    chart = page.locator(".js-plotly-plot").nth(2)  # the LSTM's
    plot = chart.locator(".nsewdrag").first
    row, step = 1, 3  # the cell state, after "than"
    wanted = f"{grid.probability[0]:.3f} → {grid.probabilities['cell'][step - 1]:.3f}"
    value = page.get_by_test_id("stMetric").filter(has_text="LSTM, P(positive)").first.get_by_test_id("stMetricValue")
    expect(value).to_be_visible(timeout=60_000)
    assert wanted != value.inner_text()
    for _ in range(3):  # a busy machine may lose a click
        plot.evaluate("element => element.scrollIntoView({block: 'center'})")
        box = plot.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] * (step - 0.4) / 4, box["y"] + box["height"] * (row + 0.5) / 7
        page.mouse.move(x - 3, y)
        page.mouse.move(x, y)
        page.wait_for_timeout(500)
        page.mouse.click(x, y)
        with suppress(AssertionError):
            expect(value).to_have_text(wanted, timeout=10_000)
            break
    expect(value).to_have_text(wanted)


def test_fixed_points_are_searched_for_and_the_search_stopped(page: Page, address: str) -> None:
    show(page, address, q=PROVERB, view="fixed", model="gru")
    settled(page)
    page.get_by_role("button", name="Start the search").click()
    expect(page.get_by_text(re.compile(r"Tried [\d,]+ of [\d,]+ starts"))).to_be_visible(
        timeout=60_000
    )  # else there is nothing to show
    page.get_by_role("button", name="Stop").click(timeout=60_000)
    expect(page.get_by_text(re.compile(r"GRU ran with its input held"))).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_table_is_taken_along(page: Page, address: str) -> None:
    show(page, address, q=PROVERB, view="words", second="")
    with page.expect_download() as started:
        page.get_by_test_id("stDownloadButton").get_by_role("button").click()
    assert started.value.suggested_filename == "unrolled-contributions.csv"
    lines = Path(started.value.path()).read_text(encoding="utf-8").splitlines()
    assert lines[0] == "sentence,model,place,token,logit,probability,contribution,cell_contribution"
    assert len(lines) == 1 + 3 * 4


def test_a_hostile_link_is_inert(page: Page, address: str, elsewhere: list[str], dialogs: list[str]) -> None:
    for view in VIEWS:
        show(
            page,
            address,
            q=HOSTILE,
            second=HOSTILE[::-1],
            view=view,
            unit="<b>",
            token="'",
            model=HOSTILE,
            word="<script>",
            filler=HOSTILE,
        )
        settled(page)
        page.wait_for_timeout(500)
        assert page.evaluate("window.__hacked") is None
        assert dialogs == []
        assert elsewhere == []
        shown = page.get_by_test_id("stMain")
        expect(shown.locator("iframe, script, img, a[href^='javascript:'], [onerror], [onload]")).to_have_count(0)
        expect(page.get_by_test_id("stException")).to_have_count(0)

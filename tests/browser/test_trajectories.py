"""Journeys through the page on trajectories in a real browser: a unit, a token and a patch clicked."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Locator, Page, expect

from core.models import checkpoints
from core.models.step_arithmetic import working
from core.models.trace import trace
from core.probes.interventions.patching import patch_texts
from tests.browser.conftest import CHECKPOINTS, STEP_LIMIT, open_and_settle, settled

PROVERB = "Better late than never"
OTHER = "Better never than late"


def click_until(page: Page, chart: Locator, across: float, down: float, seen: Callable[[float], object]) -> None:
    """Click a chart at these shares of its width and height until what is to follow is seen: a busy machine may lose a
    click. `seen` waits so many milliseconds, and raises AssertionError in vain."""
    plot = chart.locator(".nsewdrag").first
    for patience in (10_000, 10_000, STEP_LIMIT):
        plot.evaluate("element => element.scrollIntoView({block: 'center'})")
        box = plot.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] * across, box["y"] + box["height"] * down
        page.mouse.move(x - 3, y)
        page.mouse.move(x, y)
        page.wait_for_timeout(500)
        page.mouse.click(x, y)
        with suppress(AssertionError) if patience < STEP_LIMIT else nullcontext():
            seen(patience)
            return


def test_a_unit_and_a_token_are_clicked_and_fixed_points_are_there(page: Page, address: str) -> None:
    """One click on a cell: its unit's line is drawn, and its step is written out with the model's own numbers."""
    open_and_settle(page, f"{address}/Trajectories?{urlencode({'q': PROVERB, 'second': '', 'model': 'gru'})}")
    checkpoint = checkpoints.load("gru", CHECKPOINTS)
    found = trace(checkpoint, PROVERB)
    row, token = 6, 2
    unit = int(found.units[row])
    chart = page.locator(".js-plotly-plot").first
    expect(chart.locator(".hm image")).to_have_count(1)
    rows = min(32, len(found.units))
    wanted = page.get_by_role("heading", name=f"Step {token + 1}: what unit {unit} does")
    # Away from the cell's middle, where its point lies: anywhere in a cell is that cell.
    click_until(
        page,
        chart,
        (token + 0.8) / len(found),
        (row + 0.5) / rows,
        lambda patience: expect(wanted).to_be_visible(timeout=patience),
    )
    expect(page.get_by_text(f"GRU: unit {unit} along the text")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"[?&]unit={unit}(&|$)"))
    expect(page).to_have_url(re.compile(rf"[?&]token={token + 1}(&|$)"))
    step = working(checkpoint.model, found, token, unit)
    hidden = page.get_by_test_id("stMetric").filter(has_text="hidden state h")
    expect(hidden.get_by_test_id("stMetricValue")).to_have_text(f"{step.h:.3f}".replace("-", "−"))
    expect(page.locator(".katex-display:visible")).to_have_count(len(step.gates) + len(step.lines) + 1)
    page.reload()
    expect(wanted).to_be_visible()
    settled(page)
    page.get_by_text("Fixed points", exact=True).click()
    expect(page).to_have_url(re.compile(r"[?&]view=fixed(&|$)"), timeout=2 * STEP_LIMIT)
    expect(page.get_by_text("LSTM: 3 fixed points, 1 of them stable.")).to_be_visible(timeout=2 * STEP_LIMIT)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_patch_changes_the_verdict_and_a_table_is_taken_along(page: Page, address: str) -> None:
    """One click on a map: the cell's patch is followed, with the probability that the command line prints."""
    query = urlencode({"q": PROVERB, "second": OTHER, "view": "patch"})
    open_and_settle(page, f"{address}/Trajectories?{query}")
    checkpoint = checkpoints.load("lstm", CHECKPOINTS)
    grid = patch_texts(checkpoint, PROVERB, OTHER)
    chart = page.locator(".js-plotly-plot").first.locator(".x3y3")  # the LSTM's map
    row, step = 1, 3  # the cell state, after "than"
    wanted = f"{grid.probability[0]:.3f} → {grid.probabilities['cell'][step - 1]:.3f}"
    value = page.get_by_test_id("stMetric").filter(has_text="LSTM, P(positive)").first.get_by_test_id("stMetricValue")
    expect(value).to_be_visible(timeout=60_000)
    assert wanted != value.inner_text()
    click_until(
        page,
        chart,
        (step - 0.4) / 4,
        (row + 0.5) / 7,
        lambda patience: expect(value).to_have_text(wanted, timeout=patience),
    )
    page.get_by_text("Word by word", exact=True).click()
    expect(page).to_have_url(re.compile(r"[?&]view=words(&|$)"), timeout=2 * STEP_LIMIT)
    settled(page)
    with page.expect_download() as started:
        page.get_by_test_id("stDownloadButton").get_by_role("button").click()
    assert started.value.suggested_filename == "unrolled-contributions.csv"
    lines = Path(started.value.path()).read_text(encoding="utf-8").splitlines()
    assert lines[0] == "sentence,model,place,token,logit,probability,contribution,cell_contribution,target"
    assert len(lines) == 1 + 2 * 3 * 4


def test_a_span_is_brushed_on_the_lines(page: Page, address: str) -> None:
    """A drag over two words searches for the units that are on over them."""
    open_and_settle(page, f"{address}/Trajectories?{urlencode({'q': PROVERB, 'view': 'patterns', 'model': 'gru'})}")
    plot = page.locator(".js-plotly-plot .nsewdrag").first
    plot.evaluate("element => element.scrollIntoView({block: 'center'})")
    box = plot.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.55 * box["width"], middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.75 * box["width"], middle, steps=5)
    page.mouse.move(box["x"] + 0.95 * box["width"], middle, steps=5)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"[?&]pat_span=3-4(&|$)"), timeout=2 * STEP_LIMIT)
    expect(page.get_by_text("over “than never”")).to_be_visible(timeout=2 * STEP_LIMIT)

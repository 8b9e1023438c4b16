"""A real server and a real browser. Without a Chromium on the path these tests skip, or fail where one is required."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Page, Request, TimeoutError, WebSocket, expect

from core.benchmarks.visitor import server
from tests.hostile import SENTENCES

ROOT = Path(__file__).parent.parent.parent
HERE = Path(__file__).parent
CHECKPOINTS = ROOT / "checkpoints"
CELLS = ("rnn", "gru", "lstm")
HOSTILE = [text.replace("\n", " ") for text in SENTENCES]  # a box of one line takes no line breaks
STEP_LIMIT = 30_000  # milliseconds: a busy machine may need so long
WINDOW: Any = {"width": 1280, "height": 900}
expect.set_options(timeout=STEP_LIMIT)

Serve = Callable[..., AbstractContextManager[str]]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests in the browser are slow; one that waited for the page in vain is run once more and listed as a rerun.

    They come last: playwright leaves an event loop running, beside which no other can be started.
    A click can fall into a redraw on a busy machine. Only waits are tried again: what an assertion of ours says (a
    script ran, a foreign host was asked, a wrong number was shown) fails at once.
    """
    items.sort(key=lambda item: HERE in item.path.parents)
    again = pytest.mark.flaky(reruns=1, only_rerun=[r"(Locator|Page \w+) expected", r"Timeout \d+ms exceeded"])
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(again)
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's path. Skips where there is none, unless ``UNROLLED_REQUIRE_BROWSER=1`` asks for a failure."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    reason = "no Chromium on the path (looked for chromium, chromium-browser, google-chrome)"
    if os.environ.get("UNROLLED_REQUIRE_BROWSER") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any], chromium: str) -> dict[str, Any]:
    return {
        **browser_type_launch_args,
        "executable_path": chromium,
        "args": ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
    }


@pytest.fixture(scope="session")
def serve(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Serve:
    """Starts a server with a collection of its own: ``with serve() as address: …``, of the application or of another
    script."""

    @contextmanager
    def start(script: Path | None = None) -> Iterator[str]:
        folder = tmp_path_factory.mktemp("server")
        environment = {
            "UNROLLED_CHECKPOINTS": str(CHECKPOINTS),
            "UNROLLED_COLLECTION": str(folder / "kept.sqlite3"),
            "OMP_NUM_THREADS": "1",
        }
        with server(environment, folder / "log.txt", script) as (address, _process):
            yield address
        log = (folder / "log.txt").read_text(encoding="utf-8", errors="replace")
        if "Traceback" in log:  # what the page does not show, the log does
            pytest.fail(f"the server met with a fault:\n{log}", pytrace=False)

    return start


@pytest.fixture(scope="session")
def address(serve: Serve) -> Iterator[str]:
    """The address of the server that most tests share."""
    with serve() as address:
        yield address


@pytest.fixture(scope="session")
def tab(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=WINDOW, reduced_motion="reduce")
    context.set_default_timeout(STEP_LIMIT)
    yield context.new_page()
    context.close()


@pytest.fixture
def page(tab: Page) -> Page:
    """One tab for all tests: in a new one the browser compiles Streamlit's scripts anew, 2 of the 3 s of a page."""
    tab.set_viewport_size(WINDOW)
    tab.emulate_media(color_scheme="light")
    return tab


def settled(page: Page, timeout: float = 4 * STEP_LIMIT) -> None:
    """Wait until the script has ended. What a click or key asks for begins a moment later."""
    page.wait_for_timeout(250)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=timeout)


def open_and_settle(page: Page, url: str) -> None:
    """Go there and wait until the script has ended and its charts are drawn."""
    page.goto(url)
    expect(page.locator("h1").first).to_be_visible(timeout=4 * STEP_LIMIT)
    settled(page)
    for chart in page.get_by_test_id("stPlotlyChart").all():
        if chart.is_visible():  # one in a closed fold is drawn when that opens
            expect(chart.locator(".main-svg").first).to_be_visible()


def paint(page: Page, scheme: str) -> None:
    """Ask for a light or a dark page, and wait until it is."""
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    shade = page.get_by_test_id("stApp")
    expect(shade).to_have_css("background-color", re.compile(r"\((2\d\d, ){2}" if scheme == "light" else r"\(\d\d, "))


def choose(page: Page, box: str, option: str) -> None:
    """Choose an option of a box by its name; opened again where a rerun of the page closed its list."""
    wanted = page.get_by_role("option", name=option)
    for patience in (3_000, 10_000, STEP_LIMIT):
        page.get_by_role("combobox", name=box).scroll_into_view_if_needed()  # scrolling closes an open list
        page.get_by_role("combobox", name=box).press("ArrowDown")
        with suppress(TimeoutError):
            wanted.click(timeout=patience)
            return
    wanted.click()


def open_folds(page: Page) -> None:
    """Open every fold, those inside others too."""
    page.evaluate(
        "() => document.querySelectorAll('[data-testid=stExpander] details:not([open]) > summary')"
        ".forEach(fold => fold.click())"
    )


@pytest.fixture
def elsewhere(page: Page, address: str) -> Iterator[list[str]]:
    """The addresses that the page asked for, its own server's left out."""
    asked: list[str] = []

    def note(request: Request | WebSocket) -> None:
        if not request.url.startswith((address, address.replace("http:", "ws:"), "data:", "blob:", "about:")):
            asked.append(request.url)

    page.on("request", note)
    page.on("websocket", note)
    yield asked
    page.remove_listener("request", note)
    page.remove_listener("websocket", note)


@pytest.fixture
def dialogs(page: Page) -> Iterator[list[str]]:
    """The messages of the dialogs that the page opened; each is dismissed."""
    opened: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        opened.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    yield opened
    page.remove_listener("dialog", dismiss)


# Neither the fold about the page, which has equations and links to papers, nor what Streamlit itself draws.
LIVE = """() => [...document.querySelectorAll('[data-testid=stMain] *')]
    .filter(one => !one.closest('[class*="st-key-about"]'))
    .filter(one => one.matches(`iframe, object, embed, base, form[action], script, img, mark, svg[onload],
        [style*=hostile], link[href*=hostile], meta[http-equiv], a[href^="javascript:" i]`)
        || (one.localName === "a" && /hostile/.test(one.host))
        || (one.matches(".katex") && /LaTeX|frac.1..0/.test(one.textContent))
        || one.getAttributeNames().some(name => name.startsWith("on")))
    .map(one => one.outerHTML.slice(0, 300))"""


def assert_inert(page: Page, elsewhere: list[str], dialogs: list[str]) -> None:
    """Nothing that was typed, linked or uploaded ran, was asked for or became an element; no fault is shown."""
    page.wait_for_timeout(200)
    assert page.evaluate("window.__hacked") is None
    assert (elsewhere, dialogs) == ([], [])
    assert page.context.pages == [page]
    assert page.evaluate(LIVE) == []
    expect(page.get_by_test_id("stException")).to_have_count(0)

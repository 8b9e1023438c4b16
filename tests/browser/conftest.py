"""A real server and a real browser. Without a Chromium on the path these tests skip, or fail where one is required."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Page, TimeoutError, expect

from core.benchmarks.visitor import server

ROOT = Path(__file__).parent.parent.parent
HERE = Path(__file__).parent
CELLS = ("rnn", "gru", "lstm")
STEP_LIMIT = 30_000  # milliseconds
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
def served_checkpoints(tiny_checkpoints: Path) -> Path:
    """The shipped models where they are there, else tiny ones."""
    shipped = ROOT / "checkpoints"
    return shipped if all((shipped / cell / "card.json").is_file() for cell in CELLS) else tiny_checkpoints


@pytest.fixture(scope="session")
def serve(chromium: str, served_checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Serve:
    """Starts a server of its own: ``with serve() as address: …``, of the application or of another script, on the
    models of another folder if one is given."""

    @contextmanager
    def start(script: Path | None = None, checkpoints: Path = served_checkpoints) -> Iterator[str]:
        log = tmp_path_factory.mktemp("server") / "log.txt"
        environment = {"UNROLLED_CHECKPOINTS": str(checkpoints), "OMP_NUM_THREADS": "1"}
        with server(environment, log, script) as (address, _process):
            yield address
        said = log.read_text(encoding="utf-8", errors="replace")
        if "Traceback" in said:  # what the page does not show, the log does
            pytest.fail(f"the server met with a fault:\n{said}", pytrace=False)

    return start


@pytest.fixture(scope="session")
def address(serve: Serve) -> Iterator[str]:
    """The address of the server that most tests share."""
    with serve() as found:
        yield found


@pytest.fixture
def page(page: Page) -> Page:
    """A new page that waits as long as a busy machine may need."""
    page.set_default_timeout(STEP_LIMIT)
    return page


@pytest.fixture(scope="module")
def visitor(browser: Browser) -> Iterator[Page]:
    """One page for all tests of a module: each goes to another address with it."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    found = context.new_page()
    found.set_default_timeout(STEP_LIMIT)
    yield found
    context.close()


def open_and_settle(page: Page, url: str) -> None:
    """Go there and wait until the script has ended and its charts are drawn."""
    page.goto(url)
    expect(page.get_by_test_id("stApp").and_(page.locator("[data-test-script-state=notRunning]"))).to_be_visible(
        timeout=3 * STEP_LIMIT
    )
    expect(page.locator("h1").first).to_be_visible()
    charts = page.get_by_test_id("stPlotlyChart")
    for place in range(charts.count()):
        if charts.nth(place).is_visible():  # one in a closed fold is drawn when that opens
            expect(charts.nth(place).locator(".main-svg").first).to_be_visible()


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
def elsewhere(page: Page, address: str) -> list[str]:
    """The addresses that the page asked for, its own server's left out."""
    asked: list[str] = []

    def note(url: str) -> None:
        if not url.startswith((address, address.replace("http:", "ws:"), "data:", "blob:", "about:")):
            asked.append(url)

    page.on("request", lambda request: note(request.url))
    page.on("websocket", lambda socket: note(socket.url))
    return asked


@pytest.fixture
def dialogs(page: Page) -> list[str]:
    """The messages of the dialogs that the page opened; each is dismissed."""
    opened: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        opened.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    return opened

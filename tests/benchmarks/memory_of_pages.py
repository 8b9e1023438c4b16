"""How much memory does a server hold once every page was visited with every model?

    python tests/benchmarks/memory_of_pages.py [--views] [--visits 2] [--most 700]

A fresh server on loopback, a real browser: every page, with `--views` every view of every page too, `--visits` times
over, each visit a session of its own with a sentence of its own, so that the caches fill. After each page stands the
server's resident memory (VmRSS), how much of it is the server's own (RssAnon: the rest are pages of libraries' files,
which the system drops when it needs room), and the most it ever had (VmHWM), in MB of 10^6 bytes. Exit status 1 where
the resident memory was above `--most` after any page. Linux only: it reads /proc.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Page, expect, sync_playwright

PROJECT = Path(__file__).parents[2]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
LIMIT = 300_000  # milliseconds that a page may take on a busy machine
SENTENCES = (
    "Better late than never",
    "I love this movie but the ending was not good at all",
    "oh great another monday without coffee , what a lovely start",
)
_VIEWS = re.compile(r'^(?:views|sections) = \{\n((?:    ".*\n)+)\}', re.MULTILINE)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--views", action="store_true", help="every view of every page, not only the first")
    parser.add_argument("--visits", type=int, default=1, help="how often over, each time with another sentence")
    parser.add_argument("--most", type=float, default=700.0, help="MB that are asked for")
    options = parser.parse_args()
    found = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if not found:
        print(f"no browser on the path; looked for {', '.join(CHROMIUM)}", file=sys.stderr)
        return 2
    highest = 0.0
    with served() as (address, process), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        print(f"{'started, no page visited':50} {told(process.pid)}", flush=True)
        for visit in range(options.visits):
            for path, query in places(views=options.views):
                page = browser.new_page()
                start = time.perf_counter()
                visited(page, f"{address}/{path}?{urlencode({'q': SENTENCES[visit % len(SENTENCES)], **query})}")
                shown = f"{visit + 1}. /{path} {' '.join(f'{name}={value}' for name, value in query.items())}"
                print(f"{shown:50} {told(process.pid)}  {time.perf_counter() - start:5.1f} s", flush=True)
                highest = max(highest, memory(process.pid, "VmRSS"))
                page.close()
        browser.close()
    within = highest <= options.most
    print(f"highest after a page: {highest:.0f} MB; asked: at most {options.most:.0f} MB: {'yes' if within else 'NO'}")
    return 0 if within else 1


def places(*, views: bool) -> Iterator[tuple[str, dict[str, str]]]:
    """Every page's address with what its link says, the views of a page as its file names them."""
    yield "", {}
    for path in sorted((PROJECT / "pages").glob("[0-9]*.py")):
        name = path.stem.partition("_")[2]
        listed = _VIEWS.search(path.read_text(encoding="utf-8"))
        keys = re.findall(r'^    "(\w+)":', listed.group(1), re.MULTILINE) if listed else []
        for key in keys if views and keys else [""]:
            yield name, {"lab" if name == "Maths_Lab" else "view": key} if key else {}


def visited(page: Page, url: str) -> None:
    """Open a page and wait until its script is over."""
    page.goto(url)
    expect(page.get_by_role("heading").first).to_be_visible(timeout=LIMIT)
    app = page.get_by_test_id("stApp")
    quiet = 0
    while quiet < 3:  # a page may ask for a run more by itself
        expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=LIMIT)
        page.wait_for_timeout(200)
        quiet = quiet + 1 if app.get_attribute("data-test-script-state") == "notRunning" else 0
    if page.get_by_test_id("stException").count():
        raise SystemExit(f"{url} shows a fault")


def memory(pid: int, name: str) -> float:
    """One line of /proc/PID/status, in MB."""
    found = re.search(rf"^{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found
    return int(found.group(1)) * 1024 / 1e6


def told(pid: int) -> str:
    resident, own, most = (memory(pid, name) for name in ("VmRSS", "RssAnon", "VmHWM"))
    return f"{resident:6.0f} MB, {own:4.0f} MB of it its own  (most ever {most:4.0f} MB)"


@contextmanager
def served() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.txt"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "streamlit", "run", str(PROJECT / "app.py")),
                    *("--server.address", "127.0.0.1", "--server.port", str(port)),
                    *("--server.headless", "true", "--server.fileWatcherType", "none"),
                ],
                cwd=PROJECT,
                env={**os.environ, "UNROLLED_COLLECTION": str(Path(folder) / "collection.sqlite3")},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            deadline = time.monotonic() + 120
            while True:
                try:
                    urllib.request.urlopen(f"{address}/_stcore/health", timeout=5).close()
                    break
                except OSError:
                    if process.poll() is not None or time.monotonic() > deadline:
                        raise SystemExit(f"the server did not start:\n{log.read_text(errors='replace')}") from None
                    time.sleep(0.2)
            yield address, process
        finally:
            process.terminate()
            process.wait(20)
        said = log.read_text(encoding="utf-8", errors="replace")
        if "Traceback" in said:
            raise SystemExit(f"the server met with a fault:\n{said}")


if __name__ == "__main__":
    sys.exit(main())

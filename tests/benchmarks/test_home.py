"""The home page: a warm rerun, and the first paint on a cold server against a bare page that imports torch.

pytest tests/benchmarks/test_home.py -s
"""

from __future__ import annotations

import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
BARE = 'import streamlit as st\nimport torch\nst.title("Bare")\nst.write(torch.__version__)\n'
ROUNDS = 5


def test_warm_rerun() -> None:
    from streamlit.testing.v1 import AppTest

    page = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=120).run()
    words = ["this", "is", "not", "the", "best", "day", "of", "my", "life", "but", "it", "could", "be", "worse"]
    times = []
    for length in range(1, len(words) + 1):  # every text is new to the cache, as when somebody types
        page.text_input(key="q").set_value(" ".join(words[:length]))
        start = time.perf_counter()
        page.run()
        times.append(1000 * (time.perf_counter() - start))
    assert not page.exception
    print(
        f"\nwarm rerun of the home page: median {statistics.median(times):.0f} ms, "
        f"slowest {max(times):.0f} ms (asked: under 100 ms)"
    )


def test_first_paint(tmp_path: Path) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    chromium = next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )
    if not chromium:
        pytest.skip("no Chromium on this machine")
    bare = tmp_path / "bare.py"
    bare.write_text(BARE)
    arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
    times: dict[str, list[float]] = {"home": [], "bare": [], "home, chart drawn": []}
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        for _ in range(ROUNDS):  # in turn, each on a server that never served a page
            for name, script in (("bare", bare), ("home", PROJECT / "app.py")):
                with served(script, tmp_path / "log.txt") as address:
                    page = browser.new_page()
                    start = time.perf_counter()
                    page.goto(address)
                    page.get_by_role("heading", level=1).wait_for()
                    times[name].append(time.perf_counter() - start)
                    if name == "home":
                        page.locator(".js-plotly-plot").first.wait_for(timeout=120_000)
                        times["home, chart drawn"].append(time.perf_counter() - start)
                    page.close()
        browser.close()
    ratio = statistics.median(home / bare for home, bare in zip(times["home"], times["bare"], strict=True))
    print(
        "\ncold server, from the request: " + ", ".join(f"{n} {statistics.median(t):.2f} s" for n, t in times.items())
    )
    print(f"first heading of the home page: {ratio:.2f} of the bare page's (asked: at most 1.5)")


@contextmanager
def served(script: Path, log: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.headless=true", f"--server.port={port}"]
    with log.open("w") as output:
        server = subprocess.Popen(command, cwd=PROJECT, stdout=output, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                if urllib.request.urlopen(address + "/_stcore/health", timeout=1).status == 200:
                    break
            except OSError:
                time.sleep(0.05)
        yield address
    finally:
        server.terminate()
        server.wait()

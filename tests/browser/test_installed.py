"""`unrolled app`, installed from the wheel, in a real browser."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Page, expect

from tests import installed
from tests.browser.conftest import CELLS, open_and_settle


def test_the_installed_command_opens_the_pages(page: Page, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    options = ("--server.address=127.0.0.1", "--server.headless=true", f"--server.port={port}")
    server = subprocess.Popen(
        [installed.command(tmp_path), "app", *options], cwd=tmp_path, env=installed.environment(), text=True
    )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(f"{address}/_stcore/health", server)
        open_and_settle(page, f"{address}/?q=so+good")
        expect(page.get_by_test_id("stMetric")).to_have_count(len(CELLS))
        page.get_by_test_id("stSidebar").get_by_role("link", name="Trajectories").click()
        expect(page.locator("h1")).to_have_text("Trajectories")
        expect(page.get_by_test_id("stPlotlyChart").first.locator(".main-svg").first).to_be_visible()
        expect(page.get_by_test_id("stException")).to_have_count(0)
    finally:
        server.terminate()
        server.wait(20)


def wait_for(address: str, server: subprocess.Popen[str]) -> None:
    for _second in range(120):
        assert server.poll() is None, "the server ended"
        try:
            with urlopen(address, timeout=5) as answer:
                assert answer.read() == b"ok"
                return
        except URLError:
            time.sleep(1)
    raise AssertionError("no server after two minutes")

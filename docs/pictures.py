"""The pictures of README.md and docs/results.md: ``python docs/pictures.py [NAME …]``, three minutes in Chromium."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # runs from anywhere, without an installation

import io
import shutil
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import sync_playwright

from core.benchmarks.visitor import server

DOCS = Path(__file__).parent
PROVERBS = {"q": "Better late than never", "second": "Better never than late"}
BOLD = {"q": "Not bad, really good", "second": "Not good, really bad"}
ANSWERS = "z1:3,zi1:90,i1:1,zf1:10,f1:1,zo1:-10,o1:0,c1:3,y1:0,z2:-2,zi2:90,i2:1,zf2:10,f2:10"  # the last one a slip
REPORTED = {"q": "whoever stole my antidepressants I hope you are happy now"}
PICTURES = {  # page, link, height
    "home": ("", {"q": "Better late than never"}, 950),
    "flip": ("Permutations", {"q": "I am happy and not tired at all"}, 1150),
    "permutations": ("Permutations", {"q": "Better late than never", "view": "search"}, 1300),
    "sarcasm": ("Sarcasm", REPORTED | {"reading": "negative"}, 1100),
    "trajectories_path": ("Trajectories", PROVERBS | {"view": "path"}, 1000),
    "memory": ("Trajectories", {"view": "memory"}, 850),
    "patching": ("Trajectories", BOLD | {"view": "patch"}, 1300),
    "attributions": ("Attributions", {"q": "I don't think this is a good idea", "models": "lstm"}, 1150),
    "benchmark": ("Attributions", {"view": "league"}, 1500),
    "lab": ("Maths_Lab", {"lab": "lstm", "try": ANSWERS}, 1680),
    "models": ("Models", {}, 1250),
}
WIDTH = 1180  # the sidebar is left out of the pictures


def main(names: list[str]) -> None:
    """Take each picture, 256 colours, with the shipped models."""
    browser_path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with server() as (address, _process), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        for name in names or PICTURES:
            page_name, link, height = PICTURES[name]
            page = browser.new_page(viewport={"width": WIDTH, "height": height})
            page.goto(f"{address}/{page_name}?{urlencode(link)}")
            page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
            page.wait_for_timeout(4_000)  # charts draw after the script has ended
            picture = Image.open(io.BytesIO(page.get_by_test_id("stMain").screenshot())).quantize(256)
            picture.save(DOCS / f"{name}.png", optimize=True)
            print(name, flush=True)
            page.close()


if __name__ == "__main__":
    main(sys.argv[1:])

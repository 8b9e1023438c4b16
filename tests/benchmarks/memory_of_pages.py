"""How much memory does a server hold once every page was visited with every model?

    python -m tests.benchmarks.memory_of_pages [--views] [--visits 2] [--most 700]

A fresh server on loopback: every page, with `--views` every view of every page too, `--visits` times over, each visit a
session of its own with a sentence of its own, so that the caches fill. After each page stands the server's resident
memory (VmRSS), how much of it is the server's own (RssAnon: the rest are pages of libraries' files, which the system
drops when it needs room), and the most it ever had (VmHWM), in MB of 10^6 bytes. Exit status 1 where the resident
memory was above `--most` after any page. Linux only: it reads /proc.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import tempfile
from pathlib import Path

from core.benchmarks.visitor import HOME, Page, Visitor, server
from tests.app import EVERY

SENTENCES = (
    "Better late than never",
    "I love this movie but the ending was not good at all",
    "oh great another monday without coffee , what a lovely start",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--views", action="store_true", help="every view of every page, not only the first")
    parser.add_argument("--visits", type=int, default=1, help="how often over, each time with another sentence")
    parser.add_argument("--most", type=float, default=700.0, help="MB that are asked for")
    options = parser.parse_args()
    views = EVERY if options.views else list(dict.fromkeys((page, "") for page, _view in EVERY))
    highest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.txt"
        with server({"UNROLLED_COLLECTION": f"{folder}/collection.sqlite3"}, log) as (address, process):
            show("started, no page visited", process)
            for visit in range(options.visits):
                for page, view in views:
                    shown = asyncio.run(visited(address, page, view, SENTENCES[visit % len(SENTENCES)]))
                    if shown.faults:
                        raise SystemExit(f"{page} {view} shows a fault: {shown.faults[0]}")
                    highest = max(highest, show(f"{visit + 1}. {page} {view} ({shown.seconds:.1f} s)", process))
        if "Traceback" in (said := log.read_text(encoding="utf-8", errors="replace")):
            raise SystemExit(f"the server met with a fault:\n{said}")
    within = highest <= options.most
    print(f"highest after a page: {highest:.0f} MB; asked: at most {options.most:.0f} MB: {'yes' if within else 'NO'}")
    return 0 if within else 1


async def visited(address: str, page: str, view: str, text: str) -> Page:
    """A view as a session of its own sees it."""
    query = {"q": text, **({"lab" if page == "Maths_Lab" else "view": view} if view else {})}
    async with Visitor(address) as visitor:
        return await visitor.open(HOME if page == "Home" else page, query)


def show(what: str, process: int) -> float:
    """Print a process's memory; the resident part, in MB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    kilobytes = dict(re.findall(r"^(\w+):\s+(\d+) kB", status, re.MULTILINE))
    resident, own, most = (int(kilobytes[name]) * 1024 / 1e6 for name in ("VmRSS", "RssAnon", "VmHWM"))
    print(f"{what:50} {resident:6.0f} MB, {own:4.0f} MB of it its own  (most ever {most:4.0f} MB)", flush=True)
    return resident


if __name__ == "__main__":
    sys.exit(main())

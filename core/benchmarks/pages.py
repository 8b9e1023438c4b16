"""How soon do the pages answer? Timed on a separate server by a visitor without a browser: drawing is not included."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from collections.abc import Awaitable, Iterator
from pathlib import Path

from core.benchmarks.measured import Measured
from core.benchmarks.visitor import HOME, Page, VisitError, Visitor, server

_BARE = """
import streamlit as st
import torch
st.title("Bare")
st.text_input("Text", key="q")
st.write(torch.__version__)
"""
_SENTENCE = "i did not think that this day could get any better but it was the best night ever"
# Page, the link's parameters besides the sentence, and the target for the median rerun in seconds, if any.
_VIEWS: tuple[tuple[str, dict[str, str], float | None], ...] = (
    (HOME, {}, 0.1),
    ("Permutations", {}, None),
    ("Permutations", {"view": "search"}, None),
    ("Sarcasm", {}, None),
    ("Sarcasm", {"view": "edits"}, None),
    ("Trajectories", {}, 0.5),
    ("Trajectories", {"view": "words"}, 0.5),
    ("Trajectories", {"view": "gradients"}, 0.5),
    ("Attributions", {}, None),
    ("Maths_Lab", {}, None),
    ("Models", {}, None),
)


def visited(rounds: int) -> Iterator[Measured]:
    """The first heading on a cold server, then every page's rerun, each beside those of a bare page.

    Raises OSError where the server does not answer.
    """
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare.py"
        bare.write_text(_BARE, encoding="utf-8")
        ours: list[float] = []
        plain: list[float] = []
        whole: list[float] = []
        for _ in range(rounds):
            for script, headings in ((None, ours), (bare, plain)):
                with server(script=script) as (address, _process):
                    page = asyncio.run(_first(address))
                    headings.append(min(heading.seconds for heading in page.all("heading")))
                    if script is None:
                        whole.append(page.seconds)
        note = (
            f"all of the page after {statistics.median(whole):.1f} s, models loaded; a browser’s own time is not in it"
        )
        yield Measured(
            "first paint",
            "home page on a cold server: its heading sent",
            statistics.median(ours),
            "a bare page that imports torch",
            statistics.median(plain),
            asked_speed=1 / 1.5,
            note=note,
        )
        with server() as (address, _process), server(script=bare) as (other, _other):
            yield from asyncio.run(_reruns(address, other, 4 * rounds + 3))


async def _first(address: str) -> Page:
    async with Visitor(address) as visitor:
        return await _sound(visitor.open())


async def _sound(asked: Awaitable[Page]) -> Page:
    page = await asked
    if page.faults:
        raise VisitError(f"the page shows an error: {page.faults[0]}")
    return page


async def _reruns(address: str, bare: str, times: int) -> list[Measured]:
    """Medians of a letter typed on each page, or of the page opened again where it has no sentence."""
    reruns = []
    async with Visitor(bare) as plain, Visitor(address) as visitor:
        await plain.open()
        for page, query, asked in _VIEWS:
            await _sound(visitor.open(page, {**query, "q": _SENTENCE}))
            ours, theirs = [], []
            for time in range(times):
                text = f"{_SENTENCE} {'abcdefghijklmnopqrstuvwxyz'[time % 26] * (1 + time // 26)}"
                again = visitor.type("q", text) if visitor.has("q") else visitor.open(page, query)
                ours.append((await _sound(again)).seconds)
                theirs.append((await plain.type("q", text)).seconds)
            # The first is not counted: the page loads then what it keeps.
            took, reference = statistics.median(ours[1:]), statistics.median(theirs[1:])
            name, how = ", ".join([page or "Home", *query.values()]), "a letter typed" if visitor.has("q") else "again"
            reruns.append(Measured("rerun", f"{name}: {how}", took, "a bare page", reference, asked_seconds=asked))
    return reruns

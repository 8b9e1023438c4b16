"""Visitors without a browser at a real server: each is answered for its own sentence; what is missing is told."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.benchmarks.visitor import HOME, Page, VisitError, Visitor, metrics, server
from core.models import checkpoints
from core.models.predict import verdict

pytestmark = pytest.mark.slow

NAMES = ("rnn", "gru", "lstm")
SENTENCES = ("so very good", "this is not bad", "he can do it", "i hate the movie", "better late than never")


@pytest.fixture(scope="module")
def address(tiny_checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("server")
    environment = {"UNROLLED_CHECKPOINTS": str(tiny_checkpoints), "UNROLLED_COLLECTION": str(folder / "kept.sqlite3")}
    with server(environment, folder / "log.txt") as (found, process):
        assert process > 0
        yield found
    assert "Traceback" not in (folder / "log.txt").read_text(encoding="utf-8")


def shown(page: Page) -> dict[str, float]:
    """P(positive) on the models' cards."""
    assert page.faults == []
    return {name: float(below.rpartition("= ")[2]) for name, (_value, below) in metrics(page).items()}


def expected(folder: Path, text: str) -> dict[str, float]:
    return {
        name.upper(): pytest.approx(verdict(checkpoints.load(name, folder), text).probability, abs=0.00051)
        for name in NAMES
    }


def test_many_at_once_are_each_answered_for_their_own_sentence(address: str, tiny_checkpoints: Path) -> None:
    async def visit(text: str) -> list[Page]:
        async with Visitor(address) as visitor:
            pages = [await visitor.open(HOME), await visitor.type("q", text)]
            assert visitor.has("q") and not visitor.has("reading")
            return [*pages, await visitor.open("Sarcasm", {"q": text}), await visitor.open(HOME, {"q": text})]

    async def all_of_them() -> list[list[Page]]:
        return await asyncio.gather(*(visit(text) for text in SENTENCES))

    for text, (opened, typed, sarcasm, again) in zip(SENTENCES, asyncio.run(all_of_them()), strict=True):
        assert shown(opened) == expected(tiny_checkpoints, "Better late than never")
        for page in (typed, sarcasm, again):
            assert shown(page) == expected(tiny_checkpoints, text)
        assert next(one.what.body for one in opened.all("heading")) == "Unrolled"
        times = [one.seconds for one in typed.seen]
        assert all(0 < seconds <= typed.seconds for seconds in times) and times == sorted(times)


def test_a_button_is_clicked_and_what_it_keeps_is_told(address: str) -> None:
    async def visit() -> Page:
        async with Visitor(address) as visitor:
            await visitor.open("Sarcasm", {"q": "so very good", "reading": "negative"})
            return await visitor.click("FormSubmitter:keep comment-Keep this text")

    page = asyncio.run(visit())
    assert page.faults == []
    told = [one.what.body for one in page.all("alert")]
    assert any(line.startswith("Saved to ") for line in told), (told, [str(one)[:200] for one in page.seen][-12:])


def test_what_is_not_there_is_told(address: str) -> None:
    async def visit() -> None:
        async with Visitor(address) as visitor:
            await visitor.open(HOME)
            with pytest.raises(VisitError, match=re.escape("no 'nonsense' on the page; there are: ")):
                await visitor.click("nonsense")
            with pytest.raises(VisitError, match="no page"):
                await visitor.open("Nowhere")

    asyncio.run(visit())


def test_a_server_that_does_not_start_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(VisitError, match="the server ended before it answered"), server(script=tmp_path / "none.py"):
        pass

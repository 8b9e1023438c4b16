"""Objects that a long look through all of them left are set aside, and looked through again once in a while."""

from __future__ import annotations

import gc
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from pages.server import garbage_collection
from pages.server.garbage_collection import Collections
from tests.app import opened, sound


class Knot:
    """An object that only a look through all objects frees."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _nothing_stays_aside() -> Iterator[None]:
    yield
    gc.unfreeze()


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collections]:
    """What looks took is told by the collector itself; any time counts as long."""
    gc.unfreeze()
    monkeypatch.setattr(garbage_collection, "LONG", 0.0)
    found = Collections()
    gc.callbacks.append(found.watch)
    yield found
    gc.callbacks.remove(found.watch)


def test_what_a_long_look_left_is_set_aside_once_and_the_next_look_is_short(watched: Collections) -> None:
    assert not watched.settle()  # no look yet
    clock = time.thread_time()
    gc.collect()
    whole = time.thread_time() - clock
    before = gc.get_freeze_count()
    assert watched.settle()
    assert gc.get_freeze_count() > before
    assert not watched.settle()  # not again for the same look
    clock = time.thread_time()
    gc.collect()
    assert time.thread_time() - clock < whole / 3


def test_a_short_look_or_one_at_the_young_sets_nothing_aside(
    watched: Collections, monkeypatch: pytest.MonkeyPatch
) -> None:
    gc.collect(0)
    gc.collect(1)
    assert not watched.settle()
    monkeypatch.setattr(garbage_collection, "LONG", 3600.0)
    gc.collect()
    assert not watched.settle()


def test_what_becomes_unreachable_while_set_aside_is_freed_in_the_end(watched: Collections) -> None:
    gc.collect()
    assert watched.settle()  # the first time, everything
    for due in (("EVERYTHING_EVERY", 0.0), ("GROWN", 0.5)):
        knot, plain = Knot(), Knot()
        plain.itself = None  # type: ignore[assignment]
        gone, plain_gone = weakref.ref(knot), weakref.ref(plain)
        gc.collect()
        assert watched.settle()
        del knot, plain
        assert plain_gone() is None  # nobody refers to it: freed at once
        gc.collect()
        assert gone() is not None
        assert watched.settle()
        assert gone() is not None
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(garbage_collection, *due)
            gc.collect()
            assert watched.settle()
        assert gone() is None


def test_every_page_settles(monkeypatch: pytest.MonkeyPatch, tiny_checkpoints: Path) -> None:
    assert garbage_collection._collections.watch in gc.callbacks
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))
    times: list[None] = []
    monkeypatch.setattr(garbage_collection, "settle", lambda: times.append(None))
    sound(sound(opened()).run())
    assert len(times) == 2

"""Long searches take turns: so many at a time, first come, first served, and whoever leaves makes room."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from streamlit.testing.v1 import AppTest

from pages.server import background_search
from pages.server.queue import MOST_AT_A_TIME, Line, Place, most_at_a_time
from tests.app import numbers_in

PATIENCE = 30.0


def waits(place: Place) -> bool:
    """Whether the turn has come, within the time that a waiting thread needs to tell."""
    told: list[bool] = []
    thread = threading.Thread(target=lambda: told.append(place.wait()), daemon=True)
    thread.start()
    thread.join(0.05)
    return not told


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.002)


def test_so_many_run_and_the_others_are_told_how_many_must_end_first() -> None:
    line = Line(lambda: 2)
    places = [line.enter() for _ in range(5)]
    assert [place.before for place in places] == [0, 0, 1, 2, 3]
    assert [waits(place) for place in places] == [False, False, True, True, True]
    places[1].leave()
    assert [place.before for place in places] == [0, 0, 0, 1, 2]
    assert places[2].wait()
    places[3].give_up_waiting()
    assert not places[3].wait()
    assert [place.before for place in places[4:]] == [1]
    places[0].leave()
    assert places[4].wait()


def test_to_give_up_waiting_ends_no_search_that_runs() -> None:
    line = Line(lambda: 1)
    first, second = line.enter(), line.enter()
    first.give_up_waiting()
    assert second.before == 1
    assert waits(second)
    first.leave()
    first.leave()
    assert second.before == 0
    third = line.enter()
    first.leave()  # again: it has no room to give any more
    assert third.before == 1


def test_a_setting_that_grows_or_shrinks_is_kept_from_the_next_search_on() -> None:
    most = [1]
    line = Line(lambda: most[0])
    places = [line.enter(), line.enter(), line.enter()]
    assert [place.before for place in places] == [0, 1, 2]
    most[0] = 2
    places.append(line.enter())
    assert [place.before for place in places] == [0, 0, 1, 2]
    most[0] = 1
    places.append(line.enter())
    assert [place.before for place in places] == [0, 0, 2, 3, 4]
    places[0].leave()
    assert [place.before for place in places] == [0, 0, 1, 2, 3]
    places[1].leave()
    assert [place.before for place in places] == [0, 0, 0, 1, 2]


@pytest.mark.parametrize("most", [1, 3])
def test_under_a_crowd_never_more_run_and_every_turn_comes_in_order(most: int) -> None:
    """Forty threads; some give up in line. Those that stay begin in the order in which they came."""
    line, rng, guard = Line(lambda: most), random.Random(0), threading.Lock()
    running, peak, began, gave_up = 0, 0, [], []
    blocker = [line.enter() for _ in range(most)]  # nobody begins before all have come

    def search(number: int, place: Place, seconds: float) -> None:
        nonlocal running, peak
        if not place.wait():
            gave_up.append(number)
            return
        with guard:
            running += 1
            peak = max(peak, running)
            began.append(number)
        time.sleep(seconds)
        with guard:
            running -= 1
        place.leave()

    threads, places = [], []
    for number in range(40):
        places.append(line.enter())
        threads.append(threading.Thread(target=search, args=(number, places[-1], rng.uniform(0, 0.01)), daemon=True))
        threads[-1].start()
    leaving = rng.sample(range(40), 10)
    for number in leaving:
        places[number].give_up_waiting()
    for place in blocker:
        place.leave()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    assert sorted(gave_up) == sorted(leaving)
    assert sorted(began) == sorted(set(range(40)) - set(leaving))
    assert peak <= most
    if most == 1:  # with more, two that begin together may write their names in either order
        assert began == sorted(began)


class Found(NamedTuple):
    """A search's event; its result is the number of steps."""

    steps: int

    @property
    def result(self) -> Callable[[], int]:
        return lambda: self.steps


def test_the_searches_of_several_sessions_wait_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `search.view` draws from, without a page: sessions' searches, one of which runs."""
    monkeypatch.setattr(background_search, "_LINE", Line(lambda: 1))
    go_on, sessions = threading.Event(), [background_search._Kept() for _ in range(4)]

    def start(check_cancelled: Callable[[], None]) -> Iterator[Found]:
        yield Found(1)
        while not go_on.wait(0.005):
            check_cancelled()
        yield Found(2)

    works = [kept.begin((number,), start) for number, kept in enumerate(sessions)]
    until(lambda: works[0].latest is not None)
    lines = [background_search._waiting(work).line for work in works[1:]]
    assert len(set(lines)) == 3 and [numbers_in(line) for line in lines[1:]] == [[2], [3]]
    sessions[1].end()  # a Stop, or the page was left
    assert works[1].ends_within(PATIENCE)
    assert sessions[1].results == {}
    assert [work.place.before for work in works] == [0, 0, 1, 2]
    sessions[0].end()  # one that runs keeps what it found, and makes room when it has ended
    assert sessions[0].results == {(0,): 1}
    assert works[0].ends_within(PATIENCE)
    until(lambda: works[2].latest is not None)
    go_on.set()
    for kept, work in zip(sessions[2:], works[2:], strict=True):
        assert work.ends_within(PATIENCE)
        kept.end(work)
        assert list(kept.results.values()) == [2]


def test_a_search_that_ends_with_nothing_says_so() -> None:
    """Stopped before its first event, for one: neither silence nor an answer, until the next one finds something."""
    at = AppTest.from_string(
        """
import streamlit as st

from pages.server import background_search as search
from tests.server.test_queue import Found

events = [Found(7)] if st.session_state.get("lucky") else []
search.view("nought", ("asked",), lambda: lambda _check_cancelled: iter(events), lambda _event: search.Shown(0.5, "…"),
            lambda found, _own: st.write(f"found {found}"))
"""
    ).run()
    assert not at.info
    at.button[0].click().run()
    assert len(at.info) == 1
    at.session_state["lucky"] = True
    at.button[0].click().run()
    assert not at.info and at.markdown[0].value == "found 7"
    at.session_state["lucky"] = False
    at.button[0].click().run()
    assert not at.info and at.markdown[0].value == "found 7"  # what was found before stays
    assert not at.exception


def test_a_search_that_fails_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background_search, "_LINE", Line(lambda: 1))

    def start(check_cancelled: Callable[[], None]) -> Iterator[Found]:
        yield Found(1)
        raise MemoryError

    for _ in range(3):
        work = background_search._Kept().begin((), start)
        assert work.ends_within(PATIENCE)
        assert isinstance(work.fault, MemoryError)


def test_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MOST_AT_A_TIME, raising=False)
    assert most_at_a_time() == (os.cpu_count() or 2)
    monkeypatch.setenv(MOST_AT_A_TIME, " 3 ")
    assert most_at_a_time() == 3
    for told in ("0", "-1", "two", "1.5", "²"):
        monkeypatch.setenv(MOST_AT_A_TIME, told)
        with pytest.raises(ValueError, match=MOST_AT_A_TIME):
            most_at_a_time()

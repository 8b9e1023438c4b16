"""How many long searches run at a time? A few, over all sessions; the rest wait their turn and know their place.

A search keeps a processor busy. More of them than processors make each other, and every page that anybody looks at,
slow, and none ends sooner for it. So whoever comes when all are taken stands in line, first come, first served: every
search has a bounded time, so every turn comes. A session looks at one page, which runs one search, so nobody can fill
the line alone but by as many windows.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable

MOST_AT_A_TIME = "UNROLLED_SEARCHES"
"""The environment's name for how many searches run at a time."""


def most_at_a_time() -> int:
    """How many searches run at a time: the environment's ``UNROLLED_SEARCHES``, or one for each processor.

    Raises ValueError for a setting that is no whole number of at least 1.
    """
    told = os.environ.get(MOST_AT_A_TIME, "").strip()
    if not told:
        return os.cpu_count() or 2
    if not (told.isascii() and told.isdigit() and int(told[:9]) > 0):
        raise ValueError(f"{MOST_AT_A_TIME} is a whole number of at least 1; given: {told!r}")
    return int(told[:9])


class Line:
    """Where searches wait. `most` says how many run at a time; it is asked whenever one comes."""

    def __init__(self, most: Callable[[], int] = most_at_a_time):
        self._ask, self._most = most, 1
        self._waiting: deque[Place] = deque()
        self._running: set[Place] = set()
        self._moved = threading.Condition()

    def enter(self) -> Place:
        """A place at the end of the line; its turn may have come at once. Raises ValueError for a bad setting."""
        with self._moved:
            self._most, place = self._ask(), Place(self)
            self._waiting.append(place)
            self._admit()
            return place

    def _admit(self) -> None:
        while self._waiting and len(self._running) < self._most:
            self._running.add(self._waiting.popleft())
        self._moved.notify_all()

    def _leave(self, place: Place) -> None:
        with self._moved:
            if place in self._waiting:
                self._waiting.remove(place)
            self._running.discard(place)
            self._admit()

    def _before(self, place: Place) -> int:
        with self._moved:
            if place not in self._waiting:
                return 0
            return self._waiting.index(place) + max(1, len(self._running) - self._most + 1)

    def _wait(self, place: Place) -> bool:
        with self._moved:
            self._moved.wait_for(lambda: place not in self._waiting)
            return place in self._running


class Place:
    """A search's place in a line, until it leaves."""

    def __init__(self, line: Line):
        self._line = line

    @property
    def before(self) -> int:
        """How many searches must end before this one begins; 0 from its turn on."""
        return self._line._before(self)

    def wait(self) -> bool:
        """Wait for the turn. False where the place was given up meanwhile."""
        return self._line._wait(self)

    def leave(self) -> None:
        """Make room for the next, whether the turn had come or not. To leave again does nothing."""
        self._line._leave(self)

    def give_up_waiting(self) -> None:
        """Leave unless the turn has come: a search that runs keeps its place until it has really ended."""
        with self._line._moved:
            if self in self._line._waiting:
                self._line._leave(self)

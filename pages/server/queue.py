"""How many long searches run at a time? A few, over all sessions; the rest wait their turn and know their place.

A search keeps a processor busy: more searches than processors slow each other and every page, and none ends sooner. So
searches queue, first come, first served. Every search has a bounded time, so every turn comes. A session shows one
page, which runs one search, so only many windows could fill the queue.
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
    given = os.environ.get(MOST_AT_A_TIME, "").strip()
    if not given:
        return os.cpu_count() or 2
    if not (given.isascii() and given.isdigit() and int(given[:9]) > 0):
        raise ValueError(f"{MOST_AT_A_TIME} is a whole number of at least 1; given: {given!r}")
    return int(given[:9])


class Line:
    """Where searches wait. `most` says how many run at a time; it is asked whenever one comes."""

    def __init__(self, most: Callable[[], int] = most_at_a_time):
        self.ask, self.most = most, 1
        self.waiting: deque[Place] = deque()
        self.running: set[Place] = set()
        self.moved = threading.Condition()

    def enter(self) -> Place:
        """A place at the end of the line; its turn may have come at once. Raises ValueError for a bad setting."""
        with self.moved:
            self.most, place = self.ask(), Place(self)
            self.waiting.append(place)
            self.admit()
            return place

    def admit(self) -> None:
        """Let as many run as may; under the lock of `moved`."""
        while self.waiting and len(self.running) < self.most:
            self.running.add(self.waiting.popleft())
        self.moved.notify_all()


class Place:
    """A search's place in a line, until it leaves."""

    def __init__(self, line: Line):
        self._line = line

    @property
    def before(self) -> int:
        """How many searches must end before this one begins; 0 from its turn on."""
        line = self._line
        with line.moved:
            if self not in line.waiting:
                return 0
            return line.waiting.index(self) + max(1, len(line.running) - line.most + 1)

    def wait(self) -> bool:
        """Wait for the turn. False where the place was given up meanwhile."""
        with self._line.moved:
            self._line.moved.wait_for(lambda: self not in self._line.waiting)
            return self in self._line.running

    def leave(self) -> None:
        """Make room for the next, whether the turn had come or not. To leave again does nothing."""
        with self._line.moved:
            self.give_up_waiting()
            self._line.running.discard(self)
            self._line.admit()

    def give_up_waiting(self) -> None:
        """Leave unless the turn has come: a search that runs keeps its place until it has really ended."""
        with self._line.moved:
            if self in self._line.waiting:
                self._line.waiting.remove(self)
                self._line.admit()

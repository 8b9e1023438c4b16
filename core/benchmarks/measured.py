"""One figure of speed: what was done, how long it took, and how long the plain way took in the same run.

What does the work and its reference are timed in turns, and the best of each counts: whatever else the machine does
slows both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

Work = Callable[[], object]


@dataclass(frozen=True)
class Measured:
    """Seconds that something took, and those of its `reference`, the plain way of doing the same, if it has one.

    `asked` says what was asked for: at least this `speed`, or at most so many seconds. `difference` is the largest
    difference between the results of both, where they should be one; `note` says more.
    """

    subject: str
    what: str
    seconds: float
    reference: str = ""
    reference_seconds: float | None = None
    asked_speed: float | None = None
    asked_seconds: float | None = None
    difference: float | None = None
    note: str = ""

    @property
    def speed(self) -> float | None:
        """How many times as fast as the reference; below 1, slower."""
        return None if self.reference_seconds is None else self.reference_seconds / self.seconds

    @property
    def kept(self) -> bool | None:
        """Whether it is as fast as was asked; None where nothing was asked."""
        if self.asked_speed is not None and self.speed is not None:
            return self.speed >= self.asked_speed
        return None if self.asked_seconds is None else self.seconds <= self.asked_seconds


def seconds(work: Work) -> float:
    """How long some work takes, once."""
    clock = time.perf_counter()
    work()
    return time.perf_counter() - clock


def best_in_turn(rounds: int, *works: Work) -> tuple[float, ...]:
    """The best time of each, all of them once every round."""
    return tuple(min(times) for times in zip(*([seconds(work) for work in works] for _ in range(rounds)), strict=True))


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """So many threads for torch's arithmetic; None leaves it as it is."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(before if count is None else count)
    try:
        yield
    finally:
        torch.set_num_threads(before)

"""One timing: what was done, how long it took, and how long the plain method took in the same run.

The work and its reference are timed in turns, and the best of each counts: other load on the machine slows both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint

Work = Callable[[], Any]


@dataclass(frozen=True)
class Measured:
    """Seconds that something took, and those of its `reference`, the plain method, if it has one.

    `asked_speed` and `asked_seconds` are the targets: at least this speed, at most so many seconds. `difference` is the
    largest difference between the results of both, where they should be equal.
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
        """Whether the target was met; None without one."""
        if self.asked_speed is not None and self.speed is not None:
            return self.speed >= self.asked_speed
        return None if self.asked_seconds is None else self.seconds <= self.asked_seconds


class Timing(NamedTuple):
    """A benchmark and its arguments after the model: `quick` on the last model, `whole` on each, the last or all.

    `quick` is None where it takes too long for a quick look.
    """

    measure: Callable[..., Measured | None]
    quick: tuple[Any, ...] | None
    whole: tuple[Any, ...]
    on: str = "each"


def run(timings: Sequence[Timing], models: Sequence[Checkpoint], quick: bool) -> Iterator[Measured]:
    """The timings one by one; those of the lab need no model."""
    for timing in timings:
        arguments = timing.quick if quick else timing.whole
        if arguments is None:
            continue
        chosen = models if timing.on == "each" and not quick else models[-1:]
        calls: list[tuple[Any, ...]] = [(model,) for model in chosen]
        if timing.on == "all":
            calls = [(list(models[-1:] if quick else models),)]
        elif timing.on == "none":
            calls = [()]
        for call in calls:
            measured = timing.measure(*call, *arguments)
            if measured is not None:
                yield measured


def compare(subject: str, what: str, ours: Work, reference: str, plain: Work, rounds: int, **more: Any) -> Measured:
    """Time `ours` and `plain`, whose results should be equal, in turns."""
    import numpy as np

    difference = float(np.nanmax(np.abs(np.asarray(ours()) - np.asarray(plain()))))
    return race(subject, what, ours, reference, plain, rounds, difference=difference, **more)


def race(subject: str, what: str, ours: Work, reference: str, plain: Work, rounds: int, **more: Any) -> Measured:
    """Time `ours` and `plain` in turns."""
    took, theirs = best_in_turn(rounds, ours, plain)
    return Measured(subject, what, took, reference, theirs, **more)


def seconds(work: Work) -> float:
    """How long some work takes, once."""
    clock = time.perf_counter()
    work()
    return time.perf_counter() - clock


def best_in_turn(rounds: int, *works: Work) -> tuple[float, ...]:
    """The best time of each, all of them once every round."""
    return tuple(min(times) for times in zip(*([seconds(work) for work in works] for _ in range(rounds)), strict=True))


@contextmanager
def threads(count: int) -> Iterator[None]:
    """So many threads for torch's arithmetic."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)

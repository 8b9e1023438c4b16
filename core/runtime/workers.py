"""The same work in several processes of one machine, each with one thread.

Processes are started anew (`spawn`), so they share nothing with this one. A process stops between two batches when its
work is cancelled, and ends at once when the process that started it is gone.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 2  # tasks for each process, so that none waits for the next
_stop: Event | None = None


class StoppedError(Exception):
    """The work was cancelled."""


def check_cancelled() -> None:
    """Call this between two pieces of work. Raises StoppedError in a process whose work was cancelled."""
    if _stop is not None and _stop.is_set():
        raise StoppedError


def check(count: int) -> None:
    """Raises ValueError for less than one process."""
    if count < 1:
        raise ValueError(f"at least one worker is needed; given: {count:,}")


def results(function: Callable[[T], R], tasks: Iterable[T], count: int) -> Iterator[R]:
    """The results of a module's function for tasks, in the order in which `count` processes finish them.

    Tasks are taken as they are needed. Raises what the function raises, OSError where a process ends by itself, and
    ValueError for less than one process; whatever ends it early ends the processes.
    """
    import multiprocessing
    from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
    from concurrent.futures.process import BrokenProcessPool

    check(count)
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    pool = ProcessPoolExecutor(count, mp_context=context, initializer=_begin, initargs=(stop,))
    waiting: set[Future[R]] = set()
    try:
        for task in tasks:
            waiting.add(pool.submit(function, task))
            if len(waiting) >= _AHEAD * count:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    except BrokenProcessPool:
        raise OSError("a worker process was killed, perhaps for want of memory") from None
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


def _begin(stop: Event) -> None:
    """What a process does first."""
    global _stop
    import torch

    _stop = stop
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for the process that started this one, which then says stop
    threading.Thread(target=_follow, daemon=True).start()


def _follow() -> None:
    """End with the process that started this one."""
    from multiprocessing import connection, parent_process

    parent = parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os._exit(1)

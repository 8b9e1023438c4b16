"""What was loaded for good is not gone through again after every script.

Streamlit (1.67) has Python look through all objects for unreachable cycles whenever a script has ended, and nothing
else runs in the process meanwhile. With the models, torch and plotly in memory these are some 370,000 objects and 0.2
seconds: more than a page takes, for everyone. So where such a look took long, what it left is set aside
(https://docs.python.org/3/library/gc.html#gc.freeze); objects that nobody refers to are freed as ever. As what is set
aside may become unreachable too, everything is looked through all the same when it has grown by a quarter, which is
Python's own measure, and every ten minutes at the latest.
"""

from __future__ import annotations

import gc
import threading
import time

LONG = 0.01  # seconds of a thread's own time
GROWN = 1.25
EVERYTHING_EVERY = 600.0  # seconds
_WHOLE = 2  # the generation of a look through all objects


class Collections:
    """Watches how long Python's looks through all objects take, and sets aside what a long one left."""

    def __init__(self) -> None:
        self._began = 0.0
        self._took = 0.0
        self._last_whole = time.monotonic()
        self._left = 0  # objects aside after the last look through everything
        self._one_at_a_time = threading.Lock()

    def watch(self, phase: str, about: dict[str, int]) -> None:
        """To be called by the collector, as one of its callbacks."""
        if about["generation"] != _WHOLE:
            return
        if phase == "start":
            self._began = time.thread_time()
        else:
            self._took = time.thread_time() - self._began

    def settle(self) -> bool:
        """Set aside what the last long look left; whether there was one. To be called now and then."""
        if self._took <= LONG or not self._one_at_a_time.acquire(blocking=False):
            return False
        try:
            gc.freeze()
            if self._grown() or time.monotonic() - self._last_whole > EVERYTHING_EVERY:
                gc.unfreeze()
                gc.collect()
                gc.freeze()
                self._last_whole, self._left = time.monotonic(), gc.get_freeze_count()
            self._took = 0.0
        finally:
            self._one_at_a_time.release()
        return True

    def _grown(self) -> bool:
        return gc.get_freeze_count() > GROWN * self._left


_collections = Collections()
gc.callbacks.append(_collections.watch)


def settle() -> None:
    """Called at the start of every page's script."""
    _collections.settle()

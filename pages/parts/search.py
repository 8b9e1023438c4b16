"""A long search on a page: work in a thread, looked at several times a second, given up when the page is left.

Streamlit ends a script only at its next ``st.`` call, and a step of a search may take seconds. So the search runs in a
thread that calls nothing of Streamlit's, and the script looks at it and redraws the progress. A click on Stop, another
page, another sentence or a closed window all end the script at that call; the thread is told at once and gives up
before its next step. What was found until then is kept.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import streamlit as st

from core.language import gettext as _
from core.language import ngettext

if TYPE_CHECKING:
    from core.probes.permutations import Permutations, Progress

_GLANCE = 0.25  # seconds between two looks
MOST_KEPT = 3

Key = tuple[object, ...]
Start = Callable[[Callable[[], None]], "Iterator[Progress]"]


class _GivenUpError(Exception):
    """Nobody waits for the search any more."""


class _Work:
    """A search in a thread of its own; `latest` is the last event that came."""

    def __init__(self, start: Start):
        self.latest: Progress | None = None
        self.fault: Exception | None = None
        self._given_up = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(start,), name="unrolled search", daemon=True)
        self._thread.start()

    def _run(self, start: Start) -> None:
        try:
            for event in start(self._breathe):
                self.latest = event
                self._breathe()
        except _GivenUpError:
            pass
        except Exception as fault:  # of whatever kind: the page says it in one line
            self.fault = fault

    def _breathe(self) -> None:
        if self._given_up.is_set():
            raise _GivenUpError

    def ends_within(self, seconds: float) -> bool:
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def give_up(self) -> None:
        self._given_up.set()


def kept() -> dict[Key, Permutations]:
    """The session's last results, by what was asked; the oldest go first."""
    results: dict[Key, Permutations] = st.session_state.setdefault("permutations found", {})
    return results


def run(key: Key, start: Start) -> Exception | None:
    """Search until it is done, drawing the progress, and keep what was found, also when the script is ended here.

    `start` is called with a function for the search to call often, which ends it. Returns what went wrong, if anything.
    """
    results = kept()  # a plain dict from here on: an ended script may not touch the session's state
    bar, found = st.progress(0.0, _("Starting…")), st.empty()
    work = _Work(start)
    try:
        while not work.ends_within(_GLANCE):
            _draw(bar, found, work.latest)
    finally:
        work.give_up()
        if work.latest is not None:
            results.pop(key, None)
            results[key] = work.latest.result()
            while len(results) > MOST_KEPT:
                del results[next(iter(results))]
    return work.fault


def _draw(bar: st.delta_generator.DeltaGenerator, found: object, latest: Progress | None) -> None:
    if latest is None:
        bar.progress(0.0, _("Starting…"))
        return
    flips = ngettext("{flips:,} flip", "{flips:,} flips", latest.flips).format(flips=latest.flips)
    bar.progress(
        min(latest.scored / latest.total, 1.0),
        _("{scored:,} of up to {total:,} orders scored, {flips} so far").format(
            scored=latest.scored, total=latest.total, flips=flips
        ),
    )
    if latest.best is not None:
        best = latest.best
        found.text(
            _("Most fluent flip so far: {text} (P(positive) = {probability:.3f}, {fluency:.1f} nats)").format(
                text=best.text, probability=best.probability, fluency=best.fluency
            )
        )

"""A long search on a page: work in a thread, looked at several times a second, given up when the page is left.

Streamlit ends a script only at its next ``st.`` call, and a step of a search may take seconds. So the search runs in a
thread that calls nothing of Streamlit's, and the script looks at it and redraws the progress. A click on Stop, another
page, another sentence or a closed window all end the script at that call; the thread is told at once and gives up
before its next step. What was found until then is kept. Only so many run at a time, over all sessions: the others wait
in line (`admission`), and the page says how many are before them.

The script that a click starts does not wait for the one that it ends: both may run for a moment. So whichever comes
first ends a search that is left over and keeps what it found.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import streamlit as st

from core.models.predictor import telling
from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext
from core.runtime.malloc import give_back
from pages.server import limits
from pages.server.fingerprint import fingerprint
from pages.server.queue import Line
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

_GLANCE = 0.25  # seconds between two looks
_LONGEST_GLANCE = 1.0  # where nothing changes: a look costs the server a message, and many may wait at a time
MOST_KEPT = 3
_LINE = Line()  # of all sessions

Key = tuple[object, ...]


class Event(Protocol):
    """What a search yields as it goes on: `result` makes what was found so far."""

    @property
    def result(self) -> Callable[[], Any]: ...


Start = Callable[[Callable[[], None]], Iterator[Event]]
"""Starts a search, given a function for it to call often, which ends it."""


class Shown(NamedTuple):
    """How far a search is: the share that is done, 0 to 1, a line about it, and a line about the best so far, if any.

    Both are shown as they stand. `queries` counts the texts scored so far, where a search scores texts.
    """

    share: float
    line: str
    best: str = ""
    queries: int = 0


class _GivenUpError(Exception):
    """Nobody waits for the search any more."""


class _Work:
    """A search in a thread of its own; `latest` is the last event that came, `key` what was asked.

    It begins when its turn has come. Raises ValueError where the line's setting is none.
    """

    def __init__(self, key: Key, start: Start):
        self.key = key
        self.place = _LINE.enter()
        self.latest: Event | None = None
        self.fault: Exception | None = None
        self._began: float | None = None
        self._given_up = threading.Event()
        self._thread = threading.Thread(
            # A thread starts without its starter's context, which holds the language.
            target=copy_context().run,
            args=(self._run, start),
            name="unrolled search",
            daemon=True,
        )
        try:
            self._thread.start()
        except RuntimeError:  # no more threads can be had
            self.place.leave()
            raise

    def _run(self, start: Start) -> None:
        try:
            if not self.place.wait():
                return
            self._began = time.monotonic()
            with telling(lambda done, total: self._breathe()):
                for event in start(self._breathe):
                    self.latest = event
                    self._breathe()
        except _GivenUpError:
            pass
        except Exception as fault:  # of whatever kind: the page says it in one line
            self.fault = fault
        finally:
            self.place.leave()

    def _breathe(self) -> None:
        if self._given_up.is_set():
            raise _GivenUpError

    def ends_within(self, seconds: float) -> bool:
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def give_up(self) -> None:
        self._given_up.set()
        self.place.give_up_waiting()

    @property
    def seconds(self) -> float:
        """How long it has been at work."""
        return 0.0 if self._began is None else time.monotonic() - self._began


class _Kept:
    """A session's last results of one kind of search by what was asked, the oldest first, and the search under way.

    `unanswered` is what was asked last where that search ended before it had found anything.
    """

    def __init__(self) -> None:
        self.results: dict[Key, Any] = {}
        self.unanswered: Key | None = None
        self._under_way: _Work | None = None
        self._lock = threading.Lock()

    def begin(self, key: Key, start: Start) -> _Work:
        self.end()
        self._under_way = _Work(key, start)
        return self._under_way

    def end(self, which: _Work | None = None) -> None:
        """Give up the search under way, if there is one and it is the one meant, and keep what it found."""
        with self._lock:
            work = self._under_way
            if work is None or which not in (None, work):
                return
            self._under_way = None
            work.give_up()
            if work.latest is not None:
                self.unanswered = None
                self.results.pop(work.key, None)
                self.results[work.key] = work.latest.result()
                while len(self.results) > MOST_KEPT:
                    del self.results[next(iter(self.results))]


def view(
    name: str,
    key: Key,
    start: Callable[[], Start],
    say: Callable[[Any], Shown],
    show: Callable[[Any, str], None],
    label: str | None = None,
    again: str | None = None,
) -> None:
    """The button that starts a search, the search with its Stop while it runs, and what it found.

    `name` tells kinds of searches apart, `key` what is asked of one. `start` is called only when the search begins;
    `say` tells of an event, `show` shows a result under a key of its own.
    """
    kept: _Kept = st.session_state.setdefault(f"{name} found", _Kept())
    kept.end()  # one that a click has just left over
    if limits.none_left():
        if key in kept.results:
            show(kept.results[key], fingerprint(key))
        return
    place = st.empty()  # of the button, then of the bar: the second half of a double click falls on no Stop
    if st.session_state.pop(f"{name} wanted", None) == key:
        kept.unanswered = key
        bar = place.progress(0.0, _("Starting…"))
        # The click ends this script at its next call, so it needs no handling: what was found is then shown.
        st.button(_("Stop"), key=f"{name} stop", type="primary", icon=":material/stop_circle:")
        fault = _run(bar, kept, key, start, say)
        st.session_state[f"{name} fault"] = (key, _told(fault))
        st.rerun()

    def want() -> None:
        st.session_state[f"{name} wanted"] = key
        st.session_state.pop(f"{name} fault", None)

    found = kept.results.get(key)
    place.button(
        (label or _("Start the search")) if found is None else (again or _("Search again")),
        key=f"{name} start",  # `tokens.readable_choices` hides what ends so while the search runs
        type="primary" if found is None else "secondary",
        icon=":material/search:",
        on_click=want,
    )
    asked, fault_line = st.session_state.get(f"{name} fault", (key, ""))
    if fault_line and asked == key:
        st.error(_("The search came to grief: {fault}").format(fault=plain(fault_line)))
    elif found is None and kept.unanswered == key:
        st.info(_("The search was ended before it had found anything, so nothing is known yet."))
    if found is not None:
        show(found, fingerprint(key))


def _told(fault: Exception | None) -> str:
    """A fault in one line; one of the plain kinds that core raises says enough by itself."""
    if fault is None:
        return ""
    own = type(fault) in (ValueError, LookupError) or type(fault).__module__.startswith("core.")
    return str(fault) if own else f"{type(fault).__name__}: {fault}"


def _run(
    bar: DeltaGenerator, kept: _Kept, key: Key, start: Callable[[], Start], say: Callable[[Any], Shown]
) -> Exception | None:
    """Search until it is done, and keep what was found, also when the script is ended here. `bar` shows the progress.

    Returns what went wrong, if anything.
    """
    best, meter = st.empty(), limits.Meter()
    try:
        work = kept.begin(key, start())
    except (ValueError, LookupError, OSError) as fault:
        return fault
    try:
        glance, before = _GLANCE, None
        while not work.ends_within(glance):
            shown = _waiting(work) if work.latest is None else say(work.latest)
            glance = _GLANCE if shown != before else min(2 * glance, _LONGEST_GLANCE)
            before = shown
            bar.progress(min(max(shown.share, 0.0), 1.0), plain(shown.line))
            if shown.best:
                best.text(shown.best)
            if meter.spent(work.seconds, shown.queries):
                break
    finally:
        kept.end(work)  # an ended script may not touch the session's state, but this is none of it
        meter.spent(work.seconds, 0 if work.latest is None else say(work.latest).queries)
        give_back()
    return work.fault


def _waiting(work: _Work) -> Shown:
    """What is said of a search that has found nothing yet: its place in line, if its turn has not come."""
    before = work.place.before
    if not before:
        return Shown(0.0, _("Starting…"))
    line = ngettext(
        "Waiting: one search must end before yours begins.",
        "Waiting: {before:,} searches must end before yours begins.",
        before,
    )
    return Shown(0.0, line.format(before=before))

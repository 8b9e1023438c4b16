"""A long search on a page: it runs in a thread, and the page draws its progress several times a second.

Streamlit ends a script only at its next ``st.`` call, and a step of a search may take seconds. So the thread calls
nothing of Streamlit, and the script looks at it and redraws the progress. A click on Stop, another page or sentence and
a closed window all end the script at that call; the thread is cancelled before its next step, and its result so far is
kept. Only so many searches run at a time, over all sessions; the others wait in line (`queue`).

The script that a click starts does not wait for the one that it ends: both may run for a moment. Whichever comes first
ends a search that is left over and keeps its result.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, NamedTuple

import streamlit as st

from core.models.predictor import telling
from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext
from core.runtime.malloc import give_back
from pages.server import limits
from pages.server.caches import cached
from pages.server.fingerprint import fingerprint
from pages.server.queue import Line
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

_GLANCE = 0.25  # seconds between two looks
_LONGEST_GLANCE = 1.0  # where nothing changes: a look costs the server a message, and many may wait at a time
MOST_KEPT = 3
_LINE = Line()  # of all sessions
_MOST_SHARED, _LARGEST_SHARED = 8, 500_000  # results, and texts scored for one

Key = tuple[object, ...]


Start = Callable[[Callable[[], None]], Iterator[Any]]
"""Starts a search, given a function that it calls often and that raises once the search is cancelled. It yields events:
each is the result so far, or has a method `result` that makes it."""


@cached(1, shared=True)
def _finished() -> dict[Key, Any]:
    """Results of searches at their end, of all sessions, by kind and question, the oldest first."""
    return {}


def found(name: str) -> list[Any]:
    """What this session's searches of a kind found, the newest first."""
    kept: _Kept | None = st.session_state.get(f"{name} found")
    return [] if kept is None else [*kept.results.values()][::-1]


class Shown(NamedTuple):
    """How far a search is: the share that is done, 0 to 1, a line about it, and one about the best so far, if any.

    Both are shown as they are, not as Markdown. `queries` counts the texts scored so far.
    """

    share: float
    line: str
    best: str = ""
    queries: int = 0


class _CancelledError(Exception):
    """Nobody waits for the search any more."""


class _Work:
    """A search in a thread of its own, which begins when its turn has come: `key` says what was asked, `latest` is its
    last event. Raises ValueError for a bad setting of the line."""

    def __init__(self, key: Key, start: Start):
        self.key = key
        self.place = _LINE.enter()
        self.latest: Any = None
        self.fault: Exception | None = None
        self._began: float | None = None
        self._cancelled = threading.Event()
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
            with telling(lambda done, total: self._check_cancelled()):
                for event in start(self._check_cancelled):
                    self.latest = event
                    self._check_cancelled()
        except _CancelledError:
            pass
        except Exception as fault:  # of whatever kind: the page says it in one line
            self.fault = fault
        finally:
            self.place.leave()

    def _check_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise _CancelledError

    def ends_within(self, seconds: float) -> bool:
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def cancel(self) -> None:
        self._cancelled.set()
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
            work.cancel()
            if work.latest is not None:
                self.unanswered = None
                self.results.pop(work.key, None)
                made = getattr(work.latest, "result", None)
                self.results[work.key] = made() if callable(made) else work.latest
                while len(self.results) > MOST_KEPT:
                    del self.results[next(iter(self.results))]


def view(
    name: str,
    key: Key,
    start: Callable[[], Start],
    say: Callable[[Any], Shown],
    show: Callable[[Any, str], None],
    label: str | None = None,
    *,
    place: DeltaGenerator | None = None,
    shared: bool = False,
    at_once: bool = False,
) -> None:
    """The button that starts a search; the progress and a Stop button while it runs; then its result.

    `name` is the kind of search, `key` what is asked. `start` is called only when the search begins; `say` words an
    event, `show` shows a result under a key of its own. The button stands in `place`, an empty one. A `shared` result
    is found again by every session, also after a reload; a search that starts `at_once` needs no click.
    """
    kept: _Kept = st.session_state.setdefault(f"{name} found", _Kept())
    kept.end()  # one that a click has just left over
    if shared and key not in kept.results and (name, *key) in _finished():
        kept.results[key] = _finished()[(name, *key)]
    asked, fault_line = st.session_state.get(f"{name} fault", (key, ""))
    if limits.none_left():
        if key in kept.results:
            show(kept.results[key], fingerprint(key))
        return
    place = place or st.empty()  # of the button, then the bar: the second half of a double click falls on no Stop
    unasked = at_once and key not in kept.results and kept.unanswered != key and not (fault_line and asked == key)
    if st.session_state.pop(f"{name} wanted", None) == key or unasked:
        kept.unanswered = key
        bar = place.progress(0.0, _("Starting…"))
        # The click ends this script at its next call, so it needs no handling: what was found is then shown.
        st.button(_("Stop"), key=f"{name} stop", type="primary", icon=":material/stop_circle:")
        fault = _run(bar, kept, key, start, say, name if shared else None)
        st.session_state[f"{name} fault"] = (key, _one_line(fault))
        st.rerun()

    def want() -> None:
        st.session_state[f"{name} wanted"] = key
        st.session_state.pop(f"{name} fault", None)

    result = kept.results.get(key)
    place.button(
        (label or _("Start the search")) if result is None else _("Run again"),
        key=f"{name} start",  # `tokens.readable_choices` hides what ends so while the search runs
        type="primary" if result is None else "secondary",
        icon=":material/search:",
        on_click=want,
    )
    if fault_line and asked == key:
        st.error(_("The search failed: {fault}").format(fault=plain(fault_line)))
    elif result is None and kept.unanswered == key:
        st.info(_("The search ended before it found anything. There is no result yet."))
    if result is not None:
        show(result, fingerprint(key))


def _one_line(fault: Exception | None) -> str:
    """A fault in one line; one of the plain kinds that core raises says enough by itself."""
    if fault is None:
        return ""
    own = type(fault) in (ValueError, LookupError) or type(fault).__module__.startswith("core.")
    return str(fault) if own else f"{type(fault).__name__}: {fault}"


def _run(
    bar: DeltaGenerator,
    kept: _Kept,
    key: Key,
    start: Callable[[], Start],
    say: Callable[[Any], Shown],
    shared: str | None,
) -> Exception | None:
    """Search until it is done, and keep what was found, also when the script is ended here. `bar` shows the progress.

    What is found to the end is kept for all sessions if the search has the name `shared`. Returns what went wrong, if
    anything.
    """
    best, meter, ended = st.empty(), limits.Meter(), False
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
        else:
            ended = work.fault is None
    finally:
        kept.end(work)  # an ended script may not touch the session's state, but this is none of it
        queries = 0 if work.latest is None else say(work.latest).queries
        meter.spent(work.seconds, queries)
        if shared and ended and key in kept.results and queries <= _LARGEST_SHARED:
            _finished()[(shared, *key)] = kept.results[key]
            while len(_finished()) > _MOST_SHARED:
                _finished().pop(next(iter(_finished())), None)
        give_back()
    return work.fault


def _waiting(work: _Work) -> Shown:
    """What is said of a search that has found nothing yet: its place in line, if its turn has not come."""
    before = work.place.before
    if not before:
        return Shown(0.0, _("Starting…"))
    line = ngettext(
        "Waiting for one earlier search to finish.",
        "Waiting for {before:,} earlier searches to finish.",
        before,
    )
    return Shown(0.0, line.format(before=before))

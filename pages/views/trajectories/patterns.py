"""Which units are on over a span of the sentence, and where else in a file of sentences are the same units on?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from uuid import uuid4

import streamlit as st

from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext
from pages.server.fingerprint import fingerprint
from pages.views.trajectories import controls, pattern_file, pattern_moments
from pages.widgets import query_params
from pages.wording.tokens import plain, visible

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.trace import Trace
    from core.probes.units.patterns import Pattern
    from pages.widgets.sentences import Sentence

_THRESHOLDS = {"h": (0.05, 0.95, 0.3), "c": (0.05, 4.0, 0.5)}  # least, most, at first; in steps of 0.05
_STEP = 0.05


def view(texts: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """Choose a span and a threshold, see the units that are on, find other moments at which they are."""
    st.write(
        _(
            "Choose consecutive tokens. The units that are on after every one of them are what the "
            "model keeps throughout. Moments in other sentences with the same units on look alike to "
            "the model. What they share is a guess at what the units represent."
        )
    )
    checkpoint, trace = controls.choose_run(texts, checkpoints)
    pattern = _asked(checkpoint, trace)
    if not pattern.units:
        st.info(_("No unit is on over the whole span. Choose a lower threshold or a shorter span."))
        return
    _say(pattern, trace)

    from core.figures.inside.patterns import MOST_TOKENS, MOST_UNITS, pattern_heatmap

    st.plotly_chart(
        pattern_heatmap(pattern),
        key="pat units",
        alt=_("States of the units that are on over the span, units down, tokens across"),
    )
    if len(pattern.units) > MOST_UNITS or len(trace) > MOST_TOKENS:
        st.caption(
            _(
                "The chart shows at most {units} units, those with the largest states over the span, "
                "and {tokens} tokens around it. The search uses all units."
            ).format(units=MOST_UNITS, tokens=MOST_TOKENS)
        )
    pattern_file.show(checkpoint, pattern.state, lambda index: pattern_moments.show(index, pattern))


def _asked(checkpoint: Checkpoint, trace: Trace) -> Pattern:
    """The pattern of the span, state and threshold that were chosen."""
    from core.probes.units.patterns import pattern

    state = _state(checkpoint)
    first, last = _span(trace, fingerprint((checkpoint.hash, trace.tokens)))
    low, high, usual = _THRESHOLDS[state]
    threshold = query_params.linked(
        st.slider,
        _("Threshold for a unit to be on"),
        low,
        high,
        name="pat_threshold",
        key=f"pat threshold {state}",
        default=usual,
        read=_read_threshold(low, high),
        step=_STEP,
    )
    with st.container(horizontal=True):
        magnitude = _box("pat_magnitude", _("Use the absolute value |{state}|").format(state=state))
        bounded = _box("pat_bounded", _("Off just before and after the span"))
    threshold = round(threshold / _STEP) * _STEP
    return pattern(checkpoint, trace, first, last, threshold, state, magnitude=magnitude, bounded=bounded)


def _state(checkpoint: Checkpoint) -> str:
    """Which state; only an LSTM has two."""
    if checkpoint.model.cell != "lstm":
        return "h"
    names = {"h": _("hidden state h"), "c": _("cell state c")}
    return query_params.choice(st.segmented_control, _("State"), names, name="pat_state", key="pat state")


def _span(trace: Trace, own: str) -> tuple[int, int]:
    """The first and the last token of the span, from 0; at first the token that moved the logit most, and the next."""
    if len(trace) == 1:
        st.caption(_("The sentence has one token, so that is the span."))
        return 0, 0
    moved = min(int(abs(trace.contributions).argmax()), len(trace) - 2)
    usual, key = (moved, moved + 1), f"pat span {own}"
    if not query_params.restore("pat_span", (usual, ""), _read_span(len(trace)), key):
        st.caption(_("Invalid span in the link; using the default."))
    # A select_slider (1.67) has two ends only if its `value` is a range, and then session state may not set it. So each
    # span from a link makes a slider of its own.
    span, name = st.session_state[key]
    first, last = st.select_slider(
        _("Token span"),
        list(range(len(trace))),
        value=span,
        format_func=lambda position: f"{position + 1}. {plain(visible(trace.tokens[position][:30]))}",
        key=f"{key} {name}",
        persist_state="session",
    )
    query_params.carry("pat_span", None if (first, last) == usual else f"{first + 1}-{last + 1}")
    return first, last


def _read_span(tokens: int) -> Callable[[str], tuple[tuple[int, int], str] | None]:
    """Reads a span, as in ``3-5``, counted from 1, and gives it a new name."""

    def read(given: str) -> tuple[tuple[int, int], str] | None:
        ends = [query_params.whole(1, tokens)(end) for end in given.split("-")[:3]]
        if len(ends) != 2 or ends[0] is None or ends[1] is None or ends[0] > ends[1]:
            return None
        return (ends[0] - 1, ends[1] - 1), uuid4().hex

    return read


def _read_threshold(low: float, high: float) -> Callable[[str], float | None]:
    """Reads a threshold, to the nearest step."""
    read = query_params.decimal(low, high)
    return lambda given: None if (value := read(given)) is None else round(round(value / _STEP) * _STEP, 2)


def _box(name: str, title: str) -> bool:
    return query_params.linked(
        st.checkbox,
        plain(title),
        name=name,
        key=name.replace("_", " "),
        default=False,
        read={"1": True}.get,
        write=lambda _ticked: "1",
    )


def _say(pattern: Pattern, trace: Trace) -> None:
    """How many units are on, and which."""
    count = len(pattern.units)
    line = ngettext(
        "{count:,} of {all:,} units is on over “{span}”: {units}",
        "{count:,} of {all:,} units are on over “{span}”: {units}",
        count,
    )
    span = " ".join(pattern.tokens[pattern.first : pattern.last + 1])
    listed = ", ".join(map(str, pattern.units[:30])) + (", …" if count > 30 else "")
    st.text(line.format(count=count, all=trace.h.shape[1], span=visible(span[:300]), units=listed))

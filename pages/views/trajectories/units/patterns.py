"""Which units are on over a span of the sentence, and where else in a file of sentences are the same units on?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from uuid import uuid4

import streamlit as st

from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext, together
from pages.server.fingerprint import fingerprint
from pages.views.trajectories.units import gallery, pattern_file, pattern_moments
from pages.widgets import models, query_params, sentences, text_strip
from pages.wording.tokens import lead, plain, visible

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from core.models.checkpoints import Checkpoint
    from core.models.trace import Trace
    from core.probes.units.patterns import Index, Pattern
    from pages.widgets.sentences import Sentence

_THRESHOLDS = {"h": (0.05, 0.95, 0.3), "c": (0.05, 4.0, 0.5)}  # least, most, at first; in steps of 0.05
_STEP = 0.05
_CHART = "pat chart"  # session state: the key of the lines last drawn


def view(texts: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """Choose a span and a threshold, see the units that are on, find other moments at which they are."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        sentence = sentences.choose(texts)
        checkpoint = models.choose(sentences.readers(checkpoints, sentence), "trajectories model")
        state = _state(checkpoint)
    trace = models.traced(checkpoint, sentence.text)
    said, answer = st.empty(), st.container()
    pattern, own = _asked(checkpoint, trace, state)
    with said:
        lead(_in_a_sentence(pattern, trace))
    with answer:
        _picture(pattern, trace, own)
    if pattern.units:
        pattern_file.show(checkpoint, state, lambda index: _moments(index, pattern, trace, said))
        _units(pattern, trace)
    strongest = abs(pattern.values[pattern.first : pattern.last + 1]).mean(axis=0)
    usual = pattern.units[int(strongest.argmax())] if pattern.units else int(trace.units[0])
    gallery.view(checkpoint, trace, state, usual)


def _in_a_sentence(pattern: Pattern, trace: Trace) -> str:
    if not pattern.units:
        return _("No unit is on over the whole span. Choose a lower threshold or a shorter span.")
    line = ngettext(
        "{count:,} of {all:,} units is on over “{span}”.",
        "{count:,} of {all:,} units are on over “{span}”.",
        len(pattern.units),
    )
    return line.format(count=len(pattern.units), all=trace.h.shape[1], span=visible(_span_of(pattern)))


def _span_of(pattern: Pattern) -> str:
    return " ".join(pattern.tokens[pattern.first : pattern.last + 1])[:300]


def _moments(index: Index, pattern: Pattern, trace: Trace, said: DeltaGenerator) -> None:
    """The moments, the best of them in the sentence above the picture."""
    best = pattern_moments.show(index, pattern)
    if best is not None:
        line = _("Closest other moment: “{span}”, with {shared:,} of the {count:,} on.").format(
            span=visible(" ".join(index.sentences[best.sentence][best.first : best.last + 1])[:300]),
            shared=best.shared,
            count=len(pattern.units),
        )
        with said:
            lead(together([_in_a_sentence(pattern, trace), line]))


def _picture(pattern: Pattern, trace: Trace, own: str) -> None:
    """The words, coloured by how many of the pattern's units are on, and the lines, on which a span is brushed."""
    from core.figures.inside.patterns import pattern_lines
    from core.figures.palette import shade

    on = pattern.on
    looks = [
        text_strip.Look(
            ground=shade(float(share)),
            hint=_("{count:,} of these {all:,} units are on").format(count=count, all=len(pattern.units)),
        )
        for share, count in zip(on.mean(axis=1) if pattern.units else on.sum(axis=1), on.sum(axis=1), strict=True)
    ]
    key = f"pat lines {own} {pattern.first}-{pattern.last}"
    picked = text_strip.choose(trace.tokens, trace.known, looks, key=f"pat words {own}", chart=key)
    st.session_state[_CHART] = key
    states = trace.h if pattern.state == "h" or trace.c is None else trace.c
    st.plotly_chart(
        pattern_lines(pattern, states),
        key=key,
        on_select="rerun",
        selection_mode="box",
        alt=_("States of all units along the text, those that are on over the span in colour; drag to choose a span"),
    )
    if picked is not None and st.session_state.get("pat picked") != (own, picked):
        st.session_state["pat picked"] = (own, picked)
        st.session_state[f"pat span {own}"] = ((picked, picked), uuid4().hex)
        st.rerun()


def _brushed(trace: Trace) -> tuple[int, int] | None:
    """The span that was just drawn on the lines, from 0; None without a new one.

    The browser sends it, so it is checked; and it sends it again at every rerun, so each counts once.
    """
    key = st.session_state.get(_CHART)
    try:
        ends = sorted(float(end) for end in st.session_state[key]["selection"]["box"][-1]["x"][:2])
        first, last = (min(max(round(end) - 1, 0), len(trace) - 1) for end in ends)
    except (KeyError, IndexError, TypeError, ValueError, OverflowError):
        return None
    if st.session_state.get("pat brushed") == (key, first, last):
        return None
    st.session_state["pat brushed"] = (key, first, last)
    return first, last


def _units(pattern: Pattern, trace: Trace) -> None:
    """Which units they are, and their states."""
    from core.figures.inside.patterns import MOST_TOKENS, MOST_UNITS, pattern_heatmap

    with st.expander(_("States of these units"), icon=":material/grid_on:"):
        many = len(pattern.units) > MOST_UNITS or len(trace) > MOST_TOKENS
        st.plotly_chart(
            pattern_heatmap(pattern),
            key="pat units",
            alt=_("States of the units that are on over the span, units down, tokens across"),
        )
        if many:
            st.caption(
                _(
                    "The chart shows at most {units} units, those with the largest states over the span, "
                    "and {tokens} tokens around it. The search uses all units."
                ).format(units=MOST_UNITS, tokens=MOST_TOKENS)
            )
        listed = ", ".join(map(str, pattern.units[:60])) + (", …" if len(pattern.units) > 60 else "")
        st.text(_("Units: {units}").format(units=listed))


def _asked(checkpoint: Checkpoint, trace: Trace, state: str) -> tuple[Pattern, str]:
    """The pattern of the span and threshold that were chosen, and a name for the text as the model reads it."""
    from core.probes.units.patterns import pattern

    own = fingerprint((checkpoint.hash, trace.tokens))
    low, high, usual = _THRESHOLDS[state]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first, last = _span(trace, own)
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
            width=260,
        )
        with st.popover(_("Settings"), icon=":material/tune:"):
            magnitude = _box("pat_magnitude", _("Use the absolute value |{state}|").format(state=state))
            bounded = _box("pat_bounded", _("Off just before and after the span"))
    threshold = round(threshold / _STEP) * _STEP
    found = pattern(checkpoint, trace, first, last, threshold, state, magnitude=magnitude, bounded=bounded)
    return found, own


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
    query_params.restore("pat_span", (usual, ""), _read_span(len(trace)), key)
    # A select_slider (1.67) has two ends only if its `value` is a range, and then session state may not set it. So each
    # span from a link makes a slider of its own.
    if brushed := _brushed(trace):
        st.session_state[key] = brushed, uuid4().hex
    span, name = st.session_state[key]
    first, last = st.select_slider(
        _("Token span"),
        list(range(len(trace))),
        value=span,
        format_func=lambda position: f"{position + 1}. {plain(visible(trace.tokens[position][:30]))}",
        key=f"{key} {name}",
        persist_state="session",
        help=_("Or drag over the lines above."),
        width=420,
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

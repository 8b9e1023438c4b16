"""A gate held open or shut over a span of tokens, and units scaled or taken out: the verdict before and after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.runtime.i18n import gettext as _
from pages.server.fingerprint import fingerprint
from pages.views.trajectories import controls
from pages.widgets import classes, models, query_params
from pages.wording.tokens import plain, visible

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.trace import Trace
    from core.probes.interventions.hold import Change, Intervention
    from pages.views.trajectories.controls import Sentence

_NO_GATE = "none"
_USUAL_GATE = {"lstm": "forget", "gru": "update"}
_MOST_FACTOR = 3.0
_MOST_UNITS = 32  # named in a link


def view(texts: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """One sentence in one model: what is held and scaled, and what that does."""
    from core.probes.interventions.hold import intervene

    st.header(_("Hold a gate, scale units"))
    with st.container(horizontal=True):
        sentence = controls.choose_sentence(texts)
        checkpoint = models.choose(controls.readers(checkpoints, sentence.text), "trajectories model")
    trace = controls.traced(checkpoint, sentence.text)
    first, last = _ask_span(trace)
    changes = [*_ask_gate(trace, first, last), *_ask_units(trace, first, last)]
    run = intervene(checkpoint, trace, changes)
    if not changes:
        st.caption(_("Nothing is held or scaled, so nothing changes. Choose a gate or some units."))
    show([run], "hold path")
    header = ["model", "place", "token", "logit_before", "logit_after", "probability_before", "probability_after"]
    controls.csv_button("held", header, lambda: _rows(run))


def show(runs: Sequence[Intervention], key: str) -> None:
    """Verdicts of changed runs, before and after, and the curves along the text."""
    from core.figures.inside.interventions import before_and_after

    if not runs:
        return
    for column, run in zip(st.columns(max(len(runs), 3)), runs, strict=False):
        before, after = (float(path[-1]) for path in (run.probability_before, run.probability_after))
        line = _("{before} → {after}") if run.flips else _("stays {after}")
        labels = classes.of(run.model)
        with column:
            st.metric(
                _("{model}, {chance}").format(
                    model=plain(model_name(run.model)), chance=classes.probability_name_plain(labels)
                ),
                f"{before:.3f} → {after:.3f}",
                line.format(before=classes.said(before, labels), after=classes.said(after, labels)),
                delta_color="off",
                delta_arrow="off",
                border=True,
            )
    every = classes.of_models(run.model for run in runs)
    alt = _("{chance} after each token, before and after the change, by model").format(
        chance=classes.probability_name(every)
    )
    st.plotly_chart(before_and_after(runs, every), key=key, alt=alt)


def _ask_span(trace: Trace) -> tuple[int, int]:
    """The tokens over which gates are held and units scaled."""
    own, last = fingerprint((trace.tokens,)), len(trace) - 1
    found = []
    for name, label, usual, column in zip(
        ("patch_first", "patch_last"), (_("From token"), _("to token")), (0, last), st.columns(2), strict=True
    ):
        key, read = f"{name} {own}", query_params.whole(1, len(trace))
        sound = query_params.restore(
            name, usual, lambda told, read=read: None if (n := read(told)) is None else n - 1, key
        )
        if not sound:
            st.caption(_("The link names a token that is outside the sentence; all of it is taken."))
        place = column.selectbox(
            label,
            range(len(trace)),
            format_func=lambda place: f"{place + 1}. {visible(trace.tokens[place])}",
            key=key,
            persist_state="session",
            required=True,
        )
        query_params.carry(name, None if place == usual else str(place + 1))
        found.append(place)
    return min(found), max(found)


def _ask_gate(trace: Trace, first: int, last: int) -> list[Change]:
    """A gate to hold, if one is."""
    from core.figures.inside.interventions import patch_names
    from core.probes.interventions.hold import Hold, bounds, patchable

    offered = {what: gate for what, gate in patchable(trace.cell).items() if gate is not None}
    if not offered:
        st.caption(_("An RNN has no gates to hold; its units can be scaled."))
        return []
    names = {_NO_GATE: _("none")} | patch_names(list(offered))
    usual, key = _USUAL_GATE.get(trace.cell, _NO_GATE), f"patch gate {trace.cell}"
    if not query_params.restore("patch_gate", usual, query_params.one_of(list(names)), key):
        st.caption(_("The link names a gate that this model has not; its usual one is held."))
    left, right = st.columns(2)
    what = left.selectbox(
        _("Gate held"), list(names), format_func=names.__getitem__, key=key, persist_state="session", required=True
    )
    query_params.carry("patch_gate", None if what == usual else what)
    if what == _NO_GATE:
        return []
    low, _high = bounds(trace.cell, offered[what])
    values = {"0": _("shut (0)"), "1": _("open (1)")} if low == 0 else {"0": "0", "1": "1", "-1": "−1"}
    key = f"patch value {low:g}"
    query_params.restore("patch_value", "0", query_params.one_of(list(values)), key)
    value = right.segmented_control(
        _("Held"), list(values), format_func=values.__getitem__, key=key, required=True, persist_state="session"
    )
    query_params.carry("patch_value", None if value == "0" else value)
    return [Hold(offered[what], float(value or 0), first, last)]


def _ask_units(trace: Trace, first: int, last: int) -> list[Change]:
    """Units to scale, if any are picked."""
    from core.probes.interventions.hold import CELL, HIDDEN, Scale

    units = [int(unit) for unit in trace.units]
    usual = units[:1] if trace.cell == "rnn" else []
    key = f"patch units {trace.model} {len(units)}"
    if not query_params.restore("patch_units", usual, lambda told: _units(told, len(units)), key):
        st.caption(_("The link names a unit that is not there."))
    left, middle, right = st.columns([2, 1, 1])
    picked = left.multiselect(
        _("Units scaled, by number; those that moved the logit most come first"),
        units,
        key=key,
        max_selections=_MOST_UNITS,
        placeholder=_("none"),
        persist_state="session",
    )
    query_params.carry("patch_units", None if picked == usual else ".".join(map(str, picked)) or _NO_GATE)
    query_params.restore("patch_factor", 0.0, query_params.decimal(0, _MOST_FACTOR), "patch factor")
    factor = middle.slider(
        _("Factor (0 takes them out)"), 0.0, _MOST_FACTOR, step=0.1, key="patch factor", persist_state="session"
    )
    query_params.carry("patch_factor", None if factor == 0 else f"{factor:g}")
    state = HIDDEN
    if trace.c is not None:
        names = {HIDDEN: _("of h"), CELL: _("of c")}
        query_params.restore("patch_state", HIDDEN, query_params.one_of(list(names)), "patch state")
        state = (
            right.segmented_control(
                _("Units"),
                list(names),
                format_func=names.__getitem__,
                key="patch state",
                required=True,
                persist_state="session",
            )
            or HIDDEN
        )
        query_params.carry("patch_state", None if state == HIDDEN else state)
    return [Scale(tuple(picked), factor, first, last, state)] if picked else []


def _units(told: str, units: int) -> list[int] | None:
    """Different units, joined by points; ``none`` is none of them."""
    read = query_params.whole(0, units - 1)
    found = [read(part) for part in told.split(".")] if told != _NO_GATE else []
    whole = [unit for unit in found if unit is not None]
    return whole if len(whole) == len(found) == len(set(found)) <= _MOST_UNITS else None


def _rows(run: Intervention) -> list[tuple[object, ...]]:
    """A row a token."""
    columns = (run.before, run.after, run.probability_before, run.probability_after)
    values = zip(*(column.tolist() for column in columns), strict=True)
    return [
        (run.model, place, token, *row) for place, (token, row) in enumerate(zip(run.tokens, values, strict=True), 1)
    ]

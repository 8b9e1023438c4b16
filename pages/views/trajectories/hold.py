"""Hold a gate open or shut over a span of tokens, or scale units: the verdict before and after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name, shown
from core.data.targets import common
from core.runtime.i18n import gettext as _
from pages.views.trajectories import controls
from pages.widgets import classes, query_params, tables, target
from pages.widgets.number_inputs import slide
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.trace import Trace
    from core.probes.interventions.hold import Change, Intervention
    from pages.widgets.sentences import Sentence

_NO_GATE = "none"
_USUAL_GATE = {"lstm": "forget", "gru": "update"}
_MOST_FACTOR = 3.0
_MOST_UNITS = 32  # named in a link
_LINKED = ("patch_first", "patch_last", "patch_gate", "patch_value", "patch_units", "patch_factor", "patch_state")


def view(texts: Sequence[Sentence], checkpoints: Sequence[Checkpoint], *, expanded: bool) -> None:
    """A fold with one sentence in one model: what is held and scaled, and what that does."""
    with st.expander(
        _("Hold a gate, scale units"),
        icon=":material/tune:",
        on_change="rerun",
        key="patch hold",
        expanded=expanded or query_params.opens("patch hold", *_LINKED),
    ) as opened:
        if opened.open:
            _view(texts, checkpoints)


def _view(texts: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    from core.probes.interventions.hold import intervene

    answer = st.container()
    checkpoint, trace = controls.choose_run(texts, checkpoints)
    first, last = _ask_span(trace)
    changes = [*_ask_gate(trace, first, last), *_ask_units(trace, first, last)]
    run = intervene(checkpoint, trace, changes)
    with answer:
        if not changes:
            st.caption(_("Nothing is held or scaled yet. Choose a gate or some units."))
        show([run], "hold path")
    header = ["model", "place", "token", "logit_before", "logit_after", "probability_before", "probability_after"]
    tables.download_chart("held", [*header, "target"], lambda: _rows(run))


def show(runs: Sequence[Intervention], key: str) -> None:
    """Verdicts of changed runs, before and after, and the curves along the text."""
    from core.figures.inside.interventions import before_and_after

    if not runs:
        return
    for column, run in zip(st.columns(max(len(runs), 3)), runs, strict=False):
        before, after = (float(path[-1]) for path in (run.probability_before, run.probability_after))
        line = _("{before} → {after}") if run.flips else _("stays {after}")
        labels = [plain(shown(name)) for name in run.labels]
        with column:
            st.metric(
                _("{model}, {chance}").format(
                    model=plain(model_name(run.model)), chance=classes.probability_name_plain(run.target)
                ),
                f"{before:.3f} → {after:.3f}",
                line.format(before=labels[0], after=labels[1]),
                delta_color="off",
                delta_arrow="off",
                border=True,
            )
    alt = _("{chance} after each token, before and after the change, by model").format(
        chance=classes.probability_name(common([run.target for run in runs]))
    )
    st.plotly_chart(before_and_after(runs), key=key, alt=alt)


def _ask_span(trace: Trace) -> tuple[int, int]:
    """The tokens over which gates are held and units scaled."""
    left, right = st.columns(2)
    first = controls.choose_token(left, _("From token"), trace, name="patch_first", default=0)
    last = controls.choose_token(right, _("to token"), trace, name="patch_last", default=len(trace) - 1)
    return min(first, last), max(first, last)


def _ask_gate(trace: Trace, first: int, last: int) -> list[Change]:
    """A gate to hold, if one is."""
    from core.figures.inside.interventions import patch_names
    from core.probes.interventions.hold import Hold, bounds, patchable

    offered = {what: gate for what, gate in patchable(trace.cell).items() if gate is not None}
    if not offered:
        st.caption(_("An RNN has no gates to hold; scale its units instead."))
        return []
    left, right = st.columns(2)
    what = query_params.choice(
        left.selectbox,
        _("Gate to hold"),
        {_NO_GATE: _("none")} | patch_names(list(offered)),
        name="patch_gate",
        key=f"patch gate {trace.cell}",
        default=_USUAL_GATE.get(trace.cell, _NO_GATE),
    )
    if what == _NO_GATE:
        return []
    low, _high = bounds(trace.cell, offered[what])
    values = {"0": _("shut (0)"), "1": _("open (1)")} if low == 0 else {"0": "0", "1": "1", "-1": "−1"}
    value = query_params.choice(
        right.segmented_control, _("Hold at"), values, name="patch_value", key=f"patch value {low:g}"
    )
    return [Hold(offered[what], float(value), first, last)]


def _ask_units(trace: Trace, first: int, last: int) -> list[Change]:
    """Units to scale, if any are picked."""
    from core.probes.interventions.hold import CELL, HIDDEN, Scale

    units = [int(unit) for unit in trace.units]
    left, middle, right = st.columns([2, 1, 1])
    picked = query_params.linked(
        left.multiselect,
        _("Units to scale (most change in the logit first)"),
        units,
        name="patch_units",
        key=f"patch units {trace.model} {len(units)}",
        default=units[:1] if trace.cell == "rnn" else [],
        read=lambda given: _units(given, len(units)),
        write=lambda picked: ".".join(map(str, picked)) or _NO_GATE,
        max_selections=_MOST_UNITS,
        placeholder=_("none"),
    )
    with middle:
        factor = slide(_("Factor (0 removes them)"), "patch_factor", 0.0, _MOST_FACTOR, 0.0, step=0.1)
    state = HIDDEN
    if trace.c is not None:
        names = {HIDDEN: _("of h"), CELL: _("of c")}
        state = query_params.choice(right.segmented_control, _("Units"), names, name="patch_state", key="patch state")
    return [Scale(tuple(picked), factor, first, last, state)] if picked else []


def _units(given: str, units: int) -> list[int] | None:
    """Reads different units, joined by points; ``none`` is none of them."""
    read = query_params.whole(0, units - 1)
    numbers = [read(part) for part in given.split(".")] if given != _NO_GATE else []
    known = [unit for unit in numbers if unit is not None]
    return known if len(known) == len(numbers) == len(set(numbers)) <= _MOST_UNITS else None


def _rows(run: Intervention) -> list[tuple[object, ...]]:
    """A row for each token."""
    columns = (run.before, run.after, run.probability_before, run.probability_after)
    by_token = zip(run.tokens, *(column.tolist() for column in columns), strict=True)
    aim = target.column(run.target)
    return [(run.model, position, *values, aim) for position, values in enumerate(by_token, 1)]

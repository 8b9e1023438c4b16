"""States and gates as a map of units by tokens; a click asks for one unit's line and one step's arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core.figures.inside.states import MOST_CELLS, MOST_TOKENS, shown_names, state_heatmap, unit_line, values, widest
from core.runtime.i18n import gettext as _
from pages.server.fingerprint import fingerprint
from pages.views.trajectories import controls, step
from pages.widgets import query_params, tables

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.trace import Trace
    from pages.widgets.sentences import Sentence

_ROWS = (32, 64)


def view(texts: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """The map of one sentence in one model, and what was clicked in it."""
    checkpoint, trace = controls.choose_run(texts, checkpoints)
    shown, units = _ask_what(trace)
    own = fingerprint((checkpoint.hash, trace.tokens))
    unit_key, token_key = f"trajectories unit {own}", f"trajectories token {own}"
    _restore_choice(trace, unit_key, token_key)
    if pair := controls.clicked(f"map {own}", partial(_has, trace)):
        st.session_state[unit_key], st.session_state[token_key] = pair
    chosen = st.session_state[unit_key], st.session_state[token_key]
    width = widest(len(units))
    first = controls.window(len(trace), width, chosen[1], "from", f"trajectories from {width} {own}")
    st.plotly_chart(
        state_heatmap(trace, shown, units, first, chosen),
        key=f"map {own}",
        on_select="rerun",
        selection_mode="points",
        alt=_("Values of the chosen state or gate; units down, tokens across; the downloadable table has all values"),
    )
    st.caption(
        _(
            "Click a cell to draw its unit along the text and to write out its step. Units count "
            "from 0 and are sorted by total change in the logit; {shown} of {all} are shown."
        ).format(shown=len(units), all=trace.h.shape[1])
    )
    tables.download_chart("states", _header(trace), lambda: _rows(trace))
    unit, token = _choose(trace, unit_key, token_key)
    st.plotly_chart(
        unit_line(trace, unit, token), key="unit line", alt=_("States and gates of the chosen unit along the tokens")
    )
    if len(trace) > MOST_TOKENS:
        st.caption(_("The text is long, so the gates’ lines are hidden. Click one in the legend to show it."))
    step.show(checkpoint, trace, token, unit)


def _ask_what(trace: Trace) -> tuple[str, list[int]]:
    """Which state or gate is drawn, and of which units."""
    shown = query_params.choice(
        st.segmented_control,
        _("State or gate"),
        shown_names(trace),
        name="show",
        key=f"trajectories show {trace.cell}",
        unreadable=_("The link names a gate that this model lacks; showing its hidden state."),
    )
    units = [int(unit) for unit in trace.units]
    offered = [rows for rows in _ROWS if rows < len(units)]
    if not offered:
        return shown, units
    every = min(len(units), MOST_CELLS)
    names = {rows: f"{rows:,}" for rows in (*offered, every)}
    if every == len(units):
        names[every] = _("all {count:,}").format(count=every)
    rows = query_params.choice(
        st.segmented_control, _("Units shown"), names, name="units", key=f"trajectories rows {every}"
    )
    return shown, units[:rows]


def _restore_choice(trace: Trace, unit_key: str, token_key: str) -> None:
    """The unit and the token that the link names, or those that moved the logit most."""
    unit, token = _telling(trace)
    readable = [
        query_params.restore("unit", unit, query_params.whole(0, trace.h.shape[1] - 1), unit_key),
        query_params.restore("token", token, controls.read_position(len(trace)), token_key),
    ]
    if not all(readable):
        st.caption(_("Unknown unit or token in the link; using those that moved the logit most."))


def _has(trace: Trace, unit: object, token: object) -> bool:
    """Whether a trace has this unit and token."""
    return type(unit) is int and type(token) is int and 0 <= unit < trace.h.shape[1] and 0 <= token < len(trace)


def _telling(trace: Trace) -> tuple[int, int]:
    """The unit and the token that moved the logit most."""
    return int(trace.units[0]), int(abs(trace.contributions).argmax())


def _choose(trace: Trace, unit_key: str, token_key: str) -> tuple[int, int]:
    """The unit and the token to look into, for those who do not click."""
    names = {int(unit): str(unit) for unit in trace.units}
    if (by_unit := trace.unit_contributions) is not None:
        moved, line = abs(by_unit).sum(axis=0), _("{unit} (total change in the logit: {moved:.2f})")
        names = {unit: line.format(unit=unit, moved=moved[unit]) for unit in names}
    usual_unit, usual_token = _telling(trace)
    left, right = st.columns(2)
    unit = query_params.choice(left.selectbox, _("Unit"), names, name="unit", key=unit_key, default=usual_unit)
    token = controls.choose_token(right, _("Token"), trace, name="token", default=usual_token, key=token_key)
    return unit, token


def _header(trace: Trace) -> list[str]:
    names = {"h": "hidden", "c": "cell_state", "cell": "cell_candidate"}
    return ["place", "token", "unit", *(names.get(shown, shown) for shown in shown_names(trace))]


def _rows(trace: Trace) -> list[tuple[object, ...]]:
    """A row for each token and unit."""
    columns = [values(trace, shown).tolist() for shown in shown_names(trace)]
    return [
        (position + 1, token, unit, *(column[position][unit] for column in columns))
        for position, token in enumerate(trace.tokens)
        for unit in range(trace.h.shape[1])
    ]

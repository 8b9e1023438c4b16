"""States and gates as a map of units by tokens; a click asks for one unit's line and one step's arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.figures.inside.states import MOST_CELLS, MOST_TOKENS, shown_names, state_heatmap, unit_line, values, widest
from core.runtime.i18n import gettext as _
from pages.server.fingerprint import fingerprint
from pages.views.trajectories import controls, step
from pages.widgets import models, query_params
from pages.wording.tokens import visible

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.trace import Trace
    from pages.views.trajectories.controls import Sentence

_ROWS = (32, 64)


def view(texts: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """The map of one sentence in one model, and what was clicked in it."""
    with st.container(horizontal=True):
        sentence = controls.choose_sentence(texts)
        checkpoint = models.choose(controls.readers(checkpoints, sentence.text), "trajectories model")
    trace = controls.traced(checkpoint, sentence.text)
    shown, units = _ask_what(trace)
    own = fingerprint((checkpoint.hash, trace.tokens))
    unit_key, token_key = f"trajectories unit {own}", f"trajectories token {own}"
    _restore_choice(trace, unit_key, token_key)
    _take_click(f"map {own}", trace, unit_key, token_key)
    chosen = st.session_state[unit_key], st.session_state[token_key]
    width = widest(len(units))
    first = controls.window(len(trace), width, chosen[1], "from", f"trajectories from {width} {own}")
    st.plotly_chart(
        state_heatmap(trace, shown, units, first, chosen),
        key=f"map {own}",
        on_select="rerun",
        selection_mode="points",
        alt=_("Values of the chosen state or gate, units down and tokens across; the table to download holds them all"),
    )
    st.caption(
        _(
            "Click a cell: its unit is drawn along the text below, and its step is written out. Units count from 0; "
            "above is the unit that moved the logit most, up and down added, {shown} of {all} shown."
        ).format(shown=len(units), all=trace.h.shape[1])
    )
    controls.csv_button("states", _header(trace), lambda: _rows(trace))
    unit, token = _choose(trace, unit_key, token_key)
    st.plotly_chart(
        unit_line(trace, unit, token), key="unit line", alt=_("States and gates of the chosen unit along the tokens")
    )
    if len(trace) > MOST_TOKENS:
        st.caption(_("The gates’ lines are left out of so long a text: click one in the legend to see it."))
    step.show(checkpoint, trace, token, unit)


def _ask_what(trace: Trace) -> tuple[str, list[int]]:
    """Which state or gate is drawn, and of which units."""
    names, key = shown_names(trace), f"trajectories show {trace.cell}"
    if not query_params.restore("show", "h", query_params.one_of(list(names)), key):
        st.caption(_("The link asks for a gate that this model has not; its hidden state is shown."))
    shown = st.segmented_control(
        _("State or gate"),
        list(names),
        format_func=names.__getitem__,
        key=key,
        required=True,
        persist_state="session",
    )
    query_params.carry("show", None if shown == "h" else shown)
    units = [int(unit) for unit in trace.units]
    offered = [rows for rows in _ROWS if rows < len(units)]
    if not offered:
        return shown or "h", units
    every = min(len(units), MOST_CELLS)
    options, key = [*offered, every], f"trajectories rows {every}"
    query_params.restore("units", offered[0], lambda told: int(told) if told in map(str, options) else None, key)
    rows = st.segmented_control(
        _("Units shown"),
        options,
        format_func=lambda rows: _("all {count:,}").format(count=rows) if rows == len(units) else f"{rows:,}",
        key=key,
        required=True,
        persist_state="session",
    )
    query_params.carry("units", None if rows == offered[0] else str(rows))
    return shown or "h", units[: rows or offered[0]]


def _restore_choice(trace: Trace, unit_key: str, token_key: str) -> None:
    """The unit and the token that the link names, or the most telling ones."""
    unit, token = _telling(trace)
    sound = [
        query_params.restore("unit", unit, query_params.whole(0, trace.h.shape[1] - 1), unit_key),
        query_params.restore("token", token, lambda told: _place(told, len(trace)), token_key),
    ]
    if not all(sound):
        st.caption(_("The link names a unit or a token that is not there; those that moved the logit most are chosen."))


def _telling(trace: Trace) -> tuple[int, int]:
    """The unit and the token that moved the logit most."""
    return int(trace.units[0]), int(abs(trace.contributions).argmax())


def _place(told: str, tokens: int) -> int | None:
    number = query_params.whole(1, tokens)(told)
    return None if number is None else number - 1


def _take_click(key: str, trace: Trace, unit_key: str, token_key: str) -> None:
    """Choose what was clicked in the map, once: the browser tells of a click again at every rerun."""
    clicked = _clicked(st.session_state.get(key), trace)
    if clicked != st.session_state.get("trajectories clicked"):
        st.session_state["trajectories clicked"] = clicked
        if clicked is not None:
            st.session_state[unit_key], st.session_state[token_key] = clicked


def _clicked(event: Any, trace: Trace) -> tuple[int, int] | None:
    """The unit and the token of the cell that was clicked. The browser says which, so it is checked."""
    try:
        unit, token = event["selection"]["points"][-1]["customdata"][:2]
    except (KeyError, IndexError, TypeError, ValueError):
        return None
    if type(unit) is not int or type(token) is not int:
        return None
    return (unit, token) if 0 <= unit < trace.h.shape[1] and 0 <= token < len(trace) else None


def _choose(trace: Trace, unit_key: str, token_key: str) -> tuple[int, int]:
    """The unit and the token to look into, for those who do not click."""
    by_unit = trace.unit_contributions
    moved = None if by_unit is None else abs(by_unit).sum(axis=0)
    left, right = st.columns(2)
    unit = left.selectbox(
        _("Unit"),
        [int(unit) for unit in trace.units],
        format_func=lambda unit: (
            str(unit)
            if moved is None
            else _("{unit} (moved the logit by {moved:.2f} in all)").format(unit=unit, moved=moved[unit])
        ),
        key=unit_key,
        persist_state="session",
        required=True,
    )
    token = right.selectbox(
        _("Token"),
        range(len(trace)),
        format_func=lambda place: f"{place + 1}. {visible(trace.tokens[place])}",
        key=token_key,
        persist_state="session",
        required=True,
    )
    usual_unit, usual_token = _telling(trace)
    query_params.carry("unit", None if unit == usual_unit else str(unit))
    query_params.carry("token", None if token == usual_token else str(token + 1))
    return unit, token


def _header(trace: Trace) -> list[str]:
    names = {"h": "hidden", "c": "cell_state", "cell": "cell_candidate"}
    return ["place", "token", "unit", *(names.get(shown, shown) for shown in shown_names(trace))]


def _rows(trace: Trace) -> list[tuple[object, ...]]:
    """A row a token and unit, of the whole text and every unit."""
    columns = [values(trace, shown).tolist() for shown in shown_names(trace)]
    return [
        (place + 1, token, unit, *(column[place][unit] for column in columns))
        for place, token in enumerate(trace.tokens)
        for unit in range(trace.h.shape[1])
    ]

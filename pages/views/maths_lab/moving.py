"""An LSTM cell of one unit that moves: one number on a slider, the cell drawn with its gates, its curves."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.figures.lab.cells import cell_by_hand, cell_drawn
from core.lab.cells.arithmetic import Exercise, work
from core.lab.cells.lstm_exercise import PRESETS
from core.runtime.i18n import gettext as _
from pages.widgets import query_params
from pages.widgets.number_inputs import slide

_GATES = {"z": 0, "i": 1, "f": 2, "o": 3}
_FARTHEST = 4.0


@st.fragment
def view() -> None:
    """Choose a number, drag it, step or play."""
    st.header(_("See it move"))
    usual = PRESETS["lstm"]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = query_params.choice(
            st.selectbox, _("Number to drag"), _names(usual), name="move", key="move", default="bf", width=280
        )
        with st.container(width=420):
            value = slide(_("Its value"), f"move_{chosen}", -_FARTHEST, _FARTHEST, _read(usual, chosen), step=0.1)
    worked = work(_changed(usual, chosen, value))
    left, right = st.columns([3, 2])
    left.plotly_chart(
        cell_drawn(worked), key="move cell", alt=_("An LSTM cell with the values of its gates and states")
    )
    right.plotly_chart(cell_by_hand(worked), key="move curves", alt=_("States and gates of the cell over the steps"))


def _names(exercise: Exercise) -> dict[str, str]:
    """The numbers that can be dragged: each gate's weights and bias, each step's inputs."""
    gates = {"z": _("cell input"), "i": _("input gate"), "f": _("forget gate"), "o": _("output gate")}
    width = range(1, exercise.width + 1)
    found = {}
    for name, said in gates.items():
        found |= {f"w{name}{j}": _("{gate}: weight of x{j}").format(gate=said, j=j) for j in width}
        found |= {
            f"u{name}": _("{gate}: weight of y").format(gate=said),
            f"b{name}": _("{gate}: bias").format(gate=said),
        }
    for t in range(1, len(exercise.inputs) + 1):
        found |= {f"x{t}{j}": _("input x{j} at t = {t}").format(j=j, t=t) for j in width}
    return found


def _read(exercise: Exercise, chosen: str) -> float:
    if chosen[0] == "x":
        return exercise.inputs[int(chosen[1]) - 1][int(chosen[2]) - 1]
    gate = exercise.gates[_GATES[chosen[1]]]
    return (
        {"u": gate.state, "b": gate.bias}.get(chosen[0], 0.0) if chosen[0] != "w" else gate.inputs[int(chosen[2]) - 1]
    )


def _changed(exercise: Exercise, chosen: str, value: float) -> Exercise:
    if chosen[0] == "x":
        inputs = [list(row) for row in exercise.inputs]
        inputs[int(chosen[1]) - 1][int(chosen[2]) - 1] = value
        return replace(exercise, inputs=tuple(map(tuple, inputs)))
    number = _GATES[chosen[1]]
    gate = exercise.gates[number]
    if chosen[0] == "w":
        weights = list(gate.inputs)
        weights[int(chosen[2]) - 1] = value
        gate = replace(gate, inputs=tuple(weights))
    else:
        gate = replace(gate, state=value) if chosen[0] == "u" else replace(gate, bias=value)
    return replace(exercise, gates=(*exercise.gates[:number], gate, *exercise.gates[number + 1 :]))

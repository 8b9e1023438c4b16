"""One step of one unit: its gate values, and the arithmetic that gave them, every product of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.figures.inside.states import shown_names, values
from core.models.recurrent import ReadOutError
from core.models.step_arithmetic import working
from core.runtime.i18n import gettext as _
from core.runtime.i18n import together
from pages.views.trajectories import controls
from pages.wording import equations
from pages.wording.latex_words import worded
from pages.wording.tokens import plain, token_strip

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.step_arithmetic import Working
    from core.models.trace import Trace

_WIDTH = 165  # pixels: room for a sign and four decimals


def show(checkpoint: Checkpoint, trace: Trace, token: int, unit: int) -> None:
    """The gate values of all units at a token, and one unit's arithmetic there."""
    st.header(_("Step {step:,}: what unit {unit} does").format(step=token + 1, unit=unit))
    token_strip([trace.tokens[token]], [trace.known[token]])
    try:
        found = working(checkpoint.model, trace, token, unit)
    except ReadOutError as error:
        st.info(plain(str(error)))
        return
    h_before = float(found.h_before[unit])
    with st.container(horizontal=True):
        for gate, name in zip(found.gates, _gate_names(trace), strict=True):
            st.metric(name, f"{gate.value:.4f}", border=True, width=_WIDTH)
        if found.c is not None and found.c_before is not None:
            _state(_("cell state c"), found.c, found.c_before)
        _state(_("hidden state h"), found.h, h_before)
    with st.expander(_("The arithmetic, written out"), icon=":material/calculate:", expanded=True):
        for gate in found.gates:
            st.latex(worded(equations.gate(gate, len(found.x), len(found.h_before))))
        for line in found.lines:
            st.latex(worded(equations.line(line)))
        about = _("x is the token’s embedding, h and c the states before the token, a dash the states after it.")
        if found.read_out is not None:
            st.latex(worded(equations.read_out(found.read_out, found.h, h_before)))
            last = _("The last line is this unit’s own share of how far the token moved the logit.")
            about = together([about, last])
        st.caption(together([about, _("Computed in float64.")]))
    with st.expander(_("Every product of these sums"), icon=":material/table_rows:", on_change="rerun") as opened:
        if opened.open:
            header, rows = _products(found)
            st.dataframe([dict(zip(header, row, strict=True)) for row in rows], hide_index=True)
            controls.csv_button("products", header, lambda: rows)
    with st.expander(_("All units at this token"), icon=":material/grid_on:", on_change="rerun") as opened:
        if opened.open:
            names = shown_names(trace)
            header = [_("unit"), *names.values()]
            at_token = [values(trace, shown)[token].tolist() for shown in names]
            by_unit = list(zip(*at_token, strict=True))
            units = [(int(unit), *by_unit[unit]) for unit in trace.units]
            st.dataframe([dict(zip(header, row, strict=True)) for row in units], hide_index=True)
            controls.csv_button("gates", header, lambda: units)


def _state(name: str, after: float, before: float) -> None:
    change = f"{after - before:+.4f}"
    st.metric(name, f"{after:.4f}", delta=change, delta_color="off", border=True, width=_WIDTH)


def _gate_names(trace: Trace) -> list[str]:
    names = shown_names(trace)
    return [names[gate] for gate in trace.gates]


def _products(found: Working) -> tuple[list[str], list[tuple[object, ...]]]:
    """A row an input, a unit of the state before, or a bias: its value, and by gate its weight and their product."""
    header = [_("term"), _("value")]
    for gate in found.gates:
        weight, product = _("weight"), _("product")
        header += [f"{weight} {gate.symbol}", f"{product} {gate.symbol}"]
    rows: list[tuple[object, ...]] = []
    for name, terms, weights, products in (
        ("x", found.x, found.x_weights, [gate.input_products for gate in found.gates]),
        ("h", found.h_before, found.h_weights, [gate.state_products for gate in found.gates]),
    ):
        by_gate = [weights[gate.name] for gate in found.gates]
        for place, value in enumerate(terms):
            row: list[object] = [f"{name}[{place}]", float(value)]
            for weight, product in zip(by_gate, products, strict=True):
                row += [float(weight[place]), float(product[place])]
            rows.append(tuple(row))
    for name, biases in (
        ("b", [gate.input_bias for gate in found.gates]),
        ("d", [gate.state_bias for gate in found.gates]),
    ):
        rows.append((name, 1.0, *(number for bias in biases for number in (bias, bias))))
    return header, rows

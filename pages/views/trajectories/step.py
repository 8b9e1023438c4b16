"""One step of one unit: its gate values, and the arithmetic that gave them, every product of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.figures.inside.states import shown_names, values
from core.lab.cells import equations
from core.lab.cells.equations import small
from core.models.recurrent import ReadOutError
from core.models.step_arithmetic import working
from core.runtime.i18n import gettext as _
from core.runtime.i18n import together
from pages.widgets import tables
from pages.wording.latex_words import worded
from pages.wording.tokens import change, minus, plain

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.step_arithmetic import Working
    from core.models.trace import Trace

_WIDTH = 165  # pixels: room for a sign and four decimals


def show(checkpoint: Checkpoint, trace: Trace, token: int, unit: int) -> None:
    """The gate values of all units at a token, and one unit's arithmetic there."""
    st.header(_("Step {step:,}: what unit {unit} does").format(step=token + 1, unit=unit))
    try:
        result = working(checkpoint.model, trace, token, unit)
    except ReadOutError as error:
        st.info(plain(str(error)))
        return
    h_before = float(result.h_before[unit])
    with st.container(horizontal=True):
        for gate, name in zip(result.gates, trace.gates, strict=True):
            st.metric(shown_names(trace)[name], minus(f"{gate.value:.3f}"), border=True, width=_WIDTH)
        if result.c is not None and result.c_before is not None:
            _state(_("cell state c"), result.c, result.c_before)
        _state(_("hidden state h"), result.h, h_before)
    with st.expander(_("Step-by-step calculation"), icon=":material/calculate:", expanded=True):
        for gate in result.gates:
            st.latex(worded(small(equations.gate(gate, len(result.x), len(result.h_before)))))
        for line in result.lines:
            st.latex(worded(small(equations.line(line))))
        about = _(
            "x is the token’s embedding, h and c are the states before the token, and a prime marks the "
            "states after it."
        )
        if result.read_out is not None:
            st.latex(worded(small(equations.read_out(result.read_out, result.h, h_before))))
            last = _("The last line is this unit’s share of the token’s change in the logit.")
            about = together([about, last])
        st.caption(together([about, _("Computed in float64.")]))
    with st.expander(_("All products in these sums"), icon=":material/table_rows:", on_change="rerun") as opened:
        if opened.open:
            tables.table(*_products(result), "products")
    with st.expander(_("All units at this token"), icon=":material/grid_on:", on_change="rerun") as opened:
        if opened.open:
            names = shown_names(trace)
            columns = [values(trace, shown)[token].tolist() for shown in names]
            rows = [(int(unit), *(column[unit] for column in columns)) for unit in trace.units]
            tables.table([_("unit"), *names.values()], rows, "gates")


def _state(name: str, after: float, before: float) -> None:
    moved = after - before
    st.metric(name, minus(f"{after:.3f}"), **change(moved, f"{moved:+.3f}"), border=True, width=_WIDTH)


def _products(result: Working) -> tuple[list[str], list[tuple[object, ...]]]:
    """A row for each input, unit of the state before, and bias: its value, and by gate its weight and their product."""
    header = [_("term"), _("value")]
    for gate in result.gates:
        weight, product = _("weight"), _("product")
        header += [f"{weight} {gate.symbol}", f"{product} {gate.symbol}"]
    rows: list[tuple[object, ...]] = []
    for name, terms, weights, products in (
        ("x", result.x, result.x_weights, [gate.input_products for gate in result.gates]),
        ("h", result.h_before, result.h_weights, [gate.state_products for gate in result.gates]),
    ):
        pairs = ((weights[gate.name], of_gate) for gate, of_gate in zip(result.gates, products, strict=True))
        columns = [column for pair in pairs for column in pair]
        rows += [
            (f"{name}[{index}]", float(value), *(float(column[index]) for column in columns))
            for index, value in enumerate(terms)
        ]
    for name, biases in (
        ("b", [gate.input_bias for gate in result.gates]),
        ("d", [gate.state_bias for gate in result.gates]),
    ):
        rows.append((name, 1.0, *(number for bias in biases for number in (bias, bias))))
    return header, rows

"""How fast a gradient vanishes or explodes, on sliders."""

from __future__ import annotations

import streamlit as st

from core.figures.lab.vanishing import vanishing_curves
from core.lab.bptt.vanishing import Vanishing, vanishing
from core.runtime.i18n import gettext as _
from pages.widgets import tables
from pages.widgets.number_inputs import slide, slide_whole
from pages.wording.tokens import plain

_WEIGHT, _BIAS, _SPREAD = 1.2, 3.0, 0.5
_STEPS, _MOST = 30, 200


def view() -> None:
    """The sliders, the curves, and what the bound says."""
    st.latex(
        r"\begin{aligned} \text{RNN:}\quad & \frac{\partial h_T}{\partial h_0} = \prod_{t=1}^{T} w_h (1 - h_t^2) "
        r"\\ & h_t = \tanh(x_t + w_h h_{t-1}) \\ \text{LSTM:}\quad & \frac{\partial c_T}{\partial c_0} = "
        r"\prod_{t=1}^{T} f_t \\ & f_t = \sigma(x_t + b_f) \end{aligned}"
    )
    left, right = st.columns(2)
    with left:
        w_h = slide(_("Recurrent weight $w_h$"), "bptt_vw", -4.0, 4.0, _WEIGHT, step=0.05)
        spread = slide(
            _("Spread of the inputs"),
            "bptt_vs",
            0.0,
            3.0,
            _SPREAD,
            step=0.05,
            help=_("Inputs are drawn from a normal distribution. At 0, every state is 0 and the bound is reached."),
        )
    with right:
        bias = slide(_("Bias of the forget gate $b_f$"), "bptt_vb", -4.0, 4.0, _BIAS, step=0.1)
        steps = slide_whole(_("Steps"), "bptt_vt", 1, _MOST, _STEPS)
    result = vanishing(w_h, bias=bias, steps=steps, spread=spread)
    st.plotly_chart(
        vanishing_curves(result),
        key="vanishing",
        alt=_(
            "Logarithm of the products of the derivatives, by step, by recurrent weight and by the forget gate's bias"
        ),
    )
    st.write(plain(result.statement()))
    st.info(
        _(
            "The bound (Pascanu, Mikolov & Bengio 2013): since 1 − h² ≤ 1, a weight below 1 in "
            "magnitude is sufficient for the gradient to vanish. A weight above 1 is necessary for "
            "it to explode, but not sufficient. The LSTM’s product covers only the direct path "
            "through its cell, which has no weight. Both use the same inputs, drawn with seed {seed}."
        ).format(seed=result.seed),
        icon=":material/info:",
    )
    tables.download_chart(
        "vanishing",
        ["against", "value", "log10_rnn", "log10_bound", "log10_forget_gate"],
        lambda: [(against, *row) for against, *columns in _panels(result) for row in zip(*columns, strict=True)],
    )


def _panels(result: Vanishing) -> tuple[tuple[str, list[float], list[float], list[float], list[float]], ...]:
    """The numbers of the chart: by step, and over all steps by weight, where the gate's column is by its bias."""
    by_step = result.by_step.tolist(), result.bound_by_step.tolist(), result.gate_by_step.tolist()
    by_weight = result.product.tolist(), result.bound.tolist(), result.gate.tolist()
    return (
        ("t", [float(t) for t in range(1, result.steps + 1)], *by_step),
        ("w_h, b_f", result.weights.tolist(), *by_weight),
    )

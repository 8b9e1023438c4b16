"""How fast a gradient vanishes or explodes, on sliders."""

from __future__ import annotations

import streamlit as st

from core.language import gettext as _
from pages.parts import link, trajectories
from pages.parts.lab_numbers import signed
from pages.parts.tokens import plain

_USUAL = {"bptt_vw": 1.2, "bptt_vb": 3.0, "bptt_vs": 0.5}
_STEPS, _MOST = 30, 200


def view() -> None:
    """The sliders, the curves, and what the bound says."""
    from core.figures.vanishing import vanishing_curves
    from core.lab.vanishing import vanishing

    st.latex(
        r"\begin{aligned} \text{RNN:}\quad & \frac{\partial h_T}{\partial h_0} = \prod_{t=1}^{T} w_h (1 - h_t^2) "
        r"\\ & h_t = \tanh(x_t + w_h h_{t-1}) \\ \text{LSTM:}\quad & \frac{\partial c_T}{\partial c_0} = "
        r"\prod_{t=1}^{T} f_t \\ & f_t = \sigma(x_t + b_f) \end{aligned}"
    )
    left, right = st.columns(2)
    with left:
        w_h = _slider(_("Recurrent weight $w_h$"), "bptt_vw", -4.0, 4.0, 0.05)
        spread = _slider(
            _("Spread of the inputs"),
            "bptt_vs",
            0.0,
            3.0,
            0.05,
            help=_("Inputs are drawn from a normal distribution. At 0 every state is 0, and the bound is reached."),
        )
    with right:
        bias = _slider(_("Bias of the forget gate $b_f$"), "bptt_vb", -4.0, 4.0, 0.1)
        if not link.restore("bptt_vt", _STEPS, link.whole(1, _MOST), "lab bptt_vt"):
            st.caption(_("The link asks for a number that cannot be, so the usual one stands."))
        steps = st.slider(_("Steps"), 1, _MOST, key="lab bptt_vt", persist_state="session")
        link.carry("bptt_vt", None if steps == _STEPS else str(steps))
    found = vanishing(w_h, bias=bias, steps=steps, spread=spread)
    st.plotly_chart(
        vanishing_curves(found),
        key="vanishing",
        alt=_("Products of the derivatives, by step, by recurrent weight and by the forget gate's bias, as logarithms"),
    )
    st.write(plain(found.statement()))
    st.info(
        _(
            "What the bound tells, after Pascanu, Mikolov & Bengio 2013: since 1 − h² ≤ 1, a weight below 1 in size "
            "suffices for the gradient to vanish; one above 1 is necessary for it to explode, but not sufficient. The "
            "LSTM’s product is that of the direct path through its cell alone, on which no weight stands; the inputs "
            "are the same for both, drawn from seed {seed}."
        ).format(seed=found.seed),
        icon=":material/info:",
    )
    trajectories.csv_button(
        "vanishing",
        ["t", "log10_rnn", "log10_bound", "log10_forget_gate"],
        lambda: list(
            zip(
                range(1, found.steps + 1),
                *(column.tolist() for column in (found.by_step, found.bound_by_step, found.gate_by_step)),
                strict=True,
            )
        ),
    )


def _slider(label: str, name: str, low: float, high: float, step: float, help: str | None = None) -> float:
    key, usual = f"lab {name}", _USUAL[name]
    if not link.restore(name, usual, signed(low, high), key):
        st.caption(_("The link asks for a number that cannot be, so the usual one stands."))
    value = st.slider(label, low, high, step=step, key=key, persist_state="session", help=help)
    link.carry(name, None if value == usual else f"{value:g}")
    return float(value)

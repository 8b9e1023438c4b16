"""What is left of a gradient after many steps, in a plain network and beside a forget gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from core.figures import layout
from core.figures.palette import CHOSEN, style
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.lab.bptt.vanishing import Vanishing


def vanishing_curves(result: Vanishing) -> go.Figure:
    """log₁₀ of the products' sizes: step by step, then against the weight and against the gate's bias.

    Dotted is the bound |w_h|^t. A product of 0 has no logarithm and leaves a gap; the line at 0 is a gradient that
    keeps its size, and the upright one the number chosen.
    """
    titles = [
        _("step by step, w_h = {w_h:.4g}, b_f = {bias:.4g}").format(w_h=result.w_h, bias=result.bias),
        _("after {steps:,} steps, by the recurrent weight").format(steps=result.steps),
        _("after {steps:,} steps, by the forget gate’s bias").format(steps=result.steps),
    ]
    figure = layout.panels(titles, 0.13, shared=False)
    steps = np.arange(1, result.steps + 1)
    for row, x, logarithms, name, model, is_bound in (
        (1, steps, result.by_step, _("RNN, ∏ w_h (1 − h²)"), "rnn", False),
        (1, steps, result.bound_by_step, _("bound |w_h|^t"), "rnn", True),
        (1, steps, result.gate_by_step, _("LSTM’s cell, ∏ f"), "lstm", False),
        (2, result.weights, result.product, _("RNN"), "rnn", False),
        (2, result.weights, result.bound, _("bound"), "rnn", True),
        (3, result.weights, result.gate, _("LSTM’s cell"), "lstm", False),
    ):
        layout.panel_line(
            figure,
            row,
            x,
            logarithms,
            style(model)._replace(dash="solid"),
            name,
            width=1.4 if is_bound else 2.5,
            legend=row == 1,
            dotted=is_bound,
            mode="lines+markers" if len(x) == 1 else "lines",
        )
    for row, chosen in ((2, result.w_h), (3, result.bias)):
        if result.weights[0] <= chosen <= result.weights[-1]:
            figure.add_vline(x=chosen, line={"color": CHOSEN, "width": 1.5}, row=row, col=1)
    for row, title in enumerate((_("steps, t"), _("recurrent weight w_h"), _("bias of the forget gate b_f")), 1):
        figure.add_hline(y=0, line=layout.DASHED, row=row, col=1)
        figure.update_yaxes(title=_("log₁₀ of the size"), row=row, col=1)
        figure.update_xaxes(title=title, row=row, col=1)
    return layout.finish(
        figure, _("How much of the gradient is left"), 860, above=True, legend=layout.below(0.1), hovermode="x", top=75
    )

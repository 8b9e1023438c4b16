"""What is left of a gradient after many steps, in a plain network and beside a forget gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.figures.palette import CHOSEN, THRESHOLD, style
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.lab.bptt.vanishing import Vanishing


def vanishing_curves(found: Vanishing) -> go.Figure:
    """log₁₀ of the products' sizes: step by step, then against the weight and against the gate's bias.

    Dotted is the bound |w_h|^t. A product of 0 has no logarithm and leaves a gap; the line at 0 is a gradient that
    keeps its size, and the upright one the number chosen.
    """
    titles = [
        _("step by step, w_h = {w_h:.4g}, b_f = {bias:.4g}").format(w_h=found.w_h, bias=found.bias),
        _("after {steps:,} steps, against the recurrent weight").format(steps=found.steps),
        _("after {steps:,} steps, against the forget gate’s bias").format(steps=found.steps),
    ]
    figure = make_subplots(rows=3, cols=1, vertical_spacing=0.13, subplot_titles=titles)
    figure.update_annotations(x=0, xanchor="left", font={"size": 13})
    steps = np.arange(1, found.steps + 1)
    _line(figure, 1, steps, found.by_step, "rnn", _("RNN, ∏ w_h (1 − h²)"), legend=True)
    _line(figure, 1, steps, found.bound_by_step, "rnn", _("its bound |w_h|^t"), legend=True, bound=True)
    _line(figure, 1, steps, found.gate_by_step, "lstm", _("LSTM’s cell, ∏ f"), legend=True)
    _line(figure, 2, found.weights, found.product, "rnn", _("RNN"))
    _line(figure, 2, found.weights, found.bound, "rnn", _("bound"), bound=True)
    _line(figure, 3, found.biases, found.gate, "lstm", _("LSTM’s cell"))
    for row, chosen, axis in ((2, found.w_h, found.weights), (3, found.bias, found.biases)):
        if axis[0] <= chosen <= axis[-1]:
            figure.add_vline(x=chosen, line={"color": CHOSEN, "width": 1.5}, row=row, col=1)
    for row, title in enumerate((_("steps, t"), _("recurrent weight w_h"), _("bias of the forget gate b_f")), 1):
        figure.add_hline(y=0, line={"color": THRESHOLD, "width": 1, "dash": "dash"}, row=row, col=1)
        figure.update_yaxes(title=_("log₁₀ of the size"), row=row, col=1)
        figure.update_xaxes(title=title, row=row, col=1)
    return figure.update_layout(
        title={
            "text": _("What is left of the gradient"),
            "yref": "container",
            "y": 1,
            "yanchor": "top",
            "pad": {"t": 14},
        },
        legend={"orientation": "h", "x": 0, "y": -0.1, "yanchor": "top"},
        hovermode="x",
        height=860,
        margin={"t": 75, "b": 40, "l": 10, "r": 10},
    )


def _line(
    figure: go.Figure,
    row: int,
    x: np.ndarray,
    logarithms: np.ndarray,
    model: str,
    name: str,
    *,
    legend: bool = False,
    bound: bool = False,
) -> None:
    look = style(model)
    figure.add_scatter(
        x=x,
        y=np.where(np.isfinite(logarithms), logarithms, np.nan),
        name=name,
        showlegend=legend,
        mode="lines+markers" if len(x) == 1 else "lines",
        line={"color": look.color, "dash": "dot" if bound else "solid", "width": 1.4 if bound else 2.5},
        marker={"symbol": look.marker, "size": 7},
        hovertemplate="%{y:.3g}",
        row=row,
        col=1,
    )

"""How far gradients reach back through one text, model by model, and how much each step can stretch them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from core.figures import layout
from core.figures.palette import CHOSEN, style
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.probes.dynamics.trajectories import Gradients

_MOST_MARKERS = 60
_LEAST_SPAN, _MOST_SPAN = 0.6, 3.0  # decades


def vanishing(models: Sequence[Gradients], step: int | None = None, halved: Sequence[Gradients] = ()) -> go.Figure:
    """How much of the last state's gradient is left at every token, ‖∂logit/∂s_t‖ / ‖∂logit/∂s_T‖, on one log scale.

    `halved` are the same models' with half the recurrent weights, drawn thin and dotted. A chosen `step`, from 1, is
    marked.
    """
    figure = go.Figure()
    figure.add_hline(y=1, line=layout.DASHED)
    drawn = [(index, one, False) for index, one in enumerate(models)]
    drawn += [(index, one, True) for index, one in enumerate(halved)]
    shares = [np.where(one.state > 0, one.state, np.nan) / (one.state[-1] or np.nan) for _index, one, _half in drawn]
    for (index, gradients, half), share in zip(drawn, shares, strict=True):
        look, name = style(gradients.model, index), layout.model_name(gradients.model)
        layout.curve(
            figure,
            list(range(1, len(share) + 1)),
            share,
            _("{model}, half the weights").format(model=name) if half else name,
            look._replace(dash="dot" if half else "solid"),
            showlegend=not half,
            width=1.5 if half else 2.5,
            most=0 if half else _MOST_MARKERS,
            customdata=[layout.escaped(token) for token in gradients.tokens],
            hovertemplate="%{customdata}: %{y:.2g}",
        )
    if step is not None:
        figure.add_vline(x=step, line={"color": CHOSEN, "width": 2, "dash": "dot"})
    logit = layout.log_odds(*(gradients.target for gradients in models))
    return layout.finish(
        figure,
        _("Gradient of the {logit} at each token (last: 1)").format(logit=logit),
        400,
        x=layout.token_axis([gradients.tokens for gradients in models], 0.4),
        y={"title": _("share left"), "type": "log", "exponentformat": "power", **_ticks(shares)},
        legend=layout.LEGEND_ABOVE,
        hovermode="x",
        top=85,
    )


def gradient_norms(models: Sequence[Gradients]) -> go.Figure:
    """Norms of the last logit's gradient at every token: with respect to hidden state, cell state and embedding.

    A line per model, on one log scale for all panels, where a norm of exactly 0 leaves a gap.
    """
    rows: list[tuple[str, list[np.ndarray | None]]] = [
        (_("with respect to the hidden state, ‖∂logit/∂h‖"), [gradients.h for gradients in models]),
        (_("with respect to the cell state, ‖∂logit/∂c‖"), [gradients.c for gradients in models]),
        (_("with respect to the token's embedding, ‖∂logit/∂x‖"), [gradients.x for gradients in models]),
    ]
    rows = [row for row in rows if any(norms is not None for norms in row[1])]
    figure = layout.panels([title for title, _norms in rows], 0.09)
    every = [norms for _title, several in rows for norms in several if norms is not None]
    low, high = _ends(every) or (0.1, 1.0)
    for row, (_title, norms) in enumerate(rows, 1):
        for index, (gradients, values) in enumerate(zip(models, norms, strict=True)):
            if values is not None:
                _line(figure, gradients, index, row, np.where(values > 0, values, np.nan))
        figure.update_yaxes(
            title=_("norm"),
            type="log",
            exponentformat="power",
            range=[math.log10(low) - 0.1, math.log10(high) + 0.1],
            **_ticks(every),
            row=row,
            col=1,
        )
    logit = layout.log_odds(*(gradients.target for gradients in models))
    return _finished(figure, models, _("Gradient of the final {logit} at every token").format(logit=logit))


def step_norms(models: Sequence[Gradients]) -> go.Figure:
    """Above, the spectral norm of every step's Jacobian; below, the gradient at every state against their product.

    Solid is the decimal logarithm of the gradient's norm, dotted that of the bound ‖w‖ σ(J_T) … σ(J_{t+1}), which may
    be beyond any floating-point number.
    """
    titles = [
        _("spectral norm of each step’s Jacobian, σ(J)"),
        _("gradient at the state, its bound dotted"),
    ]
    figure = layout.panels(titles, 0.09)
    for index, gradients in enumerate(models):
        _line(figure, gradients, index, 1, np.where(gradients.jacobian > 0, gradients.jacobian, np.nan))
        with np.errstate(divide="ignore"):
            _line(figure, gradients, index, 2, np.log10(gradients.state))
        _line(figure, gradients, index, 2, gradients.log10_bound, dotted=True)
    figure.add_hline(y=1, line=layout.DASHED, row=1, col=1)
    ticks = _ticks([gradients.jacobian for gradients in models])
    figure.update_yaxes(title=_("σ(J)"), type="log", exponentformat="power", **ticks, row=1, col=1)
    figure.update_yaxes(title=_("log₁₀ of the norm"), row=2, col=1)
    return _finished(figure, models, _("What each step can do to a gradient"))


def _ticks(norms: Sequence[np.ndarray]) -> dict[str, list[Any]]:
    """Ticks at 1, 2 and 5 of every decade where norms span most of one to three; elsewhere Plotly's own do.

    Over such a span these are every digit from 2 to 9, written over each other and without their power of ten.
    """
    ends = _ends(norms)
    if ends is None:
        return {}
    low, high = ends
    if not _LEAST_SPAN < math.log10(high / low) <= _MOST_SPAN:
        return {}
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    values = [digit * 10.0**decade for decade in decades for digit in (1, 2, 5)]
    return {"tickvals": values, "ticktext": [f"{value:g}" for value in values]}


def _ends(norms: Sequence[np.ndarray]) -> tuple[float, float] | None:
    """The least and the largest positive norm; None without any."""
    positive = np.concatenate([values[values > 0] for values in norms]) if norms else np.empty(0)
    return (float(positive.min()), float(positive.max())) if positive.size else None


def _line(
    figure: go.Figure, gradients: Gradients, index: int, row: int, norms: np.ndarray, *, dotted: bool = False
) -> None:
    name = layout.model_name(gradients.model)
    few = len(gradients.tokens) <= _MOST_MARKERS and not dotted
    layout.panel_line(
        figure,
        row,
        list(range(1, len(gradients.tokens) + 1)),
        norms,
        style(gradients.model, index),
        _("{model}, bound").format(model=name) if dotted else name,
        width=1.2 if dotted else 2.2,
        legend=row == 1,
        dotted=dotted,
        legendgroup=name,
        mode="lines+markers" if few else "lines",
        customdata=[layout.escaped(token) for token in gradients.tokens],
        hovertemplate="%{customdata}: %{y:.3g}",
    )


def _finished(figure: go.Figure, models: Sequence[Gradients], title: str) -> go.Figure:
    rows = len(figure.layout.annotations)
    height = 150 + 210 * rows
    figure.update_xaxes(layout.token_axis([gradients.tokens for gradients in models], 0.4, title=""))
    figure.update_xaxes(title=_("tokens"), row=rows, col=1)
    return layout.finish(
        figure,
        title,
        height,
        above=True,
        legend={**layout.LEGEND_ABOVE, "yref": "container", "y": 1 - 40 / height, "yanchor": "top"},
        hovermode="x",
        top=95,
    )

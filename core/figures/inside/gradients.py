"""How far gradients reach back through one text, model by model, and how much each step can stretch them."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.data.labels import model_name
from core.figures.palette import THRESHOLD, style
from core.figures.prefixes import LEGEND_ABOVE, MOST_TICKS, escaped, tick
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.probes.dynamics.trajectories import Gradients

_MOST_MARKERS = 60
_LEAST_SPAN, _MOST_SPAN = 0.6, 3.0  # decades


def gradient_norms(found: Sequence[Gradients]) -> go.Figure:
    """Norms of the last logit's gradient at every token: by the hidden state, the cell state and the embedding.

    A line per model, the norms on a log scale, where a norm of exactly 0 has no place and leaves a gap.
    """
    panels: list[tuple[str, list[np.ndarray | None]]] = [
        (_("by the hidden state, ‖∂logit/∂h‖"), [gradients.h for gradients in found]),
        (_("by the cell state, ‖∂logit/∂c‖"), [gradients.c for gradients in found]),
        (_("by the token's embedding, ‖∂logit/∂x‖"), [gradients.x for gradients in found]),
    ]
    panels = [panel for panel in panels if any(norms is not None for norms in panel[1])]
    figure = _stacked([title for title, _norms in panels])
    for row, (_title, norms) in enumerate(panels, 1):
        for place, (gradients, values) in enumerate(zip(found, norms, strict=True)):
            if values is not None:
                _line(figure, gradients, place, row, np.where(values > 0, values, np.nan), legend=row == 1)
        figure.update_yaxes(
            title=_("norm"),
            type="log",
            exponentformat="power",
            **_ticks([n for n in norms if n is not None]),
            row=row,
            col=1,
        )
    return _finished(figure, found, _("The final logit's gradient at every token"))


def step_norms(found: Sequence[Gradients]) -> go.Figure:
    """Above, the spectral norm of every step's Jacobian; below, the gradient at every state against their product.

    Solid is the decimal logarithm of the gradient's norm, dotted that of the bound ‖w‖ σ(J_T) … σ(J_{t+1}), which may
    be beyond any floating-point number.
    """
    figure = _stacked(
        [_("spectral norm of each step’s Jacobian, σ(J)"), _("gradient at the state (line) and its bound (dotted)")]
    )
    for place, gradients in enumerate(found):
        _line(figure, gradients, place, 1, np.where(gradients.jacobian > 0, gradients.jacobian, np.nan), legend=True)
        with np.errstate(divide="ignore"):
            norms = np.log10(gradients.state)
        _line(figure, gradients, place, 2, np.where(np.isfinite(norms), norms, np.nan))
        bound = gradients.log10_bound
        _line(figure, gradients, place, 2, np.where(np.isfinite(bound), bound, np.nan), dotted=True)
    figure.add_hline(y=1, line={"color": THRESHOLD, "width": 1, "dash": "dash"}, row=1, col=1)
    ticks = _ticks([gradients.jacobian for gradients in found])
    figure.update_yaxes(title=_("σ(J)"), type="log", exponentformat="power", **ticks, row=1, col=1)
    figure.update_yaxes(title=_("log₁₀ of the norm"), row=2, col=1)
    return _finished(figure, found, _("What each step can do to a gradient"))


def _ticks(norms: Sequence[np.ndarray]) -> dict[str, list[Any]]:
    """Ticks at 1, 2 and 5 of every decade where norms span most of one to three; elsewhere Plotly's own do.

    Over such a span these are every digit from 2 to 9, written over each other and without their power of ten.
    """
    positive = np.concatenate([values[values > 0] for values in norms]) if norms else np.empty(0)
    if not positive.size:
        return {}
    low, high = float(positive.min()), float(positive.max())
    if not _LEAST_SPAN < math.log10(high / low) <= _MOST_SPAN:
        return {}
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    values = [digit * 10.0**decade for decade in decades for digit in (1, 2, 5)]
    return {"tickvals": values, "ticktext": [f"{value:g}" for value in values]}


def _stacked(titles: Sequence[str]) -> go.Figure:
    figure = make_subplots(
        rows=len(titles), cols=1, shared_xaxes=True, vertical_spacing=0.09, subplot_titles=list(titles)
    )
    figure.update_annotations(x=0, xanchor="left", font={"size": 13})
    return figure


def _line(
    figure: go.Figure,
    gradients: Gradients,
    place: int,
    row: int,
    norms: np.ndarray,
    *,
    legend: bool = False,
    dotted: bool = False,
) -> None:
    look = style(gradients.model, place)
    name = html.escape(model_name(gradients.model), quote=False)
    few = len(gradients.tokens) <= _MOST_MARKERS and not dotted
    figure.add_scatter(
        x=list(range(1, len(gradients.tokens) + 1)),
        y=norms,
        name=_("{model}, bound").format(model=name) if dotted else name,
        legendgroup=name,
        showlegend=legend,
        mode="lines+markers" if few else "lines",
        line={"color": look.color, "dash": "dot" if dotted else look.dash, "width": 1.2 if dotted else 2.2},
        marker={"symbol": look.marker, "size": 7},
        customdata=[escaped(token) for token in gradients.tokens],
        hovertemplate="%{customdata}: %{y:.3g}",
        row=row,
        col=1,
    )


def _finished(figure: go.Figure, found: Sequence[Gradients], title: str) -> go.Figure:
    rows = len(figure.layout.annotations)
    longest = max((len(gradients.tokens) for gradients in found), default=1)
    height = 150 + 210 * rows
    figure.update_layout(
        title={"text": title, "yref": "container", "y": 1, "yanchor": "top", "pad": {"t": 14}},
        # Below the title, above the first panel's own.
        legend={**LEGEND_ABOVE, "yref": "container", "y": 1 - 40 / height, "yanchor": "top"},
        hovermode="x",
        height=height,
        margin={"t": 95, "b": 40, "l": 10, "r": 10},
    )
    figure.update_xaxes(range=[0.6, longest + 0.4])
    figure.update_xaxes(title=_("tokens"), row=rows, col=1)
    if len({gradients.tokens for gradients in found}) == 1 and longest <= MOST_TICKS:
        figure.update_xaxes(tickvals=list(range(1, longest + 1)), ticktext=[tick(token) for token in found[0].tokens])
    return figure

"""What becomes of a text's first word as neutral words follow it: verdict, effect, gradient, and what share is left."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.data.labels import SENTIMENT, Names, model_name
from core.figures import axes
from core.figures.palette import THRESHOLD, style
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.probes.dynamics.memory_decay import Memory
    from core.probes.dynamics.retention import Retention


def memory_curves(found: Sequence[Memory], labels: Names = SENTIMENT) -> go.Figure:
    """P(second class), the word's effect on the logit, and ‖∂logit/∂x_1‖ against the number k of words after the first.

    A line per model, whose classes are called `labels`. Above, the thin dotted line is the verdict on the same words
    without the first; the effect is the difference of the two logits. A gradient of exactly 0 has no place on the log
    scale and leaves a gap.
    """
    titles = [
        _("verdict, with the word (line) and without (dotted)"),
        _("the word’s effect: the logit with it minus without"),
        _("gradient at the word, ‖∂logit/∂x‖"),
    ]
    figure = make_subplots(rows=3, cols=1, shared_xaxes=True, vertical_spacing=0.08, subplot_titles=titles)
    figure.update_annotations(x=0, xanchor="left", font={"size": 13})
    for place, memory in enumerate(found):
        gradient = np.where(memory.gradient_first_word > 0, memory.gradient_first_word, np.nan)
        _line(figure, memory, place, 1, memory.probability, legend=True)
        _line(figure, memory, place, 1, memory.probability_without, dotted=True)
        _line(figure, memory, place, 2, memory.effect)
        _line(figure, memory, place, 3, gradient)
    for row, height in ((1, 0.5), (2, 0)):
        figure.add_hline(y=height, line={"color": THRESHOLD, "width": 1, "dash": "dash"}, row=row, col=1)
    chance = axes.probability(labels)
    figure.update_yaxes(title=chance, range=[-0.03, 1.03], tickvals=[0, 0.25, 0.5, 0.75, 1], row=1, col=1)
    figure.update_yaxes(title=_("logit"), row=2, col=1)
    figure.update_yaxes(title=_("norm"), type="log", exponentformat="power", row=3, col=1)
    figure.update_xaxes(title=_("neutral words after the first, k"), row=3, col=1)
    return figure.update_layout(
        title={
            "text": _("How long is the first word remembered?"),
            "yref": "container",
            "y": 1,
            "yanchor": "top",
            "pad": {"t": 14},
        },
        legend={"orientation": "h", "x": 0, "y": -0.12, "yanchor": "top"},
        hovermode="x",
        height=760,
        margin={"t": 75, "b": 40, "l": 10, "r": 10},
    )


def retention_curves(found: Sequence[Retention]) -> go.Figure:
    """What share of many words' effect is left against the number k of words after the first, with its 95 % interval.

    A line per model in a band of its colour; 1 is all that there was at once, 0 nothing.
    """
    figure = go.Figure()
    for share in (0, 1):
        figure.add_hline(y=share, line={"color": THRESHOLD, "width": 1, "dash": "dash"})
    for place, retention in enumerate(found):
        look = style(retention.model, place)
        name = html.escape(model_name(retention.model), quote=False)
        red, green, blue = (int(look.color[at : at + 2], 16) for at in (1, 3, 5))
        figure.add_scatter(
            x=np.concatenate([retention.k, retention.k[::-1]]),
            y=np.concatenate([retention.high, retention.low[::-1]]),
            fill="toself",
            fillcolor=f"rgba({red}, {green}, {blue}, 0.16)",
            mode="lines",
            line={"width": 0},
            legendgroup=name,
            showlegend=False,
            hoverinfo="skip",
        )
        figure.add_scatter(
            x=retention.k,
            y=retention.share,
            name=name,
            legendgroup=name,
            mode="lines",
            line={"color": look.color, "dash": look.dash, "width": 2.5},
            customdata=np.stack([retention.low, retention.high], axis=1),
            hovertemplate="%{y:.0%} (%{customdata[0]:.0%} – %{customdata[1]:.0%})",
        )
    return figure.update_layout(
        title={"text": _("What share of the effect is left?")},
        xaxis={"title": _("neutral words after the first, k")},
        yaxis={"title": _("share of the effect at once"), "tickformat": ".0%"},
        legend={"orientation": "h", "x": 0, "y": -0.25, "yanchor": "top"},
        hovermode="x unified",
        height=400,
        margin={"t": 50, "b": 40, "l": 10, "r": 10},
    )


def _line(
    figure: go.Figure,
    memory: Memory,
    place: int,
    row: int,
    values: np.ndarray,
    *,
    legend: bool = False,
    dotted: bool = False,
) -> None:
    look = style(memory.model, place)
    name = html.escape(model_name(memory.model), quote=False)
    figure.add_scatter(
        x=memory.k,
        y=values,
        name=_("{model} without the word").format(model=name) if dotted else name,
        legendgroup=name,
        showlegend=legend,
        mode="lines",
        line={"color": look.color, "dash": "dot" if dotted else look.dash, "width": 1.2 if dotted else 2.5},
        hovertemplate="%{y:.3g}",
        row=row,
        col=1,
    )

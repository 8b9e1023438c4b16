"""What becomes of a text's first word as neutral words follow it: verdict, effect, gradient, and what share is left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from core.data.targets import common
from core.figures import layout
from core.figures.palette import style
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.probes.dynamics.memory_decay import Memory
    from core.probes.dynamics.retention import Retention


def memory_curves(memories: Sequence[Memory]) -> go.Figure:
    """P(target), the word's effect on the logit, and ‖∂logit/∂x_1‖ against the number k of words after the first.

    A line per model. Above, the thin dotted line is the verdict on the same words without the first; the effect is the
    difference of the two logits. A gradient of exactly 0 leaves a gap on the log scale.
    """
    titles = [
        _("prediction, without the word dotted"),
        _("effect of the word: logit with it minus without"),
        _("gradient at the first word, ‖∂logit/∂x‖"),
    ]
    figure = layout.panels(titles, 0.08)
    for index, memory in enumerate(memories):
        look, name = style(memory.model, index), layout.model_name(memory.model)
        gradient = np.where(memory.gradient_first_word > 0, memory.gradient_first_word, np.nan)
        without = _("{model} without the word").format(model=name)
        for row, values, title in (
            (1, memory.probability, name),
            (1, memory.probability_without, without),
            (2, memory.effect, name),
            (3, gradient, name),
        ):
            dotted, first = title == without, values is memory.probability
            width = 1.2 if dotted else 2.5
            layout.panel_line(
                figure, row, memory.k, values, look, title, width=width, legend=first, dotted=dotted, legendgroup=name
            )
    asked = [memory.target for memory in memories]
    if all(target.wins_at_half for target in asked):
        figure.add_hline(y=0.5, line=layout.DASHED, row=1, col=1)
    figure.add_hline(y=0, line=layout.DASHED, row=2, col=1)
    figure.update_yaxes(**layout.probability_axis(common(asked)), row=1, col=1)
    figure.update_yaxes(title=layout.log_odds(*asked), row=2, col=1)
    figure.update_yaxes(title=_("norm"), type="log", exponentformat="power", row=3, col=1)
    figure.update_xaxes(title=_("neutral words after the first, k"), row=3, col=1)
    return layout.finish(
        figure,
        _("How long is the first word remembered?"),
        760,
        above=True,
        legend=layout.below(0.12),
        hovermode="x",
        top=75,
    )


def retention_curves(retentions: Sequence[Retention]) -> go.Figure:
    """What share of many words' effect is left against the number k of words after the first, with its 95 % interval.

    A line per model in a band of its colour; 1 is the whole effect at once, 0 none of it.
    """
    figure = go.Figure()
    asked = [retention.target for retention in retentions]
    title = _("share of the initial effect")
    if not all(target.wins_at_half for target in asked):
        title = _("share of the initial effect on the {log_odds}").format(log_odds=layout.log_odds(*asked))
    for share in (0, 1):
        figure.add_hline(y=share, line=layout.DASHED)
    for index, retention in enumerate(retentions):
        look = style(retention.model, index)
        name = layout.model_name(retention.model)
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
    return layout.finish(
        figure,
        _("What share of the effect is left?"),
        400,
        x=_("neutral words after the first, k"),
        y={"title": title, "tickformat": ".0%"},
        legend=layout.below(0.25),
        hovermode="x unified",
    )

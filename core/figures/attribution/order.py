"""What the words of a text add to the logit, and what their places add."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from core.data.labels import model_name
from core.figures.palette import SERIES, THRESHOLD
from core.figures.prefixes import LEGEND_ABOVE, MOST_TICKS, TITLE_ABOVE, escaped, tick
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.probes.attribution.order import OrderAttribution


def order_bars(found: OrderAttribution, title: str = "") -> go.Figure:
    """Two bars a token: the Shapley values of the word and of its position, with one standard error where sampled.

    The positions' bars are hatched. All bars sum to the logit minus that of no words. `title` is a caller's own,
    escaped here as tokens are.
    """
    n = len(found.tokens)
    figure = go.Figure()
    figure.add_hline(y=0, line={"color": THRESHOLD, "width": 1})
    rows = [
        (_("the word"), found.words, found.word_errors, ""),
        (_("its place"), found.positions, found.position_errors, "/"),
    ]
    for (name, values, errors, shape), look in zip(rows, SERIES, strict=False):
        figure.add_bar(
            x=list(range(1, n + 1)),
            y=values.round(6),
            error_y=None if errors is None else {"type": "data", "array": errors.round(6), "thickness": 1, "width": 2},
            name=name,
            marker={"color": look.color, "pattern": {"shape": shape, "solidity": 0.35}, "line": {"width": 0}},
            customdata=[escaped(token) for token in found.tokens],
            hovertemplate="%{customdata}: %{y:+.3f}",
        )
    model = html.escape(model_name(found.model), quote=False)
    figure.update_layout(
        title={
            "text": html.escape(title, quote=False)
            or _("{model}: which words, and where they stand").format(model=model),
            **TITLE_ABOVE,
        },
        xaxis={"title": _("tokens"), "range": [0.4, n + 0.6]},
        yaxis={"title": _("Shapley value (logit)")},
        barmode="group",
        legend=LEGEND_ABOVE,
        height=440,
        margin={"t": 110, "b": 40, "l": 10, "r": 10},
    )
    if n <= MOST_TICKS:
        figure.update_xaxes(tickvals=list(range(1, n + 1)), ticktext=[tick(token) for token in found.tokens])
    return figure

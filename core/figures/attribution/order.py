"""What the words of a text add to the logit, and what their places add."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from core.figures import layout
from core.figures.palette import SERIES, THRESHOLD
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.probes.attribution.order import OrderAttribution


def order_bars(result: OrderAttribution) -> go.Figure:
    """Two bars a token: the Shapley values of the word and of its position, with one standard error where sampled.

    The positions' bars are hatched. All bars sum to the logit minus that of no words.
    """
    n = len(result.tokens)
    figure = go.Figure()
    figure.add_hline(y=0, line={"color": THRESHOLD, "width": 1})
    rows = [
        (_("the word"), result.words, result.word_errors, ""),
        (_("its position"), result.positions, result.position_errors, "/"),
    ]
    for (name, values, errors, shape), look in zip(rows, SERIES, strict=False):
        figure.add_bar(
            x=list(range(1, n + 1)),
            y=values.round(6),
            error_y=None if errors is None else {"type": "data", "array": errors.round(6), "thickness": 1, "width": 2},
            name=name,
            marker=layout.hatched(look.color, shape),
            customdata=[layout.escaped(token) for token in result.tokens],
            hovertemplate="%{customdata}: %{y:+.3f}",
        )
    return layout.finish(
        figure,
        _("{model}: which words, and in which positions").format(model=layout.model_name(result.model)),
        440,
        above=True,
        x=layout.token_axis([result.tokens], 0.6),
        y=_("Shapley value ({logit})").format(logit=layout.log_odds(result.target)),
        barmode="group",
        legend=layout.LEGEND_ABOVE,
        top=110,
    )

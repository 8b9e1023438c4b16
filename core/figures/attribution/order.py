"""What the words of a text add to the logit, and what their places add."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from core.figures import layout
from core.figures.attribution import colours
from core.figures.palette import THRESHOLD
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.probes.attribution.order import OrderAttribution


def order_bars(result: OrderAttribution) -> go.Figure:
    """Two bars a token: the Shapley values of the word and of its position, with one standard error where sampled.

    In the colours of the classes; the positions' bars are hatched. All sum to the logit minus that of no words.
    """
    n = len(result.tokens)
    own, against = colours.sides(result.target)
    figure = go.Figure()
    figure.add_hline(y=0, line={"color": THRESHOLD, "width": 1})
    rows = [
        (_("the word"), result.words, result.word_errors, ""),
        (_("its position"), result.positions, result.position_errors, "/"),
    ]
    for name, values, errors, shape in rows:
        figure.add_bar(
            x=list(range(1, n + 1)),
            y=values.round(6),
            error_y=None if errors is None else {"type": "data", "array": errors.round(6), "thickness": 1, "width": 2},
            name=name,
            legendgroup=name,
            offsetgroup=name,
            showlegend=False,
            marker=layout.hatched("", shape) | {"color": [own if value >= 0 else against for value in values]},
            customdata=[layout.escaped(token) for token in result.tokens],
            hovertemplate="%{customdata}: %{y:+.3f}",
        )
    for name, _values, _errors, shape in rows:  # in the legend, in no class's colour
        look = layout.hatched(THRESHOLD, shape)
        figure.add_bar(x=[None], y=[None], name=name, legendgroup=name, offsetgroup=name, marker=look)
    return layout.finish(
        figure,
        colours.title(result.model, result.target),
        360,
        x=layout.token_axis([result.tokens], 0.6, title="") | {"automargin": True},
        y=_("Shapley value ({logit})").format(logit=layout.log_odds(result.target)),
        barmode="group",
        legend=layout.LEGEND_ABOVE,
        top=70,
        bottom=10,
    )

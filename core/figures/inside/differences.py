"""Two sentences in the same models: verdicts, distance of the states, and the difference that each state carries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from core.data.targets import common
from core.figures import layout
from core.figures.palette import CHOSEN, style
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.probes.dynamics.differences import Difference


def difference_curves(found: Sequence[Difference], step: int | None = None) -> go.Figure:
    """Three panels along the steps: P(target) of both sentences, the distance of their states, the share carried.

    A colour a model; in the first panel the first sentence is solid, the second dashed. A chosen `step`, from 1, is
    marked.
    """
    chance = layout.probability(common([one.target for one in found]))
    figure = layout.panels(
        [
            _("{chance}: first sentence solid, second dashed").format(chance=chance),
            _("Distance of the states, ‖h − h'‖"),
            _("Share carried by the second sentence’s state"),
        ],
        0.1,
    )
    longest = max(max(map(len, one.tokens)) for one in found)
    for index, one in enumerate(found):
        look, name = style(one.model, index), layout.model_name(one.model)
        solid = look._replace(dash="solid")
        dashed = look._replace(dash="dash", marker=f"{look.marker}-open")
        lines = (
            (1, one.probability[0], solid, 0),
            (1, one.probability[1], dashed, 1),
            (2, one.distance, solid, 0),
            (3, np.empty(0) if one.share is None else one.share, solid, 0),
        )
        for number, (row, values, pen, sentence) in enumerate(lines):
            layout.panel_line(
                figure,
                row,
                list(range(1, len(values) + 1)),
                values,
                pen,
                name,
                width=2.2,
                legend=not number,
                legendgroup=name,
                mode="lines+markers" if longest <= layout.MOST_TICKS else "lines",
                customdata=[layout.escaped(token) for token in one.tokens[sentence][: len(values)]],
                hovertemplate="%{customdata}: %{y:.0%}" if row == 3 else "%{customdata}: %{y:.3f}",
            )
    if all(one.target.wins_at_half for one in found):
        figure.add_hline(y=0.5, line=layout.DASHED, row=1, col=1)
    figure.add_hline(y=1, line=layout.DASHED, row=3, col=1)
    if step is not None:
        figure.add_vline(x=step, line={"color": CHOSEN, "width": 2, "dash": "dot"})
    figure.update_yaxes(range=[-0.05, 1.05], tickvals=[0, 0.5, 1], row=1, col=1)
    figure.update_yaxes(rangemode="tozero", nticks=4, row=2, col=1)
    figure.update_yaxes(tickformat=".0%", nticks=4, row=3, col=1)
    figure.update_xaxes(range=[0.6, longest + 0.4])
    figure.update_xaxes(title=_("words read of each"), **_words(found, longest), row=3, col=1)
    return layout.finish(
        figure,
        "",
        460,
        legend={**layout.LEGEND_ABOVE, "yref": "container", "y": 1, "yanchor": "top"},
        hovermode="x",
        top=40,
        bottom=50,
    )


def _words(found: Sequence[Difference], longest: int) -> dict[str, object]:
    """The words along the axis, the first sentence's above the second's, where all models read the same few."""
    if longest > layout.MOST_DOUBLE_TICKS or len({one.tokens for one in found}) > 1:
        return {}
    a, b = ([*map(layout.tick, tokens), *[""] * (longest - len(tokens))] for tokens in found[0].tokens)
    names = [one if one == other else f"{one}<br>{other}" for one, other in zip(a, b, strict=True)]
    return {
        "tickvals": list(range(1, longest + 1)),
        "ticktext": names,
        "tickfont": {"size": 12 if longest <= 8 else 9},
    }

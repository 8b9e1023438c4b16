"""The units that are on over a span of a text, followed along all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from core.figures import layout
from core.figures.palette import CHOSEN, DIVERGING, THRESHOLD
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.probes.units.patterns import Pattern

MOST_UNITS = 40
"""Units drawn, those with the largest states over the span first."""
MOST_TOKENS = 40
"""Tokens drawn, the span in their middle; more would be too narrow to be told apart."""


def pattern_heatmap(pattern: Pattern) -> go.Figure:
    """The states of the pattern's units along the text, tokens across, with the span framed.

    Units are sorted by their mean magnitude over the span, the strongest on top.
    """
    span = slice(pattern.first, pattern.last + 1)
    order = np.argsort(-np.abs(pattern.values[span]).mean(axis=0), kind="stable")[:MOST_UNITS]
    middle = (pattern.first + pattern.last) // 2
    start = max(0, min(middle - MOST_TOKENS // 2, len(pattern.tokens) - MOST_TOKENS))
    tokens = pattern.tokens[start : start + MOST_TOKENS]
    positions = list(range(start, start + len(tokens)))
    values = pattern.values[positions][:, order].astype(np.float64).T
    left, right = max(pattern.first, start) - 0.5, min(pattern.last, positions[-1]) + 0.5
    reach = float(np.abs(values).max()) or 1.0
    figure = go.Figure(
        go.Heatmap(
            z=values,
            x=positions,
            y=list(range(len(order))),
            zmin=-reach,
            zmax=reach,
            colorscale=DIVERGING,
            colorbar={"title": {"text": pattern.state}, "thickness": 12},
            customdata=[[[layout.escaped(token), pattern.units[unit]] for token in tokens] for unit in order],
            hovertemplate=_("unit %{customdata[1]}, %{customdata[0]}: %{z:.3f}") + "<extra></extra>",
        )
    )
    figure.add_shape(x0=left, x1=right, y0=-0.5, y1=len(order) - 0.5, line={"color": CHOSEN, "width": 3})
    for edge in (left, right):
        figure.add_vline(edge, line={"color": THRESHOLD, "width": 1, "dash": "dot"})
    return layout.finish(
        figure,
        _("Units that are on over the span"),
        190 + 15 * len(order),
        x={
            "title": _("token"),
            "tickvals": positions,
            "ticktext": [layout.tick(token) for token in tokens],
            "showgrid": False,
        },
        y=layout.row_axis([str(pattern.units[unit]) for unit in order])
        | {"title": _("unit, from 0"), "showgrid": False},
        top=60,
        bottom=60,
    )

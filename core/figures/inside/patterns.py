"""The units that are on over a span of a text, followed along all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from core.figures import layout
from core.figures.palette import CHOSEN, DIVERGING, SERIES, THRESHOLD
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.probes.units.patterns import Pattern

MOST_UNITS = 40
"""Units drawn, those with the largest states over the span first."""
MOST_TOKENS = layout.MOST_TICKS
"""Tokens drawn, the span in their middle; more would be too narrow to be told apart."""
LONGEST_LINE = 120
"""Tokens along which lines are drawn, likewise."""
MOST_OTHERS = 256
"""Units that are drawn grey."""


def pattern_lines(pattern: Pattern, states: np.ndarray) -> go.Figure:
    """The states [T, H] of all units along the text: those of the pattern in colour, the others grey behind them.

    Words count from 1. The span is shaded, the threshold dashed. A span is chosen by dragging along the words.
    """
    middle = (pattern.first + pattern.last) // 2
    start = max(0, min(middle - LONGEST_LINE // 2, len(states) - LONGEST_LINE))
    shown = states[start : start + LONGEST_LINE].astype(np.float64).round(3)
    positions = np.arange(start + 1, start + len(shown) + 1)
    others = np.setdiff1d(np.arange(states.shape[1]), pattern.units)
    others = others[:: -(-len(others) // MOST_OTHERS) or 1]
    figure = go.Figure()
    figure.add_vrect(pattern.first + 0.5, pattern.last + 1.5, fillcolor=CHOSEN, opacity=0.12, line_width=0)
    for level in (pattern.threshold, -pattern.threshold)[: 1 + pattern.magnitude]:
        figure.add_hline(level, line=layout.DASHED)
    for name, units, color, width in (
        (_("other units"), others, THRESHOLD, 0.6),
        (_("on over the span"), np.array(pattern.units[:MOST_UNITS], dtype=np.int64), SERIES[0].color, 1.5),
    ):
        if len(units):
            values = np.concatenate([shown[:, units], np.full((1, len(units)), np.nan)]).T
            figure.add_scatter(
                x=np.tile([*positions.tolist(), None], len(units)),
                y=[None if value != value else value for value in values.ravel().tolist()],
                name=name,
                mode="lines+markers" if len(shown) == 1 else "lines",
                line={"color": color, "width": width},
                opacity=0.35 if color == THRESHOLD else 0.8,
                hoverinfo="skip",
            )
    # Points to be pointed at, one a word: what is said there is said once.
    on = pattern.on[start : start + len(shown)].sum(axis=1)
    figure.add_scatter(
        x=positions,
        y=np.zeros(len(positions)),
        mode="markers",
        opacity=0,
        showlegend=False,
        customdata=[
            (layout.escaped(token), int(count))
            for token, count in zip(pattern.tokens[start : start + len(shown)], on, strict=True)
        ],
        hovertemplate=_("{token}: {count} of {all} units on").format(
            token="%{customdata[0]}", count="%{customdata[1]}", all=len(pattern.units)
        )
        + "<extra></extra>",
    )
    return layout.finish(
        figure,
        _("Drag over the words to choose a span"),
        360,
        x=layout.token_axis([pattern.tokens], 0.5, start, start + len(shown), "")
        | {"showgrid": False, "zeroline": False},
        y={"title": pattern.state, "zeroline": False},
        legend=layout.LEGEND_ABOVE,
        above=True,
        hovermode="x",
        dragmode="select",
        selectdirection="h",
        top=75,
        bottom=50,
    )


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

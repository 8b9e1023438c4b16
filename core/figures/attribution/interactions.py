"""Which pairs of words do more, or less, together than each alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from core.figures import layout
from core.figures.attribution import colours

if TYPE_CHECKING:
    from core.probes.attribution.interactions import Interactions

_INHERITED = '<span style="color:currentColor">{}</span>'  # the page's colour of words, in a light or dark theme
_MOST_NUMBERS = 9  # rows and columns whose numbers can be read inside their squares, on a phone too


def interaction_heatmap(result: Interactions) -> go.Figure:
    """The interaction index of every pair as a symmetric map in the colours of the classes; no diagonal.

    The axes count the paired tokens from 1; a token that is there twice has its position in brackets.
    """
    size = len(result.places)
    pairs = result.matrix[~np.isnan(result.matrix)]
    most = float(np.abs(pairs).max(initial=0)) or 1.0
    ticks = [
        layout.tick(result.tokens[position])
        + (f" ({position + 1})" if result.tokens.count(result.tokens[position]) > 1 else "")
        for position in result.places
    ]
    # NaN is no JSON: None leaves a gap.
    cells = [[None if np.isnan(value) else round(float(value), 6) for value in row] for row in result.matrix]
    indices = list(range(1, size + 1))
    figure = go.Figure(
        go.Heatmap(
            z=cells,
            x=indices,
            y=indices,
            zmin=-most,
            zmax=most,
            colorscale=colours.scale(*colours.sides(result.target)),
            showscale=False,
            xgap=1,
            ygap=1,
            hoverongaps=False,
            customdata=_hovers(result),
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    if size <= _MOST_NUMBERS:  # as points: on clear cells of a map plotly writes in black, in a dark theme too
        shown = [(x, y) for y in range(size) for x in range(size) if cells[y][x] is not None]
        figure.add_scatter(
            x=[x + 1 for x, _y in shown],
            y=[y + 1 for _x, y in shown],
            text=[_INHERITED.format(f"{cells[y][x]:+.2f}".replace("-", "−")) for x, y in shown],
            mode="text",
            textfont={"size": 11 if size <= 6 else 9},
            hoverinfo="skip",
            showlegend=False,
        )
    axis = {"tickvals": indices, "ticktext": ticks, "showgrid": False, "zeroline": False, "automargin": True}
    return layout.finish(
        figure,
        colours.title(result.model, result.target),
        110 + 32 * max(size, 4),
        x=axis | {"range": [0.5, size + 0.5]},
        y=axis | {"range": [size + 0.5, 0.5]},
        top=44,
        bottom=10,
    )


def _hovers(result: Interactions) -> list[list[str]]:
    """The label of every square: the pair, with positions counted from 1, the value and its error."""
    words = [f"{layout.escaped(result.tokens[position])} ({position + 1})" for position in result.places]
    rows = []
    for a, first in enumerate(words):
        row = []
        for b, second in enumerate(words):
            error = "" if result.errors is None else f" ± {result.errors[a, b]:.3f}"
            value = f"{result.matrix[a, b]:+.3f}".replace("-", "−")
            row.append("" if a == b else f"{first} × {second}: {value}{error}")
        rows.append(row)
    return rows

"""Which pairs of words do more, or less, together than each alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from core.figures import layout
from core.figures.palette import DIVERGING
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.probes.attribution.interactions import Interactions

_MOST_NUMBERS = 12  # rows and columns whose numbers can be read inside their squares


def interaction_heatmap(result: Interactions) -> go.Figure:
    """The interaction index of every pair as a symmetric map with 0 in the middle of its colours; no diagonal."""
    size = len(result.places)
    pairs = result.matrix[~np.isnan(result.matrix)]
    most = float(np.abs(pairs).max(initial=0)) or 1.0
    ticks = [layout.tick(result.tokens[position]) for position in result.places]
    # NaN is no JSON: None leaves a gap.
    cells = [[None if np.isnan(value) else round(float(value), 6) for value in row] for row in result.matrix]
    unit = _("interaction ({logit})").format(logit=layout.log_odds(result.target))
    figure = go.Figure(
        go.Heatmap(
            z=cells,
            x=list(range(size)),
            y=list(range(size)),
            zmin=-most,
            zmax=most,
            colorscale=DIVERGING,
            colorbar={"title": {"text": unit, "side": "right"}, "thickness": 14},
            xgap=1,
            ygap=1,
            hoverongaps=False,
            customdata=_hovers(result),
            hovertemplate="%{customdata}<extra></extra>",
            texttemplate="%{z:+.2f}" if size <= _MOST_NUMBERS else None,
        )
    )
    rows = layout.row_axis(ticks) | {"showgrid": False}
    return layout.finish(
        figure,
        _("{model}: interactions between pairs of words").format(model=layout.model_name(result.model)),
        220 + 34 * max(size, 4),
        x=rows | {"title": _("tokens"), "range": [-0.5, size - 0.5]},
        y=rows,
    )


def _hovers(result: Interactions) -> list[list[str]]:
    """The label of every square: the pair, with positions counted from 1, the value and its error."""
    words = [f"{layout.escaped(result.tokens[position])} ({position + 1})" for position in result.places]
    rows = []
    for a, first in enumerate(words):
        row = []
        for b, second in enumerate(words):
            error = "" if result.errors is None else f" ± {result.errors[a, b]:.3f}"
            row.append("" if a == b else f"{first} × {second}: {result.matrix[a, b]:+.3f}{error}")
        rows.append(row)
    return rows

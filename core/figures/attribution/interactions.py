"""Which pairs of words do more, or less, together than each alone."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from core.data.labels import model_name
from core.figures.palette import DIVERGING
from core.figures.prefixes import escaped, tick
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.probes.attribution.interactions import Interactions

_MOST_NUMBERS = 12  # rows and columns whose numbers can be read inside their squares


def interaction_heatmap(found: Interactions, title: str = "") -> go.Figure:
    """The interaction index of every pair as a symmetric map with 0 in the middle of its colours; no diagonal.

    `title` is a caller's own, escaped here as tokens are: plotly reads a part of HTML in its labels.
    """
    size = len(found.places)
    pairs = found.matrix[~np.isnan(found.matrix)]
    most = float(np.abs(pairs).max(initial=0)) or 1.0
    ticks = [tick(found.tokens[place]) for place in found.places]
    # NaN is no JSON: None leaves a gap.
    cells = [[None if np.isnan(value) else round(float(value), 6) for value in row] for row in found.matrix]
    figure = go.Figure(
        go.Heatmap(
            z=cells,
            x=list(range(size)),
            y=list(range(size)),
            zmin=-most,
            zmax=most,
            colorscale=DIVERGING,
            colorbar={"title": {"text": _("together minus apart (logit)"), "side": "right"}, "thickness": 14},
            xgap=1,
            ygap=1,
            hoverongaps=False,
            customdata=_hovers(found),
            hovertemplate="%{customdata}<extra></extra>",
            texttemplate="%{z:+.2f}" if size <= _MOST_NUMBERS else None,
        )
    )
    axis = {"tickvals": list(range(size)), "ticktext": ticks, "range": [-0.5, size - 0.5], "showgrid": False}
    figure.update_layout(
        title={
            "text": html.escape(title, quote=False)
            or _("{model}: what pairs of words do together").format(
                model=html.escape(model_name(found.model), quote=False)
            )
        },
        xaxis={**axis, "title": _("tokens")},
        yaxis={**axis, "range": [size - 0.5, -0.5]},
        height=220 + 34 * max(size, 4),
        margin={"t": 50, "b": 40, "l": 10, "r": 10},
    )
    return figure


def _hovers(found: Interactions) -> list[list[str]]:
    """What is said of every square: the pair, with places as people count them, the value and its error."""
    words = [f"{escaped(found.tokens[place])} ({place + 1})" for place in found.places]
    rows = []
    for a, first in enumerate(words):
        row = []
        for b, second in enumerate(words):
            error = "" if found.errors is None else f" ± {found.errors[a, b]:.3f}"
            row.append("" if a == b else f"{first} × {second}: {found.matrix[a, b]:+.3f}{error}")
        rows.append(row)
    return rows

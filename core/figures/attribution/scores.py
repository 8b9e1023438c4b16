"""What methods of attribution say of each token of one text, side by side, and how far any two of them agree."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from core.figures.palette import DIVERGING, SERIES, THRESHOLD
from core.figures.prefixes import MOST_TICKS, escaped, tick
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.probes.attribution.results import Attribution


def attribution_bars(found: Sequence[Attribution], names: Sequence[str], title: str, *, shares: bool) -> go.Figure:
    """Bars of each token's score, a colour per method, for one text and model; standard errors where there are any.

    With `shares` a method's scores are divided by the sum of their magnitudes, so that methods of different units stand
    on one axis. `names` are the methods' as shown; these, the title and the tokens are escaped here.
    """
    figure = go.Figure()
    figure.add_hline(y=0, line={"color": THRESHOLD, "width": 1})
    for place, (attribution, name) in enumerate(zip(found, names, strict=True)):
        scale = float(np.abs(attribution.scores).sum()) if shares else 1.0
        scale = scale or 1.0  # all scores are 0: so are their shares
        errors = None if attribution.errors is None else (attribution.errors / scale).round(6).tolist()
        figure.add_bar(
            x=list(range(1, len(attribution) + 1)),
            y=(attribution.scores / scale).round(6).tolist(),
            name=html.escape(name, quote=False),
            # Hues repeat after six methods, with a pattern then.
            marker={
                "color": SERIES[place % len(SERIES)].color,
                "pattern": {"shape": ("", "/", ".")[place // len(SERIES) % 3], "solidity": 0.35},
                "line": {"width": 0},
            },
            error_y=None if errors is None else {"type": "data", "array": errors, "thickness": 1, "width": 2},
            customdata=[escaped(token) for token in attribution.tokens],
            hovertemplate="%{customdata}: %{y:+.3f}",
        )
    tokens = found[0].tokens if found else ()
    figure.update_layout(
        title={"text": html.escape(title, quote=False)},
        xaxis={"title": _("tokens"), "range": [0.4, max(len(tokens), 1) + 0.6]},
        yaxis={"title": _("share of Σ|score|") if shares else _("score (logit)")},
        barmode="group",
        legend={"orientation": "h", "x": 0, "y": -0.3, "yanchor": "top"},
        height=460,
        margin={"t": 50, "b": 40, "l": 10, "r": 10},
    )
    if len(tokens) <= MOST_TICKS:
        figure.update_xaxes(tickvals=list(range(1, len(tokens) + 1)), ticktext=[tick(token) for token in tokens])
    return figure


def agreement_map(names: Sequence[str], agreement: np.ndarray, title: str) -> go.Figure:
    """Rank correlations [M, M] of methods, from −1 (orange to red) to 1 (blue); an empty cell where there is none.

    Methods are numbered, the columns by number alone: their names upright would leave a phone no room for the map.
    """
    labels = [html.escape(name, quote=False) for name in names]
    places = list(range(len(labels)))
    cells = [[None if np.isnan(value) else round(float(value), 3) for value in row] for row in agreement]
    figure = go.Figure(
        go.Heatmap(
            z=cells,
            x=places,
            y=places,
            zmin=-1,
            zmax=1,
            colorscale=DIVERGING,
            texttemplate="%{z:.2f}" if len(labels) <= 12 else "",
            # Above the cells, not beside them: a phone is narrow and the names take half of it.
            colorbar={
                "title": {"text": _("Kendall’s τ-b"), "side": "top"},
                "orientation": "h",
                "thickness": 12,
                "y": 1.01,
                "yanchor": "bottom",
            },
            customdata=[[(labels[row], labels[column]) for column in places] for row in places],
            hovertemplate="%{customdata[0]}, %{customdata[1]}: %{z:.3f}<extra></extra>",
            xgap=1,
            ygap=1,
        )
    )
    figure.update_layout(
        title={"text": html.escape(title, quote=False)},
        xaxis={
            "tickvals": places,
            "ticktext": [str(place + 1) for place in places],
            "tickangle": 0,
            "tickfont": {"size": 12 if len(labels) <= 12 else 9},
            "showgrid": False,
            "title": _("method, by its number"),
        },
        yaxis={
            "tickvals": places,
            "ticktext": [f"{place + 1}. {label}" for place, label in enumerate(labels)],
            "autorange": "reversed",
            "showgrid": False,
            "title": _("method"),
        },
        height=260 + 34 * max(len(labels), 4),
        margin={"t": 110, "b": 40, "l": 10, "r": 10},
    )
    return figure

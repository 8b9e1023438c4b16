"""What methods of attribution say of each token of one text, side by side, and how far any two of them agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from core.figures import layout
from core.figures.attribution import colours
from core.figures.palette import SERIES, THRESHOLD
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.probes.attribution.results import Attribution

_CELL = {"xgap": 2, "ygap": 2, "showscale": False, "hoverongaps": False}


def attribution_bars(attribution: Attribution, title: str) -> go.Figure:
    """Bars of each token's score in the colours of the classes; standard errors where there are any."""
    own, against = colours.sides(attribution.target)
    figure = go.Figure()
    figure.add_hline(y=0, line={"color": THRESHOLD, "width": 1})
    errors = None if attribution.errors is None else attribution.errors.round(6).tolist()
    figure.add_bar(
        x=list(range(1, len(attribution) + 1)),
        y=attribution.scores.round(6).tolist(),
        marker={"color": [own if score >= 0 else against for score in attribution.scores], "line": {"width": 0}},
        error_y=None if errors is None else {"type": "data", "array": errors, "thickness": 1, "width": 2},
        customdata=[layout.escaped(token) for token in attribution.tokens],
        hovertemplate="%{customdata}: %{y:+.3f}<extra></extra>",
    )
    return layout.finish(
        figure,
        layout.escape(title),
        460,
        x=layout.token_axis([attribution.tokens], 0.6),
        y=_("score ({logit})").format(logit=layout.log_odds(attribution.target)),
    )


def score_map(attributions: Sequence[Attribution], names: Sequence[str], signed: Sequence[bool]) -> go.Figure:
    """A row of the tokens a method, coloured by the score's share of the method's total magnitude.

    All are of one text and model; `names` are the methods' as shown. The row of a method without signs is grey.
    """
    first = attributions[0]
    scores = np.stack([one.scores for one in attributions])
    sums = np.abs(scores).sum(axis=1, keepdims=True)
    shares = np.divide(scores, sums, out=np.zeros_like(scores), where=sums > 0)
    most = float(np.abs(shares).max(initial=0)) or 1.0
    tokens = [layout.escaped(token) for token in first.tokens]
    hovers = [
        [
            f"{layout.escape(name)}<br>{token}: {score:+.3f} ({share:.0%})".replace("-", "−")
            for token, score, share in zip(tokens, row, of_row, strict=True)
        ]
        for name, row, of_row in zip(names, scores.tolist(), np.abs(shares).tolist(), strict=True)
    ]
    figure = go.Figure()
    for sign, (above, below) in ((True, colours.sides(first.target)), (False, (THRESHOLD, THRESHOLD))):
        if sign not in signed:
            continue
        figure.add_heatmap(
            z=[
                row if own is sign else [None] * len(tokens)
                for row, own in zip(shares.round(6).tolist(), signed, strict=True)
            ],
            x=list(range(1, len(tokens) + 1)),
            y=list(range(len(names))),
            zmin=-most,
            zmax=most,
            colorscale=colours.scale(above, below),
            customdata=hovers,
            hovertemplate="%{customdata}<extra></extra>",
            **_CELL,
        )
    return layout.finish(
        figure,
        colours.title(first.model, first.target),
        90 + 32 * max(len(names), 2),
        x=layout.token_axis([first.tokens], 0.5, title="") | {"showgrid": False, "automargin": True},
        y=layout.row_axis([layout.escape(name) for name in names]) | {"showgrid": False},
        top=44,
        bottom=10,
    )


def agreement_map(names: Sequence[str], agreement: np.ndarray, title: str) -> go.Figure:
    """Rank correlations [M, M] of methods, from −1 (purple) to 1 (green); a cell without one is empty.

    Methods are numbered, the columns by number alone: their names upright would leave a phone no room for the map.
    """
    labels = [layout.escape(name) for name in names]
    indices = list(range(len(labels)))
    cells = [[None if np.isnan(value) else round(float(value), 3) for value in row] for row in agreement]
    figure = go.Figure(
        go.Heatmap(
            z=cells,
            x=indices,
            y=indices,
            zmin=-1,
            zmax=1,
            colorscale=colours.scale(SERIES[2].color, SERIES[3].color),
            customdata=[[(labels[row], labels[column]) for column in indices] for row in indices],
            hovertemplate="%{customdata[0]}, %{customdata[1]}: %{z:.3f}<extra></extra>",
            xgap=1,
            ygap=1,
            hoverongaps=False,
            # Above the cells, not beside them: a phone is narrow and the names take half of it.
            colorbar={
                "title": {"text": _("Kendall’s τ-b"), "side": "top"},
                "orientation": "h",
                "thickness": 12,
                "y": 1.01,
                "yanchor": "bottom",
            },
        )
    )
    axis: dict[str, Any] = {
        "tickvals": (some := indices[:: 1 if len(labels) <= 12 else 2]),
        "ticktext": [str(index + 1) for index in some],
        "tickangle": 0,
        "tickfont": {"size": 12 if len(labels) <= 12 else 9},
        "showgrid": False,
        "title": _("method, by number"),
    }
    rows = layout.row_axis([f"{number}. {label}" for number, label in enumerate(labels, 1)])
    return layout.finish(
        figure,
        layout.escape(title),
        160 + (18 if len(labels) > 12 else 28) * max(len(labels), 4),
        x=axis,
        y=rows | {"showgrid": False},
        top=90,
    )

"""What methods of attribution say of each token of one text, side by side, and how far any two of them agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from core.data.targets import shared_target
from core.figures import layout
from core.figures.palette import DIVERGING, SERIES, THRESHOLD
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.probes.attribution.results import Attribution


def attribution_bars(
    attributions: Sequence[Attribution], names: Sequence[str], title: str, *, shares: bool
) -> go.Figure:
    """Bars of each token's score, a colour per method, for one text and model; standard errors where there are any.

    With `shares` a method's scores are divided by the sum of their magnitudes, so that methods of different units stand
    on one axis. `names` are the methods' as shown; these, the title and the tokens are escaped here.
    """
    figure = go.Figure()
    figure.add_hline(y=0, line={"color": THRESHOLD, "width": 1})
    for index, (attribution, name) in enumerate(zip(attributions, names, strict=True)):
        scale = float(np.abs(attribution.scores).sum()) if shares else 1.0
        scale = scale or 1.0  # all scores are 0: so are their shares
        errors = None if attribution.errors is None else (attribution.errors / scale).round(6).tolist()
        figure.add_bar(
            x=list(range(1, len(attribution) + 1)),
            y=(attribution.scores / scale).round(6).tolist(),
            name=layout.escape(name),
            # Hues repeat after six methods, with a pattern then.
            marker=layout.hatched(SERIES[index % len(SERIES)].color, ("", "/", ".")[index // len(SERIES) % 3]),
            error_y=None if errors is None else {"type": "data", "array": errors, "thickness": 1, "width": 2},
            customdata=[layout.escaped(token) for token in attribution.tokens],
            hovertemplate="%{customdata}: %{y:+.3f}",
        )
    tokens = attributions[0].tokens if attributions else ()
    target = shared_target(attribution.target for attribution in attributions)
    return layout.finish(
        figure,
        layout.escape(title),
        460,
        x=layout.token_axis([tokens], 0.6),
        y=_("share of Σ|score|") if shares else _("score ({logit})").format(logit=layout.log_odds(target)),
        barmode="group",
        legend=layout.below(0.3),
    )


def agreement_map(names: Sequence[str], agreement: np.ndarray, title: str) -> go.Figure:
    """Rank correlations [M, M] of methods, from −1 (orange to red) to 1 (blue); a cell without one is empty.

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
            customdata=[[(labels[row], labels[column]) for column in indices] for row in indices],
            hovertemplate="%{customdata[0]}, %{customdata[1]}: %{z:.3f}<extra></extra>",
            xgap=1,
            ygap=1,
        )
    )
    return layout.finish(
        figure,
        layout.escape(title),
        260 + 34 * max(len(labels), 4),
        x={
            "tickvals": indices,
            "ticktext": [str(index + 1) for index in indices],
            "tickangle": 0,
            "tickfont": {"size": 12 if len(labels) <= 12 else 9},
            "showgrid": False,
            "title": _("method, by number"),
        },
        y=layout.row_axis([f"{number}. {label}" for number, label in enumerate(labels, 1)])
        | {"title": _("method"), "showgrid": False},
        top=110,
    )

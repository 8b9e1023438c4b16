"""The verdict after each token, one curve per model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from core.data.labels import shared
from core.data.targets import shared_target
from core.figures import layout
from core.figures.palette import style
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.models.predict import Verdict


def prefix_curves(verdicts: Sequence[Verdict]) -> go.Figure:
    """P(target) after each token of one text, a curve per model, with the threshold at 0.5.

    A model that has no verdict after each token has no curve, but a point after the last one.
    """
    target = shared_target(verdict.target for verdict in verdicts) or shared(verdict.labels for verdict in verdicts)
    half = {
        "type": "line",
        "y0": 0.5,
        "y1": 0.5,
        "x0": 0,
        "x1": 1,
        "xref": "x domain",
        "yref": "y",
        "line": layout.DASHED,
    }
    # Given whole: adding curves and settings one by one takes plotly five times as long, on every letter typed.
    return go.Figure(
        data=[_curve(verdict, index) for index, verdict in enumerate(verdicts)],
        layout={
            "shapes": [half],
            "title": {"text": _("Verdict after each token")},
            "yaxis": layout.probability_axis(target),
            "xaxis": layout.token_axis([verdict.tokens for verdict in verdicts], 0.4, title=_("tokens read so far")),
            "legend": layout.LEGEND_ABOVE,
            "hovermode": "x unified",
            "height": 380,
            "margin": {"t": 70, "b": 40, "l": 10, "r": 10},
        },
    )


def _curve(verdict: Verdict, index: int) -> dict[str, Any]:
    return {
        "type": "scatter",
        "x": positions(verdict),
        "y": verdict.prefix_probabilities or (verdict.probability,),
        "name": layout.model_name(verdict.model),
        "mode": "lines+markers" if len(verdict.tokens) <= 200 else "lines",
        **layout.pen(style(verdict.model, index), 2.5, 8),
        "customdata": [layout.escaped(verdict.tokens[position - 1]) for position in positions(verdict)],
        "hovertemplate": "%{customdata}: %{y:.3f}",
    }


def positions(verdict: Verdict) -> list[int]:
    """After which tokens, from 1, there is a verdict: all of them, or the last where a model reads both ways."""
    count = len(verdict.tokens)
    return list(range(1, count + 1)) if verdict.prefix_probabilities else [count]

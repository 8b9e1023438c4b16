"""The verdict after each token: a curve for each model, or for each class of one model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from core.data.labels import shared, shown
from core.data.targets import shared_target
from core.figures import layout
from core.figures.palette import of_class, style
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.models.predict import Verdict


def prefix_curves(verdicts: Sequence[Verdict]) -> go.Figure:
    """P(target) after each token of one text, a curve per model, with the threshold at 0.5 where that decides.

    One model of more than two classes has a curve for each, the target's the widest, unless that is compared with one
    class. A model that has no verdict after each token has no curve, but a point after the last one.
    """
    by_class = of_each_class(verdicts)
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
        data=_class_curves(verdicts[0]) if by_class else list(map(_curve, verdicts, range(len(verdicts)))),
        layout={
            "shapes": [half] if all(verdict.target.wins_at_half for verdict in verdicts) else [],
            "title": {"text": _("Verdict after each token")},
            "yaxis": layout.probability_axis(target) | ({"title": _("probability")} if by_class else {}),
            "xaxis": layout.token_axis([verdict.tokens for verdict in verdicts], 0.4, title=_("tokens read so far")),
            "legend": layout.LEGEND_ABOVE,
            "hovermode": "x unified",
            "height": 380,
            "margin": {"t": 70, "b": 40, "l": 10, "r": 10},
        },
    )


def of_each_class(verdicts: Sequence[Verdict]) -> bool:
    """Whether the curves are those of one model's classes."""
    return len(verdicts) == 1 and bool(verdicts[0].probabilities) and verdicts[0].target.against is None


def _curve(verdict: Verdict, index: int) -> dict[str, Any]:
    return {
        "y": verdict.prefix_probabilities or (verdict.probability,),
        "name": layout.model_name(verdict.model),
        **layout.pen(style(verdict.model, index), 2.5, 8),
        **_along(verdict),
    }


def _class_curves(verdict: Verdict) -> list[dict[str, Any]]:
    rows = verdict.prefix_distributions.tolist() if verdict.prefix_scores else [verdict.distribution]
    return [
        {
            "y": [row[number] for row in rows],
            "name": layout.escape(shown(name)),
            **layout.pen(of_class(verdict.labels, number), *((4, 9) if number == verdict.target.number else (1.5, 6))),
            **_along(verdict),
        }
        for number, name in enumerate(verdict.labels)
    ]


def _along(verdict: Verdict) -> dict[str, Any]:
    """What the curves of a text have in common: its tokens."""
    return {
        "type": "scatter",
        "x": positions(verdict),
        "mode": "lines+markers" if len(verdict.tokens) <= 200 else "lines",
        "customdata": [layout.escaped(verdict.tokens[position - 1]) for position in positions(verdict)],
        "hovertemplate": "%{customdata}: %{y:.3f}",
    }


def positions(verdict: Verdict) -> list[int]:
    """After which tokens, from 1, there is a verdict: all of them, or the last where a model reads both ways."""
    count = len(verdict.tokens)
    return list(range(1, count + 1)) if verdict.prefix_probabilities else [count]

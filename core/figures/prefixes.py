"""The verdict after each token, one curve per model."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from core.data.labels import model_name, shared
from core.figures import axes
from core.figures.palette import THRESHOLD, style
from core.runtime.i18n import gettext as _
from core.text.emoji import visible

if TYPE_CHECKING:
    from core.models.predict import Verdict

MOST_TICKS = 32  # more words than this cannot be told apart along one axis
# Where tokens stand along the axis: long ones are written upwards on a narrow page, and push a legend below it onto the
# axis's title.
LEGEND_ABOVE = {"orientation": "h", "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"}
# Above a legend of up to three lines.
TITLE_ABOVE = {"yref": "container", "y": 1, "yanchor": "top", "pad": {"t": 14}}
LONGEST_TICK = 16  # characters
_HALF = {"line": {"color": THRESHOLD, "width": 1, "dash": "dash"}}


def prefix_curves(verdicts: Sequence[Verdict]) -> go.Figure:
    """P(second class) after each token of one text, a curve per model, with the threshold at 0.5.

    A model that has no verdict after each token has no curve, but a point after the last one.

    Tokens are escaped: plotly reads a part of HTML in its labels.
    """
    tokens = max((verdict.tokens for verdict in verdicts), key=len, default=())
    labels = shared(verdict.labels for verdict in verdicts)
    ticks: dict[str, Any] = {}
    if len({verdict.tokens for verdict in verdicts}) == 1 and len(tokens) <= MOST_TICKS:
        ticks = {"tickvals": list(range(1, len(tokens) + 1)), "ticktext": [tick(token) for token in tokens]}
    # Given whole: to add curves and settings one by one takes plotly five times as long, on every letter typed.
    return go.Figure(
        data=[_curve(verdict, place) for place, verdict in enumerate(verdicts)],
        layout={
            "shapes": [
                {"type": "line", "y0": 0.5, "y1": 0.5, "x0": 0, "x1": 1, "xref": "x domain", "yref": "y"} | _HALF
            ],
            "title": {"text": _("Verdict after each token")},
            "yaxis": {"title": axes.probability(labels), "range": [-0.03, 1.03], "tickvals": [0, 0.25, 0.5, 0.75, 1]},
            "xaxis": {"title": _("tokens read so far"), "range": [0.6, max(len(tokens), 1) + 0.4], **ticks},
            "legend": LEGEND_ABOVE,
            "hovermode": "x unified",
            "height": 380,
            "margin": {"t": 70, "b": 40, "l": 10, "r": 10},
        },
    )


def _curve(verdict: Verdict, place: int) -> dict[str, Any]:
    look = style(verdict.model, place)
    return {
        "type": "scatter",
        "x": places(verdict),
        "y": verdict.prefix_probabilities or (verdict.probability,),
        "name": html.escape(model_name(verdict.model), quote=False),
        "mode": "lines+markers" if len(verdict.tokens) <= 200 else "lines",
        "line": {"color": look.color, "dash": look.dash, "width": 2.5},
        "marker": {"symbol": look.marker, "size": 8},
        "customdata": [escaped(verdict.tokens[number - 1]) for number in places(verdict)],
        "hovertemplate": "%{customdata}: %{y:.3f}",
    }


def places(verdict: Verdict) -> list[int]:
    """After which tokens, from 1, there is a verdict: all of them, or the last where a model reads both ways."""
    count = len(verdict.tokens)
    return list(range(1, count + 1)) if verdict.prefix_probabilities else [count]


def tick(token: str) -> str:
    """A token as a label along an axis: cut where it is long, then as `escaped`."""
    return escaped(token if len(token) <= LONGEST_TICK else token[: LONGEST_TICK - 1] + "…")


def escaped(token: str) -> str:
    """A token with what does not print shown, and escaped: plotly reads a part of HTML."""
    return html.escape(visible(token), quote=False)

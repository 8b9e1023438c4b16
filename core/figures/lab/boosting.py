"""Boosting: points by weight over the ensemble's regions, the risk in one round's α, and how the rounds went."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from core.figures import layout
from core.figures.palette import CHOSEN, SERIES, THRESHOLD
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.lab.boosting.points import Cloud
    from core.lab.boosting.samme import Boosting, Minimum
    from core.lab.boosting.stumps import Regions, Stump

_LEGEND = layout.below(0.2)
_MARKED = {"color": CHOSEN, "width": 1.5, "dash": "dot"}
_AREA, _LEAST = 30.0, 5.0  # a point's width in pixels: where it has all the weight of ten, and at least
_CURVE = 161  # points of a curve


def weighted_points(cloud: Cloud, boosting: Boosting, rounds: int, regions: Regions) -> go.Figure:
    """Points before a round, their area by weight, over what the ensemble says after it; its stump is the dotted line.

    A class has a colour and a marker; points that the round's stump has wrong are ringed.
    """
    made = boosting.rounds[rounds - 1]
    figure = go.Figure(_regions(regions, cloud.classes))
    wrong = made.named != cloud.labels
    widths = _by_class(figure, cloud, made.weights)
    figure.add_scatter(
        x=cloud.points[wrong, 0],
        y=cloud.points[wrong, 1],
        mode="markers",
        name=_("wrong in this round"),
        marker={**layout.ring(CHOSEN, (widths[wrong] + 5).round(2)), "line": {"color": CHOSEN, "width": 1.5}},
        hoverinfo="skip",
    )
    stump: Stump = made.learnt
    line = {"color": CHOSEN, "width": 2, "dash": "dot"}
    (figure.add_vline if stump.axis == 0 else figure.add_hline)(stump.threshold, line=line)
    return layout.finish(
        figure,
        _("Round {number}: weights, and the ensemble’s predictions").format(number=rounds),
        520,
        x={"title": _("x1"), "range": [regions.x_edges[0], regions.x_edges[-1]], "showgrid": False, "zeroline": False},
        y={"title": _("x2"), "range": [regions.y_edges[0], regions.y_edges[-1]], "showgrid": False, "zeroline": False},
        legend={**_LEGEND, "y": -0.16, "itemsizing": "constant"},
    )


def _regions(regions: Regions, classes: int) -> go.Heatmap:
    colors = [SERIES[label % len(SERIES)].color for label in range(classes)]
    scale = [(end / classes, color) for label, color in enumerate(colors) for end in (label, label + 1)]
    return go.Heatmap(
        x=regions.x_edges,
        y=regions.y_edges,
        z=regions.winners.tolist(),
        zmin=-0.5,
        zmax=classes - 0.5,
        colorscale=scale,
        opacity=0.22,
        showscale=False,
        hoverinfo="skip",
    )


def points_alone(cloud: Cloud) -> go.Figure:
    """Points of equal weight, a class in a colour and marker, where no stump could be boosted."""
    figure = go.Figure()
    _by_class(figure, cloud, np.full(len(cloud.points), 1 / len(cloud.points)))
    return layout.finish(
        figure,
        _("The points, all with equal weight"),
        480,
        x={"title": _("x1"), "zeroline": False},
        y={"title": _("x2"), "zeroline": False},
        legend=_LEGEND,
    )


def _by_class(figure: go.Figure, cloud: Cloud, weights: np.ndarray) -> np.ndarray:
    """Draw points, their area by weight, a class in a colour and marker. Returns their widths in pixels."""
    widths: np.ndarray = np.maximum(_LEAST, _AREA * np.sqrt(weights * len(weights) / 10))
    for label, name in enumerate(cloud.names):
        look = SERIES[label % len(SERIES)]
        rows = np.flatnonzero(cloud.labels == label)
        shown = layout.escape(name)
        figure.add_scatter(
            x=cloud.points[rows, 0],
            y=cloud.points[rows, 1],
            mode="markers",
            name=_("class {name}").format(name=shown),
            marker={
                "color": look.color,
                "symbol": look.marker,
                "size": widths[rows].round(2),
                "line": {"color": "#ffffff", "width": 0.6},
                "opacity": 0.95,
            },
            customdata=np.stack([rows + 1, weights[rows].round(6)], axis=1),
            hovertemplate=_("point {number}, class {name}: weight {weight}").format(
                number="%{customdata[0]}", name=shown, weight="%{customdata[1]}"
            )
            + "<extra></extra>",
        )
    return widths


def risk_in_alpha(boosting: Boosting, minimum: Minimum) -> go.Figure:
    """What a round's vote multiplies the risk by, against α: lowest at α_t."""
    made, classes = boosting.rounds[minimum.number - 1], boosting.classes
    right = 2.5 * minimum.alpha
    alphas = np.linspace(-0.15 * right, right, _CURVE)
    factors = (1 - made.error) * np.exp(-alphas) + made.error * np.exp(alphas / (classes - 1))
    figure = go.Figure()
    figure.add_hline(y=1, line=layout.DASHED)
    figure.add_scatter(
        x=alphas,
        y=factors,
        mode="lines",
        name=_("risk after, over risk before"),
        line={"color": SERIES[0].color, "width": 2.5},
        hovertemplate="α %{x:.3f}: %{y:.4f}<extra></extra>",
    )
    marks = (
        (_("α by the formula"), minimum.alpha, made.normaliser, SERIES[2].color, "circle", 13),
        (_("minimum found"), minimum.numerical, made.normaliser, "#000000", "x-thin", 9),
    )
    for name, x, y, color, marker, size in marks:
        line = {"color": SERIES[4].color, "width": 2.5} if marker == "x-thin" else {"width": 0}
        figure.add_scatter(
            x=[x],
            y=[y],
            mode="markers",
            name=name,
            marker={"color": color, "symbol": marker, "size": size, "line": line},
            hovertemplate="%{x:.6f}: %{y:.6f}",
        )
    return layout.finish(
        figure,
        _("Round {number}: risk as a function of its vote").format(number=minimum.number),
        420,
        x={"title": _("α, the vote of this round"), "zeroline": False},
        y=_("factor of the risk"),
        legend=_LEGEND,
    )


def risk_by_error(errors: Sequence[float], classes: int) -> go.Figure:
    """What each round's vote multiplies the risk by, against α, a curve an error; a dot where it is least."""
    figure = go.Figure()
    figure.add_hline(y=1, line=layout.DASHED)
    least = [(classes - 1) / classes * math.log((classes - 1) * (1 - error) / error) for error in errors]
    right = max(2.5 * max(least), 0.5)
    alphas = np.linspace(-0.15 * right, right, _CURVE)
    for index, (error, lowest) in enumerate(zip(errors, least, strict=True)):
        look = SERIES[index % len(SERIES)]
        points = np.append(alphas, lowest)
        factors = (1 - error) * np.exp(-points) + error * np.exp(points / (classes - 1))
        name = _("round {number}").format(number=index + 1)
        layout.curve(figure, alphas.tolist(), factors[:-1].tolist(), name, look, hovertemplate="α %{x:.3f}: %{y:.4f}")
        marker = {"color": look.color, "size": 11}
        figure.add_scatter(x=[lowest], y=[factors[-1]], mode="markers", showlegend=False, marker=marker)
    return layout.finish(
        figure,
        _("Factor of the risk by vote"),
        420,
        x={"title": _("α, the vote of this round"), "zeroline": False},
        y=_("factor of the risk"),
        legend=_LEGEND,
    )


def progress(boosting: Boosting, chosen: int) -> go.Figure:
    """Risk, the share of points in error, and the share whose class has at most 1/K of the vote, after each round."""
    rounds = [0, *(made.number for made in boosting.rounds)]
    lines: tuple[tuple[str, list[float | None]], ...] = (
        (_("risk R"), [1.0, *(made.risk for made in boosting.rounds)]),
        (_("error rate"), [None, *(made.training_error for made in boosting.rounds)]),
        (_("share with at most 1/K of the vote"), [1.0, *(made.outvoted for made in boosting.rounds)]),
    )
    figure = go.Figure()
    for look, (name, values) in zip(SERIES, lines, strict=False):
        layout.curve(figure, rounds, values, name, look, hovertemplate="%{y:.4f}")
    figure.add_vline(x=chosen, line=_MARKED)
    return layout.finish(
        figure,
        _("Risk and error, round by round"),
        420,
        x={"title": _("rounds"), "rangemode": "tozero"},
        y={"title": _("risk, share of points"), "rangemode": "tozero"},
        legend=_LEGEND,
        hovermode="x unified",
    )


def votes_and_errors(boosting: Boosting, chosen: int) -> go.Figure:
    """ε_t with chance, above, and α_t, below."""
    rounds = [made.number for made in boosting.rounds]
    titles = [_("weighted error ε of each learner"), _("its vote α")]
    figure = layout.panels(titles, 0.14)
    chance = boosting.limit
    errors = [made.error for made in boosting.rounds]
    layout.curve(figure, rounds, errors, _("ε"), SERIES[0], hovertemplate="%{y:.4f}", row=1, col=1)
    figure.add_hline(y=chance, line={"color": THRESHOLD, "width": 1.5, "dash": "dash"}, row=1, col=1)
    figure.add_annotation(
        x=0,
        xref="x domain",
        y=chance,
        text=_("chance, 1 − 1/K") if boosting.form != "m1" else _("limit, 1/2"),
        showarrow=False,
        xanchor="left",
        yshift=9,
        row=1,
        col=1,
    )
    alphas = [boosting.scale * made.alpha if math.isfinite(made.alpha) else None for made in boosting.rounds]
    layout.curve(figure, rounds, alphas, _("α"), SERIES[2], hovertemplate="%{y:.4f}", row=2, col=1)
    figure.add_vline(x=chosen, line=_MARKED)
    figure.update_yaxes(title=_("share of weight"), rangemode="tozero", row=1, col=1)
    figure.update_yaxes(title=_("vote"), rangemode="tozero", row=2, col=1)
    figure.update_xaxes(title=_("rounds"), row=2, col=1)
    return layout.finish(
        figure,
        _("Errors and votes, round by round"),
        480,
        legend=_LEGEND,
        hovermode="x unified",
        top=75,
    )


def margins(boosting: Boosting, chosen: int) -> go.Figure:
    """How many points have at most which margin after the first, the chosen and the last round, as shares."""
    figure = go.Figure()
    figure.add_vline(x=0, line=layout.DASHED)
    for look, number in zip(SERIES, sorted({1, chosen, len(boosting.rounds)}), strict=False):
        values, counts = np.unique(boosting.margins(number).round(9), return_counts=True)
        shares = np.cumsum(counts) / counts.sum()
        figure.add_scatter(
            x=[-1.0, *values.tolist(), 1.0],
            y=[0.0, *shares.tolist(), 1.0],
            mode="lines",
            name=_("after round {number}").format(number=number),
            line={"color": look.color, "dash": look.dash, "width": 3 if number == chosen else 1.8, "shape": "hv"},
            hovertemplate="%{x:.3f}: %{y:.1%}",
        )
    return layout.finish(
        figure,
        _("Margins: how sure the vote is"),
        420,
        x={"title": _("margin (share of all votes)"), "range": [-1.02, 1.02]},
        y={"title": _("share of points with at most this margin"), "range": [-0.02, 1.02], "tickformat": ".0%"},
        legend=_LEGEND,
    )

"""Where a model comes to rest: its fixed points in its state space, and the eigenvalues at one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from core.figures import layout
from core.figures.inside.paths import coordinates
from core.figures.palette import DIVERGING, SENTENCES, SERIES, THRESHOLD
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.data.targets import Target
    from core.models.state_space import StateSpace
    from core.probes.dynamics.fixed_points import FixedPoints, Point

_MOST_VISITED = 1_000  # states behind the points; more are only a stain
_SYMBOLS = {"stable": "circle", "marginal": "square", "unstable": "diamond"}


def points_figure(
    result: FixedPoints,
    space: StateSpace,
    paths: Sequence[tuple[int, np.ndarray]] = (),
    plane: tuple[int, int] = (0, 1),
    chosen: int | None = None,
    along: Target | None = None,
) -> go.Figure:
    """Fixed points on two axes of the model's state space, over the states that sentences pass through.

    The first axis is `along` the log-odds of a target, the result's unless given. `paths` are numbered sentences with
    their hidden states [T, H]. A point's marker shows its stability and its colour its logit; slow points, which are
    not fixed points, are small crosses. The point at index `chosen` has a ring.
    """
    figure = go.Figure()
    for number, axis in enumerate(plane):
        if axis == 0:
            (figure.add_hline if number else figure.add_vline)(0, line=layout.DASHED)
    every = -(-len(result.visited) // _MOST_VISITED)
    x, y = _coordinates(result.visited[::every], space, plane)
    figure.add_scatter(
        x=x,
        y=y,
        mode="markers",
        name=_("states of sentences"),
        hoverinfo="skip",
        marker={"size": 4, "color": THRESHOLD, "opacity": 0.35},
    )
    for index, (number, states) in enumerate(paths):
        look = SENTENCES[index % len(SENTENCES)]
        x, y = _coordinates(np.concatenate([np.zeros_like(states[:1]), states]), space, plane)
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines+markers",
            name=_("sentence {number}").format(number=number),
            hoverinfo="skip",
            line={"color": look.color, "dash": look.dash, "width": 2},
            marker={"size": [0.1, *[9] * len(states)], "symbol": "arrow", "angleref": "previous", "color": look.color},
        )
    if result.slow:
        x, y = _coordinates(np.stack([point.hidden for point in result.slow]), space, plane)
        figure.add_scatter(
            x=x,
            y=y,
            mode="markers",
            name=_("slow, not a fixed point"),
            marker={"size": 6, "symbol": "x-thin", "line": {"width": 1.2, "color": THRESHOLD}},
            customdata=[(point.logit, point.speed) for point in result.slow],
            hovertemplate=_("slow point: logit {logit}, speed {speed} per step").format(
                logit="%{customdata[0]:.3f}", speed="%{customdata[1]:.1e}"
            )
            + "<extra></extra>",
        )
    names = {"stable": _("stable"), "marginal": _("too close to tell"), "unstable": _("unstable")}
    most = max((abs(point.logit) for point in result.points), default=1.0) or 1.0
    scale_shown = True
    for kind, symbol in _SYMBOLS.items():
        rows = [row for row, point in enumerate(result.points) if point.stability == kind]
        if not rows:
            continue
        points = [result.points[row] for row in rows]
        x, y = _coordinates(np.stack([point.hidden for point in points]), space, plane)
        figure.add_scatter(
            x=x,
            y=y,
            mode="markers",
            name=names[kind],
            marker={
                "size": 13,
                "symbol": symbol,
                "color": [round(point.logit, 4) for point in points],
                "colorscale": DIVERGING,
                "cmin": -most,
                "cmax": most,
                "line": {"width": 1.5, "color": THRESHOLD},
                "showscale": scale_shown,
                "colorbar": {"title": {"text": layout.log_odds(result.target)}, "thickness": 12},
            },
            customdata=[
                (row + 1, point.logit, abs(point.eigenvalues[0]), point.time_constants[0])
                for row, point in zip(rows, points, strict=True)
            ],
            hovertemplate=_("point {number}: logit {logit}, leading |λ| {leading}, time constant {steps}").format(
                number="%{customdata[0]}",
                logit="%{customdata[1]:.3f}",
                leading="%{customdata[2]:.4f}",
                steps="%{customdata[3]:.1f}",
            )
            + f"<extra>{names[kind]}</extra>",
        )
        scale_shown = False
    if chosen is not None:
        x, y = _coordinates(result.points[chosen].hidden[None], space, plane)
        layout.ringed(figure, x[0], y[0], _("chosen"), 21)
    return layout.finish(
        figure,
        _("{model}: fixed points").format(model=layout.model_name(result.model)),
        480,
        x={"title": _axis(plane[0], along or result.target), "zeroline": False},
        y={"title": _axis(plane[1], along or result.target), "zeroline": False},
        legend=layout.below(0.22),
        hovermode="closest",
    )


def eigenvalues_figure(result: FixedPoints, number: int) -> go.Figure:
    """All eigenvalues of the Jacobian at the point of this index, in the complex plane with its unit circle."""
    point: Point = result.points[number]
    angles = np.linspace(0, 2 * np.pi, 181)
    figure = go.Figure()
    figure.add_scatter(
        x=np.cos(angles).round(5),
        y=np.sin(angles).round(5),
        mode="lines",
        name=_("unit circle"),
        hoverinfo="skip",
        line=layout.DASHED,
    )
    fates = np.array(point.fates)
    names = {"stable": _("decays"), "unstable": _("grows"), "marginal": _("too close to tell")}
    for (fate, name), look in zip(names.items(), SERIES, strict=False):
        rows = fates == fate
        if rows.any():
            figure.add_scatter(
                x=point.eigenvalues.real[rows].round(6),
                y=point.eigenvalues.imag[rows].round(6),
                mode="markers",
                name=name,
                marker={"symbol": look.marker, "size": 7, "color": look.color},
                customdata=np.stack([np.abs(point.eigenvalues), point.time_constants], axis=1)[rows],
                hovertemplate=_("|λ| {modulus}, time constant {steps}").format(
                    modulus="%{customdata[0]:.4f}", steps="%{customdata[1]:.1f}"
                )
                + "<extra></extra>",
            )
    return layout.finish(
        figure,
        _("{model}: eigenvalues at point {number}").format(model=layout.model_name(result.model), number=number + 1),
        440,
        x={"title": _("real part"), "zeroline": False},
        y={"title": _("imaginary part"), "zeroline": False, "scaleanchor": "x", "scaleratio": 1},
        legend=layout.below(0.22),
    )


def _coordinates(states: np.ndarray, space: StateSpace, plane: tuple[int, int]) -> np.ndarray:
    """States [N, H] on the two axes, [2, N]."""
    return coordinates(space, space.project(states), plane).T.round(5)


def _axis(axis: int, along: Target) -> str:
    if axis == 0:
        return _("read-out ({log_odds})").format(log_odds=layout.log_odds(along))
    return _("component {number}").format(number=axis)

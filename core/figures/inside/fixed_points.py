"""Where a model comes to rest: its fixed points in its state space, and the eigenvalues at one of them."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from core.data.labels import model_name
from core.figures.palette import CHOSEN, DIVERGING, SERIES, THRESHOLD
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.models.state_space import StateSpace
    from core.probes.dynamics.fixed_points import FixedPoints, Point

_MOST_VISITED = 1_000  # states behind the points; more are only a stain
_SYMBOLS = {"stable": "circle", "marginal": "square", "unstable": "diamond"}


def points_figure(
    found: FixedPoints,
    space: StateSpace,
    paths: Sequence[tuple[int, np.ndarray]] = (),
    plane: tuple[int, int] = (0, 1),
    chosen: int | None = None,
) -> go.Figure:
    """Fixed points on two axes of the model's state space, over the states that sentences pass through.

    `paths` are numbered sentences with their hidden states [T, H]. A point's marker tells its stability and its colour
    its logit; slow points, which are none, are small crosses. The point of number `chosen` has a ring.
    """
    figure = go.Figure()
    for number, axis in enumerate(plane):
        if axis == 0:
            line = {"color": THRESHOLD, "width": 1, "dash": "dash"}
            (figure.add_hline(y=0, line=line) if number else figure.add_vline(x=0, line=line))
    every = -(-len(found.visited) // _MOST_VISITED)
    x, y = _places(found.visited[::every], space, plane)
    figure.add_scatter(
        x=x,
        y=y,
        mode="markers",
        name=_("states of sentences"),
        hoverinfo="skip",
        marker={"size": 4, "color": THRESHOLD, "opacity": 0.35},
    )
    for place, (number, states) in enumerate(paths):
        look = SERIES[place % len(SERIES)]
        x, y = _places(np.concatenate([np.zeros_like(states[:1]), states]), space, plane)
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines+markers",
            name=_("sentence {number}").format(number=number),
            hoverinfo="skip",
            line={"color": look.color, "dash": look.dash, "width": 2},
            marker={"size": [0.1, *[9] * len(states)], "symbol": "arrow", "angleref": "previous", "color": look.color},
        )
    if found.slow:
        x, y = _places(np.stack([point.hidden for point in found.slow]), space, plane)
        figure.add_scatter(
            x=x,
            y=y,
            mode="markers",
            name=_("slow, no fixed point"),
            marker={"size": 6, "symbol": "x-thin", "line": {"width": 1.2, "color": THRESHOLD}},
            customdata=[(point.logit, point.speed) for point in found.slow],
            hovertemplate=_("slow point: logit {logit}, {speed} a step").format(
                logit="%{customdata[0]:.3f}", speed="%{customdata[1]:.1e}"
            )
            + "<extra></extra>",
        )
    names = {"stable": _("stable"), "marginal": _("too near to tell"), "unstable": _("unstable")}
    most = max((abs(point.logit) for point in found.points), default=1.0) or 1.0
    scale_shown = True
    for kind, symbol in _SYMBOLS.items():
        rows = [row for row, point in enumerate(found.points) if point.stability == kind]
        if not rows:
            continue
        points = [found.points[row] for row in rows]
        x, y = _places(np.stack([point.hidden for point in points]), space, plane)
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
                "colorbar": {"title": {"text": _("logit")}, "thickness": 12},
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
        x, y = _places(found.points[chosen].hidden[None], space, plane)
        figure.add_scatter(
            x=x,
            y=y,
            mode="markers",
            name=_("chosen"),
            hoverinfo="skip",
            marker={"size": 21, "symbol": "circle-open", "color": CHOSEN, "line": {"width": 2.5}},
        )
    return figure.update_layout(
        title={"text": _("{model}: where it comes to rest").format(model=_name(found))},
        xaxis={"title": _axis(plane[0]), "zeroline": False},
        yaxis={"title": _axis(plane[1]), "zeroline": False},
        legend={"orientation": "h", "x": 0, "y": -0.22, "yanchor": "top"},
        hovermode="closest",
        height=480,
        margin={"t": 50, "b": 40, "l": 10, "r": 10},
    )


def eigenvalues_figure(found: FixedPoints, number: int) -> go.Figure:
    """All eigenvalues of the Jacobian at the point of a number, from 0, in the complex plane with its unit circle."""
    point: Point = found.points[number]
    angles = np.linspace(0, 2 * np.pi, 181)
    figure = go.Figure()
    figure.add_scatter(
        x=np.cos(angles).round(5),
        y=np.sin(angles).round(5),
        mode="lines",
        name=_("unit circle"),
        hoverinfo="skip",
        line={"color": THRESHOLD, "width": 1, "dash": "dash"},
    )
    fates = np.array(point.fates)
    names = {"stable": _("dies out"), "unstable": _("grows"), "marginal": _("too near to tell")}
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
    return figure.update_layout(
        title={"text": _("{model}: eigenvalues at point {number}").format(model=_name(found), number=number + 1)},
        xaxis={"title": _("real part"), "zeroline": False},
        yaxis={"title": _("imaginary part"), "zeroline": False, "scaleanchor": "x", "scaleratio": 1},
        legend={"orientation": "h", "x": 0, "y": -0.22, "yanchor": "top"},
        height=440,
        margin={"t": 50, "b": 40, "l": 10, "r": 10},
    )


def _places(states: np.ndarray, space: StateSpace, plane: tuple[int, int]) -> list[np.ndarray]:
    """Where states [N, H] are on the two axes; along the read-out's as the logit that they give."""
    places = space.project(states)
    return [(space.scale * places[:, axis] + space.bias if axis == 0 else places[:, axis]).round(5) for axis in plane]


def _axis(axis: int) -> str:
    return _("read-out (logit)") if axis == 0 else _("component {number}").format(number=axis)


def _name(found: FixedPoints) -> str:
    return html.escape(model_name(found.model), quote=False)

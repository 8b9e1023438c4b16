"""The path of texts through one model's state space, with the line at which the verdict turns."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from core.figures.palette import SERIES, THRESHOLD
from core.figures.prefixes import tick
from core.language import gettext as _

if TYPE_CHECKING:
    from core.state_space import StateSpace
    from core.trace import Trace

MOST_ARROWS = 60  # more than this along one path cannot be told apart
_MOST_NAMED = 12  # tokens of one path; more names hide one another


def arrows_every(tokens: int) -> int:
    """Of a path of so many tokens, every how many-th has an arrow and can be pointed at."""
    return -(-max(tokens, 1) // MOST_ARROWS)


def state_path(
    traces: Sequence[Trace], places: Sequence[np.ndarray], space: StateSpace, plane: tuple[int, int] = (0, 1)
) -> go.Figure:
    """Paths of one model's traces, whose `places` [T, 3] are along the axes of `space`; `plane` names two of these.

    Axis 0, the read-out's, is measured in logits, so the verdict turns at 0; the others in units of the state. Each
    path begins at the state before the first token, drawn as a cross, and its arrows point the way it is gone.
    """
    figure = go.Figure()
    name = html.escape(traces[0].model.upper(), quote=False) if traces else ""
    across, up = plane
    for number, axis in enumerate(plane):
        if axis == 0:
            line = {"color": THRESHOLD, "width": 1, "dash": "dash"}
            (figure.add_hline(y=0, line=line) if number else figure.add_vline(x=0, line=line))
    start = [float(_along(space, np.zeros((1, len(space.axes))), axis)[0]) for axis in plane]
    for place, (trace, found) in enumerate(zip(traces, places, strict=True)):
        look = SERIES[place % len(SERIES)]
        x, y = (np.concatenate([[first], _along(space, found, axis)]) for first, axis in zip(start, plane, strict=True))
        label = _("sentence {number}").format(number=place + 1)
        figure.add_scatter(
            x=x.round(5),
            y=y.round(5),
            name=label,
            legendgroup=label,
            mode="lines",
            line={"color": look.color, "dash": look.dash, "width": 2},
            hoverinfo="skip",
        )
        every = arrows_every(len(trace))
        rows = list(range(len(trace) - 1, -1, -every))[::-1]  # the last token's always among them
        named = len(trace) <= _MOST_NAMED
        figure.add_scatter(
            x=[x[0], *x[1:][rows].round(5)],
            y=[y[0], *y[1:][rows].round(5)],
            name=label,
            legendgroup=label,
            showlegend=False,
            mode="markers+text" if named else "markers",
            marker={
                "color": look.color,
                "symbol": "arrow",
                "angleref": "previous",
                "size": [0.1, *[13] * len(rows)],
            },
            text=["", *(tick(trace.tokens[row]) for row in rows)],
            textposition="top center" if place % 2 == 0 else "bottom center",
            cliponaxis=False,
            customdata=[(0, "", 0.5)]
            + [
                (row + 1, html.escape(trace.tokens[row], quote=False), round(float(trace.probability[row]), 4))
                for row in rows
            ],
            hovertemplate=_("{place}. {token}: P(positive) {probability}").format(
                place="%{customdata[0]}", token="%{customdata[1]}", probability="%{customdata[2]:.3f}"
            )
            + f"<extra>{label}</extra>",
        )
    figure.add_scatter(
        x=[start[0]],
        y=[start[1]],
        mode="markers",
        name=_("before the first token"),
        marker={"symbol": "x", "size": 11, "color": THRESHOLD},
        hoverinfo="skip",
    )
    return figure.update_layout(
        title={"text": _("{model}: the path of its states").format(model=name)},
        xaxis={"title": _axis(space, across), "zeroline": False},
        yaxis={"title": _axis(space, up), "zeroline": False},
        legend={"orientation": "h", "x": 0, "y": -0.2, "yanchor": "top"},
        hovermode="closest",
        height=460,
        margin={"t": 50, "b": 40, "l": 10, "r": 10},
    )


def _along(space: StateSpace, places: np.ndarray, axis: int) -> np.ndarray:
    """Places along an axis; along the read-out's as the logit that they give."""
    found: np.ndarray = places[:, axis].astype(np.float64)
    return space.scale * found + space.bias if axis == 0 else found


def _axis(space: StateSpace, axis: int) -> str:
    """An axis's title, short enough for three figures side by side, with its share of the states' variance."""
    share = float(space.explained[axis])
    if axis == 0:
        return _("read-out (logit; {share:.0%})").format(share=share)
    return _("component {number} ({share:.0%})").format(number=axis, share=share)

"""The path of texts through one model's state space, or through the verdicts on three classes, with the lines at which
the verdict turns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from core.data import targets
from core.data.labels import Names, shown
from core.figures import layout
from core.figures.labels import sides
from core.figures.palette import CHOSEN, SENTENCES, THRESHOLD
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.models.state_space import StateSpace
    from core.models.trace import Trace

MOST_ARROWS = 60  # more than this along one path cannot be told apart
_MOST_NAMED = 12  # tokens of one path; of more too few could be named to follow it by
_PIXELS = (165.0, 250.0)  # that the points fill where three figures stand side by side on a small screen

_CORNERS = np.array([[0, 0], [1, 0], [0.5, 3**0.5 / 2]])  # of a triangle, one for each of three classes

Place = tuple[int, int]  # a path's index, and a token's in it


def arrows_every(tokens: int) -> int:
    """Of a path of so many tokens, every how many-th one has an arrow and a hover label."""
    return -(-max(tokens, 1) // MOST_ARROWS)


def state_path(
    traces: Sequence[Trace],
    places: Sequence[np.ndarray],
    space: StateSpace,
    plane: tuple[int, int] = (0, 1),
    step: int | None = None,
) -> go.Figure:
    """Paths of one model's traces, whose `places` [T, 3] are along the axes of `space`; `plane` names two of these.

    Axis 0, the read-out's, is measured in logits of the traces' target, so the verdict turns at 0; the others in units
    of the state. Each path begins at the state before the first token, drawn as a cross, and its arrows point the way
    it is gone. Tokens are named as far as their names do not cover one another; what the paths begin with in common is
    named once. The states after a chosen `step`, from 1, are ringed.
    """
    figure = go.Figure()
    across, up = plane
    for number, axis in enumerate(plane):
        if axis == 0:
            (figure.add_hline if number else figure.add_vline)(0, line=layout.DASHED)
    start = coordinates(space, np.zeros((1, len(space.axes))), plane)[0].tolist()
    _draw(figure, traces, [coordinates(space, points, plane) for points in places], start, step)
    logit = layout.log_odds(*(trace.target for trace in traces))
    return layout.finish(
        figure,
        _("{model}: path of the hidden states").format(model=layout.model_name(traces[0].model) if traces else ""),
        460,
        x={"title": _axis(space, across, logit), "zeroline": False},
        y={"title": _axis(space, up, logit), "zeroline": False},
        legend=layout.below(0.2),
        hovermode="closest",
    )


def has_triangle(labels: Names) -> bool:
    """Whether a `triangle_path` can be drawn of these classes."""
    return len(labels) == len(_CORNERS)


def triangle_path(traces: Sequence[Trace], step: int | None = None) -> go.Figure:
    """Paths of one model's verdicts on three classes, each at a corner of a triangle, at least one.

    A verdict lies at the mean of the corners, weighted by the classes' probabilities; the verdict turns at the dashed
    lines. Paths are drawn as those of `state_path`.
    """
    figure, first = go.Figure(), traces[0]
    labels, middle = first.target.labels, _CORNERS.mean(axis=0)
    outline = np.concatenate([_CORNERS, _CORNERS[:1]])
    figure.add_scatter(
        x=outline[:, 0], y=outline[:, 1], mode="lines", line={"color": THRESHOLD}, showlegend=False, hoverinfo="skip"
    )
    for number, (corner, (x, y)) in enumerate(zip(_CORNERS, (_CORNERS.sum(axis=0) - _CORNERS) / 2, strict=True)):
        figure.add_shape(type="line", x0=middle[0], y0=middle[1], x1=x, y1=y, line=layout.DASHED)
        figure.add_annotation(
            x=corner[0],
            y=corner[1],
            text=layout.tick(shown(labels[number])),
            showarrow=False,
            yanchor="bottom" if corner[1] else "top",
        )
    along = [_in_triangle(trace.scores) for trace in traces]
    _draw(figure, traces, along, _in_triangle(first.empty_scores)[0].tolist(), step)
    hidden = {"visible": False}
    return layout.finish(
        figure,
        _("{model}: path of the verdicts").format(model=layout.model_name(first.model)),
        460,
        x={**hidden, "range": [-0.1, 1.1]},
        y={**hidden, "scaleanchor": "x", "range": [-0.1, 0.97]},
        legend=layout.below(0.05),
        hovermode="closest",
    )


def _in_triangle(scores: np.ndarray | None) -> np.ndarray:
    """Where verdicts of scores [T, 3] or [3] lie, [T, 2]."""
    assert scores is not None  # there are some of more than two classes
    places: np.ndarray = targets.probabilities(np.atleast_2d(scores)) @ _CORNERS
    return places


def _draw(
    figure: go.Figure,
    traces: Sequence[Trace],
    along: Sequence[np.ndarray],
    start: Sequence[float],
    step: int | None = None,
) -> None:
    """The paths [T, 2] of traces from their start."""
    sides = _name_sides(traces, along, start)
    chance = layout.probability(targets.common([trace.target for trace in traces]))
    for path, (trace, points) in enumerate(zip(traces, along, strict=True)):
        look = SENTENCES[path % len(SENTENCES)]
        x, y = (np.concatenate([[first], of_axis]) for first, of_axis in zip(start, points.T, strict=True))
        label = _("sentence {number}").format(number=path + 1)
        figure.add_scatter(
            x=x.round(5),
            y=y.round(5),
            name=label,
            legendgroup=label,
            showlegend=len(traces) > 1,
            mode="lines",
            line={"color": look.color, "dash": look.dash, "width": 2},
            hoverinfo="skip",
        )
        every = arrows_every(len(trace))
        rows = list(range(len(trace) - 1, -1, -every))[::-1]  # the last token's always among them
        # An arrow is turned by the marker before it, so the token before has one too, too small to see.
        marked = rows if every == 1 else sorted({*rows, *(row - 1 for row in rows if row)})
        arrows = set(rows)
        named = [sides.get((path, row)) if row in arrows else None for row in marked]
        figure.add_scatter(
            x=[x[0], *x[1:][marked].round(5)],
            y=[y[0], *y[1:][marked].round(5)],
            name=label,
            legendgroup=label,
            showlegend=False,
            mode="markers+text" if any(named) else "markers",
            marker={
                "color": look.color,
                "symbol": "arrow",
                "angleref": "previous",
                "size": [0.1, *(13 if row in arrows else 0.1 for row in marked)],
                "line": {"width": 0 if every == 1 else 1, "color": THRESHOLD},  # stand out of a dense line
            },
            text=[
                "",
                *(layout.tick(trace.tokens[row]) if side else "" for row, side in zip(marked, named, strict=True)),
            ],
            textposition=["top center", *(side or "top center" for side in named)],
            cliponaxis=False,
            customdata=[(0, "", 0.5)]
            + [(row + 1, layout.escaped(trace.tokens[row]), round(float(trace.probability[row]), 4)) for row in marked],
            hovertemplate=_("{place}. {token}: {chance} {probability}").format(
                chance=chance,
                place="%{customdata[0]}",
                token="%{customdata[1]}",
                probability="%{customdata[2]:.3f}",
            )
            + f"<extra>{label}</extra>",
        )
    figure.add_scatter(
        x=[start[0]],
        y=[start[1]],
        mode="markers",
        name=_("start"),
        marker={"symbol": "x", "size": 11, "color": THRESHOLD},
        hoverinfo="skip",
    )
    ringed = [points[step - 1].tolist() for points in along if step is not None and step <= len(points)]
    if ringed:
        figure.add_scatter(
            x=[x for x, _y in ringed],
            y=[y for _x, y in ringed],
            mode="markers",
            name=_("word {number}").format(number=step),
            marker=layout.ring(CHOSEN, 20),
            hoverinfo="skip",
        )


def _name_sides(traces: Sequence[Trace], along: Sequence[np.ndarray], start: Sequence[float]) -> dict[Place, str]:
    """On which side of its point a token is named, by the indices of its path and token; the rest are not named."""
    order: list[Place] = []
    for path, trace in enumerate(traces):
        if len(trace) <= _MOST_NAMED:
            shared = max((_shared(trace, other) for other in traces[:path]), default=0)
            order += [(path, row) for row in range(shared, len(trace))]
    # The ends of the paths first: there the verdict is read.
    order.sort(key=lambda place: place[1] != len(traces[place[0]]) - 1)
    points = np.array([along[path][row] for path, row in order] + [start])
    placed = sides(points, [layout.cut(traces[path].tokens[row]) for path, row in order] + [""], *_PIXELS)
    return {place: side for place, side in zip(order, placed, strict=False) if side}


def _shared(a: Trace, b: Trace) -> int:
    """How many tokens two texts begin with in common."""
    same = [one == other for one, other in zip(a.tokens, b.tokens, strict=False)]
    return same.index(False) if False in same else len(same)


def coordinates(space: StateSpace, places: np.ndarray, plane: tuple[int, int]) -> np.ndarray:
    """Places [N, 3] along two axes, [N, 2]; along the read-out's as the logit that they give."""
    values = places[:, plane].astype(np.float64)
    return np.where(np.array(plane) == 0, space.scale * values + space.bias, values)


def _axis(space: StateSpace, axis: int, logit: str) -> str:
    """An axis's title, short enough for three figures side by side, with its share of the states' variance."""
    share = float(space.explained[axis])
    if axis == 0:
        return _("read-out ({logit}; {share:.0%})").format(logit=logit, share=share)
    return _("component {number} ({share:.0%})").format(number=axis, share=share)

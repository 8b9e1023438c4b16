"""A Gaussian mixture: points under ellipses or density curves, the log-likelihood by half-step, and a collapse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from core.figures import layout
from core.figures.palette import CHOSEN, SERIES, THRESHOLD
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.lab.mixture.collapse import Collapse
    from core.lab.mixture.em import Mixture, Parameters

_TURN = np.linspace(0, 2 * np.pi, 73)
_ROOM = 0.12  # around the points, as a share of their range


def step_name(half_step: int) -> str:
    """What was done last, after so many half-steps."""
    if half_step == 0:
        return _("start")
    iteration = (half_step + 1) // 2
    step = _("E-step") if half_step % 2 else _("M-step")
    return _("iteration {number}, after its {step}").format(number=iteration, step=step)


def ellipse(mean: np.ndarray, covariance: np.ndarray, deviations: float) -> np.ndarray:
    """The outline [73, 2] of the points at so many standard deviations (Mahalanobis distance) from a mean [2]."""
    values, vectors = np.linalg.eigh(covariance)
    circle = np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1)
    outline: np.ndarray = mean + deviations * (circle * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return outline


def mixture_plane(
    mixture: Mixture,
    half_step: int,
    axes: tuple[str, str],
    point: int | None = None,
    labels: Sequence[str] | None = None,
) -> go.Figure:
    """Points along the first two axes after so many half-steps, and each component's ellipses at 1σ and 2σ.

    Points on a line lie at the foot of the components' densities, each times its weight, and of their sum.

    A point has the marker of the component most responsible for it, and its colour is mixed of all by responsibility;
    before the first E-step all are grey. Of more than two axes the ellipses are the marginals of these two. A chosen
    `point`, counted from 0, is ringed; `labels`, one a point, appear where it is pointed at.
    """
    parameters, delta = mixture.parameters_at(half_step), mixture.responsibilities_at(half_step)
    points, line = mixture.points, mixture.points.shape[1] == 1
    if line:
        points = np.hstack([points, np.zeros_like(points)])
    figure = go.Figure()
    shown = [f"#{row + 1}" for row in range(len(mixture.points))]
    if labels is not None:
        shown = [f"{number} {layout.tick(label)}" for number, label in zip(shown, labels, strict=True)]
    if delta is None:
        _points(figure, points, shown, _("points"), THRESHOLD, "circle")
    else:
        colors, most = _mixed(delta), delta.argmax(axis=1)
        for k in range(parameters.components):
            rows = np.flatnonzero(most == k)
            texts = [f"{shown[row]}: δ = {', '.join(f'{value:.3f}' for value in delta[row])}" for row in rows]
            name, look = _("component {number}").format(number=k + 1), SERIES[k % len(SERIES)]
            _points(figure, points[rows], texts, name, [colors[row] for row in rows], look.marker, legend=False)
        for k in range(parameters.components):  # the legend would show the mixed colour of the first point
            look = SERIES[k % len(SERIES)]
            name = _("component {number}").format(number=k + 1)
            figure.add_scatter(
                x=[None], y=[None], mode="markers", name=name, marker={"color": look.color, "symbol": look.marker}
            )
    if line:
        _densities(figure, parameters, _range(mixture.points[:, 0]))
    else:
        for k in range(parameters.components):
            _component(figure, k, parameters.means[k, :2], parameters.covariances[k, :2, :2])
    if point is not None:
        layout.ringed(figure, points[point, 0], points[point, 1], _("chosen point"), 17)
    ranges = [_range(points[:, 0]), None if line else _range(points[:, 1])]
    return layout.finish(
        figure,
        _("Mixture at {step}").format(step=step_name(half_step)),
        560,
        x={"title": layout.escape(axes[0]), "range": ranges[0], "zeroline": False},
        y={"title": _("density") if line else layout.escape(axes[1]), "range": ranges[1], "zeroline": line},
        legend=layout.below(0.14),
    )


def likelihood(mixture: Mixture, half_step: int) -> go.Figure:
    """The log-likelihood after every iteration, below it the bound that both half-steps raise; what regularisation did.

    The axis counts iterations; E-steps are at their halves.
    """
    made = mixture.iterations
    figure = go.Figure()
    numbers = list(range(len(made) + 1))
    values = [made[0].log_likelihood_before, *(one.log_likelihood for one in made)]
    bound_x = [x for one in made for x in (one.number - 0.5, one.number)]
    bound_y = [y for one in made for y in (one.log_likelihood_before, one.bound)]
    for name, x, y, look in (
        (_("log-likelihood"), numbers, values, SERIES[0]),
        (_("bound F, after each half-step"), bound_x, bound_y, SERIES[2]),
    ):
        layout.curve(figure, x, y, name, look, hovertemplate="%{y:.4f}")
    for name, chosen, symbol, color, size in (
        (
            _("limited by regularisation"),
            [one for one in made if one.floor_active],
            "diamond-open",
            SERIES[1].color,
            12,
        ),
        (_("it decreased"), [one for one in made if one.fell], "triangle-down", SERIES[3].color, 11),
    ):
        if chosen:
            figure.add_scatter(
                x=[one.number for one in chosen],
                y=[one.log_likelihood for one in chosen],
                mode="markers",
                name=name,
                marker={"symbol": symbol, "size": size, "color": color, "line": {"width": 2}},
                hovertemplate="%{y:.4f}",
            )
    figure.add_vline(x=half_step / 2, line={"color": CHOSEN, "width": 1.5, "dash": "dot"})
    return layout.finish(
        figure,
        _("Log-likelihood, half-step by half-step"),
        420,
        x={"title": _("iterations"), "rangemode": "tozero"},
        y=_("nats, summed over points"),
        legend=layout.below(0.2),
    )


def _points(
    figure: go.Figure,
    points: np.ndarray,
    texts: Sequence[str],
    name: str,
    color: str | list[str],
    symbol: str,
    *,
    legend: bool = True,
) -> None:
    figure.add_scatter(
        x=points[:, 0],
        y=points[:, 1],
        mode="markers",
        name=name,
        showlegend=legend,
        marker={"color": color, "symbol": symbol, "size": 8, "line": {"color": "#ffffff", "width": 0.6}},
        text=list(texts),
        hovertemplate="%{text}<extra></extra>",
    )


def _component(figure: go.Figure, k: int, mean: np.ndarray, covariance: np.ndarray) -> None:
    look, name = SERIES[k % len(SERIES)], _("component {number}").format(number=k + 1)
    for deviations, dash in ((1, "solid"), (2, "dot")):
        outline = ellipse(mean, covariance, deviations)
        figure.add_scatter(
            x=outline[:, 0].round(5),
            y=outline[:, 1].round(5),
            mode="lines",
            name=name,
            showlegend=False,
            line={"color": look.color, "dash": dash, "width": 2.5},
            hoverinfo="skip",
        )
    figure.add_scatter(
        x=[mean[0]],
        y=[mean[1]],
        mode="markers+text",
        text=[str(k + 1)],
        textposition="top center",
        textfont={"size": 15, "color": look.color},
        name=name,
        showlegend=False,
        marker={"symbol": "x", "size": 11, "color": look.color, "line": {"color": "#ffffff", "width": 1}},
        hovertemplate="μ = (%{x:.4f}, %{y:.4f})<extra></extra>",
    )


def _densities(figure: go.Figure, parameters: Parameters, ends: list[float]) -> None:
    """Each component's density times its weight, and their sum, over a line; finer near the means."""
    weights, means = parameters.weights, parameters.means[:, 0]
    deviations = np.sqrt(parameters.covariances[:, 0, 0])
    near = (means + deviations * np.linspace(-4, 4, 81)[:, None]).ravel()
    x = np.unique(np.concatenate([np.linspace(ends[0], ends[1], 201), near[(near > ends[0]) & (near < ends[1])]]))
    parts = weights * np.exp(-0.5 * ((x[:, None] - means) / deviations) ** 2) / (np.sqrt(2 * np.pi) * deviations)
    curves = [(_("component {number}").format(number=k + 1), part) for k, part in enumerate(parts.T)]
    for k, (name, y) in enumerate([*curves, (_("mixture"), parts.sum(axis=1))]):
        own = k < len(curves)
        figure.add_scatter(
            x=x.round(5),
            y=y,
            mode="lines",
            name=name,
            showlegend=not own,
            line={
                "color": SERIES[k % len(SERIES)].color if own else THRESHOLD,
                "width": 2.5,
                "dash": None if own else "dot",
            },
            hovertemplate="%{y:.4f}",
        )


def collapse_paths(found: Collapse, mixture: Mixture) -> go.Figure:
    """Each component's det Σ by iteration with nothing added, on a logarithmic axis; dotted, the run as it is."""
    figure = go.Figure()
    numbers = list(range(len(found.determinants)))
    with_all = [np.linalg.det(one.after.covariances) for one in mixture.iterations[: found.iteration]]
    here = np.array([found.determinants[0], *with_all])
    for k in range(mixture.start.components):
        look, name = SERIES[k % len(SERIES)], _("component {number}").format(number=k + 1)
        y = [value if value > 0 else None for value in found.determinants[:, k].tolist()]
        layout.curve(figure, numbers, y, name, look, hovertemplate="%{y:.3g}")
        if mixture.reg_covar:
            figure.add_scatter(
                x=numbers[: len(here)],
                y=here[:, k],
                mode="lines",
                name=_("{name}, with reg_covar").format(name=name),
                line={"color": look.color, "width": 1.5, "dash": "dot"},
                hovertemplate="%{y:.3g}",
            )
    return layout.finish(
        figure,
        _("The collapse, with nothing added"),
        320,
        x={"title": _("iterations"), "dtick": max(1, len(numbers) // 10)},
        y={"title": "σ²" if mixture.points.shape[1] == 1 else "det Σ", "type": "log", "exponentformat": "power"},
        legend=layout.below(0.25),
    )


def _mixed(delta: np.ndarray) -> list[str]:
    """The components' colours mixed by responsibility, for each point."""
    hues = [SERIES[k % len(SERIES)].color for k in range(delta.shape[1])]
    parts = np.array([[int(hue[at : at + 2], 16) for at in (1, 3, 5)] for hue in hues])
    return [f"rgb({red},{green},{blue})" for red, green, blue in (delta @ parts).round().astype(int)]


def _range(values: np.ndarray) -> list[float]:
    low, high = float(values.min()), float(values.max())
    room = _ROOM * (high - low) or 1.0
    return [low - room, high + room]

"""Fixed points as they are drawn: where, with which markers, over which paths."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.data.targets import Target
from core.figures.inside.fixed_points import eigenvalues_figure, points_figure
from core.models import state_space
from core.probes.dynamics.fixed_points import FixedPoints, Point
from tests.figures.shown import as_plotly_shows, assert_text

RNG = np.random.default_rng(0)
VISITED = RNG.normal(size=(40, 5))
READ_OUT = RNG.normal(size=5)
SPACE = state_space.fit(VISITED, READ_OUT, 0.3)


def point(*moduli: complex, speed: float = 1e-9) -> Point:
    hidden = RNG.normal(size=5)
    values = np.array([*moduli, 0.1, 0.1, 0.0], dtype=complex)
    return Point(hidden, hidden, float(hidden @ READ_OUT + 0.3), speed, 1, values)


STABLE, MARGINAL, UNSTABLE = point(0.5, 0.2), point(1.0, 0.2), point(0.9 + 0.8j, 0.9 - 0.8j)
FOUND = FixedPoints(
    model="<b>",
    input="zero",
    starts=4,
    tried=4,
    converged=3,
    smallest_speed=1e-9,
    points=(STABLE, MARGINAL, UNSTABLE),
    slow=(point(1.0, speed=1e-4),),
    read_out=READ_OUT,
    visited=VISITED,
    tokens=10.0,
    seconds=1.0,
)


def traces(figure: object) -> dict[str, object]:
    return {trace.name: trace for trace in figure.data}  # type: ignore[attr-defined]


def test_points_stand_at_their_logit_with_a_marker_for_their_stability() -> None:
    drawn = traces(points_figure(FOUND, SPACE))
    for name, symbol, kept in (
        ("stable", "circle", STABLE),
        ("too close to tell", "square", MARGINAL),
        ("unstable", "diamond", UNSTABLE),
    ):
        marker = drawn[name]
        assert list(marker.x) == pytest.approx([kept.logit], abs=1e-4)
        assert list(marker.y) == pytest.approx([SPACE.project(kept.hidden)[1]], abs=1e-4)
        assert marker.marker.symbol == symbol
        assert list(marker.marker.color) == pytest.approx([kept.logit], abs=1e-4)
    assert sum(bool(trace.marker.showscale) for trace in drawn.values()) == 1
    assert len(drawn["slow, not a fixed point"].x) == 1 and len(drawn["states of sentences"].x) == 40
    assert list(traces(points_figure(replace(FOUND, points=(), slow=()), SPACE))) == ["states of sentences"]
    for figure in (points_figure(FOUND, SPACE), eigenvalues_figure(FOUND, 0)):
        assert_text(figure, "<b>")


def test_paths_begin_at_the_start_state_and_the_chosen_point_has_a_ring() -> None:
    states = RNG.normal(size=(3, 5))
    drawn = traces(points_figure(FOUND, SPACE, [(2, states)], (1, 2), chosen=2))
    places = SPACE.project(states)
    assert list(drawn["sentence 2"].x) == pytest.approx([0.0, *places[:, 1]], abs=1e-4)
    assert list(drawn["sentence 2"].y) == pytest.approx([0.0, *places[:, 2]], abs=1e-4)
    assert list(drawn["chosen"].x) == pytest.approx([SPACE.project(UNSTABLE.hidden)[1]], abs=1e-4)


def test_eigenvalues_lie_inside_the_circle_or_outside() -> None:
    drawn = traces(eigenvalues_figure(FOUND, 2))
    assert len(drawn["unit circle"].x) == 181
    assert list(drawn["grows"].y) == pytest.approx([0.8, -0.8])
    assert list(drawn["decays"].x) == pytest.approx([0.1, 0.1, 0.0])
    assert {"grows", "too close to tell"}.isdisjoint(traces(eigenvalues_figure(FOUND, 0)))
    near = traces(eigenvalues_figure(replace(FOUND, points=(point(1.0005, -0.9995, 1.01),)), 0))
    assert list(near["too close to tell"].x) == pytest.approx([1.0005, -0.9995])
    assert list(near["grows"].x) == pytest.approx([1.01])


def test_a_target_of_several_classes_is_named() -> None:
    target = Target(("late", "<b>", "fine"), 1)
    figure = points_figure(replace(FOUND, target=target), SPACE, along=target.pair)
    assert as_plotly_shows(figure.layout.xaxis.title.text) == "read-out (log-odds of <b> against late)"
    (bar,) = (trace.marker.colorbar for trace in figure.data if trace.marker.showscale)
    assert as_plotly_shows(bar.title.text) == "log-odds of <b>"
    assert points_figure(FOUND, SPACE).layout.xaxis.title.text == "read-out (logit)"

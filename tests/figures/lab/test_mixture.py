"""The mixture's figures: every point drawn once, ellipses at their distance, the likelihood with its marks."""

from __future__ import annotations

import numpy as np
import pytest

from core.figures.lab.mixture import collapse_paths, ellipse, likelihood, mixture_plane, step_name
from core.figures.palette import SERIES, THRESHOLD
from core.lab.mixture.collapse import collapse
from core.lab.mixture.em import Mixture, first_guess, fit
from core.lab.mixture.points import draw, read_points, read_start
from tests.figures.shown import assert_text


def fitted(components: int = 3, reg_covar: float = 0.0, iterations: int = 4) -> Mixture:
    points = draw("clouds", 60, 0)
    return fit(points, first_guess(points, components, 0, reg_covar), iterations, reg_covar)


def test_an_ellipse_is_at_its_distance() -> None:
    random = np.random.default_rng(0)
    root = random.normal(size=(2, 2))
    mean, covariance = random.normal(size=2), root @ root.T
    for deviations in (1, 2):
        apart = ellipse(mean, covariance, deviations) - mean
        distance = np.einsum("ni,ij,nj->n", apart, np.linalg.inv(covariance), apart)
        assert distance == pytest.approx(deviations**2)


@pytest.mark.parametrize("half_step", [0, 1, 2, 5, 8])
def test_every_point_is_drawn_once_by_who_holds_it(half_step: int) -> None:
    found = fitted()
    figure = mixture_plane(found, half_step, ("across", "up"), point=3)
    assert step_name(half_step) in figure.layout.title.text
    assert (figure.layout.xaxis.title.text, figure.layout.yaxis.title.text) == ("across", "up")
    dots = [trace for trace in figure.data if trace.text is not None and trace.mode == "markers"]
    drawn = {tuple(point) for trace in dots for point in zip(trace.x, trace.y, strict=True)}
    assert drawn == {tuple(point) for point in found.points}
    assert sum(len(trace.x) for trace in dots) == 60
    delta = found.responsibilities_at(half_step)
    if delta is None:
        assert [trace.marker.color for trace in dots] == [THRESHOLD]
    else:
        assert [trace.marker.symbol for trace in dots] == [look.marker for look in SERIES[:3]]
        assert [len(trace.x) for trace in dots] == np.bincount(delta.argmax(axis=1), minlength=3).tolist()
    means = [(trace.x[0], trace.y[0]) for trace in figure.data if trace.mode == "markers+text"]
    assert means == [tuple(mean) for mean in found.parameters_at(half_step).means]
    outlines = [trace for trace in figure.data if trace.mode == "lines"]
    assert len(outlines) == 6
    ring = next(trace for trace in figure.data if trace.marker.symbol == "circle-open")
    assert (ring.x[0], ring.y[0]) == tuple(found.points[3])


def test_a_colour_is_mixed_by_responsibility() -> None:
    found = fitted(2, iterations=1)
    delta = found.iterations[0].responsibilities
    figure = mixture_plane(found, 1, ("x", "y"))
    (least,) = [i for i in range(60) if abs(delta[i, 0] - 0.5) == np.abs(delta[:, 0] - 0.5).min()]
    hues = np.array([[int(SERIES[k].color[at : at + 2], 16) for at in (1, 3, 5)] for k in (0, 1)])
    red, green, blue = np.rint(delta[least] @ hues).astype(int)
    colors = [color for trace in figure.data[:2] for color in trace.marker.color]
    assert f"rgb({red},{green},{blue})" in colors
    found = fitted()
    figure = mixture_plane(found, 1, ("<b>", "y"), labels=["<b>x</b>"] * 60)
    assert_text(figure, "<b>", "<b>x</b>")


def test_the_likelihood_and_what_regularisation_did() -> None:
    found = fitted(iterations=30)
    figure = likelihood(found, 5)
    line, bound = figure.data
    values = [found.iterations[0].log_likelihood_before, *(made.log_likelihood for made in found.iterations)]
    assert list(line.y) == values and list(line.x) == list(range(31))
    assert list(bound.x)[:4] == [0.5, 1, 1.5, 2]
    assert list(bound.y)[:3] == [values[0], found.iterations[0].bound, values[1]]
    assert figure.layout.shapes[0].x0 == 2.5
    again = fit(found.points, found.parameters, 3, 2.0)
    marks = {trace.name: trace for trace in likelihood(again, 0).data[2:]}
    held = [made.number for made in again.iterations if made.floor_active]
    assert held and list(marks["limited by regularisation"].x) == held
    assert list(marks["it decreased"].x) == [made.number for made in again.iterations if made.fell] != []


def test_points_on_a_line_lie_below_densities_that_sum_to_1() -> None:
    points = draw("clouds", 60, 0)[:, :1]
    found = fit(points, first_guess(points, 2, 0), 3)
    figure = mixture_plane(found, 6, ("x", ""), point=2)
    *parts, total = [trace for trace in figure.data if trace.mode == "lines"]
    x = np.array(total.x)
    assert np.trapezoid(total.y, x) == pytest.approx(1, abs=0.05)
    assert np.array(total.y) == pytest.approx(np.sum([trace.y for trace in parts], axis=0))
    assert {value for trace in figure.data if trace.mode == "markers" for value in trace.y} <= {0, None}


def test_a_collapse_is_drawn_down_to_its_end() -> None:
    points = read_points("1 1.4 2.1 5 5.4 6.3")
    start = read_start("0.5, 1.5, 0.5\n0.4, 5.2, 0.3\n0.1, 6.3, 0.2", 1, "full")
    mixture = fit(points, start, 5, 1e-3)
    found = collapse(mixture)
    assert found is not None
    figure = collapse_paths(found, mixture)
    assert figure.layout.yaxis.type == "log" and len(figure.data) == 6
    path = next(trace for trace in figure.data if trace.name == "component 3")
    assert list(path.y)[:3] == pytest.approx(found.determinants[:3, 2])
    held = next(trace for trace in figure.data if trace.name == "component 3, with reg_covar")
    assert min(held.y) > 1e-3

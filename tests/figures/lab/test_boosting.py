"""Figures of boosting hold the numbers of their rounds; classes differ by colour and marker; names stay text."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

from core.figures.lab.boosting import margins, progress, risk_by_error, risk_in_alpha, votes_and_errors, weighted_points
from core.lab.boosting.points import Cloud, draw
from core.lab.boosting.samme import Boosting, minima, normaliser
from core.lab.boosting.stumps import boost_stumps, regions
from tests.figures.shown import assert_text
from tests.hostile import SENTENCES

ROUNDS = 8


def boosted(name: str = "rings", classes: int = 3) -> tuple[Cloud, Boosting]:
    cloud = draw(name, classes, 90, 0)
    return cloud, boost_stumps(cloud, ROUNDS)


def plane(cloud: Cloud, found: Boosting, number: int) -> go.Figure:
    return weighted_points(cloud, found, number, regions(found, cloud.points, number))


@pytest.mark.parametrize("number", [1, 4, ROUNDS])
def test_points_stand_where_they_are_and_heavier_ones_are_larger(number: int) -> None:
    cloud, found = boosted()
    stump = found.rounds[number - 1].learnt
    (line,) = plane(cloud, found, number).layout.shapes
    assert ((line.x0, line.x1) if stump.axis == 0 else (line.y0, line.y1)) == (stump.threshold, stump.threshold)
    made = found.rounds[number - 1]
    ground, *classes, wrong = plane(cloud, found, number).data
    assert [(len(trace.x), trace.name) for trace in classes] == [(30, "class 1"), (30, "class 2"), (30, "class 3")]
    assert len({trace.marker.color for trace in classes}) == len({trace.marker.symbol for trace in classes}) == 3
    for place, trace in enumerate(classes):
        rows = np.flatnonzero(cloud.labels == place)
        assert pytest.approx(cloud.points[rows]) == np.array([trace.x, trace.y]).T
        assert [row[0] for row in trace.customdata] == list(rows + 1)
        assert [row[1] for row in trace.customdata] == pytest.approx(made.weights[rows], abs=1e-6)
        larger = np.diff(np.array(trace.marker.size)[np.argsort(made.weights[rows], kind="stable")])
        assert (larger >= -1e-9).all()
    assert pytest.approx(cloud.points[made.named != cloud.labels]) == np.array([wrong.x, wrong.y]).T
    # The ground is what the vote says at the points themselves.
    columns = np.searchsorted(ground.x, cloud.points[:, 0]) - 1
    rows = np.searchsorted(ground.y, cloud.points[:, 1]) - 1
    assert (np.array(ground.z)[rows, columns] == found.votes(number).argmax(axis=1)).all()


@pytest.mark.parametrize("classes", [2, 5])
def test_the_curve_of_the_risk_is_lowest_at_alpha(classes: int) -> None:
    _cloud, found = boosted(classes=classes)
    for made, check in zip(found.rounds, minima(found).values(), strict=True):
        curve, *marks = risk_in_alpha(found, check).data
        assert np.array(curve.y) == pytest.approx([normaliser(a, made.error, classes) for a in curve.x])
        assert abs(curve.x[int(np.argmin(curve.y))] - made.alpha) <= (curve.x[1] - curve.x[0])
        assert [mark.x[0] for mark in marks] == [check.alpha, check.numerical]
        assert curve.x[0] < 0 < check.alpha < curve.x[-1]
        assert len({mark.marker.symbol for mark in marks}) == 2


def test_each_error_has_a_curve_and_its_least() -> None:
    curves = [trace for trace in risk_by_error([0.3, 0.4], 3).data if trace.mode != "markers"]
    dots = [trace for trace in risk_by_error([0.3, 0.4], 3).data if trace.mode == "markers"]
    for error, curve, dot in zip([0.3, 0.4], curves, dots, strict=True):
        assert np.array(curve.y) == pytest.approx([normaliser(a, error, 3) for a in curve.x])
        assert dot.y[0] <= min(curve.y)
        assert dot.x[0] == pytest.approx(2 / 3 * np.log(2 * (1 - error) / error))


def test_lines_hold_every_round() -> None:
    _cloud, found = boosted()
    risk, error, outvoted = progress(found, 3).data
    assert list(risk.x) == list(range(ROUNDS + 1))
    assert list(risk.y) == [1, *(made.risk for made in found.rounds)]
    assert list(error.y) == [None, *(made.training_error for made in found.rounds)]
    assert list(outvoted.y) == [1, *(made.outvoted for made in found.rounds)]
    errors, alphas = votes_and_errors(found, 3).data
    assert list(errors.y) == [made.error for made in found.rounds]
    assert list(alphas.y) == [made.alpha for made in found.rounds]
    assert any(shape.y0 == pytest.approx(2 / 3) for shape in votes_and_errors(found, 3).layout.shapes)


def test_margins_are_shares_of_points() -> None:
    for chosen, lines in ((1, 2), (4, 3), (ROUNDS, 2)):
        _cloud, found = boosted()
        drawn = margins(found, chosen).data
        assert len(drawn) == lines
        for trace, number in zip(drawn, sorted({1, chosen, ROUNDS}), strict=True):
            known = found.margins(number)
            assert (trace.y[0], trace.y[-1]) == (0, 1)
            for x, y in list(zip(trace.x, trace.y, strict=True))[1:-1]:
                assert y == pytest.approx((known <= x + 1e-8).mean())


def every(cloud: Cloud, found: Boosting) -> list[go.Figure]:
    checked = [risk_in_alpha(found, check) for check in minima(found).values()][:1]
    return [plane(cloud, found, 1), *checked, progress(found, 1), votes_and_errors(found, 1), margins(found, 1)]


def test_names_of_classes_stay_text_and_a_perfect_learner_can_be_drawn() -> None:
    cloud, found = boosted()
    for figure in every(replace(cloud, names=(" ".join(SENTENCES), "<b>b</b>", "c")), found):
        assert_text(figure)
    for figure in every(*boosted("apart", 2)):
        assert "Infinity" not in figure.to_json() and "NaN" not in figure.to_json()

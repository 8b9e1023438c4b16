"""The mixture by hand: a worked example, the numbers of EM and of 60-digit decimals, every slip named, refusals."""

from __future__ import annotations

from decimal import Decimal, getcontext

import numpy as np
import pytest

from core.lab.attempt import Problem
from core.lab.mixture.em import KINDS, Kind, Parameters, fit, maximisation
from core.lab.mixture.problem import MOST_POINTS, Exercise, drawn, problem

POINTS = np.array([1.0, 1.7, 2.2, 3.9, 5.1])[:, None]
START = Parameters(np.array([0.4, 0.6]), np.array([[1.3], [4.2]]), np.array([[[1.4]], [[2.0]]]))


def by_hand() -> Problem:
    return problem(Exercise(POINTS, START))


def plane(kind: Kind) -> tuple[np.ndarray, Parameters]:
    points = np.array([[0.0, 0.4], [1.2, 0.1], [0.3, 1.1], [3.0, 2.2], [2.1, 3.4]])
    covariance = np.array([[2.0, 0.3], [0.3, 1.5]]) if kind in ("full", "tied") else np.diag([2.0, 1.5])
    if kind == "spherical":
        covariance = np.eye(2) * 2.0
    means = np.array([[0.5, 0.5], [2.5, 2.0]])
    return points, Parameters(np.array([0.3, 0.7]), means, np.repeat(covariance[None], 2, axis=0))


def test_an_iteration_against_decimals_of_60_digits() -> None:
    getcontext().prec = 60
    pi = Decimal("3.14159265358979323846264338327950288419716939937510582097494")
    x = [Decimal(repr(float(one))) for one in POINTS[:, 0]]
    weights, means, variances = (
        [Decimal(repr(float(one))) for one in values.ravel()]
        for values in (START.weights, START.means, START.covariances)
    )

    def densities() -> list[list[Decimal]]:
        return [
            [(-((one - m) ** 2) / (2 * s)).exp() / (2 * pi * s).sqrt() for m, s in zip(means, variances, strict=True)]
            for one in x
        ]

    def log_likelihood() -> Decimal:
        return sum((sum(w * n for w, n in zip(weights, row, strict=True)).ln() for row in densities()), Decimal(0))

    truth = by_hand().truth
    expected = {"l0": log_likelihood()}
    joint = [[w * n for w, n in zip(weights, row, strict=True)] for row in densities()]
    delta = [[one / sum(row) for one in row] for row in joint]
    for i, row in enumerate(densities()):
        for k, one in enumerate(row):
            expected |= {f"d1_{i + 1}_{k + 1}": one, f"r1_{i + 1}_{k + 1}": delta[i][k]}
    for k in (0, 1):
        held = sum(row[k] for row in delta)
        weights[k] = held / len(x)
        means[k] = sum(row[k] * one for row, one in zip(delta, x, strict=True)) / held
        variances[k] = sum(row[k] * (one - means[k]) ** 2 for row, one in zip(delta, x, strict=True)) / held
        expected |= {f"n1_{k + 1}": held, f"p1_{k + 1}": weights[k], f"m1_{k + 1}": means[k]}
        expected[f"v1_{k + 1}"] = variances[k]
    expected["l1"] = log_likelihood()
    assert expected.keys() == {blank.name for blank in by_hand().blanks()}
    for name, value in expected.items():
        assert truth[name] == pytest.approx(float(value), rel=1e-13)


@pytest.mark.parametrize("reg_covar", [0.0, 0.1])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dimensions", [1, 2])
def test_two_iterations_have_the_numbers_of_em(dimensions: int, kind: Kind, reg_covar: float) -> None:
    points, start = plane(kind) if dimensions == 2 else (POINTS, START)
    if dimensions == 1 and kind == "tied":
        start = Parameters(start.weights, start.means, np.full((2, 1, 1), 1.5))
    truth = problem(Exercise(points, start, kind, 2, reg_covar)).truth
    found = fit(points, start, 2, reg_covar, kind)
    for made in found.iterations:
        t = made.number
        assert truth[f"l{t - 1}"] == pytest.approx(made.log_likelihood_before, rel=1e-12)
        for (i, k), delta in np.ndenumerate(made.responsibilities):
            assert truth[f"r{t}_{i + 1}_{k + 1}"] == pytest.approx(delta, rel=1e-12)
        for k in (0, 1):
            assert truth[f"n{t}_{k + 1}"] == pytest.approx(made.maximised.counts[k], rel=1e-12)
            assert truth[f"p{t}_{k + 1}"] == pytest.approx(made.after.weights[k], rel=1e-12)
            for a in range(dimensions):
                mean = truth[f"m{t}_{k + 1}" + ("" if dimensions == 1 else f"_{a + 1}")]
                assert mean == pytest.approx(made.after.means[k, a], rel=1e-12)
                for b in range(a, dimensions):
                    entry = f"v{t}" + ("" if kind == "tied" else f"_{k + 1}")
                    if dimensions == 2 and kind != "spherical":
                        entry += f"_{a + 1}{b + 1}"
                    if entry in truth and not (kind == "spherical" and a != b):
                        assert truth[entry] == pytest.approx(made.after.covariances[k, a, b], rel=1e-12, abs=1e-14)
    assert truth["l2"] == pytest.approx(found.iterations[1].log_likelihood, rel=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_from_responsibilities_the_m_step_comes_first(kind: Kind) -> None:
    points, _start = plane(kind)
    delta = np.array([[0.9, 0.1], [0.7, 0.3], [0.8, 0.2], [0.2, 0.8], [0.4, 0.6]])
    made = problem(Exercise(points, delta, kind))
    assert [blank.name for blank in made.blanks()][:2] == ["n0_1", "p0_1"]
    start = maximisation(points, delta, 0.0, kind).parameters
    (step,) = fit(points, start, 1, 0.0, kind).iterations
    assert made.truth["m0_2_1"] == pytest.approx(start.means[1, 0], rel=1e-12)
    assert made.truth["r1_4_2"] == pytest.approx(step.responsibilities[3, 1], rel=1e-12)
    assert made.truth["l0"] == pytest.approx(step.log_likelihood_before, rel=1e-12)
    assert "l1" not in made.truth and "m1_1_1" not in made.truth


def test_every_slip_of_a_worked_example_is_named() -> None:
    made = by_hand()
    for blank in made.blanks():
        assert len(blank.slips) >= 2
        for slip in blank.slips:
            mark = made.marks({blank.name: f"{slip.formula(made.truth):.5f}"})[blank.name]
            assert (mark.kind, mark.said) == ("wrong", slip.said), (blank.name, slip.said)


def test_the_usual_mistakes_by_hand() -> None:
    made = by_hand()
    t = made.truth
    for name, typed, said in (
        ("r1_1_1", t["d1_1_1"] / (t["d1_1_1"] + t["d1_1_2"]), "weights π are forgotten"),
        ("r1_1_1", 0.4 * t["d1_1_1"], "Not normalised"),
        ("v1_1", t["v1_1"] ** 0.5, "This is σ"),
        ("m1_1", t["m1_1"] * t["n1_1"] / 5, "Divide by N_k"),
        ("v1_2", t["v1_2"] * t["n1_2"] / (t["n1_2"] - 1), "N_k − 1"),
        ("m1_2", float(POINTS.mean()), "plain mean of all points"),
        ("l0", t["l0"] / np.log(10), "natural logarithm"),
        ("l1", sum(np.log(t[f"p1_{k}"] * np.exp(-(x - t[f"m1_{k}"]) ** 2 / 2 / t[f"v1_{k}"])
                          / np.sqrt(2 * np.pi * t[f"v1_{k}"])) for x in POINTS[:, 0] for k in (1, 2)),
         "not the sum of the logs"),
    ):  # fmt: skip
        mark = made.marks({name: f"{typed:.4f}"})[name]
        assert mark.kind == "wrong" and said in mark.said
    marks = made.marks({"n1_1": "2.0", "p1_1": "0.4000", "m1_1": f"{t['m1_1'] * t['n1_1'] / 2:.4f}"})
    assert [marks[name].kind for name in ("n1_1", "p1_1", "m1_1")] == ["wrong", "follows", "follows"]


def test_drawn_exercises_are_varied_and_their_slips_told_apart() -> None:
    seen, wrong, named, typed = set(), 0, 0, 0
    for seed in range(24):
        exercise = drawn(seed)
        made = problem(exercise)
        seen.add((exercise.points.shape[1], exercise.kind, isinstance(exercise.start, Parameters)))
        for blank in made.blanks():
            assert made.marks({blank.name: f"{made.truth[blank.name]:.4f}"})[blank.name].good
            for slip in blank.slips:
                mark = made.marks({blank.name: f"{slip.formula(made.truth):.4f}"})[blank.name]
                typed, wrong, named = typed + 1, wrong + (mark.kind == "wrong"), named + (mark.said == slip.said)
    assert len(seen) >= 8
    assert wrong >= 0.98 * typed and named >= 0.95 * typed


def test_with_many_points_some_are_asked_for() -> None:
    points = np.linspace(0, 6, MOST_POINTS)[:, None].round(1)
    made = problem(Exercise(points, START))
    assert len(made.parts[0].blanks) == 12
    assert made.truth["n1_1"] == pytest.approx(fit(points, START, 1, 0.0).iterations[0].maximised.counts[0], rel=1e-12)


def test_what_cannot_be_worked_by_hand_is_one_line() -> None:
    with pytest.raises(ValueError, match="at most 12 points"):
        problem(Exercise(np.arange(13.0)[:, None], START))
    with pytest.raises(ValueError, match="and 4 components"):
        problem(Exercise(POINTS, np.full((5, 5), 0.2)))
    delta = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    with pytest.raises(ValueError, match="component 2 collapses in iteration 1"):
        problem(Exercise(POINTS, delta))
    far = Parameters(START.weights, START.means + np.array([[1e4], [2e4]]), START.covariances)
    with pytest.raises(ValueError, match="by hand"):
        problem(Exercise(POINTS, far))

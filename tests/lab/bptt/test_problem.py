"""The exercise to be tried: its numbers are the working's, and mistakes in it are named."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.lab.bptt.gradients import ACTIVATIONS, Exercise, backpropagation
from core.lab.bptt.problem import drawn, problem
from core.lab.bptt.units import Units, checks, work
from core.lab.typed_numbers import matrix, written

HUGE = 1e308
SEVERAL = Units(
    x=((1.0, -0.5), (0.5, 0.3), (-0.7, 0.2)),
    y=2.0,
    w_i=((0.6, 0.1), (-0.4, 0.8)),
    w_o=((1.5, -0.8), (0.3, 0.2), (-1.0, 0.4)),
    h_0=(0.2, -0.1),
)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("steps", [1, 2, 3, 7])
def test_the_numbers_are_those_of_the_working(steps: int, activation: str) -> None:
    exercise = Exercise(x=(1.0, 0.5, -0.3), y=1.0, h_0=0.4, activation=activation).over(steps)
    truth, worked = problem(exercise).truth, backpropagation(exercise)
    expected = {f"a_{step.t}": step.a for step in worked.steps} | {f"h_{step.t}": step.h for step in worked.steps}
    expected |= {
        "u": worked.logit,
        "p": worked.probability,
        "loss": worked.loss,
        "delta": dict(worked.readout)["dL/du"],
    }
    for gradient, key in zip(worked.gradients, ("o", "i", "h"), strict=True):
        expected[f"g{key}"] = gradient.value
        if key != "o":
            expected |= {f"t{key}_{term.t}": term.value for term in gradient.terms}
    assert {name: truth[name] for name in expected} == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("units", [Units(), Units(y=1.0, h_0=(0.3, -0.2)), SEVERAL])
def test_several_units_are_autograds_and_central_differences(units: Units, activation: str) -> None:
    units = Units(**{**vars(units), "activation": activation})
    worked, truth = work(units), problem(units).truth
    for name, (by_autograd, central) in checks(units).items():
        closed = getattr(worked, name)
        np.testing.assert_allclose(closed, by_autograd, rtol=0, atol=1e-12)
        np.testing.assert_allclose(closed, central, rtol=0, atol=1e-8)
        key = f"g{name[-1]}"
        for (row, column), value in np.ndenumerate(closed):
            assert truth[f"{key}_{row + 1}_{column + 1}"] == pytest.approx(value, abs=1e-12)
    assert truth["loss"] == pytest.approx(worked.loss, abs=1e-12)
    assert truth["d_1_2"] == pytest.approx(worked.d[0, 1], abs=1e-12)


def test_one_unit_in_vectors_is_the_scalar_network() -> None:
    for seed in range(20):
        exercise = drawn(seed)
        found, worked = work(Units.of(exercise)), backpropagation(exercise)
        assert found.loss == pytest.approx(worked.loss, abs=1e-12)
        for gradient in worked.gradients:
            assert getattr(found, gradient.name[4:])[0, 0] == pytest.approx(gradient.value, abs=1e-12)


def test_two_steps_worked_on_paper() -> None:
    # h_1 = 0, h_2 = tanh(ln 2) = 3/5, δ = ŷ − 1, slope 16/25.
    marks = problem(Exercise(x=(0.0, math.log(2)), y=1.0, w_i=1.0, w_h=1.0, w_o=1.0)).marks(
        {"a_1": "0", "h_1": "0", "a_2": "ln 2", "h_2": "3/5", "u": "0.6", "p": "1/(1+e^-0.6)", "d_2": "-0.64/(1+e^0.6)"}
    )
    assert {mark.kind for mark in marks.values()} == {"right"}


def test_slips_are_named() -> None:
    exercise = Exercise(x=(1.0, 0.5), y=0.0, h_0=0.5)
    asked = problem(exercise)
    value = asked.truth
    slope_2, slope_1 = 1 - value["h_2"] ** 2, 1 - value["h_1"] ** 2
    for key, wrong, said in (
        ("a_2", 0.3, "recurrent part"),
        ("a_1", 0.6 * 0.5 + 0.9, "exchanged"),
        ("h_1", value["a_1"], "activation is missing"),
        ("h_1", 1 / (1 + math.exp(-value["a_1"])), "sigmoid"),
        ("u", 1.5 * value["h_1"], "another step"),
        ("p", math.tanh(value["u"]), "tanh"),
        ("loss", -math.log(value["p"]), "other label"),
        ("loss", value["loss"] / math.log(10), "base 10"),
        ("delta", -value["p"], "sign is wrong"),
        ("delta", value["p"] ** 2 * (1 - value["p"]), "once too often"),
        ("d_2", value["p"] * 1.5, "forgotten"),
        ("d_2", value["p"] * slope_2, "w_o is missing"),
        ("d_1", value["d_2"] * slope_1, "w_h is missing"),
        ("d_1", value["d_2"] * 0.9 * slope_2, "wrong step"),
        ("d_1", value["d_2"] * 0.6 * slope_1, "another weight"),
        ("go", value["p"], "factor h"),
        ("ti_1", value["ti_1"] / slope_1, "forgotten"),
        ("th_2", value["d_2"] * value["h_2"], "wrong step"),
        ("th_2", value["d_2"] * 0.5 if exercise.x[1] != 0.5 else value["d_2"] * value["h_2"], "wrong step"),
        ("gh", value["th_2"], "only the last"),
        ("gh", (value["th_1"] + value["th_2"]) / 2, "not averaged"),
    ):
        mark = asked.marks({key: f"{wrong:.6f}"})[key]
        assert (mark.kind, said in mark.said) == ("wrong", True), (key, mark)


def test_w_h_is_transposed_on_the_way_back() -> None:
    asked = problem(SEVERAL)
    h, d = asked.truth["h_2_1"], [asked.truth["d_3_1"], asked.truth["d_3_2"]]
    wrong = (d[0] * SEVERAL.w_h[0][0] + d[1] * SEVERAL.w_h[0][1]) * (1 - h * h)
    assert "transposed" in asked.marks({"d_2_1": f"{wrong:.6f}"})["d_2_1"].said


def test_drawn_exercises_differ_and_none_is_degenerate() -> None:
    made = [drawn(seed) for seed in range(60)]
    assert len(set(made)) == 60
    assert {exercise.activation for exercise in made} == set(ACTIVATIONS)
    assert {len(exercise.x) for exercise in made} == {2, 3}
    assert drawn(7) == drawn(7)
    for exercise in made:
        assert all(abs(gradient.value) > 0.05 for gradient in backpropagation(exercise).gradients)


@pytest.mark.parametrize(
    "exercise",
    [
        Exercise(w_i=HUGE),
        Exercise(w_o=-HUGE),
        Exercise(w_i=HUGE, w_h=-HUGE, w_o=HUGE),
        Exercise(w_i=HUGE, w_h=-HUGE, x=(10.0, 1.0), h_0=10.0),
        Exercise(w_h=HUGE, w_i=0.0, x=(1.0,) * 5, w_o=1.0),
    ],
)
def test_numbers_beyond_float64_are_no_error(exercise: Exercise) -> None:
    asked = problem(exercise)
    assert all(mark.kind for mark in asked.marks({blank.name: "0.5" for blank in asked.blanks()}).values())


def test_what_makes_no_network_is_refused() -> None:
    for change, told in (
        ({"h_0": (0.0,)}, "h_0 has the wrong size"),
        ({"w_h": ((1.0, 2.0),)}, "W_h has the wrong size"),
        ({"y": 2.0}, "y is 2"),
        ({"w_o": ((1.0, 2.0), (3.0, 4.0)), "y": 0.0}, "from 1 to 2"),
        ({"w_i": ((1e9,), (1.0,))}, "W_i has a number"),
        ({"x": ((1.0,),) * 7}, "x is too large"),
    ):
        with pytest.raises(ValueError, match=told):
            Units(**change)
    for text in ("", ";", "1 a", "1; inf", "__import__('os')"):
        with pytest.raises(ValueError):
            matrix(text, "W")
    assert matrix(written(SEVERAL.w_o), "W") == SEVERAL.w_o
    assert matrix("[0.6, 0.1\n0.2, −0.3]", "W") == ((0.6, 0.1), (0.2, -0.3))
    with pytest.raises(ValueError, match="relu"):
        problem(Exercise(w_i=HUGE, x=(9.0,), activation="relu"))

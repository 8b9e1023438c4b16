"""Boosting as an exercise: its numbers are those of the rounds, and what cannot be is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.lab.boosting.problem import Exercise, drawn, problem, problem_of_errors, read_rows
from core.lab.boosting.samme import FORMS, normaliser


@pytest.mark.parametrize("seed", range(12))
def test_the_numbers_are_those_of_the_rounds(seed: int) -> None:
    exercise = drawn(seed)
    found, truth = exercise.boosting, problem(exercise).truth
    for made in found.rounds:
        t = made.number
        assert truth[f"e{t}"] == pytest.approx(made.error, rel=1e-12)
        assert truth[f"a{t}"] == pytest.approx(found.scale * made.alpha, rel=1e-12)
        weights = [truth[f"d{t}_{i}"] for i in range(len(exercise.labels))]
        assert weights == pytest.approx(made.weights.tolist(), rel=1e-12)
    for name, value in truth.items():
        if name.startswith("g"):
            row, label = map(int, name[1:].split("_"))
            assert value == pytest.approx(found.scale * found.votes()[row, label], rel=1e-12)
    assert truth["err"] == found.rounds[-1].training_error


def test_worked_by_hand() -> None:
    """Four rows, one wrong: ε = 1/4, α = ½ ln 3, Z = √3/2; the wrong row then weighs 1/2, each other 1/6."""
    truth = problem(read_rows("+ +\n+ -\n- -\n- -".replace(" ", ", ") + "\n")).truth
    assert (truth["e1"], truth["a1"]) == (0.25, pytest.approx(math.log(3) / 2))
    two = problem(Exercise(("+", "-"), (0, 0, 1, 1), ((0, 1, 1, 1), (0, 0, 1, 0)))).truth
    assert two["z1"] == pytest.approx(math.sqrt(3) / 2)
    assert [two[f"d2_{i}"] for i in range(4)] == pytest.approx([1 / 6, 1 / 2, 1 / 6, 1 / 6])
    assert two["e2"] == pytest.approx(1 / 6)


@pytest.mark.parametrize("form", FORMS)
def test_errors_alone(form: str) -> None:
    truth = problem_of_errors([0.2, 0.3], 2, form).truth
    share = 1 if form == "risk" else 2
    assert truth["a1"] == pytest.approx(share * 0.5 * math.log(4))
    factors = [normaliser(0.5 * math.log((1 - e) / e), e, 2) for e in (0.2, 0.3)]
    assert truth["r2"] == pytest.approx(np.prod(factors))


def test_a_perfect_and_a_useless_learner_end_it() -> None:
    for named, count in (((0, 0, 1, 1), 1), ((1, 1, 0, 0), 1)):
        exercise = problem(Exercise(("a", "b"), (0, 0, 1, 1), (named, (0, 1, 1, 1))))
        assert len(list(exercise.blanks())) == count
        assert exercise.parts[0].solution[-1].note


@pytest.mark.parametrize(
    "text",
    ["", "a", "a a\nb", "a a\nb c", "a a\na a", "a " * 5_000, "\n".join(["a a", "b b"] * 7), "a a\nb " + "b" * 30],
)
def test_rows_that_cannot_be(text: str) -> None:
    with pytest.raises(ValueError) as refused:
        problem(read_rows(text))
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 300


@pytest.mark.parametrize("weights", ["1", "1 0", "1 -1", "x y", "1 2 3", "9" * 900])
def test_weights_that_cannot_be(weights: str) -> None:
    with pytest.raises(ValueError):
        read_rows("a a\nb a", weights)


def test_given_weights_are_normalised() -> None:
    truth = problem(read_rows("a a\nb a\nb b", "2 1 1")).truth
    assert [truth[f"d1_{i}"] for i in range(3)] == [0.5, 0.25, 0.25]
    assert truth["e1"] == 0.25


def test_a_class_that_latex_cannot_write_has_its_number_from_1() -> None:
    asked = problem(Exercise(("好", "壞"), (0, 1), ((0, 1),)))
    assert "y_i & 1 & 2" in asked.given[0].latex

"""A cell by hand as an exercise: its numbers are those of the working."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.lab.cells.arithmetic import GATES, Exercise, Gate, work
from core.lab.cells.lstm_exercise import MEMORY, PRESETS
from core.lab.cells.problem import MOST_STEPS, drawn, problem

GRU = Exercise(
    "gru",
    (Gate((0.5, -1.0), 0.1, 0.3), Gate((1.2, 0.4), -0.5, -0.7), Gate((0.8, 0.3), 0.2, 0.6, "tanh", -0.4)),
    ((1.0, 0.5), (-1.0, 2.0), (0.0, -1.5)),
)
SUMS = {"lstm": ("z", "zi", "zf", "zo"), "gru": ("zr", "zz", "zn")}


@pytest.mark.parametrize("exercise", [*PRESETS.values(), GRU, *(drawn(seed) for seed in range(5))])
def test_the_numbers_are_those_of_the_working(exercise: Exercise) -> None:
    truth = problem(exercise).truth
    for step in work(exercise).steps:
        assert truth[f"y{step.t}"] == pytest.approx(step.y, rel=1e-12, abs=1e-15)
        for name, added in zip(SUMS.get(exercise.cell, ()), step.sums, strict=False):
            assert truth[f"{name}{step.t}"] == pytest.approx(added.value, rel=1e-12, abs=1e-12)
        if step.c is not None:
            assert truth[f"c{step.t}"] == pytest.approx(step.c, rel=1e-12)
        if step.inner is not None:
            assert truth[f"s{step.t}"] == pytest.approx(step.inner.value, rel=1e-12)


def test_a_sheet_in_whole_numbers_takes_whole_answers() -> None:
    exercise = problem(MEMORY)
    assert [round(exercise.truth[f"c{t}"]) for t in range(1, 5)] == [3, 1, 4, 4]
    answers = {blank.name: str(round(exercise.truth[blank.name])) for blank in exercise.blanks()}
    assert all(mark.good for mark in exercise.marks(answers).values())
    assert problem(PRESETS["lstm"]).decimals == 3


@pytest.mark.parametrize("exercise", [PRESETS["lstm"], GRU, PRESETS["rnn"], drawn(3)])
def test_every_slip_is_named(exercise: Exercise) -> None:
    asked = problem(exercise)
    for blank in asked.blanks():
        for slip in blank.slips:
            given = slip.formula(asked.truth)
            if abs(given - asked.truth[blank.name]) > 1e-6:
                mark = asked.marks({blank.name: f"{given:.8f}"})[blank.name]
                others = [other.said for other in blank.slips if abs(other.formula(asked.truth) - given) < 1e-7]
                assert (mark.kind, mark.said in others) == ("wrong", True), (blank.name, slip.said)


def test_a_gate_without_a_function_is_asked_once_and_a_long_exercise_in_part() -> None:
    names = [blank.name for blank in problem(MEMORY).parts[0].blanks]
    assert "g1" not in names and "h1" not in names and "z1" in names
    long = replace(MEMORY, inputs=MEMORY.inputs * 10)
    assert len(problem(long).parts) == MOST_STEPS


def test_other_numbers_are_another_exercise() -> None:
    known = problem(MEMORY).known
    for index, name in enumerate(GATES["lstm"]):
        gates = list(MEMORY.gates)
        gates[index] = replace(gates[index], activation="relu")
        assert problem(replace(MEMORY, gates=tuple(gates))).known != known, name

"""Cells of one unit by hand: a memory cell's numbers, torch's cells, and numbers too large for any float."""

from __future__ import annotations

import json
import math
import re
import warnings
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from core.lab.cells.activations import ACTIVATIONS, activation
from core.lab.cells.arithmetic import GATES, LARGEST, MOST_INPUTS, MOST_STEPS, Exercise, Gate, added, work
from core.lab.cells.check import check
from core.lab.cells.exercise_text import (
    ALL_DIGITS,
    LONGEST,
    Tables,
    as_json,
    from_json,
    from_line,
    rounded,
    to_line,
)
from core.lab.cells.lstm_exercise import MEMORY, PRESETS
from core.lab.cells.worksheets import sheet, shown, step_sheet
from core.lab.typed_numbers import number
from core.lab.worksheet import Line

MODULES = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
TORCH_ORDER = {"lstm": ("i", "f", "z", "o"), "gru": ("r", "z", "n"), "rnn": ("a",)}
USUAL = {"z": "tanh", "n": "tanh", "a": "tanh"}


def usual(cell: str, gate: str) -> str:
    """torch's activation of a gate; a GRU's z is another than an LSTM's."""
    return "sigmoid" if (cell, gate) == ("gru", "z") else USUAL.get(gate, "sigmoid")


@st.composite
def exercises(draw: st.DrawFn, largest: float = 4.0, *, standard: bool = True) -> Exercise:
    cell = draw(st.sampled_from(sorted(GATES)))
    width, steps = draw(st.integers(1, 4)), draw(st.integers(1, 6))
    numbers = st.floats(-largest, largest, allow_subnormal=False)
    named = st.sampled_from(sorted(ACTIVATIONS))
    gates = tuple(
        Gate(
            tuple(draw(st.lists(numbers, min_size=width, max_size=width))),
            draw(numbers),
            draw(numbers),
            usual(cell, name) if standard else draw(named),
            draw(numbers) if (cell, name) == ("gru", "n") else 0.0,
        )
        for name in GATES[cell]
    )
    inputs = tuple(tuple(draw(st.lists(numbers, min_size=width, max_size=width))) for _ in range(steps))
    return Exercise(
        cell,
        gates,
        inputs,
        output="tanh" if standard or cell != "lstm" else draw(named),
        y0=draw(numbers),
        c0=draw(numbers) if cell == "lstm" else 0.0,
    )


def torch_states(exercise: Exercise) -> tuple[list[float], float | None]:
    """torch's outputs of an exercise with standard activations, and the LSTM's last cell state."""
    cell = exercise.cell
    module = MODULES[cell](exercise.width, 1, dtype=torch.float64)
    gates = dict(zip(GATES[cell], exercise.gates, strict=True))
    ordered = [gates[name] for name in TORCH_ORDER[cell]]
    with torch.no_grad():
        module.weight_ih_l0.copy_(torch.tensor([gate.inputs for gate in ordered], dtype=torch.float64))
        module.weight_hh_l0.copy_(torch.tensor([[gate.state] for gate in ordered], dtype=torch.float64))
        module.bias_ih_l0.copy_(torch.tensor([gate.bias for gate in ordered], dtype=torch.float64))
        module.bias_hh_l0.copy_(torch.tensor([gate.state_bias for gate in ordered], dtype=torch.float64))
        before = torch.full((1, 1), exercise.y0, dtype=torch.float64)
        start = (before, torch.full((1, 1), exercise.c0, dtype=torch.float64)) if cell == "lstm" else before
        out, last = module(torch.tensor(exercise.inputs, dtype=torch.float64), start)
    return out[:, 0].tolist(), last[1].item() if cell == "lstm" else None


# The usual exercise


def test_every_number_of_the_memory_cell() -> None:
    rows = work(MEMORY).rows()
    assert [list(row) for row in rows] == [
        ["t", "x", "z", "z_i", "f_i", "z_f", "f_f", "z_o", "f_o", "c", "y"] for _ in rows
    ]
    assert [row["t"] for row in rows] == [1, 2, 3, 4]
    assert [row["x"] for row in rows] == [[0, 1, 0, 3], [1, 0, 1, -2], [1, 1, 1, 4], [0, 1, 1, 0]]
    assert [row["z"] for row in rows] == [3, -2, 4, 0]
    assert [row["z_i"] for row in rows] == [90, 90, 190, 90]
    assert [row["z_f"] for row in rows] == [10, 10, -90, 10]
    assert [row["z_o"] for row in rows] == [-10, 90, 90, 90]
    assert [round(row["c"]) for row in rows] == [3, 1, 4, 4]
    assert [round(row["y"]) for row in rows] == [0, 1, 4, 4]
    # c₂ = −2 σ(90) + 3 σ(10), and y₁ = 3 σ(−10), by the definition of σ.
    one, two, _three, four = work(MEMORY).steps
    small = math.exp(-10)
    assert one.y == pytest.approx(3 * small / (1 + small), rel=1e-15)
    assert two.c == pytest.approx(-2 + 3 / (1 + small), rel=1e-15)
    assert four.c == pytest.approx(4 / (1 + small), rel=1e-15)


# Laws


@given(exercises())
@settings(max_examples=60, deadline=None)
def test_with_standard_activations_it_is_torch_s_cell(exercise: Exercise) -> None:
    worked = work(exercise)
    outputs, c = torch_states(exercise)
    assert [step.y for step in worked.steps] == pytest.approx(outputs, abs=1e-6)
    if c is not None:
        assert worked.steps[-1].c == pytest.approx(c, abs=1e-6)


@pytest.mark.parametrize("name", ["lstm", "gru", "rnn"])
def test_the_other_presets_are_cells_by_hand_too(name: str) -> None:
    exercise = PRESETS[name]
    assert exercise.cell == name
    if name == "gru":  # its candidate is the identity; torch's is not
        assert [round(step.y) for step in work(exercise).steps] == [3, 3, 4, 4]
    else:
        assert [step.y for step in work(exercise).steps] == pytest.approx(torch_states(exercise)[0], abs=1e-12)


@given(exercises(standard=False))
@settings(max_examples=60, deadline=None)
def test_the_check_finds_no_more_than_rounding(exercise: Exercise) -> None:
    """But where a step stands in the way: there, the last digit of a sum may decide."""
    found = check(work(exercise))
    if "step" not in {gate.activation for gate in exercise.gates} | {exercise.output}:
        assert found.error < 1e-9, found.where
    assert found.numbers == len(exercise.inputs) * {"lstm": 10, "gru": 7, "rnn": 3}[exercise.cell]


def test_the_check_finds_a_wrong_number() -> None:
    worked = work(MEMORY)
    third = worked.steps[2]
    steps = (*worked.steps[:2], replace(third, y=third.y + 0.25), worked.steps[3])
    found = check(replace(worked, steps=steps))
    assert (found.error, found.where) == (pytest.approx(0.25 / 4), "y at t = 3")


@given(exercises(LARGEST, standard=False))
@settings(max_examples=60, deadline=None)
def test_no_number_is_ever_infinite_or_undefined(exercise: Exercise) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        worked = work(exercise)
        check(worked)
    json.dumps(worked.rows(), allow_nan=False)
    for step in worked.steps:
        for one in (*step.sums, step.inner, step.cell_sum, step.output_sum):
            assert one is None or all(math.isfinite(value) for value in (*one.products, one.value))
    for text in (sheet(worked).latex(), sheet(worked, 0).markdown()):
        assert not {"inf", "nan"} & set(text.lower().replace("{", " ").replace("}", " ").split())


def test_a_sum_is_exact_whatever_its_order() -> None:
    assert added([(1e308, 10.0), (-1e308, 10.0), (1.0,)]).value == 1.0
    assert added([(0.1, 3.0), (-0.3,)]).value == pytest.approx(2.7755575615628914e-17, rel=1e-12)
    assert added([(1e308, 1.0), (0.5, 1.0), (-1e308, 1.0)]).value == 0.5
    for sign in (1, -1):
        beyond = added([(sign * 1e308, 10.0)])
        assert (beyond.value, beyond.held, beyond.products) == (sign * LARGEST, True, (sign * LARGEST,))
    cancelled = added([(1e308, 10.0), (-1e308, 10.0)])
    assert (cancelled.value, cancelled.held, cancelled.products_held) == (0.0, False, True)


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(sorted(ACTIVATIONS)))
def test_an_activation_is_what_its_decimal_form_is(v: float, name: str) -> None:
    from decimal import Decimal

    found = activation(name)
    expected = found.decimal(Decimal(v))
    assert abs(Decimal(found.value(v)) - expected) <= Decimal("1e-15") * max(Decimal(1), abs(expected))


# Written down


@given(exercises(LARGEST, standard=False))
@settings(max_examples=60, deadline=None)
def test_an_exercise_comes_back_from_every_form(exercise: Exercise) -> None:
    line = to_line(exercise)
    if len(line) <= LONGEST:
        assert from_line(line) == exercise
    assert from_json(json.loads(json.dumps(as_json(exercise)))) == exercise
    assert Tables.of(exercise).read() == exercise


def test_a_line_is_carried_by_an_address_as_it_is() -> None:
    assert to_line(PRESETS["rnn"]) == "rnn**tanh**0_1_0.5_0**1_3*0_-2*1_4*0_0**0"
    assert len(to_line(MEMORY)) < 200


def test_tables_keep_what_is_typed_when_they_grow() -> None:
    tables = Tables.of(MEMORY)._replace(inputs=(("abc", "1", "2", "3"), ("4", "5", "6", "7")))
    grown = tables.resized(3, 5)
    assert grown.inputs == (("abc", "1", "2", "3", "0"), ("4", "5", "6", "7", "0"), ("0",) * 5)
    assert grown.gates[1] == ("100", "100", "0", "0", "0", "0", "-10")
    assert grown.resized(2, 4) == tables
    assert tables.resized(1, 2).gates[3] == ("0", "0", "0", "-10")


def test_a_line_that_is_none_is_refused_in_one_line() -> None:
    for line, said in (
        ("", "expected cell"),
        ("x" * 100_000, "at most 2,000"),
        ("tree**tanh**0_0_0**1**0", "unknown cell 'tree'"),
        ("rnn**tanh**0_0**1**0", "expected x1, u, b"),
        ("rnn**cos**0_0_0**1**0", "unknown activation 'cos'"),
        ("rnn**tanh**0_0_0**1**0_0", "2 numbers before the first step are given; a cell rnn of this form has 1"),
        ("rnn**tanh**0_0_0*0_0_0**1**0", "2 gates are given"),
        ("rnn**tanh*tanh**0_0_0**1**0", "2 activations are given"),
        ("rnn**tanh**0_0_0**1**inf", "y before the first step: 'inf' is not a number"),
        ("rnn**tanh**0_0_0**1*2_3**0", "step 2 has 2 inputs"),
        ("rnn**tanh**nan_0_0**1**0", "'nan' is not a number"),
        ("rnn**tanh**1e999_0_0**1**0", "beyond the largest number"),
        ("rnn**tanh**0_0_0**__import__**0", "t = 1, x1: an empty cell is not a number"),
        ("rnn**tanh**0_0_0**0x10**0", "'0x10' is not a number"),
        ("rnn**tanh**0_0_0**" + "*".join("1" * 900) + "**0", "900 steps"),
    ):
        with pytest.raises(ValueError, match=re.escape(said)) as error:
            from_line(line)
        assert "\n" not in str(error.value) and len(str(error.value)) < 200


@pytest.mark.parametrize(
    "typed", ["", "abc", "1e999", "inf", "-inf", "nan", "1,5", "1_000", "٣", "1" * 100_000, None, 10**400]
)
def test_what_is_no_finite_number_is_refused(typed: object) -> None:
    with pytest.raises(ValueError, match="gate i, x2: ") as error:
        number(typed, "gate i, x2")
    assert len(str(error.value)) < 200


@pytest.mark.parametrize(("typed", "value"), [("−2.5", -2.5), (" 1e308 ", 1e308), ("+.5", 0.5), (3, 3.0), (10**3, 1e3)])
def test_a_number_as_people_type_it(typed: object, value: float) -> None:
    assert number(typed, "here") == value


def test_ten_thousand_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="10,000 steps are given; 1 to 200"):
        replace(MEMORY, inputs=MEMORY.inputs[:1] * 10_000)
    with pytest.raises(ValueError, match="10,000 steps are given"):
        Tables.of(MEMORY).resized(10_000, 4)
    with pytest.raises(ValueError, match="9 inputs"):
        Tables.of(MEMORY).resized(4, MOST_INPUTS + 1)
    assert len(work(replace(MEMORY, inputs=MEMORY.inputs[:1] * MOST_STEPS)).steps) == MOST_STEPS


def test_what_is_no_exercise_is_refused() -> None:
    for change, said in (
        ({"inputs": ()}, "0 steps"),
        ({"inputs": ((),)}, "0 inputs"),
        ({"inputs": ((1.0, 2.0),)}, "gate z has 4 weights for 2 inputs"),
        ({"output": "sin"}, "unknown activation 'sin'"),
    ):
        with pytest.raises(ValueError, match=re.escape(said)):
            replace(MEMORY, **change)
    with pytest.raises(ValueError, match="only the candidate n of a gru"):
        Exercise("gru", (Gate((1.0,), state_bias=1.0), Gate((1.0,)), Gate((1.0,))), ((1.0,),))


# Sheets


def test_a_step_written_out() -> None:
    lines = [line.latex for line in step_sheet(work(MEMORY), 1, 0).lines]
    assert lines[2] == (
        r"\begin{aligned}z_i &= \textstyle\sum_{j=1}^{4} w_j x_j + b \\ "
        r"&= 100 \cdot 0 + 100 \cdot 1 + 0 \cdot 0 + 0 \cdot 3 + (-10) \\ &= 0 + 100 + 0 + 0 + (-10) \\ "
        r"&= 90\end{aligned}"
    )
    assert lines[5] == r"\begin{aligned}f(z_f) &= \sigma(10) \\ &\approx 1\end{aligned}"
    assert lines[-1] == (r"\begin{aligned}y_t &= f(z_o)\,h(c_t) \\ &\approx 0 \cdot 3 \\ &\approx 0\end{aligned}")
    assert len(sheet(work(MEMORY)).lines) == 4 * len(lines)


def test_weights_on_the_output_before_are_written_where_there_are_some() -> None:
    text = step_sheet(work(PRESETS["lstm"]), 2).latex()
    assert r"+ u\,y_{t-1}" in text and "0.05101208795257687" in text
    assert "y_{t-1}" not in step_sheet(work(MEMORY), 2).latex()
    assert r"s &= u\,y_{t-1} + d" in step_sheet(work(PRESETS["gru"]), 2).latex()


def test_numbers_as_shown() -> None:
    for value, decimals, text in (
        (4.5397868702434395e-05, 4, "4.540e-5"),
        (4.5397868702434395e-05, 0, "0"),
        (0.99986, 0, "1"),
        (-0.2, 0, "-0.2"),
        (0.5, 0, "0.5"),
        (-0.004, 0, "0"),
        (100.0, 0, "100"),
        (2.5, 4, "2.5"),
        (1e308, 4, "1.000e308"),
        (0.00013619, 4, "0.0001362"),
        (0.0817, 4, "0.0817"),
        (0.999955, 4, "0.999955"),
        (-0.99996, 4, "-0.99996"),
        (1.0, 4, "1"),
        (0.1, ALL_DIGITS, "0.1"),
        (1e22, ALL_DIGITS, "1e22"),
    ):
        assert rounded(value, decimals) == text
        assert Line(shown(value, decimals)).latex.partition(" ")[0] == text.partition("e")[0]

"""Backpropagation through time: by hand on paper, against autograd and differences, and where float64 ends."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.lab.bptt.gradients import ACTIVATIONS, MOST_STEPS, Exercise, backpropagation, error
from core.lab.bptt.worksheet import MOST_WRITTEN, backward, forward, latex
from core.lab.formula import parse

WEIGHTS = st.floats(-3, 3)
EXERCISES = st.builds(
    Exercise,
    x=st.lists(WEIGHTS, min_size=1, max_size=8).map(tuple),
    y=st.sampled_from([0.0, 1.0, 0.3]),
    w_i=WEIGHTS,
    w_h=WEIGHTS,
    w_o=WEIGHTS,
    h_0=st.floats(-1, 1),
    activation=st.sampled_from(sorted(ACTIVATIONS)),
)


@pytest.fixture(autouse=True)
def _no_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@settings(max_examples=80, deadline=None)
@given(EXERCISES)
def test_the_closed_forms_are_autograds_and_sums_of_products_of_what_the_symbols_say(exercise: Exercise):
    found = backpropagation(exercise)
    assert found.largest_error_autograd < 1e-9
    # Their step is 6e-6, and a gain of 3 over seven steps bends the loss that much: 1.3e-5 was seen.
    if exercise.activation != "relu":  # which has a kink
        assert found.largest_error_central < 1e-3
    values = {"w_i": exercise.w_i, "w_h": exercise.w_h, "w_o": exercise.w_o, "h_0": exercise.h_0, "y": exercise.y}
    values |= {f"a_{step.t}": step.a for step in found.steps}
    values |= {f"x_{step.t}": step.x for step in found.steps} | {f"h_{step.t}": step.h for step in found.steps}
    values["yhat"] = found.probability
    for gradient in found.gradients:
        for term in gradient.terms:
            product = math.prod(factor.value for factor in term.factors)
            assert term.value == pytest.approx(product, rel=1e-12, abs=1e-300)
            for symbol, value in term.factors:
                assert float(parse(symbol, values)(values)) == pytest.approx(value, rel=1e-9, abs=1e-12)
        total = math.fsum(term.value for term in gradient.terms)
        assert gradient.value == pytest.approx(total, rel=1e-9, abs=1e-12)


def test_two_steps_worked_on_paper():
    # w_i = 1, w_h = 1, w_o = 1 and x = (0, ln 2): h_1 = 0, h_2 = tanh(ln 2) = (4 − 1) / (4 + 1) = 3/5.
    found = backpropagation(Exercise(x=(0.0, math.log(2)), y=1.0, w_i=1.0, w_h=1.0, w_o=1.0))
    delta = -1 / (1 + math.exp(0.6))  # ŷ − 1
    by_name = {gradient.name: gradient for gradient in found.gradients}
    assert [step.h for step in found.steps] == pytest.approx([0, 0.6])
    assert found.loss == pytest.approx(math.log(1 + math.exp(-0.6)))
    assert by_name["dL/dw_o"].value == pytest.approx(0.6 * delta)
    assert by_name["dL/dw_i"].value == pytest.approx(delta * 0.64 * math.log(2))
    assert by_name["dL/dw_h"].value == 0  # h_1 and h_0 are 0
    term = by_name["dL/dw_i"].terms[1]
    symbols = ["(yhat - y)", "w_o", "(1 - h_2**2)", "w_h", "(1 - h_1**2)", "x_1"]
    assert (term.t, [factor.symbol for factor in term.factors]) == (1, symbols)
    assert dict(found.readout)["dL/du"] == pytest.approx(delta)


def test_the_first_state_counts():
    found = backpropagation(Exercise(x=(0.0,), y=0.0, w_i=1.0, w_h=0.5, w_o=2.0, h_0=0.8))
    h = math.tanh(0.4)
    by_w_h = found.gradients[2]
    assert by_w_h.value == pytest.approx(found.probability * 2.0 * (1 - h * h) * 0.8)


HUGE = 1e308


def test_weights_of_1e308_saturate_without_a_warning_or_nan():
    for exercise, note in (
        (Exercise(w_i=HUGE), "Saturated at t = 1, 2"),
        (Exercise(w_h=HUGE), "Saturated at t = 2"),
        (Exercise(w_o=HUGE), "ŷ rounds to 1"),
        (Exercise(w_o=-HUGE), "ŷ rounds to 0"),
        (Exercise(w_i=HUGE, w_h=-HUGE, w_o=HUGE), "Saturated"),
        (Exercise(w_i=HUGE, w_h=-HUGE, x=(1.0, HUGE)), "the sum a "),
        (Exercise(w_i=HUGE, w_h=-HUGE, x=(10.0, 1.0), h_0=10.0), "Saturated"),  # ∞ − ∞ on the way
        (Exercise(w_h=HUGE, x=(0.0, 0.0, 0.0)), "Autograd’s own products overflow"),
        (Exercise(w_h=HUGE, w_i=0.1, x=(0.0, 1.0, 0.0, 0.0, 0.0), w_o=HUGE), "ŷ rounds"),
        (Exercise(w_h=HUGE, w_i=0.0, x=(1.0,) * 5, w_o=1.0), "Beyond float64"),
        (Exercise(w_o=1.79e308, w_h=1.79769e308), "Central differences step beyond float64"),
    ):
        found = backpropagation(exercise)
        assert any(note in told for told in found.notes)
        numbers = [found.logit, found.probability, found.loss, *(value for _name, value in found.readout)]
        numbers += [value for step in found.steps for value in (step.a, step.h, step.slope)]
        for gradient in found.gradients:
            numbers += [gradient.value, gradient.autograd, gradient.central, gradient.error_autograd]
            numbers += [term.value for term in gradient.terms]
        assert not any(number is not None and math.isnan(number) for number in numbers)
        assert math.isfinite(found.loss)
        forward(found)
        backward(found)


def test_what_autograd_cannot_tell_at_saturation_is_still_told():
    gradient = backpropagation(Exercise(w_h=HUGE, w_i=0.0, x=(0.0, 0.0, 1.0))).gradients[1]
    assert (gradient.value, gradient.autograd) == (0.75, None)
    assert gradient.error_central < 1e-9


def test_numbers_that_make_no_exercise_are_refused():
    for numbers, told in (
        ({"x": ()}, "0 inputs"),
        ({"x": (0.0,) * 10_000}, "10,000 inputs"),
        ({"x": (1.0, math.nan)}, "x_2 is nan"),
        ({"w_h": math.inf}, "w_h is inf"),
        ({"y": 1.5}, "y is 1.5"),
    ):
        with pytest.raises(ValueError, match=told):
            Exercise(**numbers)


def test_inputs_are_read_again_and_steps_bounded():
    assert Exercise(x=(1.0, 2.0)).over(5).x == (1, 2, 1, 2, 1)
    assert backpropagation(Exercise().over(MOST_STEPS)).largest_error_autograd < 1e-9
    for steps in (0, 10_000):
        with pytest.raises(ValueError, match=f"{steps:,} steps"):
            Exercise().over(steps)


def test_errors_are_relative_to_what_is_large():
    assert error(2e300, 1e300) == 0.5
    assert error(0.25, 0.5) == 0.25
    assert error(1.0, None) is None


def test_symbols_in_latex():
    for symbol, written in (
        ("(1 - h_12**2)", "(1 - h_{12}^{2})"),
        ("(yhat - y)", r"(\hat{y} - y)"),
        ("dyhat/dw_o", r"\frac{\partial \hat{y}}{\partial w_{o}}"),
        ("-w_o * h_2 * e**(w_o * h_2)", r"-w_{o}\, h_{2}\, e^{w_{o}\, h_{2}}"),
        ("-h_2**2 * e**u", r"-h_{2}^{2}\, e^{u}"),
    ):
        assert latex(symbol) == written


@pytest.mark.parametrize("steps", [1, 2, MOST_WRITTEN, 50])
def test_sheets_hold_the_numbers_and_stay_short(steps: int):
    found = backpropagation(Exercise(x=(1.0, -0.5), w_h=-0.9).over(steps))
    sheets = forward(found).latex() + backward(found).latex()
    assert sheets.count("{") == sheets.count("}")
    assert f"{found.loss:.4f}".rstrip("0") in sheets
    assert len(backward(found).lines) <= 7 + 2 * (MOST_WRITTEN + 1)
    assert all(line.latex for line in (*forward(found).lines, *backward(found).lines))

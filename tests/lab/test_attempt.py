"""Answers to an exercise: forms that are right, slips that are recognised, errors that are carried on."""

from __future__ import annotations

import math

import pytest

from core.lab.attempt import Answer, Blank, Part, Problem, Slip


def _tanh_then_square() -> Problem:
    bent = Blank("h", "h", r"\tanh(a)", lambda v: math.tanh(v["a"]), (Slip("not bent", lambda v: v["a"]),))
    square = Blank("q", "q", "h^2", lambda v: v["h"] ** 2)
    return Problem("t", "q", (), {"a": 0.7}, (Part("one", "", (bent,)), Part("two", "", (square,))))


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        (repr(math.tanh(0.7)), "right"),
        ("tanh(0.7)", "right"),
        ("0.604", "rounded"),
        ("0,6044", "rounded"),
        (".6044", "rounded"),
        ("6.044e-1", "rounded"),
        ("0.6", "coarse"),
        ("-0.604", "wrong"),
        ("0.700", "wrong"),
        ("0.603", "wrong"),
        ("__import__('os')", "unreadable"),
        ("9" * 10_000, "unreadable"),
        ("1/0", "unreadable"),
    ],
)
def test_one_answer(typed, kind):
    assert _tanh_then_square().marks({"h": typed})["h"].kind == kind


def test_a_slip_is_named_and_an_earlier_error_is_carried_on():
    problem = _tanh_then_square()
    marks = problem.marks({"h": "0.7", "q": "0.490"})
    assert (marks["h"].said, marks["q"].kind) == ("not bent", "follows")
    assert problem.marks({"h": "", "q": "0.3653"})["q"].good
    early = problem.marks({"q": "0.360"})["q"]
    assert early.kind == "wrong"
    assert early.said


def test_a_number_has_the_decimals_that_were_typed():
    assert [Answer.read(text).decimals for text in ("1", "1.50", "1.5e-3", "2e3", "1/3")] == [0, 2, 4, -3, None]


def test_two_numbers_of_one_name_are_refused():
    blank = Blank("a", "a", "a", lambda v: v["a"])
    with pytest.raises(ValueError, match="a"):
        Problem("t", "q", (), {"a": 1.0}, (Part("one", "", (blank,)),))

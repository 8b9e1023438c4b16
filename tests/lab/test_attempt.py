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
        ("60.44 %", "rounded"),
        ("\uff10\uff0e\uff16\uff10\uff14", "rounded"),
        ("\u2248 0,6044", "rounded"),
        ("1208,736/2000", "rounded"),
        ("-0.604", "wrong"),
        ("0.700", "wrong"),
        ("0.603", "wrong"),
        ("__import__('os')", "unreadable"),
        ("9" * 10_000, "unreadable"),
        ("1/0", "unreadable"),
        ("0e999", "unreadable"),
        ("%", "unreadable"),
        ("=", "unreadable"),
    ],
)
def test_one_answer(typed, kind):
    assert _tanh_then_square().marks({"h": typed})["h"].kind == kind


def test_a_slip_is_named_and_an_earlier_error_is_carried_on():
    problem = _tanh_then_square()
    marks = problem.marks({"h": "0.7", "q": "0.490"})
    assert (marks["h"].said, marks["q"].kind) == ("not bent", "follows")
    assert problem.marks({"h": "", "q": "0.3653"})["q"].good
    assert "last digits" in problem.marks({"h": "0.604", "q": "0.364816"})["q"].said
    early = problem.marks({"q": "0.360"})["q"]
    assert early.kind == "wrong"
    assert early.said


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"h": "-0.604"}, "sign"),
        ({"h": "1.20874"}, "twice"),
        ({"h": "0.3022"}, "half"),
        ({"h": "6.044"}, "decimal point"),
        ({"h": "0.3956"}, "1 minus"),
        ({"h": "0.36526"}, "another number"),
        ({"h": "0.6043"}, "do not cut"),
        ({"q": "0.3600"}, "Rounded too early"),
        ({"h": "0.60", "q": "0.360"}, "Rounded too early"),
        ({"h": "0.702"}, "not bent"),
        ({"h": "0.9"}, ""),
    ],
)
def test_the_mistake_is_named(typed, says):
    *_others, mark = _tanh_then_square().marks(typed).values()
    assert mark.kind == "wrong"
    assert says in mark.said
    assert bool(mark.said) == bool(says)
    assert mark.symbol == ("q" if says == "another number" else "")


def test_a_number_has_the_decimals_that_were_typed():
    assert [Answer.read(text).decimals for text in ("1", "1.50", "1.5e-3", "2e3", "1/3")] == [0, 2, 4, -3, None]


def test_a_slip_in_a_number_that_was_not_given_is_found():
    mark = _tanh_then_square().marks({"q": "0.4900"})["q"]
    assert mark.said.startswith("not bent")
    assert mark.symbol == "h"


def test_two_numbers_of_one_name_are_refused():
    blank = Blank("a", "a", "a", lambda v: v["a"])
    with pytest.raises(ValueError, match="a"):
        Problem("t", "q", (), {"a": 1.0}, (Part("one", "", (blank,)),))

"""The grammar of typed formulas: what it computes, what it refuses in one line, and that it does one of the two."""

from __future__ import annotations

import math
import time
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.lab.bptt.formula import FUNCTIONS, MOST_CHARACTERS, MOST_DEEP, parse
from tests.hostile import SENTENCES

NAMES = ("w_i", "w_o", "h", "h_1", "h_2", "y", "yhat")
VALUES = {"w_i": 0.7, "w_o": -1.3, "h": 0.5, "h_1": 0.25, "h_2": 0.5, "y": 1.0, "yhat": 0.4}


def value(formula: str) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return float(parse(formula, NAMES)(VALUES))


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("2", 2),
        ("1 + 2 * 3", 7),
        ("-h**2", -0.25),
        ("2**3**2", 512),
        ("8 - 3 - 2", 3),
        ("-(yhat − y) × h / 2", 0.15),
        ("(ŷ - y) · h₁", -0.15),
        ("(y\u0302 - y) * h_1", -0.15),
        ("h_2² + h^3", 0.375),
        ("e^(w_o*h)", math.exp(-0.65)),
        ("1/(1+e^(-w_o*h)) - σ(w_o*h)", 0),
        ("tanh(w_i)", math.tanh(0.7)),
        ("sech(w_i)**2 + tanh(w_i)**2", 1),
        ("ln(exp(3)) + sqrt(16) + abs(-1)", 8),
        ("007 + .5 + 1.5e1", 22.5),
        ("pi", math.pi),
    ],
)
def test_arithmetic(formula: str, expected: float):
    assert value(formula) == pytest.approx(expected, abs=1e-15)


def test_arrays_are_worked_out_together_and_the_names_are_told():
    formula = parse("w_i * h + 1", NAMES)
    assert formula.names == {"w_i", "h"}
    np.testing.assert_array_equal(formula({"w_i": np.arange(3.0), "h": 2.0}), [1, 3, 5])
    with pytest.raises(LookupError, match="h has no value"):
        formula({"w_i": 1.0})


@pytest.mark.parametrize(
    ("formula", "expected"),
    [("10**10**10", math.inf), ("-exp(1e4)", -math.inf), ("1/0", math.inf), ("9.9**9.9**9.9**9.9", math.inf)],
)
def test_overflow_is_infinite_without_a_warning(formula: str, expected: float):
    assert value(formula) == expected


@pytest.mark.parametrize("formula", ["0/0", "log(-1)", "(-8)**0.5", "1e308*10 - 1e308*10"])
def test_what_is_not_defined_is_nan_without_a_warning(formula: str):
    assert math.isnan(value(formula))


@pytest.mark.parametrize(
    ("formula", "told"),
    [
        ("", "empty"),
        (" \t\n", "empty"),
        ("__import__('os')", "'__import__', which is unknown; on offer are numbers, e, h"),
        ("h.__class__", r"'\.' at character 2"),
        ("lambda: 1", "'lambda', which is unknown"),
        ("lambda", "'lambda', which is unknown"),
        ("[h for h in h]", "'\\[' at character 1"),
        ("h if y else 1", "'if', which is unknown"),
        ("not y", "'not'"),
        ("True", "'True'"),
        ("eval(h)", "'eval'"),
        ("h := 2", "':'"),
        ("h == 2", "'='"),
        ("f'{h}'", "'f'"),
        ("'a' * 10", "' at character 1; on offer"),
        ("0x1f", "'x1f'"),
        ("1_000", "'_000'"),
        ("h // 2", "near '/'"),
        ("h_9", "'h_9', which is unknown"),
        ("2h", "'2' and 'h' stand side by side at character 2"),
        ("h (1 - h)", "'h' and '\\(' stand side by side"),
        ("(h)(y)", "stand side by side"),
        ("h² y", "stand side by side"),
        ("tanh h", "wants brackets"),
        ("tanh", "wants brackets"),
        ("tanh()", "takes one term"),
        ("tanh(h, y)", "takes one term"),
        ("tanh(*h)", "takes one term"),
        ("tanh(**h)", "takes one term"),
        ("h, y", "not arithmetic"),
        ("()", "not arithmetic"),
        ("(h", "near '\\(' at character 1"),
        ("h)", "near '\\)' at character 2"),
        ("h +", "cannot be read near"),
        ("1e999", "beyond float64"),
        ("9" * 1_000, "beyond float64"),
        ("h" * 100_000, "100,000 characters; at most 2,000"),
        ("+".join(["h"] * 300), "more than 400"),
        ("h**" * 600 + "h", "more than 400"),
        ("-" * 1_999 + "h", "nests more than"),
        ("(" * 900 + "h" + ")" * 900, "nest more than"),
        ("tanh(" * 300 + "h" + ")" * 300, "nest more than"),
        ("h\x00", "U\\+0000"),
        ("\ud800", "U\\+D800"),
        ("٣", "'٣'"),
    ],
)
def test_refusals_are_one_short_line(formula: str, told: str):
    with pytest.raises(ValueError, match=told) as refused:
        value(formula)
    assert len(str(refused.value).splitlines()) == 1
    assert len(str(refused.value)) < 400


def test_long_sums_and_brackets_within_the_bounds_are_read():
    assert value("+".join(["h"] * 150)) == 75
    assert value("(" * MOST_DEEP + "h" + ")" * MOST_DEEP) == 0.5


def test_hostile_sentences_are_refused():
    for sentence in SENTENCES:
        with pytest.raises(ValueError, match="the formula"):
            parse(sentence, NAMES)


WORDS = [*NAMES, *FUNCTIONS, *"0123456789.+-*/^(), ²³₁−×·eσŷ", "**", "1e5", "1e400", "if", "lambda", "__import__"]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=MOST_CHARACTERS + 9) | st.lists(st.sampled_from(WORDS), max_size=700).map("".join))
def test_any_text_is_worked_out_or_refused_and_fast(text: str):
    start = time.process_time()
    try:
        value(text)
    except ValueError as error:
        assert len(str(error).splitlines()) == 1
    assert time.process_time() - start < 1


OPERATORS = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}
LEAVES = st.sampled_from(NAMES).map(lambda name: (name, np.float64(VALUES[name])))


def _joined(parts: st.SearchStrategy[tuple[str, np.float64]]) -> st.SearchStrategy[tuple[str, np.float64]]:
    def join(left: tuple[str, np.float64], sign: str, right: tuple[str, np.float64]) -> tuple[str, np.float64]:
        with np.errstate(all="ignore"):
            return f"({left[0]} {sign} {right[0]})", OPERATORS[sign](left[1], right[1])

    return st.builds(join, parts, st.sampled_from(sorted(OPERATORS)), parts)


@given(st.recursive(LEAVES, _joined, max_leaves=20))
def test_arithmetic_is_numpys(made: tuple[str, np.float64]):
    np.testing.assert_array_equal(parse(made[0], NAMES)(VALUES), made[1])

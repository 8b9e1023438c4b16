"""The grammar of typed formulas: what it computes, what it refuses in one line, and that it does one of the two."""

from __future__ import annotations

import math
import time
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.lab.formula import FUNCTIONS, MOST_CHARACTERS, MOST_NODES, parse
from tests.hostile import SENTENCES

NAMES = ("w_i", "w_o", "h", "h_1", "h_2", "y", "yhat")
VALUES = {"w_i": 0.7, "w_o": -1.3, "h": 0.5, "h_1": 0.25, "h_2": 0.5, "y": 1.0, "yhat": 0.4}


def value(formula: str) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return float(parse(formula, NAMES)(VALUES))


def test_arithmetic():
    for formula, expected in (
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
    ):
        assert value(formula) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("(yhat-y) w_o", "(yhat - y) * w_o"),
        ("2h", "2 * h"),
        ("h (1 - h)", "h * (1 - h)"),
        ("(h)(y)", "h * y"),
        ("h² w_i", "h**2 * w_i"),
        ("1/2 h", "1 / 2 * h"),
        ("tanh h", "tanh(h)"),
        ("2 ln 3", "2 * ln(3)"),
        ("1 - tanh²(h_1) h", "1 - tanh(h_1)**2 * h"),
        ("tanh^2(h)", "tanh(h)**2"),
        ("tanh'(h)", "1 - tanh(h)**2"),
        ("σ′(h)", "sigma(h) * (1 - sigma(h))"),
        ("h2 wo", "h_2 * w_o"),
        ("W_o h₂", "w_o * h_2"),
        ("[1 − h₁²] · w_o^T", "(1 - h_1**2) * w_o"),
        ("(yhat \uff0d y)", "yhat - y"),
        (r"\left(\hat{y}-y\right) w_o \cdot h_{2}", "(yhat - y) * w_o * h_2"),
        (r"$$\frac{1}{1+e^{-w_{o}\, h_2}}$$", "1 / (1 + e**(-w_o * h_2))"),
        (r"-\frac{y}{\hat y}+\dfrac{1-y}{1-\hat y}", "-y / yhat + (1 - y) / (1 - yhat)"),
        (r"\frac{\frac{1}{h}}{w_i}", "1 / h / w_i"),
        (r"\operatorname{tanh}\left(h\right)^{2}", "tanh(h)**2"),
        (r"\sigma(h)\times w_o^{\top}", "sigma(h) * w_o"),
        ("dL/dh_2 w_o", "G * w_o"),
        ("∂L/∂h₂·w_o", "G * w_o"),
        ("dL / dh2", "G"),
        (r"\frac{\partial L}{\partial h_{2}} w_o", "G * w_o"),
        (r"\frac{dL}{dh_2}", "G"),
    ],
)
def test_as_people_write_it(written: str, meant: str):
    values = {**VALUES, "dL/dh_2": 1.7, "G": 1.7}
    expected = float(parse(meant, values)(values))
    assert float(parse(written, [*NAMES, "dL/dh_2"])(values)) == pytest.approx(expected, rel=1e-12)


def test_the_formula_is_shown_as_it_is_understood():
    for written, shown in (
        ("(yhat-y) w_o / 2", r"\frac{\left(yhat - y\right)\, w_o}{2}"),
        ("h - (y - h_1)", r"h - \left(y - h_1\right)"),
        ("h -(-y)", r"h - \left(-y\right)"),
        ("-h^2", "-h^{2}"),
        ("2*3 h", r"2 \cdot 3\, h"),
        ("(h**y)**2", r"\left(h^{y}\right)^{2}"),
        ("tanh h", r"\tanh\left(h\right)"),
    ):
        assert parse(written, NAMES).latex() == shown


def test_arrays_are_worked_out_together():
    formula = parse("w_i * h + 1", NAMES)
    np.testing.assert_array_equal(formula({"w_i": np.arange(3.0), "h": 2.0}), [1, 3, 5])


@pytest.mark.parametrize(
    ("formula", "expected"),
    [("10**10**10", math.inf), ("-exp(1e4)", -math.inf), ("1/0", math.inf), ("9.9**9.9**9.9**9.9", math.inf)],
)
def test_overflow_is_infinite_without_a_warning(formula: str, expected: float):
    assert value(formula) == expected


@pytest.mark.parametrize("formula", ["0/0", "log(-1)", "(-8)**0.5", "1e308*10 - 1e308*10"])
def test_what_is_not_defined_is_nan_without_a_warning(formula: str):
    assert math.isnan(value(formula))


def test_refusals_are_one_short_line():
    for formula, told in (
        ("", "empty"),
        ("__import__('os')", "'__import__'.* numbers, e, h"),
        ("h.__class__", r"'\.' at character 2"),
        ("lambda: 1", "'lambda'"),
        ("[h for h in h]", "'for'"),
        ("h if y else 1", "'if'"),
        ("not y", "'not'"),
        ("h := 2", "':'"),
        ("'a' * 10", "' at character 1"),
        ("1_000", "'_000'"),
        ("h // 2", "near '/'"),
        ("h_9", "'h_9'"),
        ("h 2", "'h' and '2' stand side by side at character 3"),
        ("1 000", "stand side by side"),
        ("tanh h y", "tanh .* brackets"),
        ("h tanh", "tanh .* brackets"),
        ("tanh^h(y)", "tanh .* brackets"),
        (r"\frac12", "'frac'"),
        (r"\frac{1}{2", "near '\\('"),
        (r"\input{h}", "'input'"),
        ("1 + tanh", "tanh .* brackets"),
        ("tanh()", "near '\\)' at character 6"),
        ("tanh(h, y)", "',' at character 7"),
        ("tanh(**h)", "near '\\*\\*' at character 6"),
        ("h + ² + y", "near '²' at character 5"),
        ("h * / y", "near '/' at character 5"),
        ("(h", "near '\\(' at character 1"),
        ("h)", "near '\\)' at character 2"),
        ("h +", "near '\\+' at character 3"),
        ("1e999", "too large for float64|float64.*limit"),
        ("9" * 1_000, "too large for float64|float64.*limit"),
        ("h" * 100_000, "100,000 characters; at most 2,000"),
        ("+".join(["h"] * 300), "more than 400"),
        ("h**" * 600 + "h", "more than 400"),
        ("-" * 1_999 + "h", "more than 400"),
        ("h\x00", "U\\+0000"),
        ("\ud800", "U\\+D800"),
        ("٣", "'٣'"),
    ):
        with pytest.raises(ValueError, match=told) as refused:
            value(formula)
        assert len(str(refused.value).splitlines()) == 1
        assert len(str(refused.value)) < 400


def test_long_sums_and_brackets_within_the_bounds_are_read():
    assert value("+".join(["h"] * 150)) == 75
    assert value("(" * 999 + "h" + ")" * 999) == 0.5
    assert value("-" * (MOST_NODES - 1) + "h") == -0.5


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


LEAVES = st.sampled_from([*NAMES, "tanh(h)", "exp(y)"])


def _joined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    signs = st.sampled_from(["+", "-", "*", "/", "**", "**-"])
    return st.tuples(parts, signs, parts).map(" ".join) | parts.map("({})".format) | parts.map("-{}".format)


@settings(max_examples=200)
@given(st.recursive(LEAVES, _joined, max_leaves=20))
def test_arithmetic_is_pythons(formula: str):
    values = {name: np.array([number]) for name, number in VALUES.items()}
    with np.errstate(all="ignore"):
        expected = eval(formula, values | FUNCTIONS)
    np.testing.assert_array_equal(parse(formula, NAMES)(values), expected)

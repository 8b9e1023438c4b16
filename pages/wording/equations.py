"""A unit's step in LaTeX: its gates and its new state, in the notation of the equations.

Only numbers and the letters of the equations are written here; no word of a text comes in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.lab.worksheet import aligned

if TYPE_CHECKING:
    from core.models.step_arithmetic import Gate, Line

FUNCTIONS = {"σ": r"\sigma", "tanh": r"\tanh", "relu": r"\operatorname{relu}"}
LETTERS = {"tanh(c')": r"\tanh(c')", "1 − z": "(1 - z)"}


def gate(found: Gate, embedding: int, units: int) -> str:
    """A gate: what the weighted inputs and states sum to with their biases, and what the non-linearity makes of it."""
    s = found.symbol
    inputs = rf"\sum_{{j=1}}^{{{embedding}}} W_{{{s}j}} x_j + b_{s}"
    states = rf"\sum_{{k=1}}^{{{units}}} U_{{{s}k}} h_k + d_{s}"
    from_input = _sum([float(found.input_products.sum()), found.input_bias])
    from_state = _sum([float(found.state_products.sum()), found.state_bias])
    if found.reset is not None:
        states, from_state = rf"r \left({states}\right)", rf"{number(found.reset)} \cdot ({from_state})"
    else:
        from_state = f"- {from_state[1:]}" if from_state.startswith("-") else f"+ {from_state}"
    joined = f"{from_input} + {from_state}" if found.reset is not None else f"{from_input} {from_state}"
    steps = [f"{inputs} + {states}", joined, number(found.pre_activation)]
    if found.non_linearity is None:
        return _aligned(s, steps)
    function = FUNCTIONS[found.non_linearity]
    return _aligned(s, [*(rf"{function}\!\left({step}\right)" for step in steps), number(found.value)])


def line(found: Line) -> str:
    """A line that makes the new state of the gates: letters, numbers, value."""
    letters = " + ".join(
        r" \cdot ".join(LETTERS.get(symbol, symbol) for symbol, _value in product.factors) for product in found.products
    )
    numbers = " + ".join(
        r" \cdot ".join(factor(value) for _symbol, value in product.factors) for product in found.products
    )
    if found.function is not None:
        (product,) = found.products
        ((_symbol, value),) = product.factors
        function = FUNCTIONS[found.function]
        letters, numbers = rf"{function}({letters})", rf"{function}({number(value)})"
    symbol = LETTERS.get(found.symbol, found.symbol)
    steps = [numbers, number(found.value)] if letters == symbol else [letters, numbers, number(found.value)]
    return _aligned(symbol, steps)


def read_out(weight: float, h: float, h_before: float) -> str:
    """The unit's own share of what the step did to the logit, w (h' − h)."""
    share = weight * (h - h_before)
    numbers = rf"{factor(weight)} \cdot ({number(h)} - {factor(h_before)})"
    return _aligned(r"w \cdot (h' - h)", [numbers, number(share)])


def number(value: float) -> str:
    """A number as LaTeX, four decimals or, where these say little, four digits and a power of ten."""
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.4f}"
    digits, _e, power = f"{value:.3e}".partition("e")
    return rf"{digits} \cdot 10^{{{int(power)}}}"


def _sum(terms: list[float]) -> str:
    first, *rest = terms
    return number(first) + "".join(f" {'-' if term < 0 else '+'} {number(abs(term))}" for term in rest)


def factor(value: float) -> str:
    """A number as a factor of a product: in brackets where it is negative."""
    return f"({number(value)})" if value < 0 else number(value)


def _aligned(symbol: str, steps: list[str]) -> str:
    """Steps below one another and small, so that a telephone shows them whole."""
    return r"\small" + aligned(symbol, steps)

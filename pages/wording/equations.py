"""A unit's step in LaTeX: its gates and its new state, in the notation of the equations.

Only numbers and the letters of the equations are written here; no word of a text comes in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.models.step_arithmetic import Gate, Line

_FUNCTIONS = {"σ": r"\sigma", "tanh": r"\tanh", "relu": r"\operatorname{relu}"}
_LETTERS = {"tanh(c')": r"\tanh(c')", "1 − z": "(1 - z)"}


def gate(gate: Gate, embedding: int, units: int) -> str:
    """A gate: what the weighted inputs and states sum to with their biases, and what the non-linearity makes of it."""
    s = gate.symbol
    inputs = rf"\sum_{{j=1}}^{{{embedding}}} W_{{{s}j}} x_j + b_{s}"
    states = rf"\sum_{{k=1}}^{{{units}}} U_{{{s}k}} h_k + d_{s}"
    from_input = _sum([float(gate.input_products.sum()), gate.input_bias])
    from_state = _sum([float(gate.state_products.sum()), gate.state_bias])
    if gate.reset is not None:
        states, from_state = rf"r \left({states}\right)", rf"{number(gate.reset)} \cdot ({from_state})"
    else:
        from_state = f"- {from_state[1:]}" if from_state.startswith("-") else f"+ {from_state}"
    joined = f"{from_input} + {from_state}" if gate.reset is not None else f"{from_input} {from_state}"
    steps = [f"{inputs} + {states}", joined, number(gate.pre_activation)]
    if gate.non_linearity is None:
        return _aligned(s, steps)
    function = _FUNCTIONS[gate.non_linearity]
    return _aligned(s, [*(rf"{function}\!\left({step}\right)" for step in steps), number(gate.value)])


def line(line: Line) -> str:
    """A line that makes the new state of the gates: letters, numbers, value."""
    letters = " + ".join(
        r" \cdot ".join(_LETTERS.get(symbol, symbol) for symbol, _value in product.factors) for product in line.products
    )
    numbers = " + ".join(
        r" \cdot ".join(_in_brackets(value) for _symbol, value in product.factors) for product in line.products
    )
    if line.function is not None:
        (product,) = line.products
        (factor,) = product.factors
        function = _FUNCTIONS[line.function]
        letters, numbers = rf"{function}({letters})", rf"{function}({number(factor[1])})"
    symbol = _LETTERS.get(line.symbol, line.symbol)
    steps = [numbers, number(line.value)] if letters == symbol else [letters, numbers, number(line.value)]
    return _aligned(symbol, steps)


def read_out(weight: float, h: float, h_before: float) -> str:
    """The unit's own share of what the step did to the logit, w (h' − h)."""
    share = weight * (h - h_before)
    numbers = rf"{_in_brackets(weight)} \cdot ({number(h)} - {_in_brackets(h_before)})"
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


def _in_brackets(value: float) -> str:
    return f"({number(value)})" if value < 0 else number(value)


def _aligned(symbol: str, steps: list[str]) -> str:
    first, *rest = steps
    lines = [f"{symbol} &= {first}", *(f"&= {step}" for step in rest)]
    # Below each other and small, so that a telephone shows them whole.
    return r"\small\begin{aligned}" + r" \\ ".join(lines) + r"\end{aligned}"

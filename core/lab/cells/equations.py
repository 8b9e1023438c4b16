"""The three cells in LaTeX: in letters, with one unit's numbers at a step, and their cost.

Only numbers and the letters of the equations are written here; no word of a text comes in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.lab.cells.side_by_side import BLOCKS, STATE_PRODUCTS
from core.lab.worksheet import aligned, rows

if TYPE_CHECKING:
    from core.lab.cells.side_by_side import Cost
    from core.models.step_arithmetic import Gate, Line

FUNCTIONS = {"σ": r"\sigma", "tanh": r"\tanh", "relu": r"\operatorname{relu}"}
LETTERS = {"tanh(c')": r"\tanh(c')", "1 − z": "(1 - z)"}
_EQUATIONS = {
    "rnn": (r"h' &= \tanh(W x + b", r"&\qquad + U h + d)"),
    "gru": (
        r"r &= \sigma(W_r x + b_r + U_r h + d_r)",
        r"z &= \sigma(W_z x + b_z + U_z h + d_z)",
        r"n &= \tanh(W_n x + b_n",
        r"&\qquad + r\,(U_n h + d_n))",
        r"h' &= (1 - z)\,n + z\,h",
    ),
    "lstm": (
        r"i &= \sigma(W_i x + b_i + U_i h + d_i)",
        r"f &= \sigma(W_f x + b_f + U_f h + d_f)",
        r"g &= \tanh(W_g x + b_g",
        r"&\qquad + U_g h + d_g)",
        r"o &= \sigma(W_o x + b_o + U_o h + d_o)",
        r"c' &= f\,c + i\,g",
        r"h' &= o \tanh(c')",
    ),
}


def cell(name: str) -> str:
    """A cell's equations in letters."""
    return rows(_EQUATIONS[name])


def gate(one: Gate, embedding: int, units: int) -> str:
    """A gate: what the weighted inputs and states sum to with their biases, and what the non-linearity makes of it."""
    s = one.symbol
    inputs = rf"\sum_{{j=1}}^{{{embedding}}} W_{{{s}j}} x_j + b_{s}"
    states = rf"\sum_{{k=1}}^{{{units}}} U_{{{s}k}} h_k + d_{s}"
    from_input = _sum([float(one.input_products.sum()), one.input_bias])
    from_state = _sum([float(one.state_products.sum()), one.state_bias])
    if one.reset is not None:
        states, from_state = rf"r \left({states}\right)", rf"{number(one.reset)} \cdot ({from_state})"
    else:
        from_state = f"- {from_state[1:]}" if from_state.startswith("-") else f"+ {from_state}"
    joined = f"{from_input} + {from_state}" if one.reset is not None else f"{from_input} {from_state}"
    steps = [f"{inputs} + {states}", joined, number(one.pre_activation)]
    if one.non_linearity is None:
        return aligned(s, steps)
    function = FUNCTIONS[one.non_linearity]
    return aligned(s, [*(rf"{function}\!\left({step}\right)" for step in steps), number(one.value)])


def narrow_gate(one: Gate) -> str:
    """The same without the products: what the input and the states bring, each with its bias, the sum, the value."""
    first, second = number(one.from_input), number(one.from_state)
    if one.reset is not None:
        joined = rf"{first} + {number(one.reset)} \cdot {factor(one.from_state)}"
    else:
        joined = f"{first} {'-' if second.startswith('-') else '+'} {second.removeprefix('-')}"
    total = number(one.pre_activation)
    if one.non_linearity is None:
        return aligned(one.symbol, [joined, total])
    function = FUNCTIONS[one.non_linearity]
    if one.reset is not None:  # too wide with the function around it
        return (
            r"\begin{gathered}"
            + aligned("s", [joined, total])
            + r" \\ "
            + aligned(one.symbol, [f"{function}(s)", number(one.value)])
            + r"\end{gathered}"
        )
    return aligned(one.symbol, [f"{function}({joined})", f"{function}({total})", number(one.value)])


def line(one: Line, *, narrow: bool = False) -> str:
    """A line that makes the new state of the gates: letters, numbers, value; if `narrow`, a product a row."""
    symbol = LETTERS.get(one.symbol, one.symbol)
    if one.function is not None:
        ((name, value),) = one.products[0].factors
        function = FUNCTIONS[one.function]
        letters, numbers = f"{function}({LETTERS.get(name, name)})", f"{function}({number(value)})"
    else:
        times, plus = (r"\,", r" \\ &\quad + ") if narrow else (r" \cdot ", " + ")
        letters = " + ".join(times.join(LETTERS.get(name, name) for name, _value in of.factors) for of in one.products)
        numbers = plus.join(r" \cdot ".join(factor(value) for _name, value in of.factors) for of in one.products)
    steps = [letters, numbers, number(one.value)]
    return aligned(symbol, steps[1:] if letters == symbol else steps)


def read_out(weight: float, h: float, h_before: float) -> str:
    """The unit's own share of what the step did to the logit, w (h' − h)."""
    share = weight * (h - h_before)
    numbers = rf"{factor(weight)} \cdot ({number(h)} - {factor(h_before)})"
    return aligned(r"w \cdot (h' - h)", [numbers, number(share)])


def parameters(of: Cost) -> str:
    """The parameters of a cell of one layer, by formula."""
    g, h, e = BLOCKS[of.cell], of.hidden, of.embedding
    inside = rf"{h} \cdot {e} + {h} \cdot {h} + 2 \cdot {h}"
    steps = [r"G\,(H E + H H + 2 H)", rf"{g}\,({inside})", _grouped(of.recurrent_parameters)]
    return aligned(rf"P_\text{{{of.cell.upper()}}}", steps)


def multiply_adds(of: Cost) -> str:
    """The multiply-adds of a token in a cell of one layer, by formula."""
    g, h, e = BLOCKS[of.cell], of.hidden, of.embedding
    numbers = rf"{g}\,({h} \cdot {e} + {h} \cdot {h}) + {STATE_PRODUCTS[of.cell]} \cdot {h}"
    steps = [r"G\,(H E + H H) + e H", numbers, _grouped(of.multiply_adds)]
    return aligned(rf"M_\text{{{of.cell.upper()}}}", steps)


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


def _grouped(count: int) -> str:
    return f"{count:,}".replace(",", "{,}")


def small(latex: str) -> str:
    """For a page; in a document the size would be an error."""
    return rf"\small {latex}"

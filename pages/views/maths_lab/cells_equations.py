"""The three cells in LaTeX, narrow enough to stand side by side: in letters, with a unit's numbers, and their cost.

Only numbers and the letters of the equations are written here; no word of a text comes in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.lab.cells.side_by_side import BLOCKS, STATE_PRODUCTS
from core.lab.worksheet import aligned
from pages.wording.equations import FUNCTIONS, LETTERS, factor, number

if TYPE_CHECKING:
    from core.lab.cells.side_by_side import Cost
    from core.models.step_arithmetic import Gate, Line, Product

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
    return r"\begin{aligned}" + r" \\ ".join(_EQUATIONS[name]) + r"\end{aligned}"


def gate(one: Gate) -> str:
    """A gate: what comes from the word and from the states, each with its bias, their sum, the value."""
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


def line(one: Line) -> str:
    """A line that makes the new state of the gates: letters, then a product a row, then the value."""
    symbol = LETTERS.get(one.symbol, one.symbol)
    if one.function is not None:
        ((name, value),) = one.products[0].factors
        function = FUNCTIONS[one.function]
        letters = f"{function}({LETTERS.get(name, name)})"
        steps = [f"{function}({number(value)})", number(one.value)]
        return aligned(symbol, steps if letters == symbol else [letters, *steps])
    letters = " + ".join(r"\,".join(LETTERS.get(name, name) for name, _value in one.factors) for one in one.products)
    numbers = r" \\ &\quad + ".join(_numbers(product) for product in one.products)
    return aligned(symbol, [letters, numbers, number(one.value)])


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


def _numbers(product: Product) -> str:
    return r" \cdot ".join(factor(value) for _name, value in product.factors)


def _grouped(count: int) -> str:
    return f"{count:,}".replace(",", "{,}")


def small(latex: str) -> str:
    """For the page, where three cells stand beside each other; in a document the size would be an error."""
    return rf"\small {latex}"

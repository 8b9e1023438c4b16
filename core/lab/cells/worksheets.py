"""How does one write a cell's step down? Its sums, gates and states in LaTeX: letters, numbers, products, value."""

from __future__ import annotations

import math

from core.lab import worksheet
from core.lab.cells.activations import activation
from core.lab.cells.arithmetic import GATES, Step, Sum, Worked
from core.lab.cells.exercise_text import ALL_DIGITS, rounded
from core.lab.worksheet import Line, Sheet, aligned
from core.runtime.i18n import gettext as _
from core.runtime.i18n import mark

_HELD = r"\;\text{(held)}"  # beyond the largest float
# By cell and gate: what its sum is called, the gate's value, and what the sum is for.
_GATES = {
    ("lstm", "z"): ("z", "g(z)", mark("What could be stored: the cell input")),
    ("lstm", "i"): ("z_i", "f(z_i)", mark("Whether to store it: the input gate")),
    ("lstm", "f"): ("z_f", "f(z_f)", mark("Whether to keep what is stored: the forget gate")),
    ("lstm", "o"): ("z_o", "f(z_o)", mark("Whether to output it: the output gate")),
    ("gru", "r"): ("z_r", "r = f(z_r)", mark("How much of the previous output the candidate sees: the reset gate")),
    ("gru", "z"): ("z_z", "z = f(z_z)", mark("How much of the previous output stays: the update gate")),
    ("gru", "n"): ("z_n", "n = g(z_n)", mark("The possible new output: the candidate")),
    ("rnn", "a"): ("z", "y_t = f(z)", mark("Inputs and the previous output, in one sum")),
}


def step_sheet(worked: Worked, t: int, decimals: int = ALL_DIGITS) -> Sheet:
    """The working of step t, counted from 1, numbers rounded to so many decimals or with every digit of the float.

    Rounding is for the eye: the numbers that the next line starts from are not rounded.
    """
    step = worked.steps[t - 1]
    return Sheet(_("Step t = {t}").format(t=t), tuple(_lines(worked, step, decimals)))


def sheet(worked: Worked, decimals: int = ALL_DIGITS) -> Sheet:
    """The working of every step."""
    title = _("A cell of one unit by hand: {cell}").format(cell=worked.exercise.cell.upper())
    lines = []
    for step in worked.steps:
        first, *rest = _lines(worked, step, decimals)
        lines += [Line(first.latex, _("t = {t}. {note}").format(t=step.t, note=first.note)), *rest]
    return Sheet(title, tuple(lines))


def shown(value: float, decimals: int = ALL_DIGITS) -> str:
    """A number in LaTeX, as `exercise_text.rounded` has it."""
    text = rounded(value, decimals)
    mantissa, _e, power = text.partition("e")
    return worksheet.rounded(rf"{mantissa} \cdot 10^{{{int(power)}}}" if power else mantissa, float(text), value)


def _lines(worked: Worked, step: Step, decimals: int) -> list[Line]:
    exercise = worked.exercise
    lines = []
    for name, gate, total, value in zip(GATES[exercise.cell], exercise.gates, step.sums, step.gates, strict=True):
        if step.inner is not None and name == "n":
            latex = _sum("s", r"u\,y_{t-1} + d", step.inner, decimals)
            lines.append(Line(latex, _("What the candidate sees of the previous output")))
        symbol, left, note = _GATES[exercise.cell, name]
        lines.append(Line(_sum(symbol, _letters(worked, name), total, decimals), _(note)))
        lines.append(Line(_activated(left, gate.activation, total.value, value, decimals)))
    return lines + _state_lines(worked, step, decimals)


def _state_lines(worked: Worked, step: Step, decimals: int) -> list[Line]:
    lines = []
    if step.cell_sum is not None and step.bent is not None:
        letters = r"f(z_i)\,g(z) + f(z_f)\,c_{t-1}"
        lines.append(Line(_sum("c_t", letters, step.cell_sum, decimals), _("The new cell state")))
        lines.append(Line(_activated("h(c_t)", worked.exercise.output, step.cell_sum.value, step.bent, decimals)))
    if step.output_sum is not None:
        letters = r"f(z_o)\,h(c_t)" if worked.exercise.cell == "lstm" else r"(1 - z)\,n + z\,y_{t-1}"
        lines.append(Line(_sum("y_t", letters, step.output_sum, decimals), _("The output")))
    return lines


def _letters(worked: Worked, name: str) -> str:
    exercise = worked.exercise
    weights = rf"\textstyle\sum_{{j=1}}^{{{exercise.width}}} w_j x_j"
    if (exercise.cell, name) == ("gru", "n"):
        return rf"{weights} + b + r\,s"
    return weights + (r" + u\,y_{t-1}" if exercise.recurrent else "") + " + b"


def _sum(symbol: str, letters: str, total: Sum, decimals: int) -> str:
    """Letters, factors, products, value, each below the other."""
    factors = " + ".join(r" \cdot ".join(_factor(number, decimals) for number in term) for term in total.factors)
    steps = [letters, factors]
    if len(total.products) > 1:
        steps.append(" + ".join(_factor(product, decimals) for product in total.products) + _HELD * total.products_held)
    return _chain(symbol, [*steps, shown(total.value, decimals) + _HELD * total.held])


def _activated(symbol: str, name: str, argument: float, value: float, decimals: int) -> str:
    """An activation's value; that of σ and tanh is rounded everywhere but at 0."""
    text = shown(value, decimals)
    if name in ("sigmoid", "tanh") and argument:
        text = worksheet.rounded(text, math.nan, value)
    return _chain(symbol, [activation(name).latex(shown(argument, decimals)), text])


def _chain(symbol: str, steps: list[str]) -> str:
    """`aligned` without the steps that repeat the one before."""
    return aligned(symbol, [step for index, step in enumerate(steps) if not index or step != steps[index - 1]])


def _factor(value: float, decimals: int) -> str:
    text = shown(value, decimals)
    return f"({text})" if text.startswith("-") else text

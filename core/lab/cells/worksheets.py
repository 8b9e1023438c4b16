"""How does one write a cell's step down? Its sums, gates and states in LaTeX: letters, numbers, products, value."""

from __future__ import annotations

from collections.abc import Iterable

from core.lab.cells.activations import activation
from core.lab.cells.arithmetic import GATES, Step, Sum, Worked
from core.lab.cells.exercise_text import ALL_DIGITS, rounded
from core.lab.worksheet import Line, Sheet, aligned
from core.runtime.i18n import gettext as _

_HELD = r"\;\text{(held)}"  # beyond the largest float
# By cell and gate: what its sum is called, and the gate's value.
_SYMBOLS = {
    ("lstm", "z"): ("z", "g(z)"),
    ("lstm", "i"): ("z_i", "f(z_i)"),
    ("lstm", "f"): ("z_f", "f(z_f)"),
    ("lstm", "o"): ("z_o", "f(z_o)"),
    ("gru", "r"): ("z_r", "r = f(z_r)"),
    ("gru", "z"): ("z_z", "z = f(z_z)"),
    ("gru", "n"): ("z_n", "n = g(z_n)"),
    ("rnn", "a"): ("z", "y_t = f(z)"),
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
    """A number in LaTeX, as `rounded` has it."""
    mantissa, _e, power = rounded(value, decimals).partition("e")
    return rf"{mantissa} \cdot 10^{{{int(power)}}}" if power else mantissa


def _lines(worked: Worked, step: Step, decimals: int) -> list[Line]:
    exercise = worked.exercise
    found = []
    for name, gate, total, value in zip(GATES[exercise.cell], exercise.gates, step.sums, step.gates, strict=True):
        if step.inner is not None and name == "n":
            latex = _sum("s", r"u\,y_{t-1} + d", step.inner, decimals)
            found.append(Line(latex, _("What the candidate is to see of the output before")))
        symbol, left = _SYMBOLS[exercise.cell, name]
        found.append(Line(_sum(symbol, _letters(worked, name), total, decimals), _note(exercise.cell, name)))
        found.append(Line(_bent(left, gate.activation, total.value, value, decimals)))
    return found + _state_lines(worked, step, decimals)


def _state_lines(worked: Worked, step: Step, decimals: int) -> list[Line]:
    found = []
    if step.cell_sum is not None and step.bent is not None:
        letters = r"f(z_i)\,g(z) + f(z_f)\,c_{t-1}"
        found.append(Line(_sum("c_t", letters, step.cell_sum, decimals), _("The new cell state")))
        found.append(Line(_bent("h(c_t)", worked.exercise.output, step.cell_sum.value, step.bent, decimals)))
    if step.output_sum is not None:
        letters = r"f(z_o)\,h(c_t)" if worked.exercise.cell == "lstm" else r"(1 - z)\,n + z\,y_{t-1}"
        found.append(Line(_sum("y_t", letters, step.output_sum, decimals), _("The output")))
    return found


def _letters(worked: Worked, name: str) -> str:
    exercise = worked.exercise
    weights = rf"\textstyle\sum_{{j=1}}^{{{exercise.width}}} w_j x_j"
    if (exercise.cell, name) == ("gru", "n"):
        return rf"{weights} + b + r\,s"
    return weights + (r" + u\,y_{t-1}" if exercise.recurrent else "") + " + b"


def _sum(symbol: str, letters: str, found: Sum, decimals: int) -> str:
    """Letters, factors, products, value, each below the other."""
    factors = " + ".join(r" \cdot ".join(_factor(number, decimals) for number in term) for term in found.factors)
    products = " + ".join(_factor(product, decimals) for product in found.products)
    steps = [(letters, True), (factors, _all_exact((number for term in found.factors for number in term), decimals))]
    if len(found.products) > 1:
        steps.append((products + _HELD * found.products_held, _all_exact(found.products, decimals)))
    return _chain(symbol, [*steps, (shown(found.value, decimals) + _HELD * found.held, _exact(found.value, decimals))])


def _bent(symbol: str, name: str, argument: float, value: float, decimals: int) -> str:
    """An activation's value; that of σ and tanh is a rounded one everywhere but at 0."""
    exact = _exact(value, decimals) and (name not in ("sigmoid", "tanh") or not argument)
    steps = [(activation(name).latex(shown(argument, decimals)), _exact(argument, decimals))]
    return _chain(symbol, [*steps, (shown(value, decimals), exact)])


def _chain(symbol: str, steps: list[tuple[str, bool]]) -> str:
    """``symbol = first = …`` of steps and whether they are exact as they stand: ≈ before one that is not.

    A step that repeats the one before is left out.
    """
    kept = [step for place, step in enumerate(steps) if not place or step[0] != steps[place - 1][0]]
    return aligned(symbol, [step for step, _ in kept], [exact for _, exact in kept])


def _all_exact(values: Iterable[float], decimals: int) -> bool:
    return all(_exact(value, decimals) for value in values)


def _exact(value: float, decimals: int) -> bool:
    """Whether what is shown of a number is all of it."""
    return float(rounded(value, decimals)) == value


def _factor(value: float, decimals: int) -> str:
    text = shown(value, decimals)
    return f"({text})" if text.startswith("-") else text


def _note(cell: str, gate: str) -> str:
    """What a gate's sum is for, in words."""
    return {
        ("lstm", "z"): _("What there is to store: the cell input"),
        ("lstm", "i"): _("Whether to store it: the input gate"),
        ("lstm", "f"): _("Whether to keep what was stored: the forget gate"),
        ("lstm", "o"): _("Whether to give it out: the output gate"),
        ("gru", "r"): _("How much of the output before the candidate sees: the reset gate"),
        ("gru", "z"): _("How much of the output before stays: the update gate"),
        ("gru", "n"): _("What could be the new output: the candidate"),
        ("rnn", "a"): _("Inputs and the output before, in one sum"),
    }[cell, gate]

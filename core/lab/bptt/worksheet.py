"""Backpropagation through time as sheets: forward, and backward with every factor's value."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

from core.lab.bptt.gradients import ACTIVATIONS, Backpropagation, Factor, Gradient, Step
from core.lab.worksheet import Line, Sheet, aligned, factor, number
from core.runtime.i18n import gettext as _

MOST_WRITTEN = 6  # steps that are written out; of more, the first and the last

_T = TypeVar("_T")
_ROW = 5  # factors on a line
_POWER = re.compile(r"\*\*(?:\(([^()]*)\)|(\w+))")
_STEP = re.compile(r"step\((\w+)\)")
_BASE = re.compile(r"\b([a-zA-Z]+)_(\w+)")


def latex(symbol: str) -> str:
    """A symbol of the grammar, or a derivative like ``dL/dw_o``, in LaTeX."""
    if "/d" in symbol:
        over, under = symbol.split("/d")
        return rf"\frac{{\partial {latex(over.removeprefix('d'))}}}{{\partial {latex(under)}}}"
    written = _POWER.sub(lambda match: f"^{{{match[1] or match[2]}}}", symbol)
    written = _STEP.sub(r"[\1 > 0]", written)
    return _BASE.sub(r"\1_{\2}", written).replace("yhat", r"\hat{y}").replace("delta", r"\delta").replace(" * ", r"\, ")


def forward(working: Backpropagation) -> Sheet:
    """The way forward: every sum and state, the read-out, the loss."""
    lines: list[Line] = []
    for step in _written(working.steps):
        lines += step_lines(working, step)
        if step.t == 2 and len(working.steps) > MOST_WRITTEN:
            between = _("Steps {first} to {last} are alike").format(first=3, last=len(working.steps) - 2)
            lines.append(Line(r"\vdots", between))
    return Sheet(_("Forward"), (*lines, *output_lines(working)))


def step_lines(working: Backpropagation, step: Step) -> tuple[Line, ...]:
    """The sum and the state of a step, with the slope."""
    exercise, t = working.exercise, step.t
    before = working.steps[t - 2].h if t > 1 else exercise.h_0
    sums = aligned(
        f"a_{{{t}}}",
        [
            rf"w_i x_{{{t}}} + w_h h_{{{t - 1}}}",
            rf"{factor(exercise.w_i)} \cdot {factor(step.x)} + {factor(exercise.w_h)} \cdot {factor(before)}",
            number(step.a),
        ],
    )
    bend = ACTIVATIONS[exercise.activation]
    slope = latex(bend.symbol.format(t=t))
    if exercise.activation == "tanh":
        slope = slope[1:-1]
    state = rf"h_{{{t}}} = {bend.latex}(a_{{{t}}}) = {number(step.h)}, \qquad {slope} = {number(step.slope)}"
    return Line(sums, _("Step {t}").format(t=t)), Line(state)


def output_lines(working: Backpropagation) -> tuple[Line, ...]:
    """The logit, the probability, the loss."""
    exercise, last = working.exercise, working.steps[-1]
    return (
        Line(
            rf"u = w_o h_{{{last.t}}} = {factor(exercise.w_o)} \cdot {factor(last.h)} = {number(working.logit)}",
            _("The read-out"),
        ),
        Line(rf"\hat{{y}} = \sigma(u) = {number(working.probability)}"),
        Line(
            aligned(
                "L",
                [
                    r"-y \log \hat{y} - (1 - y) \log(1 - \hat{y})",
                    r"\max(u, 0) - u y + \log(1 + e^{-|u|})",
                    number(working.loss),
                ],
            ),
            _("The loss, computed from the logit"),
        ),
    )


def model(activation: str) -> str:
    """The network in LaTeX."""
    return (
        rf"\begin{{aligned}} h_t &= {ACTIVATIONS[activation].latex}(w_i x_t + w_h h_{{t-1}}), \qquad "
        r"\hat{y} = \sigma(w_o h_T) \\ L &= -y \log \hat{y} - (1 - y) \log(1 - \hat{y}) \end{aligned}"
    )


def backward(working: Backpropagation) -> Sheet:
    """The way back: the derivatives at the read-out, then each gradient as a sum over time."""
    formulas = _readout(working)
    lines = [
        Line(rf"{latex(name)} = {formulas[name]} = {number(value)}", _("At the output") if not index else "")
        for index, (name, value) in enumerate(working.readout)
    ]
    for gradient in working.gradients:
        lines += gradient_lines(gradient)
    return Sheet(_("Backward"), tuple(lines))


def _readout(working: Backpropagation) -> dict[str, str]:
    last = f"h_{{{working.steps[-1].t}}}"
    name = f"h_{working.steps[-1].t}"
    return {
        "dL/dyhat": r"-\frac{y}{\hat{y}} + \frac{1 - y}{1 - \hat{y}}",
        "dyhat/du": r"\hat{y} (1 - \hat{y})",
        "dL/du": r"\hat{y} - y",
        "dyhat/dw_o": rf"\hat{{y}} (1 - \hat{{y}})\, {last}",
        f"dyhat/d{name}": r"\hat{y} (1 - \hat{y})\, w_o",
        f"dL/d{name}": r"(\hat{y} - y)\, w_o",
    }


def gradient_lines(gradient: Gradient) -> list[Line]:
    """A gradient as a sum over time, every factor in letters and numbers."""
    name = latex(gradient.name)
    if len(gradient.terms) == 1:
        (term,) = gradient.terms
        steps = [_symbols(term.factors), _values(term.factors), number(gradient.value)]
        return [Line(aligned(name, steps), _("The gradient with respect to {weight}").format(weight=gradient.name[4:]))]
    written = _written(gradient.terms)
    lines = [
        Line(
            rf"\begin{{aligned}}t = {term.t}:\quad & {_symbols(term.factors)} \\ &= {_values(term.factors)} \\ "
            rf"&= {number(term.value)}\end{{aligned}}"
        )
        for term in written
    ]
    head = _("The gradient with respect to {weight}: a sum over time, one term per step, the last step first").format(
        weight=gradient.name[4:]
    )
    if len(written) < len(gradient.terms):
        head += _(" (only the first and the last of {count} terms are shown)").format(count=len(gradient.terms))
    lines[0] = Line(lines[0].latex, head)
    values = [term.value for term in gradient.terms]
    shown = " + ".join(factor(value) for value in values[:MOST_WRITTEN])
    if len(values) > MOST_WRITTEN:
        shown += r" + \dots"
    lines.append(Line(aligned(name, [shown, number(gradient.value)])))
    return lines


def _symbols(factors: Sequence[Factor]) -> str:
    return _broken([latex(one.symbol) for one in factors], r"\, ", "")


def _values(factors: Sequence[Factor]) -> str:
    return _broken([factor(one.value) for one in factors], r" \cdot ", r"\cdot ")


def _broken(factors: Sequence[str], sign: str, again: str) -> str:
    """A product in lines that a narrow screen holds; the sign is repeated where a line goes on."""
    rows = [sign.join(factors[start : start + _ROW]) for start in range(0, len(factors), _ROW)]
    return rf" \\ & \quad {again}".join(rows)


def _written(items: Sequence[_T]) -> list[_T]:
    """All of them where they are few, else the first and the last."""
    return [*items] if len(items) <= MOST_WRITTEN else [*items[:2], *items[-2:]]

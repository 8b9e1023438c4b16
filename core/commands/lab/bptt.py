"""The exercise bptt: backpropagation through time with its working, checked; and a derivation of one's own, checked."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from core.commands import console
from core.commands.verbs import Add

if TYPE_CHECKING:
    from core.lab.bptt.derivation import Check
    from core.lab.bptt.gradients import Backpropagation
    from core.lab.bptt.slip import Slip

_POINTS = 5  # of a check that are printed for people


def add_exercise(add: Add) -> None:
    """Add the exercise and its options."""
    added = add(bptt)
    added.add_argument("--x", nargs="+", type=float, metavar="X", help="inputs x_1 x_2 … (default: 1 0.5)")
    added.add_argument("--y", type=float, help="label, 0 or 1 (default: 0)")
    added.add_argument("--w-i", type=float, metavar="W", help="input weight (default: 0.6)")
    added.add_argument("--w-h", type=float, metavar="W", help="recurrent weight (default: 0.9)")
    added.add_argument("--w-o", type=float, metavar="W", help="output weight (default: 1.5)")
    added.add_argument("--h-0", type=float, metavar="H", help="state before the first input (default: 0)")
    added.add_argument(
        "--steps", type=int, metavar="T", help="steps; the inputs are read again from the first where they end"
    )
    added.add_argument(
        "--formula",
        metavar="F",
        help="a derivation of your own, as in '(yhat - y) * h_2', compared with autograd at random points; one that "
        "begins with a minus is written --formula='-…'",
    )
    added.add_argument("--target", default="dL/dw_o", metavar="D", help="what it derives (default: dL/dw_o)")
    added.add_argument("--seed", type=int, default=0, help="of the random points (default: 0)")


def bptt(options: argparse.Namespace) -> int:
    """Backpropagation through time by hand: every factor, the slip of a report, and a derivation of your own."""
    from core.lab.bptt.derivation import check
    from core.lab.bptt.gradients import Exercise, backpropagation
    from core.lab.bptt.slip import slips

    if options.seed < 0:
        raise ValueError(f"the seed is {options.seed}; it is 0 or more")
    numbers = {name: getattr(options, name) for name in ("y", "w_i", "w_h", "w_o", "h_0")}
    given: dict[str, Any] = {name: value for name, value in numbers.items() if value is not None}
    exercise = Exercise(**given) if options.x is None else Exercise(x=tuple(options.x), **given)
    if options.steps is not None:
        exercise = exercise.over(options.steps)
    checked = None
    if options.formula is not None:
        checked = check(options.formula, options.target, steps=len(exercise.x), seed=options.seed)
    found = backpropagation(exercise)
    rows = slips(found)
    if options.json:
        console.json_list([_as_json(found, rows, checked)])
        return 0
    for line in _lines(found, rows):
        console.line(line)
    if checked is not None:
        for line in _check_lines(checked):
            console.line(line)
    return 0


def _as_json(found: Backpropagation, rows: Sequence[Slip], checked: Check | None) -> dict[str, Any]:
    """One object: exercise, steps, read-out, gradients with their terms and factors, slips, errors, notes, check.

    A number beyond float64 is null.
    """
    gradients = [
        {**asdict(gradient), "error_autograd": gradient.error_autograd, "error_central": gradient.error_central}
        for gradient in found.gradients
    ]
    for gradient, result in zip(gradients, found.gradients, strict=True):
        gradient["terms"] = [
            {"t": term.t, "factors": [factor._asdict() for factor in term.factors], "value": term.value}
            for term in result.terms
        ]
    answer: dict[str, Any] = _finite(
        {
            "exercise": asdict(found.exercise),
            "steps": [asdict(step) for step in found.steps],
            "logit": found.logit,
            "probability": found.probability,
            "loss": found.loss,
            "readout": dict(found.readout),
            "gradients": gradients,
            "largest_error_autograd": found.largest_error_autograd,
            "largest_error_central": found.largest_error_central,
            "slips": [asdict(row) for row in rows],
            "notes": list(found.notes),
            "check": None if checked is None else _check_as_json(checked),
        }
    )
    return answer


def _check_as_json(checked: Check) -> dict[str, Any]:
    return {
        **asdict(checked),
        "off_by": None if checked.off_by is None else str(checked.off_by),
        "agrees": checked.agrees,
        "statement": checked.statement(),
    }


def _finite(value: Any) -> Any:
    """The same with None for every number that JSON has not."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _lines(found: Backpropagation, rows: Sequence[Slip]) -> list[str]:
    """The working for people."""
    exercise = found.exercise
    last = found.steps[-1].t
    lines = [
        "h_t = tanh(w_i x_t + w_h h_{t-1}), yhat = sigmoid(w_o h_T), L = -y log yhat - (1 - y) log(1 - yhat)",
        f"w_i = {exercise.w_i:g}, w_h = {exercise.w_h:g}, w_o = {exercise.w_o:g}, h_0 = {exercise.h_0:g}, "
        f"y = {exercise.y:g}",
        "",
        "Forward",
        *(
            f"  t = {step.t}: x = {step.x:g}, a = {step.a:.6g}, h = {step.h:.6f}, 1 - h^2 = {step.slope:.6g}"
            for step in found.steps
        ),
        f"  u = w_o h_{last} = {found.logit:.6g}, yhat = {found.probability:.6g}, L = {found.loss:.6g}",
        "",
        "Backward",
        *(f"  {name} = {value:.6g}" for name, value in found.readout),
    ]
    for gradient in found.gradients:
        lines.append(f"  {gradient.name} = {gradient.value:.9g}")
        lines += [
            f"    t = {term.t}: {' * '.join(factor.symbol for factor in term.factors)} = "
            f"{' * '.join(f'{factor.value:.4g}' for factor in term.factors)} = {term.value:.6g}"
            for term in gradient.terms
        ]
    lines += ["", f"{'':12}{'closed form':>18}{'autograd':>18}{'central diff.':>18}"]
    lines += [
        f"{gradient.name:12}{gradient.value:18.9g}{_number(gradient.autograd, 9):>18}{_number(gradient.central, 9):>18}"
        for gradient in found.gradients
    ]
    lines.append(
        f"Largest error: {_number(found.largest_error_autograd, 2)} against autograd, "
        f"{_number(found.largest_error_central, 2)} against central differences"
    )
    lines += found.notes
    lines += [
        "",
        f"A report's slip, dyhat/dw_o = dyhat/dh_{last} = -w_o h^2 / (1 + e^(-w_o h))^2, and what follows from it",
        f"{'':12}{'report':>14}{'truth':>14}{'autograd':>14}{'report/truth':>14}   which is",
    ]
    for row in rows:
        values = (_number(value, 6) for value in (row.report, row.truth, row.autograd, row.ratio))
        lines.append(f"{row.name:12}" + "".join(f"{value:>14}" for value in values) + f"   {row.algebra or ''}")
    return lines


def _check_lines(checked: Check) -> list[str]:
    lines = [
        "",
        f"Your {checked.target} = {checked.formula}",
        checked.statement(),
        f"{'your formula':>18}{'autograd':>18}{'ratio':>18}   the first {_POINTS} of {len(checked.points)} points, "
        f"seed {checked.seed}",
    ]
    return lines + [
        "".join(f"{_number(value, 9):>18}" for value in (point.formula, point.truth, point.ratio))
        for point in checked.points[:_POINTS]
    ]


def _number(value: float | None, digits: int) -> str:
    return "none" if value is None else f"{value:.{digits}g}"

"""The exercise bptt: backpropagation through time with its working, checked; and a derivation of yours, checked."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from core.commands import console
from core.commands.options import Verbs, given

if TYPE_CHECKING:
    from core.lab.bptt.derivation import Check
    from core.lab.bptt.gradients import Backpropagation

_POINTS = 5  # of a check that are printed for people


def add_exercise(verbs: Verbs) -> None:
    """Add the exercise and its options."""
    parser = verbs.add(bptt, "--seed")
    parser.add_argument("--x", nargs="+", type=float, metavar="X", help="inputs x_1 x_2 … (default: 1 0.5)")
    for name, about in (
        ("--y", "label, 0 or 1 (default: 0)"),
        ("--w-i", "input weight (default: 0.6)"),
        ("--w-h", "recurrent weight (default: 0.9)"),
        ("--w-o", "output weight (default: 1.5)"),
        ("--h-0", "state before the first input (default: 0)"),
    ):
        parser.add_argument(name, type=float, help=about)
    parser.add_argument("--activation", metavar="A", help="tanh (default), sigmoid or relu")
    parser.add_argument("--steps", type=int, metavar="T", help="steps; the inputs repeat where they end")
    parser.add_argument(
        "--formula",
        metavar="F",
        help="a derivation of yours, as in '(yhat - y) * h_2', compared with autograd at random points; write one that "
        "begins with a minus as --formula='-…'",
    )
    parser.add_argument("--target", default="dL/dw_o", metavar="D", help="what it derives (default: dL/dw_o)")


def bptt(options: argparse.Namespace) -> int:
    """Backpropagation through time by hand: every factor, and a derivation of yours."""
    from core.lab.bptt.derivation import check
    from core.lab.bptt.gradients import Exercise, backpropagation

    numbers = given(options, "x", "y", "w_i", "w_h", "w_o", "h_0", "activation")
    exercise = Exercise(**{**numbers, "x": tuple(numbers.get("x", Exercise.x))})
    if options.steps is not None:
        exercise = exercise.over(options.steps)
    checked = None
    if options.formula is not None:
        how = {"steps": len(exercise.x), "activation": exercise.activation, "seed": options.seed}
        checked = check(options.formula, options.target, **how)
    working = backpropagation(exercise)
    if options.json:
        console.json_list([_as_json(working, checked)])
    else:
        for line in [*_lines(working), *(_check_lines(checked) if checked else [])]:
            console.line(line)
    return 0


def _as_json(working: Backpropagation, checked: Check | None) -> dict[str, Any]:
    """One object; a number beyond float64 is null."""
    return {
        **console.record(working, "exercise steps logit probability loss"),
        "readout": dict(working.readout),
        "gradients": [
            console.record(gradient, "name terms value autograd central error_autograd error_central")
            for gradient in working.gradients
        ],
        **console.record(working, "largest_error_autograd largest_error_central"),
        "notes": working.notes,
        "check": checked
        and {
            **asdict(checked),
            "off_by": checked.off_by and str(checked.off_by),
            "agrees": checked.agrees,
            "statement": checked.statement(),
        },
    }


def _lines(working: Backpropagation) -> list[str]:
    """The working for people."""
    exercise = working.exercise
    last = working.steps[-1].t
    lines = [
        f"h_t = {exercise.activation}(w_i x_t + w_h h_{{t-1}}), yhat = sigmoid(w_o h_T), "
        "L = -y log yhat - (1 - y) log(1 - yhat)",
        f"w_i = {exercise.w_i:g}, w_h = {exercise.w_h:g}, w_o = {exercise.w_o:g}, h_0 = {exercise.h_0:g}, "
        f"y = {exercise.y:g}",
        "",
        "Forward",
        *(
            f"  t = {step.t}: x = {step.x:g}, a = {step.a:.6g}, h = {step.h:.6f}, slope = {step.slope:.6g}"
            for step in working.steps
        ),
        f"  u = w_o h_{last} = {working.logit:.6g}, yhat = {working.probability:.6g}, L = {working.loss:.6g}",
        "",
        "Backward",
        *(f"  {name} = {value:.6g}" for name, value in working.readout),
    ]
    for gradient in working.gradients:
        lines.append(f"  {gradient.name} = {gradient.value:.9g}")
        lines += [
            f"    t = {term.t}: {' * '.join(factor.symbol for factor in term.factors)} = "
            f"{' * '.join(f'{factor.value:.4g}' for factor in term.factors)} = {term.value:.6g}"
            for term in gradient.terms
        ]
    lines += ["", f"{'':12}{'closed form':>18}{'autograd':>18}{'central diff.':>18}"]
    lines += [
        f"{gradient.name:12}{gradient.value:18.9g}{_number(gradient.autograd, 9):>18}{_number(gradient.central, 9):>18}"
        for gradient in working.gradients
    ]
    lines.append(
        f"Largest error: {_number(working.largest_error_autograd, 2)} against autograd, "
        f"{_number(working.largest_error_central, 2)} against central differences"
    )
    lines += working.notes
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

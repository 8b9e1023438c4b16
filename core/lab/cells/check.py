"""Checks the arithmetic by hand: the same cells in decimals of 60 digits, by separate code.

The error of a number is |by hand − decimal| / max(1, |decimal|): absolute below 1, relative above. What exceeds the
largest float is clipped here too.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext

from core.lab.cells.activations import activation
from core.lab.cells.arithmetic import GATES, LARGEST, SUMS, Exercise, Gate, Worked
from core.runtime.i18n import gettext as _

DIGITS = 60


@dataclass(frozen=True)
class Check:
    """The largest error over all `numbers` of an exercise: every gate's sum and value, every state."""

    error: float
    where: str
    numbers: int


def check(worked: Worked) -> Check:
    """Every number of an exercise against decimals of `DIGITS` digits."""
    with localcontext() as context:
        context.prec = DIGITS
        largest, where, numbers = Decimal(0), "", 0
        for step, expected in zip(worked.steps, _decimals(worked.exercise), strict=True):
            cell = worked.exercise.cell
            values = dict(zip(SUMS[cell], (one.value for one in step.sums), strict=True))
            values |= {f"f_{name}": value for name, value in zip(GATES[cell], step.gates, strict=True)}
            values |= {"y": step.y} | ({} if step.c is None else {"c": step.c})
            for name, value in values.items():
                error = abs(Decimal(value) - expected[name]) / max(Decimal(1), abs(expected[name]))
                numbers += 1
                if error > largest or not where:
                    largest, where = error, _("{name} at t = {t}").format(name=name, t=step.t)
        return Check(float(largest), where, numbers)


def _decimals(exercise: Exercise) -> list[dict[str, Decimal]]:
    """Every number of every step, by name, in decimals."""
    y, c = Decimal(exercise.y0), Decimal(exercise.c0)
    steps = []
    for x in exercise.inputs:
        now: dict[str, Decimal] = {}
        for name, total, gate in zip(GATES[exercise.cell], SUMS[exercise.cell], exercise.gates, strict=True):
            weighed = _weighed(gate, x)
            inner = Decimal(gate.state) * y
            if (exercise.cell, name) == ("gru", "n"):
                inner = now["f_r"] * _hold(inner + Decimal(gate.state_bias))
            now[total] = _hold(weighed + inner)
            now[f"f_{name}"] = activation(gate.activation).decimal(now[total])
        if exercise.cell == "lstm":
            c = _hold(now["f_i"] * now["f_z"] + now["f_f"] * c)
            now["c"] = c
            y = _hold(now["f_o"] * activation(exercise.output).decimal(c))
        elif exercise.cell == "gru":
            y = _hold((1 - now["f_z"]) * now["f_n"] + now["f_z"] * y)
        else:
            y = now["f_a"]
        now["y"] = y
        steps.append(now)
    return steps


def _weighed(gate: Gate, x: tuple[float, ...]) -> Decimal:
    return sum((Decimal(w) * Decimal(v) for w, v in zip(gate.inputs, x, strict=True)), Decimal(gate.bias))


def _hold(value: Decimal) -> Decimal:
    return max(-Decimal(LARGEST), min(Decimal(LARGEST), value))

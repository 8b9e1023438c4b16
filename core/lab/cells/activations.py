"""The activations of the exercises, in float64 and, to check them, in decimals.

    sigmoid  1 / (1 + e^{−v})      tanh  (e^v − e^{−v}) / (e^v + e^{−v})      identity  v
    relu     max(0, v)             step  1 from 0 up, else 0

Each has two separate forms: on floats, saturating without a warning, and on `decimal.Decimal`, as precise as the
context.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Activation:
    """A function of one number; `letter` is how it is written before its argument in LaTeX, where it has a letter."""

    name: str
    value: Callable[[float], float]
    decimal: Callable[[Decimal], Decimal]
    letter: str

    def latex(self, argument: str) -> str:
        """The function of an argument, in LaTeX."""
        if self.name == "identity":
            return argument
        if self.name == "relu":
            return rf"\max(0, {argument})"
        if self.name == "step":
            return rf"[{argument} \ge 0]"
        return rf"{self.letter}({argument})"


def _sigmoid(v: float) -> float:
    small = math.exp(-abs(v))  # at most 1, and 0 far out: nothing overflows
    return 1 / (1 + small) if v >= 0 else small / (1 + small)


def _decimal_sigmoid(v: Decimal) -> Decimal:
    return 1 / (1 + (-v).exp()) if v >= 0 else 1 - 1 / (1 + v.exp())


def _decimal_tanh(v: Decimal) -> Decimal:
    doubled = (-2 * abs(v)).exp()
    return ((1 - doubled) / (1 + doubled)).copy_sign(v)


ACTIVATIONS = {
    one.name: one
    for one in (
        Activation("identity", lambda v: v, lambda v: v, ""),
        Activation("sigmoid", _sigmoid, _decimal_sigmoid, r"\sigma"),
        Activation("tanh", math.tanh, _decimal_tanh, r"\tanh"),
        Activation("relu", lambda v: max(0.0, v), lambda v: max(Decimal(0), v), r"\max"),
        Activation("step", lambda v: float(v >= 0), lambda v: Decimal(int(v >= 0)), ""),
    )
}


def activation(name: str) -> Activation:
    """An activation by its name. Raises ValueError for one that is none."""
    if name not in ACTIVATIONS:
        raise ValueError(f"unknown activation {name!r}; available: {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]

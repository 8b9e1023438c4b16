"""Backpropagation through time with several units: the same network as in `bptt.gradients`, in vectors and float64.

    a_t = W_i x_t + W_h h_{t-1}    h_t = φ(a_t)    u = W_o h_T    ŷ = σ(u) or softmax(u)

The loss is the cross-entropy. With d_t = ∂L/∂a_t: d_T = W_oᵀ(ŷ − y) ⊙ φ′(a_T), d_t = W_hᵀ d_{t+1} ⊙ φ′(a_t), and
∂L/∂W_i = Σ_t d_t x_tᵀ, ∂L/∂W_h = Σ_t d_t h_{t-1}ᵀ, ∂L/∂W_o = (ŷ − y) h_Tᵀ.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from core.lab.bptt.gradients import ACTIVATIONS, Exercise
from core.lab.formula import Array
from core.lab.typed_numbers import Matrix
from core.runtime.i18n import gettext as _

MOST_UNITS, MOST_TIMES = 4, 6  # units, inputs or classes; and steps
_LARGEST = 100.0  # size of a number, so that nothing overflows
_WIDTH = 6e-6


@dataclass(frozen=True)
class Units:
    """The numbers of an exercise with several units, as rows: x is T by E, w_i H by E, w_h H by H, w_o K by H.

    `y` is the label: 0 to 1 for a sigmoid (K = 1), the number of the class from 1 for a softmax (K of 2 or more).
    ValueError where shapes or numbers do not fit.
    """

    x: Matrix = ((1.0,), (0.5,))
    y: float = 0.0
    w_i: Matrix = ((0.6,), (-0.4,))
    w_h: Matrix = ((0.9, 0.2), (-0.3, 0.5))
    w_o: Matrix = ((1.5, -0.8),)
    h_0: tuple[float, ...] = (0.0, 0.0)
    activation: str = "tanh"

    def __post_init__(self) -> None:
        units, inputs = len(self.w_i), len(self.w_i[0])
        for name, matrix, height, width in (
            ("x", self.x, len(self.x), inputs),
            ("W_i", self.w_i, units, inputs),
            ("W_h", self.w_h, units, units),
            ("W_o", self.w_o, len(self.w_o), units),
            ("h_0", (self.h_0,), 1, units),
        ):
            if len(matrix) != height or any(len(row) != width for row in matrix):
                raise ValueError(
                    _("{name} has the wrong size; expected {rows} × {columns}").format(
                        name=name, rows=height, columns=width
                    )
                )
            if not all(abs(value) <= _LARGEST for row in matrix for value in row):
                raise ValueError(_("{name} has a number beyond ±{most:g}").format(name=name, most=_LARGEST))
            if max(height, width) > (MOST_TIMES if name == "x" else MOST_UNITS):
                raise ValueError(
                    _("{name} is too large: at most {units} units and {steps} steps").format(
                        name=name, units=MOST_UNITS, steps=MOST_TIMES
                    )
                )
        if self.softmax and self.y not in range(1, len(self.w_o) + 1):
            raise ValueError(_("the class y is a whole number from 1 to {classes}").format(classes=len(self.w_o)))
        if not self.softmax and not 0 <= self.y <= 1:
            raise ValueError(_("y is {y:g}; the label must be 0, 1 or a number between them").format(y=self.y))

    @classmethod
    def of(cls, exercise: Exercise) -> Units:
        """A network of one unit; its numbers may be of any size."""
        made = cls.__new__(cls)
        for name, value in (
            ("x", tuple((x,) for x in exercise.x)),
            *(("y", exercise.y), ("h_0", (exercise.h_0,)), ("activation", exercise.activation)),
            *((name, ((getattr(exercise, name),),)) for name in ("w_i", "w_h", "w_o")),
        ):
            object.__setattr__(made, name, value)
        return made

    @property
    def softmax(self) -> bool:
        """Whether the output is a softmax over classes, and not one sigmoid."""
        return len(self.w_o) > 1

    @property
    def labels(self) -> tuple[float, ...]:
        """y as a vector over the outputs."""
        if not self.softmax:
            return (self.y,)
        return tuple(float(self.y == k) for k in range(1, len(self.w_o) + 1))


class Worked(NamedTuple):
    """Every intermediate: sums and states (T by H), u, ŷ (K), the loss, ŷ − y, d = ∂L/∂a (T by H), the gradients."""

    a: Array
    h: Array
    u: Array
    yhat: Array
    loss: float
    delta: Array
    d: Array
    w_o: Array
    w_i: Array
    w_h: Array


def work(units: Units) -> Worked:
    """Work an exercise out in closed form."""
    x, h_0, y = np.array(units.x), np.array(units.h_0), np.array(units.labels)
    w_i, w_h, w_o = np.array(units.w_i), np.array(units.w_h), np.array(units.w_o)
    bend = ACTIVATIONS[units.activation]
    sums, states = [], [h_0]
    for row in x:
        sums.append(w_i @ row + w_h @ states[-1])
        states.append(np.array([bend.function(float(a)) for a in sums[-1]]))
    u = w_o @ states[-1]
    if units.softmax:
        shifted = u - u.max()
        yhat = np.exp(shifted) / np.exp(shifted).sum()
        loss = float(np.log(np.exp(shifted).sum()) - shifted @ y)
    else:
        yhat = np.array([ACTIVATIONS["sigmoid"].function(float(u[0]))])
        loss = max(float(u[0]), 0.0) - float(u[0]) * units.y + math.log1p(math.exp(-abs(float(u[0]))))
    delta = yhat - y
    errors: list[Array] = []
    back = w_o.T @ delta
    for a, h in zip(reversed(sums), reversed(states), strict=False):
        slope = np.array([bend.slope(float(one), float(other)) for one, other in zip(a, h, strict=True)])
        errors.insert(0, back * slope)
        back = w_h.T @ errors[0]
    d = np.array(errors)
    before = np.array(states[:-1])
    return Worked(
        *(np.array(sums), np.array(states[1:]), u, yhat, loss, delta, d),
        *(np.outer(delta, states[-1]), d.T @ x, d.T @ before),
    )


def checks(units: Units) -> dict[str, tuple[Array, Array]]:
    """The gradients by autograd and by central differences, by weight."""
    import torch

    bend = getattr(torch, units.activation)
    weights = {
        name: torch.tensor(getattr(units, name), dtype=torch.float64, requires_grad=True)
        for name in ("w_o", "w_i", "w_h")
    }

    def loss() -> torch.Tensor:
        h = torch.tensor(units.h_0, dtype=torch.float64)
        for row in units.x:
            h = bend(weights["w_i"] @ torch.tensor(row, dtype=torch.float64) + weights["w_h"] @ h)
        u, y = weights["w_o"] @ h, torch.tensor(units.labels, dtype=torch.float64)
        if units.softmax:
            return -(torch.log_softmax(u, 0) * y).sum()
        return torch.nn.functional.binary_cross_entropy_with_logits(u, y)

    gradients = torch.autograd.grad(loss(), list(weights.values()))
    return {
        name: (gradient.numpy(), _central(loss, weight.data))
        for (name, weight), gradient in zip(weights.items(), gradients, strict=True)
    }


def _central(loss: Callable[[], object], weight: object) -> Array:
    """(L(w + s) − L(w − s)) / 2s, an entry at a time."""
    flat = weight.view(-1)  # type: ignore[attr-defined]
    found = np.empty(len(flat))
    for place in range(len(flat)):
        value, ends = float(flat[place]), []
        for step in (_WIDTH, -_WIDTH):
            flat[place] = value + step
            ends.append(loss().item())  # type: ignore[attr-defined]
        flat[place] = value
        found[place] = (ends[0] - ends[1]) / (2 * _WIDTH)
    return found.reshape(tuple(weight.shape))  # type: ignore[attr-defined]

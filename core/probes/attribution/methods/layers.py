"""The numbers a model is made of, in float64, for methods that walk through its equations on their own.

The equations and the names of the gates are those of `models.recurrent`. Axes: T tokens, E embedding, H units, G gates.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from core.models.recurrent import GATES, CellStep, Classifier, cell_step
from core.probes.attribution.results import Reading


class Layer(NamedTuple):
    """One layer's weights W [G*H, E] (or [G*H, H] above the first) and U [G*H, H], biases b and d [G*H], float64."""

    cell: str
    w: Tensor
    u: Tensor
    b: Tensor
    d: Tensor

    @property
    def units(self) -> int:
        return self.u.shape[1]

    def by_gate(self, stacked: Tensor) -> dict[str, Tensor]:
        """The blocks of H numbers of [..., G*H], or of H rows of [G*H, ...] where that is what is stacked, by name."""
        names = GATES[self.cell]
        return dict(zip(names, stacked.split(self.units, dim=-1), strict=True))

    def step(self, from_input: Tensor, h: Tensor, c: Tensor | None) -> CellStep:
        """The state after one more token, from Wx + b [1, G*H] and the state before it, [1, H]."""
        return cell_step(self.cell, from_input, h @ self.u.T + self.d, h, c)

    def unroll(self, x: Tensor) -> list[CellStep]:
        """The states after each of the inputs x [T, E], from zeros."""
        h = x.new_zeros(1, self.units)
        c = h if self.cell == "lstm" else None
        steps: list[CellStep] = []
        for from_input in (x @ self.w.T + self.b).split(1):
            steps.append(self.step(from_input, h, c))
            h, c = steps[-1].h, steps[-1].c
        return steps


class Numbers(NamedTuple):
    """What one model reads a text with: embedded tokens x [T, E], its layers, and the read-out's w [H] and b, a
    number; float64."""

    x: Tensor
    layers: list[Layer]
    read_out: Tensor
    bias: float


def numbers(reading: Reading) -> Numbers:
    """The float64 numbers of a reading. Raises ValueError where it has no token, and
    `core.models.recurrent.ReadOutError` for a model whose logit is not w·h_T + b: the walks begin there."""
    if not reading.tokens:
        raise ValueError("there is no token to attribute anything to; expected at least one")
    model = reading.inside.model
    model.check_plain()
    with torch.no_grad():
        ids = torch.tensor(reading.inside.vocabulary.encode(reading.tokens))
        return Numbers(
            x=model.embedding(ids).double(),
            layers=[_layer(model, number) for number in range(model.recurrent.num_layers)],
            read_out=model.linear.weight[0].double(),
            bias=model.linear.bias.double().item(),
        )


def _layer(model: Classifier, number: int) -> Layer:
    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    w, u, b, d = (getattr(model.recurrent, f"{kind}_l{number}").double() for kind in kinds)
    return Layer(model.cell, w, u, b, d)

"""A model's weights in float64, for methods that step through its equations themselves.

The equations and the gates' names are those of `models.recurrent`. Axes: T tokens, E embedding, H units, G gates.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from core.models.linear_head import LinearHead
from core.models.recurrent import GATES, CellStep, Classifier, cell_step
from core.probes.attribution.results import Instance


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
        """The blocks of [..., G*H], each [..., H], by gate."""
        return dict(zip(GATES[self.cell], stacked.split(self.units, dim=-1), strict=True))

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


class Weights(NamedTuple):
    """Embedded tokens x [T, E], the layers, and the head; float64."""

    x: Tensor
    layers: list[Layer]
    head: LinearHead

    def read_out(self, h: Tensor) -> tuple[Tensor, float]:
        """w [H] and b of the logit as w·h + b: exact at h [H], as its gradient is, and everywhere where the target is
        compared with one class."""
        w, b = self.head.tangent(h.numpy())
        return torch.from_numpy(w), b


def weights_of(instance: Instance) -> Weights:
    """The weights that an instance is read with. Raises `core.models.recurrent.ReadOutError` for a model whose scores
    are not W h_T + b."""
    model = instance.white_box.model
    model.check_plain()
    head = LinearHead.of(model)
    assert head is not None  # a plain model's head has one layer
    with torch.no_grad():
        ids = torch.tensor(instance.white_box.vocabulary.encode(instance.tokens))
        return Weights(
            x=model.embedding(ids).double(),
            layers=[_layer(model, number) for number in range(model.recurrent.num_layers)],
            head=head,
        )


def _layer(model: Classifier, number: int) -> Layer:
    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    w, u, b, d = (getattr(model.recurrent, f"{kind}_l{number}").double() for kind in kinds)
    return Layer(model.cell, w, u, b, d)

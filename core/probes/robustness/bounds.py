"""How far can a verdict move at most? Intervals through a network, for all words that may stand at each place.

Each number of a state becomes an interval that holds it for every sequence of a family (interval bound propagation:
Gowal et al. 2018; for LSTMs Jia et al. 2019; Huang et al. 2019). Sums of products are taken as centre and radius in
float64, and every interval is widened by more than rounding can have moved its ends. The input of a place is the hull
of the words' own projections Wx + b, so one step from a known state is as tight as intervals are. They widen at every
step: of networks trained as usual they prove little beyond a few last words.

For plain networks of one layer; of the others nothing is known. Axes: B states at once, H units, G gates, K classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.recurrent import Classifier
    from core.probes.robustness.families import Family

_WIDER = 1e-12  # of the size of what is summed: thousands of times float64's rounding


class Box(NamedTuple):
    """Intervals [..., N]: their lower and upper ends."""

    low: Tensor
    high: Tensor

    def __add__(self, other: Box) -> Box:  # type: ignore[override]
        return _wider(self.low + other.low, self.high + other.high)

    def __mul__(self, other: Box) -> Box:  # type: ignore[override]
        products = torch.stack(
            [self.low * other.low, self.low * other.high, self.high * other.low, self.high * other.high]
        )
        return _wider(products.amin(dim=0), products.amax(dim=0))

    def each(self, rising: object) -> Box:
        """A rising function of each."""
        return _wider(rising(self.low), rising(self.high))  # type: ignore[operator]

    def minus_from(self, one: float) -> Box:
        """`one` minus each."""
        return _wider(one - self.high, one - self.low)

    def part(self, start: int, stop: int) -> Box:
        """Some of the numbers."""
        return Box(self.low[..., start:stop], self.high[..., start:stop])


def _wider(low: Tensor, high: Tensor) -> Box:
    return Box(low - _WIDER * (1 + low.abs()), high + _WIDER * (1 + high.abs()))


def _linear(box: Box, weight: Tensor, bias: Tensor) -> Box:
    """Weights [M, N] times intervals [..., N], and biases [M]."""
    centre, radius = (box.low + box.high) / 2, (box.high - box.low) / 2
    size = weight.abs()
    middle = centre @ weight.T + bias
    reach = radius @ size.T + _WIDER * (centre.abs() @ size.T + bias.abs() + 1)
    return _wider(middle - reach, middle + reach)


class Bounds:
    """Margins that a family's sequences keep under a network; `predicted` is the text's own class."""

    def __init__(self, model: Classifier, ids: np.ndarray, family: Family, predicted: int):
        self._model, self._family = model, family
        recurrent = model.recurrent
        weight_in, bias_in = recurrent.weight_ih_l0.double(), recurrent.bias_ih_l0.double()
        self._state = recurrent.weight_hh_l0.double(), recurrent.bias_hh_l0.double()
        words = model.embedding.weight[torch.from_numpy(ids)].double()  # [W, E]
        exact = _linear(Box(words, words), weight_in, bias_in)
        self._inputs = exact
        self._reach = [torch.from_numpy(family.reach(place).astype(np.int64)) for place in range(len(family.tokens))]
        self.hulls = [Box(exact.low[reach].amin(dim=0), exact.high[reach].amax(dim=0)) for reach in self._reach]
        weight, bias = model.linear.weight.double(), model.linear.bias.double()
        if len(weight) == 1:
            sign = 1 if predicted else -1
            self._head = sign * weight, sign * bias
        else:
            others = [number for number in range(len(weight)) if number != predicted]
            self._head = weight[predicted] - weight[others], bias[predicted] - bias[others]

    def whole(self) -> float:
        """A margin that no sequence falls below."""
        h, c = self._start(1)
        for hull in self.hulls:
            h, c = self._step(hull, h, c)
        return float(self._margin(h)[0])

    @property
    def steps(self) -> int:
        """How many steps `behind` takes, of one state each."""
        length = len(self._reach)
        return sum(len(reach) * (length - place) for place, reach in enumerate(self._reach))

    def behind(self, least: float) -> dict[int, frozenset[int]]:
        """For each position, the words that keep the margin above `least` with the text's own words before them and any
        of the family's behind. Words are numbers, as `Substitutions.parts` takes them."""
        found = {}
        h, c = self._start(1)
        for place, own in enumerate(self._family.own.tolist()):
            reach = self._reach[place]
            some = Box(self._inputs.low[reach], self._inputs.high[reach])
            after, cell = self._step(some, *(None if box is None else _repeat(box, len(reach)) for box in (h, c)))
            for hull in self.hulls[place + 1 :]:
                after, cell = self._step(hull, after, cell)
            kept = (self._margin(after) > least).tolist()
            found[place] = frozenset(one for one, good in zip(reach.tolist(), kept, strict=True) if good)
            h, c = self._step(Box(self._inputs.low[own], self._inputs.high[own]), h, c)
        return found

    def _start(self, count: int) -> tuple[Box, Box | None]:
        zeros = self._inputs.low.new_zeros(count, self._model.hidden_size)
        return Box(zeros, zeros), Box(zeros, zeros) if self._model.cell == "lstm" else None

    def _margin(self, h: Box) -> Tensor:
        return _linear(h, *self._head).low.amin(dim=-1)

    def _step(self, x: Box, h: Box | None, c: Box | None) -> tuple[Box, Box | None]:
        """The states after one more token, of intervals Wx + b [B, G*H] or [G*H]."""
        assert h is not None
        size, y = self._model.hidden_size, _linear(h, *self._state)
        if self._model.cell == "rnn":
            return (x + y).each(torch.tanh), None
        if self._model.cell == "gru":
            r, z = (
                (x.part(first, first + size) + y.part(first, first + size)).each(torch.sigmoid) for first in (0, size)
            )
            n = (x.part(2 * size, 3 * size) + r * y.part(2 * size, 3 * size)).each(torch.tanh)
            # (1 − z) n + z h rises in n and h, and is a straight line in z.
            low = torch.minimum(n.low + z.low * (h.low - n.low), n.low + z.high * (h.low - n.low))
            high = torch.maximum(n.high + z.low * (h.high - n.high), n.high + z.high * (h.high - n.high))
            return _wider(low, high), None
        assert c is not None
        gates = x + y
        i, f, o = (gates.part(k * size, (k + 1) * size).each(torch.sigmoid) for k in (0, 1, 3))
        g = gates.part(2 * size, 3 * size).each(torch.tanh)
        c = f * c + i * g
        return o * c.each(torch.tanh), c


def _repeat(box: Box, count: int) -> Box:
    return Box(box.low.expand(count, -1), box.high.expand(count, -1))


def bounds(checkpoint: Checkpoint, family: Family, predicted: int) -> Bounds | None:
    """The bounds of a checkpoint that can be bounded; None of others."""
    model = checkpoint.model.every
    if not model.plain or model.recurrent.num_layers > 1 or model.reads.pads:
        return None
    return Bounds(model, np.array(checkpoint.vocabulary.encode(family.words), dtype=np.int64), family, predicted)

"""Training against substitutions from a fixed list: words replaced at random, or the worst that intervals allow.

`substitutes` [K, V, S] are, by gold label and word, the words that may stand for it, the word itself in the places that
are left. With ``augment`` words are replaced at random before a batch is read. With ``interval`` (Jia et al. 2019;
Huang et al. 2019) the loss is (1 − κ) times the usual one and κ times that of the worst scores within intervals: the
box of the substitutes' embeddings at every position, grown by ε from the words' own, carried through the recurrence.
κ and ε rise with the steps, so that the first intervals are narrow.

Axes: B batch, T steps, E embedding, H hidden, K classes.
"""

from __future__ import annotations

import torch
from torch import Tensor

from core.models.recurrent import Classifier

WAYS = ("augment", "interval")
REPLACED = 0.3  # of the words that have a substitute
KAPPA = 0.5
_RISES = 0.6  # of the steps, in which κ and ε rise

_Interval = tuple[Tensor, Tensor]


def strength(step: int, steps: int) -> float:
    """How far κ and ε have risen at a step, from 0 to 1."""
    return min(1.0, step / (_RISES * steps))


def replaced(ids: Tensor, gold: Tensor, substitutes: Tensor) -> Tensor:
    """The batch [B, T], a share `REPLACED` of its words drawn from their substitutes."""
    offered = substitutes[gold[:, None], ids]
    drawn = torch.randint(offered.shape[-1], ids.shape)
    # Substitutes come first, so a number modulo their count is one of them; without any it is the word itself.
    count = (offered != ids[..., None]).sum(dim=-1).clamp(min=1)
    word = offered.gather(-1, (drawn % count)[..., None])[..., 0]
    return torch.where(torch.rand(ids.shape) < REPLACED, word, ids)


def worst_scores(
    model: Classifier, ids: Tensor, lengths: Tensor, gold: Tensor, substitutes: Tensor, size: float = 1.0
) -> Tensor:
    """Scores [B] or [B, K] that no replacement makes worse for the gold label, ε being `size`.

    Raises ValueError for a model of several layers or of another read-out than the last state.
    """
    if not model.plain or model.recurrent.num_layers > 1 or model.reads.pads:
        raise ValueError("intervals are for a plain network of one layer that reads the last state")
    low, high = _inputs(model, ids, gold, substitutes, size)
    hidden = low.new_zeros(len(ids), model.hidden_size)
    h, c = (hidden, hidden), (hidden, hidden)
    recurrent = model.recurrent
    for step in range(ids.shape[1]):
        given = low[:, step], high[:, step]
        next_h, next_c = _step(model, given, _linear(h, recurrent.weight_hh_l0, recurrent.bias_hh_l0), h, c)
        going = (step < lengths)[:, None]
        h, c = _where(going, next_h, h), _where(going, next_c, c)
    lowest, highest = _linear(h, model.linear.weight, model.linear.bias)
    if lowest.shape[1] == 1:
        return torch.where(gold == 1, lowest[:, 0], highest[:, 0])
    own = torch.nn.functional.one_hot(gold, lowest.shape[1]).bool()
    return torch.where(own, lowest, highest)


def _inputs(model: Classifier, ids: Tensor, gold: Tensor, substitutes: Tensor, size: float) -> _Interval:
    """Wx + b [B, T, G·H] of the boxes of embeddings."""
    size_of_vocabulary = substitutes.shape[1]
    distinct, index = (gold[:, None] * size_of_vocabulary + ids).unique(return_inverse=True)
    own = model.embedding(distinct % size_of_vocabulary)  # [D, E]
    others = model.embedding(substitutes.flatten(0, 1)[distinct])  # [D, S, E]
    low, high = torch.minimum(others.amin(dim=1), own), torch.maximum(others.amax(dim=1), own)
    box = own + size * (low - own), own + size * (high - own)
    low, high = _linear(box, model.recurrent.weight_ih_l0, model.recurrent.bias_ih_l0)
    return low[index], high[index]


def _step(model: Classifier, x: _Interval, y: _Interval, h: _Interval, c: _Interval) -> tuple[_Interval, _Interval]:
    """The states after one more token, from the intervals Wx + b and Uh + d, [B, G·H]."""
    if model.cell == "rnn":
        return _each(torch.tanh, _sum(x, y)), c
    if model.cell == "gru":
        (x_r, x_z, x_n), (y_r, y_z, y_n) = _gates(x, 3), _gates(y, 3)
        r, z = _each(torch.sigmoid, _sum(x_r, y_r)), _each(torch.sigmoid, _sum(x_z, y_z))
        n = _each(torch.tanh, _sum(x_n, _times(r, y_n)))
        # (1 − z) n + z h rises in n and h, and is a straight line in z.
        low, high = ([n[end] + one * (h[end] - n[end]) for one in z] for end in (0, 1))
        return (torch.minimum(*low), torch.maximum(*high)), c
    i, f, g, o = _gates(_sum(x, y), 4)
    i, f, o = (_each(torch.sigmoid, gate) for gate in (i, f, o))
    c = _sum(_times(f, c), _times(i, _each(torch.tanh, g)))
    return _times(o, _each(torch.tanh, c)), c


def _linear(box: _Interval, weight: Tensor, bias: Tensor) -> _Interval:
    low, high = box
    centre, radius = (low + high) / 2, (high - low) / 2
    middle, reach = torch.nn.functional.linear(centre, weight, bias), torch.nn.functional.linear(radius, weight.abs())
    return middle - reach, middle + reach


def _times(gate: _Interval, other: _Interval) -> _Interval:
    """A gate, which is never below 0, times an interval."""
    low, high = other
    return torch.minimum(gate[0] * low, gate[1] * low), torch.maximum(gate[0] * high, gate[1] * high)


def _each(rising, box: _Interval) -> _Interval:  # type: ignore[no-untyped-def]
    return rising(box[0]), rising(box[1])


def _sum(one: _Interval, other: _Interval) -> _Interval:
    return one[0] + other[0], one[1] + other[1]


def _gates(box: _Interval, count: int) -> list[_Interval]:
    return list(zip(box[0].chunk(count, dim=-1), box[1].chunk(count, dim=-1), strict=True))


def _where(going: Tensor, new: _Interval, old: _Interval) -> _Interval:
    return torch.where(going, new[0], old[0]), torch.where(going, new[1], old[1])

"""Which tensors are the head? One linear layer, or two with an activation between.

With F numbers read out (H units, 2H both ways) and K units of a hidden layer:

    one layer    weight [O, F], bias [O] or none
    two layers   weight [K, F], bias [K] or none; then weight [O, K], bias [O] or none

Two classes have O = 1 or 2 outputs, and two become one logit by their difference, for softmax(z)_1 = σ(z_1 − z_0). More
classes have one output each: they must be named, or any layer could be taken for such a head. A missing bias is zero.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from core.data import targets
from core.data.labels import FEWEST, MOST, Names
from core.models.importers.model_parts import Head
from core.models.importers.refusals import listed, mismatch, named

Tensors = Mapping[str, Tensor]


def candidates(tensors: Tensors, width: int, labels: Names) -> list[tuple[str, str | None]]:
    """Pairs (last layer, hidden layer or None) that fit a read-out of this width and these classes."""
    matrices = {name: tensor for name, tensor in tensors.items() if tensor.ndim == 2 and "emb" not in name.lower()}
    one = [name for name, tensor in matrices.items() if _is_last(tensor, width, labels)]
    two = [
        (last, hidden)
        for hidden, first in matrices.items()
        for last, second in matrices.items()
        if last != hidden and first.shape[1] == width and _is_last(second, first.shape[0], labels)
    ]
    # Where the hidden layer is as wide as the read-out, its last layer alone would fit too.
    return [*two, *((name, None) for name in one if name not in {last for last, _hidden in two})]


def choose(
    tensors: Tensors, width: int, labels: Names, wanted: str | None, hidden: str | None
) -> tuple[str, str | None] | None:
    """The one pair, or the named one; None without any. Raises ValueError for several, LookupError for a name."""
    last = None if wanted is None else named(tensors, wanted, "the head")
    before = None if hidden is None else named(tensors, hidden, "the hidden layer")
    found = [
        pair
        for pair in candidates(tensors, width, labels)
        if last in (None, pair[0]) and (before is None or before == pair[1])
    ]
    if len(found) > 1:
        parts = {name: tensors[name] for pair in found for name in pair if name is not None}
        raise ValueError(
            f"{len(found)} tensors could be the head; name its last layer with --head-name, and one before it with "
            f"--hidden-name: {listed(parts)}"
        )
    if found:
        return found[0]
    return None if last is None else (last, before)


def biases(tensors: Tensors, pair: tuple[str, str | None]) -> list[str]:
    """The names of these weights' biases."""
    beside = [re.sub(r"weight$", "bias", name) for name in pair if name is not None]
    return [name for name in beside if name not in pair and name in tensors]


def misfits(tensors: Tensors, width: int, labels: Names, pair: tuple[str, str | None] | None) -> list[str]:
    """What is wrong with a head, a line each."""
    if pair is None:
        one, two = _shapes(labels, width), _shapes(labels, "K")
        return [f"a head: expected a weight of shape {one}, or [K, {width}] and one of {two}, found none"]
    last, hidden = pair
    wrong = []
    if hidden is not None and (tensors[hidden].ndim != 2 or tensors[hidden].shape[1] != width):
        wrong.append(mismatch(hidden, f"[K, {width}]", tensors[hidden]))
    inner = width if hidden is None or wrong else tensors[hidden].shape[0]
    if not _is_last(tensors[last], inner, labels):
        wrong.append(mismatch(last, _shapes(labels, inner), tensors[last]))
    for bias in biases(tensors, pair):
        shape = tensors[re.sub(r"bias$", "weight", bias)].shape[:1]
        if tensors[bias].shape != shape:
            wrong.append(mismatch(bias, str(list(shape)), tensors[bias]))
    return wrong


def hints(tensors: Tensors, width: int, labels: Names) -> list[str]:
    """A line for each tensor that may be the head of a model of another number of classes."""
    return [
        f"{name}: the head of {len(tensor)} classes? Then name all, in the order of its outputs (--labels A,B,C)"
        for name, tensor in tensors.items()
        if tensor.ndim == 2 and tensor.shape[1] == width and len(tensor) in range(FEWEST, MOST + 1)
        if len(tensor) != len(labels)
    ]


def head(tensors: Tensors, pair: tuple[str, str | None], class_1: int | None) -> Head:
    """The head of these weights. Raises ValueError for an output that is not there."""
    last, hidden = pair
    outputs, weight, bias = scores(*_linear(tensors, last), class_1)
    return Head(weight, bias, outputs, *(() if hidden is None else _linear(tensors, hidden)))


def scores(head: Tensor, bias: Tensor, class_1: int | None) -> tuple[int, Tensor, Tensor]:
    """How many outputs a head has, and the weight and bias of its scores: [1, F] and [1], the logit of class 1, of one
    or two outputs, else [O, F] and [O]."""
    outputs = len(head)
    if outputs == 1:
        if class_1 not in (None, 0):
            raise ValueError(f"a head of one output says how likely class 1 is; there is no output {class_1}")
        return 1, head, bias
    if outputs > 2:
        if class_1 is not None:
            raise ValueError(f"--class-1 is for a head of two outputs; it has {outputs}, in the order of --labels")
        return outputs, head, bias
    if class_1 not in (None, 0, 1):
        raise ValueError(f"a head of two outputs has outputs 0 and 1; given: {class_1}")
    one = 1 if class_1 is None else class_1
    return 2, head[one : one + 1] - head[1 - one : 2 - one], bias[one : one + 1] - bias[1 - one : 2 - one]


def _linear(tensors: Tensors, name: str) -> tuple[Tensor, Tensor]:
    weight = tensors[name].float()
    bias = tensors.get(re.sub(r"weight$", "bias", name)) if name.endswith("weight") else None
    return weight, torch.zeros(len(weight)) if bias is None else bias.float()


def _is_last(tensor: Tensor, width: int, labels: Names) -> bool:
    return tensor.ndim == 2 and tensor.shape[0] in targets.head_sizes(labels) and tensor.shape[1] == width


def _shapes(labels: Names, width: object) -> str:
    return " or ".join(f"[{outputs}, {width}]" for outputs in targets.head_sizes(labels))

"""Which tensors make the logit of the read-out? One linear layer, or two with an activation between.

With F numbers read out (H units, 2H both ways) and K units of a hidden layer:

    one layer    weight [1 or 2, F], bias [1 or 2] or none
    two layers   weight [K, F], bias [K] or none; then weight [1 or 2, K], bias [1 or 2] or none

Two outputs become one logit by their difference, for softmax(z)_1 = σ(z_1 − z_0). A bias that is missing is zero. An
activation has no tensor, so it is told, or assumed and said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from core.models.importers.parts import Head
from core.models.importers.tensor_names import listed, mismatch

Tensors = Mapping[str, Tensor]


def candidates(tensors: Tensors, width: int) -> list[tuple[str, str | None]]:
    """The pairs (last layer, hidden layer or None) that could make a logit of a read-out of this width."""
    matrices = {name: tensor for name, tensor in tensors.items() if tensor.ndim == 2 and "emb" not in name.lower()}
    one = [name for name, tensor in matrices.items() if _is_last(tensor, width)]
    two = [
        (last, hidden)
        for hidden, first in matrices.items()
        for last, second in matrices.items()
        if last != hidden and first.shape[1] == width and _is_last(second, first.shape[0])
    ]
    # Where the hidden layer is as wide as the read-out, its last layer alone would fit too.
    return [*two, *((name, None) for name in one if name not in {last for last, _hidden in two})]


def choose(tensors: Tensors, width: int, wanted: str | None, hidden: str | None) -> tuple[str, str | None] | None:
    """The one pair, or the one that was named; None where there is none. Raises ValueError for several, LookupError."""
    names = [_known(tensors, name, part) for name, part in ((wanted, "head"), (hidden, "hidden layer"))]
    found = [
        pair
        for pair in candidates(tensors, width)
        if names[0] in (None, pair[0]) and (names[1] is None or names[1] == pair[1])
    ]
    if len(found) > 1:
        parts = {name: tensors[name] for pair in found for name in pair if name is not None}
        raise ValueError(
            f"{len(found)} tensors could be the head; name its last layer with --head-name, and one before it with "
            f"--hidden-name: {listed(parts)}"
        )
    if found:
        return found[0]
    return None if names[0] is None else (names[0], names[1])


def biases(tensors: Tensors, pair: tuple[str, str | None]) -> list[str]:
    """The names of the biases that stand beside these weights."""
    beside = [re.sub(r"weight$", "bias", name) for name in pair if name is not None]
    return [name for name in beside if name not in pair and name in tensors]


def misfits(tensors: Tensors, width: int, pair: tuple[str, str | None] | None) -> list[str]:
    """What is wrong with a head, a line each."""
    if pair is None:
        return [
            f"a head: expected a weight of shape [1, {width}] or [2, {width}], or [K, {width}] and one of [1, K] or "
            "[2, K], found none"
        ]
    last, hidden = pair
    wrong = []
    if hidden is not None and (tensors[hidden].ndim != 2 or tensors[hidden].shape[1] != width):
        wrong.append(mismatch(hidden, f"[K, {width}]", tensors[hidden]))
    inner = width if hidden is None or wrong else tensors[hidden].shape[0]
    if not _is_last(tensors[last], inner):
        wrong.append(mismatch(last, f"[1, {inner}] or [2, {inner}]", tensors[last]))
    for name in pair:
        bias = None if name is None else tensors.get(re.sub(r"weight$", "bias", name))
        if name is not None and name.endswith("weight") and bias is not None:
            shape = tensors[name].shape[:1]
            if bias.shape != shape:
                wrong.append(mismatch(re.sub(r"weight$", "bias", name), str(list(shape)), bias))
    return wrong


def head(tensors: Tensors, pair: tuple[str, str | None], class_1: int | None) -> Head:
    """The head of these weights. Raises ValueError for an output that is not there."""
    last, hidden = pair
    weight, bias = _linear(tensors, last)
    outputs, weight, bias = one_logit(weight, bias, class_1)
    if hidden is None:
        return Head(weight, bias, outputs)
    return Head(weight, bias, outputs, *_linear(tensors, hidden))


def one_logit(head: Tensor, bias: Tensor, class_1: int | None) -> tuple[int, Tensor, Tensor]:
    """How many outputs a head has, and the weight [1, F] and bias [1] of the logit of class 1."""
    outputs = len(head)
    if outputs == 1:
        if class_1 not in (None, 0):
            raise ValueError(f"a head of one output says how likely class 1 is; there is no output {class_1}")
        return 1, head, bias
    if class_1 not in (None, 0, 1):
        raise ValueError(f"a head of two outputs has outputs 0 and 1; given: {class_1}")
    one = 1 if class_1 is None else class_1
    return 2, head[one : one + 1] - head[1 - one : 2 - one], bias[one : one + 1] - bias[1 - one : 2 - one]


def _linear(tensors: Tensors, name: str) -> tuple[Tensor, Tensor]:
    weight = tensors[name].float()
    bias = tensors.get(re.sub(r"weight$", "bias", name)) if name.endswith("weight") else None
    return weight, torch.zeros(len(weight)) if bias is None else bias.float()


def _is_last(tensor: Tensor, width: int) -> bool:
    return tensor.ndim == 2 and tensor.shape[0] in (1, 2) and tensor.shape[1] == width


def _known(tensors: Tensors, wanted: str | None, part: str) -> str | None:
    if wanted is None:
        return None
    for name in (wanted, f"{wanted}.weight"):
        if name in tensors:
            return name
    raise LookupError(f"no tensor {wanted!r} for the {part}; available: {listed(tensors)}")

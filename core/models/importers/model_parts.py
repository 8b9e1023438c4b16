"""The parts of a classifier in an owner's file, by torch's names, and what the file says about its use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.models import recurrent as models
from core.models.read_outs import ReadOut
from core.models.recurrent import Classifier


@dataclass(frozen=True)
class Head:
    """`weight` [1, F] and `bias` [1] give the logit of class 1, or [O, F] and [O] the score of each of O > 2 classes;
    after a hidden layer [K, F], `weight` has K columns.

    The file's head had `outputs` outputs.
    """

    weight: Tensor
    bias: Tensor
    outputs: int
    hidden: Tensor | None = None
    hidden_bias: Tensor | None = None


@dataclass(frozen=True)
class Parts:
    """The parts of a classifier in a file, float32.

    `recurrent` has torch's names (``weight_ih_l0``…); `embedding` [V, E] is None where the file has none; `names` gives
    each part's name in the file, `notes` what was assumed. The fields with defaults come from files that hold a graph
    or a configuration, and are None where the file does not say: `pool` and `padding` of `read_outs.ReadOut` (a padding
    of "" is none), what the padding assumes, activations, the id of padding, tokens by id, preprocessing.
    """

    cell: str
    layers: int
    bidirectional: bool
    recurrent: Mapping[str, Tensor]
    head: Head
    embedding: Tensor | None
    names: Mapping[str, str]
    notes: tuple[str, ...]
    pool: str | None = None
    padding: str | None = None
    padding_note: str = ""
    activation: str | None = None
    nonlinearity: str | None = None
    reset_after: bool = True
    pad_id: int | None = None
    tokens: tuple[str | None, ...] | None = None
    steps: tuple[str, ...] | None = None

    @property
    def hidden_size(self) -> int:
        """H."""
        return self.recurrent["weight_hh_l0"].shape[1]

    @property
    def embedding_size(self) -> int:
        """E."""
        return self.recurrent["weight_ih_l0"].shape[1]


def layer_tensors(
    gates: Sequence[int], weight_ih: np.ndarray, weight_hh: np.ndarray, biases: np.ndarray, end: str
) -> dict[str, Tensor]:
    """One direction of one layer, ``l0``, ``l0_reverse``…, by torch's names, float32.

    `gates` are torch's, in order, each as its number in the file; weights [G*H, E] and [G*H, H], biases [2, G*H].
    """
    units = weight_hh.shape[1]
    order = np.concatenate([np.arange(units) + gate * units for gate in gates])
    arrays = {"weight_ih": weight_ih, "weight_hh": weight_hh, "bias_ih": biases[0], "bias_hh": biases[1]}
    return {f"{name}_{end}": torch.tensor(array[order], dtype=torch.float32) for name, array in arrays.items()}


def classifier(
    parts: Parts, embedding: Tensor, reads: ReadOut, nonlinearity: str = "tanh", activation: str | None = None
) -> Classifier:
    """A classifier of these parts and an embedding [V, E], in eval mode."""
    head = parts.head
    hidden = None if head.hidden is None else models.Head(len(head.hidden), str(activation))
    model = Classifier(
        parts.cell,
        len(embedding),
        parts.embedding_size,
        parts.hidden_size,
        parts.layers,
        bidirectional=parts.bidirectional,
        reads=str(reads),
        nonlinearity=nonlinearity,
        reset_after=parts.reset_after,
        head=hidden,
        outputs=len(head.weight),
    )
    state = {f"recurrent.{name}": tensor for name, tensor in parts.recurrent.items()}
    state |= {"embedding.weight": embedding, "linear.weight": head.weight, "linear.bias": head.bias}
    if head.hidden is not None and head.hidden_bias is not None:
        state |= {"hidden.weight": head.hidden, "hidden.bias": head.hidden_bias}
    model.load_state_dict(state)
    return model.requires_grad_(False).eval()

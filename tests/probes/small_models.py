"""Models small enough for plain replicas, and what attribution explains of them."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from core.benchmarks.reading import subset_values
from core.models import checkpoints
from core.models.checkpoints import Checkpoint
from core.models.recurrent import Classifier
from core.probes.attribution.results import Instance
from core.text.preprocessing import Preprocessing, Vocabulary


def random_checkpoint(
    cell: str,
    words: Sequence[str],
    *,
    embedding: int = 4,
    hidden: int = 5,
    layers: int = 1,
    dtype: torch.dtype = torch.float64,
    scale: float = 0.6,
    seed: int = 3,
    polarity: Sequence[float] | None = None,
) -> Checkpoint:
    """A model of normal random weights, in float64 unless told otherwise, that is not written anywhere."""
    vocabulary = Vocabulary(list(words))
    model = Classifier(cell, len(vocabulary), embedding, hidden, layers).to(dtype)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, scale, generator=generator)
    known = None if polarity is None else np.array(polarity, dtype=np.float32)
    return Checkpoint(cell, model.requires_grad_(False).eval(), Preprocessing(), vocabulary, {}, "", known)


def instance(folder: Path, name: str, tokens: tuple[str, ...]) -> Instance:
    """Tokens that a stored model reads."""
    return Instance.of_tokens(checkpoints.load(name, folder), tokens)


def exact_logit(given: Instance) -> float:
    """The fused forward pass in float64."""
    ids = torch.tensor([given.checkpoint.vocabulary.encode(given.tokens)])
    return copy.deepcopy(given.checkpoint.model).double()(ids).item()


def without_biases(given: Instance, *, read_out: bool = False) -> Instance:
    """The same for a model whose recurrent biases are zero, and if asked for that of its read-out."""
    model = copy.deepcopy(given.checkpoint.model)
    for name, parameter in (model if read_out else model.recurrent).named_parameters():
        if "bias" in name:
            parameter.zero_()
    return given._replace(checkpoint=replace(given.checkpoint, model=model))


class PlainValues:
    """v of a text's subsets without a tree: the changed texts in batches."""

    def __init__(self, given: Instance, baseline: str):
        self.instance, self.baseline = given, baseline

    def __len__(self) -> int:
        return len(self.instance.tokens)

    def values(self, present: np.ndarray) -> np.ndarray:
        return subset_values(self.instance, self.baseline, present)

    @property
    def full(self) -> float:
        return self.values(np.ones((1, len(self)), dtype=bool))[0]

    @property
    def empty(self) -> float:
        return self.values(np.zeros((1, len(self)), dtype=bool))[0]

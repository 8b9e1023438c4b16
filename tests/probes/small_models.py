"""Models small enough for plain replicas, what attribution explains of them, and what edits choose words from."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from core.benchmarks.reading import subset_values
from core.data import targets
from core.data.corpus import encode_tokens
from core.data.labels import SENTIMENT
from core.fluency import kneser_ney
from core.fluency.trigram import Trigram
from core.models import checkpoints
from core.models.checkpoints import Checkpoint
from core.models.recurrent import Classifier
from core.probes.attribution.results import Instance
from core.probes.edits.neighbours import Neighbours
from core.probes.edits.sources import WordSources
from core.text import lexicon
from core.text.preprocessing import Preprocessing, Vocabulary
from tests.conftest import WORDS


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
    labels: tuple[str, ...] = SENTIMENT,
    outputs: int | None = None,
) -> Checkpoint:
    """A model of normal random weights, in float64 unless told otherwise, that is not written anywhere; its head has
    `outputs`, or as many as is usual for the `labels`."""
    vocabulary = Vocabulary(list(words))
    outputs = outputs or targets.head_sizes(labels)[0]
    model = Classifier(cell, len(vocabulary), embedding, hidden, layers, outputs=outputs).to(dtype)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, scale, generator=generator)
    known = None if polarity is None else np.array(polarity, dtype=np.float32)
    card = {} if labels == SENTIMENT else {"labels": list(labels)}
    return Checkpoint(cell, model.requires_grad_(False).eval(), Preprocessing(), vocabulary, card, "", known)


def two_outputs(checkpoint: Checkpoint) -> Checkpoint:
    """The same model of two classes with a head of two outputs."""
    model = copy.deepcopy(checkpoint.model)
    linear = torch.nn.Linear(model.linear.in_features, 2).to(model.linear.weight.dtype)
    shift = torch.linspace(-1, 1, linear.in_features, dtype=linear.weight.dtype)
    linear.weight.data = torch.stack([shift, shift + model.linear.weight[0]])
    linear.bias.data = torch.stack([torch.full_like(model.linear.bias[0], 0.3), 0.3 + model.linear.bias[0]])
    model.linear = linear.requires_grad_(False)
    return replace(checkpoint, model=model)


def permuted(checkpoint: Checkpoint, order: Sequence[int]) -> Checkpoint:
    """The same model with its classes in another order: the first is that of the number `order[0]`."""
    model = copy.deepcopy(checkpoint.model)
    model.linear.weight.data = model.linear.weight[list(order)]
    model.linear.bias.data = model.linear.bias[list(order)]
    labels = [checkpoint.labels[number] for number in order]
    return replace(checkpoint, model=model, card={**checkpoint.card, "labels": labels})


def steep_model(
    cell: str, words: int, embedding: int, hidden: int, layers: int = 1, seed: int = 0, outputs: int = 1
) -> Classifier:
    """A model of `words` words, its weights far from where tanh and σ are straight lines."""
    torch.manual_seed(seed)
    model = Classifier(cell, words, embedding, hidden, layers, outputs=outputs)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
    return model.requires_grad_(False).eval()


def last_word(
    numbers: Mapping[str, float],
    name: str = "last",
    preprocessing: Preprocessing = Preprocessing(),
    *,
    unknown: float = 0.0,
    bias: float = 0.0,
) -> Checkpoint:
    """A model whose logit is 2 tanh of the last word's number, plus a bias: it forgets all words before."""
    vocabulary = Vocabulary(numbers)
    model = Classifier("rnn", len(vocabulary), 1, 1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.embedding.weight[:, 0] = torch.tensor([0.0, unknown, *numbers.values()])
        model.recurrent.weight_ih_l0.fill_(1)
        model.linear.weight.fill_(2)
        model.linear.bias.fill_(bias)
    return Checkpoint(name, model.requires_grad_(False).eval(), preprocessing, vocabulary, {}, name)


def random_trigram(words: Sequence[str], unknown: Sequence[str] = (), *, rows: int = 80, seed: int = 0) -> Trigram:
    """A trigram of random sentences of one to eight words, some of them `unknown` to it."""
    random, known, vocabulary = np.random.default_rng(seed), [*words, *unknown], Vocabulary(list(words))
    texts = [[known[n] for n in random.integers(0, len(known), random.integers(1, 9))] for _ in range(rows)]
    counts = kneser_ney.count(encode_tokens(texts, vocabulary), len(vocabulary))
    found = kneser_ney.estimate([counts], [1.0], len(vocabulary))
    return Trigram(vocabulary, found.unigram, found.bigrams, found.trigrams, 3)


def word_sources() -> WordSources:
    """Neighbours and a trigram drawn at random over the tiny models' words, and the shipped lexicon."""
    vocabulary = Vocabulary(WORDS)
    vectors = np.random.default_rng(0).normal(size=(len(vocabulary), 5)).astype(np.float32)
    return WordSources(Neighbours(vectors, vocabulary, 8), random_trigram(WORDS, rows=300), lexicon.load())


def instance(folder: Path, name: str, tokens: tuple[str, ...]) -> Instance:
    """Tokens that a stored model reads."""
    return Instance.of_tokens(checkpoints.load(name, folder), tokens)


def exact_logit(given: Instance) -> float:
    """The fused forward pass in float64."""
    ids = torch.tensor([given.checkpoint.vocabulary.encode(given.tokens)])
    return copy.deepcopy(given.checkpoint.model).double()(ids).item()


def exact_read_out(given: Instance) -> tuple[np.ndarray, float]:
    """The gradient [F] of the logit at what the head reads of the text, and its value where that is 0, in float64."""
    model = copy.deepcopy(given.checkpoint.model).double()
    state = model.start()
    for number in given.checkpoint.vocabulary.encode(given.tokens):
        state = model.step(model.embedding.weight[number][None], state).state
    read = (state.h[-1] if state.pooled is None else state.pooled).detach().requires_grad_()
    logit = model.read_out(read)
    (gradient,) = torch.autograd.grad(logit.sum(), read)
    return gradient[0].numpy(), (logit - (gradient * read).sum()).item()


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

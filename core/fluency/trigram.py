"""An interpolated trigram: scores in nats, and a sentence's table of all of them.

    p(c | a, b) = f(c | a, b) + γ(a, b) p(c | b)
    p(c | b)    = f(c | b)    + γ(b)    p(c)            γ(context) = 1 − Σ_c f(c | context)

f is the discounted share of the kept n-grams (see `kneser_ney`); γ, the rest, is distributed by the shorter context. So
every distribution sums to one over the vocabulary and the sentence end, whatever was pruned or rounded. The id of
``<pad>`` is the start as a context and the end as a target.

``<unk>`` stands for many words: an unknown one gets its probability divided by their number, so that an unknown word is
no likelier than a rare one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from core.fluency.packing import Level, pack_level, unpack_level
from core.models import checkpoints
from core.models.checkpoints import Card, CheckpointError
from core.runtime.i18n import gettext as _
from core.runtime.i18n import mark
from core.text.preprocessing import Preprocessing, Vocabulary

if TYPE_CHECKING:
    from torch import Tensor

    from core.fluency.recurrent_lm import Recurrent

BOUNDARY = Vocabulary.pad_id  # the start of a sentence as a context, its end as a target
LONGEST = 200  # tokens that `Trigram.table` takes: its table then has 8 million entries
_CHUNK = 1_000_000  # tokens scored at a time
_NETWORK = "network."  # what the names of the recurrent model's weights begin with


class Scorer(Protocol):
    """A named scorer of sentences."""

    @property
    def name(self) -> str: ...

    def score(self, sentences: Sequence[Sequence[str]]) -> np.ndarray:
        """Total log-probability of each sentence's tokens and its end in nats, float64 [N]."""


class Trigram:
    """An interpolated trigram, immutable; `unigram` is p(c), float64 [V], `unknown_words` those behind ``<unk>``.

    Raises ValueError if the levels do not fit the vocabulary or each other.
    """

    name: str = mark("trigram")

    def __init__(
        self, vocabulary: Vocabulary, unigram: np.ndarray, bigrams: Level, trigrams: Level, unknown_words: int
    ):
        shapes = len(unigram), len(bigrams.backoff), len(trigrams.backoff)
        expected = len(vocabulary), len(vocabulary), len(bigrams)
        if shapes != expected or not len(bigrams) or not len(trigrams) or unknown_words < 1:
            raise ValueError(
                _(
                    "words, contexts of bigrams and of trigrams: {shapes}, expected {expected}; none of {bigrams:,} "
                    "bigrams, {trigrams:,} trigrams and {unknown:,} unknown words may be 0"
                ).format(
                    shapes=shapes,
                    expected=expected,
                    bigrams=len(bigrams),
                    trigrams=len(trigrams),
                    unknown=unknown_words,
                )
            )
        self.vocabulary = vocabulary
        self.unigram, self.bigrams, self.trigrams, self.unknown_words = unigram, bigrams, trigrams, unknown_words
        self._bigram_keys = bigrams.contexts * len(vocabulary) + bigrams.targets
        self._trigram_keys = trigrams.contexts * len(vocabulary) + trigrams.targets

    def probability(self, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
        """p(c | a, b) of ids, int64 [N] each, float64 [N]; if b is the start, a does not matter."""
        size = len(self.vocabulary)
        number, found = _find(self._bigram_keys, b * size + c)
        p: np.ndarray = self.bigrams.backoff[b] * self.unigram[c] + np.where(found, self.bigrams.shares[number], 0)
        context, found = _find(self._bigram_keys, a * size + b)
        rows = np.flatnonzero(found & (b != BOUNDARY))
        context, row_targets = context[rows], c[rows]
        number, found = _find(self._trigram_keys, context * size + row_targets)
        p[rows] = self.trigrams.backoff[context] * p[rows] + np.where(found, self.trigrams.shares[number], 0)
        return p

    def log_probability(self, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
        """log p(c | a, b) of ids in nats, float64 [N], finite and never above 0; an unknown c is one word of many."""
        # Rounding may leave a sum a hair above 1, and a bound built on these numbers must hold.
        logs: np.ndarray = np.minimum(np.log(self.probability(a, b, c)), 0)
        logs[c == Vocabulary.unk_id] -= np.log(self.unknown_words)
        return logs

    def table(self, tokens: Sequence[str]) -> np.ndarray:
        """The log-probabilities of a sentence's n tokens after each other in nats, float32 [n+1, n+1, n+1].

        Entry [a, b, c] is log p(token c | token a, token b), finite and at most 0. Index n is the start as a context
        ([a, n, c] is log p(c | start) for every a) and the end as a target. An order i, j, k, …, z scores
        [n, n, i] + [n, i, j] + [i, j, k] + … + [y, z, n]. Raises ValueError for more than `LONGEST` tokens.
        """
        if len(tokens) > LONGEST:
            raise ValueError(
                _("{count:,} tokens; a sentence can have at most {most}").format(count=len(tokens), most=LONGEST)
            )
        ids = np.array([*self.vocabulary.encode(tokens), BOUNDARY], dtype=np.int64)
        distinct, index = np.unique(ids, return_inverse=True)
        a, b, c = (axis.ravel() for axis in np.meshgrid(distinct, distinct, distinct, indexing="ij"))
        values = self.log_probability(a, b, c).astype(np.float32).reshape((len(distinct),) * 3)
        return values[np.ix_(index, index, index)]

    def score(self, sentences: Sequence[Sequence[str]]) -> np.ndarray:
        """Total log-probability of each sentence's tokens and its end in nats, float64 [N]."""
        ends = np.cumsum([len(tokens) for tokens in sentences], dtype=np.int64)
        parts = np.flatnonzero(np.diff(ends // _CHUNK, prepend=0))
        bounds = [0, *parts.tolist(), len(sentences)]
        return np.concatenate([self._score(sentences[i:j]) for i, j in pairwise(bounds)])

    def _score(self, sentences: Sequence[Sequence[str]]) -> np.ndarray:
        if not len(sentences):
            return np.empty(0)
        ids, starts = [BOUNDARY, BOUNDARY], []
        for tokens in sentences:
            starts.append(len(ids) - 2)
            ids.extend(self.vocabulary.encode(tokens))
            ids.append(BOUNDARY)
        stream = np.array(ids, dtype=np.int64)
        return np.add.reduceat(self.log_probability(stream[:-2], stream[1:-1], stream[2:]), starts)

    def pack(self) -> dict[str, np.ndarray]:
        """The tensors to store; `unpack` gives nearly the same numbers."""
        levels = {"bigrams": pack_level(self.bigrams), "trigrams": pack_level(self.trigrams)}
        return {
            "unigram": np.log(self.unigram).astype(np.float32),
            "unknown_words": np.array([self.unknown_words], dtype=np.int64),
            **{f"{name}.{part}": array for name, packed in levels.items() for part, array in packed.items()},
        }

    @classmethod
    def unpack(cls, vocabulary: Vocabulary, tensors: Mapping[str, np.ndarray]) -> Trigram:
        """The trigram that `pack` wrote. Raises ValueError or LookupError for anything else."""

        def part(name: str) -> dict[str, np.ndarray]:
            return {key.removeprefix(name): array for key, array in tensors.items() if key.startswith(name)}

        unigram = np.exp(tensors["unigram"].astype(np.float64))
        bigrams = unpack_level(part("bigrams."), len(vocabulary), len(vocabulary))
        trigrams = unpack_level(part("trigrams."), len(bigrams), len(vocabulary))
        return cls(vocabulary, unigram / unigram.sum(), bigrams, trigrams, int(tensors["unknown_words"][0]))


def _find(keys: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The index of each key among ascending ones, and whether it is there (if not, some other index)."""
    number = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return number, keys[number] == wanted


class Mixture:
    """(1 − weight) trigram + weight recurrent, in nats: a score for sentences of the same words."""

    name = mark("trigram and recurrent mixture")

    def __init__(self, trigram: Trigram, recurrent: Scorer, weight: float):
        if not 0 <= weight <= 1:
            raise ValueError(
                _("the recurrent model's weight must be from 0 to 1; given: {weight}").format(weight=weight)
            )
        self.trigram, self.recurrent, self.weight = trigram, recurrent, weight

    def score(self, sentences: Sequence[Sequence[str]]) -> np.ndarray:
        """The mixture for each sentence, float64 [N]."""
        mixed: np.ndarray = (1 - self.weight) * self.trigram.score(sentences)
        return mixed + self.weight * self.recurrent.score(sentences)


@dataclass(frozen=True)
class Fluency:
    """One checkpoint's scorers: the trigram, and maybe a recurrent one and their mixture; `hash` caches results."""

    trigram: Trigram
    recurrent: Recurrent | None
    mixture: Mixture | None
    preprocessing: Preprocessing
    card: Card
    hash: str


def load(folder: Path | None = None) -> Fluency:
    """The fluency model in a folder of checkpoints. Raises CheckpointError."""
    name = checkpoints.FLUENCY
    card, vocabulary, weights = checkpoints.read(name, folder, checkpoints.FLUENCY)
    network = {key.removeprefix(_NETWORK): weights.pop(key) for key in list(weights) if key.startswith(_NETWORK)}
    try:
        preprocessing = Preprocessing(tuple(card["preprocessing"]))
        trigram = Trigram.unpack(vocabulary, {key: tensor.numpy() for key, tensor in weights.items()})
        recurrent = _recurrent(network, trigram) if network else None
        mixture = Mixture(trigram, recurrent, card["settings"]["recurrent_weight"]) if recurrent else None
    except (LookupError, RuntimeError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise CheckpointError(
            _("checkpoint {name!r} does not hold a fluency model ({reason})").format(name=name, reason=reason)
        ) from None
    return Fluency(trigram, recurrent, mixture, preprocessing, card, checkpoints.identity(card))


def _recurrent(network: Mapping[str, Tensor], trigram: Trigram) -> Recurrent:
    """The recurrent model of these weights; its vocabulary is the first part of the trigram's."""
    from core.fluency.recurrent_lm import LanguageModel, Recurrent

    size, embedding = network["embedding.weight"].shape
    model = LanguageModel(size, embedding, network["recurrent.weight_hh_l0"].shape[1])
    model.load_state_dict(network)
    return Recurrent(model, *beginning(trigram, size))


def beginning(trigram: Trigram, size: int) -> tuple[Vocabulary, int]:
    """The first `size` ids of a trigram's vocabulary, and the number of words that they lack."""
    words = trigram.vocabulary.words[: size - 2]
    return Vocabulary(words), trigram.unknown_words + len(trigram.vocabulary.words) - len(words)


def save(trigram: Trigram, card: Card, folder: Path | None = None, recurrent: Recurrent | None = None) -> None:
    """Write the fluency model into a folder of checkpoints, replacing one there; `card` as `checkpoints.save` asks."""
    import torch

    weights = {key: torch.from_numpy(array) for key, array in trigram.pack().items()}
    if recurrent:
        weights |= {_NETWORK + key: tensor for key, tensor in recurrent.model.state_dict().items()}
    checkpoints.save(checkpoints.FLUENCY, weights, trigram.vocabulary, card, folder)

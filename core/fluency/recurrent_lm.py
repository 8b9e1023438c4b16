"""A small recurrent language model, to re-rank the orders that a trigram found.

    h_t = LSTM(E[w_t], h_{t-1}),   p(w_{t+1} | w_1 … w_t) = softmax(E (P h_t) + b)

with the input embeddings E as output weights too (Press & Wolf 2017; Inan et al. 2017), which halves the size. It is
trained by sampled softmax: each target against words drawn from the unigram distribution q, their logits lowered by
log q (Bengio & Senécal 2008; Jean et al. 2015); sentences are scored by the full softmax. The id of ``<pad>`` is the
start as an input and the end as a target.

The vocabulary is the most frequent words of the trigram's. ``<unk>`` stands for many words; an unknown one gets its
probability divided by their number, as in `core.fluency.trigram`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from core.data.corpus import Encoded, length_batches, pad
from core.runtime.i18n import gettext as _
from core.runtime.i18n import mark
from core.text.preprocessing import Vocabulary

if TYPE_CHECKING:
    from core.fluency.order_network import OrderNetwork

BOUNDARY = Vocabulary.pad_id
_SCORED = 256  # sentences at a time
_REPORT_EVERY = 20  # steps


@dataclass(frozen=True)
class LanguageModelSettings:
    """What decides the model besides the data; `negatives` words are drawn for each batch. Raises ValueError."""

    vocabulary_size: int = 16_000
    embedding_size: int = 128
    hidden_size: int = 256
    dropout: float = 0.1
    epochs: int = 1
    batch_size: int = 256
    negatives: int = 2_048
    learning_rate: float = 4e-3
    clip: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("embedding_size", "hidden_size", "epochs", "batch_size", "negatives"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is at least 1; given: {getattr(self, name):,}")
        if self.vocabulary_size < 3 or self.seed < 0 or not 0 <= self.dropout < 1:
            raise ValueError(
                "vocabulary_size is at least 3, seed at least 0 and dropout from 0 to below 1; given: "
                f"{self.vocabulary_size:,}, {self.seed:,} and {self.dropout}"
            )
        if not (0 < self.learning_rate < math.inf and self.clip > 0):
            raise ValueError(f"learning_rate and clip are above 0; given: {self.learning_rate}, {self.clip}")


class LanguageModel(nn.Module):
    """The network of the module's equation; V words, embeddings of E numbers, H units."""

    def __init__(self, vocabulary_size: int, embedding_size: int, hidden_size: int, dropout: float = 0.0):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, embedding_size)
        self.recurrent = nn.LSTM(embedding_size, hidden_size, batch_first=True)
        self.projection = nn.Linear(hidden_size, embedding_size)
        self.bias = nn.Parameter(torch.zeros(vocabulary_size))
        self.dropout = nn.Dropout(dropout)
        nn.init.normal_(self.embedding.weight, std=embedding_size**-0.5)

    def forward(self, ids: Tensor) -> Tensor:
        """The expected next embedding, [B, T, E], after each of the ids [B, T]."""
        h, _last = self.recurrent(self.dropout(self.embedding(ids)))
        projected: Tensor = self.projection(self.dropout(h))
        return projected

    def log_probabilities(self, expected: Tensor) -> Tensor:
        """Log-probability of every word, [N, V], for expected embeddings [N, E]."""
        return torch.log_softmax(nn.functional.linear(expected, self.embedding.weight, self.bias), dim=-1)


class Recurrent:
    """A trained language model as a scorer, immutable; `unknown_words` is the number of words behind ``<unk>``."""

    name = mark("recurrent language model")

    def __init__(self, model: LanguageModel, vocabulary: Vocabulary, unknown_words: int):
        if len(vocabulary) != len(model.bias) or unknown_words < 1:
            raise ValueError(
                _(
                    "a model of {words:,} words, a vocabulary of {vocabulary:,}, {unknown:,} unknown "
                    "words: the first two must be equal, the last at least 1"
                ).format(words=len(model.bias), vocabulary=len(vocabulary), unknown=unknown_words)
            )
        self.model = model.requires_grad_(False).eval()
        self.vocabulary, self.unknown_words = vocabulary, unknown_words

    def score(self, sentences: Sequence[Sequence[str]]) -> np.ndarray:
        """Total log-probability of each sentence's tokens and its end in nats, float64 [N]."""
        total = np.empty(len(sentences))
        ids = [[BOUNDARY, *self.vocabulary.encode(tokens)] for tokens in sentences]
        encoded = Encoded(
            np.fromiter((number for row in ids for number in row), dtype=np.int32),
            np.cumsum([0, *(len(row) for row in ids)]),
        )
        with torch.inference_mode():
            for rows in length_batches(encoded.lengths, _SCORED):
                block, lengths = pad(encoded, rows)
                total[rows] = self._score(torch.from_numpy(block), torch.from_numpy(lengths)).numpy()
        return total

    def _score(self, block: Tensor, lengths: Tensor) -> Tensor:
        """Totals [B] of sentences [B, T], which begin with the start."""
        real = torch.arange(block.shape[1]) < lengths[:, None]
        targets = next_words(block)
        every = self.model.log_probabilities(self.model(block)[real])
        chosen = every.gather(1, targets[real][:, None])[:, 0].double()
        chosen -= math.log(self.unknown_words) * (targets[real] == Vocabulary.unk_id)
        row = torch.arange(len(block))[:, None].expand_as(block)[real]
        return torch.zeros(len(block), dtype=torch.float64).index_add_(0, row, chosen)


def next_words(block: Tensor) -> Tensor:
    """The word after each of [B, T], the end after the last one."""
    return torch.cat([block[:, 1:], torch.full_like(block[:, :1], BOUNDARY)], dim=1)


class LanguageModelProgress(NamedTuple):
    """`step` of `steps`; `loss` (nats a token, of the sampled softmax); the model in the last event only."""

    step: int
    steps: int
    loss: float
    tokens_per_second: float
    seconds_left: float
    model: LanguageModel | None = None


def train_language_model(
    settings: LanguageModelSettings, corpora: Sequence[Encoded], repeats: Sequence[int]
) -> Iterator[LanguageModelProgress]:
    """Train on encoded corpora, each read so many times an epoch; Adam, one cycle with a rise over 5 % of the steps."""
    torch.manual_seed(settings.seed)
    bounded = _bounded(corpora, repeats)
    model = LanguageModel(
        settings.vocabulary_size, settings.embedding_size, settings.hidden_size, settings.dropout
    ).train()
    q, log_q = frequencies(bounded.ids, settings.vocabulary_size, settings.negatives)
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.learning_rate, fused=True)
    size, lengths = settings.batch_size, bounded.lengths
    random = np.random.default_rng(settings.seed)
    steps = settings.epochs * len(length_batches(lengths, size))
    bfloat16 = bool(torch.cpu.get_capabilities().get("avx512_bf16"))
    step, loss, tokens, clock = 0, math.log(settings.negatives), 0, time.perf_counter()
    for _epoch in range(settings.epochs):
        batches = length_batches(lengths, size, random.permutation(len(bounded)))
        for index in random.permutation(len(batches)):
            block, row_lengths = (torch.from_numpy(array) for array in pad(bounded, batches[index]))
            real = torch.arange(block.shape[1]) < row_lengths[:, None]
            drawn = torch.multinomial(q, settings.negatives, replacement=True).unique()
            with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
                expected = model(block)[real]
                current = sampled_loss(model, expected, next_words(block)[real], drawn, log_q)
            optimizer.zero_grad(set_to_none=True)
            current.backward()
            nn.utils.clip_grad_norm_(model.parameters(), settings.clip, foreach=True)
            for group in optimizer.param_groups:
                group["lr"] = settings.learning_rate * one_cycle(step / steps)
            optimizer.step()
            step, tokens = step + 1, tokens + int(row_lengths.sum())
            loss += 0.02 * (current.item() - loss)
            if step % _REPORT_EVERY == 0 and step < steps:
                spent = time.perf_counter() - clock
                yield LanguageModelProgress(step, steps, loss, tokens / spent, spent / step * (steps - step))
    spent = max(time.perf_counter() - clock, 1e-9)
    yield LanguageModelProgress(step, steps, loss, tokens / spent, 0.0, model.requires_grad_(False).eval())


def _bounded(corpora: Sequence[Encoded], repeats: Sequence[int]) -> Encoded:
    """All sentences with the start in front, each corpus repeated."""
    ids, lengths = [], []
    for corpus, times in zip(corpora, repeats, strict=True):
        with_start = np.insert(corpus.ids, corpus.offsets[:-1], BOUNDARY)
        ids += [with_start] * times
        lengths += [corpus.lengths + 1] * times
    return Encoded(np.concatenate(ids), np.concatenate([[0], np.cumsum(np.concatenate(lengths))]))


def one_cycle(done: float) -> float:
    """The share of the learning rate when `done` (0 to 1) of the steps are: a rise over 5 %, then a cosine to 0."""
    return done / 0.05 + 0.01 if done < 0.05 else 0.5 * (1 + math.cos(math.pi * (done - 0.05) / 0.95))


def frequencies(ids: np.ndarray, vocabulary_size: int, negatives: int) -> tuple[Tensor, Tensor]:
    """The unigram distribution q [V] of ids, and log of each word's chance to be among the distinct words drawn."""
    counts = torch.from_numpy(np.bincount(ids, minlength=vocabulary_size) + 1.0)
    q = (counts / counts.sum()).float()
    return q, (-torch.expm1(negatives * torch.log1p(-q.double()))).log().float()


def sampled_loss(
    model: LanguageModel | OrderNetwork, expected: Tensor, targets: Tensor, drawn: Tensor, log_q: Tensor
) -> Tensor:
    """Cross-entropy [] of targets [N] against the distinct words drawn [K], for expected embeddings [N, E]."""
    own = (expected * model.embedding(targets)).sum(dim=1).float() + model.bias[targets] - log_q[targets]
    others = nn.functional.linear(expected, model.embedding(drawn)).float() + (model.bias[drawn] - log_q[drawn])
    index = torch.full((len(model.bias),), -1)
    index[drawn] = torch.arange(len(drawn))
    hit = index[targets] >= 0  # a target is no word against itself
    hits = torch.zeros_like(others).index_put_((hit.nonzero()[:, 0], index[targets[hit]]), torch.tensor(-torch.inf))
    loss: Tensor = (torch.cat([own[:, None], others + hits], dim=1).logsumexp(dim=1) - own).mean()
    return loss

"""How does a judge of word order learn? First both order networks from sentences, then all of it from readings.

The order networks learn each next word among the words left (`order_network`), and, as a second task, the next word
among all words by sampled softmax as in `recurrent_lm`: that teaches which words go together and has no share in the
score. The readings are orders of sentences that a reader called valid, odd or not English; the loss is the
cross-entropy of "valid". Adam, one cycle a pass; for the readings AdamW, its rate falling in a line.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from core.data.corpus import Encoded, encode_tokens, length_batches, pad
from core.fluency.data import Reading
from core.fluency.judge import JudgeNetwork
from core.fluency.order_network import OrderNetwork, ending
from core.fluency.recurrent_lm import frequencies, one_cycle, sampled_loss
from core.text.preprocessing import Vocabulary

_SHORTEST, _LONGEST = 3, 40  # tokens of the sentences trained on
_REPORT_EVERY = 20  # steps
_READ_AT_ONCE = 64


@dataclass(frozen=True)
class Pass:
    """How often a pass over the sentences reads each corpus (a fraction: so much of it), at which rate and batch."""

    repeats: tuple[float, ...]
    learning_rate: float
    batch_size: int


@dataclass(frozen=True)
class JudgeSettings:
    """What decides a judge besides the data; `negatives` words are drawn for each batch. Raises ValueError."""

    vocabulary_size: int = 15_000
    embedding_size: int = 128
    hidden_size: int = 320
    head_size: int = 64
    dropout: float = 0.1
    unknown: float = 0.02  # share of words that are read as unknown
    passes: tuple[Pass, ...] = (Pass((0.5, 4, 3), 3e-3, 128), Pass((0.8, 6, 3), 2e-3, 160))
    negatives: int = 1_024
    next_word: float = 0.5  # weight of the second task
    reading_passes: int = 3
    reading_dropout: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("embedding_size", "hidden_size", "head_size", "negatives", "reading_passes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is at least 1; given: {getattr(self, name):,}")
        if self.vocabulary_size < 3 or self.seed < 0 or not self.passes:
            raise ValueError(
                "vocabulary_size is at least 3, seed at least 0, and there is a pass; given: "
                f"{self.vocabulary_size:,}, {self.seed:,} and {len(self.passes)} passes"
            )


class JudgeProgress(NamedTuple):
    """`done` of 1; `stage` says what is learnt, `loss` in nats a word or a reading; the network in the last event."""

    stage: str
    done: float
    loss: float
    network: JudgeNetwork | None = None


def train_judge(
    settings: JudgeSettings, words: Vocabulary, corpora: Sequence[Encoded], readings: Sequence[Reading]
) -> Iterator[JudgeProgress]:
    """Train on corpora, encoded by all their `words` (the rarer ones are only known by their endings), and readings."""
    torch.manual_seed(settings.seed)
    size = min(settings.vocabulary_size, len(words))
    dropouts = settings.dropout, settings.reading_dropout
    network = JudgeNetwork(size, settings.embedding_size, settings.hidden_size, settings.head_size, dropouts)
    endings = np.array([ending(""), ending(""), *(ending(word) for word in words.words)])
    marks = np.array([False, False, *(not word[0].isalnum() for word in words.words)])
    for order_network, side in ((network.left, "left"), (network.right, "right")):
        for number, one in enumerate(settings.passes):
            drawn = _drawn(one, corpora, np.random.default_rng(settings.seed + number))
            for event in _read_sentences(settings, one, order_network.train(), drawn, endings, marks, side == "right"):
                yield JudgeProgress(f"sentences from the {side}, pass {number + 1}", *event)
    for event in _read_readings(settings, network, words, readings):
        yield JudgeProgress("readings", *event)
    yield JudgeProgress("done", 1.0, 0.0, network.requires_grad_(False).eval())


def _drawn(one: Pass, corpora: Sequence[Encoded], random: np.random.Generator) -> Encoded:
    """The sentences that a pass reads."""
    ids, lengths = [], []
    for corpus, times in zip(corpora, one.repeats, strict=True):
        fitting = np.flatnonzero((corpus.lengths >= _SHORTEST) & (corpus.lengths <= _LONGEST))
        while times > 0:
            part = corpus.take(random.permutation(fitting)[: round(min(times, 1) * len(fitting))])
            ids.append(part.ids)
            lengths.append(part.lengths)
            times -= 1
    return Encoded(np.concatenate(ids), np.concatenate([[0], np.cumsum(np.concatenate(lengths))]))


def _read_sentences(
    settings: JudgeSettings,
    one: Pass,
    network: OrderNetwork,
    sentences: Encoded,
    endings: np.ndarray,
    marks: np.ndarray,
    backwards: bool,
) -> Iterator[tuple[float, float]]:
    """(share done, loss) while an order network learns from sentences."""
    size = len(network.bias)
    random = np.random.default_rng(settings.seed)
    q, log_q = frequencies(np.where(sentences.ids < size, sentences.ids, Vocabulary.unk_id), size, settings.negatives)
    optimizer = torch.optim.Adam(network.parameters(), lr=one.learning_rate, fused=True)
    batches = length_batches(sentences.lengths, one.batch_size, random.permutation(len(sentences)))
    bfloat16 = bool(torch.cpu.get_capabilities().get("avx512_bf16"))
    average = 1.0
    for step, number in enumerate(random.permutation(len(batches))):
        ids, lengths = pad(sentences, batches[number])
        last = ids[np.arange(len(ids)), lengths - 1]
        ends = marks[last] & (random.random(len(ids)) < 0.5)  # half of the sentences lose their final mark
        ids[ends, lengths[ends] - 1] = Vocabulary.pad_id
        lengths = lengths - ends
        if backwards:
            ids = _turned(ids, lengths)
        ids = np.insert(ids, 0, Vocabulary.pad_id, axis=1)
        hidden = (ids >= size) | ((ids > Vocabulary.unk_id) & (random.random(ids.shape) < settings.unknown))
        tokens = torch.from_numpy(np.where(hidden, Vocabulary.unk_id, ids))
        drawn = torch.multinomial(q, settings.negatives, replacement=True).unique()
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            steps = network(tokens, torch.from_numpy(endings[ids]), torch.from_numpy(lengths))
            real = torch.arange(ids.shape[1] - 1) < torch.from_numpy(lengths)[:, None]
            expected = network.projection(steps.states)[real]
            other = sampled_loss(network, expected, tokens[:, 1:][real], drawn, log_q)
        loss = -steps.chosen.sum() / lengths.sum()
        _step(optimizer, loss + settings.next_word * other, network, one_cycle(step / len(batches)))
        average += 0.01 * (loss.item() - average)
        if step % _REPORT_EVERY == 0:
            yield step / len(batches), average


def _turned(ids: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Sentences [B, T] from their last word to the first, padding after them as before."""
    steps = np.arange(ids.shape[1])
    inside = steps < lengths[:, None]
    turned: np.ndarray = np.take_along_axis(ids, np.where(inside, lengths[:, None] - 1 - steps, steps), axis=1)
    return turned


def _step(optimizer: torch.optim.Optimizer, loss: Tensor, network: nn.Module, share: float) -> None:
    """One step of an optimizer whose groups know their `base` rate, if it is not the one they were made with."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), 1.0, foreach=True)
    for group in optimizer.param_groups:
        group["lr"] = group.setdefault("base", group["lr"]) * share
    optimizer.step()


def _read_readings(
    settings: JudgeSettings, network: JudgeNetwork, words: Vocabulary, readings: Sequence[Reading]
) -> Iterator[tuple[float, float]]:
    """(share done, loss) while the whole network learns from readings."""
    random = np.random.default_rng(settings.seed)
    network.train()
    for order_network in (network.left, network.right):
        order_network.eval()  # no dropout of its own: what the head sees of it is dropped
    head = {"states", "steps", "hidden", "word", "whole"}
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        rate = 1e-3 if name.split(".")[0] in head else 1e-4 if "embedding" in name or "endings" in name else 2e-4
        groups.setdefault(rate, []).append(parameter)
    optimizer = torch.optim.AdamW(
        [{"params": some, "lr": rate, "weight_decay": 1e-2 if rate == 1e-3 else 0.0} for rate, some in groups.items()]
    )
    encoded = encode_tokens((reading.tokens for reading in readings), words)
    valid = torch.tensor([reading.valid for reading in readings], dtype=torch.float32)
    endings = [torch.tensor([ending(token) for token in reading.tokens]) for reading in readings]
    steps, done, average = settings.reading_passes * math.ceil(len(readings) / _READ_AT_ONCE), 0, 0.7
    for _pass in range(settings.reading_passes):
        batches = length_batches(encoded.lengths, _READ_AT_ONCE, random.permutation(len(readings)))
        for number in random.permutation(len(batches)):
            rows = batches[number]
            ids, lengths = (torch.from_numpy(array) for array in pad(encoded, rows))
            ids[ids >= len(network.left.bias)] = Vocabulary.unk_id
            own = nn.utils.rnn.pad_sequence([endings[row] for row in rows], batch_first=True)
            judged = network(ids, own, lengths)
            loss = nn.functional.binary_cross_entropy_with_logits(judged, valid[torch.from_numpy(rows)])
            _step(optimizer, loss, network, 1 - done / steps)
            done += 1
            average += 0.01 * (loss.item() - average)
            if done % _REPORT_EVERY == 0:
                yield done / steps, average

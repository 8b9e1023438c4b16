"""Training speed against a plain loop: batches in random order, each padded to its longest sentence.

Like for like in float32 and, where the processor has instructions for it, in bfloat16; then the precision that training
takes by itself against the plain loop in float32, of which at least 3 times the speed is asked.

    pytest tests/benchmarks/test_training.py -s

Sentence lengths are drawn to the percentiles measured on Sentiment140 after preprocessing; the ids are random.
"""

from __future__ import annotations

import statistics
import time

import numpy as np
import pytest
import torch
from torch import nn

from core.benchmarks.reading import tweet_lengths
from core.data.corpus import Encoded
from core.models.recurrent import Classifier
from core.training.loop import TrainingSettings, hardware, train_classifier

VOCABULARY, EMBEDDING, BATCH, ROWS, ROUNDS = 34_344, 128, 1024, 20_480, 3


def sentences(random: np.random.Generator) -> Encoded:
    lengths = tweet_lengths(random, ROWS)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return Encoded(random.integers(2, VOCABULARY, offsets[-1]).astype(np.int32), offsets)


def plain_loop(cell: str, precision: str, corpus: Encoded, labels: np.ndarray, order: np.ndarray) -> float:
    """Tokens per second of one pass as a first attempt would write it: pad, pack, forward, backward, Adam."""
    model = Classifier(cell, VOCABULARY, EMBEDDING, 256)
    optimizer = torch.optim.Adam(model.parameters())
    start = time.perf_counter()
    for first in range(0, len(order), BATCH):
        rows = order[first : first + BATCH]
        ids = nn.utils.rnn.pad_sequence([torch.from_numpy(corpus[row].astype(np.int64)) for row in rows], True)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            logits = model(ids, torch.from_numpy(corpus.lengths[rows])).float()
        loss = nn.functional.binary_cross_entropy_with_logits(logits, torch.from_numpy(labels[rows]).float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return corpus.lengths[order].sum() / (time.perf_counter() - start)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_training_against_a_plain_loop(cell: str) -> None:
    random = np.random.default_rng(0)
    corpus = sentences(random)
    labels = random.integers(0, 2, ROWS).astype(np.int8)
    train, held = np.arange(ROWS - 256), np.arange(ROWS - 256, ROWS)
    vectors = random.normal(size=(VOCABULARY, EMBEDDING)).astype(np.float32)
    usual = hardware(TrainingSettings(cell))["precision"]
    ours: dict[str, list[float]] = {precision: [] for precision in ("float32", usual)}
    plain: dict[str, list[float]] = {precision: [] for precision in ours}
    for _ in range(ROUNDS):
        for precision in ours:  # in turn, so that all meet the same machine
            settings = TrainingSettings(cell, epochs=1, evaluations_per_epoch=1, dropout=0, precision=precision)
            run = train_classifier(settings, corpus, labels, train, held, vectors)
            ours[precision].append(list(run)[-1].tokens_per_second)
            plain[precision].append(plain_loop(cell, precision, corpus, labels, random.permutation(train)))
    print()
    for precision, against in dict.fromkeys([("float32", "float32"), (usual, usual), (usual, "float32")]):
        ratio = statistics.median(np.array(ours[precision]) / np.array(plain[against]))
        print(
            f"{cell}: {statistics.median(ours[precision]):,.0f} tokens/s in {precision}, "
            f"plain loop {statistics.median(plain[against]):,.0f} tokens/s in {against}; {ratio:.1f} times as fast"
        )

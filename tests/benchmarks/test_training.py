"""Training speed against a plain loop: batches in random order, each padded to its longest sentence, float32.

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

from core.corpus import Encoded
from core.models import Classifier
from core.training import TrainingSettings, train_classifier

PERCENTILES = (0, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 99.9)
LENGTHS = (1, 4, 5, 8, 10, 12, 14, 17, 20, 23, 27, 30, 33, 39)
VOCABULARY, EMBEDDING, BATCH, ROWS, ROUNDS = 34_344, 128, 1024, 20_480, 3


def sentences(random: np.random.Generator) -> Encoded:
    lengths = np.interp(random.uniform(0, 99.9, ROWS), PERCENTILES, LENGTHS).astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return Encoded(random.integers(2, VOCABULARY, offsets[-1]).astype(np.int32), offsets)


def plain_loop(cell: str, corpus: Encoded, labels: np.ndarray, order: np.ndarray) -> float:
    """Tokens per second of one pass as a first attempt would write it: pad, pack, forward, backward, Adam."""
    model = Classifier(cell, VOCABULARY, EMBEDDING, 256)
    optimizer = torch.optim.Adam(model.parameters())
    start = time.perf_counter()
    for first in range(0, len(order), BATCH):
        rows = order[first : first + BATCH]
        ids = nn.utils.rnn.pad_sequence([torch.from_numpy(corpus[row].astype(np.int64)) for row in rows], True)
        logits = model(ids, torch.from_numpy(corpus.lengths[rows]))
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
    ratios, speeds = [], []
    for _ in range(ROUNDS):  # in turn, so that both meet the same machine
        settings = TrainingSettings(cell, epochs=1, evaluations_per_epoch=1, dropout=0)
        ours = list(train_classifier(settings, corpus, labels, train, held, vectors))[-1].tokens_per_second
        plain = plain_loop(cell, corpus, labels, random.permutation(train))
        ratios.append(ours / plain)
        speeds.append((ours, plain))
    ours, plain = np.median(speeds, axis=0)
    print(
        f"\n{cell}: {ours:,.0f} tokens/s, plain loop {plain:,.0f} tokens/s; "
        f"{statistics.median(ratios):.1f} times as fast (asked: at least 3)"
    )

"""Token log-odds: how strongly is a token linked to a label? Smoothed log-odds of the labels of its sentences.

For each entry w of a vocabulary, in nats,

    log-odds(w) = log (p_w + a) / (P + a V) − log (n_w + a) / (N + a V)

where p_w and n_w are the numbers of training sentences with w of the class (positive) and of all others (negative), P
and N their sums over the V entries: the log-odds ratio with a uniform Dirichlet prior of a pseudo-counts an entry
(Monroe, Colaresi & Quinn 2008, "Fightin' Words", section 3.3). Their prior, in proportion to frequency, would not
shrink rare words more than others. Equal sentences with equal labels count once: advertisements are sent a thousand
times.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.data import targets
from core.data.corpus import Corpus, Encoded
from core.data.labels import SENTIMENT, Names
from core.models import checkpoints
from core.models.training_rows import read_again
from core.text.preprocessing import Vocabulary

SMOOTHING = 3.0
"""Pseudo-counts a: of 11 values from 0.1 to 50 the one with the least log-loss per word on Sentiment140's 20,000
held-out rows, 0.66454 nats (0.64722 for words in fewer than 100 training sentences; with 10: 0.66468, 0.65077)."""
_ROWS = 50_000  # sentences at a time


def log_odds(
    sentences: Encoded, labels: np.ndarray, rows: np.ndarray, size: int, names: Names = SENTIMENT
) -> np.ndarray:
    """Log-odds in nats of `size` vocabulary entries, float32, from the sentences of `rows`; 0 for ``<pad>``.

    [V] of the second of two classes, or [K, V] of each class against all others.
    """
    counts = [sentence_counts(sentences, rows[labels[rows] == label], size) for label in range(len(names))]

    def against_rest(target: targets.Target) -> np.ndarray:
        parts = []
        for numbers in ([target.number], target.rest):
            smoothed = np.sum([counts[number] for number in numbers], axis=0) + SMOOTHING
            parts.append(np.log(smoothed) - np.log(smoothed.sum()))
        result: np.ndarray = (parts[0] - parts[1]).astype(np.float32)
        result[Vocabulary.pad_id] = 0
        return result

    return targets.for_each(names, against_rest)


def sentence_counts(sentences: Encoded, rows: np.ndarray, size: int) -> np.ndarray:
    """The number of distinct sentences among `rows` with each of `size` ids, int64 [V]."""
    distinct = np.array(list({sentences[row].tobytes(): row for row in rows.tolist()}.values()), dtype=np.int64)
    counts = np.zeros(size, dtype=np.int64)
    for start in range(0, len(distinct), _ROWS):
        part = sentences.take(distinct[start : start + _ROWS])
        # Sorted by sentence and id: a key that differs from the one before it is the first of its kind.
        keys = np.sort(np.repeat(np.arange(len(part)), part.lengths) * size + part.ids)
        counts += np.bincount(keys[np.diff(keys, prepend=-1) != 0] % size, minlength=size)
    return counts


def of_training(checkpoint: checkpoints.Checkpoint, corpus: Corpus) -> np.ndarray:
    """Log-odds of a checkpoint's tokens, as `log_odds`, over its training rows. Raises as `read_again`."""
    rows = read_again(checkpoint, corpus)
    return log_odds(rows.sentences, rows.labels, rows.train, len(checkpoint.vocabulary), checkpoint.labels)


def add_polarity(name: str, polarity: np.ndarray, out: Path | None = None) -> None:
    """Save a checkpoint again with its tokens' log-odds [V] or [K, V], noted in its card; nothing else changes."""
    checkpoint = checkpoints.load(name, out)
    checkpoints.save_again(checkpoint, {**checkpoint.card, "polarity": {"smoothing": SMOOTHING}}, out, polarity)

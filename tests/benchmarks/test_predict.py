"""`predict` over 20,000 tweets against the bare recurrence on ready-made tensors of the same batches.

UNROLLED_DATA=<folder with sentiment140_valid.parquet> pytest tests/benchmarks/test_predict.py -s
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from core.data.corpus import encode, length_batches, pad, read_texts
from core.models import checkpoints
from core.models.predict import verdicts

RUNS = 5


def seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


@pytest.mark.parametrize("name", ["lstm", "gru", "rnn"])
def test_predict_against_the_bare_recurrence(name: str, report_data: Path) -> None:
    texts = read_texts(report_data)
    checkpoint = checkpoints.load(name)
    sentences = encode(texts, checkpoint.preprocessing, checkpoint.vocabulary)
    with torch.inference_mode():
        blocks = [
            checkpoint.model.embedding(torch.from_numpy(pad(sentences, rows)[0]))
            for rows in length_batches(sentences.lengths, 1024)
        ]

    def bare() -> None:
        with torch.inference_mode():
            for block in blocks:
                checkpoint.model.recurrent(block)

    ours, theirs, tokenising = [], [], []
    for _ in range(RUNS):  # in turn, so that both meet the same machine
        theirs.append(seconds(bare))
        ours.append(seconds(lambda: verdicts(checkpoint, texts)))
        tokenising.append(seconds(lambda: [checkpoint.preprocessing(text) for text in texts]))
    ratio = statistics.median(np.array(theirs) / np.array(ours))
    print(
        f"\n{name}: predict {len(texts):,} tweets {statistics.median(ours):.2f} s "
        f"(tokenising {statistics.median(tokenising):.2f} s), bare recurrence {statistics.median(theirs):.2f} s; "
        f"speed {ratio:.2f} of the bare recurrence (asked of the LSTM: at least 0.7)"
    )

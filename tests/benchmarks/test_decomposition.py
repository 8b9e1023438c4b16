"""Contextual decomposition of every word, and relevance, against the trace of the same text.

``pytest tests/benchmarks/test_decomposition.py -s``; ratios within one run, on one thread. What was asked: all words of
a text of 40 tokens in under 100 ms.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from core.models import checkpoints
from core.models.trace import trace_tokens
from core.probes.attribution.methods.decomposition import words
from core.probes.attribution.methods.relevance import layerwise_relevance
from core.probes.attribution.results import Reading

TEXT = (
    "i really did not think that this day could get any better but then my friend called and told me that the show was "
    "on again tonight so we went and it was the best night ever ! so happy"
)
ROUNDS = 30


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def seconds(work: Callable[[], object]) -> float:
    clock = time.perf_counter()
    work()
    return time.perf_counter() - clock


@pytest.mark.parametrize("length", [20, 40])
@pytest.mark.parametrize("name", ["lstm", "gru", "rnn"])
def test_against_the_trace(name: str, length: int) -> None:
    checkpoint = checkpoints.load(name)
    tokens = tuple(checkpoint.preprocessing(TEXT)[:length])
    assert len(tokens) == length
    reading = Reading(checkpoint, " ".join(tokens), tokens)
    work: list[Callable[[], object]] = [
        lambda: trace_tokens(checkpoint, tokens),
        lambda: words(reading),
        lambda: layerwise_relevance(reading),
    ]
    taken = np.array([[seconds(part) for part in work] for _ in range(ROUNDS)])  # in turn
    best, middle = taken.min(axis=0), np.median(taken, axis=0)
    print(
        f"\n{name}, {length} tokens, best of {ROUNDS} (median): "
        f"trace {1000 * best[0]:.1f} ({1000 * middle[0]:.1f}) ms, "
        f"decomposition of all words {1000 * best[1]:.1f} ({1000 * middle[1]:.1f}) ms: {best[1] / best[0]:.0f} x, "
        f"relevance {1000 * best[2]:.1f} ({1000 * middle[2]:.1f}) ms: {best[2] / best[0]:.0f} x"
    )
    assert best[1] < 0.1

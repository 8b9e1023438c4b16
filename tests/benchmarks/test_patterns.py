"""Patterns searched in 100,000 tokens by the shipped LSTM, once its index is there.

``pytest tests/benchmarks/test_patterns.py -s``. What was asked: a search in under a second.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from core.models import checkpoints
from core.models.trace import trace
from core.probes.scan.lines import Lines
from core.probes.units.pattern_contrast import contrast
from core.probes.units.patterns import index, pattern, search

TOKENS, ROUNDS = 100_000, 5
TEXT = "I don't think this is a good idea"


@pytest.mark.parametrize("state", ["h", "c"])
def test_a_search_in_100_000_tokens(state: str) -> None:
    checkpoint = checkpoints.load("lstm", Path(__file__).parents[2] / "checkpoints")
    random = np.random.default_rng(0)
    words = checkpoint.vocabulary.words[:3_000]
    lengths = random.integers(5, 30, TOKENS // 12)
    texts = tuple(" ".join(random.choice(words, length)) for length in lengths)
    clock = time.perf_counter()
    *_before, last = index(checkpoint, Lines("made_up", texts, tuple(range(len(texts))), None, 0, 0), state)
    assert last.index is not None and last.index.tokens >= TOKENS
    built = time.perf_counter() - clock
    read = trace(checkpoint, TEXT)
    for span, bounded in (((3, 3), False), ((3, 5), False), ((0, 8), False), ((3, 5), True)):
        asked = pattern(checkpoint, read, *span, 0.1, state, magnitude=True, bounded=bounded)
        assert asked.units
        taken = []
        for _round in range(ROUNDS):
            clock = time.perf_counter()
            matches = search(last.index, asked)
            middle = time.perf_counter()
            contrast(last.index, matches)
            taken.append((middle - clock, time.perf_counter() - middle))
        searched, told = (min(column) for column in zip(*taken, strict=True))
        print(
            f"\n{state}, {last.index.tokens:,} tokens, {len(asked)} in the span, {len(asked.units)} units: search "
            f"{searched:.3f} s (asked: under 1), what sets apart {told:.3f} s; index {built:.1f} s, "
            f"{last.index.levels.nbytes / 1e6:.0f} MB"
        )
        assert searched + told < 1

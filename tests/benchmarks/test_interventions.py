"""The grid of every patch, against reading the sentence anew for each.

``pytest tests/benchmarks/test_interventions.py -s``; ratios within one run. What was asked: the grid for two sentences
of 20 tokens in under 1 s.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator

import pytest
import torch

from core.models import checkpoints
from core.models.trace import trace
from core.probes.interventions.hold import Patch, intervene, patchable
from core.probes.interventions.patching import MOST_STEPS, patch_grid, patch_texts

A = "i used to love this show so much but now i really hate it and that makes me very sad"
B = "i used to hate this show so much but now i really love it and that makes me very happy"


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


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])
def test_the_grid_of_two_sentences(name: str) -> None:
    checkpoint = checkpoints.load(name)
    a, b = trace(checkpoint, A), trace(checkpoint, B)
    assert len(a) == len(b) == 20
    whole = [seconds(lambda: patch_texts(checkpoint, A, B)) for _ in range(7)]

    def anew() -> None:
        for step in range(len(a)):
            for what in patchable(a.cell):
                intervene(checkpoint, a, [Patch(what, step)], b)

    slow = seconds(anew)
    long = trace(checkpoint, " ".join((A.split() * 10)[:MOST_STEPS]))
    longest = seconds(lambda: patch_grid(checkpoint, long, long))
    print(
        f"\n{name}, grid of 2 x 20 tokens, traces included: {1000 * statistics.median(whole):.0f} ms (asked: under "
        f"1,000); each patch read anew {1000 * slow:.0f} ms: {slow / statistics.median(whole):.0f} x; of "
        f"{MOST_STEPS} tokens {longest:.2f} s"
    )
    assert min(whole) < 1

"""Exact Shapley values of 12 tokens: the tree of prefixes against a batch of all 4,096 sentences.

``pytest tests/benchmarks/test_shapley.py -s``; ratios within one run, nothing is asserted of time. What was asked: 12
tokens in under 0.3 s on two cores.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from core.models import checkpoints
from core.probes.attribution.interactions import interactions
from core.probes.attribution.methods.shapley import all_values, shapley
from core.probes.attribution.order import order_attribution
from core.probes.attribution.removal import BASELINES, Game, subsets
from core.probes.attribution.results import Reading

TWELVE = "i do not think that this was a good idea at all"
TWENTY = "the food was terrible but the company made my night so i stayed late and had fun again on monday"
ROUNDS = 10


@pytest.fixture(autouse=True)
def _two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def seconds(work: Callable[[], object]) -> float:
    clock = time.perf_counter()
    work()
    return time.perf_counter() - clock


def reading(model: str, text: str) -> Reading:
    return Reading(checkpoints.load(model), text, tuple(text.split()))


@pytest.mark.parametrize("baseline", ["delete", "mean"])
@pytest.mark.parametrize("model", ["rnn", "gru", "lstm"])
def test_all_subsets_against_a_batch_of_them(model: str, baseline: str) -> None:
    given = reading(model, TWELVE)
    game, rows = Game(given, baseline), subsets(12)
    difference = np.abs(all_values(game).all - game.values(rows)).max()
    assert difference <= 1e-5
    # In turns, the best of each: whatever else the machine does slows both.
    tree, batch, whole = (
        min(times)
        for times in zip(
            *(
                (
                    seconds(lambda: all_values(Game(given, baseline))),
                    seconds(lambda: game.values(rows)),
                    seconds(lambda: shapley(given, baseline)),
                )
                for _ in range(ROUNDS)
            ),
            strict=True,
        )
    )
    print(
        f"\n{model}, {baseline}: all 4,096 subsets in {tree:.3f} s, in a batch {batch:.3f} s, {batch / tree:.1f} "
        f"times; Shapley values {whole:.3f} s (asked: under 0.3 s); largest difference {difference:.0e} logit"
    )


@pytest.mark.parametrize("model", ["rnn", "gru", "lstm"])
def test_twenty_tokens_are_sampled(model: str) -> None:
    given = reading(model, TWENTY)
    assert len(given.tokens) == 20
    for method in (shapley, order_attribution, interactions):
        by_baseline = {name: min(seconds(lambda: method(given, name)) for _ in range(3)) for name in BASELINES}  # noqa: B023
        times = ", ".join(f"{name} {took:.2f} s" for name, took in by_baseline.items())
        print(f"\n{model}, 20 tokens, {method.__name__}: {times}")

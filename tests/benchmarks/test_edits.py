"""Single edits of a tweet: prefixes shared against whole sentences, and how long a whole search takes.

``pytest tests/benchmarks/test_edits.py -s``; ratios within one run, nothing is asserted of time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import numpy as np
import pytest
import torch

from core.models import checkpoints
from core.models.recurrent import Classifier
from core.models.token_predictor import predictor
from core.probes.edits import sources as edit_sources
from core.probes.edits.search import search
from core.probes.edits.shared_suffixes import Change, ChangedSentence
from core.probes.edits.victims import black_box, white_box

TWEET = "i really hate this stupid weather , it ruined my whole weekend"


def seconds(work: Callable[[], object]) -> float:
    work()
    times = []
    for _ in range(5):
        clock = time.perf_counter()
        work()
        times.append(time.perf_counter() - clock)
    return median(times)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_shared_prefixes_against_whole_sentences(cell: str) -> None:
    torch.manual_seed(0)
    model = Classifier(cell, 5_000, 128, 256).requires_grad_(False).eval()
    random, ids = np.random.default_rng(0), list(range(2, 14))
    changes: list[Change] = [(i, i + 1, (int(word),)) for i in range(12) for word in random.integers(2, 5_000, 360)]
    whole = torch.tensor([[*ids[:start], *new, *ids[stop:]] for start, stop, new in changes])

    def materialised() -> np.ndarray:
        with torch.inference_mode():
            return torch.cat([model(rows) for rows in whole.split(1_024)]).numpy()

    assert np.abs(materialised() - ChangedSentence(model, ids).logits(changes)).max() <= 1e-5
    fused, shared = seconds(materialised), seconds(lambda: ChangedSentence(model, ids).logits(changes))
    print(f"\n{cell}: {len(changes):,} changes of 12 tokens: {shared:.3f} s, whole sentences {fused:.3f} s, ", end="")
    print(f"{fused / shared:.1f} times as fast")


@pytest.mark.parametrize("name", ["lstm", "gru", "rnn"])
def test_all_single_edits_of_a_tweet(name: str) -> None:
    if name not in checkpoints.names():
        pytest.skip(f"no checkpoint {name}")
    checkpoint, sources = checkpoints.load(name), edit_sources.load()
    for inside, victim in ((True, white_box(checkpoint)), (False, black_box(predictor(checkpoint)))):

        def whole_search(victim: object = victim) -> object:
            asked = edit_sources.ask(checkpoint, sources, TWEET, "flip", max_edits=1)
            return list(search(name, victim, asked))[-1].result()  # type: ignore[arg-type]

        found = whole_search()
        print(f"\n{name}, {'white' if inside else 'black'} box: {seconds(whole_search):.3f} s; {found.certificate}")  # type: ignore[attr-defined]

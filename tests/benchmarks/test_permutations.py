"""Orders of a sentence: the memory of all of them, ten words stopped, fourteen by fluency against a plain beam.

``pytest tests/benchmarks/test_permutations.py -s``; ratios within one run, nothing is asserted of time.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.benchmarks.measured import seconds, threads
from core.fluency import trigram
from core.fluency.orders import Words, fluencies
from core.models import checkpoints
from core.probes.permutations.search import ask, scorer, search

ROOT = Path(__file__).parent.parent.parent
FOURTEEN = "the food was terrible but the company made my night so i stayed late"
TEN = "i do not think that this was a good idea"


@pytest.fixture(autouse=True)
def _two_threads() -> Iterator[None]:
    with threads(2):
        yield


_PEAK = """
import sys
from pathlib import Path
from core.fluency import trigram
from core.models import checkpoints
from core.probes.permutations.search import ask, scorer, search
# Not getrusage's figure, which a process takes over from the one that started it.
def peak():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
checkpoint, text = checkpoints.load("lstm"), sys.argv[1]
question = ask(checkpoint, trigram.load().trigram, text, budget=4_000_000)
before = peak()
*_, progress = search("lstm", scorer(checkpoint, question), question)
result = progress.result()
assert result.complete
print(result.scored, before, peak())
"""


@pytest.mark.parametrize("words", [9, 10])
def test_peak_memory(words: int) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("peak memory is read from /proc, which this system has not")
    text = " ".join(TEN.split()[:words])
    clock = time.perf_counter()
    run = subprocess.run(
        [sys.executable, "-c", _PEAK, text], cwd=ROOT, capture_output=True, text=True, check=True, timeout=3_600
    )
    scored, before, peak = (int(number) for number in run.stdout.split())
    print(
        f"\n{words} words, {scored:,} orders: peak memory {peak / 2**10:,.0f} MB, {before / 2**10:,.0f} MB "
        f"of them before the search; {time.perf_counter() - clock:.0f} s (asked: under 1,024 MB for 9 words)"
    )


def test_ten_words_can_be_stopped_at_once() -> None:
    checkpoint = checkpoints.load("lstm")
    question = ask(checkpoint, trigram.load().trigram, TEN, budget=4_000_000)
    assert question.words.count == 3_628_800
    longest, last = 0.0, time.perf_counter()
    for number, progress in enumerate(  # noqa: B007, used after the loop
        search("lstm", scorer(checkpoint, question), question)
    ):
        longest, last = max(longest, time.perf_counter() - last), time.perf_counter()
        if number == 60:
            break
    print(
        f"\n10 words: {progress.scored:,} orders in 61 events, the longest wait between two {longest:.2f} s (asked: a "
        f"stop within 1 s); a snapshot of the result takes {seconds(progress.result):.2f} s"
    )


def plain_beam(words: Words, table: np.ndarray, width: int) -> np.ndarray:
    """The textbook beam: at every place the `width` most fluent prefixes, nothing known of what follows."""
    length = len(words)
    paths, so_far = np.empty((1, 0), dtype=np.int64), np.zeros(1)
    for place in range(length):
        parent, token = np.nonzero(~(paths[:, :, None] == np.arange(length)).any(axis=1))
        before = paths[parent, -2] if place > 1 else np.full(len(parent), length)
        last = paths[parent, -1] if place > 0 else np.full(len(parent), length)
        gained = so_far[parent] + table[before, last, token]
        kept = np.argsort(-gained)[:width]
        paths = np.concatenate([paths[parent[kept]], token[kept, None]], axis=1)
        so_far = gained[kept]
    return paths.astype(np.uint8)


@pytest.mark.parametrize("model", ["rnn", "gru", "lstm"])
def test_fourteen_words_against_a_beam_of_ten_times_the_time(model: str) -> None:
    checkpoint = checkpoints.load(model)
    question = ask(checkpoint, trigram.load().trigram, FOURTEEN, pinned=(), budget=10**9, seconds=10, top=20)
    score = scorer(checkpoint, question)
    found = list(search(model, score, question))[-1].result()
    best: list[float] = []
    clock, width, tried = time.perf_counter(), 1_000, 0
    while time.perf_counter() - clock < 100:
        rows = plain_beam(question.words, question.table, width)
        rows = rows[np.lexsort(rows.T[::-1])]
        flipped = (score(rows) >= 0) != (found.original.logit >= 0)
        best = sorted({*best, *fluencies(rows[flipped], question.table).round(4).tolist()}, reverse=True)[:20]
        tried, width = max(tried, len(rows)), 2 * width
    waited = time.perf_counter() - clock
    ours = [round(flip.fluency, 2) for flip in found.flips]
    theirs = [round(value, 2) for value in best]
    print(
        f"\n{model}, 14 words: {found.seconds:.1f} s, {found.scored:,} orders, {found.flip_count:,} flips, the most "
        f"fluent at {ours[:5]} nats\n  a beam widened to {tried:,} in {waited:.0f} s: {theirs[:5]}"
    )
    for mine, other in zip(ours, theirs, strict=False):
        assert mine >= other - 0.02

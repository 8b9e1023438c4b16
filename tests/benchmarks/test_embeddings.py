"""Milliseconds of a word's neighbours (asked: under 50) and of a map of words (under 300, figure included), warm.

``pytest tests/benchmarks/test_embeddings.py -s``
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from core.figures.words import map_of_words
from core.models import checkpoints
from core.probes.words import neighbours
from core.probes.words.embedding_map import MOST, WORDS, that_matter, word_map

ROUNDS = 20


def median(work: Callable[[], object]) -> float:
    work()
    times = []
    for _round in range(ROUNDS):
        clock = time.perf_counter()
        work()
        times.append(1_000 * (time.perf_counter() - clock))
    return statistics.median(times)


def test_milliseconds() -> None:
    checkpoint = checkpoints.load("lstm")
    space = neighbours.after(checkpoint)
    leaning = neighbours.leaning(checkpoint).values

    def drawn(count: int) -> str:
        ids = that_matter(leaning, count)
        found = word_map(space, [checkpoint.vocabulary.token(one) for one in ids.tolist()], leaning[ids])
        return str(map_of_words(found, "words", "nats").to_json())

    near = median(lambda: neighbours.neighbours(space, "love"))
    solved = median(lambda: neighbours.analogy(space, "better", "good", "bad"))
    spelt = median(lambda: neighbours.like_spelt("definately", checkpoint.vocabulary))
    maps = {count: median(lambda count=count: drawn(count)) for count in (WORDS, MOST)}
    print(f"\nneighbours {near:.1f} ms, analogy {solved:.1f} ms, like spellings {spelt:.0f} ms")
    print(", ".join(f"map of {count:,} words {took:.0f} ms" for count, took in maps.items()))
    assert near < 50
    assert maps[WORDS] < 300

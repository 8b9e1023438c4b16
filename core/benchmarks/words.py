"""Words and sentences without a verdict: fluency, neighbours, the map of words; each beside the plain way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from core.benchmarks.measured import Measured, best_in_turn
from core.benchmarks.reading import made_up

if TYPE_CHECKING:
    from core.fluency.trigram import Scorer
    from core.models.checkpoints import Checkpoint


def fluency_of(judge: Scorer, checkpoint: Checkpoint, count: int, rounds: int) -> Measured:
    """Sentences of a model's words scored together, against each by itself."""
    sentences = [checkpoint.preprocessing(text) for text in made_up(checkpoint, count)]

    def together() -> np.ndarray:
        return judge.score(sentences)

    def one_by_one() -> np.ndarray:
        return np.concatenate([judge.score([tokens]) for tokens in sentences])

    difference = float(np.abs(together() / one_by_one() - 1).max())
    took, reference = best_in_turn(rounds, together, one_by_one)
    what, note = (
        f"{judge.name}: {count:,} sentences",
        f"{count / took:,.0f} sentences a second; the difference is a share of a score",
    )
    return Measured("fluency", what, took, "each sentence by itself", reference, difference=difference, note=note)


def nearest_words(checkpoint: Checkpoint, rounds: int) -> Measured:
    """The ten words nearest to one, against every vector brought to length 1 and all cosines sorted."""
    from core.probes.words.neighbours import after, neighbours

    where, word = after(checkpoint), "good"
    number = checkpoint.vocabulary.id(word)

    def plain() -> np.ndarray:
        lengths = np.linalg.norm(where.vectors, axis=1, keepdims=True)
        unit = where.vectors / np.where(lengths > 0, lengths, 1)
        cosines = unit @ unit[number]
        cosines[[0, 1, number]] = -np.inf  # <pad>, <unk> and the word itself
        found: np.ndarray = np.sort(cosines)[:-11:-1]
        return found

    ours = np.array([near.cosine for near in neighbours(where, word, 10).near])
    difference = float(np.abs(ours - plain()).max())
    took, reference = best_in_turn(rounds, lambda: neighbours(where, word, 10), plain)
    what = f"{checkpoint.name}: the 10 of {len(where.vectors):,} words nearest to “{word}”"
    than = "all vectors scaled, all cosines sorted"
    return Measured("neighbours", what, took, than, reference, difference=difference)


def map_of_words(checkpoint: Checkpoint, count: int, rounds: int) -> Measured:
    """Words laid on their principal plane, against the singular values of all their vectors."""
    from core.probes.words.embedding_map import that_matter, word_map
    from core.probes.words.neighbours import after, leaning

    where, leans = after(checkpoint), leaning(checkpoint).values
    ids = that_matter(leans, count)
    words = [checkpoint.vocabulary.token(int(one)) for one in ids]

    def plain() -> np.ndarray:
        vectors = where.vectors[ids].astype(np.float64)
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        left, values, _right = np.linalg.svd(unit - unit.mean(axis=0), full_matrices=False)
        found: np.ndarray = left[:, :2] * values[:2]
        return found

    # An axis may point either way.
    difference = float(np.abs(np.abs(word_map(where, words, leans[ids]).places) - np.abs(plain())).max())
    took, reference = best_in_turn(rounds, lambda: word_map(where, words, leans[ids]), plain)
    what = f"{checkpoint.name}: {len(ids)} words on a plane"
    return Measured("map of words", what, took, "singular values of the vectors", reference, difference=difference)


def quick(models: list[Checkpoint]) -> Iterator[Measured]:
    """A look at each, on one model."""
    yield from _of([models[-1]], 2_000, 100, 1)


def whole(models: list[Checkpoint]) -> Iterator[Measured]:
    """All of them, on every model."""
    yield from _of(models, 20_000, 500, 3)


def _of(models: list[Checkpoint], by_trigram: int, by_mixture: int, rounds: int) -> Iterator[Measured]:
    """The shipped fluency model's figures, then those of models."""
    from core.fluency.trigram import load

    fluency = load()
    yield fluency_of(fluency.trigram, models[-1], by_trigram, rounds)
    if fluency.mixture:
        yield fluency_of(fluency.mixture, models[-1], by_mixture, rounds)
    for checkpoint in models:
        yield nearest_words(checkpoint, 10 * rounds)
        yield map_of_words(checkpoint, 400, 10 * rounds)

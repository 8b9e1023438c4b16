"""Which words stand nearest to a word?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.probes.words.neighbours import nearest, space
from core.text.preprocessing import Preprocessing, Vocabulary


class Neighbours:
    """The nearest words of a word by the cosine of their vectors [V, E], nearest first. Results are cached.

    Near means used in like contexts, not alike in meaning: antonyms are often neighbours. `count` is how many each word
    has at most, `least` the cosine that they have at least. Raises ValueError where vectors and vocabulary differ in
    length.
    """

    def __init__(self, vectors: np.ndarray, vocabulary: Vocabulary, count: int = 40, least: float = 0.0):
        self._space = space("", vectors, vocabulary, Preprocessing())
        self._vectors = vectors
        self._vocabulary, self._count, self._least = vocabulary, count, least
        self._known: dict[str, tuple[tuple[str, float], ...]] = {}

    def __call__(self, word: str) -> tuple[tuple[str, float], ...]:
        """The neighbours and their cosines; none for a word that the vocabulary lacks."""
        if word not in self._vocabulary:
            return ()
        if word not in self._known:
            id_ = self._vocabulary.id(word)
            near = nearest(self._space, self._space.unit(id_), {id_}, self._count)
            self._known[word] = tuple((other.word, other.cosine) for other in near if other.cosine >= self._least)
        return self._known[word]

    def similarity(self, tokens: Sequence[str], others: Sequence[str]) -> float | None:
        """The cosine of two texts' mean vectors; None where the vocabulary lacks all words of one."""
        known = [[token for token in text if token in self._vocabulary] for text in (tokens, others)]
        if not all(known):
            return None
        one, other = (self._vectors[self._vocabulary.encode(text)].mean(axis=0, dtype=np.float64) for text in known)
        lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
        return float(one @ other) / lengths if lengths else None

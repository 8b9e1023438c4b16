"""Which words stand nearest to a word?"""

from __future__ import annotations

import numpy as np

from core.text.preprocessing import Vocabulary


class Neighbours:
    """The nearest words of a word by the cosine of their vectors [V, E], nearest first. Results are cached.

    Near means used in like contexts, not alike in meaning: antonyms are often neighbours. `count` is how many each word
    has at most, `least` the cosine that they have at least. Raises ValueError where vectors and vocabulary differ in
    length.
    """

    def __init__(self, vectors: np.ndarray, vocabulary: Vocabulary, count: int = 40, least: float = 0.0):
        if len(vectors) != len(vocabulary):
            raise ValueError(f"{len(vectors):,} vectors for a vocabulary of {len(vocabulary):,}")
        lengths = np.linalg.norm(vectors.astype(np.float32), axis=1, keepdims=True)
        self._unit = vectors.astype(np.float32) / np.maximum(lengths, np.finfo(np.float32).tiny)
        self._vocabulary, self._count, self._least = vocabulary, count, least
        self._known: dict[str, tuple[tuple[str, float], ...]] = {}

    def __call__(self, word: str) -> tuple[tuple[str, float], ...]:
        """The neighbours and their cosines; none for a word that the vocabulary lacks."""
        if word not in self._vocabulary:
            return ()
        if word not in self._known:
            number = self._vocabulary.id(word)
            cosines = self._unit @ self._unit[number]
            cosines[[Vocabulary.pad_id, Vocabulary.unk_id, number]] = -np.inf
            nearest = np.argsort(-cosines, kind="stable")[: self._count].tolist()
            self._known[word] = tuple(
                (self._vocabulary.token(other), float(cosines[other]))
                for other in nearest
                if cosines[other] >= self._least
            )
        return self._known[word]

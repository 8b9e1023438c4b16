"""Which words stand nearest to each word of a sentence? One product over the vocabulary for all of them.

The vectors are made of length 1 once; a sentence's new words are then one product [words, E] × [E, V], and results are
cached.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.text.preprocessing import Vocabulary

if TYPE_CHECKING:
    from core.models.checkpoints import WordVectors

_ROWS = 256  # words looked up in one product: 256 × 34,000 cosines are 35 MB


class Neighbours:
    """The nearest words of each word by the cosine of their vectors [V, E], nearest first.

    Near means used in like contexts, not alike in meaning: antonyms are often neighbours. `count` is how many each word
    has at most, `least` the cosine that they have at least. Results are cached.
    Raises ValueError where vectors and vocabulary differ in length.
    """

    def __init__(self, vectors: np.ndarray, vocabulary: Vocabulary, count: int = 40, least: float = 0.0):
        if len(vectors) != len(vocabulary):
            raise ValueError(f"{len(vectors):,} vectors for a vocabulary of {len(vocabulary):,}")
        lengths = np.linalg.norm(vectors.astype(np.float32), axis=1, keepdims=True)
        self._unit = vectors.astype(np.float32) / np.maximum(lengths, np.finfo(np.float32).tiny)
        self.vocabulary, self.count, self.least = vocabulary, count, least
        self._cache: dict[str, tuple[tuple[str, float], ...]] = {}

    @classmethod
    def of(cls, words: WordVectors, count: int = 40, least: float = 0.0) -> Neighbours:
        """From loaded word vectors."""
        return cls(words.vectors, words.vocabulary, count, least)

    def __call__(self, words: Sequence[str]) -> dict[str, tuple[tuple[str, float], ...]]:
        """The neighbours of each word with their cosines; none for a word that the vocabulary lacks."""
        new = [word for word in dict.fromkeys(words) if word in self.vocabulary and word not in self._cache]
        for first in range(0, len(new), _ROWS):
            self._look_up(new[first : first + _ROWS])
        return {word: self._cache.get(word, ()) for word in words}

    def _look_up(self, words: Sequence[str]) -> None:
        ids = np.array(self.vocabulary.encode(words), dtype=np.int64)
        cosines = self._unit[ids] @ self._unit.T  # [words, V]
        cosines[:, [Vocabulary.pad_id, Vocabulary.unk_id]] = -np.inf
        cosines[np.arange(len(ids)), ids] = -np.inf
        count = max(1, min(self.count, len(self.vocabulary) - 3))
        nearest = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
        for word, numbers, row in zip(words, nearest, cosines, strict=True):
            ordered = numbers[np.argsort(-row[numbers], kind="stable")]
            self._cache[word] = tuple(
                (self.vocabulary.token(int(number)), float(row[number]))
                for number in ordered
                if row[number] >= self.least
            )

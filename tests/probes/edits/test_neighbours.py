"""Neighbours of a word by the cosine, within their bounds."""

from __future__ import annotations

import numpy as np
import pytest

from core.probes.edits.neighbours import Neighbours
from core.text.preprocessing import Vocabulary

WORDS = [f"w{number}" for number in range(300)]


def vectors() -> np.ndarray:
    made = np.random.default_rng(0).normal(size=(302, 8)).astype(np.float32)
    made[0] = 0
    return made


def test_against_the_cosine_of_every_word() -> None:
    by_word, near = dict(zip(WORDS, vectors()[2:], strict=True)), Neighbours(vectors(), Vocabulary(WORDS), count=7)
    for word in WORDS[::7]:
        own = by_word[word]
        cosines = {
            other: float(own @ vector / np.linalg.norm(own) / np.linalg.norm(vector))
            for other, vector in by_word.items()
            if other != word
        }
        expected = sorted(cosines, key=lambda other: -cosines[other])[:7]
        assert [other for other, _ in near(word)] == expected
        assert [cosine for _, cosine in near(word)] == pytest.approx([cosines[other] for other in expected], abs=1e-6)


def test_the_least_cosine_unknown_words_and_sizes() -> None:
    near = Neighbours(vectors(), Vocabulary(WORDS), count=300, least=0.5)
    assert near("unheard") == ()
    assert near("w3") and min(cosine for _, cosine in near("w3")) >= 0.5
    assert near("w3") is near("w3")  # remembered, not looked up again
    small = Neighbours(np.eye(4, dtype=np.float32), Vocabulary(["a", "b"]), count=40)
    assert small("a") == (("b", 0.0),)
    with pytest.raises(ValueError, match="5 vectors for a vocabulary of 4"):
        Neighbours(np.eye(5), Vocabulary(["a", "b"]))

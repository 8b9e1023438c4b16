"""Neighbours of many words at once are those of each word by itself."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.probes.edits.neighbours import Neighbours
from core.text.preprocessing import Vocabulary

WORDS = [f"w{number}" for number in range(300)]


def vectors() -> np.ndarray:
    made = np.random.default_rng(0).normal(size=(302, 8)).astype(np.float32)
    made[0] = 0
    return made


def test_against_one_word_at_a_time() -> None:
    vocabulary = Vocabulary(WORDS)
    found = Neighbours(vectors(), vocabulary, count=7)(WORDS)  # more than one product's worth
    for word in WORDS[::7]:
        own = vectors()[vocabulary.id(word)]
        cosines = {
            other: float(own @ vector) / math.hypot(*own) / math.hypot(*vector)
            for other, vector in zip(WORDS, vectors()[2:], strict=True)
            if other != word
        }
        expected = sorted(cosines, key=lambda other: -cosines[other])[:7]
        assert [other for other, _ in found[word]] == expected
        assert [cosine for _, cosine in found[word]] == pytest.approx([cosines[c] for c in expected], abs=1e-6)


def test_the_least_cosine_unknown_words_and_sizes() -> None:
    near = Neighbours(vectors(), Vocabulary(WORDS), count=300, least=0.5)
    found = near(["w3", "unheard", "w3"])
    assert found["unheard"] == () and set(found) == {"w3", "unheard"}
    assert found["w3"] and min(cosine for _, cosine in found["w3"]) >= 0.5
    assert near(["w3"])["w3"] is found["w3"]  # remembered, not looked up again
    small = Neighbours(np.eye(4, dtype=np.float32), Vocabulary(["a", "b"]), count=40)
    assert small(["a"]) == {"a": (("b", 0.0),)}
    with pytest.raises(ValueError, match="5 vectors for a vocabulary of 4"):
        Neighbours(np.eye(5), Vocabulary(["a", "b"]))

"""word2vec on a made-up language of two topics."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.data.corpus import Encoded
from core.probes.edits.neighbours import Neighbours
from core.text.preprocessing import Vocabulary
from core.training.word2vec import Word2VecSettings, Word2VecState, train_word2vec, unit_variance

TOPICS = (("rain", "cloud", "storm", "wind"), ("bread", "flour", "oven", "dough"))
VOCABULARY = Vocabulary([*TOPICS[0], *TOPICS[1], "never"])  # "never" stands in no sentence
SETTINGS = Word2VecSettings(vector_size=8, epochs=4, negative=3, alpha=0.1, seed=1)


def encoded(sentences: list[list[str]]) -> Encoded:
    """Sentences given as words."""
    ids = [VOCABULARY.encode(sentence) for sentence in sentences]
    offsets = np.cumsum([0, *map(len, ids)]).astype(np.int64)
    return Encoded(np.array([number for sentence in ids for number in sentence], dtype=np.int32), offsets)


def made_up_language(sentences: int = 1_000, seed: int = 0) -> Encoded:
    """Sentences that keep to one topic each; some hold an unknown word, some hold nothing."""
    random = np.random.default_rng(seed)
    made = []
    for _ in range(sentences):
        words = [str(word) for word in random.choice(TOPICS[random.integers(2)], 8)]
        made.append([*words[:7], "unseen"] if random.random() < 0.1 else words if random.random() < 0.95 else [])
    return encoded(made)


SENTENCES = made_up_language()


@pytest.fixture(scope="module")
def states() -> list[Word2VecState]:
    """The state after every epoch of one run."""
    return list(train_word2vec(SENTENCES, VOCABULARY, SETTINGS))


def python(code: str, **environment: str) -> str:
    """What a fresh Python prints that runs some code in the project's folder."""
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def assert_same(left: Word2VecState, right: Word2VecState) -> None:
    assert left.epoch == right.epoch
    assert np.array_equal(left.vectors, right.vectors)
    assert np.array_equal(left.output, right.output)


def test_a_state_after_every_epoch(states: list[Word2VecState]) -> None:
    assert [state.epoch for state in states] == [1, 2, 3, 4]
    for state in states:
        for matrix in (state.vectors, state.output):
            assert matrix.shape == (len(VOCABULARY), 8)
            assert matrix.dtype == np.float32
            assert np.isfinite(matrix).all()
    # States are copies: a later epoch does not change those handed out before.
    assert not np.array_equal(states[0].vectors, states[1].vectors)
    assert not np.array_equal(states[2].vectors, states[3].vectors)
    assert not np.array_equal(
        states[0].vectors, next(train_word2vec(SENTENCES, VOCABULARY, replace(SETTINGS, seed=2))).vectors
    )


def test_padding_and_words_without_occurrence_keep_the_zero_vector(states: list[Word2VecState]) -> None:
    zero = [VOCABULARY.pad_id, VOCABULARY.id("never")]
    for matrix in (states[-1].vectors, states[-1].output):
        assert np.flatnonzero(~matrix.any(axis=1)).tolist() == zero
    # The unknown word has a vector, learnt where rare words stand.
    assert states[-1].vectors[VOCABULARY.unk_id].any()


def test_resuming_equals_the_uninterrupted_run(states: list[Word2VecState]) -> None:
    for epoch in (1, 3, 4):
        resumed = train_word2vec(SENTENCES, VOCABULARY, SETTINGS, resume=states[epoch - 1])
        for state, expected in zip(resumed, states[epoch - 1 :], strict=True):
            assert_same(state, expected)


ANOTHER_PROCESS = """
import hashlib

from tests.training.test_word2vec import SENTENCES, SETTINGS, VOCABULARY, train_word2vec

for state in train_word2vec(SENTENCES, VOCABULARY, SETTINGS):
    print(hashlib.sha256(state.vectors.tobytes() + state.output.tobytes()).hexdigest())
"""


def test_another_process_gives_the_same_vectors(states: list[Word2VecState]) -> None:
    # Python hashes words differently in every process; a run resumed tomorrow must not notice.
    expected = [hashlib.sha256(state.vectors.tobytes() + state.output.tobytes()).hexdigest() for state in states]
    assert python(ANOTHER_PROCESS, PYTHONHASHSEED="7").split() == expected


def test_words_of_one_topic_end_up_together(states: list[Word2VecState]) -> None:
    near = Neighbours(states[-1].vectors, VOCABULARY, 3)
    for topic in TOPICS:
        for word in topic:
            nearest = [other for other, _ in near(word)]
            assert sorted([word, *nearest]) == sorted(topic)


def test_word2vec_of_nothing_and_of_a_single_word() -> None:
    for sentences in ([], [[]], [[], []]):
        with pytest.raises(ValueError, match="at least one token"):
            next(train_word2vec(encoded(sentences), VOCABULARY, SETTINGS))
    *_, state = train_word2vec(encoded([["rain"], ["rain", "rain"]]), VOCABULARY, SETTINGS)
    assert np.flatnonzero(state.vectors.any(axis=1)).tolist() == [VOCABULARY.id("rain")]


def test_unit_variance_scales_all_vectors_by_one_number() -> None:
    vectors = np.random.default_rng(0).normal(scale=0.25, size=(50, 6)).astype(np.float32)
    vectors[0] = 0
    scaled = unit_variance(vectors)
    assert scaled[1:].std() == pytest.approx(1, abs=1e-5)
    assert not scaled[0].any()
    np.testing.assert_allclose(scaled, vectors * (scaled[1, 0] / vectors[1, 0]), rtol=1e-5)
    assert not unit_variance(np.zeros((3, 2), dtype=np.float32)).any()

"""Spaces of words: neighbours equal a plain loop, analogies a worked example, moves the model's own logits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.data.targets import Target
from core.models import checkpoints
from core.models.checkpoints import Checkpoint, WordVectors
from core.models.predict import verdict_on_tokens
from core.probes.words import neighbours as words
from core.probes.words.embedding_map import principal_plane, that_matter, word_map
from core.probes.words.neighbours import Space, analogy, leans, like_spelt, moves, neighbours, space
from core.text.preprocessing import Preprocessing, Vocabulary
from tests.conftest import WORDS
from tests.hostile import SENTENCES
from tests.probes.small_models import random_checkpoint


@pytest.fixture(scope="module")
def lstm(tiny_checkpoints: Path) -> Checkpoint:
    return checkpoints.load("lstm", tiny_checkpoints)


def drawn(seed: int = 0) -> Space:
    vocabulary = Vocabulary(WORDS)
    vectors = np.random.default_rng(seed).normal(size=(len(vocabulary), 6))
    return space("drawn", vectors, vocabulary, Preprocessing())


def toy() -> Space:
    """Royalty along one axis, gender along another: a − b + c can be done in the head."""
    vocabulary = Vocabulary(["king", "man", "woman", "queen", "apple", "prince"])
    vectors = np.array([[0, 0], [0, 0], [1, 1], [0, 1], [0, -1], [1, -1], [-1, 0], [1, 0.9]], dtype=float)
    return space("toy", vectors, vocabulary, Preprocessing())


def test_neighbours_equal_a_plain_loop() -> None:
    found = drawn()
    for word in ("love", "bad", ":)", "<url>"):
        number = found.vocabulary.id(word)
        plain = []
        for other in range(2, len(found.vocabulary)):
            if other != number:
                a, b = found.vectors[number].astype(float), found.vectors[other].astype(float)
                plain.append((-float(a @ b) / float(np.sqrt(a @ a) * np.sqrt(b @ b)), other))
        near = neighbours(found, word if word != "<url>" else "http://a.com", 10).near
        assert [one.id for one in near] == [other for _cosine, other in sorted(plain)[:10]]
        assert [one.cosine for one in near] == pytest.approx(
            [-cosine for cosine, _other in sorted(plain)[:10]], abs=1e-6
        )


def test_an_analogy_by_hand() -> None:
    """king (1, 1)/√2 − man (0, 1) + woman (0, −1) = (0.71, −1.29): queen (1, −1) is nearest, at cosine 0.96."""
    found = analogy(toy(), "king", "man", "woman", 2)
    assert [near.word for near in found.near] == ["queen", "prince"]
    assert found.near[0].cosine == pytest.approx(
        2 / np.sqrt(2) / np.hypot(1 / np.sqrt(2), 1 / np.sqrt(2) - 2), abs=1e-5
    )
    assert found.asked == ("king", "man", "woman")
    assert found.searched == 3  # woman would be nearest, were the three not left out


def test_analogies_equal_gensims(tmp_path: Path) -> None:
    gensim = pytest.importorskip("gensim.models")
    found = drawn(2)
    vectors = gensim.KeyedVectors(6)
    vectors.add_vectors(list(found.vocabulary.words), found.vectors[2:])
    wanted = vectors.most_similar(positive=["good", "bad"], negative=["love"], topn=5)
    near = analogy(found, "good", "love", "bad", 5).near
    assert [one.word for one in near] == [word for word, _cosine in wanted]
    assert [one.cosine for one in near] == pytest.approx([cosine for _word, cosine in wanted], abs=1e-5)


def test_typed_words_are_read_as_the_model_reads_them() -> None:
    found = drawn()
    assert found.word("  LOVE ") == "love"
    assert found.word("@bob") == "he"
    assert neighbours(found, "Good").asked == ("good",)
    # All other words, where as many are asked for.
    assert len(neighbours(found, "good", 100).near) == len(WORDS) - 1


@pytest.mark.parametrize("typed", ["", "   ", "good bad", "can't", *SENTENCES])
def test_what_is_not_one_word_is_refused_in_one_line(typed: str) -> None:
    with pytest.raises((ValueError, LookupError)) as caught:
        neighbours(drawn(), typed)
    message = str(caught.value.args[0])
    assert "\n" not in message
    assert len(message) < 500


def test_unknown_words_get_like_spellings() -> None:
    with pytest.raises(LookupError, match=r"'terible' .*\b37 words of drawn; .*: terrible$"):
        neighbours(drawn(), "terible")
    with pytest.raises(LookupError, match=r"'xqzv' .*\b37 words of drawn$"):
        neighbours(drawn(), "xqzv")
    assert like_spelt("loev", Vocabulary(WORDS))[0] == "love"
    assert like_spelt("a" * 1_000, Vocabulary(WORDS)) == []


@pytest.mark.parametrize("count", [0, -1, 101])
def test_a_count_that_cannot_be_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 100"):
        neighbours(drawn(), "good", count)


def test_zero_vectors_and_small_vocabularies_are_no_fault() -> None:
    found = space("zero", np.zeros((3, 4)), Vocabulary(["a"]), Preprocessing())
    assert neighbours(found, "a").near == ()
    with pytest.raises(ValueError, match="2 vectors for a vocabulary of 3"):
        space("short", np.zeros((2, 4)), Vocabulary(["a"]), Preprocessing())


def test_a_lean_is_the_verdict_on_the_word_alone(lstm: Checkpoint) -> None:
    own = words.after(lstm)
    found = leans(lstm, own.vectors[2:7])
    assert found == pytest.approx([verdict_on_tokens(lstm, [WORDS[place]]).logit for place in range(5)], abs=1e-5)


def test_moves_are_what_putting_a_vector_in_does(lstm: Checkpoint) -> None:
    start = drawn(3)
    found = moves(lstm, start)
    assert [move.word for move in found] == WORDS
    place = WORDS.index("better")
    move = found[place]
    with torch.inference_mode():
        logit = lstm.model.from_embeddings(torch.from_numpy(start.vectors[[place + 2]].copy())[:, None]).item()
    assert move.rank == place + 1
    assert move.lean_before == pytest.approx(logit, abs=1e-5)
    assert move.lean_after == pytest.approx(verdict_on_tokens(lstm, ["better"]).logit, abs=1e-5)
    assert move.shift == move.lean_after - move.lean_before
    assert words.move_of(lstm, start, "better") == pytest.approx(move, abs=1e-5)
    assert not words.frozen(found)


def test_words_lean_to_the_target_of_several_classes() -> None:
    labels, count = ("late", "lost", "fine"), len(WORDS) + 2
    rows = np.random.default_rng(4).normal(size=(3, count))
    asked = random_checkpoint("gru", WORDS, embedding=6, labels=labels, polarity=rows, dtype=torch.float32)
    for target, polarity in ((Target(labels, 1), rows[1]), (Target(labels, 2, 0), rows[2] - rows[0])):
        model, start = asked.targeted(target), drawn(3)
        assert words.leaning(model) == ("polarity", pytest.approx(polarity, abs=1e-5))
        kind, values = words.leaning(replace(model, polarity=None))
        number = model.vocabulary.id("better")
        assert kind == "lean" and values[number] == pytest.approx(verdict_on_tokens(model, ["better"]).logit, abs=1e-5)
        move = words.move_of(model, start, "better")
        assert move.polarity == pytest.approx(polarity[number], abs=1e-5)
        assert move.lean_after == pytest.approx(values[number], abs=1e-5)
    with pytest.raises(ValueError, match=r"name the target class$"):
        words.leaning(asked)


def test_nothing_moved_where_embeddings_were_frozen(lstm: Checkpoint) -> None:
    found = moves(lstm, words.after(lstm))
    assert words.frozen(found) and all(move.shift == 0 for move in found)
    with pytest.raises(ValueError, match=r"lstm and toy .*\b6 and 2\b"):
        moves(lstm, toy())


def test_the_start_of_a_model_is_told_by_its_card(lstm: Checkpoint) -> None:
    vectors = np.zeros((len(lstm.vocabulary), 6), dtype=np.float32)
    card = {"data": {"sha256": "0" * 64}, "sha256": {"weights.safetensors": "1"}}
    found = WordVectors(vectors, lstm.preprocessing, lstm.vocabulary, card)
    assert words.started_from(lstm, found)
    assert not words.started_from(lstm, replace(found, card={**card, "data": {"sha256": "2" * 64}}))
    assert not words.started_from(lstm, replace(found, vocabulary=Vocabulary(["a"])))
    assert not words.started_from(lstm, replace(found, vectors=vectors[:, :3]))
    assert not words.started_from(replace(lstm, card={**lstm.card, "embeddings": {"start": "random"}}), found)


def test_the_plane_equals_a_singular_value_decomposition() -> None:
    points = np.random.default_rng(0).normal(size=(50, 7)) * np.arange(1, 8)
    places, explained = principal_plane(points)
    centred = points - points.mean(axis=0)
    _left, values, right = np.linalg.svd(centred, full_matrices=False)
    assert np.abs(places) == pytest.approx(np.abs(centred @ right[:2].T), abs=1e-8)
    assert explained == pytest.approx(tuple((values**2 / (values**2).sum())[:2]))


def test_points_without_spread_or_second_axis_are_no_fault() -> None:
    places, explained = principal_plane(np.ones((4, 3)))
    assert (places == 0).all()
    assert explained == (0, 0)
    places, explained = principal_plane(np.array([[1.0], [2.0], [4.0]]))
    assert places[:, 1].tolist() == [0, 0, 0]
    assert explained == (1, 0)


def test_words_that_matter_lean_far_and_are_frequent() -> None:
    """|leaning| / √rank: 1/1, 4/√2, 3/√3, 0 make the order 2, 3, 1, 4; the two special ids never come."""
    leaning = np.array([9.0, 9.0, 1.0, -4.0, 3.0, 0.0])
    assert that_matter(leaning, 10).tolist() == [3, 4, 2, 5]
    assert that_matter(leaning, 2).tolist() == [3, 4]
    assert that_matter(leaning, 0).tolist() == []


def test_a_map_points_to_class_1() -> None:
    found = drawn(4)
    chosen = ["love", "great", "bad", "sad", "movie", "nowhere"]
    leaning = np.array([2.0, 1.5, -2.0, -1.0, 0.0, 5.0])
    made = word_map(found, chosen, leaning)
    assert made.words == tuple(chosen[:5])
    assert made.places.shape == (5, 2)
    assert np.corrcoef(made.places[:, 0], made.leaning)[0, 1] > 0
    with pytest.raises(ValueError, match="at least 3 words"):
        word_map(found, ["love", "bad"], np.array([1.0, -1.0]))

"""Linear probes: perfect on what a state holds, at chance on what it does not; the control task; the card."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.corpus import Encoded, encode_tokens
from core.data.targets import Target
from core.models import checkpoints
from core.probes.units import linear_probes
from core.probes.units.linear_probes import (
    CLASSES,
    NEGATIONS,
    Probes,
    Tokens,
    control_labels,
    diagnose,
    negation_labels,
    polarity_labels,
    position_labels,
    probe,
    sources,
    split,
)
from core.probes.units.linear_probes_file import ProbeRows, add_probes, as_json, of_card
from core.text.preprocessing import Vocabulary
from tests.conftest import WORDS, write_tiny_checkpoint

SOURCE = ProbeRows("made_up.csv", "ab" * 32, 200, 1_000)


def sentences(count: int, seed: int = 0, longest: int = 24) -> list[tuple[str, ...]]:
    random = np.random.default_rng(seed)
    shares = np.where(np.isin(WORDS, list(NEGATIONS)), 0.25, 1)
    return [
        tuple(random.choice(WORDS, random.integers(3, longest), p=shares / shares.sum()).tolist()) for _ in range(count)
    ]


@pytest.fixture(scope="module")
def read() -> tuple[list[tuple[str, ...]], Encoded, Tokens]:
    kept = sentences(300)
    encoded = encode_tokens(kept, Vocabulary(WORDS))
    return kept, encoded, split(encoded, 0)


@pytest.fixture(scope="module")
def with_polarity(tiny_checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("with-polarity")
    random = np.random.default_rng(0)
    for name in ("rnn", "lstm"):
        checkpoint = checkpoints.load(name, tiny_checkpoints)
        polarity = random.standard_normal(len(checkpoint.vocabulary))
        checkpoints.save_again(checkpoint, checkpoint.card, folder, polarity)
    return folder


@pytest.fixture(scope="module")
def found(with_polarity: Path) -> Probes:
    texts = [" ".join(tokens) for tokens in sentences(150)]
    *_before, last = diagnose(checkpoints.load("lstm", with_polarity), [*texts, "  ", texts[0]])
    return last.result()


def test_a_state_that_holds_the_negation_is_read_perfectly(read: tuple[list[tuple[str, ...]], Encoded, Tokens]) -> None:
    kept, _encoded, tokens = read
    labels = negation_labels(kept)
    random = np.random.default_rng(1)
    state = random.standard_normal((len(labels), 12)).astype(np.float32)
    direction = random.standard_normal(12)
    state += (8 * (labels - 0.5)[:, None] * direction / np.linalg.norm(direction) ** 2 * 12).astype(np.float32)
    result = probe(state, labels, tokens, "negation", "h")
    assert result.accuracy.mean == 1 and result.accuracy.interval == (1, 1)
    # The control is nothing that such a state holds.
    assert result.control.mean < 0.6
    assert result.selectivity.mean == pytest.approx(1 - result.control.mean)
    assert result.selectivity.interval[0] > 0.3
    # A word's own identity solves the control task.
    one_hot = np.eye(tokens.ids.max() + 1, dtype=np.float32)[tokens.ids]
    result = probe(one_hot, labels, tokens, "negation", "x")
    assert result.control.mean > 0.99 and result.selectivity.interval[1] < 0


@pytest.mark.parametrize("task", linear_probes.TASKS)
@pytest.mark.parametrize("seed", [0, 1])
def test_shuffled_labels_come_out_at_chance(with_polarity: Path, task: str, seed: int) -> None:
    """On states of a model, the labels of its own tokens shuffled: the interval holds 1/K."""
    checkpoint = checkpoints.load("lstm", with_polarity)
    encoded = encode_tokens(sentences(400, seed), checkpoint.vocabulary)
    tokens = split(encoded, seed)
    labels, _left_out = linear_probes._labels(checkpoint, sentences(400, seed), encoded, tokens)
    features = linear_probes._features(checkpoint, encoded, "h", lambda: None)
    shuffled = np.random.default_rng((seed, 9)).permutation(labels[task])
    result = probe(features, shuffled, tokens, task, "h", seed=seed)
    low, high = result.accuracy.interval
    assert low < result.chance < high
    assert high - low < 0.12
    real = probe(features, labels[task], tokens, task, "h", seed=seed)
    assert real.accuracy.mean > high


def test_a_control_label_is_a_word_types_and_nothing_else(
    read: tuple[list[tuple[str, ...]], Encoded, Tokens],
) -> None:
    _kept, encoded, tokens = read
    labels = position_labels(encoded)
    control = control_labels(tokens.ids, labels, tokens.train, 5)
    for number in np.unique(tokens.ids):
        assert len(np.unique(control[tokens.ids == number])) == 1
    # It knows the training labels' shares and no label: their order and all test labels may be others.
    random = np.random.default_rng(0)
    other = labels.copy()
    other[tokens.train] = random.permutation(labels[tokens.train])
    other[~tokens.train] = random.integers(0, 5, (~tokens.train).sum())
    np.testing.assert_array_equal(control, control_labels(tokens.ids, other, tokens.train, 5))
    assert (control != control_labels(tokens.ids, labels, tokens.train, 6)).any()
    # Of many types the labels have the task's shares.
    many = control_labels(np.arange(20_000), np.repeat([0, 1, 2], [10_000, 6_000, 4_000]), np.ones(20_000, bool), 0)
    np.testing.assert_allclose(np.bincount(many) / 20_000, [0.5, 0.3, 0.2], atol=0.015)


def test_what_check_cancelled_raises_ends_it(with_polarity: Path) -> None:
    left = list(range(6))

    def check_cancelled() -> None:
        if not left:
            raise InterruptedError
        left.pop()

    texts = [" ".join(tokens) for tokens in sentences(100)]
    with pytest.raises(InterruptedError):
        list(diagnose(checkpoints.load("rnn", with_polarity), texts, 0, check_cancelled))


def test_no_sentence_is_on_both_sides(read: tuple[list[tuple[str, ...]], Encoded, Tokens]) -> None:
    _kept, encoded, tokens = read
    assert not set(tokens.sentence[tokens.train]) & set(tokens.sentence[~tokens.train])
    assert len(np.unique(tokens.sentence[~tokens.train])) == 90
    assert len(tokens.ids) == len(encoded.ids)
    again, other = split(encoded, 0), split(encoded, 1)
    np.testing.assert_array_equal(tokens.train, again.train)
    assert (tokens.train != other.train).any()


def test_labels_by_hand() -> None:
    kept = [("i", "do", "not", "know"), ("so", "good"), ("never",)]
    encoded = Encoded(np.array([1, 2, 3, 4, 5, 6, 7], dtype=np.int32), np.array([0, 4, 6, 7]))
    assert negation_labels(kept).tolist() == [0, 0, 1, 1, 0, 0, 1]
    assert position_labels(encoded).tolist() == [0, 0, 1, 1, 0, 0, 0]
    long = Encoded(np.ones(20, dtype=np.int32), np.array([0, 20]))
    assert position_labels(long).tolist() == [0] * 2 + [1] * 3 + [2] * 4 + [3] * 6 + [4] * 5
    polarity = np.array([0, 1.0, 1, -5, 0, 2, 1, -9])
    # running: 1, 2, -3, -3, 2, 3, -9; cut at -3 and 2
    third = polarity_labels(encoded, polarity, np.ones(7, dtype=bool))
    assert third.tolist() == [1, 2, 1, 1, 2, 2, 0]


def test_balanced_accuracy_and_its_interval_are_by_sentence() -> None:
    """A plain replica: a bootstrap that draws whole sentences, and recalls averaged."""
    random = np.random.default_rng(0)
    sentence = np.repeat(np.arange(40), random.integers(1, 9, 40))
    labels = random.integers(0, 2, len(sentence))
    right = random.random(len(sentence)) < 0.4 + 0.3 * labels
    hits, counts = linear_probes._by_sentence(right, labels, sentence, 2)
    weights = linear_probes._weights(40, 0)
    values = linear_probes._balanced(hits, counts, weights)
    assert values[0] == pytest.approx(np.mean([right[labels == k].mean() for k in (0, 1)]))
    for row in (1, 17, 1_999):
        drawn = np.concatenate(
            [np.flatnonzero(sentence == number) for number in np.repeat(np.arange(40), weights[row].astype(int))]
        )
        by_class = [right[drawn][labels[drawn] == k].mean() for k in (0, 1)]
        assert weights[row].sum() == 40 and values[row] == pytest.approx(np.mean(by_class))


def test_all_probes_of_a_model(found: Probes) -> None:
    asked = [(one.source, one.task) for one in found.probes]
    expected = [(source, task) for source in ("h", "c", "x", "place") for task in CLASSES]
    assert asked == [pair for pair in expected if pair != ("place", "position")]
    assert (found.sentences, found.empty, found.repeated, found.left_out) == ((105, 45), 1, 1, {})
    for one in found.probes:
        assert sum(one.tokens) == found.tokens[1] and one.accuracy.rows == 45
        assert one.selectivity.mean == pytest.approx(one.accuracy.mean - one.control.mean)
        for mean in (one.accuracy, one.control, one.selectivity):
            assert mean.interval[0] <= mean.mean <= mean.interval[1]
    by = {(one.source, one.task): one for one in found.probes}
    assert by["h", "negation"].accuracy.mean > by["x", "negation"].accuracy.mean


def test_the_same_seed_gives_the_same(with_polarity: Path) -> None:
    checkpoint = checkpoints.load("rnn", with_polarity)
    texts = [" ".join(tokens) for tokens in sentences(80)]
    first, again, other = ([*diagnose(checkpoint, texts, seed)][-1].result() for seed in (0, 0, 1))
    assert first == again != other
    assert sources(checkpoint) == ["h", "x", "place"]


def test_what_cannot_be_asked_is_left_out_or_refused(tiny_checkpoints: Path, with_polarity: Path) -> None:
    rnn = checkpoints.load("rnn", tiny_checkpoints)
    texts = [" ".join(tokens) for tokens in sentences(100)]
    *_before, last = diagnose(rnn, texts)
    assert list(last.result().left_out) == ["polarity"] and "core polarity" in last.result().left_out["polarity"]
    with_it = checkpoints.load("rnn", with_polarity)
    short = [" ".join(tokens) for tokens in dict.fromkeys(sentences(150, longest=5))]
    *_before, last = diagnose(with_it, short)
    assert "position: no token of class" in last.result().left_out["position"]
    with pytest.raises(ValueError, match=r"at least 20 different sentences .* the 10 given"):
        next(diagnose(rnn, texts[:10]))
    with pytest.raises(ValueError, match="the 1 given"):
        next(diagnose(rnn, ["love"] * 500))


def test_the_card_keeps_them_and_the_models_hash_stays(found: Probes, with_polarity: Path, tmp_path: Path) -> None:
    shutil.copytree(with_polarity, tmp_path, dirs_exist_ok=True)
    before = checkpoints.load("lstm", tmp_path)
    add_probes(found, SOURCE, tmp_path)
    after = checkpoints.load("lstm", tmp_path)
    assert (after.hash, after.hash_with_polarity) == (before.hash, before.hash_with_polarity)
    assert {key: value for key, value in after.card.items() if key not in ("probes", "sha256")} == {
        key: value for key, value in before.card.items() if key != "sha256"
    }
    kept = of_card("lstm", after.card)
    assert kept is not None
    probes, source = kept
    assert source == SOURCE and as_json(probes) == as_json(found)
    assert of_card("lstm", before.card) is None
    with pytest.raises(ValueError, match="is not the one that was probed"):
        add_probes(replace(found, hash="0" * 64), SOURCE, tmp_path)


def test_of_three_classes_the_polarity_is_the_targets(with_polarity: Path, tmp_path: Path) -> None:
    labels = ("negative", "neutral", "positive")
    write_tiny_checkpoint(tmp_path, "three", "rnn", labels=labels)
    bare = checkpoints.load("three", tmp_path)
    rows = np.random.default_rng(0).standard_normal((3, len(bare.vocabulary)))
    checkpoints.save_again(bare, bare.card, tmp_path, rows)
    every = checkpoints.load("three", tmp_path)
    texts = [" ".join(tokens) for tokens in sentences(150)]
    *_before, last = diagnose(every, texts)
    unnamed = last.result()
    assert "name the target class" in unnamed.left_out["polarity"] and unnamed.target is None
    *_before, last = diagnose(every.targeted(Target(labels, 1)), texts)
    found = last.result()
    assert found.target == "neutral" and found.hash == unnamed.hash == every.hash_with_polarity
    two = replace(every, polarity=every.polarity[1], card={}, model=checkpoints.load("rnn", with_polarity).model)
    *_before, last = diagnose(two, texts)
    of = {kept.source: kept for kept in last.result().probes if kept.task == "polarity"}
    for kept in found.probes:
        if kept.task == "polarity" and kept.source == "place":  # what no weight of the model decides
            assert kept == of["place"]
    add_probes(found, SOURCE, tmp_path)
    kept_again = of_card("three", checkpoints.load("three", tmp_path).card)
    assert kept_again is not None and kept_again[0].target == "neutral"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content, probe: content.update(source=None),
        lambda content, probe: content.update(left_out={"no such task": "x"}),
        lambda content, probe: content.update(left_out={"polarity": ""}),
        lambda content, probe: content["probes"].append(probe),
        lambda content, probe: probe.update(task="no such task"),
        lambda content, probe: probe.update(source="no such source"),
        lambda content, probe: probe.update(classes=["none", "all"]),
        lambda content, probe: probe.update(tokens=probe["tokens"][1:]),
        lambda content, probe: probe["accuracy"].update(mean=2),
        lambda content, probe: probe["selectivity"].update(interval=[-2, 0]),
    ],
)
def test_a_damaged_card_is_refused(found: Probes, spoil: Callable[[Any, Any], object]) -> None:
    """What every stored result is refused for is tested with `json_file`."""
    content = {"source": vars(SOURCE), **as_json(found)}
    spoil(content, content["probes"][0])
    with pytest.raises(ValueError, match=r"^checkpoint 'lstm': its card's probes cannot be read: [^\n]+$"):
        of_card("lstm", {"probes": content})


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])
def test_the_shipped_models_have_theirs(name: str) -> None:
    folder = Path(__file__).parents[3] / "checkpoints"
    kept = of_card(name, checkpoints.read_card(name, folder))
    assert kept is not None
    probes, source = kept
    assert probes.hash == checkpoints.load(name, folder).hash_with_polarity
    assert source.rows == 2_000 and not probes.left_out and all(one.converged for one in probes.probes)

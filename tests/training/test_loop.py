"""Training learns, repeats itself for a seed, and goes on after an interruption as if there had been none."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from safetensors.torch import save

from core.data.corpus import Encoded
from core.models.predict import logits
from core.models.recurrent import Classifier
from core.text.preprocessing import Vocabulary
from core.training import loop
from core.training.loop import (
    FEW_ERRORS,
    TrainingProgress,
    TrainingSettings,
    _epoch_batches,
    _rate,
    class_weights,
    fit_temperature,
    log_loss,
    settings_json,
    train_classifier,
)

WORDS, EMBEDDING = 20, 8
GPU = torch.cuda.is_available()
SETTINGS = TrainingSettings(
    "gru",
    hidden_size=8,
    dropout=0.2,
    word_dropout=0.1,
    epochs=3,
    batch_size=16,
    learning_rate=0.03,
    evaluations_per_epoch=3,
    patience=100,
    precision="float32",
)


class Data(NamedTuple):
    """The arguments of `train_classifier` after the settings."""

    sentences: Encoded
    labels: np.ndarray
    train: np.ndarray
    held: np.ndarray
    vectors: np.ndarray


def data(seed: int = 0, rows: int = 240) -> Data:
    """Sentences of 2 to 9 words, one of them from the four that decide the label (ids 2, 3 negative; 4, 5 positive)."""
    random = np.random.default_rng(seed)
    lengths = random.integers(2, 10, rows)
    labels = random.integers(0, 2, rows).astype(np.int8)
    texts = [random.integers(6, WORDS, length) for length in lengths]
    for text, label in zip(texts, labels, strict=True):
        text[random.integers(len(text))] = 2 + 2 * label + random.integers(2)
    sentences = Encoded(np.concatenate(texts).astype(np.int32), np.concatenate([[0], np.cumsum(lengths)]))
    vectors = random.normal(0, 0.3, (WORDS, EMBEDDING)).astype(np.float32)
    vectors[Vocabulary.pad_id] = 0
    order = random.permutation(rows)
    return Data(sentences, labels, np.sort(order[60:]), np.sort(order[:60]), vectors)


DATA = data()
# Labels that no model can know, and labels of which a tenth are wrong.
RANDOM = DATA._replace(labels=np.random.default_rng(5).integers(0, 2, len(DATA.labels)).astype(np.int8))
NOISY = DATA._replace(labels=np.where(np.arange(len(DATA.labels)) % 5, DATA.labels, RANDOM.labels))


def last(events: Iterator[TrainingProgress]) -> TrainingProgress:
    """The event that carries the model."""
    *_, event = events
    return event


def trained(event: TrainingProgress) -> Classifier:
    assert event.model is not None
    return event.model


def weights(event: TrainingProgress) -> dict[str, np.ndarray]:
    return {key: value.numpy() for key, value in trained(event).state_dict().items()}


def assert_same(one: TrainingProgress, other: TrainingProgress) -> None:
    """The two runs ended alike, bit for bit."""
    for key, value in weights(one).items():
        np.testing.assert_array_equal(value, weights(other)[key], err_msg=key)
    assert one.history == other.history
    assert (one.step, one.steps, one.loss) == (other.step, other.steps, other.loss)


def differ(one: TrainingProgress, other: TrainingProgress) -> bool:
    return any((value != weights(other)[key]).any() for key, value in weights(one).items())


def is_evaluation(event: TrainingProgress) -> bool:
    return bool(event.history) and event.history[-1].step == event.step


def interrupted(settings: TrainingSettings, given: Data, state_file: Path, evaluations: int) -> list[TrainingProgress]:
    """The events of a run that is broken off after so many evaluations of its own."""
    events: list[TrainingProgress] = []
    with closing(train_classifier(settings, *given, state_file)) as run:
        for event in run:
            events.append(event)
            if sum(map(is_evaluation, events)) == evaluations:
                break
    torch.rand(100)  # what else the process draws at random does not matter
    return events


@pytest.fixture(scope="module")
def events() -> list[TrainingProgress]:
    """One whole run."""
    return list(train_classifier(SETTINGS, *DATA))


@pytest.fixture(scope="module")
def whole(events: list[TrainingProgress]) -> TrainingProgress:
    return events[-1]


# What comes out


@pytest.mark.parametrize(("cell", "precision"), [("rnn", "float32"), ("gru", "bfloat16"), ("lstm", "float32")])
def test_it_learns(cell: str, precision: str) -> None:
    settings = replace(SETTINGS, cell=cell, hidden_size=12, epochs=10, precision=precision)
    event = last(train_classifier(settings, *DATA))
    scores = logits(trained(event), DATA.sentences.take(DATA.held))
    assert ((scores >= 0) == (DATA.labels[DATA.held] == 1)).mean() > 0.85
    assert event.step == event.steps == 10 * math.ceil(len(DATA.train) / 16)
    assert event.loss < math.log(2) and event.seconds_left == 0.0 and event.tokens_per_second > 0
    assert {value.dtype for value in trained(event).state_dict().values()} == {torch.float32}


def test_the_last_event_carries_the_model_and_history_grows(
    events: list[TrainingProgress],
) -> None:
    *before, end = events
    model = trained(end)
    assert not model.training and model.linear.weight.device.type == "cpu"
    assert not any(parameter.requires_grad or parameter.grad is not None for parameter in model.parameters())
    stored = model.embedding.weight.numpy()
    np.testing.assert_array_equal(stored, stored.astype(np.float16).astype(np.float32))
    assert not stored[Vocabulary.pad_id].any()
    assert all(event.model is None for event in before)
    assert [event.step for event in before] == sorted({event.step for event in before})
    for earlier, later in pairwise(before):
        assert later.history[: len(earlier.history)] == earlier.history
    per_epoch = math.ceil(len(DATA.train) / 16)
    steps = [held.step for held in end.history]
    assert steps == [step for step in range(1, end.steps + 1) if step % (per_epoch // 3) == 0 or step == end.steps]
    for held in end.history:
        assert 0 <= held.accuracy <= 1 and held.log_loss > 0 and held.temperature > 0 and held.training_loss > 0


def test_embeddings_are_trained_or_frozen_as_asked(whole: TrainingProgress) -> None:
    rounded = DATA.vectors.astype(np.float16).astype(np.float32)
    frozen = weights(last(train_classifier(replace(SETTINGS, train_embeddings=False), *DATA)))["embedding.weight"]
    np.testing.assert_array_equal(frozen, rounded)
    moved = weights(whole)["embedding.weight"]
    assert (moved[2:] != rounded[2:]).any(axis=1).all()


def test_word_dropout_reads_words_as_the_unknown_one() -> None:
    """Were every word dropped, only <unk> would learn."""
    settings = replace(SETTINGS, word_dropout=0.999999)
    moved = weights(last(train_classifier(settings, *DATA)))["embedding.weight"]
    changed = (moved != DATA.vectors.astype(np.float16).astype(np.float32)).any(axis=1)
    np.testing.assert_array_equal(np.flatnonzero(changed), [Vocabulary.unk_id])


def test_the_best_weights_are_kept_and_their_temperature_changes_no_verdict() -> None:
    # Vectors that float16 holds exactly and that stay frozen, so that nothing is rounded at the end.
    vectors = DATA.vectors.astype(np.float16).astype(np.float32)
    frozen = replace(SETTINGS, train_embeddings=False)
    for given, settings in (
        (RANDOM, replace(frozen, epochs=8, dropout=0.0, word_dropout=0.0)),
        (NOISY, replace(frozen, hidden_size=12, epochs=10)),
    ):
        event = last(train_classifier(settings, *given._replace(vectors=vectors)))
        best = min(event.history, key=lambda held: held.log_loss)
        scores = logits(trained(event), given.sentences.take(given.held)).astype(np.float64)
        right = given.labels[given.held] == 1
        assert ((scores >= 0) == right).mean() == best.accuracy
        losses = np.logaddexp(0, np.where(right, -scores, scores) * best.temperature)
        assert losses.mean() == pytest.approx(best.log_loss, abs=1e-6)
        if given is RANDOM:
            assert best is not event.history[-1], "the case is to have a best before the last"
        else:
            assert abs(math.log(best.temperature)) > 0.01, "the case is to have something to fold in"
            assert fit_temperature(scores, right) == pytest.approx(1, abs=1e-3), "there is nothing left to scale"


def test_held_out_labels_decide_nothing_but_when_to_stop(events: list[TrainingProgress]) -> None:
    """Steps never see a held-out row: other labels there leave the loss of every step as it was."""
    other = DATA.labels.copy()
    other[DATA.held] = 1 - other[DATA.held]
    two = list(train_classifier(SETTINGS, *DATA._replace(labels=other)))
    assert [event.loss for event in events] == [event.loss for event in two]


# One seed, one result


def test_one_seed_gives_one_result(whole: TrainingProgress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert_same(last(train_classifier(SETTINGS, *DATA)), whole)
    assert list(tmp_path.iterdir()) == []  # without a state file nothing is written
    assert differ(last(train_classifier(replace(SETTINGS, seed=1), *DATA)), whole)


# A second run


def test_averaging_keeps_the_mean_of_the_weights_since_the_rise(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[tuple[int, dict[str, torch.Tensor]]] = []
    average = loop._Run.average

    def watched(run: loop._Run) -> None:
        taken.append((run.step, {key: value.clone() for key, value in run.model.state_dict().items()}))
        average(run)

    monkeypatch.setattr(loop._Run, "average", watched)
    event = last(train_classifier(replace(SETTINGS, average=True, epochs=8), *DATA))
    best = min(event.history, key=lambda held: held.log_loss).step
    steps = [step for step, _ in taken]
    assert steps == [step for step in range(event.steps + 1) if step % 10 == 0 and step >= event.steps / 3]
    counted = [weights for step, weights in taken if step <= best]
    assert len(counted) > 1, "the case is to have something to average"
    for key, value in trained(event).recurrent.named_parameters():
        mean = torch.stack([weights[f"recurrent.{key}"] for weights in counted]).mean(dim=0)
        torch.testing.assert_close(value, mean, rtol=0, atol=1e-6)


@pytest.fixture(scope="module")
def first() -> Classifier:
    return trained(last(train_classifier(replace(SETTINGS, hidden_size=12, epochs=10), *DATA)))


def test_a_second_run_starts_from_the_weights_of_the_first(first: Classifier) -> None:
    before = {key: value.clone() for key, value in first.state_dict().items()}
    tiny = replace(SETTINGS, hidden_size=12, epochs=1, learning_rate=1e-7)
    second = trained(last(train_classifier(tiny, *DATA, start=first.state_dict())))
    for key, value in second.recurrent.named_parameters():
        torch.testing.assert_close(value, before[f"recurrent.{key}"], rtol=0, atol=1e-4)
    right = DATA.labels[DATA.held] == 1
    assert ((logits(second, DATA.sentences.take(DATA.held)) >= 0) == right).mean() > 0.85
    for key, value in first.state_dict().items():
        assert torch.equal(value, before[key]), "the first is left as it was"
    for change in ({"hidden_size": 9}, {"layers": 2}, {"cell": "lstm"}):
        with pytest.raises(ValueError):
            settings = replace(SETTINGS, **{"hidden_size": 12, **change})
            next(train_classifier(settings, *DATA, start=first.state_dict()))


# Interruption


@pytest.mark.parametrize("settings", [SETTINGS, replace(SETTINGS, cell="lstm", average=True)], ids=["gru", "averaged"])
def test_interruptions_at_every_evaluation_change_nothing(settings: TrainingSettings, tmp_path: Path) -> None:
    whole, state_file = last(train_classifier(settings, *DATA)), tmp_path / "deep" / "state.safetensors"
    for done in range(1, len(whole.history)):
        events = interrupted(settings, DATA, state_file, evaluations=1)
        assert events[-1].history == whole.history[:done], "it goes on, it does not start again"
    assert_same(last(train_classifier(settings, *DATA, state_file)), whole)
    assert list(state_file.parent.iterdir()) == []


@pytest.mark.parametrize("robust", ["augment", "interval"])
def test_robust_training_goes_on_where_it_stopped(robust: str, tmp_path: Path) -> None:
    substitutes = np.random.default_rng(0).integers(2, WORDS, (2, WORDS, 2))

    def run(state_file: Path | None = None) -> Iterator[TrainingProgress]:
        return train_classifier(replace(SETTINGS, robust=robust), *DATA, state_file, substitutes=substitutes)

    whole = last(run())
    with closing(run(tmp_path / "state")) as begun:
        next(event for event in begun if event.step > whole.step / 2)
    rest = list(run(tmp_path / "state"))
    assert rest[0].step > whole.step / 4
    assert_same(rest[-1], whole)


def test_an_interruption_between_evaluations_loses_no_more_than_one_interval(tmp_path: Path) -> None:
    settings = replace(SETTINGS, evaluations_per_epoch=1)
    whole = last(train_classifier(settings, *DATA))
    run = train_classifier(settings, *DATA, tmp_path / "state")
    event = next(event for event in run if event.history and event.step > event.history[-1].step)
    run.close()
    rest = list(train_classifier(settings, *DATA, tmp_path / "state"))
    assert event.history[-1].step < rest[0].step <= event.step
    assert_same(rest[-1], whole)


def test_a_run_that_ended_or_stopped_early_does_not_go_on_when_resumed(whole: TrainingProgress, tmp_path: Path) -> None:
    early = replace(SETTINGS, patience=1, epochs=8)
    for settings, given, ended in ((SETTINGS, DATA, whole), (early, RANDOM, last(train_classifier(early, *RANDOM)))):
        run = train_classifier(settings, *given, tmp_path / "state")
        next(event for event in run if event.step == ended.step)
        run.close()
        assert_same(last(train_classifier(settings, *given, tmp_path / "state")), ended)


OTHER_RUNS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    **{str(change): (change, {}) for change in (
        {"seed": 1}, {"learning_rate": 0.02}, {"dropout": 0.3}, {"hidden_size": 7}, {"cell": "rnn"}
    )},
    "labels": ({}, {"labels": 1 - DATA.labels}),
    "vectors": ({}, {"vectors": DATA.vectors * 2}),
    "held-out rows": ({}, {"held": DATA.held[:-1]}),
    "sentences": ({}, {"sentences": Encoded(np.roll(DATA.sentences.ids, 1), DATA.sentences.offsets)}),
}  # fmt: skip


def test_the_state_of_another_run_is_ignored(
    whole: TrainingProgress, first: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = interrupted(SETTINGS, DATA, tmp_path / "state", evaluations=2)[-1].step
    state = (tmp_path / "state").read_bytes()
    for what, (settings, given) in OTHER_RUNS.items():
        (tmp_path / "state").write_bytes(state)  # the run before may have saved its own
        with closing(
            train_classifier(replace(SETTINGS, **settings), *DATA._replace(**given), tmp_path / "state")
        ) as run:
            assert next(run).step < done, what
    other = replace(SETTINGS, seed=1)
    assert_same(last(train_classifier(other, *DATA, tmp_path / "state")), last(train_classifier(other, *DATA)))
    assert not (tmp_path / "state").exists()
    settings = replace(SETTINGS, hidden_size=12)
    done = interrupted(settings, DATA, tmp_path / "state", evaluations=2)[-1].step
    with closing(train_classifier(settings, *DATA, tmp_path / "state", first.state_dict())) as run:
        assert next(run).step < done
    with monkeypatch.context() as older:
        older.setattr(loop, "SELECTION", "log-loss after temperature")
        done = interrupted(SETTINGS, DATA, tmp_path / "state", evaluations=2)[-1].step
    with closing(train_classifier(SETTINGS, *DATA, tmp_path / "state")) as run:
        assert next(run).step < done


def test_a_state_file_that_cannot_be_read_is_ignored(whole: TrainingProgress, tmp_path: Path) -> None:
    done = interrupted(SETTINGS, DATA, tmp_path / "state", evaluations=2)[-1].step
    content = (tmp_path / "state").read_bytes()
    other = {"x": torch.zeros(2)}
    for damaged in (
        content[: len(content) // 2],
        b"",
        b"\x00\xff" * 500,
        save(other),
        save(other, {"run": "not JSON"}),
    ):
        (tmp_path / "state").write_bytes(damaged)
        with closing(train_classifier(SETTINGS, *DATA, tmp_path / "state")) as run:
            assert next(run).step < done
    assert_same(last(train_classifier(SETTINGS, *DATA, tmp_path / "state")), whole)


@pytest.mark.skipif(not GPU, reason="no GPU here")
def test_on_a_gpu_it_learns_and_goes_on_after_an_interruption(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    settings = replace(SETTINGS, hidden_size=12, epochs=10, precision="auto")
    part = interrupted(settings, DATA, tmp_path / "state", evaluations=4)
    rest = list(train_classifier(settings, *DATA, tmp_path / "state"))
    assert rest[0].step > part[-1].step and rest[-1].history[:4] == part[-1].history
    assert rest[-1].history[-1].accuracy > 0.85
    assert {value.device.type for value in trained(rest[-1]).state_dict().values()} == {"cpu"}


# Early stopping


def test_it_stops_early_where_held_out_rows_cannot_improve() -> None:
    settings = replace(SETTINGS, epochs=12, patience=2, dropout=0.0, word_dropout=0.0)
    event = last(train_classifier(settings, *RANDOM))
    assert event.steps / 3 < event.step < event.steps
    best = min(event.history, key=lambda held: held.log_loss)
    since = [held for held in event.history if held.step > max(best.step, event.steps / 3)]
    assert len(since) == 2 and event.step == event.history[-1].step
    patient = last(train_classifier(replace(SETTINGS, epochs=6), *RANDOM))
    assert patient.step == patient.steps


# Temperature


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_a_known_temperature_is_found(temperature: float) -> None:
    random = np.random.default_rng(0)
    calibrated = random.normal(0, 2, 40_000)
    labels = (random.random(40_000) < 1 / (1 + np.exp(-calibrated))).astype(np.int8)
    found = fit_temperature((calibrated * temperature).astype(np.float32), labels)
    assert found == pytest.approx(temperature, rel=0.04)

    def smoothed_loss(by: float) -> float:
        probability = 1 / (1 + np.exp(-calibrated * temperature / by))
        positive = int(labels.sum())
        target = np.where(labels == 1, (positive + 1) / (positive + 2), 1 / (40_000 - positive + 2))
        return float(-(target * np.log(probability) + (1 - target) * np.log(1 - probability)).mean())

    assert all(smoothed_loss(found) <= smoothed_loss(found * factor) for factor in (0.5, 0.9, 0.99, 1.01, 1.1, 2.0))


def test_log_loss_by_hand_and_weighted() -> None:
    assert log_loss(np.array([0.0, 0.0]), np.array([0, 1])) == pytest.approx(math.log(2))
    losses = np.array([math.log(1 + math.exp(-2)), math.log(1 + math.exp(3))])
    assert log_loss(np.array([-2.0, -3.0]), np.array([0, 1])) == pytest.approx(losses.mean())
    assert log_loss(np.array([-2.0, -3.0]), np.array([0, 1]), (1.0, 3.0)) == pytest.approx(losses @ [0.25, 0.75])
    random = np.random.default_rng(0)
    labels = (random.random(300) < 0.2).astype(np.int8)
    scores = random.normal(0, 2, 300) + labels
    repeated = np.concatenate([np.flatnonzero(labels == 0), np.repeat(np.flatnonzero(labels == 1), 3)])
    # Near, as rows written out three times also count as three times the evidence.
    assert fit_temperature(scores, labels, (1.0, 3.0)) == pytest.approx(
        fit_temperature(scores[repeated], labels[repeated]), rel=0.05
    )
    assert log_loss(scores, labels, (1.0, 3.0)) == pytest.approx(log_loss(scores[repeated], labels[repeated]))


def test_rows_that_are_all_right_never_sharpen() -> None:
    for size, rows, weights in product((0.1, 1.0, 10.0, 30.0), (3, 30, 300, 3_000), (None, (0.6, 3.0))):
        labels = np.arange(rows) % 3 % 2
        found = fit_temperature(size * (2.0 * labels - 1), labels, weights)
        assert found >= 1
        # Nor is anything said surer than so many rows allow: odds of N + 1 to 1, in the larger class.
        assert size / found <= max(size if found == 1 else 0, math.log(rows + 1))
    labels = np.repeat([0, 1], 30)
    assert 20 / fit_temperature(20.0 * (2 * labels - 1), labels) == pytest.approx(math.log(31), rel=1e-3)


def test_it_takes_errors_to_sharpen() -> None:
    labels = np.repeat([0, 1], 5_000)
    for errors in (0, FEW_ERRORS - 1, FEW_ERRORS):
        scores = 0.5 * (2.0 * labels - 1)
        scores[:errors] *= -1
        assert (fit_temperature(scores, labels) < 0.2) == (errors == FEW_ERRORS)


# Batches and schedule


def test_an_epoch_holds_every_training_row_once_with_little_padding_in_its_own_order() -> None:
    lengths = DATA.sentences.lengths
    for epoch in range(3):
        batches = _epoch_batches(SETTINGS, lengths, DATA.train, epoch)
        np.testing.assert_array_equal(np.sort(np.concatenate(batches)), DATA.train)
        assert max(len(rows) for rows in batches) == SETTINGS.batch_size
        bounds = sorted((int(lengths[rows].min()), int(lengths[rows].max())) for rows in batches)
        assert all(longest <= shortest for (_, longest), (shortest, _) in pairwise(bounds))
    first, again, second = (_epoch_batches(SETTINGS, lengths, DATA.train, epoch) for epoch in (0, 0, 1))
    assert [rows.tolist() for rows in first] == [rows.tolist() for rows in again]
    assert {frozenset(rows.tolist()) for rows in first} != {frozenset(rows.tolist()) for rows in second}
    order = [int(lengths[rows].max()) for rows in first]
    assert order != sorted(order), "short and long batches come mixed"


def test_the_rate_is_one_cycle() -> None:
    for steps in (2, 3, 30, 1000):
        rates = [_rate(step, steps, constant=False) for step in range(steps)]
        assert all(0 < rate <= 1 for rate in rates) and rates[0] == pytest.approx(0.04)
        assert _rate(steps, steps, constant=False) == pytest.approx(0)
        top = rates.index(max(rates))
        assert rates[: top + 1] == sorted(rates[: top + 1]) and rates[top:] == sorted(rates[top:], reverse=True)

    # Thirty steps: a rise over ten, half of the fall after ten more; where weights are averaged the rate stays up.
    rates = [_rate(step, 30, constant=False) for step in (5, 10, 15, 20)]
    assert rates == pytest.approx([0.52, 1, (1 + math.cos(math.pi / 4)) / 2, 0.5])
    assert [_rate(step, 30, constant=True) for step in (0, 5, 10, 20, 29)] == pytest.approx([0.04, 0.52, 1, 1, 1])


# Refusals


def test_what_cannot_be_trained_is_refused() -> None:
    for change in (
        *({"precision": "float8"}, {"cell": "transformer"}, {"epochs": 0}, {"batch_size": 0}, {"hidden_size": 0}),
        *({"evaluations_per_epoch": 0}, {"patience": 0}, {"dropout": 1.5}, {"word_dropout": 1.5}, {"seed": -1}),
        *({"word_dropout": -0.1}, {"learning_rate": -1.0}, {"learning_rate": math.nan}, {"clip": -1.0}, {"layers": 0}),
    ):
        with pytest.raises(ValueError):
            replace(SETTINGS, **change)  # type: ignore[arg-type]
    for name in ("train", "held"):
        chosen = getattr(DATA, name)
        given = DATA._replace(**{name: chosen[DATA.labels[chosen] == 1]})
        with pytest.raises(ValueError, match=r"(training|held-out) rows lack a class: negative; needed: negative, pos"):
            next(train_classifier(SETTINGS, *given))
    with pytest.raises(ValueError, match="finite"):  # a run that diverges gives no model
        last(train_classifier(replace(SETTINGS, cell="rnn", learning_rate=1e30), *DATA))


# More classes


def of_three(seed: int = 0) -> Data:
    """As `data`, with words that tell a third class (ids 6, 7)."""
    given, random = data(seed, 300), np.random.default_rng(seed + 9)
    ids = given.sentences.ids.copy()
    ids[ids >= 6] = np.maximum(ids[ids >= 6], 8)
    chosen = random.random(len(given.labels)) < 0.3
    labels = np.where(chosen, 2, given.labels).astype(np.int8)
    for row in np.flatnonzero(chosen):
        own = ids[given.sentences.offsets[row] : given.sentences.offsets[row + 1]]
        own[own < 6] = 6 + random.integers(2)
    return given._replace(labels=labels, sentences=Encoded(ids, given.sentences.offsets))


THREE = ("c", "a", "b")


def test_three_classes_learn_resume_and_start_from_two(first: Classifier, tmp_path: Path) -> None:
    given, settings = of_three(), replace(SETTINGS, hidden_size=12, epochs=8, balance=True)
    event = last(train_classifier(settings, *given, names=THREE))
    scores = logits(trained(event), given.sentences.take(given.held))
    assert scores.shape == (60, 3) and event.history[0].log_loss < math.log(3) * 1.2
    assert (scores.argmax(axis=1) == given.labels[given.held]).mean() > 0.85
    with closing(train_classifier(settings, *given, tmp_path / "state", names=THREE)) as run:
        for found in run:
            if is_evaluation(found) and len(found.history) == 3:
                break
    assert_same(last(train_classifier(settings, *given, tmp_path / "state", names=THREE)), event)
    still = replace(settings, epochs=1, learning_rate=1e-9)
    lent = weights(last(train_classifier(still, *given, start=first.state_dict(), names=THREE)))
    for key, value in first.state_dict().items():
        if key.startswith("linear."):
            assert len(lent[key]) == 3
        else:
            np.testing.assert_allclose(lent[key], value.numpy(), atol=1e-6)
    with pytest.raises(ValueError, match="lack a class: b; needed: c, a, b"):
        next(train_classifier(SETTINGS, *DATA, names=THREE))


@pytest.mark.parametrize("given", [None, (0.5, 2.0)])
def test_two_scores_have_the_loss_temperature_and_gradient_of_their_difference(
    given: tuple[float, float] | None,
) -> None:
    from core.data import targets

    random = np.random.default_rng(1)
    scores, labels = random.normal(0, 2, (80, 2)), random.integers(0, 2, 80)
    logit = scores[:, 1] - scores[:, 0]
    assert log_loss(scores, labels, given) == pytest.approx(log_loss(logit, labels, given), rel=1e-12)
    assert fit_temperature(scores, labels, given) == pytest.approx(fit_temperature(logit, labels, given), rel=1e-5)
    gold, each = torch.from_numpy(labels), None if given is None else torch.tensor(given, dtype=torch.float64)
    both, one = (torch.tensor(each, requires_grad=True) for each in (scores, logit))
    losses = [targets.cross_entropy(part, gold, each) for part in (both, one)]
    assert losses[0].item() == pytest.approx(losses[1].item(), rel=1e-12)
    assert losses[1].item() * (1 if given is None else 80 / np.take(given, labels).sum()) == pytest.approx(
        log_loss(logit, labels, given), rel=1e-12
    )
    (gradient,), (of_one,) = (torch.autograd.grad(loss, part) for loss, part in zip(losses, (both, one), strict=True))
    torch.testing.assert_close(gradient[:, 1], of_one)


def test_the_temperature_and_loss_of_three_classes_by_the_plain_formula() -> None:
    random = np.random.default_rng(2)
    labels, each = random.integers(0, 3, 90), np.array([1.0, 2.0, 0.5])
    scores = random.normal(0, 3, (90, 3)) + 3 * np.eye(3)[labels]

    def plain(temperature: float, smoothed: bool) -> float:
        total = whole = 0.0
        for row, gold in zip(scores / temperature, labels, strict=True):
            count = int((labels == gold).sum())
            wanted = [(count + 1) / (count + 3) if number == gold else 1 / (count + 3) for number in range(3)]
            wanted = wanted if smoothed else [float(number == gold) for number in range(3)]
            logs = row - math.log(sum(math.exp(score) for score in row))
            total -= each[gold] * sum(share * log for share, log in zip(wanted, logs, strict=True))
            whole += each[gold]
        return total / whole

    assert log_loss(scores, labels, each) == pytest.approx(plain(1, smoothed=False))
    found = fit_temperature(scores, labels, each)
    assert all(plain(found, smoothed=True) <= plain(found * factor, smoothed=True) for factor in (0.98, 1.02))


# Uneven classes


def test_class_weights_and_settings_without_balance() -> None:
    labels = np.array([0] * 6 + [1] * 2, dtype=np.int8)
    first, second = class_weights(labels)
    assert (first, second) == (8 / 12, 8 / 4)
    assert 6 * first == pytest.approx(2 * second) and 6 * first + 2 * second == pytest.approx(8)
    assert class_weights(np.array([0, 2, 1, 2])).tolist() == [4 / 3, 4 / 3, 4 / 6]
    assert "balance" not in settings_json(SETTINGS)
    assert settings_json(replace(SETTINGS, balance=True))["balance"] is True
    assert TrainingSettings(**settings_json(SETTINGS)) == SETTINGS


def test_even_classes_train_the_same_balanced_or_not() -> None:
    even = np.concatenate([np.flatnonzero(DATA.labels[DATA.train] == label)[:60] for label in (0, 1)])
    given = DATA._replace(train=np.sort(DATA.train[even]))
    plain = last(train_classifier(SETTINGS, *given))
    balanced = last(train_classifier(replace(SETTINGS, balance=True), *given))
    for key, value in weights(plain).items():
        # The held-out rows are not even, so temperatures differ; what was trained does not.
        if not key.startswith("linear"):
            np.testing.assert_allclose(weights(balanced)[key], value, atol=1e-5, err_msg=key)


def test_balance_saves_a_rare_class() -> None:
    """One label in twelve is 1, and words tell it only in part: unbalanced, class 1 is all but given up."""
    random = np.random.default_rng(3)
    rare = np.where((DATA.labels == 1) & (random.random(len(DATA.labels)) < 0.18), 1, 0).astype(np.int8)
    given = DATA._replace(labels=rare)
    found = {}
    for balance in (False, True):
        event = last(train_classifier(replace(SETTINGS, balance=balance, epochs=12), *given))
        found[balance] = (logits(trained(event), DATA.sentences) >= 0)[rare == 1].mean()
    assert found[True] > found[False] + 0.2

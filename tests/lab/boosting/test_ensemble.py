"""Boosting fixed voters: what a weighted vote comes down to, its weights, paired differences, the file of figures."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.data.corpus import Corpus, read_corpus
from core.data.labels import Labelling
from core.lab.boosting import ensemble_file
from core.lab.boosting.ensemble import (
    MAJORITY,
    MANY,
    ONE,
    OWN,
    Amount,
    Ensemble,
    against,
    amount,
    chooser,
    ensemble,
    halves,
    least_risk_weights,
    measure,
    weighted,
    weights_of,
)
from core.lab.boosting.ensemble_words import sentences
from core.lab.boosting.samme import CHANCE, PERFECT, boost
from core.models import checkpoints
from core.models.checkpoints import Checkpoint
from core.models.token_predictor import predictor
from tests.conftest import WORDS
from tests.probes.small_models import permuted, random_checkpoint

ROOT = Path(__file__).parents[3]
NAMES = ("rnn", "gru", "lstm")


@pytest.fixture
def models(tiny_checkpoints: Path) -> list[Checkpoint]:
    return [checkpoints.load(name, tiny_checkpoints) for name in NAMES]


def corpus(rows: int = 200, seed: int = 0) -> Corpus:
    """Made-up sentences, labelled by whether they hold a good word, with some noise."""
    random = np.random.default_rng(seed)
    words = [word for word in WORDS if word.isalpha()]
    texts = [" ".join(random.choice(words, random.integers(1, 9))) for _row in range(rows)]
    labels = np.array([bool({"love", "good", "great"} & set(text.split())) for text in texts], dtype=np.int8)
    labels ^= (random.random(rows) < 0.2).astype(np.int8)
    return Corpus("made_up.csv", texts, labels, 3, "2" * 64)


def measured(data: Corpus, models: list[Checkpoint], **settings: int) -> Ensemble:
    *_, last = measure(data, models, **settings)
    assert last.ensemble is not None and last.result() is last.ensemble
    return last.ensemble


# What a vote comes down to


@given(weights=st.lists(st.floats(0, 5), min_size=3, max_size=3))
def test_three_voters_on_two_classes_come_to_one_or_to_the_majority(weights: list[float]) -> None:
    low, middle, high = sorted(weights)
    assume(abs(high - low - middle) > 1e-6)
    found = amount(np.array(weights), NAMES)
    if high > low + middle:
        assert found == Amount(ONE, NAMES[weights.index(high)])
    else:
        assert found == Amount(MAJORITY, None)


def test_more_voters_can_have_a_rule_of_their_own() -> None:
    assert amount(np.array([2.0, 1.0, 1.0, 1.0, 0.1]), list("abcde")) == Amount(OWN, None)
    assert amount(np.ones(5), list("abcde")) == Amount(MAJORITY, None)
    assert amount(np.ones(4), list("abcd")) == Amount(OWN, None)  # an even vote can be a tie
    assert amount(np.array([9.0, 1, 1, 1, 1]), list("abcde")) == Amount(ONE, "a")
    assert amount(np.array([1.0, 0.5]), ["a", "b"]) == Amount(ONE, "a")


def test_a_weighted_vote_worked_by_hand() -> None:
    named = np.array([[0, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 1]])
    assert weighted(named, np.array([1.5, 1.0, 1.0])).tolist() == [1, 1, 0, 0]
    assert weighted(named, np.array([3.0, 1.0, 1.0])).tolist() == [0, 1, 1, 0]
    assert weighted(named, np.array([2.0, 1.0, 1.0])).tolist() == [0, 1, 0, 0]  # ties are 0's


def test_three_voters_on_three_classes_come_to_one_or_to_the_majority_but_for_ties() -> None:
    assert amount(np.array([1.5, 1.0, 0.8]), NAMES, 3) == Amount(MAJORITY, None, ties=True)
    assert amount(np.array([1.5, 0.5, 0.8]), NAMES, 20) == Amount(ONE, "rnn")
    assert amount(np.array([2.0, 1.0, 1.0, 1.0, 0.1]), list("abcde"), 3) == Amount(OWN, None)
    assert amount(np.ones(12), [str(number) for number in range(12)], 12) == Amount(MANY, None)
    named = np.array([[0, 1, 2, 2], [1, 1, 0, 0], [1, 2, 0, 1]])
    assert weighted(named, np.array([1.5, 1.0, 1.0]), 3).tolist() == [1, 1, 0, 2]
    assert weighted(named, np.array([1.0, 1.0, 1.0]), 3).tolist() == [1, 1, 0, 0]  # the first of a tie


# Its weights


def made_up_votes(seed: int, rows: int = 300) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = np.arange(rows) % 2
    hard = random.random(rows) < 0.15
    named = np.array([np.where(hard | (random.random(rows) < share), 1 - labels, labels) for share in (0.1, 0.15, 0.2)])
    return named, labels


@pytest.mark.parametrize("seed", range(4))
def test_each_round_takes_the_voter_with_the_least_weighted_error(seed: int) -> None:
    named, labels = made_up_votes(seed)
    found = boost(labels, 2, chooser(named, labels), 50)
    assert found.stopped == CHANCE
    total = np.zeros(3)
    for made in found.rounds:
        errors = [made.weights[voter != labels].sum() for voter in named]
        assert made.error == pytest.approx(min(errors))
        total[made.learnt] += made.alpha
    weights, taken = weights_of(found, 3)
    assert weights == pytest.approx(total) and taken.sum() == len(found.rounds)
    errors = [found.weights(len(found.rounds))[voter != labels].sum() for voter in named]
    assert min(errors) == pytest.approx(found.refused) and found.refused == pytest.approx(0.5)
    assert (weighted(named, weights) == found.votes().argmax(axis=1)).all()


@pytest.mark.parametrize("seed", range(4))
def test_no_weights_have_less_risk_than_those_of_least_risk(seed: int) -> None:
    named, labels = made_up_votes(seed)
    margins = np.where(named == labels, 1.0, -1.0)

    def risk(weights: np.ndarray) -> float:
        return float(np.exp(-(weights @ margins)).mean())

    least, least_risk = least_risk_weights(named, labels)
    assert risk(least) == pytest.approx(least_risk)
    grid = np.linspace(0, 2, 21)
    assert least_risk <= min(risk(np.array([a, b, c])) for a in grid for b in grid for c in grid) + 1e-9
    assert least_risk <= boost(labels, 2, chooser(named, labels), 50).rounds[-1].risk + 1e-9
    gradient = (np.exp(-(least @ margins)) * -margins).mean(axis=1)
    assert gradient[least > 0] == pytest.approx(0, abs=1e-4)


def test_the_least_risk_of_three_classes_is_the_least_of_a_grid() -> None:
    random, labels = np.random.default_rng(2), np.arange(300) % 3
    named = np.array([np.where(random.random(300) < share, random.integers(0, 3, 300), labels) for share in (0.3, 0.5)])
    terms = np.where(named == labels, -1.0, 0.5)  # 1 / (K - 1)
    least, least_risk = least_risk_weights(named, labels, 3)
    assert least_risk == pytest.approx(np.exp(least @ terms).mean())
    grid = np.linspace(0, 3, 61)
    assert least_risk <= min(np.exp(np.array([a, b]) @ terms).mean() for a in grid for b in grid) + 1e-9
    assert least_risk <= boost(labels, 3, chooser(named, labels), 50).rounds[-1].risk + 1e-9


def test_a_voter_that_is_never_wrong_has_all_the_weight() -> None:
    named, labels = made_up_votes(0)
    named[1] = labels
    found = boost(labels, 2, chooser(named, labels), 50)
    assert found.stopped == PERFECT
    assert weights_of(found, 3)[0].tolist() == [0, 1, 0]
    weights, risk = least_risk_weights(named, labels)
    assert risk < 1e-3 and np.isfinite(weights).all()


# On models


def test_halves_are_seeded_and_hold_every_row_once() -> None:
    fit, test = halves(101, 3)
    assert (len(fit), len(test)) == (50, 51)
    assert sorted([*fit, *test]) == list(range(101))
    assert (halves(101, 3)[0] == fit).all() and (halves(101, 4)[0] != fit).any()


def test_the_figures_are_those_of_a_plain_count(models: list[Checkpoint]) -> None:
    data = corpus()
    found = measured(data, models, seed=5)
    fit, test = halves(len(data), 5)
    tokens = [models[0].preprocessing(text) for text in data.texts]
    named = np.array([(predictor(model)(tokens) >= 0.5).astype(int) for model in models])
    right = named == data.labels
    for voter, mine in zip(found.voters, right, strict=True):
        assert voter.fit_accuracy == pytest.approx(mine[fit].mean())
        assert voter.test_accuracy == pytest.approx(mine[test].mean())
        assert voter.test_interval[0] < voter.test_accuracy < voter.test_interval[1]
    assert [voter.name for voter in found.voters] == list(NAMES)
    assert found.best == NAMES[int(right[:, fit].mean(axis=1).argmax())]
    assert (found.rows, found.fit_rows, found.test_rows, found.skipped) == (200, 100, 100, 3)
    weights = np.array([voter.weight for voter in found.voters])
    assert weights.sum() == pytest.approx(sum(made.alpha for made in found.rounds))
    ours = (weights @ named > weights @ (1 - named)).astype(int)[test]
    assert found.accuracy == pytest.approx((ours == data.labels[test]).mean())
    majority = (named.sum(axis=0) >= 2).astype(int)[test]
    assert found.against[1].other_accuracy == pytest.approx((majority == data.labels[test]).mean())
    assert found.against[1].difference == pytest.approx(found.accuracy - found.against[1].other_accuracy)
    assert found.against[0].same == bool((ours == named[NAMES.index(found.best)][test]).all())


def test_three_classes_are_counted_plainly_and_their_order_does_not_matter() -> None:
    labels, random = ("late", "lost", "fine"), np.random.default_rng(1)
    models = [random_checkpoint(cell, WORDS, labels=labels, scale=1.0) for cell in NAMES]
    made = corpus(300)
    tokens = [models[0].preprocessing(text) for text in made.texts]
    chances = np.array([predictor(model)(tokens) for model in models])
    gold = np.where(random.random(300) < 0.6, chances[2].argmax(axis=1), random.integers(0, 3, 300))
    data = replace(made, labels=gold.astype(np.int8), labelling=Labelling(labels))
    found = measured(data, models)
    fit, test = halves(300, 0)
    named = chances.argmax(axis=2)
    assert [voter.fit_accuracy for voter in found.voters] == pytest.approx((named == gold)[:, fit].mean(axis=1))
    weights = [voter.weight for voter in found.voters]
    votes = [[sum(w for w, one in zip(weights, row, strict=True) if one == k) for k in range(3)] for row in named.T]
    assert found.accuracy == pytest.approx((np.argmax(votes, axis=1) == gold)[test].mean())
    mean = chances.mean(axis=0).argmax(axis=1)
    assert found.against[2].other_accuracy == pytest.approx((mean == gold)[test].mean())
    order = (2, 0, 1)
    turned = replace(
        data, labels=np.argsort(order)[gold].astype(np.int8), labelling=Labelling(("fine", "late", "lost"))
    )
    again = measured(turned, [permuted(model, order) for model in models])
    assert [voter.weight for voter in again.voters] == pytest.approx(weights)
    assert [voter.test_accuracy for voter in again.voters] == [voter.test_accuracy for voter in found.voters]
    with pytest.raises(
        ValueError, match=r"same classes: made_up.csv has fine, late, lost, rnn predicts late, lost, fine"
    ):
        measured(turned, models)
    with pytest.raises(ValueError, match=r"300 rows.* of lost$"):
        measured(replace(data, labels=np.where(gold == 1, 0, gold).astype(np.int8)), models)


def test_another_seed_is_another_split_and_the_same_seed_the_same(models: list[Checkpoint]) -> None:
    data = corpus()
    assert measured(data, models, seed=1) == measured(data, models, seed=1)
    assert measured(data, models, seed=1) != measured(data, models, seed=2)


def test_differences_are_paired_with_mcnemars_interval() -> None:
    labels = np.ones(100, dtype=int)
    ours, theirs = labels.copy(), labels.copy()
    ours[:5], theirs[5:20] = 0, 0
    found = against("best", ours, theirs, labels)
    assert (found.only_ensemble, found.only_other, found.same) == (15, 5, False)
    assert found.difference == pytest.approx(0.10) and found.other_accuracy == pytest.approx(0.85)
    variance = (20 - 10**2 / 100) / 99  # of the differences, each −1, 0 or 1
    half = 1.959964 * math.sqrt(variance / 100)
    assert found.interval == pytest.approx((0.10 - half, 0.10 + half))
    assert found.finding == "better" and against("best", theirs, ours, labels).finding == "worse"
    assert against("best", ours, ours, labels).finding == "same"
    theirs[0] = 0
    assert against("best", ours[:9], theirs[:9], labels[:9]).finding == "none"


def test_a_file_that_the_models_learnt_from_is_told_of(models: list[Checkpoint]) -> None:
    data = replace(corpus(), sha256="0" * 64)  # the training file of the made-up cards
    found = measured(data, models)
    assert found.trained_on == NAMES
    assert any("learnt from" in sentence for sentence in sentences(found))
    assert not any("learnt from" in sentence for sentence in sentences(measured(corpus(), models)))


def test_reading_can_be_given_up(models: list[Checkpoint]) -> None:
    class EnoughError(Exception):
        pass

    def check_cancelled() -> None:
        raise EnoughError

    events = measure(corpus(), models, check_cancelled=check_cancelled)
    assert next(events).done == 0
    with pytest.raises(EnoughError):
        next(events)


def test_what_cannot_be_boosted(models: list[Checkpoint]) -> None:
    with pytest.raises(ValueError, match="2 to 12 models; given: 1"):
        measured(corpus(), models[:1])
    with pytest.raises(ValueError, match=r"19 labelled rows.*20 or more"):
        measured(corpus(19), models)
    one = replace(corpus(), labels=np.zeros(200, dtype=np.int8))
    with pytest.raises(ValueError, match=r"200 rows.* of positive$"):
        measured(one, models)
    with pytest.raises(ValueError, match="0 rounds"):
        measured(corpus(), models, rounds=0)
    data = corpus()
    fit, test = halves(len(data), 0)
    against_all = np.tile(np.where(data.labels == 1, 0.1, 0.9), (3, 1))
    with pytest.raises(ValueError, match=r"100 rows.* rnn.* 0.0%"):
        ensemble(data, models, against_all, fit, test, seed=0)


# In words, and on the disk


def test_the_words_say_what_the_figures_say(models: list[Checkpoint]) -> None:
    result = measured(corpus(), models)
    best, *others = result.against
    findings = {"better": (0.1, 0.05, 0.15), "worse": (-0.1, -0.15, -0.05), "none": (0.01, -0.05, 0.07)}
    compared = {
        finding: replace(best, same=False, difference=difference, interval=(low, high))
        for finding, (difference, low, high) in findings.items()
    } | {"same": replace(best, same=True)}
    assert all(one.finding == finding for finding, one in compared.items())
    said = {name: sentences(replace(result, against=(one, *others)))[1] for name, one in compared.items()}
    assert len(set(said.values())) == 4
    assert all(number in said["none"] for number in ("+1.00", "-5.00", "+7.00"))
    amounts = (Amount(ONE, "gru"), *(Amount(to, None) for to in (MAJORITY, OWN, MANY)), Amount(MAJORITY, None, True))
    rules = [sentences(replace(result, amounts_to=amount))[2] for amount in amounts]
    assert len(set(rules)) == 5 and ["GRU" in rule for rule in rules] == [True, *(4 * [False])]


def test_what_is_saved_is_what_is_loaded(models: list[Checkpoint], tmp_path: Path) -> None:
    found = measured(corpus(), models)
    ensemble_file.save(found, tmp_path / "ensemble.json")
    assert ensemble_file.load(tmp_path / "ensemble.json") == found
    assert [path.name for path in tmp_path.iterdir()] == ["ensemble.json"]
    assert ensemble_file.load(tmp_path / "none.json") is None
    assert not any(text in (tmp_path / "ensemble.json").read_text() for text in corpus().texts if " " in text)
    hashes = {model.name: model.hash for model in models}
    assert ensemble_file.outdated(found, hashes) == []
    assert ensemble_file.outdated(found, {**hashes, "gru": "another"}) == ["gru"]


def test_an_infinite_vote_is_null_in_json(models: list[Checkpoint], tmp_path: Path) -> None:
    data = corpus()
    probabilities = np.tile(np.where(data.labels == 1, 0.9, 0.1), (3, 1))
    fit, test = halves(len(data), 0)
    found = ensemble(data, models, probabilities, fit, test, seed=0)
    assert found.stopped == PERFECT and found.rounds[-1].alpha == math.inf and found.accuracy == 1
    ensemble_file.save(found, tmp_path / "ensemble.json")
    assert json.loads((tmp_path / "ensemble.json").read_text())["rounds"][-1]["alpha"] is None
    assert ensemble_file.load(tmp_path / "ensemble.json") == found


def test_the_figures_kept_are_of_the_models_that_are_shipped() -> None:
    found = ensemble_file.load(ROOT / "checkpoints" / ensemble_file.FILE)
    assert found is not None
    cards = {name: checkpoints.read_card(name, ROOT / "checkpoints") for name in NAMES}
    assert ensemble_file.outdated(found, {name: checkpoints.identity(card) for name, card in cards.items()}) == []
    assert found.trained_on == () and found.fit_rows == found.test_rows == 10_000
    weights = {voter.name: voter.weight for voter in found.voters}
    assert found.amounts_to == Amount(ONE, "lstm") and weights["lstm"] > weights["rnn"] + weights["gru"]
    least = sorted(voter.least_weight for voter in found.voters)
    assert found.least_amounts_to == Amount(MAJORITY, None) and least[2] < least[0] + least[1]
    assert found.least_risk < found.risk


def test_the_figures_kept_are_found_again(report_data: Path) -> None:
    kept = ensemble_file.load(ROOT / "checkpoints" / ensemble_file.FILE)
    assert kept is not None
    shipped = [checkpoints.load(name, ROOT / "checkpoints") for name in NAMES]
    found = measured(read_corpus(report_data), shipped, seed=kept.seed)
    assert found.sha256 == kept.sha256 and found.amounts_to == kept.amounts_to
    # Another machine's matrix products may turn a verdict or two that stand on the threshold.
    assert found.accuracy == pytest.approx(kept.accuracy, abs=3e-4)
    assert [voter.weight for voter in found.voters] == pytest.approx([voter.weight for voter in kept.voters], abs=5e-3)

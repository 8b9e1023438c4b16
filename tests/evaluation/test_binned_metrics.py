"""Tallies against the same figures from every row; Newcombe's and McNemar's against published examples."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from sklearn.metrics import average_precision_score, brier_score_loss, confusion_matrix, log_loss, roc_auc_score

from core.data import targets
from core.data.slices import SLICES, indices
from core.data.targets import POSITIVE, Target
from core.evaluation.binned_metrics import BINS, Counter, Pair, Tallies, Tally
from core.evaluation.metrics import calibration_error, measures, wilson_interval
from core.models.predict import sigmoid
from core.training.loop import fit_temperature
from pages.wording import estimates

LABELS = ("negative", "positive")


THREE = ("negative", "neutral", "positive")


def counted(logits: np.ndarray, labels: np.ndarray, parts: int = 1, names: tuple[str, ...] = LABELS) -> Tally:
    counter = Counter("lstm", "a" * 64, names)
    lengths = np.arange(len(labels)) % 40 + 1
    unknown = np.arange(len(labels)) % 4
    marks = np.arange(len(labels))[:, None] % np.array([2, 3, 5]) == 0
    for rows in np.array_split(np.arange(len(labels)), parts):
        slices = indices(marks[rows], lengths[rows], unknown[rows])
        counter.add(logits[rows], labels[rows], slices, lengths[rows], unknown[rows])
    return counter.tally()


@pytest.fixture(scope="module")
def scores() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 5_000)
    return (random.normal(size=5_000) * 1.6 + 1.5 * (2 * labels - 1)).astype(np.float32), labels


def test_figures_are_those_of_every_row(scores: tuple[np.ndarray, np.ndarray]) -> None:
    logits, labels = scores
    found, p = counted(logits, labels), sigmoid(logits)
    assert found.rows == 5_000
    assert found.brier == pytest.approx(brier_score_loss(labels, p), abs=1e-12)
    assert found.log_loss == pytest.approx(log_loss(labels, p), abs=1e-9)
    assert found.calibration_error == pytest.approx(calibration_error(p, labels), abs=1e-9)
    assert found.confidence == pytest.approx(np.maximum(p, 1 - p).mean(), abs=1e-9)
    assert found.targeted(Target(LABELS, 0)).confidence == pytest.approx(found.confidence)
    # Read off the bins, so near.
    assert found.auc == pytest.approx(roc_auc_score(labels, p), abs=5e-4)
    assert found.average_precision == pytest.approx(average_precision_score(labels, p), abs=2e-3)
    assert found.temperature == pytest.approx(fit_temperature(logits, labels), rel=0.01)


def test_a_temperature_at_the_bound_is_not_told() -> None:
    labels = np.repeat([0, 1], 500)
    logits = np.full(1_000, 1e-4) * (2 * labels - 1)
    logits[:300] *= -1
    assert counted(logits.astype(np.float32), labels).temperature is None  # ever smaller T is ever better
    logits = np.full(1_000, 400.0) * (2 * labels - 1)
    logits[:300] *= -1
    assert counted(logits.astype(np.float32), labels).temperature is None


def test_rows_may_come_in_parts(scores: tuple[np.ndarray, np.ndarray]) -> None:
    whole, parts = counted(*scores), counted(*scores, parts=7)
    assert (whole.counts == parts.counts).all()
    assert (whole.slices == parts.slices).all()
    assert np.allclose(whole.logits, parts.logits)
    assert whole.brier == pytest.approx(parts.brier)


@pytest.mark.parametrize("hundredth", [0, 1, 29, 50, 57, 58, 99, 100])
def test_a_threshold_at_any_hundredth_is_exact(hundredth: int) -> None:
    random = np.random.default_rng(1)
    labels = random.integers(0, 2, 400)
    # Some probabilities fall on the thresholds themselves.
    p = np.where(random.random(400) < 0.5, random.integers(1, 100, 400) / 100, random.uniform(0.001, 0.999, 400))
    logits = np.log(p / (1 - p))
    p, threshold = sigmoid(logits), hundredth / 100
    at = counted(logits, labels).at(threshold)
    said = p >= threshold
    assert (at.true_positive, at.false_positive) == (
        int((said & (labels == 1)).sum()),
        int((said & (labels == 0)).sum()),
    )
    assert at.true_negative + at.false_negative == int((~said).sum())
    if said.any():
        assert at.precision == at.true_positive / said.sum()
        assert at.precision_interval == wilson_interval(at.true_positive, int(said.sum()))
    else:
        assert at.precision is None
    assert at.recall == at.true_positive / labels.sum()


def test_curves_begin_and_end_where_they_must(scores: tuple[np.ndarray, np.ndarray]) -> None:
    found = counted(*scores)
    curves = found.curves()
    assert len(curves.thresholds) == BINS + 1
    assert (curves.recall[0], curves.false_positive_rate[0]) == (1, 1)
    assert (curves.recall[-1], curves.false_positive_rate[-1]) == (0, 0)
    assert (np.diff(curves.recall) <= 0).all()
    at = found.at(0.5)
    assert (curves.precision[150], curves.recall[150]) == (at.precision, at.recall)
    for threshold in (-0.01, 1.01, 0.001, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="a threshold is"):
            found.at(threshold)


def test_slices_of_a_family_add_up_and_tell_accuracy(scores: tuple[np.ndarray, np.ndarray]) -> None:
    logits, labels = scores
    found = counted(logits, labels)
    cells = {(cell.family, cell.name): cell for cell in found.cells()}
    assert list(cells) == list(SLICES)
    for family in dict(SLICES):
        assert sum(cell.rows for cell in cells.values() if cell.family == family) == found.rows
    right = (logits >= 0) == labels
    negated = np.arange(len(labels)) % 2 == 0
    cell = cells["negation", "with"]
    assert (cell.rows, cell.right) == (int(negated.sum()), int(right[negated].sum()))
    assert cell.interval == wilson_interval(cell.right, cell.rows)
    assert cell.share == pytest.approx(labels[negated].mean())


@pytest.mark.parametrize("scale", [0.5, 4.0, 30.0])
def test_the_exact_area_lies_as_near_as_is_said(scale: float) -> None:
    """However crowded the end bins are."""
    rng = np.random.default_rng(3)
    labels = (rng.random(400) < 0.4).astype(np.int8)
    logits = scale * (rng.standard_normal(400) + labels)
    found = counted(logits, labels)
    assert found.auc is not None and found.auc_within is not None
    assert abs(roc_auc_score(labels, logits) - found.auc) <= found.auc_within + 1e-12
    assert found.auc_within < 0.2
    area, within = (float(part) for part in estimates.area(found).split(" ± "))
    assert abs(roc_auc_score(labels, logits) - area) <= within, "as a page rounds it"


def test_one_class_a_perfect_model_and_logits_without_bounds() -> None:
    alone = counted(np.array([2.0, -1.0, 0.5]), np.ones(3, dtype=int))
    assert (alone.auc, alone.temperature, alone.at(0.5).false_positive_rate) == (None, None, None)
    perfect = counted(np.array([2.0, -1.0]), np.array([1, 0]))
    assert (perfect.auc, perfect.temperature) == (1.0, None)
    found = counted(np.array([1e4, -1e4, 0.0]), np.array([1, 1, 0]))
    assert found.counts[1, -1] == found.counts[1, 0] == found.counts[0, 150] == 1
    assert found.log_loss == pytest.approx((0 + 1e4 + np.log(2)) / 3)
    saturated = counted(np.array([[1e4, 0, -1e4], [0, 0, 3e4]]), np.array([0, 1]), names=THREE)
    assert saturated.log_loss == 1.5e4 and saturated.confusion[1, 2] == 1 and np.isfinite(saturated.cooled).all()


# More than two classes


def of_three(seed: int = 0, rows: int = 3_000) -> tuple[np.ndarray, np.ndarray]:
    """Scores [N, 3], overconfident ones, and labels that they are about."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, rows)
    return (2 * (random.normal(size=(rows, 3)) + 1.2 * np.eye(3)[labels])).astype(np.float32), labels


def test_figures_of_three_classes_are_those_of_every_row() -> None:
    scores, labels = of_three()
    found, p = counted(scores, labels, parts=3, names=THREE), softmax(scores.astype(np.float64), axis=1)
    wanted = measures(p, labels, np.ones(3_000), THREE)
    assert found.target is None and found.confusion.tolist() == wanted["confusion"]["counts"]
    for name in ("accuracy", "accuracy_interval", "macro_f1", "average_recall"):
        assert getattr(found, name) == wanted[name]
    assert found.log_loss == pytest.approx(wanted["log_loss"])
    assert found.calibration_error == pytest.approx(wanted["calibration_error"])
    assert found.brier == pytest.approx(brier_score_loss(p.argmax(axis=1) == labels, p.max(axis=1)))
    for number, (one, exact) in enumerate(zip(found.by_class, wanted["classes"], strict=True)):
        assert replace(one, auc=None, calibration_error=0) == replace(exact, auc=None, calibration_error=0)
        assert one.auc == pytest.approx(exact.auc, abs=5e-4)
        assert one.calibration_error == pytest.approx(exact.calibration_error)
        aimed = found.targeted(Target(THREE, number))
        assert aimed.brier == pytest.approx(brier_score_loss(labels == number, p[:, number]))
        assert aimed.average_precision == pytest.approx(
            average_precision_score(labels == number, p[:, number]), abs=4e-3
        )
        at, said = aimed.at(0.37), p[:, number] >= 0.37
        assert (at.true_positive, at.false_positive) == (
            int((said & (labels == number)).sum()),
            int((said & (labels != number)).sum()),
        )
        assert aimed.log_loss == found.log_loss and aimed.targeted(None).counts is found.counts
        negated = np.arange(3_000) % 2 == 0
        cell = next(cell for cell in aimed.cells() if (cell.family, cell.name) == ("negation", "with"))
        assert (cell.rows, cell.right) == (1_500, int((p.argmax(axis=1) == labels)[negated].sum()))
        assert cell.share == (labels[negated] == number).mean()
    with pytest.raises(ValueError, match="against all others"):
        found.targeted(Target(THREE, 0, 1))


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_the_temperature_of_three_classes_is_that_of_every_row(scale: float) -> None:
    scores, labels = of_three()
    z = scale * scores.astype(np.float64)

    def loss(temperature: float) -> float:
        return log_loss(labels, softmax(z / temperature, axis=1))

    exact = minimize_scalar(loss, bounds=(0.2, 8), method="bounded").x
    found = counted(z, labels, names=THREE).temperature
    assert found == (pytest.approx(exact, rel=2e-3) if exact < 4 else None)


def test_permuted_classes_permute_a_tally() -> None:
    scores, labels = of_three()
    order = [2, 0, 1]
    found = counted(scores, labels, names=THREE)
    other = counted(scores[:, order], np.argsort(order)[labels], names=tuple(THREE[number] for number in order))
    assert (other.confusion == found.confusion[np.ix_(order, order)]).all()
    assert (other.slices == found.slices[:, order]).all() and (other.counts == found.counts).all()
    assert found.confusion[found.frequent_error] == (found.confusion * (1 - np.eye(3))).max()
    assert other.temperature == pytest.approx(found.temperature) and other.log_loss == pytest.approx(found.log_loss)
    for name in THREE:
        one, same = (Tallies((tally,), ()).targeted(name).tallies[0] for tally in (found, other))
        assert (one.counts == same.counts).all() and one.auc == same.auc


def test_a_class_against_the_others_merged_is_the_second_of_two() -> None:
    scores, labels = of_three()
    found = counted(scores, labels, names=THREE)
    for number in range(3):
        one = found.targeted(Target(THREE, number))
        merged = counted(targets.log_odds(scores.astype(np.float64), Target(THREE, number)), labels == number)
        assert (one.counts == merged.counts).all()
        assert one.at(0.3) == merged.at(0.3) and one.brier == pytest.approx(merged.brier)


def test_the_first_of_two_classes_is_the_second_turned(scores: tuple[np.ndarray, np.ndarray]) -> None:
    found = counted(*scores)
    first = found.targeted(Target(LABELS, 0))
    other = counted(-scores[0], 1 - scores[1])
    assert (first.counts == other.counts).all() and first.probabilities == pytest.approx(other.probabilities)
    assert first.temperature == pytest.approx(found.temperature) and first.brier == found.brier
    assert first.auc == pytest.approx(found.auc) and first.confusion is found.confusion
    back = first.targeted(None)
    assert back.target == POSITIVE and (back.counts == found.counts).all()
    assert found.confusion.tolist() == confusion_matrix(scores[1], scores[0] >= 0).tolist()


def test_newcombes_published_interval() -> None:
    """Newcombe 1998, table II, example (a), method 10: 36, 12, 2, 0 gives 0.0569 to 0.3404."""
    pair = Pair("a", "b", 36, 12, 2, 0)
    assert pair.difference == pytest.approx(0.2)
    assert pair.interval == pytest.approx((0.0569, 0.3404), abs=5e-5)
    low, high = pair.turned().interval
    assert (-high, -low) == pytest.approx(pair.interval)


def test_mcnemar_by_hand() -> None:
    """5 against 1 of 6: twice (6 choose 0 + 6 choose 1) / 2^6 = 14/64."""
    assert Pair("a", "b", 10, 5, 1, 4).p_value == pytest.approx(14 / 64)
    assert Pair("a", "b", 10, 0, 0, 4).p_value == 1


@given(st.tuples(*[st.integers(0, 30)] * 4).filter(lambda counts: sum(counts) > 0))
def test_an_interval_holds_the_difference(counts: tuple[int, int, int, int]) -> None:
    pair = Pair("a", "b", *counts)
    low, high = pair.interval
    assert -1 - 1e-9 <= low <= pair.difference <= high <= 1 + 1e-9


def test_only_models_that_are_what_they_were_are_kept() -> None:
    tallies = [counted(np.array([1.0, -1.0]), np.array([1, 0]))]
    found = Tallies((*tallies,), (Pair("lstm", "gru", 1, 1, 0, 0),))
    assert found.current({"lstm": "a" * 64}).tallies == found.tallies
    assert found.current({"lstm": "a" * 64}).pairs == ()
    assert found.current({"lstm": "b" * 64}).tallies == ()
    assert found.pair("gru", "lstm").only_b == 1
    with pytest.raises(LookupError, match="no tally of 'rnn'"):
        found.of("rnn")
    with pytest.raises(LookupError, match="not compared"):
        found.pair("rnn", "lstm")

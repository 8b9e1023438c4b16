"""The figures of an evaluation, worked by hand on a model of three words and against slow replicas."""

from __future__ import annotations

import json
import math
import warnings
from itertools import pairwise

import numpy as np
import pytest
import torch
from sklearn.metrics import (
    balanced_accuracy_score,
    confusion_matrix,
    f1_score,
    log_loss,
    precision_recall_fscore_support,
    roc_auc_score,
)

from core.data.corpus import Corpus
from core.evaluation.metrics import (
    BINS,
    LENGTHS,
    calibration_error,
    evaluate,
    measures,
    paired_interval,
    wilson_interval,
)
from core.models.checkpoints import Checkpoint
from core.models.recurrent import Classifier
from core.text.preprocessing import Preprocessing, Vocabulary

THREE = ("negative", "neutral", "positive")
STRONG = math.log(9)  # the logit whose probability is 0.9


def last_word_decides() -> Checkpoint:
    """P(positive) is 0.9 after "good", 0.1 after "bad" and a half after any other word, whatever stood before."""
    vocabulary = Vocabulary(["good", "bad", "the"])
    model = Classifier("rnn", len(vocabulary), 1, 1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.embedding.weight[:, 0] = torch.tensor([0.0, 0.0, 1.0, -1.0, 0.0])
        model.recurrent.weight_ih_l0.fill_(20)  # tanh(20) is 1 to float32
        model.linear.weight.fill_(STRONG)
    return Checkpoint("toy", model.requires_grad_(False).eval(), Preprocessing(), vocabulary, {}, "toy")


def corpus(*rows: tuple[str, int], skipped: int = 0) -> Corpus:
    texts, labels = zip(*rows, strict=True)
    return Corpus("rows.csv", list(texts), np.array(labels, dtype=np.int8), skipped, "0" * 64)


TEN = corpus(
    ("good", 1),
    ("the good", 1),
    ("very good", 1),
    ("the bad good", 0),
    ("bad", 0),
    ("so bad", 0),
    ("good bad", 1),
    ("the the the the the bad", 0),
    ("the", 1),
    ("frabjous", 0),
    skipped=3,
)


def test_ten_rows_by_hand() -> None:
    found = evaluate(last_word_decides(), TEN)
    # Positive verdicts: the four that end in "good" (one of them wrong) and the two at exactly a half (one wrong).
    assert found.confusion == {"true_negative": 3, "false_positive": 2, "false_negative": 1, "true_positive": 4}
    assert found.rows == 10 and found.skipped == 3
    assert found.model == "toy" and found.data == "rows.csv"
    assert found.accuracy == pytest.approx(0.7) and found.accuracy_interval == wilson_interval(7, 10)
    precision, recall = 4 / 6, 4 / 5
    assert found.f1 == pytest.approx(2 * precision * recall / (precision + recall))
    negative, positive = found.classes
    assert (positive.precision, positive.recall, positive.auc) == (precision, recall, found.auc)
    assert (negative.precision, negative.recall) == (3 / 4, 3 / 5)
    assert found.average_recall == pytest.approx((4 / 5 + 3 / 5) / 2)
    assert found.macro_f1 == pytest.approx((found.f1 + 2 / 3) / 2)
    sure_and_right, sure_and_wrong, neither = 6, 2, 2
    log_loss = sure_and_right * math.log(1 / 0.9) + sure_and_wrong * math.log(1 / 0.1) + neither * math.log(2)
    assert found.log_loss == pytest.approx(log_loss / 10, abs=1e-6)
    # Of the 25 pairs, a positive row ranks above a negative one; ties count a half.
    scores = {1: [0.9, 0.9, 0.9, 0.1, 0.5], 0: [0.9, 0.1, 0.1, 0.1, 0.5]}
    wins = sum((p > n) + 0.5 * (p == n) for p in scores[1] for n in scores[0])
    assert found.auc == pytest.approx(wins / 25)
    # Three bins are filled: 4 rows at 0.9 of which 3 are positive, 4 at 0.1 with 1, 2 at 0.5 with 1.
    assert found.calibration_error == pytest.approx((4 * abs(0.9 - 0.75) + 4 * abs(0.1 - 0.25) + 0) / 10, abs=1e-6)
    assert found.unknown_rate == pytest.approx(3 / 21)


def test_lengths_by_hand() -> None:
    short, longer = evaluate(last_word_decides(), TEN).by_length
    assert (short.shortest, short.longest, short.rows) == (1, 5, 9)
    assert (longer.shortest, longer.longest, longer.rows) == (6, 10, 1)
    assert short.accuracy == pytest.approx(6 / 9) and longer.accuracy == 1.0
    assert short.accuracy_interval == wilson_interval(6, 9) and longer.accuracy_interval == wilson_interval(1, 1)


def test_bands_follow_one_another_without_a_gap_and_empty_ones_are_left_out() -> None:
    assert LENGTHS[0][0] == 1 and LENGTHS[-1][1] is None
    for (_, longest), (shortest, _) in pairwise(LENGTHS):
        assert longest is not None and longest + 1 == shortest
    found = measures(np.array([0.9, 0.1]), np.array([1, 0]), np.array([3, 100]))
    assert [(band.shortest, band.longest) for band in found["by_length"]] == [(1, 5), (31, None)]


def test_json_has_the_keys_of_the_command_line_and_plain_values() -> None:
    found = evaluate(last_word_decides(), TEN)
    shown = found.as_json()
    keys = "model data rows skipped accuracy accuracy_interval f1 auc log_loss calibration_error confusion unknown_rate"
    assert list(shown) == [*keys.split(), "by_length", "macro_f1", "average_recall", "classes"]
    read = json.loads(json.dumps(shown, allow_nan=False))
    assert list(read["confusion"]) == ["true_negative", "false_positive", "false_negative", "true_positive"]
    for band in read["by_length"]:
        assert list(band) == ["shortest", "longest", "rows", "accuracy", "accuracy_interval"]


# More than two classes


def three(seed: int = 0, rows: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities [N, 3], some of whose largest are equal, and labels that they are about."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, rows)
    weights = np.exp(random.normal(size=(rows, 3)) + 1.5 * np.eye(3)[labels])
    weights[:5] = [2, 2, 1]
    return weights / weights.sum(axis=1, keepdims=True), labels


def test_figures_of_three_classes_are_those_of_sklearn() -> None:
    probabilities, labels = three()
    found = measures(probabilities, labels, np.full(400, 3), THREE)
    verdicts = np.where(np.arange(400) < 5, 1, probabilities.argmax(axis=1))  # of equal ones the later
    assert (found["f1"], found["auc"]) == (None, None)
    assert found["accuracy"] == (verdicts == labels).mean()
    assert found["confusion"] == {"labels": [*THREE], "counts": confusion_matrix(labels, verdicts).tolist()}
    assert found["log_loss"] == log_loss(labels, probabilities)
    assert found["macro_f1"] == pytest.approx(f1_score(labels, verdicts, average="macro"))
    assert found["average_recall"] == pytest.approx(balanced_accuracy_score(labels, verdicts))
    assert found["calibration_error"] == calibration_error(probabilities.max(axis=1), verdicts == labels)
    precision, recall, f1, rows = precision_recall_fscore_support(labels, verdicts)
    for number, one in enumerate(found["classes"]):
        assert (one.label, one.rows, one.f1) == (THREE[number], rows[number], pytest.approx(f1[number]))
        assert (one.precision, one.recall) == (precision[number], recall[number])
        assert one.precision_interval == wilson_interval(one.right, int((verdicts == number).sum()))
        assert one.recall_interval == wilson_interval(one.right, one.rows)
        assert one.auc == roc_auc_score(labels == number, probabilities[:, number])
        assert one.calibration_error == calibration_error(probabilities[:, number], labels == number)


def test_permuted_classes_permute_the_figures() -> None:
    probabilities, labels = three()
    probabilities, labels = probabilities[5:], labels[5:]  # of equal probabilities the later class wins
    order, lengths = [2, 0, 1], np.full(395, 3)
    found = measures(probabilities, labels, lengths, THREE)
    other = measures(probabilities[:, order], np.argsort(order)[labels], lengths, tuple(THREE[n] for n in order))
    for name in ("accuracy", "log_loss", "calibration_error", "macro_f1", "average_recall", "by_length"):
        assert other[name] == pytest.approx(found[name])
    assert other["classes"] == tuple(found["classes"][number] for number in order)
    counts = np.array(found["confusion"]["counts"])
    assert (np.array(other["confusion"]["counts"]) == counts[np.ix_(order, order)]).all()


def test_a_class_against_two_merged_ones_is_the_second_of_two() -> None:
    probabilities, labels = three()
    merged = measures(probabilities[:, 2], (labels == 2).astype(int), np.full(400, 3))
    own = measures(probabilities, labels, np.full(400, 3), THREE)["classes"][2]
    assert (own.auc, own.calibration_error) == (merged["auc"], merged["calibration_error"])
    assert own.rows == merged["classes"][1].rows


def test_a_class_without_rows_or_predictions_has_no_figures() -> None:
    probabilities, labels = three()
    probabilities[:, 1], labels = 0, np.where(labels == 1, 0, labels)
    found = measures(probabilities / probabilities.sum(axis=1, keepdims=True), labels, np.full(400, 3), THREE)
    none = found["classes"][1]
    assert (none.precision, none.recall, none.f1, none.auc) == (None, None, None, None)
    assert found["average_recall"] == np.mean([found["classes"][0].recall, found["classes"][2].recall])
    json.dumps({**found, "classes": [vars(one) for one in found["classes"]], "by_length": []}, allow_nan=False)


# Cases at the edge


@pytest.mark.parametrize("label", [0, 1])
def test_a_corpus_of_one_class_has_no_auc_and_every_other_figure(label: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = evaluate(last_word_decides(), corpus(("good", label), ("the good", label), ("bad", label)))
    assert found.auc is None
    assert found.accuracy == pytest.approx((1 + label) / 3)
    assert found.f1 == pytest.approx(0.8 if label else 0.0)  # recall 2/3, precision 1
    assert math.isfinite(found.log_loss) and math.isfinite(found.calibration_error)
    json.dumps(found.as_json(), allow_nan=False)


def test_a_row_and_rows_without_a_token() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = evaluate(last_word_decides(), corpus(("bad", 0), ("the bad", 0)))
    assert found.f1 == 0.0 and found.accuracy == 1.0
    found = evaluate(last_word_decides(), corpus(("good", 1)))
    assert found.rows == 1 and found.accuracy == 1.0 and found.accuracy_interval[0] < 0.21
    # Texts without a token get the verdict before the first word, here a half, which is positive; no band has them.
    found = evaluate(last_word_decides(), corpus(("", 1), ("  ", 0), ("good", 1)))
    assert found.rows == 3 and found.accuracy == pytest.approx(2 / 3)
    assert sum(band.rows for band in found.by_length) == 1
    assert evaluate(last_word_decides(), corpus(("", 1))).unknown_rate == 0.0


# Wilson's interval


@pytest.mark.parametrize(("hits", "rows"), [(0, 1), (1, 1), (5, 10), (7, 10), (17_000, 20_000), (0, 50)])
def test_wilson_interval_is_the_closed_formula(hits: int, rows: int) -> None:
    z, share = 1.959963984540054, hits / rows
    middle = (share + z**2 / (2 * rows)) / (1 + z**2 / rows)
    half = z / (1 + z**2 / rows) * math.sqrt(share * (1 - share) / rows + z**2 / (4 * rows**2))
    assert wilson_interval(hits, rows) == pytest.approx((middle - half, middle + half), abs=1e-9)


# Calibration error


def test_calibration_error_against_a_plain_replica() -> None:
    """Σ over bins of (rows in the bin / rows) · |mean probability − share positive|, bin by bin."""
    random = np.random.default_rng(2)
    probabilities = np.concatenate([random.random(400), [0.0, 1.0, 0.5]])
    labels = random.integers(0, 2, 403)
    expected = 0.0
    for number in range(BINS):
        last = number == BINS - 1
        inside = (probabilities * BINS >= number) & ((probabilities * BINS < number + 1) | last)
        if inside.any():
            expected += inside.sum() / 403 * abs(probabilities[inside].mean() - labels[inside].mean())
    assert calibration_error(probabilities, labels) == pytest.approx(expected)
    assert (calibration_error(np.zeros(5), np.zeros(5)), calibration_error(np.ones(5), np.zeros(5))) == (0, 1)


# Paired differences


def test_paired_interval_by_hand() -> None:
    """Differences 1, 0, −1, 1: mean 1/4, variance (9 + 1 + 25 + 9)/16/3 = 11/12."""
    difference, low, high = paired_interval([True, True, False, True], [False, True, True, False])
    half = 1.959964 * math.sqrt(11 / 12) / 2
    assert (difference, low, high) == pytest.approx((0.25, 0.25 - half, 0.25 + half))


def test_paired_interval_changes_sign_with_the_order_and_needs_the_same_rows_twice_at_least() -> None:
    random = np.random.default_rng(5)
    a, b = random.random(1_000) < 0.8, random.random(1_000) < 0.7
    difference, low, high = paired_interval(a, b)
    assert paired_interval(b, a) == pytest.approx((-difference, -high, -low))
    assert paired_interval(a, a) == (0, 0, 0)
    for rows, others in (([], []), ([True], [False]), ([True, False, True], [True]), ([True] * 3, [True, False])):
        with pytest.raises(ValueError):
            paired_interval(rows, others)

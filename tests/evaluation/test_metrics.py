"""The figures of an evaluation, worked by hand on a model of three words and against slow replicas."""

from __future__ import annotations

import json
import math
import warnings
from itertools import pairwise

import numpy as np
import pytest
import torch

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
    assert list(shown) == [*keys.split(), "by_length"]
    read = json.loads(json.dumps(shown, allow_nan=False))
    assert list(read["confusion"]) == ["true_negative", "false_positive", "false_negative", "true_positive"]
    for band in read["by_length"]:
        assert list(band) == ["shortest", "longest", "rows", "accuracy", "accuracy_interval"]


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

"""Log-odds of a target are those of the softmax, of two classes the one number that they are given, and stay finite."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from core.data import targets
from core.data.labels import SENTIMENT
from core.data.targets import POSITIVE, Target

THREE = ("negative", "neutral", "positive")


def classes(count: int) -> tuple[str, ...]:
    return tuple(f"c{number}" for number in range(count))


@st.composite
def asked(draw: st.DrawFn, least: int = 3) -> tuple[np.ndarray, Target]:
    """Scores [N, K] and a target of K classes, against another or not."""
    count = draw(st.integers(least, 20))
    seed, scale = draw(st.integers(0, 99)), draw(st.sampled_from([0.1, 1.0, 5.0]))
    number, other = draw(st.permutations(range(count)))[:2]
    against = draw(st.sampled_from([None, other]))
    scores = np.random.default_rng(seed).normal(0, scale, (6, count))
    return scores, Target(classes(count), number, against)


@given(asked())
def test_log_odds_of_many_classes_are_those_of_the_softmax(given: tuple[np.ndarray, Target]) -> None:
    scores, target = given
    p = softmax(scores, axis=-1)
    rest = p[:, target.rest].sum(axis=1)
    expected = np.log(p[:, target.number] / rest)
    np.testing.assert_allclose(targets.log_odds(scores, target), expected, atol=1e-9)
    np.testing.assert_allclose(targets.log_odds(torch.tensor(scores), target).numpy(), expected, atol=1e-9)
    np.testing.assert_allclose(targets.probabilities(scores), p, atol=1e-12)
    np.testing.assert_allclose(targets.log_odds_of(p, target), expected, atol=1e-9)
    np.testing.assert_allclose(targets.log_odds(targets.logs(p), target), expected, atol=1e-9)
    np.testing.assert_allclose(targets.chance(p, target), p[:, target.number] / (p[:, target.number] + rest), atol=1e-9)
    np.testing.assert_allclose(targets.chance(p, target), targets.probability(expected), atol=1e-9)


@given(asked(), st.randoms(use_true_random=False))
def test_permuted_classes_permute_every_number(given: tuple[np.ndarray, Target], random: object) -> None:
    scores, target = given
    order = list(range(len(target.labels)))
    random.shuffle(order)  # type: ignore[attr-defined]
    moved = Target(
        tuple(target.labels[number] for number in order),
        order.index(target.number),
        None if target.against is None else order.index(target.against),
    )
    assert moved.name == target.name and moved.rival == target.rival
    there = scores[:, order]
    np.testing.assert_allclose(targets.log_odds(there, moved), targets.log_odds(scores, target), atol=1e-12)
    np.testing.assert_array_equal(np.array(order)[targets.predicted(there)], targets.predicted(scores))
    gold = np.array([order.index(number) for number in targets.predicted(scores)])
    p, q = targets.probabilities(scores), targets.probabilities(there)
    np.testing.assert_allclose(targets.missing(q, gold), targets.missing(p, targets.predicted(scores)), atol=1e-12)
    np.testing.assert_allclose(targets.missing(q, gold), 1 - p.max(axis=1), atol=1e-12)


def test_two_classes_are_the_one_number_that_they_were() -> None:
    logits = np.array([-2.5, -1e-9, 0.0, 3.0], dtype=np.float32)
    other = Target(SENTIMENT, 0)
    assert targets.log_odds(logits, POSITIVE) is logits
    assert targets.log_odds(tensor := torch.tensor(logits), POSITIVE) is tensor
    np.testing.assert_array_equal(targets.log_odds(logits, other), -logits)
    assert Target(SENTIMENT, 1, against=0) == POSITIVE and POSITIVE.rival == "negative" and POSITIVE.turned() == other
    np.testing.assert_array_equal(targets.predicted(logits), [0, 0, 1, 1])
    p = targets.probabilities(logits)
    np.testing.assert_array_equal(p, 0.5 * (1 + np.tanh(0.5 * logits.astype(np.float64))))
    np.testing.assert_array_equal(targets.predicted_of(np.array([0.0, 0.4999, 0.5, 1.0])), [0, 0, 1, 1])
    np.testing.assert_array_equal(targets.missing(p, np.array([0, 1, 1, 0])), np.abs(p - [0, 1, 1, 0]))
    np.testing.assert_array_equal(targets.distribution(p), np.stack([1 - p, p], axis=1))
    np.testing.assert_array_equal(targets.chance(p, other), 1 - p)
    assert targets.log_odds_of(np.array([0.0, 1.0]), POSITIVE) == pytest.approx([-27.631, 27.631], abs=1e-3)
    found = targets.answers(logits, other)
    assert found.log_odds.dtype == np.float32 and found.classes.dtype == np.uint8
    np.testing.assert_array_equal(found.classes, targets.predicted_of(p))


def test_one_output_or_two_say_the_same() -> None:
    two = torch.randn(7, 2, generator=torch.Generator().manual_seed(0))
    one = two[:, 1:] - two[:, :1]
    assert targets.scores_of(one).shape == (7,) and targets.scores_of(torch.zeros(7, 3)).shape == (7, 3)
    torch.testing.assert_close(targets.scores_of(two), targets.scores_of(one))
    expected = torch.log_softmax(two, dim=-1)
    torch.testing.assert_close(targets.scores_of(two), expected[:, 1] - expected[:, 0])


def test_the_saturated_stay_finite_and_ties_go_to_the_later_class() -> None:
    scores = np.array([[4_000.0, 0.0, -4_000.0], [-3e4, -3e4, 3e4], [1.0, 1.0, 0.0], [2.0, 2.0, 2.0]], dtype=np.float32)
    for number in range(3):
        for values in (scores, torch.tensor(scores)):
            assert np.isfinite(np.asarray(targets.log_odds(values, Target(THREE, number)))).all()
        assert np.isfinite(
            targets.log_odds_of(targets.probabilities(scores), Target(THREE, number, (number + 1) % 3))
        ).all()
    np.testing.assert_array_equal(targets.predicted(scores), [0, 2, 1, 2])
    np.testing.assert_array_equal(targets.predicted_of(targets.probabilities(scores)), [0, 2, 1, 2])


def test_the_log_odds_of_a_class_that_wins_may_be_negative() -> None:
    scores = np.log([[0.3, 0.4, 0.3]])
    assert targets.log_odds(scores, Target(THREE, 1)) == pytest.approx([np.log(0.4 / 0.6)])
    assert targets.answers(scores, Target(THREE, 1)).classes == [1]


def test_targets_by_name_and_by_default() -> None:
    assert targets.named(THREE, "neutral") == Target(THREE, 1)
    assert targets.named(THREE, "neutral", "positive").rest == [2]
    assert targets.named(THREE, "neutral", "positive").turned() == targets.named(THREE, "positive", "neutral")
    assert Target(THREE, 0).rest == [1, 2] and Target(THREE, 0).rival is None and Target(THREE, 0).turned() is None
    for name, against in (("angry", None), ("neutral", "angry"), ("neutral", "neutral")):
        with pytest.raises(LookupError):
            targets.named(THREE, name, against)
    with pytest.raises(LookupError, match="'angry' is no class; available: negative, neutral, positive"):
        targets.named(THREE, "angry")
    for wrong in ((3, None), (-1, None), (0, 3), (0, 0)):
        with pytest.raises(ValueError):
            Target(THREE, *wrong)
    assert targets.default(SENTIMENT) == POSITIVE == targets.usual(SENTIMENT, 0)
    assert targets.default(THREE) is None and targets.usual(THREE, 2) == Target(THREE, 2)
    assert POSITIVE.as_json() == {"target": "positive"}
    assert Target(THREE, 1, 0).as_json() == {"target": "neutral", "against": "negative"}
    assert targets.shared_target([POSITIVE, POSITIVE]) == POSITIVE
    assert targets.shared_target([POSITIVE, Target(THREE, 2)]) is None


def test_whom_a_logit_speaks_for() -> None:
    assert targets.side(POSITIVE, 0.0) == (1, "positive") and targets.side(POSITIVE, -0.1) == (1, "negative")
    assert targets.side(Target(SENTIMENT, 0), 0.0) == (1, "positive")
    assert targets.side(Target(THREE, 1), -0.1) == (-1, "neutral") and targets.side(Target(THREE, 1), 0.1) == (
        1,
        "neutral",
    )
    assert targets.side(Target(THREE, 1, 0), -0.1) == (1, "negative")


def test_how_a_target_is_written() -> None:
    own = Target(("ham", "spam", "*eggs*"), 2)
    assert targets.probability_of(POSITIVE) == targets.probability_of() == "P(positive)"
    assert targets.probability_of(Target(SENTIMENT, 0)) == "P(negative)"
    assert targets.probability_of(own) == "P(*eggs*)" and targets.probability_of(own.labels) == "P(target class)"
    assert targets.probability_of(own, lambda name: name.replace("*", "\\*")) == "P(\\*eggs\\*)"
    assert targets.probability_of(Target(own.labels, 0, 1)) == "P(ham | ham or spam)"
    assert targets.log_odds_name(POSITIVE) == "logit" and targets.log_odds_name(own) == "log-odds of *eggs*"
    assert targets.log_odds_name(Target(own.labels, 0, 1)) == "log-odds of ham against spam"


def test_sentiment_is_among_the_classes_or_is_the_two_in_their_order() -> None:
    assert targets.has_sentiment(SENTIMENT) and targets.has_sentiment(("positive", "neutral", "negative"))
    assert not targets.has_sentiment(("positive", "negative")) and not targets.has_sentiment(
        ("ham", "spam", "positive")
    )


@given(asked(least=2))
def test_predicted_classes_are_known_of_one_target_of_two_and_of_all_scores(given: tuple[np.ndarray, Target]) -> None:
    scores, target = given
    if target.two:
        scores = scores[:, 1] - scores[:, 0]
    odds = targets.log_odds(scores, target)
    found = targets.predicted_by(odds, None if target.two else scores, target)
    assert found.tolist() == targets.predicted(scores).tolist()


def test_a_model_that_is_asked_about_no_text_needs_a_target() -> None:
    own = Target(classes(3), 1)
    assert targets.chosen(SimpleNamespace(name="own", labels=own.labels, target=own)) == own
    with pytest.raises(ValueError, match=r"^own has 3 classes \(c0, c1, c2\); name the target class$"):
        targets.chosen(SimpleNamespace(name="own", labels=own.labels, target=None))


def test_rows_and_directions_of_two_classes_are_one() -> None:
    rows = np.random.default_rng(0).normal(size=(3, 5))
    assert targets.row(rows, Target(THREE, 1)) == pytest.approx(rows[1])
    assert targets.row(rows, Target(THREE, 2, 0)) == pytest.approx(rows[2] - rows[0])
    assert targets.row(rows[0], POSITIVE) == pytest.approx(rows[0])
    assert targets.row(rows[0], Target(SENTIMENT, 0)) == pytest.approx(-rows[0])
    assert targets.contrasts(rows[0]).tolist() == [rows[0].tolist()]
    assert np.linalg.matrix_rank(np.concatenate([targets.contrasts(rows), rows[1:] - rows[1:2]])) == 2
    assert Target(THREE, 2).pair == Target(THREE, 2, 0) and Target(THREE, 2, 1).pair == Target(THREE, 2, 1)
    assert POSITIVE.pair == POSITIVE
    assert targets.common([POSITIVE, POSITIVE]) == POSITIVE
    assert targets.common([POSITIVE, Target(SENTIMENT, 0)]) == SENTIMENT
    assert targets.probability_of(targets.common([POSITIVE, Target(THREE, 2)])) == "P(positive)"
    assert targets.probability_of(targets.common([POSITIVE, Target(THREE, 2, 0)])) == "P(target class)"

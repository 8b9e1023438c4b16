"""The order suite: its counts against a plain loop, intervals by hand, and a bag of words that is blind everywhere."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.labels import SENTIMENT
from core.evaluation.clustered_intervals import clustered_interval
from core.models import checkpoints
from core.models.predict import verdict
from core.models.predictor import BlackBox
from core.models.token_predictor import predictor
from core.probes.permutations import composer
from core.probes.permutations.composer import DIFFER, OPEN, RELATIONS, STAY
from core.probes.permutations.order_suite import OrderSuite, Settings, bag_of_words, run
from tests.probes.small_models import random_checkpoint

FEW = ("A and not B", "role swap", "coordinated clauses", "A but B")


def suite(model: Any, **settings: Any) -> OrderSuite:
    return deque(run(model, Settings(**settings)), maxlen=1).pop().result()


def box(function: Any) -> BlackBox:
    def predict(texts: Sequence[str]) -> list[float]:
        return [float(function(text)) for text in texts]

    predict.labels = SENTIMENT  # type: ignore[attr-defined]
    return BlackBox(predict, "tests.made:up")


def numbers_of(text: str) -> float:
    """A verdict that depends on the order and on nothing else that is simple."""
    return sum(place * len(word) for place, word in enumerate(text.split())) % 7 / 6


@pytest.fixture(scope="module")
def bag() -> OrderSuite:
    return suite(bag_of_words(), pairs=15)


def test_a_bag_of_words_is_blind_on_every_pair_and_brittle_on_none(bag: OrderSuite) -> None:
    assert [result.pattern for result in bag.patterns] == [pattern.name for pattern in composer.load()]
    for result in (*bag.patterns, *bag.relations):
        assert result.turned.hits == 0 and result.left_out == 0
        if result.must == DIFFER:
            assert result.blind is not None and result.blind.share == 1 and result.blind.interval is not None
            assert result.brittle is None and result.right is not None and result.right.share == 0
            assert len(result.failed) == result.pairs
        else:
            assert result.blind is None and result.failed == ()
            assert (result.brittle is None) == (result.right is None) == (result.must == OPEN)
        if result.must == STAY:
            assert result.brittle is not None and result.brittle.share == 0
    same = bag.relation(STAY)
    assert same is not None and same.right is not None and same.right.share is not None and same.right.share > 0.85


def test_a_reader_of_the_gold_labels_never_fails() -> None:
    gold = {}
    for pattern in composer.load():
        for pair in pattern.draw(5, 0):
            for text, of_text in zip((pair.a, pair.b), pair.labels or ("negative", "positive"), strict=True):
                gold[text] = of_text == "positive"
    result = suite(box(gold.__getitem__), pairs=5)
    for relation in result.relations:
        assert relation.failed == () and (relation.right is None or relation.right.share == 1)
        assert relation.turned.share == (0 if relation.must == STAY else 1)


def test_counts_are_those_of_a_plain_loop() -> None:
    result = suite(box(numbers_of), pairs=30, seed=4, patterns=FEW)
    assert [one.pattern for one in result.patterns] == list(FEW)
    for one, pattern in zip(result.patterns, composer.named(FEW), strict=True):
        pairs = pattern.draw(30, 4)
        verdicts = [tuple("positive" if numbers_of(text) >= 0.5 else "negative" for text in (p.a, p.b)) for p in pairs]
        turned = [a != b for a, b in verdicts]
        assert (one.pairs, one.must, one.left_out) == (30, pattern.must, 0)
        assert (one.turned.hits, one.turned.rows) == (sum(turned), 30) and 0 < sum(turned) < 30
        cases = Counter(pattern.cluster(pair) for pair in pairs)
        hits = Counter(pattern.cluster(pair) for pair, one_turned in zip(pairs, turned, strict=True) if one_turned)
        assert one.clusters == len(cases)
        assert one.turned.interval == clustered_interval([hits[key] for key in cases], list(cases.values()))
        if pattern.must == OPEN:
            assert one.failures is None and one.right is None
            continue
        right = sum(pair.labels == verdict for pair, verdict in zip(pairs, verdicts, strict=True))
        assert one.right is not None and one.right.hits == right
        assert one.failures is not None and one.failures.hits == len(one.failed)
        assert one.failures.hits == (30 - sum(turned) if pattern.must == DIFFER else sum(turned))
        assert [failed.surety for failed in one.failed] == sorted((o.surety for o in one.failed), reverse=True)
    for must in RELATIONS:
        relation, of_it = result.relation(must), [one for one in result.patterns if one.must == must]
        assert relation is not None and relation.pattern is None
        assert (relation.pairs, relation.clusters) == (sum(one.pairs for one in of_it), len(of_it))
        assert relation.turned.hits == sum(one.turned.hits for one in of_it)


def test_three_classes_are_counted_by_their_names() -> None:
    drawn = [pair for pattern in composer.named(FEW) for pair in pattern.draw(12, 0)]
    words = sorted({word for pair in drawn for word in pair.a.split()})
    model = random_checkpoint("gru", words, labels=("positive", "neutral", "negative"))
    result = suite(model, pairs=12, patterns=FEW)
    assert result.patterns[0].pairs and result.patterns[0].right is not None
    for one, pattern in zip(result.patterns, composer.named(FEW), strict=True):
        both = [(pair, verdict(model, pair.a), verdict(model, pair.b)) for pair in pattern.draw(12, 0)]
        assert one.turned.hits == sum(a.label != b.label for _pair, a, b in both)
        if one.right is not None:
            assert one.right.hits == sum(pair.labels == (a.label, b.label) for pair, a, b in both)
        for outcome in one.failed:
            for text, chance, label, margin in (
                (outcome.pair.a, outcome.probability_a, outcome.label_a, outcome.margin_a),
                (outcome.pair.b, outcome.probability_b, outcome.label_b, outcome.margin_b),
            ):
                said = verdict(model, text)
                assert (label, pytest.approx(margin, abs=1e-5)) == (said.label, said.margin)
                assert chance == pytest.approx(said.distribution[0], abs=1e-6)
    with pytest.raises(LookupError):
        suite(random_checkpoint("gru", words, labels=("late", "lost", "fine")))


def test_an_interval_by_hand() -> None:
    """Two clusters of two and four pairs: 2 of 2 and 1 of 4 turn, so r = 1/2, v = 2 (1² + 1²) / 36 = 1/9.

    n* = min(6, (1/4) / (1/9) (t₅ / t₁)²) = 2.25 (2.571 / 12.706)² = 0.0921, so that the interval is nearly all.
    """
    low, high = clustered_interval([2, 1], [2, 4])
    assert low == pytest.approx(1 - high) and low < 1e-9
    even = clustered_interval([1, 2], [2, 4])  # v = 0: six independent pairs, Clopper-Pearson for 3 of 6
    assert even == pytest.approx((0.1181, 0.8819), abs=1e-4)
    everything = clustered_interval([2, 4], [2, 4])  # each cluster counts as one: 2 of 2, 0.025^(1/2)
    assert everything == pytest.approx((0.025**0.5, 1))


def test_a_checkpoint_answers_as_its_predictor_and_pairs_that_it_reads_as_one_are_left_out(
    tiny_checkpoints: Path,
) -> None:
    model = checkpoints.load("lstm", tiny_checkpoints)
    result = suite(model, pairs=12, patterns=FEW)
    for one, pattern in zip(result.patterns, composer.named(FEW), strict=True):
        pairs = pattern.draw(12, 0)
        known = [[tuple(w if w in model.vocabulary else "" for w in t.split()) for t in (p.a, p.b)] for p in pairs]
        apart = [pair for pair, (a, b) in zip(pairs, known, strict=True) if a != b]
        assert (one.pairs, one.left_out) == (len(apart), 12 - len(apart))
        for outcome in one.failed:
            both = predictor(model)([outcome.pair.a.split(), outcome.pair.b.split()])
            np.testing.assert_allclose(both, [outcome.probability_a, outcome.probability_b], atol=1e-6)
    swap = result.patterns[1]
    assert (swap.pairs, swap.left_out, swap.clusters) == (0, 12, 0), "it knows neither of the two persons"
    assert (swap.turned.share, swap.turned.interval) == (None, None)


def test_progress_counts_pairs_and_ends_where_it_is_cancelled() -> None:
    events = list(run(box(numbers_of), Settings(3, patterns=FEW)))
    assert [event.done for event in events] == [0, 3, 6, 9, 12] and events[0].total == 12
    assert events[0].result().patterns == events[0].result().relations == ()
    assert [one.pattern for one in events[2].result().patterns] == list(FEW[:2])

    def cancel() -> None:
        raise InterruptedError

    cancelled = run(box(numbers_of), Settings(3, patterns=FEW), cancel)
    assert next(cancelled).done == 0
    with pytest.raises(InterruptedError):
        next(cancelled)


def test_invalid_numbers_are_refused() -> None:
    for settings, message in (
        ({"pairs": 0}, "at least 1; given: 0"),
        ({"seed": -1}, "at least 0; given: -1"),
    ):
        with pytest.raises(ValueError, match=message):
            Settings(**settings)


def test_an_unknown_pattern_and_bad_answers_are_refused() -> None:
    with pytest.raises(LookupError, match="no pattern 'love'; available: moved negation"):
        Settings(patterns=("love",))

    def nothing(texts: Sequence[str]) -> list[float]:
        return [0.5] * (len(texts) - 1)

    nothing.labels = SENTIMENT  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="gave 5 numbers"):
        suite(BlackBox(nothing, "tests.made:up"), pairs=3, patterns=("role swap",))

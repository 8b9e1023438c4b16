"""Boosting: the laws of its rounds, a worked example, a slow replica, scikit-learn, brute force, three forms."""

from __future__ import annotations

import math
import warnings
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import AdaBoostClassifier
from sklearn.tree import DecisionTreeClassifier

from core.lab.boosting.points import draw
from core.lab.boosting.samme import (
    CHANCE,
    FORMS,
    M1,
    PERFECT,
    RISK,
    ROUNDS,
    Boosting,
    boost,
    error_bound,
    exponents,
    minima,
    normaliser,
    one_hot,
)
from core.lab.boosting.stumps import GINI, boost_stumps, least_error_stump, regions

CLOUDS = [("rings", 2), ("blobs", 3), ("spirals", 5)]


def boosted(name: str, classes: int, rounds: int = 25) -> Boosting:
    return boost_stumps(draw(name, classes, 90, 3), rounds)


def alpha(error: float, classes: int) -> float:
    """The formula as it stands."""
    return (classes - 1) / classes * math.log((classes - 1) * (1 - error) / error)


def guessing(labels: np.ndarray, classes: int, rounds: int, seed: int, share: float) -> Boosting:
    """Boost learners that name the right class for a share of the rows, more or less, and any for the others."""
    random = np.random.default_rng(seed)

    def learn(weights: np.ndarray) -> tuple[object, np.ndarray]:
        any_class = random.integers(0, classes, len(labels))
        return None, np.where(random.random(len(labels)) < share, labels, any_class)

    return boost(labels, classes, learn, rounds)


def assert_laws(found: Boosting) -> None:
    before = 1.0
    total = 0.0
    for made in found.rounds:
        if math.isinf(made.alpha):
            continue
        wrong = made.named != found.labels
        total += made.alpha
        assert made.weights.sum() == pytest.approx(1, abs=1e-12)
        assert made.weights == pytest.approx(found.weights(made.number - 1), rel=1e-9)
        assert made.error == pytest.approx(made.weights[wrong].sum(), abs=1e-12)
        assert made.error < 1 - 1 / found.classes and made.alpha > 0
        assert made.alpha == pytest.approx(alpha(made.error, found.classes), rel=1e-9)
        # Under the weights that follow, the learner is chance.
        assert found.weights(made.number)[wrong].sum() == pytest.approx(1 - 1 / found.classes, abs=1e-9)
        # The risk by its definition is the product of the factors, and falls.
        by_definition = np.exp(exponents(found.votes(made.number), found.labels)).mean()
        assert made.risk == pytest.approx(by_definition, rel=1e-9)
        assert made.risk == pytest.approx(before * made.normaliser, rel=1e-9)
        assert made.normaliser == pytest.approx(normaliser(made.alpha, made.error, found.classes), rel=1e-9)
        assert made.risk < before
        before = made.risk
        # What the risk bounds.
        assert made.outvoted <= made.risk * (1 + 1e-9)
        assert made.training_error <= error_bound(made.risk, total, found.classes) * (1 + 1e-9)
        if found.classes == 2:
            assert made.training_error <= made.risk * (1 + 1e-9)
        margins = found.margins(made.number)
        assert ((margins >= -1) & (margins <= 1)).all()
        right = found.votes(made.number).argmax(axis=1) == found.labels
        assert right[margins > 1e-9].all() and not right[margins < -1e-9].any()
        assert made.training_error == pytest.approx((~right).mean())


@pytest.mark.parametrize(("name", "classes"), CLOUDS)
def test_every_round_of_stumps_obeys_the_laws(name: str, classes: int) -> None:
    found = boosted(name, classes)
    assert found.stopped == ROUNDS and len(found.rounds) == 25
    assert_laws(found)


@given(classes=st.integers(2, 6), seed=st.integers(0, 10_000), share=st.floats(0.05, 0.95))
def test_every_round_of_any_voters_obeys_the_laws(classes: int, seed: int, share: float) -> None:
    labels = np.random.default_rng(seed).permutation(np.arange(40) % classes)
    assert_laws(guessing(labels, classes, 6, seed, share))


def test_a_round_worked_by_hand() -> None:
    """Six points, three classes, two of them wrong: ε = 1/3, α = 2/3 log 4, Z = 4^(1/3)/2; then D is 1/12 and 1/3."""
    labels, named = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 1, 1, 2, 0])
    found = boost(labels, 3, lambda weights: (None, named), 1)
    (made,) = found.rounds
    assert made.weights == pytest.approx(np.full(6, 1 / 6))
    assert (made.error, made.training_error, made.outvoted) == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert made.alpha == pytest.approx(2 / 3 * math.log(4))
    assert (made.normaliser, made.risk) == pytest.approx((4 ** (1 / 3) / 2,) * 2)
    assert found.weights(1) == pytest.approx([1 / 12, 1 / 3, 1 / 12, 1 / 12, 1 / 12, 1 / 3])
    assert found.margins() == pytest.approx([1, -1, 1, 1, 1, -1])
    assert normaliser(2 * math.log(4), 1 / 3, 3) == pytest.approx(2 / 3 / 16 + 4 / 3)


def test_two_classes_are_adaboost_m1() -> None:
    """Freund & Schapire's, written plainly: α = ½ log((1−ε)/ε), D(i) e^{−α y h} / Z with labels −1 and 1."""
    found = boosted("rings", 2)
    y = np.where(found.labels == 1, 1.0, -1.0)
    d = np.full(len(y), 1 / len(y))
    for made in found.rounds:
        h = np.where(made.named == 1, 1.0, -1.0)
        error = sum(d[i] for i in range(len(y)) if h[i] != y[i])
        a = 0.5 * math.log((1 - error) / error)
        assert made.alpha == pytest.approx(a, rel=1e-9)
        assert made.weights == pytest.approx(d, rel=1e-7)
        d = d * np.exp(-a * y * h)
        assert made.normaliser == pytest.approx(d.sum(), rel=1e-9)
        assert d.sum() == pytest.approx(2 * math.sqrt(error * (1 - error)), rel=1e-9)
        d /= d.sum()


def test_exponents_are_those_of_the_definition() -> None:
    votes, labels = np.array([[1.0, 2.0, 4.0], [0.5, 0.0, 0.0]]), np.array([1, 0])
    assert exponents(votes, labels) == pytest.approx([(1 + 4) / 2 - 2, -0.5])


@pytest.mark.parametrize(("name", "classes"), CLOUDS)
def test_alpha_is_where_the_risk_is_found_to_be_least(name: str, classes: int) -> None:
    checks = minima(boosted(name, classes)).values()
    assert len(checks) == 25
    assert max(check.difference for check in checks) < 1e-6


def test_no_stump_has_less_weighted_error() -> None:
    random = np.random.default_rng(0)
    for trial in range(60):
        classes, count = 2 + trial % 3, 3 + trial % 6
        points = random.integers(0, 4, (count, 2)).astype(float)
        labels, weights = random.permutation(np.arange(count) % classes), random.dirichlet(np.ones(count))
        least = min(
            float(weights[np.where(points[:, axis] <= cut, below, above) != labels].sum())
            for axis in (0, 1)
            for cut in (*points[:, axis], -1.0)
            for below in range(classes)
            for above in range(classes)
        )
        found = least_error_stump(points, labels, weights)
        assert float(weights[found(points) != labels].sum()) == pytest.approx(least)


def test_a_stump_lies_midway_and_the_first_of_equals_is_taken() -> None:
    labels = np.array([0, 1, 0, 1])
    points = np.array([[0.0, 3.0], [1.0, 2.0], [2.0, 1.0], [3.0, 0.0]])
    found = least_error_stump(points, labels, np.full(4, 0.25))
    assert (found.axis, found.threshold, found.below, found.above) == (0, 0.5, 0, 1)


@pytest.mark.parametrize("classes", [2, 3])
def test_the_forms_of_the_vote(classes: int) -> None:
    """SAMME's is K/(K−1) times the risk's and gives the same weights; M1's are those of Freund & Schapire's β."""
    labels, first = np.arange(8) % classes, np.arange(1, 9) / 36
    named = [np.where(np.isin(np.arange(8), wrong), (labels + 1) % classes, labels) for wrong in ([0, 3], [1, 5], [2])]

    def rounds(form: str) -> Boosting:
        answers = iter(named)
        return boost(labels, classes, lambda _weights: (None, next(answers)), 3, form, first)

    risk, samme, m1 = map(rounds, FORMS)
    weights = first.copy()
    for one, other, third in zip(risk.rounds, samme.rounds, m1.rounds, strict=True):
        assert samme.scale * other.alpha == pytest.approx(math.log((1 - one.error) / one.error) + math.log(classes - 1))
        assert other.weights == pytest.approx(one.weights)
        error = weights[third.named != labels].sum()
        beta = error / (1 - error)
        assert (third.weights, m1.scale * third.alpha) == (pytest.approx(weights), pytest.approx(math.log(1 / beta)))
        weights = weights * np.where(third.named == labels, beta, 1)
        weights /= weights.sum()
    assert (len(minima(m1)), max(found.difference for found in minima(risk).values()) < 1e-6) == (
        3 * (classes == 2),
        True,
    )


def test_m1_needs_less_than_one_half() -> None:
    labels = np.array([0, 1, 2, 0, 1, 2])
    named = np.array([0, 1, 2, 1, 2, 0])
    ended = {form: boost(labels, 3, lambda _w: (None, named), 1, form) for form in (RISK, M1)}
    assert (ended[RISK].stopped, ended[M1].stopped, ended[M1].refused) == (ROUNDS, CHANCE, pytest.approx(0.5))


@given(classes=st.integers(2, 12), share=st.floats(1e-6, 0.999))
def test_with_k_times_alpha_the_risk_never_falls(classes: int, share: float) -> None:
    error = share * (1 - 1 / classes)
    factor = normaliser(classes * alpha(error, classes), error, classes)
    rho = (classes - 1) * (1 - error) / error
    expected = (rho ** (2 - classes) + (classes - 1) * rho) / (rho + classes - 1)
    assert factor == pytest.approx(expected, rel=1e-6)
    assert factor >= 1 - 1e-9
    if classes == 2:
        assert factor == pytest.approx(1)
    assert normaliser(alpha(error, classes), error, classes) < 1


@pytest.mark.parametrize(("name", "classes"), CLOUDS)
def test_scikit_learn_boosts_the_same_stumps_to_the_same_verdicts(name: str, classes: int) -> None:
    cloud = draw(name, classes, 90, 3)
    theirs = AdaBoostClassifier(DecisionTreeClassifier(max_depth=1), n_estimators=25, random_state=0)
    theirs.fit(cloud.points, cloud.labels)

    def learn(weights: np.ndarray) -> tuple[object, np.ndarray]:
        tree = theirs.estimators_[len(used)]
        used.append(tree)
        return tree, tree.predict(cloud.points)

    used: list[object] = []
    ours = boost(cloud.labels, classes, learn, 25)
    assert [made.error for made in ours.rounds] == pytest.approx(theirs.estimator_errors_, abs=1e-9)
    scale = classes / (classes - 1)
    assert [scale * made.alpha for made in ours.rounds] == pytest.approx(theirs.estimator_weights_, abs=1e-8)
    for number, predicted in enumerate(theirs.staged_predict(cloud.points), 1):
        votes = ours.votes(number)
        top = np.sort(votes, axis=1)
        decided = top[:, -1] - top[:, -2] > 1e-9  # equal votes are anybody's
        assert (votes.argmax(axis=1) == predicted)[decided].all() and decided.mean() > 0.5


def test_our_own_stumps_are_scikit_learns_and_so_are_the_regions() -> None:
    cloud = draw("blobs", 3, 120, 1)
    found = boost_stumps(cloud, 15, GINI)
    theirs = AdaBoostClassifier(DecisionTreeClassifier(max_depth=1), n_estimators=15, random_state=0)
    theirs.fit(cloud.points, cloud.labels)
    assert [made.error for made in found.rounds] == pytest.approx(theirs.estimator_errors_, abs=1e-9)
    plane = regions(found, cloud.points, 15)
    random = np.random.default_rng(0)
    places = random.uniform([plane.x_edges[0], plane.y_edges[0]], [plane.x_edges[-1], plane.y_edges[-1]], (500, 2))
    columns = np.searchsorted(plane.x_edges, places[:, 0]) - 1
    rows = np.searchsorted(plane.y_edges, places[:, 1]) - 1
    assert (plane.winners[rows, columns] == theirs.predict(places)).all()


def test_with_three_classes_the_risk_does_not_bound_the_error() -> None:
    found = boosted("rings", 3, 60)
    assert any(made.training_error > made.risk for made in found.rounds)
    assert_laws(found)


# The two ends


def test_a_perfect_learner_ends_it_and_decides_alone() -> None:
    cloud = draw("apart", 2, 60, 0)
    found = boost_stumps(cloud, 10)
    (made,) = found.rounds
    assert found.stopped == PERFECT
    assert (made.error, made.alpha, made.risk, made.training_error) == (0, math.inf, 0, 0)
    assert (found.margins() == 1).all() and minima(found) == {}
    assert (found.votes() == one_hot(cloud.labels, 2)).all()
    assert (regions(found, cloud.points, 1).winners == [[0, 1]]).all()


def test_a_perfect_learner_outvotes_all_before_it() -> None:
    labels = np.array([0, 0, 1, 1])
    answers = iter([np.array([0, 1, 1, 1]), labels])
    found = boost(labels, 2, lambda weights: (None, next(answers)), 5)
    assert [made.training_error for made in found.rounds] == [0.25, 0]
    assert found.stopped == PERFECT and (found.margins() == 1).all()
    assert found.margins(1).tolist() == [1, -1, 1, 1]


@pytest.mark.parametrize("classes", [2, 3, 4, 6])
def test_a_learner_no_better_than_chance_is_refused(classes: int) -> None:
    cloud = draw("squares", classes, 100, 5)
    found = boost_stumps(cloud, 10)
    assert found.stopped == CHANCE and found.rounds == ()
    assert found.refused == pytest.approx(1 - 1 / classes)
    assert (found.votes() == 0).all() and (found.margins() == 0).all()
    if classes == 2:  # with more of them scikit-learn, which allows nothing for rounding, may go on
        with pytest.raises(ValueError, match="worse than random"):
            AdaBoostClassifier(DecisionTreeClassifier(max_depth=1)).fit(cloud.points, cloud.labels)


def test_a_learner_that_says_the_same_again_is_chance_by_then() -> None:
    labels, named = np.array([0, 0, 1, 2]), np.array([0, 0, 0, 2])
    found = boost(labels, 3, lambda weights: (None, named), 10)
    assert len(found.rounds) == 1 and found.stopped == CHANCE
    assert found.refused == pytest.approx(2 / 3)


def test_many_rounds_neither_overflow_nor_warn() -> None:
    cloud = draw("apart", 3, 30, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = boost_stumps(cloud, 300)
    assert len(found.rounds) == 300
    weights = np.array([made.weights for made in found.rounds])
    assert np.isfinite(weights).all() and weights.sum(axis=1) == pytest.approx(1)
    assert all(later.risk <= made.risk for made, later in pairwise(found.rounds))


def test_extreme_votes_and_rounds_out_of_bounds() -> None:
    assert normaliser(1e6, 0.5, 2) == math.inf and normaliser(1e6, 0.0, 2) == pytest.approx(0)
    for rounds in (0, 1_001):
        with pytest.raises(ValueError, match=f"{rounds:,} rounds.*1 to 1,000"):
            boosted("rings", 2, rounds)

"""The clustered interval against numbers worked by hand, its edges, and how often it holds the truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import betainc

from core.evaluation.clustered_intervals import clustered_interval


def test_templates_of_unlike_sizes_by_hand() -> None:
    # r = 6/20; residuals −2.4, 3, −0.6; v = 3/2 · (5.76 + 9 + 0.36) / 400 = 0.0567; r (1 − r) / v = 3.703704;
    # t of 19 and of 2 degrees of freedom: 2.093024 and 4.302653; n* = 3.703704 · 0.236634 = 0.876422
    low, high = clustered_interval([0, 6, 0], [8, 10, 2])
    n = 0.876422
    assert betainc(0.3 * n, 0.7 * n + 1, low) == pytest.approx(0.025, abs=1e-6), "Clopper and Pearson's ends"
    assert betainc(0.3 * n + 1, 0.7 * n, high) == pytest.approx(0.975, abs=1e-6)


def test_where_nothing_or_everything_fails_each_template_counts_once() -> None:
    # No failure in G trials: the upper end u has (1 − u)^G = 0.025.
    assert clustered_interval([0, 0, 0], [24, 10, 2]) == pytest.approx((0, 1 - 0.025 ** (1 / 3)))
    assert clustered_interval([24, 10, 2], [24, 10, 2]) == pytest.approx((0.025 ** (1 / 3), 1))


def test_one_template_has_wilsons_interval_of_its_cases() -> None:
    # (k + z²/2 ± z √(k (n − k) / n + z²/4)) / (n + z²), k = 1, n = 4, z² = 3.841459
    expected = (0.0455872, 0.6993582)
    assert clustered_interval([1], [4]) == pytest.approx(expected, abs=1e-6)
    assert clustered_interval([0, 1, 0], [0, 4, 0]) == pytest.approx(expected, abs=1e-6), "the others have no case"


def test_templates_that_are_all_alike_are_worth_their_cases_and_no_more() -> None:
    # Half of the cases of each fail: v is 0, n* = N = 4; Clopper and Pearson's interval of 2 of 4.
    assert clustered_interval([1, 1], [2, 2]) == pytest.approx((0.0675860, 0.9324140), abs=1e-6)


def test_more_fillers_of_the_same_templates_hardly_narrow_it_but_more_templates_do() -> None:
    def width(failures: list[int], cases: list[int]) -> float:
        low, high = clustered_interval(failures, cases)
        return high - low

    once = width([0, 10, 0, 10, 0, 10], [10] * 6)
    assert width([0, 1000, 0, 1000, 0, 1000], [1000] * 6) > 0.95 * once, "a template's fillers say one thing"
    assert width([0, 10, 0, 10, 0, 10] * 4, [10] * 24) < 0.6 * once
    assert width([5] * 6, [10] * 6) < once, "the same failures, spread evenly, leave less doubt"


def test_order_and_names_of_templates_do_not_matter_and_the_rate_lies_inside() -> None:
    rng = np.random.default_rng(3)
    for _ in range(200):
        cases = rng.integers(1, 30, rng.integers(2, 12))
        failures = rng.integers(0, cases + 1)
        low, high = clustered_interval(failures.tolist(), cases.tolist())
        assert 0 <= low <= failures.sum() / cases.sum() <= high <= 1
        other = rng.permutation(len(cases))
        assert clustered_interval(failures[other].tolist(), cases[other].tolist()) == pytest.approx((low, high))
        passed = clustered_interval((cases - failures).tolist(), cases.tolist())
        assert passed == pytest.approx((1 - high, 1 - low)), "of passing it is the mirror image"


@pytest.mark.parametrize(("templates", "least"), [(8, 0.87), (15, 0.92)])
def test_it_holds_the_true_rate_of_templates_drawn_at_random_and_a_bootstrap_does_not(
    templates: int, least: float
) -> None:
    rng = np.random.default_rng(4)
    held, runs, rate = np.zeros(2), 400, 0.15
    for _ in range(runs):
        cases = rng.integers(12, 25, templates)
        failures = rng.binomial(cases, rng.beta(rate, 1 - rate, templates))  # most fail seldom or nearly always
        drawn = rng.integers(0, templates, (200, templates))
        rates = failures[drawn].sum(axis=1) / cases[drawn].sum(axis=1)
        for number, (low, high) in enumerate(
            (clustered_interval(failures.tolist(), cases.tolist()), np.quantile(rates, (0.025, 0.975)))
        ):
            held[number] += low <= rate <= high
    ours, percentile = held / runs
    assert least < ours < 1 and percentile < 0.9


@pytest.mark.parametrize(
    ("failures", "cases"), [([], []), ([0], [0]), ([2], [1]), ([-1, 2], [2, 2]), ([1], [1, 2]), ([[1]], [[2]])]
)
def test_counts_that_cannot_be_are_refused(failures: list[int], cases: list[int]) -> None:
    with pytest.raises(ValueError, match="as many failures as cases or fewer"):
        clustered_interval(failures, cases)

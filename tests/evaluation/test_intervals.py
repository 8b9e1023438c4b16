"""Shares, differences and means against worked examples, published figures and their own laws."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.intervals import Mean, Share, bootstrap_mean, difference, share
from core.evaluation.metrics import wilson_interval


def of(hits: int, rows: int) -> Share:
    return share(np.arange(rows) < hits)


def test_a_share_has_wilsons_interval() -> None:
    assert of(1, 4) == Share(1, 4, 0.25, wilson_interval(1, 4))
    assert of(0, 0) == Share(0, 0, None, None)
    assert difference(of(1, 2), of(0, 0)) is None and difference(of(0, 0), of(1, 2)) is None


@pytest.mark.parametrize(
    ("a", "b", "interval"),
    [  # Newcombe 1998, table II, method 10
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((5, 56), (0, 29), (-0.0381, 0.1926)),
        ((10, 10), (0, 10), (0.6075, 1.0)),
    ],
)
def test_differences_are_newcombes(a: tuple[int, int], b: tuple[int, int], interval: tuple[float, float]) -> None:
    found = difference(of(*a), of(*b))
    assert found is not None and found.rows == a[1] + b[1]
    assert found.mean == pytest.approx(a[0] / a[1] - b[0] / b[1])
    assert found.interval == pytest.approx(interval, abs=5e-5)
    back = difference(of(*b), of(*a))
    assert back is not None and back.interval == pytest.approx((-interval[1], -interval[0]), abs=5e-5)


def test_the_bootstrap_agrees_with_the_normal_interval_of_many() -> None:
    values = np.random.default_rng(1).normal(0.3, 2, 4_000)
    found = bootstrap_mean(values)
    half = 1.96 * values.std(ddof=1) / 4_000**0.5
    assert found.mean == values.mean()
    assert found.interval == pytest.approx((values.mean() - half, values.mean() + half), abs=0.05 * half)


def test_the_bootstrap_is_seeded_and_holds_its_mean() -> None:
    values = np.array([0.0, 0.0, 1.0])
    found = bootstrap_mean(values)
    assert bootstrap_mean(values) == found
    # Three draws of three: none is the 1 with chance 8/27, all are with 1/27, so these are the 2.5 % and 97.5 % points.
    assert found.interval == (0.0, 1.0) and found.rows == 3
    assert bootstrap_mean(np.full(5, 0.25)) == Mean(5, 0.25, (0.25, 0.25))
    with pytest.raises(ValueError, match="at least one"):
        bootstrap_mean(np.array([]))

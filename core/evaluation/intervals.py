"""How often, and how sure is that? Shares, differences of shares and of means, with 95 % intervals.

A share has Wilson's interval. The difference of two shares of separate texts has Newcombe's (1998, "Interval estimation
for the difference between independent proportions", method 10): the two Wilson intervals combined. What is measured
twice on the same texts is a mean of one number a text, whose interval is the percentile bootstrap's over texts (Efron &
Tibshirani 1993), so that a text counts once however many wordings of it there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.evaluation.metrics import wilson_interval

RESAMPLES = 10_000
_AT_ONCE = 2_000_000  # numbers drawn at a time


@dataclass(frozen=True)
class Share:
    """`hits` of `rows`; share and interval are None where there is no row."""

    hits: int
    rows: int
    share: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Mean:
    """A mean over `rows` texts, or a difference, and its interval."""

    rows: int
    mean: float
    interval: tuple[float, float]


def share(hits: np.ndarray) -> Share:
    """How many of the truth values [N] are true."""
    count, rows = int(hits.sum()), len(hits)
    return Share(count, rows, count / rows, wilson_interval(count, rows)) if rows else Share(0, 0, None, None)


def difference(a: Share, b: Share) -> Mean | None:
    """Share a minus share b, of separate texts, by Newcombe's method; None where one of them has no row."""
    if a.share is None or b.share is None or a.interval is None or b.interval is None:
        return None
    gap = a.share - b.share
    low = gap - float(np.hypot(a.share - a.interval[0], b.interval[1] - b.share))
    high = gap + float(np.hypot(a.interval[1] - a.share, b.share - b.interval[0]))
    return Mean(a.rows + b.rows, gap, (low, high))


def bootstrap_mean(values: np.ndarray) -> Mean:
    """The mean of one number a text [N] and the bootstrap's interval. Raises ValueError for no number."""
    if not len(values):
        raise ValueError("a mean needs at least one text")
    random = np.random.default_rng(0)
    means = np.empty(RESAMPLES)
    step = max(1, _AT_ONCE // len(values))
    for start in range(0, RESAMPLES, step):
        drawn = random.integers(0, len(values), (min(step, RESAMPLES - start), len(values)))
        means[start : start + step] = values[drawn].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return Mean(len(values), float(values.mean()), (float(low), float(high)))

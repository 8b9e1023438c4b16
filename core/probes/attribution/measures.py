"""What is measured of how faithful a ranking of words is. `attribution.faithfulness` defines the measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from core.runtime.i18n import gettext as _

PERCENTS = (1, 5, 10, 20, 50)  # of the tokens, ERASER's bins
MEASURES = ("comprehensiveness", "sufficiency", "comprehensiveness_logit", "sufficiency_logit", "loo_tau", "infidelity")
SATURATED = 0.999


@dataclass(frozen=True)
class Spread:
    """A measure over random rankings: its mean and the range that holds the middle 95 % of them."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Curve:
    """A loss of probability at every bin, float64 [B], and the mean and range of random rankings there."""

    losses: np.ndarray
    random: tuple[Spread, ...]


@dataclass(frozen=True)
class Faithfulness:
    """How faithful one ranking of one sentence's tokens is to one model.

    `removal` is what taking out means, `removed` the number of tokens at each bin. `probability` is that of the
    predicted class, `predicted`. The measures are as `attribution.faithfulness` says, AOPC for the first four; None
    where there is nothing to measure (a single token, scores or losses all alike, a logit that nothing moves). `random`
    has each measure's spread over `randoms` random rankings; `better` is the share of these with less comprehensiveness
    − sufficiency, equal ones counting half.
    """

    removal: str
    predicted: str
    probability: float
    removed: tuple[int, ...]
    comprehensiveness_curve: Curve
    sufficiency_curve: Curve
    comprehensiveness: float
    sufficiency: float
    comprehensiveness_logit: float
    sufficiency_logit: float
    loo_tau: float | None
    infidelity: float | None
    random: Mapping[str, Spread | None]
    better: float
    seed: int
    randoms: int
    perturbations: int

    @property
    def overall(self) -> float:
        """Comprehensiveness minus sufficiency."""
        return self.comprehensiveness - self.sufficiency

    @property
    def ranking_matters(self) -> bool:
        """Whether it makes a difference which words are taken out first."""
        spreads = (self.random["comprehensiveness"], self.random["sufficiency"])
        return any(one is not None and one.high - one.low > ROUNDING for one in spreads)

    @property
    def warning(self) -> str:
        """What a reader must know before trusting the numbers; empty where there is nothing."""
        if self.probability >= SATURATED:
            return _(
                "P({predicted}) is {probability:.6f}: so sure a verdict hardly moves as a probability; "
                "the figures in logits tell more"
            ).format(predicted=self.predicted, probability=self.probability)
        return ""

    def as_json(self) -> dict[str, object]:
        """The measures, their spread over random rankings and what to know before trusting them, for JSON."""
        return {
            **{name: getattr(self, name) for name in MEASURES},
            "better_than_random": self.better,
            "warning": self.warning,
            "removal": self.removal,
            "percents": PERCENTS,
            "removed": self.removed,
            "curves": {
                "comprehensiveness": self.comprehensiveness_curve.losses.tolist(),
                "sufficiency": self.sufficiency_curve.losses.tolist(),
            },
            "random": {name: spread and asdict(spread) for name, spread in self.random.items()},
            "randoms": self.randoms,
            "seed": self.seed,
        }


ROUNDING = 1e-6
"""Losses, in logits or probability, that differ by less are alike: float32 answers, and sums in another order."""


def spread(found: np.ndarray) -> Spread:
    """The mean of numbers and the range of their middle 95 %."""
    low, high = np.quantile(found, (0.025, 0.975))
    return Spread(float(np.mean(found)), float(low), float(high))


def kendall_tau(a: np.ndarray, b: np.ndarray, room: float = 0.0) -> np.ndarray:
    """Kendall's τ-b (1945) of each row of a [M, n] with b [n], float64 [M]; "not a number" where one is all alike.

    Numbers of b that are apart by no more than `room` are alike.
    """
    upper = np.triu_indices(len(b), 1)
    apart = b[upper[0]] - b[upper[1]]
    other = np.where(np.abs(apart) <= room, 0, np.sign(apart))
    found = np.full(len(a), np.nan)
    for row, values in enumerate(a):
        signs = np.sign(values[upper[0]] - values[upper[1]])
        untied = np.count_nonzero(signs) * np.count_nonzero(other)
        if untied:
            found[row] = (signs @ other) / np.sqrt(untied)
    return found

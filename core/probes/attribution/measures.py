"""What is measured of how faithful a ranking of words is. `attribution.faithfulness` defines the measures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from core.data.targets import Target, probability_of
from core.runtime.i18n import gettext as _

PERCENTS = (1, 5, 10, 20, 50)  # of the tokens, ERASER's bins
MEASURES = ("comprehensiveness", "sufficiency", "comprehensiveness_logit", "sufficiency_logit", "loo_tau", "infidelity")
SATURATED = 0.999


@dataclass(frozen=True)
class Spread:
    """A measure over random rankings: its mean and the range of the middle 95 %."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Curve:
    """The loss of probability at every bin, float64 [B], and that of random rankings."""

    losses: np.ndarray
    random: tuple[Spread, ...]


@dataclass(frozen=True)
class Faithfulness:
    """How faithful one ranking of one sentence's tokens is to one model.

    `removal` is the removal method, `removed` the number of tokens at each bin of `percents`, `probability` that of the
    `target`, which is the predicted of two classes. `attribution.faithfulness` defines the measures, AOPC for the first
    four; None where there is nothing to measure. `random` has each measure's spread over `randoms` random rankings;
    `better` is the share of these with less comprehensiveness − sufficiency, ties counting half.
    """

    removal: str
    target: Target
    probability: float
    percents: tuple[int, ...]
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

    @property
    def overall(self) -> float:
        """Comprehensiveness minus sufficiency."""
        return self.comprehensiveness - self.sufficiency

    @property
    def ranking_matters(self) -> bool:
        """Whether the order in which words are taken out makes a difference."""
        spreads = (self.random["comprehensiveness"], self.random["sufficiency"])
        return any(spread is not None and spread.high - spread.low > ROUNDING for spread in spreads)

    @property
    def warning(self) -> str:
        """What a reader must know before trusting the numbers, or ""."""
        if max(self.probability, 1 - self.probability) >= SATURATED:
            return _(
                "{chance} is {probability:.6f}: such a certain verdict hardly changes as a probability; look at the "
                "figures in logits"
            ).format(chance=probability_of(self.target), probability=self.probability)
        return ""

    def as_json(self) -> dict[str, object]:
        """The result for JSON."""
        return {
            **{name: getattr(self, name) for name in MEASURES},
            "better_than_random": self.better,
            "warning": self.warning,
            "removal": self.removal,
            "percents": self.percents,
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
"""Losses, in logits or probability, that differ by less are equal: float32 answers, and sums in another order."""


def spread(values: np.ndarray) -> Spread:
    """The mean of numbers and the range of their middle 95 %."""
    low, high = np.quantile(values, (0.025, 0.975))
    return Spread(float(np.mean(values)), float(low), float(high))


def kendall_tau(a: np.ndarray, b: np.ndarray, tolerance: float = 0.0) -> np.ndarray:
    """Kendall's τ-b (1945) of each row of a [M, n] with b [n], float64 [M]; NaN where one is constant.

    Numbers of b no more than `tolerance` apart are equal.
    """
    upper = np.triu_indices(len(b), 1)
    differences = b[upper[0]] - b[upper[1]]
    signs_b = np.where(np.abs(differences) <= tolerance, 0, np.sign(differences))
    taus = np.full(len(a), np.nan)
    for row, values in enumerate(a):
        signs_a = np.sign(values[upper[0]] - values[upper[1]])
        untied = np.count_nonzero(signs_a) * np.count_nonzero(signs_b)
        if untied:
            taus[row] = (signs_a @ signs_b) / np.sqrt(untied)
    return taus


def agreement(scores: Sequence[np.ndarray], signed: Sequence[bool]) -> np.ndarray:
    """τ-b of every two methods' scores [n] of one text, [M, M]: 1 for the same ranking, −1 for the opposite one.

    Where one of the two is not `signed`, both are ranked by size. NaN, on the diagonal too, where a method gives all
    tokens the same score, as in a text of one token.
    """
    rows, signs = np.stack(scores), np.array(signed)
    taus = [
        np.where(signs & sign, kendall_tau(rows, own), kendall_tau(np.abs(rows), np.abs(own)))
        for own, sign in zip(rows, signs, strict=True)
    ]
    return np.stack(taus)


def mean_agreement(taus: np.ndarray) -> float | None:
    """The mean over all pairs of methods, of their τ-b [M, M] (NaN: undefined); None where no pair has one."""
    pairs = taus[np.triu_indices(len(taus), 1)]
    pairs = pairs[~np.isnan(pairs)]
    return float(pairs.mean()) if len(pairs) else None


def votes(scores: Sequence[np.ndarray]) -> list[tuple[int, int]]:
    """The tokens that methods give the largest size, and how many methods do, the most votes first."""
    return Counter(int(np.abs(one).argmax()) for one in scores).most_common()


def strongest(support: np.ndarray, most: int) -> list[int]:
    """The fewest tokens that have half of the positive support [n], `most` at most, in the order of the text."""
    order = np.argsort(-support, kind="stable")
    ahead = np.cumsum(np.maximum(support[order], 0))
    enough = int(np.searchsorted(ahead, ahead[-1] / 2)) + 1
    return sorted(position for position in order[: min(enough, most)].tolist() if support[position] > 0)

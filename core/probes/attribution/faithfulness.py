"""Can an explanation be trusted? Its scores against what the model does when words are taken out.

The *support* of a token is its score, an unsigned one too. Where the model's target is compared with one class, as of
two classes, the sign is turned so that more speaks for the likelier of both. With p the probability of the target, or
of that class (DeYoung et al. 2020, "ERASER"), and r_k the k tokens of most support,

    comprehensiveness  p(text) − p(text without r_k)    high where the tokens named are needed
    sufficiency        p(text) − p(r_k alone)           low where they are enough

at k = 1, 5, 10, 20 and 50 % of the tokens, rounded up as in the authors' code; the mean over these five bins is the
area over the perturbation curve, AOPC. They delete tokens; here the removal method is a choice
(`core.probes.attribution.removal`). Probabilities near 1 hardly move, so the same means are given in logits.

    loo_tau     Kendall's τ-b between the support and what leaving out each token costs in logits
    infidelity  the share of the squared change of the logit that the scores leave unexplained when random sets of
                tokens are taken out: min_β≥0 E[(β·Σ support removed − change)²] / E[change²]

Infidelity is that of Yeh et al. 2019 with their optimal scale, Captum's ``infidelity(normalize=True)``, with two
changes: the scale may not be negative, so that a reversed explanation is not perfect; and it is divided by what scores
of zero get, so that 0 is perfect and 1 explains nothing. A set's size is drawn from 1 to n.

Each measure is also taken of random scores (independent normal, so all rankings are equally likely). Tokens of equal
support are ordered by all those random rankings, and the mean is taken: a constant method gets exactly their mean.
Axes: n tokens, R random rankings, B bins, T orders.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from core.data.targets import POSITIVE, Target, side
from core.models.predict import sigmoid
from core.probes.attribution.measures import (
    MEASURES,
    PERCENTS,
    ROUNDING,
    Curve,
    Faithfulness,
    Spread,
    kendall_tau,
    spread,
)
from core.probes.attribution.methods.tree import value_function
from core.probes.attribution.removal import CachedValues, CheckCancelled

if TYPE_CHECKING:
    from core.probes.attribution.results import Instance

RANDOMS = 100
PERTURBATIONS = 100

Values = Callable[[np.ndarray], np.ndarray]
"""The logit of subsets, bool [S, n]: float [S]."""


def yardstick(
    instance: Instance,
    baseline: str = "delete",
    *,
    seed: int = 0,
    randoms: int = RANDOMS,
    check_cancelled: CheckCancelled = lambda: None,
) -> Yardstick:
    """Measures every method on one text. Raises ValueError for an unknown baseline or no ranking."""
    v = value_function(instance, baseline)
    return Yardstick(
        lambda present: v.values(present, check_cancelled),
        len(v),
        removal=baseline,
        seed=seed,
        randoms=randoms,
        target=instance.target,
    )


class Yardstick:
    """What one sentence loses without its words, asked of the model once for all methods; threads may share it.

    `values` gives the logit of subsets of the n tokens, the log-odds of `target`. Raises ValueError for no token
    or no random ranking.
    """

    def __init__(
        self,
        values: Values,
        n: int,
        *,
        removal: str = "delete",
        seed: int = 0,
        randoms: int = RANDOMS,
        target: Target = POSITIVE,
    ):
        if min(n, randoms) < 1:
            raise ValueError(f"at least 1 token and random ranking are needed; given: {n:,} and {randoms:,}")
        self.n, self.removal, self.seed = n, removal, seed
        random = np.random.default_rng(seed)
        self._random = random.standard_normal((randoms, n))
        sizes = random.integers(1, n + 1, PERTURBATIONS)
        self._out = _ranks(random.random((PERTURBATIONS, n))) < sizes[:, None]  # bool [PERTURBATIONS, n]
        self._removed = tuple(-(-n * percent // 100) for percent in PERCENTS)
        self._values = CachedValues(values)
        top = self._top(_ranks(-self._random))
        shared = [np.ones((1, n), dtype=bool), ~np.eye(n, dtype=bool), ~self._out, top, ~top]
        self._values(np.concatenate([rows.reshape(-1, n) for rows in shared]))  # in one batch
        self.logit = float(self._values(np.ones((1, n), dtype=bool))[0])
        turned = target.turned()
        likelier = turned is None or side(target, self.logit) == (1, target.name)
        self._sign = 1 if likelier else -1
        self.target = target if likelier or turned is None else turned
        self.probability = float(sigmoid(np.array(self._sign * self.logit)))

    @cached_property
    def leave_one_out(self) -> np.ndarray:
        """What leaving out each token alone costs, in logits, float64 [n]."""
        losses: np.ndarray = self.logit - self._values(~np.eye(self.n, dtype=bool))
        return losses

    def check(self, scores: np.ndarray) -> np.ndarray:
        """Scores as float64 [n]. Raises ValueError unless they are n finite numbers."""
        scores = np.asarray(scores, dtype=np.float64)
        if scores.shape != (self.n,) or not np.isfinite(scores).all():
            raise ValueError(
                f"expected {self.n:,} finite scores, one a token; given: an array {scores.shape}"
                + ("" if np.isfinite(scores).all() else " with numbers that are not finite")
            )
        return scores

    def ask(self, scores: Sequence[np.ndarray], *, signed: Sequence[bool]) -> None:
        """Ask the model in one batch for what several methods need; the same errors as `measure`."""
        tops = [
            self._top(self._orders(self._support(one, sign))).reshape(-1, self.n)
            for one, sign in zip(scores, signed, strict=True)
        ]
        if tops:
            top = np.concatenate(tops)
            self._values(np.concatenate([top, ~top]))

    def measure(self, scores: np.ndarray, *, signed: bool = True) -> Faithfulness:
        """How faithful scores [n] are. Raises ValueError unless they are n finite numbers."""
        support = self._support(scores, signed)
        curves = self._curves(self._orders(support)).mean(axis=1)  # [4, B]
        aopc = dict(zip(MEASURES[:4], curves.mean(axis=1).tolist(), strict=True))
        (tau,), (infidelity,) = self._tau(support[None], signed), self._infidelity(support[None])
        overall = aopc["comprehensiveness"] - aopc["sufficiency"]
        others = self._measured["comprehensiveness"] - self._measured["sufficiency"]
        ahead = np.where(np.isclose(overall, others, rtol=0, atol=ROUNDING), 0, overall - others)
        return Faithfulness(
            removal=self.removal,
            target=self.target,
            probability=self.probability,
            percents=PERCENTS,
            removed=self._removed,
            comprehensiveness_curve=Curve(curves[0], self._band[0]),
            sufficiency_curve=Curve(curves[1], self._band[1]),
            **aopc,
            loo_tau=None if np.isnan(tau) else float(tau),
            infidelity=None if np.isnan(infidelity) else float(infidelity),
            random=self.random,
            better=float((ahead > 0).mean() + (ahead == 0).mean() / 2),
            seed=self.seed,
            randoms=len(self._random),
        )

    @cached_property
    def random(self) -> Mapping[str, Spread | None]:
        """Each measure over the random rankings; None where it cannot be measured here."""
        return {name: None if np.isnan(values).any() else spread(values) for name, values in self._measured.items()}

    @cached_property
    def _measured(self) -> dict[str, np.ndarray]:
        """Each measure of every random ranking, [R]."""
        aopc = dict(zip(MEASURES[:4], self._random_curves.mean(axis=2), strict=True))
        return {**aopc, "loo_tau": self._tau(self._random, True), "infidelity": self._infidelity(self._random)}

    @cached_property
    def _random_curves(self) -> np.ndarray:
        return self._curves(_ranks(-self._random))

    @cached_property
    def _band(self) -> tuple[tuple[Spread, ...], ...]:
        return tuple(tuple(spread(column) for column in curves.T) for curves in self._random_curves[:2])

    def _support(self, scores: np.ndarray, signed: bool) -> np.ndarray:
        """Scores turned towards `target`, float64 [n]."""
        scores = self.check(scores)
        return self._sign * scores if signed else scores

    def _orders(self, support: np.ndarray) -> np.ndarray:
        """The rank of each token from the top, [T, n]: one order, or one for each random ranking if there are ties."""
        ties = self._random if len(np.unique(support)) < self.n else self._random[:1]
        order = np.lexsort((-ties, np.broadcast_to(-support, ties.shape)), axis=-1)
        return np.argsort(order, axis=-1)

    def _top(self, ranks: np.ndarray) -> np.ndarray:
        """The tokens removed at each bin, bool [T, B, n], from ranks [T, n]."""
        top: np.ndarray = ranks[:, None, :] < np.array(self._removed)[:, None]
        return top

    def _curves(self, ranks: np.ndarray) -> np.ndarray:
        """Comprehensiveness and sufficiency, in probability and then in logits, at every bin: [4, T, B]."""
        top = self._top(ranks)
        logits = np.stack([self._values(~top), self._values(top)])
        losses = [self.probability - sigmoid(self._sign * logits), self._sign * (self.logit - logits)]
        return np.concatenate(losses)

    def _tau(self, supports: np.ndarray, signed: bool) -> np.ndarray:
        """Kendall's τ-b of supports [M, n] with leaving out one token; NaN where one side is constant."""
        losses = self._sign * self.leave_one_out
        return kendall_tau(supports, losses if signed else np.abs(losses), ROUNDING)

    def _infidelity(self, supports: np.ndarray) -> np.ndarray:
        """Of supports [M, n]; NaN for a single token and where removal changes nothing."""
        changes = self._sign * (self.logit - self._values(~self._out))
        squares = (changes**2).mean()
        if self.n < 2 or np.abs(changes).max() <= ROUNDING:
            return np.full(len(supports), np.nan)
        sums = supports @ self._out.T  # [M, perturbations]
        size = (sums**2).mean(axis=1)
        scale = np.divide((sums * changes).mean(axis=1), size, out=np.zeros_like(size), where=size > 0)
        errors: np.ndarray = ((np.maximum(scale, 0)[:, None] * sums - changes) ** 2).mean(axis=1) / squares
        return errors


def _ranks(values: np.ndarray) -> np.ndarray:
    """The rank of each number in its row, smallest first."""
    return np.argsort(np.argsort(values, axis=-1), axis=-1)

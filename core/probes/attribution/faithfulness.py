"""Can an explanation be trusted? What it says of the words, against what the model does when words are taken out.

The *support* of a token is its score, its sign turned so that more speaks for the class that the model predicts; the
score of a method without signs is its support as it stands. With p the probability of that class (DeYoung et al. 2020,
"ERASER"), and r_k the k tokens of most support,

    comprehensiveness  p(text) − p(text without r_k)    high where the tokens named are those that it takes
    sufficiency        p(text) − p(r_k alone)           low where they are enough

at k = 1, 5, 10, 20 and 50 % of the tokens, rounded up as in the authors' code, so at least one token; the mean over
these five bins is the area over the perturbation curve, AOPC. Their "without" deletes the tokens; the other ways of
`core.probes.attribution.removal` are a choice. Probabilities near 1 hardly move, so the same means are given in logits.

    loo_tau     Kendall's τ-b, which knows ties, between the support and what leaving out each token costs in logits
    infidelity  the share of the squared change of the logit that the scores leave unexplained when random sets of
                tokens are taken out: min_β≥0 E[(β·Σ support removed − change)²] / E[change²]

Infidelity is that of Yeh et al. 2019 for removals with their optimal scale, Captum's ``infidelity(normalize=True)``, in
two ways changed: the scale may not be negative, or an explanation turned upside down would be a perfect one; and it is
divided by what scores of zero get, so that 0 is perfect, 1 says nothing, and every sentence weighs the same. A set has
a size drawn from 1 to n and then so many tokens. A gradient speaks of small changes and is measured by large ones.

Each stands beside the same measure of random scores (independent normal ones, so all rankings are equally likely).
Tokens of equal support are ordered by those random rankings, all of them, and the mean is taken: a method that says
nothing gets exactly their mean. Axes: n tokens, R random rankings, B bins, T orders.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from core.data.labels import SENTIMENT, Names
from core.models.predict import label, sigmoid
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

if TYPE_CHECKING:
    from core.probes.attribution.results import Reading

RANDOMS = 100
PERTURBATIONS = 100

Values = Callable[[np.ndarray], np.ndarray]
"""The logit of subsets given as rows of bools [S, n], float [S]: `Game.values`, a three-line fake's."""


def faithfulness(
    reading: Reading,
    scores: np.ndarray,
    *,
    baseline: str = "delete",
    seed: int = 0,
    randoms: int = RANDOMS,
    signed: bool = True,
) -> Faithfulness:
    """The faithfulness of one method's scores [n] for a text's tokens; `baseline` says what taking out means.

    A method that says how much a token matters, but not for which verdict, is not `signed`. Where several methods are
    measured on one text, ask a `yardstick` instead. Raises ValueError as `yardstick` and `Yardstick.measure` do.
    """
    return yardstick(reading, baseline, seed=seed, randoms=randoms).measure(scores, signed=signed)


def yardstick(
    reading: Reading,
    baseline: str = "delete",
    *,
    seed: int = 0,
    randoms: int = RANDOMS,
    check_cancelled: Callable[[], object] = lambda: None,
) -> Yardstick:
    """What every method is measured with on one text. Raises ValueError for an unknown baseline or no ranking."""
    from core.probes.attribution.methods.tree import many_values
    from core.probes.attribution.removal import game_of

    game = game_of(reading, baseline)
    return Yardstick(
        lambda present: many_values(game, present, check_cancelled),
        len(game),
        removal=baseline,
        seed=seed,
        randoms=randoms,
        labels=reading.checkpoint.labels,
    )


class Yardstick:
    """One sentence's losses of words, asked of the model once, whichever methods are measured.

    Any number of threads may measure with one: what they share is asked and kept behind a lock. `values` gives the
    logit of subsets of the n tokens; `labels` are the classes' names. Raises ValueError for no token or no
    random ranking.
    """

    def __init__(
        self,
        values: Values,
        n: int,
        *,
        removal: str = "delete",
        seed: int = 0,
        randoms: int = RANDOMS,
        perturbations: int = PERTURBATIONS,
        labels: Names = SENTIMENT,
    ):
        if min(n, randoms, perturbations) < 1:
            raise ValueError(
                "at least 1 token, random ranking and set to take out are needed; given: "
                f"{n:,}, {randoms:,} and {perturbations:,}"
            )
        self.n, self.removal, self.seed, self.labels = n, removal, seed, labels
        random = np.random.default_rng(seed)
        self._random = random.standard_normal((randoms, n))
        sizes = random.integers(1, n + 1, perturbations)
        self._out = _ranks(random.random((perturbations, n))) < sizes[:, None]  # bool [perturbations, n]
        self._removed = tuple(-(-n * percent // 100) for percent in PERCENTS)
        self._values = _Known(values)
        top = self._top(_ranks(-self._random))
        everything = [np.ones((1, n), dtype=bool), ~np.eye(n, dtype=bool), ~self._out, top, ~top]
        self._values(np.concatenate([rows.reshape(-1, n) for rows in everything]))  # one batch of all that is shared
        self.logit = float(self._values(np.ones((1, n), dtype=bool))[0])
        self._sign = 1 if self.logit >= 0 else -1
        self.probability = float(sigmoid(np.array(self._sign * self.logit)))

    @cached_property
    def leave_one_out(self) -> np.ndarray:
        """What leaving out each token alone costs, in logits of the positive verdict, float64 [n]."""
        losses: np.ndarray = self.logit - self._values(~np.eye(self.n, dtype=bool))
        return losses

    def check(self, scores: np.ndarray) -> np.ndarray:
        """Scores as float64 [n]. Raises ValueError for what is not n finite numbers."""
        scores = np.asarray(scores, dtype=np.float64)
        if scores.shape != (self.n,) or not np.isfinite(scores).all():
            raise ValueError(
                f"expected {self.n:,} finite scores, one a token; given: an array {scores.shape}"
                + ("" if np.isfinite(scores).all() else " with numbers that are not finite")
            )
        return scores

    def ask(self, scores: Sequence[np.ndarray], *, signed: Sequence[bool]) -> None:
        """Ask the model in one batch for what measuring several methods takes; the same errors as `measure`."""
        tops = [
            self._top(self._orders(self._support(one, sign))).reshape(-1, self.n)
            for one, sign in zip(scores, signed, strict=True)
        ]
        if tops:
            top = np.concatenate(tops)
            self._values(np.concatenate([top, ~top]))

    def measure(self, scores: np.ndarray, *, signed: bool = True) -> Faithfulness:
        """How faithful scores [n] are, positive ones speaking for the positive verdict; without signs, magnitudes.

        Raises ValueError for scores that are not n finite numbers.
        """
        support = self._support(scores, signed)
        curves = self._curves(self._orders(support)).mean(axis=1)  # [4, B]
        aopc = dict(zip(MEASURES[:4], curves.mean(axis=1).tolist(), strict=True))
        (tau,), (infidelity,) = self._tau(support[None], signed), self._infidelity(support[None])
        overall = aopc["comprehensiveness"] - aopc["sufficiency"]
        others = self._measured["comprehensiveness"] - self._measured["sufficiency"]
        apart = np.where(np.isclose(overall, others, rtol=0, atol=ROUNDING), 0, overall - others)
        return Faithfulness(
            removal=self.removal,
            predicted=label(self.logit >= 0, self.labels),
            probability=self.probability,
            removed=self._removed,
            comprehensiveness_curve=Curve(curves[0], self._band[0]),
            sufficiency_curve=Curve(curves[1], self._band[1]),
            **aopc,
            loo_tau=None if np.isnan(tau) else float(tau),
            infidelity=None if np.isnan(infidelity) else float(infidelity),
            random=self.random,
            better=float((apart > 0).mean() + (apart == 0).mean() / 2),
            seed=self.seed,
            randoms=len(self._random),
            perturbations=len(self._out),
        )

    @cached_property
    def random(self) -> Mapping[str, Spread | None]:
        """Each measure over the random rankings; None where it is not to be measured here."""
        return {name: None if np.isnan(found).any() else spread(found) for name, found in self._measured.items()}

    @cached_property
    def _measured(self) -> dict[str, np.ndarray]:
        """Each measure of every random ranking, [R]."""
        found = dict(zip(MEASURES[:4], self._random_curves.mean(axis=2), strict=True))
        return {**found, "loo_tau": self._tau(self._random, True), "infidelity": self._infidelity(self._random)}

    @cached_property
    def _random_curves(self) -> np.ndarray:
        return self._curves(_ranks(-self._random))

    @cached_property
    def _band(self) -> tuple[tuple[Spread, ...], ...]:
        return tuple(tuple(spread(column) for column in curves.T) for curves in self._random_curves[:2])

    def _support(self, scores: np.ndarray, signed: bool) -> np.ndarray:
        """Scores turned towards the predicted class, float64 [n]."""
        scores = self.check(scores)
        return self._sign * scores if signed else scores

    def _orders(self, support: np.ndarray) -> np.ndarray:
        """The place of each token from the top, [T, n]: one order, or one for each random ranking of equals."""
        equals = self._random if len(np.unique(support)) < self.n else self._random[:1]
        order = np.lexsort((-equals, np.broadcast_to(-support, equals.shape)), axis=-1)
        return np.argsort(order, axis=-1)

    def _top(self, places: np.ndarray) -> np.ndarray:
        """The tokens taken at each bin, bool [T, B, n], of places from the top [T, n]."""
        found: np.ndarray = places[:, None, :] < np.array(self._removed)[:, None]
        return found

    def _curves(self, places: np.ndarray) -> np.ndarray:
        """Comprehensiveness and sufficiency, in probability and then in logits, at every bin: [4, T, B]."""
        top = self._top(places)
        logits = np.stack([self._values(~top), self._values(top)])
        losses = [self.probability - sigmoid(self._sign * logits), self._sign * (self.logit - logits)]
        return np.concatenate(losses)

    def _tau(self, supports: np.ndarray, signed: bool) -> np.ndarray:
        """Kendall's τ-b of supports [M, n] with leaving out one token, "not a number" where one side is all alike."""
        losses = self._sign * self.leave_one_out
        return kendall_tau(supports, losses if signed else np.abs(losses), ROUNDING)

    def _infidelity(self, supports: np.ndarray) -> np.ndarray:
        """Of supports [M, n]; "not a number" for a single token and where taking out changes nothing."""
        changes = self._sign * (self.logit - self._values(~self._out))
        squares = (changes**2).mean()
        if self.n < 2 or np.abs(changes).max() <= ROUNDING:
            return np.full(len(supports), np.nan)
        sums = supports @ self._out.T  # [M, perturbations]
        size = (sums**2).mean(axis=1)
        scale = np.divide((sums * changes).mean(axis=1), size, out=np.zeros_like(size), where=size > 0)
        found: np.ndarray = ((np.maximum(scale, 0)[:, None] * sums - changes) ** 2).mean(axis=1) / squares
        return found


def _ranks(values: np.ndarray) -> np.ndarray:
    """The place of each number in its row, smallest first."""
    return np.argsort(np.argsort(values, axis=-1), axis=-1)


class _Known:
    """Logits of subsets, each asked for once, whichever thread wants it.

    In another batch a subset's logit differs by rounding, so a second answer in the place of the first would change
    figures while they are worked out.
    """

    def __init__(self, values: Values):
        self._values = values
        self._found: dict[bytes, float] = {}
        self._lock = threading.Lock()

    def __call__(self, present: np.ndarray) -> np.ndarray:
        """Of subsets bool [..., n], float64 [...]."""
        rows = present.reshape(-1, present.shape[-1])
        keys = [row.tobytes() for row in np.packbits(rows, axis=1)]
        with self._lock:
            new = {key: place for place, key in enumerate(keys) if key not in self._found}
            if new:
                found = np.asarray(self._values(rows[list(new.values())]), dtype=np.float64)
                self._found.update(zip(new, found.tolist(), strict=True))
        return np.array([self._found[key] for key in keys]).reshape(present.shape[:-1])

"""AdaBoost for K classes from its exponential risk, round by round (SAMME).

Each round adds α_t to the vote g^k of the class that its learner h_t predicts (one-hot votes). The risk is

    R(g) = 1/N Σ_i exp( 1/(K−1) Σ_{k≠y_i} g^k(x_i) − g^{y_i}(x_i) )

Rows have weights D_t(i) ∝ their terms, and the learner's weighted error is ε_t = Σ_{i: h_t(x_i) ≠ y_i} D_t(i). Adding α
multiplies the terms of correct rows by e^{−α} and the others by e^{α/(K−1)}, so R_t = R_{t−1} Z_t with

    Z_t(α) = (1 − ε_t) e^{−α} + ε_t e^{α/(K−1)},   least where   α_t = (K−1)/K · log( (K−1)(1 − ε_t) / ε_t )

α_t is above 0 where ε_t < 1 − 1/K. Under D_{t+1} the learner's error is 1 − 1/K: chance.

`FORMS` are three ways in which sheets write a vote; only the last one gives other rounds:

    risk    α_t as above; for K = 2 it is ½ log((1−ε)/ε), discrete AdaBoost
    samme   log((1−ε)/ε) + log(K−1), which is K/(K−1) α_t (Zhu, Zou, Rosset & Hastie 2009): their vote is 1 for the
            class named and −1/(K−1) for each other and their loss has 1/K in its exponent, and neither a factor common
            to all α nor a number added to every class changes D_t or a verdict
    m1      log((1−ε)/ε), AdaBoost.M1 (Freund & Schapire 1997), whose learner must have ε < 1/2 for every K

The share of rows in error is bounded by R alone for K = 2 only. A row in error has g^y ≤ S/2, where S = Σ_t α_t, so
its term is at least e^{−S(K−2)/(2(K−1))} (`error_bound`). What R does bound for every K is the share of rows whose
class has at most 1/K of the vote (`Round.outvoted`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.runtime.i18n import gettext as _

MOST_ROUNDS = 1_000
CHANCE, PERFECT, ROUNDS = "chance", "perfect", "rounds"
RISK, SAMME, M1 = FORMS = "risk", "samme", "m1"
_ROUNDING = 1e-10  # so near to chance, what is left is rounding

Learner = Callable[[np.ndarray], tuple[Any, np.ndarray]]
"""Given weights D_t [N] that sum to 1, answers with what it learnt and the classes, from 0, that it names, [N]."""


@dataclass(frozen=True)
class Round:
    """One round: `weights` D_t float64 [N] that the learner was given, the classes `named` int64 [N].

    `error` is ε_t, `alpha` α_t on the scale of the risk (infinite for a perfect learner), `normaliser` Z_t. After the
    round: `risk` R_t, the ensemble's share of rows in error, and the share of rows whose class has at most 1/K of the
    vote.
    """

    number: int
    learnt: Any
    weights: np.ndarray
    named: np.ndarray
    error: float
    alpha: float
    normaliser: float
    risk: float
    training_error: float
    outvoted: float


@dataclass(frozen=True)
class Boosting:
    """All rounds on `labels` int64 [N] of K `classes`, and why there are no more.

    `stopped` is ``rounds`` (as many as were asked for), ``perfect`` (the last learner has ε = 0) or ``chance``: the
    next learner, not among the rounds, had the error `refused`, `limit` or more. `first` are the weights D_1 [N].
    """

    labels: np.ndarray
    classes: int
    rounds: tuple[Round, ...]
    stopped: str
    refused: float | None = None
    form: str = RISK
    first: np.ndarray | None = None

    @property
    def limit(self) -> float:
        """The error of a learner that is of no use."""
        return limit(self.form, self.classes)

    @property
    def scale(self) -> float:
        """What `Round.alpha` is multiplied by to be written in the form."""
        return scale(self.form, self.classes)

    def votes(self, rounds: int | None = None) -> np.ndarray:
        """The votes g after so many rounds (default: all), float64 [N, K].

        A perfect learner's α is infinite: it alone votes, with 1.
        """
        used = self.rounds[:rounds]
        if used and math.isinf(used[-1].alpha):
            return one_hot(used[-1].named, self.classes)
        votes = np.zeros((len(self.labels), self.classes))
        for round_ in used:
            votes += round_.alpha * one_hot(round_.named, self.classes)
        return votes

    def weights(self, rounds: int) -> np.ndarray:
        """D after so many rounds, float64 [N]: what the next learner is given."""
        own = exponents(self.votes(rounds), self.labels)
        return _distribution(own if self.first is None else own + np.log(self.first))

    def margins(self, rounds: int | None = None) -> np.ndarray:
        """(g^y − the largest other g^k) / Σ_k g^k after so many rounds, float64 [N], from −1 to 1; 0 without a vote."""
        votes = self.votes(rounds)
        rows = np.arange(len(self.labels))
        own = votes[rows, self.labels]
        others = votes.copy()
        others[rows, self.labels] = -np.inf
        total = votes.sum(axis=1)
        margins = np.zeros(len(own))
        np.divide(own - others.max(axis=1), total, out=margins, where=total > 0)
        return margins


@dataclass(frozen=True)
class Minimum:
    """A round's α against the minimum of the risk found without the formula, `numerical`."""

    number: int
    alpha: float
    numerical: float

    @property
    def difference(self) -> float:
        """|α − numerical|."""
        return abs(self.alpha - self.numerical)


def limit(form: str, classes: int) -> float:
    """The error from which a learner is of no use: chance, 1 − 1/K; 1/2 for AdaBoost.M1."""
    return 0.5 if form == M1 else 1 - 1 / classes


def scale(form: str, classes: int) -> float:
    """What a vote of `Round.alpha` is multiplied by to be written in a form."""
    return 1.0 if form == RISK else classes / (classes - 1)


def boost(
    y: np.ndarray,
    classes: int,
    learn: Learner,
    rounds: int,
    form: str = RISK,
    first: np.ndarray | None = None,
) -> Boosting:
    """Boost a learner on rows with labels `y` 0 to K−1, int64 [N], each of them there, at most so many rounds.

    `first` are weights D_1 above 0, [N] of sum 1 (default: all the same). Raises ValueError for an invalid number of
    rounds and an unknown form.
    """
    if not 1 <= rounds <= MOST_ROUNDS:
        raise ValueError(
            _("{rounds:,} rounds were asked for; expected 1 to {most:,}").format(rounds=rounds, most=MOST_ROUNDS)
        )
    if form not in FORMS:
        raise ValueError(_("unknown form {form!r}; available: {forms}").format(form=form, forms=", ".join(FORMS)))
    votes = np.zeros((len(y), classes))
    start = np.full(len(y), -math.log(len(y))) if first is None else np.log(first)
    done: list[Round] = []
    for number in range(1, rounds + 1):
        before = start + exponents(votes, y)
        weights = _distribution(before)
        learnt, named = learn(weights)
        wrong = named != y
        if not wrong.any():
            done.append(Round(number, learnt, weights, named, 0.0, math.inf, 0.0, 0.0, 0.0, 0.0))
            return Boosting(y, classes, tuple(done), PERFECT, form=form, first=first)
        log_weights = before - _log_sum(before)
        log_error = _log_sum(log_weights[wrong])
        if math.exp(log_error) >= limit(form, classes) - _ROUNDING:
            return Boosting(y, classes, tuple(done), CHANCE, math.exp(log_error), form, first)
        log_right = _log_sum(log_weights[~wrong])
        better_than = 0.0 if form == M1 else math.log(classes - 1)
        a = (classes - 1) / classes * (better_than + log_right - log_error)
        votes += a * one_hot(named, classes)
        after = exponents(votes, y)
        done.append(
            Round(
                number,
                learnt,
                weights,
                named,
                math.exp(log_error),
                a,
                math.exp(log_right - a) + math.exp(log_error + a / (classes - 1)),
                math.exp(_log_sum(start + after)),
                float((votes.argmax(axis=1) != y).mean()),
                # An exponent of 0 is a class with exactly 1/K of the vote; sums of α do not come out exactly.
                float((after >= -1e-12 * votes.sum(axis=1)).mean()),
            )
        )
    return Boosting(y, classes, tuple(done), ROUNDS, form=form, first=first)


def exponents(votes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """What the risk's exponential takes of each row, 1/(K−1) Σ_{k≠y} g^k − g^y, float64 [N], of votes [N, K]."""
    own = votes[np.arange(len(labels)), labels]
    return np.asarray((votes.sum(axis=1) - own) / (votes.shape[1] - 1) - own)


def normaliser(a: float, error: float, classes: int) -> float:
    """Z(α) = (1 − ε) e^{−α} + ε e^{α/(K−1)}: what adding α multiplies the risk by; infinite where it overflows."""
    try:
        return (1 - error) * math.exp(-a) + (error and error * math.exp(a / (classes - 1)))
    except OverflowError:
        return math.inf


def error_bound(risk: float, total: float, classes: int) -> float:
    """The most rows, as a share, that can be in error: R · e^{S(K−2)/(2(K−1))} for S = Σα, and never more than all."""
    if risk <= 0:  # a perfect learner's
        return 0.0
    return math.exp(min(0.0, math.log(risk) + total * (classes - 2) / (2 * (classes - 1))))


def minima(boosting: Boosting) -> dict[int, Minimum]:
    """Every round's α, by its number, against the minimum that `scipy.optimize` finds from the risk's values alone.

    The risk is summed anew over all rows from the votes, by its definition. Near a minimum it is flat, so that values
    with 16 digits place it with about 8. A perfect learner has no minimum and is left out, and the α of AdaBoost.M1 is
    none of this risk unless K = 2.
    """
    from scipy.optimize import minimize_scalar

    results: dict[int, Minimum] = {}
    if boosting.form == M1 and boosting.classes > 2:
        return results
    start = 0.0 if boosting.first is None else np.log(boosting.first)
    for round_ in boosting.rounds:
        if math.isinf(round_.alpha):
            continue
        votes = boosting.votes(round_.number - 1)
        step = one_hot(round_.named, boosting.classes)

        def log_risk(a: float, votes: np.ndarray = votes, step: np.ndarray = step) -> float:
            return _log_sum(start + exponents(votes + a * step, boosting.labels))

        least = minimize_scalar(log_risk, bracket=(0.0, 1.0), options={"xtol": 1e-12})
        results[round_.number] = Minimum(round_.number, round_.alpha, float(least.x))
    return results


def one_hot(named: np.ndarray, classes: int) -> np.ndarray:
    """1 for the class named and 0 for the others, float64 [N, K]."""
    return np.asarray(np.eye(classes)[named])


def _distribution(exponent: np.ndarray) -> np.ndarray:
    """exp of each number over their sum, whatever their size."""
    scaled = np.exp(exponent - exponent.max())
    return np.asarray(scaled / scaled.sum())


def _log_sum(exponent: np.ndarray) -> float:
    """log Σ exp, without overflow."""
    largest = float(exponent.max())
    return largest + math.log(float(np.exp(exponent - largest).sum()))

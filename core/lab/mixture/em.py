"""A Gaussian mixture fitted by expectation–maximisation, half a step at a time.

    p(x) = Σ_k π_k N(x; μ_k, Σ_k)
    E    δ_ik = π_k N(x_i; μ_k, Σ_k) / Σ_j π_j N(x_i; μ_j, Σ_j)
    M    N_k = Σ_i δ_ik,   π_k = N_k / N,   μ_k = Σ_i δ_ik x_i / N_k,
         Σ_k = Σ_i δ_ik (x_i − μ_k)(x_i − μ_k)ᵀ / N_k + reg_covar I

A kind of covariance restricts Σ_k, and F is then largest for: ``diag``, its diagonal; ``spherical``, the mean of its
diagonal times I; ``tied``, Σ_k N_k Σ_k / N for every component. The names are scikit-learn's.

Dempster, Laird & Rubin 1977. Both half-steps raise one number (Neal & Hinton 1998), the bound

    F(δ, θ) = Σ_i Σ_k δ_ik (log π_k N(x_i; μ_k, Σ_k) − log δ_ik)  ≤  log-likelihood Σ_i log p(x_i)

E makes F equal to the log-likelihood, which therefore never falls, up to rounding; with regularisation it can.
`reg_covar` is added to every variance, as in scikit-learn. Where a covariance is still not positive definite in floats,
its component has collapsed and the likelihood has no upper bound; `FLOOR` of the points' own variance is then added to
it (scikit-learn raises an error there).

Densities are logarithms, from Cholesky factors. As in scikit-learn, N_k has ten times the rounding of 1 added, so that
nothing is divided by 0. Axes: N points, D coordinates, K components.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import logsumexp, xlogy

from core.lab.typed_numbers import LARGEST, seeded
from core.runtime.i18n import gettext as _

Kind = Literal["full", "tied", "diag", "spherical"]
KINDS: tuple[Kind, ...] = ("full", "tied", "diag", "spherical")
MOST_COMPONENTS, MOST_ITERATIONS = 20, 500
LARGEST_REG_COVAR = 1e6
FLOOR = 1e-6  # of the points' variance along an axis, added where a component collapses
_SINGULAR = 1e-12  # least variance, as a share of the points', that floats can still divide by
_EQUAL = 1e-9  # spread, as a share of the largest coordinate, that is taken for rounding
_ROUNDING = 1e-10  # of a log-likelihood; a larger fall is one


@dataclass(frozen=True)
class Parameters:
    """θ: `weights` π [K] that sum to 1, `means` μ [K, D], `covariances` Σ [K, D, D], in float64."""

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    @property
    def components(self) -> int:
        """K."""
        return len(self.weights)


@dataclass(frozen=True)
class Expectation:
    """An E-step: `log_joint` log π_k N(x_i; μ_k, Σ_k) [N, K], `responsibilities` δ [N, K], the log-likelihood in nats
    of all points together."""

    log_joint: np.ndarray
    responsibilities: np.ndarray
    log_likelihood: float


@dataclass(frozen=True)
class Maximisation:
    """An M-step: `counts` N_k [K], the parameters, and which components needed help, counted from 0.

    `held` have a variance, in some direction, that is half or more regularisation; `floored` are those of them that
    had collapsed so far that `FLOOR` was added. `fitted` are the covariances before anything was added, [K, D, D].
    """

    counts: np.ndarray
    fitted: np.ndarray
    parameters: Parameters
    held: tuple[int, ...]
    floored: tuple[int, ...]


@dataclass(frozen=True)
class Iteration:
    """Both half-steps, counted from 1: `responsibilities` [N, K] from the parameters `before`, then the M-step.

    `log_likelihood_before`, `bound` (F after the M-step) and `log_likelihood` are in nats, of all points together:
    without regularisation, none is below the one before it.
    """

    number: int
    before: Parameters
    responsibilities: np.ndarray
    log_likelihood_before: float
    maximised: Maximisation
    bound: float
    log_likelihood: float

    @property
    def after(self) -> Parameters:
        """The parameters that the M-step made."""
        return self.maximised.parameters

    @property
    def floor_active(self) -> bool:
        """Whether regularisation makes half or more of some component's variance in some direction."""
        return bool(self.maximised.held)

    @property
    def fell(self) -> bool:
        """Whether the log-likelihood fell by more than rounding does."""
        return self.log_likelihood < self.log_likelihood_before - _ROUNDING * max(1, abs(self.log_likelihood_before))


@dataclass(frozen=True)
class Mixture:
    """All iterations on `points` [N, D] from `start`, each with the same `reg_covar` and `kind` of covariance."""

    points: np.ndarray
    reg_covar: float
    start: Parameters
    iterations: tuple[Iteration, ...]
    kind: Kind = "full"

    @property
    def parameters(self) -> Parameters:
        """After the last iteration."""
        return self.iterations[-1].after if self.iterations else self.start

    def parameters_at(self, half_step: int) -> Parameters:
        """After so many half-steps: 0 is the start, odd ones are E-steps, which leave the parameters as they are."""
        return self.iterations[half_step // 2 - 1].after if half_step >= 2 else self.start

    def responsibilities_at(self, half_step: int) -> np.ndarray | None:
        """After so many half-steps, [N, K]: the last E-step's; None before the first."""
        return self.iterations[(half_step - 1) // 2].responsibilities if half_step else None


def fit(
    points: np.ndarray, start: Parameters, iterations: int, reg_covar: float = 1e-6, kind: Kind = "full"
) -> Mixture:
    """Run so many iterations, neither fewer nor more, from a start such as `first_guess` finds for the same points.

    Raises ValueError for a number of iterations out of bounds, or a covariance that is not positive definite.
    """
    if not 1 <= iterations <= MOST_ITERATIONS:
        raise ValueError(
            _("{iterations:,} iterations were asked for; expected 1 to {most:,}").format(
                iterations=iterations, most=MOST_ITERATIONS
            )
        )
    expected = expectation(points, start)
    parameters, done = start, []
    for number in range(1, iterations + 1):
        responsibilities = expected.responsibilities
        maximised = maximisation(points, responsibilities, reg_covar, kind)
        after = expectation(points, maximised.parameters)
        bound = float((responsibilities * after.log_joint - xlogy(responsibilities, responsibilities)).sum())
        before = expected.log_likelihood
        done.append(Iteration(number, parameters, responsibilities, before, maximised, bound, after.log_likelihood))
        parameters, expected = maximised.parameters, after
    return Mixture(points, reg_covar, start, tuple(done), kind)


def first_guess(
    points: np.ndarray, components: int, seed: int, reg_covar: float = 1e-6, kind: Kind = "full"
) -> Parameters:
    """Where to start: means at K different points, equal weights, for each the covariance of all points over K.

    The points are drawn far from one another, as k-means++ does (Arthur & Vassilvitskii 2007), with axes scaled by
    their deviation. Raises ValueError as `check_points`, for fewer different points than components, and for numbers
    out of bounds.
    """
    check_points(points)
    if not 1 <= components <= MOST_COMPONENTS:
        raise ValueError(
            _("K = {components:,} components were asked for; expected 1 to {most}").format(
                components=components, most=MOST_COMPONENTS
            )
        )
    different = len(np.unique(points, axis=0))
    if components > different:
        raise ValueError(
            _("K = {components} components were asked for, more than the {different} different points").format(
                components=components, different=different
            )
        )
    if not 0 <= reg_covar <= LARGEST_REG_COVAR:  # NaN is not, either
        raise ValueError(
            _("reg_covar must be a number from 0 to {most:,.0f}; given: {reg_covar:g}").format(
                most=LARGEST_REG_COVAR, reg_covar=reg_covar
            )
        )
    random = seeded(seed)
    scaled = points / np.sqrt(_scale(points))
    chosen = [int(random.integers(len(points)))]
    while len(chosen) < components:
        apart = ((scaled[:, None, :] - scaled[chosen]) ** 2).sum(axis=2).min(axis=1)
        chosen.append(int(random.choice(len(points), p=apart / apart.sum())))
    overall = maximisation(points, np.ones((len(points), 1)), reg_covar * components, kind).parameters.covariances
    weights = np.full(components, 1 / components)
    return Parameters(weights, points[chosen], np.repeat(overall / components, components, axis=0))


def expectation(points: np.ndarray, parameters: Parameters) -> Expectation:
    """The E-step. Raises ValueError for a covariance that is not positive definite."""
    log_joint = np.empty((len(points), parameters.components))
    for k, (weight, mean, covariance) in enumerate(
        zip(parameters.weights, parameters.means, parameters.covariances, strict=True)
    ):
        try:
            lower = np.linalg.cholesky(covariance)
        except np.linalg.LinAlgError:
            raise ValueError(_("the covariance of component {k} is not positive definite").format(k=k + 1)) from None
        distance = (solve_triangular(lower, (points - mean).T, lower=True) ** 2).sum(axis=0)
        log_root = np.log(np.diag(lower)).sum()  # ½ log det Σ
        log_joint[:, k] = math.log(weight) - 0.5 * (distance + len(mean) * math.log(2 * math.pi)) - log_root
    log_density = logsumexp(log_joint, axis=1)
    return Expectation(log_joint, np.exp(log_joint - log_density[:, None]), float(log_density.sum()))


def maximisation(
    points: np.ndarray, responsibilities: np.ndarray, reg_covar: float, kind: Kind = "full"
) -> Maximisation:
    """The M-step, with reg_covar added to every variance and the floor where that is not enough."""
    counts = responsibilities.sum(axis=0) + 10 * np.finfo(np.float64).eps
    means = responsibilities.T @ points / counts[:, None]
    weights = counts / counts.sum()
    scale = _scale(points)
    if kind == "spherical":
        scale = np.full_like(scale, scale.mean())
    apart = points - means[:, None]  # [K, N, D]
    shares = responsibilities.T[:, :, None] * apart
    fitted = _restricted(shares.transpose(0, 2, 1) @ apart / counts[:, None, None], weights, kind)
    covariances, held, floored = [], [], []
    for k, own in enumerate(fitted):
        covariance = own + reg_covar * np.eye(len(own))
        if _least(covariance / np.sqrt(np.outer(scale, scale))) < _SINGULAR:
            covariance = covariance + np.diag(FLOOR * scale)
            floored.append(k)
        if k in floored or _least(own) <= reg_covar > 0:
            held.append(k)
        covariances.append(covariance)
    return Maximisation(counts, fitted, Parameters(weights, means, np.array(covariances)), tuple(held), tuple(floored))


def _restricted(covariances: np.ndarray, weights: np.ndarray, kind: Kind) -> np.ndarray:
    """Covariances [K, D, D] of a kind, from those of each component without a restriction."""
    identity = np.eye(covariances.shape[1])
    if kind == "tied":
        return np.repeat(np.tensordot(weights, covariances, 1)[None], len(weights), axis=0)
    if kind == "diag":
        return np.asarray(covariances * identity)
    if kind == "spherical":
        return np.asarray(np.einsum("kdd->k", covariances)[:, None, None] / len(identity) * identity)
    return covariances


def check_points(points: np.ndarray) -> None:
    """Raise ValueError for points [N, D] that are too large or not finite, or all equal."""
    if not (np.abs(points) <= LARGEST).all():  # NaN is not, either
        raise ValueError(
            _("coordinates must be finite numbers from −{largest:,.0f} to {largest:,.0f}; some are not").format(
                largest=LARGEST
            )
        )
    if np.ptp(points, axis=0).max() <= _EQUAL * max(1e-3, float(np.abs(points).max())):
        raise ValueError(
            _("all {count:,} points are equal, up to rounding: there are no components to find").format(
                count=len(points)
            )
        )


def _scale(points: np.ndarray) -> np.ndarray:
    """The points' variance along each axis, [D]; along one where they do not differ, the mean of the others."""
    variance = points.var(axis=0)
    return np.asarray(np.where(variance > _EQUAL**2 * variance.max(), variance, variance.mean()))


def _least(covariance: np.ndarray) -> float:
    """The variance in the direction that has least of it."""
    return float(np.linalg.eigvalsh(covariance)[0])

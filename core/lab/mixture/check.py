"""Does the mixture by hand agree with scikit-learn's, and what do the report's formulas give instead?

The report has the M-step as

    μ_k = Σ_i Σ_k δ_ik x_i / Σ_k δ_ik,      Σ_k = Σ_i Σ_k δ_ik (x_i − μ_k)(x_i − μ_k)ᵀ / Σ_k δ_ik

Two slips: an extra sum over k in the numerator, and a sum over k instead of i in the denominator. A point's
responsibilities sum to 1, so the numerator of μ_k is Σ_i x_i for every component, and the denominator 1 instead of N_k.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.lab.mixture.em import Iteration, Mixture, Parameters, expectation


@dataclass(frozen=True)
class Formulas:
    """What a pair of formulas gives: `means` [K, D] and `covariances` [K, D, D]."""

    means: np.ndarray
    covariances: np.ndarray


@dataclass(frozen=True)
class Slips:
    """The M-step's truth, beside it each slip alone and both, as the report has them.

    All take the same responsibilities, the covariances the true means too and no regularisation, so that a difference
    is the slip's.
    """

    truth: Formulas
    above: Formulas
    below: Formulas
    report: Formulas


@dataclass(frozen=True)
class Agreement:
    """The largest difference to scikit-learn's weights, means and covariances after an iteration.

    Where the largest number of an array is above 1, its differences are divided by it. None from the first iteration on
    in which the floor was added, which scikit-learn has not, and where scikit-learn gives an error.
    """

    number: int
    difference: float | None


def slips(points: np.ndarray, iteration: Iteration) -> Slips:
    """The report's formulas on an iteration's responsibilities."""
    delta, means = iteration.responsibilities, iteration.means
    counts = delta.sum(axis=0)
    of_point = delta.sum(axis=1)  # Σ_k δ_ik, that is 1
    apart = points[:, None, :] - means  # [N, K, D]
    scatter = np.einsum("ik,ikd,ike->kde", delta, apart, apart)
    sums = delta.T @ points
    components = len(means)
    all_sums = np.repeat(sums.sum(axis=0)[None], components, axis=0)  # Σ_i Σ_k δ_ik x_i
    all_scatter = np.repeat(scatter.sum(axis=0)[None], components, axis=0)
    one = float(of_point.mean())
    right, flat = counts[:, None], counts[:, None, None]
    return Slips(
        truth=Formulas(sums / right, scatter / flat),
        above=Formulas(all_sums / right, all_scatter / flat),
        below=Formulas(sums / one, scatter / one),
        report=Formulas(all_sums / one, all_scatter / one),
    )


def log_likelihood_of(points: np.ndarray, iteration: Iteration, formulas: Formulas) -> float | None:
    """The points' log-likelihood, in nats, with these means and covariances and the iteration's weights.

    None where a covariance has no inverse.
    """
    try:
        return expectation(points, Parameters(iteration.weights, formulas.means, formulas.covariances)).log_likelihood
    except ValueError:
        return None


def agreement(mixture: Mixture, numbers: Sequence[int] | None = None) -> tuple[Agreement, ...]:
    """The iterations of these numbers (all unless told) against scikit-learn's from the same start, each a fit anew.

    Its GaussianMixture is given the same weights, means, precisions and reg_covar, as many iterations and no tolerance
    that could end it before.
    """
    wanted = range(1, len(mixture.iterations) + 1) if numbers is None else numbers
    floor = next((made.number for made in mixture.iterations if made.maximised.floored), len(mixture.iterations) + 1)
    return tuple(Agreement(number, _difference(mixture, number) if number < floor else None) for number in wanted)


def largest(results: Sequence[Agreement]) -> float | None:
    """The largest difference; None where scikit-learn gave errors only."""
    return max((one.difference for one in results if one.difference is not None), default=None)


def _difference(mixture: Mixture, number: int) -> float | None:
    theirs = _theirs(mixture, number)
    if theirs is None:
        return None
    ours = mixture.iterations[number - 1].after
    pairs = zip(_arrays(ours), _arrays(theirs), strict=True)
    return max(float(np.abs(own - other).max() / max(1.0, np.abs(other).max())) for own, other in pairs)


def _arrays(parameters: Parameters) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return parameters.weights, parameters.means, parameters.covariances


def _theirs(mixture: Mixture, iterations: int) -> Parameters | None:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    start = mixture.start
    other = GaussianMixture(
        start.components,
        covariance_type="full",
        tol=0,
        reg_covar=mixture.reg_covar,
        max_iter=iterations,
        weights_init=start.weights,
        means_init=start.means,
        precisions_init=np.linalg.inv(start.covariances),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is to stop after so many, converged or not
        try:
            other.fit(mixture.points)
        except ValueError:  # a covariance that is not positive definite, or a start it takes for none
            return None
    return Parameters(other.weights_, other.means_, other.covariances_)

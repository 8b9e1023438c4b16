"""Does the mixture by hand agree with scikit-learn's, and what do two slips in the M-step give instead?

A solution had the M-step as

    μ_k = Σ_i Σ_k δ_ik x_i / Σ_k δ_ik,      Σ_k = Σ_i Σ_k δ_ik (x_i − μ_k)(x_i − μ_k)ᵀ / Σ_k δ_ik

Two slips: an extra sum over k in the numerator, and a sum over k instead of i in the denominator. A point's
responsibilities sum to 1, so the numerator of μ_k is Σ_i x_i for every component, and the denominator 1 instead of N_k.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from core.lab.mixture.em import Iteration, Kind, Mixture, Parameters, expectation


class Formulas(NamedTuple):
    """What a pair of formulas gives: `means` [K, D] and `covariances` [K, D, D]."""

    means: np.ndarray
    covariances: np.ndarray


def slips(points: np.ndarray, iteration: Iteration) -> dict[str, Formulas]:
    """The M-step's ``truth``, beside it each slip alone (``above`` and ``below``) and ``both``.

    All take the iteration's responsibilities, the covariances the true means too and no regularisation, so that a
    difference is the slip's.
    """
    delta, means = iteration.responsibilities, iteration.after.means
    counts = delta.sum(axis=0)
    one = float(delta.sum(axis=1).mean())  # Σ_k δ_ik of a point
    apart = points[:, None, :] - means  # [N, K, D]
    scatter = np.einsum("ik,ikd,ike->kde", delta, apart, apart)
    sums = delta.T @ points
    all_sums = np.broadcast_to(sums.sum(axis=0), sums.shape)  # Σ_i Σ_k δ_ik x_i
    all_scatter = np.broadcast_to(scatter.sum(axis=0), scatter.shape)
    right, flat = counts[:, None], counts[:, None, None]
    return {
        "truth": Formulas(sums / right, scatter / flat),
        "above": Formulas(all_sums / right, all_scatter / flat),
        "below": Formulas(sums / one, scatter / one),
        "both": Formulas(all_sums / one, all_scatter / one),
    }


def log_likelihood_of(points: np.ndarray, iteration: Iteration, formulas: Formulas) -> float | None:
    """The points' log-likelihood, in nats, with these means and covariances and the iteration's weights.

    None where a covariance has no inverse.
    """
    try:
        return expectation(
            points, Parameters(iteration.after.weights, formulas.means, formulas.covariances)
        ).log_likelihood
    except ValueError:
        return None


def agreement(mixture: Mixture, numbers: Sequence[int] | None = None) -> dict[int, float | None]:
    """By number, how far iterations (default: all) are from scikit-learn's from the same start, each a fit anew.

    That is the largest difference of weights, means and covariances; where the largest number of an array is above 1,
    its differences are divided by it. None from the first iteration on in which the floor was added, which
    scikit-learn has not, and where scikit-learn gives an error. Its GaussianMixture is given the same weights, means,
    precisions and reg_covar, as many iterations and no tolerance that could end it before.
    """
    wanted = range(1, len(mixture.iterations) + 1) if numbers is None else numbers
    floored = [iteration.number for iteration in mixture.iterations if iteration.maximised.floored]
    end = min(floored, default=len(mixture.iterations) + 1)
    return {number: _difference(mixture, number) if number < end else None for number in wanted}


def largest(differences: Mapping[int, float | None]) -> float | None:
    """The largest difference; None where nothing was compared."""
    return max((value for value in differences.values() if value is not None), default=None)


def _difference(mixture: Mixture, number: int) -> float | None:
    theirs = _theirs(mixture, number)
    if theirs is None:
        return None
    pairs = zip(_arrays(mixture.iterations[number - 1].after), _arrays(theirs), strict=True)
    return max(float(np.abs(own - other).max() / max(1.0, np.abs(other).max())) for own, other in pairs)


def _arrays(parameters: Parameters) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return parameters.weights, parameters.means, parameters.covariances


def _theirs(mixture: Mixture, iterations: int) -> Parameters | None:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    start = mixture.start
    other = GaussianMixture(
        start.components,
        covariance_type=mixture.kind,
        tol=0,
        reg_covar=mixture.reg_covar,
        max_iter=iterations,
        weights_init=start.weights,
        means_init=start.means,
        precisions_init=_packed(np.linalg.inv(start.covariances), mixture.kind),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is to stop after so many, converged or not
        try:
            other.fit(mixture.points)
        except ValueError:  # a covariance that is not positive definite, or a start it takes for none
            return None
    return Parameters(other.weights_, other.means_, _unpacked(other.covariances_, other.means_.shape, mixture.kind))


def _packed(matrices: np.ndarray, kind: Kind) -> np.ndarray:
    """Matrices [K, D, D] as scikit-learn has them: tied [D, D], diag [K, D], spherical [K]."""
    if kind == "tied":
        return np.asarray(matrices[0])
    if kind == "diag":
        return np.asarray(np.einsum("kdd->kd", matrices))
    return matrices[:, 0, 0] if kind == "spherical" else matrices


def _unpacked(packed: np.ndarray, shape: tuple[int, int], kind: Kind) -> np.ndarray:
    """The inverse of `_packed`, [K, D, D] for a `shape` (K, D)."""
    components, dimensions = shape
    if kind in ("full", "tied"):
        return np.broadcast_to(packed, (components, dimensions, dimensions))
    return np.asarray(packed.reshape(components, -1)[:, :, None] * np.eye(dimensions))

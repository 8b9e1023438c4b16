"""How does a target's log-odds depend on the state? Exact weights for a change, and those of the tangent.

Scores are z = W h + b, and a head of one output s has z = (0, s). The log-odds of a target t are f = z_t − Z with
Z = ln Σ_j exp z_j over the classes that it is compared with. Of one such class f is w·h + b with w = W_t − W_j. Of
several, f is no weighted sum of h, but two weighted sums say exactly what a probe asks:

    tangent at h           w = W_t − Σ_j q_j W_j,  q_j = exp(z_j − Z):  value and gradient of f at h
    change from h to h'    w = W_t − Σ_j m_j W_j,  m_j = L(exp z'_j, exp z_j) / L(exp Z', exp Z):  w·(h' − h) = f' − f

with the logarithmic mean L(a, b) = (a − b) / (ln a − ln b), L(a, a) = a (the additive LMDI of Ang 2004, "Decomposition
analysis for policymaking in energy"). Both hold for one class too, where q = m = 1.

Axes: F what the head reads, K classes, J those that a target is compared with. All float64.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.data.targets import Target

if TYPE_CHECKING:
    from core.models.recurrent import Classifier


@dataclass(frozen=True)
class LinearHead:
    """The last layer of a classifier, weights [K, F] and biases [K], and the target that is asked about."""

    weights: np.ndarray
    bias: np.ndarray
    target: Target

    @classmethod
    def of(cls, model: Classifier) -> LinearHead | None:
        """The head of a model with a target; None for a head of two layers. Raises ValueError without a target."""
        if model.head:
            return None
        if model.target is None:
            raise ValueError("a model of several classes needs a target")
        weights, bias = (part.detach().double().cpu().numpy() for part in (model.linear.weight, model.linear.bias))
        if len(weights) == 1:  # z = (0, s)
            weights, bias = np.concatenate([np.zeros_like(weights), weights]), np.concatenate([np.zeros(1), bias])
        return cls(weights, bias, model.target)

    @property
    def linear(self) -> bool:
        """Whether the log-odds are w·h + b, w and b being the same everywhere."""
        return len(self.target.rest) == 1

    @property
    def line(self) -> tuple[np.ndarray, float]:
        """w [F] and b of log-odds that are w·h + b. Raises ValueError for others."""
        if not self.linear:
            raise ValueError("log-odds against several classes are no weighted sum of the state")
        other = self.target.rest[0]
        return self._own - self.weights[other], float(self.bias[self.target.number] - self.bias[other])

    def scores(self, read: np.ndarray) -> np.ndarray:
        """The scores z [..., K] of what the head reads, [..., F]."""
        return read.astype(np.float64) @ self.weights.T + self.bias  # type: ignore[no-any-return]

    def log_odds(self, read: np.ndarray) -> np.ndarray:
        """The target's log-odds [...] of what the head reads, [..., F]."""
        z = self.scores(read)
        return z[..., self.target.number] - _logsumexp(z[..., self.target.rest])  # type: ignore[no-any-return]

    def between(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """The weights [..., F] by which each unit's change, of [..., F], moves the log-odds; their sum is exact."""
        z, later = (self.scores(read)[..., self.target.rest] for read in (before, after))
        whole = _log_mean(_logsumexp(later), _logsumexp(z))
        return self._own - np.exp(_log_mean(later, z) - whole[..., None]) @ self.weights[self.target.rest]  # type: ignore[no-any-return]

    def tangent(self, read: np.ndarray) -> tuple[np.ndarray, float]:
        """w [F] and b of the weighted sum with the value and the gradient of the log-odds at `read` [F]."""
        if self.linear:
            return self.line
        z = self.scores(read)[self.target.rest]
        weights = self._own - np.exp(z - _logsumexp(z)) @ self.weights[self.target.rest]
        return weights, float(self.log_odds(read) - weights @ read)

    @property
    def _own(self) -> np.ndarray:
        own: np.ndarray = self.weights[self.target.number]
        return own


def _logsumexp(values: np.ndarray) -> np.ndarray:
    """ln Σ exp over the last axis; of one number, that number."""
    most = values.max(axis=-1)
    return most + np.log(np.exp(values - most[..., None]).sum(axis=-1))  # type: ignore[no-any-return]


def _log_mean(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """ln L(exp a, exp b): of equal numbers, that number."""
    apart = np.abs(a - b)
    ratio = -np.expm1(-apart) / np.where(apart == 0, 1, apart)
    return np.maximum(a, b) + np.log(np.where(apart == 0, 1, ratio))  # type: ignore[no-any-return]

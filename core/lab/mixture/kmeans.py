"""k-means from the same start as EM, for comparison.

    c_i = argmin_k ‖x_i − m_k‖²,      m_k = the mean of the points with c_i = k

Lloyd 1982. It is what EM becomes where all weights are equal and all covariances are σ² I, as σ goes to 0: every point
then belongs to one component. Axes: N points, D coordinates, K clusters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.lab.mixture.em import Mixture, expectation


@dataclass(frozen=True)
class Comparison:
    """EM and k-means after as many iterations from the same means, clusters and components counted from 0.

    `centres` [K, D] and `clusters` [N] are those of k-means, `components` [N] those most responsible for each point.
    """

    centres: np.ndarray
    clusters: np.ndarray
    components: np.ndarray

    @property
    def apart(self) -> tuple[int, ...]:
        """The points that the two put into different groups, counted from 0."""
        return tuple(int(i) for i in np.flatnonzero(self.clusters != self.components))


def kmeans(points: np.ndarray, centres: np.ndarray, iterations: int) -> tuple[np.ndarray, np.ndarray]:
    """The centres [K, D] after so many iterations, and each point's nearest one [N]. An empty cluster stays put."""
    for _iteration in range(iterations):
        clusters = _nearest(points, centres)
        centres = np.array(
            [points[clusters == k].mean(axis=0) if (clusters == k).any() else one for k, one in enumerate(centres)]
        )
    return centres, _nearest(points, centres)


def compare(mixture: Mixture, iteration_number: int) -> Comparison:
    """The mixture after an iteration, counted from 1, beside k-means after as many."""
    centres, clusters = kmeans(mixture.points, mixture.start.means, iteration_number)
    after = expectation(mixture.points, mixture.iterations[iteration_number - 1].after)
    return Comparison(centres, clusters, after.responsibilities.argmax(axis=1))


def _nearest(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    return np.asarray(((points[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1))

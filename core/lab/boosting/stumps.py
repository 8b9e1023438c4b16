"""Points in the plane and learners that are weak: one axis, one threshold, a class on each side (decision stumps).

By the rule ``error`` a stump has the least weighted error of all. By ``gini`` it is scikit-learn's tree of depth 1: it
chooses the split that leaves least weighted Gini impurity and need not have the least error. A stump names two classes
at most, so with more of them none can be perfect. Trees compare float32, and so do the stumps here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.lab.boosting.points import Cloud
from core.lab.boosting.samme import RISK, Boosting, boost

ERROR, GINI = RULES = "error", "gini"
_EQUAL = 1e-12  # of errors: what differs by less is rounding


@dataclass(frozen=True)
class Stump:
    """`below` where coordinate `axis` (0 or 1) is at most the `threshold`, else `above`: two classes."""

    axis: int
    threshold: float
    below: int
    above: int

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """The classes named for points [N, 2], int64 [N]."""
        return np.where(points[:, self.axis].astype(np.float32) <= self.threshold, self.below, self.above)


@dataclass(frozen=True)
class Regions:
    """Which class wins where: `winners` int64 [rows, columns] of the cells between `y_edges` and `x_edges`."""

    x_edges: np.ndarray
    y_edges: np.ndarray
    winners: np.ndarray


def boost_stumps(cloud: Cloud, rounds: int, rule: str = ERROR, form: str = RISK) -> Boosting:
    """Boost stumps on points; each round's `learnt` is its `Stump`. Raises ValueError as `boost` does."""
    fit = {ERROR: least_error_stump, GINI: gini_stump}[rule]

    def learn(weights: np.ndarray) -> tuple[Stump, np.ndarray]:
        stump = fit(cloud.points, cloud.labels, weights)
        return stump, stump(cloud.points)

    return boost(cloud.labels, cloud.classes, learn, rounds, form)


def least_error_stump(points: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> Stump:
    """The stump of least weighted error on points [N, 2]: of equals the one of the first axis and least threshold.

    Each side has its heaviest class, of equals the first; a threshold is midway between neighbours.
    """
    shares = np.zeros((len(labels), int(labels.max()) + 1))
    shares[np.arange(len(labels)), labels] = weights
    whole = shares.sum(axis=0)
    best, found = whole.max(), Stump(0, float(points[:, 0].max()), int(whole.argmax()), int(whole.argmax()))
    for axis in range(points.shape[1]):
        order = np.argsort(points[:, axis], kind="stable")
        values, below = points[order, axis], np.cumsum(shares[order], axis=0)
        cuts = np.flatnonzero(values[1:] > values[:-1])
        if not len(cuts):
            continue
        right = below[cuts].max(axis=1) + (whole - below[cuts]).max(axis=1)
        cut = cuts[np.flatnonzero(right >= right.max() - _EQUAL)[0]]
        if right.max() > best + _EQUAL:
            best = right.max()
            threshold = float(np.float32((values[cut] + values[cut + 1]) / 2))
            if not values[cut] <= threshold < values[cut + 1]:  # the two are neighbours in float32
                threshold = float(values[cut])
            found = Stump(axis, threshold, int(below[cut].argmax()), int((whole - below[cut]).argmax()))
    return found


def gini_stump(points: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> Stump:
    """The stump that a tree of depth 1 is after fitting points [N, 2] with weights [N].

    Where no split is better than none, both sides have the same class.
    """
    from sklearn.tree import DecisionTreeClassifier

    fitted = DecisionTreeClassifier(max_depth=1, random_state=0).fit(points, labels, sample_weight=weights)
    tree = fitted.tree_
    leaf = [int(fitted.classes_[share.argmax()]) for share in tree.value[:, 0]]
    if tree.node_count == 1:
        return Stump(0, float(points[:, 0].max()), leaf[0], leaf[0])
    below, above = tree.children_left[0], tree.children_right[0]
    return Stump(int(tree.feature[0]), float(tree.threshold[0]), leaf[below], leaf[above])


def regions(boosting: Boosting, points: np.ndarray, rounds: int) -> Regions:
    """The verdicts of boosted stumps after so many rounds, over the points' plane; they turn at thresholds only."""
    stumps = [round_.learnt for round_ in boosting.rounds[:rounds]]
    edges = [_edges(points[:, axis], [stump.threshold for stump in stumps if stump.axis == axis]) for axis in (0, 1)]
    across, up = ((array[:-1] + array[1:]) / 2 for array in edges)
    centres = np.array([(x, y) for y in up for x in across])
    votes = np.zeros((len(centres), boosting.classes))
    for stump, round_ in zip(stumps, boosting.rounds, strict=False):
        if np.isinf(round_.alpha):
            votes[:] = 0
        votes[np.arange(len(centres)), stump(centres)] += 1 if np.isinf(round_.alpha) else round_.alpha
    return Regions(edges[0], edges[1], votes.argmax(axis=1).reshape(len(up), len(across)))


def _edges(values: np.ndarray, thresholds: Sequence[float]) -> np.ndarray:
    """A little more than the values' range, cut at the thresholds."""
    low, high = float(values.min()), float(values.max())
    room = 0.06 * (high - low) or 1.0
    return np.unique([low - room, *(cut for cut in thresholds if low - room < cut < high + room), high + room])

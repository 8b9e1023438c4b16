"""Points in the plane and learners that are weak: one axis, one threshold, a class on each side (decision stumps).

They are scikit-learn's trees of depth 1, which choose the split that leaves least weighted Gini impurity. A stump names
two classes at most, so with more of them none can be perfect. Trees compare float32, and so do the stumps here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.lab.boosting.samme import Boosting, boost
from core.lab.typed_points import LARGEST, MOST_POINTS
from core.runtime.i18n import gettext as _


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


def boost_stumps(
    points: Sequence[Sequence[float]] | np.ndarray, labels: Sequence[int] | np.ndarray, classes: int, rounds: int
) -> Boosting:
    """Boost stumps on points [N, 2]; each round's `learnt` is its `Stump`.

    Raises ValueError for points that are not finite numbers of at most `LARGEST`, for points that are all equal or too
    many, and as `core.lab.boosting.samme.boost` does.
    """
    array = checked_points(points)
    y = np.asarray(labels)
    if y.shape != (len(array),):
        raise ValueError(f"there are {len(array):,} points and labels of shape {y.shape}; expected one label a point")

    def learn(weights: np.ndarray) -> tuple[Stump, np.ndarray]:
        stump = fit_stump(array, y, weights)
        return stump, stump(array)

    return boost(y, classes, learn, rounds)


def fit_stump(points: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> Stump:
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


def stump_of(learnt: object) -> Stump:
    """A round's stump. Raises ValueError where it learnt something else."""
    if not isinstance(learnt, Stump):
        raise ValueError(f"expected a round that learnt a stump; given: {type(learnt).__name__}")
    return learnt


def regions(boosting: Boosting, points: np.ndarray, rounds: int) -> Regions:
    """The verdicts of boosted stumps after so many rounds, over the points' plane; they turn at thresholds only."""
    stumps = [stump_of(made.learnt) for made in boosting.rounds[:rounds]]
    edges = [_edges(points[:, axis], [stump.threshold for stump in stumps if stump.axis == axis]) for axis in (0, 1)]
    across, up = ((array[:-1] + array[1:]) / 2 for array in edges)
    centres = np.array([(x, y) for y in up for x in across])
    votes = np.zeros((len(centres), boosting.classes))
    for stump, made in zip(stumps, boosting.rounds, strict=False):
        if np.isinf(made.alpha):
            votes[:] = 0
        votes[np.arange(len(centres)), stump(centres)] += 1 if np.isinf(made.alpha) else made.alpha
    return Regions(edges[0], edges[1], votes.argmax(axis=1).reshape(len(up), len(across)))


def _edges(values: np.ndarray, thresholds: Sequence[float]) -> np.ndarray:
    """A little more than the values' range, cut at the thresholds."""
    low, high = float(values.min()), float(values.max())
    room = 0.06 * (high - low) or 1.0
    return np.unique([low - room, *(cut for cut in thresholds if low - room < cut < high + room), high + room])


def checked_points(points: Sequence[Sequence[float]] | np.ndarray) -> np.ndarray:
    """Points as float64 [N, 2] of float32's precision. Raises ValueError as `boost_stumps` does."""
    try:
        array = np.asarray(points, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError("points are pairs of numbers; some given are not") from None
    if array.ndim != 2 or array.shape[1] != 2 or not 2 <= len(array) <= MOST_POINTS:
        raise ValueError(
            _("expected 2 to {most:,} points of two coordinates; given: shape {shape}").format(
                most=MOST_POINTS, shape=array.shape
            )
        )
    if not (np.abs(array) <= LARGEST).all():  # NaN is not, either
        raise ValueError(
            _("coordinates must be finite numbers from −{largest:,.0f} to {largest:,.0f}; some are not").format(
                largest=LARGEST
            )
        )
    array = array.astype(np.float32).astype(np.float64)
    if (array == array[0]).all():
        raise ValueError(_("all {count:,} points are equal: no threshold separates them").format(count=len(array)))
    return array

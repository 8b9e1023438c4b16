"""In which axes are a model's states drawn? Three at right angles: the read-out's, and two principal components.

The first is the read-out's direction, w / ‖w‖: a state's position x along it gives logit = ‖w‖ x + b, so the verdict
changes at the line x = −b / ‖w‖. The others are the first two principal components (Pearson 1901) of the reference
states without that direction. The origin is the state before the first token, zero: nothing is subtracted, so that a
path begins where the model does.

K > 2 classes have K scores and so K − 1 read-out directions, those in which the scores differ. Every pair of classes
has three axes of its own, as above: of its log-odds, w = W_a − W_b, and the first two principal components of the
states without all K − 1 directions, the same for every pair. Numpy only. Axes: N states, H units, K classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.data import targets
from core.data.labels import Names
from core.data.targets import Target
from core.runtime.i18n import gettext as _

AXES = 3


@dataclass(frozen=True)
class StateSpace:
    """Orthonormal axes [3, H], float32: the read-out's, then the principal components; missing ones are zeros.

    `variance` [3] is the reference states' along each axis, `total` in all H directions; `centre` [3] their mean.
    ``logit = scale * x + bias`` for a position x along the first axis.
    """

    axes: np.ndarray
    centre: np.ndarray
    variance: np.ndarray
    total: float
    scale: float
    bias: float

    @property
    def explained(self) -> np.ndarray:
        """The share of the reference states' variance along each axis, [3]."""
        return self.variance / self.total if self.total else np.zeros(AXES)

    def project(self, states: np.ndarray) -> np.ndarray:
        """Coordinates float64 [..., 3] of hidden states [..., H]. Raises ValueError for another number of units."""
        if states.shape[-1] != self.axes.shape[1]:
            raise ValueError(f"states of {states.shape[-1]:,} units; the axes are of {self.axes.shape[1]:,}")
        coordinates: np.ndarray = states.astype(np.float64) @ self.axes.T.astype(np.float64)
        return coordinates

    def along(self, target: Target) -> StateSpace:
        """The axes with the log-odds of a target along the first; of two classes' other target, that axis turned."""
        if target.number:
            return self
        turn = np.array([-1.0, 1.0, 1.0])
        axes = (self.axes * turn[:, None]).astype(np.float32)
        return StateSpace(axes, self.centre * turn, self.variance, self.total, self.scale, -self.bias)

    def as_arrays(self) -> dict[str, np.ndarray]:
        """What `from_arrays` reads: float32 and float64 by name."""
        return {
            "axes": self.axes,
            "centre": self.centre,
            "variance": self.variance,
            "numbers": np.array([self.total, self.scale, self.bias]),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], units: int) -> StateSpace:
        """The inverse of `as_arrays`, for a model of H `units`. Raises ValueError for other arrays."""
        shapes = {"axes": (AXES, units), "centre": (AXES,), "variance": (AXES,), "numbers": (3,)}
        axes = _checked(arrays, shapes)
        centre, variance, numbers = (arrays[name].astype(np.float64) for name in ("centre", "variance", "numbers"))
        for array in (axes, centre, variance):
            array.setflags(write=False)
        return cls(axes, centre, variance, *numbers.tolist())


@dataclass(frozen=True)
class ReadOutSpace:
    """Orthonormal axes [K + 1, H], float32: K − 1 that span the read-out, then the principal components; missing ones
    are zeros.

    `centre` [K + 1] and `covariance` [K + 1, K + 1] are of the reference states along the axes, `total` their variance
    in all H directions. A class's score is ``weights · x + bias`` and something that all classes share, for a position
    x [K − 1] along the read-out's axes; `weights` [K, K − 1], `bias` [K].
    """

    axes: np.ndarray
    centre: np.ndarray
    covariance: np.ndarray
    total: float
    weights: np.ndarray
    bias: np.ndarray

    @property
    def explained(self) -> np.ndarray:
        """The share of the reference states' variance along each axis, [K + 1]."""
        variance = np.diag(self.covariance)
        return variance / self.total if self.total else np.zeros(len(variance))

    def pair(self, number: int, against: int) -> StateSpace:
        """The axes of one class's log-odds against another's, by their numbers."""
        apart = self.weights[number] - self.weights[against]
        scale = float(np.linalg.norm(apart))
        turn = np.zeros((AXES, len(self.axes)))
        turn[0, : len(apart)] = apart / scale if scale else 0
        turn[1:, len(apart) :] = np.eye(AXES - 1)
        axes = (turn @ self.axes.astype(np.float64)).astype(np.float32)
        variance = np.einsum("ai,ij,aj->a", turn, self.covariance, turn)
        bias = float(self.bias[number] - self.bias[against])
        return StateSpace(axes, turn @ self.centre, variance, self.total, scale, bias)

    def along(self, target: Target) -> StateSpace:
        """The axes of a target that is compared with one class. Raises ValueError for one that is with several."""
        if target.against is None:
            raise ValueError(f"no axis has the log-odds of {target.name} against several classes along it")
        return self.pair(target.number, target.against)

    def as_arrays(self) -> dict[str, np.ndarray]:
        """What `from_arrays` reads: float32 and float64 by name."""
        return {
            "axes": self.axes,
            "centre": self.centre,
            "covariance": self.covariance,
            "weights": self.weights,
            "numbers": np.array([self.total, *self.bias]),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], units: int, classes: int) -> ReadOutSpace:
        """The inverse of `as_arrays`, for a model of H `units` and K `classes`. Raises ValueError for other arrays."""
        count = classes - 1 + AXES - 1
        shapes: dict[str, tuple[int, ...]] = {
            "axes": (count, units),
            "centre": (count,),
            "covariance": (count, count),
            "weights": (classes, classes - 1),
            "numbers": (1 + classes,),
        }
        axes = _checked(arrays, shapes)
        centre, covariance, weights, numbers = (
            arrays[name].astype(np.float64) for name in ("centre", "covariance", "weights", "numbers")
        )
        for array in (axes, centre, covariance, weights, numbers):
            array.setflags(write=False)
        return cls(axes, centre, covariance, float(numbers[0]), weights, numbers[1:])


Space = StateSpace | ReadOutSpace


def from_arrays(arrays: Mapping[str, np.ndarray], units: int, labels: Names) -> Space:
    """The axes that `as_arrays` of a model of H `units` and these classes gave. Raises ValueError for other arrays."""
    if targets.default(labels):
        return StateSpace.from_arrays(arrays, units)
    return ReadOutSpace.from_arrays(arrays, units, len(labels))


def _checked(arrays: Mapping[str, np.ndarray], shapes: Mapping[str, tuple[int, ...]]) -> np.ndarray:
    """The axes, float32, of arrays that have these shapes. Raises ValueError for others."""
    found = {name: array.shape for name, array in arrays.items()}
    if found != shapes:
        raise ValueError(_("arrays of shapes {found}, expected {shapes}").format(found=found, shapes=shapes))
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise ValueError(_("numbers that are not finite"))
    axes = arrays["axes"].astype(np.float32)
    products = axes.astype(np.float64) @ axes.T.astype(np.float64)
    here = np.diag(products) > 0.5
    if not np.allclose(products, np.diag(here.astype(float)), atol=1e-4):
        raise ValueError(_("axes that are not orthogonal, or not of length 1"))
    return axes


def fit(states: np.ndarray, read_out: np.ndarray, bias: float) -> StateSpace:
    """The axes of reference states [N, H] for read-out weights [H]; a component's largest weight is positive.

    Raises ValueError for fewer than two states or numbers that are not finite.
    """
    mean, covariance = _moments(states, read_out)
    read_out = read_out.astype(np.float64)
    scale = float(np.linalg.norm(read_out))
    axes = np.zeros((AXES, len(read_out)))
    axes[0] = read_out / scale if scale else 0
    components = _components(covariance, axes[:1])
    axes[1 : 1 + len(components)] = components
    variance = np.einsum("ai,ij,aj->a", axes, covariance, axes)
    return StateSpace(axes.astype(np.float32), axes @ mean, variance, float(np.trace(covariance)), scale, bias)


def fit_several(states: np.ndarray, read_outs: np.ndarray, bias: np.ndarray) -> ReadOutSpace:
    """The axes of reference states [N, H] for the read-out weights [K, H] and biases [K] of K classes.

    Raises ValueError for fewer than two states or numbers that are not finite.
    """
    mean, covariance = _moments(states, read_outs)
    classes, units = read_outs.shape
    apart = read_outs.astype(np.float64)
    apart -= apart.mean(axis=0)
    _left, sizes, directions = np.linalg.svd(apart, full_matrices=False)
    spanning = _upright(directions[sizes > 1e-9 * max(sizes[0], 1e-30)][: classes - 1])
    axes = np.zeros((classes - 1 + AXES - 1, units))
    axes[: len(spanning)] = spanning
    components = _components(covariance, spanning)
    axes[classes - 1 : classes - 1 + len(components)] = components
    return ReadOutSpace(
        axes.astype(np.float32),
        axes @ mean,
        axes @ covariance @ axes.T,
        float(np.trace(covariance)),
        apart @ axes[: classes - 1].T,
        bias.astype(np.float64),
    )


def _moments(states: np.ndarray, read_out: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean [H] and covariance [H, H] of states. Raises ValueError as `fit`."""
    if len(states) < 2:
        raise ValueError(f"axes are fitted to at least 2 states; given: {len(states)}")
    if not (np.isfinite(states).all() and np.isfinite(read_out).all()):
        raise ValueError("states or read-out hold numbers that are not finite")
    states = states.astype(np.float64)
    mean = states.mean(axis=0)
    return mean, (states - mean).T @ (states - mean) / len(states)


def _components(covariance: np.ndarray, without: np.ndarray) -> np.ndarray:
    """The first principal components, at most two, without the orthonormal directions [D, H]."""
    across = np.eye(len(covariance)) - without.T @ without
    values, vectors = np.linalg.eigh(across @ covariance @ across)
    # Directions in which nothing varies are no components, the read-out's own among them.
    there = values > 1e-9 * max(np.trace(covariance), 1e-30)
    return _upright(vectors[:, there][:, ::-1][:, : AXES - 1].T)


def _upright(directions: np.ndarray) -> np.ndarray:
    """The directions [D, H], each turned so that its largest weight is positive."""
    largest = np.take_along_axis(directions, np.abs(directions).argmax(axis=1)[:, None], axis=1)
    return directions * np.sign(largest)  # type: ignore[no-any-return]

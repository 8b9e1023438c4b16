"""In which axes are a model's states drawn? Three at right angles: the read-out's, and two principal components.

The first is the read-out's direction, w / ‖w‖: a state's position x along it gives logit = ‖w‖ x + b, so the verdict
changes at the line x = −b / ‖w‖. The others are the first two principal components (Pearson 1901) of the reference
states without that direction. The origin is the state before the first token, zero: nothing is subtracted, so that a
path begins where the model does. Numpy only. Axes: N states, H units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

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
        centre, variance, numbers = (arrays[name].astype(np.float64) for name in ("centre", "variance", "numbers"))
        for array in (axes, centre, variance):
            array.setflags(write=False)
        return cls(axes, centre, variance, *numbers.tolist())


def fit(states: np.ndarray, read_out: np.ndarray, bias: float) -> StateSpace:
    """The axes of reference states [N, H] for read-out weights [H]; a component's largest weight is positive.

    Raises ValueError for fewer than two states or numbers that are not finite.
    """
    if len(states) < 2:
        raise ValueError(f"axes are fitted to at least 2 states; given: {len(states)}")
    if not (np.isfinite(states).all() and np.isfinite(read_out).all()):
        raise ValueError("states or read-out hold numbers that are not finite")
    states, read_out = states.astype(np.float64), read_out.astype(np.float64)
    mean = states.mean(axis=0)
    covariance = (states - mean).T @ (states - mean) / len(states)
    scale = float(np.linalg.norm(read_out))
    axes = np.zeros((AXES, len(read_out)))
    axes[0] = read_out / scale if scale else 0
    across = np.eye(len(read_out)) - np.outer(axes[0], axes[0])
    values, vectors = np.linalg.eigh(across @ covariance @ across)
    # Directions in which nothing varies are no components, the read-out's own among them.
    there = values > 1e-9 * max(np.trace(covariance), 1e-30)
    components = vectors[:, there][:, ::-1][:, : AXES - 1].T
    largest = np.take_along_axis(components, np.abs(components).argmax(axis=1)[:, None], axis=1)
    axes[1 : 1 + len(components)] = components * np.sign(largest)
    variance = np.einsum("ai,ij,aj->a", axes, covariance, axes)
    return StateSpace(axes.astype(np.float32), axes @ mean, variance, float(np.trace(covariance)), scale, bias)

"""The numbers of a mixture worked by hand, by name, in plain Python from the numbers before them.

Names have a letter, then iteration, point and component, from 1: ``d1_3_2`` is the density of point 3 under component 2
in iteration 1, ``r1_3_2`` its responsibility; ``n1_2``, ``p1_2``, ``m1_2`` and ``v1_2`` are N_k, π_k, μ_k and the
covariance that the M-step makes, with the coordinates last; ``l1`` is the log-likelihood after iteration 1. A number
that nobody was asked for, such as the responsibility of a point that is left out, is worked out where it is needed.
"""

from __future__ import annotations

import math

import numpy as np

from core.lab.attempt import Values
from core.lab.mixture.em import Kind


class Numbers:
    """Names and values of an exercise on `points` [N, D], D 1 or 2, with so many components of a kind."""

    def __init__(self, points: np.ndarray, components: int, kind: Kind, reg_covar: float) -> None:
        self.count, self.dimensions = points.shape
        self.components, self.reg = components, reg_covar
        self.tied, self.spherical = kind == "tied", kind == "spherical" and self.dimensions > 1
        self.entries = [(a, b) for a in range(self.dimensions) for b in range(a, self.dimensions)]
        if kind in ("diag", "spherical"):
            self.entries = [(a, a) for a in range(1 if self.spherical else self.dimensions)]

    def x(self, i: int, a: int) -> str:
        """A coordinate of a point."""
        return f"x{i + 1}" + self._axis(a)

    def m(self, t: int, k: int, a: int) -> str:
        """A coordinate of a mean after iteration `t`."""
        return f"m{t}_{k + 1}" + self._axis(a)

    def v(self, t: int, k: int, a: int, b: int) -> str:
        """An entry of a covariance after iteration `t`."""
        of = "" if self.tied else f"_{k + 1}"
        return f"v{t}{of}" + ("" if len(self.entries) == 1 else f"_{a + 1}{b + 1}")

    def _axis(self, a: int) -> str:
        return "" if self.dimensions == 1 else f"_{a + 1}"

    def square(self, v: Values, t: int, i: int, k: int, *, inverse: bool = True, crossed: bool = True) -> float:
        """(x − μ)ᵀ Σ⁻¹ (x − μ); without `inverse`, Σ itself; without `crossed`, its diagonal alone."""
        apart = [v[self.x(i, a)] - v[self.m(t, k, a)] for a in range(self.dimensions)]
        first, cross, second = self.spread(v, t, k)
        if self.dimensions == 1:
            return apart[0] ** 2 / first
        cross *= crossed
        if not inverse:
            return apart[0] ** 2 * first + 2 * cross * apart[0] * apart[1] + apart[1] ** 2 * second
        det = first * second - cross**2
        return (second * apart[0] ** 2 - 2 * cross * apart[0] * apart[1] + first * apart[1] ** 2) / det

    def spread(self, v: Values, t: int, k: int) -> tuple[float, float, float]:
        """Σ11, Σ12, Σ22; on a line only the first counts."""
        first = v[self.v(t, k, 0, 0)]
        if self.dimensions == 1 or self.spherical:
            return first, 0.0, first
        cross = v[self.v(t, k, 0, 1)] if (0, 1) in self.entries else 0.0
        return first, cross, v[self.v(t, k, 1, 1)]

    def det(self, v: Values, t: int, k: int) -> float:
        """The determinant of Σ; on a line, σ²."""
        first, cross, second = self.spread(v, t, k)
        return first if self.dimensions == 1 else first * second - cross**2

    def norm(self, v: Values, t: int, k: int) -> float:
        """1 / √((2π)ᴰ det Σ)."""
        return 1 / math.sqrt((2 * math.pi) ** self.dimensions * self.det(v, t, k))

    def d(self, v: Values, t: int, i: int, k: int) -> float:
        """The density, as it was worked out or from the parameters of the iteration before."""
        name = f"d{t}_{i + 1}_{k + 1}"
        return v[name] if name in v else math.exp(-self.square(v, t - 1, i, k) / 2) * self.norm(v, t - 1, k)

    def joint(self, v: Values, t: int, i: int, k: int) -> float:
        """The weight times the density."""
        return v[f"p{t - 1}_{k + 1}"] * self.d(v, t, i, k)

    def r(self, v: Values, t: int, i: int, k: int) -> float:
        """The responsibility, as it was worked out or from the densities."""
        name = f"r{t}_{i + 1}_{k + 1}"
        return v[name] if name in v else self.fresh(v, t, i, k)

    def fresh(self, v: Values, t: int, i: int, k: int) -> float:
        """The responsibility from the densities, whatever was made of it."""
        return self.joint(v, t, i, k) / sum(self.joint(v, t, i, j) for j in range(self.components))

    def shares(self, v: Values, t: int, k: int) -> list[float]:
        """A component’s responsibilities for all points."""
        return [self.r(v, t, i, k) for i in range(self.count)]

    def hard(self, v: Values, t: int, k: int) -> list[float]:
        """1 for a point of which the component holds most, else 0."""
        every = [self.shares(v, t, j) for j in range(self.components)]
        return [float(max(range(self.components), key=lambda j: every[j][i]) == k) for i in range(self.count)]

    def about(self, v: Values, t: int, k: int, a: int, b: int, weights: list[float], old: bool = False) -> float:
        """Σ_i w_i (x_i − μ)_a (x_i − μ)_b, with the new mean or the old one; mean of the axes where spherical."""
        means = t - 1 if old else t
        axes = [(c, c) for c in range(self.dimensions)] if self.spherical else [(a, b)]
        total = sum(
            weight * (v[self.x(i, c)] - v[self.m(means, k, c)]) * (v[self.x(i, e)] - v[self.m(means, k, e)])
            for i, weight in enumerate(weights)
            for c, e in axes
        )
        return total / len(axes)

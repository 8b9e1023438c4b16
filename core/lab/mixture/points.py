"""Points for a mixture: drawn from a seed, or typed in, two numbers a line."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from core.lab.typed_numbers import MOST_POINTS, seeded, typed_lines
from core.runtime.i18n import gettext as _

LEAST_DRAWN = 10


def draw(name: str, points: int, seed: int) -> np.ndarray:
    """So many points, float64 [N, 2] with three decimals; the same for the same seed.

    Raises LookupError for a name that is not in `TOYS`, ValueError for numbers out of bounds.
    """
    if name not in TOYS:
        raise LookupError(f"there are no points {name!r} to draw; there are: {', '.join(TOYS)}")
    if not LEAST_DRAWN <= points <= MOST_POINTS:
        raise ValueError(
            _("{points:,} points were asked for; expected {least} to {most:,}").format(
                points=points, least=LEAST_DRAWN, most=MOST_POINTS
            )
        )
    random = seeded(seed)
    drawn = _gaussians(points, random, _GAUSSIANS[name]) if name in _GAUSSIANS else _SHAPES[name](points, random)
    return drawn.round(3)


def read_points(text: str, *, header: bool = False) -> np.ndarray:
    """Points that a person typed, float64 [N, 2]: two numbers per line.

    With `header`, a first line without a number is left out. Raises ValueError, naming the line, for an invalid one,
    and for fewer than 2.
    """
    points: list[tuple[float, float]] = []
    for line in typed_lines(text, header=header):
        point = line.point()
        if len(line.fields) != 2 or point is None:
            raise ValueError(
                _("line {number} is {shown}; expected two numbers, as in 0.5, 1.2").format(
                    number=line.number, shown=line.shown
                )
            )
        points.append(point)
    if len(points) < 2:
        raise ValueError(_("expected 2 points or more, two numbers per line; given: {count}").format(count=len(points)))
    return np.array(points)


def _gaussians(points: int, random: np.random.Generator, parts: Sequence[_Gaussian]) -> np.ndarray:
    shares = np.array([weight for weight, _mean, _covariance in parts])
    counts = random.multinomial(points, shares / shares.sum())
    drawn = [
        random.multivariate_normal(mean, covariance, size=count)
        for count, (_weight, mean, covariance) in zip(counts, parts, strict=True)
    ]
    return np.concatenate(drawn)


def _twins(points: int, random: np.random.Generator) -> np.ndarray:
    """A cloud, and far from it one point four times: a component on these has nothing to spread over."""
    cloud = _gaussians(points - 4, random, [(1.0, (0.0, 0.0), ((1.0, 0.0), (0.0, 1.0)))])
    return np.concatenate([cloud, np.repeat([[9.0, 8.0]], 4, axis=0)])


def _arcs(points: int, random: np.random.Generator) -> np.ndarray:
    """Two half-circles that interlock: not Gaussian at all."""
    angles = random.uniform(0, np.pi, points)
    upper = np.arange(points) % 2 == 0
    x = np.where(upper, np.cos(angles), 1 - np.cos(angles))
    y = np.where(upper, np.sin(angles), 0.4 - np.sin(angles))
    return 2 * np.stack([x, y], axis=1) + random.normal(scale=0.15, size=(points, 2))


_Gaussian = tuple[float, tuple[float, float], tuple[tuple[float, float], tuple[float, float]]]
"""A weight, a mean and a covariance."""
_GAUSSIANS: dict[str, Sequence[_Gaussian]] = {
    "clouds": [  # overlapping, of different sizes
        (0.5, (0.0, 0.0), ((1.0, 0.0), (0.0, 0.6))),
        (0.3, (3.2, 1.6), ((0.7, 0.3), (0.3, 0.6))),
        (0.2, (0.6, 3.4), ((0.3, 0.0), (0.0, 0.4))),
    ],
    "crossing": [  # long: no straight border could part them
        (0.5, (0.0, 0.0), ((3.0, 2.8), (2.8, 3.0))),
        (0.5, (0.0, 0.0), ((3.0, -2.8), (-2.8, 3.0))),
    ],
    "one": [(1.0, (0.0, 0.0), ((1.5, 0.5), (0.5, 1.0)))],  # any further component is one too many
}
_SHAPES: dict[str, Callable[[int, np.random.Generator], np.ndarray]] = {"twins": _twins, "arcs": _arcs}
TOYS = (*_GAUSSIANS, *_SHAPES)
"""The names of what can be drawn."""

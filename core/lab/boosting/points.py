"""Points to boost on: drawn from a seed, or typed in, a line each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.lab.typed_numbers import MOST_POINTS, seeded, typed_lines
from core.runtime.i18n import gettext as _

MOST_CLASSES, LONGEST_NAME = 6, 24


@dataclass(frozen=True)
class Cloud:
    """Points float64 [N, 2] with `labels` int64 [N], the indices of their classes in `names`."""

    points: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]

    @property
    def classes(self) -> int:
        """K."""
        return len(self.names)


def draw(name: str, classes: int, points: int, seed: int) -> Cloud:
    """About so many points of K classes, each with as many as the next or one more; the same for the same seed.

    Raises LookupError for a name that is not in `CLOUDS`, ValueError for numbers out of bounds.
    """
    if name not in CLOUDS:
        raise LookupError(f"there is no cloud {name!r}; there are: {', '.join(CLOUDS)}")
    if not 2 <= classes <= MOST_CLASSES:
        raise ValueError(
            _("{classes} classes were asked for; expected 2 to {most}").format(classes=classes, most=MOST_CLASSES)
        )
    if not 2 * classes <= points <= MOST_POINTS:
        raise ValueError(
            _("{points:,} points were asked for; expected {least} to {most:,}, two a class").format(
                points=points, least=2 * classes, most=MOST_POINTS
            )
        )
    drawn, labels = CLOUDS[name](classes, points, seeded(seed))
    return Cloud(_single(drawn.round(3)), labels, tuple(str(number + 1) for number in range(classes)))


def read_points(text: str) -> Cloud:
    """Points that a person typed: two numbers, or all of them one, and a class's name per line.

    Raises ValueError, naming the line, for an invalid one, and for fewer than two classes or too many.
    """
    coordinates: list[tuple[float, float]] = []
    classes: list[str] = []
    lines = list(typed_lines(text))
    if lines and all(len(line.fields) == 2 for line in lines):
        lines = [line._replace(fields=[line.fields[0], "0", line.fields[1]]) for line in lines]
    for line in lines:
        fields = line.fields
        if len(fields) != 3 or not fields[2] or len(fields[2]) > LONGEST_NAME:
            raise ValueError(
                _(
                    "line {number} is {shown}; expected two numbers and a class of at most {longest} "
                    "characters, as in 0.5, 1.2, a; or in every line one number and a class"
                ).format(number=line.number, shown=line.shown, longest=LONGEST_NAME)
            )
        point = line.point()
        if point is None:
            raise ValueError(
                _("line {number} is {shown}: {first!r} and {second!r} are not two numbers").format(
                    number=line.number, shown=line.shown, first=fields[0], second=fields[1]
                )
            )
        coordinates.append(point)
        classes.append(fields[2])
    names = tuple(sorted(set(classes)))
    if not 2 <= len(names) <= MOST_CLASSES:
        raise ValueError(
            _("expected points of 2 to {most} classes; the {count:,} given have {names_count}").format(
                most=MOST_CLASSES, count=len(coordinates), names_count=len(names)
            )
        )
    labels = np.array([names.index(name) for name in classes], dtype=np.int64)
    points = _single(coordinates)
    if (points == points[0]).all():
        raise ValueError(_("all {count:,} points are equal: no threshold separates them").format(count=len(points)))
    return Cloud(points, labels, names)


def _single(points: np.ndarray | list[tuple[float, float]]) -> np.ndarray:
    """Points as float64 [N, 2] of float32's precision, in which trees compare."""
    return np.asarray(points, dtype=np.float32).astype(np.float64)


def _even(classes: int, points: int) -> np.ndarray:
    return np.arange(points, dtype=np.int64) % classes


def _blobs(classes: int, points: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian clouds around a circle, close enough to overlap."""
    labels = _even(classes, points)
    angles = 2 * np.pi * labels / classes + 0.4
    centres = 1.7 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return centres + random.normal(scale=0.8, size=(points, 2)), labels


def _rings(classes: int, points: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """One Gaussian cloud cut into rings of equal counts: the simulation of Zhu et al. 2009, in the plane."""
    drawn = random.normal(size=(points, 2))
    labels = np.empty(points, dtype=np.int64)
    labels[np.argsort((drawn**2).sum(axis=1))] = np.sort(_even(classes, points))
    return drawn, labels


def _spirals(classes: int, points: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """An arm a class, wound around the origin."""
    labels = _even(classes, points)
    along = np.sqrt(random.uniform(0.02, 1, points))
    angles = 2 * np.pi * labels / classes + 3.5 * along + random.normal(scale=0.12, size=points)
    return 2.5 * np.stack([along * np.cos(angles), along * np.sin(angles)], axis=1), labels


def _apart(classes: int, points: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Clouds in a row, far from one another: of two classes, one stump is right on all."""
    labels = _even(classes, points)
    return np.stack([4.0 * labels, np.zeros(points)], axis=1) + random.uniform(-1, 1, (points, 2)), labels


def _squares(classes: int, points: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A board whose every row and column has each class once, the same points in each field: every stump is chance."""
    inside = random.uniform(0.1, 0.9, (max(1, points // classes**2), 2)).round(3)
    fields = [(column, row) for row in range(classes) for column in range(classes)]
    drawn = np.array([(column + x, row + y) for column, row in fields for x, y in inside])
    return drawn, np.repeat([(column + row) % classes for column, row in fields], len(inside)).astype(np.int64)


_Draw = Callable[[int, int, np.random.Generator], tuple[np.ndarray, np.ndarray]]
CLOUDS: dict[str, _Draw] = {
    "rings": _rings,
    "blobs": _blobs,
    "spirals": _spirals,
    "apart": _apart,
    "squares": _squares,
}

"""Points for a mixture, drawn from a seed or typed; and a start, typed as parameters or as responsibilities."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from core.lab.attempt import Answer
from core.lab.mixture.em import MOST_COMPONENTS, Kind, Parameters
from core.lab.typed_numbers import LARGEST, MOST_POINTS, in_quotes, number, seeded, typed_lines
from core.runtime.i18n import gettext as _

LEAST_DRAWN = 10
_SEPARATOR = re.compile(r"\s*[,;\t]\s*|\s+")
_SUM = 1e-6  # by how much shares may miss 1


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
    """Points that a person typed, float64 [N, D]: one number per line or two; or many numbers in one line, D = 1.

    With `header`, a first line without a number is left out. Raises ValueError, naming the line, for an invalid one,
    and for fewer than 2.
    """
    fields = _SEPARATOR.split(text.strip()[:40_000])
    if "\n" not in text.strip() and len(fields) > 2:
        values = [number(field, _("number {place}").format(place=place)) for place, field in enumerate(fields, 1)]
        if len(values) > MOST_POINTS:
            raise ValueError(_("there are more than {most:,} points").format(most=MOST_POINTS))
        if max(map(abs, values)) > LARGEST:
            raise ValueError(
                _("coordinates must be finite numbers from −{largest:,.0f} to {largest:,.0f}; some are not").format(
                    largest=LARGEST
                )
            )
        return np.array(values)[:, None]
    points: list[tuple[float, ...]] = []
    for line in typed_lines(text, header=header):
        alone = len(line.fields) == 1
        point = line._replace(fields=line.fields * 2).point() if alone else line.point()
        if len(line.fields) > 2 or point is None or (points and len(points[0]) != len(line.fields)):
            named = {1: _("one number, as in 0.5"), 2: _("two numbers, as in 0.5, 1.2")}
            either = _("one number or two, as in 0.5 or 0.5, 1.2")
            raise ValueError(
                _("line {number} is {shown}; expected {numbers}").format(
                    number=line.number, shown=line.shown, numbers=named[len(points[0])] if points else either
                )
            )
        points.append(point[: len(line.fields)])
    if len(points) < 2:
        raise ValueError(_("expected 2 points or more, one per line; given: {count}").format(count=len(points)))
    return np.array(points)


def start_columns(dimensions: int, kind: Kind) -> tuple[str, ...]:
    """What a line of a typed start holds, for points of one coordinate or two."""
    if dimensions == 1:
        return ("π", "μ", "σ²")
    spread = {"diag": ("σ1²", "σ2²"), "spherical": ("σ²",)}.get(kind, ("Σ11", "Σ12", "Σ22"))
    return ("π", "μ1", "μ2", *spread)


def read_start(text: str, dimensions: int, kind: Kind) -> Parameters:
    """Parameters that a person typed: a component per line, with the numbers of `start_columns`; 1/3 is a number too.

    Raises ValueError, naming the line, for an invalid one; for weights that do not sum to 1; for a covariance that is
    not positive definite; and for different covariances where they are tied.
    """
    columns = start_columns(dimensions, kind)
    rows = _read_rows(text, MOST_COMPONENTS, ", ".join(columns), len(columns))
    weights, means, spread = rows[:, 0], rows[:, 1 : dimensions + 1], rows[:, dimensions + 1 :]
    if (weights <= 0).any():
        raise ValueError(_("every weight π must be above 0"))
    if abs(weights.sum() - 1) > _SUM:
        raise ValueError(
            _("the weights π sum to {sum:.6g}; expected 1 (a third is typed as 1/3)").format(sum=weights.sum())
        )
    covariances = spread[:, [[0, 1], [1, 2]]] if spread.shape[1] == 3 else spread[:, :, None] * np.eye(dimensions)
    for k, covariance in enumerate(covariances, 1):
        if np.linalg.eigvalsh(covariance)[0] <= 1e-12 * np.abs(covariance).max():
            raise ValueError(_("the covariance of component {k} is not positive definite").format(k=k))
    if kind == "tied" and (spread != spread[0]).any():
        raise ValueError(_("a shared covariance must be the same in every line"))
    return Parameters(weights, means, covariances)


def read_responsibilities(text: str, points: int) -> np.ndarray:
    """Responsibilities [N, K] that a person typed: a line per point, a number per component; 1/3 is a number too.

    Raises ValueError, naming the line, for an invalid one, and for another number of lines than points.
    """
    rows = _read_rows(text, MOST_POINTS, _("a number per component, 20 at most"), None)
    if len(rows) != points:
        raise ValueError(
            _("expected a line of responsibilities for each of the {points} points; given: {lines}").format(
                points=points, lines=len(rows)
            )
        )
    for place, row in enumerate(rows, 1):
        if (row < 0).any() or abs(row.sum() - 1) > _SUM:
            raise ValueError(
                _(
                    "the responsibilities of point {point} sum to {sum:.6g}; expected numbers from 0 to 1 that sum to "
                    "1 (a third is typed as 1/3)"
                ).format(point=place, sum=row.sum())
            )
    if (rows.sum(axis=0) == 0).any():
        raise ValueError(_("every component needs a responsibility above 0"))
    return rows


def _read_rows(text: str, most: int, expected: str, width: int | None) -> np.ndarray:
    """A number in every field of every line, as many in each; `width` of them, or as many as in the first line."""
    rows: list[list[float]] = []
    for place, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        if len(rows) == most:
            raise ValueError(_("there are more than {most:,} lines").format(most=most))
        fields = _SEPARATOR.split(line.strip()[:1_000])
        width = width or len(fields)
        try:
            row = [Answer.read(field).value for field in fields[: MOST_COMPONENTS + 1]]
        except ValueError:
            row = []
        if len(row) != width or width > MOST_COMPONENTS or max(map(abs, row)) > LARGEST:
            raise ValueError(
                _("line {number} is {shown}; expected {numbers}").format(
                    number=place, shown=in_quotes(line.strip()), numbers=expected
                )
            )
        rows.append(row)
    if not rows:
        raise ValueError(_("expected one line or more; given: none"))
    return np.array(rows)


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

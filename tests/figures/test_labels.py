"""Names beside points: none over another, the first served first, and what has no room left out."""

from __future__ import annotations

import numpy as np
import pytest

from core.figures import labels
from core.figures.labels import sides

WIDTH, HEIGHT = 165.0, 250.0


def boxes(points: np.ndarray, names: list[str], found: list[str | None]) -> list[tuple[float, ...]]:
    """Where the names that are shown lie, worked out from the points anew."""
    low, span = points.min(axis=0), np.ptp(points, axis=0)
    placed = []
    for point, name, side in zip(points, names, found, strict=True):
        if side is not None:
            x, y = (point - low) / np.where(span > 0, span, 1) * (WIDTH, HEIGHT)
            placed.append(labels._box(x, y, len(name), labels._SIDES[side]))
    return placed


@pytest.mark.parametrize("seed", range(20))
def test_no_name_covers_another(seed: int) -> None:
    random = np.random.default_rng(seed)
    points = random.normal(size=(24, 2)).cumsum(axis=0)
    names = ["w" * length for length in random.integers(1, 12, 24)]
    found = sides(points, names, WIDTH, HEIGHT)
    placed = boxes(points, names, found)
    assert len(placed) >= 12
    for place, box in enumerate(placed):
        for other in placed[:place]:
            assert box[0] >= other[2] or other[0] >= box[2] or box[1] >= other[3] or other[1] >= box[3]


def test_a_name_stands_above_its_point_where_there_is_room() -> None:
    points = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1]])
    assert sides(points, ["a", "b", "c", "d"], WIDTH, HEIGHT)[:2] == ["top center", "top center"]
    points = np.array([[0.0, 0], [0.5, 0.5], [0.5, 0.56], [1, 1]])  # the third where the second's name would go
    found = sides(points, ["", "so", "", ""], WIDTH, HEIGHT)
    assert found[1] not in (None, "top center") and found[0] is found[2] is found[3] is None
    assert sides(np.empty((0, 2)), [], WIDTH, HEIGHT) == []
    assert sides(np.zeros((1, 2)), [""], WIDTH, HEIGHT) == [None]


def test_of_many_names_at_one_place_the_first_are_shown() -> None:
    found = sides(np.zeros((30, 2)), ["word"] * 30, WIDTH, HEIGHT)
    shown = [place for place, side in enumerate(found) if side]
    assert shown == list(range(len(shown))) and 2 <= len(shown) <= 8
    assert len({found[place] for place in shown}) == len(shown)

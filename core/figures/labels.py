"""Where does the name of a point go, so that it covers neither another name nor another point?

Plotly places names without looking for overlaps, and the size of the figure is not known. So boxes are measured in the
pixels of a small figure: what does not overlap there does not overlap in a larger one.
"""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import east_asian_width

import numpy as np

_CHARACTER, _LINE = 6.5, 13.0  # pixels of a letter's width and a line's height, in Plotly's usual 12-pixel type
_GAP, _MARKER = 7.0, 5.0  # from a point to its name; half the width of a point
_ROOM = 20.0  # around the points, before the axes' own numbers begin
# Plotly's words for where a name goes, and where that is: the first are tried first.
_SIDES = {
    "top center": (0, 1),
    "bottom center": (0, -1),
    "middle right": (1, 0),
    "middle left": (-1, 0),
    "top right": (1, 1),
    "bottom right": (1, -1),
    "top left": (-1, 1),
    "bottom left": (-1, -1),
}

Box = tuple[float, float, float, float]  # left, bottom, right, top


def sides(points: np.ndarray, names: Sequence[str], width: float, height: float) -> list[str | None]:
    """For each of the points [N, 2] one of Plotly's text positions, or None where its name finds no room.

    The points fill a figure of `width` x `height` pixels. Names are placed in order, so the earlier of two that want
    the same room has it; an empty name needs none.
    """
    if not len(points):
        return []
    span = np.ptp(points, axis=0)
    pixels = (points - points.min(axis=0)) / np.where(span > 0, span, 1) * (width, height)
    markers: list[Box] = [(x - _MARKER, y - _MARKER, x + _MARKER, y + _MARKER) for x, y in pixels.tolist()]
    taken: list[Box] = []
    placed: list[str | None] = []
    for index, name in enumerate(names):
        if not name:
            placed.append(None)
            continue
        others = [box for box in markers if box != markers[index]]
        x, y = pixels[index].tolist()
        letters = sum(2 if east_asian_width(char) in "WF" else 1 for char in name)
        boxes = {side: _box(x, y, letters, direction) for side, direction in _SIDES.items()}
        free = {side: box for side, box in boxes.items() if not any(_overlap(box, other) for other in taken)}
        # A point under a name is still seen, and so is a name on the edge; a name under a name is not read.
        faults = {
            side: sum(_overlap(box, other) for other in others) + _beyond(box, width, height)
            for side, box in free.items()
        }
        side = min(faults, key=faults.__getitem__, default=None)
        placed.append(side)
        if side is not None:
            taken.append(free[side])
    return placed


def _box(x: float, y: float, letters: int, direction: tuple[int, int]) -> Box:
    across, up = _CHARACTER * letters, _LINE
    middle_x = x + direction[0] * (across / 2 + (_GAP if not direction[1] else 0))
    middle_y = y + direction[1] * (up / 2 + _GAP)
    return middle_x - across / 2, middle_y - up / 2, middle_x + across / 2, middle_y + up / 2


def _beyond(box: Box, width: float, height: float) -> bool:
    return box[0] < -_ROOM or box[1] < -_ROOM or box[2] > width + _ROOM or box[3] > height + _ROOM


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]

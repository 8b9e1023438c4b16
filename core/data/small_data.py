"""Whether a model was judged on enough rows, and what the more frequent class alone would score.

With `SMALL` rows the 95 % interval of an accuracy reaches up to 5 percentage points to either side: 1.96 √(0.25 / 400).
Two models judged on fewer can hardly be told apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SMALL = 400  # rows
UNEVEN = 2.0
"""How many times as frequent the larger class is before training weights the classes, unless told otherwise."""


def is_small(rows: int) -> bool:
    """Whether an accuracy on so many rows is uncertain by 5 percentage points or more."""
    return rows < SMALL


def class_counts(report: Mapping[str, Any]) -> tuple[int, ...]:
    """Rows of each class that an evaluation was made on, from its confusion table."""
    return tuple(map(sum, _confusion(report)))


def majority(report: Mapping[str, Any]) -> float:
    """The accuracy of always giving the most frequent class on the rows of an evaluation."""
    counts = class_counts(report)
    return max(counts) / sum(counts)


def recalls(report: Mapping[str, Any]) -> tuple[float | None, ...]:
    """The share of each class's rows that were given that class; None for a class without rows."""
    table = _confusion(report)
    return tuple(row[number] / sum(row) if sum(row) else None for number, row in enumerate(table))


def _confusion(report: Mapping[str, Any]) -> list[list[int]]:
    """Rows by class and verdict, of the four fields that two classes have or the ``counts`` of more."""
    cells = report["confusion"]
    if "counts" in cells:
        return [list(row) for row in cells["counts"]]
    return [
        [cells["true_negative"], cells["false_positive"]],
        [cells["false_negative"], cells["true_positive"]],
    ]


def trained_counts(card: Mapping[str, Any]) -> tuple[int, ...] | None:
    """Rows of each class in the file that a checkpoint was trained from; None where its card does not tell."""
    data = card.get("data", {})
    counts = data.get("counts") or [data.get("negative"), data.get("positive")]
    whole = len(counts) == len(card.get("labels", counts)) and all(isinstance(count, int) for count in counts)
    return tuple(counts) if whole else None

"""On which sentences of an index is one unit strongest?

After Karpathy, Johnson & Fei-Fei 2015, "Visualizing and Understanding Recurrent Networks", who coloured texts by the
state of one unit. Values are those of the index: whole steps of `patterns.STEPS`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.probes.units.patterns import STEPS, Index

MOST = 8


@dataclass(frozen=True)
class UnitText:
    """A sentence of the index with the `values` [T] of a unit after each token, strongest after `token`, from 0."""

    tokens: tuple[str, ...]
    row: int
    token: int
    values: np.ndarray


def strongest(index: Index, unit: int, *, lowest: bool = False, most: int = MOST) -> list[UnitText]:
    """The sentences in which a unit reaches its highest values, or its lowest ones; the strongest first.

    Raises ValueError for a unit that the model does not have.
    """
    if not 0 <= unit < index.levels.shape[1]:
        raise ValueError(f"a unit is a number from 0 to {index.levels.shape[1] - 1:,}; given: {unit:,}")
    levels = index.levels[:, unit].astype(np.int64)
    reach = np.minimum if lowest else np.maximum
    peaks = reach.reduceat(levels, index.offsets[:-1])
    order = np.argsort(peaks if lowest else -peaks, kind="stable")[:most]
    found = []
    for sentence in order.tolist():
        values = levels[index.offsets[sentence] : index.offsets[sentence + 1]]
        token = int(values.argmin() if lowest else values.argmax())
        found.append(UnitText(index.sentences[sentence], index.rows[sentence], token, values * STEPS[index.state]))
    return found

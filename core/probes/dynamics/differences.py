"""Why does one model answer two sentences differently? Where the states split, the verdicts part, and what carries it.

Both sentences are read from the start, step by step. The distance of the states is `trajectories.apart`'s; the share
that a step carries is `core.probes.interventions.patching`'s, of the whole state: sentence A read on from B's state.
Steps count from 1, axes: T tokens of A, S tokens of B.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.data.targets import Target
from core.models.trace import Trace
from core.probes.dynamics.trajectories import apart
from core.probes.interventions.patching import PatchGrid

LEAST = 0.1  # of the difference: a step that adds less does not carry it


@dataclass(frozen=True)
class Difference:
    """One model's runs of two sentences, side by side.

    `probability` are P(target) after each token, [T] and [S]; `predicted` the classes' numbers. `distance` is that of
    the states after equally many tokens, [min(T, S)]. `share` [T] is the part of the difference in the logit that A's
    run takes over with B's state, NaN where B has ended; None where the logits are too near, or it was not measured.
    """

    model: str
    target: Target
    tokens: tuple[tuple[str, ...], tuple[str, ...]]
    logit: tuple[float, float]
    probability: tuple[np.ndarray, np.ndarray]
    predicted: tuple[np.ndarray, np.ndarray]
    distance: np.ndarray
    share: np.ndarray | None

    @property
    def opposite(self) -> bool:
        """Whether the verdicts on the whole sentences differ."""
        return bool(self.predicted[0][-1] != self.predicted[1][-1])

    @property
    def splits_at(self) -> int | None:
        """The first step after which the states differ; None where one sentence goes on as the other ends."""
        there = np.flatnonzero(self.distance > 0)
        return int(there[0]) + 1 if len(there) else None

    @property
    def parts_at(self) -> int | None:
        """The step from which on, to the end of the shorter sentence, the verdicts differ; None where they agree there,
        or did before the states split."""
        both = len(self.distance)
        same = np.flatnonzero(self.predicted[0][:both] == self.predicted[1][:both])
        first = int(same[-1]) + 2 if len(same) else 1
        return first if first <= both else None

    @property
    def rise(self) -> np.ndarray:
        """How much each step adds to the share, [T]; 0 without one."""
        return np.zeros(len(self.tokens[0])) if self.share is None else np.nan_to_num(np.diff(self.share, prepend=0.0))

    @property
    def carrier(self) -> int | None:
        """The step at which the share grows most; None without shares, or where it grows by less than `LEAST`."""
        return int(self.rise.argmax()) + 1 if self.rise.max() >= LEAST else None


def difference(a: Trace, b: Trace, grid: PatchGrid | None = None) -> Difference:
    """Two runs of one model with one target, and what patching the first from the second gave.

    Raises ValueError for runs of different models.
    """
    share = None if grid is None or grid.little or grid.shares is None else grid.shares[grid.whole]
    return Difference(
        model=a.model,
        target=a.target,
        tokens=(a.tokens, b.tokens),
        logit=(float(a.logit[-1]), float(b.logit[-1])),
        probability=(a.probability, b.probability),
        predicted=(a.predicted, b.predicted),
        distance=apart(a, b),
        share=share,
    )


def units_apart(a: Trace, b: Trace) -> np.ndarray:
    """The units, int64 [H], by their part in the difference between two runs' last logits, largest first; for a head of
    two layers by the difference between their last values."""
    parts = [run.h[-1] if (by := run.unit_contributions) is None else by.sum(axis=0) for run in (a, b)]
    return np.argsort(-np.abs(parts[0] - parts[1]), kind="stable")

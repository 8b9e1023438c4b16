"""What does the logit do when words are taken out? Captum's perturbations, played on the game v of `removal.Game`.

Captum is given a mask of n ones and a forward that answers a mask with v of the words it keeps, so that a word can be
replaced or deleted and each token is a feature of its own: repeated words are kept apart.

    occlusion_w         mean over the windows of w neighbours that hold the token of v(all) − v(all but the window),
                        w = 1, 2, 3                                          Zeiler & Fergus 2014
    feature_ablation    v(all) − v(all but the token), leave one out; with one token a feature, occlusion_1
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.probes.attribution.removal import Game
from core.probes.attribution.results import Scores

if TYPE_CHECKING:
    from torch import Tensor

    from core.probes.attribution.results import Reading

_AT_ONCE = 1024  # masks


def occlusion_1(reading: Reading, baseline: str, *, seed: int = 0) -> Scores:
    """How far the logit falls when the token is taken out alone. Nothing is random; no sum is promised."""
    return _occlusion(reading, baseline, 1)


def occlusion_2(reading: Reading, baseline: str, *, seed: int = 0) -> Scores:
    """How far the logit falls when two neighbours are taken out: the mean over the pairs that hold the token.

    Nothing is random; no sum is promised. A text of one token has the window that it can.
    """
    return _occlusion(reading, baseline, 2)


def occlusion_3(reading: Reading, baseline: str, *, seed: int = 0) -> Scores:
    """How far the logit falls when three neighbours are taken out: the mean over the threes that hold the token.

    Nothing is random; no sum is promised. A text of one or two tokens has the window that it can.
    """
    return _occlusion(reading, baseline, 3)


def feature_ablation(reading: Reading, baseline: str, *, seed: int = 0) -> Scores:
    """How far the logit falls when the token is left out. Nothing is random; no sum is promised."""
    import torch
    from captum.attr import FeatureAblation

    forward = _Forward(Game(reading, baseline))
    given = FeatureAblation(forward).attribute(torch.ones(1, len(reading.tokens)), perturbations_per_eval=_AT_ONCE)
    return forward.scores(given)


def _occlusion(reading: Reading, baseline: str, window: int) -> Scores:
    import torch
    from captum.attr import Occlusion

    n = len(reading.tokens)
    forward = _Forward(Game(reading, baseline))
    given = Occlusion(forward).attribute(
        torch.ones(1, n), sliding_window_shapes=(min(window, n),), perturbations_per_eval=_AT_ONCE
    )
    return forward.scores(given)


class _Forward:
    """v as a function of masks [rows, n], as Captum wants it; no mask is read twice."""

    def __init__(self, game: Game):
        self.game = game
        self._known: dict[bytes, float] = {}

    def __call__(self, masks: Tensor) -> Tensor:
        import torch

        return torch.from_numpy(self.values(masks.numpy() > 0.5))

    def values(self, present: np.ndarray) -> np.ndarray:
        """v of rows of bools, float64 [rows]."""
        keys = [row.tobytes() for row in present]
        new = {key: row for key, row in zip(keys, present, strict=True) if key not in self._known}
        if new:
            self._known |= zip(new, self.game.values(np.stack(list(new.values()))).tolist(), strict=True)
        return np.array([self._known[key] for key in keys])

    @property
    def readings(self) -> int:
        return len(self._known)

    def scores(self, given: Tensor) -> Scores:
        """What Captum gave [1, n] for each token."""
        empty = float(self.values(np.zeros((1, len(self.game)), dtype=bool))[0])
        return Scores(given[0].double().numpy(), empty, None, spent=f"{self.readings:,} readings")

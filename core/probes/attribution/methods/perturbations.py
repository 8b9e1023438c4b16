"""What does the logit do when words are taken out? Captum's perturbations, played on the game v of `removal.Game`.

Captum is given a mask of n ones and a forward that answers a mask with v of the words it keeps, so that a word can be
replaced or deleted and each token is a feature of its own: repeated words are kept apart.

    occlusion_w         mean over the windows of w neighbours that hold the token of v(all) − v(all but the window),
                        w = 1, 2, 3                                          Zeiler & Fergus 2014
    feature_ablation    v(all) − v(all but the token), leave one out; with one token a feature, occlusion_1
    shapley_sampling    mean over random orders of v(those before and the token) − v(those before)
                                                                             Castro, Gómez & Tejada 2009

KernelSHAP and LIME, which fit a linear model to v, are in `surrogates`.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from core.probes.attribution.methods.tree import many_values
from core.probes.attribution.removal import Game, TextGame, game_of
from core.probes.attribution.results import Scores
from core.runtime.i18n import LazyMessage, mark

if TYPE_CHECKING:
    from torch import Tensor

    from core.probes.attribution.results import Reading

AT_ONCE = 1024  # masks
_READINGS = 2048  # by Shapley sampling, about
_FEWEST, _MOST = 16, 256  # orders


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

    forward = MaskedForward(game_of(reading, baseline))
    given = FeatureAblation(forward).attribute(torch.ones(1, len(reading.tokens)), perturbations_per_eval=AT_ONCE)
    return forward.scores(given[0].double().numpy())


def shapley_sampling(reading: Reading, baseline: str, *, seed: int = 0) -> Scores:
    """Shapley values: what a token adds to those before it, the mean over `orders` random orders of the tokens.

    Sums to v(all) − v(none) in every order. Errors are the spread between orders over the root of their number. Where
    there are no more orders than that, each is taken once, and there is no error.
    """
    import torch
    from captum.attr import ShapleyValueSampling

    n = len(reading.tokens)
    every = math.factorial(n) <= orders(n)
    random = np.random.default_rng(seed)
    chosen = (
        [np.array(order) for order in permutations(range(n))]
        if every
        else [random.permutation(n) for _ in range(orders(n))]
    )
    forward = MaskedForward(game_of(reading, baseline))
    first = np.tri(n + 1, n, -1, dtype=bool)  # none, the first, the first two, … of an order
    forward.values(np.concatenate([first[:, np.argsort(order)] for order in chosen]))  # all at once is faster
    explain = ShapleyValueSampling(forward)
    each = []
    for order in chosen:
        # Captum's own orders come from the process's generator, and one call gives no spread.
        explain.permutation_generator = lambda *_, order=order: [order.tolist()]
        each.append(
            explain.attribute(torch.ones(1, n), n_samples=1, perturbations_per_eval=AT_ONCE)[0].double().numpy()
        )
    scores = np.mean(each, axis=0)
    return replace(
        forward.scores(scores, complete=True),
        errors=np.zeros(n) if every else np.std(each, axis=0, ddof=1) / np.sqrt(len(each)),
        spent=LazyMessage(mark("{orders:,} orders, {count:,} readings"), orders=len(each), count=forward.readings),
    )


def orders(n: int) -> int:
    """How many orders of n tokens Shapley sampling takes."""
    return min(max(-(-_READINGS // n), _FEWEST), _MOST)


def _occlusion(reading: Reading, baseline: str, window: int) -> Scores:
    import torch
    from captum.attr import Occlusion

    n = len(reading.tokens)
    forward = MaskedForward(game_of(reading, baseline))
    given = Occlusion(forward).attribute(
        torch.ones(1, n), sliding_window_shapes=(min(window, n),), perturbations_per_eval=AT_ONCE
    )
    return forward.scores(given[0].double().numpy())


class MaskedForward:
    """v as a function of masks [rows, n], as Captum wants it; no mask is read twice."""

    def __init__(self, game: Game | TextGame):
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
            self._known |= zip(new, many_values(self.game, np.stack(list(new.values()))).tolist(), strict=True)
        return np.array([self._known[key] for key in keys])

    @property
    def readings(self) -> int:
        """How many masks were read."""
        return len(self._known)

    def scores(self, scores: np.ndarray, *, complete: bool = False) -> Scores:
        """What Captum found [n], with what it is about; `delta` where completeness is promised."""
        n = len(self.game)
        empty, full = self.values(np.repeat([[False], [True]], n, axis=1)).tolist()
        delta = float(scores.sum() - (full - empty)) if complete else None
        return Scores(scores, empty, delta, spent=LazyMessage(mark("{count:,} readings"), count=self.readings))

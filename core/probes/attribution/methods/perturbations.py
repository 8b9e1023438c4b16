"""How does the logit change when words are taken out? Captum's perturbation methods on v (`removal`).

Captum gets a mask of n ones and a forward that answers a mask with v of the words it keeps. So a word can be replaced
or deleted, and each token is a feature of its own, repeated words too.

    occlusion_w         mean over the windows of w neighbours around the token of v(all) − v(all but the window),
                        w = 1, 2, 3                                          Zeiler & Fergus 2014
    feature_ablation    v(all) − v(all but the token), leave one out; with one token a feature, occlusion_1
    shapley_sampling    mean over random orders of v(those before and the token) − v(those before)
                                                                             Castro, Gómez & Tejada 2009

`surrogates` has KernelSHAP and LIME, which fit a linear model to v.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from core.probes.attribution.methods.tree import value_function
from core.probes.attribution.removal import CachedValues
from core.probes.attribution.results import Scores
from core.runtime.i18n import LazyMessage, mark

if TYPE_CHECKING:
    from torch import Tensor

    from core.probes.attribution.results import Instance

AT_ONCE = 1024  # masks
_READINGS = 2048  # of the text by Shapley sampling, about
_FEWEST, _MOST = 16, 256  # orders


def occlusion(instance: Instance, baseline: str, *, window: int, seed: int = 0) -> Scores:
    """How far the logit falls when neighbours are taken out: the mean over the windows that hold the token.

    Nothing is random; no sum is promised. A text shorter than the window is one window.
    """
    import torch
    from captum.attr import Occlusion

    n = len(instance.tokens)
    forward = MaskedForward(instance, baseline)
    falls = Occlusion(forward).attribute(
        torch.ones(1, n), sliding_window_shapes=(min(window, n),), perturbations_per_eval=AT_ONCE
    )
    return forward.scores(falls[0].double().numpy())


occlusion_1, occlusion_2, occlusion_3 = (partial(occlusion, window=window) for window in (1, 2, 3))


def feature_ablation(instance: Instance, baseline: str, *, seed: int = 0) -> Scores:
    """How far the logit falls when the token is left out. Nothing is random; no sum is promised."""
    import torch
    from captum.attr import FeatureAblation

    forward = MaskedForward(instance, baseline)
    falls = FeatureAblation(forward).attribute(torch.ones(1, len(instance.tokens)), perturbations_per_eval=AT_ONCE)
    return forward.scores(falls[0].double().numpy())


def shapley_sampling(instance: Instance, baseline: str, *, seed: int = 0) -> Scores:
    """Shapley values: what a token adds to those before it, the mean over `orders` random orders of the tokens.

    Complete in every order. Errors are standard errors over orders. Where there are no more orders than that, each is
    taken once and the errors are 0.
    """
    import torch
    from captum.attr import ShapleyValueSampling

    n = len(instance.tokens)
    every = math.factorial(n) <= orders(n)
    random = np.random.default_rng(seed)
    chosen = (
        [np.array(order) for order in permutations(range(n))]
        if every
        else [random.permutation(n) for _ in range(orders(n))]
    )
    forward = MaskedForward(instance, baseline)
    first = np.tri(n + 1, n, -1, dtype=bool)  # none, the first, the first two, … of an order
    forward.values(np.concatenate([first[:, np.argsort(order)] for order in chosen]))  # all at once is faster
    explain = ShapleyValueSampling(forward)
    by_order = []
    for order in chosen:
        # Captum's own orders come from the process's generator, and one call gives no spread.
        explain.permutation_generator = lambda *_, order=order: [order.tolist()]
        gains = explain.attribute(torch.ones(1, n), n_samples=1, perturbations_per_eval=AT_ONCE)
        by_order.append(gains[0].double().numpy())
    return replace(
        forward.scores(np.mean(by_order, axis=0), complete=True),
        errors=np.zeros(n) if every else np.std(by_order, axis=0, ddof=1) / np.sqrt(len(by_order)),
        spent=LazyMessage(
            mark("{orders:,} orders, {count:,} model calls"), orders=len(by_order), count=len(forward.values)
        ),
    )


def orders(n: int) -> int:
    """How many orders of n tokens Shapley sampling takes."""
    return min(max(-(-_READINGS // n), _FEWEST), _MOST)


class MaskedForward:
    """v as a function of masks [rows, n], as Captum wants it; no mask is read twice."""

    def __init__(self, instance: Instance, baseline: str):
        v = value_function(instance, baseline)
        self._n = len(v)
        self.values = CachedValues(v.values)

    def __call__(self, masks: Tensor) -> Tensor:
        import torch

        return torch.from_numpy(self.values(masks.numpy() > 0.5))

    def scores(self, scores: np.ndarray, *, complete: bool = False) -> Scores:
        """Scores [n] with v(none) and, where completeness is promised, `delta`."""
        empty, full = self.values(np.repeat([[False], [True]], self._n, axis=1)).tolist()
        delta = float(scores.sum() - (full - empty)) if complete else None
        return Scores(scores, empty, delta, spent=LazyMessage(mark("{count:,} model calls"), count=len(self.values)))

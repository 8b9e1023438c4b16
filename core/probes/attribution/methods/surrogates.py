"""Which linear model of the words is nearest to the classifier around a text? KernelSHAP and LIME.

Both draw masks z, rows of n bools that say which tokens are present, read v(z) (`removal`) and fit

    v(z) ≈ b + Σᵢ scoreᵢ zᵢ      by least squares with weights π(z)

    kernel_shap   masks drawn by the Shapley kernel, and the fit constrained at v(none) and v(all): the scores estimate
                  Shapley values                                             Lundberg & Lee 2017
    lime          π(z) falls with the distance from the text, and the fit is ridge regression: the scores describe the
                  model around the text                                      Ribeiro, Singh & Guestrin 2016

Every token is a feature of its own: the authors' LIME for text takes all occurrences of a word as one. The regression
is in float64 and has standard errors: the covariance HC3 of weighted least squares, for residuals of any spread
(MacKinnon & White 1985). The draws are the only randomness: v itself has no noise. Captum's versions draw from the
process's generators, which sessions share, and give no errors.
"""

from __future__ import annotations

from dataclasses import replace
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from core.probes.attribution.methods.perturbations import MaskedForward
from core.probes.attribution.removal import subsets
from core.probes.attribution.results import Scores
from core.runtime.i18n import LazyMessage, mark

if TYPE_CHECKING:
    from core.probes.attribution.results import Instance

RIDGE = 1.0
KERNEL_WIDTH = 0.25
_CONSTRAINT = 1e9  # the weight of a mask that the fit must pass through


def samples(n: int) -> int:
    """How many masks are drawn for n tokens."""
    return 2 * n + 2048


def kernel_shap(instance: Instance, baseline: str, *, seed: int = 0) -> Scores:
    """Shapley values by weighted least squares on 2n + 2,048 masks, or on all 2^n where there are no more.

    The number k of tokens kept is drawn with p(k) ∝ 1/(k(n − k)), then which; drawn masks weigh the same. All masks, up
    to 11 tokens, have the Shapley kernel's weights: the scores are exact and the errors 0. None and all weigh 10⁹, so
    that the scores sum to v(all) − v(none).
    """
    n = len(instance.tokens)
    every = 2**n - 2 <= samples(n)
    if every:
        masks = subsets(n)
        weights = _kernel(n) / [comb(n, k) for k in range(n + 1)]
    else:
        random = np.random.default_rng(seed)
        kept = random.choice(n + 1, samples(n), p=_kernel(n) / _kernel(n).sum())
        masks = np.concatenate([np.repeat([[True], [False]], n, axis=1), _masks(kept, n, random)])
        weights = np.ones(n + 1)
    weights[[0, n]] = _CONSTRAINT
    forward = MaskedForward(instance, baseline)
    scores, errors = _fit(forward, masks, weights, fixed=2)
    return replace(
        forward.scores(scores, complete=True),
        errors=np.zeros(n) if every else errors,
        spent=LazyMessage(mark("all {count:,} masks"), count=len(masks)) if every else _samples(n),
    )


def lime(instance: Instance, baseline: str, *, seed: int = 0) -> Scores:
    """LIME: ridge regression (penalty 1) on the text and 2n + 2,048 masks, those nearer the text weighing more.

    The number of tokens taken out is uniform on 1 … n, then which. The weight is exp(−d²/2w²), with w = 0.25 and d the
    cosine distance 1 − √(k/n) of a mask that keeps k tokens, as in the authors' `LimeTextExplainer`; but repeated words
    are kept apart and no word is left out of the fit. No sum is promised: the penalty shrinks scores, that of a text's
    only word to a third. Errors leave that bias out.
    """
    n = len(instance.tokens)
    random = np.random.default_rng(seed)
    drawn = _masks(n - random.integers(1, n + 1, samples(n)), n, random)
    distances = 1 - np.sqrt(np.arange(n + 1) / n)
    weights = np.exp(-(distances**2) / (2 * KERNEL_WIDTH**2))
    forward = MaskedForward(instance, baseline)
    masks = np.concatenate([np.ones((1, n), dtype=bool), drawn])
    scores, errors = _fit(forward, masks, weights, fixed=1, ridge=RIDGE)
    return replace(forward.scores(scores), errors=errors, spent=_samples(n))


def _samples(n: int) -> LazyMessage:
    return LazyMessage(mark("{count:,} samples"), count=samples(n))


def _kernel(n: int) -> np.ndarray:
    """The Shapley kernel, summed over the masks that keep k = 0 … n tokens [n + 1]; 0 for ∞ at both ends."""
    k = np.arange(1, n)
    return np.concatenate([[0.0], (n - 1) / (k * (n - k)), [0.0]])


def _masks(kept: np.ndarray, n: int, random: np.random.Generator) -> np.ndarray:
    """Random masks [S, n] that keep `kept` [S] tokens each."""
    ranks = random.random((len(kept), n)).argsort(axis=1).argsort(axis=1)
    masks: np.ndarray = ranks < kept[:, None]
    return masks


def _fit(
    forward: MaskedForward, masks: np.ndarray, weights: np.ndarray, *, fixed: int, ridge: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Scores [n] and their errors from masks [S, n]: least squares with an intercept, the penalty on scores alone.

    A mask that keeps k tokens has `weights[k]`; the first `fixed` masks are not random.
    """
    n = masks.shape[1]
    root = np.sqrt(weights[masks.sum(axis=1)])
    design = np.column_stack([np.ones(len(masks)), masks]) * root[:, None]
    penalty = np.sqrt(ridge) * np.eye(n, n + 1, 1)
    orthogonal, triangle = np.linalg.qr(np.concatenate([design, penalty]))
    target = forward.values(masks) * root
    coefficients = np.linalg.solve(triangle, orthogonal[: len(design)].T @ target)
    residuals = target - design @ coefficients
    orthogonal, residuals = orthogonal[fixed : len(design)], residuals[fixed:]
    leverage = np.clip((orthogonal**2).sum(axis=1), 0, 1 - 1e-9)
    # How far each draw moves the scores; HC3 takes each residual as if its draw had been left out.
    influence = np.linalg.solve(triangle, (orthogonal * (residuals / (1 - leverage))[:, None]).T)
    return coefficients[1:], np.sqrt((influence**2).sum(axis=1))[1:]

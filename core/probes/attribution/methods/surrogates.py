"""Which linear model of the words is nearest to the classifier around a text? KernelSHAP and LIME.

Both draw masks z, rows of n bools that say which tokens are there, read v(z) (`removal.Game`) and fit

    v(z) ≈ b + Σᵢ scoreᵢ zᵢ      by least squares with weights π(z)

    kernel_shap   masks drawn by the Shapley kernel, and the fit held to v(none) and v(all): the scores estimate Shapley
                  values                                                     Lundberg & Lee 2017
    lime          π(z) falls with the distance from the text, and the fit is ridge regression: the scores say what holds
                  around the text                                            Ribeiro, Singh & Guestrin 2016

To Lundberg & Lee the first is the second with another π. Every token is a feature of its own: LIME for text as its
authors wrote it makes one of all places of a word. Captum runs the loop over masks. They are drawn from a generator of
our own (Captum's is the process's, which sessions share), and the regression is ours, in float64 and with standard
errors: how far the scores would move with other draws, from the covariance HC3 of weighted least squares, for residuals
of any spread (MacKinnon & White 1985). That needs no second run, and the draws are the only chance in it: v itself has
no noise.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import replace
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from core.probes.attribution.methods.perturbations import AT_ONCE, MaskedForward
from core.probes.attribution.removal import game_of, subsets
from core.probes.attribution.results import Scores
from core.runtime.i18n import LazyMessage, mark

if TYPE_CHECKING:
    from torch import Tensor

    from core.probes.attribution.results import Reading

RIDGE = 1.0
KERNEL_WIDTH = 0.25
_HELD = 1e9  # the weight of a mask to which the fit is held


def samples(n: int) -> int:
    """How many masks are drawn for n tokens."""
    return 2 * n + 2048


def kernel_shap(reading: Reading, baseline: str, *, seed: int = 0) -> Scores:
    """Shapley values by weighted least squares on 2n + 2,048 masks, or on all 2^n where there are no more.

    The number k of tokens kept is drawn with p(k) ∝ 1/(k(n − k)), then which; drawn masks weigh the same. All masks, up
    to 11 tokens, weigh as the Shapley kernel says: the scores are the Shapley values themselves and the errors 0. None
    and all weigh 10⁹, so that the scores sum to v(all) − v(none).
    """
    n = len(reading.tokens)
    every = 2**n - 2 <= samples(n)
    if every:
        masks = subsets(n)
        weights = _kernel(n) / [comb(n, k) for k in range(n + 1)]
    else:
        random = np.random.default_rng(seed)
        kept = random.choice(n + 1, samples(n), p=_kernel(n) / _kernel(n).sum())
        masks = np.concatenate([np.repeat([[True], [False]], n, axis=1), _masks(kept, n, random)])
        weights = np.ones(n + 1)
    weights[[0, n]] = _HELD
    forward = MaskedForward(game_of(reading, baseline))
    fit = _fitted(forward, masks, weights, _Regression(sure=2))
    return replace(
        forward.scores(fit.scores, complete=True),
        errors=np.zeros(n) if every else fit.errors,
        spent=LazyMessage(mark("all {count:,} masks"), count=len(masks)) if every else _samples(n),
    )


def lime(reading: Reading, baseline: str, *, seed: int = 0) -> Scores:
    """LIME: ridge regression (penalty 1) on the text and 2n + 2,048 masks, those nearer the text weighing more.

    The number of tokens taken out is uniform on 1 … n, then which. The weight is exp(−d²/2w²), with w = 0.25 and d the
    cosine distance 1 − √(k/n) from the text of a mask that keeps k tokens: the choices of the authors' own
    `LimeTextExplainer`, but that repeated words are kept apart and no word is selected away. No sum is promised: the
    penalty shrinks scores, that of a text's only word to a third. Errors leave that bias out.
    """
    n = len(reading.tokens)
    random = np.random.default_rng(seed)
    drawn = _masks(n - random.integers(1, n + 1, samples(n)), n, random)
    distances = 1 - np.sqrt(np.arange(n + 1) / n)
    weights = np.exp(-(distances**2) / (2 * KERNEL_WIDTH**2))
    forward = MaskedForward(game_of(reading, baseline))
    masks = np.concatenate([np.ones((1, n), dtype=bool), drawn])
    fit = _fitted(forward, masks, weights, _Regression(sure=1, ridge=RIDGE))
    return replace(forward.scores(fit.scores), errors=fit.errors, spent=_samples(n))


def _samples(n: int) -> LazyMessage:
    return LazyMessage(mark("{count:,} samples"), count=samples(n))


def _fitted(forward: MaskedForward, masks: np.ndarray, weights: np.ndarray, fit: _Regression) -> _Regression:
    """The regression fitted to masks [S, n], one that keeps k tokens weighing `weights[k]`, by Captum's loop."""
    import torch
    from captum.attr import Lime

    def one_by_one(original: Tensor, **_: object) -> Generator[Tensor]:
        yield from torch.from_numpy(masks.astype(np.int64)).split(1)

    def weight(original: Tensor, perturbed: Tensor, mask: Tensor, **_: object) -> float:
        return float(weights[int(mask.sum())])

    explain = Lime(forward, interpretable_model=fit, similarity_func=weight, perturb_func=one_by_one)
    explain.attribute(
        torch.ones(1, masks.shape[1]),
        n_samples=len(masks),
        perturbations_per_eval=AT_ONCE,
        return_input_shape=False,
    )
    return fit


def _kernel(n: int) -> np.ndarray:
    """The Shapley kernel of all masks together that keep k of n tokens, k = 0 … n [n + 1]; 0 for ∞ at both ends."""
    k = np.arange(1, n)
    return np.concatenate([[0.0], (n - 1) / (k * (n - k)), [0.0]])


def _masks(kept: np.ndarray, n: int, random: np.random.Generator) -> np.ndarray:
    """Masks [S, n], each of as many tokens as `kept` [S] says, whichever."""
    ranks = random.random((len(kept), n)).argsort(axis=1).argsort(axis=1)
    masks: np.ndarray = ranks < kept[:, None]
    return masks


class _Regression:
    """A linear model as Captum wants one, which also says how sure it is: `scores` and `errors` [n] once fitted.

    The first `sure` masks are no draws: they would be the same another time.
    """

    def __init__(self, *, sure: int, ridge: float = 0.0):
        self.sure, self.ridge = sure, ridge
        self.scores = self.errors = np.empty(0)

    def fit(self, batches: Iterable[tuple[Tensor, Tensor, Tensor]]) -> None:
        """Weighted least squares with an intercept, the penalty on the scores alone."""
        parts = [[tensor.double().numpy() for tensor in batch] for batch in batches]
        masks, values, weights = (np.concatenate(column) for column in zip(*parts, strict=True))
        root = np.sqrt(weights)
        design = np.column_stack([np.ones(len(masks)), masks]) * root[:, None]
        n = masks.shape[1]
        penalty = np.sqrt(self.ridge) * np.eye(n, n + 1, 1)
        orthogonal, triangle = np.linalg.qr(np.concatenate([design, penalty]))
        target = values * root
        found = np.linalg.solve(triangle, orthogonal[: len(design)].T @ target)
        residuals = target - design @ found
        orthogonal, residuals = orthogonal[self.sure : len(design)], residuals[self.sure :]
        leverage = np.clip((orthogonal**2).sum(axis=1), 0, 1 - 1e-9)
        # A row of influence is how far one draw moves the scores; HC3 takes it as if the draw had been left out.
        influence = np.linalg.solve(triangle, (orthogonal * (residuals / (1 - leverage))[:, None]).T)
        self.scores = found[1:]
        self.errors = np.sqrt((influence**2).sum(axis=1))[1:]

    def representation(self) -> Tensor:
        """The scores, as Captum returns them."""
        import torch

        return torch.from_numpy(self.scores)

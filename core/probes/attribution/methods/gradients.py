"""What do a model's gradients say of its words? Five methods on the embedded text x [n, E] of n tokens.

F is the logit as a function of x, x' the same text with every word replaced, gᵢ = ∂F/∂xᵢ. A token's score is a sum over
the E dimensions of its vector, or their length ‖·‖:

    integrated_gradients   (xᵢ − x'ᵢ)·∫₀¹ gᵢ(x' + α(x − x')) dα       Sundararajan, Taly & Yan 2017
    saliency               ‖gᵢ‖₂                                      Simonyan, Vedaldi & Zisserman 2014
    input_x_gradient       xᵢ·gᵢ                                      Shrikumar et al. 2016
    gradient_shap          E[(xᵢ + εᵢ − x'ᵢ)·gᵢ(x' + α(x + ε − x'))]  Lundberg & Lee 2017 (shap's GradientExplainer)
    smooth_grad            ‖E gᵢ(x + ε)‖₂                             Smilkov et al. 2017

with α uniform on [0, 1] and ε normal noise. A path from x' to x needs texts of one length, so no word can be deleted.

Captum takes the gradients. Noise and α are drawn here: Captum's NoiseTunnel and GradientShap draw from the process's
generators, which all sessions share, and give no errors. Nothing is hooked and only x asks for a gradient, so that
threads may share one model.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from core.probes.attribution.removal import replacement
from core.probes.attribution.results import NOTHING, Scores
from core.runtime.i18n import LazyMessage, mark

if TYPE_CHECKING:
    from torch import Tensor

    from core.probes.attribution.results import Instance

FEWEST_STEPS, MOST_STEPS = 32, 1024
DRAWS = 128  # of noise
# Standard deviation, as a share of that of the vocabulary's vectors: it moves a word by 2.8 in the models trained here,
# where 95 % of common words have their nearest neighbour at 5.8 or more.
NOISE = 0.25
_RELATIVE, _ABSOLUTE = 0.01, 1e-3  # what integrated gradients may miss: of the difference, or in logits
_TOKENS = 16_384  # read at a time, so that memory stays bounded whatever the text's length


def integrated_gradients(instance: Instance, baseline: str, *, seed: int = 0) -> Scores:
    """Integrated gradients from every word replaced to the text, by Gauss–Legendre quadrature.

    Steps double from 32 until the scores' sum is within 1 % or 0.001 logit of F(x) − F(x'); after 1,024 steps it gives
    up with a `warning`. Raises ValueError for a baseline that replaces no word. Nothing is random.
    """
    import torch
    from captum.attr import IntegratedGradients

    with torch.inference_mode(False):
        x, lengths, forward = _embedded(instance)
        base = _replaced(instance, baseline, x)
        with torch.no_grad():
            logit, base_logit = (float(forward(input_, lengths)) for input_ in (x, base))
        difference = logit - base_logit
        allowed = max(_RELATIVE * abs(difference), _ABSOLUTE)
        steps = FEWEST_STEPS
        while True:
            gradient = IntegratedGradients(forward).attribute(
                x,
                base,
                additional_forward_args=lengths,
                n_steps=steps,
                internal_batch_size=_rows(instance),
            )
            scores = _summed(gradient[0])
            delta = float(scores.sum() - difference)
            if abs(delta) < allowed or steps >= MOST_STEPS:
                break
            steps *= 2
    warning = NOTHING
    if not abs(delta) < allowed:
        warning = LazyMessage(
            mark("not converged: after {steps:,} steps the scores' sum differs from {difference:+.3f} by {delta:+.3f}"),
            steps=steps,
            difference=difference,
            delta=delta,
        )
    return Scores(scores, base_logit, delta, spent=LazyMessage(mark("{steps:,} steps"), steps=steps), warning=warning)


def saliency(instance: Instance, baseline: str = "", *, seed: int = 0) -> Scores:
    """The length of the gradient at each word, in logits per unit of the embedding; unsigned, no sum is promised."""
    _x, gradient = _gradient(instance)
    return Scores(np.linalg.norm(gradient, axis=1), spent=LazyMessage(mark("1 gradient")))


def input_x_gradient(instance: Instance, baseline: str = "", *, seed: int = 0) -> Scores:
    """What each word would add if the logit were linear: x·∂F/∂x. No sum is promised."""
    x, gradient = _gradient(instance)
    return Scores((x * gradient).sum(axis=1), spent=LazyMessage(mark("1 gradient")))


def gradient_shap(instance: Instance, baseline: str, *, seed: int = 0) -> Scores:
    """Expected gradients: the mean over draws of noise ε and of a position α on the path from the replaced words.

    The expected sum is E F(x + ε) − F(x'), so no sum is promised. Raises ValueError for a baseline that replaces no
    word.
    """
    import torch

    with torch.inference_mode(False):
        x, lengths, forward = _embedded(instance)
        base = _replaced(instance, baseline, x)
        with torch.no_grad():
            base_logit = float(forward(base, lengths))
        random = np.random.default_rng(seed)
        alpha = torch.from_numpy(random.random((DRAWS, 1, 1), dtype=np.float32))
        path = x + _noise(instance, random) - base
        draws = _summed(path * _gradients(instance, base + alpha * path))  # [draws, n]
    return Scores(draws.mean(axis=0), base_logit, errors=_errors(draws), spent=_drawn())


def smooth_grad(instance: Instance, baseline: str = "", *, seed: int = 0) -> Scores:
    """The length of the mean gradient over draws of noise, unsigned; errors are along that mean's direction."""
    import torch

    with torch.inference_mode(False):
        x, _, _ = _embedded(instance)
        gradients = _array(_gradients(instance, x + _noise(instance, np.random.default_rng(seed))))  # [draws, n, E]
    mean = gradients.mean(axis=0)
    scores = np.linalg.norm(mean, axis=1)
    direction = np.divide(mean, scores[:, None], out=np.zeros_like(mean), where=scores[:, None] > 0)
    return Scores(scores, errors=_errors(np.einsum("dne,ne->dn", gradients, direction)), spent=_drawn())


def _embedded(instance: Instance) -> tuple[Tensor, Tensor, Callable[[Tensor, Tensor], Tensor]]:
    """The text as vectors x [1, n, E], its length [1], and the model as a function of both."""
    import torch

    model = instance.white_box.model
    ids = torch.tensor([instance.white_box.vocabulary.encode(instance.tokens)])
    with torch.no_grad():
        x = model.embedding(ids)
    return x, torch.tensor([ids.shape[1]]), model.from_embeddings


def _gradient(instance: Instance) -> tuple[np.ndarray, np.ndarray]:
    """The text's vectors and ∂F/∂x, [n, E] each."""
    import torch

    with torch.inference_mode(False):
        x, _, _ = _embedded(instance)
        return _array(x[0]), _array(_gradients(instance, x)[0])


def _replaced(instance: Instance, baseline: str, x: Tensor) -> Tensor:
    """The text [1, n, E] with every word replaced."""
    return replacement(instance.white_box.model, baseline).detach().expand_as(x).clone()


def _noise(instance: Instance, random: np.random.Generator) -> Tensor:
    """Draws of noise, [draws, n, E]."""
    import torch

    known = instance.white_box.model.embedding.weight.detach()[2:]
    width = NOISE * float(known.std()) if known.numel() > 1 else 0.0
    drawn = random.standard_normal((DRAWS, len(instance.tokens), known.shape[1]), dtype=np.float32)
    return torch.from_numpy(drawn) * width


def _gradients(instance: Instance, x: Tensor) -> Tensor:
    """∂F/∂x for every row of x [draws, n, E]."""
    import torch
    from captum.attr import Saliency

    _, lengths, forward = _embedded(instance)
    explain = Saliency(forward)
    gradients = []
    for rows in x.split(_rows(instance)):
        rows = rows.contiguous().requires_grad_()
        gradients.append(explain.attribute(rows, abs=False, additional_forward_args=lengths.expand(len(rows))))
    return torch.cat(gradients)


def _rows(instance: Instance) -> int:
    return max(_TOKENS // len(instance.tokens), 1)


def _array(x: Tensor) -> np.ndarray:
    array: np.ndarray = x.detach().double().numpy()
    return array


def _summed(x: Tensor) -> np.ndarray:
    """[..., n, E] to [..., n], float64."""
    summed: np.ndarray = _array(x).sum(axis=-1)
    return summed


def _errors(draws: np.ndarray) -> np.ndarray:
    """Standard errors [n] of the means of draws [draws, n]."""
    errors: np.ndarray = draws.std(axis=0, ddof=1) / np.sqrt(len(draws))
    return errors


def _drawn() -> LazyMessage:
    return LazyMessage(mark("{count:,} noise samples"), count=DRAWS)

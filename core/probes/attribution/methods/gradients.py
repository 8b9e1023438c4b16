"""What do a model's gradients say of its words? Five methods on the embedded text x [n, E] of n tokens.

F is the logit as a function of x, x' the same text with every word replaced, gᵢ = ∂F/∂xᵢ. A token's score is a sum over
the E dimensions of its vector, save where it is said to be a length:

    integrated_gradients   (xᵢ − x'ᵢ)·∫₀¹ gᵢ(x' + α(x − x')) dα       Sundararajan, Taly & Yan 2017
    saliency               ‖gᵢ‖₂                                      Simonyan, Vedaldi & Zisserman 2014
    input_x_gradient       xᵢ·gᵢ                                      Shrikumar et al. 2016
    gradient_shap          E[(xᵢ + εᵢ − x'ᵢ)·gᵢ(x' + α(x + ε − x'))]  Lundberg & Lee 2017 (shap's GradientExplainer)
    smooth_grad            ‖E gᵢ(x + ε)‖₂                             Smilkov et al. 2017

with α uniform on [0, 1] and ε normal noise. A replaced word keeps its place: a path from x' to x has as many steps of
the recurrence at every point, so no word can be deleted by these methods.

Captum takes the gradients. The noise and α are drawn here, from a generator of their own: Captum's NoiseTunnel and
GradientShap draw from the process's generators, which all sessions share, and keep no errors. Nothing is hooked and
only x asks for a gradient, so that any number of threads may use one model; see the tests.
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

    from core.probes.attribution.results import Reading

FEWEST_STEPS, MOST_STEPS = 32, 1024
DRAWS = 128  # of noise
# Its standard deviation, as a part of that of the vocabulary's vectors: it moves a word by 2.8 in the models trained
# here, where 95 % of common words have their nearest neighbour at 5.8 or more.
NOISE = 0.25
_RELATIVE, _ABSOLUTE = 0.01, 1e-3  # what integrated gradients may miss: of the difference, or in logits
_TOKENS = 16_384  # read at a time, so that memory stays bounded whatever the text's length


def integrated_gradients(reading: Reading, baseline: str, *, seed: int = 0) -> Scores:
    """Integrated gradients from every word replaced to the text, by Gauss–Legendre quadrature.

    The number of steps doubles from 32 until the scores' sum misses F(x) − F(x') by less than 1 % of it or 0.001 logit,
    whichever is more; after 1,024 steps it gives up with a `warning`. Raises ValueError for a baseline that replaces no
    word. Nothing is random.
    """
    import torch
    from captum.attr import IntegratedGradients

    with torch.inference_mode(False):
        x, lengths, forward = _embedded(reading)
        base = _replaced(reading, baseline, x)
        with torch.no_grad():
            logit, base_logit = (float(forward(given, lengths)) for given in (x, base))
        difference = logit - base_logit
        allowed = max(_RELATIVE * abs(difference), _ABSOLUTE)
        steps = FEWEST_STEPS
        while True:
            given = IntegratedGradients(forward).attribute(
                x,
                base,
                additional_forward_args=lengths,
                n_steps=steps,
                internal_batch_size=_rows(reading),
            )
            scores = _summed(given[0])
            delta = float(scores.sum() - difference)
            if abs(delta) < allowed or steps >= MOST_STEPS:
                break
            steps *= 2
    warning = NOTHING
    if not abs(delta) < allowed:
        warning = LazyMessage(
            mark(
                "not converged: after {steps:,} steps the scores' sum misses the difference of {difference:+.3f} by "
                "{delta:+.3f}"
            ),
            steps=steps,
            difference=difference,
            delta=delta,
        )
    return Scores(scores, base_logit, delta, spent=LazyMessage(mark("{steps:,} steps"), steps=steps), warning=warning)


def saliency(reading: Reading, baseline: str = "", *, seed: int = 0) -> Scores:
    """How fast the logit changes as a word's vector moves, whichever way: the gradient's Euclidean length.

    Unsigned, in logits per unit of the embedding's space; no sum is promised. `baseline` and `seed` are not used.
    """
    import torch
    from captum.attr import Saliency

    with torch.inference_mode(False):
        x, lengths, forward = _embedded(reading)
        gradient = Saliency(forward).attribute(x.requires_grad_(), abs=False, additional_forward_args=lengths)
    return Scores(np.linalg.norm(_array(gradient[0]), axis=1), None, None, spent=LazyMessage(mark("1 gradient")))


def input_x_gradient(reading: Reading, baseline: str = "", *, seed: int = 0) -> Scores:
    """How much each word would add if the logit were as linear everywhere as it is around the text: x·∂F/∂x.

    No sum is promised. `baseline` and `seed` are not used.
    """
    import torch
    from captum.attr import InputXGradient

    with torch.inference_mode(False):
        x, lengths, forward = _embedded(reading)
        given = InputXGradient(forward).attribute(x.requires_grad_(), additional_forward_args=lengths)
    return Scores(_summed(given[0]), None, None, spent=LazyMessage(mark("1 gradient")))


def gradient_shap(reading: Reading, baseline: str, *, seed: int = 0) -> Scores:
    """Expected gradients: the mean over draws of noise ε and of a place α on the way from the replaced words.

    With one baseline this is integrated gradients of a blurred text by Monte Carlo: the expected sum is E F(x + ε) −
    F(x'), so no sum is promised. Raises ValueError for a baseline that replaces no word.
    """
    import torch

    with torch.inference_mode(False):
        x, lengths, forward = _embedded(reading)
        base = _replaced(reading, baseline, x)
        with torch.no_grad():
            base_logit = float(forward(base, lengths))
        random = np.random.default_rng(seed)
        alpha = torch.from_numpy(random.random((DRAWS, 1, 1), dtype=np.float32))
        ways = x + _noise(reading, random) - base
        given = _summed(ways * _gradients(reading, base + alpha * ways))  # [draws, n]
    return Scores(given.mean(axis=0), base_logit, None, _errors(given), spent=_drawn())


def smooth_grad(reading: Reading, baseline: str = "", *, seed: int = 0) -> Scores:
    """The Euclidean length of the mean gradient over draws of noise: saliency of a blurred text, unsigned.

    Errors are of the mean gradient along its own direction. `baseline` is not used.
    """
    import torch

    with torch.inference_mode(False):
        x, _, _ = _embedded(reading)
        gradients = _array(_gradients(reading, x + _noise(reading, np.random.default_rng(seed))))  # [draws, n, E]
    mean = gradients.mean(axis=0)
    scores = np.linalg.norm(mean, axis=1)
    direction = np.divide(mean, scores[:, None], out=np.zeros_like(mean), where=scores[:, None] > 0)
    return Scores(scores, None, None, _errors(np.einsum("dne,ne->dn", gradients, direction)), spent=_drawn())


def _embedded(reading: Reading) -> tuple[Tensor, Tensor, Callable[[Tensor, Tensor], Tensor]]:
    """The text as vectors x [1, n, E], its length [1], and the model from there on."""
    import torch

    model = reading.inside.model
    ids = torch.tensor([reading.inside.vocabulary.encode(reading.tokens)])
    with torch.no_grad():
        x = model.embedding(ids)
    return x, torch.tensor([ids.shape[1]]), lambda x, lengths: model.from_embeddings(x, lengths)


def _replaced(reading: Reading, baseline: str, x: Tensor) -> Tensor:
    """The text [1, n, E] with every word replaced."""
    return replacement(reading.inside.model, baseline).detach().expand_as(x).clone()


def _noise(reading: Reading, random: np.random.Generator) -> Tensor:
    """Draws [draws, n, E] of noise, as wide as `NOISE` of the known words' vectors."""
    import torch

    known = reading.inside.model.embedding.weight.detach()[2:]
    width = NOISE * float(known.std()) if known.numel() > 1 else 0.0
    drawn = random.standard_normal((DRAWS, len(reading.tokens), known.shape[1]), dtype=np.float32)
    return torch.from_numpy(drawn) * width


def _gradients(reading: Reading, x: Tensor) -> Tensor:
    """∂F/∂x for every row of x [draws, n, E]."""
    import torch
    from captum.attr import Saliency

    _, lengths, forward = _embedded(reading)
    explain = Saliency(forward)
    found = []
    for rows in x.split(_rows(reading)):
        rows = rows.contiguous().requires_grad_()
        found.append(explain.attribute(rows, abs=False, additional_forward_args=lengths.expand(len(rows))))
    return torch.cat(found)


def _rows(reading: Reading) -> int:
    return max(_TOKENS // len(reading.tokens), 1)


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
    return LazyMessage(mark("{count:,} draws of noise"), count=DRAWS)

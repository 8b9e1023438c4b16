"""Methods by gradients: sums, plain replicas from the equations, Captum's own samplers, errors that hold."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from captum.attr import GradientShap, NoiseTunnel, Saliency

from core.probes.attribution.methods import gradients
from core.probes.attribution.methods.gradients import (
    gradient_shap,
    input_x_gradient,
    integrated_gradients,
    saliency,
    smooth_grad,
)
from core.probes.attribution.removal import replacement
from core.probes.attribution.results import Instance
from tests.probes.small_models import instance

CELLS = ["rnn", "gru", "lstm"]
TOKENS = ("not", "good", "but", "not", "bad", "zyxqj")


def exact(given: Instance) -> tuple[torch.nn.Module, torch.Tensor]:
    """The model in float64 and the embedded text [n, E]."""
    model = copy.deepcopy(given.checkpoint.model).double()
    return model, model.embedding(torch.tensor(given.checkpoint.vocabulary.encode(given.tokens)))


def differences(model: torch.nn.Module, x: torch.Tensor) -> np.ndarray:
    """The gradient [n, E] by central differences."""
    step = 1e-6
    moved = step * torch.eye(x.numel(), dtype=x.dtype).reshape(-1, *x.shape)
    slope = (model.from_embeddings(x + moved) - model.from_embeddings(x - moved)) / (2 * step)
    return slope.reshape(x.shape).numpy()


@pytest.mark.parametrize("cell", CELLS)
def test_integrated_gradients_are_the_integral(
    tiny_checkpoints: Path, cell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gradients, "_RELATIVE", 1e-5)
    monkeypatch.setattr(gradients, "_ABSOLUTE", 1e-5)
    given = instance(tiny_checkpoints, cell, TOKENS)
    model, x = exact(given)
    base = replacement(model, "mean").expand_as(x)
    alpha = (torch.arange(4000, dtype=x.dtype) + 0.5) / 4000  # the midpoint rule
    ways = (base + alpha[:, None, None] * (x - base)).requires_grad_()
    (slopes,) = torch.autograd.grad(model.from_embeddings(ways).sum(), ways)
    expected = ((x - base) * slopes.mean(dim=0)).sum(dim=1).numpy()
    found = integrated_gradients(given, "mean")
    np.testing.assert_allclose(found.scores, expected, atol=1e-4)
    assert found.base_logit == pytest.approx(model.from_embeddings(base[None]).item(), abs=1e-5)
    assert found.warning == "" and found.errors is None


def test_integrated_gradients_that_do_not_converge_say_so(
    tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gradients, "_RELATIVE", 0.0)
    monkeypatch.setattr(gradients, "_ABSOLUTE", 0.0)
    monkeypatch.setattr(gradients, "MOST_STEPS", 128)
    found = integrated_gradients(instance(tiny_checkpoints, "lstm", TOKENS), "pad")
    assert found.spent == "128 steps"
    assert "not converged: after 128 steps" in found.warning


@pytest.mark.parametrize("cell", CELLS)
def test_saliency_and_input_x_gradient_by_differences(tiny_checkpoints: Path, cell: str) -> None:
    given = instance(tiny_checkpoints, cell, TOKENS)
    model, x = exact(given)
    slopes = differences(model, x)
    np.testing.assert_allclose(saliency(given).scores, np.linalg.norm(slopes, axis=1), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(input_x_gradient(given).scores, (slopes * x.numpy()).sum(axis=1), rtol=1e-3, atol=1e-4)
    assert saliency(given).base_logit is None and input_x_gradient(given).delta is None


def test_gradient_shap_without_noise_is_integrated_gradients(
    tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gradients, "NOISE", 0.0)
    given = instance(tiny_checkpoints, "gru", TOKENS)
    found = gradient_shap(given, "pad", seed=1)
    assert found.errors is not None
    off = found.scores - integrated_gradients(given, "pad").scores
    assert (np.abs(off) < 4 * found.errors + 1e-4).all()


@pytest.mark.parametrize("cell", CELLS)
def test_sampled_gradients_agree_with_captum(tiny_checkpoints: Path, cell: str) -> None:
    given = instance(tiny_checkpoints, cell, TOKENS)
    model = given.checkpoint.model
    x = model.embedding(torch.tensor([given.checkpoint.vocabulary.encode(TOKENS)]))
    base = replacement(model, "unk").expand_as(x)
    width = gradients.NOISE * model.embedding.weight[2:].std().item()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        np.random.seed(0)  # Captum draws from this one too
        shap = GradientShap(model.from_embeddings).attribute(x, base, n_samples=4000, stdevs=width)
        smooth = NoiseTunnel(Saliency(model.from_embeddings)).attribute(
            x.requires_grad_(), nt_samples=4000, stdevs=width, abs=False
        )
    found = gradient_shap(given, "unk", seed=5)
    assert found.errors is not None
    # Captum's own errors are √(4000/128) times smaller.
    assert (np.abs(found.scores - shap[0].sum(dim=1).numpy()) < 4.5 * found.errors).all()
    blurred = smooth_grad(given, seed=5)
    assert blurred.errors is not None
    assert (np.abs(blurred.scores - smooth[0].norm(dim=1).numpy()) < 4.5 * blurred.errors + 0.01).all()


@pytest.mark.parametrize("method", [gradient_shap, smooth_grad])
def test_errors_are_the_spread_over_seeds(tiny_checkpoints: Path, method: object) -> None:
    given = instance(tiny_checkpoints, "lstm", TOKENS)
    found = [method(given, "pad", seed=seed) for seed in range(60)]  # type: ignore[operator]
    spread = np.std([each.scores for each in found], axis=0, ddof=1)
    promised = np.mean([each.errors for each in found], axis=0)
    assert (spread < 1.5 * promised).all() and (promised < 1.5 * spread).all()
    again = method(given, "pad", seed=7)  # type: ignore[operator]
    np.testing.assert_array_equal(again.scores, found[7].scores)


def test_gradients_are_taken_under_inference_mode_too(tiny_checkpoints: Path) -> None:
    given = instance(tiny_checkpoints, "gru", TOKENS)
    expected = saliency(given).scores
    with torch.inference_mode():
        np.testing.assert_array_equal(saliency(given).scores, expected)
        integrated_gradients(given, "pad")
        gradient_shap(given, "pad")
        smooth_grad(given)
        input_x_gradient(given)

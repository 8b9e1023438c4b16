"""Gradients are autograd's and central differences'; the Jacobians' norms are those of the Jacobians in full."""

from __future__ import annotations

import copy
import math
import re
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor

from core.data.labels import SENTIMENT, Names
from core.data.targets import usual
from core.models import checkpoints
from core.models.checkpoints import Checkpoint
from core.models.predict import EmptyTextError, verdict
from core.models.recurrent import CELLS, Classifier, State
from core.models.state_space import fit
from core.models.trace import trace, unroll
from core.probes.dynamics.jacobians import spectral_norms
from core.probes.dynamics.trajectories import apart, gradients, project
from core.text.preprocessing import Preprocessing, Vocabulary
from tests.probes.small_models import random_checkpoint

VOCABULARY = Vocabulary(["better", "late", "than", "never", "not", "so", "bad", "good"])
EMBEDDING, HIDDEN = 5, 6
TEXT = "better late than never zork not so bad"
checkpoint = partial(random_checkpoint, words=VOCABULARY.words, embedding=EMBEDDING, hidden=HIDDEN, scale=0.7, seed=2)
THREE = ("negative", "neutral", "positive")
SHAPES = [(cell, layers) for cell in CELLS for layers in (1, 2)]


def ids(text: str = TEXT) -> Tensor:
    return torch.tensor(VOCABULARY.encode(text.split()))


def logit_after(model: Classifier, x: Tensor, place: int, change_h: Tensor | None, change_c: Tensor | None) -> float:
    """The last logit where the top layer's h, or c, of one place was changed: a plain replica, a step at a time.

    A changed c is changed inside its step: the h of the same token follows it.
    """
    state = model.start()
    for number, token in enumerate(x):
        done = model.step(token[None], state)
        state = done.state
        if number == place:
            h, c = state.h.clone(), None if state.c is None else state.c.clone()
            if change_c is not None and c is not None:
                c[-1, 0] += change_c
                h[-1] = done.gates["output"][-1] * torch.tanh(c[-1])
            if change_h is not None:
                h[-1, 0] += change_h
            state = State(h, c)
    return model.read_out(state.h[-1]).item()


@pytest.mark.parametrize(("cell", "layers", "labels"), [*((*shape, SENTIMENT) for shape in SHAPES), ("lstm", 1, THREE)])
def test_gradients_equal_central_differences(cell: str, layers: int, labels: Names) -> None:
    asked = checkpoint(cell, layers=layers, labels=labels)
    found = gradients(asked, TEXT)
    assert found.target == usual(labels, verdict(asked, TEXT).predicted)
    asked = asked.targeted(found.target)
    x = asked.model.embedding(ids())
    step = 1e-5
    for place in range(len(x)):
        units = torch.eye(HIDDEN, dtype=torch.float64) * step

        def norm(by_unit: list[list[float]]) -> float:
            return float(np.linalg.norm([up - down for up, down in by_unit])) / (2 * step)

        of_h = [[logit_after(asked.model, x, place, sign * unit, None) for sign in (1, -1)] for unit in units]
        assert found.h[place] == pytest.approx(norm(of_h), rel=1e-5)
        if found.c is not None:
            of_c = [[logit_after(asked.model, x, place, None, sign * unit) for sign in (1, -1)] for unit in units]
            assert found.c[place] == pytest.approx(norm(of_c), rel=1e-5)
        of_x = []
        for direction in torch.eye(EMBEDDING, dtype=torch.float64) * step:
            up, down = x.clone(), x.clone()
            up[place] += direction
            down[place] -= direction
            of_x.append([asked.model.from_embeddings(changed[None]).item() for changed in (up, down)])
        assert found.x[place] == pytest.approx(norm(of_x), rel=1e-5)
    fused = asked.model.embedding(ids())[None].requires_grad_()
    (gradient,) = torch.autograd.grad(asked.model.from_embeddings(fused).sum(), fused)
    np.testing.assert_allclose(found.x, gradient[0].norm(dim=1).numpy(), rtol=1e-9)
    assert (found.c is None) == (cell != "lstm")
    assert found.logit == pytest.approx(asked.model(ids()[None]).item())


@pytest.mark.parametrize("cell", CELLS)
def test_what_a_step_hands_on(cell: str) -> None:
    """∂logit/∂(h_t, c_t) as two things apart, by starting the fused module at token t + 1."""
    asked = checkpoint(cell)
    read, found = trace(asked, TEXT), gradients(asked, TEXT)
    x = asked.model.embedding(ids())[None]
    for place in range(len(read) - 1):
        h = torch.tensor(read.h[place])[None, None].requires_grad_()
        parts = [h] if read.c is None else [h, torch.tensor(read.c[place])[None, None].requires_grad_()]
        after, _ = asked.model.recurrent(x[:, place + 1 :], parts[0] if len(parts) == 1 else tuple(parts))
        back = torch.autograd.grad(asked.model.read_out(after[:, -1]).sum(), parts)
        assert found.state[place] == pytest.approx(torch.cat(back).norm().item(), rel=1e-9)
    assert found.state[-1] == pytest.approx(np.linalg.norm(read.read_out))
    if cell != "lstm":
        np.testing.assert_allclose(found.state, found.h, rtol=1e-12)


def full_jacobians(model: Classifier, x: Tensor, gain: float = 1.0) -> list[Tensor]:
    """∂s_t/∂s_{t−1} of every step of the one layer, in full, by autograd."""
    if gain != 1:
        louder = Classifier(model.cell, len(VOCABULARY), EMBEDDING, model.hidden_size).double()
        louder.load_state_dict(model.state_dict())
        with torch.no_grad():
            louder.recurrent.weight_hh_l0.mul_(gain)
        model = louder.requires_grad_(False)
    state, found = model.start(), []
    for token in x:

        def step(flat: Tensor, token: Tensor = token) -> Tensor:
            h, *c = flat[None, None].split(model.hidden_size, dim=-1)
            after = model.step(token[None], State(h, c[0] if c else None)).state
            return torch.cat([after.h, *([] if after.c is None else [after.c])], dim=-1)[0, 0]

        flat = torch.cat([state.h, *([] if state.c is None else [state.c])], dim=-1)[0, 0]
        found.append(torch.autograd.functional.jacobian(step, flat))
        state = model.step(token[None], state).state
    return found


@pytest.mark.parametrize("gain", [1.0, 2.5])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("hidden", [1, 6, 40])
def test_spectral_norms_are_those_of_the_jacobians_in_full(cell: str, hidden: int, gain: float) -> None:
    asked = checkpoint(cell, hidden=hidden)
    x = asked.model.embedding(ids())
    expected = [torch.linalg.matrix_norm(jacobian, 2).item() for jacobian in full_jacobians(asked.model, x, gain)]
    found = spectral_norms(asked.model, unroll(asked.model, x, gain), gain)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    np.testing.assert_array_equal(gradients(asked, TEXT, gain).jacobian, found)


@pytest.mark.parametrize("cell", CELLS)
def test_spectral_norms_in_float32_and_many_steps_at_once(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.probes.dynamics import jacobians

    asked = checkpoint(cell, dtype=torch.float32, hidden=30)
    done = unroll(asked.model, asked.model.embedding(ids(" ".join([TEXT] * 4))))
    found = spectral_norms(asked.model, done)
    monkeypatch.setattr(jacobians, "_TOGETHER", 5)
    np.testing.assert_allclose(spectral_norms(asked.model, done), found, rtol=1e-4)
    exact = checkpoint(cell, dtype=torch.float32, hidden=30).model.double()
    expected = [torch.linalg.matrix_norm(j, 2).item() for j in full_jacobians(exact, exact.embedding(ids()))]
    np.testing.assert_allclose(found[: len(expected)], expected, rtol=1e-4)


@pytest.mark.parametrize("name", CELLS)
def test_the_shipped_models_norms(name: str) -> None:
    """At the real size, where Lanczos stops long before it has seen every direction."""
    asked, text = checkpoints.load(name), "better late"
    exact = copy.deepcopy(asked.model).double()
    x = exact.embedding(torch.tensor(asked.vocabulary.encode(text.split())))
    expected = [torch.linalg.matrix_norm(jacobian, 2).item() for jacobian in full_jacobians(exact, x)]
    np.testing.assert_allclose(gradients(asked, text).jacobian, expected, rtol=1e-3)


@pytest.mark.parametrize(("cell", "layers"), SHAPES)
@pytest.mark.parametrize("gain", [0.1, 1.0, 3.0])
def test_no_gradient_passes_its_bound(cell: str, layers: int, gain: float) -> None:
    found = gradients(checkpoint(cell, layers=layers), " ".join([TEXT] * 5), gain)
    assert np.all(np.log10(found.state) <= found.log10_bound + 1e-6)
    assert found.log10_bound[-1] == pytest.approx(math.log10(found.state[-1]))
    product = found.state[-1] * np.prod(found.jacobian[1:])
    assert found.log10_bound[0] == pytest.approx(math.log10(product))


def test_small_recurrent_weights_must_vanish_and_large_ones_may_explode() -> None:
    asked = checkpoint("rnn")
    text = "so " * 60
    low, high = gradients(asked, text, 0.1), gradients(asked, text, 1.0)
    assert low.jacobian[1:].max() < 1
    assert low.state[0] < low.state[-1] * low.jacobian[1:].max() ** (len(low.tokens) - 1) * (1 + 1e-9)
    assert f"{low.jacobian[1:].max():.3g}" in low.statement
    # Above 1, and yet this gradient vanishes: necessary, not sufficient.
    assert high.jacobian[1:].max() > 1 and high.state[0] < 1e-2 * high.state[-1]
    assert f"{(high.jacobian[1:] > 1).sum()} of 59 " in high.statement
    assert f"{high.jacobian[1:].max():.3g}" in high.statement


def linear(scale: float) -> Checkpoint:
    """An RNN that turns its state by a right angle and stretches it, near 0, where tanh is a straight line."""
    model = Classifier("rnn", len(VOCABULARY), 1, 2).double().requires_grad_(False).eval()
    for parameter in model.parameters():
        parameter.zero_()
    model.recurrent.weight_hh_l0[:] = torch.tensor([[0.0, -scale], [scale, 0.0]])
    model.linear.weight[:] = torch.tensor([[3.0, 4.0]])
    return Checkpoint("rnn", model, Preprocessing(), VOCABULARY, {}, "")


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_by_hand(scale: float) -> None:
    """From 0 it stays at 0, so every J is the turn itself: norms fall, stay or grow by `scale` a step, from ‖w‖ = 5."""
    found = gradients(linear(scale), "so late so late so")
    np.testing.assert_allclose(found.jacobian, [scale] * 5)
    np.testing.assert_allclose(found.h, [5 * scale**k for k in (4, 3, 2, 1, 0)])
    np.testing.assert_allclose(found.log10_bound, np.log10(found.state), atol=1e-9)  # here the bound is met
    assert found.x.tolist() == [0] * 5  # W is zero
    above = "of 4 Jacobians is above 1" if scale > 1 else "is at most 1"
    assert above in found.statement
    assert f"at the first token is {scale**4:.2g} times" in found.statement
    np.testing.assert_allclose(gradients(linear(1.0), "so late so late so", gain=scale).h, found.h)


def test_a_gradient_below_every_float_is_zero_and_told() -> None:
    found = gradients(linear(1e-30), "so " * 40)
    assert found.h[0] == 0 and re.findall(r"[\d.e-]*\d", found.statement) == ["1", "1e-30", "1"]  # and no ratio
    assert np.isfinite(found.log10_bound).all() and found.log10_bound[0] == pytest.approx(math.log10(5) - 39 * 30)
    assert gradients(linear(0.0), "so so").log10_bound[0] == -math.inf


@pytest.mark.parametrize("cell", CELLS)
def test_one_token(cell: str) -> None:
    asked = checkpoint(cell)
    found = gradients(asked, "never")
    assert found.h == pytest.approx([asked.model.linear.weight.norm().item()])
    assert found.statement == "There is one token, so the gradient passes through no step."
    assert found.jacobian.shape == (1,) and found.log10_bound == pytest.approx(np.log10(found.state))
    assert "of 1 of 1 Jacobian is above" in gradients(linear(2.0), "so so").statement


@pytest.mark.parametrize("cell", CELLS)
def test_many_tokens(cell: str) -> None:
    asked = checkpoint(cell, dtype=torch.float32)
    found = gradients(asked, "so late , bad " * 150)
    assert len(found.h) == 600 and np.isfinite(found.jacobian).all() and np.isfinite(found.x).all()


@pytest.mark.parametrize("cell", CELLS)
def test_nothing_is_left_on_the_model(cell: str) -> None:
    asked = checkpoint(cell)
    asked.model.requires_grad_(True)  # even where its weights would take gradients
    before = {key: value.clone() for key, value in asked.model.state_dict().items()}
    with torch.no_grad():  # and whatever the caller has switched off
        found = gradients(asked, TEXT)
    assert all(parameter.grad is None for parameter in asked.model.parameters()) and not asked.model._forward_hooks
    assert all(torch.equal(before[key], value) for key, value in asked.model.state_dict().items())
    asked.model.requires_grad_(False)
    np.testing.assert_allclose(gradients(asked, TEXT).h, found.h)


def test_what_cannot_be_asked_is_refused() -> None:
    with pytest.raises(EmptyTextError):
        gradients(checkpoint("rnn"), "  ")
    for gain in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="gain must be a number above 0"):
            gradients(checkpoint("rnn"), TEXT, gain)


# The path through state space


def test_a_path_is_where_the_states_lie() -> None:
    asked = checkpoint("gru")
    read = trace(asked, TEXT)
    space = fit(np.random.default_rng(0).normal(size=(40, HIDDEN)), read.read_out, read.empty_logit)
    path = project(read, space)
    assert path.shape == (len(read), 3)
    np.testing.assert_allclose(path, read.h @ space.axes.T.astype(float), atol=1e-6)
    np.testing.assert_allclose(space.scale * path[:, 0] + space.bias, read.logit, atol=1e-5)
    assert ((path[:, 0] >= -space.bias / space.scale) == (read.probability >= 0.5)).all()


@pytest.mark.parametrize("cell", CELLS)
def test_two_runs_are_as_far_apart_as_their_states(cell: str) -> None:
    asked = checkpoint(cell)
    one, other = trace(asked, "better late than never"), trace(asked, "better never than late so bad")
    found = apart(one, other)
    assert found.shape == (4,) and found[0] == 0
    np.testing.assert_array_equal(found, apart(other, one))
    for place, distance in enumerate(found):
        pairs = zip(one.h[place].tolist(), other.h[place].tolist(), strict=True)
        assert distance == pytest.approx(math.sqrt(sum((a - b) ** 2 for a, b in pairs)))
    with pytest.raises(ValueError, match="states of different models"):
        apart(one, replace(other, model="another"))


def test_another_models_axes_are_refused() -> None:
    read, other = trace(checkpoint("gru"), TEXT), trace(checkpoint("lstm"), TEXT)
    space = fit(np.random.default_rng(0).normal(size=(40, HIDDEN)), 2 * other.read_out, 0.3)
    with pytest.raises(ValueError, match=r"\bgru\b"):
        project(read, space)
    with pytest.raises(ValueError, match="units"):
        project(read, fit(np.random.default_rng(0).normal(size=(40, 3)), np.ones(3), 0.0))


def test_shipped_axes_tell_shipped_models_apart() -> None:
    rnn, lstm = checkpoints.load("rnn"), checkpoints.load("lstm")
    assert rnn.state_space is not None and lstm.state_space is not None
    assert project(trace(rnn, "so good"), rnn.state_space).shape == (2, 3)
    with pytest.raises(ValueError, match=r"\brnn\b"):
        project(trace(rnn, "so good"), lstm.state_space)

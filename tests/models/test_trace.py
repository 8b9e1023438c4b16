"""A trace is what torch's fused modules pass through, its gates give its states, and both decompositions sum to the
logit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, softmax

from core.data.targets import POSITIVE, Target
from core.models.checkpoints import Checkpoint
from core.models.predict import EmptyTextError
from core.models.recurrent import CELLS, GATES
from core.models.trace import Trace, trace, trace_tokens, unroll
from core.text.preprocessing import Vocabulary
from tests.models import imported
from tests.probes import small_models

VOCABULARY = Vocabulary(["better", "late", "than", "never", "not", "so", "bad", "good"])
EMBEDDING, HIDDEN = 5, 6
TEXT = "better late than never not so zork good bad so so late"
TOLERANCES = {torch.float32: 1e-5, torch.float64: 1e-10}
SUMS = {torch.float32: 1e-4, torch.float64: 1e-9}
SHAPES = [(cell, layers) for cell in CELLS for layers in (1, 2)]


def checkpoint(cell: str, layers: int = 1, dtype: torch.dtype = torch.float64, seed: int = 1) -> Checkpoint:
    return imported.checkpoint(cell, VOCABULARY, layers, dtype, sizes=(EMBEDDING, HIDDEN), seed=seed)


def ids(found: Trace) -> torch.Tensor:
    return torch.tensor([VOCABULARY.encode(found.tokens)])


@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
@pytest.mark.parametrize(("cell", "layers"), SHAPES)
def test_gates_states_and_logits_are_those_of_single_steps_and_of_torch(
    cell: str, layers: int, dtype: torch.dtype
) -> None:
    """The steps' equations are tested in `test_recurrent`."""
    asked, near = checkpoint(cell, layers, dtype), TOLERANCES[dtype]
    found, state = trace(asked, TEXT), asked.model.start()
    np.testing.assert_allclose(found.logit, asked.model.prefix_logits(ids(found))[0].numpy(), atol=near)
    np.testing.assert_allclose(found.probability, expit(found.logit), atol=1e-12)
    assert found.h.dtype == (np.float32 if dtype == torch.float32 else np.float64)
    assert (found.c is None) == (found.cell_contributions is None) == (cell != "lstm")
    assert tuple(found.gates) == GATES[cell]
    for number, token in enumerate(ids(found)[0]):
        state, gates = asked.model.step(asked.model.embedding(token)[None], state)
        np.testing.assert_allclose(found.h[number], state.h[-1, 0].numpy(), atol=near)
        if found.c is not None:
            np.testing.assert_allclose(found.c[number], state.c[-1, 0].numpy(), atol=near)
        for name, values in gates.items():
            np.testing.assert_allclose(found.gates[name][number], values[-1, 0].numpy(), atol=near)


@pytest.mark.parametrize("layers", [1, 2])
def test_what_the_traced_layer_reads(layers: int) -> None:
    asked = checkpoint("gru", layers)
    found = trace(asked, TEXT)
    x = asked.model.embedding(ids(found))[0]
    if layers == 1:
        np.testing.assert_array_equal(found.x, x.numpy())
    else:
        below = torch.nn.GRU(EMBEDDING, HIDDEN, batch_first=True, dtype=torch.float64)
        below.load_state_dict({k: v for k, v in asked.model.recurrent.state_dict().items() if k.endswith("l0")})
        np.testing.assert_allclose(found.x, below(x[None])[0][0].detach().numpy(), atol=1e-12)


@pytest.mark.parametrize("dtype", SUMS, ids=str)
@pytest.mark.parametrize(("cell", "layers"), SHAPES)
def test_contributions_sum_to_the_logit_minus_the_empty_texts(cell: str, layers: int, dtype: torch.dtype) -> None:
    asked = checkpoint(cell, layers, dtype)
    found = trace(asked, TEXT)
    assert found.empty_logit == pytest.approx(asked.model.linear.bias.item())
    whole = found.logit[-1] - found.empty_logit
    assert found.contributions.sum() == pytest.approx(whole, abs=SUMS[dtype])
    np.testing.assert_allclose(found.contributions.cumsum(), found.logit - found.empty_logit, atol=SUMS[dtype])
    np.testing.assert_allclose(found.unit_contributions.sum(axis=1), found.contributions, atol=SUMS[dtype])
    if cell == "lstm":
        assert found.cell_contributions is not None and found.cell_contributions.shape == (len(found),)
        assert found.cell_contributions.sum() == pytest.approx(whole, abs=SUMS[dtype])
        assert np.abs(found.cell_contributions - found.contributions).max() > 0.1  # they are not the same question


def plain_gamma(found: Trace) -> list[float]:
    """Murdoch & Szlam's γ from the cell's writings e_{k,T}, one product and sum at a time; its logarithm."""
    i, f, g, o = found.gates.values()
    steps = len(found)
    kept = []
    for k in range(steps):
        e = i[k] * g[k]
        for later in range(k + 1, steps):
            e = e * f[later]
        kept.append(e)
    last = o[steps - 1]
    return [
        float(found.read_out @ (last * (np.tanh(sum(kept[: j + 1])) - np.tanh(sum(kept[:j], start=np.zeros(HIDDEN))))))
        for j in range(steps)
    ]


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.lists(st.sampled_from([*VOCABULARY.words, "zork"]), min_size=1, max_size=15), st.integers(0, 50))
def test_gamma_as_the_paper_writes_it(tokens: list[str], seed: int) -> None:
    found = trace_tokens(checkpoint("lstm", seed=seed), tokens)
    np.testing.assert_allclose(found.cell_contributions, plain_gamma(found), atol=1e-10)
    assert sum(plain_gamma(found)) == pytest.approx(found.logit[-1] - found.empty_logit, abs=1e-9)


def made_up(forget: list[float]) -> Trace:
    """One LSTM unit over two tokens, each writing i*g = 0.5 * 0.8; o = 1 at the end and w = 2."""
    i, g, f = np.full((2, 1), 0.5), np.full((2, 1), 0.8), np.array(forget)[:, None]
    o = np.array([[0.3], [1.0]])
    c = np.array([[0.4], [forget[1] * 0.4 + 0.4]])
    h = o * np.tanh(c)
    logit = 2 * h[:, 0] + 0.1
    return Trace(
        "lstm", "a b", ("a", "b"), (True, True), "lstm", h, h, c,
        {"input": i, "forget": f, "cell": g, "output": o}, np.array([2.0]), logit, expit(logit), 0.1,
    )  # fmt: skip


def test_gamma_by_hand() -> None:
    forgotten = made_up([0.5, 0.0])
    assert forgotten.cell_contributions == pytest.approx([0, 2 * np.tanh(0.4)])
    # What the first token did to the read-out when it was read is another matter.
    assert forgotten.contributions[0] == pytest.approx(2 * 0.3 * np.tanh(0.4))
    kept = made_up([0.5, 1.0])
    assert kept.cell_contributions == pytest.approx([2 * np.tanh(0.4), 2 * (np.tanh(0.8) - np.tanh(0.4))])


def test_units_stand_by_how_far_they_moved_the_logit() -> None:
    found = trace(checkpoint("gru"), TEXT)
    moved = [
        sum(
            abs(found.read_out[u] * (found.h[t, u] - (found.h[t - 1, u] if t else 0))) for t in range(len(found))
        )
        for u in range(HIDDEN)
    ]  # fmt: skip
    assert sorted(found.units) == list(range(HIDDEN))
    assert [moved[unit] for unit in found.units] == sorted(moved, reverse=True)


def test_two_thousand_tokens() -> None:
    """A word of long ago reaches the end through some thousand forget gates."""
    found = trace(checkpoint("lstm", dtype=torch.float32), "so late , " * 666 + "so bad")
    assert found.h.shape == (2_000, HIDDEN) and np.isfinite(found.h).all()
    for parts in (found.contributions, found.cell_contributions):
        assert parts is not None and np.isfinite(parts).all()
        assert parts.sum() == pytest.approx(found.logit[-1] - found.empty_logit, abs=1e-4)


def test_tokens_unknown_as_they_stand_and_none() -> None:
    asked = checkpoint("lstm")
    found, other = trace(asked, "so zork"), trace(asked, "so blarf")
    assert found.known == (True, False) and found.text == "so zork"
    np.testing.assert_array_equal(found.h, other.h)
    found = trace_tokens(asked, ["never", "Never"])
    assert found.tokens == ("never", "Never") and found.known == (True, False) and found.text == "never Never"
    for ask in (lambda: trace(asked, ""), lambda: trace(asked, " \t \n"), lambda: trace_tokens(asked, [])):
        with pytest.raises(EmptyTextError):
            ask()


@pytest.mark.parametrize("cell", CELLS)
def test_nothing_is_left_on_the_model_and_nothing_can_be_changed(cell: str) -> None:
    asked = checkpoint(cell)
    before = {key: value.clone() for key, value in asked.model.state_dict().items()}
    found = trace(asked, TEXT)
    for array in (found.x, found.h, found.logit, found.probability, found.read_out, *found.gates.values()):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    assert all(torch.equal(before[key], value) for key, value in asked.model.state_dict().items())
    assert not asked.model._forward_hooks and all(parameter.grad is None for parameter in asked.model.parameters())


@pytest.mark.parametrize(("cell", "layers"), SHAPES)
def test_a_gain_is_that_of_the_recurrent_weights(cell: str, layers: int) -> None:
    asked, louder = checkpoint(cell, layers), checkpoint(cell, layers)
    with torch.no_grad():
        for name, weight in louder.model.recurrent.named_parameters():
            if name.startswith("weight_hh"):
                weight.mul_(1.7)
    x = asked.model.embedding(torch.tensor(VOCABULARY.encode(TEXT.split())))
    found = unroll(asked.model, x, gain=1.7)
    np.testing.assert_allclose(found.h.numpy(), trace(louder, TEXT).h, atol=1e-12)
    assert not np.allclose(found.h.numpy(), trace(asked, TEXT).h)


THREE = ("negative", "neutral", "positive")
TARGETS = [None, Target(THREE, 0), Target(THREE, 1), Target(THREE, 2, 0)]


@pytest.mark.parametrize("target", TARGETS, ids=str)
@pytest.mark.parametrize("cell", CELLS)
def test_of_many_classes_the_logit_is_the_targets_and_all_sums_are_exact(cell: str, target: Target | None) -> None:
    asked = imported.checkpoint(cell, VOCABULARY, sizes=(EMBEDDING, HIDDEN), labels=THREE)
    found = trace(asked if target is None else asked.targeted(target), TEXT)
    assert found.scores is not None and found.scores.shape == (len(found), 3)
    np.testing.assert_allclose(found.empty_scores, asked.model.linear.bias.numpy(), atol=1e-12)
    assert found.predicted.tolist() == found.scores.argmax(axis=1).tolist()
    np.testing.assert_allclose(found.distributions, softmax(found.scores, axis=1), atol=1e-12)
    np.testing.assert_allclose(found.scores, asked.model.prefix_logits(ids(found))[0].numpy(), atol=1e-12)
    assert found.target == target or (target is None and found.target.number == found.scores[-1].argmax())
    rest = found.scores[:, found.target.rest]
    log_odds = found.scores[:, found.target.number] - np.log(np.exp(rest).sum(axis=1))
    np.testing.assert_allclose(found.logit, log_odds, atol=1e-12)
    np.testing.assert_allclose(found.probability, expit(log_odds), atol=1e-12)
    whole = found.logit[-1] - found.empty_logit
    assert found.contributions.sum() == pytest.approx(whole, abs=1e-9)
    np.testing.assert_allclose(found.unit_contributions.sum(axis=1), found.contributions, atol=1e-9)
    assert sorted(found.units) == list(range(HIDDEN))
    assert found.read_out.shape == ((HIDDEN,) if found.target.against is not None else (len(found), HIDDEN))
    if cell == "lstm":
        assert found.cell_contributions.sum() == pytest.approx(whole, abs=1e-9)


def test_gamma_of_many_classes_is_what_each_token_adds() -> None:
    asked = imported.checkpoint("lstm", VOCABULARY, sizes=(EMBEDDING, HIDDEN), labels=THREE)
    found = trace(asked.targeted(Target(THREE, 1)), "good never bad")
    i, f, g, o = found.gates.values()
    c, logits = np.zeros(HIDDEN), [found.empty_logit]
    for k in range(3):
        c = c + i[k] * g[k] * f[k + 1 :].prod(axis=0)
        z = asked.model.linear.weight.numpy() @ (o[2] * np.tanh(c)) + asked.model.linear.bias.numpy()
        logits.append(z[1] - np.log(np.exp(z[0]) + np.exp(z[2])))
    np.testing.assert_allclose(found.cell_contributions, np.diff(logits), atol=1e-12)


def test_a_head_of_two_outputs_is_traced_as_one_of_one() -> None:
    one = imported.checkpoint("lstm", VOCABULARY, sizes=(EMBEDDING, HIDDEN))
    two = small_models.two_outputs(one)
    found, expected = trace(two, TEXT), trace(one, TEXT)
    assert found.scores is None and found.target == POSITIVE
    for name in ("logit", "read_out", "contributions", "cell_contributions"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), atol=1e-9)
    other = trace(one.targeted(Target(POSITIVE.labels, 0)), TEXT)
    assert other.predicted.tolist() == expected.predicted.tolist() == (expected.logit >= 0).tolist()
    for run in (expected, other):
        np.testing.assert_allclose(run.distributions[:, 1], expected.probability, atol=1e-12)
    for name in ("logit", "read_out", "contributions", "cell_contributions"):
        np.testing.assert_allclose(getattr(other, name), -getattr(expected, name), atol=1e-12)

"""A token at a time equals torch's fused modules, and both equal the equations of the docstring written out plainly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import expit
from torch import Tensor

from core.data.labels import SENTIMENT
from core.data.targets import POSITIVE, Target
from core.models.recurrent import CELLS, GATES, Classifier, Head, cell_step
from tests.models.imported import random_weights

TOLERANCES = {torch.float32: 1e-5, torch.float64: 1e-10}
SHAPES = [(cell, layers) for cell in CELLS for layers in (1, 2)]
VOCABULARY, EMBEDDING, HIDDEN = 11, 5, 4
THREE = ("negative", "neutral", "positive")


def classifier(cell: str, layers: int = 1, dtype: torch.dtype = torch.float64, dropout: float = 0.0) -> Classifier:
    return random_weights(Classifier(cell, VOCABULARY, EMBEDDING, HIDDEN, layers, dropout).to(dtype))


def sentences(batch: int, length: int, seed: int = 0) -> Tensor:
    return torch.randint(1, VOCABULARY, (batch, length), generator=torch.Generator().manual_seed(seed))


def plain_layer(
    model: Classifier, layer: int, x: np.ndarray, h: np.ndarray, c: np.ndarray
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """One layer after one token of one sentence, gate by gate: (h', c', gates); x [E] or [H], h and c [H]."""
    weights = {name: value.numpy() for name, value in model.recurrent.named_parameters()}

    def from_input(gate: int) -> np.ndarray:
        rows = slice(gate * HIDDEN, (gate + 1) * HIDDEN)
        return weights[f"weight_ih_l{layer}"][rows] @ x + weights[f"bias_ih_l{layer}"][rows]

    def from_state(gate: int) -> np.ndarray:
        rows = slice(gate * HIDDEN, (gate + 1) * HIDDEN)
        return weights[f"weight_hh_l{layer}"][rows] @ h + weights[f"bias_hh_l{layer}"][rows]

    if model.cell == "rnn":
        pre = from_input(0) + from_state(0)
        return np.tanh(pre), c, {"pre_activation": pre}
    if model.cell == "gru":
        r = expit(from_input(0) + from_state(0))
        z = expit(from_input(1) + from_state(1))
        n = np.tanh(from_input(2) + r * from_state(2))
        return (1 - z) * n + z * h, c, {"reset": r, "update": z, "new": n}
    i = expit(from_input(0) + from_state(0))
    f = expit(from_input(1) + from_state(1))
    g = np.tanh(from_input(2) + from_state(2))
    o = expit(from_input(3) + from_state(3))
    c = f * c + i * g
    return o * np.tanh(c), c, {"input": i, "forget": f, "cell": g, "output": o}


@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
@pytest.mark.parametrize(("cell", "layers"), SHAPES)
def test_a_token_at_a_time_equals_the_fused_forward(cell: str, layers: int, dtype: torch.dtype) -> None:
    model = classifier(cell, layers, dtype)
    ids = sentences(batch=7, length=13)
    state = start = model.start(7)
    assert start.h.shape == (layers, 7, HIDDEN) and start.h.dtype == dtype and (start.c is None) == (cell != "lstm")
    logits = []
    for place in range(ids.shape[1]):
        state = model.step(model.embedding(ids[:, place]), state).state
        logits.append(model.read_out(state.h[-1]))
    tolerance = TOLERANCES[dtype]
    torch.testing.assert_close(torch.stack(logits, dim=1), model.prefix_logits(ids), rtol=0, atol=tolerance)
    torch.testing.assert_close(logits[-1], model(ids), rtol=0, atol=tolerance)
    _, last = model.recurrent(model.embedding(ids))
    h, c = last if cell == "lstm" else (last, None)
    torch.testing.assert_close(state.h, h, rtol=0, atol=tolerance)
    assert (state.c is None) == (c is None)
    if state.c is not None:
        torch.testing.assert_close(state.c, c, rtol=0, atol=tolerance)
    assert not start.h.any() and (start.c is None or not start.c.any())  # a step leaves its state as it was


@pytest.mark.parametrize(("cell", "layers"), SHAPES)
def test_step_equals_the_equations_gate_by_gate(cell: str, layers: int) -> None:
    model = classifier(cell, layers)
    state = model.start()
    h, c = np.zeros((layers, HIDDEN)), np.zeros((layers, HIDDEN))
    for token in sentences(batch=1, length=9)[0]:
        x = model.embedding(token)
        step = model.step(x[None], state)
        state = step.state
        below = x.numpy()
        for layer in range(layers):
            h[layer], c[layer], gates = plain_layer(model, layer, below, h[layer], c[layer])
            below = h[layer]
            assert tuple(gates) == GATES[cell]
            for name, plain in gates.items():
                np.testing.assert_allclose(step.gates[name][layer, 0].numpy(), plain, rtol=0, atol=1e-12)
        np.testing.assert_allclose(state.h[:, 0].numpy(), h, rtol=0, atol=1e-12)
        if state.c is not None:
            np.testing.assert_allclose(state.c[:, 0].numpy(), c, rtol=0, atol=1e-12)
    logit = model.linear.weight.numpy()[0] @ h[-1] + model.linear.bias.numpy()[0]
    assert model.read_out(state.h[-1]).item() == pytest.approx(logit, abs=1e-12)


def test_one_step_by_hand() -> None:
    """The reset gate stands inside the candidate's recurrent term: n = tanh(Wx + b + r*(Uh + d))."""
    r, z = 0.25, 0.8
    from_input = torch.tensor([[np.log(r / (1 - r)), np.log(z / (1 - z)), 0.3]])
    from_state = torch.tensor([[0.0, 0.0, 2.0]])
    h = torch.tensor([[0.5]], dtype=torch.float64)
    step = cell_step("gru", from_input, from_state, h, None)
    n = np.tanh(0.3 + 0.25 * 2)
    assert step.h.item() == pytest.approx(0.2 * n + 0.8 * 0.5)
    assert step.c is None
    assert [gate.item() for gate in step.gates] == pytest.approx([r, z, n])
    # All projections zero: every sigmoid is a half and the candidate zero, so c' = c/2 and h' = tanh(c/2)/2.
    zeros = torch.zeros(1, 4, dtype=torch.float64)
    step = cell_step("lstm", zeros, zeros, torch.tensor([[0.9]]), torch.tensor([[3.0]], dtype=torch.float64))
    assert step.c is not None
    assert step.c.item() == pytest.approx(1.5)
    assert step.h.item() == pytest.approx(np.tanh(1.5) / 2)
    assert [gate.item() for gate in step.gates] == pytest.approx([0.5, 0.5, 0.0, 0.5])


@pytest.mark.parametrize(("cell", "layers"), SHAPES)
def test_padding_never_changes_a_logit(cell: str, layers: int) -> None:
    model = classifier(cell, layers)
    lengths = torch.tensor([6, 1, 3, 5])
    ids = sentences(batch=4, length=6)
    alone = torch.stack([model(row[None, :length])[0] for row, length in zip(ids, lengths, strict=True)])
    inside = torch.arange(6) < lengths[:, None]
    for filling in (0, 1, 7):  # whatever stands behind the end, not the padding token only
        padded = torch.where(inside, ids, filling)
        torch.testing.assert_close(model(padded, lengths), alone, rtol=0, atol=1e-12)
    wider = torch.nn.functional.pad(torch.where(inside, ids, 0), (0, 10))
    torch.testing.assert_close(model(wider, lengths), alone, rtol=0, atol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_batches_prefixes_and_embeddings_give_the_same_logits(cell: str) -> None:
    model = classifier(cell, layers=2)
    ids = sentences(batch=6, length=8)
    torch.testing.assert_close(model(ids), torch.cat([model(row[None]) for row in ids]), rtol=0, atol=1e-12)
    torch.testing.assert_close(model(ids), model(ids, torch.full((6,), 8)), rtol=0, atol=0)
    prefixes = model.prefix_logits(ids)
    for end in range(1, 9):
        torch.testing.assert_close(model(ids[:, :end]), prefixes[:, end - 1], rtol=0, atol=1e-12)
    lengths = torch.tensor([2, 5, 4, 8, 1, 8])
    assert torch.equal(model.from_embeddings(model.embedding(ids), lengths), model(ids, lengths))
    assert torch.equal(model.from_embeddings(model.embedding(ids)), model(ids))


@pytest.mark.parametrize("cell", CELLS)
def test_gradients_reach_embeddings_up_to_the_length_and_no_further(cell: str) -> None:
    model = classifier(cell)
    x = model.embedding(sentences(batch=2, length=5)).requires_grad_()
    (gradient,) = torch.autograd.grad(model.from_embeddings(x, torch.tensor([3, 5])).sum(), x)
    assert (gradient[0, :3] != 0).any(dim=-1).all() and (gradient[1] != 0).any(dim=-1).all()
    assert (gradient[0, 3:] == 0).all()


def test_dropout_acts_in_training_only() -> None:
    model = classifier("lstm", dropout=0.5)
    ids = sentences(batch=4, length=6)
    torch.testing.assert_close(model(ids), model(ids), rtol=0, atol=0)
    torch.testing.assert_close(model(ids), classifier("lstm")(ids), rtol=0, atol=0)
    torch.testing.assert_close(model(ids), model.prefix_logits(ids)[:, -1], rtol=0, atol=1e-12)
    model.train()
    assert (model(ids) != model(ids)).any()


@pytest.mark.parametrize("cell", CELLS)
def test_the_padding_of_a_new_classifier_is_the_zero_vector(cell: str) -> None:
    model = Classifier(cell, VOCABULARY, EMBEDDING, HIDDEN)
    assert not model.embedding.weight[0].any()
    assert model.cell == cell and model.hidden_size == HIDDEN


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="'transformer'; available: rnn, gru, lstm"):
        Classifier("transformer", VOCABULARY)
    for sizes in ((0, 5, 4, 1), (11, 0, 4, 1), (11, 5, 0, 1), (11, 5, 4, 0), (11, 5, -3, 1)):
        with pytest.raises(ValueError, match="at least 1"):
            Classifier("rnn", *sizes)
    with pytest.raises(ValueError, match="between 0 and 1"):
        Classifier("rnn", VOCABULARY, dropout=1.5)


VARIANTS = [
    {},
    {"reads": "mean"},
    {"reads": "max padded:9"},
    {"reads": "dot"},
    {"bidirectional": True},
    {"head": Head(3, "relu")},
    {"layers": 2},
]


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_log_odds_of_a_target_are_those_of_the_softmax_of_all_scores(variant: dict[str, Any]) -> None:
    model = random_weights(Classifier("gru", VOCABULARY, EMBEDDING, HIDDEN, outputs=3, **variant).double())
    ids, lengths = sentences(batch=4, length=6), torch.tensor([6, 3, 1, 5])
    scores = model(ids, lengths)
    assert scores.shape == (4, 3) and model.target is None and model.every is model
    p = torch.softmax(scores, dim=-1)
    for number in range(3):
        aimed = model.targeted(Target(THREE, number))
        torch.testing.assert_close(aimed(ids, lengths), torch.logit(p[:, number]), atol=1e-9, rtol=0)
        other = (number + 1) % 3
        against = aimed.targeted(Target(THREE, number, other))
        torch.testing.assert_close(against(ids, lengths), (p[:, number] / p[:, other]).log(), atol=1e-9, rtol=0)
        assert aimed.linear is model.linear and torch.equal(against.every(ids, lengths), scores)
        assert aimed.empty_logit() == pytest.approx(torch.logit(model.empty_logits().softmax(-1))[number].item())
        if not aimed.bidirectional:
            prefixes = aimed.prefix_logits(ids)
            assert prefixes.shape == (4, 6) and model.prefix_logits(ids).shape == (4, 6, 3)
            torch.testing.assert_close(prefixes[0, -1], aimed(ids)[0], atol=1e-9, rtol=0)


@pytest.mark.parametrize("cell", CELLS)
def test_one_output_or_two_of_two_classes_give_the_same_logits(cell: str) -> None:
    one = classifier(cell, dtype=torch.float32)
    two = random_weights(Classifier(cell, VOCABULARY, EMBEDDING, HIDDEN, outputs=2))
    two.load_state_dict(
        one.state_dict()
        | {
            "linear.weight": torch.stack([two.linear.weight[0], two.linear.weight[0] + one.linear.weight[0]]),
            "linear.bias": torch.stack([two.linear.bias[0], two.linear.bias[0] + one.linear.bias[0]]),
        }
    )
    ids = sentences(batch=3, length=7)
    assert one.target == two.target == POSITIVE
    torch.testing.assert_close(two(ids), one(ids), atol=1e-5, rtol=0)
    torch.testing.assert_close(two.prefix_logits(ids), one.prefix_logits(ids), atol=1e-5, rtol=0)
    assert two.empty_logit() == pytest.approx(one.empty_logit(), abs=1e-5)


def test_the_other_of_two_classes_has_the_negative_logit_and_the_usual_one_is_untouched() -> None:
    model, ids = classifier("lstm", dtype=torch.float32), sentences(batch=3, length=7)
    other = model.targeted(Target(SENTIMENT, 0))
    assert torch.equal(other(ids), -model(ids)) and torch.equal(other.every(ids), model(ids))
    assert model.target == POSITIVE and model.every is model
    plain = model.linear(model.recurrent(model.embedding(ids))[0][:, -1]).squeeze(-1)
    assert torch.equal(model(ids), plain)


def test_a_target_of_other_classes_and_heads_that_cannot_be() -> None:
    for outputs in (0, 21):
        with pytest.raises(ValueError, match=f"1 to 20 outputs; given: {outputs}"):
            Classifier("rnn", VOCABULARY, outputs=outputs)
    with pytest.raises(ValueError, match="a target of 3 classes for a head of 1 outputs"):
        classifier("rnn").targeted(Target(THREE, 0))
    with pytest.raises(ValueError, match="a target of 2 classes for a head of 3 outputs"):
        Classifier("rnn", VOCABULARY, outputs=3).targeted(POSITIVE)

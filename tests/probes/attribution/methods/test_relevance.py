"""Relevance: with biases redistributed nothing is lost, and every message is what the linear rule says it is."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from core.models.recurrent import Classifier
from core.probes.attribution.methods.relevance import (
    Rule,
    layerwise_relevance,
    layerwise_relevance_without_biases,
    relevance,
)
from core.probes.attribution.results import Instance
from tests.probes.small_models import exact_logit, exact_read_out, instance, without_biases

TOKENS = ("not", "good", "but", "not", "bad", "zyxqj")
CELLS = ["rnn", "gru", "lstm"]
NAMES = [f"{cell}{kind}" for cell in CELLS for kind in ("1", "2", "-three")]


def linear(h, w, b: float, z: float, out: float, units: int, delta: float, epsilon: float) -> list[float]:
    """What one neuron z with relevance `out` sends to each of its lower neurons h (Arras et al. 2017, ε rule)."""
    sign = 1.0 if z >= 0 else -1.0
    messages = []
    for h_i, w_i in zip(h, w, strict=True):
        numerator = float(h_i) * float(w_i) + delta * (b + epsilon * sign) / units
        messages.append(numerator / (z + epsilon * sign) * out)
    return messages


def slowly(given: Instance, delta: float, epsilon: float) -> tuple[np.ndarray, float]:
    """Relevance of one layer, neuron by neuron; and what the start state gets."""
    model: Classifier = given.checkpoint.model
    cell, units = model.cell, model.hidden_size
    xs = model.embedding(torch.tensor(given.checkpoint.vocabulary.encode(given.tokens))).double().numpy()
    w, u, b, d = (parameter.double().numpy() for parameter in model.recurrent.parameters())
    double = copy.deepcopy(model).double()
    state, steps = double.start(), []
    hs, cs = [state.h[0, 0].numpy()], [np.zeros(units)]
    with torch.no_grad():
        for x in xs:
            step = double.step(torch.from_numpy(x)[None], state)
            state = step.state
            steps.append({name: gate[0, 0].numpy() for name, gate in step.gates.items()})
            hs.append(state.h[0, 0].numpy())
            cs.append(np.zeros(units) if state.c is None else state.c[0, 0].numpy())
    logit = exact_logit(given)
    read_out, bias = exact_read_out(given)
    to_h = np.array(linear(hs[-1], read_out, bias, logit, logit, units, delta, epsilon))
    to_c = np.zeros(units)
    result = np.zeros_like(xs)
    block = {"rnn": 0, "gru": 2, "lstm": 2}[cell]
    for t in reversed(range(len(xs))):
        x, h, c, gates = xs[t], hs[t], cs[t], steps[t]
        next_h, next_c, fan_in = np.zeros(units), np.zeros(units), len(xs[t]) + units
        for j in range(units):
            row = block * units + j
            own = to_h[j]
            recurrent, bias = u[row].copy(), b[row] + d[row]
            if cell == "lstm":
                parts = (gates["forget"][j] * c[j], gates["input"][j] * gates["cell"][j])
                total = to_h[j] + to_c[j]
                next_c[j], own = linear(parts, (1, 1), 0.0, sum(parts), total, 2, delta, epsilon)
            if cell == "gru":
                parts = (gates["update"][j] * h[j], (1 - gates["update"][j]) * gates["new"][j])
                kept, own = linear(parts, (1, 1), 0.0, sum(parts), to_h[j], 2, delta, epsilon)
                next_h[j] += kept
                recurrent, bias = gates["reset"][j] * u[row], b[row] + gates["reset"][j] * d[row]
            z = float(w[row] @ x + recurrent @ h + bias)
            result[t] += linear(x, w[row], bias, z, own, fan_in, delta, epsilon)
            next_h += linear(h, recurrent, bias, z, own, fan_in, delta, epsilon)
        to_h, to_c = next_h, next_c
    return result, float(to_h.sum() + to_c.sum())


@pytest.mark.parametrize("epsilon", [1e-3, 0.1])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_lost_where_biases_are_redistributed(layered: Path, name: str, epsilon: float):
    given = instance(layered, name, TOKENS)
    found = relevance(given, bias_factor=1, epsilon=epsilon)
    assert found.x.sum() + found.start == pytest.approx(exact_logit(given), abs=1e-9 * max(1, np.abs(found.x).sum()))
    dropped = relevance(given, bias_factor=0, epsilon=epsilon)
    assert dropped.start == 0  # the start state is zero, so nothing but a bias puts relevance there
    assert abs(dropped.x.sum() - exact_logit(given)) > 1e-3


@pytest.mark.parametrize("name", [name for name in NAMES if "three" not in name])  # a tangent has a bias always
def test_without_biases_what_is_lost_goes_with_epsilon(layered: Path, name: str):
    bare = without_biases(instance(layered, name, TOKENS), read_out=True)
    lost = [
        abs(relevance(bare, bias_factor=0, epsilon=epsilon).x.sum() - exact_logit(bare)) for epsilon in (1e-4, 1e-9)
    ]
    assert lost[1] < 1e-4 * max(1.0, abs(exact_logit(bare)))
    assert lost[1] < lost[0]


@pytest.mark.parametrize("delta", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("name", [name for name in NAMES if "2" not in name])
def test_every_message_is_the_linear_rules(layered: Path, name: str, delta: float):
    given = instance(layered, name, TOKENS)
    found = relevance(given, bias_factor=delta, epsilon=0.01)
    expected, start = slowly(given, delta, 0.01)
    np.testing.assert_allclose(found.x, expected, rtol=1e-8, atol=1e-8)
    assert found.start == pytest.approx(start, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_scores_are_the_relevances_of_words(layered: Path, name: str):
    given = instance(layered, name, TOKENS)
    conserving, dropping = layerwise_relevance(given), layerwise_relevance_without_biases(given, "", seed=1)
    np.testing.assert_array_equal(conserving.scores, relevance(given, bias_factor=1).x.sum(axis=1))
    np.testing.assert_array_equal(dropping.scores, relevance(given, bias_factor=0).x.sum(axis=1))
    assert conserving.delta == pytest.approx(0, abs=1e-5)
    assert (dropping.delta, dropping.base_logit) == (None, None)
    assert "redistributed" in conserving.spent
    assert "dropped" in dropping.spent


def test_the_rule_by_hand():
    """z = 2·3 + (−1)·4 + 1 = 3 with R = 6 and ε = 1: of 4 in the denominator 6 and −4 are the inputs'; 1 + 1 are the
    bias's and ε's, half of which each input gets where they are redistributed."""
    sources = [(torch.tensor([2.0]), torch.tensor([[3.0]])), (torch.tensor([-1.0]), torch.tensor([[4.0]]))]
    given = torch.tensor([1.0]), torch.tensor([3.0]), torch.tensor([6.0])
    assert [part.item() for part in Rule(1.0, 0.0).linear(sources, *given)] == [9.0, -6.0]
    assert [part.item() for part in Rule(1.0, 1.0).linear(sources, *given)] == [10.5, -4.5]
    parts = torch.tensor([3.0]), torch.tensor([-6.0])  # their sum, −3, is −4 with ε
    assert [part.item() for part in Rule(1.0, 0.0).sum(parts, torch.tensor([4.0]))] == [-3.0, 6.0]
    assert [part.item() for part in Rule(1.0, 1.0).sum(parts, torch.tensor([4.0]))] == [-2.5, 6.5]


def test_relevances_that_cancel_are_warned_of(layered: Path):
    long = tuple(np.random.default_rng(0).choice(TOKENS, 60).tolist())
    given = instance(layered, "rnn1", long)
    scores = layerwise_relevance(given)
    size = np.abs(scores.scores).sum()
    assert size > 1e3
    found = re.fullmatch(r"relevances of ([\d,]+) in all cancel to a logit of .*", scores.warning)
    assert found
    assert float(found[1].replace(",", "")) == pytest.approx(size, abs=1)
    assert layerwise_relevance(instance(layered, "lstm1", ("good",))).warning == ""

"""Contextual decomposition: β + γ is the logit, the fast form agrees with the paper's sums over orders, by hand too."""

from __future__ import annotations

from collections.abc import Collection
from itertools import permutations
from math import tanh
from pathlib import Path

import numpy as np
import pytest
import torch

from core.models.recurrent import Classifier
from core.probes.attribution.methods.decomposition import decompose, words
from core.probes.attribution.results import Instance
from tests.probes.small_models import exact_logit, exact_read_out, instance, without_biases

TOKENS = ("not", "good", "but", "not", "bad", "zyxqj")
CELLS = ["rnn", "gru", "lstm"]


def phrase(given: Instance, positions: Collection[int]) -> tuple[float, float]:
    """β and γ of the tokens at some positions."""
    beta, gamma = decompose(given, np.isin(np.arange(len(given.tokens)), list(positions))[None])
    return beta[0], gamma[0]


def scalar(cell: str, x: tuple[float, float], w: float, u: float, bias: float, read_out: float) -> Instance:
    """Two words of one number each, for a model of one unit; every gate has the same weights."""
    model = Classifier(cell, 4, embedding_size=1, hidden_size=1)
    with torch.no_grad():
        model.embedding.weight[2:, 0] = torch.tensor(x)
        model.recurrent.weight_ih_l0.fill_(w)
        model.recurrent.weight_hh_l0.fill_(u)
        model.recurrent.bias_ih_l0.fill_(bias)
        model.recurrent.bias_hh_l0.zero_()
        model.linear.weight.fill_(read_out)
        model.linear.bias.fill_(0.25)

    class TwoWords:
        def encode(self, tokens: tuple[str, ...]) -> list[int]:
            return [{"first": 2, "second": 3}[token] for token in tokens]

    class Made:
        vocabulary = TwoWords()

    Made.model = model.requires_grad_(False).eval()
    return Instance(Made(), "first second", ("first", "second"))


def sigma(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def average_over_orders(function, terms: dict[str, np.ndarray], bias: np.ndarray) -> dict[str, np.ndarray]:
    """L of every term, order by order (section 3.2.2); the bias is first in each."""
    found = {name: np.zeros_like(bias) for name in terms}
    orders = list(permutations(terms))
    for order in orders:
        so_far = bias
        for name in order:
            found[name] = found[name] + (function(so_far + terms[name]) - function(so_far)) / len(orders)
            so_far = so_far + terms[name]
    return {**found, "bias": function(bias)}


def product(a: dict[str, np.ndarray], b: dict[str, np.ndarray], ours: set[str]) -> tuple[np.ndarray, np.ndarray]:
    """Every cross-term of a product to β or γ: β where both factors are of the phrase, or one is a bias."""
    beta = gamma = np.zeros(())
    for name_a, value_a in a.items():
        for name_b, value_b in b.items():
            names = {name_a, name_b}
            if names <= ours | {"bias"} and names != {"bias"}:
                beta = beta + value_a * value_b
            else:
                gamma = gamma + value_a * value_b
    return beta, gamma


def slowly(given: Instance, inside: set[int]) -> tuple[float, float]:
    """β and γ of one phrase by one layer, from the equations, a cross-term at a time."""
    model = given.checkpoint.model
    x_all = model.embedding(torch.tensor(given.checkpoint.vocabulary.encode(given.tokens))).double().numpy()
    w, u, b, d = (parameter.double().numpy() for parameter in model.recurrent.parameters())
    gates = {"rnn": ["a"], "gru": ["r", "z", "n"], "lstm": ["i", "f", "g", "o"]}[model.cell]
    units = model.hidden_size
    w, u, b, d = ({gate: part[k * units : (k + 1) * units] for k, gate in enumerate(gates)} for part in (w, u, b, d))
    beta, gamma, beta_c, gamma_c = (np.zeros(units) for _ in range(4))
    for t, x in enumerate(x_all):
        ours = {"x", "β"} if t in inside else {"β"}

        def gate(name: str, x=x, beta=beta, gamma=gamma) -> dict[str, np.ndarray]:
            return {"x": w[name] @ x, "β": u[name] @ beta, "γ": u[name] @ gamma}

        def of(parts: dict[str, np.ndarray], names: set[str]) -> np.ndarray:
            return sum((parts[name] for name in names), np.zeros(units))

        bias = {name: b[name] + d[name] for name in gates}
        if model.cell == "rnn":
            a = average_over_orders(np.tanh, gate("a"), bias["a"])
            beta, gamma = of(a, ours), of(a, {"x", "β", "γ", "bias"} - ours)
        elif model.cell == "lstm":
            i, f = (average_over_orders(sigma, gate(name), bias[name]) for name in "if")
            g = average_over_orders(np.tanh, gate("g"), bias["g"])
            o = sigma(of(gate("o"), {"x", "β", "γ"}) + bias["o"])
            beta_f, gamma_f = product(f, {"β": beta_c, "γ": gamma_c}, ours)
            beta_u, gamma_u = product(i, g, ours)
            beta_c, gamma_c = beta_f + beta_u, gamma_f + gamma_u
            shown = average_over_orders(np.tanh, {"β": beta_c, "γ": gamma_c}, np.zeros(units))
            beta, gamma = o * shown["β"], o * shown["γ"]
        else:
            r, z = (average_over_orders(sigma, gate(name), bias[name]) for name in "rz")
            inner = gate("n")
            recalled = {"β": inner["β"], "γ": inner["γ"], "bias": d["n"]}
            beta_r, gamma_r = product(r, recalled, ours)
            both = r["bias"] * d["n"]
            n = average_over_orders(np.tanh, {"x": inner["x"], "β": beta_r, "γ": gamma_r - both}, b["n"] + both)
            rest = {name: -part for name, part in z.items()} | {"bias": 1 - z["bias"]}
            beta_u, gamma_u = product(rest, n, ours)
            beta_f, gamma_f = product(z, {"β": beta, "γ": gamma}, ours)
            beta, gamma = beta_u + beta_f, gamma_u + gamma_f
    read_out, bias = exact_read_out(given)
    return float(read_out @ beta), float(read_out @ gamma) + bias


@pytest.mark.parametrize("kind", ["1", "2", "-three"])
@pytest.mark.parametrize("cell", CELLS)
def test_the_two_parts_are_the_logit(layered: Path, cell: str, kind: str):
    given = instance(layered, f"{cell}{kind}", TOKENS)
    inside = np.random.default_rng(0).random((20, len(TOKENS))) < 0.4
    for found in (words(given), decompose(given, inside)):
        np.testing.assert_allclose(found.beta + found.gamma, exact_logit(given), atol=1e-9)
    ids = torch.tensor([given.checkpoint.vocabulary.encode(TOKENS)])
    assert found.beta[0] + found.gamma[0] == pytest.approx(given.checkpoint.model(ids).item(), abs=1e-4)
    assert np.ptp(words(given).beta) > 0.1  # or the law would be held by saying nothing


@pytest.mark.parametrize("kind", ["1", "-three"])
@pytest.mark.parametrize("cell", CELLS)
def test_phrases_are_split_as_the_papers_sums_split_them(layered: Path, cell: str, kind: str):
    given = instance(layered, f"{cell}{kind}", TOKENS)
    for places in ({0}, {3}, {5}, {0, 1}, {1, 4}, set(range(len(TOKENS)))):
        assert phrase(given, places) == pytest.approx(slowly(given, places), abs=1e-9)


@pytest.mark.parametrize("name", ["rnn1", "gru1", "lstm1", "rnn2", "gru2", "lstm2"])
def test_phrases_side_by_side_are_phrases_one_by_one(layered: Path, name: str):
    given = instance(layered, name, TOKENS)
    inside = np.random.default_rng(1).random((9, len(TOKENS))) < 0.5
    inside[4] = False
    together = decompose(given, inside)
    for row, beta, gamma in zip(inside, *together, strict=True):
        alone = decompose(given, row[None])
        assert (alone.beta[0], alone.gamma[0]) == pytest.approx((beta, gamma), abs=1e-12)
    np.testing.assert_allclose(words(given).beta, [phrase(given, [place])[0] for place in range(len(TOKENS))])


@pytest.mark.parametrize("name", ["rnn1", "gru1", "lstm1", "rnn2", "gru2", "lstm2"])
def test_no_word_says_nothing_and_all_words_all_but_the_biases(layered: Path, name: str):
    given = instance(layered, name, TOKENS)
    assert decompose(given, np.zeros((1, len(TOKENS)), dtype=bool)).beta[0] == 0
    bare = without_biases(given)
    beta, gamma = phrase(bare, range(len(TOKENS)))
    assert gamma == pytest.approx(bare.checkpoint.model.linear.bias.item(), abs=1e-12)
    assert beta == pytest.approx(exact_logit(bare) - gamma, abs=1e-9)


def test_a_recurrent_unit_by_hand():
    """tanh(x + h/2), words 1 and −2, logit 3h + 1/4. The first word's β after the second is half of what it adds when
    it comes first and when it comes last."""
    given = scalar("rnn", (1.0, -2.0), w=1.0, u=0.5, bias=0.0, read_out=3.0)
    kept = 0.5 * tanh(1.0)
    first = (tanh(kept) + tanh(kept - 2) - tanh(-2)) / 2
    second = (tanh(-2) + tanh(kept - 2) - tanh(kept)) / 2
    assert words(given).beta == pytest.approx([3 * first, 3 * second], abs=1e-12)
    assert words(given).gamma == pytest.approx([3 * second + 0.25, 3 * first + 0.25], abs=1e-12)


def test_a_memory_cell_by_hand():
    """One word x = 1, all weights 1, all biases 1/2: i = f = o = σ(1.5), g = tanh(1.5). All that i*g has of the word
    is its own but for bias times bias, σ(1/2) tanh(1/2), which is γ."""
    given = scalar("lstm", (1.0, 0.0), w=1.0, u=1.0, bias=0.5, read_out=2.0)._replace(tokens=("first",))
    both = float(sigma(np.array(0.5))) * tanh(0.5)
    c = float(sigma(np.array(1.5))) * tanh(1.5)
    o = float(sigma(np.array(1.5)))
    beta = o * (tanh(c - both) + tanh(c) - tanh(both)) / 2
    assert phrase(given, [0]) == pytest.approx((2 * beta, 2 * (o * tanh(c) - beta) + 0.25), abs=1e-12)

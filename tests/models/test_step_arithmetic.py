"""What is written out of one unit's step is what the trace holds, product by product."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from core.data.targets import Target
from core.models.checkpoints import Checkpoint
from core.models.recurrent import CELLS, GATES, Classifier
from core.models.step_arithmetic import Working, working
from core.models.trace import trace
from core.text.preprocessing import Preprocessing, Vocabulary
from tests.models import imported

VOCABULARY = Vocabulary(["better", "late", "than", "never"])
EMBEDDING, HIDDEN = 5, 4
SHAPES = [(cell, layers) for cell in CELLS for layers in (1, 2)]
FUNCTIONS = {"σ": lambda a: 1 / (1 + math.exp(-a)), "tanh": math.tanh, None: lambda a: a}


def checkpoint(cell: str, layers: int = 1) -> Checkpoint:
    return imported.checkpoint(cell, VOCABULARY, layers, sizes=(EMBEDDING, HIDDEN), seed=4)


def check(found: Working) -> None:
    """Every number follows from those before it."""
    assert tuple(gate.name for gate in found.gates) == GATES[found.cell]
    for gate in found.gates:
        np.testing.assert_allclose(gate.input_products, found.x_weights[gate.name] * found.x, atol=1e-12)
        np.testing.assert_allclose(gate.state_products, found.h_weights[gate.name] * found.h_before, atol=1e-12)
        assert gate.from_input == pytest.approx(sum(gate.input_products) + gate.input_bias, abs=1e-12)
        assert gate.from_state == pytest.approx(sum(gate.state_products) + gate.state_bias, abs=1e-12)
        times = 1 if gate.reset is None else gate.reset
        assert gate.pre_activation == pytest.approx(gate.from_input + times * gate.from_state, abs=1e-12)
        assert gate.value == pytest.approx(FUNCTIONS[gate.non_linearity](gate.pre_activation), abs=1e-12)
        assert (gate.reset is None) == ((found.cell, gate.name) != ("gru", "new"))
    known = {gate.symbol: gate.value for gate in found.gates}
    known |= {"h": float(found.h_before[found.unit])} | ({} if found.c_before is None else {"c": found.c_before})
    if found.cell == "gru":
        assert found.gates[2].reset == found.gates[0].value
        known["1 − z"] = 1 - known["z"]
    for line in found.lines:
        for product in line.products:
            assert all(known[symbol] == pytest.approx(number, abs=1e-12) for symbol, number in product.factors)
            assert product.value == pytest.approx(math.prod(number for _, number in product.factors), abs=1e-12)
        total = sum(product.value for product in line.products)
        assert line.value == pytest.approx(FUNCTIONS[line.function](total), abs=1e-12)
        known[line.symbol] = line.value
    assert known["h'"] == found.h and known.get("c'") == found.c


@pytest.mark.parametrize(("cell", "layers"), SHAPES)
def test_every_unit_and_step(cell: str, layers: int) -> None:
    asked = checkpoint(cell, layers)
    read = trace(asked, "better late than zork never")
    for step in range(len(read)):
        for unit in range(HIDDEN):
            found = working(asked.model, read, step, unit)
            check(found)
            assert (found.token, found.step, found.unit) == (read.tokens[step], step, unit)
            assert found.h == pytest.approx(read.h[step, unit], abs=1e-12)
            assert found.read_out == read.read_out[unit]
            if read.c is None:
                assert found.c is None and found.c_before is None
            else:
                assert found.c == pytest.approx(read.c[step, unit], abs=1e-12)
                assert found.c_before == pytest.approx(read.c[step - 1, unit] if step else 0, abs=1e-12)
            for gate in found.gates:
                assert gate.value == pytest.approx(read.gates[gate.name][step, unit], abs=1e-12)


def test_of_many_classes_a_units_weight_is_that_of_the_step() -> None:
    labels = ("negative", "neutral", "positive")
    asked = imported.checkpoint("gru", VOCABULARY, sizes=(EMBEDDING, HIDDEN), seed=4, labels=labels)
    asked = asked.targeted(Target(labels, 1))
    read = trace(asked, "better late than never")
    for step in range(len(read)):
        weights = [working(asked.model, read, step, unit).read_out for unit in range(HIDDEN)]
        before = read.h[step - 1] if step else np.zeros(HIDDEN)
        assert weights @ (read.h[step] - before) == pytest.approx(read.contributions[step], abs=1e-9)


def test_an_lstm_by_hand() -> None:
    """One unit, one input: W = (1, 2, 3, 4), b = 0.1, U = (5, 6, 7, 8), d = 0.2; x = 0.5, then 0.25."""
    model = Classifier("lstm", 6, 1, 1).double()
    recurrent = model.recurrent
    with torch.no_grad():
        model.embedding.weight[:] = torch.tensor([0, 0, 0.5, 0.25, 0, 0])[:, None]
        recurrent.weight_ih_l0[:] = torch.tensor([1.0, 2, 3, 4])[:, None]
        recurrent.weight_hh_l0[:] = torch.tensor([5.0, 6, 7, 8])[:, None]
        recurrent.bias_ih_l0.fill_(0.1)
        recurrent.bias_hh_l0.fill_(0.2)
    asked = Checkpoint("lstm", model.requires_grad_(False).eval(), Preprocessing(), VOCABULARY, {}, "")
    found = working(model, trace(asked, "better late"), 1, 0)
    sigma = FUNCTIONS["σ"]
    c = sigma(0.8) * math.tanh(1.8)  # nothing to forget yet
    h = sigma(2.3) * math.tanh(c)
    assert (found.c_before, found.h_before[0]) == (pytest.approx(c), pytest.approx(h))
    assert [gate.symbol for gate in found.gates] == ["i", "f", "g", "o"]
    assert [gate.input_products[0] for gate in found.gates] == pytest.approx([0.25, 0.5, 0.75, 1])
    assert [gate.from_input for gate in found.gates] == pytest.approx([0.35, 0.6, 0.85, 1.1])
    assert [gate.from_state for gate in found.gates] == pytest.approx([n * h + 0.2 for n in (5, 6, 7, 8)])
    i, f, g, o = (
        function(a + n * h + 0.2)
        for function, a, n in zip((sigma, sigma, math.tanh, sigma), (0.35, 0.6, 0.85, 1.1), (5, 6, 7, 8), strict=True)
    )
    assert found.c == pytest.approx(f * c + i * g)
    assert found.h == pytest.approx(o * math.tanh(f * c + i * g))
    first, bent, last = found.lines
    assert [product.value for product in first.products] == pytest.approx([f * c, i * g])
    assert (bent.symbol, bent.function, last.symbol) == ("tanh(c')", "tanh", "h'")
    check(found)


def test_what_is_not_there_is_refused() -> None:
    asked = checkpoint("gru")
    read = trace(asked, "better late")
    for step, unit, says in (
        *((2, 0, "step 2 is none of the 2, which count from 0 to 1"), (-1, 0, "step -1"), (0, 4, "unit 4")),
        (0, -1, "unit"),
    ):
        with pytest.raises(ValueError, match=says):
            working(asked.model, read, step, unit)
    with pytest.raises(ValueError, match="another model: lstm, 4 units; given: gru, 4"):
        working(asked.model, trace(checkpoint("lstm"), "better late"), 0, 0)

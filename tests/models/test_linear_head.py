"""The weights of a change sum to the change of the log-odds; those of the tangent are the gradient; of two classes both
are the head's row."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.data import targets
from core.data.targets import POSITIVE, Target
from core.models.linear_head import LinearHead
from core.models.recurrent import Classifier, Head
from tests.models.imported import random_weights


def head(count: int, seed: int, scale: float, target: int = 0, against: int | None = None) -> LinearHead:
    random = np.random.default_rng(seed)
    labels = tuple(f"c{number}" for number in range(count))
    return LinearHead(random.normal(0, scale, (count, 5)), random.normal(0, 1, count), Target(labels, target, against))


@given(st.integers(3, 20), st.integers(0, 99), st.sampled_from([1e-6, 0.1, 1.0, 30.0, 3_000.0]), st.booleans())
def test_weights_of_a_change_sum_to_the_change(count: int, seed: int, scale: float, against: bool) -> None:
    asked = head(count, seed, scale, seed % count, (seed + 1) % count if against else None)
    before, after = np.random.default_rng(seed + 1).normal(0, 1, (2, 4, 5))
    after[3] = before[3]  # no step at all
    weights = asked.between(before, after)
    moved = asked.log_odds(after) - asked.log_odds(before)
    assert np.isfinite(weights).all()
    np.testing.assert_allclose((weights * (after - before)).sum(axis=1), moved, atol=1e-12 * max(1, scale), rtol=1e-9)
    np.testing.assert_allclose(weights[3], asked.tangent(before[3])[0], atol=1e-9 * scale)


@given(st.integers(3, 8), st.integers(0, 20), st.booleans())
def test_the_tangent_has_the_value_and_the_gradient(count: int, seed: int, against: bool) -> None:
    asked = head(count, seed, 1.0, seed % count, (seed + 1) % count if against else None)
    at = np.random.default_rng(seed).normal(0, 1, 5)
    h = torch.tensor(at, requires_grad=True)
    value = targets.log_odds(h @ torch.tensor(asked.weights).T + torch.tensor(asked.bias), asked.target)
    value.backward()
    weights, bias = asked.tangent(at)
    np.testing.assert_allclose(weights, h.grad.numpy(), atol=1e-12)
    assert weights @ at + bias == pytest.approx(value.item(), abs=1e-12)
    assert asked.log_odds(at) == pytest.approx(value.item(), abs=1e-12)


def test_of_two_classes_all_are_the_heads_own_row() -> None:
    model = random_weights(Classifier("gru", 6, 4, 5))
    row, bias = model.linear.weight[0].double().numpy(), model.linear.bias.double().item()
    before, after = np.random.default_rng(0).normal(0, 1, (2, 3, 5))
    for target, sign in ((POSITIVE, 1), (Target(POSITIVE.labels, 0), -1)):
        found = LinearHead.of(model.targeted(target))
        assert found is not None and found.linear
        np.testing.assert_array_equal(found.line[0], sign * row)
        np.testing.assert_array_equal(found.between(before, after), np.broadcast_to(sign * row, (3, 5)))
        np.testing.assert_array_equal(found.tangent(before[0])[0], sign * row)
        assert found.line[1] == sign * bias


def test_a_head_that_has_no_such_weights() -> None:
    assert LinearHead.of(Classifier("rnn", 6, 4, 5, head=Head(3, "tanh"))) is None
    with pytest.raises(ValueError, match="target"):
        LinearHead.of(Classifier("rnn", 6, 4, 5, outputs=3))
    with pytest.raises(ValueError, match="weighted sum"):
        _line = head(3, 0, 1.0).line

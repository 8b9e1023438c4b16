"""Sharing prefixes changes no number: every order's logit is that of the fused forward."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.models.recurrent import CELLS, Classifier
from core.probes.permutations.shared_prefixes import SharedPrefixes
from tests.probes.small_models import steep_model


def model(cell: str, layers: int = 1, outputs: int = 1) -> Classifier:
    return steep_model(cell, 12, 5, 7, layers, seed=3, outputs=outputs)


def fused(classifier: Classifier, ids: list[int], orders: np.ndarray) -> np.ndarray:
    """Every order materialised."""
    with torch.inference_mode():
        return classifier(torch.tensor(ids)[torch.from_numpy(orders.astype(np.int64))]).numpy()


@pytest.mark.parametrize(("layers", "outputs"), [(1, 1), (2, 1), (1, 3), (1, 2)])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("length", [1, 3, 6])
def test_all_orders_against_brute_force(cell: str, layers: int, outputs: int, length: int) -> None:
    classifier, ids = model(cell, layers, outputs), [2, 3, 4, 3, 5, 6][:length]
    orders = np.array(list(permutations(range(length))), dtype=np.uint8)
    # Slices and blocks that cut through the tree everywhere.
    for slice_size, block in ((4_096, 512), (100, 7), (1, 1)):
        if length < 6 or slice_size > 1:
            found = SharedPrefixes(classifier, ids, slice_size, block).logits(orders)
            np.testing.assert_allclose(found, fused(classifier, ids, orders), atol=1e-5, rtol=0)


@settings(deadline=None, max_examples=30)
@given(st.sampled_from(CELLS), st.integers(0, 1_000), st.integers(1, 40))
def test_any_rows_in_any_order_with_repeats(cell: str, seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    classifier, ids = model(cell), random.integers(0, 12, 6).tolist()
    orders = random.permuted(np.tile(np.arange(6, dtype=np.uint8), (count, 1)), axis=1)
    orders = orders[random.integers(0, count, 2 * count)]
    found = SharedPrefixes(classifier, ids, 16, 5).logits(orders)
    np.testing.assert_allclose(found, fused(classifier, ids, orders), atol=1e-5, rtol=0)


@pytest.mark.parametrize("cell", CELLS)
def test_the_real_size_with_weights_that_saturate(cell: str) -> None:
    torch.manual_seed(0)
    classifier = Classifier(cell, 20, 128, 256).requires_grad_(False).eval()
    classifier.recurrent.weight_hh_l0.mul_(4)
    orders = np.array(list(permutations(range(6))), dtype=np.uint8)
    ids = list(range(2, 8))
    found = SharedPrefixes(classifier, ids).logits(orders)
    np.testing.assert_allclose(found, fused(classifier, ids, orders), atol=1e-5, rtol=0)


def test_the_model_is_left_as_it_was() -> None:
    classifier = model("lstm")
    before = {key: value.clone() for key, value in classifier.state_dict().items()}
    SharedPrefixes(classifier, [2, 3, 4]).logits(np.array([[0, 1, 2], [2, 1, 0]], dtype=np.uint8))
    assert all(torch.equal(before[key], value) for key, value in classifier.state_dict().items())
    assert not classifier._forward_hooks and all(parameter.grad is None for parameter in classifier.parameters())


def test_no_order_gives_no_logit() -> None:
    assert SharedPrefixes(model("gru"), [2, 3]).logits(np.empty((0, 2), dtype=np.uint8)).shape == (0,)

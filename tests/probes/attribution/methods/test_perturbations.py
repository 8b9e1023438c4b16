"""Methods that take words out: by hand from the v's values, against exact Shapley values, and errors that hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from core.probes.attribution.methods import perturbations, surrogates
from core.probes.attribution.methods.perturbations import (
    feature_ablation,
    occlusion_1,
    occlusion_2,
    occlusion_3,
    shapley_sampling,
)
from core.probes.attribution.methods.shapley import shapley_of
from core.probes.attribution.methods.surrogates import kernel_shap, lime, samples
from core.probes.attribution.removal import BASELINES, CachedValues, subsets
from core.probes.attribution.results import Scores
from tests.probes.small_models import PlainValues, instance

CELLS = ["rnn", "gru", "lstm"]
TOKENS = ("not", "good", "but", "not", "bad", "zyxqj")
LONG = ("i", "can", "not", "love", "this", "movie", ",", "it", "is", "not", "so", "good")  # 2^12 masks: some are drawn


@pytest.mark.parametrize("baseline", BASELINES)
@pytest.mark.parametrize("cell", CELLS)
def test_occlusion_by_hand(tiny_checkpoints: Path, cell: str, baseline: str) -> None:
    v = PlainValues(instance(tiny_checkpoints, cell, TOKENS), baseline)
    n = len(TOKENS)
    for window, method in ((1, occlusion_1), (2, occlusion_2), (3, occlusion_3)):
        falls = np.full((n - window + 1, n), np.nan)
        for start in range(n - window + 1):
            present = np.ones((1, n), dtype=bool)
            present[0, start : start + window] = False
            falls[start, start : start + window] = v.full - v.values(present)[0]
        expected = np.nanmean(falls, axis=0)
        found = method(v.instance, baseline)
        np.testing.assert_allclose(found.scores, expected, atol=1e-5)
        assert found.delta is None and found.base_logit == pytest.approx(v.empty, abs=1e-6)
    np.testing.assert_allclose(
        feature_ablation(v.instance, baseline).scores, occlusion_1(v.instance, baseline).scores, atol=1e-6
    )


def test_occlusion_of_texts_shorter_than_the_window(tiny_checkpoints: Path) -> None:
    one, two = instance(tiny_checkpoints, "lstm", ("good",)), instance(tiny_checkpoints, "lstm", ("not", "good"))
    for given in (one, two):
        v = PlainValues(given, "delete")
        assert occlusion_3(given, "delete").scores == pytest.approx(v.full - v.empty, abs=1e-5)


@pytest.mark.parametrize("baseline", BASELINES)
@pytest.mark.parametrize("cell", CELLS)
def test_shapley_values_sampled_and_fitted(tiny_checkpoints: Path, cell: str, baseline: str) -> None:
    given = instance(tiny_checkpoints, cell, TOKENS)
    v = PlainValues(given, baseline)
    exact = shapley_of(v.values(subsets(len(v))))
    assert exact.sum() == pytest.approx(v.full - v.empty, abs=1e-5)
    fitted = kernel_shap(given, baseline)  # from all masks of six tokens
    np.testing.assert_allclose(fitted.scores, exact, atol=1e-4)
    assert fitted.errors is not None and not fitted.errors.any() and fitted.spent == "all 64 masks"
    sampled = shapley_sampling(given, baseline, seed=1)
    assert sampled.errors is not None
    assert (np.abs(sampled.scores - exact) < 4 * sampled.errors + 1e-5).all()
    for found in (fitted, sampled):
        assert found.delta == pytest.approx(0, abs=1e-5)
        assert found.scores.sum() == pytest.approx(v.full - v.empty, abs=1e-4)


@pytest.mark.parametrize("cell", CELLS)
def test_kernel_shap_from_drawn_masks(tiny_checkpoints: Path, cell: str) -> None:
    given = instance(tiny_checkpoints, cell, LONG)
    exact = shapley_of(PlainValues(given, "delete").values(subsets(len(LONG))))
    found = kernel_shap(given, "delete", seed=2)
    assert found.spent == "2,072 samples" and found.errors is not None
    assert (found.errors > 0).all() and (np.abs(found.scores - exact) < 4 * found.errors).all()
    assert found.delta == pytest.approx(0, abs=1e-4)


def test_sizes_of_the_samples() -> None:
    assert [samples(n) for n in (1, 20, 500)] == [2_050, 2_088, 3_048]
    assert [perturbations.orders(n) for n in (1, 5, 20, 100, 128, 500)] == [256, 256, 103, 21, 16, 16]


@pytest.mark.parametrize("method", [kernel_shap, lime, shapley_sampling])
def test_errors_are_the_spread_over_seeds(
    tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch, method: Callable[..., Scores]
) -> None:
    monkeypatch.setattr(surrogates, "samples", lambda n: 300)
    monkeypatch.setattr(perturbations, "orders", lambda n: 24)
    given = instance(tiny_checkpoints, "gru", LONG)
    found = [method(given, "pad", seed=seed) for seed in range(30)]
    spread = np.std([each.scores for each in found], axis=0, ddof=1)
    promised = np.mean([each.errors for each in found], axis=0)
    assert 0.8 < np.median(spread / promised) < 1.25
    assert (spread < 2 * promised).all() and (promised < 2 * spread).all()


def test_lime_is_scikit_learns_ridge_on_the_same_masks(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = instance(tiny_checkpoints, "lstm", LONG)
    seen: list[np.ndarray] = []
    read = CachedValues.__call__

    def watched(self: CachedValues, present: np.ndarray) -> np.ndarray:
        seen.append(present)
        return read(self, present)

    monkeypatch.setattr(CachedValues, "__call__", watched)
    found = lime(given, "mean", seed=3)
    masks = np.concatenate(seen)[: 1 + samples(len(LONG))]
    assert masks[0].all() and masks.shape == (1 + 2_072, 12)
    kept = masks[1:].sum(axis=1)
    assert set(kept.tolist()) == set(range(12))  # 1 to all taken out
    distance = 1 - np.sqrt(masks.sum(axis=1) / 12)
    weights = np.sqrt(np.exp(-((100 * distance) ** 2) / 25**2))  # as lime 0.2 writes it
    ridge = Ridge(alpha=1).fit(masks, PlainValues(given, "mean").values(masks), sample_weight=weights)
    np.testing.assert_allclose(found.scores, ridge.coef_, atol=1e-4)


def test_repeated_words_are_kept_apart(tiny_checkpoints: Path) -> None:
    given = instance(tiny_checkpoints, "lstm", ("good", "not", "good"))
    for method in (shapley_sampling, kernel_shap, lime, occlusion_1):
        first, _, last = method(given, "delete").scores
        assert first != pytest.approx(last, abs=1e-3)


def test_no_mask_is_read_twice(tiny_checkpoints: Path) -> None:
    given = instance(tiny_checkpoints, "rnn", ("not", "good"))
    assert shapley_sampling(given, "pad").spent.numbers == {"orders": 2, "count": 4}
    forward = perturbations.MaskedForward(given, "pad")
    rows = subsets(2)
    np.testing.assert_array_equal(forward.values(np.concatenate([rows, rows])), np.tile(forward.values(rows), 2))
    assert len(forward.values) == 4


@pytest.mark.parametrize("n", [2, 3, 5])
def test_sampled_values_of_few_words_take_every_order_once_and_are_exact(tiny_checkpoints: Path, n: int) -> None:
    given = instance(tiny_checkpoints, "lstm", ("not", "good", "but", "so", "bad")[:n])
    found = shapley_sampling(given, "delete")
    assert found.errors is not None and not found.errors.any()
    exact = shapley_of(PlainValues(given, "delete").values(subsets(n)))
    np.testing.assert_allclose(found.scores, exact, atol=1e-5)

"""The interaction index: worked by hand, against its definition by orders, and sampled against exact."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from core.probes.attribution.interactions import interactions, interactions_of, sampled_pairs
from core.probes.attribution.methods.shapley import shapley
from core.probes.attribution.removal import BASELINES, subsets
from tests.probes.small_models import PlainValues, instance

TOKENS = ("not", "good", "but", "bad", "zork")
LONG = ("i", "was", "not", "so", "good", "but", "the", "movie", "is", "better", "than", "no", "movie", "zork", "!")


def by_orders(values: np.ndarray, n: int, i: int, j: int) -> float:
    """What the pair gains together over apart, as it joins as one in every order of n − 1 players."""
    others = [player for player in range(n) if player not in (i, j)]
    found = []
    for order in permutations([*others, -1]):
        joined = sum(1 << player for player in order[: order.index(-1)])
        both, first, second = (values[joined | bits] for bits in (1 << i | 1 << j, 1 << i, 1 << j))
        found.append(both - first - second + values[joined])
    return float(np.mean(found))


@pytest.mark.parametrize("n", [2, 3, 5])
def test_any_game_agrees_with_the_definition(n: int) -> None:
    values = np.random.default_rng(n).normal(size=1 << n)
    matrix = interactions_of(values)
    assert np.isnan(np.diag(matrix)).all()
    np.testing.assert_array_equal(matrix, matrix.T)
    for i in range(n):
        for j in range(i):
            assert matrix[i, j] == pytest.approx(by_orders(values, n, i, j), abs=1e-12)


def test_a_product_of_two_is_their_interaction_and_a_sum_has_none() -> None:
    rows = subsets(4)
    matrix = interactions_of(rows @ np.array([1.0, -2, 0.5, 3]) - 4.0 * rows[:, 0] * rows[:, 2])
    expected = np.zeros((4, 4))
    expected[0, 2] = expected[2, 0] = -4
    np.testing.assert_allclose(matrix[~np.eye(4, dtype=bool)], expected[~np.eye(4, dtype=bool)], atol=1e-12)
    # Three that must be together: half of the gain to a pair that waits for the third, as often as not there.
    together = interactions_of(subsets(3).all(axis=1).astype(float))
    np.testing.assert_allclose(together[~np.eye(3, dtype=bool)], 0.5)


@pytest.mark.parametrize("baseline", BASELINES)
@pytest.mark.parametrize("cell", ["rnn1", "gru1", "lstm-three"])
def test_a_text_of_few_words_is_exact(layered: Path, cell: str, baseline: str) -> None:
    given = instance(layered, cell, TOKENS)
    found = interactions(given, baseline)
    values = PlainValues(given, baseline).values(subsets(5))
    np.testing.assert_allclose(found.matrix, interactions_of(values), atol=1e-4)
    np.testing.assert_allclose(found.shapley, shapley(given, baseline).scores)
    assert found.exact and found.errors is None and found.samples == 0 and found.places == (0, 1, 2, 3, 4)
    assert len(found.pairs()) == 10 and found.spent == "all 32 subsets"
    first, second, largest = found.pairs()[0]
    assert abs(largest) == np.nanmax(np.abs(found.matrix)) and found.matrix[first, second] == largest
    if baseline == "unk":  # a word that is its own replacement
        np.testing.assert_allclose(found.matrix[4, :4], 0, atol=1e-12)


def test_sampling_is_exact_within_its_errors() -> None:
    values = np.random.default_rng(3).normal(size=1 << 6)
    powers, places = 1 << np.arange(6), np.array([0, 2, 5])
    exact = interactions_of(values)[np.ix_(places, places)]
    runs = [sampled_pairs(lambda present: values[present @ powers], 6, places, 60, seed) for seed in range(300)]
    above = np.triu_indices(3, 1)
    misses = np.array([(matrix - exact)[above] for matrix, _errors in runs])
    claimed = np.sqrt(np.mean([errors[above] ** 2 for _matrix, errors in runs], axis=0))
    np.testing.assert_allclose(claimed, misses.std(axis=0), rtol=0.2)
    assert (np.abs(misses.mean(axis=0)) <= 4 * claimed / np.sqrt(len(runs))).all()  # unbiased


def test_of_long_texts_the_words_that_matter_are_paired(tiny_checkpoints: Path) -> None:
    given = instance(tiny_checkpoints, "gru", LONG)
    found = interactions(given, "mean", seed=1, top=4)
    strongest = np.argsort(-np.abs(shapley(given, "mean", seed=1).scores))[:4]
    assert found.places == tuple(sorted(strongest.tolist()))
    assert found.matrix.shape == (4, 4) and found.errors is not None and not found.exact and found.samples == 100
    np.testing.assert_array_equal(found.matrix, found.matrix.T)
    assert {place for pair in found.pairs() for place in pair[:2]} == set(found.places)
    again = interactions(given, "mean", seed=1, top=4)
    np.testing.assert_array_equal(again.matrix, found.matrix)


def test_one_token_makes_no_pair(tiny_checkpoints: Path) -> None:
    found = interactions(instance(tiny_checkpoints, "lstm", ("good",)))
    assert found.matrix.shape == (1, 1) and np.isnan(found.matrix).all() and found.pairs() == []


def test_what_cannot_be_is_refused(tiny_checkpoints: Path) -> None:
    given = instance(tiny_checkpoints, "rnn", LONG)
    for top in (1, 21):
        with pytest.raises(ValueError, match=rf"\b2 to 20 .*\b{top}$"):
            interactions(given, top=top)
    with pytest.raises(ValueError, match="unknown baseline 'none'"):
        interactions(given, "none")

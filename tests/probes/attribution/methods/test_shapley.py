"""Shapley values: the axioms, the definition over all orders, and the tree against the plain v."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from core.models.predict import verdict_on_tokens
from core.probes.attribution.methods import shapley as methods
from core.probes.attribution.methods.shapley import MOST_EXACT, sampled, shapley, shapley_of
from core.probes.attribution.methods.tree import PrefixTree
from core.probes.attribution.removal import BASELINES, subsets
from tests.probes.small_models import PlainValues, instance

CELLS = ("rnn", "gru", "lstm")
TOKENS = ("not", "good", "but", "not", "zork", "bad")
LONG = ("i", "was", "not", "so", "good", "but", "the", "movie", "is", "better", "than", "no", "movie", "zork", "!")


def over_all_orders(values: np.ndarray, n: int) -> np.ndarray:
    """The definition: every player's mean gain as players join in every order."""
    total, orders = np.zeros(n), list(permutations(range(n)))
    for order in orders:
        joined = 0
        for player in order:
            total[player] += values[joined | 1 << player] - values[joined]
            joined |= 1 << player
    return total / len(orders)


@pytest.mark.parametrize("baseline", BASELINES)
@pytest.mark.parametrize("cell", CELLS)
def test_the_tree_says_what_the_game_says(layered: Path, cell: str, baseline: str) -> None:
    for name in (f"{cell}1", f"{cell}2", f"{cell}-three"):
        v = PlainValues(instance(layered, name, TOKENS), baseline)
        np.testing.assert_allclose(
            PrefixTree(v.instance, baseline).values(subsets(len(TOKENS))), v.values(subsets(len(TOKENS))), atol=2e-5
        )
        longer = PlainValues(instance(layered, name, LONG), baseline)
        some = np.random.default_rng(1).random((2_000, len(LONG))) < np.linspace(0, 1, 2_000)[:, None]
        # These random weights are larger than trained ones, and stretch what single precision rounds off.
        np.testing.assert_allclose(PrefixTree(longer.instance, baseline).values(some), longer.values(some), atol=1e-3)


def test_the_tree_reads_orders_in_which_words_are_absent(tiny_checkpoints: Path) -> None:
    given = instance(tiny_checkpoints, "gru", TOKENS)
    rows = np.array([[5, 6, 0, 6, 1, 4], [0, 1, 2, 3, 4, 5], [6, 6, 6, 6, 6, 6], [6, 5, 0, 1, 6, 4]])
    found = PrefixTree(given, "delete").arrangements(rows)
    for row, value in zip(rows, found, strict=True):
        left = tuple(TOKENS[place] for place in row if place < 6)
        expected = (
            PlainValues(instance(tiny_checkpoints, "gru", left), "delete").full
            if left
            else PlainValues(given, "delete").empty
        )
        assert value == pytest.approx(expected, abs=1e-5)
    assert found[0] == found[3]  # one sentence, wherever the absent words stood
    unknown = PrefixTree(given, "unk").arrangements(np.array([[0, 1, 2, 3, 6, 5], [0, 1, 2, 3, 4, 5]]))
    assert unknown[0] == unknown[1]  # zork is unknown


def test_blocks_and_slices_change_nothing(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.probes.attribution.methods import tree

    for baseline in ("delete", "mean"):
        v = PlainValues(instance(tiny_checkpoints, "lstm", TOKENS), baseline)
        rows = subsets(len(TOKENS))
        whole = PrefixTree(v.instance, baseline).values(rows)
        with monkeypatch.context() as smaller:
            smaller.setattr(tree, "_BLOCK", 3)
            smaller.setattr(tree, "_SLICE", 7)
            np.testing.assert_allclose(PrefixTree(v.instance, baseline).values(rows), whole, atol=1e-5)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_any_game_agrees_with_the_definition(n: int) -> None:
    values = np.random.default_rng(n).normal(size=1 << n)
    np.testing.assert_allclose(shapley_of(values), over_all_orders(values, n), atol=1e-12)


def test_a_game_worked_by_hand() -> None:
    # A glove v: player 0 has a left glove, 1 and 2 a right one each; a pair is worth 1. Known: 2/3, 1/6, 1/6.
    values = np.array([0, 0, 0, 1, 0, 1, 0, 1], dtype=float)
    np.testing.assert_allclose(shapley_of(values), [2 / 3, 1 / 6, 1 / 6])


def test_symmetric_players_share_alike_and_a_dummy_has_nothing() -> None:
    rows = subsets(4)
    values = np.tanh(rows[:, 0] * 1.0 + rows[:, 1]) * (1 + rows[:, 2])  # 3 changes nothing, 0 and 1 are alike
    scores = shapley_of(values)
    assert scores[0] == pytest.approx(scores[1]) and scores[3] == pytest.approx(0, abs=1e-15)
    assert scores[2] > 0


@pytest.mark.parametrize("baseline", BASELINES)
@pytest.mark.parametrize("cell", CELLS)
def test_values_sum_to_the_difference(tiny_checkpoints: Path, cell: str, baseline: str) -> None:
    for tokens in (TOKENS, LONG):
        given = instance(tiny_checkpoints, cell, tokens)
        found, v = shapley(given, baseline, seed=3), PlainValues(given, baseline)
        assert found.base_logit == pytest.approx(v.empty, abs=1e-5)
        assert found.scores.sum() == pytest.approx(v.full - v.empty, abs=2e-5)
        assert found.delta == pytest.approx(0, abs=2e-5)
        assert (found.errors is None) == (len(tokens) <= MOST_EXACT)
        assert found.spent == ("all 64 subsets" if found.errors is None else "200 permutations, in antithetic pairs")


@pytest.mark.parametrize("cell", CELLS)
def test_one_class_of_three_by_the_definition(layered: Path, cell: str) -> None:
    given = instance(layered, f"{cell}-three", TOKENS)
    every = given.checkpoint.every
    chances = [every.model.empty_logits().softmax(-1).tolist()]
    for row in subsets(len(TOKENS))[1:]:
        left = [token for token, present in zip(TOKENS, row, strict=True) if present]
        chances.append(verdict_on_tokens(every, left).distribution)
    own = np.array(chances)[:, given.target.number]
    expected = over_all_orders(np.log(own / (1 - own)), len(TOKENS))
    np.testing.assert_allclose(shapley(given, "delete").scores, expected, atol=2e-4)


@pytest.mark.parametrize("baseline", ["delete", "mean"])
def test_sampling_is_exact_within_its_errors(
    tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch, baseline: str
) -> None:
    given = instance(tiny_checkpoints, "lstm", TOKENS)
    exact = methods.shapley(given, baseline)
    monkeypatch.setattr(methods, "MOST_EXACT", 0)
    monkeypatch.setattr(methods, "PERMUTATIONS", 2_000)
    found = methods.shapley(given, baseline, seed=11)
    assert found.errors is not None and (found.errors < 0.2).all()
    assert (np.abs(found.scores - exact.scores) <= 4.5 * found.errors + 1e-5).all()
    assert found.base_logit == exact.base_logit


def test_errors_are_as_large_as_the_misses() -> None:
    values = np.random.default_rng(0).normal(size=1 << 6)
    powers = 1 << np.arange(6)
    exact = shapley_of(values)
    runs = [sampled(lambda present: values[present @ powers], 6, 40, seed) for seed in range(300)]
    misses = np.std([scores - exact for scores, _errors, _empty in runs], axis=0)
    claimed = np.sqrt(np.mean([errors**2 for _scores, errors, _empty in runs], axis=0))
    np.testing.assert_allclose(claimed, misses, rtol=0.2)
    means = np.mean([scores for scores, _errors, _empty in runs], axis=0)
    assert (np.abs(means - exact) <= 4 * misses / np.sqrt(len(runs))).all()  # unbiased
    assert runs[3][0].sum() == pytest.approx(values[-1] - values[0])


def test_what_cannot_be_is_refused(tiny_checkpoints: Path) -> None:
    with pytest.raises(ValueError, match="up to 1,000 tokens; given 1,001"):
        shapley(instance(tiny_checkpoints, "rnn", ("good",) * 1_001), "pad")
    with pytest.raises(ValueError, match="unknown baseline 'none'"):
        shapley(instance(tiny_checkpoints, "rnn", LONG), "none")


def test_it_can_be_stopped(tiny_checkpoints: Path) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    for tokens in (TOKENS, LONG):
        with pytest.raises(KeyboardInterrupt):
            shapley(instance(tiny_checkpoints, "rnn", tokens), "delete", check_cancelled=stop)

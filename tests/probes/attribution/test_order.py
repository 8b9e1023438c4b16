"""Words and positions as one v: the definition worked out plainly, and the laws that it obeys."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from core.probes.attribution.methods.shapley import shapley, shapley_of
from core.probes.attribution.methods.tree import PrefixTree
from core.probes.attribution.order import arranged, exact_order, order_attribution, permutations_for, sampled_order
from core.probes.attribution.removal import BASELINES
from core.probes.attribution.results import Instance
from tests.probes.small_models import PlainValues, instance

TOKENS = ("not", "good", "but", "bad")
LONG = ("not", "good", "but", "bad", "so", "zork", "never", "late")


def plain_value(given: Instance, baseline: str, words: set[int], positions: set[int]) -> float:
    """v(A, B) from its definition, one order after the other."""
    n = len(given.tokens)
    found = []
    for order in permutations(range(n)):
        if any(order[place] != place for place in positions):
            continue
        arrangement = Instance(given.checkpoint, "", tuple(given.tokens[token] for token in order))
        present = np.array([[token in words for token in order]])
        found.append(PlainValues(arrangement, baseline).values(present)[0])
    return float(np.mean(found))


@pytest.mark.parametrize("baseline", ["delete", "mean"])
@pytest.mark.parametrize("cell", ["rnn1", "gru1", "lstm1", "gru-three"])
def test_it_is_the_game_of_the_definition(layered: Path, cell: str, baseline: str) -> None:
    given, n = instance(layered, cell, TOKENS[:3]), 3
    values = np.empty(1 << 2 * n)
    for number in range(len(values)):
        taking_part = [player for player in range(2 * n) if number >> player & 1]
        words, positions = {p for p in taking_part if p < n}, {p - n for p in taking_part if p >= n}
        values[number] = plain_value(given, baseline, words, positions)
    expected, found = shapley_of(values), order_attribution(given, baseline)
    np.testing.assert_allclose(np.concatenate([found.words, found.positions]), expected, atol=1e-5)
    assert found.exact and found.samples == 0 and found.word_errors is None
    assert found.shuffled == pytest.approx(plain_value(given, baseline, {0, 1, 2}, set()), abs=1e-5)


@pytest.mark.parametrize("baseline", BASELINES)
def test_words_and_positions_sum_to_the_difference(tiny_checkpoints: Path, baseline: str) -> None:
    for tokens in (TOKENS, LONG):
        given = instance(tiny_checkpoints, "lstm", tokens)
        found, v = order_attribution(given, baseline, seed=2), PlainValues(given, baseline)
        assert found.logit == pytest.approx(v.full, abs=2e-5)
        assert found.base == pytest.approx(v.empty, abs=1e-5)
        assert found.from_words + found.from_order == pytest.approx(found.total, abs=1e-9)
        assert found.exact == (len(tokens) <= 6)
        assert found.share is not None and 0 < found.share < 1


def additive(weights: np.ndarray):
    """A bag of words: the logit is a sum over the words present, wherever they stand."""
    return lambda rows: np.append(weights, 0.0)[rows].sum(axis=1) - 0.3


def test_a_model_without_order_gives_every_position_nothing() -> None:
    weights = np.random.default_rng(0).normal(size=5)
    found = exact_order(additive(weights), 5)
    np.testing.assert_allclose(found.scores[:5], weights, atol=1e-12)
    np.testing.assert_allclose(found.scores[5:], 0, atol=1e-12)
    weights = np.random.default_rng(0).normal(size=9)
    found = sampled_order(additive(weights), 9, 10, seed=1)
    np.testing.assert_allclose(found.scores, [*weights, *[0] * 9], atol=1e-12)
    assert found.errors is not None and (found.errors < 1e-12).all()


def test_a_game_worked_by_hand() -> None:
    # 1 where token 0 stands at place 0, of two words. Worked by hand: v is 1 with word 0 and any position, 1/2 with
    # word 0 and none, 0 without it. So word 1 has nothing, and a position gains 1/2 only where word 0 joins before it
    # and the other position after it, in one of the six orders of these three: 1/12 for each position, 5/6 for word 0.
    found = exact_order(lambda rows: (rows[:, 0] == 0).astype(float), 2)
    np.testing.assert_allclose(found.scores, [5 / 6, 0, 1 / 12, 1 / 12], atol=1e-12)
    assert found.shuffled == pytest.approx(0.5)


def test_words_that_are_all_the_same_have_no_order(tiny_checkpoints: Path) -> None:
    for baseline in BASELINES:
        found = order_attribution(instance(tiny_checkpoints, "gru", ("good",) * 4), baseline)
        np.testing.assert_allclose(found.positions, 0, atol=1e-12)
        assert found.shuffled == pytest.approx(found.logit, abs=1e-12)
    unknown = order_attribution(instance(tiny_checkpoints, "gru", ("zork", "blup", "frob")), "unk")
    assert (unknown.words == 0).all() and (unknown.positions == 0).all() and unknown.share is None


@pytest.mark.parametrize("baseline", ["delete", "zero"])
def test_sampling_is_exact_within_its_errors(tiny_checkpoints: Path, baseline: str) -> None:
    given = instance(tiny_checkpoints, "lstm", LONG[:5])
    tree = PrefixTree(given, baseline)
    exact, found = exact_order(tree.arrangements, 5), sampled_order(tree.arrangements, 5, 4_000, seed=4)
    assert found.errors is not None and (found.errors < 0.3).all() and (found.errors > 0).any()
    assert (np.abs(found.scores - exact.scores) <= 4.5 * found.errors + 1e-5).all()
    assert found.shuffled_error is not None and found.from_order_error is not None
    assert abs(found.shuffled - exact.shuffled) <= 4 * found.shuffled_error
    assert abs(found.scores[5:].sum() - exact.scores[5:].sum()) <= 4 * found.from_order_error
    assert (found.full, found.empty) == pytest.approx((exact.full, exact.empty), abs=1e-9)


def test_present_positions_keep_their_tokens_and_the_others_are_shuffled() -> None:
    n, shuffle = 5, np.array([3, 1, 4, 0, 2])
    rows = np.zeros((3, 2 * n), dtype=bool)
    rows[0, :n] = True  # no position
    rows[1, [0, 1, 2, 3, 4, n + 1, n + 3]] = True  # positions 1 and 3: 4, 0, 2 go to the places 0, 2, 4
    rows[2, [0, 2, 4, n + 1, n + 3]] = True  # and words 1 and 3 are absent
    assert arranged(rows, shuffle).tolist() == [[3, 1, 4, 0, 2], [4, 1, 0, 3, 2], [4, 5, 0, 5, 2]]


def test_shuffles_of_absent_positions_are_all_alike_likely() -> None:
    random = np.random.default_rng(0)
    shuffles = random.permuted(np.tile(np.arange(4), (12_000, 1)), axis=1)
    present = np.zeros((12_000, 1, 8), dtype=bool)
    present[:, :, :4] = present[:, :, 4 + 2] = True
    rows, counts = np.unique(arranged(present, shuffles)[:, 0], axis=0, return_counts=True)
    assert len(rows) == 6 and (rows[:, 2] == 2).all()
    assert np.abs(counts - 2_000).max() < 4 * np.sqrt(12_000 * 5 / 36)


def test_memory_is_bounded_by_parts_that_change_nothing(tiny_checkpoints: Path, monkeypatch) -> None:
    from core.probes.attribution import order

    given = instance(tiny_checkpoints, "rnn", LONG)
    whole = order_attribution(given, "delete", seed=5, permutations=20)
    monkeypatch.setattr(order, "_AT_ONCE", 1)
    parts = order_attribution(given, "delete", seed=5, permutations=20)
    np.testing.assert_allclose(parts.positions, whole.positions, atol=1e-3)
    np.testing.assert_allclose(parts.words, whole.words, atol=1e-3)


def test_one_token_has_no_order(tiny_checkpoints: Path) -> None:
    for baseline in BASELINES:
        given = instance(tiny_checkpoints, "lstm", ("good",))
        found = order_attribution(given, baseline)
        np.testing.assert_allclose(found.words, shapley(given, baseline).scores, atol=1e-6)
        assert found.positions.tolist() == [0.0] and found.shuffled == found.logit


def test_what_cannot_be_is_refused(tiny_checkpoints: Path) -> None:
    with pytest.raises(ValueError, match="up to 500 tokens; given 501"):
        order_attribution(instance(tiny_checkpoints, "rnn", ("good",) * 501))
    with pytest.raises(ValueError, match=r"come in pairs.*given 5"):
        order_attribution(instance(tiny_checkpoints, "rnn", LONG), permutations=5)
    with pytest.raises(ValueError, match="unknown baseline 'none'"):
        order_attribution(instance(tiny_checkpoints, "rnn", TOKENS), "none")
    assert [permutations_for(n) for n in (7, 25, 50, 500)] == [400, 400, 100, 20]

"""Faithfulness by its definitions: a sentence worked by hand, plain loops, laws, and texts with nothing to measure."""

from __future__ import annotations

import math
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from core.data.targets import Target
from core.models import checkpoints
from core.models.predict import verdict_on_tokens
from core.probes.attribution.faithfulness import Yardstick, yardstick
from core.probes.attribution.measures import MEASURES, PERCENTS, kendall_tau, mean_agreement, strongest, votes
from core.probes.attribution.removal import BASELINES
from core.probes.attribution.results import Instance
from core.probes.attribution.sensitivity import RADIUS, SAMPLES, moved, random_sensitivity, sensitivity
from tests.probes.small_models import PlainValues, instance

TOKENS = ("not", "good", "but", "so", "bad", "the", "movie", "is", "never", "zyxqj")
FALLING = np.arange(10, 0, -1, dtype=float)


def logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


def first_four(present: np.ndarray) -> np.ndarray:
    """P(positive) is 0.5, and 0.1 more for each of the first four tokens that is there."""
    return np.array([logit(0.5 + 0.1 * count) for count in present[:, :4].sum(axis=1)])


def additive(weights: np.ndarray):  # type: ignore[no-untyped-def]
    return lambda present: present @ weights


def test_a_sentence_of_ten_tokens_worked_by_hand() -> None:
    """1, 5 and 10 % of ten tokens are one, 20 % two, 50 % five."""
    found = Yardstick(first_four, 10).measure(FALLING)
    assert found.removed == (1, 1, 1, 2, 5)
    assert (found.target.name, found.probability) == ("positive", pytest.approx(0.9))
    # 0.9 falls to 0.8 without the first, to 0.7 without two, to 0.5 without five.
    assert found.comprehensiveness_curve.losses == pytest.approx([0.1, 0.1, 0.1, 0.2, 0.4])
    assert found.comprehensiveness == pytest.approx(0.9 / 5)
    # The first alone gives 0.6, two give 0.7, five 0.9.
    assert found.sufficiency_curve.losses == pytest.approx([0.3, 0.3, 0.3, 0.2, 0.0])
    assert found.sufficiency == pytest.approx(1.1 / 5)
    assert found.overall == pytest.approx(-0.2 / 5)
    losses = [logit(0.9) - logit(p) for p in (0.8, 0.8, 0.8, 0.7, 0.5)]
    assert found.comprehensiveness_logit == pytest.approx(sum(losses) / 5)


def test_the_ranking_turned_round_finds_nothing() -> None:
    found = Yardstick(first_four, 10).measure(-FALLING)
    assert found.comprehensiveness_curve.losses == pytest.approx([0, 0, 0, 0, 0])
    assert found.sufficiency_curve.losses == pytest.approx([0.4] * 5)
    assert found.better < 0.05, "of the halves of ten tokens 6 in 252 lack all four as well"


def test_scores_are_turned_towards_the_verdict_unless_they_have_no_sign() -> None:
    positive = Yardstick(first_four, 10).measure(FALLING)
    ground = Yardstick(lambda present: -first_four(present), 10)
    negative = ground.measure(-FALLING)
    assert (negative.target.name, negative.probability) == ("negative", pytest.approx(0.9))
    for name in MEASURES:
        assert getattr(negative, name) == pytest.approx(getattr(positive, name)), name
    magnitudes = ground.measure(FALLING, signed=False)
    assert [getattr(magnitudes, name) for name in MEASURES] == [getattr(negative, name) for name in MEASURES]
    assert ground.measure(FALLING).comprehensiveness == pytest.approx(0)


def test_a_class_against_several_is_never_turned_and_against_one_as_of_two() -> None:
    labels = ("late", "lost", "fine")
    usual = Yardstick(first_four, 10).measure(FALLING)
    for values, scores, target, name in (
        (first_four, FALLING, Target(labels, 0), "late"),
        (first_four, FALLING, Target(labels, 0, 2), "late"),
        (lambda present: -first_four(present), -FALLING, Target(labels, 0, 2), "fine"),
    ):
        found = Yardstick(values, 10, target=target).measure(scores)
        assert (found.target.name, found.as_json()) == (name, usual.as_json())
    unlikely = Yardstick(lambda present: -first_four(present), 10, target=Target(labels, 0)).measure(-FALLING)
    assert (unlikely.target.name, unlikely.probability) == ("late", pytest.approx(0.1))
    assert unlikely.comprehensiveness == pytest.approx(0), "without the last five it is as unlikely"
    assert (
        Yardstick(lambda present: present @ np.full(4, -9.0), 4, target=Target(labels, 1))
        .measure(FALLING[:4])
        .warning.startswith("P(lost) is 0.000000")
    )


@pytest.mark.parametrize(
    ("n", "removed"), [(1, (1,) * 5), (2, (1,) * 5), (15, (1, 1, 2, 3, 8)), (500, (5, 25, 50, 100, 250))]
)
def test_the_bins_are_rounded_up(n: int, removed: tuple[int, ...]) -> None:
    assert Yardstick(lambda present: present.sum(axis=1), n, randoms=2).measure(np.arange(n)).removed == removed


def test_scores_that_are_the_losses_are_perfect_and_better_than_random() -> None:
    weights = np.array([1.5, -2, 0.25, 3, 0.5, -0.75, 1, -1.25])
    found = Yardstick(additive(weights), 8).measure(weights)
    assert found.loo_tau == pytest.approx(1)
    assert found.infidelity == pytest.approx(0, abs=1e-12)
    assert found.better == 1
    for name in ("comprehensiveness", "comprehensiveness_logit", "loo_tau"):
        assert getattr(found, name) > found.random[name].high, name
    for name in ("sufficiency", "sufficiency_logit", "infidelity"):
        assert getattr(found, name) < found.random[name].low, name


def test_a_scale_does_not_matter_and_a_sign_does() -> None:
    weights = np.random.default_rng(1).standard_normal(9)
    ground = Yardstick(additive(weights), 9)
    assert ground.measure(1000 * weights).infidelity == pytest.approx(0, abs=1e-12)
    turned = ground.measure(-weights)
    assert (turned.infidelity, turned.loo_tau) == (pytest.approx(1), pytest.approx(-1))


def test_random_scores_lie_within_the_range_of_random_rankings_as_often_as_it_says() -> None:
    ground = Yardstick(additive(np.random.default_rng(2).standard_normal(12)), 12, randoms=1000)
    drawn = np.random.default_rng(3).standard_normal((400, 12))
    found = [ground.measure(scores) for scores in drawn]
    for name in MEASURES:
        spread = ground.random[name]
        inside = np.mean([spread.low <= getattr(one, name) <= spread.high for one in found])
        assert 0.91 < inside < 0.985, name
    assert np.mean([one.better for one in found]) == pytest.approx(0.5, abs=0.05)


def test_scores_all_alike_get_exactly_what_random_rankings_get() -> None:
    ground = Yardstick(first_four, 10)
    found = ground.measure(np.full(10, 0.3))
    for name in MEASURES[:4]:
        assert getattr(found, name) == pytest.approx(ground.random[name].mean, abs=1e-12), name
    assert found.loo_tau is None
    assert ground.measure(np.zeros(10)).infidelity == pytest.approx(1)


def test_equal_scores_are_ordered_by_every_random_ranking() -> None:
    """Two tokens share the top: each is first in about half of them."""
    values = additive(np.array([0.0, 2.0, 0, 0]))
    found = Yardstick(values, 4, randoms=2000).measure(np.array([5.0, 5, 1, 0]))
    only = Yardstick(values, 4).measure(np.array([5.0, 6, 1, 0]))
    assert found.removed[0] == 1
    assert found.comprehensiveness_curve.losses[0] == pytest.approx(only.comprehensiveness_curve.losses[0] / 2, rel=0.1)


def test_a_single_token_has_nothing_to_rank() -> None:
    found = Yardstick(lambda present: 2.0 * present[:, 0], 1).measure(np.array([0.7]))
    p = 1 / (1 + math.exp(-2))
    assert found.comprehensiveness == pytest.approx(p - 0.5) == pytest.approx(found.random["comprehensiveness"].mean)
    assert found.sufficiency == 0
    assert found.loo_tau is found.infidelity is found.random["loo_tau"] is found.random["infidelity"] is None
    assert found.better == 0.5


def test_a_model_that_nothing_moves_has_no_tau_and_no_infidelity() -> None:
    found = Yardstick(lambda present: np.full(len(present), 3.0), 5).measure(np.arange(5.0))
    assert (found.comprehensiveness, found.sufficiency) == (0, 0)
    assert found.loo_tau is found.infidelity is None


@pytest.mark.parametrize("cell", ("rnn", "gru", "lstm"))
def test_words_that_are_all_alike_to_the_model_have_no_order(tiny_checkpoints: Path, cell: str) -> None:
    """Unknown words are one and the same to it: what tells their losses apart is float32's rounding, and no merit."""
    checkpoint = checkpoints.load(cell, tiny_checkpoints)
    measuring = yardstick(Instance(checkpoint, "", ("zxqv", "blorp", "wuffel")))
    for scores in ([1.0, 2.0, 3.0], [0.3, -0.2, 0.1], [-1.0, 0.0, 5.0]):
        found = measuring.measure(np.array(scores))
        assert found.better == 0.5
        assert found.loo_tau is None
    rounded = kendall_tau(np.array([[1.0, 2.0, 3.0]]), np.array([0.5, 0.5 + 3e-8, 0.9]), 1e-6)
    assert rounded == pytest.approx(2 / math.sqrt(3 * 2))


def test_a_saturated_verdict_says_so_and_its_logits_still_tell() -> None:
    weights = np.array([30.0, 20, 10, 5])
    found = Yardstick(additive(weights), 4).measure(weights)
    assert found.probability == 1.0
    assert found.warning.startswith("P(positive) is 1.000000")
    assert found.comprehensiveness == pytest.approx(0, abs=1e-6)
    assert found.comprehensiveness_logit == pytest.approx((4 * 30 + 50) / 5)
    assert found.loo_tau == pytest.approx(1)
    assert Yardstick(first_four, 10).measure(FALLING).warning == ""


def test_threads_that_share_a_yardstick_get_the_numbers_of_one() -> None:
    """Each answer is a hair off the one before it, as another batch's are: no subset may be answered twice."""
    asked: list[bytes] = []

    def values(present: np.ndarray) -> np.ndarray:
        rows = [row.tobytes() for row in present]
        time.sleep(0.002)  # another thread's turn
        asked.extend(rows)
        return np.asarray(first_four(present) + 1e-7 * len(asked))

    random = np.random.default_rng(8)
    scores = [random.standard_normal(10) for _ in range(4)] + [np.zeros(10)]
    shared = Yardstick(values, 10)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(shared.measure, scores * 8))
    assert len(asked) == len(set(asked))
    for number, one in enumerate(found):
        assert one.as_json() == shared.measure(scores[number % len(scores)]).as_json()


@pytest.mark.parametrize("name", ["rnn1", "gru1", "lstm1", "gru-three"])
@pytest.mark.parametrize("baseline", BASELINES)
def test_batches_give_what_plain_loops_give(layered: Path, name: str, baseline: str) -> None:
    reading = instance(layered, name, TOKENS)
    scores = np.random.default_rng(4).standard_normal(len(TOKENS))
    found = yardstick(reading, baseline=baseline).measure(scores)
    v = PlainValues(reading, baseline)
    whole = verdict_on_tokens(reading.checkpoint, TOKENS)
    sign = 1 if whole.probability >= 0.5 or "three" in name else -1
    assert found.target == (reading.target if sign > 0 else reading.target.turned())

    def probability(places: set[int]) -> float:
        mask = np.array([[place in places for place in range(len(TOKENS))]])
        return 1 / (1 + math.exp(-sign * v.values(mask)[0]))

    everything = set(range(len(TOKENS)))
    ranked = sorted(everything, key=lambda place: -sign * scores[place])
    comprehensiveness, sufficiency = [], []
    for percent in PERCENTS:
        k = max(1, math.ceil(len(TOKENS) * percent / 100))
        top = set(ranked[:k])
        comprehensiveness.append(probability(everything) - probability(everything - top))
        sufficiency.append(probability(everything) - probability(top))
    assert found.comprehensiveness_curve.losses == pytest.approx(comprehensiveness, abs=1e-5)
    assert found.sufficiency_curve.losses == pytest.approx(sufficiency, abs=1e-5)
    assert found.removal == baseline


def test_infidelity_is_captums_but_for_its_two_changes() -> None:
    from captum.metrics import infidelity

    weights = np.random.default_rng(5).standard_normal(7)

    def values(present: np.ndarray) -> np.ndarray:
        return np.asarray(3 + present @ weights + 2 * present[:, 0] * present[:, 3])

    ground = Yardstick(values, 7)
    out = ground._out.astype(float)

    def perturb(inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.from_numpy(out), inputs - torch.from_numpy(out)

    scores = weights + 0.5 * np.random.default_rng(6).standard_normal(7)
    captums = infidelity(
        lambda masks: torch.from_numpy(values(masks.numpy() > 0.5)),
        perturb,
        torch.ones((1, 7), dtype=torch.float64),
        torch.from_numpy(scores)[None],
        n_perturb_samples=len(out),
        normalize=True,
    )
    changes = values(np.ones((1, 7), dtype=bool)) - values(out < 0.5)
    assert ground.measure(scores).infidelity == pytest.approx(captums.item() / (changes**2).mean(), rel=1e-6)


def test_tau_is_scipys() -> None:
    from scipy.stats import kendalltau

    random = np.random.default_rng(7)
    for size in (2, 5, 40):
        a, b = random.integers(0, 6, (8, size)).astype(float), random.integers(0, 6, size).astype(float)
        expected = [kendalltau(row, b).statistic for row in a]
        np.testing.assert_allclose(kendall_tau(a, b), expected, atol=1e-12)


def test_seeds_give_the_same_again(tiny_checkpoints: Path) -> None:
    reading = Instance(checkpoints.load("gru", tiny_checkpoints), "", TOKENS)
    scores = np.arange(10.0)
    one, again, other = (yardstick(reading, seed=seed).measure(scores) for seed in (1, 1, 2))
    assert one.as_json() == again.as_json()
    assert one.random != other.random
    assert one.comprehensiveness == other.comprehensiveness


@pytest.mark.parametrize(
    "scores", [np.arange(9.0), np.ones((10, 1)), np.full(10, np.nan), np.array([np.inf, *range(9)])]
)
def test_scores_that_are_none_are_refused(scores: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected 10 finite scores, one a token; given: an array"):
        Yardstick(first_four, 10).measure(scores)


def test_what_cannot_be_measured_is_refused(tiny_checkpoints: Path) -> None:
    reading = Instance(checkpoints.load("rnn", tiny_checkpoints), "", TOKENS)
    with pytest.raises(ValueError, match="unknown baseline 'gone'"):
        yardstick(reading, "gone")
    with pytest.raises(ValueError, match="at least 1 token and random ranking"):
        yardstick(reading, randoms=0)


def plain(reading: Instance) -> np.ndarray:
    """Each token's vector, summed: what a method reads of it."""
    model, ids = reading.checkpoint.model, reading.checkpoint.vocabulary.encode(reading.tokens)
    return model.embedding(torch.tensor(ids)).detach().sum(dim=1).numpy()


def test_sensitivity_is_the_largest_relative_change_as_captum_measures_it(tiny_checkpoints: Path) -> None:
    from captum.metrics import sensitivity_max

    reading = Instance(checkpoints.load("lstm", tiny_checkpoints), "", TOKENS)
    original, others = plain(reading), [plain(one) for one in moved(reading)]
    found = sensitivity(original, others)
    norms = [np.linalg.norm(one - original) / np.linalg.norm(original) for one in others]
    assert len(others) == SAMPLES and found == pytest.approx(max(norms), rel=1e-5)
    assert 0 < found < 0.1
    assert all(one[-1] == original[-1] for one in others), "the unknown word's vector stays"
    weight = reading.checkpoint.model.embedding.weight
    reach = RADIUS * weight[2:].std(correction=0)
    for one in moved(reading):
        change = (one.checkpoint.model.embedding.weight - weight).abs()
        assert 0.9 * reach < change.max() <= 1.001 * reach
    answers = iter([original[None], np.array(others)])
    captums = sensitivity_max(
        lambda _inputs: (torch.from_numpy(next(answers)),), torch.zeros(1, 2), n_perturb_samples=SAMPLES
    )
    assert found == pytest.approx(captums.item())


def test_scores_that_never_change_are_stable_and_random_ones_are_not(tiny_checkpoints: Path) -> None:
    checkpoint = checkpoints.load("gru", tiny_checkpoints)
    assert sensitivity(FALLING, [FALLING] * 4) == sensitivity(np.zeros(3), [np.zeros(3)]) == 0
    assert random_sensitivity(10) > 1
    assert moved(Instance(checkpoint, "", ("zyxqj", "qqq"))) == []


def test_moved_vectors_are_read_and_the_hash_tells_models_apart(tiny_checkpoints: Path) -> None:
    reading = Instance(checkpoints.load("gru", tiny_checkpoints), "", TOKENS)
    every = [reading, *moved(reading), *moved(reading, seed=1)]
    assert len({verdict_on_tokens(one.checkpoint, TOKENS).logit for one in every}) == len(every)
    assert len({one.checkpoint.hash for one in every}) == len(every)
    assert [one.checkpoint.hash for one in moved(reading)] == [one.checkpoint.hash for one in every[1:5]]


def test_the_fewest_tokens_with_half_of_the_support() -> None:
    assert strongest(np.array([1.0, -9, 4, 3]), 3) == [2]
    assert strongest(np.array([2.0, 1, 2, 1.5]), 3) == [0, 2]
    assert strongest(np.ones(10), 3) == [0, 1, 2]
    assert strongest(np.array([-1.0, 0, -2]), 3) == []


def test_votes_and_mean_agreement() -> None:
    assert votes([np.array([1.0, -3]), np.array([0.0, 2]), np.array([5.0, 4])]) == [(1, 2), (0, 1)]
    assert mean_agreement(np.array([[1, 0.5, np.nan], [0.5, 1, 0.1], [np.nan, 0.1, 1]])) == pytest.approx(0.3)
    assert mean_agreement(np.ones((1, 1))) is None

"""The search against brute force: no flip missed, no claim beyond what was searched."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from itertools import permutations as all_permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.targets import POSITIVE, Target
from core.fluency.orders import Ranking, Words, fluencies
from core.models.predict import verdict
from core.models.recurrent import CELLS, Classifier
from core.probes.permutations import search as probe
from core.probes.permutations.search import Permutations, Question, marks, search
from core.probes.permutations.shared_prefixes import SharedPrefixes
from tests.fluency.small_judge import random_judge
from tests.probes.small_models import random_checkpoint, random_trigram, steep_model, two_outputs

WORDS = "abcdefgh"
THREE = ("late", "lost", "fine")


def model(cell: str = "lstm", seed: int = 0, outputs: int = 1) -> Classifier:
    return steep_model(cell, 30, 6, 9, seed=seed, outputs=outputs)


def question(text: str, pinned: tuple[int, ...] = (), seed: int = 0, **bounds: object) -> Question:
    """A sentence of one-letter words; equal words have equal numbers in its table."""
    random = np.random.default_rng(seed)
    by_word = -random.gamma(2, 2, (len(WORDS) + 1,) * 3).astype(np.float32)
    places = [*(WORDS.index(char) for char in text), len(WORDS)]
    table = by_word[np.ix_(places, places, places)]
    return Question(" ".join(text), tuple(text), Words.of(text, pinned), table, "trigram", **bounds)  # type: ignore[arg-type]


def ids(text: str) -> list[int]:
    return [2 + WORDS.index(char) for char in text]


def answer(asked: Question, classifier: Classifier | None = None) -> Permutations:
    text = "".join(asked.tokens)
    score = SharedPrefixes(classifier or model(), ids(text)).logits
    return list(search("tiny", score, asked))[-1].result()


def test_orders_are_labelled_by_the_names_of_the_classes() -> None:
    found, own = answer(question("abcd")), answer(question("abcd", target=Target(("ham", "spam"), 1)))
    orders = [[one.original, one.highest, one.lowest, *one.fluent, *one.flips, one.order(1)] for one in (found, own)]
    for usual, named in zip(*orders, strict=True):
        assert named.label == ("ham", "spam")[("negative", "positive").index(usual.label)]
        assert replace(named, label=usual.label) == usual


Plain = dict[str, tuple[float, float, str]]


def brute_force(asked: Question, classifier: Classifier) -> Plain:
    """Every distinct order's logit and predicted class, from the fused forward, and fluency, from the table, by its
    text."""
    text = "".join(asked.tokens)
    rows = [
        order
        for order in all_permutations(range(len(text)))
        if all(order[place] == place for place in asked.words.pinned)
    ]
    with torch.inference_mode():
        scores = classifier(torch.tensor([[ids(text)[place] for place in order] for order in rows]))
    labels, number = asked.target.labels, asked.target.number
    if scores.ndim == 1:
        logits, classes = scores.tolist(), (scores >= 0).long().tolist()
    else:
        chances = scores.double().softmax(-1)
        logits = (chances[:, number] / (1 - chances[:, number])).log().tolist()
        classes = scores.argmax(-1).tolist()
    fluent = fluencies(np.array(rows, dtype=np.uint8), asked.table).tolist()
    texts = [" ".join(text[place] for place in order) for order in rows]
    return dict(zip(texts, zip(logits, fluent, (labels[one] for one in classes), strict=True), strict=True))


@settings(deadline=None, max_examples=80)
@given(
    st.text("abcdef", min_size=1, max_size=6),
    st.sets(st.integers(0, 4), max_size=2),
    st.sampled_from(CELLS),
    st.integers(0, 9),
    st.sampled_from([POSITIVE, *(Target(THREE, number) for number in range(3))]),
    st.booleans(),
)
def test_an_exhaustive_search_against_brute_force(
    text: str, pins: set[int], cell: str, seed: int, target: Target, named: bool
) -> None:
    bounds = {"floor": 4.0, "top": 3, "target": target, "to": target.name if named else None}
    asked = question(text, tuple(pin for pin in pins if pin < len(text)), seed, **bounds)
    classifier = model(cell, seed, 1 if target == POSITIVE else 3)
    found, expected = answer(asked, classifier), brute_force(asked, classifier)
    original, fluent, label = expected[" ".join(text)]
    assert found.original.label == label
    if label == asked.to and len(expected) > 1:
        assert (found.scored, found.flip_count) == (1, 0) and label in found.certificate
        return
    assert (found.orders, found.scored, found.strategy, found.complete) == (len(expected), len(expected), "all", True)
    assert found.original.logit == pytest.approx(original, abs=1e-5)
    flips = {order for order, (_, _, own) in expected.items() if own != label and asked.to in (None, own)}
    assert found.flip_count == len(flips)
    assert found.flips_to == Counter(expected[order][2] for order in flips)
    assert list(found.flips_to) == [name for name in target.labels if name in found.flips_to]
    within = {order for order, (_, fluency, _) in expected.items() if fluency >= fluent - 4 - 1e-5}
    assert found.flip_count_above_floor == len(flips & within) and found.scored_above_floor == len(within)
    for listed, among in ((found.flips, flips), (found.fluent, set(expected))):
        assert [order.fluency for order in listed] == pytest.approx(
            sorted((expected[order][1] for order in among), reverse=True)[:3], abs=1e-4
        )
        assert {order.text for order in listed} <= among
        for order in listed:
            assert order.logit == pytest.approx(expected[order.text][0], abs=1e-5)
            assert order.probability == pytest.approx(1 / (1 + np.exp(-order.logit)))
            assert order.label == expected[order.text][2]
    logits = np.array([logit for logit, _, _ in expected.values()])
    assert found.highest.logit == pytest.approx(logits.max(), abs=1e-5)
    assert found.lowest.logit == pytest.approx(logits.min(), abs=1e-5)
    assert found.sensitivity == pytest.approx(logits.std(), abs=1e-5)
    assert found.order_effect == pytest.approx(original - logits.mean(), abs=1e-5)
    assert sorted(found.logits.tolist()) == pytest.approx(sorted(logits), abs=1e-5)
    if not flips:
        assert "flips in" not in found.certificate
    elif len(expected) > 1:
        assert f"flips in {len(flips):,} of the {len(expected):,} orders: all of them were scored" in found.certificate
    if len(expected) > 1 and (named or target != POSITIVE):
        names = [asked.to] if named else list(found.flips_to) or [label]
        assert all(str(name) in found.certificate for name in names)


def test_permuted_classes_permute_the_result() -> None:
    asked = question("abcde", target=Target(THREE, 0), top=200)
    score = SharedPrefixes(model(seed=29, outputs=3), ids("abcde")).logits
    usual = list(search("tiny", score, asked))[-1].result()
    assert len(usual.flips_to) == 2
    order = [2, 0, 1]
    target = Target(tuple(THREE[number] for number in order), order.index(0))
    moved = list(search("tiny", lambda rows: score(rows)[:, order], replace(asked, target=target)))[-1].result()
    assert moved.flips_to == usual.flips_to and moved.certificate.split(".")[0] == usual.certificate.split(".")[0]
    for one, other in ((usual.flips, moved.flips), (usual.fluent, moved.fluent)):
        assert [(order.text, order.label) for order in one] == [(order.text, order.label) for order in other]
    np.testing.assert_allclose(usual.logits, moved.logits, atol=1e-5)


def test_two_outputs_find_what_one_finds_and_the_first_class_has_the_negative_logits() -> None:
    one = random_checkpoint("gru", WORDS, dtype=torch.float32, scale=1.2, seed=29)
    trigram, text = random_trigram(list(WORDS)), "a b c d e"
    found = []
    for checkpoint in (one, two_outputs(one), one.targeted(Target(one.labels, 0))):
        asked = probe.ask(checkpoint, trigram, text)
        found.append(list(search("gru", probe.scorer(checkpoint, asked), asked))[-1].result())
    assert 0 < found[0].flip_count == found[1].flip_count == found[2].flip_count
    np.testing.assert_allclose(found[0].logits, found[1].logits, atol=1e-5)
    np.testing.assert_array_equal(found[0].logits, -found[2].logits)
    assert found[0].certificate == found[1].certificate == found[2].certificate


def test_the_target_is_the_model_s_or_the_goal_or_the_prediction() -> None:
    checkpoint = random_checkpoint("gru", WORDS, dtype=torch.float32, labels=THREE)
    trigram, own = random_trigram(list(WORDS)), verdict(checkpoint, "a b").target
    assert probe.ask(checkpoint, trigram, "a b").target == own
    assert probe.ask(checkpoint, trigram, "a b", to="lost").target == Target(THREE, 1)
    aimed = checkpoint.targeted(Target(THREE, 2, 0))
    assert probe.ask(aimed, trigram, "a b", to="lost").target == Target(THREE, 2, 0)
    with pytest.raises(LookupError):
        probe.ask(aimed, trigram, "a b", to="angry")


def test_one_search_of_several_models_finds_what_each_finds_alone_and_judges_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    several = [random_checkpoint(cell, WORDS, dtype=torch.float32, scale=1.2, seed=29) for cell in CELLS]
    trigram, judge = random_trigram(list(WORDS)), random_judge(WORDS, threshold=0.3)
    asked = [probe.ask(one, trigram, "a b c d e", None, judge, seconds=60.0) for one in several]
    alone = [
        list(search(one.name, probe.scorer(one, question), question))[-1].result()
        for one, question in zip(several, asked, strict=True)
    ]
    read = []
    valid = judge.valid
    monkeypatch.setattr(type(judge), "valid", lambda _self, *given: read.append(given) or valid(*given))
    together = list(probe.searches(several, asked))[-1].result()
    assert len(read) < 2 * len(several), "the original of each, and every batch once"
    for one, other in zip(alone, together, strict=True):
        assert (one.model, one.flips, one.fluent, one.accepted) == (
            other.model,
            other.flips,
            other.fluent,
            other.accepted,
        )


@settings(deadline=None, max_examples=40)
@given(st.text("abcdef", min_size=4, max_size=6), st.integers(0, 9), st.floats(0, 30), st.integers(1, 30))
def test_certificates_are_true(text: str, seed: int, floor: float, budget: int) -> None:
    target = Target(THREE, seed % 3) if seed % 2 else POSITIVE
    asked = question(text, seed=seed, floor=floor, budget=budget, top=1, target=target)
    classifier = model("gru", seed, 3 if seed % 2 else 1)
    found, expected = answer(asked, classifier), brute_force(asked, classifier)
    _original, fluent, label = expected[" ".join(text)]
    assert found.scored <= max(budget, 1) and len({row.tobytes() for row in found.rows}) == found.scored
    within = {order: own for order, (_, fluency, own) in expected.items() if fluency >= fluent - floor}
    flips = [order for order, own in within.items() if own != label]
    if found.complete:
        assert found.flip_count_above_floor == len(flips)
        assert found.scored_above_floor == len(within)
    elif found.strategy == "most fluent" and found.depth > 0:  # no order is missing down to there
        deep = [fluency for _, fluency, _ in expected.values() if fluency > fluent - found.depth + 1e-4]
        assert len(deep) <= sum(found.fluencies > fluent - found.depth)
        assert found.scored == 1 or f"{found.depth:.1f} nats" in found.certificate


def test_a_floor_that_closes_without_a_flip_and_one_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """A black box whose verdict hangs on the first word: what flips is known without a model."""
    monkeypatch.setattr(probe, "_ROUND", 16)  # enough flip in the first round, but it does not close the threshold
    some = question("abcdefg")
    best = Ranking(some.words, some.table).most_fluent(1).orders[0]
    asked = question("".join("abcdefg"[place] for place in best), floor=6.0, budget=2_000, top=1)

    def first_stays(orders: np.ndarray) -> np.ndarray:
        return np.where(orders[:, 0] == 0, 1.0, -1.0).astype(np.float32)

    def never(orders: np.ndarray) -> np.ndarray:
        return np.ones(len(orders), dtype=np.float32)

    def ask(score: probe.Scorer) -> Permutations:
        return list(search("box", score, asked))[-1].result()

    assert asked.strategy == "most fluent" and asked.words.count == 5_040
    flipping, steady = ask(first_stays), ask(never)
    rows = np.concatenate(list(asked.words.all_orders()))
    within = fluencies(rows, asked.table) >= flipping.original.fluency - 6
    assert flipping.complete and flipping.flip_count_above_floor == (within & (rows[:, 0] != 0)).sum() > 0
    assert flipping.flips[0].fluency == pytest.approx(fluencies(rows[rows[:, 0] != 0], asked.table).max(), abs=1e-4)
    assert steady.complete and steady.certificate.startswith("No order within 6 nats of the original (by the trigram)")
    assert f"all {within.sum():,} such orders" in steady.certificate

    def always_lost(orders: np.ndarray) -> np.ndarray:
        return np.tile(np.array([0, 1, 0], dtype=np.float32), (len(orders), 1))

    for to, claim in ((None, "is read as anything but lost: all"), ("fine", "is read as fine: all")):
        three = replace(asked, target=Target(THREE, 1), to=to)
        assert claim in list(search("box", always_lost, three))[-1].result().certificate


def test_position_effects_tell_which_word_matters() -> None:
    asked = question("abcd")

    def place_of_c(orders: np.ndarray) -> np.ndarray:
        return (orders == 2).argmax(axis=1).astype(np.float32)

    found = list(search("box", place_of_c, asked))[-1].result()
    assert found.position_effects[2] == pytest.approx(1)
    assert max(found.position_effects[place] for place in (0, 1, 3)) < 0.5


def test_the_search_can_be_left_at_any_step_with_what_it_found() -> None:
    asked = question("abcdefgh", budget=50_000)
    scored: list[int] = []
    whole = SharedPrefixes(model(), ids("abcdefgh")).logits

    def counting(orders: np.ndarray) -> np.ndarray:
        scored.append(len(orders))
        return whole(orders)

    run = search("tiny", counting, asked)
    next(run)
    first = next(run)
    run.close()
    done = sum(scored)
    assert done < 40_320
    result = first.result()
    assert result.scored == first.scored < result.orders and not result.complete
    assert "the search ended before all 40,320 were" in result.certificate
    assert sum(scored) == done  # nothing goes on behind


def test_an_earlier_event_keeps_its_own_result() -> None:
    events = list(search("tiny", SharedPrefixes(model(), ids("abcdefgh")).logits, question("abcdefgh")))
    assert len(events) > 2
    assert [event.result().scored for event in events] == [event.scored for event in events]
    assert any(event.best for event in events)
    assert [event.best and event.best.fluency for event in events] == [
        event.result().flips[0].fluency if event.flips else None for event in events
    ]
    assert not events[0].result().complete and events[-1].result().complete
    first = events[0].result()
    assert first.fluent == (first.original,)
    assert first.scored == 1 and "40,320" in first.certificate
    timed = list(search("tiny", SharedPrefixes(model(), ids("abcdefgh")).logits, question("abcdefgh", seconds=1e-9)))
    assert len(timed) == 1 and not timed[0].result().complete


@pytest.mark.parametrize("text", ["a", "aaaa"])
def test_one_order_only(text: str) -> None:
    found = answer(question(text))
    assert (found.orders, found.scored, found.flips, found.complete) == (1, 1, (), True)
    assert found.certificate == "These words have only one order, so no other can flip the verdict."
    assert found.sensitivity == found.order_effect == 0 and set(found.position_effects) == {0.0}


def test_sixty_words_are_searched_within_the_budget() -> None:
    found = answer(question("abcdefgh" * 7 + "abcd", budget=500))
    assert (found.strategy, found.scored) == ("beam", 500) and "were not scored" in found.certificate


@pytest.mark.parametrize("bounds", [{"floor": -1.0}, {"floor": float("nan")}, {"seconds": 0.0}])
def test_bounds_that_cannot_be(bounds: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="given"):
        question("abc", **bounds)


def test_punctuation_and_links_stay() -> None:
    assert marks(["wow", ",", "so", "good", "!!!", "<url>", "..."]) == (1, 4, 5, 6)


def test_the_original_has_one_logit_and_never_flips() -> None:
    """A black box whose answer to one and the same order depends, by a rounding, on the batch it comes in."""
    asked = question("abc")

    def shaky(orders: np.ndarray) -> np.ndarray:
        return np.full(len(orders), 1e-9 if len(orders) == 1 else -1e-9, dtype=np.float32)

    found = list(search("box", shaky, asked))[-1].result()
    assert found.flip_count == 5
    (itself,) = [order for order in found.fluent if order.text == "a b c"]
    assert itself == found.original

    def shaky_tie(orders: np.ndarray) -> np.ndarray:
        return np.tile([0, 1, 1 + (1e-9 if len(orders) == 1 else -1e-9)], (len(orders), 1))

    found = list(search("box", shaky_tie, replace(asked, target=Target(THREE, 2))))[-1].result()
    assert found.original.label == "fine" and found.flips_to == {"lost": 5}
    assert itself.text == found.original.text and found.original in found.fluent


def test_time_bounds_the_ranking_too() -> None:
    asked = question("abcdefgh" * 2, seconds=0.05, budget=100_000)
    clock = time.perf_counter()
    found = list(search("box", lambda orders: np.zeros(len(orders), dtype=np.float32), asked))[-1].result()
    assert not found.complete
    assert time.perf_counter() - clock < 30  # no benchmark: without a bound it would be minutes


def test_many_pins_leave_the_exact_way_before_memory_does() -> None:
    text = "abcdefgh" * 7 + "abcd"
    free = range(0, 60, 4)
    words = Words.of(list(range(60)), set(range(60)) - set(free))
    assert len(words.free) == 15 and not Ranking.is_exact(words)
    assert Ranking.is_exact(Words.of(list(range(16))))
    asked = question(text, tuple(set(range(60)) - set(free)), budget=300)
    assert asked.strategy == "beam" and answer(asked).scored == 300

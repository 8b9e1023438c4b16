"""The search over edits against brute force: no flip missed, none too large, no claim beyond what was tried."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations, product
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.data import targets
from core.data.labels import SENTIMENT, Names
from core.data.targets import POSITIVE, Target
from core.models.checkpoints import Checkpoint
from core.models.predict import EmptyTextError
from core.models.recurrent import CELLS, Classifier
from core.probes.edits.changes import Edit, apply, conflict, diff
from core.probes.edits.constraints import Fluency, SentenceFluency, protected
from core.probes.edits.guards import FAILED, PASSED, Antonyms, Negations, Polarity
from core.probes.edits.results import Edited, EditProgress, MinimalEdits
from core.probes.edits.search import Question, search
from core.probes.edits.transformations import Insert, delete, swap
from core.probes.edits.victims import Victim, black_box, white_box
from core.text.preprocessing import Preprocessing, Vocabulary
from tests.probes.listed import listed
from tests.probes.small_models import permuted, random_trigram, steep_model, two_outputs

WORDS = Vocabulary("abcdefgh")
TRANSFORMATIONS = (delete, swap, Insert(words=("g",), phrases=(("h", "h"),)))


THREE = ("negative", "neutral", "positive")


def checkpoint(cell: str = "lstm", seed: int = 0, labels: Names = SENTIMENT) -> Checkpoint:
    model = steep_model(cell, len(WORDS), 4, 6, seed=seed, outputs=targets.head_sizes(labels)[0])
    model.linear.bias.zero_()
    return Checkpoint("tiny", model, Preprocessing(), WORDS, {"labels": list(labels)}, "")


def scores(model: Any, tokens: Sequence[str]) -> np.ndarray:
    """The scores of a sentence, from the fused forward."""
    with torch.inference_mode():
        return np.asarray(model.model.every(torch.tensor([WORDS.encode(tokens)]))[0])


def read(model: Any, tokens: Sequence[str]) -> float:
    """The logit of a sentence."""
    return float(scores(model, tokens))


def label(model: Any, tokens: Sequence[str]) -> str:
    """The predicted class of a sentence."""
    (number,) = targets.predicted(scores(model, tokens)[None])
    return str(model.labels[number])


TRIGRAM = random_trigram("abcdefgh")


def question(text: str, goal: str = "flip", **others: Any) -> Question:
    tokens = tuple(text)
    substitutes = listed(dict.fromkeys(range(len(tokens)), "ef"))
    return Question(" ".join(text), tokens, goal, **{"transformations": (substitutes, *TRANSFORMATIONS), **others})


def answer(victim: Victim, asked: Question) -> MinimalEdits:
    return list(search("tiny", victim, asked))[-1].result()


def fluency_change(before: tuple[str, ...], after: Sequence[str]) -> float:
    """The change where the whole sentence is replaced."""
    original = SentenceFluency(TRIGRAM, before)
    return float(original.changes([Edit("substitute", 0, before, tuple(after))], original)[0])


def brute_force(model: Any, asked: Question, size: int) -> dict[tuple[str, ...], list[tuple[Edit, ...]]]:
    """The sentences that sets of so many edits make, each of them and all together within the floor."""
    distinct: dict[tuple[str, ...], Edit] = {}
    for transformation in asked.transformations:
        for edit in transformation(asked.tokens):
            if apply(asked.tokens, [edit]):
                distinct.setdefault(apply(asked.tokens, [edit]), edit)

    def within(tokens: Sequence[str]) -> bool:
        return not asked.fluency or fluency_change(asked.tokens, tokens) >= -asked.fluency.floor

    edits = [
        edit
        for tokens, edit in distinct.items()
        if within(tokens) and all(rule.allows(edit) for rule in asked.constraints)
    ]
    found: dict[tuple[str, ...], list[tuple[Edit, ...]]] = {}
    for made in combinations(edits, size):
        if not any(conflict(one, other) for one, other in combinations(made, 2)):
            tokens = apply(asked.tokens, made)
            if tokens and within(tokens):
                found.setdefault(tokens, []).append(made)
    return found


SENTENCES = st.text("abcd", min_size=1, max_size=5)


@settings(deadline=None, max_examples=40)
@given(SENTENCES, st.sampled_from(CELLS), st.integers(0, 30), st.sampled_from([0.5, 3.0, math.inf]), st.booleans())
def test_single_edits_against_brute_force(text: str, cell: str, seed: int, floor: float, inside: bool) -> None:
    model = checkpoint(cell, seed)
    asked = question(text, max_edits=1, fluency=Fluency(TRIGRAM, floor), top=1_000)
    victim = white_box(model) if inside else black_box(as_predictor(model))
    found, sentences = answer(victim, asked), brute_force(model, asked, 1)
    original = read(model, asked.tokens)
    flips = {tokens for tokens in sentences if (read(model, tokens) >= 0) != (original >= 0)}
    assert found.candidates == len(sentences) and found.flips == len(flips) and found.found == bool(flips)
    assert found.complete or not sentences
    if not sentences:
        assert f"{found.proposed:,}" in found.certificate
        return
    if not flips:
        assert found.best is None and found.closest is not None
        nearest = min(sentences, key=lambda tokens: abs(read(model, tokens)))
        assert abs(found.closest.logit) == pytest.approx(abs(read(model, nearest)), abs=1e-5)
        assert found.tried == {1: len(sentences)} and 1 in found.complete_sizes and not found.flips_of_size
        assert len(sentences) == 1 or f" {len(sentences):,} " in found.certificate
        return
    assert found.best is not None and found.closest is None
    assert f" {len(flips):,} case" in found.certificate and 1 in found.complete_sizes
    flipping = [found.best, *found.others]
    assert {edited.tokens for edited in flipping} == flips
    fluencies = [edited.fluency_change for edited in flipping]
    assert fluencies == sorted(fluencies, key=lambda change: -(change or 0))
    for edited in flipping:
        assert edited.logit == pytest.approx(read(model, edited.tokens), abs=1e-5)
        assert edited.probability == pytest.approx(1 / (1 + math.exp(-edited.logit)))
        assert edited.fluency_change == pytest.approx(fluency_change(asked.tokens, edited.tokens))
        assert edited.tokens == apply(asked.tokens, edited.edits) and edited.minimal
        assert edited.diff == diff(asked.tokens, edited.edits) and (edited.probability >= 0.5) != (original >= 0)


def as_predictor(model: Any) -> Callable[[Sequence[Sequence[str]]], np.ndarray]:
    return lambda sentences: targets.probabilities(np.array([scores(model, tokens) for tokens in sentences]))


@settings(deadline=None, max_examples=60)
@given(
    st.text("abc", min_size=2, max_size=3),
    st.integers(0, 60),
    st.sampled_from([2.0, math.inf]),
    st.booleans(),
    st.sampled_from([(SENTIMENT, "flip"), *((THREE, goal) for goal in ("flip", *THREE))]),
)
def test_a_beam_of_any_width_is_exhaustive(
    text: str, seed: int, floor: float, inside: bool, kind: tuple[Names, str]
) -> None:
    """Without a width, pairs and threes are those of brute force, and so is the number of edits that it takes."""
    labels, goal = kind
    model = checkpoint("gru", seed, labels)
    asked = question(
        text,
        goal,
        labels=labels,
        max_edits=3,
        beam=None,
        fluency=Fluency(TRIGRAM, floor),
        transformations=(listed(dict.fromkeys(range(3)[: len(text)], "ef")), delete, swap),
    )
    found = answer(white_box(model) if inside else black_box(as_predictor(model), labels), asked)
    before = label(model, asked.tokens)

    def meets(tokens: Sequence[str]) -> bool:
        return label(model, tokens) != before if goal == "flip" else label(model, tokens) == goal

    assert found.label == before and found.reading == before
    if meets(asked.tokens):
        assert found.found and found.best is None and found.queries == 1
        return
    expected = None
    for size in (1, 2, 3):
        sentences = brute_force(model, asked, size)
        if flips := sum(map(meets, sentences)):
            expected = size
            assert size > 1 or found.flips == flips
            break
        if size == 2 and sentences:
            count = sum(map(len, sentences.values()))
            assert f"{count:,} case" in found.certificate
    if floor == math.inf or expected in (1, 2):  # threes are reached by pairs that are within the floor
        assert (len(found.best.edits) if found.best else None) == expected
    if found.best:
        best = found.best
        assert meets(best.tokens) and best.label == label(model, best.tokens) and best.minimal
        logit = float(targets.log_odds(scores(model, best.tokens).astype(float), found.target))
        assert best.logit == pytest.approx(logit, abs=1e-4)
        for size in range(1, len(best.edits)):
            for fewer in combinations(best.edits, size):
                assert not meets(apply(asked.tokens, fewer))
        if len(best.edits) > 1:
            assert "every subset was checked" in found.certificate


@settings(deadline=None, max_examples=40)
@given(
    st.text("abcd", min_size=2, max_size=5),
    st.integers(0, 60),
    st.sampled_from([1, 3, 10, 30, 60, 5_000]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([1, 2, 30]),
)
@example(text="ab", seed=6, budget=10, first=True, inside=True, beam=1)  # too little is scored to call a flip minimal,
@example(text="ab", seed=16, budget=5_000, first=False, inside=True, beam=30)  # every pair is tried,
@example(text="ab", seed=16, budget=5_000, first=False, inside=False, beam=2)  # or only some
def test_certificates_are_true_within_any_budget(
    text: str, seed: int, budget: int, first: bool, inside: bool, beam: int
) -> None:
    model = checkpoint("lstm", seed)
    asked = question(text, max_edits=3, beam=beam, budget=budget, first=first, top=10_000)
    count = [0]

    def counted(sentences: Sequence[Sequence[str]]) -> np.ndarray:
        count[0] += len(sentences)
        return as_predictor(model)(sentences)

    events = list(search("tiny", white_box(model) if inside else black_box(counted), asked))
    found = events[-1].result()
    assert found.queries <= budget
    if not inside:
        assert found.queries == count[0]
    assert [event.queries for event in events] == sorted(event.queries for event in events)
    assert all(event.queries <= event.total for event in events)
    positive = read(model, asked.tokens) >= 0
    for edited in (*((found.best,) if found.best else ()), *found.others):
        assert (read(model, edited.tokens) >= 0) != positive
        fewer = [made for size in range(1, len(edited.edits)) for made in combinations(edited.edits, size)]
        flipping = [made for made in fewer if (read(model, apply(asked.tokens, made)) >= 0) != positive]
        assert edited.minimal in (None, not flipping)
    singles = brute_force(model, asked, 1)
    flips = [tokens for tokens in singles if (read(model, tokens) >= 0) != positive]
    if found.candidates == found.tried.get(1) and not (found.best and len(found.best.edits) == 1):
        assert not flips
    if found.complete:
        assert sum(len(edited.edits) == 1 for edited in (found.best, *found.others) if edited) == len(flips)
    elif found.candidates:
        assert "were not scored" in found.certificate or "scored by itself" in found.certificate
    if 2 in found.complete_sizes:  # a beam as wide as there are edits, or nearly: pairs left out would make it a lie
        assert found.tried.get(2, 0) == sum(map(len, brute_force(model, asked, 2).values()))
    if found.best is None:
        assert found.flips == 0
    elif not found.complete and len(found.best.edits) > 1 and found.best.minimal is None:
        assert "was not checked" in found.certificate


@pytest.mark.parametrize("inside", [True, False])
def test_the_first_flip_takes_fewer_queries_and_is_minimal(inside: bool) -> None:
    """Three words must go at once: no pair does it, and a dive finds them without trying all pairs."""

    def bad(sentences: Sequence[Sequence[str]]) -> np.ndarray:
        return np.array([1 / (1 + math.exp(2 * sum(token in "abc" for token in tokens) - 1)) for tokens in sentences])

    text = "dadbdcd"
    substitutes = listed(dict.fromkeys(range(7), "efgh"))
    victim = white_box(bag_of_words()) if inside else black_box(bad)
    options = {"goal": "positive", "transformations": (substitutes,), "max_edits": 5}
    first, whole = answer(victim, question(text, first=True, **options)), answer(victim, question(text, **options))
    for found in (first, whole):
        assert found.best is not None and len(found.best.edits) == 3 and found.best.minimal
        assert [edit.before for edit in sorted(found.best.edits, key=lambda edit: edit.position)] == [
            ("a",),
            ("b",),
            ("c",),
        ]
        assert "every subset was checked" in found.certificate
        others = [replace(found, best=replace(found.best, minimal=minimal)) for minimal in (None, False)]
        assert len({one.certificate for one in (found, *others)}) == 3
    assert first.queries < 50 < whole.queries
    assert whole.complete and not first.complete
    # Of larger sets each single edit is undone.
    substitutes = listed(dict.fromkeys(range(9), "e"))
    asked = question("abcabcabc", "positive", transformations=(substitutes,), max_edits=9, first=True, top=1)
    found = answer(white_box(bag_of_words()), asked)
    assert found.best is not None and len(found.best.edits) == 9 and found.best.minimal
    assert "Undoing any one of its edits undoes the flip: each was checked." in found.certificate


def bag_of_words() -> Any:
    """An RNN whose state is nearly the sum of what its words say: −2 for a, b and c, and 1 to begin with."""
    classifier = Classifier("rnn", len(WORDS), 1, 1)
    with torch.no_grad():
        for parameter in classifier.parameters():
            parameter.zero_()
        small = 0.01
        for word in "abc":
            classifier.embedding.weight[WORDS.id(word)] = -2 * small
        classifier.recurrent.weight_ih_l0.fill_(1)
        classifier.recurrent.weight_hh_l0.fill_(1)
        classifier.linear.weight.fill_(1 / small)
        classifier.linear.bias.fill_(1)
    return SimpleNamespace(model=classifier.requires_grad_(False).eval(), vocabulary=WORDS)


def test_a_gradient_is_one_query_and_leaves_nothing_behind() -> None:
    model = checkpoint()
    before = {key: value.clone() for key, value in model.model.state_dict().items()}
    found = answer(white_box(model), question("abcd", max_edits=1, transformations=(delete,)))
    assert found.queries == 1 + 1 + 4  # the sentence, its gradient, four deletions
    substitutes = listed({0: ["unheard", "unseen", "e"]})  # two of them are one to the model
    found = answer(white_box(model), question("abcd", max_edits=1, transformations=(substitutes,)))
    assert (found.candidates, found.queries) == (3, 1 + 1 + 2)
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in model.model.parameters())
    assert all(torch.equal(before[key], value) for key, value in model.model.state_dict().items())


@pytest.mark.parametrize("goal", ["positive", "negative"])
def test_a_sentence_that_is_as_asked_needs_nothing(goal: str) -> None:
    victim = black_box(lambda sentences: np.full(len(sentences), 0.9 if goal == "positive" else 0.1))
    found = answer(victim, question("abc", goal))
    assert found.found and found.best is None and found.others == () and found.closest is None
    assert (found.queries, found.flips, found.candidates) == (1, 0, 0)
    assert f"already says {goal}" in found.certificate and "nothing to edit" in found.certificate
    half = black_box(lambda sentences: np.array([0.5 if "e" in tokens else 0.4 for tokens in sentences]))
    found = answer(half, question("abc", "positive", max_edits=1))
    assert found.found and found.best is not None and found.best.probability == pytest.approx(0.5)  # is positive


class Opposites:
    def judges(self, word: str) -> bool:
        return word in "abe"

    def opposed(self, word: str, other: str) -> str | None:
        return "direct" if {word, other} == {"a", "e"} else None


def says_positive(word: str) -> Victim:
    return black_box(lambda sentences: np.array([0.9 if word in tokens else 0.1 for tokens in sentences]))


def test_an_antonym_is_refused_and_switched_off_accepted_and_reported() -> None:
    asked: dict[str, Any] = {
        "transformations": (listed({0: "ef", 1: "f"}),),
        "guards": (Antonyms(Opposites()), Negations()),
        "max_edits": 1,
    }
    refused = answer(says_positive("e"), question("ab", "positive", **asked))
    assert not refused.found and refused.candidates == 2 and refused.guards["antonyms"].judgement is None
    assert refused.guards["antonyms"].failed == 1 and refused.guards["antonyms"].asked == 3
    assert refused.guards["antonyms"].unjudged == 2 and refused.guards["antonyms"].on
    accepted = answer(says_positive("e"), question("ab", "positive", off=frozenset({"antonyms"}), **asked))
    assert accepted.best is not None and accepted.best.text == "e b"
    report = accepted.guards["antonyms"]
    assert (report.on, report.judgement, report.failed) == (False, FAILED, 1)
    assert accepted.guards["negations"].judgement == PASSED and accepted.guards["negations"].on


def test_an_antonym_by_two_edits_is_refused_together() -> None:
    def transformation(tokens: Sequence[str]) -> Iterator[Edit]:
        yield Edit("delete", 0, ("a",), ())
        yield Edit("insert", 1, (), ("e",))

    def both(sentences: Sequence[Sequence[str]]) -> np.ndarray:
        return np.array([0.9 if "e" in tokens and "a" not in tokens else 0.1 for tokens in sentences])

    asked: dict[str, Any] = {"transformations": (transformation,), "guards": (Antonyms(Opposites()),)}
    assert not answer(black_box(both), question("ab", "positive", **asked)).found
    found = answer(black_box(both), question("ab", "positive", off=frozenset({"antonyms"}), **asked))
    assert found.best is not None and found.best.text == "e b" and found.best.guards == {"antonyms": FAILED}


def test_the_reading_is_what_the_goal_goes_against() -> None:
    values = np.array([0, 0, -1.0, 0, 0, 0, 2.0, 0, 0, 0])  # a is −1, e is +2
    asked: dict[str, Any] = {
        "transformations": (listed({0: "e"}),),
        "guards": (Polarity(values, WORDS),),
        "max_edits": 1,
    }
    for goal, victim in (("positive", says_positive("e")), ("flip", says_positive("e"))):
        found = answer(victim, question("ab", goal, **asked))
        assert not found.found and found.reading == "negative"
    found = answer(says_positive("e"), question("ab", "positive", reading="positive", **asked))
    assert found.found and found.guards["polarity"].judgement == PASSED
    assert answer(says_positive("a"), question("ab", "negative", **asked)).reading == "positive"


def test_classes_are_asked_for_and_answered_by_their_own_names() -> None:
    sentiment = {"negative": "ham", "positive": "spam"}
    for seed, goal in product(range(3), ("flip", *sentiment)):
        model = checkpoint(seed=seed)
        found = answer(white_box(model), question("abcd", goal, max_edits=2))
        asked = question("abcd", sentiment.get(goal, goal), max_edits=2, labels=tuple(sentiment.values()))
        own = answer(white_box(model), asked)
        names = {name: sentiment[getattr(found, name)] for name in ("reading", "label")}
        same = replace(found, goal=own.goal, labels=own.labels, target=own.target, seconds=own.seconds, **names)
        assert listed_edits(own) == listed_edits(found, sentiment) and own.goal == asked.goal
        same = replace(same, best=own.best, others=own.others, closest=own.closest)
        assert own == same and own.target == Target(("ham", "spam"), 1)
    names = {"labels": ("flip", "flop"), "max_edits": 1}
    assert answer(says_positive("e"), question("ab", "flip", **names)).best is None, "a class's name is that class"
    assert answer(says_positive("e"), question("ab", "flop", **names)).reading == "flip"
    for wrong in ({"goal": "positive"}, {"reading": "negative"}):
        with pytest.raises(ValueError, match="available: ham, spam, "):
            question("ab", **wrong, labels=("ham", "spam"))


def listed_edits(found: MinimalEdits, names: Mapping[str, str] = MappingProxyType({})) -> list[Edited]:
    """All edited sentences of a result, with other names of the classes."""
    several = [one for one in (found.best, *found.others, found.closest) if one]
    return [replace(one, label=names.get(one.label, one.label)) for one in several]


@pytest.mark.parametrize("goal", ["flip", *THREE])
def test_classes_in_another_order_give_the_same_edits(goal: str) -> None:
    order = [2, 0, 1]
    for seed, inside, target in product(range(3), (True, False), (None, "neutral")):
        results = []
        for labels in (THREE, tuple(THREE[number] for number in order)):
            model = checkpoint(seed=seed, labels=THREE)
            model = model if labels == THREE else permuted(model, order)
            aim = None if target is None else targets.named(labels, target)
            victim = white_box(model) if inside else black_box(as_predictor(model), labels)
            results.append(answer(victim, question("abcd", goal, labels=labels, target=aim)))
        one, other = results
        assert [(edited.tokens, edited.label) for edited in listed_edits(one)] == [
            (edited.tokens, edited.label) for edited in listed_edits(other)
        ]
        for a, b in zip(listed_edits(one), listed_edits(other), strict=True):
            assert a.logit == pytest.approx(b.logit, abs=1e-4)
        assert one.target.name == other.target.name == (target or (one.label if goal == "flip" else goal))
        assert (one.label, one.reading, one.flips) == (other.label, other.reading, other.flips)


@pytest.mark.parametrize("goal", ["flip", *SENTIMENT])
def test_a_head_of_two_outputs_gives_the_edits_of_one(goal: str) -> None:
    for seed, target in product(range(3), (None, Target(SENTIMENT, 0))):
        model = checkpoint(seed=seed)
        asked = question("abcd", goal, max_edits=2, target=target)
        one, two = answer(white_box(model), asked), answer(white_box(two_outputs(model)), asked)
        assert [edited.tokens for edited in listed_edits(two)] == [edited.tokens for edited in listed_edits(one)]
        for a, b in zip(listed_edits(one), listed_edits(two), strict=True):
            assert b.logit == pytest.approx(a.logit, abs=1e-4)
            assert (a.probability >= 0.5) == (a.label == (target or POSITIVE).name)


def endless(tokens: Sequence[str]) -> Iterator[Edit]:
    while True:
        yield Edit("substitute", 0, (tokens[0],), ("e",))


def test_it_stops_when_told_to() -> None:
    model, stopped = checkpoint("rnn", 5), RuntimeError("stop")

    def check_cancelled() -> None:
        raise stopped

    for transformations in ((delete,), (endless,)):
        events = search("tiny", white_box(model), question("abcd", transformations=transformations), check_cancelled)
        assert next(events).queries == 1
        with pytest.raises(RuntimeError, match="stop"):
            next(events)
    events = search("tiny", white_box(model), question("abcd", max_edits=3, beam=None))
    partial: list[EditProgress] = [next(events), next(events), next(events)]
    events.close()
    assert "none of its edits" in partial[0].result().certificate
    last = partial[-1].result()
    assert last.queries == partial[-1].queries and last.queries > 0


def test_seconds_are_kept() -> None:
    slow = SimpleNamespace(calls=0)

    def predict(sentences: Sequence[Sequence[str]]) -> np.ndarray:
        slow.calls += 1
        import time

        time.sleep(0.02)
        return np.full(len(sentences), 0.1)

    found = answer(black_box(predict), question("abcdabcd" * 4, max_edits=4, seconds=0.05))
    assert slow.calls < 8 and found.seconds < 2 and not found.found
    found = answer(black_box(predict), question("abcd", transformations=(endless,), seconds=0.05))
    assert found.seconds < 2 and found.queries == 1 and not found.gathered and "none of its edits" in found.certificate


def test_protected_places_and_nothing_left() -> None:
    rules = (protected(range(3)),)
    found = answer(says_positive("e"), question("abc", "positive", constraints=rules, transformations=(delete, swap)))
    assert not found.found and found.candidates == 0 and found.refused == {"protected words": 5}
    assert found.proposed == 5 and " 5 " in found.certificate
    assert found.closest is None and found.queries == 1


def test_a_sentence_of_unknown_words_says_so() -> None:
    asked = question("xyz", unknown=("x", "y", "z"), max_edits=1)
    assert "knows none of the sentence’s words" in answer(white_box(checkpoint()), asked).certificate
    assert "knows none" not in answer(white_box(checkpoint()), question("abz", unknown=("z",))).certificate


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"goal": "sideways"}, "unknown goal 'sideways'; available: negative, positive, flip"),
        ({"reading": "ironic"}, "unknown gold label 'ironic'"),
        ({"max_edits": 0}, "the number of edits must be at least 1; given: 0"),
        ({"budget": 0}, "the budget must be at least 1; given: 0"),
        ({"beam": 0}, "the beam width must be at least 1"),
        ({"seconds": 0.0}, "the time limit must be above 0 seconds; given: 0"),
        ({"off": frozenset({"taste"})}, "no guard 'taste' to switch off; available: negations"),
        ({"text": "a" * 1_001}, "1 to 1,000 tokens; given: 1,001"),
    ],
)
def test_invalid_questions(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        question(**{"text": "abc", "guards": (Negations(),), **wrong})
    with pytest.raises(EmptyTextError, match="no word to edit"):
        question("")
    with pytest.raises(ValueError, match="one probability from 0 to 1"):
        answer(black_box(lambda sentences: np.array([np.nan])), question("abc"))

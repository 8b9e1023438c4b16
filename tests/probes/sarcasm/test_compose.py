"""The search over recipes finds what scoring every candidate finds, says what it searched, and can be stopped."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import numpy as np
import pytest

from core.evaluation.clustered_intervals import clustered_interval
from core.evaluation.metrics import wilson_interval
from core.probes.sarcasm import compose
from core.probes.sarcasm.candidates import Candidates, Question
from core.probes.sarcasm.compose import Candidate, ComposeProgress, Composition, gallery, pooled, search, varied
from core.probes.sarcasm.recipes import PATTERNS
from core.probes.sarcasm.situations import bank, read
from core.text.preprocessing import Preprocessing

SITUATION = read("my flight is delayed again")
PREPROCESSING = Preprocessing()
FEW = PATTERNS[3:6]


def predict(sentences: Sequence[Sequence[str]]) -> np.ndarray:
    """Some number from each text, the same every time."""
    return np.array([zlib.crc32(" ".join(tokens).encode()) / 2**32 for tokens in sentences])


def run(question: Question, model: str = "fake") -> Composition:
    *_, last = search(model, predict, Candidates(question, PREPROCESSING))
    return last.result()


def brute_force(question: Question) -> dict[tuple[str, ...], tuple[float, str]]:
    """Every candidate, scored one at a time: P(positive) and pattern by tokens, the first of those alike."""
    found: dict[tuple[str, ...], tuple[float, str]] = {}
    for pattern in question.patterns:
        for number in range(pattern.count(question.situation)):
            tokens = tuple(PREPROCESSING(pattern.build(question.situation, number)[0]))
            found.setdefault(tokens, (float(predict([tokens])[0]), pattern.name))
    return found


def test_all_candidates_are_scored_and_the_surest_found() -> None:
    question = Question(SITUATION, patterns=FEW, top=3)
    everything, found = brute_force(question), run(question)
    assert found.scored == found.candidates == len(everything) and found.complete
    assert found.fooled == sum(probability >= 0.5 for probability, _pattern in everything.values())
    assert found.alone == predict([PREPROCESSING("my flight is delayed again")])[0]
    for share in found.by_recipe:
        of = [probability for probability, pattern in everything.values() if pattern == share.pattern]
        assert (share.scored, share.fooled) == (len(of), sum(probability >= 0.5 for probability in of))
        assert share.interval == pytest.approx(wilson_interval(share.fooled, share.scored))
        assert share.best.probability == max(of) and share.best.recipe.pattern == share.pattern
    assert [one.probability for one in found.top] == sorted((s.best.probability for s in found.by_recipe), reverse=True)
    assert f" {len(everything):,} " in found.certificate and f" {found.fooled:,} of them" in found.certificate


def test_of_three_classes_the_surest_are_those_most_positive_and_fool_where_positive_is_predicted() -> None:
    question = Question(SITUATION, patterns=FEW, top=3)
    for labels in (("negative", "neutral", "positive"), ("positive", "negative", "neutral")):
        place = labels.index("positive")

        def three(sentences: Sequence[Sequence[str]], place: int = place) -> np.ndarray:
            positive, rest = predict(sentences), predict([(*tokens, "!") for tokens in sentences])
            columns = [(1 - positive) * rest, (1 - positive) * (1 - rest)]
            columns.insert(place, positive)
            return np.stack(columns, axis=1)

        *_, last = search("three", three, Candidates(question, PREPROCESSING), labels=labels)
        found, two = last.result(), run(question)
        assert [one.label == "positive" for one in found.top] == [True] * len(found.top)
        assert {share.best.text for share in found.by_recipe} == {share.best.text for share in two.by_recipe}
        tokens = [tokens for batch in Candidates(question, PREPROCESSING) for tokens in batch.tokens]
        fooled = int((three(tokens).argmax(axis=1) == place).sum())
        assert found.fooled == sum(share.fooled for share in found.by_recipe) == fooled > two.fooled
        for one in (*found.top, *(share.best for share in found.by_recipe)):
            assert one.label == labels[int(three([PREPROCESSING(one.text)]).argmax())]
        assert found.alone == two.alone and found.alone_label in labels


def test_every_candidate_is_its_recipe() -> None:
    found = run(Question(SITUATION, budget=500))
    for one in (*found.top, *(share.best for share in found.by_recipe)):
        pattern = next(pattern for pattern in PATTERNS if pattern.name == one.recipe.pattern)
        made = dict(pattern.build(SITUATION, number) for number in range(pattern.count(SITUATION)))
        assert made[one.text] == one.recipe
        assert one.probability == predict([PREPROCESSING(one.text)])[0] and one.about == SITUATION.text


def test_candidates_alike_after_preprocessing_are_one() -> None:
    question = Question(SITUATION, patterns=PATTERNS[:1])

    def wordless(text: str) -> list[str]:  # marks gone: all closers of two words or none are alike
        return re.findall(r"[a-z]+", text.lower())

    *_, last = search("fake", predict, Candidates(question, wordless))
    found = last.result()
    distinct = {tuple(wordless(PATTERNS[0].build(SITUATION, n)[0])) for n in range(PATTERNS[0].count(SITUATION))}
    assert found.scored == found.candidates == len(distinct) < question.recipes and found.complete


def test_a_budget_is_kept_and_drawn_evenly_by_a_seed() -> None:
    found = run(Question(SITUATION, budget=200))
    assert found.scored == 200 and not found.complete and found.candidates > 10_000
    assert {share.scored for share in found.by_recipe} == {10, 11} and len(found.by_recipe) == len(PATTERNS)
    assert re.search(rf"\b200 .*\bseed 0 .*\b{found.candidates:,} .*\b{found.fooled:,} of ", found.certificate)
    again, other = run(Question(SITUATION, budget=200)), run(Question(SITUATION, budget=200, seed=1))
    assert again.top == found.top and again.by_recipe == found.by_recipe
    assert other.top != found.top
    whole = [run(Question(SITUATION, patterns=FEW, seed=seed)) for seed in (0, 1)]
    assert whole[0].top == whole[1].top  # all were scored: the seed decides nothing


def test_a_smaller_budget_is_the_beginning_of_a_larger_one() -> None:
    def texts(budget: int) -> list[str]:
        return [text for batch in Candidates(Question(SITUATION, budget=budget), PREPROCESSING) for text in batch.texts]

    assert texts(1_500)[:700] == texts(700) and len(set(texts(1_500))) == 1_500


def test_models_share_what_is_built() -> None:
    calls = 0

    def preprocessing(text: str) -> list[str]:
        nonlocal calls
        calls += 1
        return PREPROCESSING(text)

    candidates = Candidates(Question(SITUATION, budget=3_000), preprocessing)
    first, *_ = search("a", predict, candidates)  # stopped models do not spoil it for others
    *_, one = search("b", predict, candidates)
    made = calls
    *_, two = search("c", lambda tokens: 1 - predict(tokens), candidates)
    assert calls == made
    assert one.scored == two.scored == 3_000 > first.scored
    assert two.fooled == 3_000 - one.fooled


def test_progress_counts_up_and_earlier_results_stay() -> None:
    events: list[ComposeProgress] = list(
        search("fake", predict, Candidates(Question(SITUATION, budget=2_500), PREPROCESSING))
    )
    assert len(events) >= 3
    assert [event.scored for event in events] == sorted({event.scored for event in events})
    assert [event.best.probability for event in events] == sorted(event.best.probability for event in events)
    for event in events:
        result = event.result()
        assert (result.scored, result.fooled) == (event.scored, event.fooled)
        assert max(share.best.probability for share in result.by_recipe) == event.best.probability
        assert event.total == 2_500
    assert not events[0].result().complete


def test_it_can_be_stopped() -> None:
    class StopError(Exception):
        pass

    def stop() -> None:
        raise StopError

    with pytest.raises(StopError):
        next(search("fake", predict, Candidates(Question(SITUATION), PREPROCESSING), stop))
    events = search("fake", predict, Candidates(Question(SITUATION), PREPROCESSING))
    first = next(events)
    events.close()  # type: ignore[attr-defined]
    assert first.result().scored == first.scored < Question(SITUATION).recipes


def test_seconds_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1_000))
    monkeypatch.setattr(compose.time, "perf_counter", lambda: float(next(clock)))
    events = list(search("fake", predict, Candidates(Question(SITUATION, seconds=2), PREPROCESSING)))
    assert len(events) == 2 and events[-1].result().seconds == 2
    assert "the rest were not scored" in events[-1].result().certificate


@pytest.mark.parametrize(
    ("bounds", "says"),
    [
        ({"seconds": 0.0}, "the time limit must be above 0 seconds"),
        ({"seconds": float("nan")}, "the time limit must be above 0 seconds; given: nan"),
        ({"patterns": ()}, "no pattern"),
    ],
)
def test_invalid_limits(bounds: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Question(SITUATION, **bounds)  # type: ignore[arg-type]


def test_patterns_that_do_not_fit_and_wrong_answers_are_refused() -> None:
    love = next(pattern for pattern in PATTERNS if pattern.name == "I love it")
    with pytest.raises(ValueError, match="fits the situation 'another flat tyre'"):
        Question(read("another flat tyre"), patterns=(love,))
    with pytest.raises(ValueError, match="one probability"):
        next(search("fake", lambda tokens: np.full(len(tokens), 2.0), Candidates(Question(SITUATION), PREPROCESSING)))


def test_an_unsure_model_is_never_fooled_and_a_sure_one_always() -> None:
    for value, share in ((0.0, 0.0), (0.499, 0.0), (0.5, 1.0)):
        question = Question(SITUATION, budget=200)
        *_, last = search("m", lambda tokens, v=value: np.full(len(tokens), v), Candidates(question, PREPROCESSING))
        assert {one.share for one in last.result().by_recipe} == {share}


def ranked(count: int) -> list[Candidate]:
    made = [
        Candidate(text, SITUATION.text, float(predict([PREPROCESSING(text)])[0]), recipe, "positive")
        for pattern in PATTERNS
        for text, recipe in (pattern.build(SITUATION, n) for n in range(min(count, pattern.count(SITUATION))))
    ]
    return sorted(made, key=lambda one: -one.probability)


def test_what_is_listed_differs() -> None:
    candidates = ranked(200)
    names = {pattern.name for pattern in PATTERNS}
    for top in (1, 5, len(names), len(names) + 4, 2 * len(names)):
        listed = varied(candidates, top, names)
        counts = [sum(one.recipe.pattern == name for one in listed) for name in names]
        assert len(listed) <= top and max(counts) <= -(-top // len(names))
        assert len({(one.recipe.pattern, one.recipe.praise) for one in listed}) == len(listed)
        assert [one.probability for one in listed] == sorted((one.probability for one in listed), reverse=True)
        assert listed[0] == candidates[0]
    # Many openers stand with the surest candidates of every pattern, so none is listed more often than a third.
    listed = varied(ranked(1_500), 9, names)
    for name in ("opener", "closer"):
        parts = [part for one in listed if any(map(str.isalpha, part := getattr(one.recipe, name)))]
        assert max(map(parts.count, parts), default=0) <= 3
    assert len(varied(candidates, len(names), names)) == len(names)


def test_remarks_that_fool_come_first_and_are_not_all_of_one_recipe() -> None:
    def only(sentences: Sequence[Sequence[str]]) -> np.ndarray:
        return np.array([0.9 if "adore" in tokens or "magical" in tokens else 0.2 for tokens in sentences])

    *_, last = search("m", only, Candidates(Question(SITUATION, top=9), PREPROCESSING))
    found = last.result()
    labels = [one.label for one in found.top]
    assert labels == sorted(labels, reverse=True) and {*labels} == {"negative", "positive"}
    fooling = [one.recipe.pattern for one in found.top if one.label == "positive"]
    assert len({*fooling}) == sum(share.fooled > 0 for share in found.by_recipe)
    assert max(map([one.recipe.pattern for one in found.top].count, fooling)) <= 3


def test_over_several_situations() -> None:
    found = [run(Question(situation, budget=100)) for situation in bank()[:15]]
    listed = gallery(found, 10)
    assert len(listed) == len({one.about for one in listed}) == len({one.recipe.pattern for one in listed}) == 10
    assert listed[0].probability == max(share.best.probability for one in found for share in one.by_recipe)
    for share in pooled(found):
        parts = [one for composition in found for one in composition.by_recipe if one.pattern == share.pattern]
        assert share.scored == sum(one.scored for one in parts) and share.fooled == sum(one.fooled for one in parts)
        counts = [one.fooled for one in parts], [one.scored for one in parts]
        assert share.interval == clustered_interval(*counts)
        assert share.interval[0] <= share.share <= share.interval[1]

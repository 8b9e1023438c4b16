"""Pattern search against a plain loop over states, its byte index, its contrast, and the files it reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import fisher_exact, ttest_ind

from core.data.targets import Target
from core.evaluation.intervals import difference, share
from core.models import checkpoints
from core.models.checkpoints import Checkpoint
from core.models.predict import verdict
from core.models.trace import Trace, trace, trace_tokens
from core.probes.scan.lines import Lines
from core.probes.units import patterns
from core.probes.units.pattern_contrast import END, context, contrast
from core.probes.units.patterns import Index, Matches, Pattern, index, level_of, pattern, search, to_levels
from core.probes.units.token_states import token_states
from tests.conftest import WORDS, write_tiny_checkpoint

SEED = 3


def made_up(count: int = 40, seed: int = SEED) -> Lines:
    random = np.random.default_rng(seed)
    texts = tuple(" ".join(random.choice(WORDS[7:], random.integers(1, 9))) for _ in range(count))
    labels = random.integers(-1, 2, count).astype(np.int8)
    return Lines("made_up.csv", texts, tuple(range(1, count + 1)), labels, 0, 0)


def indexed(checkpoint: Checkpoint, lines: Lines, state: str = "h") -> Index:
    *_before, last = index(checkpoint, lines, state)
    assert last.index is not None
    return last.index


def states(found: Trace, state: str) -> np.ndarray:
    values = found.h if state == "h" else found.c
    assert values is not None
    return values


def is_on(values: np.ndarray, threshold: float, magnitude: bool) -> np.ndarray:
    return np.array([[(abs(x) if magnitude else x) >= threshold for x in row] for row in values.tolist()])


def throughout(on: np.ndarray, first: int, last: int, bounded: bool) -> set[int]:
    """The units on from token `first` to `last`, unit by unit and token by token."""
    found = {unit for unit in range(on.shape[1]) if all(on[place, unit] for place in range(first, last + 1))}
    if bounded:
        for place in (first - 1, last + 1):
            if 0 <= place < len(on):
                found = {unit for unit in found if not on[place, unit]}
    return found


def plain_search(
    checkpoint: Checkpoint, lines: Lines, asked: Pattern, most: int, least: float
) -> list[tuple[object, ...]]:
    """The same search as a loop over every window, from traces in place of the index."""
    wanted = set(asked.units)
    windows = []
    seen: set[tuple[str, ...]] = set()
    sentence = -1
    for text in lines.texts:
        tokens = tuple(checkpoint.preprocessing(text))
        if not tokens or tokens in seen:
            continue
        seen.add(tokens)
        sentence += 1
        if tokens == asked.tokens:
            continue
        on = is_on(states(trace_tokens(checkpoint, tokens), asked.state), asked.threshold, asked.magnitude)
        for first in range(len(tokens) - len(asked) + 1):
            last = first + len(asked) - 1
            found = throughout(on, first, last, asked.bounded)
            shared = found & wanted
            if len(shared) < max(1, least * len(wanted)):
                continue
            low, high = first, last
            while low > 0 and all(on[low - 1, unit] for unit in shared):
                low -= 1
            while high < len(tokens) - 1 and all(on[high + 1, unit] for unit in shared):
                high += 1
            jaccard = len(shared) / len(found | wanted)
            windows.append((-len(shared), -jaccard, sentence, first, last, len(found), high - low + 1))
    kept: list[tuple[object, ...]] = []
    taken: set[tuple[int, int]] = set()
    for shared_, jaccard_, number, first, last, on_, length in sorted(windows):
        places = {(number, place) for place in range(first, last + 1)}
        if not places & taken and len(kept) < most:
            taken |= places
            kept.append((number, first, last, -shared_, on_, pytest.approx(-jaccard_), length))
    return kept


CASES = [
    ("rnn", "h", 0.3, False, False),
    ("gru", "h", 0.2, True, False),
    ("lstm", "h", 0.1, False, True),
    ("lstm", "c", 0.25, True, True),
    ("lstm", "c", 0.5, False, False),
]


@pytest.mark.parametrize(("name", "state", "threshold", "magnitude", "bounded"), CASES)
@pytest.mark.parametrize("span", [(2, 2), (1, 3)])
def test_the_search_is_a_plain_loop(
    tiny_checkpoints: Path,
    name: str,
    state: str,
    threshold: float,
    magnitude: bool,
    bounded: bool,
    span: tuple[int, int],
) -> None:
    checkpoint = checkpoints.load(name, tiny_checkpoints)
    lines = made_up()
    found = indexed(checkpoint, lines, state)
    searched = 0
    for text in lines.texts[:12]:
        read = trace(checkpoint, text)
        if len(read) <= span[1]:
            continue
        asked = pattern(checkpoint, read, *span, threshold, state, magnitude=magnitude, bounded=bounded)
        on = is_on(states(read, state), threshold, magnitude)
        assert set(asked.units) == throughout(on, *span, bounded)
        if not asked.units:
            continue
        searched += 1
        matches = search(found, asked, most=7, least=0.3)
        assert [
            (one.sentence, one.first, one.last, one.shared, one.on, one.jaccard, one.length) for one in matches.moments
        ] == plain_search(checkpoint, lines, asked, 7, 0.3)
        assert matches.itself == 1
    assert searched > 1


def test_levels_are_exact_at_every_threshold() -> None:
    random = np.random.default_rng(SEED)
    for state, step in patterns.STEPS.items():
        grid = step * np.arange(1, 128)
        edge = np.concatenate([grid, np.nextafter(grid, 0), np.nextafter(grid, 9)])
        values = np.concatenate([edge, -edge, random.uniform(-1, 1, 200), [0.0]]).astype(np.float32)
        levels = to_levels(values[:, None], state)[:, 0].astype(int)
        assert levels.max() <= 127 and levels.min() >= -127
        for threshold in grid:
            level = level_of(float(threshold), state)
            expected = values.astype(np.float64) >= threshold
            np.testing.assert_array_equal(levels >= level, expected)
            np.testing.assert_array_equal(abs(levels) >= level, abs(values.astype(np.float64)) >= threshold)


def test_an_index_holds_a_byte_a_state_and_says_what_it_left_out(
    tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = checkpoints.load("lstm", tiny_checkpoints)
    lines = Lines("f.csv", ("a b", "good movie", "  ", "good  movie", "so bad"), (1, 2, 3, 5, 6), None, 4, 0)
    found = indexed(checkpoint, lines)
    assert found.levels.nbytes == found.tokens * checkpoint.model.hidden_size == 6 * checkpoint.model.hidden_size
    assert (found.empty, found.repeated, found.cut) == (5, 1, 0)
    assert found.sentences == (("a", "b"), ("good", "movie"), ("so", "bad")) and found.rows == (1, 2, 6)
    assert found.labels is None
    np.testing.assert_allclose(
        found.probability, [trace(checkpoint, text).probability[-1] for text in ("a b", "good movie", "so bad")], 1e-5
    )
    monkeypatch.setattr(patterns, "MOST_TOKENS", 4)
    assert (indexed(checkpoint, lines).tokens, indexed(checkpoint, lines).cut) == (4, 1)


@pytest.mark.parametrize(("name", "state"), [("rnn", "h"), ("gru", "h"), ("lstm", "h"), ("lstm", "c")])
def test_states_of_many_sentences_are_those_of_each(tiny_checkpoints: Path, name: str, state: str) -> None:
    from core.data.corpus import encode

    checkpoint = checkpoints.load(name, tiny_checkpoints)
    texts = made_up(30).texts
    sentences = encode(texts, checkpoint.preprocessing, checkpoint.vocabulary)
    found = np.full((len(sentences.ids), checkpoint.model.hidden_size), np.nan)
    for places, values in token_states(checkpoint.model, sentences, state):
        found[places] = values
    each = np.concatenate([states(trace(checkpoint, text), state) for text in texts])
    np.testing.assert_allclose(found, each, atol=1e-5)


def test_one_token(tiny_checkpoints: Path) -> None:
    checkpoint = checkpoints.load("rnn", tiny_checkpoints)
    lines = Lines("f.csv", ("love", "hate", "love hate"), (1, 2, 3), None, 0, 0)
    asked = pattern(checkpoint, trace(checkpoint, "love"), 0, 0, 0.05)
    found = search(indexed(checkpoint, lines), asked)
    assert (found.windows, found.itself) == (3, 1)
    assert (found.moments[0].sentence, found.moments[0].first, found.moments[0].shared) == (2, 0, len(asked.units))


def test_refusals(tiny_checkpoints: Path) -> None:
    rnn, lstm = (checkpoints.load(name, tiny_checkpoints) for name in ("rnn", "lstm"))
    read = trace(lstm, "good movie")
    for wrong in (0.0, -0.3, 0.333, 1.28, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=r"multiple of 0\.01 from 0\.01 to 1\.27; given"):
            pattern(lstm, read, 0, 1, wrong)
    for span in ((1, 0), (0, 2), (-1, 1)):
        with pytest.raises(ValueError, match="of the 2; given"):
            pattern(lstm, read, *span, 0.3)
    with pytest.raises(ValueError, match="the rnn has no state 'c'; available: h"):
        next(index(rnn, made_up(3), "c"))
    with pytest.raises(ValueError, match="none of its 2 rows has a word"):
        next(index(rnn, Lines("f.csv", (" ", ""), (1, 2), None, 0, 0)))
    found = indexed(lstm, made_up(5))
    with pytest.raises(ValueError, match="the file was read by lstm"):
        search(found, pattern(rnn, trace(rnn, "good movie"), 0, 1, 0.1))
    nothing = pattern(lstm, read, 0, 1, 1.0)
    assert nothing.units == ()
    with pytest.raises(ValueError, match="no unit is on"):
        search(found, nothing)


def test_what_check_cancelled_raises_ends_the_index(tiny_checkpoints: Path) -> None:
    def stop() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        list(index(checkpoints.load("lstm", tiny_checkpoints), made_up(3), "c", stop))


@pytest.fixture
def found(tiny_checkpoints: Path) -> tuple[Index, Matches]:
    checkpoint = checkpoints.load("gru", tiny_checkpoints)
    searched = indexed(checkpoint, made_up(200))
    text = next(text for text in made_up(200).texts if len(text.split()) > 5)
    asked = pattern(checkpoint, trace(checkpoint, text), 1, 2, 0.2)
    return searched, search(searched, asked, most=40, least=0.3)


def test_what_sets_moments_apart_is_counted_by_hand(found: tuple[Index, Matches]) -> None:
    searched, matches = found
    told = contrast(searched, matches)
    assert matches.itself == 1 and len(matches.moments) == 40

    def next_of(sentence: int, last: int) -> str:
        return [*searched.sentences[sentence], END][last + 1]

    others = [one for one in searched.sentences if one != matches.pattern.tokens]
    spans = [[*one, END][last + 1] for one in others for last in range(1, len(one))]
    after = [next_of(one.sentence, one.last) for one in matches.moments]
    assert len(spans) == matches.windows
    assert {one.word for one in told.next_words} == {word for word in after if after.count(word) > 1}
    for one in told.next_words:
        assert (one.after, one.everywhere) == (after.count(one.word), spans.count(one.word))
        a, b = one.after, 40 - one.after
        table = [[a, b], [one.everywhere - a, matches.windows - 40 - one.everywhere + a]]
        assert one.p == pytest.approx(min(1, told.tested * fisher_exact(table, "greater").pvalue))
        assert one.times == pytest.approx((a / 40) / (one.everywhere / matches.windows))
    with_it = sorted({one.sentence for one in matches.moments})
    rest = [
        place for place, one in enumerate(searched.sentences) if place not in with_it and one != matches.pattern.tokens
    ]
    assert told.sentences == (len(with_it), len(rest))
    assert searched.labels is not None and told.positive is not None
    by_hand = [share(labels[labels >= 0] == 1) for labels in (searched.labels[with_it], searched.labels[rest])]
    assert list(told.positive) == by_hand
    assert told.positive_difference == difference(*by_hand)
    interval = ttest_ind(searched.probability[with_it], searched.probability[rest], equal_var=False)
    low, high = interval.confidence_interval()
    assert told.probability_difference is not None
    assert told.probability_difference.interval == pytest.approx((low, high))


def test_three_classes(tmp_path: Path) -> None:
    labels = ("negative", "neutral", "positive")
    write_tiny_checkpoint(tmp_path, "three", "gru", labels=labels)
    every = checkpoints.load("three", tmp_path)
    lines = replace(made_up(60), names=labels, labels=np.random.default_rng(0).integers(-1, 3, 60).astype(np.int8))
    searched = indexed(every, lines)
    again = indexed(every.targeted(Target(labels, 1)), lines)
    assert again.hash == searched.hash and np.array_equal(again.probability, searched.probability)
    text = next(text for text in lines.texts if len(text.split()) > 5)
    for target in (None, Target(labels, 1), Target(labels, 0, 2)):
        asked = every if target is None else every.targeted(target)
        wanted = pattern(asked, trace(asked, text), 1, 2, 0.1)
        assert wanted.target == (target or Target(labels, verdict(every, text).predicted))
        chances = [trace_tokens(asked.targeted(wanted.target), tokens).probability[-1] for tokens in searched.sentences]
        np.testing.assert_allclose(searched.chance(wanted.target), chances, atol=1e-6)
        matches = search(searched, wanted, most=10, least=0.3)
        told = contrast(searched, matches)
        assert told.label == wanted.target.name and told.positive is not None and searched.labels is not None
        with_it = sorted({one.sentence for one in matches.moments})
        of_it = searched.labels[with_it]
        assert told.positive[0] == share(of_it[of_it >= 0] == wanted.target.number)
        assert told.probability[0] == pytest.approx(np.mean([chances[number] for number in with_it]), abs=1e-6)
    unlike = replace(searched, names=("late", "lost"), labels=np.minimum(searched.labels, 1))
    assert contrast(unlike, matches).label == "lost"


def test_moments_in_context(found: tuple[Index, Matches]) -> None:
    searched, matches = found
    for moment in matches.moments:
        parts = context(searched, moment, around=2)
        tokens = " ".join(part for part in parts if part).replace("… ", "").replace(" …", "")
        whole = searched.sentences[moment.sentence]
        assert tokens == " ".join(whole[max(0, moment.first - 2) : moment.last + 3])
        assert parts[0].startswith("…") == (moment.first > 2)
        assert parts[2].endswith("…") == (moment.last + 3 < len(whole))

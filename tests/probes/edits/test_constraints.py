"""Constraints, the fluency of edits against whole sentences, and what is left to choose from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.probes.edits.changes import Edit, apply
from core.probes.edits.constraints import Fluency, SentenceFluency, protected, typeable
from core.probes.edits.guards import CANNOT_JUDGE, FAILED, PASSED
from core.probes.edits.proposals import gather
from core.probes.edits.search import MOST_TOKENS
from core.text.preprocessing import Preprocessing, Vocabulary
from tests.probes.small_models import random_trigram

WORDS = Vocabulary("abcde")


TRIGRAM = random_trigram("abcde", "z")


def plainly(before: Sequence[str], after: Sequence[str]) -> float:
    """The change as the module's text has it, from whole sentences."""

    def own(tokens: Sequence[str]) -> float:
        return sum(
            np.log(TRIGRAM.unigram[number]) - (np.log(3) if number == 1 else 0) for number in WORDS.encode(tokens)
        )

    old, new = TRIGRAM.score([before, after])
    if len(before) == len(after):
        return float(new - old)
    per_token = new * (len(before) + 1) / (len(after) + 1) - old
    return float(min(per_token, (new - own(after)) - (old - own(before))))


@settings(deadline=None, max_examples=40)
@given(st.text("abcdez", min_size=1, max_size=6), st.integers(0, 99))
def test_fluency_of_edits_against_whole_sentences(text: str, seed: int) -> None:
    random, tokens = np.random.default_rng(seed), tuple(text)
    edits = []
    for _ in range(12):
        start, stop = sorted(random.integers(0, len(tokens) + 1, 2).tolist())
        after = tuple("abcdez"[number] for number in random.integers(0, 6, random.integers(0, 3)))
        edits.append(Edit("substitute", start, tokens[start:stop], after))
    edited = SentenceFluency(TRIGRAM, tokens)
    for original in (tokens, tuple("cab")):  # of a sentence that was edited already: still against the original
        changes = edited.changes(edits, SentenceFluency(TRIGRAM, original))
        expected = [plainly(original, apply(tokens, [edit])) for edit in edits]
        np.testing.assert_allclose(changes, expected, atol=2e-9)
    assert edited.changes([], edited).shape == (0,)
    unseen = [Edit("substitute", place, (token,), ("y",)) for place, token in enumerate(tokens) if token == "z"]
    assert edited.changes(unseen, edited).tolist() == [0] * len(unseen), "the trigram knows neither"


def test_only_the_trigrams_that_an_edit_touches_are_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work and the memory of an edit do not grow with the sentence, and a search can be stopped meanwhile."""
    scored: list[int] = []
    log_probability = TRIGRAM.log_probability

    def counted(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
        scored.append(len(c))
        return log_probability(a, b, c)

    monkeypatch.setattr(TRIGRAM, "log_probability", counted)
    tokens = tuple("abcde" * (MOST_TOKENS // 5))
    edits = [Edit("substitute", place, (token,), ("x",)) for place, token in enumerate(tokens)] * 30
    original, calls = SentenceFluency(TRIGRAM, tokens), SimpleNamespace(checks=0)
    scored.clear()

    def check_cancelled() -> None:
        calls.checks += 1

    changes = original.changes(edits, original, check_cancelled)
    assert sum(scored) <= 3 * len(edits) and max(scored) < 20_000 and calls.checks == len(scored) > 5
    places = [0, 1, 500, 998, 999]
    expected = [plainly(tokens, apply(tokens, [edits[place]])) for place in places]
    np.testing.assert_allclose(changes[places], expected, atol=2e-9)


def test_a_floor_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="given: nan"):
        Fluency(TRIGRAM, float("nan"))


def test_protected_words_stay_where_they_are() -> None:
    rule = protected({1, 3})
    assert rule.allows(Edit("substitute", 0, ("a",), ("x",))) and rule.allows(Edit("insert", 1, (), ("x",)))
    assert not rule.allows(Edit("delete", 3, ("b",), ()))
    assert not rule.allows(Edit("swap", 0, ("a", "b"), ("b", "a")))


def test_new_tokens_are_read_as_themselves() -> None:
    rule = typeable(Preprocessing())
    words = ["took", "i'm", "im'", "Took", "soooo", "!!!"]
    allowed = [word for word in words if rule.allows(Edit("substitute", 0, ("x",), (word,)))]
    assert allowed == ["took", "i'm", "!!!"]


def propose(*edits: Edit) -> list[object]:
    def transformation(tokens: Sequence[str]) -> Iterator[Edit]:
        yield from edits

    return [transformation]


@settings(deadline=None, max_examples=60)
@given(st.text("ab", min_size=1, max_size=5), st.integers(0, 9_999))
def test_candidates_are_the_distinct_sentences(text: str, seed: int) -> None:
    random, tokens = np.random.default_rng(seed), tuple(text)
    edits = []
    for _ in range(30):
        start, stop = sorted(random.integers(0, len(tokens) + 1, 2).tolist())
        after = tuple("ab"[number] for number in random.integers(0, 2, random.integers(0, 3)))
        edits.append(Edit("substitute", start, tokens[start:stop], after))
    found = gather(tokens, propose(*edits))  # type: ignore[arg-type]
    sentences = [apply(tokens, [edit]) for edit in found.edits]
    expected = dict.fromkeys(apply(tokens, [edit]) for edit in edits)
    assert sentences == [sentence for sentence in expected if sentence and sentence != tokens]
    assert found.proposed == len(sentences)


class Judge:
    """Judges by the new word: x fails, y cannot be judged."""

    joint = False

    def __init__(self, name: str):
        self.name = name

    def judge(self, edits: Sequence[Edit], reading: str) -> str:
        return {"x": FAILED, "y": CANNOT_JUDGE}.get(edits[0].after[0], PASSED)


def test_what_was_kept_out_and_why() -> None:
    tokens = tuple("abc")
    edits = [Edit("substitute", place, (tokens[place],), (new,)) for place in range(3) for new in ("x", "y", "e", "E")]
    original = SentenceFluency(TRIGRAM, tokens)
    rules = (protected({0}), typeable(str.split), typeable(lambda token: [token.lower()]))
    found = gather(tokens, propose(*edits), rules, guards=[Judge("strict"), Judge("lax")], off=frozenset({"lax"}))  # type: ignore[arg-type]
    assert (found.proposed, found.refused) == (12, {"protected words": 4, "typeable": 2})
    assert found.failed == {"strict": 2, "lax": 2} and found.unjudged == {"strict": 2, "lax": 2}
    assert [edit.after for edit in found.edits] == [("y",), ("e",)] * 2
    both_off = gather(tokens, propose(*edits), rules, guards=[Judge("lax")], off=frozenset({"lax"}))  # type: ignore[arg-type]
    assert len(both_off) == 6 and both_off.failed == {"lax": 2}
    # Fluency is asked before the guards.
    changes = original.changes(edits, original)
    floor = -float(np.median(changes))
    found = gather(tokens, propose(*edits), (), Fluency(TRIGRAM, max(floor, 0)), original, [Judge("strict")])  # type: ignore[arg-type]
    within = [edit for edit, change in zip(edits, changes, strict=True) if change >= -max(floor, 0)]
    assert found.refused == {"fluency": 12 - len(within)} and 0 < len(within) < 12
    assert list(found.edits) == [edit for edit in within if edit.after != ("x",)]

"""What guards pass, refuse and cannot judge."""

from __future__ import annotations

import numpy as np
import pytest

from core.models.gold_labels import GOLD_LABELS
from core.probes.edits.changes import Edit
from core.probes.edits.guards import CANNOT_JUDGE, FAILED, PASSED, Antonyms, Negations, Polarity
from core.text import lexicon
from core.text.preprocessing import Vocabulary

POLARITY = {
    "stole": -1.5,
    "took": -0.2,
    "hated": -1.8,
    "liked": 0.1,
    "loved": 1.2,
    "good": 0.8,
    "well": 0.2,
    "the": 0.0,
}
WORDS = Vocabulary(POLARITY)
NEGATIVE, POSITIVE, MIXED = GOLD_LABELS
VALUES = np.array([0.0, 0.0, *POLARITY.values()])


def substitute(before: str, after: str) -> tuple[Edit]:
    return (Edit("substitute", 0, tuple(before.split()), tuple(after.split())),)


@pytest.mark.parametrize(
    ("before", "after", "negative", "positive", "mixed"),
    [
        ("stole", "took", PASSED, PASSED, PASSED),  # +1.3: a plainer word
        ("took", "stole", PASSED, FAILED, FAILED),  # a word that speaks for the other side of a positive reading
        ("hated", "liked", FAILED, PASSED, FAILED),  # +1.9: too far
        ("hated", "loved", FAILED, PASSED, FAILED),
        ("loved", "hated", PASSED, FAILED, FAILED),
        ("took", "good", FAILED, PASSED, FAILED),  # +1.0, and positive itself
        ("", "good", FAILED, PASSED, FAILED),
        ("", "well", PASSED, PASSED, PASSED),
        ("hated", "", FAILED, PASSED, FAILED),  # leaving it out takes 1.8 nats away
        ("took the", "the took", PASSED, PASSED, PASSED),
        ("good", '" good "', PASSED, PASSED, PASSED),  # marks have no polarity, and the word stays
        ("took", "grabbed", CANNOT_JUDGE, CANNOT_JUDGE, CANNOT_JUDGE),
        ("swiped", "took", CANNOT_JUDGE, CANNOT_JUDGE, CANNOT_JUDGE),
        ("swiped", "* swiped *", PASSED, PASSED, PASSED),
    ],
)
def test_polarity(before: str, after: str, negative: str, positive: str, mixed: str) -> None:
    guard = Polarity(VALUES, WORDS)
    judged = [guard.judge(substitute(before, after), gold_label) for gold_label in (NEGATIVE, POSITIVE, MIXED)]
    assert judged == [negative, positive, mixed]
    own = Polarity(VALUES, WORDS, labels=("ham", "spam"))
    assert [own.judge(substitute(before, after), gold_label) for gold_label in ("ham", "spam", MIXED)] == judged


def test_polarity_of_three_classes() -> None:
    """Away from the gold label is down in its row; of a mixed one, or no class, down in any."""
    three, rows = ("negative", "neutral", "positive"), np.stack([-VALUES, np.abs(VALUES), VALUES])
    two, guard = Polarity(VALUES, WORDS), Polarity(rows, WORDS, labels=three)
    for before, after in (("stole", "took"), ("took", "stole"), ("hated", "liked"), ("took", "good"), ("", "good")):
        for label in (NEGATIVE, POSITIVE):
            assert guard.judge(substitute(before, after), label) == two.judge(substitute(before, after), label)
        assert two.judge(substitute(before, after), "neutral") == two.judge(substitute(before, after), MIXED)
    assert guard.judge(substitute("hated", "liked"), "neutral") == FAILED  # 1.8 to 0.1
    assert guard.judge(substitute("liked", "hated"), "neutral") == PASSED
    assert guard.judge(substitute("liked", "hated"), MIXED) == FAILED
    shuffled = Polarity(rows[[2, 0, 1]], WORDS, labels=("positive", "negative", "neutral"))
    for label in (*three, MIXED):
        assert shuffled.judge(substitute("took", "good"), label) == guard.judge(substitute("took", "good"), label)


def test_polarity_of_several_edits_and_without_values() -> None:
    guard = Polarity(VALUES, WORDS)
    fine, unsure, bad = substitute("stole", "took")[0], substitute("took", "grabbed")[0], substitute("", "good")[0]
    assert guard.joint and guard.judge((fine, substitute("", "well")[0]), NEGATIVE) == PASSED
    assert guard.judge((fine, unsure), NEGATIVE) == CANNOT_JUDGE
    assert guard.judge((unsure, bad, fine), NEGATIVE) == FAILED
    # Each moves by +1.3 of the 1.6 allowed, together they move too far.
    assert guard.judge((fine, fine), NEGATIVE) == guard.judge((fine, fine), MIXED) == FAILED
    assert guard.judge((fine, fine), POSITIVE) == PASSED
    without = Polarity(None, WORDS)
    assert without.judge(substitute("took", "stole"), NEGATIVE) == CANNOT_JUDGE
    assert without.judge(substitute("took the", "the took"), NEGATIVE) == PASSED
    assert without.judge(substitute(".", "!!!"), NEGATIVE) == PASSED


class Opposites:
    def judges(self, word: str) -> bool:
        return word in {"hot", "cold", "happy", "sad", "warm"}

    def opposed(self, word: str, other: str) -> str | None:
        return "direct" if {word, other} in ({"hot", "cold"}, {"happy", "sad"}) else None


def test_antonyms() -> None:
    guard = Antonyms(Opposites())
    for before, after, judgement in (
        *(("hot", "cold", FAILED), ("cold", "hot", FAILED), ("hot", "warm", PASSED)),
        *(("hot", "zesty", CANNOT_JUDGE), ("zesty", "hot", CANNOT_JUDGE), ("", "hot", PASSED), ("hot", "", PASSED)),
    ):
        assert guard.judge(substitute(before, after), MIXED) == judgement
    out, put = Edit("delete", 3, ("happy",), ()), Edit("insert", 3, (), ("sad",))
    assert guard.judge((out,), MIXED) == guard.judge((put,), MIXED) == PASSED
    assert guard.judge((out, put), MIXED) == FAILED
    assert Antonyms(None).judge(substitute("hot", "warm"), MIXED) == CANNOT_JUDGE


def test_antonyms_of_the_shipped_lexicon_in_whatever_inflection() -> None:
    guard = Antonyms(lexicon.load())
    for before, after in (("hated", "loved"), ("hates", "love"), ("forgot", "remembered"), ("awful", "great")):
        assert guard.judge(substitute(before, after), MIXED) == FAILED
    assert guard.judge(substitute("stole", "took"), MIXED) == PASSED
    assert guard.judge(substitute("gonna", "will"), MIXED) == CANNOT_JUDGE


def test_negations() -> None:
    for before, after in (("", "not"), ("never", ""), ("not", "nott"), ("did not", "not did"), ("can't", "can")):
        assert Negations().judge(substitute(before, after), MIXED) == FAILED
    assert Negations().judge(substitute("knot", "note"), MIXED) == PASSED

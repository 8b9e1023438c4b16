"""Cues fire where their examples say and nowhere else, gates change nothing, and give-aways weigh nothing."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.tables import rows
from core.probes.scan import cues
from core.probes.scan.cues import CUES, GIVE_AWAY, CueFinder, gives_away, without_give_aways
from core.text import word_cache

EXAMPLES = {
    "love-of": ["I love it when the bus never comes", "enjoying being ignored", "we adore the way you sing"],
    "interjection": ["Oh great, the printer is on fire", "WOW. You did it", "yay, Monday", "it rained. oh joy"],
    "praise-beside-trouble": ["what a lovely migraine", "Stuck in the lift: brilliant", "happy that they delayed us"],
    "strengthened-praise": ["you are SO helpful", "such a clever idea", "that was absolutely wonderful"],
    "set-phrase": ["just what I needed", "Yeah right", "can't wait", "said no one ever", "nice one", "way to go"],
    "thanks": ["Thanks for the parking ticket", "thank you so much", "thx a lot"],
    "rhetorical-question": ["who doesn't like rain?", "isn't it obvious?", "Really?"],
    "laughter": ["hahaha", "lol", "sure ;)", "fine 🙄"],
    "stretched-word": ["sooooo", "niiice"],
    "quotes": ['my "friend" forgot', "the “help” desk", "a 'nice' surprise"],
    "heavy-marks": ["no!!", "what?!", "why??"],
    "ellipsis": ["well...", "hm…"],
}
SILENT = [
    "",
    "the train leaves at ten",
    "I walked to the shop and bought bread.",
    "He said it isn't raining",
    "don't stop, it's theirs and the dogs' bowl",
    "They met at noon? No, at one.",
    "wait for me by the door",
    "thanksgiving dinner is on thursday",
    "ha",
]


def patterns_alone(text: str) -> tuple[str, ...]:
    """The cues without any gate: every need and pattern looked for in the whole text."""
    low = text[: cues.LENGTH].lower()
    return tuple(
        cue.name
        for cue in CUES
        if (cue.pattern.search(low) if cue.pattern else all(cues._NEEDED[need].search(low) for need in cue.needs))
    )


def test_cues_are_shown_by_their_examples_and_by_no_plain_text() -> None:
    for name, texts in EXAMPLES.items():
        for text in texts:
            assert name in CueFinder()(text).names, (name, text)
    assert {text: CueFinder()(text) for text in SILENT} == dict.fromkeys(SILENT, ((), 0.0))
    assert set(EXAMPLES) == {cue.name for cue in CUES}
    assert all(cue.weight > 0 and cue.needs for cue in CUES)
    assert [cue.weight for cue in CUES] == sorted((cue.weight for cue in CUES), reverse=True)


def test_the_score_grows_with_every_cue_and_stays_below_one() -> None:
    assert CueFinder()("hm...").score == pytest.approx(1 - math.exp(-0.1))
    both = CueFinder()("hm... lol")
    assert set(both.names) == {"ellipsis", "laughter"} and both.score == pytest.approx(1 - math.exp(-0.4))
    everything = CueFinder()(" ".join(text for texts in EXAMPLES.values() for text in texts))
    assert CueFinder()("hm...").score < both.score < everything.score < 1


WORDS = [word for texts in EXAMPLES.values() for text in texts for word in text.split()] + ["#not", "/s", "3am", "oh"]


@given(st.lists(st.sampled_from(WORDS), max_size=15), st.sampled_from([" ", "  ", "\n", ", ", "-"]))
def test_gates_change_nothing(words: list[str], between: str) -> None:
    text = between.join(words)
    assert tuple(name for name in CueFinder()(text).names if name != GIVE_AWAY) == patterns_alone(text)


def test_gates_change_nothing_on_real_texts(report_data: Path) -> None:
    finder = CueFinder()
    for row in rows(report_data, ["text"]):
        text = str(row.values[0])
        assert tuple(name for name in finder(text).names if name != GIVE_AWAY) == patterns_alone(text)


def test_a_finder_that_remembers_says_what_a_new_one_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_cache, "SIZE", 7)
    finder = CueFinder()
    for text in [*SILENT, *(text for texts in EXAMPLES.values() for text in texts)] * 2:
        assert finder(text) == CueFinder()(text)
        assert len(finder._held) <= 7


GIVE_AWAYS = ["so fun #sarcasm", "#NOT happy", "what a day #Irony", "sure thing /s", "nice #sarcastic", "ok #notreally"]


def test_give_aways_are_reported_and_weigh_nothing() -> None:
    for text in GIVE_AWAYS:
        assert gives_away(text) and CueFinder()(text).names[-1] == GIVE_AWAY
        bare = without_give_aways(text)
        assert not gives_away(bare) and "#" not in bare and "/s" not in bare
        assert CueFinder()(text).score == CueFinder()(bare).score
        assert without_give_aways(bare) == bare
    for text in ("#nothing", "#notable day", "and/so on", "a /s in the middle", "#ironing", "not"):
        assert not gives_away(text) and without_give_aways(text) == text


@pytest.mark.parametrize(
    "text", ['"' * 50_000, "how " * 30_000, "is n't it " * 9_000, "oh" + "!" * 90_000, "a'" * 50_000]
)
def test_long_texts_take_no_time(text: str) -> None:
    start = time.perf_counter()
    CueFinder()(text)
    assert time.perf_counter() - start < 1

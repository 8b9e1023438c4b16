"""The parts of the page on sarcasm, run in process on tiny checkpoints: a comment tested, finds kept and listed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.models import checkpoints
from core.models.gold_labels import GOLD_LABELS
from core.probes.sarcasm import comment as probe
from core.probes.sarcasm.comment import judge
from core.storage.comments import Find, Finds
from pages.wording.tokens import signed
from tests import app
from tests.app import choose_row, live, offers, parameter, press, said, sound
from tests.hostile import SENTENCES
from tests.views.test_every_page import Html

MARKER = "zqxmarker"  # a word that stands nowhere on a page unless it was typed
NAMES = ("rnn", "gru", "lstm")
TEXT = "I love this movie, so good"

COMMENT = """
import streamlit as st
from pages.views.sarcasm import comment
from pages.widgets import models

checkpoints, faults = models.load_all()
comment.view(st.text_input("text", key="q") or "", checkpoints)
"""
KEEP = """
import streamlit as st
from pages.views.sarcasm import kept as finds

finds.keep_find_form(finds.FindCandidate(**st.session_state["candidate"]), "keep this")
"""
KEPT = """
from pages.views.sarcasm import kept as finds

finds.view()
"""
STRIP = """
import streamlit as st
from pages.wording.tokens import pull_strip

pull_strip(**st.session_state["strip"])
"""


@pytest.fixture(autouse=True)
def _own_world(tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))
    monkeypatch.setenv("UNROLLED_COLLECTION", str(tmp_path / "kept.sqlite3"))


def run(script: str, **state: Any) -> AppTest:
    at = AppTest.from_string(script, default_timeout=60)
    for name, value in state.items():
        at.session_state[name] = value
    return sound(at.run())


def commented(text: str = TEXT, **parameters: str) -> AppTest:
    """The view of a comment, opened through a link."""
    at = AppTest.from_string(COMMENT, default_timeout=60)
    at.session_state["q"] = text
    for name, value in parameters.items():
        at.query_params[name] = value
    return sound(at.run())


def judged(text: str = TEXT, reading: str = "negative") -> tuple[probe.Comment, ...]:
    return judge([checkpoints.load(name) for name in NAMES], text, reading)


# Test a comment


@pytest.mark.parametrize("reading", GOLD_LABELS)
def test_every_model_says_whether_it_is_fooled_and_by_how_much(reading: str) -> None:
    at = commented(reading=reading)
    found = judged(reading=reading)
    assert [metric.label for metric in at.metric] == ["RNN", "GRU", "LSTM"]
    assert [metric.value for metric in at.metric] == [one.verdict.label for one in found]
    assert [metric.delta for metric in at.metric] == [f"P(positive) = {one.verdict.probability:.3f}" for one in found]
    badges = re.findall(r"\[:material/\w+: ((?:not )?fooled)\]", said(at))
    assert badges == [{True: "fooled", False: "not fooled"}[one.fooled] for one in found if one.fooled is not None]
    for one in found:
        if one.margin is None:
            assert f"Its logit is {signed(one.verdict.logit)}." in said(at)
        else:
            side = "the wrong" if one.fooled else "your"
            line = f"{abs(one.margin):.3f} on {side} side of 0.5, {abs(one.logit_margin or 0):.2f} in the logit."
            assert line in said(at)


def test_how_many_are_fooled_is_said_first(monkeypatch: pytest.MonkeyPatch, tiny_checkpoints: Path) -> None:
    from pages.widgets import models

    lines = {}
    for reading in ("negative", "positive"):
        count = sum(bool(one.fooled) for one in judged(reading=reading))
        lines[count] = (said(commented(reading=reading)), reading)
    assert sorted(lines) == [1, 2], "the tiny models are of two minds about this one"
    line, reading = lines[1]
    assert f"**1 of 3 models is fooled**: it reads as {opposite(reading)} what you read as {reading}." in line
    line, reading = lines[2]
    assert f"**2 of 3 models are fooled**: they read as {opposite(reading)} what you read as {reading}." in line
    one = checkpoints.load("lstm")
    monkeypatch.setattr(models, "load_all", lambda: ([one], []))
    told = [said(commented(reading=reading)) for reading in ("negative", "positive")]
    assert sum("**The model is fooled**" in text for text in told) == 1
    assert sum("**The model is not fooled**" in text for text in told) == 1


def opposite(reading: str) -> str:
    return {"negative": "positive", "positive": "negative"}[reading]


@pytest.mark.parametrize(
    ("margin", "begins"), [(0.05, "By a little"), (0.2, "Clearly"), (0.45, "By far"), (-0.2, "0.200")]
)
def test_how_far_is_told_in_plain_words(margin: float, begins: str) -> None:
    from dataclasses import replace

    from pages.views.sarcasm.comment import _by_how_much

    one = judged()[0]
    moved = replace(one, verdict=replace(one.verdict, probability=0.5 + margin, logit=margin))
    assert _by_how_much(moved).startswith(begins)


def test_the_reading_travels_in_the_link() -> None:
    at = commented()
    assert at.segmented_control(key="sarcasm reading").value == "negative" and parameter(at, "reading") is None
    at.segmented_control(key="sarcasm reading").set_value("mixed").run()
    assert parameter(at, "reading") == "mixed" and "no wrong verdict" in said(at)
    at.query_params["reading"] = "positive"
    assert sound(at.run()).segmented_control(key="sarcasm reading").value == "positive"
    at.query_params["reading"] = "sad"
    assert sound(at.run()).segmented_control(key="sarcasm reading").value == "negative"
    assert "The link names no reading that there is" in said(at) and parameter(at, "reading") is None


def test_the_strips_say_what_leaving_out_each_word_does() -> None:
    at = commented(reading="mixed")
    found = judged(reading="mixed")
    assert len(at.html) == 3
    for one, strip in zip(found, at.html, strict=True):
        texts = Html(strip.proto.body.partition("</style>")[2]).texts
        assert texts[0::2] == list(one.verdict.tokens)
        assert texts[1::2] == [signed(pull) for pull in one.pulls or ()]
        assert [
            float(told) for told in re.findall(r'title="[^"]*P\(positive\) is ([\d.]+)"', strip.proto.body)
        ] == pytest.approx(list(one.probabilities_without or ()), abs=6e-4)
    table = at.dataframe[0].value
    assert table["model"].tolist() == [one.model.upper() for one in found for _ in one.verdict.tokens]
    assert table["word"].tolist() == [token for one in found for token in one.verdict.tokens]
    pulls = [pull for one in found for pull in one.pulls or ()]
    assert table["pull (logits)"].tolist() == pytest.approx(pulls, abs=6e-5)


@pytest.mark.parametrize("text", [TEXT, "i do not hate it"])
def test_the_words_that_turn_a_verdict_are_named(text: str) -> None:
    lines = [app.shown(caption.value) for caption in commented(text).caption]
    expected = []
    for one in judged(text):
        named = ", ".join(f"“{one.verdict.tokens[place]}” (word {place + 1})" for place in one.turning)
        if not named:
            expected.append("No word alone turns the verdict when it is left out.")
        elif len(one.turning) == 1:
            expected.append(f"Leaving out {named} alone turns the verdict.")
        else:
            expected.append(f"Leaving out any one of these turns the verdict: {named}.")
    assert [line for line in lines if "turns the verdict" in line] == expected


def test_many_words_that_turn_a_verdict_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe.Comment, "turning", property(lambda _self: tuple(range(7))))
    line = "“i” (word 1), “love” (word 2), “this” (word 3), “movie” (word 4), “,” (word 5) and 2 more."
    assert said(commented()).count(line) == 3


def test_a_word_that_no_model_knows_is_marked() -> None:
    assert "Dashed" not in said(commented())
    at = commented("so frabjous")
    assert "Dashed, with a question mark: not in the vocabulary" in said(at)
    assert all("u-pull u-unknown" in strip.proto.body for strip in at.html)


def test_no_word_invites_and_a_text_that_is_hardly_one_is_tested() -> None:
    at = commented("\u3000")
    assert [info.value for info in at.info] == [
        "There is no word to read yet. Type a sentence, or pick one of the examples."
    ]
    assert not at.metric and not at.html and not at.button
    for text in ("frabjous", "?!", "\0", "🤷 שלום", "e\u0301" * 50):
        at.text_input(key="q").set_value(text).run()
        assert len(sound(at).metric) == len(at.html) == 3


def test_a_long_text_gets_its_verdicts_and_no_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "MOST", 310)
    at = commented("love " * 310)
    assert len(at.html) == 3
    assert [line.value for line in at.caption].count("and 10 more tokens, read but not shown") == 3
    at = commented("love " * 311)
    assert len(at.metric) == 3 and not at.html and not at.dataframe
    assert "in texts of up to 310 tokens; this one has 311." in said(at)
    assert offers(at, "Keep this text")
    assert len(commented("love " * 10_000).metric) == 3


# The strip


def strip(**what: Any) -> str:
    tokens = what["tokens"]
    usual = {"known": [True] * len(tokens), "pulls": [0.5] * len(tokens), "hints": [""] * len(tokens)}
    return run(STRIP, strip={**usual, **what}).html[0].proto.body.partition("</style>")[2]


def test_the_colour_follows_the_sign_and_the_strength() -> None:
    shades = re.findall(r"rgba\((\d+), \d+, \d+, ([\d.]+)\)", strip(tokens=list("abcde"), pulls=[4, 2, 0, -1, -4]))
    assert [float(opacity) for _, opacity in shades] == pytest.approx([0.6, 0.3, 0, 0.15, 0.6])
    assert [red for red, _ in shades] == ["0", "0", shades[3][0], shades[3][0], shades[3][0]]
    assert shades[3][0] != "0"
    (weak,) = re.findall(r"rgba\(0, \d+, \d+, ([\d.]+)\)", strip(tokens=["a"], pulls=[0.01]))
    assert float(weak) < 0.01, "a pull of hardly anything is not shown as a strong one"


@pytest.mark.parametrize(
    ("number", "shown"), [(1.234, "+1.23"), (-1.236, "−1.24"), (0.004, "0.00"), (-0.004, "0.00"), (0, "0.00")]
)
def test_a_number_has_its_sign(number: float, shown: str) -> None:
    assert signed(number) == shown


def test_a_strip_of_hostile_tokens_is_inert() -> None:
    html = Html(strip(tokens=[*SENTENCES, "x"], known=[False] * len(SENTENCES) + [True], hints=[*SENTENCES, "x"]))
    assert html.tags == {"div", "span"}
    assert html.attributes == {"class", "title", "style"}
    assert len(html.texts) == 2 * len(SENTENCES) + 2 and html.texts[-2:] == ["x", "+0.50"]


# Keep


def probabilities(at: AppTest) -> dict[str, float]:
    return {metric.label.lower(): float(metric.delta.rpartition("=")[2]) for metric in at.metric}


def kept() -> list[Find]:
    return Finds().finds()


def test_a_comment_is_kept_once_for_the_models_that_it_fools() -> None:
    at = commented(reading="negative")
    fooled = [one.model for one in judged() if one.fooled]
    assert 0 < len(fooled) < 3
    assert at.multiselect[0].value == fooled
    assert at.radio[0].value == "negative"
    at.text_input[1].set_value("[a](note) =1")
    press(at, "Keep this text")
    assert f"Kept for {', '.join(fooled).upper()}, read as “negative”." in said(at)
    found = kept()
    assert [find.model for find in found] == fooled[::-1]
    for find in found:
        assert (find.text, find.reading, find.source, find.how, find.original) == (TEXT, "negative", "typed", "", None)
        assert find.note == "[a](note) =1" and find.fooled
        assert find.probability == pytest.approx(probabilities(at)[find.model], abs=5e-4)
    sound(at.run())
    assert kept() == found and "Kept for" not in said(at)
    press(at, "Keep this text")
    assert kept() == found, "the same text again is the same find"


def test_another_text_or_reading_starts_the_form_anew() -> None:
    at = commented(reading="negative")
    at.radio[0].set_value("mixed")
    at.multiselect[0].set_value(["gru"])
    at.segmented_control(key="sarcasm reading").set_value("positive").run()
    sound(at)
    assert at.radio[0].value == "positive"
    assert at.multiselect[0].value == [one.model for one in judged(reading="positive") if one.fooled]
    at.text_input(key="q").set_value("so bad").run()
    assert at.multiselect[0].value == [one.model for one in judged("so bad", "positive") if one.fooled] or list(NAMES)
    press(at, "Keep this text")
    assert {find.text for find in kept()} == {"so bad"}


CANDIDATE = {
    "text": "i love waiting",
    "probabilities": {"lstm": 0.9},
    "reading": "negative",
    "original": "i hate waiting",
    "source": "edit",
    "how": "hate → love",
}


def test_where_a_find_comes_from_is_kept_with_it() -> None:
    at = run(KEEP, candidate=CANDIDATE)
    assert not at.multiselect, "one model is no choice"
    at.radio[0].set_value("mixed")
    press(at, "Keep this text")
    (find,) = kept()
    assert (find.text, find.original, find.source, find.how) == (
        "i love waiting",
        "i hate waiting",
        "edit",
        "hate → love",
    )
    assert (find.model, find.probability, find.reading, find.fooled) == ("lstm", 0.9, "mixed", None)


def test_a_find_needs_a_reading_and_a_model() -> None:
    candidate = {**CANDIDATE, "reading": None, "probabilities": {"lstm": 0.9, "gru": 0.8}}
    at = run(KEEP, candidate=candidate)
    assert at.radio[0].value is None and at.multiselect[0].value == ["lstm", "gru"]
    press(at, "Keep this text")
    assert "say first how you read it" in said(at)
    at.radio[0].set_value("negative")
    at.multiselect[0].set_value([])
    press(at, "Keep this text")
    assert "choose a model at least" in said(at)
    assert kept() == []


@pytest.mark.parametrize(
    ("change", "says"),
    [({"text": " "}, "there is no text to keep"), ({"text": "so \ud83d"}, "half a surrogate pair"), ({}, "cannot be")],
)
def test_what_cannot_be_kept_is_one_line(
    change: dict[str, str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not change:
        monkeypatch.setenv("UNROLLED_COLLECTION", str(tmp_path))
    at = press(run(KEEP, candidate={**CANDIDATE, **change}), "Keep this text")
    (error,) = at.error
    assert says in app.shown(error.value)
    assert not at.success


# The finds


def keep_some() -> None:
    for number, (model, reading, source) in enumerate(
        [("lstm", "negative", "typed"), ("gru", "mixed", "edit"), ("rnn", "positive", "edit")]
    ):
        Finds().keep(
            text=f"text {number}",
            model=model,
            probability=0.75,
            reading=reading,
            source=source,
            how="" if source == "typed" else "so → very",
        )


def test_no_find_invites() -> None:
    assert "No find is kept yet" in said(run(KEPT))


def test_finds_are_listed_and_filtered() -> None:
    keep_some()
    at = run(KEPT)
    table = at.dataframe[0].value
    assert table["text"].tolist() == ["text 2", "text 1", "text 0"]
    assert table["the model is"].tolist() == ["not fooled", "–", "fooled"]
    assert table["comes from"].tolist() == ["an edit", "an edit", "typed in"]
    for kind, key, value, expected in (
        ("segmented_control", "reading", "mixed", ["text 1"]),
        ("selectbox", "source", "edit", ["text 1"]),
        ("segmented_control", "reading", None, ["text 2", "text 1"]),
        ("selectbox", "model", "rnn", ["text 2"]),
        ("text_input", "text", "TEXT 1", []),
        ("selectbox", "model", None, ["text 1"]),
        ("text_input", "text", "→ VERY", ["text 2", "text 1"]),
    ):
        sound(getattr(at, kind)(key=f"finds {key}").set_value(value).run())
        shown = at.dataframe[0].value
        assert (shown["text"].tolist() if len(shown) else []) == expected
        assert f"{len(expected)} of 3 finds" in said(at)


def test_chosen_finds_are_removed() -> None:
    keep_some()
    at = run(KEPT)
    assert at.button(key="finds remove").disabled
    at.segmented_control(key="finds reading").set_value("mixed").run()
    choose_row(at, "text", 0, 7, -1)
    assert at.button(key="finds remove").label == "Remove the chosen find"
    sound(at.button(key="finds remove").click().run())
    assert [find.text for find in kept()] == ["text 2", "text 0"]


def test_a_find_that_somebody_else_removed_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_some()
    at = run(KEPT)
    choose_row(at, "text", 0, 1)
    remove = Finds.remove

    def twice(self: Finds, number: int) -> None:
        remove(self, number)
        remove(self, number)

    monkeypatch.setattr(Finds, "remove", twice)
    sound(at.button(key="finds remove").click().run())
    assert [find.text for find in kept()] == ["text 0"]


# Hostile texts, and other languages

# What takes a text as it stands, or is told to.
HOLDERS = {"text_input", "html", "arrow_data_frame", "dataframe", "download_button"}


def test_a_hostile_comment_is_inert(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe.Comment, "turning", property(lambda self: tuple(range(len(self.without or ())))))
    at = commented()
    for hostile in (SENTENCES[0], SENTENCES[10], SENTENCES[14]):
        text = f"{hostile} {MARKER}"
        at.text_input(key="q").set_value(text).run()
        assert live(sound(at), MARKER) <= HOLDERS
        for html in (Html(element.proto.body) for element in at.html):
            assert html.tags <= {"style", "div", "span"} and html.attributes <= {"class", "title", "style"}
        press(at, "Keep this text")
        assert text in {find.text for find in kept()}
        Finds().keep(
            text=hostile, original=text, model=MARKER, probability=0.5, reading="mixed", how=hostile, note=text
        )
    listed = run(KEPT)
    assert live(listed, MARKER) <= HOLDERS | {"selectbox"}
    assert hostile in listed.dataframe[0].value["text"].tolist()


def test_everything_said_goes_through_gettext(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_some()
    app.mark_messages(monkeypatch)
    pages = [*(commented("so frabjous bad", reading=reading) for reading in GOLD_LABELS), run(KEPT)]
    pages += [
        commented(""),
        commented(reading="x"),
        press(commented(), "«Keep this text"),
        run(KEEP, candidate=CANDIDATE),
    ]
    pages.append(run(KEEP, candidate=CANDIDATE))
    for at in pages:
        for kind in (at.markdown, at.caption, at.info, at.warning, at.success, at.header):
            for found in kind:
                assert "«" in found.value or found.value in ("**RNN**", "**GRU**", "**LSTM**"), found.value
        for kind in (at.button, at.radio, at.multiselect, at.segmented_control, at.selectbox, at.expander):
            assert [found.label for found in kind if not found.label.startswith("«")] == []
        for table in at.dataframe:
            assert [name for name in table.value.columns if not name.startswith("«")] == []

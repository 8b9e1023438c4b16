"""The parts of the page on sarcasm, run in process on tiny checkpoints: a comment tested, finds kept and listed."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.data.targets import Target
from core.models import checkpoints
from core.models.gold_labels import GOLD_LABELS
from core.probes.sarcasm import comment as probe
from core.probes.sarcasm.comment import judge
from core.storage.comments import Find, Finds
from core.storage.database import Prediction
from pages.wording.tokens import signed
from tests import app
from tests.app import answers, choose_row, live, numbers_in, offers, parameter, press, said, sound, strips
from tests.hostile import SENTENCES

MARKER = "zqxmarker"  # a word that stands nowhere on a page unless it was typed
NAMES = ("rnn", "gru", "lstm")
TEXT = "I love this movie, so good"

KEEP = """
import streamlit as st
from pages.views.sarcasm import kept as finds

finds.keep_find_form(finds.FindCandidate(**st.session_state["candidate"]), "keep this")
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
    return sound(app.opened("Sarcasm", q=text, **parameters))


def finds() -> AppTest:
    """The view of what is kept."""
    return sound(app.opened("Sarcasm", "kept"))


def judged(text: str = TEXT, reading: str = "negative") -> tuple[probe.Comment, ...]:
    return judge([checkpoints.load(name) for name in NAMES], text, reading)


# Test a comment


def test_until_a_person_says_how_they_read_it_no_model_is_fooled_and_nothing_is_kept() -> None:
    at = commented()
    assert at.segmented_control(key="sarcasm reading").value is None and parameter(at, "reading") is None
    assert [metric.value for metric in at.metric] == [one.verdict.label for one in judged()]
    assert "badge[" not in said(at) and "fooled:" not in answers(at)[0] and not offers(at, "Keep this text")


def test_every_model_says_whether_it_is_fooled_and_by_how_much() -> None:
    at, counts = commented(), []
    for reading in GOLD_LABELS:
        sound(at.segmented_control(key="sarcasm reading").set_value(reading).run())
        found = judged(reading=reading)
        assert [metric.label for metric in at.metric] == ["RNN", "GRU", "LSTM"]
        assert [metric.value for metric in at.metric] == [one.verdict.label for one in found]
        chances = [f"P(positive) = {one.verdict.probability:.3f}" for one in found]
        assert [metric.delta for metric in at.metric] == chances
        badges = re.findall(r"(\w+)-badge\[:material/(\w+):", said(at))
        kinds = {True: ("orange", "theater_comedy"), False: ("green", "check")}
        assert badges == [kinds[one.fooled] for one in found if one.fooled is not None]
        fooled = [one.model.upper() for one in found if one.fooled]
        assert [name for name in answers(at)[0].partition("fooled:")[0].split(" ") if name.strip(",").isupper()] == [
            f"{name}," if name != fooled[-1] else name for name in fooled
        ] or reading == "mixed"
        if reading != "mixed":
            counts.append(len(fooled))
    assert sorted(counts) == [1, 2], "the tiny models are of two minds about this one"


def test_how_far_is_told_in_plain_words() -> None:
    from pages.views.sarcasm.comment import _by_how_much, _how_far

    one, said_of = judged()[0], set()
    for margin in (0.05, 0.2, 0.45, -0.2):
        moved = replace(one, verdict=replace(one.verdict, probability=0.5 + margin, logit=margin))
        assert numbers_in(_by_how_much(moved))[0] == pytest.approx(abs(margin))
        said_of.add(_how_far(moved))
    assert len(said_of) == 4


def test_the_reading_travels_in_the_link() -> None:
    at = commented()
    at.segmented_control(key="sarcasm reading").set_value("mixed").run()
    assert parameter(at, "reading") == "mixed"
    at.query_params["reading"] = "positive"
    assert sound(at.run()).segmented_control(key="sarcasm reading").value == "positive"
    at.query_params["reading"] = "sad"
    assert sound(at.run()).segmented_control(key="sarcasm reading").value is None
    assert parameter(at, "reading") is None


def test_a_reading_belongs_to_its_sentence() -> None:
    at = commented(reading="negative")
    assert at.segmented_control(key="sarcasm reading").value == "negative"
    sound(at.text_input(key="q").set_value("so bad").run())
    assert at.segmented_control(key="sarcasm reading").value is None and parameter(at, "reading") is None
    assert "badge[" not in said(at) and not offers(at, "Keep this text")
    at.query_params["q"], at.query_params["reading"] = TEXT, "negative"  # the browser went back
    assert sound(at.run()).segmented_control(key="sarcasm reading").value == "negative"
    at = sound(app.opened("Sarcasm", reading="negative"))
    assert at.segmented_control(key="sarcasm reading").value is None, "a link without a sentence says nothing of one"
    at.text_input(key="q").set_value("so good " * 400).run()
    sound(at.segmented_control(key="sarcasm reading").set_value("negative").run())
    assert parameter(at, "reading") is None and offers(at, "Keep this text"), "too long a sentence is in no link"


def test_the_strips_say_what_leaving_out_each_word_does() -> None:
    at = commented(reading="mixed")
    found = judged(reading="mixed")
    for one, strip in zip(found, strips(at), strict=True):
        assert strip["words"] == list(one.verdict.tokens)
        assert [look["below"] for look in strip["looks"]] == [signed(pull) for pull in one.pulls or ()]
        assert [
            float(re.findall(r"P\(positive\) is ([\d.]+)", look["hint"])[0]) for look in strip["looks"]
        ] == pytest.approx(list(one.probabilities_without or ()), abs=6e-4)
    table = at.dataframe[0].value
    assert table["model"].tolist() == [one.model.upper() for one in found for _ in one.verdict.tokens]
    assert table["word"].tolist() == [token for one in found for token in one.verdict.tokens]
    pulls = [pull for one in found for pull in one.pulls or ()]
    assert table["effect (logits)"].tolist() == pytest.approx(pulls, abs=6e-4)


def test_the_words_that_turn_a_verdict_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    at = commented()
    for text in (TEXT, "i do not hate it"):
        sound(at.text_input(key="q").set_value(text).run())
        named = [re.findall(r"“(.*?)” \(\w+ (\d+)\)", app.shown(line.value)) for line in at.caption]
        wanted = [[(one.verdict.tokens[place], str(place + 1)) for place in one.turning] for one in judged(text)]
        assert [words for words in named if words] == [words for words in wanted if words]
    monkeypatch.setattr(probe.Comment, "turning", property(lambda _self: tuple(range(7))))
    sound(at.text_input(key="q").set_value(TEXT).run())
    assert [numbers_in(line.value) for line in at.caption].count([1, 2, 3, 4, 5, 2]) == 3, "five words and 2 more"


def test_texts_of_no_word_of_unknown_ones_and_of_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    at = commented("\u3000")
    assert len(at.info) == 1 and not at.metric and not strips(at) and not offers(at, "Keep this text")
    for text in ("?!", "\0", "🤷 שלום", "so frabjous"):
        at.text_input(key="q").set_value(text).run()
        assert len(sound(at).metric) == len(strips(at)) == 3
        assert len(at.warning) == (not any(strips(at)[0]["known"]))
    assert all(strip["known"] == [True, False] for strip in strips(at))
    monkeypatch.setattr(probe, "MOST", 310)
    sound(at.text_input(key="q").set_value("love " * 311).run())
    assert len(at.metric) == 3 and not strips(at) and not at.dataframe
    assert [numbers_in(info.value) for info in at.info] == [[310, 311]]


# Keep


def probabilities(at: AppTest) -> dict[str, float]:
    return {metric.label.lower(): float(metric.delta.rpartition("=")[2]) for metric in at.metric}


def kept() -> list[Find]:
    return Finds().finds()


def test_a_comment_is_kept_once_for_the_models_that_it_fools() -> None:
    at = commented(reading="negative")
    fooled = [one.model for one in judged() if one.fooled]
    assert 0 < len(fooled) < 3
    assert at.multiselect[0].value == fooled and not at.radio, "what was said once is not asked again"
    at.text_input[1].set_value("[a](note) =1")
    press(at, "Keep this text")
    assert ", ".join(fooled).upper() in at.success[0].value
    found = kept()
    assert [find.model for find in found] == fooled[::-1]
    for find in found:
        assert (find.text, find.reading, find.source, find.how, find.original) == (TEXT, "negative", "typed", "", None)
        assert find.note == "[a](note) =1" and find.fooled
        assert find.probability == pytest.approx(probabilities(at)[find.model], abs=5e-4)
    sound(at.run())
    assert kept() == found and not at.success
    press(at, "Keep this text")
    assert kept() == found, "the same text again is the same find"


def test_another_text_or_reading_starts_the_form_anew() -> None:
    at = commented(reading="negative")
    at.multiselect[0].set_value(["gru"])
    sound(at.segmented_control(key="sarcasm reading").set_value("positive").run())
    assert at.multiselect[0].value == [one.model for one in judged(reading="positive") if one.fooled]
    at.text_input(key="q").set_value("so bad").run()
    at.segmented_control(key="sarcasm reading").set_value("positive").run()
    assert at.multiselect[0].value == [one.model for one in judged("so bad", "positive") if one.fooled] or list(NAMES)
    press(at, "Keep this text")
    assert {(find.text, find.reading) for find in kept()} == {("so bad", "positive")}


CANDIDATE = {
    "text": "i love waiting",
    "predictions": {"lstm": Prediction.second(0.9)},
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
    candidate = {
        **CANDIDATE,
        "predictions": {"lstm": Prediction.second(0.9), "gru": Prediction.second(0.8)},
    }
    at = run(KEEP, candidate=candidate)
    assert at.radio[0].value is None and at.multiselect[0].value == ["lstm", "gru"]
    press(at, "Keep this text")
    assert len(at.warning) == 1
    at.radio[0].set_value("negative")
    at.multiselect[0].set_value([])
    press(at, "Keep this text")
    assert len(at.warning) == 1 and kept() == []


def test_what_cannot_be_kept_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for text in (" ", "so \ud83d", "so good"):
        if text == "so good":
            monkeypatch.setenv("UNROLLED_COLLECTION", str(tmp_path))
        at = press(run(KEEP, candidate={**CANDIDATE, "text": text, "reading": "negative"}), "Keep this text")
        (error,) = at.error
        assert "\n" not in error.value and not at.success


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


def test_finds_are_listed_and_filtered() -> None:
    assert len(finds().info) == 1
    keep_some()
    at = finds()
    table = at.dataframe[0].value
    assert table["text"].tolist() == ["text 2", "text 1", "text 0"]
    no, cannot, yes = table["outcome"]
    assert cannot == "–" and len({no, cannot, yes}) == 3
    edit, same, typed = table["source"]
    assert edit == same != typed
    for kind, key, value, expected in (
        ("segmented_control", "judgement", "mixed", ["text 1"]),
        ("selectbox", "source", "edit", ["text 1"]),
        ("segmented_control", "judgement", None, ["text 2", "text 1"]),
        ("selectbox", "model", "rnn", ["text 2"]),
        ("text_input", "text", "TEXT 1", []),
        ("selectbox", "model", None, ["text 1"]),
        ("text_input", "text", "→ VERY", ["text 2", "text 1"]),
    ):
        sound(getattr(at, kind)(key=f"finds {key}").set_value(value).run())
        shown = at.dataframe[0].value
        assert (shown["text"].tolist() if len(shown) else []) == expected
        assert numbers_in(answers(at)[0])[:2] == [len(expected), 3]


def test_finds_of_several_classes_name_theirs() -> None:
    three = ("sad", "neither", "glad")
    said = {"air": Prediction(0.4, "glad", Target(three, 1)), "bus": Prediction(0.7, "sad", Target(three, 0, 2))}
    at = run(KEEP, candidate={**CANDIDATE, "predictions": said, "reading": "glad"})
    assert at.multiselect[0].value == ["bus"]
    at.multiselect[0].set_value(["air", "bus"])
    press(at, "Keep this text")
    table = finds().dataframe[0].value
    assert table[["P(target class)", "target class", "verdict", "outcome"]].to_numpy().tolist() == [
        [0.7, "P(sad | sad or glad)", "sad", "fooled"],
        [0.4, "P(neither)", "glad", "not fooled"],
    ]
    Finds().remove(2)
    assert list(finds().dataframe[0].value.columns[:2]) == ["P(neither)", "verdict"]


def test_chosen_finds_are_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_some()
    at = finds()
    assert at.button(key="finds remove").disabled
    at.segmented_control(key="finds judgement").set_value("mixed").run()
    choose_row(at, "text", 0, 7, -1)
    sound(at.button(key="finds remove").click().run())
    assert [find.text for find in kept()] == ["text 2", "text 0"]
    sound(at.segmented_control(key="finds judgement").set_value(None).run())
    choose_row(at, "text", 0)
    remove = Finds.remove

    def twice(self: Finds, number: int) -> None:
        remove(self, number)
        remove(self, number)

    monkeypatch.setattr(Finds, "remove", twice)
    sound(at.button(key="finds remove").click().run())
    assert [find.text for find in kept()] == ["text 0"], "what somebody else removed is no fault"


def test_a_hostile_find_is_inert() -> None:
    text = f"{SENTENCES[10]} {MARKER}"
    at = press(commented(text, reading="negative"), "Keep this text")
    assert live(at, MARKER) <= {"text_input", "bidi_component", "html", "arrow_data_frame", "dataframe", "page_link"}
    Finds().keep(text=text, original=text, model=MARKER, probability=0.5, reading="mixed", how=text, note=text)
    listed = finds()
    assert live(listed, MARKER) <= {"text_input", "arrow_data_frame", "dataframe", "download_button", "selectbox"}
    assert text in listed.dataframe[0].value["text"].tolist()


def test_what_is_said_of_finds_goes_through_gettext(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_some()
    app.mark_messages(monkeypatch)
    sent = press(commented("so frabjous bad", reading="positive"), "«Keep this text")
    for at in (sent, finds(), run(KEEP, candidate=CANDIDATE)):
        assert app.unmarked(at, {"RNN", "GRU", "LSTM"}) == []

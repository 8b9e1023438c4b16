"""Models of other classes than sentiment are asked, judged and kept by the names of their classes."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.data.targets import Target
from core.models import checkpoints, predictor
from core.models.predict import verdict
from core.models.predictor import BlackBox
from core.probes.edits import sources as edit_sources
from core.probes.sarcasm.candidates import Question
from core.probes.sarcasm.comment import judge
from core.probes.sarcasm.recipes import PATTERNS
from core.storage.comments import Find, Finds
from pages.widgets import models
from tests import app
from tests.app import forget, opened, parameter, press, said, sound
from tests.conftest import write_tiny_checkpoint
from tests.probes.small_models import word_sources

TEXT = "so good, i love this movie"
MAIL = ("ham", "spam")


@pytest.fixture(autouse=True)
def _own_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model of sentiment, a checkpoint and a callable that tell ham from spam."""

    def letters(texts: list[str]) -> list[float]:
        return [len(text) % 7 / 7 for text in texts]

    folder = tmp_path / "checkpoints"
    for name in ("gru", "mail"):
        write_tiny_checkpoint(folder, name, "gru", seed=3)
    mail = checkpoints.load("mail", folder)
    checkpoints.save_again(mail, {**mail.card, "labels": list(MAIL)}, folder)
    letters.labels = MAIL  # type: ignore[attr-defined]
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(folder))
    monkeypatch.setenv("UNROLLED_COLLECTION", str(tmp_path / "kept.sqlite3"))
    monkeypatch.setattr(sys, "argv", ["app.py", "--predictor", "own:letters"])
    monkeypatch.setattr(predictor, "load", lambda spec, taken=(): BlackBox(letters, spec))
    forget()


def kept() -> list[Find]:
    return Finds().finds()


def test_a_gold_label_is_any_class_and_judges_the_models_that_have_it() -> None:
    at = sound(opened("Sarcasm", "comment", q=TEXT, reading="spam"))
    box = at.segmented_control(key="sarcasm reading")
    assert box.options == ["ham", "spam", "negative", "positive", "mixed"] and box.value == "spam"
    assert parameter(at, "reading") == "spam"
    assert "GRU has no class “spam”" in said(at)
    verdicts = [verdict(checkpoints.load("mail"), TEXT).label, MAIL[_letters()]]
    assert said(at).count("violet-badge[:material/theater_comedy:") == verdicts.count("ham")
    assert said(at).count("green-badge[:material/check:") == verdicts.count("spam")
    sound(box.set_value("mixed").run())
    assert "badge[" not in said(at)


def _letters() -> int:
    return int(len(TEXT) % 7 / 7 >= 0.5)


def test_a_find_is_kept_for_the_models_that_have_the_class() -> None:
    at = sound(opened("Sarcasm", "comment", q=TEXT, reading="ham"))
    assert set(at.multiselect[0].value) <= {"letters", "mail"}
    at.multiselect[0].set_value(["letters", "mail", "gru"])
    at = press(at, "Keep this text")
    assert [warning.value for warning in at.warning] == ["Not kept for GRU: no class is called “ham”."]
    assert {(find.model, find.reading, find.target) for find in kept()} == {
        ("letters", "ham", "spam"),
        ("mail", "ham", "spam"),
    }
    assert {find.model: find.label for find in kept()}["letters"] == MAIL[_letters()]
    shown = sound(opened("Sarcasm", "kept")).dataframe[0].value
    assert shown["gold label"].tolist() == ["ham", "ham"]
    assert shown["outcome"].tolist() == ["fooled" if find.fooled else "not fooled" for find in kept()]


def test_a_find_of_an_older_file_is_read_by_the_names_of_its_models_classes() -> None:
    for model in ("mail", "letters", "gru", "gone"):
        Finds().keep(text=TEXT, model=model, probability=0.75, reading="negative")
    with closing(sqlite3.connect(Finds().path)) as connection:
        connection.execute("UPDATE finds SET target = NULL, label = NULL")
        connection.commit()
    at = sound(opened("Sarcasm", "kept"))
    shown = at.dataframe[0].value
    assert shown["gold label"].tolist() == ["first class", "negative", "ham", "ham"]
    assert shown["outcome"].tolist() == ["fooled"] * 4
    sound(at.segmented_control(key="finds judgement").set_value("ham").run())
    assert at.dataframe[0].value["model"].tolist() == ["letters", "mail"]


def test_edits_aim_at_a_class_by_its_name() -> None:
    at = sound(opened("Sarcasm", "edits", q=TEXT, model="mail", goal="ham", reading="spam"))
    goal = at.segmented_control(key="edits goal")
    assert goal.options == ["make the model disagree with me", "spam", "ham"] and goal.value == "ham"
    assert at.segmented_control(key="sarcasm reading").options == ["ham", "spam", "mixed"]
    at = sound(opened("Sarcasm", "edits", q=TEXT, model="gru", goal="ham", reading="spam"))
    assert at.segmented_control(key="edits goal").value == "flip" and parameter(at, "goal") is None
    assert at.segmented_control(key="sarcasm reading").value is None


AIRLINE = ("late", "*lost*", "fine")


@pytest.fixture
def airline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> checkpoints.Checkpoint:
    """A model of three classes beside the others, and words for edits."""
    words = word_sources()
    write_tiny_checkpoint(tmp_path / "checkpoints", "airline", "gru", labels=AIRLINE, seed=3)
    monkeypatch.setattr(models, "fluency", lambda: (SimpleNamespace(trigram=words.trigram, hash="made up"), ""))
    monkeypatch.setattr(edit_sources, "load", lambda _trigram=None: words)
    forget()
    return checkpoints.load("airline")


def test_remarks_and_the_suite_take_models_that_have_sentiment(
    airline: checkpoints.Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tiny_checkpoint(tmp_path / "checkpoints", "moods", "gru", labels=("negative", "neutral", "positive"))
    shutil.rmtree(tmp_path / "checkpoints" / "mail")  # of more than three models a person chooses
    monkeypatch.setattr(Question.__init__, "__defaults__", (*Question.__init__.__defaults__[:-1], PATTERNS[:1]))
    forget()
    at = sound(opened("Models", "behaviour", cases="2"))
    assert app.table(at, "capability", "moods").columns.tolist()[3:] == ["GRU", "moods"]
    assert "airline (late, *lost* or fine)" in app.shown(said(at))
    failing = app.table(at, "verdict", "P(positive)")
    assert set(failing["verdict"]) <= {"negative", "neutral", "positive"}
    at = press(opened("Sarcasm", "compose", model="moods", top="3"), "Build and score")
    remarks = app.table(at, "remark")
    model = checkpoints.load("moods")
    positive = [verdict(model, text).distribution[2] for text in remarks["remark"]]
    assert remarks["P(positive)"].tolist() == pytest.approx(positive, abs=6e-4)
    assert remarks["verdict"].tolist() == [verdict(model, text).label for text in remarks["remark"]]


@pytest.mark.parametrize("reading", [*AIRLINE, "negative", "mixed"])
def test_a_comment_on_three_classes_is_judged_and_kept(airline: checkpoints.Checkpoint, reading: str) -> None:
    (found,) = judge([airline], TEXT, reading if reading in AIRLINE else "mixed")
    at = sound(opened("Sarcasm", "comment", q=TEXT, reading=reading))
    box = at.selectbox(key="sarcasm reading")  # eight labels are too many to stand side by side
    assert box.value == reading and {*AIRLINE, "ham", "mixed"} <= {*box.options}
    if reading in AIRLINE:
        (line,) = (app.shown(one.help) for one in at.markdown if "badge[" in one.value)
        other = reading if found.fooled else found.verdict.runner_up
        assert line == f"{2 * abs(found.margin or 0):.3f} more probable than {other}"
    else:
        assert f"log-odds of {found.verdict.label}" in app.shown(said(at))
    words = app.table(at, "target class")
    mine = words[words["model"] == "airline"]
    assert set(mine["target class"]) == {found.verdict.label}
    assert mine["effect (logits)"].tolist() == pytest.approx(list(found.pulls or ()), abs=6e-4)
    at = sound(opened("Sarcasm", "comment", q=TEXT, reading=reading, target="fine", against="late"))
    aimed = found.verdict.aimed(Target(AIRLINE, 2, 0))
    assert f"P(fine | fine or late) = {aimed.probability:.3f}" in " ".join(app.shown(one.delta) for one in at.metric)
    if reading in AIRLINE:
        at.multiselect[0].set_value(["airline"])
        press(at, "Keep this text")
        (find,) = kept()
        assert (find.label, find.target, find.against) == (found.verdict.label, "fine", "late")
        assert find.fooled == found.fooled and find.probability == pytest.approx(aimed.probability, abs=1e-6)


@pytest.mark.parametrize("goal", ["flip", "*lost*"])
def test_edits_of_three_classes_are_searched_shown_and_kept(airline: checkpoints.Checkpoint, goal: str) -> None:
    before = verdict(airline, TEXT)
    settings = {"model": "airline", "reading": before.label, "guards": "negations", "fluency": "60", "edits": "1"}
    at = sound(opened("Sarcasm", "edits", q=TEXT, goal=goal, **settings))
    assert at.segmented_control(key="edits goal").options[1:] == ["fine", r"\*lost\*", "late"]
    at = press(at, "Search for edits")
    target = before.label if goal == "flip" else goal
    assert f"P({target}) {before.distribution[AIRLINE.index(target)]:.3f} → " in said(at)
    flips = app.table(at, "edited")
    reached = {verdict(airline, text).label for text in flips["edited"]}
    assert set(flips["verdict"]) == reached
    assert before.label not in reached if goal == "flip" else reached == {goal}
    at.radio[0].set_value(before.label)
    press(at, "Keep this text")
    (find,) = kept()
    assert (find.target, find.reading, find.fooled) == (target, before.label, True)
    assert find.label == verdict(airline, find.text).label
    shown = sound(opened("Sarcasm", "kept")).dataframe[0].value
    assert shown[[f"P({target})", "verdict"]].values.tolist() == [[round(find.probability, 3), find.label]]

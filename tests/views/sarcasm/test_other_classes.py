"""Models of other classes than sentiment are asked, judged and kept by the names of their classes."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from core.models import checkpoints, predictor
from core.models.predict import verdict
from core.models.predictor import BlackBox
from core.storage.comments import Find, Finds
from tests.app import forget, opened, parameter, press, said, sound
from tests.conftest import write_tiny_checkpoint

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
    assert said(at).count("orange-badge[:material/theater_comedy:") == verdicts.count("ham")
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
    assert goal.options == ["the opposite verdict", "spam", "ham"] and goal.value == "ham"
    assert at.segmented_control(key="sarcasm reading").options == ["ham", "spam", "mixed"]
    at = sound(opened("Sarcasm", "edits", q=TEXT, model="gru", goal="ham", reading="spam"))
    assert at.segmented_control(key="edits goal").value == "flip" and parameter(at, "goal") is None
    assert at.segmented_control(key="sarcasm reading").value == "negative"

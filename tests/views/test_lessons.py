"""Tasks in the link: a page answers after its reader has; the shipped lessons open, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.runtime import i18n
from pages.help import lessons
from tests.app import opened, said, sound
from tests.hostile import SENTENCES

pytestmark = pytest.mark.usefixtures("tiny_models")
TASKS = [
    (f"{key}-{number}", task)
    for key, lesson in lessons.lessons().items()
    for number, task in enumerate(lesson.tasks, 1)
]


def html(at: AppTest) -> str:
    return " ".join(found.proto.body for found in at.get("html"))


def reveal(at: AppTest, answer: str = "") -> AppTest:
    (box,) = [found for found in at.text_input if found.label == "Your answer"]
    box.set_value(answer)
    (button,) = [found for found in at.button if found.label == "Show what the page says"]
    return sound(button.click().run())


@pytest.mark.parametrize(("name", "task"), TASKS, ids=[name for name, _task in TASKS])
def test_every_task_asks_first_and_then_opens(name: str, task: lessons.Task) -> None:
    at = sound(opened(task.page, lesson=name, **task.link))
    assert task.ask in html(at).replace("&#x27;", "'")
    assert not at.get("plotly_chart") and not at.metric and not at.dataframe
    shown = html(reveal(at, "my guess"))
    assert "my guess" in shown and task.ask in shown.replace("&#x27;", "'")


def test_six_lessons_in_both_languages() -> None:
    found = lessons.lessons()
    assert len(found) == 6 and all(len(lesson.tasks) >= 3 for lesson in found.values())
    try:
        i18n.use(i18n.TRADITIONAL_CHINESE)
        said_in_chinese = [
            i18n.gettext(text) for one in found.values() for text in (one.name, one.idea, one.tasks[0].ask)
        ]
    finally:
        i18n.use(i18n.ENGLISH)
    assert all(any("\u4e00" <= letter <= "\u9fff" for letter in text) for text in said_in_chinese)


def test_a_question_of_ones_own_is_shown_as_text() -> None:
    for hostile in [text for text in SENTENCES[::5] if text.strip()]:
        at = sound(opened(ask=hostile, q="so good"))
        assert "Your answer" in [box.label for box in at.text_input] and not at.metric
        assert "<script" not in html(at).lower() and "<img" not in html(at).lower()
    at = reveal(sound(opened(ask="What will it say?", q="so good")), "<b>positive</b>")
    assert "&lt;b&gt;positive" in html(at)


@pytest.mark.parametrize(
    "name", ["", "order", "order-0", "order-99", "x-1", "order--1", "order-" + "9" * 5_000, "<b>-1"]
)
def test_a_task_that_is_not_there_is_no_task(name: str) -> None:
    at = sound(opened(lesson=name, q="so good"))
    assert "Your answer" not in [box.label for box in at.text_input]
    assert ("`lesson`" in said(at)) == bool(name)


@pytest.mark.parametrize(
    "text", ["", "[x]\nname = 1", "x = 1", "[[", '[x]\nname = "n"\ntasks = [{page = "None", ask = "a"}]']
)
def test_a_file_that_is_no_list_of_lessons_is_refused(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    monkeypatch.setenv(lessons.VARIABLE, str(path))
    if not text:
        assert lessons.lessons() == {}
        return
    with pytest.raises(ValueError, match=r"mine\.toml"):
        lessons.lessons()
    at = sound(opened(q="so good"))
    assert "mine.toml" in said(at).replace("\\", "") and at.metric


def test_lessons_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        '[a]\nname = "Mine"\n[[a.tasks]]\npage = "Home"\nlink = {q = "so bad"}\nask = "And?"\n', encoding="utf-8"
    )
    monkeypatch.setenv(lessons.VARIABLE, str(path))
    at = sound(opened(lesson="a-1", q="so bad", lang="zh-TW"))
    assert "And?" in html(at)
    assert not any("Content-Type" in caption.value for caption in at.caption), "a lesson may say nothing of its idea"

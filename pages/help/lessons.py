"""A task in the link: a question that is answered before the page answers. And the lessons, which are lists of such.

The link has ``lesson=order-2``, or ``ask=`` and a teacher's own question. Both stand only in the address: another page
or view, reached by a click, has no task.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import streamlit as st

from core.runtime.i18n import gettext as _
from pages.wording.tokens import lead, plain

LONGEST = 300  # characters of a teacher's question and of an answer
VARIABLE = "UNROLLED_LESSONS"  # a file of lessons instead of the shipped ones
_SHIPPED = Path(__file__).with_name("lessons.toml")
_PAGES = Path(__file__).parent.parent


class Task(NamedTuple):
    """A page by its file's name without the number (or ``Home``), what its link carries, and the question."""

    page: str
    link: Mapping[str, str]
    ask: str

    @property
    def path(self) -> str:
        """The page's file."""
        if self.page == "Home":
            return "app.py"
        return next(f"pages/{path.name}" for path in _PAGES.glob("*_*.py") if path.stem.partition("_")[2] == self.page)


class Lesson(NamedTuple):
    """A list of tasks, what it is called and about."""

    name: str
    idea: str
    tasks: tuple[Task, ...]


def lessons() -> Mapping[str, Lesson]:
    """The lessons by key: those of the file that ``UNROLLED_LESSONS`` names, or the shipped ones.

    Raises ValueError, one line, for a file that is no list of lessons.
    """
    return _read(Path(os.environ.get(VARIABLE) or _SHIPPED))


@cache
def _read(path: Path) -> Mapping[str, Lesson]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        made = {
            key: Lesson(
                str(lesson["name"]),
                str(lesson.get("idea", "")),
                tuple(
                    Task(str(task["page"]), {k: str(v) for k, v in task.get("link", {}).items()}, str(task["ask"]))
                    for task in lesson["tasks"]
                ),
            )
            for key, lesson in found.items()
        }
        for lesson in made.values():
            for task in lesson.tasks:
                task.path  # noqa: B018, StopIteration for a page that is not there
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError, StopIteration):
        raise ValueError(f"{path.name} is no file of lessons; pages/help/lessons.toml shows the form") from None
    return made


def gate() -> None:
    """Where the link sets a task: the question and a box; the page goes on when the answer is asked for."""
    key, ask = st.query_params.get("lesson", ""), st.query_params.get("ask", "")
    where = _found(key)
    if where is None:
        if key:
            st.caption(_("Invalid in the link: {names}. Using the default.").format(names="`lesson`"))
        if not ask.strip():
            return
    question = _(where[0].tasks[where[1]].ask) if where else ask.strip()[:LONGEST]
    state = f"task {key} {question}"
    answered = st.session_state.get(state)
    with st.container(border=True):
        if where:
            lesson, number = where
            title = _("{name} · task {number} of {count}")
            st.caption(plain(title.format(name=_(lesson.name), number=number + 1, count=len(lesson.tasks))))
        lead(question)
        if answered is None:
            for text in (st.query_params.get(name, "") for name in ("q", "second")):
                if text.strip():
                    lead(f"“{text.strip()[: 2 * LONGEST]}”")
            box = f"{state} box"
            st.text_input(_("Your answer"), key=box, max_chars=LONGEST)

            def reveal() -> None:
                st.session_state[state] = st.session_state[box] or ""

            st.button(_("Show what the page says"), key=f"{state} reveal", on_click=reveal, type="primary")
            st.stop()
        if answered:
            lead(_("Your answer: {answer}").format(answer=answered))
        if where:
            _onward(key, *where)


def _there_are() -> Mapping[str, Lesson]:
    """The lessons; none, with a line, where their file cannot be read."""
    try:
        return lessons()
    except ValueError as error:
        st.error(plain(str(error)))
        return {}


def _found(key: str) -> tuple[Lesson, int] | None:
    """A lesson and a task's place in it, from 0, of the link's ``order-2``."""
    name, _dash, number = key.rpartition("-")
    lesson = _there_are().get(name) if name else None
    if lesson is None or not number.isdecimal() or not 1 <= int(number[:4]) <= len(lesson.tasks):
        return None
    return lesson, int(number) - 1


def _onward(key: str, lesson: Lesson, number: int) -> None:
    if number + 1 < len(lesson.tasks):
        name = key.rpartition("-")[0]
        _link(name, lesson, number + 1, _("Next task"))
    else:
        st.page_link("app.py", label=_("End of the lesson"), icon=":material/home:")


def _link(name: str, lesson: Lesson, number: int, label: str) -> None:
    task = lesson.tasks[number]
    carried = {**task.link, "lesson": f"{name}-{number + 1}"}
    st.page_link(task.path, label=label, icon=":material/arrow_forward:", query_params=carried | _language())


def _language() -> dict[str, str]:
    return {"lang": st.query_params["lang"]} if "lang" in st.query_params else {}


def offer() -> None:
    """The lessons behind a button, and a link with a question that the reader types."""
    with st.popover(_("Lessons"), icon=":material/school:"):
        for name, lesson in _there_are().items():
            _link(name, lesson, 0, plain(_(lesson.name)))
            if lesson.idea:  # gettext has its own meaning for the empty text
                st.caption(plain(_(lesson.idea)))
        st.divider()
        asked = st.text_input(_("A question of your own for this page"), key="task question", max_chars=LONGEST)
        if asked:
            link = {name: value for name, value in st.query_params.items() if name not in ("ask", "lesson")}
            st.code("?" + urlencode(link | {"ask": asked}), language=None, wrap_lines=True)
            st.caption(_("Add this to the page’s address. The page answers only after its reader has."))

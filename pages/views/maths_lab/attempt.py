"""An exercise to be tried: blanks that are marked, hints and working on demand, the link that keeps the answers.

Nothing of the solution is drawn before it is asked for.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Mapping, Sequence

import streamlit as st

from core.lab.attempt import Mark, Part, Problem
from core.lab.handout import Handout
from core.lab.variants import MOST_SEED
from core.lab.worksheet import rows
from core.runtime import i18n
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed
from pages.server.fingerprint import fingerprint
from pages.views.maths_lab.worksheet import show_lines
from pages.widgets import query_params
from pages.wording.latex_words import worded
from pages.wording.tokens import plain

_WIDTH = 150  # pixels of a blank: two of them stand side by side on a phone
_MOST_BOXES = 200  # of more, only those of the step at hand are drawn
_DRAWN = {
    "right": ("green", ":material/check:"),
    "rounded": ("green", ":material/check:"),
    "coarse": ("orange", ":material/more_horiz:"),
    "follows": ("orange", ":material/undo:"),
    "wrong": ("red", ":material/close:"),
    "unreadable": ("orange", ":material/question_mark:"),
}
_ICONS = {"right": "check_circle", "wrong": "cancel", "begun": "pending", "new": "circle"}


def show(problem: Problem, key: str) -> bool:
    """The question, what is given, and the steps with their blanks; whether the whole solution is asked for.

    `key` begins the keys of the widgets; a section has one such exercise. Answers are forgotten when the given numbers
    change. The link carries them as ``try``, the blanks asked as ``blanks``, the steps shown as ``steps``, and
    ``solution=1``.
    """
    answers = _answers(problem, key)
    st.header(plain(problem.title))
    st.markdown(plain(problem.question))
    with st.container(horizontal=True, gap="medium"):
        for line in problem.given:
            with st.container(width="content", gap=None):
                show_lines([line])
    steps, below = st.container(), st.container(horizontal=True, vertical_alignment="center")
    with below:
        whole: bool = query_params.linked(
            st.toggle,
            _("Show the whole solution"),
            name="solution",
            key=f"{key} solution",
            default=False,
            read={"1": True}.get,
            write=lambda _on: "1",
        )
        asked = _blanks_asked(problem, key)
        _downloads(problem, asked, key, solved=whole)
        st.button(
            _("Clear my answers"),
            icon=":material/backspace:",
            key=f"{key} clear",
            on_click=_clear,
            args=(problem, key),
            disabled=not any(answers.values()),
        )
    typed = {name: text for name, text in answers.items() if name in asked and text}
    _carry(typed)
    marks = problem.marks(typed)
    with steps:
        _progress(marks, len(asked))
        parts = [part for part in problem.parts if any(blank.name in asked for blank in part.blanks)]
        found = [_status(part, asked, marks) for part in parts]
        # When a step is finished it closes, and the next one opens in its place.
        following = next((place for place, (status, _right, _count) in enumerate(found) if status != "right"), None)
        for place, (part, (status, right, count)) in enumerate(zip(parts, found, strict=True)):
            title = f"{plain(part.title)} · " + _("{right} of {count} right").format(right=right, count=count)
            icon = f":material/{_ICONS[status]}:"
            opened = place == following
            # Streamlit (1.67) keeps the boxes, and the focus, of a fold whose title changes if it has a key and no
            # callback; and then it opens or closes it only under another key.
            with st.expander(title, opened, icon=icon, type="step", key=f"{key} fold {place} {opened}"):
                if len(asked) > _MOST_BOXES and not opened:
                    st.caption(_("Steps of a long exercise open one after another."))
                    continue
                _boxes(part, asked, marks, key)
                _help(problem, part, asked, key)
        query_params.carry("steps", query_params.written(sorted(_shown(key))) if _shown(key) else None)
    return whole


def seed(key: str) -> int | None:
    """The number of a sheet, whose numbers are drawn by it, for the exercise of this key; None for a reader's own.

    The link carries it as ``sheet``.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", width="content"):
        chosen: int | None = query_params.linked(
            st.number_input,
            _("Sheet number"),
            0,
            MOST_SEED,
            None,
            name="sheet",
            key=f"{key} sheet",
            default=None,
            read=query_params.whole(0, MOST_SEED),
            step=1,
            placeholder=_("own numbers"),
            help=_("Everyone who types the same number gets the same exercise. Empty it to use your own numbers."),
            width=170,
        )
        st.button(_("Other numbers"), icon=":material/casino:", key=f"{key} other", on_click=_draw, args=(key,))
    return chosen


def _draw(key: str) -> None:
    st.session_state[f"{key} sheet"] = random.randrange(1, 1_000)
    st.session_state[f"{key} solution"] = False


def _answers(problem: Problem, key: str) -> dict[str, str]:
    """What is in the boxes by blank; other given numbers than before empty them, unless a link was just opened."""
    state = st.session_state
    names = [blank.name for blank in problem.blanks()]
    linked, before = f"{key} try", state.get(f"{key} try")
    query_params.restore("try", {}, lambda given: _read(given, names), linked)
    opened = state[linked] is not before
    query_params.restore("steps", [], query_params.positions(len(problem.parts), all_of_them=False), f"{key} steps")
    numbers = fingerprint((names, sorted(problem.known.items())))
    if opened:
        _fill(problem, key, state[linked])
    elif state.get(f"{key} numbers") != numbers:
        _clear(problem, key)
        if state.get(f"{key} names") != names:
            state.pop(f"{key} blanks", None)
    state[f"{key} numbers"], state[f"{key} names"] = numbers, names
    kept: dict[str, str] = state[f"{key} answers"]
    for name in names:  # a box that is not drawn is forgotten, so its text is kept here as well
        kept[name] = state.setdefault(f"{key} {name}", kept.get(name, "")) or ""
    return kept


def _fill(problem: Problem, key: str, answers: Mapping[str, str]) -> None:
    st.session_state[f"{key} answers"] = dict(answers)
    for blank in problem.blanks():
        st.session_state[f"{key} {blank.name}"] = answers.get(blank.name, "")


def _clear(problem: Problem, key: str) -> None:
    """Empty boxes; hints and working are put away."""
    _fill(problem, key, {})
    st.session_state[f"{key} steps"] = []
    st.session_state.pop(f"{key} hints", None)


def _read(given: str, names: Sequence[str]) -> dict[str, str] | None:
    """Answers from a link, ``f_1:0.62,c_1:3``; keys of other exercises are left out, an answer may have a comma."""
    if len(given) > query_params.LONGEST or ":" not in given:
        return None
    pairs = (pair.partition(":") for pair in re.split(r",(?=[a-z]+[0-9_]*:)", given))
    return {name: text for name, _colon, text in pairs if name in names}


def _carry(typed: Mapping[str, str]) -> None:
    written = ",".join(f"{name}:{text}" for name, text in typed.items())
    query_params.carry("try", written if 0 < len(written) <= query_params.LONGEST else None)
    if len(written) > query_params.LONGEST:
        st.caption(_("Your answers are too long for the link, so the link leaves them out."))


def _blanks_asked(problem: Problem, key: str) -> set[str]:
    """Which numbers a student is asked for: all of them, the last of each step, or some."""
    symbols = {blank.name: f"${worded(blank.symbol)}$" for blank in problem.blanks()}
    names = list(symbols)
    results = [part.blanks[-1].name for part in problem.parts]

    def take(some: list[str]) -> None:
        st.session_state[f"{key} blanks"] = some

    def read(given: str) -> list[str] | None:
        return results if given == "results" else query_params.some_of(names)(given) or None

    with st.popover(_("Blanks"), icon=":material/checklist:", help=_("Choose which numbers are asked for.")):
        with st.container(horizontal=True):
            st.button(_("All"), key=f"{key} all blanks", on_click=take, args=(names,))
            st.button(_("Only results"), key=f"{key} results", on_click=take, args=(results,))
        chosen: list[str] = query_params.linked(
            st.pills,
            _("Numbers asked for"),
            names,
            selection_mode="multi",
            format_func=symbols.__getitem__,
            name="blanks",
            key=f"{key} blanks",
            default=names,
            read=read,
            write=lambda some: "results" if some == results else ",".join(some),
            fit=lambda some: [name for name in names if name in some] or names,
        )
    return set(chosen)


def _downloads(problem: Problem, asked: Collection[str], key: str, *, solved: bool) -> None:
    """The exercise as a file; the one with the answers only if the solution is shown."""
    language = i18n.current()
    with st.popover(_("Worksheet"), icon=":material/print:", help=_("Save the exercise to print it or hand it out.")):
        for answers in (False, True) if solved else (False,):
            sheet = Handout(problem, st.session_state.get(f"{key} sheet"), answers, asked, worded)
            for ending, mime, name in (("html", "text/html", "HTML"), ("md", "text/markdown", "Markdown")):

                def written(sheet: Handout = sheet, ending: str = ending) -> str:
                    i18n.use(language)  # it is written when the button is pressed, by a thread of its own
                    return sheet.html() if ending == "html" else sheet.markdown()

                label = _("Answers as {form}") if answers else _("Blank sheet as {form}")
                st.download_button(
                    label.format(form=name),
                    written,
                    f"unrolled-{'answers' if answers else 'sheet'}.{ending}",
                    mime,
                    key=f"{key} {ending} {answers}",
                    on_click="ignore",
                    icon=":material/download:",
                )


def _progress(marks: Mapping[str, Mark], count: int) -> None:
    right = sum(mark.good for mark in marks.values())
    wrong = sum(mark.kind == "wrong" for mark in marks.values())
    said = [_("{right} of {count} right").format(right=right, count=count)]
    if wrong:
        said.append(_("{count} wrong").format(count=wrong))
    if unsettled := len(marks) - right - wrong:
        said.append(_("{count} to revise").format(count=unsettled))
    st.progress(right / count, text=listed(said))


def _status(part: Part, asked: Collection[str], marks: Mapping[str, Mark]) -> tuple[str, int, int]:
    """(status, blanks that are right, blanks asked for) of a step."""
    names = [blank.name for blank in part.blanks if blank.name in asked]
    found = [marks[name] for name in names if name in marks]
    right = sum(mark.good for mark in found)
    if right == len(names):
        return "right", right, right
    bad = any(mark.kind == "wrong" for mark in found)
    return ("wrong" if bad else "begun" if found else "new"), right, len(names)


def _boxes(part: Part, asked: Collection[str], marks: Mapping[str, Mark], key: str) -> None:
    """A box for each blank with its mark, and below them what was found."""
    blanks = [blank for blank in part.blanks if blank.name in asked]
    with st.container(horizontal=True):
        for blank in blanks:
            with st.container(width=_WIDTH, gap="xxsmall"):
                st.text_input(f"${worded(blank.symbol)}$", key=f"{key} {blank.name}", autocomplete="off")
                if mark := marks.get(blank.name):
                    colour, icon = _DRAWN[mark.kind]
                    st.markdown(f":small[:{colour}[{icon} {plain(_name(mark))}]]")
    for blank in blanks:
        mark = marks.get(blank.name)
        if mark and mark.said:
            colour, icon = _DRAWN[mark.kind]
            said = i18n.titled(f"${worded(blank.symbol)}$", plain(mark.said))
            other = f" ${worded(mark.symbol)}$" if mark.symbol else ""
            st.markdown(f":{colour}[{icon}] {said}{other}")


def _name(mark: Mark) -> str:
    return {
        "right": _("right"),
        "rounded": _("right to these digits"),
        "coarse": _("more digits"),
        "follows": _("right for your numbers"),
        "wrong": _("wrong"),
        "unreadable": _("cannot be read"),
    }[mark.kind]


def _help(problem: Problem, part: Part, asked: Collection[str], key: str) -> None:
    """The hint in two stages, words and then letters, and the step's working."""
    index = problem.parts.index(part)
    hints: dict[int, int] = st.session_state.setdefault(f"{key} hints", {})
    stage, shown = hints.get(index, 0), index in _shown(key)

    def hint() -> None:
        hints[index] = stage + 1 if stage or part.hint else 2

    def turn() -> None:
        st.session_state[f"{key} steps"] = sorted(_shown(key) ^ {index})

    if stage and part.hint:
        st.markdown(f":material/lightbulb: {plain(part.hint)}")
    if stage > 1:
        formulas = [rf"{blank.symbol} &= {blank.letters}" for blank in part.blanks if blank.name in asked]
        st.latex(worded(rows(formulas)))
    with st.container(horizontal=True):
        if stage < 2:
            label = _("Formula") if stage or not part.hint else _("Hint")
            st.button(label, icon=":material/lightbulb:", key=f"{key} hint {index}", on_click=hint)
        label = _("Hide this step") if shown else _("Show this step")
        st.button(label, icon=":material/visibility:", key=f"{key} show {index}", on_click=turn)
    if shown:
        show_lines(problem.working(part))


def _shown(key: str) -> set[int]:
    """The steps whose working is shown, from 0."""
    return set(st.session_state[f"{key} steps"])

"""Find the mistake: worked solutions with one wrong line, which the student names and mends."""

from __future__ import annotations

import streamlit as st

from core.lab.bptt.mistakes import Mistake, mistakes
from core.runtime.i18n import gettext as _
from pages.widgets import query_params
from pages.wording.latex_words import worded
from pages.wording.tokens import plain


def view() -> None:
    """Choose one of the seven, point at its wrong line, and type what is right."""
    offered = mistakes()
    st.write(_("One line of each solution is wrong. Which one? The lines after it follow from it and count as right."))
    index = query_params.choice(
        st.pills,
        _("Solution"),
        {place: f"{place + 1}. {mistake.title}" for place, mistake in enumerate(offered)},
        name="mistake",
        key="mistake",
    )
    mistake = offered[index]
    st.latex(worded(mistake.given))
    for place, line in enumerate(mistake.lines, 1):
        number, shown = st.columns([1, 11], vertical_alignment="center")
        number.markdown(f"**({place})**")
        shown.latex(worded(line), width="content")
    _answer(mistake, f"mistake {index}")


def _answer(mistake: Mistake, key: str) -> None:
    chosen = st.segmented_control(
        _("The wrong line"),
        range(1, len(mistake.lines) + 1),
        format_func=lambda place: f"({place})",
        key=f"{key} line",
        persist_state="session",
    )
    if chosen is None:
        return
    if chosen - 1 != mistake.wrong:
        st.warning(_("Line {line} follows from what stands above it. Look again.").format(line=chosen))
        return
    st.success(_("Yes, line {line} is wrong. What is right?").format(line=chosen))
    typed = st.text_input(
        _("The right side of this line"), key=f"{key} right", autocomplete="off", persist_state="session"
    )
    if (typed or "").strip():
        try:
            right, said = mistake.mends(typed)
        except ValueError as error:
            st.error(plain(str(error)), icon=":material/edit_off:")
        else:
            (st.success if right else st.warning)(plain(said))
    if st.toggle(_("Show what is right"), key=f"{key} shown"):
        st.markdown(plain(mistake.said))
        st.code(mistake.right, language=None)

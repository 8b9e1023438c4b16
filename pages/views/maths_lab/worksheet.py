"""A worked sheet on the page: its lines rendered, and copied as Markdown or LaTeX."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import streamlit as st

from core.runtime.i18n import gettext as _
from pages.wording.latex_words import worded
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.lab.worksheet import Line, Sheet


def show(sheet: Sheet, key: str, *, copy: bool = True) -> None:
    """The lines of a sheet, each under its words, and the sheet as text to take along. `key` is the page's own."""
    show_lines(sheet.lines)
    st.caption(_("Numbers are rounded for display, also after “=”. Each line uses all digits."))
    if copy:
        copies(sheet, key)


def show_lines(lines: Iterable[Line]) -> None:
    """Lines, each under its words."""
    for line in lines:
        if line.note:
            st.markdown(plain(line.note))
        st.latex(worded(line.latex))


def copies(sheet: Sheet, key: str) -> None:
    """The sheet's source, with Streamlit's button to copy it."""
    with st.expander(_("Copy as Markdown or LaTeX"), icon=":material/content_copy:"):
        form = st.segmented_control(
            _("Format"), ["Markdown", "LaTeX"], default="Markdown", key=f"{key} form", required=True
        )
        st.code(sheet.markdown() if form == "Markdown" else sheet.latex(), language=None, wrap_lines=True)

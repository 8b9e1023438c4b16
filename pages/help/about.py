"""What a page or a view is about: the idea, the equation, how to read it, what it does not show, the papers.

Behind a button beside the title of every page.
"""

from __future__ import annotations

import streamlit as st

from core.runtime.i18n import gettext as _
from pages.help.texts import Paper, texts
from pages.wording.latex_words import worded
from pages.wording.tokens import paragraph, plain


def show(page: str, view: str | None = "") -> None:
    """The button that opens it, if there is anything to say."""
    about = texts(page).get(view or "")
    if about is None:
        return
    label = _("About this view") if view else _("About this page")
    with st.popover(label, icon=":material/school:", type="tertiary"):
        paragraph(_("The idea"), _(about.idea))
        for equation in about.equations:
            st.latex(worded(equation))
        if about.letters:
            st.markdown(_(about.letters))
        paragraph(_("How to read it"), _(about.reading))
        paragraph(_("Limits"), _(about.limits))
        if about.papers:
            title = _("Papers")  # not inside the f-string, where the catalogues' extractor does not look
            st.markdown(f"**{title}**\n" + "".join(f"\n- {_cited(paper)}" for paper in about.papers))


def _cited(paper: Paper) -> str:
    title = plain(paper.title)
    named = f"[{title}]({paper.link})" if paper.link else title
    return f"{plain(paper.authors)} {paper.year}. {named}. *{plain(paper.venue)}*."

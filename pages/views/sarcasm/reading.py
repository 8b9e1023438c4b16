"""How a person reads a text: asked for every sentence anew and never presumed; in the link beside its sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

import streamlit as st

from core.data.labels import shown
from core.models.gold_labels import MIXED, gold_labels
from core.runtime.i18n import gettext as _
from pages.widgets import query_params
from pages.wording.tokens import plain

_KEY, _OF = "sarcasm reading", "sarcasm reading of"
_SIDE_BY_SIDE = 6  # options


def name(reading: str) -> str:
    """A gold label as a reader sees it. As it stands, not escaped."""
    return _("mixed") if reading == MIXED else shown(reading)


def names(classes: Iterable[str]) -> dict[str, str]:
    """How a person can read a text: as one of these classes, or as several or none. For a place that reads Markdown."""
    return {reading: plain(name(reading)) for reading in gold_labels(classes)}


def question() -> str:
    """What a person is asked."""
    return _("How do you read it?")


def forget_others() -> None:
    """Forget the answer for another sentence. Before the sentence box, which writes the new sentence into the link:
    else the link would have it beside the old answer, and the browser's Back would return there."""
    typed = st.query_params.get("q") == st.session_state.get("linked", st.query_params.get("q"))
    if "q" not in st.query_params or (typed and st.session_state.get(_OF) not in (None, st.session_state.get("q"))):
        query_params.carry("reading", None)


def ask(classes: Sequence[str]) -> str | None:
    """How a person reads the sentence of the page: as a class of these names or as mixed; None until they say."""
    if st.session_state.get(_OF) != st.session_state.get("q"):
        st.session_state[_OF], st.session_state[_KEY] = st.session_state.get("q"), None
        st.session_state.pop("linked reading", None)  # what the link says was said of this sentence
    options = gold_labels(classes)
    many = len(options) > _SIDE_BY_SIDE
    boxed = partial(st.selectbox, index=None, placeholder=_("choose"), width=240)
    return query_params.linked(
        boxed if many else st.segmented_control,
        question(),
        options,
        name="reading",
        key=_KEY,
        default=None,
        read={option: option for option in options}.get,
        write=lambda reading: reading if "q" in st.query_params else None,  # too long a sentence is in no link
        fit=lambda reading: reading if reading in options else None,
        format_func=name if many else names(classes).__getitem__,
        help=_("Mixed: several, or none. A model cannot answer “mixed”, so no model is wrong."),
    )

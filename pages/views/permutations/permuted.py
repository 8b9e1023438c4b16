"""What both views of a sentence's orders ask: which models read it, and which of its words stay in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.probes.permutations import search as probe
from core.runtime.i18n import gettext as _
from pages.server.fingerprint import fingerprint
from pages.widgets import answers, frame, query_params
from pages.wording.tokens import visible

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint


def readers_of(text: str, checkpoints: list[Checkpoint]) -> list[Checkpoint]:
    """The models that find a word in the text; says so where none does."""
    readers = [reader for reader, _said in answers.answers(checkpoints, text)]
    if not readers:
        frame.invite(text)
    answers.as_words(readers, text)
    return readers


def pins(tokens: tuple[str, ...]) -> list[int]:
    """The positions that stay, chosen for this sentence; punctuation and links at first."""
    usual, key = list(probe.marks(tokens)), f"permutations pins {fingerprint(tokens)}"
    sound = query_params.restore("pins", usual, query_params.places(len(tokens), all_of_them=False), key)
    if not sound:
        st.caption(_("The link pins words that this sentence has not; the usual ones are pinned."))
    pinned = sorted(
        st.multiselect(
            _("Words that stay in their place"),
            range(len(tokens)),
            format_func=lambda place: f"{place + 1} {visible(tokens[place])}",
            key=key,
            persist_state="session",
            placeholder=_("none: every word may move"),
            help=_("Punctuation and links stay unless you let them go."),
        )
    )
    query_params.carry("pins", None if pinned == usual else query_params.written(pinned))
    return pinned

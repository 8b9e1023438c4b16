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
    readers, _verdicts = answers.answers(checkpoints, text)
    if not readers:
        frame.invite(text)
    answers.as_words(readers, text)
    return readers


def pins(tokens: tuple[str, ...]) -> list[int]:
    """The positions that stay, chosen for this sentence; punctuation and links at first."""
    usual, key = list(probe.marks(tokens)), f"permutations pins {fingerprint(tokens)}"
    pinned = query_params.linked(
        st.multiselect,
        _("Locked words"),
        range(len(tokens)),
        name="pins",
        key=key,
        default=usual,
        read=query_params.positions(len(tokens), all_of_them=False),
        write=lambda pinned: None if sorted(pinned) == usual else query_params.written(sorted(pinned)),
        unreadable=_("The link locks words that this sentence does not have. Using the default locks."),
        format_func=lambda index: f"{index + 1} {visible(tokens[index])}",
        placeholder=_("none: every word can move"),
        help=_("Punctuation and links stay locked unless you remove them here."),
    )
    return sorted(pinned)

"""The box for a second sentence, to be held against the first."""

from __future__ import annotations

import streamlit as st

from core.data.examples import examples
from core.runtime.i18n import gettext as _
from pages.server import limits
from pages.widgets import query_params


def second_sentence(text: str, label: str, key: str, *, suggest: bool = True) -> str:
    """What stands in the box; at first the proverb's reversal where `text` is the proverb and one is to be suggested.

    It travels in the link as ``second`` while it is short enough.
    """
    proverb, reversed_proverb = (example.text for example in examples()[:2])
    query_params.restore("second", reversed_proverb if suggest and text == proverb else "", lambda told: told, key)
    second = st.text_input(label, key=key, live=True, persist_state="session") or ""
    short = 0 < len(second) <= query_params.LONGEST
    query_params.carry("second", second if short else None)
    if second and not short:
        st.caption(_("The second sentence is too long for the link, which does not carry it."))
    return limits.short_enough(second)

"""A box for lines that are typed or pasted, which travel in the link where they are short."""

from __future__ import annotations

import streamlit as st

from core.language import gettext as _
from pages.parts import frame, link


def lines(name: str, label: str, default: str, longest: int) -> str:
    """A box for lines, which the link carries under this name where they are short."""
    key = name.replace("_", " ")
    link.restore(name, default, lambda told: told if len(told) <= frame.LONGEST_IN_LINK else None, key)
    text = st.text_area(label, key=key, height=220, max_chars=longest, persist_state="session") or ""
    short = len(text) <= frame.LONGEST_IN_LINK
    link.carry(name, text if short and text != default else None)
    if not short and text != default:
        st.caption(_("This is too long for the link, which does not carry it."))
    return text

"""Numbers and texts of an exercise: boxes whose values travel in the link, and numbers written in tables."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import streamlit as st

from core.language import gettext as _
from pages.parts import link

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_LONGEST = 400  # characters of one text that the link carries


def signed(low: float = -math.inf, high: float = math.inf) -> Callable[[str], float | None]:
    """Reads a finite number within bounds from the link, with a sign or an exponent if need be."""

    def read(told: str) -> float | None:
        if len(told) > 24 or not _NUMBER.fullmatch(told):
            return None
        value = float(told)
        return value if math.isfinite(value) and low <= value <= high else None

    return read


def ask_number(label: str, name: str, usual: float, *, step: float = 0.1) -> float:
    """A box for a number that travels in the link under this name."""
    key = f"lab {name}"
    if not link.restore(name, usual, signed(), key):
        st.caption(_("The link asks for a number that cannot be, so the usual one stands."))
    value = st.number_input(label, step=step, format="%.6g", key=key, persist_state="session", required=True)
    link.carry(name, None if value == usual else repr(float(value)))
    return float(value)


def ask_whole(label: str, name: str, usual: int, most: int) -> int:
    """A box for a whole number from 1 up that travels in the link under this name."""
    key = f"lab {name}"
    if not link.restore(name, usual, link.whole(1, most), key):
        st.caption(_("The link asks for a number that cannot be, so the usual one stands."))
    value = st.number_input(label, 1, most, key=key, step=1, persist_state="session", required=True)
    link.carry(name, None if value == usual else str(value))
    return int(value)


def ask_text(label: str, name: str, usual: str) -> str:
    """A box for a short text that travels in the link under this name."""
    key = f"lab {name}"
    link.restore(name, usual, lambda told: told if len(told) <= _LONGEST else None, key)
    text = st.text_input(label, key=key, live=True, persist_state="session") or ""
    link.carry(name, text if text != usual and len(text) <= _LONGEST else None)
    if len(text) > _LONGEST:
        st.caption(_("This text is too long for the link, which does not carry it."))
    return text


def shown(value: float | None, digits: int = 8) -> str:
    """A number for a table; what is None or not finite says so."""
    if value is None or not math.isfinite(value):
        return _("none")
    return f"{value:.{digits}g}".replace("-", "−")

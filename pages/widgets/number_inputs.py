"""What an exercise asks for: boxes and sliders whose values travel in the link. And numbers written in tables."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Literal

import streamlit as st

from core.runtime.i18n import gettext as _
from pages.widgets import frame, query_params
from pages.wording.tokens import minus

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_LONGEST = 400  # characters of one line that the link carries


def signed(low: float = -math.inf, high: float = math.inf) -> Callable[[str], float | None]:
    """Reads a finite number within bounds from the link, with a sign or an exponent if need be."""

    def read(told: str) -> float | None:
        if len(told) > 24 or not _NUMBER.fullmatch(told):
            return None
        value = float(told)
        return value if math.isfinite(value) and low <= value <= high else None

    return read


def key_of(name: str) -> str:
    """The key of the widget whose value travels in the link under this name."""
    return name.replace("_", " ")


def ask_number(label: str, name: str, usual: float, *, step: float = 0.1) -> float:
    """A box for a number."""
    _restored(name, usual, signed())
    value = float(st.number_input(label, step=step, format="%.6g", key=key_of(name), persist_state="session"))
    query_params.carry(name, None if value == usual else repr(value))
    return value


def ask_whole(
    label: str, name: str, low: int, high: int, usual: int, *, width: int | Literal["stretch"] = "stretch"
) -> int:
    """A box for a whole number within bounds; the usual one may depend on what else was asked for."""
    _restored(name, usual, query_params.whole(low, high), low, high)
    value = int(st.number_input(label, low, high, key=key_of(name), step=1, persist_state="session", width=width))
    query_params.carry(name, None if value == usual else str(value))
    return value


def slide(
    label: str, name: str, low: float, high: float, usual: float, *, step: float, help: str | None = None
) -> float:
    """A slider for a number within bounds."""
    _restored(name, usual, signed(low, high))
    value = float(st.slider(label, low, high, step=step, key=key_of(name), persist_state="session", help=help))
    query_params.carry(name, None if value == usual else f"{value:g}")
    return value


def slide_whole(label: str, name: str, low: int, high: int, usual: int, *, most: int | None = None) -> int:
    """A slider for a whole number, say a step. A link may ask for up to `most`; what is above `high` becomes `high`.

    With nothing to choose there is no slider.
    """
    usual = min(usual, high)
    _restored(name, usual, query_params.whole(low, high if most is None else most), low, high)
    if low == high:
        query_params.carry(name, None)
        return low
    value = int(st.slider(label, low, high, key=key_of(name), persist_state="session"))
    query_params.carry(name, None if value == usual else str(value))
    return value


def ask_text(label: str, name: str, usual: str) -> str:
    """A box for a short text."""
    _asked_again(name, usual, _LONGEST)
    text = st.text_input(label, key=key_of(name), live=True, persist_state="session") or ""
    return _carried(name, text, usual, _LONGEST)


def ask_lines(label: str, name: str, usual: str, longest: int) -> str:
    """A box for lines that are typed or pasted."""
    _asked_again(name, usual, frame.LONGEST_IN_LINK)
    text = st.text_area(label, key=key_of(name), height=220, max_chars=longest, persist_state="session") or ""
    return _carried(name, text, usual, frame.LONGEST_IN_LINK)


def shown(value: float | None, digits: int = 8) -> str:
    """A number for a table; what is None or not finite says so."""
    if value is None or not math.isfinite(value):
        return _("none")
    return minus(f"{value:.{digits}g}")


def _restored(
    name: str, usual: float, read: Callable[[str], float | None], low: float = -math.inf, high: float = math.inf
) -> None:
    """What the link says, or was chosen before, within the bounds of now; a line where the link cannot be meant."""
    key = key_of(name)
    if not query_params.restore(name, usual, read, key):
        st.caption(_("The link asks for a number that cannot be, so the usual one stands."))
    before = st.session_state[key]
    st.session_state[key] = usual if before is None else min(max(before, low), high)


def _asked_again(name: str, usual: str, longest: int) -> None:
    query_params.restore(name, usual, lambda told: told if len(told) <= longest else None, key_of(name))


def _carried(name: str, text: str, usual: str, longest: int) -> str:
    """The text, which the link carries where it is short."""
    short = len(text) <= longest
    query_params.carry(name, text if short and text != usual else None)
    if not short and text != usual:
        st.caption(_("This is too long for the link, which does not carry it."))
    return text

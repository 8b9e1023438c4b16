"""What an exercise asks for: boxes and sliders whose values travel in the link. And numbers written in tables."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import streamlit as st

from core.runtime.i18n import gettext as _
from pages.widgets import query_params
from pages.wording.tokens import minus

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_LONGEST = 400  # characters of one line that the link carries


def signed(low: float = -math.inf, high: float = math.inf) -> Callable[[str], float | None]:
    """Reads a finite number within bounds from the link, with a sign or an exponent if need be."""

    def read(given: str) -> float | None:
        if len(given) > 24 or not _NUMBER.fullmatch(given):
            return None
        value = float(given)
        return value if math.isfinite(value) and low <= value <= high else None

    return read


def key_of(name: str) -> str:
    """The key of the widget whose value travels in the link under this name."""
    return name.replace("_", " ")


def ask_number(label: str, name: str, usual: float) -> float:
    """A box for a number."""
    return float(_asked(st.number_input, label, name, usual, signed(), write=repr, step=0.1, format="%.6g"))


def ask_whole(label: str, name: str, low: int, high: int, usual: int, **more: Any) -> int:
    """A box for a whole number within bounds; the usual one may depend on what else was asked for.

    `more` may have the ``key``, which is otherwise made from the name, and anything of ``st.number_input``.
    """
    more = {"step": 1, "required": True} | more
    return int(_asked(st.number_input, label, name, usual, query_params.whole(low, high), low, high, **more))


def ask_decimal(label: str, name: str, most: float, usual: float, **more: Any) -> float:
    """A box for a number from 0 to `most`; `more` as of `ask_whole`."""
    return float(_asked(st.number_input, label, name, usual, query_params.decimal(0, most), 0.0, most, **more))


def slide(label: str, name: str, low: float, high: float, usual: float, **more: Any) -> float:
    """A slider for a number within bounds."""
    return float(_asked(st.slider, label, name, usual, signed(low, high), low, high, **more))


def slide_whole(label: str, name: str, low: int, high: int, usual: int, *, most: int | None = None, **more: Any) -> int:
    """A slider for a whole number, say a step. A link may ask for up to `most`; what is above `high` becomes `high`.

    With nothing to choose there is no slider.
    """
    read = query_params.whole(low, high if most is None else most)
    if low == high:
        query_params.carry(name, None)
        return low
    return int(_asked(st.slider, label, name, min(usual, high), read, low, high, **more))


def ask_text(label: str, name: str, usual: str) -> str:
    """A box for a short text."""
    return _typed(st.text_input, label, name, usual, _LONGEST, live=True)


def ask_lines(label: str, name: str, usual: str, longest: int) -> str:
    """A box for lines that are typed or pasted."""
    return _typed(st.text_area, label, name, usual, query_params.LONGEST, height=220, max_chars=longest)


def shown(value: float | None, digits: int = 8) -> str:
    """A number for a table; what is None or not finite says so."""
    if value is None or not math.isfinite(value):
        return _("none")
    return minus(f"{value:.{digits}g}")


def _asked(
    draw: Callable[..., Any],
    label: str,
    name: str,
    usual: float,
    read: Callable[[str], float | None],
    low: float | None = None,
    high: float | None = None,
    **more: Any,
) -> float:
    """What the link says, or was chosen before, within the bounds of now; a line where the link cannot be meant."""

    def fit(before: float | None) -> float:
        if before is None:
            return usual
        return before if low is None or high is None else min(max(before, low), high)

    more = {"key": key_of(name)} | more
    return query_params.linked(draw, label, low, high, name=name, default=usual, read=read, fit=fit, **more)


def _typed(draw: Callable[..., str | None], label: str, name: str, usual: str, longest: int, **more: Any) -> str:
    """A text, which the link carries while it has at most so many characters."""

    def read(given: str) -> str | None:
        return given if len(given) <= longest else None

    return query_params.text(
        draw, label, name=name, key=key_of(name), default=usual, read=read, longest=longest, **more
    )

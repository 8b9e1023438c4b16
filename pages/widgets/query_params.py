"""What the link says besides the sentence: settings of a page, read with suspicion and written back.

A link is typed, cut and forged, so every value passes a `read` that answers None for what cannot be; the default then
takes its place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

T = TypeVar("T")


def restore(name: str, default: T, read: Callable[[str], T | None], key: str) -> bool:
    """Put what the link says under the widget's key, which no other page has, before the widget is drawn.

    The default stands where the link says nothing. False where it says something that cannot be.
    """
    told = st.query_params.get(name)
    if told is None or told == st.session_state.get(f"linked {name}"):
        st.session_state.setdefault(key, default)
        return True
    # The page was just opened, or the browser went back or forward.
    value = read(told)
    st.session_state[key] = default if value is None else value
    st.session_state[f"linked {name}"] = told
    return value is not None


def carry(name: str, value: str | None) -> None:
    """Let the link say this from now on; None leaves it out. Writes only changes: each is an entry in the history."""
    if value is None:
        if name in st.query_params:
            del st.query_params[name]
    elif st.query_params.get(name) != value:
        st.query_params[name] = value
    st.session_state[f"linked {name}"] = value


def one_of(options: Sequence[str]) -> Callable[[str], str | None]:
    """Reads one of these."""
    return lambda told: told if told in options else None


def whole(low: int, high: int) -> Callable[[str], int | None]:
    """Reads a whole number within bounds."""
    return lambda told: int(told) if _is_number(told) and low <= int(told) <= high else None


def decimal(low: float, high: float) -> Callable[[str], float | None]:
    """Reads a decimal number within bounds, without a sign or an exponent."""

    def read(told: str) -> float | None:
        before, _point, after = told.partition(".")
        if not _is_number(before) or not _is_number(after or "0"):
            return None
        return float(told) if low <= float(told) <= high else None

    return read


def places(length: int, *, all_of_them: bool) -> Callable[[str], list[int] | None]:
    """Reads different places of a sentence, counted from 1 and joined by points, as positions from 0.

    ``none`` is no place. `all_of_them` asks for every place once.
    """

    def read(told: str) -> list[int] | None:
        parts = [] if told == "none" else told.split(".")
        if len(parts) > length or not all(_is_number(part) and 1 <= int(part) <= length for part in parts):
            return None
        found = [int(part) - 1 for part in parts]
        if len(set(found)) != len(found) or (all_of_them and len(found) != length):
            return None
        return found

    return read


def written(positions: Sequence[int]) -> str:
    """Positions as `places` reads them."""
    return ".".join(str(position + 1) for position in positions) or "none"


def _is_number(told: str) -> bool:
    return told.isascii() and told.isdigit() and len(told) <= 9

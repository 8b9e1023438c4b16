"""What the link says besides the sentence: settings of a page, read with suspicion and written back.

A link is typed, cut and forged, so every value passes a `read` that answers None for what cannot be; the default then
takes its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import streamlit as st

from core.runtime.i18n import gettext as _

T = TypeVar("T")
LONGEST = 2_000  # characters of a text that the link carries; browsers and proxies cut longer addresses
_unreadable: ContextVar[list[str] | None] = ContextVar("names of parameters that could not be read", default=None)


def linked(
    draw: Callable[..., Any],
    label: str,
    *arguments: Any,
    name: str,
    key: str,
    default: T,
    read: Callable[[str], T | None],
    write: Callable[[T], str | None] | None = None,
    fit: Callable[[T], T] | None = None,
    **more: Any,
) -> T:
    """Draw a widget whose value the link keeps as `name` unless it is the default; returns the value.

    `draw` is ``st.slider`` or the like; it gets the label, `arguments` and `more`. `key` is used on no other page.
    `read` answers None for what cannot be, see `restore`. `write` is the inverse of `read`; None leaves the value out
    of the link. `fit` replaces a value chosen earlier that is no longer possible.
    """
    restore(name, default, read, key)
    if fit is not None:  # set even if it fits: a widget of other bounds or options is new and would forget it
        st.session_state[key] = fit(st.session_state[key])
    value = draw(label, *arguments, key=key, persist_state="session", **more)
    carry(name, None if value == default else (write or _text)(value))
    return value


def choice(
    draw: Callable[..., Any],
    label: str,
    options: Mapping[T, str] | Sequence[T],
    *,
    name: str,
    key: str,
    default: T | None = None,
    read: Callable[[str], T | None] | None = None,
    write: Callable[[T], str] = str,
    **more: Any,
) -> T:
    """Draw a widget that chooses one of the options, which the link keeps as `linked` does; returns the option.

    `options` maps each option to what a reader sees, or is a sequence (then pass `format_func` if need be). `draw` is
    ``st.pills``, ``st.segmented_control`` or ``st.selectbox``. The default is the first option unless given; it also
    replaces an option chosen earlier that is no longer there.
    """
    usual = next(iter(options)) if default is None else default
    if isinstance(options, Mapping):
        more["format_func"] = options.__getitem__
    return linked(
        draw,
        label,
        list(options),
        name=name,
        key=key,
        default=usual,
        read=read or {write(option): option for option in options}.get,
        write=write,
        fit=lambda chosen: chosen if chosen in options else usual,
        required=True,
        **more,
    )


def text(
    draw: Callable[..., str | None],
    label: str,
    *,
    name: str,
    key: str,
    default: str,
    read: Callable[[str], str | None] = str,
    longest: int = LONGEST,
    **more: Any,
) -> str:
    """Draw a box for a text, ``st.text_input`` or the like, which the link keeps as `linked` does; returns the text.

    A text of more than `longest` characters is left out of the link, with a note below the box.
    """
    typed = linked(
        draw,
        label,
        name=name,
        key=key,
        default=default,
        read=read,
        write=lambda typed: typed if len(typed or "") <= longest else None,
        **more,
    )
    if typed and len(typed) > longest and typed != default:
        st.caption(_("This text is too long for the link, so the link leaves it out."))
    return typed or ""


@contextmanager
def one_note() -> Iterator[None]:
    """Says here, once, which values asked for in this context could not be read from the link."""
    place, names = st.empty(), list[str]()
    before = _unreadable.set(names)
    try:
        yield
    finally:
        _unreadable.reset(before)
    if names:
        with place:
            _say_unreadable(names)


def _say_unreadable(names: Sequence[str]) -> None:
    listed = ", ".join(f"`{name}`" for name in names)
    st.caption(_("Invalid in the link: {names}. Using the default.").format(names=listed))


def restore(name: str, default: T, read: Callable[[str], T | None], key: str, *, silent: bool = False) -> None:
    """Put what the link says under the widget's key, which no other page has, before the widget is drawn.

    The default stands where the link says nothing, and where it says something that cannot be; of that a line tells
    unless `silent`.
    """
    given = st.query_params.get(name)
    if given is None or given == st.session_state.get(f"linked {name}"):
        st.session_state.setdefault(key, default)
        return
    # The page was just opened, or the browser went back or forward.
    value = read(given)
    st.session_state[key] = default if value is None else value
    st.session_state[f"linked {name}"] = given
    if value is None and not silent:
        if (names := _unreadable.get()) is not None:
            names.append(name)
        else:
            _say_unreadable([name])


def opens(key: str, *names: str) -> bool:
    """Whether the link named one of these when it was opened, so that the fold of this key is open at first."""
    first: bool = st.session_state.setdefault(f"opens {key}", any(name in st.query_params for name in names))
    return first


def carry(name: str, value: str | None) -> None:
    """Let the link say this from now on; None leaves it out. Writes only changes: each is an entry in the history."""
    if value is None:
        if name in st.query_params:
            del st.query_params[name]
    elif st.query_params.get(name) != value:
        st.query_params[name] = value
    st.session_state[f"linked {name}"] = value


def some_of(names: Sequence[str]) -> Callable[[str], list[str] | None]:
    """Reads some of these names, joined by commas, in the order they have here."""

    def read(given: str) -> list[str] | None:
        asked = given.split(",")[: len(names) + 1]
        return [name for name in names if name in asked] if set(asked) <= set(names) else None

    return read


def one_of(options: Sequence[str]) -> Callable[[str], str | None]:
    """Reads one of these."""
    return lambda given: given if given in options else None


def whole(low: int, high: int) -> Callable[[str], int | None]:
    """Reads a whole number within bounds."""
    return lambda given: int(given) if _is_number(given) and low <= int(given) <= high else None


def decimal(low: float, high: float) -> Callable[[str], float | None]:
    """Reads a decimal number within bounds, without a sign or an exponent."""

    def read(given: str) -> float | None:
        before, _point, after = given.partition(".")
        if not _is_number(before) or not _is_number(after or "0"):
            return None
        return float(given) if low <= float(given) <= high else None

    return read


def positions(length: int, *, all_of_them: bool) -> Callable[[str], list[int] | None]:
    """Reads different positions in a sentence, counted from 1 and joined by points, as positions from 0.

    ``none`` is no position. `all_of_them` asks for every position once.
    """

    def read(given: str) -> list[int] | None:
        parts = [] if given == "none" else given.split(".")
        if len(parts) > length or not all(_is_number(part) and 1 <= int(part) <= length for part in parts):
            return None
        indices = [int(part) - 1 for part in parts]
        if len(set(indices)) != len(indices) or (all_of_them and len(indices) != length):
            return None
        return indices

    return read


def written(chosen: Sequence[int]) -> str:
    """Positions as `positions` reads them."""
    return ".".join(str(position + 1) for position in chosen) or "none"


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _is_number(given: str) -> bool:
    return given.isascii() and given.isdigit() and len(given) <= 9

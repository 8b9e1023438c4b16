"""A server that strangers share: a session's budgets, its own collection, one line that says so; else none of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import streamlit as st

from core.data.formats.layout import PACKED, SUFFIXES
from core.runtime import limits
from core.runtime.i18n import gettext as _
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from core.data.labels import Names
    from core.runtime.limits import Budget, Limits
    from core.storage.comments import Finds
    from core.storage.pairs import Collection

_BUDGET, _FOLDER = "public budget", "public folder"


def public() -> Limits | None:
    """The limits of a session, None where the server is nobody's but its owner's.

    Where the environment asks for limits that cannot be, the page says so and ends: nobody is served without them.
    """
    try:
        return limits.of()
    except ValueError as error:
        st.error(plain(str(error)))
        st.stop()


def budget() -> Budget | None:
    """What this session has left, None where nothing is limited."""
    asked = public()
    if asked is None:
        return None
    left: Budget | None = st.session_state.get(_BUDGET)
    if left is None or left.limits != asked:
        left = st.session_state[_BUDGET] = limits.Budget(asked)
    return left


def tell() -> None:
    """One line on every page of a public server: what is limited, and whose the collection is."""
    left = budget()
    if left is None:
        return
    st.caption(
        _(
            "Public server. Left in this window: {seconds:,.0f} s of long work and {queries:,} "
            "scored texts. Files: up to {megabytes} MB. Only you can see what you keep. It is "
            "deleted when you close or reload the window, so download it."
        ).format(seconds=left.seconds, queries=left.queries, megabytes=left.limits.megabytes)
    )


def none_left() -> bool:
    """Whether this session may ask for no more long work; a line then says so."""
    left = budget()
    if left is None or not left.over:
        return False
    st.warning(
        _(
            "This window has used its share of this public server. The limits are {seconds:,} s of "
            "long work and {queries:,} scored texts. Short tasks still work. On your own computer "
            "there are no limits."
        ).format(seconds=left.limits.seconds, queries=left.limits.queries),
        icon=":material/hourglass_disabled:",
    )
    return True


class Meter:
    """Takes what one search uses from the session's budget, as often as it is read."""

    def __init__(self) -> None:
        self._budget = budget()
        self._seconds, self._queries = 0.0, 0

    def spent(self, seconds: float, queries: int) -> bool:
        """Take what was used since the last time, of so much in all; whether nothing is left now."""
        if self._budget is None:
            return False
        self._budget.spend(max(0.0, seconds - self._seconds), max(0, queries - self._queries))
        self._seconds, self._queries = max(seconds, self._seconds), max(queries, self._queries)
        return self._budget.over


@contextmanager
def timed() -> Iterator[None]:
    """Takes the time that passes from the session's budget, for work that runs without a search's button."""
    meter, start = Meter(), time.monotonic()
    try:
        yield
    finally:
        meter.spent(time.monotonic() - start, 0)


def largest_upload() -> int | None:
    """The largest upload in megabytes, None for the server's own setting."""
    asked = public()
    return None if asked is None else asked.megabytes


def upload_types() -> list[str]:
    """The endings of files that may be uploaded, as the box wants them.

    Strangers send no parquet and no archive: what they unpack to is bounded (`parquet_limits`, `compression`), but
    a reader of so much that is packed is best not offered to them at all.
    """
    kinds = (*SUFFIXES, *PACKED) if public() is None else [suffix for suffix in SUFFIXES if suffix != ".parquet"]
    return [suffix.removeprefix(".") for suffix in kinds]


def small_enough(given: UploadedFile | None) -> UploadedFile | None:
    """The upload, unless it is larger than a session may send: a line then says so.

    The box refuses it in the browser, which a forged request does not ask. Files of other endings Streamlit itself
    refuses here.
    """
    asked = public()
    if given is None or asked is None or given.size <= asked.upload_bytes:
        return given
    st.error(
        _("The file has {size:,} bytes; this public server accepts at most {most:,}. Upload a smaller file.").format(
            size=given.size, most=asked.upload_bytes
        )
    )
    return None


def short_enough(text: str) -> str:
    """The text, cut where it is longer than a session may ask about: a line then says so."""
    asked = public()
    if asked is None or len(text) <= asked.characters:
        return text
    st.caption(
        _("This public server reads only the first {most:,} of the text’s {length:,} characters.").format(
            most=asked.characters, length=len(text)
        )
    )
    return text[: asked.characters]


def collection(labels_of: Callable[[str], Names]) -> Collection:
    """The pairs kept: the owner's file, or on a public server this session's own; `labels_of` names the classes of a
    model, for rows that do not name them."""
    from core.storage.pairs import Collection

    return Collection(_own_file(), labels_of)


def finds(labels_of: Callable[[str], Names]) -> Finds:
    """The finds kept, likewise."""
    from core.storage.comments import Finds

    return Finds(_own_file(), labels_of)


def room(kept: int, new: int = 1) -> None:
    """Raises ValueError where a session of a public server keeps no more."""
    asked = public()
    if asked is not None and kept + new > asked.kept:
        raise ValueError(
            _(
                "This public server keeps at most {most:,} items of each kind per window. You have "
                "{kept:,}. Remove some first."
            ).format(most=asked.kept, kept=kept)
        )


def _own_file() -> Path | None:
    """The file of this session's collection, which goes when the session does; None for the owner's."""
    if public() is None:
        return None
    if _FOLDER not in st.session_state:
        st.session_state[_FOLDER] = TemporaryDirectory(prefix="unrolled-kept-")
    return Path(st.session_state[_FOLDER].name) / "collection.sqlite3"

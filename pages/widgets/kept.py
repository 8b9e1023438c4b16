"""What people keep: a table of it, to export or to remove from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.runtime.i18n import gettext as _
from pages.server.fingerprint import fingerprint
from pages.widgets import tables
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.storage.comments import Find, Finds
    from core.storage.pairs import Collection, Pair


@contextmanager
def faults_shown() -> Iterator[None]:
    """Shows in one line why the file of what is kept cannot be used."""
    try:
        yield
    except (OSError, ValueError) as error:
        st.error(plain(str(error)))


def table(
    name: str,
    collection: Collection | Finds,
    kept: Sequence[Pair | Find],
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    remove: Callable[[int], str],
    **options: Any,
) -> None:
    """What is kept, a row each; buttons export the whole collection and remove the chosen rows.

    `remove` is the label of the second button, given how many rows are chosen.
    """
    # A new table when the rows are others: they are chosen by index.
    key = f"{name} {fingerprint([one.id for one in kept])}"
    chosen = tables.table(header, rows, key=key, select="multi-row", **options)
    with st.container(horizontal=True):
        tables.download(name, collection.export_csv(), label=_("Export all as CSV"))
        if st.button(remove(len(chosen)), key=f"{name} remove", disabled=not chosen, icon=":material/delete:"):
            for row in chosen:
                with suppress(LookupError):  # somebody else removed it first
                    collection.remove(kept[row].id)
            st.rerun()

"""What people keep: a form that keeps a text, a table of what is kept, to export or to remove from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import streamlit as st

from core.data.labels import model_name
from core.data.targets import probability_of_class
from core.runtime.i18n import gettext as _
from pages.server import limits
from pages.server.fingerprint import fingerprint
from pages.widgets import tables
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.storage.comments import Find, Finds
    from core.storage.pairs import Collection, Pair

T = TypeVar("T")


class Answer(NamedTuple):
    """What a form was sent with: the judgement, what `models` drew, and a note."""

    judgement: str | None
    models: Any
    note: str | None


def form(
    key: str,
    question: str,
    judgements: Mapping[str, str],
    models: Callable[[], Any],
    submit: str,
    *,
    judgement: str | None = None,
    about: object = "",
) -> Answer | None:
    """A form that asks for a note, and for a judgement unless `judgement` was given before; None until it is sent.

    `models` draws the choice of models. The form starts anew when `about` changes.
    """
    own = f"{key} {fingerprint(about)}" if about else key
    with st.form(key, clear_on_submit=True), st.container(horizontal=True, vertical_alignment="bottom"):
        answer = judgement or st.radio(
            question,
            list(judgements),
            index=None,
            format_func=judgements.__getitem__,
            horizontal=True,
            key=f"{own} judgement",
        )
        chosen = models()
        note = st.text_input(_("Note (optional)"), key=f"{own} note", max_chars=1_000, width=260)
        submitted = st.form_submit_button(submit, icon=":material/bookmark_add:")
    return Answer(answer, chosen, note or None) if submitted else None


@contextmanager
def faults_shown() -> Iterator[None]:
    """Shows in one line why the file of what is kept cannot be used."""
    try:
        yield
    except (OSError, ValueError) as error:
        st.error(plain(str(error)))


def filters(
    name: str, everything: Sequence[Pair | Find], label: str, judgements: Mapping[str, str]
) -> dict[str, str | None]:
    """Boxes to choose a judgement, a model and a text by, for `pairs` and `finds` of a collection."""
    judgement = st.segmented_control(
        label, list(judgements), format_func=judgements.__getitem__, key=f"{name} judgement"
    )
    model = st.selectbox(
        _("Model"),
        sorted({one.model for one in everything}),
        index=None,
        format_func=model_name,
        key=f"{name} model",
        placeholder=_("all models"),
        width=140,
    )
    sought = st.text_input(_("Text or note contains"), key=f"{name} text", width=170)
    return {"judgement": judgement, "model": model, "contains": sought or None}


def chance(kept: Sequence[Pair | Find]) -> tuple[str, list[str]]:
    """What the probabilities of some rows are called together, and where they are of several classes, each row's."""
    each = [probability_of_class(one.target or "", one.against) for one in kept]
    return (each[0], []) if len({*each}) == 1 else (_("P(target class)"), each)


def whose() -> str:
    """Who sees what is kept."""
    if limits.public() is None:
        return _("Shared: everybody who uses this server can see and change this list.")
    return _("Only you see this list. It is deleted when you close or reload the window.")


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
    st.caption(whose())
    with st.container(horizontal=True):
        tables.download(name, collection.export_csv(), label=_("Export all as CSV"))
        if st.button(remove(len(chosen)), key=f"{name} remove", disabled=not chosen, icon=":material/delete:"):
            for row in chosen:
                with suppress(LookupError):  # somebody else removed it first
                    collection.remove(kept[row].id)
            st.rerun()

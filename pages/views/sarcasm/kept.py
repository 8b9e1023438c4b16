"""Kept finds: the form that keeps one, and the view that lists, filters, removes and exports them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import SENTIMENT, Names, model_name
from core.models.gold_labels import GOLD_LABELS, fooled
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed, ngettext
from core.storage.comments import SOURCES, TYPED
from pages.server import limits
from pages.server.fingerprint import fingerprint
from pages.widgets import classes, kept
from pages.wording.terms import parts
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.storage.comments import Find, Finds


@dataclass(frozen=True)
class FindCandidate:
    """A text that could be kept, with P(positive) by model.

    `original`, `source` and `how` say where it comes from, as `comments.Find` has them. `reading` is chosen at first.
    """

    text: str
    probabilities: Mapping[str, float]
    reading: str | None = None
    original: str | None = None
    source: str = TYPED
    how: str = ""


def readings(labels: Names = SENTIMENT) -> dict[str, str]:
    """How a person can read a text: as the first class of these names, as the second, or as both or neither. As they
    stand, not escaped."""
    return {**classes.both(labels), "mixed": _("mixed")}


def sources() -> dict[str, str]:
    """Where a find can come from."""
    return {
        "typed": _("typed in"),
        "edit": _("an edit"),
        "compose": _("composed"),
        "file": _("a file"),
        "suite": _("the suite"),
    }


def fooled_name(answer: bool | None) -> str:
    """What is said of a model that is fooled, is not, or cannot be."""
    return {True: _("fooled"), False: _("not fooled"), None: "–"}[answer]


def keep_find_form(candidate: FindCandidate, key: str) -> None:
    """A form that keeps a text with a person's own reading, for the models chosen: those fooled at first, or all.

    Another candidate under the same key starts the form anew.
    """
    models = list(candidate.probabilities)
    labels = classes.of_models(models)
    names = {key: plain(name) for key, name in readings(labels).items()}
    usual = [name for name in models if candidate.reading and fooled(candidate.probabilities[name], candidate.reading)]
    own = f"{key} {fingerprint(candidate)}"
    with st.form(key, clear_on_submit=True), st.container(horizontal=True, vertical_alignment="bottom"):
        reading = st.radio(
            _("How do you read it?"),
            GOLD_LABELS,
            index=GOLD_LABELS.index(candidate.reading) if candidate.reading else None,
            format_func=names.__getitem__,
            horizontal=True,
            key=f"{own} reading",
        )
        chosen = models
        if len(models) > 1:
            chosen = st.multiselect(
                _("Models"),
                models,
                default=usual or models,
                format_func=model_name,
                key=f"{own} models",
                width=300,
                placeholder=_("choose one at least"),
            )
        note = st.text_input(_("Note (optional)"), key=f"{own} note", max_chars=1_000, width=260)
        submitted = st.form_submit_button(_("Keep this text"), icon=":material/bookmark_add:")
    if not submitted:
        return
    if reading is None:
        st.warning(_("Not kept yet: say first how you read it."))
    elif not chosen:
        st.warning(_("Not kept yet: choose a model at least."))
    else:
        _keep(candidate, reading, chosen, note)


def _keep(candidate: FindCandidate, reading: str, chosen: list[str], note: str) -> None:
    with kept.faults_shown():
        own = limits.finds()
        limits.room(len(own.finds()), len(chosen))
        for model in chosen:
            own.keep(
                text=candidate.text,
                original=candidate.original,
                model=model,
                probability=candidate.probabilities[model],
                reading=reading,
                source=candidate.source,
                how=candidate.how,
                note=note or None,
            )
        st.success(
            _("Kept for {models}, read as “{reading}”. It stands among the kept finds.").format(
                models=plain(listed(map(model_name, chosen))),
                reading=plain(readings(classes.of_models(candidate.probabilities))[reading]),
            )
        )


def view() -> None:
    """The finds kept so far; one line where the file cannot be used."""
    with kept.faults_shown():
        _finds(limits.finds())


def _finds(collection: Finds) -> None:
    everything = collection.finds()
    if not everything:
        st.info(
            _("No find is kept yet. Test a comment or search for one, and keep what you find there."),
            icon=":material/bookmark:",
        )
        return
    finds = _filtered(collection, everything)
    st.caption(
        ngettext("{shown:,} of {count:,} find", "{shown:,} of {count:,} finds", len(everything)).format(
            shown=len(finds), count=len(everything)
        )
    )
    chance = classes.probability_name(classes.of_models({find.model for find in finds}))
    header = [
        chance,
        _("model"),
        _("text"),
        _("read as"),
        _("the model is"),
        _("comes from"),
        _("how"),
        _("made from"),
        _("note"),
        _("kept (UTC)"),
    ]
    wide = {_("text"): st.column_config.TextColumn(width="large")}
    kept.table("finds", collection, finds, header, map(_row, finds), _remove, column_config=wide)


def _remove(count: int) -> str:
    if not count:
        return _("Remove the chosen finds")
    return ngettext("Remove the chosen find", "Remove the {count:,} chosen finds", count).format(count=count)


def _filtered(collection: Finds, everything: list[Find]) -> list[Find]:
    labels = classes.of_models({find.model for find in everything})
    names, origins = {key: plain(name) for key, name in readings(labels).items()}, sources()
    with st.container(horizontal=True):
        reading = st.segmented_control(_("Read as"), GOLD_LABELS, format_func=names.__getitem__, key="finds reading")
        model = st.selectbox(
            _("Model"),
            sorted({find.model for find in everything}),
            index=None,
            format_func=model_name,
            key="finds model",
            placeholder=_("every model"),
            width=140,
        )
        source = st.selectbox(
            _("Comes from"),
            [source for source in SOURCES if any(find.source == source for find in everything)],
            index=None,
            format_func=origins.__getitem__,
            key="finds source",
            placeholder=_("anywhere"),
            width=140,
        )
        sought = st.text_input(_("Text or note contains"), key="finds text", width=170)
    return collection.finds(reading=reading, model=model, source=source, contains=sought or None)


def _row(find: Find) -> tuple[object, ...]:
    return (
        round(find.probability, 3),
        model_name(find.model),
        find.text,
        readings(classes.of(find.model))[find.reading],
        fooled_name(find.fooled),
        sources()[find.source],
        parts(find.how),
        find.original,
        find.note,
        find.created[:16].replace("T", " "),
    )

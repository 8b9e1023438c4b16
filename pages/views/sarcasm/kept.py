"""Kept finds: the form that keeps one, and the view that lists, filters, removes and exports them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import SENTIMENT, Names
from core.models.gold_labels import GOLD_LABELS, fooled
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed, ngettext
from core.storage.comments import SOURCES, TYPED
from pages.server import limits
from pages.server.fingerprint import fingerprint
from pages.widgets import classes
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
                format_func=str.upper,
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
    try:
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
    except (OSError, ValueError) as error:
        st.error(plain(str(error)))
    else:
        st.success(
            _("Kept for {models}, read as “{reading}”. It stands among the kept finds.").format(
                models=plain(listed(chosen).upper()),
                reading=plain(readings(classes.of_models(candidate.probabilities))[reading]),
            )
        )


def view() -> None:
    """The finds kept so far; one line where the file cannot be used."""
    try:
        _finds(limits.finds())
    except (OSError, ValueError) as error:
        st.error(plain(str(error)))


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
    event = st.dataframe(
        [_row(find, chance) for find in finds],
        hide_index=True,
        # Anew when the rows are others, as the choice is by row number.
        key=f"finds {fingerprint([find.id for find in finds])}",
        on_select="rerun",
        selection_mode="multi-row",
        column_config={_("text"): st.column_config.TextColumn(width="large")},
    )
    chosen = [finds[row] for row in event["selection"]["rows"] if 0 <= row < len(finds)]
    with st.container(horizontal=True):
        st.download_button(
            _("Export all as CSV"),
            collection.export_csv(),
            "unrolled-finds.csv",
            "text/csv",
            key="finds export",
            on_click="ignore",
            icon=":material/download:",
        )
        count = len(chosen)
        label = _("Remove the chosen finds")
        if chosen:
            label = ngettext("Remove the chosen find", "Remove the {count:,} chosen finds", count).format(count=count)
        if st.button(label, key="finds remove", disabled=not chosen, icon=":material/delete:"):
            _remove(collection, chosen)


def _remove(collection: Finds, finds: list[Find]) -> None:
    for find in finds:
        try:
            collection.remove(find.id)
        except LookupError:
            continue  # somebody else was faster; it is gone, as was wished
    st.rerun()


def _filtered(collection: Finds, everything: list[Find]) -> list[Find]:
    labels = classes.of_models({find.model for find in everything})
    names, origins = {key: plain(name) for key, name in readings(labels).items()}, sources()
    with st.container(horizontal=True):
        reading = st.segmented_control(_("Read as"), GOLD_LABELS, format_func=names.__getitem__, key="finds reading")
        model = st.selectbox(
            _("Model"),
            sorted({find.model for find in everything}),
            index=None,
            format_func=str.upper,
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


def _row(find: Find, chance: str) -> dict[str, object]:
    return {
        chance: round(find.probability, 3),
        _("model"): find.model.upper(),
        _("text"): find.text,
        _("read as"): readings(classes.of(find.model))[find.reading],
        _("the model is"): fooled_name(find.fooled),
        _("comes from"): sources()[find.source],
        _("how"): parts(find.how),
        _("made from"): find.original,
        _("note"): find.note,
        _("kept (UTC)"): find.created[:16].replace("T", " "),
    }

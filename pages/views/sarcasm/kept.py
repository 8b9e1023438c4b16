"""Kept finds: the form that keeps one, and the view that lists, filters, removes and exports them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name, shown
from core.models.gold_labels import MIXED, fooled, gold_labels
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed, ngettext
from core.storage.comments import SOURCES, TYPED
from pages.server import limits
from pages.server.fingerprint import fingerprint
from pages.views.sarcasm import reading
from pages.widgets import classes, kept
from pages.wording.terms import parts
from pages.wording.tokens import lead, plain

if TYPE_CHECKING:
    from core.storage.comments import Find, Finds
    from core.storage.database import Prediction


@dataclass(frozen=True)
class FindCandidate:
    """A text that could be kept, with what each model says of it.

    `original`, `source` and `how` say where it comes from, as `comments.Find` has them. `reading` is how the person
    said that they read this very text; without it the form asks.
    """

    text: str
    predictions: Mapping[str, Prediction]
    reading: str | None = None
    original: str | None = None
    source: str = TYPED
    how: str = ""


def sources() -> dict[str, str]:
    """Where a find can come from."""
    return {
        "typed": _("typed"),
        "edit": _("an edit"),
        "compose": _("composed"),
        "file": _("a file"),
        "suite": _("test suite"),
    }


def fooled_name(answer: bool | None) -> str:
    """What is said of a model that is fooled, is not, or cannot be."""
    return {True: _("fooled"), False: _("not fooled"), None: "–"}[answer]


def keep_find_form(candidate: FindCandidate, key: str) -> None:
    """A form that keeps a text with a person's own reading, for the models chosen: those fooled at first, or all.

    Another candidate under the same key starts the form anew.
    """
    said = candidate.predictions
    models = list(said)
    labels = {model: one.target.labels for model, one in said.items()}
    names = reading.names(name for own in labels.values() for name in own)
    read = candidate.reading
    fitting = [model for model in models if read is None or read in gold_labels(labels[model])]
    usual = [model for model in fitting if read and fooled(said[model].label, read, labels[model])]

    def choose() -> list[str]:
        if len(models) == 1:
            return models
        return st.multiselect(
            _("Models"),
            models,
            default=usual or fitting,
            format_func=model_name,
            key=f"{key} {fingerprint(candidate)} models",
            width=300,
            placeholder=_("choose at least one"),
        )

    question, submit = reading.question(), _("Keep this text")
    answer = kept.form(key, question, names, choose, submit, judgement=read, about=candidate)
    if answer is None:
        return
    if answer.judgement is None:
        st.warning(_("Not kept yet: say how you read it first."))
        return
    if not answer.models:
        st.warning(_("Not kept yet: choose at least one model."))
        return
    chosen = [model for model in answer.models if answer.judgement in gold_labels(labels[model])]
    if others := [model for model in answer.models if model not in chosen]:
        st.warning(
            _("Not kept for {models}: no class is called “{reading}”.").format(
                models=plain(listed(map(model_name, others))), reading=names[answer.judgement]
            )
        )
    if not chosen:
        return
    with kept.faults_shown():
        own = limits.finds(classes.of)
        limits.room(len(own.finds()), len(chosen))
        for model in chosen:
            own.keep(
                text=candidate.text,
                original=candidate.original,
                model=model,
                probability=said[model].probability,
                target=said[model].target,
                label=said[model].label,
                reading=answer.judgement,
                source=candidate.source,
                how=candidate.how,
                note=answer.note,
            )
        st.success(
            _("Saved to Kept finds for {models}, gold label “{reading}”.").format(
                models=plain(listed(map(model_name, chosen))), reading=names[answer.judgement]
            )
        )


def view() -> None:
    """The finds kept so far; one line where the file cannot be used."""
    with kept.faults_shown():
        _finds(limits.finds(classes.of))


def _finds(collection: Finds) -> None:
    everything = collection.finds()
    if not everything:
        st.info(
            _("No finds kept yet. Test a comment or run a search, then keep what you find."),
            icon=":material/bookmark:",
        )
        return
    finds = _filtered(collection, everything)
    count = sum(bool(find.fooled) for find in finds)
    lead(
        ngettext(
            "{shown:,} of {all:,} kept find: the model is fooled in {count:,}.",
            "{shown:,} of {all:,} kept finds: the model is fooled in {count:,}.",
            len(everything),
        ).format(shown=len(finds), all=len(everything), count=count)
    )
    chance, each = kept.chance(finds)
    header = [
        chance,
        *([_("target class")] if each else []),
        _("verdict"),
        _("model"),
        _("text"),
        _("gold label"),
        _("outcome"),
        _("source"),
        _("how"),
        _("original text"),
        _("note"),
        _("kept (UTC)"),
    ]
    wide = {_("text"): st.column_config.TextColumn(width="large")}
    rows = [_row(find, each[number : number + 1]) for number, find in enumerate(finds)]
    texts = [find.text for find in finds]
    kept.table("finds", collection, finds, header, rows, _remove, texts=texts, column_config=wide)


def _remove(count: int) -> str:
    if not count:
        return _("Remove the chosen finds")
    return ngettext("Remove the chosen find", "Remove the {count:,} chosen finds", count).format(count=count)


def _filtered(collection: Finds, everything: list[Find]) -> list[Find]:
    models = dict.fromkeys(find.model for find in everything)
    names = reading.names([*(name for model in models for name in classes.of(model)), *_kept_classes(everything)])
    with st.container(horizontal=True):
        chosen = kept.filters("finds", everything, _("Gold label"), names)
        source = st.selectbox(
            _("Source"),
            [source for source in SOURCES if any(find.source == source for find in everything)],
            index=None,
            format_func=sources().__getitem__,
            key="finds source",
            placeholder=_("anywhere"),
            width=140,
        )
    return collection.finds(chosen["judgement"], chosen["model"], source, chosen["contains"])


def _kept_classes(finds: list[Find]) -> list[str]:
    """The classes that finds were read as: their models need not be there any more."""
    return [find.reading for find in finds if find.reading != MIXED]


def _row(find: Find, target: Sequence[str]) -> tuple[object, ...]:
    return (
        round(find.probability, 3),
        *target,
        shown(find.label or ""),
        model_name(find.model),
        find.text,
        reading.name(find.reading),
        fooled_name(find.fooled),
        sources()[find.source],
        parts(find.how),
        find.original,
        find.note,
        find.created[:16].replace("T", " "),
    )

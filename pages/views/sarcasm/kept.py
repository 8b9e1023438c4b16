"""Kept finds: the form that keeps one, and the view that lists, filters, removes and exports them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from core.data import targets
from core.data.labels import model_name, shown
from core.models.gold_labels import MIXED, fooled, gold_labels
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


class Said(NamedTuple):
    """What a model says of a text: the probability of its target, the predicted class, and the target's name."""

    probability: float
    label: str
    target: str


@dataclass(frozen=True)
class FindCandidate:
    """A text that could be kept, with what is said of it by model.

    `original`, `source` and `how` say where it comes from, as `comments.Find` has them. `reading` is chosen at first.
    """

    text: str
    said: Mapping[str, Said]
    reading: str | None = None
    original: str | None = None
    source: str = TYPED
    how: str = ""


def reading_name(reading: str) -> str:
    """A gold label as a reader sees it. As it stands, not escaped."""
    return _("mixed") if reading == MIXED else shown(reading)


def readings_plain(names: Iterable[str]) -> dict[str, str]:
    """How a person can read a text: as one of these classes, or as several or none. For a place that reads Markdown."""
    return {reading: plain(reading_name(reading)) for reading in gold_labels(names)}


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
    models = list(candidate.said)
    labels = {model: classes.of(model) for model in models}
    names = readings_plain(name for own in labels.values() for name in own)
    reading = candidate.reading if candidate.reading in names else None
    fitting = [model for model in models if reading is None or reading in gold_labels(labels[model])]
    usual = [model for model in fitting if reading and fooled(candidate.said[model].label, reading, labels[model])]

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

    question, submit = _("Your gold label"), _("Keep this text")
    answer = kept.form(key, question, names, choose, submit, judgement=reading, about=candidate)
    if answer is None:
        return
    if answer.judgement is None:
        st.warning(_("Not kept yet: choose your gold label first."))
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
                **candidate.said[model]._asdict(),
                reading=answer.judgement,
                source=candidate.source,
                how=candidate.how,
                note=answer.note,
                labels=labels[model],
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
    st.caption(
        ngettext("{shown:,} of {count:,} find", "{shown:,} of {count:,} finds", len(everything)).format(
            shown=len(finds), count=len(everything)
        )
    )
    labels = classes.of_models({find.model for find in finds})
    several = targets.default(labels) is None  # else the header and the number say both
    header = [
        classes.probability_name(labels),
        *([_("target class"), _("predicted class")] if several else []),
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
    rows = [_row(find, several) for find in finds]
    kept.table("finds", collection, finds, header, rows, _remove, column_config=wide)


def _remove(count: int) -> str:
    if not count:
        return _("Remove the chosen finds")
    return ngettext("Remove the chosen find", "Remove the {count:,} chosen finds", count).format(count=count)


def _filtered(collection: Finds, everything: list[Find]) -> list[Find]:
    models = dict.fromkeys(find.model for find in everything)
    names = readings_plain([*(name for model in models for name in classes.of(model)), *_kept_classes(everything)])
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


def _row(find: Find, several: bool) -> tuple[object, ...]:
    return (
        round(find.probability, 3),
        *((shown(find.target or ""), shown(find.label or "")) if several else ()),
        model_name(find.model),
        find.text,
        reading_name(find.reading),
        fooled_name(find.fooled),
        sources()[find.source],
        parts(find.how),
        find.original,
        find.note,
        find.created[:16].replace("T", " "),
    )

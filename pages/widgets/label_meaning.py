"""What do the labels of an upload mean? The values found, the class each stands for, a question where that is open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from core.data.formats.layout import Layout
from core.data.label_inference import (
    LEFT_OUT,
    MOST_VALUES,
    Column,
    LabelsError,
    Meaning,
    common,
    decide,
    label_key,
    ranked,
    too_many,
)
from core.data.labels import Labelling, shown
from core.data.records import windows
from core.data.tables import is_sentiment140
from core.runtime.i18n import current
from core.runtime.i18n import gettext as _
from pages.server.caches import cached
from pages.server.fingerprint import fingerprint
from pages.widgets.uploaded_file import Upload, message_of
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.models.predictor import Model

_LOOKED_AT = 1_000_000  # rows
_SHOWN = 12  # values with a box
_ACROSS = 4


class _Values(NamedTuple):
    """How often each value occurs in the rows looked at, `whole` if these are all; or why that is unknown."""

    counts: Mapping[str, int]
    rows: int
    whole: bool
    error: str = ""


def ask(given: Upload, label: str, layout: Layout, several: Sequence[Model], key: str) -> dict[str, str] | None:
    """The class that each value of the column `label` stands for, by value; None while that is open.

    `several` are models of the same classes, which will read the file; `key` is for the boxes.
    """
    column = Column(given.name, label, is_sentiment140(given.path))
    found = _counted(given.digest, column, layout, current(), given)
    if found.error:
        st.error(plain(found.error))
        return None
    labelling = common({model.name: model.labelling for model in several})
    meaning: Meaning | None = None
    question = ""
    try:
        meaning = decide(found.counts, labelling, column=column)
    except LabelsError as error:
        question = error.found
    values = [value for value in ranked(found.counts) if value]
    if meaning is not None:
        values.sort(key=lambda value: value in meaning.unknown)
    if question and len(values) > _SHOWN:
        st.error(plain(question))
        return None
    if not values:
        return {}
    own = f"{key} {fingerprint((given.digest, label, layout, labelling.names))}"
    usual = meaning is not None and not meaning.line and not meaning.unknown
    title = _("What do these labels mean?") if question else _("Label meanings")
    with st.expander(title, expanded=not usual, key=f"{own} all", icon=":material/label:"):
        note = st.empty()
        chosen = _boxes(values[:_SHOWN], found, labelling, meaning, own)
        looked = _("Found in all {rows:,} rows.") if found.whole else _("Found in the first {rows:,} rows.")
        st.caption(looked.format(rows=found.rows))
    if question:
        note.warning(plain(question), icon=":material/help:")
        return chosen if len(chosen) == len(values) else None
    if meaning is not None and meaning.guess and chosen == _names_of(meaning, labelling):
        note.info(_("This is a guess. Check it and correct any errors."), icon=":material/help:")
    return chosen


def _boxes(
    values: Sequence[str], found: _Values, labelling: Labelling, meaning: Meaning | None, key: str
) -> dict[str, str]:
    """A box for each value, and what was chosen in those that are not empty."""
    left_out = _left_out(labelling)
    options = [*labelling.names, left_out]
    defaults = {} if meaning is None else _names_of(meaning, labelling)
    chosen: dict[str, str] = {}
    rows = -(-len(values) // _ACROSS)
    across = -(-len(values) // rows)  # of rows about equally long: a column without a box is a gap on a narrow screen
    for number, value in enumerate(values):
        if number % across == 0:
            columns = st.columns(across, vertical_alignment="bottom")
        one = columns[number % across].selectbox(
            f"{plain(value[:40])} ({found.counts[value]:,})",
            options,
            index=options.index(defaults[value]) if value in defaults else None,
            format_func=lambda name: _("left out") if name == left_out else shown(name),
            key=f"{key} {fingerprint(value)}",
            placeholder=_("choose") if meaning is None else _("unknown label"),
            persist_state="session",
        )
        if one is not None:
            chosen[value] = one
    return chosen


def _names_of(meaning: Meaning, labelling: Labelling) -> dict[str, str]:
    return {
        value: _left_out(labelling) if number is None else labelling.names[number]
        for value, number in meaning.values.items()
        if value
    }


def _left_out(labelling: Labelling) -> str:
    """What leaves rows out: its usual name, unless a class is called that."""
    return "-" if LEFT_OUT in labelling.names else LEFT_OUT


@cached(32)
def _counted(digest: str, column: Column, layout: Layout, language: str, _given: Upload) -> _Values:
    counts: dict[str, int] = {}
    rows = 0
    share = 0.0
    try:
        with closing(windows(_given.path, 4_096, layout)) as table:
            for window in table:
                for row, value in enumerate(window.column(column.name)):
                    if row not in window.problems:
                        key = label_key(value)
                        counts[key] = counts.get(key, 0) + 1
                rows, share = rows + len(window), window.share
                if len(counts) > MOST_VALUES:
                    raise too_many(column, list(counts))
                if rows >= _LOOKED_AT:
                    break
    except LabelsError as error:
        return _Values({}, rows, False, error.found)
    except (ValueError, LookupError, OSError) as error:
        return _Values({}, rows, False, message_of(error, _given))
    return _Values(counts, rows, share >= 1.0)

"""Kept pairs: the form that keeps one, and the view that lists, filters, removes and exports them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext
from core.storage.pairs import JUDGEMENTS
from pages.server import limits
from pages.widgets import classes, kept
from pages.wording.terms import term
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.storage.pairs import Collection, Pair, Precision


@dataclass(frozen=True)
class Candidate:
    """A pair that could be kept: P(positive) of the original and of the other order by model, and their fluency."""

    original: str
    other: str
    probabilities: Mapping[str, tuple[float, float]]
    fluencies: tuple[float, float] | None = None
    scorer: str | None = None
    floor: float | None = None


def judgements() -> dict[str, str]:
    """What a person can say of an order."""
    return {"valid": _("valid"), "not valid": _("not valid"), "unsure": _("unsure")}


def keep_form(pair: Candidate, key: str) -> None:
    """A form that keeps a pair with a person's own judgement of the other order."""
    names = judgements()
    models = list(pair.probabilities)
    with st.form(key, clear_on_submit=True), st.container(horizontal=True, vertical_alignment="bottom"):
        judgement = st.radio(
            _("Is this order a valid sentence?"),
            JUDGEMENTS,
            index=None,
            format_func=names.__getitem__,
            horizontal=True,
            key=f"{key} judgement",
        )
        model = models[0]
        if len(models) > 1:
            model = st.selectbox(_("Model"), models, format_func=model_name, key=f"{key} model", width=140)
        note = st.text_input(_("Note (optional)"), key=f"{key} note", max_chars=1_000, width=260)
        submitted = st.form_submit_button(_("Keep this pair"), icon=":material/bookmark_add:")
    if not submitted:
        return
    if judgement is None:
        st.warning(_("Not kept yet: say first whether this order is a valid sentence."))
        return
    before, after = pair.probabilities[model]
    fluency, other_fluency = pair.fluencies or (None, None)
    with kept.faults_shown():
        own = limits.collection()
        limits.room(len(own.pairs()))
        own.keep(
            original=pair.original,
            other=pair.other,
            model=model,
            probability_original=before,
            probability_other=after,
            fluency_original=fluency,
            fluency_other=other_fluency,
            scorer=pair.scorer,
            floor=pair.floor,
            judgement=judgement,
            note=note or None,
        )
        st.success(_("Kept as “{judgement}”. It stands under Kept pairs.").format(judgement=names[judgement]))


def view() -> None:
    """The pairs kept so far and the precision of the fluency gate; one line where the file cannot be used."""
    with kept.faults_shown():
        _pairs(limits.collection())


def _pairs(collection: Collection) -> None:
    everything = collection.pairs()
    if not everything:
        st.info(
            _("No pair is kept yet. Reorder a sentence by hand or search its orders, and keep what you find there."),
            icon=":material/bookmark:",
        )
        return
    st.header(_("How good is the fluency gate?"))
    _precisions(collection.precision())
    st.header(_("Pairs"))
    pairs = _filtered(collection, everything)
    st.caption(
        ngettext("{shown:,} of {count:,} pair", "{shown:,} of {count:,} pairs", len(everything)).format(
            shown=len(pairs), count=len(everything)
        )
    )
    chance = classes.probability_name(classes.of_models({pair.model for pair in pairs}))
    header = [
        _("judgement"),
        _("original"),
        _("other order"),
        _("model"),
        _("{chance}, original").format(chance=chance),
        _("{chance}, other").format(chance=chance),
        _("fluency lost (nats)"),
        _("note"),
        _("kept (UTC)"),
    ]
    kept.table("pairs", collection, pairs, header, map(_row, pairs), _remove)


def _remove(count: int) -> str:
    return ngettext("Remove the chosen pair", "Remove the {count:,} chosen pairs", count).format(count=count)


def _filtered(collection: Collection, everything: list[Pair]) -> list[Pair]:
    names = judgements()
    left, middle, right = st.columns([2, 1, 2], vertical_alignment="bottom")
    judgement = left.segmented_control(_("Judgement"), JUDGEMENTS, format_func=names.__getitem__, key="kept judgement")
    models = sorted({pair.model for pair in everything})
    model = middle.selectbox(
        _("Model"), models, index=None, format_func=model_name, key="kept model", placeholder=_("every model")
    )
    sought = right.text_input(_("Text or note contains"), key="kept text")
    return collection.pairs(judgement=judgement, model=model, contains=sought or None)


def _row(pair: Pair) -> tuple[object, ...]:
    return (
        judgements()[pair.judgement],
        pair.original,
        pair.other,
        model_name(pair.model),
        round(pair.probability_original, 3),
        round(pair.probability_other, 3),
        _lost(pair),
        pair.note,
        pair.created[:16].replace("T", " "),
    )


def _lost(pair: Pair) -> float | None:
    if pair.fluency_original is None or pair.fluency_other is None:
        return None
    return round(pair.fluency_original - pair.fluency_other, 1)


def _precisions(rows: list[Precision]) -> None:
    if not rows:
        st.write(_("None judged yet: no kept pair has a fluency."))
    for row in rows:
        scorer = plain(term(row.scorer))
        if row.precision is None or row.interval is None:
            st.write(_("Gate of the {scorer}: none judged yet.").format(scorer=scorer))
        else:
            low, high = row.interval
            st.write(
                _(
                    "Of the orders that the {scorer}'s gate let through, people judged **{valid:,} of {judged:,}** "
                    "valid: precision **{precision:.0%}** (95 % interval {low:.0%} to {high:.0%})."
                ).format(scorer=scorer, valid=row.valid, judged=row.judged, precision=row.precision, low=low, high=high)
            )
        st.caption(
            _(
                "Not counted: {unsure:,} unsure, {outside:,} below the floor, {unknown:,} without a floor. The figure "
                "speaks of the pairs that people kept, not of every order that the gate lets through."
            ).format(unsure=row.unsure, outside=row.outside, unknown=row.unknown)
        )

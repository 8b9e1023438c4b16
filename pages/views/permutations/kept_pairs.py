"""Kept pairs: the form that keeps one, and the view that lists, filters, removes and exports them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name, shown
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed, ngettext
from pages.server import limits
from pages.server.fingerprint import fingerprint
from pages.widgets import classes, kept
from pages.wording.terms import term
from pages.wording.tokens import lead, plain

if TYPE_CHECKING:
    from core.storage.database import Prediction
    from core.storage.pairs import Collection, Pair, Precision


def judgements() -> dict[str, str]:
    """What a person can say of an order."""
    return {"valid": _("valid"), "odd": _("odd"), "not English": _("not English"), "unsure": _("unsure")}


def _every_judgement() -> dict[str, str]:
    return judgements() | {"not valid": _("not valid")}


def keep_form(
    key: str,
    original: str,
    other: str,
    predictions: Mapping[str, tuple[Prediction, Prediction]],
    fluencies: tuple[float, float] | None = None,
    scorer: str | None = None,
    floor: float | None = None,
) -> None:
    """A form that keeps a pair with a person's own judgement of the other order, for every model that flipped at first.

    `predictions` are those of the two by model, of one target; `fluencies` are in nats.
    """
    models = list(predictions)
    flipped = [model for model, (before, after) in predictions.items() if before.label != after.label]

    def choose() -> list[str]:
        if len(models) == 1:
            return models
        own = f"{key} models {fingerprint((original, other))}"  # another pair has other flips
        return st.multiselect(_("Models"), models, flipped or models, format_func=model_name, key=own, width=300)

    question = _("Is this order a valid sentence?")
    answer = kept.form(key, question, judgements(), choose, _("Keep this pair"))
    if answer is None:
        return
    if answer.judgement is None:
        st.warning(_("Not kept yet. First say whether this order is a valid sentence."))
    elif not answer.models:
        st.warning(_("Not kept yet: choose at least one model."))
    else:
        chosen = {model: predictions[model] for model in answer.models}
        keep(original, other, chosen, answer.judgement, answer.note, fluencies, scorer, floor)


def keep(
    original: str,
    other: str,
    predictions: Mapping[str, tuple[Prediction, Prediction]],
    judgement: str,
    note: str | None = None,
    fluencies: tuple[float, float] | None = None,
    scorer: str | None = None,
    floor: float | None = None,
) -> None:
    """Keep a pair for some models, and say so; see `keep_form`."""
    fluency, other_fluency = fluencies or (None, None)
    with kept.faults_shown():
        own = limits.collection(classes.of)
        for model, (before, after) in predictions.items():
            limits.room(len(own.pairs()))
            own.keep(
                original=original,
                other=other,
                model=model,
                probability_original=before.probability,
                probability_other=after.probability,
                target=before.target,
                label_original=before.label,
                label_other=after.label,
                fluency_original=fluency,
                fluency_other=other_fluency,
                scorer=scorer,
                floor=floor,
                judgement=judgement,
                note=note,
            )
        line = _("Saved to Kept pairs as “{judgement}”, for {models}.")
        models = plain(listed(map(model_name, predictions)))
        st.toast(line.format(judgement=judgements()[judgement], models=models), icon=":material/bookmark_added:")


def view() -> None:
    """The pairs kept so far and the precision of the fluency gate; one line where the file cannot be used."""
    with kept.faults_shown():
        _pairs(limits.collection(classes.of))


def _pairs(collection: Collection) -> None:
    everything = collection.pairs()
    if not everything:
        st.info(
            _("No pairs kept yet. Reorder a sentence by hand or search its orders, then keep what you find."),
            icon=":material/bookmark:",
        )
        return
    _precisions(collection.precision())
    with st.container(horizontal=True):
        pairs = collection.pairs(**kept.filters("pairs", everything, _("Judgement"), _every_judgement()))
    st.caption(
        ngettext("{shown:,} of {count:,} pair", "{shown:,} of {count:,} pairs", len(everything)).format(
            shown=len(pairs), count=len(everything)
        )
    )
    chance, each = kept.chance(pairs)
    header = [
        _("judgement"),
        _("original"),
        _("other order"),
        _("model"),
        _("{chance}, original").format(chance=chance),
        _("{chance}, other").format(chance=chance),
        *([_("target class")] if each else []),
        _("verdicts"),
        _("fluency loss (nats)"),
        _("note"),
        _("kept (UTC)"),
    ]
    rows = [_row(pair, each[number : number + 1]) for number, pair in enumerate(pairs)]
    texts, firsts = [pair.other for pair in pairs], [pair.original for pair in pairs]
    kept.table("pairs", collection, pairs, header, rows, _remove, texts=texts, firsts=firsts)


def _remove(count: int) -> str:
    return ngettext("Remove the chosen pair", "Remove the {count:,} chosen pairs", count).format(count=count)


def _row(pair: Pair, target: Sequence[str]) -> tuple[object, ...]:
    return (
        _every_judgement()[pair.judgement],
        pair.original,
        pair.other,
        model_name(pair.model),
        round(pair.probability_original, 3),
        round(pair.probability_other, 3),
        *target,
        f"{shown(pair.label_original or '')} → {shown(pair.label_other or '')}",
        None
        if pair.fluency_original is None or pair.fluency_other is None
        else round(pair.fluency_original - pair.fluency_other, 1),
        pair.note,
        pair.created[:16].replace("T", " "),
    )


def _precisions(rows: list[Precision]) -> None:
    said = []
    for row in rows:
        scorer = term(row.scorer)
        if row.precision is None or row.interval is None:
            said.append(_("{scorer} gate: no judgements yet.").format(scorer=scorer))
        else:
            low, high = row.interval
            line = _(
                "People judged {valid:,} of {judged:,} orders that passed the {scorer} gate as valid: precision "
                "{precision:.0%} (95 % interval {low:.0%} to {high:.0%})."
            )
            said.append(
                line.format(
                    scorer=scorer, valid=row.valid, judged=row.judged, precision=row.precision, low=low, high=high
                )
            )
    for line in said or [_("No judgements to count yet: no kept pair has a fluency.")]:
        lead(line)
    for row in rows:
        line = _(
            "{scorer} gate, not counted: {unsure:,} unsure, {outside:,} below the threshold, {unknown:,} without one."
        )
        counts = {"unsure": row.unsure, "outside": row.outside, "unknown": row.unknown}
        st.caption(plain(line.format(scorer=term(row.scorer), **counts)))

"""Kept pairs: the form that keeps one, and the view that lists, filters, removes and exports them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import streamlit as st

from core.data import targets
from core.data.labels import model_name, shown
from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext
from pages.server import limits
from pages.widgets import classes, kept
from pages.wording.terms import term
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.data.targets import Target
    from core.storage.pairs import Collection, Pair, Precision


def judgements() -> dict[str, str]:
    """What a person can say of an order."""
    return {"valid": _("valid"), "odd": _("odd"), "not English": _("not English"), "unsure": _("unsure")}


def _every_judgement() -> dict[str, str]:
    return judgements() | {"not valid": _("not valid")}


class Read(Protocol):
    """What a model says of a text: P(target), and the predicted class."""

    @property
    def probability(self) -> float: ...

    @property
    def label(self) -> str: ...


def numbers(target: Target, original: Read, other: Read) -> dict[str, Any]:
    """What is kept of a model's answers to two orders."""
    return {
        "against": None,
        **target.as_json(),
        "probability_original": original.probability,
        "probability_other": other.probability,
        "label_original": original.label,
        "label_other": other.label,
    }


def keep_form(
    key: str,
    original: str,
    other: str,
    answers: Mapping[str, dict[str, Any]],
    fluencies: tuple[float, float] | None = None,
    scorer: str | None = None,
    floor: float | None = None,
) -> None:
    """A form that keeps a pair with a person's own judgement of the other order.

    `answers` are the `numbers` by model, `fluencies` are in nats.
    """
    models = list(answers)

    def choose() -> str:
        if len(models) == 1:
            return models[0]
        return st.selectbox(_("Model"), models, format_func=model_name, key=f"{key} model", width=140)

    question = _("Is this order a valid sentence?")
    answer = kept.form(key, question, judgements(), choose, _("Keep this pair"))
    if answer is None:
        return
    if answer.judgement is None:
        st.warning(_("Not kept yet. First say whether this order is a valid sentence."))
        return
    fluency, other_fluency = fluencies or (None, None)
    with kept.faults_shown():
        own = limits.collection()
        limits.room(len(own.pairs()))
        own.keep(
            original=original,
            other=other,
            model=answer.models,
            **answers[answer.models],
            fluency_original=fluency,
            fluency_other=other_fluency,
            scorer=scorer,
            floor=floor,
            judgement=answer.judgement,
            note=answer.note,
        )
        line = _("Saved to Kept pairs as “{judgement}”.")
        st.success(line.format(judgement=judgements()[answer.judgement]))


def view() -> None:
    """The pairs kept so far and the precision of the fluency gate; one line where the file cannot be used."""
    with kept.faults_shown():
        _pairs(limits.collection())


def _pairs(collection: Collection) -> None:
    everything = collection.pairs()
    if not everything:
        st.info(
            _("No pairs kept yet. Reorder a sentence by hand or search its orders, then keep what you find."),
            icon=":material/bookmark:",
        )
        return
    st.header(_("How good is the fluency gate?"))
    _precisions(collection.precision())
    st.header(_("Pairs"))
    with st.container(horizontal=True):
        pairs = collection.pairs(**kept.filters("pairs", everything, _("Judgement"), _every_judgement()))
    st.caption(
        ngettext("{shown:,} of {count:,} pair", "{shown:,} of {count:,} pairs", len(everything)).format(
            shown=len(pairs), count=len(everything)
        )
    )
    aims = [_target(pair) for pair in pairs]
    target = targets.shared_target(aim for aim in aims if aim)
    chance = classes.probability_name(target or classes.of_models({pair.model for pair in pairs}))
    many = any(aim is None or targets.default(aim.labels) is None for aim in aims)
    header = [
        _("judgement"),
        _("original"),
        _("other order"),
        _("model"),
        _("{chance}, original").format(chance=chance),
        _("{chance}, other").format(chance=chance),
        *([_("target class"), _("verdict, original"), _("verdict, other")] if many else []),
        _("fluency loss (nats)"),
        _("note"),
        _("kept (UTC)"),
    ]
    rows = [_row(pair, aim, many=many) for pair, aim in zip(pairs, aims, strict=True)]
    kept.table("pairs", collection, pairs, header, rows, _remove)


def _target(pair: Pair) -> Target | None:
    """The target of a pair's probabilities; None if its model is another by now."""
    labels = classes.of(pair.model)
    if pair.target in labels and (pair.against is None or pair.against in labels):
        return targets.named(labels, pair.target, pair.against)
    return targets.default(labels)


def _remove(count: int) -> str:
    return ngettext("Remove the chosen pair", "Remove the {count:,} chosen pairs", count).format(count=count)


def _row(pair: Pair, target: Target | None, *, many: bool) -> tuple[object, ...]:
    verdicts = (pair.label_original, pair.label_other)
    return (
        _every_judgement()[pair.judgement],
        pair.original,
        pair.other,
        model_name(pair.model),
        round(pair.probability_original, 3),
        round(pair.probability_other, 3),
        *([shown(name) if name else None for name in (target and target.name, *verdicts)] if many else []),
        None
        if pair.fluency_original is None or pair.fluency_other is None
        else round(pair.fluency_original - pair.fluency_other, 1),
        pair.note,
        pair.created[:16].replace("T", " "),
    )


def _precisions(rows: list[Precision]) -> None:
    if not rows:
        st.write(_("No judgements to count yet: no kept pair has a fluency."))
    for row in rows:
        scorer = plain(term(row.scorer))
        if row.precision is None or row.interval is None:
            st.write(_("{scorer} gate: no judgements yet.").format(scorer=scorer))
        else:
            low, high = row.interval
            st.write(
                _(
                    "Precision **{precision:.0%}** (95 % interval {low:.0%} to {high:.0%}): people "
                    "judged **{valid:,} of {judged:,}** orders that passed the {scorer} gate as "
                    "valid."
                ).format(scorer=scorer, valid=row.valid, judged=row.judged, precision=row.precision, low=low, high=high)
            )
        st.caption(
            _(
                "Not counted: {unsure:,} unsure, {outside:,} below the threshold, {unknown:,} "
                "without a threshold. The figure covers the pairs that people kept, not every order "
                "that passes the gate."
            ).format(unsure=row.unsure, outside=row.outside, unknown=row.unknown)
        )

"""Sarcasm put together from parts: about a person's own unwelcome situation, or about one of the bank."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core.models.gold_labels import fooled
from core.models.predict import label
from core.probes.sarcasm import compose
from core.probes.sarcasm.candidates import TOP, Candidates, Question
from core.probes.sarcasm.recipes import GOLD_LABEL
from core.probes.sarcasm.situations import bank, read
from core.runtime.i18n import clauses, ngettext, titled
from core.runtime.i18n import gettext as _
from core.storage.database import Prediction
from pages.server import background_search, limits
from pages.views.sarcasm.kept import FindCandidate, fooled_name, keep_find_form
from pages.widgets import classes, models, query_params, tables
from pages.wording.terms import term
from pages.wording.tokens import certificate, plain

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.sarcasm.compose import ComposeProgress, Composition

EXAMPLE = "my flight is delayed again"
MOST_TOP, _SECONDS = 50, 60.0


def view(checkpoints: list[Checkpoint]) -> None:
    """The situation, the search through everything that the recipes build from it, and the surest remarks."""
    st.write(
        _(
            "Sarcasm praises something unwelcome. From an unwelcome situation, the recipes build "
            "thousands of such remarks. If the situation really is unwelcome, a person reads every "
            "remark as negative, so a model that predicts positive is fooled. The app cannot check "
            "whether the situation is unwelcome."
        )
    )
    why = _("the gold label of a sarcastic remark is negative.")
    checkpoints = classes.sentiment_only(checkpoints, why)
    if not checkpoints:
        return
    checkpoint = models.choose(checkpoints, "compose model")
    situation = _situation()
    top = query_params.linked(
        st.slider,
        _("Remarks to show"),
        1,
        MOST_TOP,
        name="top",
        key="compose top",
        default=TOP,
        read=query_params.whole(1, MOST_TOP),
    )
    try:
        question = Question(read(situation), seconds=_SECONDS, top=top)
    except ValueError as error:
        st.info(plain(str(error)), icon=":material/edit_note:")
        return
    st.markdown(
        _(
            "The recipes build {count:,} remarks about this situation. Remarks that read the same as "
            "another are left out."
        ).format(count=question.recipes)
    )
    forms = {"clause": _("clause"), "gerund": _("gerund"), "event": _("event"), "noun": _("noun")}
    for form, reason in question.situation.missing:
        st.caption(_("No {form} could be made from it: {reason}").format(form=forms[form], reason=plain(reason)))
    key = (checkpoint.name, checkpoint.hash, question)

    def start() -> background_search.Start:
        from core.models.token_predictor import predictor, reader

        candidates = Candidates(question, reader(checkpoint))
        return partial(compose.search, checkpoint.name, predictor(checkpoint), candidates)

    background_search.view("compose", key, start, _say, _show, _("Build and score remarks"), lasting=True)


def _situation() -> str:
    texts = [situation.text for situation in bank()]

    def from_bank() -> None:
        chosen = st.session_state["compose bank"]
        if chosen:
            st.session_state["compose situation"] = chosen
        st.session_state["compose bank"] = None  # a button, not a choice that lasts

    left, right = st.columns([3, 2], vertical_alignment="bottom")
    situation = query_params.text(
        left.text_input,
        _("Unwelcome situation"),
        name="situation",
        key="compose situation",
        default=EXAMPLE,
        max_chars=2_000,
    )
    right.selectbox(
        _("or pick one of {count} situations").format(count=len(texts)),
        texts,
        index=None,
        key="compose bank",
        on_change=from_bank,
        placeholder=_("choose"),
    )
    return limits.short_enough(situation)


def _say(event: ComposeProgress) -> background_search.Shown:
    line = _("{scored:,} of up to {total:,} remarks scored; {fooled:,} predicted positive").format(
        scored=event.scored, total=event.total, fooled=event.fooled
    )
    best = _("Highest so far: {text} (P(positive) = {probability:.3f})")
    return background_search.Shown(
        event.scored / event.total,
        line,
        best.format(text=event.best.text, probability=event.best.probability),
        event.scored,
    )


def _show(result: Composition, key: str) -> None:
    certificate(result.certificate, result.complete)
    alone = _("The situation alone has P(positive) = {alone:.3f}.").format(alone=result.alone)
    how = _(
        "The list shows each recipe’s remarks with the highest P(positive), for variety. They are "
        "not the highest of all. The same opening or closing phrase appears in at most about a third "
        "of them, if there are enough others."
    )
    st.caption(f"{alone} {how}")
    if result.alone >= 0.5:
        st.warning(
            _(
                "The model already reads the situation alone as positive. Either the situation is "
                "not unwelcome, or the model misreads it without any praise. So it is not the "
                "sarcasm that fools the model here."
            ),
            icon=":material/warning:",
        )
    header = [_("P(positive)"), _("remark"), _("outcome"), _("recipe"), _("parts")]
    rows: list[tuple[object, ...]] = [
        (
            round(one.probability, 4),
            one.text,
            fooled_name(fooled(label(one.probability), GOLD_LABEL)),
            term(one.recipe.pattern),
            clauses(titled(term(name), part) for name, part in one.recipe.parts().items()),
        )
        for one in result.top
    ]
    chosen = tables.table(header, rows, "sarcasm", key=f"compose top {key}", select="single-row", height="content")
    if chosen:
        one = result.top[chosen[0]]
        st.header(_("Keep this find"))
        st.text(one.text)
        keep_find_form(
            FindCandidate(
                text=one.text,
                original=result.situation,
                predictions={result.model: Prediction.second(one.probability)},
                reading=GOLD_LABEL,
                source="compose",
                how="; ".join([one.recipe.pattern, *(f"{name}: {part}" for name, part in one.recipe.parts().items())]),
            ),
            f"keep compose {key} {chosen[0]}",
        )
    else:
        st.caption(_("Choose a remark to keep it."))
    _recipes(result)


def _recipes(result: Composition) -> None:
    with st.expander(_("Recipes that fool the model most"), icon=":material/restaurant_menu:"):
        shares = sorted(result.by_recipe, key=lambda share: -share.share)
        tables.table(
            [_("recipe"), _("scored"), _("predicted positive"), _("95 % interval"), _("highest P(positive)")],
            [
                (
                    term(share.pattern),
                    share.scored,
                    f"{share.share:.1%}",
                    f"{share.interval[0]:.1%} – {share.interval[1]:.1%}",
                    share.best.text,
                )
                for share in shares
            ],
        )
        count = len(shares)
        st.caption(
            ngettext(
                "One recipe fits this situation. The intervals describe a random sample of its remarks.",
                "{count} recipes fit this situation. The intervals describe a random sample of each recipe’s remarks.",
                count,
            ).format(count=count)
        )

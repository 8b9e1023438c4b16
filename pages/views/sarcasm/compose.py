"""Sarcasm put together from parts: about a person's own unwelcome situation, or about one of the bank."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name, shown
from core.data.targets import POSITIVE
from core.probes.sarcasm import compose
from core.probes.sarcasm.candidates import TOP, Candidates, Question
from core.probes.sarcasm.situations import bank, read
from core.runtime.i18n import clauses, ngettext, titled, together
from core.runtime.i18n import gettext as _
from core.storage.database import Prediction
from pages.server import background_search, limits
from pages.views.sarcasm.kept import FindCandidate, keep_find_form
from pages.widgets import black_box, classes, models, query_params, tables
from pages.widgets.number_inputs import slide_whole
from pages.wording.terms import term
from pages.wording.tokens import lead, plain

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.sarcasm.compose import ComposeProgress, Composition

EXAMPLE = "my flight is delayed again"
MOST_TOP, _SECONDS = 50, 60.0


def view(checkpoints: list[Checkpoint]) -> None:
    """The situation, the search through everything that the recipes build from it, and the surest remarks."""
    why = _("the recipes build remarks that are meant to be read as negative.")
    checkpoints = classes.sentiment_only(checkpoints, why)
    if not checkpoints:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        situation = _situation()
        checkpoint = models.choose(checkpoints, "compose model")
        with st.popover(_("Settings"), icon=":material/tune:"):
            top = slide_whole(_("Remarks to show"), "top", 1, MOST_TOP, TOP, key="compose top")
    try:
        question = Question(read(limits.short_enough(situation)), seconds=_SECONDS, top=top)
    except ValueError as error:
        st.info(plain(str(error)), icon=":material/edit_note:")
        return
    key = (checkpoint.name, checkpoint.hash, question)

    def start() -> background_search.Start:
        from core.models.token_predictor import predictor, reader

        candidates = Candidates(question, reader(checkpoint))
        return partial(compose.search, checkpoint.name, predictor(checkpoint), candidates, labels=checkpoint.labels)

    label = _("Build and score {count:,} remarks").format(count=question.recipes)
    background_search.view("compose", key, start, _say, _show, label, shared=not black_box.is_one(checkpoint))


def _situation() -> str:
    texts = [situation.text for situation in bank()]

    def from_bank() -> None:
        chosen = st.session_state["compose bank"]
        if chosen:
            st.session_state["compose situation"] = chosen
        st.session_state["compose bank"] = None  # a button, not a choice that lasts

    situation = query_params.text(
        st.text_input,
        _("Unwelcome situation"),
        name="situation",
        key="compose situation",
        default=EXAMPLE,
        max_chars=2_000,
        width=360,
        help=_("The app cannot check whether it is unwelcome."),
    )
    st.selectbox(
        _("or pick one of {count} situations").format(count=len(texts)),
        texts,
        index=None,
        key="compose bank",
        on_change=from_bank,
        placeholder=_("choose"),
        width=240,
    )
    return situation


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
    line = _("{model} says positive of {fooled:,} of {scored:,} remarks ({share:.0%}).").format(
        model=model_name(result.model),
        fooled=result.fooled,
        scored=result.scored,
        share=result.fooled / result.scored,
    )
    fooling = _("Each of these that you read as negative fools it.")
    lead(together([line, fooling]) if result.fooled else line)
    if result.alone_label == POSITIVE.name:
        st.warning(
            _(
                "The model already says positive of the situation alone ({alone:.3f}). Either it is not unwelcome, or "
                "the model misreads it without any praise: then it is not the sarcasm that fools it."
            ).format(alone=result.alone),
            icon=":material/warning:",
        )
    header = [_("verdict"), _("P(positive)"), _("remark"), _("recipe"), _("parts")]
    rows: list[tuple[object, ...]] = [
        (
            shown(one.label),
            round(one.probability, 3),
            one.text,
            term(one.recipe.pattern),
            clauses(titled(term(name), part) for name, part in one.recipe.parts().items()),
        )
        for one in result.top
    ]
    look = {
        _("P(positive)"): st.column_config.ProgressColumn(format="%.3f", min_value=0, max_value=1, width=150),
        _("remark"): st.column_config.TextColumn(width=420),
    }
    texts = [one.text for one in result.top]
    chosen = tables.table(
        header, rows, "sarcasm", key=f"compose top {key}", texts=texts, height="content", column_config=look
    )
    if chosen:
        one = result.top[chosen[0]]
        keep_find_form(
            FindCandidate(
                text=one.text,
                original=result.situation,
                predictions={result.model: Prediction(one.probability, one.label, result.target)},
                source="compose",
                how="; ".join([one.recipe.pattern, *(f"{name}: {part}" for name, part in one.recipe.parts().items())]),
            ),
            f"keep compose {key} {chosen[0]}",
        )
    _searched(result)
    _recipes(result)


def _searched(result: Composition) -> None:
    """What was searched, and which remarks could not be built."""
    with st.expander(_("What was searched"), icon=":material/info:"):
        st.write(plain(result.certificate))
        st.write(_("The situation alone has P(positive) = {alone:.3f}.").format(alone=result.alone))
        forms = {"clause": _("clause"), "gerund": _("gerund"), "event": _("event"), "noun": _("noun")}
        for form, reason in result.missing:
            st.write(_("No {form} could be made from it: {reason}").format(form=forms[form], reason=plain(reason)))


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

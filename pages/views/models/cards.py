"""The models' cards as a page: how good they are, how they learnt, what each choice bought, what they are for."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed
from pages.widgets import models, tables
from pages.wording import names
from pages.wording.tokens import plain


def view(cards: dict[str, Any], word_vectors: dict[str, Any] | None) -> None:
    """Everything that the cards say."""
    reports = {name: card["metrics"]["report"] for name, card in cards.items() if "report" in card.get("metrics", {})}
    if reports:
        from core.figures.models import accuracy_by_length

        st.header(_("How good are they?"))
        tables.evaluations(reports)
        if without := [name.upper() for name in cards if name not in reports]:
            line = _("Without a report, which --report FILE adds in training: {names}.")
            st.caption(plain(line.format(names=listed(without))))
        left, right = st.columns(2)
        left.plotly_chart(accuracy_by_length(reports), key="by_length", alt=_("Accuracy by length, a line per model"))
    else:
        st.info(_("No model here has a report yet. Train with --report FILE to add one."))
        right = st
    histories = {name: card["history"] for name, card in cards.items() if card.get("history")}
    if histories:
        from core.figures.models import training_curves

        right.plotly_chart(training_curves(histories), key="curves", alt=_("Held-out log-loss over training steps"))
        before = [name.upper() for name in histories if "calibration" in cards[name]]
        if 0 < len(before) < len(histories):
            line = _("The curves of {names} are before temperature scaling, those of older models after it.")
            right.caption(plain(line.format(names=listed(before))))

    study = models.study()
    if study:
        from core.figures.models import study_differences

        st.header(_("What did each choice buy?"))
        st.write(
            _(
                "An LSTM of {units} units trained on {rows:,} tweets (the base), with one thing changed at a time, "
                "judged on the same {held:,} held-out tweets. Where the 95 % interval of the difference holds zero, no "
                "difference is shown. “Another seed” changes nothing but chance: differences of its size mean little."
            ).format(
                units=study["base"]["hidden_size"], rows=study["data"]["rows"], held=study["data"]["held_out_rows"]
            )
        )
        variants = study["variants"]
        differences = study_differences(variants, [names.variant(row) for row in variants])
        st.plotly_chart(differences, key="study", alt=_("Differences of accuracy to the base"))
        tables.vocabulary_by_step(study)

    st.header(_("What they are for, and their limits"))
    every_card = cards | ({"word2vec": word_vectors} if word_vectors else {})
    tables.statements(every_card)
    for name in every_card:
        with st.expander(_("Card of {name}").format(name=plain(name.upper())), icon=":material/description:"):
            tables.card(name, every_card)

"""The answers on the home page: verdicts, the curve over the words, tokens, preprocessing."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import streamlit as st

from core.language import gettext as _
from core.language import ngettext
from core.verdicts import EmptyTextError
from pages.parts import models, names
from pages.parts.tokens import plain, step_table, token_strip

if TYPE_CHECKING:
    from core.checkpoints import Checkpoint
    from core.verdicts import Verdict


def answer(text: str, checkpoints: list[Checkpoint]) -> None:
    """Everything the home page says of a text."""
    verdicts, readers = [], []
    for checkpoint in checkpoints:
        with suppress(EmptyTextError):  # another model's preprocessing may still find a word
            verdicts.append(models.verdict(checkpoint, text))
            readers.append(checkpoint)
    if not verdicts:
        st.info(_("There is no word to read yet. Type a sentence, or pick one of the examples."))
        return

    for column, verdict, checkpoint in zip(st.columns(len(verdicts)), verdicts, readers, strict=True):
        with column:
            _verdict_card(verdict, checkpoint)
    st.caption(
        _(
            "Each model has only these two answers: a sentence without any feeling gets one of them too. Accuracy "
            "is on tweets no model was trained or chosen on, whose labels were their emoticons; in brackets its "
            "95 % interval."
        )
    )

    from core.figures.prefixes import prefix_curves

    st.plotly_chart(prefix_curves(verdicts), key="prefixes", alt=_("P(positive) after each word, a curve per model"))
    st.caption(
        _(
            "The verdict is read from the model’s last state, so every point is the verdict on the words up to "
            "there. Above the dashed line is positive."
        )
    )
    _tokens(verdicts)
    _preprocessing(text, readers)


def _verdict_card(verdict: Verdict, checkpoint: Checkpoint) -> None:
    positive = verdict.label == "positive"
    name = _("positive") if positive else _("negative")
    report = checkpoint.card.get("metrics", {}).get("report")
    with st.container(border=True):
        st.metric(
            plain(verdict.model.upper()),
            name,
            delta=_("P(positive) = {probability:.3f}").format(probability=verdict.probability),
            delta_color="off",
            delta_arrow="up" if positive else "down",
        )
        if report:
            low, high = report["accuracy_interval"]
            st.caption(
                _("right for {accuracy:.1%} of {rows:,} tweets ({low:.1%} to {high:.1%})").format(
                    accuracy=report["accuracy"], rows=report["rows"], low=low, high=high
                )
            )


def _tokens(verdicts: list[Verdict]) -> None:
    st.header(_("What the models read"))
    readings: dict[tuple[tuple[str, ...], tuple[bool, ...]], list[str]] = {}
    for verdict in verdicts:
        readings.setdefault((verdict.tokens, verdict.known), []).append(verdict.model.upper())
    for (tokens, known), readers in readings.items():
        if len(readings) > 1:
            st.caption(plain(", ".join(readers)))
        token_strip(tokens, known)
        unknown = len(known) - sum(known)
        if not any(known):
            st.warning(
                _("None of these words is known: each is read as the same unknown word, so only their number counts."),
                icon=":material/help:",
            )
        elif unknown:
            st.caption(
                ngettext(
                    "{unknown} of {all:,} tokens is not in the vocabulary (dashed, with a question mark).",
                    "{unknown:,} of {all:,} tokens are not in the vocabulary (dashed, with a question mark). All of "
                    "them are the same word to the models.",
                    unknown,
                ).format(unknown=unknown, all=len(known))
            )


def _preprocessing(text: str, checkpoints: list[Checkpoint]) -> None:
    with st.expander(_("What each preprocessing step changed"), icon=":material/format_list_numbered:"):
        shown = set()
        for checkpoint in checkpoints:
            if checkpoint.preprocessing not in shown:
                shown.add(checkpoint.preprocessing)
                step_table(text, checkpoint.preprocessing.show_work(text), names.steps())

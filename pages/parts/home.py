"""The answers on the home page: verdicts, the curve over the words, tokens, preprocessing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.language import gettext as _
from core.language import ngettext
from pages.parts import answers, black_box, models, names, prefixwise
from pages.parts.tokens import plain, step_table, token_strip

if TYPE_CHECKING:
    from core.black_box import Model
    from core.verdicts import Verdict


def answer(text: str) -> None:
    """Everything the home page says of a text."""
    with st.spinner(_("Loading the models…"), show_time=False):
        checkpoints, faults = models.load_all()
    models.tell_of(faults)
    if not checkpoints:
        st.error(_("No trained model can be used. Train some with: python -m core train --data FILE"))
        return
    given = answers.answers(checkpoints, text)
    verdicts, readers = [said for _reader, said in given], [reader for reader, _said in given]
    if not verdicts:
        st.info(_("There is no word to read yet. Type a sentence, or pick one of the examples."))
        return

    for column, verdict, checkpoint in zip(st.columns(len(verdicts)), verdicts, readers, strict=True):
        with column:
            _verdict_card(verdict, checkpoint)
    st.caption(
        _(
            "Each network has only these two answers: a sentence without any feeling gets one of them too. Accuracy "
            "is on tweets no model was trained or chosen on, whose labels were their emoticons; in brackets its "
            "95 % interval."
        )
    )

    from core.figures.prefixes import prefix_curves

    verdicts = _with_beginnings(readers, verdicts)
    st.plotly_chart(prefix_curves(verdicts), key="prefixes", alt=_("P(positive) after each word, a curve per model"))
    st.caption(
        _(
            "The verdict is read from the network's last state, so every point is the verdict on the words up to "
            "there. Above the dashed line is positive."
        )
    )
    prefixwise.tell_of_missing_curves(readers)
    _tokens(verdicts)
    answers.as_words(readers, text)
    _preprocessing(text, readers)


def _verdict_card(verdict: Verdict, checkpoint: Model) -> None:
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


def _with_beginnings(readers: list[Model], verdicts: list[Verdict]) -> list[Verdict]:
    """The verdicts, those of a callable with what it says of each beginning if that is asked for."""
    asked = [reader.name for reader in readers if black_box.is_one(reader)]
    if not asked:
        return verdicts
    names = plain(", ".join(asked).upper())
    found = verdicts
    if st.toggle(
        _("Ask {model} about every beginning of the sentence too").format(model=names),
        key="beginnings",
        persist_state="session",
        help=_("Only its answers to whole texts can be had, so each beginning is a text of its own."),
    ):
        with black_box.faults_told(), st.spinner(_("Asking {model}…").format(model=names)):
            found = [
                models.with_prefixes(reader, said) if black_box.is_one(reader) else said
                for reader, said in zip(readers, verdicts, strict=True)
            ]
    black_box.without_beginnings(
        [reader for reader, said in zip(readers, found, strict=True) if not said.prefix_probabilities]
    )
    return found


def _tokens(verdicts: list[Verdict]) -> None:
    st.subheader(_("What the models read"))
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


def _preprocessing(text: str, checkpoints: list[Model]) -> None:
    with st.expander(_("What each preprocessing step changed"), icon=":material/format_list_numbered:"):
        shown = set()
        for checkpoint in checkpoints:
            if checkpoint.preprocessing not in shown:
                shown.add(checkpoint.preprocessing)
                step_table(text, checkpoint.preprocessing.show_work(text), names.steps())

"""The answers on the home page: verdicts, the curve over the words, tokens, preprocessing."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import streamlit as st

from core.language import gettext as _
from core.language import ngettext
from core.small_data import SMALL, class_counts, is_small, majority
from core.verdicts import EmptyTextError
from pages.parts import classes, models, names
from pages.parts.tokens import plain, step_table, token_strip

if TYPE_CHECKING:
    from core.checkpoints import Checkpoint
    from core.verdicts import Verdict


def answer(text: str) -> None:
    """Everything the home page says of a text."""
    with st.spinner(_("Loading the models…"), show_time=False):
        checkpoints, faults = models.load_all()
    models.tell_of(faults)
    if not checkpoints:
        st.error(_("No trained model can be used. Train some with: python -m core train --data FILE"))
        return
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
    if all(checkpoint.reads_sentiment for checkpoint in readers):
        st.caption(
            _(
                "Each network has only these two answers: a sentence without any feeling gets one of them too. "
                "Accuracy is on tweets no model was trained or chosen on, whose labels were their emoticons; in "
                "brackets its 95 % interval."
            )
        )
    else:
        st.caption(
            _(
                "Each network has only its two answers: a text that belongs to neither class gets one of them too. In "
                "brackets the 95 % interval of the accuracy, which holds for texts like those that were judged."
            )
        )

    from core.figures.prefixes import prefix_curves

    labels = classes.of_all(readers)
    alt = _("{chance} after each word, a curve per model").format(chance=classes.chance(labels))
    st.plotly_chart(prefix_curves(verdicts), key="prefixes", alt=alt)
    st.caption(
        _(
            "The verdict is read from the network's last state, so every point is the verdict on the words up to "
            "there. Above the dashed line is {label}."
        ).format(label=classes.said(1, labels))
    )
    if len({checkpoint.labels for checkpoint in readers}) > 1:
        st.caption(_("The models tell different classes apart: {models}.").format(models=classes.listed(readers)))
    _tokens(verdicts)
    _preprocessing(text, readers)


def _verdict_card(verdict: Verdict, checkpoint: Checkpoint) -> None:
    with st.container(border=True):
        st.metric(
            plain(verdict.model.upper()),
            classes.said(verdict.probability, verdict.labels),
            delta=_("{chance} = {probability:.3f}").format(
                chance=classes.chance_plain(verdict.labels), probability=verdict.probability
            ),
            delta_color="off",
            delta_arrow="up" if verdict.probability >= 0.5 else "down",
        )
        _accuracy(checkpoint)


def _accuracy(checkpoint: Checkpoint) -> None:
    """How often it is right. Of a model of a person's own, on what rows, and beside what the more frequent class scores
    by itself; few rows are said to be few."""
    metrics = checkpoint.card.get("metrics", {})
    if checkpoint.reads_sentiment:
        if report := metrics.get("report"):
            low, high = report["accuracy_interval"]
            st.caption(
                _("right for {accuracy:.1%} of {rows:,} tweets ({low:.1%} to {high:.1%})").format(
                    accuracy=report["accuracy"], rows=report["rows"], low=low, high=high
                )
            )
        return
    found = metrics.get("report") or metrics.get("selection")
    if not found:
        return
    low, high = found["accuracy_interval"]
    first, second = class_counts(found)
    rows = _("{rows:,} rows") if "report" in metrics else _("{rows:,} held-out rows, which chose its weights")
    st.caption(
        _("right for {accuracy:.1%} of {rows} ({low:.1%} to {high:.1%}); always saying {label}: {majority:.1%}").format(
            accuracy=found["accuracy"],
            rows=rows.format(rows=found["rows"]),
            low=low,
            high=high,
            label=classes.said(float(second > first), checkpoint.labels),
            majority=majority(found),
        )
    )
    if is_small(found["rows"]):
        st.caption(
            _("Few rows: below {small} an accuracy may be off by 5 percentage points or more.").format(small=SMALL),
        )


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


def _preprocessing(text: str, checkpoints: list[Checkpoint]) -> None:
    with st.expander(_("What each preprocessing step changed"), icon=":material/format_list_numbered:"):
        shown = set()
        for checkpoint in checkpoints:
            if checkpoint.preprocessing not in shown:
                shown.add(checkpoint.preprocessing)
                step_table(text, checkpoint.preprocessing.show_work(text), names.steps())

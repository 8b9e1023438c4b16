"""What the models say of one text, black boxes among them; lines on models that a view cannot show in full."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.models.predict import EmptyTextError
from core.models.predictor import BlackBox
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed, ngettext
from pages.widgets import black_box, models
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.predict import Verdict
    from core.models.predictor import Model


def answers(several: Sequence[Model], text: str) -> tuple[list[Model], list[Verdict]]:
    """The models that find a word in a text, and their verdicts; a black box that fails is reported instead."""
    readers, verdicts = [], []
    for model in several:
        # Another model's preprocessing may still find a word.
        with black_box.faults_shown(), suppress(EmptyTextError):
            verdicts.append(models.verdict(model, text))
            readers.append(model)
    return readers, verdicts


def as_words(several: Sequence[Model], text: str) -> None:
    """Says what a black box makes of the words that probes move, where the text as typed is another one to it."""
    for model in filter(black_box.is_one, several):
        tokens = tuple(model.preprocessing(text))
        if not tokens or " ".join(tokens) == text:
            continue
        with black_box.faults_shown():
            typed = models.verdict(model, text)
            moved = models.verdict_on_tokens(model, tokens).aimed(typed.target)
            if abs(typed.probability - moved.probability) > 5e-4:
                st.caption(
                    _(
                        "When words are moved, {model} gets them in lower case with single spaces "
                        "between them. It gives {moved:.3f} for these words and {typed:.3f} for the "
                        "text as typed."
                    ).format(model=plain(model_name(model.name)), moved=moved.probability, typed=typed.probability)
                )


def only(checkpoints: Sequence[Checkpoint], *, plain_only: bool, torch_gates: bool) -> list[Checkpoint]:
    """The models that a view can be of; a line names the others, an error says where none can.

    None of these reads from both ends. With `plain_only` the logit is w·h_T + b; with `torch_gates` a GRU's reset gate
    stands where torch has it.
    """
    forward = [checkpoint for checkpoint in checkpoints if not checkpoint.model.bidirectional]
    fitting = [
        checkpoint
        for checkpoint in forward
        if not (plain_only and not checkpoint.model.plain) and not (torch_gates and not checkpoint.model.reset_after)
    ]
    say = st.caption if fitting else st.error
    if others := [checkpoint.name for checkpoint in checkpoints if checkpoint not in forward]:
        say(
            ngettext(
                "Not available: {names} is bidirectional. It reads a text from both ends, so it has "
                "no state, gate or verdict after each word.",
                "Not available: {names} are bidirectional. They read a text from both ends, so they "
                "have no state, gate or verdict after each word.",
                len(others),
            ).format(names=_listed(others))
        )
    for checkpoint in forward:
        if checkpoint not in fitting:
            say(
                _("Not available: {name} ({what}). This view needs a model with a plain cell and read-out.").format(
                    name=plain(model_name(checkpoint.name)), what=plain(checkpoint.model.variant)
                )
            )
    return fitting


def tell_of_layers(checkpoints: Sequence[Checkpoint]) -> None:
    """A line on the models of several layers, if there are any: which of these the states and gates are of."""
    deep = [checkpoint.name for checkpoint in checkpoints if checkpoint.model.recurrent.num_layers > 1]
    if deep:
        st.caption(
            ngettext(
                "{names} has several layers. States, gates and interventions are those of the top "
                "layer, which gives the verdict.",
                "{names} have several layers. States, gates and interventions are those of the top "
                "layer, which gives the verdict.",
                len(deep),
            ).format(names=_listed(deep))
        )


def tell_of_cut(readers: Sequence[Model], lengths: Sequence[int]) -> None:
    """A line on each model that reads a part of a text only, as it pads and cuts texts to one length."""
    for reader, tokens in zip(readers, lengths, strict=True):
        if not isinstance(reader, BlackBox) and 0 < (read := reader.model.reads).length < tokens:
            line = (
                _("{name} reads the first {read:,} of {tokens:,} tokens and cuts off the rest.")
                if not read.last
                else _("{name} reads the last {read:,} of {tokens:,} tokens and cuts off the rest.")
            )
            st.caption(line.format(name=plain(model_name(reader.name)), read=read.length, tokens=tokens))


def tell_of_missing_curves(readers: Sequence[Model]) -> None:
    """A line on the models that have a point in place of a curve as they read from both ends, if there are any."""
    names = [reader.name for reader in readers if not isinstance(reader, BlackBox) and reader.model.bidirectional]
    if names:
        st.caption(
            ngettext(
                "{names} is bidirectional: it reads the text from both ends. It has one verdict for "
                "the whole text and no curve.",
                "{names} are bidirectional: they read the text from both ends. Each has one verdict "
                "for the whole text and no curve.",
                len(names),
            ).format(names=_listed(names))
        )


def _listed(names: Sequence[str]) -> str:
    return plain(listed(map(model_name, names)))

"""What the models say of one text, black boxes among them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.models.predict import EmptyTextError
from core.runtime.i18n import gettext as _
from pages.widgets import black_box, models
from pages.wording.tokens import plain

if TYPE_CHECKING:
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


def warn_of_unknown(known: Iterable[bool]) -> None:
    """A line above the answer where a model knows no word of a text."""
    if not any(known):
        st.warning(
            _("None of these words is known. Each is read as the same unknown word, so only their number counts."),
            icon=":material/help:",
        )


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

"""What the models say of one text, those of which only the answers can be had among them."""

from __future__ import annotations

from collections.abc import Sequence
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


def answers(several: Sequence[Model], text: str) -> list[tuple[Model, Verdict]]:
    """The models that find a word in a text, with their verdicts; a callable that goes wrong is told of instead."""
    given = []
    for model in several:
        # Another model's preprocessing may still find a word.
        with black_box.faults_told(), suppress(EmptyTextError):
            given.append((model, models.verdict(model, text)))
    return given


def as_words(several: Sequence[Model], text: str) -> None:
    """Says what a callable makes of the words that probes move, where the text as typed is something else to it."""
    for model in several:
        if not black_box.is_one(model):
            continue
        tokens = tuple(model.preprocessing(text))
        joined_up = " ".join(tokens)
        if not tokens or joined_up == text:
            continue
        with black_box.faults_told():
            typed, moved = models.verdict(model, text), models.verdict_on_tokens(model, tokens)
            if abs(typed.probability - moved.probability) > 5e-4:
                st.caption(
                    _(
                        "Where words are moved, {model} is asked about them in lower case with single spaces between: "
                        "it says {moved:.3f} of these words where it says {typed:.3f} of the text as typed."
                    ).format(model=plain(model_name(model.name)), moved=moved.probability, typed=typed.probability)
                )

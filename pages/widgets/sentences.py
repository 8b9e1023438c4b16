"""The page's sentence and a second one to compare with it, and who reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from core.data.examples import examples
from core.runtime.i18n import gettext as _
from pages.server import limits
from pages.widgets import query_params

if TYPE_CHECKING:
    from core.models.predictor import Model


class Sentence(NamedTuple):
    """A sentence to look into, the first or the second."""

    number: int
    text: str


def second_sentence(text: str, label: str, key: str, *, suggest: bool = True) -> str:
    """The second sentence, in the link as ``second``; `suggest` offers the proverb's reversal at first.

    A suggestion goes with its sentence. What a person typed stays until a link or an example gives another sentence.
    """
    proverb, reversed_proverb = (example.text for example in examples()[:2])
    default = reversed_proverb if suggest and text == proverb else ""
    before = st.session_state.get(f"{key} beside", text)
    suggested = before == proverb and st.session_state.get(key) == reversed_proverb
    entered = "linked second" not in st.session_state  # from another page
    if text != before and (suggested or entered or st.session_state.get("q given")) and "second" not in st.query_params:
        st.session_state[key] = default
    st.session_state[f"{key} beside"] = text
    second = query_params.text(st.text_input, label, name="second", key=key, default=default, live=True)
    return limits.short_enough(second)


def read(checkpoints: Sequence[Model], *texts: str) -> list[Sentence]:
    """The texts, numbered, that have a word that some model reads."""
    numbered = (Sentence(number, text) for number, text in enumerate(texts, 1))
    return [sentence for sentence in numbered if readers(checkpoints, sentence)]


def readers(
    checkpoints: Sequence[Model], *sentences: Sentence, which: Callable[[Iterable[object]], bool] = any
) -> list[Model]:
    """The models that find a word in any of some sentences, or in all of them."""
    return [
        checkpoint
        for checkpoint in checkpoints
        if which(checkpoint.preprocessing(sentence.text) for sentence in sentences)
    ]


def choose(sentences: Sequence[Sentence]) -> Sentence:
    """One of the sentences; ``of`` in the link."""
    if len(sentences) == 1:
        return sentences[0]
    names = {1: _("the first sentence"), 2: _("the second sentence")}
    number = query_params.choice(st.segmented_control, _("Sentence"), names, name="of", key="trajectories of")
    return sentences[number - 1]

"""Trained models for the pages: loaded once for all sessions, read-only, answers cached by model hash and text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import streamlit as st

from core import checkpoints
from core.language import gettext as _
from core.language import ngettext
from core.memory import give_back
from pages.parts import link
from pages.parts.tokens import plain

if TYPE_CHECKING:
    from core.checkpoints import Card, Checkpoint
    from core.fluency import Fluency
    from core.verdicts import Verdict


def cards() -> tuple[dict[str, Card], list[str]]:
    """The cards of the checkpoints that have a sound one, and a line about each that has not. Reads no weights."""
    found, faults = {}, []
    for name in checkpoints.names():
        try:
            found[name] = checkpoints.read_card(name)
        except checkpoints.CheckpointError as error:
            faults.append(str(error))
    return found, faults


def word_vectors_card() -> tuple[Card | None, list[str]]:
    """The card of the word vectors that the models started from, if there are any, and a line if it is not sound."""
    if not (checkpoints.root() / checkpoints.WORD2VEC).is_dir():
        return None, []
    try:
        return checkpoints.read_card(checkpoints.WORD2VEC), []
    except checkpoints.CheckpointError as error:
        return None, [str(error)]


def tell_of(faults: list[str]) -> None:
    """One warning for all checkpoints that cannot be used; what is wrong with each is folded below it."""
    if not faults:
        return
    count = len(faults)
    st.warning(
        ngettext("One model is left out.", "{count} models are left out.", count).format(count=count),
        icon=":material/warning:",
    )
    with st.expander(_("What is wrong")):
        for fault in faults:
            st.text(fault)  # it may quote a damaged file, so it is not read as Markdown


def hashes() -> dict[str, str]:
    """The hash of every model that can be used, by name."""
    return {checkpoint.name: checkpoint.hash for checkpoint in load_all()[0]}


def choose(checkpoints: list[Checkpoint], key: str) -> Checkpoint:
    """One of some models, the LSTM unless another is asked for; the choice travels in the link."""
    by_name = {checkpoint.name: checkpoint for checkpoint in checkpoints}
    usual = "lstm" if "lstm" in by_name else checkpoints[0].name
    sound = link.restore("model", usual, link.one_of(list(by_name)), key)
    if st.session_state[key] not in by_name:
        st.session_state[key] = usual
    if not sound:
        st.caption(_("The link asks for a model that is not here; another one answers."))
    name = st.segmented_control(
        _("Model"),
        list(by_name),
        format_func=lambda name: plain(name.upper()),
        key=key,
        required=True,
        persist_state="session",
    )
    link.carry("model", None if name == usual else name)
    return by_name[name]


def study() -> dict[str, Any] | None:
    """The study of the choices, if it was made."""
    try:
        found = json.loads((checkpoints.root() / "study.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    wanted = {"data", "base", "min_count", "variants", "vocabulary_by_step"}
    return found if isinstance(found, dict) and wanted <= found.keys() else None


def load(name: str, card: Card) -> Checkpoint:
    """A model, loaded once for all sessions. Raises CheckpointError."""
    return _load(name, card["sha256"][checkpoints.CARD])


def load_all() -> tuple[list[Checkpoint], list[str]]:
    """Every model that can be used, and a line about each that cannot."""
    found, faults = cards()
    models = []
    for name, card in found.items():
        try:
            models.append(load(name, card))
        except checkpoints.CheckpointError as error:
            faults.append(str(error))
    return models, faults


def verdict(checkpoint: Checkpoint, text: str) -> Verdict:
    """A model's verdict on a text. Raises EmptyTextError for a text without a word."""
    return _verdict(checkpoint.name, checkpoint.hash, text, checkpoint)


def verdict_on_tokens(checkpoint: Checkpoint, tokens: tuple[str, ...]) -> Verdict:
    """A model's verdict on tokens as they stand. Raises EmptyTextError where there is none."""
    return _verdict_on_tokens(checkpoint.name, checkpoint.hash, tokens, checkpoint)


def fluency() -> tuple[Fluency | None, str]:
    """The fluency model, loaded once for all sessions; or None, and a line that says what is wrong."""
    try:
        card = checkpoints.read_card(checkpoints.FLUENCY)
        return _fluency(card["sha256"][checkpoints.CARD]), ""
    except checkpoints.CheckpointError as error:
        return None, str(error)


@st.cache_resource(max_entries=4, show_spinner=False)
def _fluency(card_hash: str) -> Fluency:
    from core import fluency

    found = fluency.load()
    give_back()
    return found


@st.cache_resource(max_entries=64, show_spinner=False)
def _load(name: str, card_hash: str) -> Checkpoint:
    found = checkpoints.load(name)
    give_back()
    return found


@st.cache_data(max_entries=1_024, show_spinner=False)
def _verdict(name: str, model_hash: str, text: str, _checkpoint: Checkpoint) -> Verdict:
    from core.verdicts import verdict

    return verdict(_checkpoint, text)


@st.cache_data(max_entries=4_096, show_spinner=False)
def _verdict_on_tokens(name: str, model_hash: str, tokens: tuple[str, ...], _checkpoint: Checkpoint) -> Verdict:
    from core.verdicts import verdict_on_tokens

    return verdict_on_tokens(_checkpoint, tokens)

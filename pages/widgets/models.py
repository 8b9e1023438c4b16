"""Trained models for the pages: loaded once for all sessions, read-only, answers cached by model hash and text."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.data.labels import model_name
from core.models import checkpoints
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed, ngettext
from core.runtime.malloc import give_back
from pages.server.caches import cached
from pages.widgets import black_box, query_params
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.fluency.judge import Judge
    from core.fluency.trigram import Fluency
    from core.models.checkpoints import Card, Checkpoint
    from core.models.predict import Verdict
    from core.models.predictor import BlackBox, Model
    from core.models.trace import Trace


_SHOWN_AT_ONCE = 3  # models a page loads unless others are chosen
_FIRST = "lstm_people"  # in lists: of the shipped models the one that is right most often on people's labels
_CHOSEN = "models loaded"  # the key of the choice, the same on every page


def cards() -> tuple[dict[str, Card], list[str]]:
    """The cards of the checkpoints that have a sound one, and a line about each that has not. Reads no weights."""
    names, faults = checkpoints.candidates()
    classifiers = {}
    for name in sorted(names, key=lambda name: name != _FIRST):
        try:
            read = card(name)
        except checkpoints.CheckpointError as error:
            faults.append(str(error))
        else:
            if read.get("kind") == checkpoints.CLASSIFIER:
                classifiers[name] = read
    return classifiers, faults


def card(name: str) -> Card:
    """A checkpoint's card, read again only when its file changes; not to be written to. Raises CheckpointError."""
    folder = checkpoints.root()
    try:
        there = (folder / name / checkpoints.CARD).stat()
    except (OSError, ValueError):  # ValueError: a name with a NUL
        return checkpoints.read_card(name)  # which tells what is wrong
    return _card(name, str(folder), (there.st_mtime_ns, there.st_size, there.st_ino, there.st_dev))


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
    with st.expander(_("Problems")):
        for fault in faults:
            st.text(fault)  # it may quote a damaged file, so it is not read as Markdown


def hashes() -> dict[str, str]:
    """The hash of every model that has a sound card, by name. Reads no weights."""
    return {name: checkpoints.identity(card) for name, card in cards()[0].items()}


def choose(checkpoints: list[Model], key: str, name: str = "model") -> Model:
    """One of some models, the callable or else the LSTM unless another is asked for; `name` in the link."""
    by_name = {checkpoint.name: checkpoint for checkpoint in checkpoints}
    usual = "lstm" if "lstm" in by_name and not black_box.is_one(checkpoints[0]) else checkpoints[0].name
    return by_name[choose_name(list(by_name), key, usual, name)]


def choose_name(names: Sequence[str], key: str, usual: str, name: str = "model") -> str:
    """The name of one of some models, the usual one unless another is asked for; `name` in the link."""
    return query_params.choice(
        st.segmented_control,
        _("Model"),
        {name: plain(model_name(name)) for name in names},
        name=name,
        key=key,
        default=usual,
    )


def choose_some(checkpoints: Sequence[Model], key: str, usual: Sequence[str] = ()) -> list[Model]:
    """Some of the models, the usual ones (all by default) if none is picked; ``models`` in the link."""
    by_name = {checkpoint.name: checkpoint for checkpoint in checkpoints}
    usual = list(usual) or list(by_name)
    picked = _ask_some(
        st.pills,
        list(by_name),
        usual,
        name="models",
        key=key,
        fit=lambda picked: [name for name in picked if name in by_name] or usual,  # fewer may read another sentence
        format_func=lambda name: plain(model_name(name)),
        selection_mode="multi",
    )
    return [by_name[name] for name in picked or usual]


def _ask_some(draw: Callable[..., Any], names: list[str], usual: list[str], **more: Any) -> list[str]:
    """Some of these names, in their order; [] where none is picked. `more` is as of `query_params.linked`."""

    def in_order(picked: Sequence[str]) -> list[str]:
        return [name for name in names if name in picked]

    def write(picked: Sequence[str]) -> str | None:
        return None if in_order(picked) in ([], usual) else ",".join(in_order(picked))

    read = query_params.some_of(names)
    return in_order(query_params.linked(draw, _("Models"), names, default=usual, read=read, write=write, **more))


def study() -> dict[str, Any] | None:
    """The study of the choices, if it was made."""
    try:
        study = json.loads((checkpoints.root() / "study.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    fields = {"data", "base", "min_count", "variants", "vocabulary_by_step"}
    return study if isinstance(study, dict) and fields <= study.keys() else None


def load(name: str, card: Card) -> Checkpoint:
    """A model, loaded once for all sessions. Raises CheckpointError."""
    return _load(name, card["sha256"][checkpoints.CARD])


def load_all() -> tuple[list[Model], list[str]]:
    """The chosen models, as far as they can be used, and a line about each that cannot.

    Of more than three a box in the sidebar chooses, so only the chosen ones' weights are read; of the rest, the cards.
    """
    every, faults = cards()
    models = []
    for name in _pick(list(every)):
        try:
            models.append(load(name, every[name]))
        except checkpoints.CheckpointError as error:
            faults.append(str(error))
    tell_of_unchecked({model.name: model.card for model in models})
    return black_box.joined(models, faults)


def loaded() -> list[Model]:
    """As `load_all`, with a sign of life; the page says what is wrong with models, and where none can be used."""
    with st.spinner(_("Loading the models…"), show_time=False):
        models, faults = load_all()
    tell_of(faults)
    if not models:
        tell_of_none()
    return models


def tell_of_none() -> None:
    """An error where a page needs models and none can be used."""
    st.error(_("No usable model found. Train one with: python -m core train --data FILE"))


def unchecked(cards: Mapping[str, Card]) -> list[str]:
    """The names of the models that were trained elsewhere and not compared with their owners' outputs."""
    imported = {name: card["imported"] for name, card in cards.items() if card.get("imported")}
    return [name for name, how in imported.items() if not (isinstance(how, dict) and _is_checked(how.get("checked")))]


def tell_of_unchecked(cards: Mapping[str, Card]) -> None:
    """Lines beside the page that name those models, and those whose check agrees with other readings too."""
    names = unchecked(cards)
    open_ = [
        name
        for name, card in cards.items()
        if card.get("imported") and name not in names and card["imported"]["checked"].get("decides") is False
    ]
    lines = [
        (
            names,
            ngettext(
                "{names} has not been checked against outputs from its owner.",
                "{names} have not been checked against outputs from their owners.",
                len(names),
            ),
        ),
        (open_, _("{names}: the owner’s outputs also agree with other ways to read the files.")),
    ]
    for some, line in lines:
        if some:
            st.sidebar.caption(line.format(names=plain(listed(map(model_name, some)))))


def _is_checked(check: object) -> bool:
    """Whether a card says on how many rows of which file a model agreed, and how closely."""
    kinds = {"file": str, "rows": int, "largest_difference": float}
    return isinstance(check, dict) and all(isinstance(check.get(key), kind) for key, kind in kinds.items())


def _pick(names: list[str]) -> list[str]:
    """Some of these models, by a box in the sidebar where they are more than three; the choice travels in the link as
    ``loaded`` and holds on every page."""
    usual = [name for name in ("rnn", "gru", "lstm") if name in names] or names[:_SHOWN_AT_ONCE]
    if len(names) <= _SHOWN_AT_ONCE:
        return names
    with st.sidebar:
        picked = _ask_some(
            st.multiselect,
            names,
            usual,
            name="loaded",
            key=_CHOSEN,
            fit=lambda picked: [name for name in picked if name in names],  # a model may have been removed since
            format_func=model_name,
            placeholder=_("choose models"),
            help=_("{count:,} models are available. Only the chosen ones are loaded and answer.").format(
                count=len(names)
            ),
        )
        if not picked:
            st.caption(_("No model chosen. Using the defaults."))
    return picked or usual


@cached(1_024)
def verdict(checkpoint: Model, text: str) -> Verdict:
    """A model's verdict on a text. Raises EmptyTextError for a text without a word."""
    from core.models import predict

    return predict.verdict(checkpoint, text)


@cached(4_096)
def verdict_on_tokens(checkpoint: Model, tokens: tuple[str, ...]) -> Verdict:
    """A model's verdict on tokens as they are. Raises EmptyTextError where there is none."""
    from core.models import predict

    return predict.verdict_on_tokens(checkpoint, tokens)


# Shared and not copied: a trace of 2,000 tokens has 13 MB.
@cached(24, shared=True)
def traced(checkpoint: Checkpoint, text: str) -> Trace:
    """A model's trace of a text, shared by all sessions; its arrays are read-only."""
    from core.models.trace import trace

    return trace(checkpoint, text)


@cached(256)
def with_prefixes(asked: BlackBox, said: Verdict) -> Verdict:
    """A callable's verdict, with its probability for every prefix of the text."""
    from core.models import predict

    return predict.with_prefixes(asked, said)


def fluency() -> tuple[Fluency | None, str]:
    """The fluency model, loaded once for all sessions; or None, and a line that says what is wrong."""
    try:
        card = checkpoints.read_card(checkpoints.FLUENCY)
        return _fluency(card["sha256"][checkpoints.CARD]), ""
    except checkpoints.CheckpointError as error:
        return None, str(error)


def judge() -> tuple[Judge | None, str]:
    """The judge of word order, loaded once for all sessions; or None, and a line that says what is wrong."""
    try:
        card = checkpoints.read_card(checkpoints.JUDGE)
        return _judge(card["sha256"][checkpoints.CARD]), ""
    except checkpoints.CheckpointError as error:
        return None, str(error)


@cached(1_024, shared=True)
def _card(name: str, folder: str, file: tuple[int, ...]) -> Card:
    return checkpoints.read_card(name)


@cached(4, shared=True)
def _fluency(card_hash: str) -> Fluency:
    from core.fluency import trigram

    fluency = trigram.load()
    give_back()
    return fluency


@cached(2, shared=True)
def _judge(card_hash: str) -> Judge:
    from core.fluency import judge

    loaded = judge.load()
    give_back()
    return loaded


@cached(64, shared=True)
def _load(name: str, card_hash: str) -> Checkpoint:
    checkpoint = checkpoints.load(name)
    give_back()
    return checkpoint

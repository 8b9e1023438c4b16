"""The answers on the home page: verdicts, the curve over the words, tokens, preprocessing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.data import targets
from core.data.label_inference import NEUTRAL
from core.data.labels import SENTIMENT, model_name, shown
from core.data.small_data import SMALL, class_counts, is_small, majority
from core.models.checkpoints import labels_of
from core.runtime.i18n import clauses, listed, ngettext, together
from core.runtime.i18n import gettext as _
from core.text.preprocessing import DROPPING, places
from pages.widgets import answers, black_box, classes, models, target, text_strip
from pages.wording import names
from pages.wording.tokens import lead, plain, step_table, visible

if TYPE_CHECKING:
    from core.models.predict import Verdict
    from core.models.predictor import Model


def answer(text: str, checkpoints: list[Model]) -> None:
    """Everything the home page says of a text."""
    readers, verdicts = answers.answers(checkpoints, text)
    if not verdicts:
        st.info(_("No words to read yet. Type a sentence or pick an example."))
        return

    aim = target.choose(readers, "home")
    verdicts = [aim.verdict(verdict) for verdict in verdicts]
    text_strip.warn_of_unknown(*(verdict.known for verdict in verdicts))
    lead(_in_a_sentence(verdicts))
    for column, verdict in zip(st.columns(len(verdicts)), verdicts, strict=True):
        with column, st.container(border=True):
            classes.metric(verdict)
    verdicts = _with_beginnings(readers, verdicts)
    _words(text, verdicts)
    _curves(readers, verdicts)
    for checkpoint in readers:
        _accuracy(checkpoint)
    _answers_there_are(readers)
    answers.tell_of_missing_curves(readers)
    answers.tell_of_cut(readers, [len(verdict.tokens) for verdict in verdicts])
    if len({checkpoint.labels for checkpoint in readers}) > 1:
        st.caption(_("The models predict different classes: {models}.").format(models=classes.listed(readers)))
    _split_contractions(text, readers)
    answers.as_words(readers, text)
    _preprocessing(text, readers)


def _answers_there_are(readers: list[Model]) -> None:
    if all(checkpoint.labels == SENTIMENT for checkpoint in readers):
        st.caption(
            _(
                "Each model has only these two answers: even a neutral sentence gets one. Accuracy "
                "is on tweets that no model was trained or selected on; their labels are their "
                "emoticons, or people’s where it says so. Its 95 % interval is in brackets."
            )
        )
        if neutral := [name for name, card in models.cards()[0].items() if NEUTRAL in labels_of(card)]:
            names_of = listed(plain(model_name(name)) for name in neutral)
            st.caption(_("Models with a neutral class: {names}. Choose them in the sidebar.").format(names=names_of))
    else:
        st.caption(
            _(
                "Each model can only answer with its own classes: a text that fits none still gets one. "
                "The 95 % interval of the accuracy, in brackets, holds for texts like those tested."
            )
        )


def _in_a_sentence(verdicts: list[Verdict]) -> str:
    """Who predicts what, and after which word the last verdict changed."""
    groups: dict[str, list[str]] = {}
    for verdict in verdicts:
        groups.setdefault(verdict.label, []).append(model_name(verdict.model))
    said = [_("{models}: {label}.").format(models=listed(names), label=shown(label)) for label, names in groups.items()]
    turns: dict[tuple[int, str], list[str]] = {}
    for verdict in verdicts:
        after = targets.predicted_of(verdict.prefix_distributions)
        for at in (after[1:] != after[:-1]).nonzero()[0][-1:].tolist():
            turns.setdefault((at + 2, verdict.tokens[at + 1]), []).append(model_name(verdict.model))
    if turns:
        at_words = [
            _("{models} at word {number}, “{word}”").format(models=listed(names), number=number, word=visible(word))
            for (number, word), names in sorted(turns.items())
        ]
        said.append(_("Last change of verdict: {where}.").format(where=clauses(at_words)))
    return together(said)


def _curves(readers: list[Model], verdicts: list[Verdict]) -> None:
    from core.figures.prefixes import of_each_class, prefix_curves

    alt = _("Probability of each class after each word")
    if not of_each_class(verdicts):
        shared = targets.shared_target(verdict.target for verdict in verdicts)
        chance = classes.probability_name(shared or classes.of_all(readers))
        alt = _("{chance} after each word, one curve per model").format(chance=chance)
    st.plotly_chart(prefix_curves(verdicts), key="prefixes", alt=alt)


def _accuracy(checkpoint: Model) -> None:
    """How often it is right: on labels by emoticons and by people, or of a model of a person's own on what rows; beside
    what the largest class scores by itself. Few rows are said to be few."""
    metrics, said = checkpoint.card.get("metrics", {}), []
    if checkpoint.labels == SENTIMENT and (report := metrics.get("report")):
        low, high = report["accuracy_interval"]
        line = _("accuracy {accuracy:.1%} on {rows:,} tweets ({low:.1%} to {high:.1%})")
        said.append(line.format(accuracy=report["accuracy"], rows=report["rows"], low=low, high=high))
    for name, rows in (
        ("people", _("{rows:,} tweets that people labelled")),
        ("report", _("{rows:,} rows")),
        ("selection", _("{rows:,} held-out rows (used to choose its weights)")),
    ):
        if not said or name == "people":
            said += _beside_majority(checkpoint, metrics.get(name), rows)
    measured = metrics.get("report") or metrics.get("selection")
    if measured and checkpoint.labels != SENTIMENT and is_small(measured["rows"]):
        line = _("few rows: with fewer than {small}, an accuracy may be off by 5 percentage points or more")
        said.append(line.format(small=SMALL))
    if said:
        st.caption(_("{model}: {what}.").format(model=plain(model_name(checkpoint.name)), what=clauses(said)))


def _beside_majority(checkpoint: Model, measured: Mapping[str, Any] | None, rows: str) -> list[str]:
    """An accuracy, on what rows, and what the largest class scores by itself."""
    if measured is None:
        return []
    low, high = measured["accuracy_interval"]
    counts = class_counts(measured)
    return [
        _("accuracy {accuracy:.1%} on {rows} ({low:.1%} to {high:.1%}), always {label}: {majority:.1%}").format(
            accuracy=measured["accuracy"],
            rows=rows.format(rows=measured["rows"]),
            low=low,
            high=high,
            label=plain(shown(checkpoint.labels[counts.index(max(counts))])),
            majority=majority(measured),
        )
    ]


def _with_beginnings(readers: list[Model], verdicts: list[Verdict]) -> list[Verdict]:
    """The verdicts, those of a callable with what it says of each beginning if that is asked for."""
    asked = [reader.name for reader in readers if black_box.is_one(reader)]
    if not asked:
        return verdicts
    names = plain(listed(map(model_name, asked)))
    if st.toggle(
        _("Also ask {model} about every prefix").format(model=names),
        key="beginnings",
        persist_state="session",
        help=_("A black box answers only for whole texts, so each prefix is sent as a separate text."),
    ):
        with black_box.faults_shown(), st.spinner(_("Asking {model}…").format(model=names)):
            verdicts = [
                models.with_prefixes(reader, verdict) if black_box.is_one(reader) else verdict
                for reader, verdict in zip(readers, verdicts, strict=True)
            ]
    black_box.without_beginnings(
        [reader for reader, verdict in zip(readers, verdicts, strict=True) if not verdict.prefix_probabilities]
    )
    return verdicts


def _words(text: str, verdicts: list[Verdict]) -> None:
    """The words that the models read, with each model's verdict after each, and what to try with the one clicked."""
    sequences: dict[tuple[tuple[str, ...], tuple[bool, ...]], list[Verdict]] = {}
    for verdict in verdicts:
        sequences.setdefault((verdict.tokens, verdict.known), []).append(verdict)
    for number, ((tokens, known), readers) in enumerate(sequences.items()):
        if len(sequences) > 1:
            st.caption(plain(listed(model_name(verdict.model) for verdict in readers)))
        key = f"home words {number}"
        marks = text_strip.verdict_marks(
            (one.model, one.labels, one.prefix_distributions, one.known) for one in readers
        )
        chosen = text_strip.choose(tokens, known, marks, key=key, chart="prefixes")
        if chosen is not None:
            _try_without(text, tokens, chosen, key)
        if any(known) and (unknown := len(known) - sum(known)):
            st.caption(
                ngettext(
                    "{unknown} of {all:,} tokens is not in the vocabulary (dashed, with a question mark).",
                    "{unknown:,} of {all:,} tokens are not in the vocabulary (dashed, with a "
                    "question mark). The models read them all as the same word.",
                    unknown,
                ).format(unknown=unknown, all=len(known))
            )


def _try_without(text: str, tokens: tuple[str, ...], chosen: int, key: str) -> None:
    """What to do with the word that was clicked: leave it out, or put another in its place."""
    found = places(text, tokens)

    def put(words: str) -> None:
        if found is None:
            st.session_state["q"] = " ".join([*tokens[:chosen], *words.split(), *tokens[chosen + 1 :]])
        else:
            begin, end = found[chosen]
            st.session_state["q"] = " ".join(f"{text[:begin]}{words}{text[end:]}".split())

    other = f"{key} other {chosen}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(_("Put in its place"), key=other, on_change=lambda: put(st.session_state[other]), width=260)
        st.button(_("Leave it out"), key=f"{key} left out", on_click=put, args=("",), disabled=len(tokens) == 1)


def _split_contractions(text: str, readers: list[Model]) -> None:
    """Where a tokeniser took a contraction apart, and a model reads the pieces: what to type instead."""
    from core.text.preprocessing import REJOIN, first_split

    own = [reader for reader in readers if not black_box.is_one(reader)]
    apart = [model_name(reader.name) for reader in own if REJOIN not in reader.preprocessing.steps]
    if apart and (contraction := first_split(text)):
        split, joined = contraction
        st.caption(
            _("“{split}” is split into pieces by {models}. Type it joined: “{joined}”.").format(
                split=plain(visible(split)), models=plain(listed(apart)), joined=plain(joined)
            )
        )


def _preprocessing(text: str, checkpoints: list[Model]) -> None:
    with st.expander(_("What each preprocessing step changed"), icon=":material/format_list_numbered:"):
        steps = names.steps() | {DROPPING: _("unknown words dropped")}
        for preprocessing in dict.fromkeys(checkpoint.preprocessing for checkpoint in checkpoints):
            step_table(text, preprocessing.show_work(text), steps)

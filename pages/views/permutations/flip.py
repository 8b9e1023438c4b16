"""One button: every model's best order of the words that flips its verdict and that a person would accept."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.fluency.orders import MOST_TOKENS
from core.probes.permutations import flip as probe
from core.probes.permutations.search import ask
from core.runtime.i18n import gettext as _
from core.runtime.i18n import titled
from core.storage.database import Prediction
from pages.server import background_search, limits
from pages.server.fingerprint import fingerprint
from pages.views.permutations.kept_pairs import judgements
from pages.views.permutations.permuted import composed_pairs, left_out, pins, readers_of
from pages.widgets import classes, frame, kept, models
from pages.wording.terms import term
from pages.wording.tokens import moved_strip, plain

if TYPE_CHECKING:
    from core.fluency.judge import Judge
    from core.models.checkpoints import Checkpoint
    from core.models.predict import Verdict
    from core.probes.permutations.flip import FlipProgress, Flips, Pair

STARTERS = (  # sentences whose verdict an accepted order flips, under some shipped model
    "I am happy and not tired at all",
    "She is happy that he is not sick",
    "The good actor saved a bad film",
    "I was bored but now I am excited",
    "Less work and more fun",
    "More pain than fun",
)


def view(text: str, checkpoints: list[Checkpoint]) -> None:
    """The button, and a column for each model with its pairs."""
    with frame.waiting(_("Loading the judge of word order…"), 320):
        fluency, fault = models.fluency()
        judge, judge_fault = models.judge()
    if fluency is None or judge is None:
        st.warning(
            _(
                "This needs the fluency model and the judge of word order, which are not available: {fault}. You can "
                "still move words by hand."
            ).format(fault=plain(fault or judge_fault)),
            icon=":material/warning:",
        )
        return
    readers = readers_of(text, checkpoints)
    if not readers:
        return
    tokens = tuple(readers[0].preprocessing(text))
    if len(tokens) > MOST_TOKENS:
        st.info(
            _("The search takes up to {most} words; this sentence has {count:,}.").format(
                most=MOST_TOKENS, count=len(tokens)
            )
        )
        return
    if not judge.can_judge(tokens):
        st.info(_("The judge of word order knows too few of these words to judge their orders."))
        return
    results = st.container()
    with st.expander(_("Locked words"), icon=":material/lock:"):
        pinned = pins(tokens)
    with results:
        if ask(readers[0], fluency.trigram, text, pinned).words.count == 1:
            st.info(_("These words have only one order, so no other can flip the verdict."))
            return
        same = [reader for reader in readers if tuple(reader.preprocessing(text)) == tokens]
        left_out([reader for reader in readers if reader not in same])
        key = (*(reader.hash for reader in same), fluency.hash, judge.hash, text, tuple(pinned))

        def start() -> background_search.Start:
            return lambda check: probe.flips(same, judge, fluency.trigram, text, pinned, check_cancelled=check)

        show = partial(_show, judge=judge, readers=same)
        background_search.view("flip", key, start, _say, show, _("Find me a flip"), lasting=True)


def _say(event: FlipProgress) -> background_search.Shown:
    line = _("{stage}: {done:,} of {total:,}").format(stage=term(event.stage), done=event.done, total=event.total)
    best = next((pair.text for flips in event.found for pair in flips.pairs if pair.accepted), "")
    return background_search.Shown(event.done / max(event.total, 1), line, best, event.scored)


def _show(event: FlipProgress, key: str, judge: Judge, readers: list[Checkpoint]) -> None:
    for column, found in zip(st.columns(max(len(event.found), 1)), event.found, strict=False):
        with column:
            _model(found)
    shown: dict[str, Pair] = {}
    for rank in range(probe.TOP):  # every model's best first
        for found in event.found:
            for pair in found.pairs[rank : rank + 1]:
                shown.setdefault(pair.text, pair)
    for title, accepted in (
        (_("Valid orders that flip a verdict"), True),
        (_("Orders that flip, but may not be English"), False),
    ):
        pairs = [pair for pair in shown.values() if pair.accepted == accepted]
        if pairs:
            st.header(title)
        for pair in pairs:
            with st.container(border=True):
                _pair(event.found, pair, f"flip {key} {fingerprint(pair.text)}", judge, readers)
    if len(event.found) < len(readers):
        st.info(_("The search was stopped; not every model has answered."))
    elif not any(pair.accepted for pair in shown.values()):
        _instead(event.found[0].tokens)


def _model(found: Flips) -> None:
    labels = classes.of(found.model)
    st.metric(
        _("{model}, {chance}").format(
            model=plain(model_name(found.model)), chance=classes.probability_name_plain(labels)
        ),
        classes.said(found.probability, labels),
        delta=f"{found.probability:.3f}",
        delta_color="off",
        delta_arrow="off",
    )
    st.caption(plain(found.certificate))


def _pair(event: Sequence[Flips], pair: Pair, key: str, judge: Judge, readers: list[Checkpoint]) -> None:
    original = event[0].tokens
    tokens = tuple(original[position] for position in pair.positions)
    both = [
        (models.verdict_on_tokens(reader, original), models.verdict_on_tokens(reader, tokens)) for reader in readers
    ]
    left, right = st.columns([3, 2], vertical_alignment="center")
    with left:
        moved_strip(tokens, pair.moved)
        if pair.accepted:
            st.badge(_("P(valid) {valid:.2f}").format(valid=pair.valid), icon=":material/check:", color="green")
        else:
            st.badge(_("P(valid) only {valid:.2f}").format(valid=pair.valid), icon=":material/help:", color="gray")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            answer = st.segmented_control(
                _("Is this English?"),
                [name for name in judgements() if name != "unsure"],
                format_func=judgements().__getitem__,
                key=f"{key} judgement",
                help=_("Your answer saves the pair to Kept pairs."),
            )
            with st.popover(_("Copy or open"), icon=":material/open_in_new:"):
                frame.open_elsewhere(pair.text, event[0].text)
    with right:
        for before, after in both:
            said = [f"{classes.said(one.probability, one.labels)} {one.probability:.3f}" for one in (before, after)]
            flipped = before.label != after.label
            st.badge(
                plain(titled(model_name(before.model), f"{said[0]} → {said[1]}")),
                icon=":material/swap_horiz:" if flipped else ":material/equal:",
                color="orange" if flipped else "gray",
            )
    if answer and st.session_state.get(f"{key} kept") != answer:
        flipped_both = [(before, after) for before, after in both if before.label != after.label]
        _keep(event[0].text, pair, answer, judge, flipped_both)
        st.session_state[f"{key} kept"] = answer


def _keep(text: str, pair: Pair, judgement: str, judge: Judge, flipped: list[tuple[Verdict, Verdict]]) -> None:
    """Keep the pair for every model whose verdict it flips."""
    with kept.faults_shown():
        own = limits.collection(classes.of)
        for before, after in flipped:
            said = Prediction.of(after, before.target)
            limits.room(len(own.pairs()))
            log_odds = judge.score([before.tokens, after.tokens]).tolist()
            own.keep(
                original=text,
                other=pair.text,
                model=before.model,
                probability_original=before.probability,
                probability_other=said.probability,
                target=before.target,
                label_original=before.label,
                label_other=said.label,
                fluency_original=log_odds[0],
                fluency_other=log_odds[1],
                scorer=judge.name,
                floor=judge.floor(log_odds[0]),
                judgement=judgement,
            )
        st.toast(_("Saved to Kept pairs as “{judgement}”.").format(judgement=judgements()[judgement]))


def _instead(tokens: tuple[str, ...]) -> None:
    st.header(_("No accepted order flips a verdict"))
    composed_pairs(tokens)

    def write() -> None:
        st.session_state["q"] = st.session_state["starter"] or st.session_state["q"]
        st.session_state["starter"] = None

    st.pills(_("Or try a sentence whose verdict does flip"), STARTERS, key="starter", on_change=write)

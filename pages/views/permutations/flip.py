"""One button: every model's best order of the words that flips its verdict and that a person would accept."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name, shown
from core.fluency.orders import MOST_TOKENS
from core.probes.permutations import flip as probe
from core.probes.permutations.search import ask
from core.runtime.i18n import gettext as _
from core.runtime.i18n import together
from core.storage.database import Prediction
from pages.server import background_search
from pages.server.fingerprint import fingerprint
from pages.views.permutations.kept_pairs import judgements, keep
from pages.views.permutations.permuted import (
    change_badge,
    changes,
    composed_pairs,
    flips_to,
    left_out,
    pins,
    readers_of,
    verdicts_on,
)
from pages.widgets import black_box, classes, frame, models
from pages.wording.terms import term
from pages.wording.tokens import lead, moved_strip, plain

if TYPE_CHECKING:
    from core.fluency.judge import Judge
    from core.models.checkpoints import Checkpoint
    from core.models.predict import Verdict
    from core.probes.permutations.flip import FlipProgress, Flips, Pair

_AT_ONCE = 40_320  # orders, all that eight words have: in about a second
STARTERS = (  # sentences whose verdict an accepted order flips, under some shipped model
    "I am happy and not tired at all",
    "She is happy that he is not sick",
    "The good actor saved a bad film",
    "I was bored but now I am excited",
    "Less work and more fun",
    "More pain than fun",
)


def view(text: str, checkpoints: list[Checkpoint]) -> None:
    """The button; then the best order in a sentence, a card for every order that flips, and what was searched."""
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
    with st.container(horizontal=True, vertical_alignment="bottom"):
        place = st.empty()
        to = flips_to(readers, "flip")
        with st.popover(_("Settings"), icon=":material/tune:"):
            pinned = pins(tokens)
    count = ask(readers[0], fluency.trigram, text, pinned).words.count
    if count == 1:
        st.info(_("These words have only one order, so no other can flip the verdict."))
        return
    same = [reader for reader in readers if tuple(reader.preprocessing(text)) == tokens]
    left_out([reader for reader in readers if reader not in same])
    lacking = [reader for reader in same if to and to not in reader.labels]
    if to and lacking:
        line = _("Left out, because they do not have the class {name}: {models}.")
        st.caption(line.format(name=plain(shown(to)), models=classes.listed(lacking)))
    same = [reader for reader in same if reader not in lacking]
    if not same:
        return
    key = (*(reader.hash for reader in same), fluency.hash, judge.hash, text, tuple(pinned), to)

    def start() -> background_search.Start:
        return lambda check: probe.flips(same, judge, fluency.trigram, text, pinned, to=to, check_cancelled=check)

    show = partial(_show, judge=judge, readers=same)
    own = not any(map(black_box.is_one, same))
    background_search.view(
        "flip",
        key,
        start,
        _say,
        show,
        _("Find me a flip"),
        place=place,
        shared=own,
        at_once=own and count <= _AT_ONCE,
    )


def _say(event: FlipProgress) -> background_search.Shown:
    line = _("{stage}: {done:,} of {total:,}").format(stage=term(event.stage), done=event.done, total=event.total)
    best = next((pair.text for flips in event.found for pair in flips.pairs if pair.accepted), "")
    return background_search.Shown(event.done / max(event.total, 1), line, best, event.scored)


def best(text: str) -> str | None:
    """The best order of a text's words that the last search found for it, if the judge accepts it."""
    events = (event for event in background_search.found("flip") if event.found and event.found[0].text == text)
    return next((pair.text for event in events for pair in _pairs(event) if pair.accepted), None)


def _pairs(event: FlipProgress) -> list[Pair]:
    """Every pair once, each model's best first."""
    ranked = [pair for rank in range(probe.TOP) for found in event.found for pair in found.pairs[rank : rank + 1]]
    return list({pair.text: pair for pair in reversed(ranked)}.values())[::-1]


def _show(event: FlipProgress, key: str, judge: Judge, readers: list[Checkpoint]) -> None:
    pairs = _pairs(event)
    accepted, others = ([pair for pair in pairs if pair.accepted == good] for good in (True, False))
    _answer(event, accepted, readers)
    for pair in accepted:
        _pair(event.found, pair, f"flip {key} {fingerprint(pair.text)}", judge, readers)
    if others:
        line = _("Orders that flip, but may not be English")
        with st.expander(line, icon=":material/help:", expanded=not accepted):
            for pair in others:
                _pair(event.found, pair, f"flip {key} {fingerprint(pair.text)}", judge, readers)
    if not accepted and len(event.found) == len(readers):
        _instead(event.found[0].tokens)
    with st.expander(_("What was searched"), icon=":material/fact_check:"):
        for column, found in zip(st.columns(max(len(event.found), 1)), event.found, strict=False):
            with column:
                _model(found)


def _answer(event: FlipProgress, accepted: list[Pair], readers: list[Checkpoint]) -> None:
    if not event.found or len(event.found) < len(readers):
        said = [_("The search was stopped; not every model has answered.")]
    elif not accepted:
        said = [_("No valid order flips a verdict.")]
    else:
        said = []
    if accepted:
        flips = [both for both in _verdicts(event.found, accepted[0], readers) if both[0].label != both[1].label]
        said = [_("“{order}” flips {models}.").format(order=accepted[0].text, models=changes(flips)), *said]
    for found in event.found[:1]:
        if found.to == found.label:
            said = [found.certificate]
        elif found.searched == found.orders:
            said.append(
                _("The judge of word order read all {orders:,} orders. Valid besides the original: {accepted:,}.")
            )
        else:
            line = _(
                "The judge of word order read the {searched:,} most fluent of {orders:,} orders. Valid besides the "
                "original: {accepted:,}."
            )
            said.append(line)
        said[-1] = said[-1].format(orders=found.orders, searched=found.searched, accepted=found.accepted)
    lead(together(said))


def _model(found: Flips) -> None:
    st.metric(
        _("{model}, {chance}").format(
            model=plain(model_name(found.model)), chance=classes.probability_name_plain(found.target)
        ),
        plain(shown(found.label)),
        delta=f"{found.probability:.3f}",
        delta_color="off",
        delta_arrow="off",
    )
    st.caption(plain(found.certificate))


def _verdicts(event: Sequence[Flips], pair: Pair, readers: list[Checkpoint]) -> list[tuple[Verdict, Verdict]]:
    """Every model's verdicts on the original and on the order, of the target that was searched with."""
    original = event[0].tokens
    aims = {found.model: found.target for found in event}
    tokens = tuple(original[position] for position in pair.positions)
    return [verdicts_on(reader, original, tokens, aims.get(reader.name)) for reader in readers]


def _pair(event: Sequence[Flips], pair: Pair, key: str, judge: Judge, readers: list[Checkpoint]) -> None:
    both = _verdicts(event, pair, readers)
    with st.container(border=True):
        left, right = st.columns([3, 2], vertical_alignment="center")
        with left:
            moved_strip([event[0].tokens[position] for position in pair.positions], pair.moved)
            with st.container(horizontal=True, vertical_alignment="center"):
                if pair.accepted:
                    st.badge(_("P(valid) {valid:.2f}").format(valid=pair.valid), icon=":material/check:", color="green")
                else:
                    line = _("P(valid) only {valid:.2f}").format(valid=pair.valid)
                    st.badge(line, icon=":material/help:", color="gray")
                with st.popover(_("Copy or open"), icon=":material/open_in_new:"):
                    frame.open_elsewhere(pair.text, event[0].text)
            answer = st.segmented_control(
                _("Is this English?"),
                [name for name in judgements() if name != "unsure"],
                format_func=judgements().__getitem__,
                key=f"{key} judgement",
                help=_("Your answer saves the pair to Kept pairs."),
            )
        with right:
            for before, after in both:
                change_badge(before, after)
    if answer and st.session_state.get(f"{key} kept") != answer:
        flips = [(before, after) for before, after in both if before.label != after.label]
        log_odds = judge.score([flips[0][0].tokens, flips[0][1].tokens]).tolist()
        keep(
            event[0].text,
            pair.text,
            {before.model: (Prediction.of(before), Prediction.of(after, before.target)) for before, after in flips},
            answer,
            fluencies=(log_odds[0], log_odds[1]),
            scorer=judge.name,
            floor=judge.floor(log_odds[0]),
        )
        st.session_state[f"{key} kept"] = answer


def _instead(tokens: tuple[str, ...]) -> None:
    def write() -> None:
        st.session_state["q"] = st.session_state["starter"] or st.session_state["q"]
        st.session_state["starter"] = None

    st.pills(_("Or try a sentence whose verdict does flip"), STARTERS, key="starter", on_change=write)
    composed_pairs(tokens)

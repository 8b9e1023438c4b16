"""All orders of a sentence searched for flips: what to set before, what it will do, and what it found."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core.fluency.orders import MOST_EXACT, MOST_TOKENS
from core.probes.permutations import search as probe
from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext, together
from pages.server import background_search
from pages.views.permutations.permuted import pins, readers_of
from pages.views.permutations.results import show
from pages.widgets import classes, frame, models, query_params
from pages.widgets.number_inputs import ask_threshold, ask_whole
from pages.wording.tokens import Number, plain

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.permutations.search import PermutationProgress, Question

MOST_BUDGET, MOST_THRESHOLD, MOST_SECONDS = 2_000_000, 100.0, 3_600
_SECONDS = 60


def view(text: str, checkpoints: list[Checkpoint]) -> None:
    """Everything to set before a search, what it will do, the search, and its result."""
    with frame.waiting(_("Loading the fluency model…"), 320):
        fluency, fault = models.fluency()
    if fluency is None:
        st.warning(
            _(
                "The search needs the fluency model, which is not available: {fault}. You can still move words by hand."
            ).format(fault=plain(fault)),
            icon=":material/warning:",
        )
        return
    readers = readers_of(text, checkpoints)
    if not readers:
        return
    checkpoint = models.choose(readers, "permutations model")
    tokens = tuple(checkpoint.preprocessing(text))
    if len(tokens) > MOST_TOKENS:
        st.info(
            _("The search takes up to {most} words; this sentence has {count:,}.").format(
                count=len(tokens), most=MOST_TOKENS
            )
        )
        return
    pinned = pins(tokens)
    budget, floor, seconds = _bounds()
    judge, _fault = models.judge()
    bounds = {"budget": budget, "floor": floor, "seconds": float(seconds)}
    question = probe.ask(checkpoint, fluency.trigram, text, pinned, judge, **bounds)
    _say_what_is_one_word(question)
    if question.words.count == 1:
        st.info(_("These words have only one order, so no other can flip the verdict."))
        return
    _say_what_comes(question)
    judged_by = judge.hash if judge else ""
    key = (checkpoint.name, checkpoint.hash, fluency.hash, judged_by, text, tuple(pinned), budget, floor, seconds)

    def start() -> background_search.Start:
        return partial(probe.search, checkpoint.name, probe.scorer(checkpoint, question), question)

    say = partial(_say, chance=classes.probability_name(checkpoint.labels))
    background_search.view("permutations", key, start, say, show, lasting=True)


def _say(event: PermutationProgress, chance: str) -> background_search.Shown:
    flips = ngettext("{flips:,} flip", "{flips:,} flips", event.flips).format(flips=event.flips)
    line = _("Scored {scored:,} of up to {total:,} orders, {flips} so far").format(
        scored=event.scored, total=event.total, flips=flips
    )
    if event.best is None:
        return background_search.Shown(event.scored / event.total, line, queries=event.scored)
    best = _("Most fluent flip so far: {text} ({chance} = {probability:.3f}, {fluency:.1f} nats)")
    return background_search.Shown(
        event.scored / event.total,
        line,
        best.format(
            text=event.best.text,
            chance=chance,
            probability=event.best.probability,
            fluency=Number(event.best.fluency),
        ),
        event.scored,
    )


def _bounds() -> tuple[int, float, int]:
    """Budget (orders), floor (nats) and time (seconds)."""
    note = _(
        "Invalid search limits in the link; using the defaults. Allowed: a budget of at least one "
        "order, a threshold of 0 to {floor:g} nats, and 1 to {seconds:,} seconds."
    )
    with (
        query_params.one_note(note.format(floor=MOST_THRESHOLD, seconds=MOST_SECONDS)),
        st.expander(_("Search limits"), icon=":material/tune:"),
    ):
        left, middle, right = st.columns(3)
        with left:
            budget = ask_whole(
                _("Budget (orders)"),
                "budget",
                1,
                MOST_BUDGET,
                probe.BUDGET,
                key="permutations budget",
                step=1_000,
                help=_("The maximum number of orders to score. If there are no more than this, all are scored."),
            )
        threshold = ask_threshold(
            middle,
            _("Threshold (nats below the original)"),
            MOST_THRESHOLD,
            probe.FLOOR,
            key="permutations floor",
            help=_("An order passes the fluency gate if it is at most this much less fluent than the original."),
        )
        with right:
            seconds = ask_whole(
                _("Time (seconds)"), "seconds", 1, MOST_SECONDS, _SECONDS, key="permutations seconds", step=10
            )
    return budget, threshold, seconds


def _say_what_is_one_word(question: Question) -> None:
    surfaces: dict[int, set[str]] = {}
    for index in question.words.free:
        surfaces.setdefault(question.words.kinds[index], set()).add(question.tokens[index])
    count = max((len(tokens) for tokens in surfaces.values()), default=0)
    if count > 1:
        st.caption(
            _(
                "{count:,} words are in no vocabulary here, so they count as the same word. Orders "
                "that differ only in these words are the same order."
            ).format(count=count)
        )


def _say_what_comes(question: Question) -> None:
    count, bounds = question.words.count, {"budget": question.budget, "floor": question.floor, "top": question.top}
    if question.strategy == "all":
        line = ngettext("{count:,} order: it will be scored.", "{count:,} distinct orders: all will be scored.", count)
    elif question.strategy == "most fluent":
        line = _(
            "Too many orders to try all {count:,}. The most fluent are scored first, with none "
            "skipped, up to {budget:,}. The search stops early once all orders within {floor:g} nats "
            "are scored and {top} flips are found."
        )
    else:
        line = _(
            "{count:,} distinct orders of {free} movable words. With more than {exact} such words, a "
            "beam search looks for the most fluent orders and may miss some. Up to {budget:,} are "
            "scored."
        )
    line = line.format(count=count, free=len(question.words.free), exact=MOST_EXACT, **bounds)
    if question.seconds is not None:
        line = together((line, _("Time limit: {seconds:g} seconds.").format(seconds=question.seconds)))
    st.markdown(line)

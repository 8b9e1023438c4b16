"""All orders of a sentence searched for flips: what to set before, what it will do, and what it found."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.fluency.orders import MOST_EXACT, MOST_TOKENS
from core.probes.permutations import search as probe
from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext, together
from pages.server import background_search
from pages.views.permutations.permuted import flips_to, left_out, pins, readers_of
from pages.views.permutations.results import show
from pages.widgets import black_box, certificate, frame, models, query_params, target
from pages.widgets.number_inputs import ask_decimal, ask_whole
from pages.wording.tokens import Number, plain

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.predictor import Model
    from core.probes.permutations.search import Permutations, Question, SearchesProgress

MOST_BUDGET, MOST_THRESHOLD, MOST_SECONDS = 2_000_000, 100.0, 3_600
_SECONDS, _MOST_SHIFT = 60, 2
_AT_ONCE = 5_040  # orders, all that seven words have: in about a third of a second


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
    with st.container(horizontal=True, vertical_alignment="bottom"):
        place = st.empty()
        chosen = models.choose(readers, "permutations model")
        tokens = tuple(chosen.preprocessing(text))
        same = [reader for reader in readers if tuple(reader.preprocessing(text)) == tokens]
        aim, to = target.choose(same, "permutations"), flips_to(same, "permutations")
        with st.popover(_("Settings"), icon=":material/tune:"):
            pinned = pins(tokens)
            budget, floor, seconds = _bounds()
    if len(tokens) > MOST_TOKENS:
        st.info(
            _("The search takes up to {most} words; this sentence has {count:,}.").format(
                count=len(tokens), most=MOST_TOKENS
            )
        )
        return
    left_out([reader for reader in readers if reader not in same])
    aim = aim if aim.name else target.Aim(to)
    able = [aim.model(reader) for reader in same if to is None or to in reader.labels]
    chosen = next((reader for reader in able if reader.name == chosen.name), able[0])
    judge, _fault = models.judge()
    bounds = {"budget": budget, "floor": floor, "seconds": float(seconds)}
    questions = [probe.ask(reader, fluency.trigram, text, pinned, judge, to, **bounds) for reader in able]
    question = questions[0]
    _say_what_is_one_word(question)
    if question.words.count == 1:
        st.info(_("These words have only one order, so no other can flip the verdict."))
        return
    judged_by, asked = judge.hash if judge else "", tuple((reader.name, reader.hash) for reader in able)
    key = (asked, fluency.hash, judged_by, text, tuple(pinned), budget, floor, seconds, to)

    def start() -> background_search.Start:
        return partial(probe.searches, able, questions)

    answer, proof, rest = st.container(), st.container(), st.container()
    own, note = not any(map(black_box.is_one, able)), answer.empty()
    note.caption(_what_comes(question))

    def found(results: Sequence[Permutations], key: str) -> None:
        note.empty()
        show(results, key, readers=able, chosen=chosen.name, rest=rest)

    with proof:
        certificate.view(chosen, text, certificate.MOVES, 1, _MOST_SHIFT, pinned)
    with answer:
        background_search.view(
            "permutations",
            key,
            start,
            partial(_say, models=able),
            found,
            place=place,
            shared=own,
            at_once=own and question.words.count <= _AT_ONCE,
        )


def _say(event: SearchesProgress, models: list[Model]) -> background_search.Shown:
    now, done, reader = event.under_way, len(event.found), models[len(event.found)]
    flips = ngettext("{flips:,} flip", "{flips:,} flips", now.flips).format(flips=now.flips)
    line = _("{model}: scored {scored:,} of up to {total:,} orders, {flips} so far").format(
        model=model_name(reader.name), scored=now.scored, total=now.total, flips=flips
    )
    scored = now.scored + sum(result.scored for result in event.found)
    best = ""
    if now.best is not None:
        best = _("Most fluent flip so far: {text} ({fluency:.1f} nats)").format(
            text=now.best.text, fluency=Number(now.best.fluency)
        )
    return background_search.Shown((done + now.scored / now.total) / len(models), line, best, scored)


def _bounds() -> tuple[int, float, int]:
    """Budget (orders), floor (nats) and time (seconds)."""
    with query_params.one_note():
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
        threshold = ask_decimal(
            _("Threshold (nats below the original)"),
            "floor",
            MOST_THRESHOLD,
            probe.FLOOR,
            key="permutations floor",
            step=1.0,
            required=True,
            help=_("An order passes the fluency gate if it is at most this much less fluent than the original."),
        )
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


def _what_comes(question: Question) -> str:
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
    return line

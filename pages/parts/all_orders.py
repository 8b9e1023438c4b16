"""All orders of a sentence searched for flips: what to set before, what it will do, and what it found."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

import streamlit as st

from core.language import gettext as _
from core.language import ngettext
from core.probes import permutations as probe
from core.probes.orders import MOST_EXACT, MOST_TOKENS
from pages.parts import link, models, search
from pages.parts.permuted import pins, readers_of
from pages.parts.results import show
from pages.parts.tokens import plain

if TYPE_CHECKING:
    from core.checkpoints import Checkpoint
    from core.probes.permutations import Question

MOST_BUDGET, MOST_FLOOR, MOST_SECONDS = 2_000_000, 100.0, 3_600
_SECONDS = 60


def view(text: str, checkpoints: list[Checkpoint]) -> None:
    """Everything to set before a search, what it will do, the search, and its result."""
    fluency, fault = models.fluency()
    if fluency is None:
        st.warning(
            _("The search needs the fluency model, which cannot be used: {fault}. Moving words by hand works.").format(
                fault=plain(fault)
            ),
            icon=":material/warning:",
        )
        return
    readers = readers_of(text, checkpoints)
    if not readers:
        return
    checkpoint = _model(readers)
    tokens = tuple(checkpoint.preprocessing(text))
    if len(tokens) > MOST_TOKENS:
        st.info(
            _("This sentence has {count:,} words; orders are searched of up to {most}.").format(
                count=len(tokens), most=MOST_TOKENS
            )
        )
        return
    pinned = pins(tokens)
    budget, floor, seconds = _bounds()
    question = probe.ask(checkpoint, fluency.trigram, text, pinned, budget=budget, floor=floor, seconds=float(seconds))
    _say_what_is_one_word(question)
    if question.words.count == 1:
        st.info(_("These words have one order only, so no other can flip the verdict."))
        return
    _say_what_comes(question)
    key = (checkpoint.name, checkpoint.hash, fluency.hash, text, tuple(pinned), budget, floor, seconds)
    _start_or_show(key, checkpoint, question)


def _start_or_show(key: search.Key, checkpoint: Checkpoint, question: Question) -> None:
    found = search.kept().get(key)
    if st.session_state.pop("permutations wanted", None) == key:
        # The click ends this script at its next call, so it needs no handling: what was found is then shown.
        st.button(_("Stop"), key="permutations stop", type="primary", icon=":material/stop_circle:")
        score = probe.scorer(checkpoint, question)
        fault = search.run(key, partial(probe.search, checkpoint.name, score, question))
        st.session_state["permutations fault"] = (key, "" if fault is None else f"{type(fault).__name__}: {fault}")
        st.rerun()

    def want() -> None:
        st.session_state["permutations wanted"] = key
        st.session_state.pop("permutations fault", None)

    st.button(
        _("Start the search") if found is None else _("Search again"),
        key="permutations start",
        type="primary" if found is None else "secondary",
        icon=":material/search:",
        on_click=want,
    )
    asked, fault_line = st.session_state.get("permutations fault", (key, ""))
    if fault_line and asked == key:
        st.error(_("The search came to grief: {fault}").format(fault=plain(fault_line)))
    if found is not None:
        show(found, sha256(repr(key).encode()).hexdigest()[:12])


def _model(readers: list[Checkpoint]) -> Checkpoint:
    by_name = {checkpoint.name: checkpoint for checkpoint in readers}
    usual = "lstm" if "lstm" in by_name else readers[0].name
    sound = link.restore("model", usual, link.one_of(list(by_name)), "permutations model")
    if st.session_state["permutations model"] not in by_name:
        st.session_state["permutations model"] = usual
    if not sound:
        st.caption(_("The link asks for a model that is not here; another one answers."))
    name = st.segmented_control(
        _("Model"),
        list(by_name),
        format_func=lambda name: plain(name.upper()),
        key="permutations model",
        required=True,
        persist_state="session",
    )
    link.carry("model", None if name == usual else name)
    return by_name[name]


def _bounds() -> tuple[int, float, int]:
    """Budget (orders), floor (nats) and time (seconds)."""
    sound = [
        link.restore("budget", probe.BUDGET, link.whole(1, MOST_BUDGET), "permutations budget"),
        link.restore("floor", probe.FLOOR, link.decimal(0, MOST_FLOOR), "permutations floor"),
        link.restore("seconds", _SECONDS, link.whole(1, MOST_SECONDS), "permutations seconds"),
    ]
    if not all(sound):
        st.caption(
            _(
                "The link asks for bounds that cannot be, so the usual ones stand: a budget is at least one order, the "
                "floor 0 to {floor:g} nats, the time 1 to {seconds:,} seconds."
            ).format(floor=MOST_FLOOR, seconds=MOST_SECONDS)
        )
    with st.expander(_("Bounds of the search"), icon=":material/tune:"):
        left, middle, right = st.columns(3)
        budget = left.number_input(
            _("Budget (orders)"),
            1,
            MOST_BUDGET,
            key="permutations budget",
            step=1_000,
            persist_state="session",
            required=True,
            help=_("The most orders to score. Where there are no more orders than this, all of them are scored."),
        )
        floor = middle.number_input(
            _("Floor (nats below the original)"),
            0.0,
            MOST_FLOOR,
            key="permutations floor",
            step=1.0,
            persist_state="session",
            required=True,
            help=_("An order passes the fluency gate when it is at most this much less fluent than the original."),
        )
        seconds = right.number_input(
            _("Time (seconds)"),
            1,
            MOST_SECONDS,
            key="permutations seconds",
            step=10,
            persist_state="session",
            required=True,
        )
    link.carry("budget", None if budget == probe.BUDGET else str(budget))
    link.carry("floor", None if floor == probe.FLOOR else f"{floor:g}")
    link.carry("seconds", None if seconds == _SECONDS else str(seconds))
    return budget, floor, seconds


def _say_what_is_one_word(question: Question) -> None:
    surfaces: dict[int, set[str]] = {}
    for place in question.words.free:
        surfaces.setdefault(question.words.kinds[place], set()).add(question.tokens[place])
    count = max((len(tokens) for tokens in surfaces.values()), default=0)
    if count > 1:
        st.caption(
            _(
                "{count:,} words are in no vocabulary here and so are one and the same word: orders that differ only "
                "in these are the same order."
            ).format(count=count)
        )


def _say_what_comes(question: Question) -> None:
    count, bounds = question.words.count, {"budget": question.budget, "floor": question.floor, "top": question.top}
    if question.way == "all":
        line = ngettext(
            "{count:,} order: it will be scored.", "{count:,} distinct orders: all of them will be scored.", count
        )
    elif question.way == "most fluent":
        line = _(
            "{count:,} distinct orders are more than the budget: the most fluent are scored first, none left out, up "
            "to {budget:,}. The search ends earlier once all within {floor:g} nats are scored and {top} flip."
        )
    else:
        line = _(
            "{count:,} distinct orders of {free} words that may move: with more than {exact} a beam looks for the most "
            "fluent ones and may miss some. Up to {budget:,} are scored."
        )
    line = line.format(count=count, free=len(question.words.free), exact=MOST_EXACT, **bounds)
    if question.seconds is not None:
        line += " " + _("It takes {seconds:g} seconds at most.").format(seconds=question.seconds)
    st.markdown(line)

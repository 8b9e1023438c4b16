"""The orders of a sentence on a page: put the words in order by hand, or search all orders for flips."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

import streamlit as st

from core.language import gettext as _
from core.language import ngettext
from core.probes import permutations as probe
from core.probes.orders import MOST_EXACT, MOST_TOKENS
from core.verdicts import EmptyTextError
from pages.parts import link, models, search
from pages.parts.collection import Candidate, keep_form
from pages.parts.order import reorder
from pages.parts.results import show
from pages.parts.tokens import plain

if TYPE_CHECKING:
    from core.checkpoints import Checkpoint
    from core.probes.permutations import Question
    from core.verdicts import Verdict

MOST_BY_HAND = 200  # words; as many as the fluency model takes, and more than anybody moves
MOST_BUDGET, MOST_FLOOR, MOST_SECONDS = 2_000_000, 100.0, 3_600
_SECONDS = 60


# By hand


def hand_view(text: str, checkpoints: list[Checkpoint]) -> None:
    """Chips to move, and every model's verdict on the order they stand in beside that on the original."""
    readers = _readers(text, checkpoints)
    if not readers:
        return
    tokens = tuple(readers[0].preprocessing(text))
    if len(tokens) > MOST_BY_HAND:
        st.info(
            _("{count:,} words are too many to be moved by hand; up to {most} can be.").format(
                count=len(tokens), most=MOST_BY_HAND
            )
        )
        return
    pinned = _pins(tokens)
    start, key = f"permutations order {_fingerprint(tokens)}", "permutations by hand"
    sound = link.restore("order", list(range(len(tokens))), link.places(len(tokens), all_of_them=True), start)
    if not sound:
        st.caption(_("The order in the link is none of these words, so they stand as they were typed."))
    order = reorder(tokens, pinned, key=key, start=st.session_state[start])
    moved = order != tuple(range(len(tokens)))
    link.carry("order", link.written(order) if moved else None)
    _others_read_otherwise(text, tokens, readers)
    readers = [checkpoint for checkpoint in readers if tuple(checkpoint.preprocessing(text)) == tokens]
    before = [models.verdict_on_tokens(checkpoint, tokens) for checkpoint in readers]
    after = [models.verdict_on_tokens(checkpoint, tuple(tokens[place] for place in order)) for checkpoint in readers]
    for column, one, other in zip(st.columns(len(readers)), before, after, strict=True):
        with column:
            _card(one, other, moved=moved)
    fluencies, scorer = _fluencies(before[0], after[0])
    if moved:
        _curves(before, after)
        chances = {one.model: (one.probability, other.probability) for one, other in zip(before, after, strict=True)}
        flipped_first = dict(sorted(chances.items(), key=lambda item: (item[1][0] >= 0.5) == (item[1][1] >= 0.5)))
        floor = probe.FLOOR if fluencies else None
        st.subheader(_("Keep this pair"))
        keep_form(Candidate(text, after[0].text, flipped_first, fluencies, scorer, floor), "keep by hand")


def _card(before: Verdict, after: Verdict, *, moved: bool) -> None:
    names = {"positive": _("positive"), "negative": _("negative")}
    with st.container(border=True):
        st.metric(
            plain(after.model.upper()),
            names[after.label],
            delta=_("P(positive) = {probability:.3f}").format(probability=after.probability),
            delta_color="off",
            delta_arrow="up" if after.label == "positive" else "down",
        )
        if before.label != after.label:
            st.badge(_("flipped"), icon=":material/swap_horiz:", color="orange")
        if moved:
            st.caption(
                _("was {label}, {probability:.3f}").format(label=names[before.label], probability=before.probability)
            )
        else:
            st.caption(_("the order as typed"))


def _fluencies(before: Verdict, after: Verdict) -> tuple[tuple[float, float] | None, str | None]:
    """The fluency of both orders and its scorer, said on the page; nothing where there is no fluency model."""
    fluency, fault = models.fluency()
    if fluency is None:
        st.caption(_("How fluent this order is cannot be said: {fault}.").format(fault=plain(fault)))
        return None, None
    one, other = (float(value) for value in fluency.trigram.score([before.tokens, after.tokens]))
    if before.tokens == after.tokens:
        line = _("Fluency by the {scorer}: {fluency:.1f} nats.")
    elif one - other > probe.FLOOR:
        line = _(
            "Fluency by the {scorer}: {fluency:.1f} nats, {lost:.1f} below the original: outside the floor of "
            "{floor:g}."
        )
    elif other <= one:
        line = _(
            "Fluency by the {scorer}: {fluency:.1f} nats, {lost:.1f} below the original: within the floor of {floor:g}."
        )
    else:
        line = _("Fluency by the {scorer}: {fluency:.1f} nats, {gained:.1f} above the original.")
    st.caption(
        line.format(
            scorer=plain(fluency.trigram.name), fluency=other, lost=one - other, gained=other - one, floor=probe.FLOOR
        )
    )
    return (one, other), fluency.trigram.name


def _curves(before: list[Verdict], after: list[Verdict]) -> None:
    from core.figures.comparison import comparison_curves
    from core.probes.comparison import Comparison, contrast

    found = Comparison(tuple(contrast(one, other) for one, other in zip(before, after, strict=True)))
    with st.expander(_("Where the verdicts part, word by word"), icon=":material/ssid_chart:"):
        st.plotly_chart(
            comparison_curves(found),
            key="by hand",
            alt=_("P(positive) after each word of the original (first) and of this order (second), by model"),
        )
        st.caption(_("The first sentence is the original, the second the order by hand."))


# Search


def search_view(text: str, checkpoints: list[Checkpoint]) -> None:
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
    readers = _readers(text, checkpoints)
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
    pinned = _pins(tokens)
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
        search.run(key, partial(probe.search, checkpoint.name, score, question))
        st.rerun()

    def want() -> None:
        st.session_state["permutations wanted"] = key

    st.button(
        _("Start the search") if found is None else _("Search again"),
        key="permutations start",
        type="primary" if found is None else "secondary",
        icon=":material/search:",
        on_click=want,
    )
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


# Both


def _readers(text: str, checkpoints: list[Checkpoint]) -> list[Checkpoint]:
    """The models that find a word in the text; says so where none does."""
    readers = []
    for checkpoint in checkpoints:
        with suppress(EmptyTextError):
            models.verdict(checkpoint, text)
            readers.append(checkpoint)
    if not readers:
        st.info(_("There is no word to put in another order yet. Type a sentence."))
    return readers


def _others_read_otherwise(text: str, tokens: tuple[str, ...], readers: list[Checkpoint]) -> None:
    others = [checkpoint.name.upper() for checkpoint in readers if tuple(checkpoint.preprocessing(text)) != tokens]
    if others:
        st.caption(
            _("{models} cut this sentence into other words and are left out.").format(models=plain(", ".join(others)))
        )


def _pins(tokens: tuple[str, ...]) -> list[int]:
    """The positions that stay, chosen for this sentence; punctuation and links at first."""
    usual, key = list(probe.marks(tokens)), f"permutations pins {_fingerprint(tokens)}"
    sound = link.restore("pins", usual, link.places(len(tokens), all_of_them=False), key)
    if not sound:
        st.caption(_("The link pins words that this sentence has not; the usual ones are pinned."))
    pinned = sorted(
        st.multiselect(
            _("Words that stay in their place"),
            range(len(tokens)),
            format_func=lambda place: f"{place + 1} {tokens[place]}",
            key=key,
            persist_state="session",
            placeholder=_("none: every word may move"),
            help=_("Punctuation and links stay unless you let them go."),
        )
    )
    link.carry("pins", None if pinned == usual else link.written(pinned))
    return pinned


def _fingerprint(tokens: tuple[str, ...]) -> str:
    return sha256("\n".join(tokens).encode("utf-8", "surrogatepass")).hexdigest()[:12]

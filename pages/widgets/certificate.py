"""The certificate under an answer: at once where it takes a moment, else after a click; its witness as a diff."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.probes.robustness.certify import CERTIFIED, FLIPPED, UNDECIDED
from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext
from core.runtime.malloc import give_back
from pages.server import background_search, limits
from pages.server.caches import cached
from pages.widgets import black_box, frame, query_params
from pages.wording.tokens import Number, diff_strip, moved_strip, plain

if TYPE_CHECKING:
    from core.models.predictor import Model
    from core.probes.robustness.certify import Certificate
    from core.probes.robustness.questions import Question

MOVES = "moves"  # a kind of change beside the lists of substitutes
_AT_ONCE = 20_000  # sequences: of 885 tweets with no more, 1 % took longer than 0.8 seconds
_ICONS = {CERTIFIED: "verified", FLIPPED: "swap_horiz", UNDECIDED: "hourglass_empty"}


def ask(model: Model, text: str, kind: str, most: int, pinned: Sequence[int] | None = None) -> Question:
    """The question on changes of a kind and up to a size, as far as the text is long enough. Raises ValueError.

    There may be any number of sequences: a person or a limit of time ends the search.
    """
    from core.probes.robustness.questions import moves, substitutions

    if kind == MOVES:
        return moves(model, text, most, pinned=pinned, timed=True)
    return substitutions(model, text, min(most, len(model.preprocessing(text)) or 1), kind, timed=True)


def view(model: Model, text: str, kind: str, usual: int, largest: int, pinned: Sequence[int] | None = None) -> None:
    """How large a change may be, and whether any such change alters a model's verdict on a text."""
    answer = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        most = query_params.choice(
            st.segmented_control,
            _("Most places moved") if kind == MOVES else _("Most words replaced"),
            range(1, largest + 1),
            name="changes",
            key=f"{kind} changes",
            default=usual,
            help=None
            if kind == MOVES
            else _("By WordNet’s synonyms and by other forms of each word, where the meaning guards let them through."),
        )
        place, note = st.empty(), st.empty()
    stay = None if pinned is None else tuple(pinned)
    try:
        question = _question(model, text, kind, most, stay)
    except (ValueError, LookupError, OSError) as error:
        st.caption(plain(str(error)))
        return
    count = question.family.count
    if count <= _AT_ONCE and not black_box.is_one(model):
        with answer, st.spinner(_("Certifying…"), show_time=False), limits.timed():
            found = _found(model, text, kind, most, stay)
        with answer:
            _show(question, found)
        return
    line = ngettext("{count:,} sequence to read", "{count:,} sequences to read", count)
    if black_box.is_one(model):
        line = ngettext("{count:,} text to ask {model} about", "{count:,} texts to ask {model} about", count)
    note.caption(line.format(count=count, model=plain(model_name(model.name))))
    label = ngettext("Certify up to {most} word", "Certify up to {most} words", most)
    if kind == MOVES:
        label = ngettext("Certify moves by {most} place", "Certify moves by up to {most} places", most)

    def show(found: Certificate, _key: str) -> None:
        with answer:
            _show(question, found)

    background_search.view(
        f"certificate {kind}",
        (model.name, model.hash, text, most, stay),
        lambda: partial(_search, question),
        _say,
        show,
        label.format(most=most),
        place=place,
        shared=not black_box.is_one(model),
    )


@cached(32, shared=True)
def _question(model: Model, text: str, kind: str, most: int, pinned: tuple[int, ...] | None) -> Question:
    return ask(model, text, kind, most, pinned)


@cached(256, shared=True)
def _found(model: Model, text: str, kind: str, most: int, pinned: tuple[int, ...] | None) -> Certificate:
    *_before, found = _question(model, text, kind, most, pinned).answers()
    give_back()
    return found


def _search(question: Question, check_cancelled: Callable[[], None]) -> Iterator[Certificate]:
    yield from question.answers(check_cancelled=check_cancelled)


def _say(found: Certificate) -> background_search.Shown:
    line = _("{covered:,} of {count:,} sequences read").format(covered=found.covered, count=found.sequences)
    return background_search.Shown(found.covered / found.sequences, line, queries=found.covered)


def _show(question: Question, found: Certificate) -> None:
    """The claim; the witness, or what came closest, to copy or open."""
    from core.probes.robustness.claims import claim

    st.markdown(f":material/{_ICONS[found.status]}: {plain(claim(question, found))}")
    one = found.witness or found.closest
    if one is None:
        return
    moved = question.word_list is None
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container():
            strip(question.family.tokens, one.tokens, moved)
        with st.popover(_("Copy or open"), icon=":material/open_in_new:"):
            frame.open_elsewhere(one.text, question.text if moved else "")
    line = _("Margin: {before:.3f} → {after:.3f} log-odds.")
    if found.witness is None:
        line = _("Closest call (no flip). Margin: {before:.3f} → {after:.3f} log-odds.")
    st.caption(plain(line.format(before=Number(found.original.margin), after=Number(one.margin))))


def strip(tokens: Sequence[str], changed: Sequence[str], moved: bool) -> None:
    """A sequence beside the text that it is a change of."""
    different = [one != other for one, other in zip(tokens, changed, strict=True)]
    if moved:
        moved_strip(changed, different)
    else:
        pairs = zip(tokens, changed, different, strict=True)
        diff_strip([("substitute" if new else "same", before, after) for before, after, new in pairs])

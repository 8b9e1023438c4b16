"""Which pairs of words do more together than each alone?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import nan
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name, shown
from core.runtime.i18n import gettext as _
from pages.views.attributions import controls, strips
from pages.widgets import tables, text_strip
from pages.wording.tokens import lead, plain, signed, visible

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.attribution.interactions import Interactions
    from pages.widgets.sentences import Sentence

_LONGEST = 500  # tokens


def view(asked: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """A small matrix of Shapley interactions for every model chosen, and the largest pairs in words."""
    cells, baseline = controls.choose_cells(asked, checkpoints)
    longest = max((len(cell.tokens) for cell in cells), default=0)
    if longest > _LONGEST:
        st.info(
            _("Pairs are computed for texts of up to {most:,} tokens; this text has {count:,}.").format(
                most=_LONGEST, count=longest
            )
        )
        return
    if longest == 1:
        st.info(_("A single word makes no pair. Type another word."))
        return
    known = {cell.checkpoint.name: [token in cell.checkpoint.vocabulary for token in cell.tokens] for cell in cells}
    controls.by_cell(
        "pairs",
        cells,
        baseline,
        lambda results: _show(results, known),
        _("Reading the sentence without each pair…"),
        _("Compute pairs (about {seconds:,.0f} s)"),
    )


def _show(results: Sequence[Interactions], known: Mapping[str, Sequence[bool]]) -> None:
    from core.figures.attribution.interactions import interaction_heatmap

    for one in results:
        text_strip.warn_of_unknown(known[one.model])
        lead(_answer(one))
        key = f"pairs {one.model}"
        _strip(one, known[one.model], key)
        st.plotly_chart(interaction_heatmap(one), key=key, alt=_("Interaction of each pair of words"))
        with st.expander(_("All pairs"), icon=":material/table:"):
            tables.table(
                [_("word"), _("other word"), _("interaction")],
                [(_word(one, first), _word(one, second), value) for first, second, value in one.pairs()],
                f"pairs-{one.model}",
            )
            st.caption(plain(_("Computed from {how}.").format(how=one.spent.worded())))


def _answer(result: Interactions) -> str:
    """The strongest pair, and the side that the two support together."""
    first, second, value = result.pairs()[0]
    rival = result.target.rival
    if signed(value) == "0.00":
        line = _("{model}: no two words do more together than apart.")
    elif value > 0 or rival:
        line = _(
            "{model}: the strongest pair is {first} with {second}. Together they add {value} in logits beyond their "
            "separate effects, for {label}."
        )
    else:
        line = _(
            "{model}: the strongest pair is {first} with {second}. Together they add {value} in logits beyond their "
            "separate effects, against {label}."
        )
    first, second = sorted((first, second))
    return line.format(
        model=model_name(result.model),
        first=strips.quoted(result.tokens, [first]),
        second=strips.quoted(result.tokens, [second]),
        value=signed(value),
        label=shown(rival if value < 0 and rival else result.target.name),
    )


def _strip(result: Interactions, known: Sequence[bool], key: str) -> None:
    """The words, coloured by what each does together with the one that was clicked, at first one of the best pair."""
    usual = result.pairs()[0][0]
    strip = f"{key} words"
    chosen = text_strip.chosen_before(result.tokens, key=strip, chosen=usual)
    row = result.places.index(chosen) if chosen in result.places else None
    scores = [nan] * len(result.tokens)
    if row is not None:
        for column, position in enumerate(result.places):
            scores[position] = float(result.matrix[row, column])
    hints = [visible(token) for token in result.tokens]
    linked = key if len(result.places) == len(result.tokens) else ""
    strips.choose(result.tokens, known, scores, hints, result.target, key=strip, chart=linked, chosen=usual)


def _word(result: Interactions, position: int) -> str:
    return _("{word} ({number})").format(word=visible(result.tokens[position]), number=position + 1)

"""Which pairs of words do more together than each alone?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.language import gettext as _
from pages.parts import attributions, trajectories
from pages.parts.attributions import Cell
from pages.parts.tokens import plain, visible
from pages.parts.trajectories import Sentence

if TYPE_CHECKING:
    from core.checkpoints import Checkpoint
    from core.probes.attribution.interactions import Interactions

_LONGEST = 300  # tokens
_NAMED = 5


def view(asked: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """A small matrix of Shapley interactions for every model asked, and the largest pairs in words."""
    from core.figures.interactions import interaction_heatmap

    left, right = st.columns(2)
    with left:
        sentence = trajectories.choose_sentence(asked)
        chosen = attributions.choose_models(checkpoints, [sentence])
    with right:
        baseline = attributions.choose_baseline() or "delete"
    cells = [Cell(sentence, checkpoint) for checkpoint in chosen if checkpoint.preprocessing(sentence.text)]
    longest = max((len(cell.tokens) for cell in cells), default=0)
    if longest > _LONGEST:
        st.info(
            _("Pairs are worked out in texts of up to {most:,} tokens; this one has {count:,}.").format(
                most=_LONGEST, count=longest
            )
        )
        return
    if longest == 1:
        st.info(_("A single word makes no pair. Type another."))
        return
    with st.spinner(_("Reading the sentence without each pair…"), show_time=True):
        found = [
            _cached(cell.checkpoint.name, cell.checkpoint.hash, sentence.text, baseline, cell.checkpoint)
            for cell in cells
        ]
    for start in range(0, len(found), 2):
        for column, one in zip(st.columns(2 if len(found) > 1 else 1), found[start : start + 2], strict=False):
            with column:
                st.plotly_chart(
                    interaction_heatmap(one), key=f"pairs {one.model}", alt=_("Interaction of every pair of words")
                )
                _say(one)
    st.caption(
        plain(
            _(
                "The Shapley interaction index (Grabisch & Roubens 1999) in logits: blue where two words together "
                "speak more for the positive verdict than the sum of what they say apart, red where less. The entries "
                "are no parts of the logit and sum to nothing in particular."
            )
        )
    )
    trajectories.csv_button(
        "pairs", ["model", "place", "token", "other_place", "other_token", "interaction"], lambda: _rows(found)
    )


def _say(found: Interactions) -> None:
    named = [
        f"{visible(found.tokens[one])} × {visible(found.tokens[other])} {value:+.2f}"
        for one, other, value in found.pairs()[:_NAMED]
    ]
    st.markdown(
        plain(
            _("{model}, the largest: {pairs}. ({how})").format(
                model=found.model.upper(), pairs="; ".join(named), how=found.spent
            )
        )
    )


@st.cache_data(max_entries=64, show_spinner=False)
def _cached(name: str, model_hash: str, text: str, baseline: str, _checkpoint: Checkpoint) -> Interactions:
    from core.probes.attribution.interactions import interactions
    from core.probes.attribution.results import Reading

    return interactions(Reading(_checkpoint, text, tuple(_checkpoint.preprocessing(text))), baseline)


def _rows(found: Sequence[Interactions]) -> list[tuple[object, ...]]:
    return [
        (one.model, first + 1, one.tokens[first], second + 1, one.tokens[second], value)
        for one in found
        for first, second, value in one.pairs()
    ]

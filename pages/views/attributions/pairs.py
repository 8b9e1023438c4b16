"""Which pairs of words do more together than each alone?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.runtime.i18n import clauses
from core.runtime.i18n import gettext as _
from pages.views.attributions import controls, names
from pages.widgets import tables
from pages.wording.tokens import plain, signed, visible

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.attribution.interactions import Interactions
    from pages.widgets.sentences import Sentence

_LONGEST = 500  # tokens
_NAMED = 5


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
    controls.by_cell(
        "pairs",
        cells,
        baseline,
        _show,
        _("Reading the sentence without each pair…"),
        _("Compute pairs (about {seconds:,.0f} s)"),
    )


def _show(results: Sequence[Interactions]) -> None:
    from core.figures.attribution.interactions import interaction_heatmap

    for start in range(0, len(results), 2):
        for column, one in zip(st.columns(2 if len(results) > 1 else 1), results[start : start + 2], strict=False):
            with column:
                st.plotly_chart(
                    interaction_heatmap(one), key=f"pairs {one.model}", alt=_("Interaction of each pair of words")
                )
                _say(one)
    st.caption(
        plain(
            _(
                "Shapley interaction index (Grabisch & Roubens 1999), in logits. Blue: together, two "
                "words support the verdict “{label}” more than the sum of their separate effects. "
                "Red: less. These values do not add up to the logit."
            ).format(label=names.sides([one.target for one in results])[0])
        )
    )
    header = ["model", "place", "token", "other_place", "other_token", "interaction", "target"]
    tables.download_chart("pairs", header, lambda: _rows(results))


def _say(result: Interactions) -> None:
    named = [
        f"{visible(result.tokens[one])} × {visible(result.tokens[other])} {signed(value)}"
        for one, other, value in result.pairs()[:_NAMED]
    ]
    st.markdown(
        plain(
            _("{model}, largest pairs: {pairs}. ({how})").format(
                model=model_name(result.model), pairs=clauses(named), how=result.spent.worded()
            )
        )
    )


def _rows(results: Sequence[Interactions]) -> list[tuple[object, ...]]:
    return [
        (one.model, first + 1, one.tokens[first], second + 1, one.tokens[second], value, names.column(one.target))
        for one in results
        for first, second, value in one.pairs()
    ]

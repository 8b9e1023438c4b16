"""How much of a verdict comes from which words a sentence has, and how much from where they stand?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.runtime.i18n import gettext as _
from core.runtime.i18n import together
from pages.views.attributions import controls, names
from pages.widgets import tables
from pages.wording.tokens import Number, plain

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.attribution.order import OrderAttribution
    from pages.widgets.sentences import Sentence


def view(asked: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """The two sums and their parts, word by word and position by position, for every model chosen."""
    from core.probes.attribution.order import MOST_EXACT, MOST_SAMPLED

    cells, baseline = controls.choose_cells(asked, checkpoints)
    st.write(
        _(
            "A game of words and positions. A word may be missing. A position may be left to chance: "
            "its word then takes any of the positions left to chance. Shapley values divide the "
            "logit among words and positions."
        )
    )
    longest = max((len(cell.tokens) for cell in cells), default=0)
    if longest > MOST_SAMPLED:
        st.info(
            _("Words and positions are separated in texts of up to {most:,} tokens; this text has {count:,}.").format(
                most=MOST_SAMPLED, count=longest
            )
        )
        return
    if longest > MOST_EXACT:
        st.caption(
            _("More than {count} words: the values are sampled and have standard errors.").format(count=MOST_EXACT)
        )
    controls.by_cell(
        "order",
        cells,
        baseline,
        _show,
        _("Reading the words in many orders…"),
        _("Compute Shapley values (about {seconds:,.0f} s)"),
    )


def _show(results: Sequence[OrderAttribution]) -> None:
    from core.figures.attribution.order import order_bars

    for one in results:
        st.plotly_chart(
            order_bars(one),
            key=f"order {one.model}",
            alt=_("Shapley values of every word and every position"),
        )
        st.markdown(plain(_statement(one)))
    st.caption(
        plain(
            _(
                "A position’s value says what it is worth to keep its word there, with the other "
                "positions left to chance. It is not an effect of the index itself. The values of "
                "words and positions sum to the logit minus the logit of no words. A model that "
                "ignores word order gives every position 0."
            )
        )
    )
    header = ["model", "place", "token", "word", "word_error", "position", "position_error", "target"]
    tables.download_chart("order", header, lambda: _rows(results))


def _statement(result: OrderAttribution) -> str:
    parts = _(
        "{model}: of {total:+.2f} in logits, {words:+.2f} comes from which words occur and "
        "{order:+.2f} from their order."
    )
    if result.from_order_error is not None:
        parts = _(
            "{model}: of {total:+.2f} in logits, {words:+.2f} comes from which words occur and "
            "{order:+.2f} from their order (standard error {error:.2f})."
        )
    line = parts.format(
        model=model_name(result.model),
        total=Number(result.total),
        words=Number(result.from_words),
        order=Number(result.from_order),
        error=result.from_order_error or 0.0,
    )
    if result.share is not None:
        line = together(
            (line, _("Positions account for {share:.0%} of the sum of all magnitudes.").format(share=result.share))
        )
    shuffled = _("In random order, the words have a mean logit of {shuffled:+.2f}.")
    line = together((line, shuffled.format(shuffled=Number(result.shuffled))))
    how = _("exact") if result.exact else result.spent.worded()
    return _("{line} ({how}, {seconds:.2f} s)").format(line=line, how=how, seconds=result.seconds)


def _rows(results: Sequence[OrderAttribution]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for one in results:
        none = [""] * len(one.tokens)
        word_errors = none if one.word_errors is None else one.word_errors.tolist()
        position_errors = none if one.position_errors is None else one.position_errors.tolist()
        columns = zip(one.tokens, one.words.tolist(), word_errors, one.positions.tolist(), position_errors, strict=True)
        aim = names.column(one.target)
        rows += [(one.model, position, *values, aim) for position, values in enumerate(columns, 1)]
    return rows

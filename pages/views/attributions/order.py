"""How much of a verdict comes from which words a sentence has, and how much from where they stand?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data import targets
from core.data.labels import model_name, shown
from core.runtime.i18n import gettext as _
from core.runtime.i18n import together
from pages.views.attributions import controls, strips
from pages.widgets import tables, target, text_strip
from pages.wording.tokens import Number, lead, plain, visible

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.attribution.order import OrderAttribution
    from pages.widgets.sentences import Sentence


def view(asked: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """The two sums and their parts, word by word and position by position, for every model chosen."""
    from core.probes.attribution.order import MOST_SAMPLED

    cells, baseline = controls.choose_cells(asked, checkpoints)
    longest = max((len(cell.tokens) for cell in cells), default=0)
    if longest > MOST_SAMPLED:
        st.info(
            _("Words and positions are separated in texts of up to {most:,} tokens; this text has {count:,}.").format(
                most=MOST_SAMPLED, count=longest
            )
        )
        return
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
        text_strip.warn_of_unknown(one.known)
        lead(_answer(one))
        hints = [
            _("{token}: the word {word:+.2f}, its position {position:+.2f}").format(
                token=visible(token), word=Number(word), position=Number(position)
            )
            for token, word, position in zip(one.tokens, one.words.tolist(), one.positions.tolist(), strict=True)
        ]
        chart = f"order {one.model}"
        strips.choose(one.tokens, one.known, one.words.tolist(), hints, one.target, key=f"{chart} words", chart=chart)
        st.plotly_chart(order_bars(one), key=chart, alt=_("Shapley values of every word and every position"))
        st.caption(plain(_statement(one)))
    header = ["model", "place", "token", "word", "word_error", "position", "position_error", "target"]
    tables.download_chart("order", header, lambda: _rows(results))


def _answer(result: OrderAttribution) -> str:
    """What the order of the words does to the verdict: in random order, and in this one."""
    log_odds = targets.log_odds_name(result.target)
    if len(result.tokens) == 1:
        return _("{model}: a single word has no order.").format(model=model_name(result.model))
    line = _(
        "{model}: which words there are adds {words:+.2f} to the {log_odds}, their order {order:+.2f}. In random order "
        "it would be {shuffled:+.2f} on average; in this order it is {logit:+.2f}."
    )
    (_sign, before), (_sign, after) = (targets.side(result.target, one) for one in (result.shuffled, result.logit))
    if result.target.rival is not None and before != after:
        line = _(
            "{model}: the order decides. In random order the {log_odds} is {shuffled:+.2f} on average ({before}), in "
            "this order {logit:+.2f} ({after})."
        )
    return line.format(
        model=model_name(result.model),
        log_odds=log_odds,
        words=Number(result.from_words),
        order=Number(result.from_order),
        shuffled=Number(result.shuffled),
        logit=Number(result.logit),
        before=shown(before),
        after=shown(after),
    )


def _statement(result: OrderAttribution) -> str:
    line = _("Of {total:+.2f} in logits, {words:+.2f} comes from which words occur and {order:+.2f} from their order.")
    if result.from_order_error is not None:
        line = _(
            "Of {total:+.2f} in logits, {words:+.2f} comes from which words occur and {order:+.2f} from their order "
            "(standard error {error:.2f})."
        )
    lines = [
        line.format(
            total=Number(result.total),
            words=Number(result.from_words),
            order=Number(result.from_order),
            error=result.from_order_error or 0.0,
        )
    ]
    if result.share is not None:
        lines.append(_("Positions account for {share:.0%} of the sum of all magnitudes.").format(share=result.share))
    how = _("exact") if result.exact else result.spent.worded()
    return _("{line} ({how}, {seconds:.2f} s)").format(line=together(lines), how=how, seconds=result.seconds)


def _rows(results: Sequence[OrderAttribution]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for one in results:
        none = [""] * len(one.tokens)
        word_errors = none if one.word_errors is None else one.word_errors.tolist()
        position_errors = none if one.position_errors is None else one.position_errors.tolist()
        columns = zip(one.tokens, one.words.tolist(), word_errors, one.positions.tolist(), position_errors, strict=True)
        aim = target.column(one.target)
        rows += [(one.model, position, *values, aim) for position, values in enumerate(columns, 1)]
    return rows

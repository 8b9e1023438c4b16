"""What a search over orders found: the certificate first, then figures, a flip to click, tables to take along."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.data.labels import shown
from core.data.targets import log_odds_name
from core.runtime.i18n import gettext as _
from core.storage.database import Prediction
from pages.views.permutations.kept_pairs import keep_form
from pages.views.permutations.permuted import composed_pairs
from pages.widgets import classes, tables
from pages.wording.tokens import Number, certificate, plain, signed

if TYPE_CHECKING:
    from core.probes.permutations.search import Order, Permutations


def show(result: Permutations, key: str) -> None:
    """Everything about a result; `key` tells it from other results."""
    certificate(result.certificate, result.complete)
    _figures_of(result)
    _charts(result, key)
    if result.threshold is not None:
        st.caption(
            _(
                "P(valid): how likely the judge of word order finds it that a person would write an order. It accepts "
                "orders from {threshold:.2f} on."
            ).format(threshold=result.threshold)
        )
    left, right = st.columns(2)
    with left:
        st.header(_("Most fluent flips") if result.threshold is None else _("Likeliest valid flips"))
        if result.flips:
            _table(result, result.flips, "flips")
        else:
            st.write(_("No scored order flips the verdict."))
            composed_pairs(result.tokens)
    with right:
        st.header(_("Most fluent orders"))
        _table(result, result.fluent, "orders")


def _figures_of(result: Permutations) -> None:
    within = _("Out of {count:,} scored orders that are at most {floor:g} nats less fluent than the original.")
    moved = _("Standard deviation of the {logit} over {named}: how much word order alone moves the verdict.")
    values = {"count": result.scored_above_floor, "floor": result.floor, "named": result.named}
    values |= {"orders": result.orders, "seconds": result.seconds, "logit": log_odds_name(result.target, plain)}
    with st.container(horizontal=True):
        for label, value, help_ in (
            (
                _("orders scored"),
                f"{result.scored:,}",
                _("Out of {orders:,} distinct orders, in {seconds:.1f} seconds."),
            ),
            (_("flips"), f"{result.flip_count:,}", _("Scored orders whose verdict differs from the original's.")),
            (_("fluent flips"), f"{result.flip_count_above_floor:,}", within),
            (_("sensitivity σ"), f"{result.sensitivity:.2f}", moved),
            (_("order effect"), signed(result.order_effect), _("The original's {logit} minus the mean over {named}.")),
        ):
            st.metric(label, value, help=help_.format(**values), border=True)


def _charts(result: Permutations, key: str) -> None:
    from core.figures.permutations import MOST_POINTS, fluency_scatter, position_bars, probability_histogram

    chance = classes.probability_name(result.target)
    left, right = st.columns(2)
    left.plotly_chart(
        probability_histogram(result),
        key=f"histogram {key}",
        alt=_("Number of orders by {chance}").format(chance=chance),
    )
    right.plotly_chart(
        position_bars(result), key=f"positions {key}", alt=_("Share of the variance explained by each word's position")
    )
    right.caption(_("Over {named}. Locked words are grey.").format(named=result.named))
    scatter = f"scatter {key}"
    # Drawing the chosen point anew makes the figure forget its selection, so the choice is remembered here.
    chosen = _chosen(st.session_state.get(scatter), result)
    if chosen is None:
        chosen = st.session_state.get(f"chosen {key}")
    st.session_state[f"chosen {key}"] = chosen = None if chosen is None or chosen >= result.scored else chosen
    st.plotly_chart(
        fluency_scatter(result, chosen),
        key=scatter,
        on_select="rerun",
        selection_mode="points",
        alt=_("Fluency against {chance}, one point per order; flips are listed in the table below").format(
            chance=chance
        ),
    )
    if result.scored > MOST_POINTS:
        st.caption(
            _(
                "{shown:,} of {count:,} orders are shown: the most fluent flips, the original and a "
                "random sample of the others."
            ).format(shown=MOST_POINTS, count=result.scored)
        )
    if chosen is not None:
        _choice(result, chosen, key)
    elif result.flips:
        st.caption(_("Click a point to read and keep its order."))


def _chosen(event: Any, result: Permutations) -> int | None:
    """The row of the order that was clicked. The browser says which, so it is checked."""
    try:
        row = event["selection"]["points"][-1]["customdata"]
        row = row[0] if isinstance(row, list) else row
    except (KeyError, IndexError, TypeError):
        return None
    return row if type(row) is int and 0 <= row < result.scored else None


def _choice(result: Permutations, row: int, key: str) -> None:
    order = result.order(row)
    with st.container(border=True):
        st.caption(_("Chosen order"))
        st.text(order.text)
        if result.flipped[row]:
            st.badge(_("flipped"), icon=":material/swap_horiz:", color="orange")
        st.markdown(
            _(
                "**{label}**, {chance} = {probability:.3f} (original: {label_original}, "
                "{original:.3f}). Fluency {fluency:.1f} nats (original: {fluency_original:.1f})."
            ).format(
                label=plain(shown(order.label)),
                chance=classes.probability_name_plain(result.target),
                probability=order.probability,
                label_original=plain(shown(result.original.label)),
                original=result.original.probability,
                fluency=Number(order.fluency),
                fluency_original=Number(result.original.fluency),
            )
        )
        said = [Prediction(one.probability, one.label, result.target) for one in (result.original, order)]
        keep_form(
            f"keep {key}",
            result.text,
            order.text,
            {result.model: (said[0], said[1])},
            (result.original.fluency, order.fluency),
            result.scorer,
            result.floor,
        )


def _table(result: Permutations, orders: Sequence[Order], name: str) -> None:
    header = [
        _("order"),
        _("verdict"),
        classes.probability_name(result.target),
        _("fluency (nats)"),
        _("vs original (nats)"),
    ]
    judged = result.threshold is not None
    if judged:
        header.insert(1, _("P(valid)"))
    rows = [
        (
            order.text,
            *([None if order.valid is None else round(order.valid, 2)] if judged else []),
            shown(order.label),
            round(order.probability, 4),
            round(order.fluency, 2),
            round(order.fluency - result.original.fluency, 2),
        )
        for order in orders
    ]
    tables.table(header, rows, name)

"""What a search over orders found: the certificate first, then figures, a flip to click, tables to take along."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.runtime.i18n import gettext as _
from pages.views.permutations.kept_pairs import Candidate, keep_form
from pages.widgets import classes, models, tables
from pages.wording.terms import term
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.probes.permutations.search import Order, Permutations


def show(result: Permutations, key: str) -> None:
    """Everything about a result; `key` tells it from other results."""
    (st.success if result.complete else st.info)(
        plain(result.certificate), icon=":material/verified:" if result.complete else ":material/info:"
    )
    _figures_of(result)
    _charts(result, key)
    fluency, _fault = models.fluency()
    if fluency is not None and fluency.mixture is not None:
        st.caption(
            _(
                "Fluency is the {scorer}'s, which the certificate speaks of. The last column judges the same orders "
                "again, as the difference to the original, by the {mixture}, which reads whole sentences and ranks "
                "them better. Click its head to sort by it."
            ).format(scorer=plain(term(result.scorer)), mixture=plain(term(fluency.mixture.name)))
        )
    left, right = st.columns(2)
    with left:
        _table(_("Most fluent flips"), result, result.flips, "flips", _("No order that was scored flips the verdict."))
    with right:
        _table(_("Most fluent orders"), result, result.fluent, "orders", "")


def _figures_of(result: Permutations) -> None:
    with st.container(horizontal=True):
        st.metric(
            _("orders scored"),
            f"{result.scored:,}",
            help=_("Of {orders:,} distinct ones, in {seconds:.1f} seconds.").format(
                orders=result.orders, seconds=result.seconds
            ),
            border=True,
        )
        st.metric(
            _("flips"),
            f"{result.flip_count:,}",
            help=_("Orders scored whose verdict differs from the original's."),
            border=True,
        )
        st.metric(
            _("flips within the floor"),
            f"{result.flip_count_above_floor:,}",
            help=_("Of {count:,} scored that are at most {floor:g} nats less fluent than the original.").format(
                count=result.scored_above_floor, floor=result.floor
            ),
            border=True,
        )
        st.metric(
            _("sensitivity σ"),
            f"{result.sensitivity:.2f}",
            help=_("Standard deviation of the logit over {named}: how much the order alone moves the verdict.").format(
                named=result.named
            ),
            border=True,
        )
        st.metric(
            _("order effect"),
            f"{result.order_effect:+.2f}",
            help=_("The original's logit minus the mean over {named}.").format(named=result.named),
            border=True,
        )


def _charts(result: Permutations, key: str) -> None:
    from core.figures.permutations import MOST_POINTS, fluency_scatter, position_bars, probability_histogram

    labels = classes.of(result.model)
    chance = classes.probability_name(labels)
    left, right = st.columns(2)
    left.plotly_chart(
        probability_histogram(result, labels),
        key=f"histogram {key}",
        alt=_("How many orders have which {chance}").format(chance=chance),
    )
    right.plotly_chart(
        position_bars(result), key=f"positions {key}", alt=_("Share of the variance that each word's place explains")
    )
    right.caption(_("Over {named}. Pinned words are grey.").format(named=result.named))
    scatter = f"scatter {key}"
    # Drawing the chosen point anew makes the figure forget its selection, so the choice is remembered here.
    clicked = _chosen(st.session_state.get(scatter), result)
    if clicked is not None:
        st.session_state[f"chosen {key}"] = clicked
    chosen = st.session_state.get(f"chosen {key}")
    if chosen is not None and chosen >= result.scored:
        chosen = None
    st.plotly_chart(
        fluency_scatter(result, chosen, labels),
        key=scatter,
        on_select="rerun",
        selection_mode="points",
        alt=_("Fluency against {chance}, a point an order; flips are listed in the table below").format(chance=chance),
    )
    if result.scored > MOST_POINTS:
        st.caption(
            _(
                "{shown:,} of {count:,} orders are drawn: the most fluent flips, the original, and others at random."
            ).format(shown=MOST_POINTS, count=result.scored)
        )
    _choice(result, chosen, key)


def _chosen(event: Any, result: Permutations) -> int | None:
    """The row of the order that was clicked. The browser says which, so it is checked."""
    try:
        row = event["selection"]["points"][-1]["customdata"]
        row = row[0] if isinstance(row, list) else row
    except (KeyError, IndexError, TypeError):
        return None
    return row if type(row) is int and 0 <= row < result.scored else None


def _choice(result: Permutations, row: int | None, key: str) -> None:
    if row is None:
        if result.flips:
            st.caption(_("Click a point to read its order and to keep it."))
        return
    order = result.order(row)
    labels = classes.of(result.model)
    with st.container(border=True):
        st.caption(_("The order you chose"))
        st.text(order.text)
        if order.label != result.original.label:
            st.badge(_("flipped"), icon=":material/swap_horiz:", color="orange")
        st.markdown(
            _(
                "**{label}**, {chance} = {probability:.3f} (the original: {label_original}, {original:.3f}); "
                "fluency {fluency:.1f} nats, the original's {fluency_original:.1f}."
            ).format(
                label=classes.said(order.probability, labels),
                chance=classes.probability_name_plain(labels),
                probability=order.probability,
                label_original=classes.said(result.original.probability, labels),
                original=result.original.probability,
                fluency=order.fluency,
                fluency_original=result.original.fluency,
            )
        )
        keep_form(
            Candidate(
                result.text,
                order.text,
                {result.model: (result.original.probability, order.probability)},
                (result.original.fluency, order.fluency),
                result.scorer,
                result.floor,
            ),
            f"keep {key}",
        )


def _judged_again(result: Permutations, orders: Sequence[Order]) -> list[float]:
    """How far each order stands from the original by the mixture of trigram and recurrent model, if there is one."""
    fluency, _fault = models.fluency()
    if fluency is None or fluency.mixture is None:
        return []
    texts = [[result.tokens[index] for index in order.positions] for order in (result.original, *orders)]
    original, *scores = fluency.mixture.score(texts).tolist()
    return [round(score - original, 2) for score in scores]


def _table(title: str, result: Permutations, orders: Sequence[Order], name: str, empty: str) -> None:
    st.header(title)
    if not orders:
        st.write(empty)
        return
    labels = classes.of(result.model)
    names = classes.both(labels)
    header = [
        _("order"),
        _("verdict"),
        classes.probability_name(labels),
        _("fluency (nats)"),
        _("to the original (nats)"),
    ]
    rows: list[tuple[object, ...]] = [
        (
            order.text,
            names[order.label],
            round(order.probability, 4),
            round(order.fluency, 2),
            round(order.fluency - result.original.fluency, 2),
        )
        for order in orders
    ]
    again = _judged_again(result, orders)
    if again:
        header.append(_("by the recurrent model too (nats)"))
        rows = [(*row, score) for row, score in zip(rows, again, strict=True)]
    tables.table(header, rows, name)

"""What a search over orders found: every model's flips, the picture of one, what was searched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.data.labels import model_name, shown
from core.data.targets import log_odds_name
from core.probes.permutations import search as probe
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed, together
from core.storage.database import Prediction
from pages.views.permutations.kept_pairs import keep_form
from pages.views.permutations.permuted import change_badge, changes, composed_pairs, verdicts_on
from pages.widgets import classes, frame, tables
from pages.wording.tokens import Number, certificate, lead, plain, signed

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from core.models.predict import Verdict
    from core.models.predictor import Model
    from core.probes.permutations.search import Order, Permutations


_ROWS = 6  # flips in sight; more can be scrolled to


def show(results: Sequence[Permutations], key: str, *, readers: list[Model], chosen: str, rest: DeltaGenerator) -> None:
    """The flips of all models, the answer first; in `rest` the picture of the `chosen` one. `key` tells these from
    others."""
    flips = list({order.text: order for result in results for order in result.flips}.values())
    flips.sort(key=lambda order: (-(order.valid or 0.0), -order.fluency))
    flips = flips[: probe.TOP]
    said = [_verdicts(results[0], order.positions, readers) for order in flips]
    lead(_in_a_sentence(results, readers, flips, said))
    if flips:
        for row in _flips(results, flips, said)[:1]:
            _keep(results[0], flips[row], said[row], f"keep row {key}")
    else:
        composed_pairs(results[0].tokens)
    result = next((one for one in results if one.model == chosen), results[0])
    with rest:
        _picture(result, f"{key} {result.model}", readers)


def _picture(result: Permutations, key: str, readers: list[Model]) -> None:
    """One model's orders, and what was searched."""
    _scatter(result, key, readers)
    details, fluent = st.tabs([_("What was searched"), _("Most fluent orders")])
    with details:
        certificate(result.certificate, result.complete)
        _figures_of(result)
        _charts(result, key)
    with fluent:
        _table(result, result.fluent, "orders")


def _verdicts(result: Permutations, positions: Sequence[int], readers: list[Model]) -> list[tuple[Verdict, Verdict]]:
    order = [result.tokens[position] for position in positions]
    return [verdicts_on(reader, result.tokens, order, reader.target) for reader in readers]


def _is_flip(both: tuple[Verdict, Verdict], to: str | None) -> bool:
    return both[0].label != both[1].label and to in (None, both[1].label)


def _in_a_sentence(
    results: Sequence[Permutations],
    readers: list[Model],
    flips: Sequence[Order],
    said: Sequence[list[tuple[Verdict, Verdict]]],
) -> str:
    """How many orders flip which model, and the best of them."""
    counts = [
        _("{model} {flips:,} of {scored:,}").format(
            model=model_name(one.model), flips=one.flip_count, scored=one.scored
        )
        for one in results
    ]
    everything = all(result.scored == result.orders for result in results)
    line = _("Flips among all orders: {counts}.") if everything else _("Flips among the orders tried: {counts}.")
    lines = [line.format(counts=listed(counts))]
    if len(results) < len(readers):
        lines.append(_("The search was stopped; not every model has answered."))
    if flips:
        models = changes([both for both in said[0] if _is_flip(both, results[0].to)])
        line = _("The most fluent is “{order}”: {models}.")
        if flips[0].valid is not None:
            line = _("The likeliest to be valid is “{order}” (P(valid) {valid:.2f}): {models}.")
        lines.append(line.format(order=flips[0].text, valid=flips[0].valid, models=models))
    return together(lines)


def _flips(
    results: Sequence[Permutations], flips: Sequence[Order], said: Sequence[list[tuple[Verdict, Verdict]]]
) -> list[int]:
    """The flips as a table, a column for each model; the chosen row."""
    first, judged = results[0], results[0].threshold is not None
    chances = [f"{model_name(one.model)} {classes.probability_name(one.target)}" for one, _other in said[0]]
    header = [_("order"), *([_("P(valid)")] if judged else []), _("flips"), *chances, _("vs original (nats)")]
    rows = [
        (
            order.text,
            *([None if order.valid is None else round(order.valid, 2)] if judged else []),
            listed(model_name(both[0].model) for both in verdicts if _is_flip(both, first.to)),
            *(round(other.probability, 3) for _one, other in verdicts),
            round(order.fluency - first.original.fluency, 1),
        )
        for order, verdicts in zip(flips, said, strict=True)
    ]
    return tables.table(
        header,
        rows,
        "flips",
        texts=[order.text for order in flips],
        firsts=[first.text] * len(flips),
        height=36 * _ROWS if len(flips) >= _ROWS else "content",
    )


def _keep(result: Permutations, order: Order, said: list[tuple[Verdict, Verdict]], key: str) -> None:
    """The form that keeps an order, for every model that it flips at first."""
    keep_form(
        key,
        result.text,
        order.text,
        {one.model: (Prediction.of(one), Prediction.of(other, one.target)) for one, other in said},
        (result.original.fluency, order.fluency),
        result.scorer,
        result.floor,
    )


def _figures_of(result: Permutations) -> None:
    within = _("Out of {count:,} scored orders that are at most {floor:g} nats less fluent than the original.")
    moved = _("Standard deviation of the {logit} over {named}: how much word order alone moves the verdict.")
    values = {"count": result.scored_above_floor, "floor": result.floor, "named": result.named}
    values |= {"logit": log_odds_name(result.target, plain)}
    with st.container(horizontal=True):
        for label, value, help_ in (
            (_("fluent flips"), f"{result.flip_count_above_floor:,}", within),
            (_("sensitivity σ"), f"{result.sensitivity:.2f}", moved),
            (_("order effect"), signed(result.order_effect), _("The original's {logit} minus the mean over {named}.")),
        ):
            st.metric(label, value, help=help_.format(**values), border=True)


def _charts(result: Permutations, key: str) -> None:
    from core.figures.permutations import position_bars, probability_histogram

    left, right = st.columns(2)
    left.plotly_chart(
        probability_histogram(result),
        key=f"histogram {key}",
        alt=_("Number of orders by {chance}").format(chance=classes.probability_name(result.target)),
    )
    right.plotly_chart(
        position_bars(result), key=f"positions {key}", alt=_("Share of the variance explained by each word's position")
    )
    right.caption(_("Over {named}. Locked words are grey.").format(named=result.named))


def _scatter(result: Permutations, key: str, readers: list[Model]) -> None:
    from core.figures.permutations import MOST_POINTS, fluency_scatter

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
        alt=_("Fluency against {chance}, one point per order; flips are listed in the table above").format(
            chance=classes.probability_name(result.target)
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
        _choice(result, chosen, key, readers)


def _chosen(event: Any, result: Permutations) -> int | None:
    """The row of the order that was clicked. The browser says which, so it is checked."""
    try:
        row = event["selection"]["points"][-1]["customdata"]
        row = row[0] if isinstance(row, list) else row
    except (KeyError, IndexError, TypeError):
        return None
    return row if type(row) is int and 0 <= row < result.scored else None


def _choice(result: Permutations, row: int, key: str, readers: list[Model]) -> None:
    order = result.order(row)
    said = _verdicts(result, order.positions, readers)
    with st.container(border=True):
        st.caption(_("Chosen order"))
        st.text(order.text)
        with st.container(horizontal=True, vertical_alignment="center"):
            for both in said:
                change_badge(*both)
            with st.popover(_("Copy or open"), icon=":material/open_in_new:"):
                frame.open_elsewhere(order.text, result.text)
        st.caption(
            _("Fluency {fluency:.1f} nats (original: {original:.1f}).").format(
                fluency=Number(order.fluency), original=Number(result.original.fluency)
            )
        )
        _keep(result, order, said, f"keep {key}")


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
            round(order.probability, 3),
            round(order.fluency, 2),
            round(order.fluency - result.original.fluency, 2),
        )
        for order in orders
    ]
    tables.table(header, rows, name, texts=[order.text for order in orders], firsts=[result.text] * len(orders))

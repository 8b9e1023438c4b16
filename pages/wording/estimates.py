"""Shares and means with their 95 % intervals: in one cell of a table, and as three numbers for a spreadsheet."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from core.runtime.i18n import clauses, listed
from core.runtime.i18n import gettext as _
from pages.wording.tokens import minus

if TYPE_CHECKING:
    from core.evaluation.binned_metrics import Tally
    from core.evaluation.intervals import Share

Interval = tuple[float, float]


class Estimate(NamedTuple):
    """What a cell shows, and the estimate with the two ends of its interval, None where there are none."""

    shown: str
    numbers: tuple[float | None, float | None, float | None]


NONE = Estimate("–", (None, None, None))


def share(value: float | None, interval: Interval | None) -> Estimate:
    """A share, 0 to 1, shown in per cent."""
    if value is None or interval is None:
        return NONE
    low, high = interval
    return Estimate(f"{value:.1%} ({low:.1%} – {high:.1%})", (value, low, high))


def of(found: Share | None) -> Estimate:
    """As `share`, of a share with its interval."""
    return NONE if found is None else share(found.share, found.interval)


def area(tally: Tally) -> str:
    """The area under the ROC curve, read off bins, with how far the exact one can be; only digits that are sure."""
    if tally.auc is None or tally.auc_within is None:
        return "–"
    if tally.auc_within < 0.0005:
        return f"{tally.auc:.3f}"
    within = math.ceil(1_000 * (tally.auc_within + 0.0005)) / 1_000  # what rounding the area adds is in it
    return f"{tally.auc:.3f} ± {within:.3f}"


def in_order(accuracies: Mapping[str, float], tied: Collection[str], on: str) -> str:
    """Which model is right most often `on` some rows, in a sentence; of those `tied` with it chance may be the reason.

    Models are given by the names that a reader sees.
    """
    order = sorted(accuracies, key=lambda model: -accuracies[model])
    if len(order) == 1:
        return _("{model} is right on {share:.1%} of {rows}.").format(
            model=order[0], share=accuracies[order[0]], rows=on
        )
    best = [model for model in order if model == order[0] or model in tied]
    first, others = (
        listed(f"{model} {accuracies[model]:.1%}" for model in order if (model in best) == is_best)
        for is_best in (True, False)
    )
    if len(best) > 1:
        first = _("{models} (no clear difference)").format(models=first)
    line = _("Most often right on {rows}: {models}.")
    return line.format(
        rows=on, models=clauses([first, _("then {models}").format(models=others)] if others else [first])
    )


def p_value(value: float) -> str:
    """A p-value in three decimals."""
    return "p < 0.001" if value < 0.0005 else f"p = {value:.3f}"


def signed(value: float | None, interval: Interval | None, decimals: int) -> Estimate:
    """A difference, with its sign."""
    if value is None or interval is None:
        return NONE
    written, low, high = (minus(f"{number:+.{decimals}f}") for number in (value, *interval))
    shown = _("{value} ({low} to {high})").format(value=written, low=low, high=high)
    return Estimate(shown, (value, *interval))


def as_shown(header: Sequence[str], rows: Sequence[Sequence[object]]) -> list[dict[str, object]]:
    """The rows of a table as a page shows them."""
    return [
        {name: cell.shown if isinstance(cell, Estimate) else cell for name, cell in zip(header, row, strict=True)}
        for row in rows
    ]


def as_numbers(header: Sequence[str], rows: Sequence[Sequence[object]]) -> tuple[list[str], list[list[object]]]:
    """The same for a spreadsheet: a column with an estimate in it becomes three, of numbers alone."""
    wide = [any(isinstance(row[column], Estimate) for row in rows) for column in range(len(header))]
    names = [
        title
        for name, is_wide in zip(header, wide, strict=True)
        for title in (
            [name, _("{name}, from").format(name=name), _("{name}, to").format(name=name)] if is_wide else [name]
        )
    ]
    return names, [
        [number for cell in row for number in (cell.numbers if isinstance(cell, Estimate) else (cell,))] for row in rows
    ]

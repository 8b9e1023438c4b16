"""What does a search for flips show? One sentence that claims what was searched and no more.

"None exists among these N" and "the best of N tried" are different sentences.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.probes.permutations.search import Permutations


def named(result: Permutations) -> str:
    """Which orders a result's figures speak of: all; those within the threshold if they are complete; or some."""
    if result.scored == result.orders:
        count = result.orders
        return _("the only order") if count == 1 else _("all {count:,} orders").format(count=count)
    if result.complete:
        line = _("the {count:,} orders within {floor:g} nats of the original")
        return line.format(count=result.scored_above_floor, floor=result.floor)
    count = result.scored
    return _("the original") if count == 1 else _("the {count:,} orders tried").format(count=count)


def certificate(result: Permutations) -> str:
    """One sentence on what was searched and what that shows, in the current language."""
    orders, scored, flips = result.orders, result.scored, result.flip_count
    everything, flips_within = scored == orders, result.flip_count_above_floor
    if orders == 1:
        sentence = _("These words have only one order, so no other can flip the verdict.")
    elif scored == 1:
        sentence = _("Of {orders:,} orders, only the original was scored.")
    elif everything and not flips:
        sentence = _("None of the {orders:,} orders flips the verdict: all of them were scored.")
    elif everything:
        sentence = _("The verdict flips in {flips:,} of the {orders:,} orders: all of them were scored.")
    elif result.complete and not flips_within:
        sentence = _(
            "No order within {floor:g} nats of the original (by the {scorer}) flips the verdict: all {within:,} such "
            "orders were scored, of {orders:,} in all."
        )
    elif result.complete:
        sentence = _(
            "The verdict flips in {flips_within:,} of the {within:,} orders within {floor:g} nats of the original (by "
            "the {scorer}): all such orders were scored, of {orders:,} in all."
        )
    elif result.strategy == "most fluent" and result.depth > 0:
        sentence = _(
            "The verdict flips in {flips:,} of {scored:,} orders scored. They include every order "
            "down to {depth:.1f} nats below the original (by the {scorer}); the rest of {orders:,} "
            "were not scored."
        )
    elif result.strategy == "all":
        sentence = _(
            "The verdict flips in {flips:,} of {scored:,} orders scored; the search ended before all {orders:,} were."
        )
    else:
        sentence = _(
            "The verdict flips in {flips:,} of {scored:,} orders tried: the original and the most fluent that were "
            "found (by the {scorer}); the rest of {orders:,} were not scored."
        )
    return sentence.format(
        orders=orders,
        scored=scored,
        flips=flips,
        within=result.scored_above_floor,
        flips_within=flips_within,
        floor=result.floor,
        scorer=result.scorer,
        depth=result.depth,
    )

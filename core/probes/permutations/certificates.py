"""What does a search for flips show? One sentence that claims what was searched and no more.

"None exists among these N" and "the best of N tried" are different sentences.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext, together

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
    """What was searched and what that shows, in the current language: a sentence, and one on the judge's opinion."""
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
    sentences = sentence if result.accepted is None or scored == 1 else together((sentence, _judged(result)))
    return sentences.format(
        orders=orders,
        scored=scored,
        flips=flips,
        within=result.scored_above_floor,
        flips_within=flips_within,
        floor=result.floor,
        scorer=result.scorer,
        depth=result.depth,
        accepted=result.accepted,
        accepted_flips=result.accepted_flips,
    )


def _judged(result: Permutations) -> str:
    if not result.accepted:
        return _("The judge of word order accepts none of them but perhaps the original.")
    if not result.accepted_flips:
        return ngettext(
            "The judge of word order accepts {accepted:,} of them; it does not flip the verdict.",
            "The judge of word order accepts {accepted:,} of them; none of these flips the verdict.",
            result.accepted,
        )
    return ngettext(
        "The judge of word order accepts {accepted:,} of them; {accepted_flips:,} of these flips the verdict.",
        "The judge of word order accepts {accepted:,} of them; {accepted_flips:,} of these flip the verdict.",
        result.accepted_flips,
    )

"""What does a search for flips show? One sentence that claims what was searched and no more.

"None exists among these N" and "the best of N tried" are different sentences.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.data import targets
from core.data.labels import shown
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed, ngettext, together

if TYPE_CHECKING:
    from core.data.targets import Target
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
    """What was searched and what that shows, in the current language: a sentence, and one on the judge's opinion.

    Of more than two classes, one on the classes that the flips are read as; with a goal, one that names it.
    """
    if result.to == result.original.label and result.orders > 1:
        return already(result.to)
    counts = {
        "orders": result.orders,
        "scored": result.scored,
        "flips": result.flip_count,
        "within": result.scored_above_floor,
        "flips_within": result.flip_count_above_floor,
        "floor": result.floor,
        "scorer": result.scorer,
        "depth": result.depth,
        "accepted": result.accepted,
        "accepted_flips": result.accepted_flips,
        "label": shown(result.to or result.original.label),
    }
    sentences = [_searched(result).format(**counts)]
    if result.scored > 1:
        sentences += [only(result.to)] if result.to else []
        sentences += [] if result.accepted is None else [_judged(result).format(**counts)]
        sentences += [read_as(result.flips_to)] if many(result.target) and result.flip_count and not result.to else []
    return together(sentences)


def many(target: Target) -> bool:
    """Whether there are several classes to flip to."""
    return targets.default(target.labels) is None


def already(to: str) -> str:
    """That no flip to a class can be found, as the original is read as it."""
    return _("The sentence is read as {label} already, so no order was searched.").format(label=shown(to))


def only(to: str) -> str:
    """That only flips to one class count."""
    return _("Only flips to {label} count.").format(label=shown(to))


def read_as(flips_to: dict[str, int]) -> str:
    """What the flips are read as, and how often."""
    counts = listed(f"{shown(name)} ({count:,})" for name, count in flips_to.items())
    return _("The flips are read as {counts}.").format(counts=counts)


def _searched(result: Permutations) -> str:
    everything, anything = result.scored == result.orders, many(result.target)
    if result.orders == 1:
        return _("These words have only one order, so no other can flip the verdict.")
    if result.scored == 1:
        return _("Of {orders:,} orders, only the original was scored.")
    if everything and not result.flip_count:
        if result.to:
            return _("None of the {orders:,} orders is read as {label}: all of them were scored.")
        if anything:
            return _("None of the {orders:,} orders is read as anything but {label}: all of them were scored.")
        return _("None of the {orders:,} orders flips the verdict: all of them were scored.")
    if everything:
        return _("The verdict flips in {flips:,} of the {orders:,} orders: all of them were scored.")
    if result.complete and not result.flip_count_above_floor:
        if result.to:
            return _(
                "No order within {floor:g} nats of the original (by the {scorer}) is read as {label}: all {within:,} "
                "such orders were scored, of {orders:,} in all."
            )
        if anything:
            return _(
                "No order within {floor:g} nats of the original (by the {scorer}) is read as anything but {label}: all "
                "{within:,} such orders were scored, of {orders:,} in all."
            )
        return _(
            "No order within {floor:g} nats of the original (by the {scorer}) flips the verdict: all {within:,} such "
            "orders were scored, of {orders:,} in all."
        )
    if result.complete:
        return _(
            "The verdict flips in {flips_within:,} of the {within:,} orders within {floor:g} nats of the original (by "
            "the {scorer}): all such orders were scored, of {orders:,} in all."
        )
    if result.strategy == "most fluent" and result.depth > 0:
        return _(
            "The verdict flips in {flips:,} of {scored:,} orders scored. They include every order "
            "down to {depth:.1f} nats below the original (by the {scorer}); the rest of {orders:,} "
            "were not scored."
        )
    if result.strategy == "all":
        return _(
            "The verdict flips in {flips:,} of {scored:,} orders scored; the search ended before all {orders:,} were."
        )
    return _(
        "The verdict flips in {flips:,} of {scored:,} orders tried: the original and the most fluent that were "
        "found (by the {scorer}); the rest of {orders:,} were not scored."
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

"""What does a search for flips show? One sentence that claims what was searched and no more.

"None exists among these N" and "the best of N tried" are different sentences.
"""

from __future__ import annotations

from core.runtime.i18n import gettext as _


def named(everything: bool, closed: bool, count: int, floor: float) -> str:
    """Which orders a search's figures speak of: all; those within the floor (nats) if they are complete; or some."""
    if everything:
        return _("the only order") if count == 1 else _("all {count:,} orders").format(count=count)
    if closed:
        return _("the {count:,} orders within {floor:g} nats of the original").format(count=count, floor=floor)
    return _("the original") if count == 1 else _("the {count:,} orders tried").format(count=count)


def certificate(
    *,
    orders: int,
    way: str,
    everything: bool,
    closed: bool,
    scored: int,
    flips: int,
    within: int,
    flips_within: int,
    depth: float,
    floor: float,
    scorer: str,
) -> str:
    """One sentence on what was searched and what that shows.

    Of `orders` orders, `scored` were scored, by the way named, `flips` of which flip; `within` and `flips_within` count
    those within `floor` nats of the original. `everything` and `closed` say that all orders, or all within the floor,
    were scored; `depth` is how far below the original's fluency, in nats, none is missing.
    """
    if orders == 1:
        sentence = _("These words have one order only, so no other can flip the verdict.")
    elif scored == 1:
        sentence = _("Only the original itself was scored, of {orders:,} orders: nothing is known of the others.")
    elif everything and not flips:
        sentence = _("None of the {orders:,} orders flips the verdict: all of them were scored.")
    elif everything:
        sentence = _("The verdict flips in {flips:,} of the {orders:,} orders: all of them were scored.")
    elif closed and not flips_within:
        sentence = _(
            "No order within {floor:g} nats of the original (by the {scorer}) flips the verdict: all {within:,} such "
            "orders were scored, of {orders:,} in all."
        )
    elif closed:
        sentence = _(
            "The verdict flips in {flips_within:,} of the {within:,} orders within {floor:g} nats of the original (by "
            "the {scorer}): all such orders were scored, of {orders:,} in all."
        )
    elif way == "most fluent" and depth > 0:
        sentence = _(
            "The verdict flips in {flips:,} of {scored:,} orders scored. Every order down to {depth:.1f} nats below "
            "the original (by the {scorer}) is among them; of the rest of {orders:,} nothing is known."
        )
    elif way == "all":
        sentence = _(
            "The verdict flips in {flips:,} of {scored:,} orders scored; the search ended before all {orders:,} were."
        )
    else:
        sentence = _(
            "The verdict flips in {flips:,} of {scored:,} orders tried: the original and the most fluent that were "
            "found (by the {scorer}); of the rest of {orders:,} nothing is known."
        )
    return sentence.format(
        orders=orders,
        scored=scored,
        flips=flips,
        within=within,
        flips_within=flips_within,
        floor=floor,
        scorer=scorer,
        depth=depth,
    )

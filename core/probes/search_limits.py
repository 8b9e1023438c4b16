"""The limits that a person sets for a search."""

from __future__ import annotations

from core.runtime.i18n import gettext as _
from core.runtime.i18n import mark

_AT_LEAST_1 = {
    "budget": mark("the budget must be at least 1; given: {given:,}"),
    "top": mark("the number of results listed must be at least 1; given: {given:,}"),
    "edits": mark("the number of edits must be at least 1; given: {given:,}"),
    "pairs": mark("the number of pairs must be at least 1; given: {given:,}"),
    "beam": mark("the beam width must be at least 1; given: {given:,}"),
}


def check_limits(seconds: float | None = None, **counts: int | None) -> None:
    """Raises ValueError for a count, of `_AT_LEAST_1`, below 1, or seconds that are not above 0; None is no limit."""
    for name, count in counts.items():
        if count is not None and count < 1:
            raise ValueError(_(_AT_LEAST_1[name]).format(given=count))
    if seconds is not None and not seconds > 0:
        raise ValueError(_("the time limit must be above 0 seconds; given: {seconds:g}").format(seconds=seconds))

"""The colours of what speaks for a target and of what speaks against it: those of the classes, clear at zero."""

from __future__ import annotations

from core.data.labels import shown
from core.data.targets import Target
from core.figures import layout
from core.figures.palette import SERIES, THRESHOLD, of_class, shade
from core.runtime.i18n import gettext as _

Scale = list[list[float | str]]


def sides(target: Target) -> tuple[str, str]:
    """The target's colour and its one rival's; of several rivals, grey."""
    own = of_class(target.labels, target.number).color
    if target.rival is not None:
        return own, of_class(target.labels, target.rest[0]).color
    return own, THRESHOLD if own != THRESHOLD else SERIES[3].color


def scale(above: str, below: str) -> Scale:
    """A colour scale from −1 over nothing to 1; the page shows through in the middle, light or dark."""
    ends = ((0, -1), (0.5, 0), (0.5, 1e-9), (1, 1))
    return [[place, shade(number, above, below)] for place, number in ends]


def title(model: str, target: Target) -> str:
    """A figure's title, escaped: the model, and what both colours mean."""
    own, against = sides(target)
    rival = _("all other classes") if target.rival is None else shown(target.rival)
    meanings = [
        f'<span style="color:{color}">■</span> ' + _("for {label}").format(label=layout.escape(name))
        for color, name in ((own, shown(target.name)), (against, rival))
    ]
    return "   ".join((layout.model_name(model), *meanings))

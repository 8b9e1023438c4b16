"""How many texts of a corpus keep their verdict, by the size of the changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from core.figures import layout
from core.figures.palette import SERIES, THRESHOLD
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.probes.robustness.corpus import Counts


def shares(counts: Sequence[Counts], size: str) -> go.Figure:
    """Stacked shares of certified, flipped and undecided texts, a bar a size; the certified with a 95 % interval.

    `size` says what the sizes count.
    """
    figure = go.Figure()
    at = [one.size for one in counts]
    parts = (
        (_("certified"), [one.certified for one in counts], layout.hatched(SERIES[2].color)),
        (_("flipped"), [one.flipped for one in counts], layout.hatched(SERIES[3].color, "/")),
        (_("undecided"), [one.undecided for one in counts], layout.hatched(THRESHOLD, ".")),
    )
    for name, texts, look in parts:
        figure.add_bar(
            x=at,
            y=[100 * some / one.texts for some, one in zip(texts, counts, strict=True)],
            name=name,
            marker=look,
            customdata=[[some, one.texts] for some, one in zip(texts, counts, strict=True)],
            hovertemplate=_("%{y:.1f} %: %{customdata[0]:,} of %{customdata[1]:,} texts"),
        )
    certified = [100 * one.certified / one.texts for one in counts]
    figure.add_scatter(
        x=at,
        y=certified,
        error_y={
            **layout.error_bars(certified, [(100 * low, 100 * high) for low, high in (one.interval for one in counts)]),
            "color": THRESHOLD,
        },
        mode="markers",
        marker={"color": THRESHOLD, "size": 5},
        name=_("95 % interval"),
        hoverinfo="skip",
    )
    return layout.finish(
        figure,
        _("Certified and flipped texts by size of change"),
        360,
        x={"title": size, "tickvals": at},
        y={"title": _("texts (%)"), "range": [0, 102]},
        barmode="stack",
        bargap=0.5,
        legend=layout.LEGEND_ABOVE | {"traceorder": "normal"},
        top=90,
        above=True,
    )

"""Where models fail on the behavioural suite."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from core.data.labels import model_name
from core.figures.palette import style
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.probes.checklist.suite import CapabilityResult, Suite

_APART = 0.2  # between models, of the distance between capabilities


def failure_rates(suites: Sequence[Suite]) -> go.Figure:
    """Share of failing cases with its 95 % interval, a row per capability and a marker per model.

    Capabilities stand in the suite's order from the top; one without a case under a model has no marker there.
    """
    figure = go.Figure()
    names = list(dict.fromkeys(found.name for suite in suites for found in suite.capabilities))
    for place, suite in enumerate(suites):
        look = style(suite.model, place)
        shown = [found for found in suite.capabilities if found.rate.rate is not None]
        rates, below, above = zip(*map(_percent, shown), strict=True) if shown else ((), (), ())
        figure.add_scatter(
            x=rates,
            y=[names.index(found.name) + _APART * (place - (len(suites) - 1) / 2) for found in shown],
            error_x={
                "type": "data",
                "symmetric": False,
                "array": above,
                "arrayminus": below,
                "thickness": 1.5,
                "width": 3,
            },
            name=html.escape(model_name(suite.model), quote=False),
            mode="markers",
            marker={"color": look.color, "symbol": look.marker, "size": 9},
            customdata=[[_(found.name), found.rate.cases, found.rate.templates] for found in shown],
            hovertemplate=_("%{customdata[0]}: %{x:.1f} % of %{customdata[1]:,} cases, %{customdata[2]} templates"),
        )
    figure.update_xaxes(title=_("failing cases (%), 95 % intervals"), range=[-2, 102])
    figure.update_yaxes(
        title=_("capability"),
        tickvals=list(range(len(names))),
        ticktext=[_(name) for name in names],
        range=[len(names) - 0.5, -0.5],
        automargin=True,
        zeroline=False,
    )
    return figure.update_layout(
        title={"text": _("Failure rates by capability")},
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"},
        height=150 + 45 * len(names),
        margin={"t": 70, "b": 40, "l": 10, "r": 10},
    )


def _percent(found: CapabilityResult) -> tuple[float, float, float]:
    """The rate and how far its interval reaches below and above it, in percent."""
    rate, interval = found.rate.rate, found.rate.interval
    assert rate is not None and interval is not None
    return 100 * rate, 100 * (rate - interval[0]), 100 * (interval[1] - rate)

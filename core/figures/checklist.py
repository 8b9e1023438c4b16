"""Where models fail on the behavioural suite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from core.figures import layout
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.probes.checklist.suite import CapabilityResult, Suite


def failure_rates(suites: Sequence[Suite]) -> go.Figure:
    """Share of failing cases with its 95 % interval, a row per capability and a marker per model.

    Capabilities stand in the suite's order from the top; one without a case under a model has no marker there.
    """
    figure = go.Figure()
    names = list(dict.fromkeys(one.name for suite in suites for one in suite.capabilities))
    for index, suite in enumerate(suites):
        shown = [one for one in suite.capabilities if one.rate.rate is not None]
        layout.dots(
            figure,
            [(names.index(one.name), *_percent(one)) for one in shown],
            suite.model,
            (index, len(suites)),
            customdata=[[_(one.name), one.rate.cases, one.rate.templates] for one in shown],
            hovertemplate=_("%{customdata[0]}: %{x:.1f} % of %{customdata[1]:,} cases, %{customdata[2]} templates"),
        )
    return layout.finish(
        figure,
        _("Failure rates by capability"),
        150 + 45 * len(names),
        x={"title": _("failing cases (%), 95 % intervals"), "range": [-2, 102]},
        y={"title": _("capability"), **layout.row_axis([_(name) for name in names])},
        legend=layout.LEGEND_ABOVE,
        top=80,
    )


def _percent(result: CapabilityResult) -> tuple[float, tuple[float, float]]:
    """The rate and its interval in percent."""
    rate, interval = result.rate.rate, result.rate.interval
    assert rate is not None and interval is not None
    return 100 * rate, (100 * interval[0], 100 * interval[1])

"""How often models fail on pairs of two word orders, by pattern."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from core.figures import layout
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.evaluation.intervals import Share
    from core.probes.permutations.order_suite import OrderSuite, Result


def shares_by_pattern(suites: Sequence[OrderSuite], must: str, patterns: Sequence[str] | None = None) -> go.Figure:
    """The share of blind, brittle or turned pairs with its 95 % interval, a row per pattern and a marker per model.

    `must` is the relation. `patterns` are the rows from the top, all of the relation where not given; a pattern without
    a pair under a model has no marker there.
    """
    names = patterns or [str(result.pattern) for result in suites[0].patterns if result.must == must]
    titles = {
        "differ": _("Blind pairs by pattern"),
        "stay": _("Brittle pairs by pattern"),
        "open": _("Pairs with two verdicts by pattern"),
    }
    figure = go.Figure()
    for index, suite in enumerate(suites):
        shown = [result for result in suite.patterns if result.pattern in names and _shown(result).share is not None]
        layout.dots(
            figure,
            [(names.index(str(result.pattern)), *_percent(_shown(result))) for result in shown],
            suite.model,
            (index, len(suites)),
            customdata=[[layout.escape(_(str(result.pattern))), result.pairs] for result in shown],
            hovertemplate=_("%{customdata[0]}: %{x:.1f} % of %{customdata[1]:,} pairs"),
        )
    return layout.finish(
        figure,
        titles[must],
        155 + 26 * len(names),
        x={"range": [-2, 102]},
        y={**layout.row_axis([layout.escape(_(name)) for name in names])},
        legend=layout.LEGEND_ABOVE,
        top=85,
    )


def _shown(result: Result) -> Share:
    return result.failures or result.turned


def _percent(share: Share) -> tuple[float, tuple[float, float]]:
    """The share and its interval in percent."""
    assert share.share is not None and share.interval is not None
    return 100 * share.share, (100 * share.interval[0], 100 * share.interval[1])

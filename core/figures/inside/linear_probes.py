"""What linear probes read off states: task and control with their intervals, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.figures import layout
from core.figures.palette import THRESHOLD
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.evaluation.intervals import Mean
    from core.probes.units.linear_probes import Probes

_ORDER = ("h", "c", "x", "place")


def probe_plot(probed: Sequence[Probes], task: str, sources: Mapping[str, str] = MappingProxyType({})) -> go.Figure:
    """Accuracy of one task by source and model, filled, with the control task's, hollow; beside it the selectivity.

    Sources are shown under their names in `sources`. A dashed line is chance.
    """
    of_task = [[probe for probe in one.probes if probe.task == task] for one in probed]
    rows = [source for source in _ORDER if any(probe.source == source for probes in of_task for probe in probes)]
    figure = make_subplots(
        cols=2,
        column_widths=[0.62, 0.38],
        shared_yaxes=True,
        horizontal_spacing=0.04,
        subplot_titles=(_("balanced accuracy"), _("selectivity")),
    )
    chance = next(probe.chance for probes in of_task for probe in probes)
    for index, (one, probes) in enumerate(zip(probed, of_task, strict=True)):
        name = layout.model_name(one.model)
        titles = [layout.escape(sources.get(probe.source, probe.source)) for probe in probes]
        for column, kind, hollow, label in (
            (1, "accuracy", False, name),
            (1, "control", True, _("{model}, control").format(model=name)),
            (2, "selectivity", False, name),
        ):
            means: list[Mean] = [getattr(probe, kind) for probe in probes]
            heights = (rows.index(probe.source) for probe in probes)
            layout.dots(
                figure,
                [(height, mean.mean, mean.interval) for height, mean in zip(heights, means, strict=True)],
                one.model,
                (index, len(probed)),
                hollow=hollow,
                name=label,
                legendgroup=label,
                showlegend=column == 1,
                customdata=[[title, *mean.interval] for title, mean in zip(titles, means, strict=True)],
                hovertemplate="%{customdata[0]}: %{x:.3f} (%{customdata[1]:.3f} – %{customdata[2]:.3f})",
                row=1,
                col=column,
            )
    for x, column in ((chance, 1), (0.0, 2)):
        figure.add_vline(x, line={"color": THRESHOLD, "dash": "dash", "width": 1.5}, row=1, col=column)
    figure.update_xaxes(range=[0, 1.02], row=1, col=1)
    figure.update_xaxes(nticks=4, tickangle=0, row=1, col=2)
    figure.update_yaxes(**layout.row_axis([layout.escape(sources.get(row, row)) for row in rows]))
    return layout.finish(
        figure, _("Linear probes (filled), controls (hollow)"), 240 + 70 * len(rows), legend=layout.below(0.14), top=90
    )

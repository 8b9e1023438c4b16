"""What linear probes read off states: task and control with their intervals, side by side."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.data.labels import model_name
from core.figures.palette import THRESHOLD, style
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.evaluation.intervals import Mean
    from core.probes.units.linear_probes import Probes

_ORDER = ("h", "c", "x", "place")
_APART = 0.26  # between models, of the distance between two sources


def probe_plot(found: Sequence[Probes], task: str, sources: Mapping[str, str] = MappingProxyType({})) -> go.Figure:
    """Accuracy of one task by source and model, filled, with the control task's, hollow; beside it the selectivity.

    Sources stand under their names in `sources` where they have one. A dashed line is chance. Raises ValueError where
    no model has the task.
    """
    there = {probe.source for one in found for probe in one.probes if probe.task == task}
    rows = [source for source in _ORDER if source in there]
    if not rows:
        raise ValueError(f"no model was probed for {task!r}")
    figure = make_subplots(
        cols=2,
        column_widths=[0.62, 0.38],
        shared_yaxes=True,
        horizontal_spacing=0.04,
        subplot_titles=(_("balanced accuracy"), _("selectivity")),
    )
    chance = next(probe.chance for one in found for probe in one.probes if probe.task == task)
    for place, one in enumerate(found):
        probes = [probe for probe in one.probes if probe.task == task]
        shift = _APART * (place - (len(found) - 1) / 2)
        look, name = style(one.model, place), html.escape(model_name(one.model), quote=False)
        heights = [rows.index(probe.source) + shift for probe in probes]
        titles = [html.escape(sources.get(probe.source, probe.source), quote=False) for probe in probes]
        for column, kind, hollow, label in (
            (1, "accuracy", False, name),
            (1, "control", True, _("{model}, control").format(model=name)),
            (2, "selectivity", False, name),
        ):
            means: list[Mean] = [getattr(probe, kind) for probe in probes]
            figure.add_scatter(
                x=[mean.mean for mean in means],
                y=heights,
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "array": [mean.interval[1] - mean.mean for mean in means],
                    "arrayminus": [mean.mean - mean.interval[0] for mean in means],
                    "thickness": 1.5,
                    "width": 3,
                },
                mode="markers",
                marker={
                    "color": look.color,
                    "symbol": look.marker + ("-open" if hollow else ""),
                    "size": 9,
                    "line": {"width": 2 if hollow else 0, "color": look.color},
                },
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
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[html.escape(sources.get(row, row), quote=False) for row in rows],
        range=[len(rows) - 0.5, -0.5],
        automargin=True,
        zeroline=False,
    )
    return figure.update_layout(
        title={"text": _("Linear probes (filled), controls (hollow)")},
        legend={"orientation": "h", "x": 0, "y": -0.14, "yanchor": "top"},
        height=240 + 70 * len(rows),
        margin={"t": 90, "b": 40, "l": 10, "r": 10},
    )

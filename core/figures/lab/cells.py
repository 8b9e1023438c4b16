"""A cell of one unit by hand: what was offered, stored and given out at each step, and how far its gates stood open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from core.figures import layout
from core.figures.palette import SERIES
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.lab.cells.arithmetic import Step, Worked

DRAWN = 1e100  # a browser cannot lay out axes as far as the largest float
_MOST_TICKS = 20


def cell_by_hand(worked: Worked) -> go.Figure:
    """Above, the states over the steps and what the cell was offered; below, its gates, where it has any.

    A number beyond ±`DRAWN` leaves a gap.
    """
    cell, steps = worked.exercise.cell, worked.steps
    states, gates = _curves(cell, steps)
    figure = layout.panels([_("states"), _("gates")][: 2 if gates else 1], 0.12)
    t = [step.t for step in steps]
    for row, curves in enumerate((states, gates), 1):
        for index, (name, values) in enumerate(curves.items()):
            figure.add_scatter(
                x=t,
                y=[value if abs(value) <= DRAWN else None for value in values],
                name=name,
                mode="lines+markers",
                **layout.pen(SERIES[index + (row - 1) * len(states)], size=8),
                hovertemplate="%{y:.6g}",
                row=row,
                col=1,
            )
    layout.finish(
        figure,
        _("Step by step"),
        460 if gates else 320,
        above=True,
        legend={"orientation": "h", "x": 0, "y": -0.16 if gates else -0.25, "yanchor": "top"},
        hovermode="x",
        top=75,
    )
    figure.update_xaxes(range=[0.7, len(steps) + 0.3])
    figure.update_xaxes(title=_("step t"), row=2 if gates else 1, col=1)
    if len(steps) <= _MOST_TICKS:
        figure.update_xaxes(tickvals=t)
    return figure


def _curves(cell: str, steps: tuple[Step, ...]) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """States and gates by the names they are drawn under."""
    y = {_("y, the output"): [step.y for step in steps]}
    values = [list(gate) for gate in zip(*(step.gates for step in steps), strict=True)]
    if cell == "rnn":
        return y, {}
    if cell == "gru":
        r, z, n = values
        return y | {_("n, the candidate"): n}, {_("r, reset"): r, _("z, update (keep)"): z}
    g, i, f, o = values
    c = {_("c, stored"): [step.cell_sum.value for step in steps if step.cell_sum is not None]}
    return (
        c | y | {_("g(z), candidate"): g},
        {_("f(z_i), store"): i, _("f(z_f), keep"): f, _("f(z_o), output"): o},
    )

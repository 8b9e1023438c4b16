"""A cell of one unit by hand: its states and gates over the steps, and an LSTM drawn with their values at a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from core.figures import layout
from core.figures.palette import DIVERGING, INK, SERIES, THRESHOLD
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.lab.cells.arithmetic import Step, Worked

_SECONDS = 0.9  # that a step is shown while the drawing plays
_WIRES = (  # of the drawing: where lines run, the last pair with an arrow
    ((0, 5), (10, 5)),
    ((0, 1), (7.6, 1)),
    ((1, 0.2), (1, 1)),
    *(((x, 1), (x, 1.9)) for x in (2.2, 3.9, 5.6, 7.6)),
    ((2.2, 2.5), (2.2, 4.7)),
    ((3.9, 2.5), (3.9, 3.7), (4.9, 3.7)),
    ((5.6, 2.5), (5.6, 3.2), (5.2, 3.2), (5.2, 3.4)),
    ((5.2, 4.0), (5.2, 4.7)),
    ((7.6, 2.5), (7.6, 3.0), (8.4, 3.0)),
    ((8.7, 5), (8.7, 4.4)),
    ((8.7, 3.8), (8.7, 3.3)),
    ((8.7, 2.7), (8.7, 1), (10, 1)),
)
_SIGNS = ((2.2, 5, "×"), (5.2, 5, "+"), (5.2, 3.7, "×"), (8.7, 3.0, "×"), (8.7, 4.1, "h"))
_PLACES = {"f": (2.2, 2.2), "i": (3.9, 2.2), "z": (5.6, 2.2), "o": (7.6, 2.2)}
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


def cell_drawn(worked: Worked) -> go.Figure:
    """An LSTM cell with its gates (the darker, the further open), its states and inputs; a slider and a button step.

    Gates are drawn in the order forget, input, cell input, output, as they meet the cell state from left to right.
    """
    first, *_others = worked.steps
    before = [(worked.exercise.y0, worked.exercise.c0)] + [(step.y, step.c or 0.0) for step in worked.steps]
    figure = go.Figure(_drawing(first, *before[0]))
    for wire in _WIRES:
        xs, ys = zip(*wire, strict=True)
        figure.add_scatter(
            x=xs, y=ys, mode="lines", line={"color": THRESHOLD, "width": 2}, hoverinfo="skip", showlegend=False
        )
        (x0, y0), (x1, y1) = wire[-2:]
        figure.add_annotation(
            x=x1, y=y1, ax=x0, ay=y0, axref="x", ayref="y", showarrow=True, arrowhead=2, arrowcolor=THRESHOLD, text=""
        )
    for x, y, sign in _SIGNS:
        figure.add_annotation(
            x=x,
            y=y,
            text=sign,
            showarrow=False,
            bgcolor="white",
            bordercolor=THRESHOLD,
            borderpad=3,
            font={"color": INK},
        )
    figure.data = (*figure.data[2:], *figure.data[:2])  # values above the wires
    count = len(figure.data)
    figure.frames = [
        go.Frame(name=str(step.t), data=_drawing(step, *states), traces=[count - 2, count - 1])
        for step, states in zip(worked.steps, before, strict=False)
    ]
    milliseconds = 1_000 * _SECONDS
    shown = {"mode": "immediate", "frame": {"duration": milliseconds, "redraw": False}, "transition": {"duration": 200}}
    now = {**shown, "frame": {"duration": 0, "redraw": False}}
    return layout.finish(
        figure,
        _("The cell at one step"),
        460,
        x={"visible": False, "range": [-0.6, 10.6], "fixedrange": True},
        y={"visible": False, "range": [-0.4, 5.9], "fixedrange": True},
        showlegend=False,
        sliders=[
            {
                "steps": [
                    {"label": str(step.t), "method": "animate", "args": [[str(step.t)], now]} for step in worked.steps
                ],
                "currentvalue": {"prefix": "t = "},
                "x": 0.2,
                "len": 0.75,
                "pad": {"t": 10},
            }
        ],
        updatemenus=[
            {
                "type": "buttons",
                "direction": "left",
                "x": 0,
                "xanchor": "left",
                "y": 0,
                "yanchor": "top",
                "pad": {"t": 24},
                "buttons": [{"label": _("Play"), "method": "animate", "args": [None, {**shown, "fromcurrent": False}]}],
            }
        ],
    )


def _drawing(step: Step, y: float, c: float) -> list[go.Scatter]:
    """The gates as squares with their values, and the states and the input as words, after the states before."""
    values = dict(zip(("z", "i", "f", "o"), step.gates, strict=True))
    names = {"z": "g(z)", **{name: f"f(z<sub>{name}</sub>)" for name in "ifo"}}
    gates = go.Scatter(
        x=[x for x, _y in _PLACES.values()],
        y=[height for _x, height in _PLACES.values()],
        mode="markers+text",
        marker={
            "symbol": "square",
            "size": 46,
            "color": [values[name] for name in _PLACES],
            "cmin": -1,
            "cmax": 1,
            "colorscale": DIVERGING,
            "line": {"color": THRESHOLD, "width": 1},
        },
        text=[f"{values[name]:.2f}".replace("-", "−") for name in _PLACES],
        textfont={"color": INK},
        customdata=[names[name] for name in _PLACES],
        hovertemplate="%{customdata} = %{text}<extra></extra>",
        showlegend=False,
    )
    inputs = ", ".join(f"{value:g}" for value in step.x)
    words = [
        (0, 5.45, f"c<sub>{step.t - 1}</sub> = {c:.2f}"),
        (9.6, 5.45, f"c<sub>{step.t}</sub> = {step.c or 0.0:.2f}"),
        (-0.1, 0.55, f"y<sub>{step.t - 1}</sub> = {y:.2f}"),
        (9.6, 0.55, f"y<sub>{step.t}</sub> = {step.y:.2f}"),
        (1.6, -0.1, f"x<sub>{step.t}</sub> = ({inputs})"),
        *((x + 0.62, 1.45, names[name]) for name, (x, _height) in _PLACES.items()),
    ]
    said = go.Scatter(
        x=[x for x, _y, _text in words],
        y=[height for _x, height, _text in words],
        mode="text",
        text=[text.replace("-", "−") for _x, _y, text in words],
        hoverinfo="skip",
        showlegend=False,
    )
    return [gates, said]

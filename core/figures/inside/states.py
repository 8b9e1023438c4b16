"""States and gates of one text or two: maps of units by tokens, and one unit's line along the tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import plotly.graph_objects as go

from core.figures import layout
from core.figures.palette import CHOSEN, DIVERGING, SEQUENTIAL, SERIES, style
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.models.trace import Trace

MOST_TOKENS = 60  # columns of a map: more are too narrow to be hit, or read
MOST_CELLS = 8_192  # of a map: each has a point of its own to click, which the browser keeps
_MOST_UNIT_TICKS = 64
_MOST_SMALL_TICKS, _MOST_SMALL_MARKERS = 7, 16  # of a map beside two others
_OUTSIDE, _UPPER, _ROW = 110, 85, 9  # pixels: around the maps, of the verdicts above them, of a unit
_BOUNDED = ("h", "new", "cell")  # from −1 to 1, being a tanh or what one leaves
_GATES = ("input", "forget", "output", "reset", "update")  # from 0 to 1, being a σ


def shown_names(trace: Trace) -> dict[str, str]:
    """What can be drawn of a trace, by a short key: states first, then gates."""
    states = {"h": _("hidden state h")} | ({} if trace.c is None else {"c": _("cell state c")})
    return states | {name: gate_names().get(name, name) for name in trace.gates}


def gate_names() -> dict[str, str]:
    """What a reader sees for the gates of all cells, and for what goes into the state."""
    return {
        "input": _("input gate i"),
        "forget": _("forget gate f"),
        "cell": _("candidate g"),
        "output": _("output gate o"),
        "reset": _("reset gate r"),
        "update": _("update gate z"),
        "new": _("candidate n"),
        "pre_activation": _("pre-activation a"),
    }


def values(trace: Trace, shown: str) -> np.ndarray:
    """Numbers [T, H] by a key of `shown_names`."""
    states = {"h": trace.h} | ({} if trace.c is None else {"c": trace.c})
    return (states | dict(trace.gates))[shown]


def widest(units: int) -> int:
    """How many tokens a map of so many units shows at a time."""
    return max(1, min(MOST_TOKENS, MOST_CELLS // max(units, 1)))


def state_heatmap(
    runs: Sequence[Trace],
    shown: str,
    units: Sequence[int],
    first: int = 0,
    chosen: tuple[int, int] | None = None,
    of: int = 0,
) -> go.Figure:
    """One state or gate of some units, downwards as given, over at most `widest` tokens from `first` on.

    Two runs of one model stand side by side with the same rows, beside the first minus the second, step by step. Above
    each map is P(target) after each token.

    Streamlit reports no clicks on a map, so invisible points lie over it; the customdata of each begins with its unit,
    its token and its run, counted from 0. The pair `chosen` is framed in the run `of`. Colours run from −1 to 1 or from
    0 to 1 in every text; only what has no bounds is scaled by its largest number in these texts.
    """
    figure, columns = go.Figure(), _columns(runs, shown)
    height = min(_OUTSIDE + _UPPER + _ROW * len(units), 1_400)
    upper = _UPPER / (height - _OUTSIDE)
    for place, column in enumerate(columns):
        axis, left = str(place + 1) if place else "", place / len(columns)
        tokens = range(first, max(first, min(first + widest(len(units)), len(column.numbers))))
        _map(figure, f"x{axis}", column, runs[column.runs[0]], units, tokens)
        for number in column.runs:
            _verdicts(figure, f"x{axis}", runs[number], tokens, second=number == 1)
        if chosen is not None and column.runs == (of,):
            _frame(figure, f"x{axis}", chosen, list(units), tokens)
        along = layout.token_axis([runs[number].tokens for number in column.runs], 0.5, tokens.start, tokens.stop)
        along |= {"title": column.title, "showgrid": False, "zeroline": False}
        along["domain"] = [left + (0.02 if place else 0), left + 1 / len(columns)]
        if len(columns) > 1 and len(tokens) > _MOST_SMALL_TICKS:
            along |= {"tickvals": None, "ticktext": None, "tickfont": None}
        figure.update_layout({f"xaxis{axis}": along})
    target = runs[0].target
    if target.wins_at_half:
        figure.add_shape(xref="paper", x0=0, x1=1, yref="y2", y0=0.5, y1=0.5, type="line", line=layout.DASHED)
    name = layout.escape(shown_names(runs[0])[shown])
    return layout.finish(
        figure,
        _("{model}: {name}, unit by unit").format(model=layout.model_name(runs[0].model), name=name),
        height,
        y=layout.row_axis([str(int(unit)) for unit in units])
        | {
            "title": _("units, by their effect on the verdict")
            if len(runs) == 1
            else _("units, by their part in the difference"),
            "showgrid": False,
            "tickfont": {"size": 9},
            "showticklabels": len(units) <= _MOST_UNIT_TICKS,
            "domain": [0, 1 - upper],
        },
        yaxis2=layout.probability_axis(target)
        | {"domain": [1 - 0.8 * upper, 1], "range": [-0.1, 1.1], "tickvals": [0, 0.5, 1]},
        top=45,
        bottom=65,
        showlegend=False,
    )


class _Column(NamedTuple):
    """One map: of these runs, the second subtracted; its numbers [T, H], its axis's title, its range of colours."""

    runs: tuple[int, ...]
    numbers: np.ndarray
    title: str
    low: float
    high: float


def _columns(runs: Sequence[Trace], shown: str) -> list[_Column]:
    """The maps side by side: one for each run, and of two runs their difference."""
    numbers = [values(run, shown).astype(np.float64) for run in runs]
    low, high = _range(shown, np.concatenate(numbers))
    if len(runs) == 1:
        return [_Column((0,), numbers[0], _("tokens"), low, high)]
    both = min(map(len, numbers))
    return [
        _Column((0,), numbers[0], _("first"), low, high),
        _Column((1,), numbers[1], _("second"), low, high),
        _Column((0, 1), numbers[0][:both] - numbers[1][:both], _("difference"), -high, high),
    ]


def _map(figure: go.Figure, axis: str, column: _Column, run: Trace, units: Sequence[int], tokens: range) -> None:
    """The values of one map, and the points to click."""
    cells = column.numbers[tokens.start : tokens.stop, list(units)].T  # [units, tokens]
    number, difference = column.runs[0], len(column.runs) > 1
    gate = column.low == 0
    figure.add_heatmap(
        z=cells.round(4).tolist(),
        x=[position + 1 for position in tokens],
        y=list(range(len(units))),
        zmin=column.low,
        zmax=column.high,
        colorscale=SEQUENTIAL if gate else DIVERGING,
        showscale=number == 0 and not difference,
        colorbar={"thickness": 12},
        hoverinfo="skip",
        xaxis=axis,
        yaxis="y",
    )
    names = [layout.tick(run.tokens[position]) if not difference else str(position + 1) for position in tokens]
    layout.click_points(
        figure,
        [(position + 1, row) for row in range(len(units)) for position in tokens],
        [
            (int(unit), position, number, name, round(float(cells[row, position - tokens.start]), 4))
            for row, unit in enumerate(units)
            for position, name in zip(tokens, names, strict=True)
        ],
        _("unit {unit}, {token}: {value}").format(
            unit="%{customdata[0]}", token="%{customdata[3]}", value="%{customdata[4]:.3f}"
        ),
        xaxis=axis,
    )


def _verdicts(figure: go.Figure, axis: str, run: Trace, tokens: range, *, second: bool) -> None:
    """P(target) after each token, above a map: solid in the first sentence, dashed in the second."""
    look = style(run.model)
    layout.curve(
        figure,
        [position + 1 for position in tokens if position < len(run)],
        run.probability[tokens.start : tokens.stop].round(4),
        _("second sentence") if second else _("first sentence"),
        look._replace(dash="dash", marker=f"{look.marker}-open") if second else look._replace(dash="solid"),
        most=_MOST_SMALL_MARKERS,
        customdata=[layout.escaped(token) for token in run.tokens[tokens.start : tokens.stop]],
        hovertemplate="%{customdata}: %{y:.3f}<extra></extra>",
        xaxis=axis,
        yaxis="y2",
    )


def unit_line(trace: Trace, unit: int, token: int | None = None) -> go.Figure:
    """Every state and gate of one unit along all tokens; a chosen `token`, counted from 0, is marked.

    Of more than `MOST_TOKENS` tokens the gates' lines would hide the states', so they wait in the legend for a click.
    """
    figure = go.Figure()
    figure.add_hline(y=0, line=layout.DASHED)
    positions = list(range(1, len(trace) + 1))
    for look, (shown, name) in zip(SERIES, shown_names(trace).items(), strict=False):
        layout.curve(
            figure,
            positions,
            values(trace, shown)[:, unit].astype(np.float64).round(6),
            layout.escape(name),
            look,
            width=3 if shown in ("h", "c") else 1.8,
            customdata=[layout.escaped(token) for token in trace.tokens],
            hovertemplate="%{customdata}: %{y:.4f}",
            visible="legendonly" if len(trace) > MOST_TOKENS and shown not in ("h", "c", "pre_activation") else True,
        )
    if token is not None:
        figure.add_vline(x=token + 1, line={"color": CHOSEN, "width": 2, "dash": "dot"})
    return layout.finish(
        figure,
        _("{model}: unit {unit} along the text").format(model=layout.model_name(trace.model), unit=unit),
        440,
        x=layout.token_axis([trace.tokens], 0.4),
        y=_("value"),
        legend=layout.LEGEND_ABOVE,
        hovermode="x unified",
        top=110,
    )


def _range(shown: str, numbers: np.ndarray) -> tuple[float, float]:
    if shown in _GATES:
        return 0.0, 1.0
    largest = 1.0 if shown in _BOUNDED else max(float(np.abs(numbers).max()), 1e-6)
    return -largest, largest


def _frame(figure: go.Figure, axis: str, chosen: tuple[int, int], units: list[int], columns: range) -> None:
    """Frame the chosen unit's row and the chosen token's column, where they are shown."""
    unit, token = chosen
    look = {"line": {"color": CHOSEN, "width": 2}, "xref": axis, "yref": "y"}
    if token in columns:
        figure.add_shape(x0=token + 0.5, x1=token + 1.5, y0=-0.5, y1=len(units) - 0.5, **look)
    if unit in units:
        row = units.index(unit)
        figure.add_shape(x0=columns.start + 0.5, x1=columns.stop + 0.5, y0=row - 0.5, y1=row + 0.5, **look)

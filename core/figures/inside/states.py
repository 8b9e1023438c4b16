"""States and gates of one text: a map of units by tokens, and one unit's line along the tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from core.figures import layout
from core.figures.palette import CHOSEN, DIVERGING, SEQUENTIAL, SERIES
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.models.trace import Trace

MOST_TOKENS = 60  # columns of a map: more are too narrow to be hit, or read
MOST_CELLS = 8_192  # of a map: each has a point of its own to click, which the browser keeps
_MOST_UNIT_TICKS = 64
_BOUNDED = ("h", "new", "cell")  # from −1 to 1, being a tanh or what one leaves
_GATES = ("input", "forget", "output", "reset", "update")  # from 0 to 1, being a σ


def shown_names(trace: Trace) -> dict[str, str]:
    """What can be drawn of a trace, by a short key: states first, then gates."""
    states = {"h": _("hidden state h")} | ({} if trace.c is None else {"c": _("cell state c")})
    gates = {
        "input": _("input gate i"),
        "forget": _("forget gate f"),
        "cell": _("candidate g"),
        "output": _("output gate o"),
        "reset": _("reset gate r"),
        "update": _("update gate z"),
        "new": _("candidate n"),
        "pre_activation": _("pre-activation a"),
    }
    return states | {name: gates.get(name, name) for name in trace.gates}


def values(trace: Trace, shown: str) -> np.ndarray:
    """Numbers [T, H] by a key of `shown_names`."""
    states = {"h": trace.h} | ({} if trace.c is None else {"c": trace.c})
    return (states | dict(trace.gates))[shown]


def widest(units: int) -> int:
    """How many tokens a map of so many units shows at a time."""
    return max(1, min(MOST_TOKENS, MOST_CELLS // max(units, 1)))


def state_heatmap(
    trace: Trace, shown: str, units: Sequence[int], first: int = 0, chosen: tuple[int, int] | None = None
) -> go.Figure:
    """One state or gate of some units, downwards as given, over at most `widest` tokens from `first` on.

    Streamlit reports no clicks on a map, so invisible points lie over it; the customdata of each begins with its unit
    and its token, both counted from 0. The pair `chosen` is framed. Colours run from −1 to 1 or from 0 to 1 in every
    text; only what has no bounds is scaled by its largest number in this text.
    """
    columns = range(first, min(first + widest(len(units)), len(trace)))
    numbers = values(trace, shown)
    cells = numbers[columns.start : columns.stop, list(units)].T.astype(np.float64)  # [units, tokens]
    low, high = _range(shown, numbers)
    name = shown_names(trace)[shown]
    figure = go.Figure(
        go.Heatmap(
            z=cells.round(4).tolist(),
            x=[position + 1 for position in columns],
            y=list(range(len(units))),
            zmin=low,
            zmax=high,
            colorscale=SEQUENTIAL if shown in _GATES else DIVERGING,
            colorbar={"title": {"text": layout.escape(name), "side": "right"}, "thickness": 14},
            hoverinfo="skip",
        )
    )
    tokens = [layout.tick(trace.tokens[position]) for position in columns]
    layout.click_points(
        figure,
        [(position + 1, row) for row in range(len(units)) for position in columns],
        [
            (int(unit), position, token, round(float(cells[row, position - first]), 4))
            for row, unit in enumerate(units)
            for position, token in zip(columns, tokens, strict=True)
        ],
        _("unit {unit}, {token}: {value}").format(
            unit="%{customdata[0]}", token="%{customdata[2]}", value="%{customdata[3]:.4f}"
        ),
    )
    if chosen is not None:
        _frame(figure, chosen, list(units), columns)
    return layout.finish(
        figure,
        _("{model}: {name}, unit by unit").format(model=layout.model_name(trace.model), name=layout.escape(name)),
        min(160 + 14 * len(units), 1_400),
        x=layout.token_axis([trace.tokens], 0.5, columns.start, columns.stop) | {"showgrid": False},
        y=layout.row_axis([str(int(unit)) for unit in units])
        | {
            "title": _("units, by their effect on the verdict"),
            "showgrid": False,
            "tickfont": {"size": 10},
            "showticklabels": len(units) <= _MOST_UNIT_TICKS,
        },
        bottom=60,
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
        above=True,
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


def _frame(figure: go.Figure, chosen: tuple[int, int], units: list[int], columns: range) -> None:
    """Frame the chosen unit's row and the chosen token's column, where they are shown."""
    unit, token = chosen
    line = {"color": CHOSEN, "width": 2}
    if token in columns:
        figure.add_shape(x0=token + 0.5, x1=token + 1.5, y0=-0.5, y1=len(units) - 0.5, line=line)
    if unit in units:
        row = units.index(unit)
        figure.add_shape(x0=columns.start + 0.5, x1=columns.stop + 0.5, y0=row - 0.5, y1=row + 0.5, line=line)

"""How far each token moved the final logit, by model, and for the LSTM by what its cell state kept."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from core.data.labels import model_name
from core.figures.palette import THRESHOLD, style
from core.figures.prefixes import LEGEND_ABOVE, MOST_TICKS, TITLE_ABOVE, escaped, tick
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.models.trace import Trace


MOST_BARS = 60  # tokens at a time: bars of more are too thin to be seen


def contribution_bars(traces: Sequence[Trace], title: str = "", first: int = 0) -> go.Figure:
    """Bars of each token's contributions to one text's logit, a colour per model; the forget-aware γ are hatched.

    The tokens are those from `first` on, counted from 0, `MOST_BARS` of them at most.

    A model's plain bars sum to its last logit minus the empty text's, and so do its hatched ones. `title` is a
    caller's own, escaped here as tokens are.
    """
    figure = go.Figure()
    figure.add_hline(y=0, line={"color": THRESHOLD, "width": 1})
    for place, trace in enumerate(traces):
        shown = range(first, min(first + MOST_BARS, len(trace)))
        model = html.escape(model_name(trace.model), quote=False)
        rows = [(model, trace.contributions, "")]
        kept = trace.cell_contributions
        if kept is not None:
            rows.append((_("{model}, forget-aware (γ)").format(model=model), kept, "/"))
        for name, found, shape in rows:
            figure.add_bar(
                x=[at + 1 for at in shown],
                y=found[shown.start : shown.stop].round(6),
                name=name,
                marker={
                    "color": style(trace.model, place).color,
                    "pattern": {"shape": shape, "solidity": 0.35},
                    "line": {"width": 0},
                },
                customdata=[escaped(token) for token in trace.tokens[shown.start : shown.stop]],
                hovertemplate="%{customdata}: %{y:+.3f}",
            )
    last = min(max((len(trace) for trace in traces), default=1), first + MOST_BARS)
    figure.update_layout(
        title={
            "text": html.escape(title, quote=False) if title else _("What each token adds to the logit"),
            **TITLE_ABOVE,
        },
        xaxis={"title": _("tokens"), "range": [first + 0.4, last + 0.6]},
        yaxis={"title": _("contribution (logit)")},
        barmode="group",
        legend=LEGEND_ABOVE,
        height=455,
        margin={"t": 125, "b": 40, "l": 10, "r": 10},
    )
    if len({trace.tokens for trace in traces}) == 1 and last - first <= MOST_TICKS:
        names = [tick(token) for token in traces[0].tokens[first:last]]
        figure.update_xaxes(tickvals=list(range(first + 1, last + 1)), ticktext=names)
    return figure

"""How far each token moved the final logit, by model, and for the LSTM by what its cell state kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from core.figures import layout
from core.figures.palette import CHOSEN, THRESHOLD, style
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.models.trace import Trace


MOST_BARS = 60  # tokens at a time: bars of more are too thin to be seen


def contribution_bars(traces: Sequence[Trace], title: str = "", first: int = 0, chosen: int | None = None) -> go.Figure:
    """Bars of each token's contributions to one text's logit, a colour per model; the forget-aware γ are hatched.

    The tokens are those from `first` on, counted from 0, at most `MOST_BARS` of them. A model's plain bars sum to its
    last logit minus the empty text's, and so do its hatched ones. A token `chosen` is marked.
    """
    logit = layout.log_odds(*(trace.target for trace in traces))
    figure = go.Figure()
    figure.add_hline(y=0, line={"color": THRESHOLD, "width": 1})
    for index, trace in enumerate(traces):
        shown = range(first, min(first + MOST_BARS, len(trace)))
        model = layout.model_name(trace.model)
        rows = [(model, trace.contributions, "")]
        kept = trace.cell_contributions
        if kept is not None:
            rows.append((_("{model}, forget-aware (γ)").format(model=model), kept, "/"))
        for name, contributions, shape in rows:
            figure.add_bar(
                x=[position + 1 for position in shown],
                y=contributions[shown.start : shown.stop].round(6),
                name=name,
                marker=layout.hatched(style(trace.model, index).color, shape),
                customdata=[layout.escaped(token) for token in trace.tokens[shown.start : shown.stop]],
                hovertemplate="%{customdata}: %{y:+.3f}",
            )
    last = min(max((len(trace) for trace in traces), default=1), first + MOST_BARS)
    if chosen is not None:
        figure.add_vline(x=chosen + 1, line={"color": CHOSEN, "width": 2, "dash": "dot"})
    return layout.finish(
        figure,
        layout.escape(title) if title else _("What each token adds to the {logit}").format(logit=logit),
        430,
        x=layout.token_axis([trace.tokens for trace in traces], 0.6, first, last),
        y=_("contribution ({logit})").format(logit=logit),
        barmode="group",
        legend=layout.LEGEND_ABOVE,
        top=125,
    )

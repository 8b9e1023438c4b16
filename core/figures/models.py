"""How accurate the models are, their training curves, and the ablations of the recipe."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from core.figures import layout
from core.figures.palette import style
from core.runtime.i18n import gettext as _

_LAYOUT: dict[str, Any] = {"legend": layout.LEGEND_ABOVE, "top": 90}  # room for both, however narrow
# Okabe and Ito's vermilion and blue, and grey for no effect; the marker says the same.
_EFFECTS = {
    "worse": ("#d55e00", "triangle-left"),
    "none": ("#888888", "circle"),
    "better": ("#0072b2", "triangle-right"),
}


def accuracy_by_length(reports: Mapping[str, Mapping[str, Any]]) -> go.Figure:
    """Accuracy with 95 % intervals over bands of length, a line per model; `reports` are evaluations by model.

    A band that a report lacks, because its data hold no such sentence, is left out of that model's line.
    """
    figure = go.Figure()
    ends = sorted({_ends(band) for report in reports.values() for band in report["by_length"]})
    for index, (model, report) in enumerate(reports.items()):
        bands = report["by_length"]
        figure.add_scatter(
            # Set side by side a little, so that the intervals can be told apart.
            x=[ends.index(_ends(band)) + 0.08 * (index - (len(reports) - 1) / 2) for band in bands],
            y=[band["accuracy"] for band in bands],
            error_y=layout.error_bars(
                [band["accuracy"] for band in bands], [band["accuracy_interval"] for band in bands], 1.2
            ),
            name=layout.model_name(model),
            mode="lines+markers",
            **layout.pen(style(model, index), size=8),
            customdata=[band["rows"] for band in bands],
            hovertemplate="%{y:.3f}, " + _("%{customdata:,} tweets"),
        )
    x = {
        "title": _("length of the tweet (tokens)"),
        "tickvals": list(range(len(ends))),
        "ticktext": [f"{shortest}–{longest if longest < math.inf else ''}" for shortest, longest in ends],
    }
    return layout.finish(figure, _("Accuracy by length"), 400, x=x, y=_("accuracy (share right)"), **_LAYOUT)


def _ends(band: Mapping[str, Any]) -> tuple[int, float]:
    """Shortest and longest length of a band, the longest infinite where it has no upper end."""
    return band["shortest"], math.inf if band["longest"] is None else band["longest"]


def training_curves(histories: Mapping[str, Sequence[Mapping[str, float]]]) -> go.Figure:
    """Log-loss on the held-out rows at every evaluation, a line per model."""
    figure = go.Figure()
    for index, (model, history) in enumerate(histories.items()):
        figure.add_scatter(
            x=[held["step"] for held in history],
            y=[held["log_loss"] for held in history],
            name=layout.model_name(model),
            mode="lines+markers",
            **layout.pen(style(model, index)),
            customdata=[held["accuracy"] for held in history],
            hovertemplate=_("log-loss %{y:.4f}, accuracy %{customdata:.4f}"),
        )
    x, y = _("training steps (batches)"), _("held-out log-loss (nats)")
    return layout.finish(figure, _("Training curves"), 400, x=x, y=y, **_LAYOUT)


def study_differences(variants: Sequence[Mapping[str, Any]], names: Sequence[str]) -> go.Figure:
    """Paired differences of accuracy to the base, with 95 % intervals, one row for each variant, under its name."""
    figure = go.Figure()
    figure.add_vline(x=0, line=layout.DASHED)
    named = [
        (row, layout.escape(name)) for row, name in zip(variants, names, strict=True) if row["difference"] is not None
    ]
    labels = [name for _row, name in named]
    meanings = {"worse": _("worse"), "none": _("no difference shown"), "better": _("better")}
    for effect, (color, marker) in _EFFECTS.items():
        chosen = [(row, name) for row, name in named if row["effect"] == effect]
        points = [100 * row["difference"] for row, _name in chosen]
        intervals = [(100 * low, 100 * high) for low, high in (row["difference_interval"] for row, _name in chosen)]
        figure.add_scatter(
            x=points,
            y=[name for _row, name in chosen],
            error_x=layout.error_bars(points, intervals),
            mode="markers",
            name=meanings[effect],
            marker={"color": color, "symbol": marker, "size": 10},
            hovertemplate="%{x:+.2f}",
        )
    return layout.finish(
        figure,
        _("Accuracy compared with the base"),
        150 + 30 * len(labels),
        x=_("difference (percentage points)"),
        y={"categoryorder": "array", "categoryarray": labels[::-1], "automargin": True},
        **_LAYOUT,
    )

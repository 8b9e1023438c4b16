"""How good the models are, how they learnt, and what the choices in the recipe bought."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from core.data.labels import model_name
from core.figures.palette import THRESHOLD, style
from core.runtime.i18n import gettext as _

_LEGEND = {"orientation": "h", "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"}
_MARGIN = {"t": 90, "b": 40, "l": 10, "r": 10}  # above: the title, and below it the legend, however narrow
# Okabe and Ito's vermilion and blue, and grey for no effect; the marker says the same.
_EFFECTS = {
    "worse": ("#d55e00", "triangle-left"),
    "none": ("#888888", "circle"),
    "better": ("#0072b2", "triangle-right"),
}


def _title(text: str) -> dict[str, Any]:
    return {"text": text, "yref": "container", "y": 1, "yanchor": "top", "pad": {"t": 14}}


def accuracy_by_length(reports: Mapping[str, Mapping[str, Any]]) -> go.Figure:
    """Accuracy with 95 % intervals over bands of length, a line per model; `reports` are evaluations by model.

    A band that a report lacks, because its data hold no such sentence, is left out of that model's line.
    """
    figure = go.Figure()
    ends = sorted({_ends(band) for report in reports.values() for band in report["by_length"]})
    for place, (model, report) in enumerate(reports.items()):
        look = style(model, place)
        bands = report["by_length"]
        figure.add_scatter(
            # Set side by side a little, so that the intervals can be told apart.
            x=[ends.index(_ends(band)) + 0.08 * (place - (len(reports) - 1) / 2) for band in bands],
            y=[band["accuracy"] for band in bands],
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [band["accuracy_interval"][1] - band["accuracy"] for band in bands],
                "arrayminus": [band["accuracy"] - band["accuracy_interval"][0] for band in bands],
                "thickness": 1.2,
            },
            name=html.escape(model_name(model), quote=False),
            mode="lines+markers",
            line={"color": look.color, "dash": look.dash, "width": 2},
            marker={"symbol": look.marker, "size": 8},
            customdata=[band["rows"] for band in bands],
            hovertemplate="%{y:.3f}, " + _("%{customdata:,} tweets"),
        )
    figure.update_xaxes(
        title=_("length of the tweet (tokens)"),
        tickvals=list(range(len(ends))),
        ticktext=[f"{shortest}–{longest if longest < math.inf else ''}" for shortest, longest in ends],
    )
    figure.update_yaxes(title=_("accuracy (share right)"))
    figure.update_layout(title=_title(_("Accuracy by length")), legend=_LEGEND, height=400, margin=_MARGIN)
    return figure


def _ends(band: Mapping[str, Any]) -> tuple[int, float]:
    """Shortest and longest length of a band, the longest infinite where it has no upper end."""
    return band["shortest"], math.inf if band["longest"] is None else band["longest"]


def training_curves(histories: Mapping[str, Sequence[Mapping[str, float]]]) -> go.Figure:
    """Log-loss on the held-out rows at every evaluation, a line per model."""
    figure = go.Figure()
    for place, (model, history) in enumerate(histories.items()):
        look = style(model, place)
        figure.add_scatter(
            x=[held["step"] for held in history],
            y=[held["log_loss"] for held in history],
            name=html.escape(model_name(model), quote=False),
            mode="lines+markers",
            line={"color": look.color, "dash": look.dash, "width": 2},
            marker={"symbol": look.marker, "size": 7},
            customdata=[held["accuracy"] for held in history],
            hovertemplate=_("log-loss %{y:.4f}, accuracy %{customdata:.4f}"),
        )
    figure.update_xaxes(title=_("training steps (batches)"))
    figure.update_yaxes(title=_("held-out log-loss (nats)"))
    figure.update_layout(title=_title(_("How they learnt")), legend=_LEGEND, height=400, margin=_MARGIN)
    return figure


def study_differences(variants: Sequence[Mapping[str, Any]], names: Sequence[str]) -> go.Figure:
    """Paired differences of accuracy to the base, with 95 % intervals, one row a variant, each under its name."""
    figure = go.Figure()
    figure.add_vline(x=0, line={"color": THRESHOLD, "width": 1, "dash": "dash"})
    named = [
        (row, html.escape(name, quote=False))
        for row, name in zip(variants, names, strict=True)
        if row["difference"] is not None
    ]
    compared, labels = [row for row, _name in named], [name for _row, name in named]
    meanings = {"worse": _("worse"), "none": _("no difference shown"), "better": _("better")}
    for effect, (color, marker) in _EFFECTS.items():
        chosen = [place for place, row in enumerate(compared) if row["effect"] == effect]
        points = [100 * compared[place]["difference"] for place in chosen]
        figure.add_scatter(
            x=points,
            y=[labels[place] for place in chosen],
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [100 * compared[p]["difference_interval"][1] - x for p, x in zip(chosen, points, strict=True)],
                "arrayminus": [
                    x - 100 * compared[p]["difference_interval"][0] for p, x in zip(chosen, points, strict=True)
                ],
            },
            mode="markers",
            name=meanings[effect],
            marker={"color": color, "symbol": marker, "size": 10},
            hovertemplate="%{x:+.2f}",
        )
    figure.update_yaxes(categoryorder="array", categoryarray=labels[::-1], automargin=True)
    figure.update_xaxes(title=_("difference (percentage points)"))
    figure.update_layout(
        title=_title(_("Accuracy against the base")), legend=_LEGEND, height=150 + 30 * len(labels), margin=_MARGIN
    )
    return figure

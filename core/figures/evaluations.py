"""How models do on a labelled file: by slice, calibrated or not, right and wrong, at every threshold."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.data.labels import model_name, shown
from core.figures import axes
from core.figures.palette import CHOSEN, THRESHOLD, style
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.evaluation.binned_metrics import Tally

_LEGEND = {"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom"}
_APART = 0.22  # between models, of the distance between two rows
_ROW = 27  # pixels


def accuracy_by_slice(tallies: Sequence[Tally], names: Mapping[tuple[str, str], str]) -> go.Figure:
    """Accuracy on each slice as a dot with its 95 % interval, a row a slice, top to bottom as in `names`.

    A slice without rows has none. The dashed lines are the models' accuracies on all rows.
    """
    figure = go.Figure()
    cells = [{(cell.family, cell.name): cell for cell in tally.cells()} for tally in tallies]
    shown = [key for key in names if any(found[key].rows for found in cells)]
    for place, (tally, found) in enumerate(zip(tallies, cells, strict=True)):
        look = style(tally.model, place)
        shift = _APART * (place - (len(tallies) - 1) / 2)
        rows = [
            (number + shift, cell.rows, cell.accuracy, *cell.interval)
            for number, cell in enumerate(found[key] for key in shown)
            if cell.accuracy is not None and cell.interval is not None
        ]
        figure.add_scatter(
            x=[accuracy for _row, _rows, accuracy, _low, _high in rows],
            y=[row for row, *_others in rows],
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [high - accuracy for _row, _rows, accuracy, _low, high in rows],
                "arrayminus": [accuracy - low for _row, _rows, accuracy, low, _high in rows],
                "thickness": 1.2,
                "width": 3,
            },
            mode="markers",
            name=_name(tally),
            marker={"color": look.color, "symbol": look.marker, "size": 8},
            customdata=[(count, low, high) for _row, count, _accuracy, low, high in rows],
            hovertemplate="%{x:.3f} (%{customdata[1]:.3f} – %{customdata[2]:.3f}), " + _("%{customdata[0]:,} rows"),
        )
        line = {"color": look.color, "dash": "dot", "width": 1}
        figure.add_vline(x=tally.at(0.5).accuracy, line=line, opacity=0.6)
    figure.update_yaxes(
        tickvals=list(range(len(shown))),
        ticktext=[html.escape(names[key], quote=False) for key in shown],
        range=[len(shown) - 0.4, -0.6],
        automargin=True,
        zeroline=False,
    )
    figure.update_xaxes(title=_("accuracy (share right)"))
    height = 170 + max(_ROW, 10 * len(tallies)) * len(shown)
    return _titled(figure, _("Accuracy by slice"), height)


def reliability(tallies: Sequence[Tally]) -> go.Figure:
    """The share of class 1 among rows of like P(class 1), with 95 % intervals, and below how many rows there are.

    A calibrated model lies on the diagonal.
    """
    figure = make_subplots(rows=2, shared_xaxes=True, row_heights=[0.76, 0.24], vertical_spacing=0.05)
    diagonal = {"color": THRESHOLD, "dash": "dash", "width": 1}
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line=diagonal, hoverinfo="skip", showlegend=False)
    for place, tally in enumerate(tallies):
        look, groups = style(tally.model, place), tally.groups()
        common: dict[str, Any] = {
            "x": [group.probability for group in groups],
            "name": _name(tally),
            "legendgroup": tally.model,
            "line": {"color": look.color, "dash": look.dash, "width": 2},
            "marker": {"symbol": look.marker, "size": 7},
        }
        figure.add_scatter(
            **common,
            y=[group.share for group in groups],
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [group.interval[1] - group.share for group in groups],
                "arrayminus": [group.share - group.interval[0] for group in groups],
                "thickness": 1.2,
                "width": 3,
            },
            mode="lines+markers",
            customdata=[(group.rows, *group.interval) for group in groups],
            hovertemplate=_("mean P {x}: {y} are, of {rows} rows").format(
                x="%{x:.3f}", y="%{y:.3f} (%{customdata[1]:.3f} – %{customdata[2]:.3f})", rows="%{customdata[0]:,}"
            ),
        )
        figure.add_scatter(
            **common,
            y=[group.rows for group in groups],
            mode="lines+markers",
            showlegend=False,
            hovertemplate=_("%{y:,} rows"),
            row=2,
            col=1,
        )
    figure.update_xaxes(range=[-0.02, 1.02])
    figure.update_yaxes(title=_("share of {one}").format(one=_one(tallies)), range=[-0.03, 1.03], row=1)
    figure.update_yaxes(title=_("rows"), rangemode="tozero", row=2)
    figure.update_xaxes(
        title=_("{chance}, as the model says").format(chance=axes.probability(tallies[0].labels)), row=2
    )
    return _titled(figure, _("How often a probability comes true"), 600)


def confusion(tally: Tally, threshold: float = 0.5) -> go.Figure:
    """What people said by what the model says, as counts and as shares of the rows that people put into a class."""
    at = tally.at(threshold)
    counts = [[at.true_negative, at.false_positive], [at.false_negative, at.true_positive]]
    shares = [[count / max(1, sum(row)) for count in row] for row in counts]
    names = [html.escape(shown(label), quote=False) for label in tally.labels]
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=[_("said {label}").format(label=name) for name in names],
            y=[_("is {label}").format(label=name) for name in names],
            text=[
                [f"{count:,}<br>{share:.1%}" for count, share in zip(*row, strict=True)]
                for row in zip(counts, shares, strict=True)
            ],
            texttemplate="%{text}",
            textfont={"size": 15},
            colorscale="Blues",
            zmin=0,
            zmax=1,
            showscale=False,
            xgap=3,
            ygap=3,
            hovertemplate="%{y}, %{x}: %{text}<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_xaxes(side="top")
    return _titled(figure, _("What the model says of each class"), 300, below=10)


def precision_recall(tallies: Sequence[Tally], threshold: float) -> go.Figure:
    """Precision over recall for all thresholds, a line a model; a ring is the model at the threshold."""
    figure = go.Figure()
    for place, tally in enumerate(tallies):
        found, at = tally.curves(), tally.at(threshold)
        kept = [number for number, value in enumerate(found.precision) if not math.isnan(value)]
        _line(figure, tally, place, found.recall[kept], found.precision[kept], found.thresholds[kept])
        if at.precision is not None and at.recall is not None:
            _ring(figure, tally, at.recall, at.precision)
    if tallies:
        base = tallies[0].counts[1].sum() / tallies[0].rows  # what saying class 1 of every row gets
        figure.add_hline(y=base, line={"color": THRESHOLD, "dash": "dash", "width": 1})
    figure.update_xaxes(title=_("recall"), range=[-0.02, 1.02])
    figure.update_yaxes(title=_("precision"), range=[-0.02, 1.02])
    return _square(figure, _("Precision and recall"))


def roc(tallies: Sequence[Tally], threshold: float) -> go.Figure:
    """Recall over the false positive rate for all thresholds; a ring is the model at the threshold."""
    figure = go.Figure()
    diagonal = {"color": THRESHOLD, "dash": "dash", "width": 1}
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line=diagonal, hoverinfo="skip", showlegend=False)
    for place, tally in enumerate(tallies):
        found, at = tally.curves(), tally.at(threshold)
        _line(figure, tally, place, found.false_positive_rate, found.recall, found.thresholds)
        if at.false_positive_rate is not None and at.recall is not None:
            _ring(figure, tally, at.false_positive_rate, at.recall)
    figure.update_xaxes(title=_("false positive rate"), range=[-0.02, 1.02])
    figure.update_yaxes(title=_("recall (true positive rate)"), range=[-0.02, 1.02])
    return _square(figure, _("ROC"))


def _line(figure: go.Figure, tally: Tally, place: int, x: Any, y: Any, thresholds: Any) -> None:
    look = style(tally.model, place)
    figure.add_scatter(
        x=x.round(5),
        y=y.round(5),
        mode="lines",
        name=_name(tally),
        legendgroup=tally.model,
        line={"color": look.color, "dash": look.dash, "width": 2},
        customdata=thresholds.round(4),
        hovertemplate=_("threshold {threshold}: {y} at {x}").format(
            threshold="%{customdata:.3f}", y="%{y:.3f}", x="%{x:.3f}"
        ),
    )


def _ring(figure: go.Figure, tally: Tally, x: float, y: float) -> None:
    figure.add_scatter(
        x=[x],
        y=[y],
        mode="markers",
        name=_("at the threshold"),
        legendgroup=tally.model,
        showlegend=False,
        marker={"symbol": "circle-open", "size": 13, "color": CHOSEN, "line": {"width": 3}},
        hovertemplate=f"{_name(tally)}: %{{y:.4f}} at %{{x:.4f}}<extra></extra>",
    )


def _square(figure: go.Figure, title: str) -> go.Figure:
    return _titled(figure, title, 420)


def _titled(figure: go.Figure, title: str, height: int, below: int = 40) -> go.Figure:
    return figure.update_layout(
        title={"text": title, "yref": "container", "y": 1, "yanchor": "top", "pad": {"t": 12}},
        legend=_LEGEND,
        height=height,
        margin={"t": 80, "b": below, "l": 10, "r": 10},
    )


def _name(tally: Tally) -> str:
    return html.escape(model_name(tally.model), quote=False)


def _one(tallies: Sequence[Tally]) -> str:
    return html.escape(shown(tallies[0].labels[1]), quote=False) if tallies else ""

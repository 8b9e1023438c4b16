"""How models do on a labelled file: by slice, calibrated or not, right and wrong, at every threshold."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.data import targets
from core.data.labels import shown
from core.figures import layout
from core.figures.palette import CHOSEN, style
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.evaluation.binned_metrics import Pair, Tally

_ROW = 25  # pixels
_ROOM = 60  # characters side by side above a confusion table


def accuracy_by_slice(tallies: Sequence[Tally], names: Mapping[tuple[str, str], str]) -> go.Figure:
    """Accuracy on each slice as a dot with its 95 % interval, a row a slice, top to bottom as in `names`.

    A slice without rows has none. The dashed lines are the models' accuracies on all rows.
    """
    figure = go.Figure()
    cells = [{(cell.family, cell.name): cell for cell in tally.cells()} for tally in tallies]
    shown = [key for key in names if any(of_model[key].rows for of_model in cells)]
    for index, (tally, of_model) in enumerate(zip(tallies, cells, strict=True)):
        rows = [
            (number, cell.accuracy, cell.interval, cell.rows)
            for number, cell in enumerate(of_model[key] for key in shown)
            if cell.accuracy is not None and cell.interval is not None
        ]
        layout.dots(
            figure,
            [row[:3] for row in rows],
            tally.model,
            (index, len(tallies)),
            customdata=[(count, *interval) for *_rest, interval, count in rows],
            hovertemplate="%{x:.3f} (%{customdata[1]:.3f} – %{customdata[2]:.3f}), " + _("%{customdata[0]:,} rows"),
        )
        line = {"color": style(tally.model, index).color, "dash": "dot", "width": 1}
        figure.add_vline(x=tally.accuracy, line=line, opacity=0.6)
    height = 150 + max(_ROW, 10 * len(tallies)) * len(shown)
    rows_down = layout.row_axis([layout.escape(names[key]) for key in shown], 0.6)
    return _titled(figure, _("Accuracy by slice"), height, x=_("accuracy (share right)"), y=rows_down)


def reliability(tallies: Sequence[Tally]) -> go.Figure:
    """The share of the target among rows of like P(target), with 95 % intervals, and below how many rows there are;
    without a target, the share that is right among rows of like P(predicted class).

    A calibrated model lies on the diagonal.
    """
    figure = make_subplots(rows=2, shared_xaxes=True, row_heights=[0.76, 0.24], vertical_spacing=0.05)
    _diagonal(figure)
    for index, tally in enumerate(tallies):
        groups = tally.groups()
        common: dict[str, Any] = {
            "x": [group.probability for group in groups],
            "name": layout.model_name(tally.model),
            "legendgroup": tally.model,
            **layout.pen(style(tally.model, index)),
        }
        figure.add_scatter(
            **common,
            y=[group.share for group in groups],
            error_y=layout.error_bars([group.share for group in groups], [group.interval for group in groups], 1.2),
            mode="lines+markers",
            customdata=[(group.rows, *group.interval) for group in groups],
            hovertemplate=_("mean P {x}: {y} observed, {rows} rows").format(
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
    target = tallies[0].target
    share = _("share right") if target is None else _("share of {one}").format(one=layout.escape(shown(target.name)))
    chance = _("P(predicted class)") if target is None else layout.probability(target)
    figure.update_yaxes(title=share, range=[-0.03, 1.03], row=1)
    figure.update_yaxes(title=_("rows"), rangemode="tozero", row=2)
    figure.update_xaxes(title=_("{chance}, predicted").format(chance=chance), row=2)
    return _titled(figure, _("Calibration: predicted and observed frequency"), 520)


def confusion(tally: Tally) -> go.Figure:
    """What people said (down) by what the model says (across): counts, coloured by their shares of the rows that people
    put into a class; the shares are written where the classes are few."""
    counts = tally.confusion.tolist()
    shares = [[count / max(1, sum(row)) for count in row] for row in counts]
    names = [layout.escape(shown(label)) for label in tally.labels]
    across = [_("predicted {label}").format(label=name) for name in names]
    few = sum(map(len, across)) <= _ROOM
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=across if few else names,
            y=[_("gold {label}").format(label=name) for name in names] if few else names,
            text=[
                [f"{count:,}<br>{share:.1%}" if few else f"{count:,}" for count, share in zip(*row, strict=True)]
                for row in zip(counts, shares, strict=True)
            ],
            texttemplate="%{text}",
            textfont={"size": max(7, 16 - len(names) // 2)},
            colorscale=[[0, "#aab8c6"], [1, "#08427d"]],  # no white on a dark page
            zmin=0,
            zmax=1,
            showscale=False,
            xgap=3,
            ygap=3,
            hovertemplate="%{y}, %{x}: %{text}<extra></extra>"
            if few
            else "%{y}, %{x}: %{text}, %{z:.1%}<extra></extra>",
        )
    )
    x: dict[str, Any] = {"automargin": True, "dtick": 1}
    y = x | {"autorange": "reversed"}
    if few:
        x["side"] = "top"
    else:
        x["title"], y["title"] = _("predicted"), _("gold label")
    height = max(300, 150 + 36 * len(names))
    return _titled(figure, _("Predicted classes by gold label"), height, x=x, y=y, bottom=10)


def only_one_right(pair: Pair) -> go.Figure:
    """How many rows only one of two models gets right, a bar a model."""
    figure = go.Figure()
    for index, (model, count) in enumerate(((pair.a, pair.only_a), (pair.b, pair.only_b))):
        name, look = layout.model_name(model), style(model, index)
        figure.add_bar(
            x=[count],
            y=[_("only {model}").format(model=name)],
            orientation="h",
            marker=layout.hatched(look.color),
            text=[f"{count:,}"],
            textposition="auto",
            showlegend=False,
            hovertemplate=_("%{x:,} rows") + "<extra></extra>",
        )
    x = {"title": _("rows"), "range": [0, 1.05 * max(1, pair.only_a, pair.only_b)]}
    y = {"autorange": "reversed", "automargin": True}
    return layout.finish(figure, _("Rows that only one model gets right"), 200, x=x, y=y)


def precision_recall(tallies: Sequence[Tally], threshold: float) -> go.Figure:
    """Precision over recall for all thresholds, a line a model; a ring is the model at the threshold."""
    figure = go.Figure()
    for index, tally in enumerate(tallies):
        curves, at = tally.curves(), tally.at(threshold)
        kept = [number for number, value in enumerate(curves.precision) if not math.isnan(value)]
        _line(figure, tally, index, curves.recall[kept], curves.precision[kept], curves.thresholds[kept])
        if at.precision is not None and at.recall is not None:
            _ring(figure, tally, at.recall, at.precision)
    if tallies:
        base = tallies[0].counts[1].sum() / tallies[0].rows  # what saying the class of every row gets
        figure.add_hline(y=base, line=layout.DASHED)
    return _square(figure, _about(_("Precision and recall"), tallies), _("recall"), _("precision"))


def roc(tallies: Sequence[Tally], threshold: float) -> go.Figure:
    """Recall over the false positive rate for all thresholds; a ring is the model at the threshold."""
    figure = go.Figure()
    _diagonal(figure)
    for index, tally in enumerate(tallies):
        curves, at = tally.curves(), tally.at(threshold)
        _line(figure, tally, index, curves.false_positive_rate, curves.recall, curves.thresholds)
        if at.false_positive_rate is not None and at.recall is not None:
            _ring(figure, tally, at.false_positive_rate, at.recall)
    return _square(figure, _about(_("ROC"), tallies), _("false positive rate"), _("recall (true positive rate)"))


def _diagonal(figure: go.Figure) -> None:
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line=layout.DASHED, hoverinfo="skip", showlegend=False)


def _line(figure: go.Figure, tally: Tally, index: int, x: Any, y: Any, thresholds: Any) -> None:
    look = style(tally.model, index)
    figure.add_scatter(
        x=x.round(5),
        y=y.round(5),
        mode="lines",
        name=layout.model_name(tally.model),
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
        marker=layout.ring(CHOSEN, 13, 3),
        hovertemplate=f"{layout.model_name(tally.model)}: %{{y:.4f}} at %{{x:.4f}}<extra></extra>",
    )


def _square(figure: go.Figure, title: str, x: str, y: str) -> go.Figure:
    x_axis, y_axis = ({"title": name, "range": [-0.02, 1.02]} for name in (x, y))
    return _titled(figure, title, 420, x=x_axis, y=y_axis)


def _titled(figure: go.Figure, title: str, height: int, **axes: Any) -> go.Figure:
    return layout.finish(figure, title, height, legend=layout.LEGEND_ABOVE, top=80, **axes)


def _about(title: str, tallies: Sequence[Tally]) -> str:
    """A title with the class that the curves are about, where it is not the second of two."""
    target = tallies[0].target if tallies else None
    if target is None or target == targets.default(target.labels):
        return title
    return _("{title}: {label}").format(title=title, label=layout.escape(shown(target.name)))

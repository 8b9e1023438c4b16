"""What figures share: names made safe for Plotly, titles and margins, axes along tokens, intervals, stacked panels."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core.data import labels
from core.data.labels import SENTIMENT, Names
from core.data.targets import Target, log_odds_name, probability_of
from core.figures.palette import CHOSEN, THRESHOLD, Style, style
from core.runtime.i18n import gettext as _
from core.text.emoji import visible

if TYPE_CHECKING:
    import plotly.graph_objects as go

MOST_TICKS = 32  # more tokens than this cannot be told apart along one axis
LONGEST_TICK = 16  # characters
_APART = 0.22  # between models, of the distance between two rows
_MOST_LARGE_TICKS = 16
MOST_DOUBLE_TICKS = 14  # tokens named in two lines: on a phone these are turned and stand side by side
DASHED = {"color": THRESHOLD, "width": 1, "dash": "dash"}
# Long tokens are written upwards on a narrow page and would push a legend below them onto the axis's title.
LEGEND_ABOVE = {"orientation": "h", "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"}
_TITLE_ABOVE = {"yref": "container", "y": 1, "yanchor": "top", "pad": {"t": 14}}  # of a legend of up to three lines


def escape(text: str) -> str:
    """A text for Plotly, which reads a part of HTML in its labels."""
    return html.escape(text, quote=False)


def model_name(model: str) -> str:
    """A model's name as a reader sees it, escaped."""
    return escape(labels.model_name(model))


def probability(about: Target | Names = SENTIMENT) -> str:
    """``P(positive)``, or that of another target, escaped also where a template fills in places."""
    return escape(probability_of(about)).replace("{", "&#123;")


def log_odds(*several: Target | None) -> str:
    """``logit``, or the log-odds of a target of more than two classes, escaped as `probability` is."""
    names = {log_odds_name(target) for target in several}
    return escape(names.pop() if len(names) == 1 else log_odds_name(None)).replace("{", "&#123;")


def escaped(token: str) -> str:
    """A token, escaped, with what does not print shown."""
    return escape(visible(token))


def cut(token: str) -> str:
    """A token, cut where it is long, with what does not print shown. Not escaped."""
    return visible(token if len(token) <= LONGEST_TICK else token[: LONGEST_TICK - 1] + "…")


def tick(token: str) -> str:
    """A token as a label along an axis: as `cut`, escaped."""
    return escape(cut(token))


def token_axis(
    texts: Sequence[Sequence[str]], room: float, first: int = 0, last: int | None = None, title: str | None = None
) -> dict[str, Any]:
    """Settings of an axis along the tokens `first` to `last` (default: all), with so much room at either end.

    The tokens are named where all texts are the same and they are not many.
    """
    last = (max(map(len, texts), default=0) or 1) if last is None else last
    axis: dict[str, Any] = {"title": _("tokens") if title is None else title, "range": [first + 1 - room, last + room]}
    tokens = texts[0][first:last] if len(set(map(tuple, texts))) == 1 else ()
    if 0 < len(tokens) <= MOST_TICKS:
        axis |= {"tickvals": list(range(first + 1, first + len(tokens) + 1)), "ticktext": [*map(tick, tokens)]}
        if len(tokens) > _MOST_LARGE_TICKS:
            axis["tickfont"] = {"size": 9}  # on a phone the words are turned and stand side by side
    return axis


def row_axis(names: Sequence[str], room: float = 0.5) -> dict[str, Any]:
    """Settings of an upright axis with these names at 0, 1, …, the first on top."""
    return {
        "tickvals": list(range(len(names))),
        "ticktext": list(names),
        "range": [len(names) - 1 + room, -room],
        "automargin": True,
        "zeroline": False,
    }


def probability_axis(about: Target | Names) -> dict[str, Any]:
    """Settings of an axis from 0 to 1 on which a curve along either end is seen whole."""
    return {"title": probability(about), "range": [-0.03, 1.03], "tickvals": [0, 0.25, 0.5, 0.75, 1]}


def below(share: float) -> dict[str, Any]:
    """A legend below the axes, by this share of their height."""
    return {"orientation": "h", "x": 0, "y": -share, "yanchor": "top"}


def pen(look: Style, width: float = 2, size: float = 7) -> dict[str, Any]:
    """A curve in a style: its line and its markers."""
    return {
        "line": {"color": look.color, "dash": look.dash, "width": width},
        "marker": {"symbol": look.marker, "size": size},
    }


def curve(
    figure: go.Figure,
    x: Sequence[float] | np.ndarray,
    y: Sequence[float | None] | np.ndarray,
    name: str,
    look: Style,
    *,
    width: float = 2,
    most: int = 60,
    **more: Any,
) -> None:
    """A line in a style, with markers where there are at most `most` points."""
    mode = "lines+markers" if len(x) <= most else "lines"
    figure.add_scatter(x=x, y=y, name=name, mode=mode, **pen(look, width), **more)


def hatched(color: str, shape: str = "", solidity: float = 0.35) -> dict[str, Any]:
    """The look of a bar, by its colour and pattern."""
    return {"color": color, "pattern": {"shape": shape, "solidity": solidity}, "line": {"width": 0}}


def ring(color: str, size: float, width: float = 2.5) -> dict[str, Any]:
    """A marker around a chosen point."""
    return {"symbol": "circle-open", "size": size, "color": color, "line": {"width": width}}


def ringed(figure: go.Figure, x: float, y: float, name: str, size: float, color: str = CHOSEN) -> None:
    """A `ring` around a chosen point."""
    figure.add_scatter(x=[x], y=[y], mode="markers", name=name, marker=ring(color, size), hoverinfo="skip")


def click_points(
    figure: go.Figure, cells: Sequence[tuple[int, int]], customdata: Sequence[Sequence[Any]], label: str, **more: Any
) -> None:
    """Invisible points over the `cells` (column, row) of a map, as Streamlit reports no clicks on the map itself.

    `more` says where among several panels: ``row=2, col=1``.
    """
    figure.add_scatter(
        x=[column for column, _row in cells],
        y=[row for _column, row in cells],
        mode="markers",
        opacity=0,
        marker={"symbol": "square", "size": 13},
        customdata=customdata,
        hovertemplate=label + "<extra></extra>",
        showlegend=False,
        **more,
    )
    figure.update_layout(hoverdistance=-1, clickmode="event+select", dragmode=False)


def error_bars(
    values: Sequence[float], intervals: Sequence[tuple[float, float]], thickness: float = 1.5
) -> dict[str, Any]:
    """Bars from the lower to the upper end of each value's interval."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - value for value, (_low, high) in zip(values, intervals, strict=True)],
        "arrayminus": [value - low for value, (low, _high) in zip(values, intervals, strict=True)],
        "thickness": thickness,
        "width": 3,
    }


def dots(
    figure: go.Figure,
    points: Sequence[tuple[float, float, tuple[float, float]]],
    model: str,
    place: tuple[int, int],
    *,
    hollow: bool = False,
    **more: Any,
) -> None:
    """A model's values with their intervals, each as (row, value, interval), a little beside those of other models.

    `place` is the model's index and how many models there are.
    """
    look, apart = style(model, place[0]), _APART * (place[0] - (place[1] - 1) / 2)
    values = [value for _row, value, _interval in points]
    figure.add_scatter(
        x=values,
        y=[row + apart for row, _value, _interval in points],
        error_x=error_bars(values, [interval for _row, _value, interval in points]),
        mode="markers",
        marker={
            "color": look.color,
            "symbol": look.marker + "-open" * hollow,
            "size": 8,
            "line": {"width": 2 if hollow else 0, "color": look.color},
        },
        **{"name": model_name(model)} | more,
    )


def panels(titles: Sequence[str], spacing: float, *, shared: bool = True) -> go.Figure:
    """Panels below one another, each under its title, all along one x axis if `shared`."""
    from plotly.subplots import make_subplots

    figure = make_subplots(
        rows=len(titles), cols=1, shared_xaxes=shared, vertical_spacing=spacing, subplot_titles=list(titles)
    )
    return figure.update_annotations(x=0, xanchor="left", font={"size": 13})


def panel_line(
    figure: go.Figure,
    row: int,
    x: Sequence[float] | np.ndarray,
    y: Sequence[float] | np.ndarray,
    look: Style,
    name: str,
    *,
    width: float = 2.5,
    legend: bool = False,
    dotted: bool = False,
    **more: Any,
) -> None:
    """A line in one of several `panels`; what is not a finite number leaves a gap."""
    figure.add_scatter(
        x=x,
        y=np.where(np.isfinite(y), y, np.nan),
        name=name,
        showlegend=legend,
        line={"color": look.color, "dash": "dot" if dotted else look.dash, "width": width},
        marker={"symbol": look.marker, "size": 7},
        row=row,
        col=1,
        **{"mode": "lines", "hovertemplate": "%{y:.3g}"} | more,
    )


def finish(
    figure: go.Figure,
    title: str,
    height: float,
    *,
    x: str | Mapping[str, Any] | None = None,
    y: str | Mapping[str, Any] | None = None,
    above: bool = False,
    top: int = 50,
    bottom: int = 40,
    **layout: Any,
) -> go.Figure:
    """Give a figure its title, size in pixels, axes (a title, or their settings) and the rest of its layout.

    `above` keeps the title above a legend that is above the axes, as it is kept above `LEGEND_ABOVE`.
    """
    axes = {name: axis for name, axis in (("xaxis", x), ("yaxis", y)) if axis is not None}
    return figure.update_layout(
        title={"text": title} | (_TITLE_ABOVE if above or layout.get("legend") == LEGEND_ABOVE else {}),
        height=height,
        margin={"t": top, "b": bottom, "l": 10, "r": 10},
        **{name: {"title": axis} if isinstance(axis, str) else axis for name, axis in axes.items()},
        **layout,
    )

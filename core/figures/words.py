"""Words on a plane, coloured by how they lean; and what training did to the words that it moved most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from core.figures import layout
from core.figures.labels import sides
from core.figures.palette import CHOSEN, DIVERGING, THRESHOLD
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.probes.words.embedding_map import WordMap
    from core.probes.words.neighbours import Move

_NAMED = 45  # words; more cover one another
_PIXELS = (420.0, 400.0)
_LEFT, _RIGHT = "#d55e00", "#0072b2"  # Okabe & Ito 2008, told apart by the side as well


def map_of_words(words: WordMap, title: str, unit: str, chosen: Sequence[str] = ()) -> go.Figure:
    """Words as points along two principal axes, coloured by their leaning in `unit`, those of `chosen` ringed.

    The words that matter most are named as far as names do not cover one another, the others when pointed at.
    """
    most = float(np.quantile(np.abs(words.leaning), 0.95)) or 1.0
    rings = [index for index, word in enumerate(words.words) if word in set(chosen)]
    order = [*rings, *(index for index in range(len(words.words)) if index not in set(rings))][:_NAMED]
    placed = sides(words.places[order], [words.words[index] for index in order], *_PIXELS)
    named = {index: side for index, side in zip(order, placed, strict=True) if side}
    names = [layout.escaped(word) for word in words.words]
    figure = go.Figure(
        go.Scattergl(
            x=words.places[:, 0].round(4),
            y=words.places[:, 1].round(4),
            mode="markers+text",
            # Drawn on a canvas, which reads no HTML: escaped words would show their escapes.
            text=[word if index in named else "" for index, word in enumerate(words.words)],
            textposition=[named.get(index) or "top center" for index in range(len(names))],
            textfont={"size": 11},
            customdata=list(zip(names, words.leaning.round(3).tolist(), strict=True)),
            marker={
                "size": 7,
                "color": words.leaning.round(4),
                "colorscale": DIVERGING,
                "cmin": -most,
                "cmax": most,
                "line": {"width": 0.6, "color": THRESHOLD},
                "colorbar": {"title": {"text": layout.escape(unit), "side": "right"}, "thickness": 10, "len": 0.8},
            },
            hovertemplate="%{customdata[0]}: %{customdata[1]:+.2f}<extra></extra>",
            showlegend=False,
        )
    )
    if rings:
        figure.add_scattergl(
            x=words.places[rings, 0],
            y=words.places[rings, 1],
            mode="markers",
            marker=layout.ring(CHOSEN, 15),
            hoverinfo="skip",
            showlegend=False,
        )
    first, second = words.explained
    left, right = float(words.places[:, 0].min()), float(words.places[:, 0].max())
    room = 0.14 * (right - left)  # for names at the edge: scattergl cuts them off there
    return layout.finish(
        figure,
        layout.escape(title),
        620,
        x={
            "title": _("component 1 ({share:.1%} of the variance)").format(share=first),
            "range": [left - room, right + room],
            "zeroline": False,
        },
        y={"title": _("component 2 ({share:.1%})").format(share=second), "zeroline": False},
        dragmode="pan",
    )


def leans_moved(moves: Sequence[Move], axis: str, names: Mapping[str, str]) -> go.Figure:
    """Each word's lean before and after training as a line from a ring to a dot, the first at the top.

    `names` are of ``before`` and ``after``.
    """
    words = [layout.escaped(move.word) for move in moves]
    figure = go.Figure()
    figure.add_vline(x=0, line=layout.DASHED)
    for rightwards, color in ((True, _RIGHT), (False, _LEFT)):
        x: list[float | None] = []
        y: list[int | None] = []
        for row, move in enumerate(moves):
            if (move.shift >= 0) == rightwards:
                x += [move.lean_before, move.lean_after, None]
                y += [row, row, None]
        figure.add_scatter(
            x=x, y=y, mode="lines", line={"color": color, "width": 2}, hoverinfo="skip", showlegend=False
        )
    for key, symbol, value in (
        ("before", "circle-open", [move.lean_before for move in moves]),
        ("after", "circle", [move.lean_after for move in moves]),
    ):
        figure.add_scatter(
            x=value,
            y=list(range(len(moves))),
            mode="markers",
            name=names[key],
            marker={
                "symbol": symbol,
                "size": 9,
                "color": [_RIGHT if move.shift >= 0 else _LEFT for move in moves],
                "line": {"width": 2},
            },
            customdata=words,
            hovertemplate="%{customdata}: %{x:+.2f}",
        )
    return layout.finish(
        figure,
        _("How far words moved"),
        170 + 24 * max(1, len(moves)),
        above=True,
        x={"title": layout.escape(axis), "zeroline": False},
        y=layout.row_axis(words, 0.6),
        legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom"},
        top=80,
    )

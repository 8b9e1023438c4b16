"""The orders of a sentence's words: how the verdict spreads over them, which flip it, and whose place matters."""

from __future__ import annotations

import html
from itertools import pairwise
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from core.data.labels import SENTIMENT, Names
from core.figures import axes
from core.figures.palette import FLIPPED, KEPT, ORIGINAL, THRESHOLD
from core.figures.prefixes import MOST_TICKS, escaped, tick
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.probes.permutations.search import Permutations

MOST_POINTS = 3_000  # more than this a browser draws slowly and an eye does not tell apart
_BINS = 40  # an even number, so that 0.5 is an edge and no bar holds both verdicts
_LONGEST, _WIDTH = 160, 60  # characters of an order in a point's label, and of a line of it


def probability_histogram(found: Permutations, labels: Names = SENTIMENT) -> go.Figure:
    """How many of the orders scored have which P(second class); flips hatched, the original marked by a line."""
    chance = axes.probability(labels)
    edges = np.linspace(0, 1, _BINS + 1)
    chances, flipped = _probabilities(found), _flipped(found)
    figure = go.Figure()
    for name, mask, color, shape in (
        (_("same verdict as the original"), ~flipped, KEPT, ""),
        (_("the verdict flips"), flipped, FLIPPED, "/"),
    ):
        figure.add_bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=np.histogram(chances[mask], edges)[0],
            width=1 / _BINS,
            name=name,
            marker={"color": color, "pattern": {"shape": shape, "solidity": 0.25}, "line": {"width": 0}},
            customdata=[f"{low:.3f} – {high:.3f}" for low, high in pairwise(edges)],
            hovertemplate="%{customdata}: %{y:,}",
        )
    figure.add_vline(x=0.5, line={"color": THRESHOLD, "width": 1, "dash": "dash"})
    figure.add_vline(
        x=found.original.probability,
        line={"color": ORIGINAL, "width": 3},
        annotation={
            "text": _("original: {probability:.3f}").format(probability=found.original.probability),
            "yref": "paper",
            "y": 1.0,
            "yanchor": "bottom",
            "showarrow": False,
        },
        annotation_position="top left" if found.original.probability > 0.5 else "top right",
    )
    return figure.update_layout(
        title={"text": _("{chance} of the {count:,} orders scored").format(chance=chance, count=found.scored)},
        xaxis={"title": chance, "range": [-0.01, 1.01], "tickvals": [0, 0.25, 0.5, 0.75, 1]},
        yaxis={"title": _("orders"), "rangemode": "tozero"},
        barmode="stack",
        legend={"orientation": "h", "x": 0, "y": -0.25, "yanchor": "top"},
        height=400,
        margin={"t": 80, "b": 40, "l": 10, "r": 10},
    )


def fluency_scatter(found: Permutations, chosen: int | None = None, labels: Names = SENTIMENT) -> go.Figure:
    """Fluency against P(second class), a point an order; each carries its row's number in `found.rows` as customdata.

    Of more than `MOST_POINTS` orders a seeded sample is drawn, the most fluent flips and the original always among
    them; `chosen` is a row to ring. Words are escaped: plotly reads a part of HTML.
    """
    chances, flipped = _probabilities(found), _flipped(found)
    original = _row_of_original(found)
    shown = drawn(found)
    shown = shown[shown != original]
    figure = go.Figure()
    figure.add_hline(y=0.5, line={"color": THRESHOLD, "width": 1, "dash": "dash"})
    figure.add_vline(
        x=found.original.fluency - found.floor,
        line={"color": THRESHOLD, "width": 1, "dash": "dot"},
        annotation={"text": _("floor"), "yref": "paper", "y": 1.0, "yanchor": "bottom", "showarrow": False},
    )
    groups = (
        (_("same verdict as the original"), shown[~flipped[shown]], KEPT, "circle", 6, 0.45),
        (_("the verdict flips (click one)"), shown[flipped[shown]], FLIPPED, "diamond", 9, 0.85),
        (_("the original"), np.array([original]), ORIGINAL, "star", 16, 1.0),
    )
    for name, rows, color, symbol, size, opacity in groups:
        figure.add_scatter(
            x=found.fluencies[rows],
            y=chances[rows],
            mode="markers",
            name=name,
            marker={"color": color, "symbol": symbol, "size": size, "opacity": opacity},
            customdata=rows,
            text=[_shown(found, row) for row in rows],
            hovertemplate="%{text}<br>" + axes.probability(labels) + " %{y:.3f}, %{x:.1f} nats<extra></extra>",
        )
    if chosen is not None:
        figure.add_scatter(
            x=[found.fluencies[chosen]],
            y=[chances[chosen]],
            mode="markers",
            name=_("chosen"),
            marker={"symbol": "circle-open", "size": 20, "color": ORIGINAL, "line": {"width": 3}},
            hoverinfo="skip",
        )
    return figure.update_layout(
        title={"text": _("Fluency against verdict, order by order")},
        xaxis={
            "title": _("fluency by the {scorer} (nats)").format(scorer=html.escape(found.scorer, quote=False)),
            **({"range": _around(found.original.fluency)} if found.scored == 1 else {}),
        },
        yaxis={"title": axes.probability(labels), "range": [-0.03, 1.03], "tickvals": [0, 0.25, 0.5, 0.75, 1]},
        legend={"orientation": "h", "x": 0, "y": -0.2, "yanchor": "top"},
        clickmode="event+select",
        dragmode="pan",
        height=460,
        margin={"t": 70, "b": 40, "l": 10, "r": 10},
    )


def position_bars(found: Permutations) -> go.Figure:
    """For each word, how much of the logit's variance over the orders its own place explains (η², in percent)."""
    places = list(range(1, len(found.tokens) + 1))
    figure = go.Figure(
        go.Bar(
            x=places,
            y=[100 * effect for effect in found.position_effects],
            marker={"color": [KEPT if place - 1 in found.pinned else ORIGINAL for place in places]},
            customdata=[escaped(token) for token in found.tokens],
            hovertemplate="%{customdata}: %{y:.1f} %<extra></extra>",
        )
    )
    figure.update_layout(
        title={"text": _("Which word's place matters most?")},
        xaxis={"title": _("words, in the original's order"), "range": [0.4, len(places) + 0.6]},
        yaxis={"title": _("share of the logit's variance, η² (%)"), "rangemode": "tozero"},
        height=400,
        margin={"t": 50, "b": 40, "l": 10, "r": 10},
    )
    if len(places) <= MOST_TICKS:
        figure.update_xaxes(tickvals=places, ticktext=[tick(token) for token in found.tokens])
    return figure


def drawn(found: Permutations) -> np.ndarray:
    """The rows of the orders that the scatter draws, ascending, int64."""
    if found.scored <= MOST_POINTS:
        return np.arange(found.scored)
    flips = np.flatnonzero(_flipped(found))
    best = flips[np.argsort(-found.fluencies[flips], kind="stable")][: len(found.flips)]
    always = np.union1d(best, _row_of_original(found))
    rest = np.setdiff1d(np.arange(found.scored), always, assume_unique=True)
    sample = np.random.default_rng(0).choice(rest, MOST_POINTS - len(always), replace=False)
    return np.sort(np.concatenate([always, sample]))


def _probabilities(found: Permutations) -> np.ndarray:
    chances: np.ndarray = 0.5 * (1 + np.tanh(0.5 * found.logits.astype(np.float64)))
    return chances


def _flipped(found: Permutations) -> np.ndarray:
    flipped: np.ndarray = (found.logits >= 0) != (found.original.logit >= 0)
    return flipped


def _row_of_original(found: Permutations) -> int:
    return int(np.flatnonzero((found.rows == np.arange(len(found.tokens))).all(axis=1))[0])


def _around(fluency: float) -> list[float]:
    return [fluency - 10, fluency + 10]


def _shown(found: Permutations, row: int) -> str:
    text = " ".join(found.tokens[place] for place in found.rows[row])
    text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    lines = [text] if len(text) <= _WIDTH else wrap(text, _WIDTH)  # to wrap thousands of short ones takes time
    return "<br>".join(html.escape(line, quote=False) for line in lines)

"""The orders of a sentence's words: how the verdict spreads over them, which flip it, and whose place matters."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from core.data import targets
from core.data.labels import shown
from core.figures import layout
from core.figures.palette import KEPT, ORIGINAL, THRESHOLD, of_class
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.probes.permutations.search import Permutations

MOST_POINTS = 3_000  # more than this a browser draws slowly and an eye does not tell apart
_BINS = 40  # an even number, so that 0.5 is an edge and no bar holds both verdicts
_LONGEST, _WIDTH = 160, 60  # characters of an order in a point's label, and of a line of it


def probability_histogram(result: Permutations) -> go.Figure:
    """How many of the orders scored have which P(target), in the classes' colours; flips hatched, the original marked
    by a line."""
    chance = layout.probability(result.target)
    edges = np.linspace(0, 1, _BINS + 1)
    chances = targets.probability(result.logits)
    figure = go.Figure()
    for name, mask, color, shape in (
        (_("same verdict as the original") if result.to is None else _("no flip"), ~result.flipped, _kept(result), ""),
        *((name, mask, color, "/") for name, mask, color in _flips(result, _("flipped"))),
    ):
        figure.add_bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=np.histogram(chances[mask], edges)[0],
            width=1 / _BINS,
            name=name,
            marker=layout.hatched(color, shape, 0.25),
            customdata=[f"{low:.3f} – {high:.3f}" for low, high in pairwise(edges)],
            hovertemplate="%{customdata}: %{y:,}",
        )
    if result.target.wins_at_half:
        figure.add_vline(x=0.5, line=layout.DASHED)
    figure.add_vline(
        x=result.original.probability,
        line={"color": ORIGINAL, "width": 3},
        annotation={
            "text": _("original: {probability:.3f}").format(probability=result.original.probability),
            "yref": "paper",
            "y": 1.0,
            "yanchor": "bottom",
            "showarrow": False,
        },
        annotation_position="top left" if result.original.probability > 0.5 else "top right",
    )
    return layout.finish(
        figure,
        _("{chance} of the {count:,} orders scored").format(chance=chance, count=result.scored),
        400,
        x={"title": chance, "range": [-0.01, 1.01], "tickvals": [0, 0.25, 0.5, 0.75, 1]},
        y={"title": _("orders"), "rangemode": "tozero"},
        barmode="stack",
        legend=layout.below(0.25),
        top=80,
    )


def fluency_scatter(result: Permutations, chosen: int | None = None) -> go.Figure:
    """Fluency against P(target), a point an order; each carries its row's number in `result.rows` as customdata.

    Of more than `MOST_POINTS` orders a seeded sample is drawn, the most fluent flips and the original always among
    them; `chosen` is a row to ring. Words are escaped: plotly reads a part of HTML.
    """
    chances = targets.probability(result.logits)
    original = _row_of_original(result)
    rows_drawn = drawn(result)
    others = np.zeros(result.scored, dtype=bool)
    others[rows_drawn[rows_drawn != original]] = True
    figure = go.Figure()
    if result.target.wins_at_half:
        figure.add_hline(y=0.5, line=layout.DASHED)
    figure.add_vline(
        x=result.original.fluency - result.floor,
        line={"color": THRESHOLD, "width": 1, "dash": "dot"},
        annotation={"text": _("threshold"), "yref": "paper", "y": 1.0, "yanchor": "bottom", "showarrow": False},
    )
    same = _("same verdict as the original") if result.to is None else _("no flip")
    groups = (
        (same, np.flatnonzero(others & ~result.flipped), _kept(result), "circle", 6, 0.55),
        *(
            (name, np.flatnonzero(others & mask), color, "diamond", 9, 0.85)
            for name, mask, color in _flips(result, _("flipped (click one)"))
        ),
        (_("the original"), np.array([original]), ORIGINAL, "star", 16, 1.0),
    )
    for name, rows, color, symbol, size, opacity in groups:
        figure.add_scatter(
            x=result.fluencies[rows],
            y=chances[rows],
            mode="markers",
            name=name,
            marker={"color": color, "symbol": symbol, "size": size, "opacity": opacity},
            customdata=rows,
            text=[_shown(result, row) for row in rows],
            hovertemplate="%{text}<br>" + layout.probability(result.target) + " %{y:.3f}, %{x:.1f} nats<extra></extra>",
        )
    if chosen is not None:
        layout.ringed(figure, result.fluencies[chosen], chances[chosen], _("chosen"), 20, ORIGINAL)
    return layout.finish(
        figure,
        _("Fluency and prediction, order by order"),
        460,
        x={
            "title": _("fluency by the {scorer} (nats)").format(scorer=layout.escape(result.scorer)),
            **({"range": [result.original.fluency - 10, result.original.fluency + 10]} if result.scored == 1 else {}),
        },
        y=layout.probability_axis(result.target),
        legend=layout.below(0.2),
        clickmode="event+select",
        dragmode="pan",
        top=70,
    )


def position_bars(result: Permutations) -> go.Figure:
    """For each word, how much of the log-odds' variance over the orders its own place explains (η², in percent)."""
    positions = list(range(1, len(result.tokens) + 1))
    figure = go.Figure(
        go.Bar(
            x=positions,
            y=[100 * effect for effect in result.position_effects],
            marker={"color": [KEPT if position - 1 in result.pinned else ORIGINAL for position in positions]},
            customdata=[layout.escaped(token) for token in result.tokens],
            hovertemplate="%{customdata}: %{y:.1f} %<extra></extra>",
        )
    )
    return layout.finish(
        figure,
        _("Which word's position matters most?"),
        400,
        x=layout.token_axis([result.tokens], 0.6, title=_("words, in the original order")),
        y={
            "title": _("share of the variance of the {logit}, η² (%)").format(logit=layout.log_odds(result.target)),
            "rangemode": "tozero",
        },
    )


def drawn(result: Permutations) -> np.ndarray:
    """The rows of the orders that the scatter draws, ascending, int64."""
    if result.scored <= MOST_POINTS:
        return np.arange(result.scored)
    flips = np.flatnonzero(result.flipped)
    best = flips[np.argsort(-result.fluencies[flips], kind="stable")][: len(result.flips)]
    always = np.union1d(best, _row_of_original(result))
    rest = np.setdiff1d(np.arange(result.scored), always, assume_unique=True)
    sample = np.random.default_rng(0).choice(rest, MOST_POINTS - len(always), replace=False)
    return np.sort(np.concatenate([always, sample]))


def _kept(result: Permutations) -> str:
    """The colour of the orders that do not flip: the original's class, grey where others are among them."""
    own = result.target.labels.index(result.original.label)
    return of_class(result.target.labels, own).color if result.to is None else KEPT


def _flips(result: Permutations, together: str) -> Iterator[tuple[str, np.ndarray, str]]:
    """Flips, bool [N], by a name and the colour of their class: all `together`, or by class where these are several."""
    labels = result.target.labels
    several = not result.to and targets.default(labels) is None
    for number, label in enumerate(labels):
        mask = result.flipped & (result.classes == number)
        if several and label in result.flips_to:
            yield (
                _("flipped to {label}").format(label=layout.escape(shown(label))),
                mask,
                of_class(labels, number).color,
            )
        elif not several and label == (result.to or next(one for one in labels if one != result.original.label)):
            yield together, mask, of_class(labels, number).color


def _row_of_original(result: Permutations) -> int:
    return int(np.flatnonzero((result.rows == np.arange(len(result.tokens))).all(axis=1))[0])


def _shown(result: Permutations, row: int) -> str:
    text = " ".join(result.tokens[position] for position in result.rows[row])
    text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    lines = [text] if len(text) <= _WIDTH else wrap(text, _WIDTH)  # to wrap thousands of short ones takes time
    return "<br>".join(layout.escape(line) for line in lines)

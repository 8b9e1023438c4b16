"""Two sentences under the same models: how the verdicts run, and where they part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from core.data.labels import shared
from core.data.targets import shared_target
from core.figures import layout
from core.figures.palette import Style, style
from core.figures.prefixes import positions
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.models.predict import Verdict
    from core.probes.permutations.comparison import Comparison, Contrast, Words


_LINE = 0.07  # of the axis, for the mark of a model


def comparison_curves(comparison: Comparison) -> go.Figure:
    """P(target) after each token of two sentences, two curves per model; with the threshold at 0.5 where that decides.

    The first sentence's curves are solid with filled markers, the second's dashed with open ones; a model that reads
    the same tokens in both has one curve. Where a model's verdicts part for good, a mark stands above the curves, each
    model's on a line of its own.
    Tokens are escaped, as plotly reads a part of HTML; they stand along the axis, the first sentence's above the
    second's, where every model reads the same ones.
    """
    figure = go.Figure()
    if all(contrast.a.target.wins_at_half for contrast in comparison.contrasts):
        figure.add_hline(y=0.5, line=layout.DASHED)
    for index, contrast in enumerate(comparison.contrasts):
        look = style(contrast.model, index)
        model = layout.model_name(contrast.model)
        if contrast.a.tokens == contrast.b.tokens:
            _curve(figure, contrast.a, look, _("{model}, both sentences").format(model=model), first=True)
            continue
        _curve(figure, contrast.a, look, _("{model}, first sentence").format(model=model), first=True)
        _curve(figure, contrast.b, look, _("{model}, second sentence").format(model=model), first=False)
    parting = [(index, contrast) for index, contrast in enumerate(comparison.contrasts) if contrast.parts_at]
    for line, (index, contrast) in enumerate(reversed(parting)):
        _parting(figure, contrast, style(contrast.model, index), 1.07 + _LINE * line)
    target = shared_target(contrast.a.target for contrast in comparison.contrasts)
    labels = shared(contrast.a.labels for contrast in comparison.contrasts)
    longest = max(max(len(contrast.a.tokens), len(contrast.b.tokens)) for contrast in comparison.contrasts)
    layout.finish(
        figure,
        _("Verdict after each token of two sentences"),
        500,
        y=layout.probability_axis(target or labels) | {"range": [-0.03, 1.03 + _LINE * (len(parting) + bool(parting))]},
        x={"title": _("tokens read so far"), "range": [0.6, longest + 0.4]},
        legend={**layout.below(0.36), "xanchor": "left"},
        hovermode="x unified",
    )
    words = comparison.words
    most = layout.MOST_TICKS if words and words.tokens_a == words.tokens_b else layout.MOST_DOUBLE_TICKS
    if words is not None and longest <= most:
        figure.update_xaxes(
            tickvals=list(range(1, longest + 1)),
            ticktext=_two_rows(words, longest),
            tickfont={"size": 12 if longest <= 8 else 9},
        )
    return figure


def _curve(figure: go.Figure, verdict: Verdict, look: Style, name: str, *, first: bool) -> None:
    look = look._replace(dash="solid") if first else look._replace(dash="dash", marker=f"{look.marker}-open")
    layout.curve(
        figure,
        positions(verdict),
        verdict.prefix_probabilities or (verdict.probability,),
        name,
        look,
        width=2.5,
        most=200,
        customdata=[layout.escaped(verdict.tokens[position - 1]) for position in positions(verdict)],
        hovertemplate="%{customdata}: %{y:.3f}",
    )


def _parting(figure: go.Figure, contrast: Contrast, look: Style, height: float) -> None:
    """A mark and a line of words at the step from which a model's verdicts differ."""
    step, last = contrast.parts_at or 1, max(len(contrast.a.tokens), len(contrast.b.tokens))
    said = _("{model}: verdicts part here").format(model=layout.model_name(contrast.model))
    figure.add_scatter(
        x=[step],
        y=[height],
        name=said,
        text=[said],
        mode="markers+text",
        textposition="middle right" if step <= last / 2 else "middle left",
        marker={"color": look.color, "symbol": look.marker, "size": 11},
        hoverinfo="skip",
        showlegend=False,
    )


def _two_rows(words: Words, longest: int) -> list[str]:
    if words.tokens_a == words.tokens_b:
        return [layout.tick(token) for token in words.tokens_a]
    rows = ([layout.tick(token) for token in tokens] for tokens in (words.tokens_a, words.tokens_b))
    above, below = ([*row, *[""] * (longest - len(row))] for row in rows)
    return [f"{one}<br>{other}" for one, other in zip(above, below, strict=True)]

"""Interventions on one text's run: a map of what each patch does, and the verdict along the text before and after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from core.data.labels import Names
from core.data.targets import Target, common
from core.figures import layout
from core.figures.inside.states import gate_names
from core.figures.palette import CHOSEN, DIVERGING, INK, style
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.probes.interventions.hold import Intervention
    from core.probes.interventions.patching import PatchGrid

_MOST_NUMBERS = 14  # columns whose cells have room for a number
_ROW, _GAP = 23, 28  # pixels of a row, and between two maps


def patch_names(whats: Sequence[str]) -> dict[str, str]:
    """What a reader sees for what is patched, by the names of `core.probes.interventions.hold.patchable`."""
    names = gate_names()
    names |= {"candidate": names["cell"], "hidden": _("hidden state h"), "cell": _("cell state c")}
    names["both"] = _("both states")
    return {what: names.get(what, what) for what in whats}


def patch_heatmap(
    grids: Sequence[PatchGrid],
    show: str = "share",
    first: int = 0,
    columns: int = 60,
    chosen: tuple[str, int] | None = None,
) -> go.Figure:
    """What each patch does, a map per model: states and gates downwards, the steps from `first` on, at most `columns`.

    `show` is ``share``, of the difference in the logit, or ``probability``, which also stands where two logits are too
    near for shares. Colours run from −100 % to 100 % or from 0 to 1 in every text; a step without a partner is left
    out. Invisible points over the maps report clicks; the customdata of each begins with what is patched and the step,
    from 0. `chosen` is framed in every map that has it.
    """
    from plotly.subplots import make_subplots

    if any(grid.shares is None or grid.little for grid in grids):
        show = "probability"
    titles = [
        _("{model}: from {a:.2f} towards {b:.2f}").format(
            model=layout.model_name(grid.model), a=grid.probability[0], b=grid.probability[1]
        )
        for grid in grids
    ]
    rows = [len(grid.logits) for grid in grids]
    plot = _ROW * sum(rows) + _GAP * (len(grids) - 1)
    figure = make_subplots(
        rows=len(grids),
        cols=1,
        row_heights=rows,
        vertical_spacing=_GAP / plot if len(grids) > 1 else 0,
        subplot_titles=titles,
    ).update_annotations(x=0, xanchor="left", font={"size": 13})
    same_words = len({grid.tokens[0] for grid in grids}) == 1
    for row, grid in enumerate(grids, 1):
        _map(figure, row, grid, show, range(first, min(first + columns, len(grid.tokens[0]))), chosen)
        last = row == len(grids)
        axis = layout.token_axis([grid.tokens[0]], 0.5, first, min(first + columns, len(grid.tokens[0])), "")
        axis |= {"showgrid": False, "zeroline": False, "showticklabels": last or not same_words}
        figure.update_xaxes(axis, row=row, col=1)
    return layout.finish(
        figure,
        _("One patch at a time"),
        plot + 150 + (0 if same_words else 50 * (len(grids) - 1)),
        top=70,
        bottom=60,
        coloraxis=_scale(show, common([grid.target for grid in grids])),
    )


def _map(figure: go.Figure, row: int, grid: PatchGrid, show: str, steps: range, chosen: tuple[str, int] | None) -> None:
    """One model's map, with its numbers where they have room."""
    values = grid.probabilities if show == "probability" else grid.shares
    assert values is not None, "shares of no difference"
    names = patch_names(list(values))
    cells = np.array([of_what[steps.start : steps.stop] for of_what in values.values()])  # [what, steps]
    heatmap = go.Heatmap(
        z=[[None if value != value else round(value, 4) for value in line] for line in cells.tolist()],
        x=[step + 1 for step in steps],
        y=list(range(len(names))),
        coloraxis="coloraxis",
        hoverinfo="skip",
        xgap=1 if len(steps) <= layout.MOST_TICKS else 0,  # narrow cells would be all gap
        ygap=1,
    )
    figure.add_trace(heatmap, row=row, col=1)
    _points(figure, row, grid, values, names, steps)
    if len(steps) <= _MOST_NUMBERS:  # as texts of their own, which have the page's colour
        written = "{:.2f}" if show == "probability" else "{:.0%}"
        shown = [
            (step, line, value) for line, cell in enumerate(cells) for step, value in zip(steps, cell, strict=True)
        ]
        shown = [one for one in shown if one[2] == one[2]]
        figure.add_scatter(
            x=[step + 1 for step, _line, _value in shown],
            y=[line for _step, line, _value in shown],
            text=[written.format(round(value, 2) + 0.0).replace("-", "−") for _step, _line, value in shown],
            mode="text",
            textfont={"color": INK},
            hoverinfo="skip",
            showlegend=False,
            row=row,
            col=1,
        )
    if chosen is not None and chosen[0] in names and chosen[1] in steps:
        line, step = list(names).index(chosen[0]), chosen[1]
        pen = {"color": CHOSEN, "width": 3 if len(steps) <= layout.MOST_TICKS else 1}
        corners = {"x0": step + 0.5, "x1": step + 1.5, "y0": line - 0.5, "y1": line + 0.5}
        figure.add_shape(**corners, line=pen, row=row, col=1)
    axis = layout.row_axis([layout.escape(name) for name in names.values()]) | {"showgrid": False}
    figure.update_yaxes(axis, row=row, col=1)


def before_and_after(runs: Sequence[Intervention]) -> go.Figure:
    """P(target) after each token, a pair of curves per model: thin and dotted as it was, thick as changed."""
    figure = go.Figure()
    if all(run.target.wins_at_half for run in runs):
        figure.add_hline(y=0.5, line=layout.DASHED)
    for index, run in enumerate(runs):
        look, model = style(run.model, index), layout.model_name(run.model)
        positions = list(range(1, len(run.tokens) + 1))
        curves = (
            (
                _("{model}, before"),
                run.probability_before,
                look._replace(dash="dot", marker=f"{look.marker}-open"),
                1.5,
            ),
            (_("{model}, after"), run.probability_after, look, 3),
        )
        for name, probabilities, pen, width in curves:
            layout.curve(
                figure,
                positions,
                probabilities,
                name.format(model=model),
                pen,
                width=width,
                customdata=[layout.escaped(token) for token in run.tokens],
                hovertemplate="%{customdata}: %{y:.3f}",
            )
    return layout.finish(
        figure,
        _("Verdict after each token, before and after"),
        440,
        y=layout.probability_axis(common([run.target for run in runs])),
        x=layout.token_axis([run.tokens for run in runs], 0.4, title=_("tokens read so far")),
        legend=layout.LEGEND_ABOVE,
        hovermode="x unified",
        top=110,
    )


def _scale(show: str, target: Target | Names) -> dict[str, object]:
    """The colours and their range, the same in every map."""
    if show == "probability":
        bar = {"title": {"text": layout.probability(target), "side": "right"}, "tickvals": [0, 0.5, 1]}
        return {"colorscale": DIVERGING, "cmin": 0.0, "cmax": 1.0, "colorbar": bar | {"thickness": 12}}
    bar = {"title": {"text": _("share carried"), "side": "right"}, "tickvals": [-1, 0, 1], "tickformat": ".0%"}
    return {"colorscale": DIVERGING, "cmin": -1.0, "cmax": 1.0, "colorbar": bar | {"thickness": 12}}


def _points(
    figure: go.Figure,
    row: int,
    grid: PatchGrid,
    values: dict[str, np.ndarray],
    names: dict[str, str],
    steps: range,
) -> None:
    """The invisible points that describe a cell and report a click on it."""
    shares = grid.shares
    kept = [(line, what, step) for line, what in enumerate(values) for step in steps if grid.partners[step] is not None]
    layout.click_points(
        figure,
        [(step + 1, line) for line, _what, step in kept],
        [
            (
                what,
                step,
                layout.escape(names[what]),
                layout.tick(grid.tokens[0][step]),
                layout.tick(grid.tokens[1][grid.partners[step] or 0]),
                f"{grid.probabilities[what][step]:.4f}",
                "–" if shares is None else f"{shares[what][step]:.1%}",
            )
            for _line, what, step in kept
        ],
        _("{what} at {token}, from {other}: {chance} {probability}, share {share}").format(
            chance=layout.probability(grid.target),
            what="%{customdata[2]}",
            token="%{customdata[3]}",
            other="%{customdata[4]}",
            probability="%{customdata[5]}",
            share="%{customdata[6]}",
        ),
        row=row,
        col=1,
    )

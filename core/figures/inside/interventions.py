"""Interventions on one text's run: a map of what each patch does, and the verdict along the text before and after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from core.data.targets import Target, common
from core.figures import layout
from core.figures.palette import CHOSEN, DIVERGING, style
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.probes.interventions.hold import Intervention
    from core.probes.interventions.patching import PatchGrid

_MOST_NUMBERS = 14  # columns whose cells have room for a number


def patch_names(whats: Sequence[str]) -> dict[str, str]:
    """What a reader sees for what is patched, by the names of `core.probes.interventions.hold.patchable`."""
    names = {
        "hidden": _("hidden state h"),
        "cell": _("cell state c"),
        "both": _("both states"),
        "input": _("input gate i"),
        "forget": _("forget gate f"),
        "candidate": _("candidate g"),
        "output": _("output gate o"),
        "reset": _("reset gate r"),
        "update": _("update gate z"),
        "new": _("candidate n"),
    }
    return {what: names.get(what, what) for what in whats}


def patch_heatmap(
    grid: PatchGrid,
    show: str = "share",
    first: int = 0,
    columns: int = 60,
    chosen: tuple[str, int] | None = None,
) -> go.Figure:
    """What each patch does, states and gates downwards, the steps from `first` on, `columns` of them at most.

    `show` is ``share``, of the difference in the logit, or ``probability``. Colours run from −100 % to 100 % or from 0
    to 1 in every text; a step without a partner is left out. Invisible points over the map report clicks; the
    customdata of each begins with what is patched and the step, from 0.
    """
    values = grid.probabilities if show == "probability" else grid.shares
    assert values is not None, "shares of no difference"
    names = patch_names(list(values))
    steps = range(first, min(first + columns, len(grid.tokens[0])))
    cells = np.array([of_what[steps.start : steps.stop] for of_what in values.values()])  # [what, steps]
    shown = [[None if value != value else round(value, 4) for value in row] for row in cells.tolist()]
    written = "%{z:.2f}" if show == "probability" else "%{z:.0%}"
    figure = go.Figure(
        go.Heatmap(
            z=shown,
            x=[step + 1 for step in steps],
            y=list(range(len(names))),
            colorscale=DIVERGING,
            hoverinfo="skip",
            texttemplate=written if len(steps) <= _MOST_NUMBERS else None,
            xgap=1 if len(steps) <= layout.MOST_TICKS else 0,  # narrow cells would be all gap
            ygap=1,
            **_scale(show, grid.target),
        )
    )
    _points(figure, grid, values, names, steps)
    if chosen is not None and chosen[0] in names and chosen[1] in steps:
        row, step = list(names).index(chosen[0]), chosen[1]
        line = {"color": CHOSEN, "width": 3 if len(steps) <= layout.MOST_TICKS else 1}
        figure.add_shape(x0=step + 0.5, x1=step + 1.5, y0=row - 0.5, y1=row + 0.5, line=line)
    a, b = grid.probability
    return layout.finish(
        figure,
        _("{model}: from {a:.2f} towards {b:.2f}, one patch at a time").format(
            model=layout.model_name(grid.model), a=a, b=b
        ),
        170 + 34 * len(names),
        x=layout.token_axis([grid.tokens[0]], 0.5, steps.start, steps.stop, _("patched at this token"))
        | {"showgrid": False, "zeroline": False},
        y=layout.row_axis([layout.escape(name) for name in names.values()]) | {"showgrid": False},
        bottom=60,
    )


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
        above=True,
        y=layout.probability_axis(common([run.target for run in runs])),
        x=layout.token_axis([run.tokens for run in runs], 0.4, title=_("tokens read so far")),
        legend=layout.LEGEND_ABOVE,
        hovermode="x unified",
        top=110,
    )


def _scale(show: str, target: Target) -> dict[str, object]:
    """The range of the colours, the same in every map."""
    if show == "probability":
        return {
            "zmin": 0.0,
            "zmax": 1.0,
            "colorbar": {"title": {"text": layout.probability(target), "side": "right"}, "tickvals": [0, 0.5, 1]},
        }
    bar = {"title": {"text": _("share carried"), "side": "right"}, "tickvals": [-1, 0, 1], "tickformat": ".0%"}
    return {"zmin": -1.0, "zmax": 1.0, "colorbar": bar}


def _points(
    figure: go.Figure,
    grid: PatchGrid,
    values: dict[str, np.ndarray],
    names: dict[str, str],
    steps: range,
) -> None:
    """The invisible points that describe a cell and report a click on it."""
    shares = grid.shares
    kept = [(row, what, step) for row, what in enumerate(values) for step in steps if grid.partners[step] is not None]
    layout.click_points(
        figure,
        [(step + 1, row) for row, _what, step in kept],
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
            for _row, what, step in kept
        ],
        _("{what} at {token}, from {other}: {chance} {probability}, share {share}").format(
            chance=layout.probability(grid.target),
            what="%{customdata[2]}",
            token="%{customdata[3]}",
            other="%{customdata[4]}",
            probability="%{customdata[5]}",
            share="%{customdata[6]}",
        ),
    )

"""How often sarcasm fools models, on corpora of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from core.figures import layout
from core.figures.palette import style
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.probes.sarcasm.report import SarcasmReport

_APART = 0.2  # between models, of the distance between corpora


def fooling_rates(reports: Sequence[SarcasmReport]) -> go.Figure:
    """Of texts whose honest rewording is predicted negative, the share predicted positive, with its 95 % interval.

    A row per corpus with rewordings, a filled marker per model; an empty one is the share of the opposite flip.
    """
    figure = go.Figure()
    known = [report for report in reports if report.reworded]
    corpora = list(dict.fromkeys(report.data for report in known))
    models = list(dict.fromkeys(report.model for report in known))
    for index, model in enumerate(models):
        look = style(model, index)
        for opposite in (False, True):
            shares = [
                (corpora.index(one.data), one.reworded.opposite if opposite else one.reworded.fooling)
                for one in known
                if one.model == model and one.reworded
            ]
            there = [
                (row, 100 * share.share, (100 * share.interval[0], 100 * share.interval[1]), share.rows)
                for row, share in shares
                if share is not None and share.share is not None and share.interval is not None
            ]
            figure.add_scatter(
                x=[one[1] for one in there],
                y=[row + _APART * (index - (len(models) - 1) / 2) for row, *_rest in there],
                error_x=layout.error_bars([one[1] for one in there], [one[2] for one in there]),
                name=_("{model}, opposite flip").format(model=layout.model_name(model))
                if opposite
                else layout.model_name(model),
                mode="markers",
                marker={"color": look.color, "symbol": look.marker + ("-open" if opposite else ""), "size": 9},
                customdata=[[one[3]] for one in there],
                hovertemplate=_("%{x:.1f} % of %{customdata[0]:,} texts"),
            )
    return layout.finish(
        figure,
        _("Texts that fool a model"),
        150 + 70 * len(corpora),
        x={"title": _("share (%), 95 % intervals"), "range": [-2, 102]},
        y={"title": _("corpus"), **layout.row_axis([layout.model_name(corpus) for corpus in corpora])},
        legend=layout.LEGEND_ABOVE,
        top=70,
    )

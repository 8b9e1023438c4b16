"""How often sarcasm fools models, on corpora of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from core.figures import layout
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.probes.sarcasm.report import SarcasmReport


def fooling_rates(reports: Sequence[SarcasmReport]) -> go.Figure:
    """Of texts whose honest rewording is predicted negative, the share predicted positive, with its 95 % interval.

    A row per corpus with rewordings, a filled marker per model; an empty one is the share of the opposite flip.
    """
    figure = go.Figure()
    known = [report for report in reports if report.reworded]
    corpora = list(dict.fromkeys(report.data for report in known))
    models = list(dict.fromkeys(report.model for report in known))
    for index, model in enumerate(models):
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
            name = layout.model_name(model)
            layout.dots(
                figure,
                [one[:3] for one in there],
                model,
                (index, len(models)),
                hollow=opposite,
                name=_("{model}, opposite flip").format(model=name) if opposite else name,
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

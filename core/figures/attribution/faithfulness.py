"""How faithful methods of attribution are: on one sentence, and over many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.figures import layout
from core.figures.palette import SERIES, THRESHOLD, style
from core.runtime.i18n import gettext as _
from core.runtime.i18n import mark

if TYPE_CHECKING:
    from core.evaluation.intervals import Mean
    from core.probes.attribution.measures import Faithfulness
    from core.probes.attribution.standings import Benchmark

_BAND = "rgba(136, 136, 136, 0.25)"  # THRESHOLD's grey, seen through
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_TITLES = {
    "overall": mark("comprehensiveness − sufficiency (probability)"),
    "comprehensiveness": mark("comprehensiveness, AOPC (probability)"),
    "sufficiency": mark("sufficiency, AOPC (probability)"),
    "comprehensiveness_logit": mark("comprehensiveness, AOPC (logits)"),
    "sufficiency_logit": mark("sufficiency, AOPC (logits)"),
    "loo_tau": mark("Kendall’s τ with leave-one-out"),
    "infidelity": mark("infidelity (unexplained share of squared change)"),
    "sensitivity": mark("sensitivity (largest relative change)"),
}
LOWER_IS_BETTER = ("sufficiency", "sufficiency_logit", "infidelity", "sensitivity")


def faithfulness_curves(measured: Mapping[str, Faithfulness]) -> go.Figure:
    """What one text loses without its first tokens, and with them alone, a curve for each method and random's band.

    All are of one text and model, measured in one way.
    """
    one = next(iter(measured.values()))
    figure = make_subplots(
        cols=2,
        shared_yaxes=True,
        horizontal_spacing=0.06,
        subplot_titles=(
            _("comprehensiveness: without them (higher is better)"),
            _("sufficiency: only them (lower is better)"),
        ),
    )
    bins = list(range(len(one.percents)))
    for column, random in ((1, one.comprehensiveness_curve.random), (2, one.sufficiency_curve.random)):
        figure.add_scatter(
            x=[*bins, *reversed(bins)],
            y=[*(spread.high for spread in random), *(spread.low for spread in reversed(random))],
            fill="toself",
            fillcolor=_BAND,
            line={"width": 0},
            mode="lines",
            name=_("random rankings, middle 95 %"),
            legendgroup="band",
            showlegend=column == 1,
            hoverinfo="skip",
            row=1,
            col=column,
        )
        figure.add_scatter(
            x=bins,
            y=[spread.mean for spread in random],
            mode="lines",
            line={"color": THRESHOLD, "width": 1.5, "dash": "dash"},
            name=_("random rankings, mean"),
            legendgroup="mean",
            showlegend=column == 1,
            hovertemplate="%{y:.3f}",
            row=1,
            col=column,
        )
    for index, (method, faithfulness) in enumerate(measured.items()):
        look = SERIES[index % len(SERIES)]
        # A seventh method has the colour of the first, and another dash.
        dash = _DASHES[(index + index // len(SERIES)) % len(_DASHES)]
        for column, curve in ((1, faithfulness.comprehensiveness_curve), (2, faithfulness.sufficiency_curve)):
            figure.add_scatter(
                x=bins,
                y=curve.losses.tolist(),
                mode="lines+markers",
                line={"color": look.color, "dash": dash, "width": 2},
                marker={"symbol": look.marker, "size": 7},
                name=layout.escape(method),
                legendgroup=f"method {index}",
                showlegend=column == 1,
                hovertemplate="%{y:.3f}",
                row=1,
                col=column,
            )
    ticks = [f"{percent} %<br>({removed})" for percent, removed in zip(one.percents, one.removed, strict=True)]
    figure.update_xaxes(title=_("share of tokens (number of tokens)"), tickvals=bins, ticktext=ticks)
    figure.update_yaxes(title=_("drop in {chance}").format(chance=layout.probability(one.target)), col=1)
    return layout.finish(
        figure,
        _("What the top-ranked tokens are worth"),
        430 + 12 * len(measured),
        hovermode="x unified",
        legend=layout.below(0.3),
        top=80,
    )


def benchmark_plot(
    benchmarks: Sequence[Benchmark], measure: str = "overall", names: Mapping[str, str] = MappingProxyType({})
) -> go.Figure:
    """One measure of every method and model with its 95 % interval, and that of random rankings as a line and band.

    Methods are sorted by their mean over the models, the best on top, and shown under their `names`; one that was not
    measured has no marker.
    """
    best_last = 1 if measure in LOWER_IS_BETTER else -1
    by_method: dict[str, dict[str, Mean]] = {}
    for benchmark in benchmarks:
        for standing in benchmark.standings:
            of_method = by_method.setdefault(standing.method, {})
            if (mean := standing.measures[measure]) is not None:
                of_method[benchmark.model] = mean

    def height(method: str) -> tuple[bool, float]:
        means = [mean.mean for mean in by_method[method].values()]
        return not means, best_last * sum(means) / max(1, len(means))

    methods = sorted(by_method, key=height)
    method_names = [layout.escape(names.get(method, method)) for method in methods]
    figure = go.Figure()
    for index, benchmark in enumerate(benchmarks):
        look = style(benchmark.model, index)
        name = layout.model_name(benchmark.model)
        if (random := benchmark.random[measure]) is not None:
            low, high = random.interval
            figure.add_vrect(x0=low, x1=high, fillcolor=look.color, opacity=0.12, line_width=0, layer="below")
            figure.add_scatter(
                x=[random.mean, random.mean],
                y=[-0.5, len(methods) - 0.5],
                mode="lines",
                line={"color": look.color, "dash": look.dash, "width": 1.5},
                name=_("{model}, random rankings").format(model=name),
                hovertemplate="%{x:.3f}",
            )
        shown = [
            (row, by_method[method][benchmark.model])
            for row, method in enumerate(methods)
            if benchmark.model in by_method[method]
        ]
        layout.dots(
            figure,
            [(row, mean.mean, mean.interval) for row, mean in shown],
            benchmark.model,
            (index, len(benchmarks)),
            customdata=[[method_names[row], mean.rows] for row, mean in shown],
            hovertemplate=_("%{customdata[0]}: %{x:.3f}, %{customdata[1]:,} sentences"),
        )
    title = _(_TITLES[measure]).replace(" − ", " −<br>", 1)  # in lines that a phone has room for
    return layout.finish(
        figure,
        _("Faithfulness by method, with 95 % intervals"),
        220 + 24 * len(methods),
        x=title,
        y=layout.row_axis(method_names),
        legend={"orientation": "h", "x": 0, "xref": "container", "y": 0, "yref": "container", "yanchor": "bottom"},
        bottom=150,
    )

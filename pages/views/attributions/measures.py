"""How faithful the methods are on one sentence: a table, the curves behind it, and what each method adds up to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.runtime.i18n import gettext as _
from pages.views.attributions import benchmark, controls, trust
from pages.views.attributions import names as attribution_names
from pages.views.attributions.controls import Cell
from pages.views.attributions.trust import Sensitivity
from pages.widgets import classes, tables, target
from pages.wording.tokens import minus, plain

if TYPE_CHECKING:
    from core.probes.attribution.measures import Faithfulness, Spread
    from core.probes.attribution.results import Attribution


def faithfulness(cell: Cell, here: Sequence[Attribution], measured: Mapping[str, Faithfulness] | None) -> None:
    """The methods' measures in one table, and what it says of their order."""
    if measured is None:
        return
    table = st.container()
    sensitive = trust.sensitivity(cell, here) if len(cell.tokens) > 1 else None
    with table:
        _table(here, measured, sensitive)
    said = [attribution_names.magnitudes(measured)]
    if (stored := controls.stored_benchmarks([cell.checkpoint]).get(cell.checkpoint.name)) is not None:
        said.append(benchmark.best_of(stored))
    if warning := next(iter(measured.values())).warning:
        said.append(warning)
    for line in filter(None, said):
        st.caption(plain(line))


def curves(cell: Cell, measured: Mapping[str, Faithfulness]) -> None:
    from core.figures.attribution.faithfulness import faithfulness_curves

    chance = classes.probability_name(next(iter(measured.values())).target)
    st.plotly_chart(
        faithfulness_curves({attribution_names.method(name): one for name, one in measured.items()}),
        key=f"faithfulness curves {cell.sentence.number} {cell.checkpoint.name}",
        alt=_("Drop in {chance} by share of words, for every method and random rankings").format(chance=chance),
    )
    header = ["sentence", "model", "ranking", "percent", "words", "comprehensiveness", "sufficiency", "target"]
    name = f"curves-{cell.sentence.number}-{cell.checkpoint.name}"
    tables.download_chart(name, header, lambda: _curve_rows(cell, measured))


def _curve_rows(cell: Cell, measured: Mapping[str, Faithfulness]) -> list[tuple[object, ...]]:
    first = next(iter(measured.values()))
    curves = {
        method: (one.comprehensiveness_curve.losses.tolist(), one.sufficiency_curve.losses.tolist())
        for method, one in measured.items()
    }
    curves["random"] = (
        [one.mean for one in first.comprehensiveness_curve.random],
        [one.mean for one in first.sufficiency_curve.random],
    )
    return [
        (cell.sentence.number, cell.checkpoint.name, ranking, *cut, target.column(first.target))
        for ranking, losses in curves.items()
        for cut in zip(first.percents, first.removed, *losses, strict=True)
    ]


def _table(here: Sequence[Attribution], measured: Mapping[str, Faithfulness], sensitive: Sensitivity | None) -> None:
    """A row a method, with a badge where its ranking is not convincing; the range of random rankings below."""
    measures = {
        "comprehensiveness": _("comprehensiveness ↑"),
        "sufficiency": _("sufficiency ↓"),
        "loo_tau": _("τ with leave-one-out ↑"),
        "infidelity": _("infidelity ↓"),
    }
    first = next(iter(measured.values()))
    if first.warning:  # which says that these tell more
        measures["comprehensiveness_logit"] = _("comprehensiveness (logit) ↑")
        measures["sufficiency_logit"] = _("sufficiency (logit) ↓")
    header = [_("method"), _("note"), _("better than random"), *measures.values()]
    badge = [_("too few words") if len(here[0]) < trust.FEWEST else _("no better than random")]
    ranked = first.ranking_matters
    rows: list[list[object]] = [
        [
            attribution_names.marked(one.method),
            badge if ranked and measured[one.method].better < trust.CONVINCING else [],
            100 * measured[one.method].better if ranked else None,
            *(getattr(measured[one.method], key) for key in measures),
        ]
        for one in here
    ]
    random: list[object] = [_("random rankings, mean"), [], None, *(_mean(first.random[key]) for key in measures)]
    if sensitive is not None:
        header.append(_("sensitivity ↓"))
        for row, one in zip(rows, here, strict=True):
            row.append(sensitive.methods.get(one.method))
        random.append(sensitive.random)
    config = {
        header[2]: st.column_config.ProgressColumn(
            format="%d %%",
            min_value=0,
            max_value=100,
            help=_("The share of {count} random rankings that are less faithful.").format(count=first.randoms),
        ),
        header[1]: st.column_config.ListColumn(
            help=_("No better than random: less than {share:.0%} of random rankings are less faithful.").format(
                share=trust.CONVINCING
            )
        ),
    }
    tables.table(header, [*rows, random], column_config=config)


def _mean(spread: Spread | None) -> float | None:
    return None if spread is None else spread.mean


def sums(here: Sequence[Attribution]) -> None:
    removed = attribution_names.baselines()
    header = [_("method"), _("removal method"), _("Σ scores"), _("logit − base"), _("δ"), _("cost"), _("seconds")]
    tables.table(
        header,
        [
            (
                attribution_names.method(one.method),
                removed[one.baseline] if one.baseline else "–",
                float(one.scores.sum()),
                None if one.base_logit is None else one.logit - one.base_logit,
                "–" if one.delta is None else _small(one.delta),
                one.spent.worded(),
                one.seconds,
            )
            for one in here
        ],
    )


def _small(number: float) -> str:
    """A rounding error, without an exponent."""
    return minus(f"{number:+.3f}") if abs(number) >= 0.0005 else _("under 0.001")

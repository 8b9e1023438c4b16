"""Which method explains which model most faithfully? A benchmark measured on many sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed, together
from pages.views.attributions import controls, names
from pages.widgets import query_params, tables
from pages.wording import estimates
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.attribution.standings import Benchmark, Measures

_COMMAND = "python -m core faithfulness --model all --data FILE --rows {rows} --seed {seed} --out checkpoints/{file}"


def view(checkpoints: Sequence[Checkpoint]) -> None:
    """The stored benchmark of each model: dots with intervals, a table, what it covers and how to make it again."""
    from core.figures.attribution.faithfulness import benchmark_plot
    from core.probes.attribution.benchmark_file import FILE

    stored, fault = controls.read_stored()
    if fault:
        st.error(plain(_("The stored benchmark cannot be used: {fault}").format(fault=fault)))
    current = controls.stored_benchmarks(checkpoints)
    if stored is None or not current:
        st.info(_("No benchmark of these models yet. Run one with the command below."))
        st.code(_COMMAND.format(rows=200, seed=0, file=FILE), language="bash", wrap_lines=True)
        return
    for benchmark in current.values():
        _say(benchmark)
    measure = _choose_measure()
    st.plotly_chart(
        benchmark_plot(list(current.values()), measure, names.methods()),
        key="benchmark",
        alt=_("Faithfulness of every method with its interval, and of random rankings"),
    )
    for name, benchmark in current.items():
        with st.expander(_("All measures, {model}").format(model=plain(model_name(name))), icon=":material/table:"):
            tables.table(_header(), _table(benchmark))
    gone = stored.outdated({checkpoint.name: checkpoint.hash for checkpoint in checkpoints})
    if gone:
        st.caption(
            _("Left out, because the benchmark measured other versions: {models}").format(
                models=plain(listed(map(model_name, gone)))
            )
        )
    source = stored.source
    st.caption(
        plain(
            _(
                "{rows:,} sentences, drawn with seed {seed} from the {all:,} in {file}; no model was "
                "trained on them. Intervals: 95 % bootstrap over sentences. Score: comprehensiveness "
                "− sufficiency in probability, words deleted, from −1 to 1. Random rankings are "
                "measured in the same way."
            ).format(rows=source.rows, seed=source.seed, all=source.drawn_from, file=source.file)
        )
    )
    st.code(_COMMAND.format(rows=source.rows, seed=source.seed, file=FILE), language="bash", wrap_lines=True)
    header, rows = _rows(current)
    tables.download_chart("league", header, lambda: rows)


def _choose_measure() -> str:
    shown = {
        "overall": _("comprehensiveness − sufficiency"),
        "comprehensiveness": _("comprehensiveness"),
        "sufficiency": _("sufficiency"),
        "loo_tau": _("τ with leave-one-out"),
        "infidelity": _("infidelity"),
        "sensitivity": _("sensitivity"),
    }
    return query_params.choice(
        st.segmented_control,
        _("Measure"),
        {measure: plain(name) for measure, name in shown.items()},
        name="measure",
        key="benchmark measure",
    )


def _say(benchmark: Benchmark) -> None:
    """The most faithful method, compared with random rankings and with the next method."""
    best = next((one for one in benchmark.standings if one.method == benchmark.best), None)
    overall = None if best is None else best.measures["overall"]
    gain = None if best is None else best.gains["overall"]
    name = _("**{model}.** ").format(model=plain(names.measured(benchmark)))
    if best is None or overall is None or gain is None:
        st.markdown(name + _("No method was measured on any sentence."))
        return
    method = plain(names.method(best.method))
    if gain.interval[0] <= 0:
        line = _("No method is more faithful than random rankings. The highest score is that of {method}.")
        st.markdown(name + line.format(method=method))
        return
    lines = [
        _("**{method}** is the most faithful: {value:.3f} ({low:.3f} to {high:.3f}).").format(
            method=method, value=overall.mean, low=overall.interval[0], high=overall.interval[1]
        ),
        _("That is {value:.3f} ({low:.3f} to {high:.3f}) above random rankings of the same sentences.").format(
            value=gain.mean, low=gain.interval[0], high=gain.interval[1]
        ),
    ]
    if benchmark.tied:
        others = listed(names.method(one) for one in benchmark.tied)
        lines.append(_("Statistically tied with it on these sentences: {methods}.").format(methods=plain(others)))
    elif benchmark.runner_up is not None and benchmark.lead is not None:
        lines.append(
            _("It leads the next method, {method}, by {value:.3f} ({low:.3f} to {high:.3f}).").format(
                method=plain(names.method(benchmark.runner_up)),
                value=benchmark.lead.mean,
                low=benchmark.lead.interval[0],
                high=benchmark.lead.interval[1],
            )
        )
    st.markdown(name + together(lines))


def _header() -> list[str]:
    return [
        _("method"),
        _("comprehensiveness − sufficiency ↑"),
        _("gain over random"),
        _("comprehensiveness ↑"),
        _("sufficiency ↓"),
        _("τ with leave-one-out ↑"),
        _("infidelity ↓"),
        _("sensitivity ↓"),
        _("seconds per sentence"),
    ]


_MEASURES = ("comprehensiveness", "sufficiency", "loo_tau", "infidelity", "sensitivity")


def _table(benchmark: Benchmark) -> list[list[object]]:
    def cell(measures: Measures, name: str) -> estimates.Estimate:
        mean = measures[name]
        return estimates.NONE if mean is None else estimates.signed(mean.mean, mean.interval, 3)

    def row(name: str, measures: Measures, gains: Measures | None, seconds: str) -> list[object]:
        gain = estimates.NONE if gains is None else cell(gains, "overall")
        return [name, cell(measures, "overall"), gain, *(cell(measures, one) for one in _MEASURES), seconds]

    return [
        *(row(names.method(one.method), one.measures, one.gains, f"{one.seconds:.3f}") for one in benchmark.standings),
        row(_("random rankings"), benchmark.random, None, "–"),
    ]


def _rows(benchmarks: dict[str, Benchmark]) -> tuple[list[str], list[tuple[object, ...]]]:
    """A header, and a row for each model and method."""
    from core.probes.attribution.standings import COLUMNS

    def numbers(measures: Measures) -> list[object]:
        means = (measures[name] for name in COLUMNS)
        return [number for mean in means for number in (("",) * 3 if mean is None else (mean.mean, *mean.interval))]

    header = ["model", "method", *(f"{name}{end}" for name in COLUMNS for end in ("", "_from", "_to"))]
    rows: list[tuple[object, ...]] = []
    for name, benchmark in benchmarks.items():
        rows += [(name, one.method, *numbers(one.measures)) for one in benchmark.standings]
        rows.append((name, "random rankings", *numbers(benchmark.random)))
    return header, rows

"""Which method explains which model most faithfully? A benchmark measured on many sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.runtime.i18n import clauses, listed, together
from core.runtime.i18n import gettext as _
from pages.views.attributions import controls, names
from pages.widgets import query_params, tables
from pages.wording.tokens import lead, minus, plain

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.attribution.standings import Benchmark, Measures, Standing

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
    source = stored.source
    benchmarks = list(current.values())
    lead(_answer(benchmarks, source.rows))
    picture = st.container()
    measure = _choose_measure()
    keys = [one.method for one in benchmarks[0].standings]
    with picture:
        st.plotly_chart(
            benchmark_plot(benchmarks, measure, {key: names.marked(key) for key in names.methods()}),
            key="benchmark",
            alt=_("Faithfulness of every method with its interval, and of random rankings"),
        )
    if measure != "sensitivity" and (line := names.magnitudes(keys)):
        st.caption(plain(line))
    with st.expander(_("All measures"), icon=":material/table:", expanded=True):
        for benchmark in benchmarks:
            st.caption(plain(best_of(benchmark)))
        header, rows = _table(benchmarks)
        # Text that starts with a number sorts as text, so the intervals are in the file alone.
        tables.table(header, rows)
        header, numbers = _rows(current)
        tables.download_chart("league", header, lambda: numbers)
    with st.expander(_("How it was measured"), icon=":material/info:"):
        st.markdown(
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
    gone = stored.outdated({checkpoint.name: checkpoint.hash for checkpoint in checkpoints})
    if gone:
        st.caption(
            _("Left out, because the benchmark measured other versions: {models}").format(
                models=plain(listed(map(model_name, gone)))
            )
        )


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


def _answer(benchmarks: Sequence[Benchmark], rows: int) -> str:
    """Which method is the most faithful to which model, and which methods are no better than random rankings."""
    best: dict[str, list[str]] = {}
    weak: dict[str, list[str]] = {}
    for benchmark in benchmarks:
        if benchmark.best is not None:
            best.setdefault(benchmark.best, []).append(names.measured(benchmark))
        for standing in benchmark.standings:
            if not _beats_random(standing):
                weak.setdefault(standing.method, []).append(names.measured(benchmark))

    def said(found: dict[str, list[str]]) -> str:
        return clauses(
            _("{method} for {models}").format(method=names.method(method), models=listed(models))
            for method, models in found.items()
        )

    if not best:
        return _("No method was measured on any sentence.")
    line = _("Most faithful on {rows:,} sentences: {methods}.").format(rows=rows, methods=said(best))
    if not weak:
        return together((line, _("Every method is better than random rankings.")))
    return together((line, _("No better than random rankings: {methods}.").format(methods=said(weak))))


def _beats_random(standing: Standing) -> bool:
    gain = standing.gains["overall"]
    return gain is not None and gain.interval[0] > 0


def best_of(benchmark: Benchmark) -> str:
    """The most faithful method over many sentences beside random rankings, and its ties or its lead. Not escaped."""
    best = next((one for one in benchmark.standings if one.method == benchmark.best), None)
    overall = None if best is None else best.measures["overall"]
    gain = None if best is None else best.gains["overall"]
    if best is None or overall is None or gain is None:
        return _("{model}: no method was measured on any sentence.").format(model=names.measured(benchmark))
    lines = [
        _(
            "{model}, {rows:,} sentences, words deleted. Most faithful: {method}, {value} ({low} to {high}); "
            "{gain} above random rankings."
        ).format(
            model=names.measured(benchmark),
            rows=overall.rows,
            method=names.method(best.method),
            value=_written(overall.mean),
            low=_written(overall.interval[0]),
            high=_written(overall.interval[1]),
            gain=_written(gain.mean),
        )
    ]
    if benchmark.tied:
        tied = listed(names.method(one) for one in benchmark.tied)
        lines.append(_("Statistically tied with it on these sentences: {methods}.").format(methods=tied))
    elif benchmark.runner_up is not None and benchmark.lead is not None:
        lines.append(
            _("It leads the next method, {method}, by {value} ({low} to {high}).").format(
                method=names.method(benchmark.runner_up),
                value=_written(benchmark.lead.mean),
                low=_written(benchmark.lead.interval[0]),
                high=_written(benchmark.lead.interval[1]),
            )
        )
    return together(lines)


def _written(number: float) -> str:
    return minus(f"{number:.3f}")


_MEASURES = ("overall", "comprehensiveness", "sufficiency", "loo_tau", "infidelity", "sensitivity")


def _table(benchmarks: Sequence[Benchmark]) -> tuple[list[str], list[list[object]]]:
    """A header and a row for each model and method, the best of a model first, with a badge for no gain."""
    header = [
        _("model"),
        _("method"),
        _("note"),
        _("comprehensiveness − sufficiency ↑"),
        _("comprehensiveness ↑"),
        _("sufficiency ↓"),
        _("τ with leave-one-out ↑"),
        _("infidelity ↓"),
        _("sensitivity ↓"),
        _("seconds per sentence"),
    ]

    def means(measures: Measures) -> list[object]:
        return [None if (mean := measures[one]) is None else mean.mean for one in _MEASURES]

    rows: list[list[object]] = []
    for benchmark in benchmarks:
        model = names.measured(benchmark)
        for one in benchmark.standings:
            note = [] if _beats_random(one) else [_("no better than random")]
            if one.method in (benchmark.best, *benchmark.tied):
                note.append(_("best") if one.method == benchmark.best else _("tied"))
            rows.append([model, names.marked(one.method), note, *means(one.measures), one.seconds])
        rows.append([model, _("random rankings"), [], *means(benchmark.random), None])
    return header, rows


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

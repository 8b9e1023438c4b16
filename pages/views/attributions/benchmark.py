"""Which method explains which model most faithfully? The league that was measured on many sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed, together
from pages.views.attributions import controls, names
from pages.views.trajectories import controls as trajectories
from pages.widgets import query_params
from pages.wording import estimates
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.attribution.standings import League, Measures

_COMMAND = "python -m core faithfulness --model all --data FILE --rows {rows} --seed {seed} --out checkpoints/{file}"


def view(checkpoints: Sequence[Checkpoint]) -> None:
    """The stored league of each model: dots with intervals, a table, what it covers and how to make it again."""
    from core.figures.attribution.faithfulness import league_plot
    from core.probes.attribution.benchmark_file import FILE

    stored, fault = controls.read_stored()
    if fault:
        st.error(plain(_("The stored league cannot be used: {fault}").format(fault=fault)))
    current = controls.stored_leagues(checkpoints)
    if stored is None or not current:
        st.info(_("No league was measured on these models yet. Measure one with the command below."))
        st.code(_COMMAND.format(rows=200, seed=0, file=FILE), language="bash", wrap_lines=True)
        return
    for name, league in current.items():
        _say(name, league)
    measure = _choose_measure()
    st.plotly_chart(
        league_plot(list(current.values()), measure, names.methods()),
        key="league",
        alt=_("Faithfulness of every method with its interval, and of random rankings"),
    )
    for name, league in current.items():
        with st.expander(_("All measures, {model}").format(model=plain(model_name(name))), icon=":material/table:"):
            st.dataframe(estimates.as_shown(_header(), _table(league)), hide_index=True)
    gone = stored.outdated({checkpoint.name: checkpoint.hash for checkpoint in checkpoints})
    if gone:
        st.caption(_("Left out, as they are not the models measured: {models}").format(models=plain(listed(gone))))
    source = stored.source
    st.caption(
        plain(
            _(
                "{rows:,} sentences drawn by seed {seed} from the {all:,} of {file}; no model was trained on them. "
                "Intervals are the bootstrap’s over sentences, 95 %. Scored by comprehensiveness − sufficiency of "
                "probabilities, words deleted, from −1 to 1. Random rankings are measured in the same way."
            ).format(rows=source.rows, seed=source.seed, all=source.drawn_from, file=source.file)
        )
    )
    st.code(_COMMAND.format(rows=source.rows, seed=source.seed, file=FILE), language="bash", wrap_lines=True)
    header = ["model", "method", *_numbers_header()]
    trajectories.csv_button("league", header, lambda: _rows(current))


def _choose_measure() -> str:
    shown = {
        "overall": _("comprehensiveness − sufficiency"),
        "comprehensiveness": _("comprehensiveness"),
        "sufficiency": _("sufficiency"),
        "loo_tau": _("τ with leave-one-out"),
        "infidelity": _("infidelity"),
        "sensitivity": _("sensitivity"),
    }
    query_params.restore("measure", "overall", query_params.one_of(list(shown)), "league measure")
    measure = st.segmented_control(
        _("Measure"),
        list(shown),
        format_func=lambda name: plain(shown[name]),
        key="league measure",
        required=True,
        persist_state="session",
    )
    query_params.carry("measure", None if measure == "overall" else measure)
    return measure or "overall"


def _say(model: str, league: League) -> None:
    """Which method is the most faithful, with intervals, beside random rankings and the next."""
    best = next((one for one in league.standings if one.method == league.best), None)
    overall = None if best is None else best.measures["overall"]
    gain = None if best is None else best.gains["overall"]
    name = _("**{model}.** ").format(model=plain(model_name(model)))
    if best is None or overall is None or gain is None:
        st.markdown(name + _("No method was measured on any sentence."))
        return
    method = plain(names.method(best.method))
    if gain.interval[0] <= 0:
        line = _("No method is more faithful than random rankings; the highest is {method}.")
        st.markdown(name + line.format(method=method))
        return
    lines = [
        _("**{method}** is the most faithful: {value:.3f} ({low:.3f} to {high:.3f}).").format(
            method=method, value=overall.mean, low=overall.interval[0], high=overall.interval[1]
        ),
        _("That is {value:.3f} ({low:.3f} to {high:.3f}) more than random rankings of the same sentences.").format(
            value=gain.mean, low=gain.interval[0], high=gain.interval[1]
        ),
    ]
    if league.tied:
        others = listed(names.method(one) for one in league.tied)
        lines.append(_("Not to be told from it on these sentences: {methods}.").format(methods=plain(others)))
    elif league.runner_up is not None and league.lead is not None:
        lines.append(
            _("It is ahead of the next, {method}, by {value:.3f} ({low:.3f} to {high:.3f}).").format(
                method=plain(names.method(league.runner_up)),
                value=league.lead.mean,
                low=league.lead.interval[0],
                high=league.lead.interval[1],
            )
        )
    st.markdown(name + together(lines))


def _header() -> list[str]:
    return [
        _("method"),
        _("comprehensiveness − sufficiency ↑"),
        _("more than random"),
        _("comprehensiveness ↑"),
        _("sufficiency ↓"),
        _("τ with leave-one-out ↑"),
        _("infidelity ↓"),
        _("sensitivity ↓"),
        _("seconds a sentence"),
    ]


_MEASURES = ("comprehensiveness", "sufficiency", "loo_tau", "infidelity", "sensitivity")


def _table(league: League) -> list[list[object]]:
    def cell(measures: Measures, name: str) -> estimates.Estimate:
        found = measures[name]
        return estimates.NONE if found is None else estimates.signed(found.mean, found.interval, 3)

    rows: list[list[object]] = [
        [
            names.method(one.method),
            cell(one.measures, "overall"),
            cell(one.gains, "overall"),
            *(cell(one.measures, name) for name in _MEASURES),
            f"{one.seconds:.3f}",
        ]
        for one in league.standings
    ]
    chance: list[object] = [
        _("random rankings"),
        cell(league.random, "overall"),
        estimates.NONE,
        *(cell(league.random, name) for name in _MEASURES),
        "–",
    ]
    return [*rows, chance]


def _numbers_header() -> list[str]:
    from core.probes.attribution.standings import COLUMNS

    return [f"{name}{end}" for name in COLUMNS for end in ("", "_from", "_to")]


def _rows(leagues: dict[str, League]) -> list[tuple[object, ...]]:
    from core.probes.attribution.standings import COLUMNS

    def numbers(measures: Measures) -> list[object]:
        found: list[object] = []
        for name in COLUMNS:
            mean = measures[name]
            found += ["", "", ""] if mean is None else [mean.mean, *mean.interval]
        return found

    return [
        row
        for name, league in leagues.items()
        for row in [
            *((name, one.method, *numbers(one.measures)) for one in league.standings),
            (name, "random rankings", *numbers(league.random)),
        ]
    ]

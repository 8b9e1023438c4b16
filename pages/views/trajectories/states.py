"""States and gates as maps of units by tokens, of two sentences side by side; a click asks for one unit's step."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.data.labels import shown as shown_label
from core.figures.inside.states import MOST_CELLS, MOST_TOKENS, shown_names, state_heatmap, unit_line, values, widest
from core.figures.palette import shade
from core.runtime.i18n import gettext as _
from core.runtime.i18n import together
from pages.server.fingerprint import fingerprint
from pages.views.trajectories import controls, step
from pages.widgets import classes, models, query_params, sentences, tables, text_strip
from pages.wording.tokens import lead, signed, visible

if TYPE_CHECKING:
    import numpy as np

    from core.models.checkpoints import Checkpoint
    from core.models.trace import Trace
    from pages.widgets.sentences import Sentence

_ROWS = (32, 64)


def view(texts: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """The maps of one sentence or two in one model, and what was clicked in them."""
    from core.probes.dynamics.differences import units_apart

    with st.container(horizontal=True, vertical_alignment="bottom"):
        compared, checkpoint = _ask_run(texts, checkpoints)
        runs = [models.traced(checkpoint, sentence.text) for sentence in compared]
        own = fingerprint((checkpoint.hash, *(run.tokens for run in runs)))
        unit_key, token_key = f"trajectories unit {own}", f"trajectories token {own}"
        order = runs[0].units if len(runs) == 1 else units_apart(*runs)
        of, usual = _restore_choice(runs, int(order[0]), unit_key, token_key)
        if sent := controls.clicked(f"map {own}", partial(_has, runs), 3):
            st.session_state[unit_key], st.session_state[token_key], of = sent
        trace = runs[of]
        st.session_state[token_key] = min(st.session_state[token_key], len(trace) - 1)
        shown = _ask_what(trace)
        with st.popover(_("Settings"), icon=":material/tune:"):
            units = _ask_units(order)
            width = widest(len(units))
            window_key = f"trajectories from {width} {own}"
            longest = max(map(len, runs))
            first = controls.window(longest, width, st.session_state[token_key], "from", window_key)
    lead(_in_a_sentence(runs))
    chosen = st.session_state[unit_key], st.session_state[token_key]
    st.plotly_chart(
        state_heatmap(runs, shown, units, first, chosen, of),
        key=f"map {own}",
        on_select="rerun",
        selection_mode="points",
        alt=_("Values of the chosen state or gate; units down, tokens across; the downloadable table has all values"),
    )
    for number, run in enumerate(runs):
        looks = _looks(run, shown, chosen[0])
        at = chosen[1] if number == of else len(run)
        chart = "" if number else f"map {own}"
        moved = controls.chosen_step(run.tokens, run.known, looks, f"strip {number} {own}", at, chart)
        if moved is not None:
            st.session_state[token_key], of = moved, number
            st.session_state.pop(window_key, None)
            _carry_of(runs, of)
            st.rerun()
    _carry_of(runs, of)
    query_params.carry("token", None if chosen[1] == usual else controls.write_position(chosen[1]))
    names = _names(trace, order)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        unit = query_params.choice(
            st.selectbox, _("Unit"), names, name="unit", key=unit_key, default=int(order[0]), width=360
        )
        tables.download_chart("states", _header(runs), lambda: _rows(runs))
    token = chosen[1]
    st.plotly_chart(
        unit_line(trace, unit, token), key="unit line", alt=_("States and gates of the chosen unit along the tokens")
    )
    if len(trace) > MOST_TOKENS:
        st.caption(_("The text is long, so the gates’ lines are hidden. Click one in the legend to show it."))
    step.show(checkpoint, trace, token, unit)


def _ask_run(texts: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> tuple[Sequence[Sentence], Checkpoint]:
    """The sentences compared, or one, and the model that reads them."""
    readers = sentences.readers(checkpoints, *texts, which=all)
    if not readers:
        texts = [sentences.choose(texts)]
        readers = sentences.readers(checkpoints, *texts)
    usual = controls.first_model(readers, texts)
    name = models.choose_name([one.name for one in readers], "trajectories model", usual)
    checkpoint = next(one for one in readers if one.name == name)
    return texts, controls.aimed([checkpoint], texts[0].text)[0] if len(texts) == 2 else checkpoint


def _in_a_sentence(runs: Sequence[Trace]) -> str:
    """Where two runs split, or what moved the logit most, and the verdict."""
    from core.probes.dynamics.differences import difference

    chance = classes.probability_name(runs[0].target)
    if len(runs) == 1:
        (run,) = runs
        most = int(abs(run.contributions).argmax())
        return _(
            "{model}: “{word}” moves the {logit} most ({moved}), and unit {unit} moves it most over the text. {chance} "
            "ends at {end:.2f}."
        ).format(
            model=model_name(run.model),
            word=visible(run.tokens[most]),
            logit=classes.log_odds_name(run.target),
            moved=signed(run.contributions[most]),
            unit=int(run.units[0]),
            chance=chance,
            end=run.probability[-1],
        )
    found = difference(*runs)
    labels = [shown_label(run.target.labels[int(run.predicted[-1])]) for run in runs]
    ends = {"chance": chance, "one": runs[0].probability[-1], "other": runs[1].probability[-1]}
    said = (
        _("The verdicts differ: {first} and {second} ({chance} {one:.2f} and {other:.2f}).")
        if found.opposite
        else _("Both are {first} ({chance} {one:.2f} and {other:.2f}).")
    )
    return together([controls.split(found), said.format(first=labels[0], second=labels[1], **ends)])


def _ask_what(trace: Trace) -> str:
    """Which state or gate is drawn."""
    return query_params.choice(
        st.segmented_control,
        _("State or gate"),
        shown_names(trace),
        name="show",
        key=f"trajectories show {trace.cell}",
    )


def _ask_units(order: np.ndarray) -> list[int]:
    """The units shown, the first of their order."""
    units = [int(unit) for unit in order]
    offered = [rows for rows in _ROWS if rows < len(units)]
    if not offered:
        return units
    every = min(len(units), MOST_CELLS)
    names = {rows: f"{rows:,}" for rows in (*offered, every)}
    if every == len(units):
        names[every] = _("all {count:,}").format(count=every)
    rows = query_params.choice(
        st.segmented_control, _("Units shown"), names, name="units", key=f"trajectories rows {every}"
    )
    return units[:rows]


def _restore_choice(runs: Sequence[Trace], unit: int, unit_key: str, token_key: str) -> tuple[int, int]:
    """Puts the unit and the token of the link under their keys, or the usual ones; the run they are of, and that
    token: where two runs split, or the one that moved the logit most."""
    query_params.restore("of", 1, {"1": 1, "2": 2}.get, "trajectories of")
    of = min(st.session_state["trajectories of"], len(runs)) - 1
    if len(runs) == 1:
        token = int(abs(runs[0].contributions).argmax())
    else:
        differ = (one != other for one, other in zip(*(run.tokens for run in runs), strict=False))
        token = min(next((step for step, differs in enumerate(differ) if differs), 0), len(runs[of]) - 1)
    query_params.restore("unit", unit, query_params.whole(0, runs[0].h.shape[1] - 1), unit_key)
    query_params.restore("token", token, controls.read_position(max(map(len, runs))), token_key)
    return of, token


def _carry_of(runs: Sequence[Trace], of: int) -> None:
    if len(runs) == 2:
        st.session_state["trajectories of"] = of + 1
        query_params.carry("of", "2" if of else None)


def _looks(run: Trace, shown: str, unit: int) -> list[text_strip.Look]:
    """Every word in the colour of one unit's value there."""
    numbers = values(run, shown)[:, unit].astype(float)
    reach = max(1.0, float(abs(numbers).max()))
    return [text_strip.Look(shade(number / reach), signed(number)) for number in numbers.tolist()]


def _names(trace: Trace, order: np.ndarray) -> dict[int, str]:
    """The units, each with what it does to the logit."""
    names = {int(unit): str(unit) for unit in order}
    if (by_unit := trace.unit_contributions) is not None:
        moved, line = abs(by_unit).sum(axis=0), _("{unit} (total change in the logit: {moved:.2f})")
        names = {unit: line.format(unit=unit, moved=moved[unit]) for unit in names}
    return names


def _has(runs: Sequence[Trace], unit: object, token: object, of: object) -> bool:
    """Whether a run has this unit and token."""
    if type(unit) is not int or type(token) is not int or type(of) is not int or not 0 <= of < len(runs):
        return False
    return 0 <= unit < runs[of].h.shape[1] and 0 <= token < len(runs[of])


def _header(runs: Sequence[Trace]) -> list[str]:
    names = {"h": "hidden", "c": "cell_state", "cell": "cell_candidate"}
    shown = [names.get(shown, shown) for shown in shown_names(runs[0])]
    return ["sentence", "place", "token", "unit", *shown]


def _rows(runs: Sequence[Trace]) -> list[tuple[object, ...]]:
    """A row for each sentence, token and unit."""
    rows: list[tuple[object, ...]] = []
    for number, run in enumerate(runs, 1):
        columns = [values(run, shown).tolist() for shown in shown_names(run)]
        rows += [
            (number, position + 1, token, unit, *(column[position][unit] for column in columns))
            for position, token in enumerate(run.tokens)
            for unit in range(run.h.shape[1])
        ]
    return rows

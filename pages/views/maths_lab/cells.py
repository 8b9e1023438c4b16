"""RNN, GRU, LSTM side by side: their equations with live numbers, their cost, their speed here, what each gate adds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from core.data.examples import examples
from core.data.labels import model_name
from core.lab.cells import equations
from core.lab.cells.equations import small
from core.lab.cells.side_by_side import ROUNDS, SECONDS, Speed, cost, speeds
from core.lab.worksheet import Line, Sheet
from core.models.recurrent import CELLS
from core.models.step_arithmetic import Working, working
from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext, together
from pages.help.texts import texts
from pages.views.maths_lab import moving, worksheet
from pages.widgets import answers, black_box, classes, frame, models, query_params, tables, text_strip
from pages.widgets.number_inputs import key_of, slide_whole
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.trace import Trace


def view() -> None:
    """The three cells on one sentence, and what they cost."""
    text = frame.sentence(examples()[0].text)
    with frame.loading():
        checkpoints, faults = models.load_all()
    models.tell_of(faults)
    checkpoints = black_box.inside(checkpoints)
    if not checkpoints:
        models.tell_of_none()
        return
    chosen = _one_a_cell(checkpoints)
    lines = _live(text, chosen)
    moving.view()
    lines += _costs(chosen)
    if lines:
        worksheet.copies(Sheet("RNN, GRU, LSTM", tuple(lines)), "cells")
    _speed(chosen)
    _gates()


def _one_a_cell(checkpoints: list[Checkpoint]) -> list[Checkpoint]:
    """A model of each cell, asked for where there are several."""
    chosen = []
    with st.container(horizontal=True):
        for cell in CELLS:
            of_it = {checkpoint.name: checkpoint for checkpoint in checkpoints if checkpoint.model.cell == cell}
            names = sorted(of_it, key=lambda name: name != cell)  # the shipped one first
            if len(names) > 1:
                names = [st.selectbox(cell.upper(), names, key=f"cells {cell}", persist_state="session", width=200)]
            chosen += [of_it[name] for name in names]
    return chosen


def _live(text: str, chosen: list[Checkpoint]) -> list[Line]:
    """The equations of each cell and, below, one unit's numbers at one token; the same as lines of a sheet."""
    st.header(_("Equations with live numbers"))
    if not (chosen := answers.only(chosen, plain_only=False, torch_gates=True)):
        return []
    readers = [checkpoint for checkpoint in chosen if checkpoint.preprocessing(text)]
    if not readers:
        frame.invite(text)
        return []
    traces = [models.traced(checkpoint, text) for checkpoint in readers]
    token = _token(traces)
    unit = _unit(min(checkpoint.model.hidden_size for checkpoint in readers))
    lines: list[Line] = []
    workings: list[Working] = []
    for column, checkpoint, trace in zip(st.columns(len(readers)), readers, traces, strict=True):
        with column:
            step = min(token, len(trace)) - 1
            step_working = working(checkpoint.model, trace, step, int(trace.units[0]) if unit is None else unit)
            workings.append(step_working)
            lines += _live_one(checkpoint, trace, step_working)
    header = ["model", "token", "unit", "symbol", "from_input", "from_state", "value"]
    tables.download_chart("cells-live", header, lambda: _numbers(workings))
    return lines


def _token(traces: list[Trace]) -> int:
    """The token after which the numbers are shown, chosen on a slider or by a click on its word."""
    slider = key_of("cells_token")
    texts = list({trace.tokens: trace.known for trace in traces}.items())

    def chosen(number: int, token: int) -> dict[str, Any]:
        return {"key": f"cells words {number}", "chosen": min(token, len(texts[number][0])) - 1}

    if (before := st.session_state.get(slider)) is not None:
        for number, (tokens, _known) in enumerate(texts):
            now = chosen(number, before)
            clicked = text_strip.chosen_before(tokens, **now)
            if clicked is not None and clicked != now["chosen"]:
                st.session_state[slider] = clicked + 1
    strips = st.container()
    most = max(len(trace) for trace in traces)
    token = slide_whole(_("After token"), "cells_token", 1, most, most, most=1_000_000)
    with strips:
        for number, (tokens, known) in enumerate(texts):
            text_strip.choose(tokens, known, **chosen(number, token))
    return token


def _live_one(checkpoint: Checkpoint, trace: Trace, step: Working) -> list[Line]:
    """A cell in its column. The lines of the sheet say which cell, and hold no word of the text."""
    st.markdown(f"**{plain(model_name(checkpoint.name))}**")
    st.latex(small(equations.cell(trace.cell)))
    where = _("unit {unit}, token {token} of {count}; {chance} after it: {probability:.3f}").format(
        chance=classes.probability_name(trace.target),
        unit=step.unit,
        token=step.step + 1,
        count=len(trace),
        probability=trace.probability[step.step],
    )
    st.caption(plain(where))
    numbers = [*map(equations.narrow_gate, step.gates), *(equations.line(one, narrow=True) for one in step.lines)]
    for latex in numbers:
        st.latex(small(latex))
    cell = trace.cell.upper()
    first, *others = numbers
    return [Line(equations.cell(trace.cell), cell), Line(first, f"{cell}, {where}"), *map(Line, others)]


def _numbers(workings: list[Working]) -> list[tuple[object, ...]]:
    """A row a gate, then a row a line that makes the state."""
    return [
        (step.model, step.step + 1, step.unit, symbol, *values)
        for step in workings
        for symbol, *values in (
            *((gate.symbol, gate.from_input, gate.from_state, gate.value) for gate in step.gates),
            *((line.symbol, None, None, line.value) for line in step.lines),
        )
    ]


def _unit(units: int) -> int | None:
    """A unit, or None for each model's busiest; ``cells_unit`` in the link."""
    return query_params.linked(
        st.number_input,
        _("Unit, 0 to {last}; empty: the one that moved the verdict most").format(last=units - 1),
        0,
        units - 1,
        value=None,  # so that the box can be emptied again
        name="cells_unit",
        key="cells unit",
        default=None,
        read=query_params.whole(0, units - 1),
        fit=lambda unit: None if unit is None else min(unit, units - 1),
        step=1,
        width=360,
    )


def _costs(chosen: list[Checkpoint]) -> list[Line]:
    """Parameters and multiply-adds by formula, against the tensors, and accuracy from the cards."""
    st.header(_("Cost and accuracy"))
    costs = [cost(checkpoint) for checkpoint in chosen]
    least = min(one.multiply_adds for one in costs)
    header = [
        _("model"),
        _("accuracy"),
        _("95 % interval"),
        _("multiply-adds per token"),
        _("relative to the cheapest"),
    ]
    header += [_("parameters"), _("cell parameters"), _("embedding parameters"), _("read-out parameters")]
    tables.table(
        header,
        [
            (
                model_name(one.model),
                *_accuracy(checkpoint),
                f"{one.multiply_adds:,}",
                f"{one.multiply_adds / least:.2f}",
                f"{one.parameters:,}",
                f"{one.recurrent_parameters:,}",
                f"{one.embedding_parameters:,}",
                f"{one.read_out_parameters:,}",
            )
            for one, checkpoint in zip(costs, chosen, strict=True)
        ],
        "cells",
    )
    lines: list[Line] = []
    for one in costs:
        if one.layers == 1:
            both = equations.parameters(one), equations.multiply_adds(one)
            for column, latex in zip(st.columns(2), both, strict=True):
                column.latex(small(latex))
            lines += map(Line, both)
    wrong = [model_name(one.model) for one in costs if one.parameters != one.counted]
    if wrong:
        st.error(_("The formula and the tensors disagree: {models}.").format(models=plain(", ".join(wrong))))
    else:
        st.success(
            _("Checked: for every model, the formula gives exactly the number of parameters in its tensors."),
            icon=":material/check:",
        )
    return lines


def _accuracy(checkpoint: Checkpoint) -> tuple[str, str]:
    report = checkpoint.card.get("metrics", {}).get("report")
    if not report:
        return _("no report"), "–"
    low, high = report["accuracy_interval"]
    return f"{report['accuracy']:.4f}", f"{low:.4f} – {high:.4f}"


def _speed(chosen: list[Checkpoint]) -> None:
    """Tokens a second, measured when asked for and kept for this session."""
    st.header(_("Speed on this machine"))
    hashes = tuple(checkpoint.hash for checkpoint in chosen)
    seconds = len(chosen) * (ROUNDS + 1) * SECONDS
    if st.button(
        _("Measure ({seconds:.0f} seconds)").format(seconds=seconds), key="cells measure", icon=":material/speed:"
    ):
        with st.spinner(_("Measuring…")):
            st.session_state["cells speeds"] = (hashes, speeds(chosen))
    kept: tuple[tuple[str, ...], tuple[Speed, ...]] = st.session_state.get("cells speeds", ((), ()))
    if kept[0] != hashes:
        st.caption(_("Not measured yet."))
        return
    measured = kept[1]
    header = [_("model"), _("tokens per second"), _("slowest to fastest round")]
    tables.table(
        [*header, _("relative to {model}").format(model=model_name(measured[0].model))],
        [
            (
                model_name(speed.model),
                f"{speed.tokens_per_second:,.0f}",
                f"{min(speed.rates):,.0f} – {max(speed.rates):,.0f}",
                f"{speed.ratio(measured[0]):.2f}",
            )
            for speed in measured
        ],
    )
    tables.download_chart(
        "cells-speed",
        ["model", "round", "tokens_per_second"],
        lambda: [(speed.model, number, rate) for speed in measured for number, rate in enumerate(speed.rates, 1)],
    )
    threads = measured[0].threads
    lines = [
        ngettext(
            "One text of {tokens} tokens at a time, from token ids to verdict, with torch's fused "
            "code. It runs on one thread of this server. Median of {rounds} rounds; the models take "
            "turns.",
            "One text of {tokens} tokens at a time, from token ids to verdict, with torch's fused "
            "code. It runs on {threads} threads of this server. Median of {rounds} rounds; the "
            "models take turns.",
            threads,
        ).format(tokens=measured[0].tokens, threads=threads, rounds=len(measured[0].rates)),
        _("Fewer multiply-adds are not always faster: how well a library's code fits a cell matters as much."),
    ]
    st.caption(together(lines))


def _gates() -> None:
    """In plain words, with who said so first."""
    st.header(_("What each gate adds"))
    st.markdown("\n".join(f"- {_(about.idea)}" for about in texts("gates").values()))

"""RNN, GRU, LSTM side by side: their equations with live numbers, their cost, their speed here, what each gate adds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.data.examples import examples
from core.data.labels import model_name
from core.lab.cells.side_by_side import ROUNDS, SECONDS, Speed, cost, speeds
from core.lab.worksheet import Line, Sheet
from core.models.recurrent import CELLS
from core.models.step_arithmetic import Working, working
from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext, together
from pages.views.maths_lab import cells_equations as equations
from pages.views.maths_lab.cells_equations import small
from pages.views.trajectories import controls
from pages.widgets import black_box, classes, frame, models, prefixwise, query_params, tables, worksheet
from pages.widgets.number_inputs import slide_whole
from pages.wording.tokens import plain, token_strip

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
        st.error(_("No trained model can be used. Train some with: python -m core train --data FILE"))
        return
    chosen = _one_a_cell(checkpoints)
    lines = [*_live(text, chosen), *_costs(chosen)]
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
    st.header(_("The equations, with live numbers"))
    if not (chosen := prefixwise.only(chosen, plain_only=False, torch_gates=True)):
        return []
    readers = controls.readers(chosen, text)
    if not readers:
        frame.invite(text)
        return []
    traces = [controls.traced(checkpoint, text) for checkpoint in readers]
    most = max(len(trace) for trace in traces)
    token = slide_whole(_("After which token"), "cells_token", 1, most, most, most=1_000_000)
    unit = _unit(min(checkpoint.model.hidden_size for checkpoint in readers))
    lines: list[Line] = []
    workings: list[Working] = []
    for column, checkpoint, trace in zip(st.columns(len(readers)), readers, traces, strict=True):
        with column:
            step = min(token, len(trace)) - 1
            step_working = working(checkpoint.model, trace, step, int(trace.units[0]) if unit is None else unit)
            workings.append(step_working)
            lines += _live_one(checkpoint, trace, step_working)
    st.caption(
        _(
            "In a gate’s brackets stands first what the word brings, W x + b, then what the states before bring, "
            "U h + d, each summed over all dimensions; every product of these sums is on the page Trajectories. A unit "
            "of one model has nothing to do with the unit of that number in another."
        )
    )
    header = ["model", "token", "unit", "symbol", "from_input", "from_state", "value"]
    controls.csv_button("cells-live", header, lambda: _numbers(workings))
    return lines


def _live_one(checkpoint: Checkpoint, trace: Trace, step: Working) -> list[Line]:
    """A cell in its column. The lines of the sheet say which cell, and hold no word of the text."""
    st.markdown(f"**{plain(model_name(checkpoint.name))}**")
    st.latex(small(equations.cell(trace.cell)))
    token_strip([trace.tokens[step.step]], [trace.known[step.step]])
    where = _("unit {unit}, token {token} of {count}, {chance} after it {probability:.3f}").format(
        chance=classes.probability_name(checkpoint.labels),
        unit=step.unit,
        token=step.step + 1,
        count=len(trace),
        probability=trace.probability[step.step],
    )
    st.caption(plain(where))
    numbers = [*map(equations.gate, step.gates), *map(equations.line, step.lines)]
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
        _("Unit, 0 to {last}; empty: of each model the one that moved its verdict most").format(last=units - 1),
        0,
        units - 1,
        value=None,  # so that the box can be emptied again
        name="cells_unit",
        key="cells unit",
        default=None,
        read=query_params.whole(0, units - 1),
        fit=lambda unit: None if unit is None else min(unit, units - 1),
        unreadable=_("The link asks for a unit that is none of these; each model's busiest is shown."),
        step=1,
        width=360,
    )


def _costs(chosen: list[Checkpoint]) -> list[Line]:
    """Parameters and multiply-adds by formula, against the tensors, and accuracy from the cards."""
    st.header(_("What they cost, and how good they are"))
    costs = [cost(checkpoint) for checkpoint in chosen]
    least = min(one.multiply_adds for one in costs)
    header = [_("model"), _("accuracy"), _("95 % interval"), _("multiply-adds a token"), _("times the least")]
    header += [_("parameters"), _("of the cell"), _("of the embeddings"), _("of the read-out")]
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
            _("Checked: the formula gives the number of parameters that each model's tensors hold, to the last one."),
            icon=":material/check:",
        )
    st.caption(
        _(
            "P counts the cell’s weights and biases, M its multiplications a token, most of them with an addition. H "
            "is the number of units, E that of an embedding’s dimensions, G that of blocks of weights: one for a "
            "candidate or sum, one more for each gate. e counts the products that join gates and states, r(Uh + d), "
            "(1 − z)n and zh, or fc, ig and o tanh(c’). Looking up an embedding costs none. Accuracy is from each "
            "model’s card, with its 95 % interval."
        )
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
    st.header(_("How fast they are on this machine"))
    hashes = tuple(checkpoint.hash for checkpoint in chosen)
    seconds = len(chosen) * (ROUNDS + 1) * SECONDS
    if st.button(
        _("Measure ({seconds:.0f} seconds)").format(seconds=seconds), key="cells measure", icon=":material/speed:"
    ):
        with st.spinner(_("Measuring…")):
            st.session_state["cells speeds"] = (hashes, speeds(chosen))
    kept: tuple[tuple[str, ...], tuple[Speed, ...]] = st.session_state.get("cells speeds", ((), ()))
    if kept[0] != hashes:
        st.caption(_("Nothing is measured yet."))
        return
    measured = kept[1]
    header = [_("model"), _("tokens a second"), _("slowest to fastest round")]
    tables.table(
        [*header, _("times the {model}").format(model=model_name(measured[0].model))],
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
    controls.csv_button(
        "cells-speed",
        ["model", "round", "tokens_per_second"],
        lambda: [(speed.model, number, rate) for speed in measured for number, rate in enumerate(speed.rates, 1)],
    )
    threads = measured[0].threads
    lines = [
        ngettext(
            "One text of {tokens} tokens at a time, from its numbers to the verdict, by torch's fused code on one "
            "thread of this server; the median of {rounds} rounds in which the models take turns.",
            "One text of {tokens} tokens at a time, from its numbers to the verdict, by torch's fused code on "
            "{threads} threads of this server; the median of {rounds} rounds in which the models take turns.",
            threads,
        ).format(tokens=measured[0].tokens, threads=threads, rounds=len(measured[0].rates)),
        _("Fewer multiply-adds need not mean faster: how well a library's code fits a cell counts as much."),
    ]
    st.caption(together(lines))


def _gates() -> None:
    """In plain words, with who said so first."""
    st.header(_("What each gate adds"))
    lines = [
        _(
            "**RNN: a loop.** The state goes back in with the next word, so the net can remember at all (Elman 1990). "
            "But all of it is rewritten at every word, and what a far word left behind must pass every tanh and every "
            "U in between: it fades or blows up (Bengio, Simard & Frasconi 1994)."
        ),
        _(
            "**LSTM: a store beside the loop.** The cell state c is added to rather than rewritten. The *input gate* "
            "decides whether something is written, the *output gate* whether it shows; what neither touches stays "
            "(Hochreiter & Schmidhuber 1997)."
        ),
        _(
            "**Forget gate: a way to clear it.** Without it, c can only pile up over a long stream; with it, the cell "
            "can be emptied, at once or little by little (Gers, Schmidhuber & Cummins 2000). An f near 1 lets "
            "gradients through almost whole."
        ),
        _(
            "**GRU: the same with less.** One *update gate* z does both, keeping z of the old and taking 1 − z of the "
            "new; a *reset gate* r lets the candidate look away from the past; there is no store apart from the state "
            "(Cho et al. 2014). Three blocks of weights where the LSTM has four."
        ),
        _(
            "**Which is best?** On recorded speech GRU and LSTM both beat the plain RNN clearly, neither of them "
            "always the other; on music the three were close (Chung et al. 2014). A search through more than ten "
            "thousand cells found one that beats both on some tasks and none that does on all; a forget gate that "
            "starts open, with a bias of 1, closes the gap between LSTM and GRU (Jozefowicz, Zaremba & Sutskever 2015)."
        ),
    ]
    st.markdown("\n".join(f"- {line}" for line in lines))
    st.caption(
        _(
            "Elman 1990, Finding structure in time. Bengio, Simard & Frasconi 1994, Learning long-term dependencies "
            "with gradient descent is difficult. Hochreiter & Schmidhuber 1997, Long short-term memory. Gers, "
            "Schmidhuber & Cummins 2000, Learning to forget. Cho et al. 2014, Learning phrase representations using "
            "RNN encoder–decoder. Chung et al. 2014, Empirical evaluation of gated recurrent neural networks. "
            "Jozefowicz, Zaremba & Sutskever 2015, An empirical exploration of recurrent network architectures."
        )
    )

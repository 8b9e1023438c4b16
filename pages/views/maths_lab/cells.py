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
from pages.widgets import black_box, classes, frame, models, prefixwise, query_params, worksheet
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
        models.tell_of_none()
        return
    chosen = _one_a_cell(checkpoints)
    lines = [*_live(text, chosen), *_costs(chosen)]
    if lines:
        worksheet.copies(Sheet("RNN, GRU, LSTM", tuple(lines)), "cells")
    _speed(chosen)
    _gates()


def _one_a_cell(checkpoints: list[Checkpoint]) -> list[Checkpoint]:
    """A model of each cell, asked for where there are several."""
    found = []
    with st.container(horizontal=True):
        for cell in CELLS:
            of_it = {checkpoint.name: checkpoint for checkpoint in checkpoints if checkpoint.model.cell == cell}
            names = sorted(of_it, key=lambda name: name != cell)  # the shipped one first
            if len(names) > 1:
                names = [st.selectbox(cell.upper(), names, key=f"cells {cell}", persist_state="session", width=200)]
            found += [of_it[name] for name in names]
    return found


def _live(text: str, chosen: list[Checkpoint]) -> list[Line]:
    """The equations of each cell and, below, one unit's numbers at one token; the same as lines of a sheet."""
    st.header(_("The equations, with live numbers"))
    if not (chosen := prefixwise.only(chosen, plain_only=False, torch_gates=False)):
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
            found = working(checkpoint.model, trace, step, int(trace.units[0]) if unit is None else unit)
            workings.append(found)
            lines += _live_one(checkpoint, trace, found)
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


def _live_one(checkpoint: Checkpoint, trace: Trace, found: Working) -> list[Line]:
    """A cell in its column. The lines of the sheet say which cell, and hold no word of the text."""
    st.markdown(f"**{plain(model_name(checkpoint.name))}**")
    st.latex(small(equations.cell(trace.cell)))
    token_strip([trace.tokens[found.step]], [trace.known[found.step]])
    where = _("unit {unit}, token {token} of {count}, {chance} after it {probability:.3f}").format(
        chance=classes.probability_name(checkpoint.labels),
        unit=found.unit,
        token=found.step + 1,
        count=len(trace),
        probability=trace.probability[found.step],
    )
    st.caption(plain(where))
    numbers = [*map(equations.gate, found.gates), *map(equations.line, found.lines)]
    for latex in numbers:
        st.latex(small(latex))
    cell = trace.cell.upper()
    first, *others = numbers
    return [Line(equations.cell(trace.cell), cell), Line(first, f"{cell}, {where}"), *map(Line, others)]


def _numbers(workings: list[Working]) -> list[tuple[object, ...]]:
    """A row a gate, then a row a line that makes the state."""
    return [
        (found.model, found.step + 1, found.unit, symbol, *values)
        for found in workings
        for symbol, *values in (
            *((gate.symbol, gate.from_input, gate.from_state, gate.value) for gate in found.gates),
            *((line.symbol, None, None, line.value) for line in found.lines),
        )
    ]


def _unit(units: int) -> int | None:
    """A unit, or None for each model's own busiest; travels in the link as ``cells_unit``."""
    if not query_params.restore("cells_unit", None, query_params.whole(0, units - 1), "cells unit"):
        st.caption(_("The link asks for a unit that is none of these; each model's busiest is shown."))
    if st.session_state["cells unit"] is not None:
        st.session_state["cells unit"] = min(st.session_state["cells unit"], units - 1)
    unit = st.number_input(
        _("Unit, 0 to {last}; empty: of each model the one that moved its verdict most").format(last=units - 1),
        0,
        units - 1,
        step=1,
        key="cells unit",
        persist_state="session",
        width=360,
    )
    query_params.carry("cells_unit", None if unit is None else str(unit))
    return unit


def _costs(chosen: list[Checkpoint]) -> list[Line]:
    """Parameters and multiply-adds by formula, against the tensors, and accuracy from the cards."""
    st.header(_("What they cost, and how good they are"))
    costs = [cost(checkpoint) for checkpoint in chosen]
    least = min(found.multiply_adds for found in costs)
    rows = [
        {
            _("model"): model_name(found.model),
            **_accuracy(checkpoint),
            _("multiply-adds a token"): f"{found.multiply_adds:,}",
            _("times the least"): f"{found.multiply_adds / least:.2f}",
            _("parameters"): f"{found.parameters:,}",
            _("of the cell"): f"{found.recurrent_parameters:,}",
            _("of the embeddings"): f"{found.embedding_parameters:,}",
            _("of the read-out"): f"{found.read_out_parameters:,}",
        }
        for found, checkpoint in zip(costs, chosen, strict=True)
    ]
    st.dataframe(rows, hide_index=True)
    header = list(rows[0])
    controls.csv_button("cells", header, lambda: [list(row.values()) for row in rows])
    lines: list[Line] = []
    for found in costs:
        if found.layers == 1:
            both = equations.parameters(found), equations.multiply_adds(found)
            for column, latex in zip(st.columns(2), both, strict=True):
                column.latex(small(latex))
            lines += map(Line, both)
    wrong = [model_name(found.model) for found in costs if found.parameters != found.counted]
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


def _accuracy(checkpoint: Checkpoint) -> dict[str, str]:
    report = checkpoint.card.get("metrics", {}).get("report")
    if not report:
        return {_("accuracy"): _("no report"), _("95 % interval"): "–"}
    low, high = report["accuracy_interval"]
    return {_("accuracy"): f"{report['accuracy']:.4f}", _("95 % interval"): f"{low:.4f} – {high:.4f}"}


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
    found = kept[1]
    st.dataframe(
        [
            {
                _("model"): model_name(speed.model),
                _("tokens a second"): f"{speed.tokens_per_second:,.0f}",
                _("slowest to fastest round"): f"{min(speed.rates):,.0f} – {max(speed.rates):,.0f}",
                _("times the {model}").format(model=model_name(found[0].model)): f"{speed.ratio(found[0]):.2f}",
            }
            for speed in found
        ],
        hide_index=True,
    )
    controls.csv_button(
        "cells-speed",
        ["model", "round", "tokens_per_second"],
        lambda: [(speed.model, number, rate) for speed in found for number, rate in enumerate(speed.rates, 1)],
    )
    threads = found[0].threads
    told = [
        ngettext(
            "One text of {tokens} tokens at a time, from its numbers to the verdict, by torch's fused code on one "
            "thread of this server; the median of {rounds} rounds in which the models take turns.",
            "One text of {tokens} tokens at a time, from its numbers to the verdict, by torch's fused code on "
            "{threads} threads of this server; the median of {rounds} rounds in which the models take turns.",
            threads,
        ).format(tokens=found[0].tokens, threads=threads, rounds=len(found[0].rates)),
        _("Fewer multiply-adds need not mean faster: how well a library's code fits a cell counts as much."),
    ]
    st.caption(together(told))


def _gates() -> None:
    """In plain words, with who said so first."""
    st.header(_("What each gate adds"))
    said = [
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
    st.markdown("\n".join(f"- {line}" for line in said))
    st.caption(
        _(
            "Elman 1990, Finding structure in time. Bengio, Simard & Frasconi 1994, Learning long-term dependencies "
            "with gradient descent is difficult. Hochreiter & Schmidhuber 1997, Long short-term memory. Gers, "
            "Schmidhuber & Cummins 2000, Learning to forget. Cho et al. 2014, Learning phrase representations using "
            "RNN encoder–decoder. Chung et al. 2014, Empirical evaluation of gated recurrent neural networks. "
            "Jozefowicz, Zaremba & Sutskever 2015, An empirical exploration of recurrent network architectures."
        )
    )

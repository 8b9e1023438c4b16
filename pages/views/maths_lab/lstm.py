"""A cell of one unit by hand: tables to edit, every step written out, a plot, a check, a link."""

from __future__ import annotations

from itertools import cycle, islice

import streamlit as st

from core.figures.lab.cells import cell_by_hand
from core.lab.cells.activations import ACTIVATIONS
from core.lab.cells.arithmetic import GATES, MOST_STEPS, Exercise, Worked, work
from core.lab.cells.check import DIGITS, Check, check
from core.lab.cells.exercise_text import ALL_DIGITS, LONGEST, Tables, from_line, rounded, to_line
from core.lab.cells.layer import Layer, check_layer
from core.lab.cells.lstm_exercise import PRESETS, USUAL
from core.lab.cells.problem import drawn, problem
from core.lab.cells.worksheets import sheet, step_sheet
from core.lab.typed_numbers import matrix
from core.lab.worksheet import Sheet
from core.runtime.i18n import gettext as _
from core.runtime.i18n import together
from pages.views.maths_lab import attempt, worksheet
from pages.widgets import query_params, tables
from pages.widgets.number_inputs import ask_text, slide_whole
from pages.wording.tokens import plain

_BASE, _NOW, _VERSION = "hand base", "hand now", "hand version"  # of the session: tables as given, as typed
_BESIDE = 4  # inputs a step: with more of them the tables stand below each other
_WIDTH = 58  # pixels of a column of numbers
_W, _U = ("0.5 -1", "1.2 0.4", "-0.6 0.9"), ("0.3 0.1", "-0.2 0.4")  # rows of weights to start from


def view() -> None:
    """The tables and what follows from them, or an error where a cell holds no number."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        several = (
            query_params.choice(
                st.segmented_control,
                _("Units"),
                {"one": _("one"), "several": _("several, peepholes")},
                name="hand_n",
                key="hand n",
            )
            == "several"
        )
        sheet_number = None if several else attempt.seed("cell")
    if several:
        _several()
        return
    exercise = _own() if sheet_number is None else drawn(sheet_number)
    if exercise is not None and attempt.show(problem(exercise), "cell", given=sheet_number is not None):
        worked = work(exercise)
        decimals = _decimals()
        _outcome(worked, decimals)
        _step(worked, decimals)
        worksheet.copies(sheet(worked, decimals), "hand")


def _several() -> None:
    """A layer whose weights are pasted as matrices."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        cell = query_params.choice(
            st.segmented_control,
            _("Cell"),
            {name: name.upper() for name in ("lstm", "gru", "rnn")},
            name="hand_cell",
            key="hand cell",
        )
        coupled = peeping = False
        if cell == "lstm":
            coupled = _switch(_("Coupled gates, i = 1 − f"), "hand_coupled")
            peeping = _switch(_("Peepholes"), "hand_peep")
    names = [name for name in GATES[cell] if not (coupled and name == "i")]
    try:
        layer = _pasted(cell, names, coupled=coupled, peeping=peeping)
        asked = problem(layer)
    except ValueError as error:
        st.error(plain(str(error)))
        return
    if attempt.show(asked, "layer"):
        lines = tuple(line for part in asked.parts for line in asked.working(part))
        worksheet.show(Sheet(asked.title, lines), "hand layer")
        _checked(check_layer(layer, asked.truth))


def _switch(label: str, name: str) -> bool:
    on: bool = query_params.linked(
        st.toggle,
        label,
        name=name,
        key=name.replace("_", " "),
        default=False,
        read={"1": True}.get,
        write=lambda _on: "1",
    )
    return on


def _pasted(cell: str, names: list[str], *, coupled: bool, peeping: bool) -> Layer:
    """The matrices of the boxes, which start with two units. Raises ValueError for what cannot be read."""
    count = len(names)
    boxes = [
        ("W", "hand_w", _rows(_W, 2 * count)),
        ("U", "hand_u", _rows(_U, 2 * count)),
        ("b", "hand_b", " ".join(["0.1", "-0.2"] * count)),
        ("x", "hand_x", "1 0.5; -1 2; 0 -1.5"),
        ("y_0; c_0" if cell == "lstm" else "y_0", "hand_0", "0 0; 0 0" if cell == "lstm" else "0 0"),
    ]
    if cell == "gru":
        boxes.append(("d", "hand_d", "0.2 0.1"))
    if peeping:
        boxes.append(("P", "hand_p", _rows(_U, 3 - coupled)))
    typed = {}
    for row in (boxes[:3], boxes[3:]):
        for column, (name, key, usual) in zip(st.columns(len(row)), row, strict=True):
            with column:
                typed[key] = matrix(ask_text(f"${name}$", f"{key}_{cell}{count}", usual), name.replace("_", ""))
    rows = ", ".join(names)
    said = _(
        "Rows between semicolons, or pasted from NumPy or LaTeX. W, U and b have the units’ rows of {gates}, in order."
    )
    peeped = _("P has a row for each of {gates}.").format(gates=", ".join(name for name in names if name in "ifo"))
    st.caption(plain(together([said.format(gates=rows), *([peeped] if peeping else [])])))
    return Layer.stacked(
        cell,
        typed["hand_w"],
        typed["hand_u"],
        typed["hand_b"],
        typed["hand_x"],
        typed["hand_0"],
        d=typed.get("hand_d", ()),
        peepholes=typed.get("hand_p", ()),
        coupled=coupled,
    )


def _rows(some: tuple[str, ...], count: int) -> str:
    return "; ".join(islice(cycle(some), count))


def _own() -> Exercise | None:
    """The exercise of the tables, which the link carries; None, with a line, where a cell holds no number."""
    st.write(
        _(
            "A cell with a single unit, so that you can follow every number. In the first exercise x₄ "
            "is a number. x₁ or x₂ asks to store it in place of the old one. x₃ asks to output it."
        )
    )
    base = _base()
    typed = _tables(base)
    st.session_state[_NOW] = typed
    try:
        exercise = typed.read()
    except ValueError as error:
        st.error(plain(str(error)))
        return None
    line = to_line(exercise)
    short = len(line) <= LONGEST
    query_params.carry("hand", line if short and typed != Tables.of(PRESETS[USUAL]) else None)
    if not short:
        st.caption(
            _(
                "This exercise is too long for the link: it has {length:,} characters, and a link can hold {most:,}."
            ).format(length=len(line), most=LONGEST)
        )
    return exercise


def _base() -> Tables:
    """The tables to start from: the link's, a preset, or what was typed when the page was left."""
    state = st.session_state
    before = state.get(_BASE)
    query_params.restore("hand", Tables.of(PRESETS[USUAL]), _read, _BASE)
    if state[_BASE] is not before:
        _replace(state[_BASE])
    elif f"hand gates {state[_VERSION]}" not in state and _NOW in state:
        _replace(state[_NOW])  # the tables' own memory ends when the section is left
    st.pills(
        _("Start from"),
        list(_preset_names()),
        format_func=_preset_names().__getitem__,
        key="hand preset",
        on_change=_take_preset,
    )
    with st.container(horizontal=True):
        steps = st.number_input(_("Steps"), 1, step=1, key="hand steps", width=140)
        width = st.number_input(_("Inputs per step"), 1, step=1, key="hand width", width=140)
    base: Tables = state[_BASE]
    if (steps, width) != (len(base.inputs), len(base.inputs[0])):
        try:
            base = state.get(_NOW, base).resized(steps, width)
        except ValueError as error:
            st.error(plain(str(error)))
        else:
            _replace(base, sizes=False)
    return base


def _read(line: str) -> Tables | None:
    try:
        return Tables.of(from_line(line))
    except ValueError:
        return None


def _replace(tables: Tables, *, sizes: bool = True) -> None:
    """Start from other tables: the widgets that show them are new ones."""
    state = st.session_state
    state[_BASE] = state[_NOW] = tables
    state[_VERSION] = state.get(_VERSION, 0) + 1
    if sizes:
        state["hand steps"], state["hand width"] = len(tables.inputs), len(tables.inputs[0])


def _take_preset() -> None:
    chosen = st.session_state["hand preset"]
    if chosen:
        _replace(Tables.of(PRESETS[chosen]))
    st.session_state["hand preset"] = None  # a button, not a choice that lasts


def _preset_names() -> dict[str, str]:
    return {
        USUAL: _("LSTM that stores a number"),
        "lstm": _("standard LSTM"),
        "gru": _("GRU that stores"),
        "rnn": _("RNN, same inputs"),
    }


def _tables(base: Tables) -> Tables:
    """The tables as they stand in their widgets."""
    version = st.session_state[_VERSION]
    names = _gate_names(base.cell)
    left, right = st.columns([3, 2]) if len(base.inputs[0]) <= _BESIDE else (st.container(), st.container())
    with left:
        st.markdown(_("**Weights** of the inputs (x) and of the previous output (u), and biases (b)"))
        gates = _edited([_("gate"), *base.columns], names, base.gates, f"hand gates {version}")
    with right:
        st.markdown(_("**Inputs**, one row per step"))
        steps = [f"t = {t}" for t in range(1, len(base.inputs) + 1)]
        columns = [_("step"), *(f"x{number}" for number in range(1, len(base.inputs[0]) + 1))]
        inputs = _edited(columns, steps, base.inputs, f"hand inputs {version}")
    with st.container(horizontal=True):
        activations = tuple(
            st.selectbox(
                label, list(ACTIVATIONS), list(ACTIVATIONS).index(chosen), key=f"hand {label} {version}", width=150
            )
            for label, chosen in zip(_activation_labels(base.cell), base.activations, strict=True)
        )
        start = tuple(
            st.text_input(label, value, key=f"hand {label} {version}", width=110, max_chars=400)
            for label, value in zip(("$y_0$", "$c_0$"), base.start, strict=False)
        )
    return Tables(base.cell, activations, gates, inputs, start)


def _edited(
    columns: list[str], names: list[str], rows: tuple[tuple[str, ...], ...], key: str
) -> tuple[tuple[str, ...], ...]:
    """A table of texts below a header, its first column fixed; an emptied cell is an empty text."""
    first, *others = columns
    shown = [{first: name, **dict(zip(others, row, strict=True))} for name, row in zip(names, rows, strict=True)]
    edited = st.data_editor(
        shown,
        hide_index=True,
        disabled=[first],
        column_config={first: st.column_config.TextColumn(pinned=True)}
        | {column: st.column_config.TextColumn(width=_WIDTH, max_chars=400) for column in others},
        key=key,
    )
    return tuple(tuple(str(row[column] or "") for column in others) for row in edited)


def _gate_names(cell: str) -> list[str]:
    names = {
        "lstm": [_("z, cell input"), _("i, input gate"), _("f, forget gate"), _("o, output gate")],
        "gru": [_("r, reset gate"), _("z, update gate"), _("n, candidate")],
        "rnn": [_("z, sum")],
    }
    assert len(names[cell]) == len(GATES[cell])
    return names[cell]


def _activation_labels(cell: str) -> list[str]:
    return {
        "lstm": ["$g(z)$", "$f(z_i)$", "$f(z_f)$", "$f(z_o)$", "$h(c)$"],
        "gru": ["$f(z_r)$", "$f(z_z)$", "$g(z_n)$"],
        "rnn": ["$f(z)$"],
    }[cell]


def _decimals() -> int:
    """How many decimals are shown; ``hand_digits`` in the link."""
    options = {"0": _("whole where near"), "4": _("4 decimals"), "all": _("all digits")}
    chosen = query_params.choice(
        st.segmented_control, _("Numbers shown as"), options, name="hand_digits", key="hand digits", default="4"
    )
    return ALL_DIGITS if chosen == "all" else int(chosen)


def _outcome(worked: Worked, decimals: int) -> None:
    """The table, the plot and the remarks on them."""
    rows = [
        {**row, "x": ", ".join(f"{value:g}" for value in step.x)}
        for row, step in zip(worked.rows(), worked.steps, strict=True)
    ]
    header, numbers = list(rows[0]), [list(row.values()) for row in rows]
    tables.table(
        header,
        [[rounded(value, decimals) if isinstance(value, float) else value for value in row] for row in numbers],
    )
    tables.download_chart("by-hand", header, lambda: numbers)
    left, right = st.columns(2)
    with left:
        st.plotly_chart(cell_by_hand(worked), key="hand chart", alt=_("States and gates of the cell over the steps"))
    with right:
        _remarks(worked)


def _remarks(worked: Worked) -> None:
    """How far it is from decimals, and what lies beyond the largest number."""
    _checked(check(worked))
    if any(step.held for step in worked.steps):
        st.warning(
            _(
                "Some numbers exceed the largest possible number, 1.8e308, and are held there. Gates "
                "saturate, but no number is undefined, because sums are exact and rounded once. The "
                "plot leaves these numbers out."
            )
        )


def _checked(checked: Check) -> None:
    st.success(
        _(
            "Checked {numbers:,} numbers against decimals of {digits} digits. Largest error: {error:.1e} ({where})."
        ).format(numbers=checked.numbers, digits=DIGITS, error=checked.error, where=plain(checked.where)),
        icon=":material/check:",
    )


def _step(worked: Worked, decimals: int) -> None:
    """One step written out; ``hand_t`` in the link."""
    most = len(worked.steps)
    st.header(_("Step-by-step calculation"))
    t = slide_whole(_("Step t"), "hand_t", 1, most, 1, most=MOST_STEPS)
    worksheet.show(step_sheet(worked, t, decimals), "hand step", copy=False)

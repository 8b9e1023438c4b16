"""Backpropagation through time: numbers, blanks to fill in, working, three methods for a gradient, derivations."""

from __future__ import annotations

import streamlit as st

from core.lab.attempt import Problem
from core.lab.bptt.gradients import ACTIVATIONS, MOST_STEPS, Backpropagation, Exercise, backpropagation
from core.lab.bptt.problem import drawn, problem
from core.lab.bptt.units import Units, checks, work
from core.lab.bptt.worksheet import backward, forward
from core.lab.typed_numbers import matrix, number, written
from core.lab.worksheet import Sheet
from core.runtime.i18n import gettext as _
from pages.views.maths_lab import attempt, derivation, mistakes, vanishing, worksheet
from pages.widgets import query_params, tables
from pages.widgets.number_inputs import ask_number, ask_text, ask_whole, shown
from pages.wording.tokens import plain

_WEIGHTS = {"w_i": 0.6, "w_h": 0.9, "w_o": 1.5, "h_0": 0.0}
_INPUTS = "1, 0.5"


def view() -> None:
    """The exercise, from its numbers to the vanishing of its gradients."""
    sheet = attempt.seed("bptt hand")
    exercise: Exercise | Units | None = _ask() if sheet is None else drawn(sheet)
    try:
        asked = None if exercise is None else problem(exercise)
    except ValueError as error:
        st.info(plain(str(error)))
        asked = None
    if asked is not None and attempt.show(asked, key="bptt hand"):
        if isinstance(exercise, Exercise):
            _worked(exercise)
        elif exercise is not None:
            _worked_units(exercise, asked)
    steps = len(exercise.x) if exercise else 2
    activation = exercise.activation if exercise else "tanh"
    with st.expander(_("Check your own derivation"), icon=":material/spellcheck:"):
        derivation.view(steps, activation)
    with st.expander(_("Derivation, line by line"), icon=":material/format_list_numbered:"):
        derivation.lines(steps, activation)
    with st.expander(_("Find the mistake"), icon=":material/search:"):
        mistakes.view()
    with st.expander(_("Vanishing and exploding"), icon=":material/trending_down:"):
        vanishing.view()


def _ask() -> Exercise | Units | None:
    """The numbers; None, with a line that says why, where they make no exercise."""
    left, right = st.columns(2)
    activation = query_params.choice(
        left.segmented_control,
        _("Activation of the states"),
        list(ACTIVATIONS),
        name="bptt_a",
        key="bptt a",
        width="stretch",
    )
    size = query_params.choice(
        right.segmented_control,
        _("Units"),
        {"one": _("one"), "several": _("several, or softmax")},
        name="bptt_n",
        key="bptt n",
        width="stretch",
    )
    try:
        return _ask_one(activation) if size == "one" else _ask_units(activation)
    except ValueError as error:
        st.info(plain(str(error)))
        return None


def _ask_one(activation: str) -> Exercise:
    columns = st.columns(4)
    numbers = {}
    for column, (name, usual) in zip(columns, _WEIGHTS.items(), strict=True):
        with column:
            numbers[name] = ask_number(f"${name}$", f"bptt_{name.replace('_', '')}", usual)
    left, middle, right = st.columns([4, 2, 2], vertical_alignment="bottom")
    with left:
        inputs = ask_text(_("Inputs, separated by commas"), "bptt_x", _INPUTS)
    with middle:
        steps = ask_whole(_("Steps T"), "bptt_t", 1, MOST_STEPS, 2)
    with right:
        label = query_params.choice(
            st.segmented_control, _("Label y"), ["0", "1"], name="bptt_y", key="bptt y", width="stretch"
        )
    x = tuple(number(typed, f"x_{t}") for t, typed in enumerate(inputs.split(",")[: MOST_STEPS + 1], 1))
    exercise = Exercise(x=x, y=float(label), activation=activation, **numbers).over(steps)
    if len(x) < steps:
        st.caption(_("When the inputs run out, they repeat from the first."))
    elif len(x) > steps:
        st.caption(_("Only the first {steps} of {count} inputs are read.").format(steps=steps, count=len(x)))
    return exercise


def _ask_units(activation: str) -> Units:
    usual = Units()
    boxes = (
        ("W_i", "bptt_mi", usual.w_i),
        ("W_h", "bptt_mh", usual.w_h),
        ("W_o", "bptt_mo", usual.w_o),
        ("h_0", "bptt_m0", (usual.h_0,)),
        ("x", "bptt_mx", usual.x),
        ("y", "bptt_my", ((usual.y,),)),
    )
    typed = []
    for row in (boxes[:3], boxes[3:]):
        for column, (name, key, rows) in zip(st.columns(3), row, strict=True):
            with column:
                typed.append((ask_text(f"${name}$", key, written(rows)), name))
    st.caption(
        _(
            "Separate rows with semicolons. x has a row per step. With two or more rows in W_o, the output is a "
            "softmax and y is the number of the class, from 1."
        )
    )
    w_i, w_h, w_o, h_0, x, y = (matrix(*given) for given in typed)
    return Units(x, y[0][0], w_i, w_h, w_o, tuple(value for row in h_0 for value in row), activation)


def _worked(exercise: Exercise) -> None:
    result = backpropagation(exercise)
    for note in result.notes:
        st.warning(plain(note), icon=":material/vertical_align_top:")
    left, right = st.columns(2)
    with left:
        st.header(_("Forward"))
        worksheet.show(forward(result), "bptt forward")
    with right:
        st.header(_("Backward"))
        worksheet.show(backward(result), "bptt backward")
    st.header(_("One gradient, three methods"))
    _three_ways(result)


def _worked_units(units: Units, asked: Problem) -> None:
    lines = tuple(line for part in asked.parts for line in asked.working(part))
    worksheet.show(Sheet(asked.title, lines), "bptt units")
    st.header(_("One gradient, three methods"))
    rows = []
    for name, (by_autograd, central) in checks(units).items():
        closed = getattr(work(units), name)
        rows += [
            (
                f"dL/d{name} {row}, {column}",
                *(shown(float(some[row - 1, column - 1])) for some in (closed, by_autograd, central)),
            )
            for row in range(1, len(closed) + 1)
            for column in range(1, len(closed[0]) + 1)
        ]
    tables.table([_("derivative"), _("closed form"), _("autograd"), _("central differences")], rows)


def _three_ways(result: Backpropagation) -> None:
    header = [_("derivative"), _("closed form"), _("autograd"), _("central differences")]
    tables.table(
        [*header, _("error against autograd"), _("error against central differences")],
        [
            (
                gradient.name,
                *map(shown, (gradient.value, gradient.autograd, gradient.central)),
                *(shown(error, 2) for error in (gradient.error_autograd, gradient.error_central)),
            )
            for gradient in result.gradients
        ],
    )
    st.caption(
        _(
            "Largest error: {autograd} against autograd, {central} against central differences with "
            "a step of 6·10⁻⁶, all in float64. Errors are absolute, or relative if the gradient is "
            "above 1. “none” is a number beyond float64."
        ).format(
            autograd=plain(shown(result.largest_error_autograd, 2)),
            central=plain(shown(result.largest_error_central, 2)),
        )
    )
    header = ["derivative", "t", "term", "value", *("closed_form", "autograd", "central_differences")]
    tables.download_chart(
        "bptt",
        header,
        lambda: [
            (
                gradient.name,
                term.t,
                " * ".join(factor.symbol for factor in term.factors),
                term.value,
                *(gradient.value, gradient.autograd, gradient.central),
            )
            for gradient in result.gradients
            for term in gradient.terms
        ],
    )

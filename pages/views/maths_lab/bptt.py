"""Backpropagation through time: numbers, working, three methods for a gradient, a slip, a check of your own."""

from __future__ import annotations

import streamlit as st

from core.lab.bptt.gradients import MOST_STEPS, Backpropagation, Exercise, backpropagation
from core.lab.bptt.slip import Slip, slips
from core.lab.bptt.worksheet import backward, forward
from core.lab.typed_numbers import number
from core.runtime.i18n import gettext as _
from pages.views.maths_lab import derivation, vanishing, worksheet
from pages.widgets import query_params, tables
from pages.widgets.number_inputs import ask_number, ask_text, ask_whole, shown
from pages.wording.latex_words import worded
from pages.wording.tokens import plain

_WEIGHTS = {"w_i": 0.6, "w_h": 0.9, "w_o": 1.5, "h_0": 0.0}
_INPUTS = "1, 0.5"


def view() -> None:
    """The exercise, from its numbers to the vanishing of its gradients."""
    st.latex(
        r"\begin{aligned} h_t &= \tanh(w_i x_t + w_h h_{t-1}), \qquad \hat{y} = \sigma(w_o h_T) \\"
        r" L &= -y \log \hat{y} - (1 - y) \log(1 - \hat{y}) \end{aligned}"
    )
    exercise = _ask()
    if exercise is not None:
        _worked(exercise)
    with st.expander(_("Check your own derivation"), icon=":material/spellcheck:"):
        derivation.view(2 if exercise is None else len(exercise.x))
    with st.expander(_("Vanishing and exploding"), icon=":material/trending_down:"):
        vanishing.view()


def _ask() -> Exercise | None:
    """The numbers; None, with a line that says why, where they make no exercise."""
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
    try:
        x = tuple(number(typed, f"x_{t}") for t, typed in enumerate(inputs.split(",")[: MOST_STEPS + 1], 1))
        exercise = Exercise(x=x, y=float(label), **numbers).over(steps)
    except ValueError as error:
        st.info(plain(str(error)))
        return None
    if len(x) < steps:
        st.caption(_("When the inputs run out, they repeat from the first."))
    elif len(x) > steps:
        st.caption(_("Only the first {steps} of {count} inputs are read.").format(steps=steps, count=len(x)))
    return exercise


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
    with st.expander(_("A slip in the report, corrected"), icon=":material/report:"):
        _slip(slips(result))


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


def _slip(rows: tuple[Slip, ...]) -> None:
    st.write(
        _(
            "The report behind this workbench uses this factor twice: for the derivative with "
            "respect to w, and for that with respect to the state. Its sign and size are wrong:"
        )
    )
    st.latex(
        worded(
            r"\begin{aligned} \text{report:}\quad & \frac{\partial \hat{y}}{\partial w_o} = "
            r"-\frac{w_o h^2}{(1 + e^{-w_o h})^2} \\ \text{truth:}\quad & \frac{\partial \hat{y}}{\partial w_o} = "
            r"\hat{y} (1 - \hat{y})\, h \\ & \frac{\partial \hat{y}}{\partial h} = \hat{y} (1 - \hat{y})\, w_o "
            r"\\ \text{ratio:}\quad & -w_o h\, e^{w_o h}, \quad -h^2 e^{w_o h} \end{aligned}"
        )
    )
    header = [_("derivative"), _("report"), _("truth"), _("autograd"), _("report / truth"), _("algebraic ratio")]
    tables.table(
        [*header, _("its value"), _("right")],
        [
            (
                row.name,
                *map(shown, (row.report, row.truth, row.autograd, row.ratio)),
                row.algebra or "",
                shown(row.expected),
                _("yes") if row.right else _("no"),
            )
            for row in rows
        ],
    )
    consequence = _(
        "Its gradients of the loss are therefore wrong by the same ratio. Its derivatives of the "
        "states with respect to w_i and w_h are right for h_0 = 0. For any other h_0, the derivative "
        "with respect to w_h lacks the term with h_0."
    )
    st.caption(plain(consequence))

"""Derivations typed as formulas and compared with autograd: one of your choice, and each gradient line by line."""

from __future__ import annotations

import streamlit as st

from core.lab.bptt.derivation import MOST_STEPS, Check, check, letters, targets
from core.lab.bptt.gradients import WEIGHTS
from core.lab.bptt.lines import MOST_LINES, DerivationLine
from core.lab.bptt.lines import lines as derivation_lines
from core.lab.bptt.worksheet import latex
from core.lab.formula import parse
from core.runtime.i18n import gettext as _
from pages.widgets import query_params, tables
from pages.widgets.number_inputs import ask_text, shown
from pages.wording.latex_words import worded
from pages.wording.tokens import plain

_POINTS = 10  # that are shown


def view(steps: int, activation: str) -> None:
    """Compare a typed formula with autograd; one that cannot be read gives an error and stays in its box."""
    if steps > MOST_STEPS:
        st.caption(
            _("Derivations are checked over at most {most} steps, so this one is checked over {most}.").format(
                most=MOST_STEPS
            )
        )
        steps = MOST_STEPS
    offered = list(targets(steps))
    st.write(_("Type a derivative. It is compared with autograd at random numbers."))
    question, answer = st.columns(2)
    with question:
        target = query_params.choice(
            st.selectbox,
            _("Derivative"),
            offered,
            name="bptt_d",
            key="bptt d",
            format_func=_derivative,
        )
        _forget_if_other("bptt f", target, steps, activation)
        formula = ask_text(_("Your formula"), "bptt_f", "")
        line = _(
            "Variables: {letters}. h is the last state, u = w_o h, and yhat is ŷ. A known derivative, as "
            "dL/dh_{t}, is a variable too. Products need no *; LaTeX can be pasted."
        )
        st.caption(plain(line.format(letters=", ".join(letters(steps)), t=steps)))
    if not formula.strip():
        with answer:
            st.info(_("The result will stand here."))
        return
    try:
        result = check(formula, target, steps=steps, activation=activation)
    except ValueError as error:
        with answer:
            st.error(plain(str(error)), icon=":material/edit_off:")
        return
    with answer:
        _verdict(result)
    if not result.agrees:
        _points(result)


def _forget_if_other(key: str, *question: object) -> None:
    """Empty a box whose question has changed, so that an answer is never held against another question."""
    before = st.session_state.get(f"{key} asked")
    if before is not None and before != question:
        st.session_state[key] = ""
    st.session_state[f"{key} asked"] = question


def _derivative(target: str) -> str:
    """A derivative as plain text."""
    over, under = target.split("/")
    return f"∂{over[1:]} / ∂{under[1:]}".replace("yhat", "ŷ")


def _verdict(result: Check) -> None:
    """What was understood, and whether it is right."""
    st.caption(_("Understood as"))
    st.latex(worded(f"{latex(result.target)} = {result.latex}"))
    (st.success if result.agrees else st.warning)(
        plain(result.statement()), icon=":material/check:" if result.agrees else ":material/close:"
    )
    if result.off_by is not None:
        over = r"\text{yours} / \text{truth}" if result.kind != "term" else r"\text{truth} - \text{yours}"
        st.latex(worded(f"{over} = {latex(str(result.off_by))}"))


def _points(result: Check) -> None:
    points = result.points[:_POINTS]
    names = [name for name in points[0].values if name not in ("h", "L", "u")]
    tables.table(
        [_("your formula"), _("autograd"), _("yours / autograd"), *names],
        [
            (
                *map(shown, (point.formula, point.truth, point.ratio)),
                *(shown(point.values[name], 4) for name in names),
            )
            for point in points
        ],
    )
    st.caption(
        _("The first {shown} of {count} points, drawn with seed {seed}. “none” is not a finite number.").format(
            shown=len(points), count=len(result.points), seed=result.seed
        )
    )


def lines(steps: int, activation: str) -> None:
    """The derivation of a gradient: a box a line, checked, with a hint and the line itself on demand."""
    if steps > MOST_LINES:
        st.caption(_("The derivation is written over {most} steps.").format(most=MOST_LINES))
        steps = MOST_LINES
    weight = query_params.choice(
        st.segmented_control,
        _("Gradient with respect to"),
        list(WEIGHTS),
        name="bptt_l",
        key="bptt l",
    )
    st.write(_("Fill in a line and press Enter. A line may use the lines above it."))
    for index, line in enumerate(derivation_lines(weight, steps, activation)):
        _line(line, f"bptt line {index}", steps, activation, weight)


def _line(line: DerivationLine, key: str, steps: int, activation: str, weight: str) -> None:
    asked = (weight, line.target, steps, activation)
    if st.session_state.get(f"{key} asked") != asked:
        st.session_state[f"{key} hint"] = st.session_state[f"{key} shown"] = False
    _forget_if_other(key, *asked)
    name, box, tools = st.columns([2, 5, 3], vertical_alignment="center")
    name.latex(rf"{latex(line.target)} =", width="content")
    typed = box.text_input(
        _derivative(line.target), key=key, label_visibility="collapsed", autocomplete="off", persist_state="session"
    )
    with tools.container(horizontal=True):
        st.toggle(_("Hint"), key=f"{key} hint")
        st.toggle(_("Show this line"), key=f"{key} shown")
    if (typed or "").strip():
        try:
            result = check(typed, line.target, steps=steps, activation=activation)
        except ValueError as error:
            st.error(plain(str(error)), icon=":material/edit_off:")
        else:
            colour, icon = ("green", "check") if result.agrees else ("red", "close")
            said = _("Right.") if result.agrees else result.statement()
            st.markdown(f":{colour}[:material/{icon}: {plain(said)}] ${worded(result.latex)}$")
    if st.session_state[f"{key} hint"]:
        st.markdown(f":material/lightbulb: {plain(line.hint)}")
    if st.session_state[f"{key} shown"]:
        names = [*letters(steps), *(name for name in targets(steps) if name != line.target)]
        st.latex(worded(f"{latex(line.target)} = {parse(line.formula, names).latex(latex)}"))

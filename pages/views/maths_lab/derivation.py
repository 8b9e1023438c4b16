"""A derivation typed as a formula and compared with autograd."""

from __future__ import annotations

import streamlit as st

from core.lab.bptt.derivation import MOST_STEPS, Check, check, letters, targets
from core.lab.bptt.worksheet import latex
from core.runtime.i18n import gettext as _
from pages.widgets import query_params, tables
from pages.widgets.number_inputs import ask_text, shown
from pages.wording.latex_words import worded
from pages.wording.tokens import plain

_TARGET, _FORMULA = "dyhat/dw_o", "-w_o * h^2 / (1 + e^(-w_o * h))^2"
_POINTS = 10  # that are shown


def view(steps: int) -> None:
    """Compare a typed formula with autograd; one that cannot be read gives an error and stays in its box."""
    if steps > MOST_STEPS:
        st.caption(
            _("Derivations are checked over at most {most} steps, so this one is checked over {most}.").format(
                most=MOST_STEPS
            )
        )
        steps = MOST_STEPS
    offered = list(targets(steps))
    st.write(
        _(
            "Type a derivative. It is compared with autograd at random numbers. If they differ, you "
            "see by what. The box starts with the report’s slip."
        )
    )
    left, right = st.columns([1, 3])
    target = query_params.choice(
        left.selectbox,
        _("Derivative"),
        offered,
        name="bptt_d",
        key="bptt d",
        default=_TARGET if _TARGET in offered else offered[0],
    )
    with right:
        formula = ask_text(_("Your formula"), "bptt_f", _FORMULA)
    line = _("Variables: {letters}. h is the last state, u = w_o h, and yhat is ŷ. Write a product with *.")
    st.caption(plain(line.format(letters=", ".join(letters(steps)))))
    try:
        result = check(formula, target, steps=steps)
    except ValueError as error:
        st.error(plain(str(error)), icon=":material/edit_off:")
        return
    _checked(result)


def _checked(result: Check) -> None:
    st.code(result.formula, language=None, wrap_lines=True)
    (st.success if result.agrees else st.warning)(
        plain(result.statement()), icon=":material/check:" if result.agrees else ":material/close:"
    )
    if result.off_by is not None:
        over = r"\text{yours} / \text{truth}" if result.kind != "term" else r"\text{truth} - \text{yours}"
        st.latex(worded(f"{over} = {latex(str(result.off_by))}"))
    points = result.points[:_POINTS]
    letters = [name for name in points[0].values if name not in ("h", "L", "u")]
    tables.table(
        [_("your formula"), _("autograd"), _("yours / autograd"), *letters],
        [
            (
                *map(shown, (point.formula, point.truth, point.ratio)),
                *(shown(point.values[name], 4) for name in letters),
            )
            for point in points
        ],
    )
    st.caption(
        _("The first {shown} of {count} points, drawn with seed {seed}. “none” is not a finite number.").format(
            shown=len(points), count=len(result.points), seed=result.seed
        )
    )

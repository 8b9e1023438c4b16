"""A derivation of one's own, typed as a formula and compared with autograd."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.runtime.i18n import gettext as _
from pages.widgets import query_params
from pages.widgets.number_inputs import ask_text, shown
from pages.wording.latex_words import worded
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.lab.bptt.derivation import Check

_TARGET, _FORMULA = "dyhat/dw_o", "-w_o * h^2 / (1 + e^(-w_o * h))^2"
_POINTS = 10  # that are shown


def view(steps: int) -> None:
    """A formula typed, compared with autograd; a formula that cannot be read is one line, and stays in its box."""
    from core.lab.bptt.derivation import MOST_STEPS, check, letters, targets

    if steps > MOST_STEPS:
        st.caption(_("Derivations are checked over up to {most} steps; this is over {most}.").format(most=MOST_STEPS))
        steps = MOST_STEPS
    offered, key = list(targets(steps)), "bptt d"
    st.write(
        _(
            "Type a derivative; it is compared with autograd at random numbers, and where it differs you are told what "
            "it is off by. The box begins with the report’s slip."
        )
    )
    query_params.restore("bptt_d", _TARGET, query_params.one_of(offered), key)
    if st.session_state[key] not in offered:  # those of another number of steps
        st.session_state[key] = offered[0]
    left, right = st.columns([1, 3])
    target = left.selectbox(_("Derivative"), offered, key=key, persist_state="session")
    query_params.carry("bptt_d", None if target == _TARGET else target)
    with right:
        formula = ask_text(_("Your formula"), "bptt_f", _FORMULA)
    letters_told = _("Letters: {letters}. Here h is the last state, u = w_o h, and yhat is ŷ. A product has a *.")
    st.caption(plain(letters_told.format(letters=", ".join(letters(steps)))))
    try:
        found = check(formula, target, steps=steps)
    except ValueError as error:
        st.error(plain(str(error)), icon=":material/edit_off:")
        return
    _checked(found)


def _checked(found: Check) -> None:
    from core.lab.bptt.worksheet import latex

    st.code(found.formula, language=None, wrap_lines=True)
    told = plain(found.statement())
    if found.agrees:
        st.success(told, icon=":material/check:")
    else:
        st.warning(told, icon=":material/close:")
    if found.off_by is not None:
        over = r"\text{yours} / \text{truth}" if found.kind != "term" else r"\text{truth} - \text{yours}"
        st.latex(worded(f"{over} = {latex(str(found.off_by))}"))
    st.dataframe(
        [
            {
                _("your formula"): shown(point.formula),
                _("autograd"): shown(point.truth),
                _("yours / autograd"): shown(point.ratio),
                **{name: shown(point.values[name], 4) for name in point.values if name not in ("h", "L", "u")},
            }
            for point in found.points[:_POINTS]
        ],
        hide_index=True,
    )
    st.caption(
        _("The first {shown} of {count} points, drawn from seed {seed}; “none” is not a finite number.").format(
            shown=min(_POINTS, len(found.points)), count=len(found.points), seed=found.seed
        )
    )

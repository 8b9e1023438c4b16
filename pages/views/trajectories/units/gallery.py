"""One unit: the text coloured by it, and the sentences in which it is strongest, after Karpathy et al. 2015."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.runtime.i18n import gettext as _
from pages.views.trajectories.units import pattern_file
from pages.widgets import frame, query_params, text_strip
from pages.widgets.number_inputs import ask_whole
from pages.wording.tokens import Number, lead

if TYPE_CHECKING:
    import numpy as np

    from core.models.checkpoints import Checkpoint
    from core.models.trace import Trace


def view(checkpoint: Checkpoint, trace: Trace, state: str, usual: int) -> None:
    """A fold with the choice of a unit, at first the `usual` one."""
    with st.expander(
        _("One unit: where is it strongest?"),
        icon=":material/palette:",
        on_change="rerun",
        key="pat gallery",
        expanded=query_params.opens("pat gallery", "pat_unit"),
    ) as opened:
        if opened.open:
            _view(checkpoint, trace, state, usual)


def _view(checkpoint: Checkpoint, trace: Trace, state: str, usual: int) -> None:
    from core.probes.units.unit_texts import strongest

    answer = st.container()
    states = trace.h if state == "h" or trace.c is None else trace.c
    last = states.shape[1] - 1
    with st.container(horizontal=True, vertical_alignment="bottom"):
        unit = ask_whole(_("Unit"), "pat_unit", 0, last, usual, key=f"pat unit {checkpoint.name} {last}", width=160)
        ends = {"high": _("highest values"), "low": _("lowest values")}
        end = query_params.choice(st.segmented_control, _("Strongest means"), ends, name="pat_end", key="pat end")
    with st.spinner(_("Reading the sentences…"), show_time=False):
        index = pattern_file.own(checkpoint.every, state)
    found = strongest(index, unit, lowest=end == "low")
    reach = max([1.0 if state == "h" else 0.0, *(float(abs(one.values).max()) for one in found)])
    with answer:
        best = found[0]
        lead(
            (
                _("Unit {unit} of the {model} is lowest after “{word}” ({value:.2f}).")
                if end == "low"
                else _("Unit {unit} of the {model} is strongest after “{word}” ({value:.2f}).")
            ).format(
                unit=unit,
                model=model_name(checkpoint.name),
                word=best.tokens[best.token],
                value=Number(best.values[best.token]),
            )
        )
        looks = _looks(states[:, unit], reach)
        text_strip.choose(trace.tokens, trace.known, looks, key="pat unit words", chart="pat lines")
    st.caption(_("The sentences of this project in which it is strongest. Click a word to copy its sentence."))
    for place, one in enumerate(found):
        known = [token in checkpoint.vocabulary for token in one.tokens]
        key = f"pat unit text {place}"
        if text_strip.choose(one.tokens, known, _looks(one.values, reach), key=key) is not None:
            frame.open_elsewhere(" ".join(one.tokens))


def _looks(values: np.ndarray, reach: float) -> Sequence[text_strip.Look]:
    from core.figures.palette import shade

    return [text_strip.Look(ground=shade(value / reach), hint=f"{Number(value):.2f}") for value in values.tolist()]

"""How far the gradient of the final logit reaches back through a sentence, and how much each step can stretch it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.runtime.i18n import gettext as _
from pages.views.trajectories import controls
from pages.widgets import frame, query_params
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.dynamics.trajectories import Gradients
    from pages.views.trajectories.controls import Sentence

_GAINS = ("0.25", "0.5", "0.75", "1", "1.5", "2", "3", "4")


def view(texts: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """Gradients and Jacobians of one sentence, model by model."""
    from core.figures.inside.gradients import gradient_norms, step_norms

    with st.container(horizontal=True):
        sentence = controls.choose_sentence(texts)
        chosen = controls.choose_models(controls.readers(checkpoints, sentence.text))
    gain = _ask_gain()
    with frame.working(_("Working out gradients and Jacobians…"), 900):
        found = [_gradients(checkpoint.name, checkpoint.hash, sentence.text, gain, checkpoint) for checkpoint in chosen]
    st.plotly_chart(
        gradient_norms(found), key="gradients", alt=_("Norms of the gradient of the final logit at every token")
    )
    st.caption(
        _(
            "The gradient by c holds all that follows from the cell state, the hidden state of its own step among it. "
            "A norm of 0, which is less than the model’s numbers can hold, is left out of a logarithmic axis."
        )
    )
    st.plotly_chart(
        step_norms(found), key="steps", alt=_("Spectral norm of every step's Jacobian, and gradients with their bound")
    )
    for gradients in found:
        st.markdown(f"**{plain(model_name(gradients.model))}.** {plain(gradients.statement)}")
    st.info(
        _(
            "What such a bound tells, after Pascanu, Mikolov & Bengio 2013: if the spectral norms stay below 1, that "
            "suffices for the gradient to vanish, but it may vanish without. For it to explode, norms above 1 are "
            "necessary but not sufficient: the gradient need not point where a step stretches. Neither statement is an "
            "equivalence, though both are often quoted as one. The norms here are measured at the states of this very "
            "text; for the LSTM, of its hidden and cell state together."
        ),
        icon=":material/info:",
    )
    header = ["model", "gain", "place", "token", "h", "c", "x", "state", "jacobian", "log10_bound"]
    controls.csv_button("gradients", header, lambda: _rows(found))


def _ask_gain() -> float:
    key = "trajectories gain"
    if not query_params.restore("gain", "1", query_params.one_of(_GAINS), key):
        st.caption(_("The link asks for a gain that is not offered; the weights stand as they were trained."))
    gain = st.select_slider(
        _("Recurrent weights, times"),
        _GAINS,
        key=key,
        persist_state="session",
        help=_("1 is the model as trained. Less makes gradients vanish sooner, more may make them explode."),
    )
    query_params.carry("gain", None if gain == "1" else gain)
    if gain != "1":
        st.warning(
            _("With recurrent weights {gain} times their size this is another model, with other verdicts.").format(
                gain=plain(gain)
            ),
            icon=":material/science:",
        )
    return float(gain)


@st.cache_data(max_entries=64, show_spinner=False)
def _gradients(name: str, model_hash: str, text: str, gain: float, _checkpoint: Checkpoint) -> Gradients:
    from core.probes.dynamics.trajectories import gradients

    return gradients(_checkpoint, text, gain)


def _rows(found: Sequence[Gradients]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for gradients in found:
        of_c = [""] * len(gradients.tokens) if gradients.c is None else gradients.c.tolist()
        columns = [gradients.h.tolist(), of_c]
        columns += [
            column.tolist() for column in (gradients.x, gradients.state, gradients.jacobian, gradients.log10_bound)
        ]
        rows += [
            (gradients.model, gradients.gain, place, token, *values)
            for place, (token, *values) in enumerate(zip(gradients.tokens, *columns, strict=True), 1)
        ]
    return rows

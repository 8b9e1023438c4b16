"""How far the gradient of the final logit reaches back through a sentence, and how much each step can stretch it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.data.targets import log_odds_name
from core.runtime.i18n import gettext as _
from pages.server.caches import cached
from pages.widgets import frame, models, query_params, sentences, tables, target
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.dynamics.trajectories import Gradients
    from pages.widgets.sentences import Sentence

_GAINS = ("0.25", "0.5", "0.75", "1", "1.5", "2", "3", "4")


def view(texts: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """Gradients and Jacobians of one sentence, model by model."""
    from core.figures.inside.gradients import gradient_norms, step_norms

    with st.container(horizontal=True):
        sentence = sentences.choose(texts)
        chosen = models.choose_some(sentences.readers(checkpoints, sentence), "trajectories models")
    gain = _ask_gain()
    with frame.working(_("Computing gradients and Jacobians…"), 900):
        results = [_gradients(checkpoint, sentence.text, gain) for checkpoint in chosen]
    st.plotly_chart(
        gradient_norms(results), key="gradients", alt=_("Norm of the gradient of the final logit at every token")
    )
    st.caption(
        _(
            "The gradient with respect to c includes everything that follows from the cell state, "
            "including the hidden state of the same step. A norm of 0 is too small for the model’s "
            "number format. A logarithmic axis leaves it out."
        )
    )
    st.plotly_chart(
        step_norms(results),
        key="steps",
        alt=_("Spectral norm of every step's Jacobian, and gradients with their bound"),
    )
    for gradients in results:
        st.markdown(f"**{plain(model_name(gradients.model))}.** {plain(gradients.statement)}")
    st.info(
        _(
            "What the bound shows (Pascanu, Mikolov & Bengio 2013): spectral norms below 1 suffice "
            "for the gradient to vanish. It may vanish without them. Norms above 1 are necessary for "
            "it to explode, but not sufficient: the gradient need not point where a step stretches. "
            "Neither statement is an equivalence, though both are often quoted as one. The norms "
            "here are measured at this text’s states; for the LSTM, at its hidden and cell state "
            "together."
        ),
        icon=":material/info:",
    )
    header = ["model", "gain", "place", "token", "h", "c", "x", "state", "jacobian", "log10_bound"]
    named = target.columns(gradients.target for gradients in results)
    tables.download_chart("gradients", header + named, lambda: _rows(results, named))


def _ask_gain() -> float:
    gain = query_params.linked(
        st.select_slider,
        _("Scale recurrent weights by"),
        _GAINS,
        name="gain",
        key="trajectories gain",
        default="1",
        read=query_params.one_of(_GAINS),
        unreadable=_("Unknown scale factor in the link; using the trained weights."),
        help=_("1 is the model as trained. Less makes gradients vanish sooner; more may make them explode."),
    )
    if gain != "1":
        st.warning(
            _("With recurrent weights scaled by {gain}, this is another model, and its verdicts may differ.").format(
                gain=plain(gain)
            ),
            icon=":material/science:",
        )
    return float(gain)


@cached(64)
def _gradients(checkpoint: Checkpoint, text: str, gain: float) -> Gradients:
    from core.probes.dynamics.trajectories import gradients

    return gradients(checkpoint, text, gain)


def _rows(results: Sequence[Gradients], named: Sequence[str]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for gradients in results:
        of_c = [""] * len(gradients.tokens) if gradients.c is None else gradients.c.tolist()
        columns = [gradients.h.tolist(), of_c]
        columns += [
            column.tolist() for column in (gradients.x, gradients.state, gradients.jacobian, gradients.log10_bound)
        ]
        rows += [
            (
                *(gradients.model, gradients.gain, position, token),
                *values,
                *(log_odds_name(gradients.target) for _column in named),
            )
            for position, (token, *values) in enumerate(zip(gradients.tokens, *columns, strict=True), 1)
        ]
    return rows

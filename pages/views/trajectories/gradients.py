"""How far the gradient of the final logit reaches back through a sentence, and how much each step can stretch it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.examples import examples
from core.data.labels import model_name
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed, together
from pages.server.caches import cached
from pages.server.fingerprint import fingerprint
from pages.views.trajectories import controls
from pages.widgets import frame, models, query_params, sentences, tables, target, text_strip
from pages.widgets.sentences import Sentence
from pages.wording.tokens import lead, paragraph, plain

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.dynamics.trajectories import Gradients

_HALF = 0.5  # of the recurrent weights, drawn beside those as trained
_LONG = 120  # characters of a long example
_GAINS = ("0.25", "0.5", "0.75", "1", "1.5", "2", "3", "4")


def view(texts: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """How much of the gradient is left at each word of one sentence, model by model."""
    from core.figures.inside.gradients import gradient_norms, step_norms, vanishing

    with st.container(horizontal=True, vertical_alignment="bottom"):
        sentence = _ask_sentence(texts)
        chosen = models.choose_some(sentences.readers(checkpoints, sentence), "trajectories models")
        with st.popover(_("Settings"), icon=":material/tune:"):
            gain = _ask_gain()
    with frame.working(_("Computing gradients and Jacobians…"), 500):
        results = [_gradients(checkpoint, sentence.text, gain) for checkpoint in chosen]
        halved = [_gradients(checkpoint, sentence.text, _HALF) for checkpoint in chosen] if gain == 1 else []
    if gain != 1:
        st.warning(
            _("With recurrent weights scaled by {gain:g}, this is another model, and its verdicts may differ.").format(
                gain=gain
            ),
            icon=":material/science:",
        )
    lead(_in_a_sentence(results, halved))
    longest = max(results, key=lambda one: len(one.tokens))
    key = f"trajectories gradient {fingerprint(longest.tokens)}"
    query_params.restore("at", None, controls.read_position(len(longest.tokens)), key)
    at = st.session_state[key]
    st.plotly_chart(
        vanishing(results, None if at is None else at + 1, halved),
        key="vanishing",
        alt=_("Share of the gradient of the final logit that is left at every token, by model"),
    )
    known = models.traced(chosen[results.index(longest)], sentence.text).known
    moved = controls.chosen_step(longest.tokens, known, _looks(results), f"strip {key}", at, "vanishing")
    if moved is not None:
        st.session_state[key] = moved
        st.rerun()
    query_params.carry("at", None if at is None else controls.write_position(at))
    norms, steps = st.tabs([_("States and embeddings"), _("Steps and bound")])
    norms.plotly_chart(
        gradient_norms(results), key="gradients", alt=_("Norm of the gradient of the final logit at every token")
    )
    steps.plotly_chart(
        step_norms(results),
        key="steps",
        alt=_("Spectral norm of every step's Jacobian, and gradients with their bound"),
    )
    for gradients in results:
        with steps:
            paragraph(plain(model_name(gradients.model)), plain(gradients.statement))
    header = ["model", "gain", "place", "token", "h", "c", "x", "state", "jacobian", "log10_bound", "target"]
    tables.download_chart("gradients", header, lambda: _rows(results))


def _ask_sentence(texts: Sequence[Sentence]) -> Sentence:
    """The sentence; a long example in place of the first example, which is too short for anything to vanish."""
    example = next(example.text for example in examples() if len(example.text) > _LONG)
    names = {"1": _("the first sentence"), "2": _("the second sentence"), "long": _("a long example")}
    if len(texts) == 1:
        names = {str(texts[0].number): _("your sentence"), "long": names["long"]}
    chosen = query_params.choice(
        st.segmented_control,
        _("Sentence"),
        names,
        name="of",
        key="trajectories gradients of",
        default="long" if texts[0].text == examples()[0].text else next(iter(names)),
    )
    return next((text for text in texts if str(text.number) == chosen), Sentence(0, example))


def _in_a_sentence(results: Sequence[Gradients], halved: Sequence[Gradients]) -> str:
    """What is left of each gradient at the first word, and of those of the models with half the recurrent weights."""
    count = max(len(one.tokens) for one in results)
    if count == 1:
        return _("There is one token, so the gradient passes through no step.")
    said = [
        _("Gradient at the first of {count:,} words, as a share of that at the last: {left}.").format(
            count=count, left=_left(results)
        )
    ]
    if halved:
        said.append(_("With half the recurrent weights (dotted): {left}.").format(left=_left(halved)))
    return together(said)


def _left(results: Sequence[Gradients]) -> str:
    return listed(
        _("{model} {share}").format(model=model_name(one.model), share=_share(one.state[0] / (one.state[-1] or 1)))
        for one in results
    )


def _share(share: float) -> str:
    """A share in per cent, to two digits; of one near zero, that it is less than 0.1%."""
    if share < 0.001:
        return _("under 0.1%")
    return f"{share:.1%}" if share < 0.1 else f"{share:,.0%}"


def _looks(results: Sequence[Gradients]) -> list[text_strip.Look]:
    """Every word's share of the gradient that is left, by model."""
    looks = []
    for at in range(max(len(one.tokens) for one in results)):
        told = [
            _("{model} {share}").format(model=model_name(one.model), share=_share(one.state[at] / (one.state[-1] or 1)))
            for one in results
            if at < len(one.tokens)
        ]
        looks.append(text_strip.Look(hint="\n".join(told)))
    return looks


def _ask_gain() -> float:
    gain = query_params.linked(
        st.select_slider,
        _("Scale recurrent weights by"),
        _GAINS,
        name="gain",
        key="trajectories gain",
        default="1",
        read=query_params.one_of(_GAINS),
        help=_("1 is the model as trained. Less makes gradients vanish sooner; more may make them explode."),
    )
    return float(gain)


@cached(64)
def _gradients(checkpoint: Checkpoint, text: str, gain: float) -> Gradients:
    from core.probes.dynamics.trajectories import gradients

    return gradients(checkpoint, text, gain)


def _rows(results: Sequence[Gradients]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for gradients in results:
        of_c = [""] * len(gradients.tokens) if gradients.c is None else gradients.c.tolist()
        columns = [gradients.h.tolist(), of_c]
        columns += [
            column.tolist() for column in (gradients.x, gradients.state, gradients.jacobian, gradients.log10_bound)
        ]
        rows += [
            (gradients.model, gradients.gain, position, token, *values, target.column(gradients.target))
            for position, (token, *values) in enumerate(zip(gradients.tokens, *columns, strict=True), 1)
        ]
    return rows

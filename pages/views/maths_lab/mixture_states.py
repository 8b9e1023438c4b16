"""Hidden states as points for the mixture: of which model, over which sentences, along which axes; what it found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.data.examples import examples
from core.data.labels import model_name
from core.runtime.i18n import gettext as _
from core.runtime.i18n import together
from pages.views.trajectories import controls
from pages.widgets import black_box, classes, frame, models, query_params
from pages.widgets.number_inputs import ask_lines, ask_whole
from pages.wording.tokens import plain, visible

if TYPE_CHECKING:
    import numpy as np

    from core.lab.mixture.em import Mixture
    from core.lab.mixture.states import States
    from core.models.checkpoints import Checkpoint

_LONGEST, _MOST_AXES = 20_000, 5


def states() -> States | None:
    """The states that were asked for; None, with a line that says why, where there are none."""
    with frame.loading():
        checkpoints, faults = models.load_all()
    models.tell_of(faults)
    checkpoints = black_box.inside(checkpoints)
    if not checkpoints:
        st.error(_("There is no model here that could be used."))
        return None
    checkpoint = _model(checkpoints)
    axes, dimensions = _axes(checkpoint)
    default = "\n".join(example.text for example in examples())
    text = ask_lines(_("Sentences, one a line"), "mix_texts", default, _LONGEST)
    texts = tuple(line for line in text.splitlines() if line.strip())
    try:
        with st.spinner(_("Reading the sentences…"), show_time=False):
            found = _states(checkpoint.name, checkpoint.hash_with_state_space, texts, axes, dimensions, checkpoint)
    except (ValueError, LookupError) as error:
        st.error(plain(str(error)))
        return None
    said = _("{count:,} states of {sentences:,} sentences. The axes hold {share:.0%} of the variance of all units.")
    told = [said.format(count=len(found.points), sentences=len(found.sentences), share=float(found.explained.sum()))]
    if found.skipped:
        told.append(_("Lines without a word to read: {count}.").format(count=found.skipped))
    st.caption(together(told))
    return found


@st.cache_data(max_entries=16, show_spinner=False)
def _states(
    name: str, model_hash: str, texts: tuple[str, ...], axes: str, dimensions: int, _checkpoint: Checkpoint
) -> States:
    from core.lab.mixture.states import states_of

    return states_of(_checkpoint, texts, axes, dimensions)


def _model(checkpoints: list[Checkpoint]) -> Checkpoint:
    by_name = {checkpoint.name: checkpoint for checkpoint in checkpoints}
    usual = "lstm" if "lstm" in by_name else checkpoints[0].name
    query_params.restore("mix_model", usual, query_params.one_of(list(by_name)), "mix model")
    if st.session_state["mix model"] not in by_name:
        st.session_state["mix model"] = usual
    name = st.segmented_control(
        _("Model"),
        list(by_name),
        format_func=lambda name: plain(model_name(name)),
        key="mix model",
        required=True,
        persist_state="session",
    )
    query_params.carry("mix_model", None if name == usual else name)
    return by_name[name]


def _axes(checkpoint: Checkpoint) -> tuple[str, int]:
    """Along which axes the states are projected, and on how many."""
    from core.lab.mixture.states import OWN, READ_OUT

    names = {OWN: _("the states’ own components"), READ_OUT: _("the verdict’s, and across it")}
    offered = [OWN, *([READ_OUT] if checkpoint.state_space is not None else [])]
    left, right = st.columns([3, 1])
    query_params.restore("mix_axes", OWN, query_params.one_of(offered), "mix axes")
    if st.session_state["mix axes"] not in offered:
        st.session_state["mix axes"] = OWN
    axes = left.segmented_control(
        _("Axes"), offered, format_func=names.__getitem__, key="mix axes", required=True, persist_state="session"
    )
    query_params.carry("mix_axes", None if axes == OWN else axes)
    most = _MOST_AXES if axes == OWN else 3
    with right:
        dimensions = ask_whole(_("How many"), "mix_d", 2, most, 2)
    return axes, dimensions


def show(found: States, mixture: Mixture, responsibilities: np.ndarray, number: int) -> None:
    """What each component holds, by the responsibilities of an iteration."""
    from core.lab.mixture.states import regimes, sentence

    st.markdown(_("**What each component holds, at iteration {number}**").format(number=number))
    labels = classes.of(found.model)
    chance = classes.probability_name(labels)
    held = regimes(found, responsibilities)
    for one in held:
        st.markdown(plain(sentence(found, one, labels)))
        if one.tokens:
            tokens = ", ".join(
                _("{token} ({held:.1f} of {all})").format(token=visible(t.token), held=t.held, all=t.occurrences)
                for t in one.tokens
            )
            st.caption(plain(_("Tokens it holds most of: {tokens}").format(tokens=tokens)))
    header = [
        _("component"),
        _("states held"),
        _("share"),
        _("mean {chance}").format(chance=chance),
        _("read as {label}").format(label=classes.both(labels)["positive"]),
    ]
    header += [_("mean place"), _("tokens")]
    rows = [
        (
            one.component + 1,
            one.count,
            one.share,
            one.probability,
            one.positive,
            one.place,
            " ".join(t.token for t in one.tokens),
        )
        for one in held
    ]
    controls.csv_button("mixture-regimes", header, lambda: rows)
    st.caption(
        _(
            "{chance} is what the model would say if the sentence ended there. This describes how these projected "
            "states lie, for this K ({components}) and this start; another may part them otherwise, and that the model "
            "works with such parts is not shown."
        ).format(components=mixture.start.components, chance=plain(chance))
    )

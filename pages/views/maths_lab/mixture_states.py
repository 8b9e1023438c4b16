"""Hidden states as points for the mixture: the model, the sentences, the axes; what a component holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.data.examples import examples
from core.data.labels import shown
from core.lab.mixture.em import Mixture
from core.lab.mixture.states import OWN, READ_OUT, States, regimes, sentence, states_of
from core.models.checkpoints import Checkpoint
from core.runtime.i18n import gettext as _
from core.runtime.i18n import together
from pages.server.caches import cached
from pages.widgets import black_box, classes, frame, models, query_params, tables, target
from pages.widgets.number_inputs import ask_lines, ask_whole
from pages.wording.tokens import plain, visible

if TYPE_CHECKING:
    import numpy as np

_LONGEST, _MOST_AXES = 20_000, 5


def states() -> States | None:
    """The states that were chosen; None, with a message, where there are none."""
    with frame.loading():
        checkpoints, faults = models.load_all()
    models.tell_of(faults)
    checkpoints = black_box.inside(checkpoints)
    if not checkpoints:
        st.error(_("No usable model is available here."))
        return None
    checkpoint = models.choose(checkpoints, "mix model", "mix_model")
    checkpoint = target.choose([checkpoint], "mix", predicted=False).model(checkpoint)
    axes, dimensions = _axes(checkpoint)
    default = "\n".join(example.text for example in examples())
    text = ask_lines(_("Sentences, one per line"), "mix_texts", default, _LONGEST)
    texts = tuple(line for line in text.splitlines() if line.strip())
    try:
        with st.spinner(_("Reading the sentences…"), show_time=False):
            result = _states(checkpoint, checkpoint.hash_with_state_space, texts, axes, dimensions)
    except (ValueError, LookupError) as error:
        st.error(plain(str(error)))
        return None
    line = _("{count:,} states of {sentences:,} sentences. The axes explain {share:.0%} of the variance of all units.")
    lines = [
        line.format(count=len(result.points), sentences=len(result.sentences), share=float(result.explained.sum()))
    ]
    if result.skipped:
        lines.append(_("Lines without a word: {count}.").format(count=result.skipped))
    st.caption(together(lines))
    return result


@cached(16)
def _states(
    checkpoint: Checkpoint, with_state_space: str, texts: tuple[str, ...], axes: str, dimensions: int
) -> States:
    return states_of(checkpoint, texts, axes, dimensions)


def _axes(checkpoint: Checkpoint) -> tuple[str, int]:
    """Along which axes the states are projected, and on how many."""
    names = {OWN: _("principal components of the states"), READ_OUT: _("verdict direction and orthogonal axes")}
    if checkpoint.state_space is None:
        del names[READ_OUT]
    left, right = st.columns([3, 1])
    axes = query_params.choice(left.segmented_control, _("Axes"), names, name="mix_axes", key="mix axes")
    most = _MOST_AXES if axes == OWN else 3
    with right:
        dimensions = ask_whole(_("Number of axes"), "mix_d", 2, most, 2)
    return axes, dimensions


def show(result: States, mixture: Mixture, responsibilities: np.ndarray, number: int) -> None:
    """What each component holds, by the responsibilities of an iteration."""
    st.markdown(_("**What each component contains, at iteration {number}**").format(number=number))
    chance = classes.probability_name(result.target)
    held = regimes(result, responsibilities)
    for one in held:
        st.markdown(plain(sentence(result, one)))
        if one.tokens:
            tokens = ", ".join(
                _("{token} ({held:.1f} of {all})").format(token=visible(t.token), held=t.held, all=t.occurrences)
                for t in one.tokens
            )
            st.caption(plain(_("Tokens mostly in this component: {tokens}").format(tokens=tokens)))
    header = [
        _("component"),
        _("number of states"),
        _("share"),
        _("mean {chance}").format(chance=chance),
        _("share predicted {label}").format(label=shown(result.target.name)),
    ]
    header += [_("mean index"), _("tokens")]
    rows = [
        (
            one.component + 1,
            one.count,
            one.share,
            one.probability,
            one.positive,
            one.index,
            " ".join(t.token for t in one.tokens),
        )
        for one in held
    ]
    tables.download_chart("mixture-regimes", header, lambda: rows)
    st.caption(
        _(
            "{chance} is what the model would say if the sentence ended there. This describes how "
            "these projected states lie, for this K ({components}) and this start. Another K or "
            "start may group them differently. It does not show that the model uses such groups."
        ).format(components=mixture.start.components, chance=plain(chance))
    )

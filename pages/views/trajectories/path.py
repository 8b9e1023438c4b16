"""The path of one sentence or two through each model's state space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed
from pages.views.trajectories import controls
from pages.widgets import query_params
from pages.wording.tokens import plain

if TYPE_CHECKING:
    import numpy as np

    from core.models.checkpoints import Checkpoint
    from core.models.trace import Trace
    from pages.views.trajectories.controls import Sentence

_PLANES = {"1": (0, 1), "2": (0, 2), "12": (1, 2)}


def view(texts: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """The models beside each other, the sentences laid over one another, and how far they are apart."""
    chosen = controls.choose_models(
        [reader for reader in checkpoints if any(reader.preprocessing(sentence.text) for sentence in texts)]
    )
    _paths_drawn(texts, chosen)
    if len(texts) == 2:
        _distances(texts, [reader for reader in chosen if all(reader.preprocessing(text) for _number, text in texts)])


def _paths_drawn(texts: Sequence[Sentence], chosen: Sequence[Checkpoint]) -> None:
    from core.figures.inside.paths import arrows_every, state_path

    plane = _ask_plane()
    drawn = [checkpoint for checkpoint in chosen if checkpoint.state_space is not None]
    without = [model_name(checkpoint.name) for checkpoint in chosen if checkpoint.state_space is None]
    if without:
        st.info(
            _(
                "{models}: no axes are kept with this model, so its path is not drawn. Training it anew fits them."
            ).format(models=plain(listed(without)))
        )
    if not drawn:
        return
    found = [_paths(checkpoint, texts) for checkpoint in drawn]
    for column, checkpoint, paths in zip(st.columns(len(drawn)), drawn, found, strict=True):
        assert checkpoint.state_space is not None
        column.plotly_chart(
            state_path(
                [trace for _number, trace, _places in paths],
                [places for _number, _trace, places in paths],
                checkpoint.state_space,
                plane,
                checkpoint.labels,
            ),
            key=f"path {checkpoint.name}",
            alt=_("Path of the hidden states, an arrow a token, one line per sentence"),
        )
    longest = max(len(trace) for paths in found for _number, trace, _places in paths)
    if arrows_every(longest) > 1:
        st.caption(
            _("The longer path has {count:,} tokens: its line is whole, but only every {every}th has an arrow.").format(
                count=longest, every=arrows_every(longest)
            )
        )
    st.caption(
        _(
            "Each model has axes of its own, fitted once to its states on held-out texts and kept with it. Along the "
            "read-out the verdict turns at the dashed line, where the logit is 0; at right angles to it nothing moves "
            "the verdict. The components are the principal ones of what is left. The percentages are shares "
            "of those states’ variance; two axes leave out the rest of the "
            "variance, so paths that cross here may pass far from each other."
        )
    )
    header = ["sentence", "model", "place", "token", "read_out_axis", "component_1", "component_2", "logit"]
    controls.csv_button("path", header, lambda: _rows(found))


def _distances(texts: Sequence[Sentence], chosen: Sequence[Checkpoint]) -> None:
    """Where the runs of two sentences part, in all directions of the state and not in two alone."""
    from core.figures.inside.paths import distance_curves
    from core.probes.dynamics.trajectories import apart

    if not chosen:
        return
    pairs = [[controls.traced(checkpoint, text) for _number, text in texts] for checkpoint in chosen]
    found = [apart(*pair) for pair in pairs]
    st.plotly_chart(
        distance_curves([checkpoint.name for checkpoint in chosen], found),
        key="distances",
        alt=_("Distance of the two sentences' hidden states after as many tokens, a line per model"),
    )
    for checkpoint, distances in zip(chosen, found, strict=True):
        model, there = plain(model_name(checkpoint.name)), (distances > 0).nonzero()[0]
        if len(there):
            line = _(
                "{model}: the runs part at token {step:,}, where their states are {first:.2f} apart; after {both:,}, "
                "as far as both go, they are {last:.2f} apart."
            )
            first = int(there[0])
            st.caption(
                line.format(
                    model=model, step=first + 1, first=distances[first], both=len(distances), last=distances[-1]
                )
            )
        else:
            st.caption(_("{model}: the runs are one and the same to the end of the shorter.").format(model=model))
    st.caption(_("Each model measures in units of its own states: distances compare along a line, not between lines."))
    controls.csv_button("distances", ["model", "place", "distance"], lambda: _distance_rows(chosen, found))


def _distance_rows(chosen: Sequence[Checkpoint], found: Sequence[np.ndarray]) -> list[tuple[object, ...]]:
    return [
        (checkpoint.name, place, distance)
        for checkpoint, distances in zip(chosen, found, strict=True)
        for place, distance in enumerate(distances.tolist(), 1)
    ]


def _paths(checkpoint: Checkpoint, texts: Sequence[Sentence]) -> list[tuple[int, Trace, np.ndarray]]:
    from core.probes.dynamics.trajectories import project

    assert checkpoint.state_space is not None
    found = []
    for sentence in texts:
        if checkpoint.preprocessing(sentence.text):
            trace = controls.traced(checkpoint, sentence.text)
            found.append((sentence.number, trace, project(trace, checkpoint.state_space)))
    return found


def _ask_plane() -> tuple[int, int]:
    names = {
        "1": _("read-out and component 1"),
        "2": _("read-out and component 2"),
        "12": _("components 1 and 2"),
    }
    key = "trajectories plane"
    query_params.restore("plane", "1", query_params.one_of(list(names)), key)
    plane = st.segmented_control(
        _("Axes"), list(names), format_func=names.__getitem__, key=key, required=True, persist_state="session"
    )
    query_params.carry("plane", None if plane == "1" else plane)
    return _PLANES[plane or "1"]


def _rows(found: Sequence[Sequence[tuple[int, Trace, np.ndarray]]]) -> list[tuple[object, ...]]:
    return [
        (number, trace.model, place, token, *at.tolist(), logit)
        for paths in found
        for number, trace, places in paths
        for place, (token, at, logit) in enumerate(zip(trace.tokens, places, trace.logit.tolist(), strict=True), 1)
    ]

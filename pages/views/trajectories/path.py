"""The path of one sentence or two through each model's state space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.data.targets import log_odds_name
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed
from pages.views.trajectories import controls
from pages.widgets import models, sentences, tables, target
from pages.wording.tokens import plain

if TYPE_CHECKING:
    import numpy as np

    from core.models.checkpoints import Checkpoint
    from core.models.state_space import StateSpace
    from core.models.trace import Trace
    from pages.widgets.sentences import Sentence


def view(texts: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """The models beside each other, the sentences laid over one another, and how far they are apart."""
    chosen = models.choose_some(sentences.readers(checkpoints, *texts), "trajectories models")
    _paths_drawn(texts, chosen)
    if len(texts) == 2:
        _distances(texts, sentences.readers(chosen, *texts, which=all))


def _paths_drawn(texts: Sequence[Sentence], chosen: Sequence[Checkpoint]) -> None:
    from core.figures.inside.paths import arrows_every, has_triangle, state_path, triangle_path

    chosen = controls.aimed(chosen, texts[0].text)
    plane, triangle = controls.choose_axes("plane", triangle=any(has_triangle(one.labels) for one in chosen))
    cornered = [one for one in chosen if triangle and has_triangle(one.labels)]
    others = [_against_one(one, texts) for one in chosen if not (triangle and has_triangle(one.labels))]
    drawn = [checkpoint for checkpoint in others if checkpoint.state_space is not None]
    without = [model_name(checkpoint.name) for checkpoint in others if checkpoint.state_space is None]
    if without:
        st.info(
            _("{models}: no stored axes, so the path is not drawn. Retrain the model to fit axes.").format(
                models=plain(listed(without))
            )
        )
    if not (cornered or drawn):
        return
    columns = iter(st.columns(len(cornered) + len(drawn)))
    alt = _("Paths of the hidden states, one arrow per token, one line per sentence")
    verdicts = [_traces(checkpoint, texts) for checkpoint in cornered]
    for checkpoint, paths, column in zip(cornered, verdicts, columns, strict=False):
        figure = triangle_path([trace for _number, trace in paths])
        column.plotly_chart(figure, key=f"triangle {checkpoint.name}", alt=alt)
    results = [_paths(checkpoint, texts) for checkpoint in drawn]
    for checkpoint, paths, column in zip(drawn, results, columns, strict=True):
        column.plotly_chart(
            state_path(
                [trace for _number, trace, _places in paths],
                [places for _number, _trace, places in paths],
                _space(checkpoint),
                plane,
            ),
            key=f"path {checkpoint.name}",
            alt=alt,
        )
    longest = max(len(run[1]) for paths in (*verdicts, *results) for run in paths)
    if arrows_every(longest) > 1:
        st.caption(
            _(
                "The longer path has {count:,} tokens. Its line is complete, but only every {every}th "
                "token has an arrow."
            ).format(count=longest, every=arrows_every(longest))
        )
    if cornered:
        st.caption(
            _(
                "A point is the verdict after a token: the nearer to a corner, the more probable is the "
                "class there. The verdict changes at the dashed lines, where two classes are equally "
                "probable and the third is less so."
            )
        )
        header = ["sentence", "model", "place", "token", "class", "probability"]
        tables.download_chart("verdicts", header, lambda: _shares(verdicts))
    if not drawn:
        return
    st.caption(
        _(
            "Each model has its own axes, fitted once to its states on held-out texts and stored "
            "with it. Along the read-out, the verdict flips at the dashed line, where the logit is "
            "0. Moves at right angles to the read-out do not change the verdict. The components are "
            "the principal components of what is left. The percentages are shares of the variance of "
            "those states. Two axes leave out the rest, so paths that cross here may be far apart."
        )
    )
    header = ["sentence", "model", "place", "token", "read_out_axis", "component_1", "component_2", "logit"]
    named = target.columns(trace.target for paths in results for _number, trace, _places in paths)
    if named:
        st.caption(
            _(
                "Of more than two classes, the read-out axis compares two: the target and the class under "
                "“Compared with”, or else the runner-up. At the dashed line these two are equally "
                "probable; a third may be more so."
            )
        )
    tables.download_chart("path", header + named, lambda: _rows(results, named))


def _distances(texts: Sequence[Sentence], chosen: Sequence[Checkpoint]) -> None:
    """Where the runs of two sentences part, in all directions of the state and not in two alone."""
    from core.figures.inside.paths import distance_curves
    from core.probes.dynamics.trajectories import apart

    if not chosen:
        return
    pairs = [[models.traced(checkpoint, text) for _number, text in texts] for checkpoint in chosen]
    results = [apart(*pair) for pair in pairs]
    st.plotly_chart(
        distance_curves([checkpoint.name for checkpoint in chosen], results),
        key="distances",
        alt=_("Distance between the two sentences' hidden states after each token, one line per model"),
    )
    for checkpoint, distances in zip(chosen, results, strict=True):
        model, there = plain(model_name(checkpoint.name)), (distances > 0).nonzero()[0]
        if len(there):
            line = _(
                "{model}: the runs diverge at token {step:,}, where their states are {first:.2f} "
                "apart. After token {both:,}, the last that both have, they are {last:.2f} apart."
            )
            first = int(there[0])
            st.caption(
                line.format(
                    model=model, step=first + 1, first=distances[first], both=len(distances), last=distances[-1]
                )
            )
        else:
            st.caption(_("{model}: the runs are identical to the end of the shorter one.").format(model=model))
    st.caption(_("Each model’s distances are in units of its own states: compare along a line, not between lines."))
    rows = [
        (checkpoint.name, position, distance)
        for checkpoint, distances in zip(chosen, results, strict=True)
        for position, distance in enumerate(distances.tolist(), 1)
    ]
    tables.download_chart("distances", ["model", "place", "distance"], lambda: rows)


def _against_one(checkpoint: Checkpoint, texts: Sequence[Sentence]) -> Checkpoint:
    """The model with a target that is compared with one class: its own, or the runner-up of the first text it reads."""
    text = next(sentence.text for sentence in texts if checkpoint.preprocessing(sentence.text))
    return checkpoint.targeted(models.verdict(checkpoint, text).closest)


def _space(checkpoint: Checkpoint) -> StateSpace:
    assert checkpoint.state_space is not None and checkpoint.target is not None
    return checkpoint.state_space.along(checkpoint.target)


def _traces(checkpoint: Checkpoint, texts: Sequence[Sentence]) -> list[tuple[int, Trace]]:
    return [
        (sentence.number, models.traced(checkpoint, sentence.text))
        for sentence in texts
        if checkpoint.preprocessing(sentence.text)
    ]


def _paths(checkpoint: Checkpoint, texts: Sequence[Sentence]) -> list[tuple[int, Trace, np.ndarray]]:
    from core.probes.dynamics.trajectories import project

    space = _space(checkpoint)
    return [(number, trace, project(trace, space)) for number, trace in _traces(checkpoint, texts)]


def _shares(results: Sequence[Sequence[tuple[int, Trace]]]) -> list[tuple[object, ...]]:
    """A row for each token and class."""
    return [
        (number, trace.model, position, token, name, probability)
        for paths in results
        for number, trace in paths
        for position, (token, row) in enumerate(zip(trace.tokens, trace.distributions.tolist(), strict=True), 1)
        for name, probability in zip(trace.target.labels, row, strict=True)
    ]


def _rows(results: Sequence[Sequence[tuple[int, Trace, np.ndarray]]], named: Sequence[str]) -> list[tuple[object, ...]]:
    return [
        (number, trace.model, position, token, *at.tolist(), logit, *(log_odds_name(trace.target) for _column in named))
        for paths in results
        for number, trace, places in paths
        for position, (token, at, logit) in enumerate(zip(trace.tokens, places, trace.logit.tolist(), strict=True), 1)
    ]

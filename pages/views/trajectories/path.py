"""The path of one sentence or two through each model's state space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name, shown
from core.runtime.i18n import clauses, listed, together
from core.runtime.i18n import gettext as _
from pages.server.fingerprint import fingerprint
from pages.views.trajectories import controls
from pages.widgets import models, query_params, sentences, tables, target
from pages.wording.tokens import lead, plain, visible

if TYPE_CHECKING:
    import numpy as np

    from core.models.checkpoints import Checkpoint
    from core.models.state_space import StateSpace
    from core.models.trace import Trace
    from pages.widgets.sentences import Sentence


def view(texts: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """The models beside each other, the sentences laid over one another."""
    from core.figures.inside.paths import arrows_every, has_triangle, state_path, triangle_path

    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = models.choose_some(sentences.readers(checkpoints, *texts), "trajectories models")
        chosen = controls.aimed(chosen, texts[0].text)
        plane, triangle = controls.choose_axes("plane", triangle=any(has_triangle(one.labels) for one in chosen))
    lead(_in_a_sentence(texts, chosen))
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
    own = fingerprint([text for _number, text in texts])
    key, read = f"trajectories path {own}", [_traces(checkpoint, texts) for checkpoint in (*cornered, *drawn)]
    longest = max(len(trace) for traces in read for _number, trace in traces)
    query_params.restore("at", None, controls.read_position(longest), key)
    at = st.session_state[key]
    step = None if at is None else min(at, longest - 1) + 1
    columns = iter(st.columns(len(cornered) + len(drawn)))
    alt = _("Paths of the hidden states, one arrow per token, one line per sentence")
    for checkpoint, paths, column in zip(cornered, read, columns, strict=False):
        figure = triangle_path([trace for _number, trace in paths], step)
        column.plotly_chart(figure, key=f"triangle {checkpoint.name}", alt=alt)
    results = [_paths(checkpoint, texts) for checkpoint in drawn]
    for checkpoint, paths, column in zip(drawn, results, columns, strict=True):
        column.plotly_chart(
            state_path(
                [trace for _number, trace, _places in paths],
                [places for _number, _trace, places in paths],
                _space(checkpoint),
                plane,
                step,
            ),
            key=f"path {checkpoint.name}",
            alt=alt,
        )
    for number, trace in read[-1]:
        looks = controls.verdict_looks([run for traces in read for other, run in traces if other == number])
        moved = controls.chosen_step(trace.tokens, trace.known, looks, f"strip {number} {own}", at)
        if moved is not None:
            st.session_state[key] = moved
            st.rerun()
    query_params.carry("at", None if at is None else controls.write_position(at))
    if (every := arrows_every(longest)) > 1:
        st.caption(
            _(
                "The longer path has {count:,} tokens. Its line is complete, but only one token in "
                "{every} has an arrow."
            ).format(count=longest, every=every)
        )
    if cornered:
        header = ["sentence", "model", "place", "token", "class", "probability"]
        tables.download_chart("verdicts", header, lambda: _shares(read[: len(cornered)]))
    if not drawn:
        return
    if not all(trace.target.wins_at_half for paths in results for _number, trace, _places in paths):
        st.caption(
            _(
                "Of more than two classes, the read-out axis compares two: the target and the class under "
                "“Compared with”, or else the runner-up. At the dashed line these two are equally "
                "probable; a third may be more so."
            )
        )
    header = ["sentence", "model", "place", "token", "read_out_axis", "component_1", "component_2", "logit", "target"]
    tables.download_chart("path", header, lambda: _rows(results))


def _in_a_sentence(texts: Sequence[Sentence], chosen: Sequence[Checkpoint]) -> str:
    """After which word each model's verdict changed for the last time, sentence by sentence."""
    said = []
    for sentence in texts:
        turns: dict[str, list[str]] = {}
        for trace in (trace for one in chosen for _number, trace in _traces(one, [sentence])):
            after = trace.predicted
            there = (after[1:] != after[:-1]).nonzero()[0]
            if len(there):
                step = int(there[-1]) + 2
                where = _("{label} from word {step:,} (“{word}”) on").format(
                    label=shown(trace.target.labels[int(after[-1])]), step=step, word=visible(trace.tokens[step - 1])
                )
            else:
                where = _("{label} throughout").format(label=shown(trace.target.labels[int(after[-1])]))
            turns.setdefault(where, []).append(model_name(trace.model))
        told = clauses(
            _("{models}: {where}").format(models=listed(names), where=where) for where, names in turns.items()
        )
        said.append(
            _("{told}.").format(told=told)
            if len(texts) == 1
            else _("Sentence {number}: {told}.").format(number=sentence.number, told=told)
        )
    return together(said)


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


def _rows(results: Sequence[Sequence[tuple[int, Trace, np.ndarray]]]) -> list[tuple[object, ...]]:
    return [
        (number, trace.model, position, token, *at.tolist(), logit, target.column(trace.target))
        for paths in results
        for number, trace, places in paths
        for position, (token, at, logit) in enumerate(zip(trace.tokens, places, trace.logit.tolist(), strict=True), 1)
    ]

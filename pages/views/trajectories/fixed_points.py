"""Fixed points of a model while its input is held still: searched for, drawn and described."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core.data import targets
from core.data.labels import model_name, shown
from core.data.targets import log_odds_name
from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext
from pages.server import background_search
from pages.views.trajectories import controls
from pages.widgets import models, query_params, tables, target
from pages.widgets.number_inputs import ask_whole
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.dynamics.fixed_points import FixedPointProgress, FixedPoints
    from pages.widgets.sentences import Sentence

_SECONDS, _MOST_SECONDS = 60, 600


def view(texts: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """The model, its constant input, the search, and the fixed points beside the sentences' paths."""
    st.write(
        _(
            "Hold the input constant and let the model run on. Where does its state settle, and how "
            "slowly do differences fade there? A model that adds up sentiment along a line of such "
            "fixed points keeps its verdict, and one of three classes may do so on a plane. A model "
            "with only a few of them falls back to these."
        )
    )
    checkpoint = models.choose(list(checkpoints), "fixed points model")
    checkpoint = target.choose([checkpoint], "fixed points", predicted=False).model(checkpoint)
    held, seconds = _ask()
    key = (checkpoint.name, checkpoint.every.hash, held, seconds)  # another target has the same points

    def start() -> background_search.Start:
        from core.data.examples import examples
        from core.probes.dynamics.fixed_points import search as look

        return partial(look, checkpoint, [example.text for example in examples()], held, float(seconds))

    def show(result: FixedPoints, own: str) -> None:
        _show(result.aimed(targets.chosen(checkpoint)), own, texts, checkpoint)

    background_search.view("fixed points", key, start, _say, show)


def _ask() -> tuple[str, int]:
    """What the input is held at, and the time in seconds."""
    names = {"zero": _("zero"), "mean": _("the mean of all words")}
    with query_params.one_note(_("Invalid input or time in the link; using the default.")):
        left, right = st.columns([2, 1])
        held = query_params.choice(
            left.segmented_control, _("Input held at"), names, name="fp_input", key="fixed points input"
        )
        with right:
            seconds = ask_whole(_("Time (seconds)"), "fp_seconds", 1, _MOST_SECONDS, _SECONDS, step=10)
    return held, seconds


def _say(event: FixedPointProgress) -> background_search.Shown:
    result = event.result()
    if event.stage == "settling":
        return background_search.Shown(
            event.share, _("Running the model on from states of the examples until it settles…")
        )
    line = _("Tried {tried:,} of {starts:,} starts; {count:,} of them settled").format(
        tried=result.tried, starts=result.starts, count=result.converged
    )
    points = ngettext("{count:,} fixed point so far", "{count:,} fixed points so far", len(result.points))
    best = points.format(count=len(result.points)) if result.tried else ""
    return background_search.Shown(event.share, line, best)


def _show(result: FixedPoints, own: str, texts: Sequence[Sentence], checkpoint: Checkpoint) -> None:
    from core.probes.dynamics.line_attractor import statement

    (st.write if result.points else st.info)(plain(statement(result)))
    st.caption(
        _(
            "Took {seconds:.1f} s. Points closer than 0.01 count as one. Starts are states of the "
            "built-in examples, those states after some steps of the held input, and where these "
            "lead. Other starts may find more, and other inputs have other fixed points."
        ).format(seconds=result.seconds)
    )
    number = _choose_point(result) if result.points else None
    _drawn(result, own, texts, checkpoint, number)
    if number is not None:
        from core.figures.inside.fixed_points import eigenvalues_figure

        st.plotly_chart(
            eigenvalues_figure(result, number),
            key=f"fixed points eigenvalues {own} {number}",
            alt=_("Eigenvalues of the Jacobian at the chosen point, with the unit circle"),
        )
    if result.points:
        names = {"stable": _("stable"), "unstable": _("unstable"), "marginal": _("too close to tell")}
        many = not result.target.wins_at_half
        header = [_("point"), log_odds_name(result.target), _("stability"), _("largest |λ|")]
        header += [_("time constant (steps)"), _("starts leading here"), *([_("verdict")] if many else [])]
        tables.table(
            header,
            [
                (
                    number,
                    round(point.logit, 3),
                    names[point.stability],
                    round(float(abs(point.eigenvalues[0])), 5),
                    f"{point.time_constants[0]:,.1f}",
                    point.starts,
                    *([shown(result.label(point))] if many else []),
                )
                for number, point in enumerate(result.points, 1)
            ],
        )
    if result.points or result.slow:
        header = ["model", "input", "kind", "number", "logit", "speed", "starts", "stability", "place"]
        header += ["eigenvalue_real", "eigenvalue_imaginary", "time_constant"]
        header += [] if result.target.wins_at_half else ["verdict", "target"]
        tables.download_chart("fixed-points", header, lambda: _rows(result))


def _drawn(
    result: FixedPoints, own: str, texts: Sequence[Sentence], checkpoint: Checkpoint, number: int | None
) -> None:
    from core.figures.inside.fixed_points import points_figure

    if checkpoint.state_space is None:
        st.info(
            _("{model}: no stored axes, so its points are not drawn. Retrain the model to fit axes.").format(
                model=plain(model_name(checkpoint.name))
            )
        )
        return
    along = result.target.pair
    plane = controls.choose_plane("fp_plane")
    readable = [sentence for sentence in texts if checkpoint.preprocessing(sentence.text)]
    paths = [(sentence.number, models.traced(checkpoint, sentence.text).h) for sentence in readable]
    st.plotly_chart(
        points_figure(result, checkpoint.state_space.along(along), paths, plane, number, along),
        key=f"fixed points {own} {plane}",
        alt=_("Fixed points in the model's state space, with the paths of the sentences"),
    )
    st.caption(
        _(
            "Marker shapes show stability, colours the logit. Grey dots are states of the built-in "
            "examples. Two axes leave out the rest of the state, so points that overlap here may be "
            "far apart."
        )
    )


def _choose_point(result: FixedPoints) -> int:
    """Which point's eigenvalues are shown, from 0; at first the one that most starts led to."""
    usual = max(range(len(result.points)), key=lambda index: result.points[index].starts)
    return ask_whole(_("Chosen point"), "fp_point", 1, len(result.points), usual + 1, unreadable=None) - 1


def _rows(result: FixedPoints) -> list[tuple[object, ...]]:
    """A row for each of the 20 leading eigenvalues of each point."""
    said = log_odds_name(result.target)
    return [
        (
            result.model,
            result.input,
            kind,
            number,
            point.logit,
            point.speed,
            point.starts,
            point.stability,
            rank,
            value.real,
            value.imag,
            steps,
            *([] if result.target.wins_at_half else [result.label(point), said]),
        )
        for kind, points in (("fixed", result.points), ("slow", result.slow))
        for number, point in enumerate(points, 1)
        for rank, (value, steps) in enumerate(
            zip(point.eigenvalues[:20].tolist(), point.time_constants[:20].tolist(), strict=True), 1
        )
    ]

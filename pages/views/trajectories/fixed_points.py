"""Where a model comes to rest while its input is held still, searched for, drawn and told."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext
from pages.server import background_search
from pages.views.trajectories import controls
from pages.widgets import models, query_params
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.dynamics.fixed_points import FixedPoints, Progress
    from pages.views.trajectories.controls import Sentence

_SECONDS, _MOST_SECONDS = 60, 600
_PLANES = {"1": (0, 1), "2": (0, 2), "12": (1, 2)}


def view(texts: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """The model, the input it is left with, the search, and what it found beside the sentences' paths."""
    st.write(
        _(
            "Hold the input still and let the model go on alone: where does its state come to rest, and how slowly "
            "do differences die out there? A model that adds up sentiment along a line of such fixed points keeps "
            "its verdict; one with a few of them falls back to these."
        )
    )
    checkpoint = models.choose(list(checkpoints), "fixed points model")
    held, seconds = _ask()
    key = (checkpoint.name, checkpoint.hash, held, seconds)

    def start() -> background_search.Start:
        from core.data.examples import examples
        from core.probes.dynamics.fixed_points import search as look

        return partial(look, checkpoint, [example.text for example in examples()], held, float(seconds))

    background_search.view("fixed points", key, start, _say, lambda found, own: _show(found, own, texts, checkpoint))


def _ask() -> tuple[str, int]:
    """What the input is held at, and the time."""
    names = {"zero": _("zero"), "mean": _("the mean of all words")}
    sound = [
        query_params.restore("fp_input", "zero", query_params.one_of(list(names)), "fixed points input"),
        query_params.restore("fp_seconds", _SECONDS, query_params.whole(1, _MOST_SECONDS), "fixed points seconds"),
    ]
    if not all(sound):
        st.caption(_("The link asks for an input or a time that cannot be, so the usual one stands."))
    left, right = st.columns([2, 1])
    held = left.segmented_control(
        _("Input held at"),
        list(names),
        format_func=names.__getitem__,
        key="fixed points input",
        required=True,
        persist_state="session",
    )
    seconds = right.number_input(
        _("Time (seconds)"),
        1,
        _MOST_SECONDS,
        key="fixed points seconds",
        step=10,
        persist_state="session",
        required=True,
    )
    query_params.carry("fp_input", None if held == "zero" else held)
    query_params.carry("fp_seconds", None if seconds == _SECONDS else str(seconds))
    return held or "zero", seconds


def _say(event: Progress) -> background_search.Shown:
    found = event.found
    if event.stage == "settling":
        return background_search.Shown(
            event.share, _("The model runs on alone from states of the examples, to settle…")
        )
    line = _("{tried:,} of {starts:,} starts tried, {count:,} of them at rest").format(
        tried=found.tried, starts=found.starts, count=found.converged
    )
    points = ngettext("{count:,} fixed point so far", "{count:,} fixed points so far", len(found.points))
    best = points.format(count=len(found.points)) if found.tried else ""
    return background_search.Shown(event.share, line, best)


def _show(found: FixedPoints, own: str, texts: Sequence[Sentence], checkpoint: Checkpoint) -> None:
    from core.probes.dynamics.line_attractor import statement

    (st.write if found.points else st.info)(plain(statement(found)))
    st.caption(
        _(
            "Took {seconds:.1f} s. Points nearer to each other than 0.01 count as one. Starts are states of the "
            "built-in examples, the same after some steps of the held input, and where these lead: other starts may "
            "find more, and other inputs have other fixed points."
        ).format(seconds=found.seconds)
    )
    number = _choose_point(found) if found.points else None
    _drawn(found, own, texts, checkpoint, number)
    if number is not None:
        from core.figures.inside.fixed_points import eigenvalues_figure

        st.plotly_chart(
            eigenvalues_figure(found, number),
            key=f"fixed points eigenvalues {own} {number}",
            alt=_("Eigenvalues of the Jacobian at the chosen point, with the unit circle"),
        )
    if found.points:
        names = {"stable": _("stable"), "unstable": _("unstable"), "marginal": _("too near to tell")}
        st.dataframe(
            [
                {
                    _("point"): place,
                    _("logit"): round(point.logit, 3),
                    _("stability"): names[point.stability],
                    _("leading |λ|"): round(float(abs(point.eigenvalues[0])), 5),
                    _("time constant (steps)"): f"{point.time_constants[0]:,.1f}",
                    _("starts that led here"): point.starts,
                }
                for place, point in enumerate(found.points, 1)
            ],
            hide_index=True,
        )
    if found.points or found.slow:
        header = ["model", "input", "kind", "number", "logit", "speed", "starts", "stability", "place"]
        header += ["eigenvalue_real", "eigenvalue_imaginary", "time_constant"]
        controls.csv_button("fixed-points", header, lambda: _rows(found))


def _drawn(found: FixedPoints, own: str, texts: Sequence[Sentence], checkpoint: Checkpoint, number: int | None) -> None:
    from core.figures.inside.fixed_points import points_figure

    if checkpoint.state_space is None:
        st.info(
            _(
                "{model}: no axes are kept with this model, so its points are not drawn. Training it anew fits them."
            ).format(model=plain(model_name(checkpoint.name)))
        )
        return
    plane = _ask_plane()
    readable = [sentence for sentence in texts if checkpoint.preprocessing(sentence.text)]
    paths = [(sentence.number, controls.traced(checkpoint, sentence.text).h) for sentence in readable]
    st.plotly_chart(
        points_figure(found, checkpoint.state_space, paths, plane, number),
        key=f"fixed points {own} {plane}",
        alt=_("Fixed points in the model's state space, with the paths of the sentences"),
    )
    st.caption(
        _(
            "Markers tell stability, colours the logit. The grey dots are states of the built-in examples. Two axes "
            "leave out the rest of the state, so what coincides here may be far apart."
        )
    )


def _ask_plane() -> tuple[int, int]:
    names = {
        "1": _("read-out and component 1"),
        "2": _("read-out and component 2"),
        "12": _("components 1 and 2"),
    }
    query_params.restore("fp_plane", "1", query_params.one_of(list(names)), "fixed points plane")
    plane = st.segmented_control(
        _("Axes"),
        list(names),
        format_func=names.__getitem__,
        key="fixed points plane",
        required=True,
        persist_state="session",
    )
    query_params.carry("fp_plane", None if plane == "1" else plane)
    return _PLANES[plane or "1"]


def _choose_point(found: FixedPoints) -> int:
    """Which point's eigenvalues are shown, from 0; the one that most starts led to at first."""
    usual = max(range(len(found.points)), key=lambda place: found.points[place].starts)
    key = "fixed points point"
    query_params.restore("fp_point", usual + 1, query_params.whole(1, len(found.points)), key)
    if not 1 <= st.session_state[key] <= len(found.points):
        st.session_state[key] = usual + 1  # another search found fewer
    number = st.number_input(
        _("Point to look at"), 1, len(found.points), key=key, persist_state="session", required=True
    )
    query_params.carry("fp_point", None if number == usual + 1 else str(number))
    return number - 1


def _rows(found: FixedPoints) -> list[tuple[object, ...]]:
    """A row for each of the 20 leading eigenvalues of each point."""
    return [
        (
            found.model,
            found.input,
            kind,
            number,
            point.logit,
            point.speed,
            point.starts,
            point.stability,
            place,
            value.real,
            value.imag,
            steps,
        )
        for kind, points in (("fixed", found.points), ("slow", found.slow))
        for number, point in enumerate(points, 1)
        for place, (value, steps) in enumerate(
            zip(point.eigenvalues[:20].tolist(), point.time_constants[:20].tolist(), strict=True), 1
        )
    ]

"""Fixed points of a model while its input is held still: found beforehand or searched for, drawn and described."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core.data import targets
from core.data.labels import model_name, shown
from core.data.targets import log_odds_name
from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext, together
from pages.server import background_search
from pages.server.caches import cached
from pages.views.trajectories import controls
from pages.widgets import models, query_params, tables, target
from pages.widgets.number_inputs import ask_whole
from pages.wording.tokens import lead, plain

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from core.models.checkpoints import Checkpoint
    from core.probes.dynamics.fixed_points import FixedPointProgress, FixedPoints
    from pages.widgets.sentences import Sentence

_SECONDS, _MOST_SECONDS = 60, 600


def view(texts: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """The model, its constant input, and the fixed points found beforehand, or a search for them."""
    with query_params.one_note():
        with st.container(horizontal=True, vertical_alignment="bottom"):
            checkpoint = models.choose(list(checkpoints), "fixed points model")
            checkpoint = target.choose([checkpoint], "fixed points", predicted=False).model(checkpoint)
            names = {"zero": _("zero"), "mean": _("the mean of all words")}
            held = query_params.choice(
                st.segmented_control, _("Input held at"), names, name="fp_input", key="fixed points input"
            )
            settings = st.popover(_("Settings"), icon=":material/tune:")
        found = _found_beforehand(checkpoint, held)
        if found is None:
            with settings:
                seconds = ask_whole(_("Time (seconds)"), "fp_seconds", 1, _MOST_SECONDS, _SECONDS, step=10)

    def show(result: FixedPoints, own: str) -> None:
        _show(result.aimed(targets.chosen(checkpoint)), own, texts, checkpoint, settings)

    if found is not None:
        show(found, f"{checkpoint.name} {held}")
        return
    key = (checkpoint.name, checkpoint.every.hash, held, seconds)  # another target has the same points

    def start() -> background_search.Start:
        from core.probes.dynamics.fixed_points import search as look

        return partial(look, checkpoint, _start_texts(), held, float(seconds))

    background_search.view("fixed points", key, start, _say, show, shared=True)


def _start_texts() -> list[str]:
    from core.data.examples import examples

    return [example.text for example in examples()]


def _found_beforehand(checkpoint: Checkpoint, held: str) -> FixedPoints | None:
    """What the file beside the checkpoints has for this model; says what is wrong with a damaged one."""
    from core.models.checkpoints import root
    from core.probes.dynamics.fixed_points_file import FILE

    try:
        written = (root() / FILE).stat().st_mtime_ns
        return _loaded(checkpoint, held, written)
    except FileNotFoundError:
        return None
    except ValueError as error:
        st.error(plain(str(error)))
        return None


@cached(16)
def _loaded(checkpoint: Checkpoint, held: str, written: int) -> FixedPoints | None:
    from core.probes.dynamics.fixed_points_file import load

    return load(checkpoint, held, _start_texts())


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


def _show(
    result: FixedPoints,
    own: str,
    texts: Sequence[Sentence],
    checkpoint: Checkpoint,
    settings: DeltaGenerator,
) -> None:
    from core.probes.dynamics.line_attractor import statement

    lead(_in_a_sentence(result))
    with settings:
        number = _choose_point(result) if result.points else None
        plane = controls.choose_axes("fp_plane")[0]
    _drawn(result, own, texts, checkpoint, number, plane)
    with st.expander(_("What was searched and found"), icon=":material/info:"):
        st.markdown(plain(statement(result)))
        st.caption(
            _(
                "Took {seconds:.1f} s. Points closer than 0.01 count as one. Starts are states of the "
                "built-in examples, those states after some steps of the held input, and where these lead."
            ).format(seconds=result.seconds)
        )
    if number is not None:
        _points_in_detail(result, own, number)
    if result.points or result.slow:
        header = ["model", "input", "kind", "number", "logit", "speed", "starts", "stability", "place"]
        header += ["eigenvalue_real", "eigenvalue_imaginary", "time_constant", "verdict", "target"]
        tables.download_chart("fixed-points", header, lambda: _rows(result))


def _in_a_sentence(result: FixedPoints) -> str:
    """How many points were found, and whether the model keeps its verdict on a line of them."""
    from core.probes.dynamics.line_attractor import judge

    judged, count = judge(result), len(result.points)
    if count or not result.slow:
        line = ngettext(
            "{model}: {count:,} fixed point, {stable:,} of them stable.",
            "{model}: {count:,} fixed points, {stable:,} of them stable.",
            count,
        )
    else:
        line = _("{model}: no fixed point, but {slow:,} slow points.")
    found = line.format(
        model=model_name(result.model),
        count=count,
        stable=sum(point.stability == "stable" for point in result.points),
        slow=len(result.slow),
    )
    answers = {
        "line": _("It keeps its verdict on a line of fixed points."),
        "plane": _("It keeps its verdict on a plane of fixed points."),
        "none": _("It does not keep its verdict on a line of fixed points."),
        "cannot tell": _("Whether it keeps its verdict on a line of them is unclear."),
    }
    return together([found, answers[judged.answer]])


def _points_in_detail(result: FixedPoints, own: str, number: int) -> None:
    """A table of the points, and the eigenvalues at the chosen one."""
    from core.figures.inside.fixed_points import eigenvalues_figure

    names = {"stable": _("stable"), "unstable": _("unstable"), "marginal": _("too close to tell")}
    many = not result.target.wins_at_half
    header = [_("point"), log_odds_name(result.target), _("stability"), _("largest |λ|")]
    header += [_("time constant (steps)"), _("starts leading here"), *([_("verdict")] if many else [])]
    with st.expander(_("Table of the points"), icon=":material/table:"):
        tables.table(
            header,
            [
                (
                    place,
                    round(point.logit, 3),
                    names[point.stability],
                    round(float(abs(point.eigenvalues[0])), 3),
                    f"{point.time_constants[0]:,.1f}",
                    point.starts,
                    *([shown(result.label(point))] if many else []),
                )
                for place, point in enumerate(result.points, 1)
            ],
        )
    with st.expander(_("Eigenvalues at point {number}").format(number=number + 1), icon=":material/adjust:"):
        st.plotly_chart(
            eigenvalues_figure(result, number),
            key=f"fixed points eigenvalues {own} {number}",
            alt=_("Eigenvalues of the Jacobian at the chosen point, with the unit circle"),
        )


def _drawn(
    result: FixedPoints,
    own: str,
    texts: Sequence[Sentence],
    checkpoint: Checkpoint,
    number: int | None,
    plane: tuple[int, int],
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
    readable = [sentence for sentence in texts if checkpoint.preprocessing(sentence.text)]
    paths = [(sentence.number, models.traced(checkpoint, sentence.text).h) for sentence in readable]
    st.plotly_chart(
        points_figure(result, checkpoint.state_space.along(along), paths, plane, number, along),
        key=f"fixed points {own} {plane}",
        alt=_("Fixed points in the model's state space, with the paths of the sentences"),
    )


def _choose_point(result: FixedPoints) -> int:
    """Which point's eigenvalues are shown, from 0; at first the one that most starts led to."""
    usual = max(range(len(result.points)), key=lambda index: result.points[index].starts)
    return ask_whole(_("Chosen point"), "fp_point", 1, len(result.points), usual + 1) - 1


def _rows(result: FixedPoints) -> list[tuple[object, ...]]:
    """A row for each of the 20 leading eigenvalues of each point."""
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
            result.label(point),
            target.column(result.target),
        )
        for kind, points in (("fixed", result.points), ("slow", result.slow))
        for number, point in enumerate(points, 1)
        for rank, (value, steps) in enumerate(
            zip(point.eigenvalues[:20].tolist(), point.time_constants[:20].tolist(), strict=True), 1
        )
    ]

"""Gaussian mixture by EM: the exercise to try, then each half-step drawn and worked, its checks, k-means beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from core.figures.lab.mixture import collapse_paths, likelihood, mixture_plane
from core.lab.mixture.check import agreement, largest, log_likelihood_of, slips
from core.lab.mixture.collapse import Collapse, collapse
from core.lab.mixture.em import Iteration, Kind, Mixture, Parameters, expectation, first_guess, fit
from core.lab.mixture.kmeans import compare
from core.lab.mixture.problem import MOST_ITERATIONS as MOST_BY_HAND
from core.lab.mixture.problem import MOST_POINTS, Exercise, drawn, problem
from core.lab.mixture.worksheet import remarks, sheet, slip_sheet
from core.lab.typed_numbers import number
from core.runtime.i18n import gettext as _
from pages.server.fingerprint import fingerprint
from pages.views.maths_lab import attempt, worksheet
from pages.views.maths_lab.mixture_given import (
    GIVEN,
    WIDTH,
    Given,
    axes_of,
    choose_example,
    choose_kind,
    choose_points,
    given,
)
from pages.widgets import classes, query_params, tables
from pages.widgets.number_inputs import ask_whole, slide_whole
from pages.wording.tokens import lead, minus, plain

if TYPE_CHECKING:
    import numpy as np

MOST_COMPONENTS, MOST_ITERATIONS, MOST_SEED = 6, 100, 9_999
_COMPONENTS, _ITERATIONS, _REG_COVAR = 3, 20, "1e-6"
_KEY = "mix hand"
_NAMED = 8  # points that are named in a sentence
_COMPARED = 25  # iterations held against scikit-learn's, each by a fit anew


class _Asked(NamedTuple):
    given: Given
    exercise: Exercise
    iterations: int


class _Fitted(NamedTuple):
    mixture: Mixture
    differences: dict[int, float | None]
    collapse: Collapse | None


def view() -> None:
    """What to fit, the exercise to try, then the fit step by step; a line that says why where there is none."""
    try:
        asked = _ask()
        if asked is None or not _tried(asked):
            return
        key = fingerprint([array.tobytes() for array in (asked.exercise.points, *_arrays(asked.exercise.parameters))])
        with st.spinner(_("Fitting, and comparing with scikit-learn…")):
            fitted = _fitted(key, asked.exercise.reg_covar, asked.iterations, asked.exercise.kind, asked.exercise)
    except ValueError as error:
        st.error(plain(str(error)))
        return
    _steps(asked.given, fitted)


def _ask() -> _Asked | None:
    """What is to be fitted; None, with a message, without a usable model. Raises ValueError for what cannot be."""
    components, seed, by_hand, example = 0, 0, 1, ("", "")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = choose_points()
        sheet_number = attempt.seed(_KEY) if name == GIVEN else None
        with st.popover(_("Settings"), icon=":material/tune:"):
            iterations = ask_whole(_("Iterations"), "mix_n", 1, MOST_ITERATIONS, _ITERATIONS)
            typed = _ask_reg_covar("0" if name == GIVEN else _REG_COVAR)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = choose_kind() if sheet_number is None else "full"
        if name != GIVEN:
            components = ask_whole(_("K"), "mix_k", 1, MOST_COMPONENTS, _COMPONENTS, width=WIDTH)
            seed = ask_whole(_("Seed"), "mix_seed", 0, MOST_SEED, 0, width=WIDTH)
        elif sheet_number is None:
            by_hand = ask_whole(_("Iterations by hand"), "mix_hand", 1, MOST_BY_HAND, 1, width=WIDTH)
            example = choose_example()
    if sheet_number is not None:
        exercise = drawn(sheet_number)
        return _Asked(Given(exercise.points, axes_of(exercise.points)), exercise, iterations)
    chosen, reg_covar = given(name, kind, seed, example), number(typed, "reg_covar")
    if chosen is None:
        return None
    start = chosen.start
    if start is None:
        start = first_guess(chosen.points, components, seed, reg_covar, kind)
    return _Asked(chosen, Exercise(chosen.points, start, kind, by_hand, reg_covar), iterations)


def _tried(asked: _Asked) -> bool:
    """The exercise, where it can be worked by hand; whether the solution is asked for, as always with many points."""
    points, typed = asked.exercise.points, asked.given.start is not None
    if not typed and (asked.given.states is not None or len(points) > MOST_POINTS):
        return True
    try:
        return attempt.show(problem(asked.exercise), _KEY)
    except ValueError as error:
        st.info(plain(str(error)), icon=":material/info:")
    return query_params.linked(
        st.toggle,
        _("Show the whole solution"),
        name="solution",
        key=f"{_KEY} solution",
        default=False,
        read={"1": True}.get,
        write=lambda _on: "1",
    )


def _arrays(parameters: Parameters) -> tuple[np.ndarray, ...]:
    return parameters.weights, parameters.means, parameters.covariances


@st.cache_resource(max_entries=16, show_spinner=False)
def _fitted(key: str, reg_covar: float, iterations: int, kind: Kind, _exercise: Exercise) -> _Fitted:
    mixture = fit(_exercise.points, _exercise.parameters, iterations, reg_covar, kind)
    apart = max(1, -(-iterations // _COMPARED))
    compared = agreement(mixture, sorted({*range(1, iterations + 1, apart), iterations}))
    return _Fitted(mixture, compared, collapse(mixture))


def _ask_reg_covar(usual: str) -> str:
    """What is to be added to every variance, as typed."""
    return query_params.text(
        st.text_input,
        _("reg_covar"),
        name="mix_reg",
        key=f"mix reg {usual}",
        default=usual,
        read=lambda given: given if len(given) <= 24 else None,
        max_chars=24,
        help=_("Added to every variance at each M-step, as in scikit-learn. 0 adds nothing."),
    )


def _steps(given: Given, fitted: _Fitted) -> None:
    mixture = fitted.mixture
    lead(_outcome(mixture))
    for remark in remarks(mixture, fitted.collapse):
        st.info(plain(remark), icon=":material/info:")
    if fitted.collapse is not None:
        _collapse(fitted.collapse, mixture)
    half_step = slide_whole(
        _("Half-step (E and M alternate)"), "mix_step", 0, 2 * len(mixture.iterations), 6, most=2 * MOST_ITERATIONS
    )
    number = max(1, (half_step + 1) // 2)
    iteration = mixture.iterations[number - 1]
    component, point = _of_what(mixture)
    _numbers(iteration, fitted)
    left, right = st.columns([3, 2])
    labels = None if given.states is None else given.states.tokens
    left.plotly_chart(
        mixture_plane(mixture, half_step, given.axes, point - 1, labels),
        key="mix plane",
        alt=_("The points, coloured by responsibility, and each component’s ellipses"),
    )
    right.plotly_chart(
        likelihood(mixture, half_step), key="mix likelihood", alt=_("Log-likelihood and its bound by half-step")
    )
    with st.expander(_("Calculation of this iteration"), icon=":material/calculate:"):
        worksheet.show(sheet(mixture, number, component, point), "mix sheet")
    _beside_k_means(mixture, number)
    _slips(mixture, iteration, component)
    if given.states is not None:
        from pages.views.maths_lab import mixture_states

        mixture_states.show(given.states, mixture, iteration.responsibilities, number)
    parameters, iterations = st.tabs([_("Components after this half-step"), _("All iterations")])
    with parameters:
        _components(mixture, half_step)
    with iterations:
        _iterations(fitted)
    _points(given, iteration)


def _collapse(found: Collapse, mixture: Mixture) -> None:
    with st.expander(
        _("Watch the collapse"), icon=":material/compress:", on_change="rerun", key="mix collapse open"
    ) as opened:
        if opened.open:
            st.plotly_chart(
                collapse_paths(found, mixture),
                key="mix collapse",
                alt=_("The determinant of each component’s covariance by iteration, with nothing added"),
            )


def _outcome(mixture: Mixture) -> str:
    """What the run came to, in a sentence."""
    after = mixture.parameters
    means = "; ".join(", ".join(f"{value:.2f}" for value in mean) for mean in after.means)
    first, last = mixture.iterations[0].log_likelihood_before, mixture.iterations[-1].log_likelihood
    line = _("In {count} iterations the log-likelihood goes from {first} to {last}. The means end at {means}.")
    return line.format(
        count=len(mixture.iterations), first=minus(f"{first:.3f}"), last=minus(f"{last:.3f}"), means=minus(means)
    )


def _beside_k_means(mixture: Mixture, number: int) -> None:
    with st.expander(
        _("Compare with k-means"), icon=":material/compare:", on_change="rerun", key="mix means open"
    ) as opened:
        if not opened.open:
            return
        found = compare(mixture, number)
        if found.apart:
            named = ", ".join(f"x{i + 1}" for i in found.apart[:_NAMED]) + (" …" if len(found.apart) > _NAMED else "")
            line = _("{count} of {all} points change group: {points}.")
            st.write(line.format(count=len(found.apart), all=len(found.clusters), points=named))
        else:
            st.write(_("Both put every point into the same group."))
        after, axes = mixture.iterations[number - 1].after, range(mixture.points.shape[1])
        header = [_("component"), "N π", *(_("EM: {name}").format(name=f"μ{a + 1}") for a in axes)]
        header += [_("points in the cluster"), *(_("k-means: {name}").format(name=f"m{a + 1}") for a in axes)]
        rows = [
            (
                k + 1,
                float(after.weights[k]) * len(mixture.points),
                *after.means[k].tolist(),
                int((found.clusters == k).sum()),
                *found.centres[k].tolist(),
            )
            for k in range(after.components)
        ]
        _table("mixture-k-means", header, rows)
        header = [_("point"), *(f"x{a + 1}" for a in axes), *(f"δ{k + 1}" for k in range(after.components))]
        header += [_("component most responsible"), _("cluster of k-means")]
        delta = expectation(mixture.points, after).responsibilities
        rows = [
            (i + 1, *point.tolist(), *delta[i].tolist(), int(found.components[i]) + 1, int(found.clusters[i]) + 1)
            for i, point in enumerate(mixture.points)
        ]
        _table("mixture-groups", header, rows)
        st.caption(
            _(
                "Both start at the same means and ran for {count} iterations. k-means gives each point to the nearest "
                "centre whole; EM shares it out, and knows widths and weights."
            ).format(count=number)
        )


def _of_what(mixture: Mixture) -> tuple[int, int]:
    """The component and the point whose working is shown, counted from 1."""
    left, right = st.columns([2, 1])
    with right:
        point = ask_whole(_("Point"), "mix_i", 1, len(mixture.points), 1)
    component = query_params.choice(
        left.segmented_control,
        _("Component to show"),
        range(1, mixture.start.components + 1),
        name="mix_c",
        key="mix c",
    )
    return component, point


def _numbers(iteration: Iteration, fitted: _Fitted) -> None:
    with st.container(horizontal=True):
        st.metric(_("iteration"), f"{iteration.number} / {len(fitted.mixture.iterations)}", border=True)
        st.metric(
            _("log-likelihood after iteration"),
            minus(f"{iteration.log_likelihood:.4f}"),
            delta=f"{iteration.log_likelihood - iteration.log_likelihood_before:+.4g}",
            border=True,
        )
        difference = largest(fitted.differences)
        compared = sum(value is not None for value in fitted.differences.values())
        st.metric(
            _("largest error"),
            "–" if difference is None else minus(f"{difference:.1e}"),
            help=_(
                "Weights, means and covariances against scikit-learn’s GaussianMixture, after the "
                "same number of iterations from the same start. Compared after {compared} of {all} "
                "iterations. Errors are divided by the largest number if it is above 1. The "
                "scikit-learn mixture has no lower limit on variances, so the comparison stops where "
                "one was added."
            ).format(compared=compared, all=len(fitted.mixture.iterations)),
            border=True,
        )


def _slips(mixture: Mixture, iteration: Iteration, component: int) -> None:
    with st.expander(
        _("Two slips in the M-step"), icon=":material/report:", on_change="rerun", key="mix slips open"
    ) as opened:
        if not opened.open:
            return
        st.write(
            _(
                "A numerator with an extra sum over k; a denominator that sums over k instead of i. The table shows "
                "each slip alone and both together, with the same responsibilities. The covariances are about the "
                "true means."
            )
        )
        worksheet.show(slip_sheet(mixture, iteration.number, component), "mix slips")
        slip = slips(mixture.points, iteration)
        header = [_("formulas"), _("log-likelihood")]
        formulas = {
            _("correct formulas"): slip["truth"],
            _("extra sum over k in the numerator"): slip["above"],
            _("k instead of i in the denominator"): slip["below"],
            _("both slips"): slip["both"],
        }
        tables.table(
            header,
            [(name, log_likelihood_of(mixture.points, iteration, one)) for name, one in formulas.items()],
            column_config={header[1]: st.column_config.NumberColumn(format="%.4f")},
        )
        st.caption(
            _("Uses the correct weights, and adds nothing to the covariances. Empty if a covariance has no inverse.")
        )


def _components(mixture: Mixture, half_step: int) -> None:
    parameters = mixture.parameters_at(half_step)
    dimensions = mixture.points.shape[1]
    upper = [(a, b) for a in range(dimensions) for b in range(a, dimensions)]
    names = ["μ", "σ²"]
    if dimensions > 1:
        names = [*(f"μ{a + 1}" for a in range(dimensions)), *(f"Σ{a + 1}{b + 1}" for a, b in upper)]
    header = [_("component"), "π", *names]
    rows = [
        (k + 1, float(weight), *mean.tolist(), *(float(covariance[a, b]) for a, b in upper))
        for k, (weight, mean, covariance) in enumerate(
            zip(parameters.weights, parameters.means, parameters.covariances, strict=True)
        )
    ]
    _table("mixture-components", header, rows)


def _iterations(fitted: _Fitted) -> None:
    components = range(fitted.mixture.start.components)
    header = [
        _("iteration"),
        _("log-likelihood"),
        _("change"),
        _("bound after M-step"),
        _("difference from scikit-learn"),
    ]
    header += [_("limited by reg_covar"), _("fell"), *(f"N{k + 1}" for k in components)]
    rows = [
        (
            iteration.number,
            iteration.log_likelihood,
            iteration.log_likelihood - iteration.log_likelihood_before,
            iteration.bound,
            fitted.differences.get(iteration.number),
            ", ".join(str(k + 1) for k in iteration.maximised.held),
            iteration.fell,
            *iteration.maximised.counts.tolist(),
        )
        for iteration in fitted.mixture.iterations
    ]
    _table("mixture-iterations", header, rows, small=(header[2], header[4]))


def _points(given: Given, iteration: Iteration) -> None:
    with st.expander(
        _("Every point’s responsibilities"), icon=":material/table_rows:", on_change="rerun", key="mix points open"
    ) as opened:
        if not opened.open:
            return
        states = given.states
        header = [
            _("point"),
            *([] if states is None else [_("token"), classes.probability_name(classes.of(states.model))]),
        ]
        header += [f"x{axis + 1}" for axis in range(given.points.shape[1])]
        header += [f"δ{k + 1}" for k in range(iteration.responsibilities.shape[1])]
        rows = [
            (
                i + 1,
                *([] if states is None else [states.tokens[i], float(states.probability[i])]),
                *point.tolist(),
                *delta.tolist(),
            )
            for i, (point, delta) in enumerate(zip(given.points, iteration.responsibilities, strict=True))
        ]
        _table("mixture-points", header, rows)


def _table(name: str, header: list[str], rows: list[tuple[object, ...]], small: tuple[str, ...] = ()) -> None:
    """A table, its numbers short on the screen and whole in the file."""
    first = rows[0]
    shown = {
        column: st.column_config.NumberColumn(format="%.1e" if column in small else "%.4f")
        for column, value in zip(header, first, strict=True)
        if isinstance(value, float) or column in small
    }
    tables.table(header, rows, name, column_config=shown)

"""Gaussian mixture by EM: points or hidden states, each half-step drawn and worked, its check, the report's slips."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from core.figures.lab.mixture import likelihood, mixture_plane
from core.lab.mixture.check import agreement, largest, log_likelihood_of, slips
from core.lab.mixture.em import Iteration, Mixture, first_guess, fit
from core.lab.mixture.points import LEAST_DRAWN, draw, read_points
from core.lab.mixture.worksheet import remarks, sheet, slip_sheet
from core.lab.typed_numbers import MOST_POINTS, number
from core.runtime.i18n import gettext as _
from pages.server.fingerprint import fingerprint
from pages.views.maths_lab import worksheet
from pages.widgets import classes, query_params, tables
from pages.widgets.number_inputs import ask_lines, ask_whole, slide_whole
from pages.wording.tokens import minus, plain

if TYPE_CHECKING:
    import numpy as np

    from core.lab.mixture.states import States

OWN, STATES = "own", "states"
MOST_COMPONENTS, MOST_ITERATIONS, MOST_SEED, LONGEST = 6, 100, 9_999, 60_000
_POINTS, _COMPONENTS, _ITERATIONS, _REG_COVAR = 200, 3, 20, "1e-6"
_WIDTH = 160  # pixels of a box for a number
_COMPARED = 25  # iterations held against scikit-learn's, each by a fit anew
_TYPED = "0, 0\n2, 0\n0.5, 1\n1, 0.4\n5, 4\n6, 4.5\n5.5, 5\n6.2, 3.8"


class _Fitted(NamedTuple):
    mixture: Mixture
    differences: dict[int, float | None]


class _Given(NamedTuple):
    """The points, what their first two axes are called, and the states that they are, if they are states."""

    points: np.ndarray
    axes: tuple[str, str]
    states: States | None = None


def view() -> None:
    """What to fit, then the fit step by step; where something cannot be fitted, a line that says why."""
    st.header(_("Gaussian mixture by EM"))
    box = st.container()
    with st.container(horizontal=True):
        components = ask_whole(_("K"), "mix_k", 1, MOST_COMPONENTS, _COMPONENTS, width=_WIDTH)
        iterations = ask_whole(_("Iterations"), "mix_n", 1, MOST_ITERATIONS, _ITERATIONS, width=_WIDTH)
        seed = ask_whole(_("Seed"), "mix_seed", 0, MOST_SEED, 0, width=_WIDTH)
        typed = _ask_reg_covar()
    try:
        with box:
            given = _given(seed)
        if given is None:
            return
        key = fingerprint(given.points.tobytes())
        with st.spinner(_("Fitting, and comparing with scikit-learn…")):
            fitted = _fitted(key, components, seed, number(typed, "reg_covar"), iterations, given.points)
    except ValueError as error:
        st.error(plain(str(error)))
        return
    _steps(given, fitted)


@st.cache_resource(max_entries=16, show_spinner=False)
def _fitted(key: str, components: int, seed: int, reg_covar: float, iterations: int, _points: np.ndarray) -> _Fitted:
    mixture = fit(_points, first_guess(_points, components, seed, reg_covar), iterations, reg_covar)
    apart = max(1, -(-iterations // _COMPARED))
    return _Fitted(mixture, agreement(mixture, sorted({*range(1, iterations + 1, apart), iterations})))


def _given(seed: int) -> _Given | None:
    """The points that were chosen; None, with a message, without a usable model. Raises ValueError for typed ones."""
    names = {
        "clouds": _("three overlapping clouds"),
        "crossing": _("two long crossing clouds"),
        "one": _("one cloud"),
        "twins": _("a cloud and four identical points"),
        "arcs": _("two arcs"),
        OWN: _("your own points"),
        STATES: _("hidden states of a model"),
    }
    name = query_params.choice(st.selectbox, _("Points"), names, name="mix_data", key="mix data")
    plane = (_("x1"), _("x2"))
    if name == OWN:
        return _Given(read_points(ask_lines(_("One point per line: x, y"), "mix_points", _TYPED, LONGEST)), plane)
    if name == STATES:
        from pages.views.maths_lab import mixture_states

        states = mixture_states.states()
        return None if states is None else _Given(states.points, (states.axes[0], states.axes[1]), states)
    count = ask_whole(_("Points to draw"), "mix_count", LEAST_DRAWN, MOST_POINTS, _POINTS, width=_WIDTH)
    return _Given(draw(name, count, seed), plane)


def _ask_reg_covar() -> str:
    """What is to be added to every variance, as typed."""
    return query_params.text(
        st.text_input,
        _("reg_covar"),
        name="mix_reg",
        key="mix reg",
        default=_REG_COVAR,
        read=lambda given: given if len(given) <= 24 else None,
        max_chars=24,
        width=_WIDTH,
        help=_("Added to every variance at each M-step, as in scikit-learn. 0 adds nothing."),
    )


def _steps(given: _Given, fitted: _Fitted) -> None:
    mixture = fitted.mixture
    for remark in remarks(mixture):
        st.info(plain(remark), icon=":material/info:")
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
    _slips(mixture, iteration, component)
    if given.states is not None:
        from pages.views.maths_lab import mixture_states

        mixture_states.show(given.states, mixture, iteration.responsibilities, number)
    _components(mixture, half_step)
    _iterations(fitted)
    _points(given, iteration)


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
        _("Slips in the report"), icon=":material/report:", on_change="rerun", key="mix slips open"
    ) as opened:
        if not opened.open:
            return
        st.write(
            _(
                "The report has an extra sum over k in the numerator. Its denominator sums over k "
                "instead of i. The table shows each slip alone and both together, with the same "
                "responsibilities. The covariances are about the true means."
            )
        )
        worksheet.show(slip_sheet(mixture, iteration.number, component), "mix slips")
        slip = slips(mixture.points, iteration)
        header = [_("formulas"), _("log-likelihood")]
        formulas = {
            _("correct formulas"): slip["truth"],
            _("extra sum over k in the numerator"): slip["above"],
            _("k instead of i in the denominator"): slip["below"],
            _("both slips (the report)"): slip["report"],
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
    header = [_("component"), "π", *(f"μ{a + 1}" for a in range(dimensions)), *(f"Σ{a + 1}{b + 1}" for a, b in upper)]
    rows = [
        (k + 1, float(weight), *mean.tolist(), *(float(covariance[a, b]) for a, b in upper))
        for k, (weight, mean, covariance) in enumerate(
            zip(parameters.weights, parameters.means, parameters.covariances, strict=True)
        )
    ]
    st.markdown(_("**Components after this half-step**"))
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
    st.markdown(_("**All iterations**"))
    _table("mixture-iterations", header, rows, small=(header[2], header[4]))


def _points(given: _Given, iteration: Iteration) -> None:
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

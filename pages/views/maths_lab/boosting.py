"""Boosting for K classes by hand, from given predictions, errors or points; its rounds; then real models."""

from __future__ import annotations

import math
from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.figures.lab.boosting import (
    margins,
    points_alone,
    progress,
    risk_by_error,
    risk_in_alpha,
    votes_and_errors,
    weighted_points,
)
from core.lab.boosting.points import MOST_CLASSES, Cloud, draw, read_points
from core.lab.boosting.problem import (
    MOST_ROWS,
    Exercise,
    drawn,
    form_name,
    problem,
    problem_of_errors,
    read_rows,
)
from core.lab.boosting.samme import FORMS, Boosting, Minimum, error_bound, minima
from core.lab.boosting.stumps import ERROR, GINI, boost_stumps, regions
from core.lab.boosting.worksheet import sheet, stopped
from core.lab.typed_numbers import number
from core.lab.worksheet import Sheet
from core.runtime.i18n import gettext as _
from core.runtime.i18n import together
from pages.server.fingerprint import fingerprint
from pages.views.maths_lab import attempt, ensemble, worksheet
from pages.widgets import query_params, tables
from pages.widgets.number_inputs import ask_lines, ask_text, ask_whole, slide_whole
from pages.wording.tokens import Number, minus, plain

OWN = "own"
MOST_POINTS, MOST_ROUNDS, MOST_SEED, LONGEST = 600, 200, 9_999, 20_000
_POINTS, _CLASSES, _ROUNDS, _SHOWN = 150, 3, 20, 1
ROWS, ERRORS, POINTS = "rows", "errors", "points"
_TRIED = 3  # rounds of points that are asked for
_ERRORS = "0.3, 0.25, 0.4"
_ROWS = """a a a
a a b
a b a
b b b
b b b
b c b
c c c
c c c
c c a"""
_TYPED = """0.2, 0.4, a
0.9, 0.3, a
0.5, 1.1, a
1.4, 0.9, b
2.1, 1.6, b
1.7, 0.2, b
0.3, 2.2, c
1.2, 1.9, c
1.9, 2.5, c"""


class _Boosted(NamedTuple):
    boosting: Boosting
    minima: dict[int, Minimum]


def view() -> None:
    """What is given, the exercise to try, and when it is asked for the whole solution; below it trained models."""
    link = st.query_params
    if "boost from" not in st.session_state and "boost_cloud" in link and "boost_from" not in link:
        link["boost_from"] = POINTS  # as links were before there was a choice
    starts = {ROWS: _("predictions"), ERRORS: _("errors ε"), POINTS: _("points")}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        start = query_params.choice(
            st.segmented_control, _("Start from"), starts, name="boost_from", key="boost from", default=ROWS
        )
        names = {form: form_name(form) for form in FORMS}
        form = query_params.choice(st.selectbox, _("Vote by"), names, name="boost_form", key="boost form", width=220)
        sheet_number = attempt.seed("boost") if start == ROWS else None
    if start != POINTS:
        query_params.carry("boost_cloud", None)
    try:
        if start == ROWS:
            _from_rows(read_rows(*_typed_rows(), form) if sheet_number is None else drawn(sheet_number))
        elif start == ERRORS:
            _from_errors(form)
        else:
            _from_points(form)
    except ValueError as error:
        st.error(plain(str(error)))
    st.divider()
    ensemble.view()


def _typed_rows() -> tuple[str, str]:
    left, right = st.columns([2, 1])
    with left:
        label = _("One row per line: its class, then the class that each round’s learner names")
        rows = ask_lines(label, "boost_table", _ROWS, LONGEST)
    with right:
        weights = ask_text(_("First weights (empty: all the same)"), "boost_weights", "")
    return rows, weights


def _from_rows(exercise: Exercise) -> None:
    if attempt.show(problem(exercise), "boost"):
        boosting = exercise.boosting
        _rounds(None, _Boosted(boosting, minima(boosting)))


def _from_errors(form: str) -> None:
    with st.container(horizontal=True):
        typed = ask_text(_("Errors ε, round by round"), "boost_errors", _ERRORS)
        classes = ask_whole(_("Classes K"), "boost_errors_k", 2, MOST_CLASSES, 2)
    errors = [
        number(one, _("ε of round {t}").format(t=t))
        for t, one in enumerate(typed.replace(",", " ").replace(";", " ").split(), 1)
    ]
    exercise = problem_of_errors(errors, classes, form)
    if attempt.show(exercise, "boost"):
        lines = tuple(line for part in exercise.parts for line in exercise.working(part))
        worksheet.show(Sheet(exercise.title, lines), "boost errors")
        st.plotly_chart(risk_by_error(errors, classes), key="boost risks", alt=_("The risk as a function of each vote"))


def _from_points(form: str) -> None:
    left, middle, right = st.columns([2, 1, 1])
    rules = {ERROR: _("least weighted error"), GINI: _("least Gini impurity (scikit-learn)")}
    rule = query_params.choice(middle.selectbox, _("Stumps of"), rules, name="boost_stumps", key="boost stumps")
    with right:
        rounds = ask_whole(_("Maximum rounds"), "boost_rounds", 1, MOST_ROUNDS, _ROUNDS)
    cloud = _cloud(left)
    key = fingerprint((cloud.points.tobytes(), cloud.labels.tobytes(), cloud.classes, rule, form))
    with st.spinner(_("Boosting…"), show_time=False):
        boosted = _boosted(key, rounds, cloud, rule, form)
    named = [tuple(round_.named.tolist()) for round_ in boosted.boosting.rounds[:_TRIED]]
    if len(cloud.points) > MOST_ROWS or not named:
        _rounds(cloud, boosted)
        return
    left, right = st.columns([2, 1])
    with left:
        exercise = Exercise(cloud.names, tuple(cloud.labels.tolist()), tuple(named), form=form)
        solved = attempt.show(problem(exercise), "boost")
    right.plotly_chart(points_alone(cloud), key="boost given points", alt=_("The points by class"))
    if solved:
        _rounds(cloud, boosted)


@st.cache_resource(max_entries=16, show_spinner=False)
def _boosted(key: str, rounds: int, _cloud: Cloud, rule: str, form: str) -> _Boosted:
    boosting = boost_stumps(_cloud, rounds, rule, form)
    return _Boosted(boosting, minima(boosting))


def _cloud(box: DeltaGenerator) -> Cloud:
    """The points that were chosen or typed. Raises ValueError for typed ones that cannot be read."""
    names = {
        "rings": _("rings in one cloud"),
        "blobs": _("overlapping clouds"),
        "spirals": _("spirals"),
        "apart": _("separate clouds"),
        "squares": _("checkerboard"),
        OWN: _("your own points"),
    }
    name = query_params.choice(box.selectbox, _("Points"), names, name="boost_cloud", key="boost cloud", default=OWN)
    if name == OWN:
        return _typed()
    left, middle, right = st.columns(3)
    with left:
        classes = ask_whole(_("Classes K"), "boost_k", 2, MOST_CLASSES, _CLASSES)
    with middle:
        points = ask_whole(_("Points to draw"), "boost_n", 2 * MOST_CLASSES, MOST_POINTS, _POINTS)
    with right:
        seed = ask_whole(_("Seed"), "boost_seed", 0, MOST_SEED, 0)
    return draw(name, classes, points, seed)


def _typed() -> Cloud:
    cloud = read_points(ask_lines(_("One point per line: x, y, class"), "boost_points", _TYPED, LONGEST))
    if len(cloud.points) > MOST_POINTS:
        raise ValueError(
            _("There are {count:,} points; at most {most} are allowed. Remove some.").format(
                count=len(cloud.points), most=MOST_POINTS
            )
        )
    return cloud


def _rounds(cloud: Cloud | None, boosted: _Boosted) -> None:
    boosting, minima = boosted
    if reason := stopped(boosting):
        st.info(plain(reason), icon=":material/stop_circle:")
    if not boosting.rounds:
        if cloud is not None:
            st.plotly_chart(points_alone(cloud), key="boost points", alt=_("The points by class"))
        return
    number = slide_whole(_("Round"), "boost_t", 1, len(boosting.rounds), _SHOWN, most=MOST_ROUNDS)
    minimum = minima.get(number)
    _figures_of_round(cloud, boosted, number, minimum)
    with st.expander(_("Calculation of this round"), icon=":material/calculate:"):
        worksheet.show(sheet(boosting, number, minimum), "boost sheet")
    _history(boosting, number)
    with st.expander(_("All rounds"), icon=":material/table:"):
        st.plotly_chart(votes_and_errors(boosting, number), key="boost votes", alt=_("Errors and votes by round"))
        _table(cloud, boosted)
    if cloud is not None:
        _points(cloud, boosting, number)


def _figures_of_round(cloud: Cloud | None, boosted: _Boosted, number: int, minimum: Minimum | None) -> None:
    boosting = boosted.boosting
    round_ = boosting.rounds[number - 1]
    with st.container(horizontal=True):
        st.metric(_("weighted error ε"), f"{round_.error:.4f}", border=True)
        alpha = minus(f"{boosting.scale * round_.alpha:.4f}").replace("inf", "∞")
        st.metric(_("vote α"), alpha, border=True)
        st.metric(
            _("risk after round"),
            f"{round_.risk:.4f}",
            delta=f"× {round_.normaliser:.4f}",
            delta_color="off",
            delta_arrow="off",
            border=True,
        )
        st.metric(_("error rate after round"), f"{round_.training_error:.1%}", border=True)
        if boosted.minima:
            largest = max(one.difference for one in boosted.minima.values())
            st.metric(
                _("largest error of α"),
                minus(f"{largest:.1e}"),
                help=_(
                    "Over all rounds: α from the formula against the minimum of the risk, found without the formula."
                ),
                border=True,
            )
    plane, curve = st.columns([3, 2]) if cloud is not None else (st.container(), st.container())
    if cloud is not None:
        plane.plotly_chart(
            weighted_points(cloud, boosting, number, regions(boosting, cloud.points, number)),
            key="boost plane",
            alt=_("The points by class and weight, over the regions that the ensemble assigns to each class"),
        )
    if minimum is not None:
        curve.plotly_chart(
            risk_in_alpha(boosting, minimum), key="boost alpha", alt=_("The risk as a function of this round's vote")
        )


def _history(boosting: Boosting, number: int) -> None:
    left, right = st.columns(2)
    left.plotly_chart(progress(boosting, number), key="boost risk", alt=_("Risk and error rate by round"))
    right.plotly_chart(margins(boosting, number), key="boost margins", alt=_("Share of points by margin"))
    last = boosting.rounds[-1]
    total = sum(round_.alpha for round_ in boosting.rounds)
    bound = error_bound(last.risk, total, boosting.classes)
    if boosting.classes == 2:
        said = _("With two classes, the error rate never exceeds the risk: {error:.1%} of at most {bound:.1%}.")
    else:
        said = _(
            "With more than two classes, the risk bounds only the share of points whose class has at "
            "most 1/K of the vote. The error rate may be higher."
        )
        allowed = (
            _("The error rate is {error:.1%}; the risk and the votes allow at most {bound:.1%}.")
            if bound < 1
            else _("The error rate is {error:.1%}; the risk and the votes give no upper bound.")
        )
        said = together([said, allowed])
    left.caption(said.format(error=last.training_error, bound=bound))


def _table(cloud: Cloud | None, boosted: _Boosted) -> None:
    header = [_("round"), _("rule"), _("ε"), _("α"), _("numerical α"), _("difference"), _("factor of the risk")]
    header += [_("risk"), _("error rate"), _("class vote ≤ 1/K")]
    rows: list[tuple[object, ...]] = []
    boosting = boosted.boosting
    for round_ in boosting.rounds:
        stump, minimum = round_.learnt, boosted.minima.get(round_.number)
        rule = ""
        if cloud is not None:
            rule = _("x{axis} ≤ {threshold:.4g}: {below}, else {above}").format(
                axis=stump.axis + 1,
                threshold=Number(stump.threshold),
                below=cloud.names[stump.below],
                above=cloud.names[stump.above],
            )
        alpha = None if math.isinf(round_.alpha) else boosting.scale * round_.alpha
        checked = (boosting.scale * minimum.numerical, minimum.difference) if minimum else (None, None)
        risks = round_.normaliser, round_.risk, round_.training_error, round_.outvoted
        rows.append((round_.number, rule, round_.error, alpha, *checked, *risks))
    shown = {name: st.column_config.NumberColumn(format="%.1e" if name == header[5] else "%.4f") for name in header[2:]}
    tables.table(header, rows, "boosting-rounds", column_config=shown)


def _points(cloud: Cloud, boosting: Boosting, number: int) -> None:
    name = _("Every point in this round")
    with st.expander(name, icon=":material/table_rows:", key="boost every point", on_change="rerun") as opened:
        if not opened.open:
            return
        round_ = boosting.rounds[number - 1]
        header = [_("point"), _("x1"), _("x2"), _("class"), _("weight before"), _("rule’s class"), _("right")]
        header += [_("weight after"), *(_("votes for {name}").format(name=name) for name in cloud.names), _("margin")]
        columns = zip(
            cloud.points.tolist(),
            cloud.labels.tolist(),
            round_.weights.tolist(),
            round_.named.tolist(),
            boosting.weights(number).tolist(),
            boosting.votes(number).tolist(),
            boosting.margins(number).tolist(),
            strict=True,
        )
        rows = [
            (number, *point, cloud.names[label], before, cloud.names[named], named == label, after, *votes, margin)
            for number, (point, label, before, named, after, votes, margin) in enumerate(columns, 1)
        ]
        shown = {name: st.column_config.NumberColumn(format="%.5f") for name in (header[4], *header[7:])}
        tables.table(header, rows, "boosting-points", column_config=shown)

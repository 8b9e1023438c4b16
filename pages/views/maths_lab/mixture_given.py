"""What a mixture is fitted to: points and a start that are typed, points that are drawn, hidden states of a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from core.lab.mixture.em import Kind, Parameters, check_points, expectation
from core.lab.mixture.points import LEAST_DRAWN, draw, read_points, read_responsibilities, read_start, start_columns
from core.lab.typed_numbers import MOST_POINTS
from core.runtime.i18n import gettext as _
from pages.widgets import query_params
from pages.widgets.number_inputs import ask_lines, ask_whole

if TYPE_CHECKING:
    import numpy as np

    from core.lab.mixture.states import States

GIVEN, OWN, STATES = "given", "own", "states"
WIDTH = 160  # pixels of a box for a number
_POINTS, _LONGEST = 200, 60_000
_TYPED = "0, 0\n2, 0\n0.5, 1\n1, 0.4\n5, 4\n6, 4.5\n5.5, 5\n6.2, 3.8"


class _Example(NamedTuple):
    """Typed points, and a start for each kind of covariance; of the one for ``full`` where there is none."""

    points: str
    start: dict[Kind, str]

    def start_of(self, kind: Kind) -> str:
        return self.start.get(kind, self.start["full"])


_EXAMPLES = {
    "line": _Example(
        "0.5\n1.2\n1.9\n3.8\n4.6\n5.3", {"full": "0.4, 1, 0.8\n0.6, 4, 1.5", "tied": "0.4, 1, 1.2\n0.6, 4, 1.2"}
    ),
    "plane": _Example(
        "0.2, 0.5\n1.1, 0.1\n0.6, 1.3\n3.2, 2.4\n2.3, 3.4\n3.6, 3.5",
        {
            "full": "0.4, 0.5, 0.5, 1.5, 0.3, 1.2\n0.6, 2.5, 3, 2, 0.5, 1.6",
            "tied": "0.4, 0.5, 0.5, 1.5, 0.4, 1.2\n0.6, 2.5, 3, 1.5, 0.4, 1.2",
            "diag": "0.4, 0.5, 0.5, 1.5, 1.2\n0.6, 2.5, 3, 2, 1.6",
            "spherical": "0.4, 0.5, 0.5, 1.5\n0.6, 2.5, 3, 2",
        },
    ),
    "collapse": _Example(
        "1\n1.4\n2.1\n5\n5.4\n6.3",
        {"full": "0.5, 1.5, 0.5\n0.4, 5.2, 0.3\n0.1, 6.3, 0.2", "tied": "0.5, 1.5, 0.5\n0.4, 5.2, 0.5\n0.1, 6.3, 0.5"},
    ),
}


@dataclass(frozen=True, eq=False)
class Given:
    """The points, what their axes are called, the start if one is given, and the states that the points may be."""

    points: np.ndarray
    axes: tuple[str, ...]
    start: Parameters | np.ndarray | None = None
    states: States | None = None


def choose_points() -> str:
    """Which points, by name."""
    names = {
        GIVEN: _("your own points and start"),
        OWN: _("your own points"),
        "clouds": _("three overlapping clouds"),
        "crossing": _("two long crossing clouds"),
        "one": _("one cloud"),
        "twins": _("a cloud and four identical points"),
        "arcs": _("two arcs"),
        STATES: _("hidden states of a model"),
    }
    return query_params.choice(st.selectbox, _("Points"), names, name="mix_data", key="mix data", width=260)


def choose_kind() -> Kind:
    """The kind of covariance."""
    kinds: dict[Kind, str] = {
        "full": _("full"),
        "diag": _("diagonal"),
        "spherical": _("spherical (one variance)"),
        "tied": _("shared by all"),
    }
    return query_params.choice(st.selectbox, _("Covariance"), kinds, name="mix_kind", key="mix kind", width=190)


def choose_example() -> tuple[str, str]:
    """Which boxes are typed into, by the example that they first hold, and what the start is given as."""
    examples = {"line": _("on a line"), "plane": _("in the plane"), "collapse": _("K = 3 on two clusters")}
    chosen = query_params.choice(st.segmented_control, _("Example"), examples, name="mix_example", key="mix example")
    starts = {"parameters": _("parameters"), "responsibilities": _("responsibilities")}
    origin = query_params.choice(st.segmented_control, _("Start given as"), starts, name="mix_from", key="mix from")
    return chosen, origin


def given(name: str, kind: Kind, seed: int, example: tuple[str, str]) -> Given | None:
    """The points of that name, with the start of `choose_example` if one is typed.

    None, with a message, without a usable model. Raises ValueError for typed ones that cannot be.
    """
    if name == GIVEN:
        return _typed(kind, *example)
    if name == OWN:
        points = read_points(ask_lines(_("One point per line: x, or x, y"), "mix_points", _TYPED, _LONGEST))
        return Given(points, axes_of(points))
    if name == STATES:
        from pages.views.maths_lab import mixture_states

        states = mixture_states.states()
        return None if states is None else Given(states.points, states.axes[:2], states=states)
    count = ask_whole(_("Points to draw"), "mix_count", LEAST_DRAWN, MOST_POINTS, _POINTS, width=WIDTH)
    return Given(draw(name, count, seed), (_("x1"), _("x2")))


def _typed(kind: Kind, chosen: str, origin: str) -> Given:
    """Points and a start that are typed; each example has its own boxes, so that none is lost."""
    example = _EXAMPLES[chosen]
    left, right = st.columns(2)
    with left:
        points = read_points(
            ask_lines(_("One point per line: x, or x, y"), f"mix_{chosen}_points", example.points, _LONGEST)
        )
    check_points(points)
    dimensions = points.shape[1]
    with right:
        if origin == "responsibilities":
            label = _("A point per line: its responsibility for each component")
            usual = _shares(example)
            start = read_responsibilities(ask_lines(label, f"mix_{chosen}_delta", usual, _LONGEST), len(points))
            return Given(points, axes_of(points), start)
        columns = ", ".join(start_columns(dimensions, kind))
        label = _("A component per line: {columns}").format(columns=columns)
        usual = example.start_of(kind)
        form = len(usual.partition("\n")[0].split(","))  # a start of another form has another box
        text = ask_lines(label, f"mix_{chosen}_start_{kind if kind == 'tied' else form}", usual, _LONGEST)
    return Given(points, axes_of(points), read_start(text, dimensions, kind))


def _shares(example: _Example) -> str:
    """An example's responsibilities, rounded so that each line sums to 1."""
    points = read_points(example.points)
    delta = expectation(points, read_start(example.start["full"], points.shape[1], "full")).responsibilities
    first = (0.8 * delta[:, :-1] + 0.2 / delta.shape[1]).round(2)  # no share is 0, so that nothing collapses at once
    rows = [[*row, round(1 - sum(row), 2)] for row in first.tolist()]
    return "\n".join(", ".join(f"{value:g}" for value in row) for row in rows)


def axes_of(points: np.ndarray) -> tuple[str, ...]:
    """What the axes of points on a line or in the plane are called."""
    return ("x", "") if points.shape[1] == 1 else (_("x1"), _("x2"))

"""How does an LSTM of one unit store, keep and give out a number? The report's exercise, and others to start from.

The report that this project grew from works four steps of a memory cell by hand: x4 is the number, x1 or x2 asks for it
to be stored and what was there to be forgotten, x3 asks for it to be given out. Its result, rounded: c = 3, 1, 4, 4 and
y = 0, 1, 4, 4. Its own working has z_i = 90, 90, 190, 90 and z_f = 10, 10, −90, 10; its summary table prints 90 and 90
for t = 3, a slip: there x1 = x2 = 1, so that z_i = 100 + 100 − 10 = 190 and z_f = −100 − 100 + 110 = −90.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.lab.cells.arithmetic import Exercise, Gate, Worked

USUAL = "report"


@dataclass(frozen=True)
class Slip:
    """A number that the report's summary table prints, and what its own working and this one have there."""

    t: int
    name: str
    printed: float
    worked: float


_STORED = ((1.0, 3.0), (0.0, -2.0), (1.0, 4.0), (0.0, 0.0))  # whether to store, and what
# The report has g and h the identity, f the sigmoid, and no weights on the output before.
REPORT = Exercise(
    "lstm",
    (
        Gate((0.0, 0.0, 0.0, 1.0), 0.0, activation="identity"),
        Gate((100.0, 100.0, 0.0, 0.0), -10.0),
        Gate((-100.0, -100.0, 0.0, 0.0), 110.0),
        Gate((0.0, 0.0, 100.0, 0.0), -10.0),
    ),
    ((0.0, 1.0, 0.0, 3.0), (1.0, 0.0, 1.0, -2.0), (1.0, 1.0, 1.0, 4.0), (0.0, 1.0, 1.0, 0.0)),
    output="identity",
)
PRESETS: Mapping[str, Exercise] = {
    USUAL: REPORT,
    "lstm": Exercise(
        "lstm",
        (
            Gate((0.5, -1.0), 0.1, 0.3, "tanh"),
            Gate((1.2, 0.4), -0.5, -0.7),
            Gate((-0.6, 0.9), 1.0, 0.2),
            Gate((0.8, 0.3), 0.0, 0.6),
        ),
        ((1.0, 0.5), (-1.0, 2.0), (0.0, -1.5), (2.0, 0.0)),
    ),
    "gru": Exercise(
        "gru",
        (Gate((0.0, 0.0), 10.0), Gate((-20.0, 0.0), 10.0), Gate((0.0, 1.0), activation="identity")),
        _STORED,
    ),
    "rnn": Exercise("rnn", (Gate((0.0, 1.0), 0.0, 0.5, "tanh"),), _STORED),
}
"""Exercises to start from, by name; the first is the report's."""


def slips(worked: Worked) -> tuple[Slip, ...]:
    """The report's slips, where it is the report's exercise that was worked; else none."""
    if worked.exercise != REPORT:
        return ()
    third = worked.steps[2].sums
    return (Slip(3, "z_i", 90.0, third[1].value), Slip(3, "z_f", 90.0, third[2].value))

"""Exercises to start from: an LSTM of one unit that stores, keeps and gives out a number, and three others.

The first is worked over four steps: x4 is the number, x1 or x2 asks for it to be stored and what was there to be
forgotten, x3 asks for it to be given out. Rounded, c = 3, 1, 4, 4 and y = 0, 1, 4, 4.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.lab.cells.arithmetic import Exercise, Gate

USUAL = "memory"


_STORED = ((1.0, 3.0), (0.0, -2.0), (1.0, 4.0), (0.0, 0.0))  # whether to store, and what
# g and h are the identity, f the sigmoid, and nothing weighs the output before.
MEMORY = Exercise(
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
    USUAL: MEMORY,
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
"""Exercises to start from, by name; the first is the usual one."""

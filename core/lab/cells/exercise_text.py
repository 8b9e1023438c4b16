"""Exercises as a table's cells, as JSON and as a short line for a link, all validated when read.

The line: cell, activations, gates, inputs and start, separated by ``**``; rows by ``*``, numbers by ``_``, as in
``rnn**tanh**0_1_0.5_0**1_3*0_-2**0``. A gate's numbers are its weights over the inputs, u, b and, for the GRU, d; the
last activation of an LSTM is its h. An address carries these characters as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from core.lab.cells.arithmetic import GATES, Exercise, Gate, check_size, gates_of
from core.lab.typed_numbers import in_quotes, number
from core.lab.worksheet import decimal
from core.runtime.i18n import gettext as _

LONGEST = 2_000  # characters of a line
ALL_DIGITS = -1  # decimals that leave a number as it is
WHOLE = 0.01


class Tables(NamedTuple):
    """An exercise as cells of text, as a person types them: any text, until `read` finds a number in each.

    `activations` one a gate, then the LSTM's h; `gates` a row each of the `columns`; `inputs` a row a step; `start` y
    and, for the LSTM, c before the first step.
    """

    cell: str
    activations: tuple[str, ...]
    gates: tuple[tuple[str, ...], ...]
    inputs: tuple[tuple[str, ...], ...]
    start: tuple[str, ...]

    @classmethod
    def of(cls, exercise: Exercise) -> Tables:
        """An exercise written down; every float comes back as it is."""
        lstm, gru = exercise.cell == "lstm", exercise.cell == "gru"
        gates = [[*gate.inputs, gate.state, gate.bias, *([gate.state_bias] * gru)] for gate in exercise.gates]
        return cls(
            exercise.cell,
            (*(gate.activation for gate in exercise.gates), *([exercise.output] * lstm)),
            _written(gates),
            _written(exercise.inputs),
            *_written([[exercise.y0, *([exercise.c0] * lstm)]]),
        )

    @property
    def columns(self) -> list[str]:
        """Names of the numbers of a gate: x1 to xp, u, b and, for the GRU, d."""
        return _columns(self.cell, len(self.inputs[0]))

    def resized(self, steps: int, width: int) -> Tables:
        """The same with so many steps and inputs a step: cut, or padded with zeros. Raises ValueError as `Exercise`."""
        check_size(steps, width)
        now = len(self.inputs[0])

        def filled(row: tuple[str, ...]) -> tuple[str, ...]:
            return (*row[: min(now, width)], *(["0"] * (width - now)))

        inputs = [filled(row) for row in self.inputs[:steps]]
        inputs += [("0",) * width] * (steps - len(inputs))
        return self._replace(
            gates=tuple((*filled(row), *row[now:]) for row in self.gates),
            inputs=tuple(inputs),
        )

    def read(self) -> Exercise:
        """The exercise. Raises ValueError that names the cell in which no finite number stands."""
        return exercise_of(*self)


def to_line(exercise: Exercise) -> str:
    """An exercise as one line; every float comes back as it is."""
    cell, activations, *tables, start = Tables.of(exercise)
    rows = ["*".join("_".join(row) for row in table) for table in (*tables, [start])]
    return "**".join([cell, "*".join(activations), *rows])


def from_line(line: str) -> Exercise:
    """The exercise of a line. Raises ValueError."""
    if len(line) > LONGEST:
        raise ValueError(f"a line of {len(line):,} characters is given for an exercise; at most {LONGEST:,} are read")
    parts = line.split("**")
    if len(parts) != 5:
        raise ValueError("expected cell, activations, gates, inputs and start, parted by **")
    gates, inputs, start = ([row.split("_") for row in part.split("*")] for part in parts[2:])
    return exercise_of(parts[0], parts[1].split("*"), gates, inputs, start[0] if len(start) == 1 else [])


def exercise_of(
    cell: str,
    activations: Sequence[str],
    gates: Sequence[Sequence[object]],
    inputs: Sequence[Sequence[object]],
    start: Sequence[object],
) -> Exercise:
    """An exercise of tables of numbers or texts, as `Tables` has them. Raises ValueError that names the cell."""
    names, lstm, gru = gates_of(cell), cell == "lstm", cell == "gru"
    for what, given, wanted in (
        ("activations", len(activations), len(names) + lstm),
        ("gates", len(gates), len(names)),
        ("numbers before the first step", len(start), 1 + lstm),
    ):
        if given != wanted:
            raise ValueError(f"{given:,} {what} are given; a cell {cell} of this form has {wanted}")
    x = exercise_inputs(inputs)
    columns = _columns(cell, len(x[0]))
    built = []
    for name, row, chosen in zip(names, gates, activations, strict=False):
        if len(row) != len(columns):
            raise ValueError(
                _("gate {name} has {count:,} numbers; expected {columns}").format(
                    name=name, count=len(row), columns=", ".join(columns)
                )
            )
        numbers = [
            number(value, _("gate {name}, {column}").format(name=name, column=column))
            for value, column in zip(row, columns, strict=True)
        ]
        d = numbers.pop() if gru else 0.0
        *weights, u, b = numbers
        built.append(Gate(tuple(weights), b, u, chosen, d))
    before = [
        number(value, _("{name} before the first step").format(name=name))
        for value, name in zip(start, "yc", strict=False)
    ]
    h, c = (activations[-1], before[1]) if lstm else ("tanh", 0.0)
    return Exercise(cell, tuple(built), x, output=h, y0=before[0], c0=c)


def exercise_inputs(rows: Sequence[Sequence[object]]) -> tuple[tuple[float, ...], ...]:
    """Inputs [T, p] of numbers or texts. Raises ValueError that names the cell."""
    check_size(len(rows), len(rows[0]) if rows else 0)
    return tuple(
        tuple(number(value, f"t = {t}, x{index}") for index, value in enumerate(row, 1))
        for t, row in enumerate(rows, 1)
    )


def as_json(exercise: Exercise) -> dict[str, Any]:
    """An exercise as an object, as `from_json` reads it."""
    lstm, gru = exercise.cell == "lstm", exercise.cell == "gru"
    return {
        "cell": exercise.cell,
        "gates": {
            name: {
                "activation": gate.activation,
                "inputs": list(gate.inputs),
                "u": gate.state,
                "b": gate.bias,
                **({"d": gate.state_bias} if gru else {}),
            }
            for name, gate in zip(GATES[exercise.cell], exercise.gates, strict=True)
        },
        **({"h": exercise.output, "c0": exercise.c0} if lstm else {}),
        "y0": exercise.y0,
        "inputs": [list(x) for x in exercise.inputs],
    }


def from_json(content: object) -> Exercise:
    """The exercise of an object; u, b, d, y0, c0 are 0 and activations σ and tanh by default. Raises ValueError."""
    given = _object(content, "an exercise", {"cell", "gates", "h", "c0", "y0", "inputs"})
    cell = str(given.get("cell", "lstm"))
    names = gates_of(cell)
    usual = {"z": "tanh", "n": "tanh", "a": "tanh"} if cell != "gru" else {"n": "tanh"}
    gates = _object(given.get("gates"), "gates", set(names))
    rows, activations = [], []
    for name in names:
        if name not in gates:
            raise ValueError(f"gate {name} is missing; a cell {cell} has {', '.join(names)}")
        gate = _object(
            gates[name], f"gate {name}", {"activation", "inputs", "u", "b"} | ({"d"} if cell == "gru" else set())
        )
        activations.append(str(gate.get("activation", usual.get(name, "sigmoid"))))
        rest = [gate.get("u", 0), gate.get("b", 0), *([gate.get("d", 0)] if cell == "gru" else [])]
        rows.append([*_list(gate.get("inputs"), f"the inputs of gate {name}"), *rest])
    inputs = [_list(row, f"t = {t}") for t, row in enumerate(_list(given.get("inputs"), "inputs"), 1)]
    start = [given.get("y0", 0)]
    if cell == "lstm":
        activations.append(str(given.get("h", "tanh")))
        start.append(given.get("c0", 0))
    elif "h" in given or "c0" in given:
        raise ValueError(f"h and c0 are an lstm's; a cell {cell} has neither")
    return exercise_of(cell, activations, rows, inputs, start)


def written(value: float) -> str:
    """The shortest text that reads back as this float."""
    return repr(float(value)).removesuffix(".0").replace("e+", "e")


def rounded(value: float, decimals: int = ALL_DIGITS) -> str:
    """A number with so many decimals, as `worksheet.decimal` counts them, or the shortest text that reads back as
    the float.

    Where decimals say little, a power of ten is written: beyond 1e15, and below 0.0001 where there are four. With 0
    decimals a number is whole where it is within `WHOLE` of one, else it has four, so that 0.5 is not 0.
    """
    if decimals == ALL_DIGITS:
        return written(value)
    if decimals == 0 and abs(value - round(value)) > WHOLE:
        decimals = 4
    if abs(value) >= 1e15 or (decimals and 0 < abs(value) < 10.0**-decimals):
        mantissa, _e, power = f"{value:.{max(decimals - 1, 3)}e}".partition("e")
        return f"{mantissa}e{int(power)}"
    text = decimal(value, decimals) if decimals else f"{value:.0f}"
    return "0" if text == "-0" else text


def _columns(cell: str, width: int) -> list[str]:
    return [*(f"x{index}" for index in range(1, width + 1)), "u", "b", *(["d"] if cell == "gru" else [])]


def _written(rows: Sequence[Sequence[float]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(written(value) for value in row) for row in rows)


def _object(value: object, what: str, known: set[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what}: expected an object, found {type(value).__name__}")
    if unknown := sorted(str(name) for name in value if name not in known):
        raise ValueError(f"{what}: unknown {in_quotes(', '.join(unknown))}; available: {', '.join(sorted(known))}")
    return value


def _list(value: object, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{what}: expected a list, found {type(value).__name__}")
    return value

"""A recurrent layer of several units by hand, with peepholes and coupled gates where a sheet has them.

Gates are in the order of `arithmetic.GATES`; a unit's sum is w x + u y + b, in letters as there. With peepholes (Gers &
Schmidhuber 2000) an LSTM's input and forget gate see their unit's old cell state and its output gate the new one. With
coupled gates (Greff et al. 2017) the input gate is 1 − f and has no weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from core.lab.cells.activations import activation
from core.lab.cells.arithmetic import GATES, MOST_INPUTS, Exercise, gates_of
from core.lab.cells.check import DIGITS, Check
from core.lab.typed_numbers import Matrix
from core.runtime.i18n import gettext as _

MOST_UNITS, MOST_TIMES = 4, 12
_LARGEST = 1e6  # size of a number, so that nothing overflows
_PEEPING = ("i", "f", "o")


@dataclass(frozen=True)
class Layer:
    """The numbers of H units, by gate: `w` H by p, `u` H by H, `b` and, for a GRU's candidate, `d` H.

    `inputs` is T by p; `peepholes` has H numbers for each of i, f, o that the layer has, or is empty. `activations` are
    one a gate, `output` the LSTM's h. Raises ValueError where shapes or numbers do not fit.
    """

    cell: str
    w: tuple[Matrix, ...]
    u: tuple[Matrix, ...]
    b: Matrix
    inputs: Matrix
    y0: tuple[float, ...]
    c0: tuple[float, ...] = ()
    d: tuple[float, ...] = ()
    peepholes: Matrix = ()
    coupled: bool = False
    activations: tuple[str, ...] = ()
    output: str = "tanh"

    @classmethod
    def of(cls, exercise: Exercise) -> Layer:
        """A cell of one unit; its numbers may be of any size."""
        gates = exercise.gates
        layer = cls.__new__(cls)
        for name, value in (
            ("cell", exercise.cell),
            ("w", tuple((gate.inputs,) for gate in gates)),
            ("u", tuple(((gate.state,),) for gate in gates)),
            ("b", tuple((gate.bias,) for gate in gates)),
            ("inputs", exercise.inputs),
            ("y0", (exercise.y0,)),
            ("c0", (exercise.c0,)),
            ("d", (gates[-1].state_bias,)),
            ("peepholes", ()),
            ("coupled", False),
            ("activations", tuple(gate.activation for gate in gates)),
            ("output", exercise.output),
        ):
            object.__setattr__(layer, name, value)
        return layer

    @classmethod
    def stacked(
        cls,
        cell: str,
        w: Matrix,
        u: Matrix,
        b: Matrix,
        inputs: Matrix,
        before: Matrix,
        *,
        d: Matrix = (),
        peepholes: Matrix = (),
        coupled: bool = False,
    ) -> Layer:
        """A layer of matrices as people write them: the gates' rows below one another; tanh and σ.

        `before` has y₀ and for an LSTM c₀, a row each. Raises ValueError for shapes that do not fit.
        """
        names = [name for name in gates_of(cell) if not (coupled and name == "i")]
        if coupled and cell != "lstm":
            raise ValueError(_("only an LSTM can have coupled gates"))
        if peepholes and cell != "lstm":
            raise ValueError(_("only an LSTM can have peepholes"))
        units = len(u[0])
        states = 2 if cell == "lstm" else 1
        seen = sum(name in _PEEPING for name in names)
        wide = tuple(value for row in b for value in row)
        for what, matrix, rows, columns in (
            ("W", w, len(names) * units, len(inputs[0])),
            ("U", u, len(names) * units, units),
            ("b", (wide,), 1, len(names) * units),
            ("x", inputs, len(inputs), len(inputs[0])),
            (_("the states before"), before, states, units),
            *((("d", d, 1, units),) if d else ()),
            *((("P", peepholes, seen, units),) if peepholes else ()),
        ):
            if len(matrix) != rows or any(len(row) != columns for row in matrix):
                raise ValueError(
                    _("{name} is {found_rows} × {found}; expected {rows} × {columns}").format(
                        name=what, found_rows=len(matrix), found=len(matrix[0]), rows=rows, columns=columns
                    )
                )
            if not all(abs(value) <= _LARGEST for row in matrix for value in row):
                raise ValueError(_("{name} has a number beyond ±{most:g}").format(name=what, most=_LARGEST))
        if units > MOST_UNITS or len(inputs) > MOST_TIMES or len(inputs[0]) > MOST_INPUTS:
            raise ValueError(
                _("at most {units} units, {steps} steps and {inputs} inputs can be worked by hand here").format(
                    units=MOST_UNITS, steps=MOST_TIMES, inputs=MOST_INPUTS
                )
            )
        return cls(
            cell,
            _cut(w, units),
            _cut(u, units),
            tuple(wide[start : start + units] for start in range(0, len(wide), units)),
            inputs,
            before[0],
            before[1] if cell == "lstm" else (),
            d[0] if d else (0.0,) * units,
            peepholes,
            coupled,
            tuple("tanh" if name in ("n", "a") or (cell, name) == ("lstm", "z") else "sigmoid" for name in names),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The gates that have weights."""
        return tuple(name for name in GATES[self.cell] if not (self.coupled and name == "i"))

    @property
    def units(self) -> range:
        """The units, from 1."""
        return range(1, len(self.y0) + 1)

    @property
    def recurrent(self) -> bool:
        """Whether any gate sees the output before."""
        return any(value for matrix in self.u for row in matrix for value in row) or any(self.d)

    def kind(self, name: str) -> str:
        """The activation of a gate."""
        return self.activations[self.names.index(name)]

    def peephole(self, name: str) -> tuple[float, ...] | None:
        """A gate's peepholes, by unit; None where it has none."""
        seen = [one for one in self.names if one in _PEEPING]
        return self.peepholes[seen.index(name)] if self.peepholes and name in seen else None


def _cut(rows: Sequence[tuple[float, ...]], units: int) -> tuple[Matrix, ...]:
    return tuple(tuple(rows[start : start + units]) for start in range(0, len(rows), units))


def check_layer(layer: Layer, found: Mapping[str, float]) -> Check:
    """The states y and c of every step, by key (``y2_1``), against decimals of 60 digits, by separate code."""
    with localcontext() as context:
        context.prec = DIGITS
        largest, where, numbers = Decimal(0), "", 0
        for t, states in enumerate(_decimals(layer), 1):
            for letter, values in states.items():
                for j, expected in enumerate(values, 1):
                    name = key(layer, letter, t, j)
                    error = abs(Decimal(found[name]) - expected) / max(Decimal(1), abs(expected))
                    numbers += 1
                    if error > largest or not where:
                        largest, where = error, _("{name} at t = {t}").format(name=letter, t=t)
        return Check(float(largest), where, numbers)


def key(layer: Layer, letter: str, t: int, j: int) -> str:
    """The key of a unit's number at a step; unit numbers are left out where there is one unit."""
    return f"{letter}{t}" + (f"_{j}" if len(layer.units) > 1 else "")


def _decimals(layer: Layer) -> list[dict[str, list[Decimal]]]:
    """The states after every step, in decimals."""
    y, c = [Decimal(value) for value in layer.y0], [Decimal(value) for value in layer.c0]
    steps = []
    for x in layer.inputs:
        sums = {
            name: [_product(layer.w[k][j], map(Decimal, x)) + Decimal(layer.b[k][j]) for j in range(len(y))]
            for k, name in enumerate(layer.names)
        }
        from_state = {name: [_product(layer.u[k][j], y) for j in range(len(y))] for k, name in enumerate(layer.names)}

        def value(name: str, cells: Sequence[Decimal] = (), sums=sums, from_state=from_state) -> list[Decimal]:  # type: ignore[no-untyped-def]
            seen = layer.peephole(name) or ()
            added = [
                one + other + (Decimal(seen[j]) * cells[j] if seen else 0)
                for j, (one, other) in enumerate(zip(sums[name], from_state[name], strict=True))
            ]
            return [activation(layer.kind(name)).decimal(one) for one in added]

        if layer.cell == "rnn":
            y = value("a")
            steps.append({"y": y})
        elif layer.cell == "gru":
            r, z = value("r"), value("z")
            bend = activation(layer.kind("n")).decimal
            n = [
                bend(one + gate * (other + Decimal(d)))
                for one, gate, other, d in zip(sums["n"], r, from_state["n"], layer.d, strict=True)
            ]
            y = [(1 - keep) * new + keep * old for keep, new, old in zip(z, n, y, strict=True)]
            steps.append({"y": y})
        else:
            g, f = value("z"), value("f", c)
            i = [1 - one for one in f] if layer.coupled else value("i", c)
            c = [a * b + keep * old for a, b, keep, old in zip(i, g, f, c, strict=True)]
            bent = [activation(layer.output).decimal(one) for one in c]
            y = [out * one for out, one in zip(value("o", c), bent, strict=True)]
            steps.append({"y": y, "c": c})
    return steps


def _product(weights: Sequence[float], values: Iterable[Decimal]) -> Decimal:
    return sum((Decimal(w) * v for w, v in zip(weights, values, strict=True)), Decimal(0))

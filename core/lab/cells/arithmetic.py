"""Every product and every sum of a recurrent cell of one unit, step by step.

An LSTM after Hochreiter & Schmidhuber 1997 with the forget gate of Gers, Schmidhuber & Cummins 2000, in the letters of
the exercise: w weighs the inputs x_t, u the output before, y_{t−1}; g, f and h are activations of one's choice.

    lstm   z = w x + u y + b, and so z_i, z_f, z_o with weights of their own
           c' = f(z_i) g(z) + f(z_f) c,   y' = f(z_o) h(c')
    gru    z_r, z_z = w x + u y + b,  r = f(z_r),  z = f(z_z),  n = g(w x + b + r (u y + d)),  y' = (1 − z) n + z y
    rnn    y' = f(w x + u y + b)

With σ for f and tanh for g and h these are torch's cells (the GRU's reset gate inside, as in `recurrent`). Every sum is
computed exactly, as a fraction, and rounded once to float64, so that no order matters. What exceeds the largest float,
1.8e308, is clipped to it and marked (`held`), so that no number is ever infinite or undefined.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from core.lab.cells.activations import activation
from core.lab.typed_numbers import in_quotes
from core.runtime.i18n import gettext as _

MOST_STEPS, MOST_INPUTS = 200, 8
LARGEST = sys.float_info.max
# What the gates of a cell are called, in the order in which they are worked out.
GATES = {"lstm": ("z", "i", "f", "o"), "gru": ("r", "z", "n"), "rnn": ("a",)}
# What the sum that a gate makes of its inputs is called in rows.
SUMS = {"lstm": ("z", "z_i", "z_f", "z_o"), "gru": ("z_r", "z_z", "z_n"), "rnn": ("z",)}


@dataclass(frozen=True)
class Gate:
    """Weights over the inputs [p], the weight of the output before, the bias, and what is done with their sum.

    `state_bias` is the GRU's d, which only its candidate n has.
    """

    inputs: tuple[float, ...]
    bias: float = 0.0
    state: float = 0.0
    activation: str = "sigmoid"
    state_bias: float = 0.0


@dataclass(frozen=True)
class Exercise:
    """A cell with the weights of its gates, in the order of `GATES`, and what it reads, `inputs` [T, p].

    `output` is the LSTM's h, the activation of its cell state; `y0` and, for the LSTM, `c0` are the states before the
    first step. Every number is finite (`exercise_text` reads no others). Raises ValueError for too many steps or
    inputs, for steps or gates of different widths, and for a bias d in a cell that has none.
    """

    cell: str
    gates: tuple[Gate, ...]
    inputs: tuple[tuple[float, ...], ...]
    output: str = "tanh"
    y0: float = 0.0
    c0: float = 0.0

    def __post_init__(self) -> None:
        check_size(len(self.inputs), len(self.inputs[0]) if self.inputs else 0)
        for t, x in enumerate(self.inputs, 1):
            if len(x) != self.width:
                raise ValueError(
                    _(
                        "step {t} has {count:,} inputs, the first step has {width:,}; every step needs the same number"
                    ).format(t=t, count=len(x), width=self.width)
                )
        activation(self.output)
        for name, gate in zip(GATES[self.cell], self.gates, strict=True):
            activation(gate.activation)
            if len(gate.inputs) != self.width:
                raise ValueError(
                    _("gate {name} has {count:,} weights for {width:,} inputs").format(
                        name=name, count=len(gate.inputs), width=self.width
                    )
                )
            if gate.state_bias and (self.cell, name) != ("gru", "n"):
                raise ValueError(
                    _("gate {name} has a bias d, {state_bias:g}; only the candidate n of a gru has one").format(
                        name=name, state_bias=gate.state_bias
                    )
                )

    @property
    def width(self) -> int:
        """p, the number of inputs of a step."""
        return len(self.inputs[0])

    @property
    def recurrent(self) -> bool:
        """Whether any gate sees the output before (or has the bias that stands beside it)."""
        return any(gate.state or gate.state_bias for gate in self.gates)


@dataclass(frozen=True)
class Sum:
    """``value`` = the sum of the `products` of `factors`, made exactly and rounded once; a bias is a factor alone.

    `held` says that the sum lies beyond the largest float and is held there, `products_held` that a product does: of
    products that are too large the sum is right all the same, for they are held only to be shown.
    """

    factors: tuple[tuple[float, ...], ...]
    products: tuple[float, ...]
    value: float
    held: bool
    products_held: bool


@dataclass(frozen=True)
class Step:
    """One step, counted from 1: what each gate summed and what it made of that, and how they make the new state.

    The factors of a gate's sum are (weight, input) for each input, then, where the exercise is `recurrent`, (weight,
    output before), then the bias. The GRU's candidate has instead of the latter two the bias and (reset gate, inner),
    `inner` being its own sum of u y and d. `cell_sum` is the LSTM's c, `bent` its h(c); `output_sum` makes `y` of
    products, and is None for the RNN, whose y is its gate.
    """

    t: int
    x: tuple[float, ...]
    sums: tuple[Sum, ...]
    gates: tuple[float, ...]
    inner: Sum | None
    cell_sum: Sum | None
    bent: float | None
    output_sum: Sum | None
    y: float

    @property
    def c(self) -> float | None:
        """The LSTM's new cell state."""
        return None if self.cell_sum is None else self.cell_sum.value

    @property
    def held(self) -> bool:
        """Whether any number of this step lies beyond the largest float and is held there."""
        sums = (*self.sums, self.inner, self.cell_sum, self.output_sum)
        return any(one is not None and (one.held or one.products_held) for one in sums)


@dataclass(frozen=True)
class Worked:
    """An exercise and its steps."""

    exercise: Exercise
    steps: tuple[Step, ...]

    def rows(self) -> list[dict[str, object]]:
        """A row a step: t, x, every gate's sum and value, the LSTM's c, and y.

        The LSTM's cell input has its sum z alone, as in the exercise, where g is the identity.
        """
        cell = self.exercise.cell
        rows = []
        for step in self.steps:
            row: dict[str, object] = {"t": step.t, "x": list(step.x)}
            for gate, name, added, value in zip(GATES[cell], SUMS[cell], step.sums, step.gates, strict=True):
                row[name] = added.value
                if name != "z":
                    row[f"f_{gate}"] = value
            if step.c is not None:
                row["c"] = step.c
            rows.append(row | {"y": step.y})
        return rows


def work(exercise: Exercise) -> Worked:
    """Every step of an exercise, written out; float64, never infinite, never undefined."""
    y, c = exercise.y0, exercise.c0
    steps = []
    for t, x in enumerate(exercise.inputs, 1):
        steps.append(_step(exercise, t, x, y, c))
        y = steps[-1].y
        c = 0.0 if steps[-1].c is None else steps[-1].c
    return Worked(exercise, tuple(steps))


def _step(exercise: Exercise, t: int, x: tuple[float, ...], y: float, c: float) -> Step:
    sums: list[Sum] = []
    values: list[float] = []
    inner = cell_sum = output_sum = None
    bent = None
    for name, gate in zip(GATES[exercise.cell], exercise.gates, strict=True):
        factors: list[tuple[float, ...]] = list(zip(gate.inputs, x, strict=True))
        if (exercise.cell, name) == ("gru", "n"):
            inner = added([(gate.state, y), (gate.state_bias,)])
            factors += [(gate.bias,), (values[0], inner.value)]
        else:
            factors += [*([(gate.state, y)] if exercise.recurrent else []), (gate.bias,)]
        sums.append(added(factors))
        values.append(activation(gate.activation).value(sums[-1].value))
    if exercise.cell == "lstm":
        g, i, f, o = values
        cell_sum = added([(i, g), (f, c)])
        bent = activation(exercise.output).value(cell_sum.value)
        output_sum = added([(o, bent)])
    elif exercise.cell == "gru":
        _r, z, n = values
        output_sum = added([(1 - z, n), (z, y)])
    return Step(
        t=t,
        x=x,
        sums=tuple(sums),
        gates=tuple(values),
        inner=inner,
        cell_sum=cell_sum,
        bent=bent,
        output_sum=output_sum,
        y=values[0] if output_sum is None else output_sum.value,
    )


def added(factors: Sequence[tuple[float, ...]]) -> Sum:
    """The sum of products of finite floats, exact and rounded once."""
    exact = [math.prod((Fraction(factor) for factor in term), start=Fraction(1)) for term in factors]
    products = [_held(product) for product in exact]
    value, beyond = _held(sum(exact, Fraction(0)))
    return Sum(
        tuple(factors), tuple(product for product, _over in products), value, beyond, any(over for _p, over in products)
    )


def _held(exact: Fraction) -> tuple[float, bool]:
    """The nearest float, or the largest beyond its range, and whether it is that."""
    try:
        return float(exact), False
    except OverflowError:
        return (LARGEST if exact > 0 else -LARGEST), True


def gates_of(cell: str) -> tuple[str, ...]:
    """The names of a cell's gates. Raises ValueError for an unknown cell."""
    if cell not in GATES:
        raise ValueError(f"unknown cell {in_quotes(cell)}; available: {', '.join(GATES)}")
    return GATES[cell]


def check_size(steps: int, width: int) -> None:
    """Raise ValueError where an exercise cannot have so many steps, or inputs a step."""
    if not 1 <= steps <= MOST_STEPS:
        raise ValueError(
            _("{steps:,} steps are given; 1 to {most:,} can be worked by hand here").format(
                steps=steps, most=MOST_STEPS
            )
        )
    if not 1 <= width <= MOST_INPUTS:
        raise ValueError(
            _("{width:,} inputs per step are given; 1 to {most} can be worked by hand here").format(
                width=width, most=MOST_INPUTS
            )
        )

"""The arithmetic of one unit at one step of a trace: every product and sum.

For each gate the weighted inputs W x and bias b, the weighted hidden states U h and bias d, and the non-linearity; then
the lines from the gates to the unit's new state, in the notation of `recurrent`, by its `cell_step`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.models.recurrent import Classifier
    from core.models.trace import Trace

# The gates' symbols in the equations, and their non-linearities.
SYMBOLS = {"rnn": ("a",), "gru": ("r", "z", "n"), "lstm": ("i", "f", "g", "o")}
NON_LINEARITIES = {"rnn": (None,), "gru": ("σ", "σ", "tanh"), "lstm": ("σ", "σ", "tanh", "σ")}


@dataclass(frozen=True)
class Gate:
    """One gate of one unit, in float64.

    `input_products` [E] and `input_bias` add up to `from_input`, `state_products` [H] and `state_bias` to `from_state`.
    `pre_activation` is their sum; for the GRU's new gate it is from_input + reset * from_state (`reset` is None for
    other gates). `value` follows after the `non_linearity`, "σ", "tanh" or None.
    """

    name: str
    symbol: str
    non_linearity: str | None
    input_products: np.ndarray
    input_bias: float
    from_input: float
    state_products: np.ndarray
    state_bias: float
    from_state: float
    reset: float | None
    pre_activation: float
    value: float


@dataclass(frozen=True)
class Product:
    """Factors, each a symbol with its number, and what they make."""

    factors: tuple[tuple[str, float], ...]
    value: float


@dataclass(frozen=True)
class Line:
    """``symbol = sum of products = value``; with a `function`, "tanh" or "relu", that of the sum."""

    symbol: str
    products: tuple[Product, ...]
    value: float
    function: str | None = None


@dataclass(frozen=True)
class Working:
    """One unit's step, written out.

    `token` is read at `step`, counted from 0; `x` [E] and `h_before` [H] are the layer's inputs, `x_weights` and
    `h_weights` its weights by gate. `lines` lead from the gates to the new state. `read_out` is the weight of `h` in
    the logit; None if the logit does not read the last `h`.
    """

    model: str
    cell: str
    step: int
    unit: int
    token: str
    x: np.ndarray
    h_before: np.ndarray
    c_before: float | None
    x_weights: dict[str, np.ndarray]
    h_weights: dict[str, np.ndarray]
    gates: tuple[Gate, ...]
    lines: tuple[Line, ...]
    h: float
    c: float | None
    read_out: float | None


def working(model: Classifier, trace: Trace, step: int, unit: int) -> Working:
    """The arithmetic of a unit, 0 to H − 1, at a step, 0 to T − 1, of a trace of this very model.

    In float64, so finer than the trace. Raises ValueError for an unknown step or unit, or another model's trace.
    """
    import torch

    from core.models.recurrent import GATES, ReadOutError, cell_step

    _check(model, trace, step, unit)
    if not model.reset_after:
        raise ReadOutError(
            _("{model} is a GRU with its reset gate before the product; its arithmetic is not shown here").format(
                model=trace.model
            )
        )
    x = trace.x[step].astype(np.float64)
    before = step - 1
    h = trace.h[before].astype(np.float64) if step else np.zeros(model.hidden_size)
    c = None if trace.c is None else float(trace.c[before, unit]) if step else 0.0
    (w, b), (u, d) = (_weights(model, part, unit) for part in ("ih", "hh"))
    from_input, from_state = (w * x).sum(axis=1) + b, (u * h).sum(axis=1) + d
    done = cell_step(
        model.cell,
        torch.from_numpy(from_input)[None],
        torch.from_numpy(from_state)[None],
        torch.full((1, 1), h[unit], dtype=torch.float64),
        None if c is None else torch.full((1, 1), c, dtype=torch.float64),
        nonlinearity=model.nonlinearity,
    )
    values = [gate.item() for gate in done.gates]
    gates = []
    for number, name in enumerate(GATES[model.cell]):
        reset = values[0] if (model.cell, name) == ("gru", "new") else None
        gates.append(
            Gate(
                name=name,
                symbol=SYMBOLS[model.cell][number],
                non_linearity=NON_LINEARITIES[model.cell][number],
                input_products=w[number] * x,
                input_bias=float(b[number]),
                from_input=float(from_input[number]),
                state_products=u[number] * h,
                state_bias=float(d[number]),
                from_state=float(from_state[number]),
                reset=reset,
                pre_activation=float(from_input[number] + (1 if reset is None else reset) * from_state[number]),
                value=values[number],
            )
        )
    after = None if done.c is None else done.c.item()
    return Working(
        model=trace.model,
        cell=model.cell,
        step=step,
        unit=unit,
        token=trace.tokens[step],
        x=x,
        h_before=h,
        c_before=c,
        x_weights=dict(zip(GATES[model.cell], w, strict=True)),
        h_weights=dict(zip(GATES[model.cell], u, strict=True)),
        gates=tuple(gates),
        lines=_lines(model, values, float(h[unit]), c, done.h.item(), after),
        h=done.h.item(),
        c=after,
        read_out=_read_out(trace, step, unit),
    )


def _read_out(trace: Trace, step: int, unit: int) -> float | None:
    """The weight of a unit's change at a step in that of the logit; None where the head reads no such state."""
    if trace.read is not None or trace.read_out is None:
        return None
    return float(np.broadcast_to(trace.read_out, trace.h.shape)[step, unit])


def _check(model: Classifier, trace: Trace, step: int, unit: int) -> None:
    """Raises ValueError for an unknown step or unit, or another model's trace."""
    units = model.hidden_size
    if (model.cell, units) != (trace.cell, trace.h.shape[1]):
        raise ValueError(
            f"the trace is of another model: {trace.cell}, {trace.h.shape[1]:,} units; given: {model.cell}, {units:,}"
        )
    for what, number, count in (("step", step, len(trace)), ("unit", unit, units)):
        if not 0 <= number < count:
            raise ValueError(f"{what} {number:,} is none of the {count:,}, which count from 0 to {count - 1:,}")


def _weights(model: Classifier, part: str, unit: int) -> tuple[np.ndarray, np.ndarray]:
    """A unit's weights [G, E] or [G, H] and biases [G] of the top layer, a row for each gate."""
    layer = model.recurrent.num_layers - 1
    weight, bias = (getattr(model.recurrent, f"{kind}_{part}_l{layer}") for kind in ("weight", "bias"))
    rows = slice(unit, None, model.hidden_size)  # torch stacks the gates
    return weight[rows].detach().double().numpy(), bias[rows].detach().double().numpy()


def _lines(
    model: Classifier, gates: list[float], h_before: float, c_before: float | None, h: float, c: float | None
) -> tuple[Line, ...]:
    """The lines from a unit's gates to its new state."""
    cell = model.cell
    named = dict(zip(SYMBOLS[cell], gates, strict=True))

    def product(**factors: float) -> Product:
        return Product(tuple(factors.items()), float(np.prod(list(factors.values()))))

    if cell == "rnn":
        return (Line("h'", (product(a=named["a"]),), h, model.nonlinearity),)
    if cell == "gru":
        keep = Product((("1 − z", 1 - named["z"]), ("n", named["n"])), (1 - named["z"]) * named["n"])
        return (Line("h'", (keep, product(z=named["z"], h=h_before)), h),)
    assert c is not None and c_before is not None
    bent = float(np.tanh(c))
    return (
        Line("c'", (product(f=named["f"], c=c_before), product(i=named["i"], g=named["g"])), c),
        Line("tanh(c')", (Product((("c'", c),), c),), bent, "tanh"),
        Line("h'", (Product((("o", named["o"]), ("tanh(c')", bent)), named["o"] * bent),), h),
    )

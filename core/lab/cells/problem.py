"""A cell of one unit as an exercise to be tried: every sum, gate and state, step by step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from core.lab.attempt import Blank, Formula, Part, Problem, Slip, Values
from core.lab.cells.activations import ACTIVATIONS, activation
from core.lab.cells.arithmetic import GATES, Exercise, Gate, added, work
from core.lab.cells.exercise_text import WHOLE
from core.lab.cells.worksheets import step_sheet
from core.lab.typed_numbers import seeded
from core.lab.worksheet import Line, number
from core.runtime.i18n import gettext as _

MOST_STEPS = 12  # that are asked; of a longer exercise the first ones
# Of each gate the key of its sum, its letter in LaTeX, the key of its value and that in LaTeX.
_KEYS = {
    ("lstm", "z"): ("z", "z_{{{t}}}", "g", "g(z_{{{t}}})"),
    ("lstm", "i"): ("zi", "z_{{i,{t}}}", "i", "f(z_{{i,{t}}})"),
    ("lstm", "f"): ("zf", "z_{{f,{t}}}", "f", "f(z_{{f,{t}}})"),
    ("lstm", "o"): ("zo", "z_{{o,{t}}}", "o", "f(z_{{o,{t}}})"),
    ("gru", "r"): ("zr", "z_{{r,{t}}}", "r", "r_{{{t}}}"),
    ("gru", "z"): ("zz", "z_{{z,{t}}}", "z", "z_{{{t}}}"),
    ("gru", "n"): ("zn", "z_{{n,{t}}}", "n", "n_{{{t}}}"),
    ("rnn", "a"): ("z", "z_{{{t}}}", "y", "y_{{{t}}}"),
}


def problem(exercise: Exercise) -> Problem:
    """The exercise as blanks, a step of the sequence in each part.

    Answers need three decimals, or none where all numbers are whole to 0.01.
    """
    worked = work(exercise)
    steps = range(1, min(len(exercise.inputs), MOST_STEPS) + 1)
    parts = tuple(
        Part(
            _("Step t = {t}").format(t=t),
            _HINTS[exercise.cell](),
            tuple(_blanks(exercise, t)),
            step_sheet(worked, t, 6).lines,
        )
        for t in steps
    )
    title = _("A cell of one unit by hand: {cell}").format(cell=exercise.cell.upper())
    found = Problem(title, _question(exercise, len(steps)), _given(exercise), _known(exercise), parts)
    truths = [found.truth[blank.name] for blank in found.blanks()]
    return replace(found, decimals=0) if all(abs(one - round(one)) <= WHOLE for one in truths) else found


def drawn(seed: int) -> Exercise:
    """An LSTM of one unit with two inputs over four steps, numbers of one decimal."""
    random = seeded(seed)

    def some(count: int) -> list[float]:
        return [float(one) for one in random.choice([-1, 1], count) * random.integers(2, 15, count) / 10]

    gates = []
    for kind in ("tanh", "sigmoid", "sigmoid", "sigmoid"):
        *inputs, state, bias = some(4)
        gates.append(Gate(tuple(inputs), bias, state, kind))
    steps = (random.integers(-4, 5, (4, 2)) / 2).tolist()
    return Exercise("lstm", tuple(gates), tuple(map(tuple, steps)))


def _blanks(exercise: Exercise, t: int) -> list[Blank]:
    """What is worked out at a step, in order."""
    blanks = []
    for name, gate in zip(GATES[exercise.cell], exercise.gates, strict=True):
        key, letter, value_key, value_letter = _KEYS[exercise.cell, name]
        if (exercise.cell, name) == ("gru", "n"):
            blanks.append(_inner(gate, t))
        if exercise.cell == "rnn" and gate.activation == "identity":
            blanks.append(_sum(exercise, name, t, "y", value_letter.format(t=t)))
            continue
        blanks.append(_sum(exercise, name, t, key, letter.format(t=t)))
        if gate.activation != "identity":
            symbol = value_letter.format(t=t)
            blanks.append(_squashed(gate.activation, f"{key}{t}", letter.format(t=t), f"{value_key}{t}", symbol))
    if exercise.cell == "lstm":
        blanks += _lstm_states(exercise, t)
    elif exercise.cell == "gru":
        blanks.append(_gru_state(exercise, t))
    return blanks


def _value_key(exercise: Exercise, name: str, t: int) -> str:
    """The key of a gate's value: that of its sum where it is not squashed."""
    gate = exercise.gates[GATES[exercise.cell].index(name)]
    key, _letter, value_key, _value_letter = _KEYS[exercise.cell, name]
    return f"{key if gate.activation == 'identity' else value_key}{t}"


def _sum(exercise: Exercise, name: str, t: int, key: str, symbol: str) -> Blank:
    """w x + u y + b of a gate; of a GRU's candidate w x + b + r s."""
    gate, x = exercise.gates[GATES[exercise.cell].index(name)], exercise.inputs[t - 1]
    candidate = (exercise.cell, name) == ("gru", "n")
    reset = _value_key(exercise, "r", t) if candidate else ""

    def terms_of(v: Values, step: int = t) -> list[tuple[float, float]]:
        return [(v[f"w{name}{j}"], v[f"x{step}_{j}"]) for j in range(1, len(x) + 1)]

    def inputs(v: Values, step: int = t) -> float:
        return _summed(terms_of(v, step))

    def state_term(v: Values) -> tuple[float, float]:
        return (v[reset], v[f"s{t}"]) if candidate else (v[f"u{name}"], v[f"y{t - 1}"])

    def state(v: Values) -> float:
        return math.prod(state_term(v))

    def total(v: Values) -> float:
        return _summed([*terms_of(v), state_term(v), (v[f"b{name}"], 1.0)])

    slips = [
        Slip(_("The bias is missing."), lambda v: inputs(v) + state(v)),
        Slip(_("The bias has the wrong sign."), lambda v: inputs(v) + state(v) - v[f"b{name}"]),
    ]
    if candidate:
        slips.append(Slip(_("The reset gate is missing."), lambda v: inputs(v) + v[f"s{t}"] + v[f"b{name}"]))
    if candidate or gate.state:
        slips.append(Slip(_("The previous output is missing."), lambda v: inputs(v) + v[f"b{name}"]))
    if t > 1:
        slips.append(
            Slip(
                _("These are the inputs of the step before."),
                lambda v: inputs(v, t - 1) + state(v) + v[f"b{name}"],
            )
        )
    if t > 1 and gate.state and not candidate:
        slips.append(
            Slip(
                _("This uses the output of two steps before."),
                lambda v: inputs(v) + v[f"u{name}"] * v[f"y{t - 2}"] + v[f"b{name}"],
            )
        )
    terms = " + ".join(rf"w_{j} x_{{{j},{t}}}" for j in range(1, len(x) + 1))
    if candidate:
        letters = rf"{terms} + b + r_{{{t}}} s_{{{t}}}"
    else:
        letters = terms + (rf" + u\, y_{{{t - 1}}}" if exercise.recurrent else "") + " + b"
    return Blank(f"{key}{t}", symbol, letters, total, tuple(slips))


def _summed(terms: Sequence[tuple[float, float]]) -> float:
    """The sum of products; of very large numbers as `added` has it, which is always finite."""
    total = sum(one * other for one, other in terms)
    return total if math.isfinite(total) else added(terms).value


def _inner(gate: Gate, t: int) -> Blank:
    """What a GRU's candidate sees of the output before: u y + d."""
    slips = [
        Slip(
            _("This uses the wrong bias: d belongs to the previous output."),
            lambda v: v["un"] * v[f"y{t - 1}"] + v["bn"],
        )
    ]
    if gate.state_bias:
        slips.append(Slip(_("The bias d is missing."), lambda v: v["un"] * v[f"y{t - 1}"]))
    letters = rf"u\, y_{{{t - 1}}} + d"
    return Blank(
        f"s{t}", rf"s_{{{t}}}", letters, lambda v: _summed([(v["un"], v[f"y{t - 1}"]), (v["dn"], 1.0)]), tuple(slips)
    )


def _squashed(name: str, of: str, argument: str, key: str, symbol: str) -> Blank:
    """An activation of a number, and what other functions of it would give."""
    value = activation(name).value

    def through(function: Formula) -> Formula:
        return lambda v: function({"": v[of]})

    others = {
        "sigmoid": ("tanh", _("This is tanh. The gate uses σ.")),
        "tanh": ("sigmoid", _("This is σ. Here it is tanh.")),
    }
    slips = [Slip(_("Not squashed: this is the argument itself."), lambda v: v[of])]
    if name in others:
        other, said = others[name]
        wrong = activation(other).value
        slips.append(Slip(said, through(lambda v: wrong(v[""]))))
    if name == "sigmoid":
        slips.append(Slip(_("The sign in the exponent is wrong."), through(lambda v: value(-v[""]))))
        slips.append(Slip(_("This is e to the power of the argument."), through(lambda v: math.exp(v[""]))))
        slips.append(Slip(_("This is the derivative of σ."), through(lambda v: value(v[""]) * (1 - value(v[""])))))
    elif name == "tanh":
        slips.append(Slip(_("This is the derivative of tanh."), through(lambda v: 1 - value(v[""]) ** 2)))
    return Blank(key, symbol, activation(name).latex(argument), lambda v: value(v[of]), tuple(slips))


def _lstm_states(exercise: Exercise, t: int) -> list[Blank]:
    g, i, f, o = (_value_key(exercise, name, t) for name in GATES["lstm"])
    before, after = f"c{t - 1}", f"c{t}"
    slips = [
        Slip(_("Input gate and forget gate are swapped."), lambda v: v[f] * v[g] + v[i] * v[before]),
        Slip(_("The old cell state is missing."), lambda v: v[i] * v[g]),
        Slip(_("The forget gate is missing."), lambda v: v[i] * v[g] + v[before]),
        Slip(_("The input gate is missing."), lambda v: v[g] + v[f] * v[before]),
        Slip(_("The output gate belongs to y, not to c."), lambda v: v[o] * v[g] + v[f] * v[before]),
    ]
    if g != f"z{t}":
        slips.append(Slip(_("This uses z instead of g(z)."), lambda v: v[i] * v[f"z{t}"] + v[f] * v[before]))
    if t > 1:
        slips.append(
            Slip(_("This uses the first cell state, not the last one."), lambda v: v[i] * v[g] + v[f] * v["c0"])
        )
    letters = rf"f(z_{{i,{t}}})\, g(z_{{{t}}}) + f(z_{{f,{t}}})\, c_{{{t - 1}}}"
    blanks = [
        Blank(after, rf"c_{{{t}}}", letters, lambda v: _summed([(v[i], v[g]), (v[f], v[before])]), tuple(slips)),
    ]
    bent = after
    if exercise.output != "identity":
        bent = f"h{t}"
        blanks.append(_squashed(exercise.output, after, rf"c_{{{t}}}", bent, rf"h(c_{{{t}}})"))
    slips = [
        Slip(_("The output gate is missing."), lambda v: v[bent]),
        Slip(_("This uses the old cell state."), lambda v: v[o] * activation(exercise.output).value(v[before])),
        Slip(_("This is the wrong gate: the output gate decides."), lambda v: v[i] * v[bent]),
    ]
    if bent != after:
        slips.append(Slip(_("This uses c instead of h(c)."), lambda v: v[o] * v[after]))
    blanks.append(
        Blank(f"y{t}", rf"y_{{{t}}}", rf"f(z_{{o,{t}}})\, h(c_{{{t}}})", lambda v: v[o] * v[bent], tuple(slips))
    )
    return blanks


def _gru_state(exercise: Exercise, t: int) -> Blank:
    r, z, n = (_value_key(exercise, name, t) for name in GATES["gru"])
    before = f"y{t - 1}"
    slips = (
        Slip(_("z and 1 − z are swapped."), lambda v: v[z] * v[n] + (1 - v[z]) * v[before]),
        Slip(_("The previous output is missing."), lambda v: (1 - v[z]) * v[n]),
        Slip(_("The candidate has the factor 1 − z."), lambda v: v[n] + v[z] * v[before]),
        Slip(_("This is the reset gate: the update gate decides."), lambda v: (1 - v[r]) * v[n] + v[r] * v[before]),
    )
    letters = rf"(1 - z_{{{t}}})\, n_{{{t}}} + z_{{{t}}}\, y_{{{t - 1}}}"
    return Blank(f"y{t}", rf"y_{{{t}}}", letters, lambda v: _summed([(1 - v[z], v[n]), (v[z], v[before])]), slips)


_HINTS = {
    "lstm": lambda: _(
        "First the four sums, each from the inputs, the previous output and a bias. Squash them to gates. The input "
        "gate lets the new value in, the forget gate keeps the old one, the output gate shows the result."
    ),
    "gru": lambda: _(
        "First the reset and update gates. The reset gate scales what the candidate sees of the previous output. The "
        "update gate mixes the candidate with the previous output."
    ),
    "rnn": lambda: _("Add the weighted inputs, the weighted previous output and the bias. Then squash the sum."),
}


def _known(exercise: Exercise) -> dict[str, float]:
    """Every number given, by key; and which activations, as numbers."""
    known = {"y0": exercise.y0, "c0": exercise.c0}
    kinds = list(ACTIVATIONS)
    for name, gate in zip(GATES[exercise.cell], exercise.gates, strict=True):
        known |= {f"w{name}{j}": weight for j, weight in enumerate(gate.inputs, 1)}
        known |= {f"u{name}": gate.state, f"b{name}": gate.bias, f"d{name}": gate.state_bias}
        known[f"kind{name}"] = float(kinds.index(gate.activation))
    known["kind"] = float(kinds.index(exercise.output))
    for t, x in enumerate(exercise.inputs, 1):
        known |= {f"x{t}_{j}": value for j, value in enumerate(x, 1)}
    return known


def _question(exercise: Exercise, asked: int) -> str:
    steps = len(exercise.inputs)
    if asked < steps:
        return _("Work out the first {asked} of {steps} steps: every sum, every gate, every state.").format(
            asked=asked, steps=steps
        )
    return _("Work out {steps} steps: every sum, every gate, every state.").format(steps=steps)


def _given(exercise: Exercise) -> tuple[Line, ...]:
    """The weights, the inputs, and the states before the first step."""
    lstm, gru = exercise.cell == "lstm", exercise.cell == "gru"
    width = exercise.width
    header = ["", *(f"w_{j}" for j in range(1, width + 1)), "u", "b", *(["d"] if gru else []), ""]
    rows = [header]
    for name, gate in zip(GATES[exercise.cell], exercise.gates, strict=True):
        symbol = "z" if (exercise.cell, name) in (("lstm", "z"), ("rnn", "a")) else f"z_{name}"
        numbers = [*gate.inputs, gate.state, gate.bias, *([gate.state_bias] if gru else [])]
        rows.append([symbol, *(number(one, 4) for one in numbers), activation(gate.activation).latex(symbol)])
    steps = [["t", *map(str, range(1, len(exercise.inputs) + 1))]]
    steps += [[f"x_{j + 1}", *(number(x[j], 4) for x in exercise.inputs)] for j in range(width)]
    before = rf"y_0 = {number(exercise.y0, 4)}"
    if lstm:
        before += rf", \quad c_0 = {number(exercise.c0, 4)}, \quad h(c) = {activation(exercise.output).latex('c')}"
    return Line(_array(rows)), Line(_array(steps)), Line(before)


def _array(rows: list[list[str]]) -> str:
    body = r" \\ ".join(" & ".join(row) for row in rows)
    return rf"\begin{{array}}{{{'c' * len(rows[0])}}}{body}\end{{array}}"

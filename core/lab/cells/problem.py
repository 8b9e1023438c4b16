"""A recurrent cell as an exercise to be tried: every sum, gate and state, step by step, of one unit or several."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from core.lab.attempt import Blank, Formula, Part, Problem, Slip, Values
from core.lab.cells.activations import ACTIVATIONS, activation
from core.lab.cells.arithmetic import Exercise, Gate, added, work
from core.lab.cells.exercise_text import WHOLE
from core.lab.cells.layer import Layer, key
from core.lab.cells.worksheets import step_sheet
from core.lab.typed_numbers import seeded
from core.lab.worksheet import Line, aligned, factor, matrix, number
from core.runtime.i18n import gettext as _

MOST_STEPS = 12  # that are asked; of a longer exercise the first ones
# Of each gate the key of its sum, what stands below its z in LaTeX, the key of its value and that in LaTeX.
_KEYS = {
    ("lstm", "z"): ("z", "", "g", "g({z})"),
    ("lstm", "i"): ("zi", "i", "i", "f({z})"),
    ("lstm", "f"): ("zf", "f", "f", "f({z})"),
    ("lstm", "o"): ("zo", "o", "o", "f({z})"),
    ("gru", "r"): ("zr", "r", "r", "r"),
    ("gru", "z"): ("zz", "z", "z", "z"),
    ("gru", "n"): ("zn", "n", "n", "n"),
    ("rnn", "a"): ("z", "", "y", "y"),
}
_Term = tuple[str, str]  # keys of a product's two factors; "" is 1


def problem(exercise: Exercise | Layer) -> Problem:
    """The exercise as blanks, a step of the sequence in each part.

    Answers need three decimals, or none where all numbers are whole to 0.01.
    """
    layer = exercise if isinstance(exercise, Layer) else Layer.of(exercise)
    steps = range(1, min(len(layer.inputs), MOST_STEPS) + 1)
    made = [_Step(layer, t) for t in steps]
    parts = tuple(Part(_("Step t = {t}").format(t=step.t), _hint(layer), tuple(step.blanks), ()) for step in made)
    cell = layer.cell.upper()
    title = _("A cell of one unit by hand: {cell}").format(cell=cell)
    if len(layer.units) > 1:
        title = _("A layer of {count} units by hand: {cell}").format(count=len(layer.units), cell=cell)
    found = Problem(title, _question(layer, len(steps)), _given(layer), _known(layer), parts)
    if isinstance(exercise, Exercise):
        worked = work(exercise)
        lines = [step_sheet(worked, t, 6).lines for t in steps]
    else:
        lines = [tuple(step.line(blank, found.truth) for blank in step.blanks) for step in made]
    truths = [found.truth[blank.name] for blank in found.blanks()]
    whole = all(abs(one - round(one)) <= WHOLE for one in truths)
    parts = tuple(replace(part, solution=some) for part, some in zip(parts, lines, strict=True))
    return replace(found, parts=parts, decimals=0 if whole else 3)


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


@dataclass
class _Step:
    """The blanks of a step; `terms` are the products that a sum adds, by its key."""

    layer: Layer
    t: int

    def __post_init__(self) -> None:
        self.blanks: list[Blank] = []
        self.terms: dict[str, list[_Term]] = {}
        layer = self.layer
        for name in layer.names:
            if name != "o":
                for j in layer.units:
                    self._gate(name, j)
        if layer.coupled:
            self.blanks += [self._coupled(j) for j in layer.units]
        if layer.cell == "lstm":
            # An output gate with peepholes sees the new cell state.
            order = (self._cell_state, self._output_gate) if layer.peepholes else (self._output_gate, self._cell_state)
            for make in order:
                for j in layer.units:
                    make(j)
            for j in layer.units:
                self._output(j)
        elif layer.cell == "gru":
            for j in layer.units:
                self._mixed(j)

    def line(self, blank: Blank, truth: Values) -> Line:
        """A blank worked: letters, numbers, value."""
        steps = [blank.letters]
        if terms := self.terms.get(blank.name):
            products = [r" \cdot ".join(factor(truth[one], 6) for one in term if one) for term in terms]
            steps.append(" + ".join(products))
        return Line(aligned(blank.symbol, [*steps, number(truth[blank.name], 6)]))

    # Keys and letters

    def at(self, letter: str, j: int, t: int | None = None) -> str:
        """The key of a unit's number at this step or another."""
        return key(self.layer, letter, self.t if t is None else t, j)

    def sign(self, letter: str, j: int, t: int | None = None, below: str = "") -> str:
        """The same in LaTeX."""
        t = self.t if t is None else t
        unit = f"^{{({j})}}" if len(self.layer.units) > 1 else ""
        return f"{letter}_{{{below + ',' if below else ''}{t}}}{unit}"

    def value(self, name: str, j: int) -> str:
        """The key of a gate's value: that of its sum where it is not squashed."""
        if name == "i" and self.layer.coupled:
            return self.at("i", j)
        sum_key, _below, value_key, _letter = _KEYS[self.layer.cell, name]
        return self.at(sum_key if self.layer.kind(name) == "identity" and self.layer.cell != "rnn" else value_key, j)

    def value_sign(self, name: str, j: int) -> str:
        """A gate's value in LaTeX."""
        if name == "i" and self.layer.coupled:
            return self.sign("i", j)
        _key, below, _value, letter = _KEYS[self.layer.cell, name]
        return letter.format(z=self.sign("z", j, below=below)) if "{" in letter else self.sign(letter, j)

    # Blanks

    def _add(self, blank: Blank, terms: Sequence[_Term] = ()) -> None:
        self.blanks.append(blank)
        if terms:
            self.terms[blank.name] = list(terms)

    def _gate(self, name: str, j: int) -> None:
        layer = self.layer
        sum_key, below, _value, _letter = _KEYS[layer.cell, name]
        kind = layer.kind(name)
        if (layer.cell, name) == ("gru", "n"):
            self._inner(j)
        if layer.cell == "rnn" and kind == "identity":
            self._sum(name, j, self.at("y", j), self.sign("y", j))
            return
        argument = self.sign("z", j, below=below)
        self._sum(name, j, self.at(sum_key, j), argument)
        if kind != "identity":
            self._add(_squashed(kind, self.at(sum_key, j), argument, self.value(name, j), self.value_sign(name, j)))

    def _sum(self, name: str, j: int, named: str, symbol: str) -> None:
        """w x + u y + b of a gate, with its peephole; of a GRU's candidate w x + b + r s."""
        layer, t = self.layer, self.t
        k = layer.names.index(name)
        width, candidate = range(1, len(layer.inputs[0]) + 1), (layer.cell, name) == ("gru", "n")
        seen = layer.peephole(name)
        own = "" if len(layer.units) == 1 else f"{j}"

        def inputs(step: int) -> list[_Term]:
            return [(_weight("w", name, own, i), f"x{step}_{i}") for i in width]

        def states(step: int) -> list[_Term]:
            if candidate:
                return [(self.value("r", j), self.at("s", j))]
            return [(_state_weight(layer, name, j, m), self.at("y", m, step)) for m in layer.units]

        bias: _Term = (f"b{name}{own}", "")
        looks_at = t if name == "o" else t - 1
        peeped: list[_Term] = [(f"p{name}{own}", self.at("c", j, looks_at))] if seen else []
        terms = [*inputs(t), *states(t - 1), *peeped, bias]
        slips = [
            Slip(_("The bias is missing."), _total(terms[:-1])),
            Slip(_("The bias has the wrong sign."), lambda v: _total(terms[:-1])(v) - v[bias[0]]),
        ]
        if candidate:
            without = [*inputs(t), (self.at("s", j), ""), bias]
            slips.append(Slip(_("The reset gate is missing."), _total(without)))
        if candidate or any(layer.u[k][j - 1]):
            slips.append(Slip(_("The previous output is missing."), _total([*inputs(t), *peeped, bias])))
        if peeped:
            slips.append(Slip(_("The peephole is missing."), _total([*inputs(t), *states(t - 1), bias])))
            if name == "o":
                said = _("The output gate’s peephole sees the new cell state.")
                old = (f"p{name}{own}", self.at("c", j, t - 1))
                slips.append(Slip(said, _total([*inputs(t), *states(t - 1), old, bias])))
        if t > 1:
            before = [*inputs(t - 1), *states(t - 1), *peeped, bias]
            slips.append(Slip(_("These are the inputs of the step before."), _total(before)))
        if t > 1 and not candidate and any(layer.u[k][j - 1]):
            early = [*inputs(t), *states(t - 2), *peeped, bias]
            slips.append(Slip(_("This uses the output of two steps before."), _total(early)))
        letters = " + ".join(rf"w_{{{own}{i}}} x_{{{i},{t}}}" for i in width)
        if candidate:
            letters += rf" + b + {self.value_sign('r', j)}\, {self.sign('s', j)}"
        else:
            if layer.recurrent:
                letters += (
                    "".join(rf" + u_{{{own}{m}}}\, {self.sign('y', m, t - 1)}" for m in layer.units)
                    if own
                    else (rf" + u\, {self.sign('y', j, t - 1)}")
                )
            letters += (rf" + p\, {self.sign('c', j, looks_at)}" if seen else "") + " + b"
        shown = [term for term in terms if layer.recurrent or not term[0].startswith("u")]
        self._add(Blank(named, symbol, letters, _total(terms), tuple(slips)), shown)

    def _inner(self, j: int) -> None:
        """What a GRU's candidate sees of the output before: u y + d."""
        layer, t = self.layer, self.t
        own = "" if len(layer.units) == 1 else f"{j}"
        states: list[_Term] = [(_state_weight(layer, "n", j, m), self.at("y", m, t - 1)) for m in layer.units]
        terms = [*states, (f"dn{own}", "")]
        slips = [
            Slip(_("This uses the wrong bias: d belongs to the previous output."), _total([*states, (f"bn{own}", "")]))
        ]
        if layer.d[j - 1]:
            slips.append(Slip(_("The bias d is missing."), _total(states)))
        letters = " + ".join(rf"u{f'_{{{own}{m}}}' if own else ''}\, {self.sign('y', m, t - 1)}" for m in layer.units)
        self._add(Blank(self.at("s", j), self.sign("s", j), letters + " + d", _total(terms), tuple(slips)), terms)

    def _coupled(self, j: int) -> Blank:
        """The input gate that is what the forget gate leaves."""
        f = self.value("f", j)
        slips = (
            Slip(_("This is the forget gate itself."), lambda v: v[f]),
            Slip(_("Take 1 minus the gate, not minus its sum."), lambda v: 1 - v[self.at("zf", j)]),
        )
        return Blank(self.at("i", j), self.sign("i", j), f"1 - {self.value_sign('f', j)}", lambda v: 1 - v[f], slips)

    def _output_gate(self, j: int) -> None:
        self._gate("o", j)

    def _cell_state(self, j: int) -> None:
        layer, t = self.layer, self.t
        g, i, f = (self.value(name, j) for name in ("z", "i", "f"))
        before, after = self.at("c", j, t - 1), self.at("c", j)
        slips = [
            Slip(_("Input gate and forget gate are swapped."), lambda v: v[f] * v[g] + v[i] * v[before]),
            Slip(_("The old cell state is missing."), lambda v: v[i] * v[g]),
            Slip(_("The forget gate is missing."), lambda v: v[i] * v[g] + v[before]),
            Slip(_("The input gate is missing."), lambda v: v[g] + v[f] * v[before]),
        ]
        if not layer.peepholes:
            o = self.value("o", j)
            said = _("The output gate belongs to y, not to c.")
            slips.append(Slip(said, lambda v: v[o] * v[g] + v[f] * v[before]))
        if g != self.at("z", j):
            z = self.at("z", j)
            slips.append(Slip(_("This uses z instead of g(z)."), lambda v: v[i] * v[z] + v[f] * v[before]))
        if t > 1:
            first = self.at("c", j, 0)
            said = _("This uses the first cell state, not the last one.")
            slips.append(Slip(said, lambda v: v[i] * v[g] + v[f] * v[first]))
        terms = [(i, g), (f, before)]
        signs = (self.value_sign(name, j) for name in ("i", "z", "f"))
        letters = r"{}\, {} + {}\, {}".format(*signs, self.sign("c", j, t - 1))
        self._add(Blank(after, self.sign("c", j), letters, _total(terms), tuple(slips)), terms)

    def _output(self, j: int) -> None:
        layer, t = self.layer, self.t
        i, o = self.value("i", j), self.value("o", j)
        before, after = self.at("c", j, t - 1), self.at("c", j)
        bend, bent = activation(layer.output).value, after
        if layer.output != "identity":
            bent = self.at("h", j)
            self._add(_squashed(layer.output, after, self.sign("c", j), bent, f"h({self.sign('c', j)})"))
        slips = [
            Slip(_("The output gate is missing."), lambda v: v[bent]),
            Slip(_("This uses the old cell state."), lambda v: v[o] * bend(v[before])),
            Slip(_("This is the wrong gate: the output gate decides."), lambda v: v[i] * v[bent]),
        ]
        if bent != after:
            slips.append(Slip(_("This uses c instead of h(c)."), lambda v: v[o] * v[after]))
        letters = rf"{self.value_sign('o', j)}\, h({self.sign('c', j)})"
        self._add(
            Blank(self.at("y", j), self.sign("y", j), letters, lambda v: v[o] * v[bent], tuple(slips)), [(o, bent)]
        )

    def _mixed(self, j: int) -> None:
        """A GRU's new output."""
        r, z, n = (self.value(name, j) for name in ("r", "z", "n"))
        before = self.at("y", j, self.t - 1)
        slips = (
            Slip(_("z and 1 − z are swapped."), lambda v: v[z] * v[n] + (1 - v[z]) * v[before]),
            Slip(_("The previous output is missing."), lambda v: (1 - v[z]) * v[n]),
            Slip(_("The candidate has the factor 1 − z."), lambda v: v[n] + v[z] * v[before]),
            Slip(_("This is the reset gate: the update gate decides."), lambda v: (1 - v[r]) * v[n] + v[r] * v[before]),
        )
        keep, new, old = self.value_sign("z", j), self.value_sign("n", j), self.sign("y", j, self.t - 1)
        letters = rf"(1 - {keep})\, {new} + {keep}\, {old}"

        def mixed(v: Values) -> float:
            return _summed([(1 - v[z], v[n]), (v[z], v[before])])

        self._add(Blank(self.at("y", j), self.sign("y", j), letters, mixed, slips))


def _weight(letter: str, name: str, own: str, i: int) -> str:
    return f"{letter}{name}{own}_{i}" if own else f"{letter}{name}{i}"


def _state_weight(layer: Layer, name: str, j: int, m: int) -> str:
    return f"u{name}{j}_{m}" if len(layer.units) > 1 else f"u{name}"


def _total(terms: Sequence[_Term]) -> Formula:
    """The sum of products of the numbers of these keys."""
    return lambda v: _summed([(v[one], v[other] if other else 1.0) for one, other in terms])


def _summed(terms: Sequence[tuple[float, float]]) -> float:
    """The sum of products; of very large numbers as `added` has it, which is always finite."""
    total = sum(one * other for one, other in terms)
    return total if math.isfinite(total) else added(terms).value


def _squashed(name: str, of: str, argument: str, named: str, symbol: str) -> Blank:
    """An activation of a number, and what other functions of it would give."""
    value = activation(name).value
    slips = [Slip(_("Not squashed: this is the argument itself."), lambda v: v[of])]
    others: dict[str, tuple[Callable[[float], float], str]] = {
        "sigmoid": (math.tanh, _("This is tanh. The gate uses σ.")),
        "tanh": (activation("sigmoid").value, _("This is σ. Here it is tanh.")),
    }
    if name in others:
        wrong, said = others[name]
        slips.append(Slip(said, lambda v: wrong(v[of])))
    if name == "sigmoid":
        slips += [
            Slip(_("The sign in the exponent is wrong."), lambda v: value(-v[of])),
            Slip(_("This is e to the power of the argument."), lambda v: math.exp(v[of])),
            Slip(_("This is the derivative of σ."), lambda v: value(v[of]) * (1 - value(v[of]))),
        ]
    elif name == "tanh":
        slips.append(Slip(_("This is the derivative of tanh."), lambda v: 1 - value(v[of]) ** 2))
    return Blank(named, symbol, activation(name).latex(argument), lambda v: value(v[of]), tuple(slips))


def _hint(layer: Layer) -> str:
    if layer.cell == "gru":
        return _(
            "First the reset and update gates. The reset gate scales what the candidate sees of the previous output. "
            "The update gate mixes the candidate with the previous output."
        )
    if layer.cell == "rnn":
        return _("Add the weighted inputs, the weighted previous output and the bias. Then squash the sum.")
    return _(
        "First the sums, each from the inputs, the previous output and a bias. Squash them to gates. The input gate "
        "lets the new value in, the forget gate keeps the old one, the output gate shows the result."
    )


def _known(layer: Layer) -> dict[str, float]:
    """Every number given, by key; and which activations, as numbers."""
    kinds = list(ACTIVATIONS)
    known = {"kind": float(kinds.index(layer.output)), "coupled": float(layer.coupled)}
    for j in layer.units:
        own = "" if len(layer.units) == 1 else f"{j}"
        known |= {key(layer, "y", 0, j): layer.y0[j - 1], key(layer, "c", 0, j): (*layer.c0, *layer.y0)[j - 1]}
        for k, name in enumerate(layer.names):
            known |= {_weight("w", name, own, i): value for i, value in enumerate(layer.w[k][j - 1], 1)}
            known |= {_state_weight(layer, name, j, m): value for m, value in enumerate(layer.u[k][j - 1], 1)}
            known |= {f"b{name}{own}": layer.b[k][j - 1], f"kind{name}": float(kinds.index(layer.kind(name)))}
            if seen := layer.peephole(name):
                known[f"p{name}{own}"] = seen[j - 1]
        if layer.cell == "gru":
            known[f"dn{own}"] = layer.d[j - 1]
    for t, x in enumerate(layer.inputs, 1):
        known |= {f"x{t}_{i}": value for i, value in enumerate(x, 1)}
    return known


def _question(layer: Layer, asked: int) -> str:
    steps = len(layer.inputs)
    if asked < steps:
        return _("Work out the first {asked} of {steps} steps: every sum, every gate, every state.").format(
            asked=asked, steps=steps
        )
    return _("Work out {steps} steps: every sum, every gate, every state.").format(steps=steps)


_EQUATIONS = {
    "lstm": r"c_t &= f(z_i)\, g(z) + f(z_f)\, c_{t-1} \\ y_t &= f(z_o)\, h(c_t)",
    "gru": r"s &= U y_{t-1} + d, \quad z_n = W x_t + b + r \odot s \\ y_t &= (1 - z) \odot n + z \odot y_{t-1}",
    "rnn": r"y_t &= f(z)",
}


def _given(layer: Layer) -> tuple[Line, ...]:
    """The equations, the weights, the inputs, and the states before the first step."""
    sums = r"z &= W x_t + U y_{t-1} + b" + (r" \quad (+\, p \odot c)" if layer.peepholes else "")
    equations = rf"\begin{{aligned}}{sums} \\ {_EQUATIONS[layer.cell]}\end{{aligned}}"
    return Line(equations, _("Each gate has a sum z of its own")), *_numbers(layer)


def _numbers(layer: Layer) -> tuple[Line, ...]:
    lstm, gru, width = layer.cell == "lstm", layer.cell == "gru", len(layer.inputs[0])
    steps = [["t", *map(str, range(1, len(layer.inputs) + 1))]]
    steps += [[f"x_{i + 1}", *(number(x[i], 4) for x in layer.inputs)] for i in range(width)]
    before = [("y_0", layer.y0), *([("c_0", layer.c0)] if lstm else [])]
    bent = rf", \quad h(c) = {activation(layer.output).latex('c')}" if lstm else ""
    if len(layer.units) == 1 and not layer.peepholes and not layer.coupled:
        rows = [["", *(f"w_{i}" for i in range(1, width + 1)), "u", "b", *(["d"] if gru else []), ""]]
        for k, name in enumerate(layer.names):
            symbol = _symbol(layer, name)
            numbers = [*layer.w[k][0], layer.u[k][0][0], layer.b[k][0], *(layer.d if gru else ())]
            shown = [number(one, 4) for one in numbers]
            if gru and name != "n":
                shown[-1] = ""
            rows.append([symbol, *shown, activation(layer.kind(name)).latex(symbol)])
        states = r", \quad ".join(f"{letter} = {number(values[0], 4)}" for letter, values in before)
        return Line(_array(rows)), Line(_array(steps)), Line(states + bent)
    lines = []
    for k, name in enumerate(layer.names):
        symbol = _symbol(layer, name)
        matrices = [("W", layer.w[k]), ("U", layer.u[k]), ("b", [(value,) for value in layer.b[k]])]
        if (seen := layer.peephole(name)) is not None:
            matrices.append(("p", [(value,) for value in seen]))
        if (layer.cell, name) == ("gru", "n"):
            matrices.append(("d", [(value,) for value in layer.d]))
        written = r",\; ".join(f"{letter} = {matrix(values)}" for letter, values in matrices)
        lines.append(Line(rf"{symbol}:\; {written},\; {activation(layer.kind(name)).latex(symbol)}"))
    if layer.coupled:
        lines.append(Line("i = 1 - f(z_f)"))
    states = r",\; ".join(f"{letter} = {matrix([(value,) for value in values])}" for letter, values in before)
    return (*lines, Line(_array(steps)), Line(states + bent))


def _symbol(layer: Layer, name: str) -> str:
    return "z" if (layer.cell, name) in (("lstm", "z"), ("rnn", "a")) else f"z_{name}"


def _array(rows: list[list[str]]) -> str:
    body = r" \\ ".join(" & ".join(row) for row in rows)
    return rf"\begin{{array}}{{{'c' * len(rows[0])}}}{body}\end{{array}}"

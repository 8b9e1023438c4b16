"""Backpropagation through time to be tried: forward, the errors at the sums, each gradient by its terms."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from decimal import Decimal, localcontext

import numpy as np

from core.lab.attempt import Blank, Formula, Part, Problem, Slip, Values
from core.lab.bptt.gradients import ACTIVATIONS, WIDE, Exercise, backpropagation
from core.lab.bptt.units import Units
from core.lab.bptt.worksheet import gradient_lines, model, output_lines, step_lines
from core.lab.worksheet import Line, matrix, number
from core.runtime.i18n import gettext as _

_SAFE = 1e-6  # a probability as far from 0 and 1 has a logarithm that has lost nothing


def problem(exercise: Exercise | Units) -> Problem:
    """Every number of the exercise as a blank, in the order of working."""
    units = exercise if isinstance(exercise, Units) else Units.of(exercise)
    names = _Names(units)
    parts = [Part(_("Step {t}").format(t=t), *_step(names, t)) for t in names.times]
    parts += [
        Part(_("Output and loss"), *_output(names)),
        Part(_("Errors at the sums, last step first"), *_errors(names)),
        *(Part(title, *made) for title, made in _gradients(names)),
    ]
    if isinstance(exercise, Exercise):
        working = backpropagation(exercise)
        sheets = [step_lines(working, step) for step in working.steps]
        sheets += [output_lines(working), (), *(tuple(gradient_lines(gradient)) for gradient in working.gradients)]
        parts = [Part(part.title, part.hint, part.blanks, lines) for part, lines in zip(parts, sheets, strict=True)]
    return Problem(
        _("Backpropagation through time"),
        _("Work out the gradient of the loss with respect to each weight: first forward, then back through time."),
        names.given(),
        names.known(),
        tuple(parts),
    )


def drawn(seed: int) -> Exercise:
    """An exercise of one unit over two or three steps, with numbers of one decimal; no gradient is close to 0."""
    rng = np.random.default_rng([seed, 23])

    def draw(low: float, high: float) -> float:
        return round(float(rng.uniform(low, high)) * float(rng.choice([-1, 1])), 1)

    activation = str(rng.choice(["tanh", "tanh", "tanh", "tanh", "sigmoid", "relu"]))
    while True:
        made = Exercise(
            x=tuple(draw(0.3, 2) for _step in range(int(rng.choice([2, 2, 3])))),
            y=float(rng.integers(2)),
            w_i=draw(0.3, 1.2),
            w_h=draw(0.3, 1.2),
            w_o=draw(0.5, 2),
            h_0=float(rng.choice([0, 0, 0.5, -0.4])),
            activation=activation,
        )
        worked = backpropagation(made)
        sizes = [abs(step.h) for step in worked.steps] + [step.slope for step in worked.steps]
        sizes += [abs(gradient.value) for gradient in worked.gradients]
        terms = [term for gradient in worked.gradients for term in gradient.terms]
        sizes += [2.5 * abs(term.value) for term in terms if term.factors[-1].value]
        numbers = [abs(value) for value in (*made.x, made.w_i, made.w_h, made.w_o)]
        if min(sizes) > 0.05 and len(set(numbers)) == len(numbers):
            return made


class _Names:
    """Keys and LaTeX of the numbers; unit numbers are left out where there is one unit."""

    def __init__(self, units: Units) -> None:
        self.units = units
        self.times = range(1, len(units.x) + 1)
        self.last = len(units.x)
        self.unit = range(1, len(units.h_0) + 1)
        self.entry = range(1, len(units.x[0]) + 1)
        self.output = range(1, len(units.w_o) + 1)

    def at(self, letter: str, t: int, j: int) -> str:
        """The key of a unit's number at a step: a, h, d (the error), x or a term."""
        count = len(self.entry) if letter == "x" else len(self.unit)
        return f"{letter}_{t}" + (f"_{j}" if count > 1 else "")

    def out(self, letter: str, k: int) -> str:
        """The key of an output's number: u, p (ŷ), delta."""
        return letter + (f"_{k}" if self.units.softmax else "")

    def weight(self, letter: str, row: int, column: int) -> str:
        """The key of a weight, wi, wh or wo, or of what belongs to one: gi, gh, go."""
        return letter + (f"_{row}_{column}" if self._matrix(letter[-1]) else "")

    def term(self, letter: str, t: int, row: int, column: int) -> str:
        """The key of a step's term of a gradient: ti or th."""
        return f"{letter}_{t}" + (f"_{row}_{column}" if self._matrix(letter[-1]) else "")

    def _matrix(self, of: str) -> bool:
        rows = {"i": self.units.w_i, "h": self.units.w_h, "o": self.units.w_o}[of]
        return len(rows) * len(rows[0]) > 1

    def l_at(self, letter: str, t: int, j: int) -> str:
        count = len(self.entry) if letter == "x" else len(self.unit)
        return f"{letter}_{{{t}{f',{j}' if count > 1 else ''}}}"

    def l_out(self, letter: str, k: int) -> str:
        return letter + (f"_{{{k}}}" if self.units.softmax else "")

    def l_weight(self, of: str, row: int, column: int) -> str:
        return f"(W_{of})_{{{row}{column}}}" if self._matrix(of) else f"w_{of}"

    def l_error(self, t: int, j: int) -> str:
        return rf"\frac{{\partial L}}{{\partial {self.l_at('a', t, j)}}}"

    def l_slope(self, t: int, j: int) -> str:
        return {
            "tanh": f"(1 - {self.l_at('h', t, j)}^2)",
            "sigmoid": rf"{self.l_at('h', t, j)} (1 - {self.l_at('h', t, j)})",
            "relu": f"[{self.l_at('a', t, j)} > 0]",
        }[self.units.activation]

    def slope(self, t: int, j: int) -> Formula:
        """φ′ at a step's unit."""
        a, h, bend = self.at("a", t, j), self.at("h", t, j), ACTIVATIONS[self.units.activation]
        return lambda v: bend.slope(v[a], v[h])

    def known(self) -> dict[str, float]:
        """The given numbers by key."""
        units = self.units
        found = {self.at("x", t, i): units.x[t - 1][i - 1] for t in self.times for i in self.entry}
        found |= {self.at("h", 0, j): units.h_0[j - 1] for j in self.unit}
        for letter, rows in (("wi", units.w_i), ("wh", units.w_h), ("wo", units.w_o)):
            for row, numbers in enumerate(rows, 1):
                found |= {self.weight(letter, row, column): value for column, value in enumerate(numbers, 1)}
        # The model is among the knowns so that another one is another exercise.
        return found | {"y": units.y, "activation": float(list(ACTIVATIONS).index(units.activation))}

    def given(self) -> tuple[Line, ...]:
        """The model and its numbers."""
        units = self.units
        if not units.softmax and len(self.unit) == len(self.entry) == 1:
            numbers = [("w_i", units.w_i[0][0]), ("w_h", units.w_h[0][0]), ("w_o", units.w_o[0][0])]
            numbers += [("h_0", units.h_0[0]), ("y", units.y)]
            inputs = [(f"x_{{{t}}}", units.x[t - 1][0]) for t in self.times]
            return (
                Line(model(units.activation), _("The network and its loss")),
                *(
                    Line(", \\; ".join(f"{name} = {number(value, 6)}" for name, value in some))
                    for some in (numbers, inputs)
                ),
            )
        bend = ACTIVATIONS[units.activation].latex
        output = r"\operatorname{softmax}" if units.softmax else r"\sigma"
        loss = r"-\log \hat{y}_y" if units.softmax else r"-y \log \hat{y} - (1 - y) \log(1 - \hat{y})"
        matrices = [("W_i", units.w_i), ("W_h", units.w_h), ("W_o", units.w_o)]
        columns = [("h_0", units.h_0), *((f"x_{{{t}}}", units.x[t - 1]) for t in self.times)]
        return (
            Line(
                rf"\begin{{aligned}} h_t &= {bend}(W_i x_t + W_h h_{{t-1}}) \\ "
                rf"\hat{{y}} &= {output}(W_o h_{{{self.last}}}), \quad L = {loss} \end{{aligned}}",
                _("The network and its loss"),
            ),
            *(Line(f"{name} = {matrix(rows)}") for name, rows in matrices),
            *(Line(f"{name} = {matrix([(value,) for value in column])}") for name, column in columns),
            Line(f"y = {number(units.y, 6)}"),
        )


_Made = tuple[str, tuple[Blank, ...]]


def _step(names: _Names, t: int) -> _Made:
    blanks: list[Blank] = []
    for j in names.unit:
        inputs = [(names.weight("wi", j, i), names.at("x", t, i)) for i in names.entry]
        states = [(names.weight("wh", j, m), names.at("h", t - 1, m)) for m in names.unit]
        letters = [rf"{names.l_weight('i', j, i)}\, {names.l_at('x', t, i)}" for i in names.entry]
        letters += [rf"{names.l_weight('h', j, m)}\, {names.l_at('h', t - 1, m)}" for m in names.unit]
        blanks.append(
            Blank(
                names.at("a", t, j),
                names.l_at("a", t, j),
                " + ".join(letters),
                _sum_of(inputs + states),
                tuple(_sum_slips(names, t, j, inputs, states)),
            )
        )
    bend = ACTIVATIONS[names.units.activation]
    blanks += [
        Blank(
            names.at("h", t, j),
            names.l_at("h", t, j),
            f"{bend.latex}({names.l_at('a', t, j)})",
            _of(bend.function, names.at("a", t, j)),
            tuple(_state_slips(names, t, j)),
        )
        for j in names.unit
    ]
    return _("First the weighted sum of the input and the state before, then the activation."), tuple(blanks)


def _sum_of(pairs: list[tuple[str, str]]) -> Formula:
    def formula(v: Values) -> float:
        try:
            total = math.fsum(v[one] * v[other] for one, other in pairs)
        except (OverflowError, ValueError):
            total = math.inf
        if math.isfinite(total) or not all(math.isfinite(v[key]) for pair in pairs for key in pair):
            return total
        with localcontext(WIDE):  # products beyond float64 may cancel
            return float(sum((Decimal(v[one]) * Decimal(v[other]) for one, other in pairs), start=Decimal(0)))

    return formula


def _of(function: Callable[[float], float], key: str) -> Formula:
    return lambda v: function(v[key])


def _sum_slips(
    names: _Names, t: int, j: int, inputs: list[tuple[str, str]], states: list[tuple[str, str]]
) -> Iterator[Slip]:
    yield Slip(_("The recurrent part, the weight times the state before, is missing."), _sum_of(inputs))
    yield Slip(_("The input’s part is missing."), _sum_of(states))
    if len(names.unit) == len(names.entry):
        yield Slip(
            _("The weights are exchanged: the input weight belongs to x, the recurrent weight to the state."),
            _sum_of(
                [(own, value) for (own, _x), (_w, value) in zip(inputs, states, strict=True)]
                + [(own, value) for (own, _h), (_w, value) in zip(states, inputs, strict=True)]
            ),
        )
    if len(names.unit) > 1:
        turned = [(names.weight("wh", m, j), names.at("h", t - 1, m)) for m in names.unit]
        yield Slip(_("W_h is used with its rows and columns exchanged."), _sum_of(inputs + turned))
    if t > 1:
        sums = [(weight, names.at("a", t - 1, m)) for m, (weight, _h) in zip(names.unit, states, strict=True)]
        yield Slip(_("This uses the sum a of the step before, not its state h."), _sum_of(inputs + sums))
        earlier = [(weight, names.at("x", t - 1, i)) for i, (weight, _x) in zip(names.entry, inputs, strict=True)]
        yield Slip(_("This uses the input of the step before."), _sum_of(earlier + states))
        first = [(weight, names.at("h", 0, m)) for m, (weight, _h) in zip(names.unit, states, strict=True)]
        yield Slip(_("This uses the first state, not the state of the step before."), _sum_of(inputs + first))
        yield Slip(
            _("The state of the step before enters as it is, without its weight."),
            lambda v: _sum_of(inputs)(v) + v[names.at("h", t - 1, j)],
        )


def _state_slips(names: _Names, t: int, j: int) -> Iterator[Slip]:
    a, h, activation = names.at("a", t, j), names.at("h", t, j), names.units.activation
    yield Slip(_("The activation is missing: this is the sum a itself."), lambda v: v[a])
    for other, bend in ACTIVATIONS.items():
        if other != activation:
            yield Slip(_("This is another activation: {name} of the sum.").format(name=other), _of(bend.function, a))
    if activation == "tanh":
        yield Slip(_("This is the tangent; use the hyperbolic tangent, tanh."), _of(math.tan, a))
    slope = names.slope(t, j)
    yield Slip(_("This is the slope of the activation, not the state."), lambda v: slope({**v, h: _bent(names, v[a])}))


def _bent(names: _Names, a: float) -> float:
    return ACTIVATIONS[names.units.activation].function(a)


def _output(names: _Names) -> _Made:
    last = names.last
    blanks: list[Blank] = []
    for k in names.output:
        weights = [names.weight("wo", k, j) for j in names.unit]

        def over(letter: str, t: int, weights: list[str] = weights) -> Formula:
            return _sum_of([(w, names.at(letter, t, j)) for w, j in zip(weights, names.unit, strict=True)])

        slips = [Slip(_("This uses the sum a of the last step, not its state h."), over("a", last))]
        if last > 1:
            slips.append(Slip(_("This uses the state of another step, not the last one."), over("h", last - 1)))
        if len(names.unit) == 1:
            slips.append(Slip(_("The output weight is missing."), lambda v: v[names.at("h", last, 1)]))
        letters = [rf"{names.l_weight('o', k, j)}\, {names.l_at('h', last, j)}" for j in names.unit]
        blanks.append(Blank(names.out("u", k), names.l_out("u", k), " + ".join(letters), over("h", last), tuple(slips)))
    u = [names.out("u", k) for k in names.output]
    if names.units.softmax:
        blanks += [_probability(names, u, k) for k in names.output]
        true = names.out("p", int(names.units.y))
        loss = Blank(
            "loss",
            "L",
            rf"-\log \hat{{y}}_{{{int(names.units.y)}}}",
            lambda v: -math.log(v[true]),
            (
                Slip(_("This logarithm has base 10; use the natural one."), lambda v: -math.log10(v[true])),
                Slip(
                    _("Only the true class counts, not all classes."),
                    lambda v: -sum(math.log(v[names.out("p", k)]) for k in names.output),
                ),
            ),
        )
    else:
        blanks.append(
            Blank(
                "p",
                r"\hat{y}",
                r"\sigma(u)",
                lambda v: _sigmoid(v["u"]),
                (
                    Slip(_("σ is missing: this is the logit u itself."), lambda v: v["u"]),
                    Slip(_("This is tanh(u); the output is σ(u)."), lambda v: math.tanh(v["u"])),
                    Slip(_("The sign in the exponent is wrong: σ(u) is 1 / (1 + e^−u)."), lambda v: _sigmoid(-v["u"])),
                    Slip(_("This is e^−u; σ(u) is 1 / (1 + e^−u)."), lambda v: math.exp(-v["u"])),
                ),
            )
        )
        loss = Blank(
            "loss",
            "L",
            r"-y \log \hat{y} - (1 - y) \log(1 - \hat{y})",
            _cross_entropy,
            (
                Slip(
                    _("This is the loss of the other label."),
                    lambda v: _cross_entropy({**v, "y": 1 - v["y"], "u": v["u"]}),
                ),
                Slip(_("This logarithm has base 10; use the natural one."), lambda v: _cross_entropy(v) / math.log(10)),
                Slip(_("This is the squared error; the loss is the cross-entropy."), lambda v: (v["p"] - v["y"]) ** 2),
                Slip(
                    _("This is half the squared error; the loss is the cross-entropy."),
                    lambda v: (v["p"] - v["y"]) ** 2 / 2,
                ),
            ),
        )
    return _("The logit from the last state, then the probability, then the cross-entropy."), (*blanks, loss)


def _probability(names: _Names, u: list[str], k: int) -> Blank:
    """ŷ of a class."""
    own = u[k - 1]
    slips = (
        Slip(_("The exponentials are not divided by their sum."), _of(math.exp, own)),
        Slip(_("This is σ of one logit; softmax divides by the sum over all classes."), _of(_sigmoid, own)),
        Slip(_("The exponential is missing."), lambda v: v[own] / sum(v[name] for name in u)),
    )
    letters = rf"\frac{{e^{{u_{k}}}}}{{\sum_j e^{{u_j}}}}"
    return Blank(names.out("p", k), names.l_out(r"\hat{y}", k), letters, _softmax(u, k), slips)


def _sigmoid(u: float) -> float:
    return ACTIVATIONS["sigmoid"].function(u)


def _softmax(u: list[str], k: int) -> Formula:
    def formula(v: Values) -> float:
        top = max(v[name] for name in u)
        return math.exp(v[u[k - 1]] - top) / math.fsum(math.exp(v[name] - top) for name in u)

    return formula


def _cross_entropy(v: Values) -> float:
    y, p, u = v["y"], v["p"], v["u"]
    if _SAFE < p < 1 - _SAFE:
        return -y * math.log(p) - (1 - y) * math.log(1 - p)
    return max(u, 0.0) - u * y + math.log1p(math.exp(-abs(u)))


def _errors(names: _Names) -> _Made:
    blanks = [_delta(names, k) for k in names.output]
    for t in reversed(names.times):
        blanks += [_error(names, t, j) for j in names.unit]
    return (
        _("Start with ŷ − y. Each step back multiplies by a weight and by the slope of the activation."),
        tuple(blanks),
    )


def _delta(names: _Names, k: int) -> Blank:
    """∂L/∂u of an output."""
    p, y = names.out("p", k), names.units.labels[k - 1]
    slips = [
        Slip(_("The sign is wrong: the derivative is ŷ − y, not y − ŷ."), lambda v: y - v[p]),
        Slip(
            _("σ′(u) is multiplied in once too often: in ∂L/∂u it cancels."),
            lambda v: (v[p] - y) * v[p] * (1 - v[p]),
        ),
        Slip(_("This is ŷ; subtract the label."), lambda v: v[p]),
        Slip(
            _("This is the slope of the output, ŷ (1 − ŷ), without the derivative of the loss."),
            lambda v: v[p] * (1 - v[p]),
        ),
    ]
    if not names.units.softmax:
        slips.append(Slip(_("This is ∂L/∂ŷ; multiply it by σ′(u)."), lambda v: -y / v[p] + (1 - y) / (1 - v[p])))
    label = f"{y:g}" if names.units.softmax else "y"
    symbol = rf"\frac{{\partial L}}{{\partial {names.l_out('u', k)}}}"
    letters = rf"{names.l_out(chr(92) + 'hat{y}', k)} - {label}"
    return Blank(names.out("delta", k), symbol, letters, lambda v: v[p] - y, tuple(slips))


def _error(names: _Names, t: int, j: int) -> Blank:
    """∂L/∂a at a step's unit."""
    last = t == names.last
    if last:
        pairs = [(names.out("delta", k), names.weight("wo", k, j)) for k in names.output]
        letters = [
            rf"\frac{{\partial L}}{{\partial {names.l_out('u', k)}}}\, {names.l_weight('o', k, j)}"
            for k in names.output
        ]
    else:
        pairs = [(names.at("d", t + 1, m), names.weight("wh", m, j)) for m in names.unit]
        letters = [rf"{names.l_error(t + 1, m)}\, {names.l_weight('h', m, j)}" for m in names.unit]
    come, slope, h = _sum_of(pairs), names.slope(t, j), names.at("h", t, j)
    slips = [Slip(_("The slope of the activation is forgotten: this is ∂L/∂h, not ∂L/∂a."), come)]
    if len(pairs) == 1:
        source = pairs[0][0]
        missing = _("The factor w_o is missing.") if last else _("The factor w_h is missing.")
        slips.append(Slip(missing, lambda v: v[source] * slope(v)))
        other = names.weight("wh" if last else "wi", 1, 1)
        if len(names.entry) == 1:
            slips.append(
                Slip(
                    _("This uses another weight: here it is {weight}.").format(weight="w_o" if last else "w_h"),
                    lambda v: v[source] * v[other] * slope(v),
                )
            )
    elif not last:
        turned = _sum_of([(names.at("d", t + 1, m), names.weight("wh", j, m)) for m in names.unit])
        slips.append(Slip(_("W_h must be transposed on the way back."), lambda v: turned(v) * slope(v)))
    if names.units.activation == "tanh":
        slips.append(Slip(_("The slope of tanh is 1 − h², not 1 − h."), lambda v: come(v) * (1 - v[h])))
        slips.append(Slip(_("The slope of tanh is 1 − h², not h²."), lambda v: come(v) * v[h] ** 2))
        slips.append(
            Slip(_("The slope of tanh is 1 − h², not h (1 − h): that is σ′."), lambda v: come(v) * v[h] * (1 - v[h]))
        )
        a = names.at("a", t, j)
        slips.append(
            Slip(_("The slope is 1 − h² with the state h, not with the sum a."), lambda v: come(v) * (1 - v[a] ** 2))
        )
    elif names.units.activation == "sigmoid":
        slips.append(
            Slip(_("The slope of σ is h (1 − h), not 1 − h²: that is tanh′."), lambda v: come(v) * (1 - v[h] ** 2))
        )
    if not last:
        next_slope = names.slope(t + 1, j)
        slips.append(Slip(_("This uses the slope of the wrong step."), lambda v: come(v) * next_slope(v)))
    slips.append(Slip(_("The slope is used twice."), lambda v: come(v) * slope(v) ** 2))
    if last and not names.units.softmax:
        slips.append(
            Slip(
                _("σ′(u) is multiplied in once too often: it is in ŷ − y already."),
                lambda v: come(v) * slope(v) * v["p"] * (1 - v["p"]),
            )
        )
    front = letters[0] if len(letters) == 1 else rf"\left({' + '.join(letters)}\right)"
    return Blank(
        names.at("d", t, j),
        names.l_error(t, j),
        rf"{front}\, {names.l_slope(t, j)}",
        lambda v: come(v) * slope(v),
        tuple(slips),
    )


def _read_out(names: _Names, k: int, j: int) -> Blank:
    """The gradient of an output weight."""
    last, slope = names.last, names.slope(names.last, j)
    delta, h, a, w = names.out("delta", k), names.at("h", last, j), names.at("a", last, j), names.weight("wo", k, j)
    slips = [
        Slip(_("The factor h of the last state is missing."), lambda v: v[delta]),
        Slip(_("This multiplies by w_o; the derivative of w_o h with respect to w_o is h."), _product(delta, w)),
        Slip(
            _("The slope of the activation does not belong here: w_o comes after it."),
            lambda v: v[delta] * v[h] * slope(v),
        ),
        Slip(_("This uses the sum a, not the state h."), _product(delta, a)),
    ]
    if last > 1:
        before = names.at("h", last - 1, j)
        slips.append(Slip(_("This uses the state of another step, not the last one."), _product(delta, before)))
    if not names.units.softmax:
        said = _("σ′(u) is multiplied in once too often: it is in ŷ − y already.")
        slips.append(Slip(said, lambda v: v[delta] * v[h] * v["p"] * (1 - v["p"])))
    letters = rf"\frac{{\partial L}}{{\partial {names.l_out('u', k)}}}\, {names.l_at('h', last, j)}"
    return Blank(names.weight("go", k, j), _by(names.l_weight("o", k, j)), letters, _product(delta, h), tuple(slips))


def _gradients(names: _Names) -> Iterator[tuple[str, _Made]]:
    """(title, (hint, blanks)) of each of the three gradients."""
    outputs = [_read_out(names, k, j) for k in names.output for j in names.unit]
    yield _title("w_o"), (_("One factor for u and one for what w_o is multiplied with."), tuple(outputs))
    hint = _("Each step gives a term: the error at its sum times what the weight is multiplied with there. Add them.")
    for of, columns, letter, back in (("i", names.entry, "x", 0), ("h", names.unit, "h", 1)):
        blanks: list[Blank] = []
        for row in names.unit:
            for column in columns:
                blanks += [_term(names, of, t, row, column, letter, back) for t in reversed(names.times)]
                blanks.append(_whole(names, of, row, column))
        yield _title(f"w_{of}"), (hint, tuple(blanks))


def _title(weight: str) -> str:
    return _("The gradient with respect to {weight}").format(weight=weight)


def _by(weight: str) -> str:
    return rf"\frac{{\partial L}}{{\partial {weight}}}"


def _product(*keys: str) -> Formula:
    return lambda v: math.prod(v[key] for key in keys)


def _term(names: _Names, of: str, t: int, row: int, column: int, letter: str, back: int) -> Blank:
    """What a step gives to a gradient."""
    error, value = names.at("d", t, row), names.at(letter, t - back, column)
    right, slope = _product(error, value), names.slope(t, row)

    def without_slope(v: Values) -> float:
        return right(v) / slope(v)

    slips = [
        Slip(_("The slope of the activation at this step is forgotten."), without_slope),
        Slip(_("The last factor is missing: what the weight is multiplied with at this step."), lambda v: v[error]),
    ]
    for other in names.times:
        if abs(other - t) == 1:
            wrong = names.at(letter, other - back, column)
            said = (
                _("This uses the input of another step.")
                if of == "i"
                else _("This uses the state of the wrong step: it is h of the step before.")
            )
            slips.append(Slip(said, _product(error, wrong)))
            slips.append(Slip(_("This uses the error of another step."), _product(names.at("d", other, row), value)))
    if of == "h":
        slips.append(
            Slip(
                _("This uses the state of the wrong step: it is h of the step before."),
                _product(error, names.at("h", t, column)),
            )
        )
        if column <= len(names.entry):
            slips.append(
                Slip(
                    _("w_h is multiplied with the state, not with the input."),
                    _product(error, names.at("x", t, column)),
                )
            )
    elif column <= len(names.unit):
        slips.append(
            Slip(
                _("w_i is multiplied with the input, not with the state."),
                _product(error, names.at("h", t - 1, column)),
            )
        )
    if t < names.last and len(names.unit) == 1:
        w = names.weight("wh", 1, 1)
        slips.append(Slip(_("A factor w_h is missing."), lambda v: right(v) / v[w]))
        slips.append(Slip(_("There is one factor w_h too many."), lambda v: right(v) * v[w]))
    if t == names.last:
        slips.append(
            Slip(
                _("The factor w_o is missing."),
                lambda v: right(v) / v[names.weight("wo", 1, 1)] if len(names.unit) == 1 else math.nan,
            )
        )
    symbol = f"{_by(names.l_weight(of, row, column))}\\Big|_{{t={t}}}"
    letters = rf"{names.l_error(t, row)}\, {names.l_at(letter, t - back, column)}"
    return Blank(names.term(f"t{of}", t, row, column), symbol, letters, right, tuple(slips))


def _whole(names: _Names, of: str, row: int, column: int) -> Blank:
    """A gradient as the sum of its terms."""
    terms = [names.term(f"t{of}", t, row, column) for t in reversed(names.times)]
    slips = []
    if names.last > 1:
        slips = [
            Slip(_("This is only the last step’s term: add the terms of all steps."), lambda v: v[terms[0]]),
            Slip(_("This is only the first step’s term: add the terms of all steps."), lambda v: v[terms[-1]]),
            Slip(_("The terms are added, not averaged."), lambda v: math.fsum(v[term] for term in terms) / len(terms)),
            Slip(
                _("The terms are added, not subtracted."),
                lambda v: v[terms[0]] - math.fsum(v[term] for term in terms[1:]),
            ),
            Slip(_("The terms are added, not multiplied."), _product(*terms)),
        ]
    letters = " + ".join(f"(t = {t})" for t in reversed(names.times)) if names.last > 1 else "(t = 1)"
    symbol = _by(names.l_weight(of, row, column))
    return Blank(
        names.weight(f"g{of}", row, column),
        symbol,
        letters,
        lambda v: sum(v[term] for term in terms),
        tuple(slips),
    )

"""Find the mistake: seven worked solutions, each with one wrong line.

Four are derivations of backpropagation through time, whose lines are checked at random numbers; three are worked in
numbers. The wrong lines are kinds of mistake that are seen in real solutions. A line is right if it follows from the
lines before it, so a mistake makes its own line wrong and no other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from core.lab.attempt import Blank, Part, Problem
from core.lab.bptt.derivation import check, letters, targets
from core.lab.bptt.worksheet import latex
from core.lab.formula import parse
from core.lab.worksheet import Line
from core.runtime.i18n import gettext as _

_STEPS = 2


@dataclass(frozen=True)
class Mistake:
    """A worked solution with one wrong line, numbered from 0.

    `lines` are LaTeX. `right` is the right formula or number of the wrong line, as a student may type it, `said` what
    went wrong.
    """

    title: str
    given: str
    lines: tuple[str, ...]
    wrong: int
    right: str
    said: str
    claims: tuple[tuple[str, str], ...]  # what each line says: a derivative or a number's key, and its formula
    problem: Problem | None = None  # of a solution in numbers

    def judged(self) -> tuple[bool, ...]:
        """Whether each line is right, found by machine."""
        if self.problem is None:
            return tuple(check(formula, target, steps=_STEPS).agrees for target, formula in self.claims)
        marks = self.problem.marks(dict(self.claims))
        return tuple(marks[name].kind in ("right", "rounded", "follows") for name, _typed in self.claims)

    def mends(self, typed: str) -> tuple[bool, str]:
        """Whether what is typed for the wrong line is right, and what is to be said. Raises ValueError, one line."""
        name = self.claims[self.wrong][0]
        if self.problem is None:
            found = check(typed, name, steps=_STEPS)
            return found.agrees, found.statement()
        before = dict(self.claims[: self.wrong])
        mark = self.problem.marks({**before, name: typed})[name]
        if mark.kind == "unreadable":
            raise ValueError(mark.said)
        return mark.good or mark.kind == "coarse", mark.said or (_("Right.") if mark.good else _("This is not right."))


def mistakes() -> tuple[Mistake, ...]:
    """The seven, in the reader's language."""
    return (*_derivations(), _cell(), _vote(), _variance())


def _derivation(title: str, claims: tuple[tuple[str, str], ...], wrong: int, right: str, said: str) -> Mistake:
    names = [*letters(_STEPS), *targets(_STEPS)]
    lines = tuple(f"{latex(target)} = {parse(formula, names).latex(latex)}" for target, formula in claims)
    given = r"h_t = \tanh(w_i x_t + w_h h_{t-1}), \quad u = w_o h_2, \quad \hat{y} = \sigma(u)"
    return Mistake(title, given, lines, wrong, right, said, claims)


def _derivations() -> tuple[Mistake, ...]:
    output = (
        ("dL/dyhat", "-y / yhat + (1 - y) / (1 - yhat)"),
        ("dyhat/du", "yhat * (1 - yhat)"),
        ("dL/du", "yhat - y"),
    )
    return (
        _derivation(
            _("The output weight"),
            (output[0], ("dyhat/dw_o", "-w_o * h_2**2 / (1 + e**(-w_o * h_2))**2"), ("dL/dw_o", "(yhat - y) * h_2")),
            1,
            "yhat * (1 - yhat) * h_2",
            _("σ′(u) is ŷ (1 − ŷ). The inner derivative of w_o h with respect to w_o is h, once, with a plus sign."),
        ),
        _derivation(
            _("Back to the last sum"),
            (*output, ("dL/dh_2", "dL/du * w_o"), ("dL/da_2", "dL/dh_2 * (1 - h_2)"), ("dL/dh_1", "dL/da_2 * w_h")),
            4,
            "dL/dh_2 * (1 - h_2^2)",
            _("The slope of tanh is 1 − h², not 1 − h."),
        ),
        _derivation(
            _("The recurrent weight"),
            (
                ("dL/dh_2", "(yhat - y) * w_o"),
                ("dL/da_2", "dL/dh_2 * (1 - h_2**2)"),
                ("dL/dh_1", "dL/da_2 * w_h"),
                ("dL/da_1", "dL/dh_1 * (1 - h_1**2)"),
                ("dL/dw_h", "dL/da_2 * h_1"),
            ),
            4,
            "dL/da_2 h_1 + dL/da_1 h_0",
            _("Both steps use w_h: the first step’s term is missing. It is 0 only for h_0 = 0."),
        ),
        _derivation(
            _("The input weight"),
            (
                ("dL/da_2", "(yhat - y) * w_o * (1 - h_2**2)"),
                ("dL/da_1", "dL/da_2 * (1 - h_1**2)"),
                ("dL/dw_i", "dL/da_2 * x_2 + dL/da_1 * x_1"),
            ),
            1,
            "dL/da_2 w_h (1 - h_1^2)",
            _("From a_2 back to h_1 the factor w_h is missing."),
        ),
    )


def _numbers(
    title: str,
    known: Mapping[str, float],
    given: str,
    blanks: tuple[Blank, ...],
    wrong: tuple[str, str, float],
    said: str,
) -> Mistake:
    """A solution in numbers: one is wrong (its key, the wrong formula, its value); those after it follow from it."""
    name, slipped, value = wrong
    problem = Problem(title, "", (Line(given),), known, (Part("", "", blanks),))
    values = dict(known)
    for blank in blanks:
        values[blank.name] = round(value if blank.name == name else blank.formula(values), 4)
    index = [blank.name for blank in blanks].index(name)
    lines = tuple(
        rf"{blank.symbol} = {slipped if blank.name == name else blank.letters} = {values[blank.name]:.4f}"
        for blank in blanks
    )
    right = f"{blanks[index].formula(values):.4f}"
    claims = tuple((blank.name, f"{values[blank.name]:.4f}") for blank in blanks)
    return Mistake(title, given, lines, index, right, said, claims, problem)


def _sigmoid(a: float) -> float:
    return 1 / (1 + math.exp(-a))


def _cell() -> Mistake:
    known = {"zf": 0.4, "zi": -0.2, "zg": 0.8, "zo": 1.1, "c": 0.5}
    blanks = (
        Blank("f", "f", r"\sigma(z_f)", lambda v: _sigmoid(v["zf"])),
        Blank("i", "i", r"\sigma(z_i)", lambda v: _sigmoid(v["zi"])),
        Blank("g", "g", r"\tanh(z_g)", lambda v: math.tanh(v["zg"])),
        Blank("o", "o", r"\sigma(z_o)", lambda v: _sigmoid(v["zo"])),
        Blank("d", "c'", r"f\, c + i\, g", lambda v: v["f"] * v["c"] + v["i"] * v["g"]),
        Blank("y", "y'", r"o \tanh(c')", lambda v: v["o"] * math.tanh(v["d"])),
    )
    new = _sigmoid(0.4) * 0.5 + _sigmoid(-0.2) * math.tanh(0.8)
    return _numbers(
        _("A step of an LSTM"),
        known,
        r"z_f = 0.4, \; z_i = -0.2, \; z_g = 0.8, \; z_o = 1.1, \; c = 0.5, \quad "
        r"c' = f\, c + i\, g, \; y' = o \tanh(c')",
        blanks,
        ("y", r"o\, c'", _sigmoid(1.1) * new),
        _("The output uses tanh(c′), not c′ itself."),
    )


def _vote() -> Mistake:
    known = {"n": 10.0, "k": 3.0}
    blanks = (
        Blank("e", r"\varepsilon", r"3 / 10", lambda v: v["k"] / v["n"]),
        Blank("r", r"\frac{1 - \varepsilon}{\varepsilon}", r"0.7 / 0.3", lambda v: (1 - v["e"]) / v["e"]),
        Blank("a", r"\alpha", r"\frac{1}{2} \ln \frac{1 - \varepsilon}{\varepsilon}", lambda v: math.log(v["r"]) / 2),
        Blank("w", r"e^{\alpha}", r"e^{\alpha}", lambda v: math.exp(v["a"])),
        Blank("v", r"e^{-\alpha}", r"e^{-\alpha}", lambda v: math.exp(-v["a"])),
    )
    return _numbers(
        _("A round of AdaBoost"),
        known,
        r"\varepsilon = \frac{3}{10}, \quad \alpha = \frac{1}{2} \ln \frac{1 - \varepsilon}{\varepsilon}",
        blanks,
        ("a", r"\ln \frac{1 - \varepsilon}{\varepsilon}", math.log(7 / 3)),
        _("The factor ½ of α is missing."),
    )


def _variance() -> Mistake:
    known = {"x1": 1.0, "x2": 2.0, "x3": 4.0, "r1": 0.9, "r2": 0.6, "r3": 0.2}

    def total(v: Mapping[str, float], mean: float, power: int) -> float:
        return math.fsum(v[f"r{i}"] * (v[f"x{i}"] - mean) ** power for i in (1, 2, 3))

    blanks = (
        Blank("n", "N_1", r"\sum_i \delta_i", lambda v: v["r1"] + v["r2"] + v["r3"]),
        Blank("p", r"\pi_1", r"N_1 / 3", lambda v: v["n"] / 3),
        Blank("m", r"\mu_1", r"\frac{1}{N_1} \sum_i \delta_i x_i", lambda v: total(v, 0.0, 1) / v["n"]),
        Blank(
            "s", r"\sigma_1^2", r"\frac{1}{N_1} \sum_i \delta_i (x_i - \mu_1)^2", lambda v: total(v, v["m"], 2) / v["n"]
        ),
    )
    return _numbers(
        _("An M-step"),
        known,
        r"x = (1, 2, 4), \quad \delta = (0.9, 0.6, 0.2)",
        blanks,
        ("m", r"\frac{1}{3} \sum_i \delta_i x_i", total(known, 0.0, 1) / 3),
        _("The weighted sum is divided by N_1, the sum of the shares, not by the number of points."),
    )

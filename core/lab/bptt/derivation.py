"""Is a derivative that a person worked out right, and if not, what is it off by?

The formula is compared with autograd in float64 at random points of the network of `bptt.gradients`: weights and inputs
of size 0.3 to 1.3 with either sign, h_0 of 0.2 to 0.9, labels 0 to 1. Where they differ, two explanations are tried in
this order: the ratio (formula over truth) and the difference (truth minus formula), each as c · ∏ b^p over weights,
inputs, states, slopes such as 1 − h_t², ŷ, 1 − ŷ and ŷ − y; with relu, at points where every unit is active. Least
squares on the logarithms gives the exponents p, which are rounded; an explanation counts only if it fits every point to
10⁻⁷.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.lab.bptt.gradients import finite
from core.lab.bptt.worksheet import latex
from core.lab.formula import Array, parse
from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext, together

MOST_STEPS = 12  # of a derivation written by hand
_AGREES, _EXPLAINS = 1e-9, 1e-7
Active = np.ndarray[Any, np.dtype[np.bool_]]
_SIZES, _STATES = (0.3, 1.3), (0.2, 0.9)


@dataclass(frozen=True)
class Monomial:
    """c · ∏ b^p: the letters b, as the grammar writes them, with whole exponents p that are not 0."""

    constant: float
    powers: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        """As a formula in the grammar."""
        over = [_power(base, power) for base, power in self.powers if power > 0]
        under = [_power(base, -power) for base, power in self.powers if power < 0]
        size = f"{abs(self.constant):.6g}"
        sign = "-" if self.constant < 0 else ""
        top = " * ".join([*([] if size == "1" and over else [size]), *over])
        if not under:
            return sign + top
        bottom = " * ".join(under)
        return f"{sign}{top} / {bottom if len(under) == 1 else f'({bottom})'}"


@dataclass(frozen=True)
class Point:
    """One of the points: the values of the letters, the formula, the truth by autograd, and formula over truth.

    `formula` is None where it is not a finite number, `ratio` also where the truth is 0.
    """

    values: dict[str, float]
    formula: float | None
    truth: float
    ratio: float | None


@dataclass(frozen=True)
class Check:
    """What the comparison came to.

    `kind` is ``agrees``, ``sign`` (the ratio is −1), ``constant``, ``factor`` (the ratio is a product of letters),
    ``term`` (the difference is), ``not finite`` or ``no simple ratio``; `off_by` is the ratio or the difference.
    `error` is the largest difference at the points, relative where the truth is above 1 in size; None where the formula
    is not finite at some. `only_without_first_state` says that a formula that differs is right where h_0 = 0, and
    `only_where_active` that it is right where every relu is active. `latex` is the formula as it was understood.
    """

    target: str
    formula: str
    steps: int
    seed: int
    kind: str
    off_by: Monomial | None
    error: float | None
    only_without_first_state: bool
    only_where_active: bool
    latex: str
    points: tuple[Point, ...]

    @property
    def agrees(self) -> bool:
        """Whether the formula is right at every point."""
        return self.kind == "agrees"

    def statement(self) -> str:
        """The diagnosis in a sentence or two."""
        tried = len(self.points)
        where = ngettext("at {count} random point", "at all {count} random points", tried).format(count=tried)
        sentence = {
            "agrees": _("Right {where}: the largest difference from autograd is {error:.1e}."),
            "sign": _("The sign is wrong: your formula is −1 times the true derivative {where}."),
            "constant": _("A constant factor is wrong: your formula is {off_by} times the true derivative {where}."),
            "factor": _("Your formula divided by the true derivative is {off_by} {where}."),
            "term": _("A term is missing or wrong: the true derivative is your formula plus {off_by} {where}."),
            "not finite": _("Your formula is not a finite number at {lost} of {count} random points."),
            "no simple ratio": _(
                "Your formula differs from the true derivative, and neither the ratio nor the "
                "difference is a simple product {where}."
            ),
        }[self.kind].format(
            where=where,
            error=self.error or 0.0,
            off_by=self.off_by,
            lost=sum(point.formula is None for point in self.points),
            count=tried,
        )
        first_state = [_("It is right where h_0 = 0.")] if self.only_without_first_state else []
        if self.only_where_active:
            return _("It is right only where every a is above 0: multiply by the slope of relu, step(a).")
        return together([sentence, *self._factors(), *first_state])

    def _factors(self) -> list[str]:
        """Which factors are missing and which are too many."""
        if self.kind != "factor" or self.off_by is None:
            return []
        missing = [_power(base, -power) for base, power in self.off_by.powers if power < 0]
        more = [_power(base, power) for base, power in self.off_by.powers if power > 0]
        sentences = []
        if missing:
            sentences.append(_("The factor {factors} is missing.").format(factors=" * ".join(missing)))
        if more:
            sentences.append(_("Remove the extra factor {factors}.").format(factors=" * ".join(more)))
        if self.off_by.constant < 0:
            sentences.append(_("The sign is wrong too."))
        return sentences


def targets(steps: int = 2) -> tuple[str, ...]:
    """The derivatives that can be checked, over so many steps."""
    last = f"h_{steps}"
    times = range(steps, 0, -1)
    by_state = [f"d{last}/dh_{t}" for t in range(steps - 1, -1, -1)]
    return (
        *("dL/dw_o", "dL/dw_i", "dL/dw_h", "dyhat/dw_o", f"dyhat/d{last}", "dyhat/du", "dL/dyhat", "dL/du"),
        *(f"dL/d{last}", "dyhat/dw_i", "dyhat/dw_h", f"d{last}/dw_i", f"d{last}/dw_h", *by_state),
        *(f"dL/dh_{t}" for t in times[1:]),
        *(f"dL/da_{t}" for t in times),
        *(f"dh_{t}/da_{t}" for t in times),
    )


def letters(steps: int = 2) -> tuple[str, ...]:
    """The letters that a formula may have: h is h_T, u is w_o h_T and delta ∂L/∂u; derivatives are letters too."""
    inputs = [f"x_{t}" for t in range(1, steps + 1)]
    sums = [f"a_{t}" for t in range(1, steps + 1)]
    states = [f"h_{t}" for t in range(steps + 1)]
    return ("w_o", "w_i", "w_h", *inputs, *states, "h", *sums, "u", "yhat", "y", "L")


def check(formula: str, target: str, *, steps: int = 2, activation: str = "tanh", seed: int = 0) -> Check:
    """Compare a formula for a derivative, one of `targets`, with autograd at random points.

    The other derivatives, as ``dL/dh_2``, and delta for ``dL/du`` may stand in the formula. ValueError, one line, for a
    formula that the grammar of `lab.formula` refuses, for steps out of bounds and for another target.
    """
    if not 1 <= steps <= MOST_STEPS:
        raise ValueError(
            _("{steps:,} steps were asked for; a derivation can be checked over 1 to {most}").format(
                steps=steps, most=MOST_STEPS
            )
        )
    if target not in targets(steps):
        raise ValueError(
            _("there is no target {target!r}; over {steps} steps there are {targets}").format(
                target=target[:40], steps=steps, targets=", ".join(targets(steps))
            )
        )
    others = [name for name in targets(steps) if name != target]
    compute = parse(formula, [*letters(steps), *others, *(["delta"] if target != "dL/du" else [])])
    used = [step for step in compute.program if isinstance(step, str)]
    values, truth = _at_random(target, steps, seed, activation, used)
    computed = np.broadcast_to(compute(values), truth.shape)
    points = tuple(
        _point({name: float(values[name][row]) for name in letters(steps)}, float(computed[row]), float(truth[row]))
        for row in range(len(truth))
    )
    states = np.stack([values[f"h_{t}"] for t in range(1, steps + 1)])
    active: Active = np.all((states > 0) | (activation != "relu"), axis=0)
    kind, off_by = _diagnosis(computed, truth, _bases(values, steps, activation), active)
    right_without = False
    if kind not in ("agrees", "not finite"):
        values, bare = _at_random(target, steps, seed, activation, used, first_state=False)
        right_without = _same(np.broadcast_to(compute(values), bare.shape), bare)
    with np.errstate(all="ignore"):
        error = finite(float(np.max(np.abs(computed - truth) / np.maximum(1, np.abs(truth)))))
    only_active = kind not in ("agrees", "not finite") and _same(computed[active], truth[active])
    latex_of = compute.latex(latex)
    return Check(target, formula, steps, seed, kind, off_by, error, right_without, only_active, latex_of, points)


def _point(values: dict[str, float], formula: float, truth: float) -> Point:
    return Point(values, finite(formula), truth, finite(formula / truth) if truth else None)


def _at_random(
    target: str, steps: int, seed: int, activation: str, used: Sequence[str], *, first_state: bool = True
) -> tuple[dict[str, Array], Array]:
    """The letters' values at random points, the derivatives that are used, and the target, by autograd.

    A point is an entry of each array. With relu, all letters are positive in the first half of the points.
    """
    import torch

    half = 2 * (3 * steps + 10)  # twice as many as there are exponents to find
    count = half * 2 if activation == "relu" else half
    random = np.random.default_rng([seed, steps])

    def draw(low: float, high: float) -> torch.Tensor:
        drawn = random.uniform(low, high, count)
        signs = random.choice([-1.0, 1.0], count)
        if activation == "relu":
            signs[:half] = 1.0
        return torch.tensor(drawn * signs, dtype=torch.float64, requires_grad=True)

    known = {name: draw(*_SIZES) for name in ("w_o", "w_i", "w_h", *(f"x_{t}" for t in range(1, steps + 1)))}
    h = draw(*_STATES)
    known["h_0"] = h = h if first_state else torch.zeros_like(h, requires_grad=True)
    labels = random.permutation(np.arange(count) % 2).astype(np.float64)
    labels[::2] = random.uniform(0.05, 0.95, len(labels[::2]))  # an exercise may have any y from 0 to 1
    known["y"] = torch.from_numpy(labels)
    bend = getattr(torch, activation)
    for t in range(1, steps + 1):
        known[f"a_{t}"] = known["w_i"] * known[f"x_{t}"] + known["w_h"] * h
        known[f"h_{t}"] = h = bend(known[f"a_{t}"])
    known["h"], known["u"] = h, known["w_o"] * h
    known["yhat"] = torch.sigmoid(known["u"])
    known["L"] = torch.nn.functional.binary_cross_entropy(known["yhat"], known["y"], reduction="none")

    def derived(name: str) -> torch.Tensor:
        of, by = (part.removeprefix("d") for part in name.split("/"))
        # Each point's output hangs on its own inputs alone, so the gradient of the sum is every point's own.
        if of == by:
            return torch.ones_like(known[of])
        return torch.autograd.grad(known[of].sum(), known[by], retain_graph=True)[0]

    values = {name: known[name].detach().numpy() for name in letters(steps)}
    for name in used:
        if name not in values:
            values[name] = derived("dL/du" if name == "delta" else name).numpy()
    return values, derived(target).numpy()


def _bases(values: Mapping[str, Array], steps: int, activation: str) -> dict[str, Array]:
    """The letters that explanations are made of. e^u is not among them, being ŷ / (1 − ŷ)."""
    names = ["w_o", "w_i", "w_h", *(f"x_{t}" for t in range(1, steps + 1)), *(f"h_{t}" for t in range(steps + 1))]
    slopes = {}
    for t in range(1, steps + 1):
        h = values[f"h_{t}"]
        if activation == "tanh":
            slopes[f"(1 - h_{t}**2)"] = 1 - h**2
        elif activation == "sigmoid":
            slopes[f"(1 - h_{t})"] = 1 - h
    yhat = values["yhat"]
    of_output = {"yhat": yhat, "(1 - yhat)": 1 - yhat, "(yhat - y)": yhat - values["y"]}
    return {name: values[name] for name in names} | slopes | of_output


def _diagnosis(
    computed: Array, truth: Array, bases: Mapping[str, Array], active: Active
) -> tuple[str, Monomial | None]:
    if not np.isfinite(computed).all():
        return "not finite", None
    if _same(computed, truth):
        return "agrees", None
    computed, truth = computed[active], truth[active]
    bases = {name: column[active] for name, column in bases.items()}
    with np.errstate(all="ignore"):
        ratio, difference = computed / truth, truth - computed
    if off_by := _monomial(ratio, bases):
        if off_by.powers:
            return "factor", off_by
        return ("sign" if off_by.constant == -1 else "constant"), off_by
    if off_by := _monomial(difference, bases):
        return "term", off_by
    return "no simple ratio", None


def _same(computed: Array, truth: Array) -> bool:
    return bool(np.isfinite(computed).all()) and bool(np.allclose(computed, truth, rtol=_AGREES, atol=1e-12))


def _monomial(numbers: Array, bases: Mapping[str, Array]) -> Monomial | None:
    """The numbers as one product of the letters, where there is one that meets all of them."""
    if not np.isfinite(numbers).all() or (numbers == 0).any():
        return None
    logarithms = np.log(np.abs(np.stack(list(bases.values()), axis=1)))
    design = np.hstack([np.ones((len(numbers), 1)), logarithms])
    solved = np.linalg.lstsq(design, np.log(np.abs(numbers)), rcond=None)[0]
    if np.abs(solved).max() > 50:
        return None
    powers = {base: round(float(power)) for base, power in zip(bases, solved[1:], strict=True)}
    product = np.prod([bases[base] ** power for base, power in powers.items()], axis=0)
    constant = float(np.median(numbers / product))
    if not np.allclose(numbers, constant * product, rtol=_EXPLAINS, atol=0):
        return None
    if math.isclose(constant, round(constant), rel_tol=_EXPLAINS):
        constant = float(round(constant))
    return Monomial(constant, _with_exponential({base: power for base, power in powers.items() if power}))


def _with_exponential(powers: dict[str, int]) -> tuple[tuple[str, int], ...]:
    """ŷ^p (1 − ŷ)^−p is e^{pu}, as people write it."""
    up, down = powers.get("yhat", 0), powers.get("(1 - yhat)", 0)
    if up and up == -down:
        powers = {base: power for base, power in powers.items() if base not in ("yhat", "(1 - yhat)")} | {"e**u": up}
    return tuple(powers.items())


def _power(base: str, power: int) -> str:
    if power == 1:
        return base
    return f"({base})**{power}" if "**" in base and not base.startswith("(") else f"{base}**{power}"

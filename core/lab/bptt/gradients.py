"""Backpropagation through time by hand, in a recurrent network of one unit.

    a_t = w_i x_t + w_h h_{t-1}    h_t = φ(a_t)    u = w_o h_T    ŷ = σ(u)    L = −y log ŷ − (1 − y) log(1 − ŷ)

All is scalar; φ is tanh, σ or relu. With δ = ∂L/∂u = ŷ − y the closed forms are

    ∂L/∂w_o = δ h_T
    ∂L/∂w_i = Σ_t δ w_o [∏_{k>t} φ′(a_k) w_h] φ′(a_t) x_t
    ∂L/∂w_h = Σ_t δ w_o [∏_{k>t} φ′(a_k) w_h] φ′(a_t) h_{t-1}

(Werbos 1990, Backpropagation through time: what it does and how to do it). Two independent checks: autograd and central
differences of the loss, both in float64. The loss is computed from the logit as max(u, 0) − u y + log(1 + e^{−|u|}),
products with 40 digits and unbounded exponents, so that weights of 1e308 overflow nowhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, localcontext
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from core.lab.bptt.notes import not_compared, saturation
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    import torch

MOST_STEPS = 100
WEIGHTS = ("w_o", "w_i", "w_h")
_EPSILON = 2.0**-52  # of float64
WIDE = Context(prec=40, Emax=MAX_EMAX, Emin=MIN_EMIN)


class Activation(NamedTuple):
    """φ, its slope as a function of a and h, and the slope in the letters of `lab.formula` at step ``{t}``."""

    function: Callable[[float], float]
    slope: Callable[[float, float], float]
    symbol: str
    latex: str


def sigmoid(logit: float) -> float:
    """1 / (1 + e^{−u}) without overflow."""
    small = math.exp(-abs(logit))
    return (1.0 if logit >= 0 else small) / (1 + small)


ACTIVATIONS: Mapping[str, Activation] = {
    "tanh": Activation(math.tanh, lambda _a, h: (1 - h) * (1 + h), "(1 - h_{t}**2)", r"\tanh"),
    "sigmoid": Activation(sigmoid, lambda a, h: h * sigmoid(-a), "h_{t} * (1 - h_{t})", r"\sigma"),
    "relu": Activation(lambda a: max(a, 0.0), lambda a, _h: float(a > 0), "step(a_{t})", r"\operatorname{relu}"),
}


@dataclass(frozen=True)
class Exercise:
    """The numbers of one exercise: inputs x_1 … x_T, the label y from 0 to 1, three weights and the first state.

    ValueError where one of them is not a finite number, or T is not from 1 to `MOST_STEPS`.
    """

    x: tuple[float, ...] = (1.0, 0.5)
    y: float = 0.0
    w_i: float = 0.6
    w_h: float = 0.9
    w_o: float = 1.5
    h_0: float = 0.0
    activation: str = "tanh"

    def __post_init__(self) -> None:
        if not 1 <= len(self.x) <= MOST_STEPS:
            raise ValueError(
                _("{count:,} inputs were given; an exercise has 1 to {most} steps").format(
                    count=len(self.x), most=MOST_STEPS
                )
            )
        named = [(f"x_{t}", x) for t, x in enumerate(self.x, 1)]
        named += [(field.name, getattr(self, field.name)) for field in fields(self) if field.type == "float"]
        for name, value in named:
            if not math.isfinite(value):
                raise ValueError(_("{name} is {value}; it must be a finite number").format(name=name, value=value))
        if not 0 <= self.y <= 1:
            raise ValueError(_("y is {y:g}; the label must be 0, 1 or a number between them").format(y=self.y))
        if self.activation not in ACTIVATIONS:
            raise ValueError(
                _("unknown activation {name}; allowed: {names}").format(
                    name=self.activation[:30], names=", ".join(ACTIVATIONS)
                )
            )

    def over(self, steps: int) -> Exercise:
        """The same over so many steps, its inputs read again from the first where they end."""
        if not 1 <= steps <= MOST_STEPS:
            raise ValueError(
                _("{steps:,} steps were asked for; an exercise has 1 to {most}").format(steps=steps, most=MOST_STEPS)
            )
        return replace(self, x=tuple(islice(cycle(self.x), steps)))


class Factor(NamedTuple):
    """A factor of a product: in the letters of `core.lab.formula`, and its value."""

    symbol: str
    value: float


@dataclass(frozen=True)
class Step:
    """Step t: the input, the sum a before φ (infinite where beyond float64), the state, and the slope φ′(a)."""

    t: int
    x: float
    a: float
    h: float
    slope: float


@dataclass(frozen=True)
class Term:
    """What step t gives to a gradient: a product, whose value is infinite where it is beyond float64."""

    t: int
    factors: tuple[Factor, ...]
    value: float


@dataclass(frozen=True)
class Gradient:
    """A derivative as a sum over time, and what it is by autograd and by central differences.

    These are None where they overflow float64 on their way.
    """

    name: str
    terms: tuple[Term, ...]
    value: float
    autograd: float | None
    central: float | None

    @property
    def error_autograd(self) -> float | None:
        """How far the closed form is from autograd: absolutely, or relatively where they are greater than 1."""
        return error(self.value, self.autograd)

    @property
    def error_central(self) -> float | None:
        """The same from central differences."""
        return error(self.value, self.central)


@dataclass(frozen=True)
class Backpropagation:
    """The working: forward, the derivatives at the read-out, the three gradients."""

    exercise: Exercise
    steps: tuple[Step, ...]
    logit: float
    probability: float
    loss: float
    readout: tuple[Factor, ...]
    gradients: tuple[Gradient, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What float64 cannot hold, in words."""
        return (*saturation(self.steps, self.probability, self.exercise.activation), *not_compared(self.gradients))

    @property
    def largest_error_autograd(self) -> float | None:
        """The largest of the three errors against autograd; None where not one can be compared."""
        return _largest(gradient.error_autograd for gradient in self.gradients)

    @property
    def largest_error_central(self) -> float | None:
        """The largest of the three errors against central differences; None where not one can be compared."""
        return _largest(gradient.error_central for gradient in self.gradients)


def backpropagation(exercise: Exercise) -> Backpropagation:
    """Work an exercise out, closed forms beside autograd and central differences.

    Raises ValueError where a state or the logit of a network of relu is beyond float64.
    """
    steps = _forward(exercise)
    logit = exercise.w_o * steps[-1].h
    if not math.isfinite(logit):
        raise _too_large()
    read = _readout(exercise, steps[-1], logit)
    by_autograd = autograd(exercise)
    gradients = []
    for weight in WEIGHTS:
        terms = _terms(weight, exercise, steps, read["dL/du"])
        value = _total(terms)
        gradients.append(
            Gradient(f"dL/d{weight}", terms, value, by_autograd[f"dL/d{weight}"], _central(exercise, weight))
        )
    loss = _loss(logit, exercise.y)
    factors = tuple(Factor(symbol, value) for symbol, value in read.items())
    return Backpropagation(exercise, steps, logit, sigmoid(logit), loss, factors, tuple(gradients))


def state_terms(weight: str, exercise: Exercise, steps: Sequence[Step]) -> tuple[Term, ...]:
    """∂h_T/∂w_i or ∂h_T/∂w_h as a sum over time, the last step first."""
    terms: list[Term] = []
    chain: list[Factor] = []
    with localcontext(WIDE):
        passed = Decimal(1)
        for step in reversed(steps):
            last = (
                Factor(f"x_{step.t}", step.x)
                if weight == "w_i"
                else Factor(f"h_{step.t - 1}", steps[step.t - 2].h if step.t > 1 else exercise.h_0)
            )
            slope = Factor(ACTIVATIONS[exercise.activation].symbol.format(t=step.t), step.slope)
            product = passed * Decimal(slope.value) * Decimal(last.value)
            terms.append(Term(step.t, (*chain, slope, last), float(product)))
            chain += [slope, Factor("w_h", exercise.w_h)]
            passed *= Decimal(slope.value) * Decimal(exercise.w_h)
    return tuple(terms)


def autograd(exercise: Exercise) -> dict[str, float | None]:
    """The derivatives by autograd, in float64: of L, ŷ and h_T by what they depend on. None where not finite."""
    import torch

    w_o, w_i, w_h = (
        torch.tensor(getattr(exercise, weight), dtype=torch.float64, requires_grad=True) for weight in WEIGHTS
    )
    h = torch.tensor(exercise.h_0, dtype=torch.float64)
    bend = getattr(torch, exercise.activation)
    for x in exercise.x:
        h = bend(_torch_sum(w_i, x, w_h, h))
    logit = w_o * h
    probability = torch.sigmoid(logit)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(logit, torch.full_like(logit, exercise.y))
    last = f"h_{len(exercise.x)}"
    wanted = {
        "L": (loss, {"w_o": w_o, "w_i": w_i, "w_h": w_h, last: h}),
        "yhat": (probability, {"w_o": w_o, last: h}),
        last: (h, {"w_i": w_i, "w_h": w_h}),
    }
    derivatives = {}
    for name, (output, inputs) in wanted.items():
        gradients = torch.autograd.grad(output, list(inputs.values()), retain_graph=True)
        for by, gradient in zip(inputs, gradients, strict=True):
            derivatives[f"d{name}/d{by}"] = finite(gradient.item())
    return derivatives


def finite(value: float) -> float | None:
    """The number, None where it is beyond float64 or undefined."""
    return value if math.isfinite(value) else None


def error(value: float, other: float | None) -> float | None:
    """The difference of two numbers: absolute, or relative to the greater where that is above 1; None without one."""
    if other is None or not math.isfinite(value) or not math.isfinite(other):
        return None
    scale = max(1.0, abs(value), abs(other))
    return abs(value / scale - other / scale)


def _forward(exercise: Exercise) -> tuple[Step, ...]:
    steps: list[Step] = []
    h, bend = exercise.h_0, ACTIVATIONS[exercise.activation]
    for t, x in enumerate(exercise.x, 1):
        a = _sum(exercise.w_i, x, exercise.w_h, h)
        h = bend.function(a)
        if not math.isfinite(h):
            raise _too_large()
        steps.append(Step(t, x, a, h, bend.slope(a, h)))
    return tuple(steps)


def _too_large() -> ValueError:
    return ValueError(_("the states of relu grow beyond float64 (1.8·10^308); choose smaller weights or fewer steps"))


def _sum(w_i: float, x: float, w_h: float, h: float) -> float:
    """w_i x + w_h h: with more digits and exponents where a product is beyond float64, for inf − inf is no number."""
    total = w_i * x + w_h * h
    if math.isfinite(total):
        return total
    with localcontext(WIDE):
        return float(Decimal(w_i) * Decimal(x) + Decimal(w_h) * Decimal(h))


def _torch_sum(w_i: torch.Tensor, x: float, w_h: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
    """The same for autograd, with powers of two taken out of products that are beyond float64."""
    total = w_i * x + w_h * h
    if math.isfinite(total.item()):
        return total
    power = 2.0**512
    scaled = (w_i / power) * (x / power) + (w_h / power) * (h / power)
    return scaled * power * power


def _loss(logit: float, y: float) -> float:
    return max(logit, 0.0) - logit * y + math.log1p(math.exp(-abs(logit)))


def _readout(exercise: Exercise, last: Step, logit: float) -> dict[str, float]:
    """Derivatives at the read-out. ŷ − y is summed so that nothing cancels where ŷ is close to the label."""
    y, up, down = exercise.y, sigmoid(logit), sigmoid(-logit)
    by_probability = (-y / up if up else -math.inf if y else 0.0) + ((1 - y) / down if down else math.inf * (y < 1))
    delta = (1 - y) * up - y * down
    return {
        "dL/dyhat": by_probability,
        "dyhat/du": up * down,
        "dL/du": delta,
        "dyhat/dw_o": up * down * last.h,
        f"dyhat/dh_{last.t}": up * down * exercise.w_o,
        f"dL/dh_{last.t}": delta * exercise.w_o,
    }


def _terms(weight: str, exercise: Exercise, steps: Sequence[Step], delta: float) -> tuple[Term, ...]:
    """The sum over time of ∂L/∂(the weight), the last step first."""
    first = Factor("(yhat - y)", delta)
    if weight == "w_o":
        last = steps[-1]
        return (Term(last.t, (first, Factor(f"h_{last.t}", last.h)), delta * last.h),)
    front = (first, Factor("w_o", exercise.w_o))
    return tuple(
        Term(term.t, (*front, *term.factors), _product((*front, *term.factors)))
        for term in state_terms(weight, exercise, steps)
    )


def _product(factors: Iterable[Factor]) -> float:
    with localcontext(WIDE):
        return float(math.prod((Decimal(factor.value) for factor in factors), start=Decimal(1)))


def _total(terms: Iterable[Term]) -> float:
    """The sum of the products, before any of them is rounded: two that are beyond float64 may cancel."""
    with localcontext(WIDE):
        products = (math.prod((Decimal(factor.value) for factor in term.factors), start=Decimal(1)) for term in terms)
        return float(sum(products, start=Decimal(0)))


def _central(exercise: Exercise, weight: str) -> float | None:
    """(L(w + s) − L(w − s)) / 2s with s = ∛ε max(1, |w|), the step at which rounding and bending weigh the same."""
    value = getattr(exercise, weight)
    width = math.cbrt(_EPSILON) * max(1.0, abs(value))
    up, down = value + width, value - width
    if not math.isfinite(up - down):
        return None
    try:
        return finite((_loss_at(exercise, weight, up) - _loss_at(exercise, weight, down)) / (up - down))
    except ValueError:  # of relu
        return None


def _loss_at(exercise: Exercise, weight: str, value: float) -> float:
    change: dict[str, Any] = {weight: value}
    changed = replace(exercise, **change)
    return _loss(changed.w_o * _forward(changed)[-1].h, changed.y)


def _largest(errors: Iterable[float | None]) -> float | None:
    return max((error for error in errors if error is not None), default=None)

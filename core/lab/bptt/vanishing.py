"""How fast does a gradient vanish or explode on its way back through time, in a plain network and beside a gate?

A scalar network h_t = tanh(x_t + w_h h_{t-1}) sends a gradient back through T steps multiplied by

    ∂h_T/∂h_0 = ∏_t w_h (1 − h_t²),    |∂h_T/∂h_0| ≤ |w_h|^T

since 1 − h² ≤ 1. So |w_h| < 1 suffices for it to vanish; |w_h| > 1 is necessary for it to explode, not sufficient, for
states that saturate make 1 − h² small (Pascanu, Mikolov & Bengio 2013, On the difficulty of training recurrent neural
networks). The cell of an LSTM, c_t = f_t c_{t-1} + i_t z_t, has the direct path

    ∂c_T/∂c_0 = ∏_t f_t,    f_t = σ(x_t + b_f)

without any factor w_h (Gers, Schmidhuber & Cummins 2000, Learning to forget). The gates here have no recurrent weights,
so the paths through them are left out. Everything is computed in logarithms to base 10, 1 − tanh² as 4 / (e^a + e^−a)²,
so that no product underflows or overflows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.lab.formula import Array
from core.runtime.i18n import gettext as _
from core.runtime.i18n import together

_SHOWN = 4.0  # weights and biases are shown from minus this to this
_POINTS = 401  # odd, so that 0 is one of them


@dataclass(frozen=True)
class Vanishing:
    """The products, as decimal logarithms of their sizes, −∞ for 0.

    `by_step` (T) is ∏ w_h (1 − h²) up to each step, `bound_by_step` |w_h|^t, `gate_by_step` ∏ f. Over all T steps:
    `product` with its `bound` against the recurrent `weights` (W), and `gate` against biases of the same values.
    """

    w_h: float
    bias: float
    steps: int
    seed: int
    by_step: Array
    bound_by_step: Array
    gate_by_step: Array
    weights: Array
    product: Array
    bound: Array
    gate: Array

    def statement(self) -> str:
        """What the bound says of this weight, and what became of the gradient."""
        ends = {"product": power_of_ten(float(self.by_step[-1])), "bound": power_of_ten(float(self.bound_by_step[-1]))}
        if abs(self.w_h) < 1:
            sentence = _(
                "|w_h| < 1, so the gradient must vanish: over {steps:,} steps it cannot exceed "
                "{bound}; it is {product}."
            )
        elif abs(self.w_h) == 1:
            sentence = _(
                "|w_h| = 1, the borderline case: the bound is 1 at every step and decides nothing. "
                "Over {steps:,} steps the gradient is {product}."
            )
        elif self.by_step[-1] > 0:
            sentence = _(
                "|w_h| > 1 is necessary for exploding, and here the gradient does grow: over "
                "{steps:,} steps to {product} (at most {bound})."
            )
        else:
            sentence = _(
                "|w_h| > 1 allows the gradient to explode (at most {bound}) but does not force it: "
                "the factors 1 − h² undo what w_h adds. Over {steps:,} steps the gradient is "
                "{product}."
            )
        gate = _("{gate} is left through the forget gate.").format(gate=power_of_ten(float(self.gate_by_step[-1])))
        return together([sentence.format(steps=self.steps, **ends), gate])


def vanishing(w_h: float, *, bias: float = 3.0, steps: int = 30, spread: float = 0.5, seed: int = 0) -> Vanishing:
    """The products for a recurrent weight and a bias of the forget gate over so many steps.

    The inputs are drawn from a normal distribution whose standard deviation is `spread`, from a seed. With a spread of
    0 every state is 0, and the gradient reaches its bound.
    """
    with np.errstate(over="ignore", divide="ignore"):
        x = spread * np.random.default_rng(seed).standard_normal(steps)
        weights = np.linspace(-_SHOWN, _SHOWN, _POINTS)
        logarithms = _log_factors(x, np.append(weights, w_h))  # T, W + 1
        gates = -np.logaddexp(0, -x[:, None] - np.append(weights, bias)) / np.log(10)  # log₁₀ σ
        return Vanishing(
            w_h=w_h,
            bias=bias,
            steps=steps,
            seed=seed,
            by_step=np.cumsum(logarithms[:, -1]),
            bound_by_step=np.log10(abs(w_h)) * np.arange(1, steps + 1),
            gate_by_step=np.cumsum(gates[:, -1]),
            weights=weights,
            product=logarithms[:, :-1].sum(axis=0),
            bound=steps * np.log10(np.abs(weights)),
            gate=gates[:, :-1].sum(axis=0),
        )


def power_of_ten(logarithm: float) -> str:
    """10 to this power in plain words, however small or large."""
    if logarithm == -math.inf:
        return "0"
    if math.isinf(logarithm):
        return _("more than float64 can hold")
    if abs(logarithm) < 3:
        return f"{10**logarithm:.3g}"
    power = math.floor(logarithm)
    return f"{10 ** (logarithm - power):.2f}·10^{power}"


def _log_factors(x: Array, weights: Array) -> Array:
    """log₁₀ |w (1 − h_t²)|, T by W, of the network with each of the weights, from h_0 = 0."""
    logarithms = np.empty((len(x), len(weights)))
    size = np.log10(np.abs(weights))
    h = np.zeros(len(weights))
    for t, value in enumerate(x):
        a = value + weights * h
        h = np.tanh(a)
        # 1 − tanh² a = 4 / (e^a + e^−a)²; a saturated unit with a = ±∞ passes nothing.
        slope = 2 * (np.log(2) - np.abs(a) - np.log1p(np.exp(-2 * np.abs(a)))) / np.log(10)
        logarithms[t] = np.where(np.isneginf(slope), -np.inf, size + slope)
    return logarithms

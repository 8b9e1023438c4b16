"""Which words does the verdict come from, traced back weight by weight? Layer-wise relevance propagation.

Bach et al. 2015; for recurrent cells Arras et al. 2017, "Explaining Recurrent Neural Network Predictions in Sentiment
Analysis", and 2019, "Explaining and Interpreting LSTMs" (their LRP-all). The logit is the relevance R of the read-out,
w·h_T + b as `layers.Weights.read_out` has it; every unit passes its own to its inputs, down to the embeddings; a word's
score is the sum over its embedding. Rules:

    linear     z_j = Σ_i h_i w_ij + b_j, of N units h_i, from several sources together (ε rule):

                   R_{i←j} = (h_i w_ij + δ (b_j + ε s_j) / N) / (z_j + ε s_j) R_j,   s_j = sign(z_j), 1 where z_j is 0

    sum        z_j = a_j + b_j: the same with weights of 1, no bias and N = 2
    product    gate * signal: the signal takes all, the gate nothing (signal-take-all)
    σ, tanh    R goes through unchanged

    lstm   R_c' = R_h' + what came down the cell state; the sum c' = f*c + i*g splits it between c and g; linear from g
    gru    the sum h' = (1 − z)*n + z*h splits between n and h. r is a gate, so n's pre-activation is linear in x with
           weights W_n, in h with weights r*U_n, and has the bias b_n + r*d_n, as in torch's form of the cell.
    rnn    linear only. Where units are near zero R_j / z_j grows step by step: over 13 to 20 tokens the relevances add
           up to a median of 900 times the logit, over more to 68,000 times (the shipped RNN, 200 tweets), and cancel;
           `Scores.warning` says so.

With δ = 1 the relevance of biases and ε is passed on, so that all words and the start state together have the logit.
With δ = 0, which Arras et al. recommend for display, it is dropped and no sum is promised. Departure: their program
counts N = 2H for the sum in c' and lets ε leak between units; each unit there is a sum of two numbers, so here N = 2.

Of several layers each passes its inputs' relevance to the layer below. Float64 throughout. Axes: T tokens, E embedding,
H units.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from core.models.predict import verdict_on_tokens
from core.models.recurrent import CellStep
from core.probes.attribution.methods.layers import Layer, weights_of
from core.probes.attribution.results import NOTHING, Instance, Scores
from core.runtime.i18n import LazyMessage, mark

EPSILON = 1e-3  # Arras et al. 2017
_BLOWN_UP = 100  # times the logit: sizes of relevances that cancel this far say little


class Relevance(NamedTuple):
    """Where the logit went: `x` float64 [T, E] to the embeddings, `start` to the states before the first token."""

    x: np.ndarray
    start: float


class _Passed(NamedTuple):
    """The relevance that one step passes on: to its input [E], to h [H] and, for the LSTM, to c [H]."""

    x: Tensor
    h: Tensor
    c: Tensor | None


def layerwise_relevance(instance: Instance, baseline: str = "", *, seed: int = 0) -> Scores:
    """Relevance of every word, biases' relevance redistributed (δ = 1), which makes it complete.

    `base_logit` is the start state's relevance. No word is removed, and nothing is random.
    """
    result = relevance(instance, bias_factor=1.0)
    scores = result.x.sum(axis=1)
    logit = verdict_on_tokens(instance.checkpoint, instance.tokens).logit
    return Scores(
        scores,
        base_logit=result.start,
        delta=float(scores.sum()) - (logit - result.start),
        spent=LazyMessage(mark("ε = {epsilon:g}, biases redistributed"), epsilon=EPSILON),
        warning=_warning(scores, logit),
    )


def layerwise_relevance_without_biases(instance: Instance, baseline: str = "", *, seed: int = 0) -> Scores:
    """Relevance of every word, that of biases and ε dropped (δ = 0): no sum is promised."""
    scores = relevance(instance, bias_factor=0.0).x.sum(axis=1)
    return Scores(
        scores,
        spent=LazyMessage(mark("ε = {epsilon:g}, biases' relevance dropped"), epsilon=EPSILON),
        warning=_warning(scores, verdict_on_tokens(instance.checkpoint, instance.tokens).logit),
    )


def relevance(instance: Instance, *, bias_factor: float, epsilon: float = EPSILON) -> Relevance:
    """Where the logit went, with δ = `bias_factor` from 0 (dropped) to 1 (redistributed)."""
    weights = weights_of(instance)
    rule = Rule(epsilon, bias_factor)
    with torch.inference_mode():
        inputs, steps = [weights.x], []
        for layer in weights.layers:
            steps.append(layer.unroll(inputs[-1]))
            inputs.append(torch.cat([step.h for step in steps[-1]]))
        last = inputs[-1][-1]
        w, b = weights.read_out(last)
        logit = w @ last + b
        to_h = torch.zeros_like(inputs[-1])
        (to_h[-1],) = rule.linear([(last, w[None])], last.new_tensor([b]), logit[None], logit[None])
        start = 0.0
        for number in reversed(range(len(weights.layers))):
            to_h, rest = _unwind(rule, weights.layers[number], inputs[number], steps[number], to_h)
            start += rest
    return Relevance(to_h.numpy(), start)


class Rule(NamedTuple):
    """The ε rule, with its stabiliser ε and bias factor δ."""

    epsilon: float
    bias_factor: float

    def linear(self, sources: list[tuple[Tensor, Tensor]], bias: Tensor, z: Tensor, relevance: Tensor) -> list[Tensor]:
        """Each source's part of the relevance [D] of z [D]; a source is its units h_i [N_s] and weights [D, N_s]."""
        stabiliser = self.epsilon * _sign(z)
        per_z = relevance / (z + stabiliser)
        units = sum(len(h) for h, _ in sources)
        spread = self.bias_factor * ((bias + stabiliser) @ per_z) / units
        return [h * (per_z @ weights) + spread for h, weights in sources]

    def sum(self, parts: tuple[Tensor, Tensor], relevance: Tensor) -> tuple[Tensor, Tensor]:
        """The two parts' [D] shares of the relevance [D] of their sum."""
        z = parts[0] + parts[1]
        stabiliser = self.epsilon * _sign(z)
        spread = self.bias_factor * stabiliser / 2
        first, second = ((part + spread) / (z + stabiliser) * relevance for part in parts)
        return first, second


def _sign(z: Tensor) -> Tensor:
    return torch.where(z >= 0, 1.0, -1.0).to(z.dtype)


def _unwind(rule: Rule, layer: Layer, x: Tensor, steps: list[CellStep], to_h: Tensor) -> tuple[Tensor, float]:
    """The relevance of a layer's inputs [T, E] and start state, from that of its hidden states [T, H]."""
    to_x = torch.zeros_like(x)
    zeros = to_h.new_zeros(layer.units)
    passed = _Passed(to_x[0], zeros, zeros if layer.cell == "lstm" else None)
    for t in reversed(range(len(steps))):
        h, c = (steps[t - 1].h[0], steps[t - 1].c) if t else (zeros, zeros[None])
        passed = _BACK[layer.cell](rule, layer, x[t], h, c, steps[t], passed._replace(h=passed.h + to_h[t]))
        to_x[t] = passed.x
    start = passed.h.sum() + (0 if passed.c is None else passed.c.sum())
    return to_x, float(start)


def _rnn(rule: Rule, layer: Layer, x: Tensor, h: Tensor, c: Tensor | None, step: CellStep, passed: _Passed) -> _Passed:
    (z,) = step.gates
    to_x, to_h = rule.linear([(x, layer.w), (h, layer.u)], layer.b + layer.d, z[0], passed.h)
    return _Passed(to_x, to_h, None)


def _gru(rule: Rule, layer: Layer, x: Tensor, h: Tensor, c: Tensor | None, step: CellStep, passed: _Passed) -> _Passed:
    r, z, n = (gate[0] for gate in step.gates)
    to_n, kept = rule.sum(((1 - z) * n, z * h), passed.h)
    (w, u), (b, d) = _rows(layer, "new")
    u, bias = r[:, None] * u, b + r * d
    to_x, to_h = rule.linear([(x, w), (h, u)], bias, w @ x + u @ h + bias, to_n)
    return _Passed(to_x, to_h + kept, None)


def _lstm(rule: Rule, layer: Layer, x: Tensor, h: Tensor, c: Tensor | None, step: CellStep, passed: _Passed) -> _Passed:
    assert c is not None and passed.c is not None
    i, f, g, _ = (gate[0] for gate in step.gates)
    kept, to_g = rule.sum((f * c[0], i * g), passed.h + passed.c)
    (w, u), (b, d) = _rows(layer, "cell")
    to_x, to_h = rule.linear([(x, w), (h, u)], b + d, w @ x + u @ h + b + d, to_g)
    return _Passed(to_x, to_h, kept)


_BACK = {"rnn": _rnn, "gru": _gru, "lstm": _lstm}


def _rows(layer: Layer, gate: str) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """One gate's W [H, E] and U [H, H], and its biases b and d, [H]."""
    w, u = (layer.by_gate(weights.T)[gate].T for weights in (layer.w, layer.u))
    return (w, u), (layer.by_gate(layer.b)[gate], layer.by_gate(layer.d)[gate])


def _warning(scores: np.ndarray, logit: float) -> LazyMessage:
    size = float(np.abs(scores).sum())
    if size <= _BLOWN_UP * max(1.0, abs(logit)):
        return NOTHING
    return LazyMessage(
        mark("relevances of {size:,.0f} in all cancel to a logit of {logit:.2f}: single scores mean little"),
        size=size,
        logit=logit,
    )

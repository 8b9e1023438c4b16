"""Which part of the verdict is due to a word or a phrase alone? Contextual decomposition, in one forward pass.

Murdoch, Liu & Yu 2018, "Beyond Word Importance: Contextual Decomposition to Extract Interactions from LSTMs" (ICLR).
Every state is split in two, h_t = β_t + γ_t and c_t = β^c_t + γ^c_t (their section 3.2): β comes from the phrase
alone, γ from everything else. Both start at zero; at the end logit = w·β_T + (w·γ_T + b), w and b being those of
`layers.Weights.read_out` at h_T. Three rules, each a function:

    linearise   A gate is written as a sum over its inputs: σ(Σ y_k) = Σ L(y_k), where L(y_k) is what y_k adds, averaged
                over all orders of adding the terms, the bias always first (3.2.2). Terms are Wx, Uβ, Uγ.
    multiply    Products of such sums are multiplied out. Terms of the phrase alone, or of the phrase and one bias, go
                to β; all others, bias times bias included, go to γ (3.2.1).
    settle      The bias part of a sum goes to γ.

    lstm   c' = f*c + i*g with f, i, g linearised; h' = o*[L(β^c') + L(γ^c')], the output gate left whole (3.2.1)
    gru    not in the paper. z*h is treated as f*c, (1 − z)*n as i*g, where 1 − z has the parts −L(·) and the bias
           1 − L(b_z). Inside n, r*(U_n h + d_n) is multiplied out; its bias times bias, L(b_r)*d_n, joins b_n as the
           bias of n's tanh.
    rnn    not in the paper. h' = tanh(Wx + Uh + b + d) is linearised, nothing is multiplied.

The authors' program departs from their text: it takes Wx and Uβ (or Uγ) together as one term before linearising, and
gives bias times bias to β while the phrase is read. Here the text is followed. A layer above the first gets Wβ and Wγ
of the layer below in place of Wx (also not in the paper). The words' β do not sum to the logit: what words do together
belongs to none. Float64 throughout. Axes: P phrases side by side, T tokens, H units, G gates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import factorial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from core.probes.attribution.methods.layers import Layer, Weights, weights_of
from core.probes.attribution.results import Instance, Scores
from core.runtime.i18n import LazyMessage, mark


class Decomposition(NamedTuple):
    """The two parts of a logit for several phrases, float64 [P]: β of the phrase alone, γ of the rest."""

    beta: np.ndarray
    gamma: np.ndarray


class Split(NamedTuple):
    """A sum [P, H] in three parts: of the phrase alone, of others too, of biases alone ([1, H] where equal)."""

    relevant: Tensor
    irrelevant: Tensor
    bias: Tensor | float


class Term(NamedTuple):
    """A gate's input, [P, H] or [1, H], and whether it is of the phrase; [P, 1] of 0 and 1 where rows differ."""

    value: Tensor
    relevant: bool | Tensor


def contextual_decomposition(instance: Instance, baseline: str = "", *, seed: int = 0) -> Scores:
    """β of every word; no sum is promised. No word is removed, and nothing is random."""
    return Scores(words(instance).beta, spent=LazyMessage(mark("each word separated from the rest")))


def words(instance: Instance) -> Decomposition:
    """β and γ of every word, [T]."""
    return decompose(instance, np.eye(len(instance.tokens), dtype=bool))


def decompose(instance: Instance, inside: np.ndarray) -> Decomposition:
    """β and γ of phrases given as bool [P, T], true for their tokens; a phrase without a token has β = 0."""
    weights = weights_of(instance)
    with torch.inference_mode():
        # Until a phrase's first token is read its state is all γ: rows are sorted so that such rows come last.
        first = np.where(inside.any(axis=1), inside.argmax(axis=1), inside.shape[1])
        order = np.argsort(first, kind="stable")
        h = _walk(weights, torch.from_numpy(inside[order]).double(), np.sort(first))
        beta, gamma = np.empty(len(inside)), np.empty(len(inside))
        w, b = weights.read_out(h.relevant[0] + h.irrelevant[0])  # the same state in every row
        beta[order] = (h.relevant @ w).numpy()
        gamma[order] = (h.irrelevant @ w + b).numpy()
    return Decomposition(beta, gamma)


def _walk(weights: Weights, inside: Tensor, first: np.ndarray) -> Split:
    """The top layer's last hidden state for every row of `inside` [P, T], split; `first` tokens ascend."""
    zeros = [weights.x.new_zeros(1, layer.units) for layer in weights.layers]
    whole = [(h, h if layer.cell == "lstm" else None) for h, layer in zip(zeros, weights.layers, strict=True)]
    split = [(Split(h[:0], h[:0], 0.0), Split(h[:0], h[:0], 0.0)) for h in zeros]
    from_words = (weights.x @ weights.layers[0].w.T).split(1)
    for t, from_input in enumerate(from_words):
        begun = int(np.searchsorted(first, t, side="right"))
        inputs = [Term(from_input, inside[:begun, t, None])]
        for number, layer in enumerate(weights.layers):
            h, c = whole[number]
            before = _begin(split[number][0], h, begun), _begin(split[number][1], h if c is None else c, begun)
            if number:
                below, w = split[number - 1][0], layer.w.T
                from_input = whole[number - 1][0] @ w
                inputs = [Term(below.relevant @ w, True), Term(below.irrelevant @ w, False)]
            done = layer.step(from_input + layer.b, h, c)
            whole[number] = done.h, done.c
            if begun:
                output = done.gates[-1] if layer.cell == "lstm" else None
                split[number] = _STEPS[layer.cell](layer, inputs, *before, output)
    return _begin(split[-1][0], whole[-1][0], len(inside))


def _begin(split: Split, state: Tensor, rows: int) -> Split:
    """Add rows whose state [1, H] is all γ so far."""
    more = rows - len(split.relevant)
    if not more:
        return split
    new = state.expand(more, -1)
    return Split(torch.cat([split.relevant, torch.zeros_like(new)]), torch.cat([split.irrelevant, new]), split.bias)


def _lstm(layer: Layer, inputs: list[Term], h: Split, c: Split, output: Tensor | None) -> tuple[Split, Split]:
    assert output is not None
    bias = layer.by_gate(layer.b + layer.d)
    got = _by_gate(layer, inputs, h, leave="output")
    i = linearise(torch.sigmoid, got["input"], bias["input"])
    f = linearise(torch.sigmoid, got["forget"], bias["forget"])
    g = linearise(torch.tanh, got["cell"], bias["cell"])
    c = settle(multiply(f, c), multiply(i, g))
    shown = linearise(torch.tanh, [Term(c.relevant, True), Term(c.irrelevant, False)], torch.zeros_like(output))
    return Split(output * shown.relevant, output * shown.irrelevant, 0.0), c


def _gru(layer: Layer, inputs: list[Term], h: Split, c: Split, output: Tensor | None) -> tuple[Split, Split]:
    b, d = layer.by_gate(layer.b), layer.by_gate(layer.d)
    got = _by_gate(layer, inputs, h)
    r = linearise(torch.sigmoid, got["reset"], b["reset"] + d["reset"])
    z = linearise(torch.sigmoid, got["update"], b["update"] + d["update"])
    *from_input, from_phrase, from_others = got["new"]
    recalled = multiply(r, Split(from_phrase.value, from_others.value, d["new"]))
    terms = [*from_input, Term(recalled.relevant, True), Term(recalled.irrelevant, False)]
    n = linearise(torch.tanh, terms, b["new"] + recalled.bias)
    h = settle(multiply(Split(-z.relevant, -z.irrelevant, 1 - z.bias), n), multiply(z, h))
    return h, c


def _rnn(layer: Layer, inputs: list[Term], h: Split, c: Split, output: Tensor | None) -> tuple[Split, Split]:
    (got,) = _by_gate(layer, inputs, h).values()
    return settle(linearise(torch.tanh, got, layer.b + layer.d)), c


_STEPS = {"rnn": _rnn, "gru": _gru, "lstm": _lstm}


def _by_gate(layer: Layer, inputs: list[Term], h: Split, leave: str = "") -> dict[str, list[Term]]:
    """The terms of each gate: the inputs, then Uβ, then Uγ. The last gate may be left out."""
    u = layer.u[: -layer.units] if leave else layer.u
    from_phrase = h.relevant @ u.T
    # β + γ is the same state in every row, so one row is projected and Uβ subtracted.
    from_others = (h.relevant[:1] + h.irrelevant[:1]) @ u.T - from_phrase
    names = [name for name in layer.by_gate(layer.b) if name != leave]
    terms = [*inputs, Term(from_phrase, True), Term(from_others, False)]
    blocks = [term.value[:, : len(u)].split(layer.units, dim=-1) for term in terms]
    return {
        name: [Term(block[number], term.relevant) for block, term in zip(blocks, terms, strict=True)]
        for number, name in enumerate(names)
    }


def linearise(function: Callable[[Tensor], Tensor], terms: Sequence[Term], bias: Tensor) -> Split:
    """function(bias + Σ terms) as a sum: what each term adds, averaged over all orders of adding them (3.2.2).

    The bias is first in every order. Term k is added to a set of s others in s! (K − 1 − s)! of the K! orders.
    """
    count = len(terms)
    sums = [bias]
    for term in terms:  # a set of terms is a number whose bits are its members
        sums += [total + term.value for total in sums]
    values = [function(total) for total in sums]
    orders = [factorial(s) * factorial(count - 1 - s) / factorial(count) for s in range(count)]
    relevant = torch.zeros_like(values[-1])
    for k, term in enumerate(terms):
        if term.relevant is not False:
            share = torch.zeros_like(relevant)  # L(y_k)
            for s in range(len(sums)):
                if not s >> k & 1:
                    share.add_(values[s | 1 << k] - values[s], alpha=orders[s.bit_count()])
            relevant += share if isinstance(term.relevant, bool) else term.relevant * share
    return Split(relevant, values[-1] - values[0] - relevant, values[0])


def multiply(a: Split, b: Split) -> Split:
    """Two sums multiplied out: phrase times phrase or bias to β, bias times bias by itself, all else to γ (3.2.1)."""
    of_a, of_b = a.relevant + a.bias, b.relevant + b.bias
    both = a.bias * b.bias
    return Split(of_a * of_b - both, a.irrelevant * (of_b + b.irrelevant) + of_a * b.irrelevant, both)


def settle(*sums: Split) -> Split:
    """The sum of sums, with the biases' part given to γ."""
    relevant = sum((part.relevant for part in sums[1:]), sums[0].relevant)
    irrelevant = sum((part.irrelevant + part.bias for part in sums[1:]), sums[0].irrelevant + sums[0].bias)
    return Split(relevant, irrelevant, 0.0)

"""Which part of the verdict is a word's own doing, or a phrase's? Contextual decomposition, in one forward pass.

Murdoch, Liu & Yu 2018, "Beyond Word Importance: Contextual Decomposition to Extract Interactions from LSTMs" (ICLR).
Every state is split in two, h_t = β_t + γ_t and c_t = β^c_t + γ^c_t (their section 3.2): β is what comes of the
phrase alone, γ all that any other word had a hand in. Both start at zero; at the end logit = w·β_T + (w·γ_T + b),
exactly. Three rules, each a function here:

    linearise   A gate is written as a sum over what it gets: σ(Σ y_k) = Σ L(y_k), where L(y_k) is how much y_k adds,
                averaged over all orders of adding the terms, the bias always first (3.2.2). Terms are Wx, Uβ, Uγ.
    multiply    Products of such sums are multiplied out. Terms made of the phrase alone, or of the phrase and one
                bias, go to β; all others, bias times bias among them, to γ (3.2.1).
    settle      A sum's bias part, made of no word, goes to γ.

    lstm   c' = f*c + i*g with f, i, g linearised; h' = o*[L(β^c') + L(γ^c')], the output gate left whole (3.2.1)
    gru    not in the paper. z*h is treated as f*c, (1 − z)*n as i*g, where 1 − z has the parts −L(·) and the bias
           1 − L(b_z). Inside n, r*(U_n h + d_n) is multiplied out by the same rule; its bias times bias, L(b_r)*d_n, is
           no word's and joins b_n as the bias of n's tanh, the first term of every order.
    rnn    not in the paper. h' = tanh(Wx + Uh + b + d) is linearised, nothing is multiplied.

The authors' program departs from their text in two points: it takes Wx and Uβ (or Uγ) together as one term before
linearising, and gives bias times bias to β while the phrase is read. Here the text is followed. Of several layers each
one above the first gets Wβ and Wγ of the layer below in place of Wx: two terms instead of one (also not in the paper).

What words get by themselves does not sum to the logit: what words do together belongs to none of them. It is what
`interaction` gives of a phrase. Float64 throughout. Axes: P phrases side by side, T tokens, H units, G gates.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from math import factorial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from core.probes.attribution.methods.layers import Layer, Numbers, numbers
from core.probes.attribution.results import Reading, Scores
from core.runtime.i18n import LazyMessage, mark


class Parts(NamedTuple):
    """A logit's parts: β, what a phrase says on its own, and γ, all the rest; they sum to the logit."""

    beta: float
    gamma: float


class Decomposition(NamedTuple):
    """`Parts` of several phrases, float64 [P] each."""

    beta: np.ndarray
    gamma: np.ndarray


class Split(NamedTuple):
    """A sum [P, H] in three parts: of the phrase alone, of others too, of biases alone (of one row where alike)."""

    relevant: Tensor
    irrelevant: Tensor
    bias: Tensor | float


class Term(NamedTuple):
    """Something a gate gets, [P, H] or [1, H], and whether it is of the phrase; [P, 1] of 0 and 1 where it differs."""

    value: Tensor
    relevant: bool | Tensor


def contextual_decomposition(reading: Reading, baseline: str = "", *, seed: int = 0) -> Scores:
    """β of every word. Not complete (module docstring): `words` has each word's γ, with which it is.

    No word is removed, so there is no baseline; nothing is random.
    """
    found = words(reading)
    return Scores(found.beta, base_logit=None, delta=None, spent=LazyMessage(mark("each word split from the rest")))


def words(reading: Reading) -> Decomposition:
    """β and γ of every word, [T]; β + γ is the logit, word by word."""
    return decompose(reading, np.eye(len(reading.tokens), dtype=bool))


def phrase(reading: Reading, places: Collection[int]) -> Parts:
    """β and γ of the tokens at these places, counted from 0, side by side or not. Raises ValueError for none, or for a
    place that is none."""
    return Parts(*(float(part[0]) for part in decompose(reading, _rows(reading, [places]))))


def interaction(reading: Reading, places: Collection[int]) -> float:
    """What the tokens at these places say together and none of them alone: β of the phrase less the sum of β of its
    words. Raises ValueError as `phrase`."""
    chosen = sorted(set(places))
    beta = decompose(reading, _rows(reading, [chosen, *([place] for place in chosen)])).beta
    return float(beta[0] - beta[1:].sum())


def decompose(reading: Reading, inside: np.ndarray) -> Decomposition:
    """β and γ of phrases given as rows of bools [P, T], true at the places of their tokens.

    A phrase without a token has β = 0. Raises ValueError for rows of another length.
    """
    given = numbers(reading)
    inside = np.asarray(inside, dtype=bool)
    if inside.ndim != 2 or inside.shape[1] != len(given.x):
        raise ValueError(f"expected rows of {len(given.x):,} bools, one a token; given an array {inside.shape}")
    with torch.inference_mode():
        # Until its first token is read all of a phrase's state is γ: rows are sorted so that such rows stand last.
        first = np.where(inside.any(axis=1), inside.argmax(axis=1), inside.shape[1])
        order = np.argsort(first, kind="stable")
        h = _walk(given, torch.from_numpy(inside[order]).double(), np.sort(first))
        beta, gamma = np.empty(len(inside)), np.empty(len(inside))
        beta[order] = (h.relevant @ given.read_out).numpy()
        gamma[order] = (h.irrelevant @ given.read_out + given.bias).numpy()
    return Decomposition(beta, gamma)


def _rows(reading: Reading, phrases: Sequence[Collection[int]]) -> np.ndarray:
    """Places as rows of bools [P, T]. Raises ValueError."""
    count = len(reading.tokens)
    inside = np.zeros((len(phrases), count), dtype=bool)
    for row, places in zip(inside, phrases, strict=True):
        if not places:
            raise ValueError("a phrase needs at least one place")
        for place in places:
            if not 0 <= place < count:
                raise ValueError(f"place {place:,} is none of the {count:,}, which count from 0 to {count - 1:,}")
            row[place] = True
    return inside


def _walk(given: Numbers, inside: Tensor, first: np.ndarray) -> Split:
    """The top layer's last hidden state of every row of `inside` [P, T], split. `first` is where rows begin, sorted."""
    zeros = [given.x.new_zeros(1, layer.units) for layer in given.layers]
    whole = [(h, h if layer.cell == "lstm" else None) for h, layer in zip(zeros, given.layers, strict=True)]
    split = [(Split(h[:0], h[:0], 0.0), Split(h[:0], h[:0], 0.0)) for h in zeros]
    from_words = (given.x @ given.layers[0].w.T).split(1)
    for t, from_input in enumerate(from_words):
        begun = int(np.searchsorted(first, t, side="right"))
        inputs = [Term(from_input, inside[:begun, t, None])]
        for number, layer in enumerate(given.layers):
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
    """More rows, all of whose state [1, H] is γ so far."""
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
    """What each gate gets: the inputs, then Uβ, then Uγ. The last gate may be left out."""
    u = layer.u[: -layer.units] if leave else layer.u
    from_phrase = h.relevant @ u.T
    # β + γ is the same state in every row: one row is projected and what the phrase's share leaves of it is γ's.
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

    The bias comes first in every order, so its part is function(bias). The average over K! orders needs each of the
    2^K sums but once: term k is added to a set of s others in s! (K − 1 − s)! of the orders.
    """
    count = len(terms)
    sums = [bias]
    for term in terms:  # a set of terms is a number whose bits are its members
        sums += [found + term.value for found in sums]
    values = [function(found) for found in sums]
    orders = [factorial(s) * factorial(count - 1 - s) / factorial(count) for s in range(count)]
    relevant = torch.zeros_like(values[-1])
    for k, term in enumerate(terms):
        if term.relevant is not False:
            share = torch.zeros_like(relevant)  # L(y_k)
            for s in range(len(sums)):
                if not s >> k & 1:
                    share.add_(values[s | 1 << k] - values[s], alpha=orders[s.bit_count()])
            relevant += share if isinstance(term.relevant, bool) else term.relevant * share
    return Split(relevant, values[-1] - values[0] - relevant, values[0])  # what all add is f(all) − f(bias)


def multiply(a: Split, b: Split) -> Split:
    """Two sums multiplied out: phrase times phrase or bias to β, bias times bias by itself, all else to γ (3.2.1)."""
    of_a, of_b = a.relevant + a.bias, b.relevant + b.bias
    both = a.bias * b.bias
    return Split(of_a * of_b - both, a.irrelevant * (of_b + b.irrelevant) + of_a * b.irrelevant, both)


def settle(*sums: Split) -> Split:
    """The sum of sums, what is made of biases alone given to γ."""
    relevant = sum((found.relevant for found in sums[1:]), sums[0].relevant)
    irrelevant = sum((found.irrelevant + found.bias for found in sums[1:]), sums[0].irrelevant + sums[0].bias)
    return Split(relevant, irrelevant, 0.0)

"""How much of a verdict comes from *which* words a text has, and how much from *where* they are?

One value function of 2n players: the n words and the n positions. With the words A and the positions B taking part,

    v(A, B) = mean over orders π that keep the tokens of B in their positions of logit(π, words outside A absent)

the tokens of the other positions being shuffled among these, every order equally likely. An absent word keeps its
position in the order and is replaced there, or, with the baseline ``delete``, left out after the ordering. Shapley
values of the 2n players (Shapley 1953) then say what each word and each position adds; they sum to v(all, all) −
v(∅, ∅), the text's logit minus that of no words. A model that ignores word order gives every position 0.

A position's value is what keeping its token in place is worth, shared with the other positions: it is not the effect of
a position number. One absent position alone changes nothing, as its token has nowhere to go.

Up to `MOST_EXACT` words every order of every subset is read and the values are exact. Beyond, random orders of joining
are drawn in antithetic pairs, as in `shapley`, each with one shuffle that all its coalitions share: each estimate of v
is unbiased and the sum stays exact. Axes: S sentences, n tokens, B sets of positions, A sets of words.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations as all_orders
from math import perm
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from core.data.targets import POSITIVE, Target
from core.models.predictor import BlackBox
from core.probes.attribution.methods.shapley import antithetic, mean_of_pairs, shapley_of
from core.probes.attribution.methods.tree import value_function
from core.probes.attribution.removal import subsets
from core.runtime.i18n import LazyMessage, mark
from core.runtime.i18n import gettext as _
from core.runtime.shown import Shown

if TYPE_CHECKING:
    from core.models.predictor import Model
    from core.probes.attribution.results import Instance

MOST_EXACT = 6  # words
MOST_SAMPLED = 500  # words
PERMUTATIONS = 400  # for texts of up to 25 tokens
_FEWEST = 20
_STEPS = 500_000  # of the recurrence, about, beyond which fewer permutations are drawn
_AT_ONCE = 4_000_000  # players of coalitions arranged at once

Sentences = Callable[[np.ndarray], np.ndarray]
"""Logits float64 [S] of sentences [S, n], rows of token indices; n is an absent word."""


@dataclass(frozen=True)
class OrderAttribution(Shown):
    """What the words of a text and their positions add to one model's logit, that of the `target`.

    `words` and `positions` float64 [n] sum to `total`, `logit` − `base`. Errors are standard errors, None where the
    values are exact. `from_words` and `from_order` are the two sums. `share` is Σ|positions| / (Σ|words| +
    Σ|positions|), None where both are 0; sampling makes it too large. `shuffled` is v(all words, no position), the mean
    logit of the words in random order. `samples` is the number of orders of joining drawn, 0 where `exact`.
    """

    pictured: ClassVar[bool] = True

    model: str
    text: str
    tokens: tuple[str, ...]
    known: tuple[bool, ...]
    baseline: str
    words: np.ndarray
    positions: np.ndarray
    word_errors: np.ndarray | None
    position_errors: np.ndarray | None
    logit: float
    base: float
    shuffled: float
    shuffled_error: float | None
    from_order_error: float | None
    exact: bool
    samples: int
    spent: LazyMessage
    seconds: float
    target: Target = POSITIVE

    @property
    def total(self) -> float:
        """What the values sum to."""
        return self.logit - self.base

    @property
    def from_words(self) -> float:
        """What all words add."""
        return float(self.words.sum())

    @property
    def from_order(self) -> float:
        """What all positions add."""
        return float(self.positions.sum())

    @property
    def share(self) -> float | None:
        """The positions' share of the sum of sizes."""
        words, positions = float(np.abs(self.words).sum()), float(np.abs(self.positions).sum())
        return positions / (words + positions) if words + positions else None


class Values(NamedTuple):
    """Shapley values [2n] of the words, then of the positions, with errors, None where they are exact."""

    scores: np.ndarray
    errors: np.ndarray | None
    full: float
    empty: float
    shuffled: float
    shuffled_error: float | None
    from_order_error: float | None


def order_attribution(
    instance: Instance,
    baseline: str = "delete",
    *,
    seed: int = 0,
    permutations: int | None = None,
    check_cancelled: Callable[[], object] = lambda: None,
) -> OrderAttribution:
    """What words and positions add: exact for up to `MOST_EXACT` words, else from `permutations` orders of joining.

    `check_cancelled` is called several times a second; what it raises ends the work. Raises ValueError for an unknown
    baseline, an odd number of permutations or fewer than 4, and beyond `MOST_SAMPLED` tokens.
    """
    begun = time.perf_counter()
    n = len(instance.tokens)
    if n > MOST_SAMPLED:
        raise ValueError(
            _("words and positions can be separated in texts of up to {most} tokens; given {n:,}").format(
                most=MOST_SAMPLED, n=n
            )
        )
    v, exact = value_function(instance, baseline), n <= MOST_EXACT
    count = 0 if exact else permutations or permutations_for(n)

    def read(rows: np.ndarray) -> np.ndarray:
        return v.arrangements(rows, check_cancelled)

    values = exact_order(read, n) if exact else sampled_order(read, n, count, seed)
    errors = values.errors
    return OrderAttribution(
        model=instance.checkpoint.name,
        text=instance.text,
        tokens=instance.tokens,
        known=instance.known,
        baseline=baseline,
        words=values.scores[:n],
        positions=values.scores[n:],
        word_errors=None if errors is None else errors[:n],
        position_errors=None if errors is None else errors[n:],
        logit=values.full,
        base=values.empty,
        shuffled=values.shuffled,
        shuffled_error=values.shuffled_error,
        from_order_error=values.from_order_error,
        exact=exact,
        samples=count,
        spent=LazyMessage(mark("every order of every subset"))
        if exact
        else LazyMessage(mark("{count:,} permutations, in antithetic pairs"), count=count),
        seconds=time.perf_counter() - begun,
        target=instance.target,
    )


def permutations_for(n: int) -> int:
    """How many permutations are drawn for n tokens: each takes about 2n² steps of the recurrence at most."""
    return min(PERMUTATIONS, max(_FEWEST, _STEPS // (4 * n * n) * 2))


def cost(n: int, model: Model | None = None) -> int:
    """About how many times the model could read n tokens, many texts side by side, in the time that this takes.

    A black box is asked about every distinct text.
    """
    if isinstance(model, BlackBox):
        return sum(perm(n, kept) for kept in range(n + 1)) if n <= MOST_EXACT else 2 * permutations_for(n) * n
    return 750 if n <= MOST_EXACT else permutations_for(n) * n * 3 // 5


def exact_order(read: Sentences, n: int) -> Values:
    """Shapley values of words and positions from every order of every subset of n words."""
    orders = np.array(list(all_orders(range(n))), dtype=np.int16)  # [n!, n], the token at each position
    present = subsets(n)  # [2^n, n]
    rows = np.where(present[:, orders], orders, np.int16(n))  # [A, n!, n]
    logits = read(rows.reshape(-1, n)).reshape(len(present), -1)  # [A, n!]
    stays = orders == np.arange(n)  # [n!, n]
    fixing = (stays | ~present[:, None]).all(axis=-1).astype(float)  # [B, n!], which orders keep the positions of B
    values = fixing / fixing.sum(axis=1, keepdims=True) @ logits.T  # [B, A]
    # Words are the lower bits of a coalition's number, positions the upper bits.
    scores = shapley_of(values.reshape(-1))
    return Values(scores, None, float(values[-1, -1]), float(values[0, 0]), float(values[0, -1]), None, None)


def sampled_order(read: Sentences, n: int, permutations: int, seed: int) -> Values:
    """Shapley values of words and positions estimated from random orders of joining, each with its reverse."""
    random = np.random.default_rng(seed)
    joining = antithetic(2 * n, permutations, random)  # [pairs, 2, 2n]
    joined = joining.argsort(axis=-1)
    # One shuffle of the tokens for a pair, reversed for the reverse.
    shuffle = antithetic(n, permutations, random)
    gains = np.empty(joined.shape)
    ends = np.empty((2, *joined.shape[:2]))
    batch = max(1, _AT_ONCE // (2 * (2 * n + 1) * 2 * n))
    for start in range(0, len(joined), batch):
        stop = min(start + batch, len(joined))
        present = joined[start:stop, :, None] < np.arange(2 * n + 1)[:, None]  # [pairs, 2, 2n + 1, 2n]
        rows = arranged(present, shuffle[start:stop])
        logits = read(rows.reshape(-1, n)).reshape(rows.shape[:-1])
        ends[:, start:stop] = logits[..., 0], logits[..., -1]
        gains[start:stop] = np.take_along_axis(np.diff(logits, axis=-1), joined[start:stop], axis=-1)
    shuffled, shuffled_error = mean_of_pairs(read(shuffle.reshape(-1, n)).reshape(-1, 2).mean(axis=1))
    by_pair = gains.mean(axis=1)  # [pairs, 2n]
    scores, errors = mean_of_pairs(by_pair)
    _mean, order_error = mean_of_pairs(by_pair[:, n:].sum(axis=1))
    empty, full = float(ends[0, 0, 0]), float(ends[1, 0, 0])
    return Values(scores, errors, full, empty, float(shuffled), float(shuffled_error), float(order_error))


def arranged(present: np.ndarray, shuffle: np.ndarray) -> np.ndarray:
    """Sentences of coalitions: bool [..., K, 2n] of words and positions present, under shuffles [..., n] of the tokens.

    The tokens of absent positions fill these in the shuffle's order; absent words are n.
    """
    n = shuffle.shape[-1]
    words, positions = present[..., :n], present[..., n:]  # [..., K, n]
    order = np.broadcast_to(shuffle[..., None, :], positions.shape)
    # The positions to fill, ascending, and the tokens to fill them with, as shuffled; those that stay come last.
    to_fill = np.argsort(positions, axis=-1, kind="stable")
    stays = np.take_along_axis(positions, order, axis=-1)
    tokens = np.take_along_axis(order, np.argsort(stays, axis=-1, kind="stable"), axis=-1)
    rows = np.empty(positions.shape, dtype=np.int16)
    np.put_along_axis(rows, to_fill, tokens.astype(np.int16), axis=-1)
    rows = np.where(positions, np.arange(n, dtype=np.int16), rows)
    here = np.take_along_axis(words, rows.astype(np.int64), axis=-1)
    return np.where(here, rows, np.int16(n))

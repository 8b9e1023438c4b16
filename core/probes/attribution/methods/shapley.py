"""How is a verdict shared out among its words? Shapley values: a word's mean gain over all orders of joining.

    φ_i = Σ_{S without i} |S|! (n − |S| − 1)! / n! · (v(S + i) − v(S))                    (Shapley 1953)

with v(S) the logit of the text in which only the tokens of S are present, what absent means being the caller's choice
(`core.probes.attribution.removal`). The values sum to v(N) − v(∅) exactly; tokens that always gain alike have equal
values; a token that never changes v has 0. The same word at two places is two players.

Up to `MOST_EXACT` tokens all 2^n subsets are read (`tree`) and nothing is estimated. Beyond, random orders of joining
are drawn (Castro, Gómez & Tejada 2009), each with its reverse (antithetic: Mitchell et al. 2022); every order's gains
sum to v(N) − v(∅), so their mean does as well. Standard errors are those of the mean over pairs of orders. Axes: S
subsets, n players.
"""

from __future__ import annotations

from collections.abc import Callable
from math import comb
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.probes.attribution.methods.tree import tree_of
from core.probes.attribution.removal import Game, TextGame, game_of, subsets
from core.probes.attribution.results import Scores
from core.runtime.i18n import LazyMessage, mark
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.probes.attribution.results import Reading

MOST_EXACT = 12  # tokens
MOST_SAMPLED = 1_000  # tokens: these take 20 million steps of the recurrence
PERMUTATIONS = 200  # for texts of up to 50 tokens
_FEWEST = 20  # for long ones: ten pairs are the fewest whose spread says something
_STEPS = 500_000  # of the recurrence, about, beyond which fewer permutations are drawn

CheckCancelled = Callable[[], object]


class Values(NamedTuple):
    """v of all 2^n subsets, float64; the row's number has the bits of the tokens present, as in `removal.subsets`."""

    all: np.ndarray

    @property
    def empty(self) -> float:
        """v of no token."""
        return float(self.all[0])

    @property
    def full(self) -> float:
        """v of all tokens."""
        return float(self.all[-1])


class Sampled(NamedTuple):
    """Estimated Shapley values [n], their standard errors [n], and v(∅)."""

    scores: np.ndarray
    errors: np.ndarray
    empty: float


def shapley(
    reading: Reading, baseline: str, *, seed: int = 0, check_cancelled: CheckCancelled = lambda: None
) -> Scores:
    """Shapley values of the tokens: exact for up to `MOST_EXACT` of them, sampled beyond.

    `check_cancelled` is called several times a second or so; what it raises ends the work. Raises ValueError for an
    unknown baseline.
    """
    if len(reading.tokens) <= MOST_EXACT:
        return exact_shapley(reading, baseline, check_cancelled=check_cancelled)
    return sampled_shapley(reading, baseline, seed=seed, check_cancelled=check_cancelled)


def exact_shapley(
    reading: Reading, baseline: str, *, seed: int = 0, check_cancelled: CheckCancelled = lambda: None
) -> Scores:
    """Shapley values from all subsets; `seed` plays no part. Raises ValueError beyond `MOST_EXACT` tokens."""
    game = game_of(reading, baseline)
    values = all_values(game, check_cancelled)
    scores = shapley_of(values.all)
    delta = float(scores.sum() - (game.full - values.empty))
    return Scores(scores, values.empty, delta, spent=LazyMessage(mark("all {count:,} subsets"), count=len(values.all)))


def sampled_shapley(
    reading: Reading,
    baseline: str,
    *,
    seed: int = 0,
    permutations: int | None = None,
    check_cancelled: CheckCancelled = lambda: None,
) -> Scores:
    """Shapley values estimated from random orders of joining, `permutations` of them, an even number of at least 4.

    Raises ValueError for fewer, for an unknown baseline and beyond `MOST_SAMPLED` tokens.
    """
    if len(reading.tokens) > MOST_SAMPLED:
        raise ValueError(
            _("Shapley values are sampled for texts of up to {most:,} tokens; given {count:,}").format(
                most=MOST_SAMPLED, count=len(reading.tokens)
            )
        )
    game = game_of(reading, baseline)
    tree, count = tree_of(game), permutations or permutations_for(len(game))
    found = sampled(lambda present: tree.subsets(present, check_cancelled), len(game), count, seed)
    delta = float(found.scores.sum() - (game.full - found.empty))
    spent = LazyMessage(mark("{count:,} permutations, in antithetic pairs"), count=count)
    return Scores(found.scores, found.empty, delta, errors=found.errors, spent=spent)


def permutations_for(n: int) -> int:
    """How many permutations are drawn for n tokens: each takes about n² steps of the recurrence at most."""
    return min(PERMUTATIONS, max(_FEWEST, _STEPS // (2 * n * n) * 2))


def all_values(game: Game | TextGame, check_cancelled: CheckCancelled = lambda: None) -> Values:
    """v of every subset of a game's tokens. Raises ValueError beyond `MOST_EXACT` tokens."""
    if len(game) > MOST_EXACT:
        raise ValueError(
            _("all subsets are read of texts of up to {most} tokens; given {count:,}, which have 2^{count}").format(
                most=MOST_EXACT, count=len(game)
            )
        )
    return Values(tree_of(game).subsets(subsets(len(game)), check_cancelled))


def shapley_of(values: np.ndarray) -> np.ndarray:
    """Shapley values [n] of a game given as v of all 2^n subsets, numbered as in `removal.subsets`."""
    n = players(values)
    numbers = np.arange(len(values))
    # |S|! (n − |S| − 1)! / n! is 1 / (n · C(n − 1, |S|)).
    weights = np.array([1 / (n * comb(n - 1, size)) for size in range(n)])
    sizes = subsets(n).sum(axis=1)
    scores = np.empty(n)
    for player in range(n):
        without = numbers[numbers >> player & 1 == 0]
        scores[player] = weights[sizes[without]] @ (values[without | 1 << player] - values[without])
    return scores


def players(values: np.ndarray) -> int:
    """The n of an array of 2^n values, at least 1. Raises ValueError where it is none."""
    n = len(values).bit_length() - 1
    if n < 1 or len(values) != 1 << n:
        raise ValueError(f"expected 2^n values, one for each subset of n players; given {len(values):,}")
    return n


def sampled(value: Callable[[np.ndarray], np.ndarray], n: int, permutations: int, seed: int) -> Sampled:
    """Shapley values of any game of n players; `value` gives v float64 [S] of subsets, bool [S, n]."""
    pairs = antithetic(n, permutations, np.random.default_rng(seed))  # [pairs, 2, n]
    joined = pairs.argsort(axis=-1)  # [pairs, 2, n], when each player joins
    present = joined[:, :, None, :] < np.arange(n + 1)[:, None]  # [pairs, 2, n + 1, n]
    found = value(present.reshape(-1, n)).reshape(present.shape[:-1])
    gains = np.take_along_axis(np.diff(found, axis=-1), joined, axis=-1)  # [pairs, 2, n]
    scores, errors = mean_of_pairs(gains.mean(axis=1))
    return Sampled(scores, errors, float(found[0, 0, 0]))


def antithetic(n: int, permutations: int, random: np.random.Generator) -> np.ndarray:
    """Random orders of n players, each with its reverse, int [pairs, 2, n]. Raises ValueError for fewer than two."""
    if permutations < 4 or permutations % 2:
        raise ValueError(
            _("permutations come in pairs, and errors need two of them at least; given {permutations:,}").format(
                permutations=permutations
            )
        )
    orders = random.permuted(np.tile(np.arange(n), (permutations // 2, 1)), axis=1)
    return np.stack([orders, orders[:, ::-1]], axis=1)


def mean_of_pairs(found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means and their standard errors over independent rows [pairs, ...]."""
    return found.mean(axis=0), found.std(axis=0, ddof=1) / np.sqrt(len(found))

"""How is a verdict shared among its words? Shapley values: a word's mean gain over all orders of joining.

    φ_i = Σ_{S without i} |S|! (n − |S| − 1)! / n! · (v(S + i) − v(S))                    (Shapley 1953)

with v(S) the logit of the text in which only the tokens of S are present (`core.probes.attribution.removal`). The
values sum to v(N) − v(∅) exactly; tokens that always gain alike have equal values; a token that never changes v has 0.
The same word at two positions is two players.

Up to `MOST_EXACT` tokens all 2^n subsets are read (`tree`). Beyond, random orders of joining are drawn (Castro, Gómez &
Tejada 2009), each with its reverse (antithetic: Mitchell et al. 2022); every order's gains sum to v(N) − v(∅). Standard
errors are over pairs of orders. Axes: S subsets, n players.
"""

from __future__ import annotations

from collections.abc import Callable
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from core.probes.attribution.methods.tree import value_function
from core.probes.attribution.removal import CheckCancelled, subsets
from core.probes.attribution.results import Scores
from core.runtime.i18n import LazyMessage, mark
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.probes.attribution.results import Instance

MOST_EXACT = 12  # tokens
MOST_SAMPLED = 1_000  # tokens: these take 20 million steps of the recurrence
PERMUTATIONS = 200  # for texts of up to 50 tokens
_FEWEST = 20  # ten pairs are the fewest whose spread says something
_STEPS = 500_000  # of the recurrence, about, beyond which fewer permutations are drawn


def shapley(
    instance: Instance, baseline: str, *, seed: int = 0, check_cancelled: CheckCancelled = lambda: None
) -> Scores:
    """Shapley values of the tokens: from all subsets for up to `MOST_EXACT` of them, sampled beyond.

    `check_cancelled` is called several times a second; what it raises ends the work. Raises ValueError for an unknown
    baseline and beyond `MOST_SAMPLED` tokens.
    """
    n = len(instance.tokens)
    if n > MOST_SAMPLED:
        raise ValueError(
            _("Shapley values are sampled for texts of up to {most:,} tokens; given {count:,}").format(
                most=MOST_SAMPLED, count=n
            )
        )
    v, errors = value_function(instance, baseline), None
    if n <= MOST_EXACT:
        values = v.values(subsets(n), check_cancelled)
        scores, empty = shapley_of(values), float(values[0])
        spent = LazyMessage(mark("all {count:,} subsets"), count=len(values))
    else:
        count = permutations_for(n)
        scores, errors, empty = sampled(lambda present: v.values(present, check_cancelled), n, count, seed)
        spent = LazyMessage(mark("{count:,} permutations, in antithetic pairs"), count=count)
    return Scores(scores, empty, float(scores.sum() - (v.full - empty)), errors=errors, spent=spent)


def permutations_for(n: int) -> int:
    """How many permutations are drawn for n tokens: each takes about n² steps of the recurrence at most."""
    return min(PERMUTATIONS, max(_FEWEST, _STEPS // (2 * n * n) * 2))


def shapley_of(values: np.ndarray) -> np.ndarray:
    """Shapley values [n] from v of all 2^n subsets, numbered as in `removal.subsets`."""
    n = len(values).bit_length() - 1
    numbers = np.arange(len(values))
    # |S|! (n − |S| − 1)! / n! is 1 / (n · C(n − 1, |S|)).
    weights = np.array([1 / (n * comb(n - 1, size)) for size in range(n)])
    sizes = subsets(n).sum(axis=1)
    scores = np.empty(n)
    for player in range(n):
        without = numbers[numbers >> player & 1 == 0]
        scores[player] = weights[sizes[without]] @ (values[without | 1 << player] - values[without])
    return scores


def sampled(
    value: Callable[[np.ndarray], np.ndarray], n: int, permutations: int, seed: int
) -> tuple[np.ndarray, np.ndarray, float]:
    """Shapley values [n] of any value function of n players, their standard errors [n], and v(∅).

    `value` gives v float64 [S] of subsets, bool [S, n].
    """
    pairs = antithetic(n, permutations, np.random.default_rng(seed))  # [pairs, 2, n]
    joined = pairs.argsort(axis=-1)  # [pairs, 2, n], when each player joins
    present = joined[:, :, None, :] < np.arange(n + 1)[:, None]  # [pairs, 2, n + 1, n]
    values = value(present.reshape(-1, n)).reshape(present.shape[:-1])
    gains = np.take_along_axis(np.diff(values, axis=-1), joined, axis=-1)  # [pairs, 2, n]
    scores, errors = mean_of_pairs(gains.mean(axis=1))
    return scores, errors, float(values[0, 0, 0])


def antithetic(n: int, permutations: int, random: np.random.Generator) -> np.ndarray:
    """Random orders of n players, each with its reverse, int [pairs, 2, n]. Raises ValueError for fewer than 4."""
    if permutations < 4 or permutations % 2:
        raise ValueError(
            _("permutations come in pairs, and errors need at least two pairs; given {permutations:,}").format(
                permutations=permutations
            )
        )
    orders = random.permuted(np.tile(np.arange(n), (permutations // 2, 1)), axis=1)
    return np.stack([orders, orders[:, ::-1]], axis=1)


def mean_of_pairs(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means and their standard errors over independent rows [pairs, ...]."""
    return values.mean(axis=0), values.std(axis=0, ddof=1) / np.sqrt(len(values))

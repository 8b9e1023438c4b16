"""Which pairs of words do more, or less, together than each alone? *not* and *good*, for one.

    I_ij = Σ_{S without i, j} |S|! (n − |S| − 2)! / (n − 1)! · (v(S + i + j) − v(S + i) − v(S + j) + v(S))

is the Shapley interaction index (Grabisch & Roubens 1999): above 0 where the two together speak more for the positive
verdict than the sum of what they say apart, below 0 where they speak less for it. It is 0 where v is a sum over words,
and for a word that never changes v. It is not a part of the logit: the entries sum to nothing in particular.

Up to `MOST_EXACT` tokens all 2^n subsets are read. Beyond, only the tokens whose sampled Shapley values are largest are
paired, and S is drawn as what stands before the pair, joined as one, in a random order of n − 1 players; each S comes
with what stands behind (antithetic). Axes: n tokens, k tokens in the matrix.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from core.models.predictor import BlackBox
from core.probes.attribution.methods.shapley import (
    MOST_EXACT,
    all_values,
    mean_of_pairs,
    permutations_for,
    players,
    sampled_shapley,
    shapley_of,
)
from core.probes.attribution.methods.tree import tree_of
from core.probes.attribution.removal import game_of, subsets
from core.runtime.i18n import LazyMessage, mark
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.models.predictor import Model
    from core.probes.attribution.results import Reading

TOP = 8  # tokens paired where not all are
MOST_TOP = 20
DRAWS = 100  # subsets drawn for each pair, in antithetic pairs

CheckCancelled = Callable[[], object]


@dataclass(frozen=True)
class Interactions:
    """The Shapley interaction index of pairs of a text's tokens under one model, in logits.

    `matrix` float64 [k, k] is symmetric; its diagonal is nan, as no token makes a pair with itself. Row r is the token
    at `places[r]`, counted from 0. `errors` [k, k] are standard errors, None where the values are `exact`. `shapley`
    [n] are the Shapley values by which the places were chosen where not all tokens are among them. `samples` counts
    the subsets drawn for each pair, 0 where `exact`.
    """

    model: str
    text: str
    tokens: tuple[str, ...]
    known: tuple[bool, ...]
    baseline: str
    places: tuple[int, ...]
    matrix: np.ndarray
    errors: np.ndarray | None
    shapley: np.ndarray
    logit: float
    base: float
    exact: bool
    samples: int
    spent: LazyMessage
    seconds: float

    def pairs(self) -> list[tuple[int, int, float]]:
        """Two places and their index, the largest in size first."""
        found = [(self.places[a], self.places[b], float(self.matrix[a, b])) for a, b in _pairs(len(self.places))]
        return sorted(found, key=lambda pair: -abs(pair[2]))


def interactions(
    reading: Reading,
    baseline: str = "delete",
    *,
    seed: int = 0,
    top: int = TOP,
    draws: int = DRAWS,
    check_cancelled: CheckCancelled = lambda: None,
) -> Interactions:
    """How pairs of tokens interact: all of them, exactly, in texts of up to `MOST_EXACT` tokens, else the `top` ones.

    `check_cancelled` is called several times a second or so; what it raises ends the work. Raises ValueError for an
    unknown baseline, a `top` outside 2 to `MOST_TOP`, and `draws` that are odd or fewer than 4.
    """
    begun = time.perf_counter()
    if not 2 <= top <= MOST_TOP:
        raise ValueError(_("from 2 to {most} tokens are paired; given a top of {top:,}").format(most=MOST_TOP, top=top))
    game, n, errors = game_of(reading, baseline), len(reading.tokens), None
    exact = n <= MOST_EXACT
    if exact:
        values = all_values(game, check_cancelled)
        places, scores = np.arange(n), shapley_of(values.all)
        matrix = interactions_of(values.all)
        logit, base = values.full, values.empty
        spent = LazyMessage(mark("all {count:,} subsets"), count=1 << n)
    else:
        found = sampled_shapley(reading, baseline, seed=seed, check_cancelled=check_cancelled)
        assert found.base_logit is not None
        scores, base, logit = found.scores, found.base_logit, game.full
        places = np.sort(np.argsort(-np.abs(scores), kind="stable")[:top])
        tree = tree_of(game)
        matrix, errors = sampled_pairs(lambda present: tree.subsets(present, check_cancelled), n, places, draws, seed)
        spent = LazyMessage(
            mark("the {count} tokens of largest |Shapley value|; {draws:,} subsets drawn for each of their pairs"),
            count=len(places),
            draws=draws,
        )
    return Interactions(
        model=reading.checkpoint.name,
        text=reading.text,
        tokens=reading.tokens,
        known=tuple(token in reading.checkpoint.vocabulary for token in reading.tokens),
        baseline=baseline,
        places=tuple(places.tolist()),
        matrix=matrix,
        errors=errors,
        shapley=scores,
        logit=logit,
        base=base,
        exact=exact,
        samples=0 if exact else draws,
        spent=spent,
        seconds=time.perf_counter() - begun,
    )


def cost(n: int, model: Model | None = None) -> int:
    """About how many times the model could read n tokens, many texts side by side, in the time that the pairs take.

    A black box is asked about every text; 8 tokens make 28 pairs, each draw for one has 4 texts.
    """
    if isinstance(model, BlackBox):
        return 1 << n if n <= MOST_EXACT else permutations_for(n) * n + 4 * DRAWS * comb(TOP, 2)
    return 50 + 2**n // 8 if n <= MOST_EXACT else permutations_for(n) * n // 4 + 1_100


def interactions_of(values: np.ndarray) -> np.ndarray:
    """The index of all pairs [n, n] of a game given as v of all 2^n subsets, numbered as in `removal.subsets`."""
    n = players(values)
    matrix = np.full((n, n), np.nan)
    numbers, sizes = np.arange(len(values)), subsets(n).sum(axis=1)
    # |S|! (n − |S| − 2)! / (n − 1)! is 1 / ((n − 1) · C(n − 2, |S|)).
    weights = np.array([1 / ((n - 1) * comb(n - 2, size)) for size in range(n - 1)])
    for i, j in _pairs(n):
        both = 1 << i | 1 << j
        without = numbers[numbers & both == 0]
        gain = values[without | both] - values[without | 1 << i] - values[without | 1 << j] + values[without]
        matrix[i, j] = matrix[j, i] = weights[sizes[without]] @ gain
    return matrix


def sampled_pairs(
    value: Callable[[np.ndarray], np.ndarray], n: int, places: np.ndarray, draws: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """The index of pairs of `places` [k] and its standard errors, both [k, k]; `value` gives v [S] of subsets [S, n].

    Every pair is measured on the same random orders, with its own two tokens taken out of them.
    """
    if draws < 4 or draws % 2:
        raise ValueError(
            _("draws come in pairs, and errors need two of them at least; given {draws:,}").format(draws=draws)
        )
    random = np.random.default_rng([seed, n])
    arrival = random.random((draws // 2, n))  # when each token joins
    before = arrival < random.random((draws // 2, 1))  # than the pair does: as in a random order of n − 1 players
    matrix, errors = (np.full((len(places), len(places)), np.nan) for _ in range(2))
    chosen = [(int(places[a]), int(places[b])) for a, b in _pairs(len(places))]
    present = np.stack([before, ~before], axis=1)[None, :, :, None].repeat(len(chosen), axis=0).repeat(4, axis=3)
    for number, (i, j) in enumerate(chosen):  # [pairs, draws / 2, 2, 4, n]
        present[number, ..., i] = (True, True, False, False)
        present[number, ..., j] = (True, False, True, False)
    found = value(present.reshape(-1, n)).reshape(present.shape[:-1])
    gain = (found @ np.array([1.0, -1.0, -1.0, 1.0])).mean(axis=-1)  # [pairs, draws / 2]
    means, deviations = mean_of_pairs(gain.T)
    for (a, b), mean, error in zip(_pairs(len(places)), means, deviations, strict=True):
        matrix[a, b] = matrix[b, a] = mean
        errors[a, b] = errors[b, a] = error
    return matrix, errors


def _pairs(k: int) -> list[tuple[int, int]]:
    return list(combinations(range(k), 2))

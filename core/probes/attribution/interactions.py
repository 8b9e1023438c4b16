"""Which pairs of words do more, or less, together than each alone? *not* and *good*, for one.

    I_ij = Σ_{S without i, j} |S|! (n − |S| − 2)! / (n − 1)! · (v(S + i + j) − v(S + i) − v(S + j) + v(S))

is the Shapley interaction index (Grabisch & Roubens 1999): above 0 where the two together speak more for the model's
target than the sum of what each says alone. It is 0 where v is a sum over words. The entries do not add up to the
logit.

Up to `MOST_EXACT` tokens all 2^n subsets are read. Beyond, only the tokens with the largest sampled Shapley values are
paired, and S is drawn as what precedes the pair, joined as one, in a random order of n − 1 players; each S comes with
what follows it (antithetic). Axes: n tokens, k tokens in the matrix.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from core.data.targets import POSITIVE, Target
from core.models.predictor import BlackBox
from core.probes.attribution.methods.shapley import (
    MOST_EXACT,
    mean_of_pairs,
    permutations_for,
    shapley,
    shapley_of,
)
from core.probes.attribution.methods.tree import value_function
from core.probes.attribution.removal import CheckCancelled, subsets
from core.runtime.i18n import LazyMessage, mark
from core.runtime.i18n import gettext as _
from core.runtime.shown import Shown

if TYPE_CHECKING:
    from core.models.predictor import Model
    from core.probes.attribution.results import Instance

TOP = 8  # tokens paired where not all are
MOST_TOP = 20
DRAWS = 100  # subsets drawn for each pair, in antithetic pairs


@dataclass(frozen=True)
class Interactions(Shown):
    """The Shapley interaction index of pairs of a text's tokens under one model, in logits of the `target`.

    `matrix` float64 [k, k] is symmetric, its diagonal nan; row r is the token at index `places[r]`. `errors` [k, k] are
    standard errors, None where the values are `exact`. `shapley` [n] are the Shapley values that tokens are chosen by.
    `samples` is the number of subsets drawn for each pair, 0 where `exact`.
    """

    pictured: ClassVar[bool] = True

    model: str
    text: str
    tokens: tuple[str, ...]
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
    target: Target = POSITIVE

    def pairs(self) -> list[tuple[int, int, float]]:
        """Two tokens' indices and their interaction, the largest in size first."""
        pairs = [(self.places[a], self.places[b], float(self.matrix[a, b])) for a, b in _pairs(len(self.places))]
        return sorted(pairs, key=lambda pair: -abs(pair[2]))


def interactions(
    instance: Instance,
    baseline: str = "delete",
    *,
    seed: int = 0,
    top: int = TOP,
    check_cancelled: CheckCancelled = lambda: None,
) -> Interactions:
    """How pairs of tokens interact: all of them, exactly, in texts of up to `MOST_EXACT` tokens, else the `top` ones.

    `check_cancelled` is called several times a second; what it raises ends the work. Raises ValueError for an unknown
    baseline, and a `top` outside 2 to `MOST_TOP`.
    """
    begun = time.perf_counter()
    if not 2 <= top <= MOST_TOP:
        raise ValueError(
            _("pairs are measured among 2 to {most} tokens; given a top of {top:,}").format(most=MOST_TOP, top=top)
        )
    v, n, errors = value_function(instance, baseline), len(instance.tokens), None
    exact = n <= MOST_EXACT
    if exact:
        values = v.values(subsets(n), check_cancelled)
        indices, scores = np.arange(n), shapley_of(values)
        matrix = interactions_of(values)
        logit, base = float(values[-1]), float(values[0])
        spent = LazyMessage(mark("all {count:,} subsets"), count=1 << n)
    else:
        estimate = shapley(instance, baseline, seed=seed, check_cancelled=check_cancelled)
        assert estimate.base_logit is not None
        scores, base, logit = estimate.scores, estimate.base_logit, v.full
        indices = np.sort(np.argsort(-np.abs(scores), kind="stable")[:top])
        matrix, errors = sampled_pairs(lambda present: v.values(present, check_cancelled), n, indices, DRAWS, seed)
        spent = LazyMessage(
            mark("the {count} tokens with the largest |Shapley value|; {draws:,} subsets sampled per pair"),
            count=len(indices),
            draws=DRAWS,
        )
    return Interactions(
        model=instance.checkpoint.name,
        text=instance.text,
        tokens=instance.tokens,
        baseline=baseline,
        places=tuple(indices.tolist()),
        matrix=matrix,
        errors=errors,
        shapley=scores,
        logit=logit,
        base=base,
        exact=exact,
        samples=0 if exact else DRAWS,
        spent=spent,
        seconds=time.perf_counter() - begun,
        target=instance.target,
    )


def cost(n: int, model: Model | None = None) -> int:
    """About how many times the model could read n tokens, many texts side by side, in the time that the pairs take.

    A black box is asked about every text; 8 tokens make 28 pairs, each draw for one has 4 texts.
    """
    if isinstance(model, BlackBox):
        return 1 << n if n <= MOST_EXACT else permutations_for(n) * n + 4 * DRAWS * comb(TOP, 2)
    return 50 + 2**n // 8 if n <= MOST_EXACT else permutations_for(n) * n // 4 + 1_100


def interactions_of(values: np.ndarray) -> np.ndarray:
    """The index of all pairs [n, n] from v of all 2^n subsets, numbered as in `removal.subsets`."""
    n = len(values).bit_length() - 1
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
    value: Callable[[np.ndarray], np.ndarray], n: int, indices: np.ndarray, draws: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """The index of the pairs of `indices` [k] and its standard errors, both [k, k]; `value` gives v [S] of bool [S, n].

    Every pair is measured on the same random orders, without its own two tokens.
    """
    random = np.random.default_rng([seed, n])
    arrival = random.random((draws // 2, n))  # when each token joins
    before = arrival < random.random((draws // 2, 1))  # the pair, as in a random order of n − 1 players
    matrix, errors = (np.full((len(indices), len(indices)), np.nan) for _ in range(2))
    chosen = [(int(indices[a]), int(indices[b])) for a, b in _pairs(len(indices))]
    present = np.stack([before, ~before], axis=1)[None, :, :, None].repeat(len(chosen), axis=0).repeat(4, axis=3)
    for number, (i, j) in enumerate(chosen):  # [pairs, draws / 2, 2, 4, n]
        present[number, ..., i] = (True, True, False, False)
        present[number, ..., j] = (True, False, True, False)
    values = value(present.reshape(-1, n)).reshape(present.shape[:-1])
    gain = (values @ np.array([1.0, -1.0, -1.0, 1.0])).mean(axis=-1)  # [pairs, draws / 2]
    means, deviations = mean_of_pairs(gain.T)
    for (a, b), mean, error in zip(_pairs(len(indices)), means, deviations, strict=True):
        matrix[a, b] = matrix[b, a] = mean
        errors[a, b] = errors[b, a] = error
    return matrix, errors


def _pairs(k: int) -> list[tuple[int, int]]:
    return list(combinations(range(k), 2))

"""Which sarcastic remarks about a situation is a model surest are positive?

From an unwelcome situation the patterns of `core.probes.sarcasm.recipes` build some twenty thousand candidates; a
person reads each as negative, by construction, so every one that the model calls positive fools it. What is listed is
the surest of each recipe, not the surest of all: these would be one remark with its last mark changed.

Candidates come in an order drawn by a seed, one of each pattern in turn, so that a search which ends before all are
scored has drawn the same number of each, at random; the certificate says which of the two it was. Candidates that
preprocessing makes the same are one. The share of a recipe's candidates that fool the model has Wilson's 95 % interval
(Wilson 1927) for that draw; over several situations the interval is by `core.evaluation.clustered_intervals`, since the
candidates of one situation are much alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import NamedTuple

import numpy as np

from core.evaluation.clustered_intervals import clustered_interval
from core.evaluation.metrics import wilson_interval
from core.models.predict import label
from core.models.token_predictor import Predictor, checked
from core.probes.sarcasm.candidates import TOP, Batch, Candidates
from core.probes.sarcasm.recipes import HUMAN_READING, Recipe
from core.runtime.i18n import gettext as _

_LOOKED_AT = 5_000  # candidates among which those to list are chosen


@dataclass(frozen=True)
class Candidate:
    """A sarcastic remark about a situation (as given), its recipe, and a model's P(positive)."""

    text: str
    about: str
    probability: float
    recipe: Recipe

    @property
    def label(self) -> str:
        """The class that the model reads."""
        return label(self.probability)


@dataclass(frozen=True)
class RecipeShare:
    """How many candidates of one pattern were scored and `fooled` the model, the share's 95 % interval, the surest."""

    pattern: str
    scored: int
    fooled: int
    interval: tuple[float, float]
    best: Candidate

    @property
    def share(self) -> float:
        """The share of the pattern's candidates that fool the model."""
        return self.fooled / self.scored


@dataclass(frozen=True)
class Composition:
    """What a search found about one situation under one model.

    `candidates` is how many distinct ones there are, as far as they are built; `scored` how many were, `fooled` how
    many of these the model calls positive though a person reads them as negative. `alone` is P(positive) of the bare
    situation. `top` are the surest, by recipe (`varied`). `missing` says which forms of the situation are not known.
    """

    model: str
    situation: str
    topic: str
    human_reading: str
    alone: float
    candidates: int
    scored: int
    fooled: int
    top: tuple[Candidate, ...]
    by_recipe: tuple[RecipeShare, ...]
    missing: tuple[tuple[str, str], ...]
    seed: int
    seconds: float

    @property
    def complete(self) -> bool:
        """Whether every candidate that the recipes build was scored."""
        return self.scored == self.candidates

    @property
    def certificate(self) -> str:
        """What was searched and what that shows, in one sentence in the current language."""
        if self.complete:
            line = _(
                "The surest of all {scored:,} candidates that the recipes build from this situation: {fooled:,} of "
                "them ({share:.1%}) are read as positive."
            )
        else:
            line = _(
                "The best of {scored:,} built, drawn with seed {seed} from the {there_are:,} that the recipes build "
                "from this situation: {fooled:,} of those scored ({share:.1%}) are read as positive; of the rest "
                "nothing is known."
            )
        return line.format(
            scored=self.scored,
            there_are=self.candidates,
            fooled=self.fooled,
            seed=self.seed,
            share=self.fooled / self.scored,
        )


class Progress(NamedTuple):
    """`scored` of at most `total` candidates, `fooled` of them positive, the `best` so far; `result()` has the rest."""

    scored: int
    total: int
    fooled: int
    best: Candidate
    result: Callable[[], Composition]


def search(
    model: str, predict: Predictor, candidates: Candidates, check_cancelled: Callable[[], object] = lambda: None
) -> Iterator[Progress]:
    """Build and score candidates until all are, or a bound is reached; may be closed at any step.

    At least one event comes; the last one's result is the answer. `check_cancelled` is called before every batch, and
    what it raises ends the search.
    """
    begun = time.perf_counter()
    question = candidates.question
    found = _Found(model, candidates, predict)
    total = question.recipes if question.budget is None else min(question.budget, question.recipes)
    for batch in candidates:
        check_cancelled()
        found.take(batch, checked(predict(batch.tokens), len(batch.tokens)))
        elapsed = time.perf_counter() - begun
        result = partial(found.result, len(found.batches), elapsed)
        yield Progress(found.count, total, found.fooled, found.best, result)
        if question.seconds is not None and elapsed >= question.seconds:
            break


class _Found:
    """The candidates scored so far. Batches only come at the end, so a count of them is a state."""

    def __init__(self, model: str, candidates: Candidates, predict: Predictor):
        self.model, self.question = model, candidates.question
        self.alone = float(checked(predict([candidates.plain]), 1)[0])
        self.batches: list[tuple[Batch, np.ndarray]] = []
        self.count = self.fooled = 0
        self._best: tuple[float, Batch, int] | None = None

    def take(self, batch: Batch, probabilities: np.ndarray) -> None:
        self.batches.append((batch, probabilities))
        self.count += len(probabilities)
        self.fooled += int((probabilities >= 0.5).sum())
        row = int(probabilities.argmax())
        if self._best is None or probabilities[row] > self._best[0]:
            self._best = float(probabilities[row]), batch, row

    @property
    def best(self) -> Candidate:
        assert self._best is not None
        return self._candidate(*self._best)

    def _candidate(self, probability: float, batch: Batch, row: int) -> Candidate:
        pattern = self.question.patterns[batch.patterns[row]]
        text, recipe = pattern.build(self.question.situation, int(batch.numbers[row]))
        return Candidate(text, self.question.situation.text, probability, recipe)

    def result(self, batches: int, seconds: float) -> Composition:
        """The answer from the first so many batches."""
        question, known = self.question, self.batches[:batches]
        probabilities = np.concatenate([found for _batch, found in known])
        patterns = np.concatenate([batch.patterns for batch, _found in known])
        places = [(batch, row) for batch, _found in known for row in range(len(batch.texts))]
        ranked = np.argsort(-probabilities, kind="stable")

        def surest(of: np.ndarray) -> Iterator[Candidate]:
            return (self._candidate(float(probabilities[row]), *places[row]) for row in of)

        shares = []
        for number, pattern in enumerate(question.patterns):
            rows = ranked[patterns[ranked] == number]
            if len(rows):
                fooled = int((probabilities[rows] >= 0.5).sum())
                interval = wilson_interval(fooled, len(rows))
                shares.append(RecipeShare(pattern.name, len(rows), fooled, interval, next(surest(rows))))
        repeats, fooled = known[-1][0].repeats, int((probabilities >= 0.5).sum())
        count, there_are = len(probabilities), question.recipes - repeats
        return Composition(
            model=self.model,
            situation=question.situation.text,
            topic=question.situation.topic,
            human_reading=HUMAN_READING,
            alone=self.alone,
            candidates=there_are,
            scored=count,
            fooled=fooled,
            top=varied(surest(ranked), question.top, {share.pattern for share in shares}),
            by_recipe=tuple(shares),
            missing=question.situation.missing,
            seed=question.seed,
            seconds=seconds,
        )


def varied(
    ranked: Iterable[Candidate], top: int, patterns: Collection[str], *, per_situation: int | None = None
) -> tuple[Candidate, ...]:
    """Of candidates by falling probability the first that differ: no pattern more often than another has to be.

    Each of `patterns` is taken up to ⌈top / patterns⌉ times, with another praise every time; a situation is taken up
    to `per_situation` times where that is given. An opener, and a closing phrase, stands in up to ⌈top / 3⌉ of them,
    unless too few others are among the first `_LOOKED_AT` candidates.
    """
    each, of_one_cue = -(-top // max(len(patterns), 1)), -(-top // 3)
    chosen: list[Candidate] = []
    passed_over: list[Candidate] = []

    def fits(candidate: Candidate) -> bool:
        same = [other.recipe for other in chosen if other.recipe.pattern == candidate.recipe.pattern]
        about = sum(other.about == candidate.about for other in chosen)
        fresh = len(same) < each and all(recipe.praise != candidate.recipe.praise for recipe in same)
        return fresh and (per_situation is None or about < per_situation)

    for candidate in islice(ranked, _LOOKED_AT):
        if len(chosen) == top:
            break
        if fits(candidate):
            often = any(sum(cue in _cues(other) for other in chosen) >= of_one_cue for cue in _cues(candidate))
            (passed_over if often else chosen).append(candidate)
    for candidate in passed_over:
        if len(chosen) < top and fits(candidate):
            chosen.append(candidate)
    return tuple(sorted(chosen, key=lambda candidate: -candidate.probability))


def _cues(candidate: Candidate) -> list[tuple[str, str]]:
    """The opener and the closing phrase, if there are any; marks are none."""
    named = {"opener": candidate.recipe.opener, "closer": candidate.recipe.closer}
    return [(name, part) for name, part in named.items() if any(char.isalpha() for char in part)]


def gallery(found: Iterable[Composition], top: int = TOP) -> tuple[Candidate, ...]:
    """The surest of one model's compositions: the best of each recipe, each about another situation."""
    bests = [share.best for composition in found for share in composition.by_recipe]
    ranked = sorted(bests, key=lambda candidate: -candidate.probability)
    return varied(ranked, top, {candidate.recipe.pattern for candidate in ranked}, per_situation=1)


def pooled(found: Sequence[Composition]) -> tuple[RecipeShare, ...]:
    """One model's shares by pattern over several situations, with intervals that speak of situations like these."""
    by_pattern: dict[str, list[RecipeShare]] = {}
    for composition in found:
        for share in composition.by_recipe:
            by_pattern.setdefault(share.pattern, []).append(share)
    return tuple(
        RecipeShare(
            pattern,
            sum(share.scored for share in shares),
            sum(share.fooled for share in shares),
            clustered_interval([share.fooled for share in shares], [share.scored for share in shares]),
            max((share.best for share in shares), key=lambda best: best.probability),
        )
        for pattern, shares in by_pattern.items()
    )

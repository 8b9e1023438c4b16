"""Which sarcastic remarks about a situation is a model surest are positive?

From an unwelcome situation the patterns of `core.probes.sarcasm.recipes` build about twenty thousand candidates. Their
gold label is negative by construction, so every one that the model calls positive fools it; a verdict of a third class
is not counted. Those that fool it are listed first: the surest of each recipe, not the surest of all, which would be
one remark with different punctuation.

A search that ends early has scored equally many candidates of each pattern, drawn at random. The share of a recipe's
candidates that fool the model has Wilson's 95 % interval (Wilson 1927); over several situations the intervals are
clustered by situation (`core.evaluation.clustered_intervals`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby, islice
from typing import ClassVar, NamedTuple

import numpy as np

from core.data import targets
from core.data.labels import SENTIMENT, Names
from core.data.targets import Target
from core.evaluation.clustered_intervals import clustered_interval
from core.evaluation.metrics import wilson_interval
from core.models.token_predictor import Predictor, checked
from core.probes.sarcasm.candidates import TOP, Batch, Candidates
from core.probes.sarcasm.recipes import Recipe
from core.runtime.i18n import gettext as _
from core.runtime.shown import Shown

_LOOKED_AT = 5_000  # candidates among which those to list are chosen


@dataclass(frozen=True)
class Candidate:
    """A sarcastic remark about a situation (as given), its recipe, and a model's P(positive) and verdict."""

    text: str
    about: str
    probability: float
    recipe: Recipe
    label: str


@dataclass(frozen=True)
class RecipeShare:
    """Of one pattern: candidates scored, candidates that `fooled` the model, the share's 95 % interval, the surest."""

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
class Composition(Shown):
    """A search's result for one situation under one model.

    `candidates` counts the distinct ones, `scored` those scored, `fooled` those that the model calls positive, its
    `target`. `alone` is P(positive) of the bare situation, `alone_label` the verdict on it. `top` are the surest, by
    recipe (`varied`). `missing` says why a form of the situation is not known.
    """

    listed: ClassVar[tuple[str, ...]] = ("top",)

    model: str
    situation: str
    alone: float
    candidates: int
    scored: int
    fooled: int
    top: tuple[Candidate, ...]
    by_recipe: tuple[RecipeShare, ...]
    missing: tuple[tuple[str, str], ...]
    seed: int
    seconds: float
    alone_label: str
    target: Target

    @property
    def complete(self) -> bool:
        """Whether every candidate that the recipes build was scored."""
        return self.scored == self.candidates

    @property
    def certificate(self) -> str:
        """What was searched and what that shows, in one sentence in the current language."""
        if self.complete:
            line = _(
                "The most certain of all {scored:,} remarks that the recipes build from this "
                "situation: {fooled:,} of them ({share:.1%}) are predicted positive."
            )
        else:
            line = _(
                "The best of {scored:,} remarks, sampled with seed {seed} from the {there_are:,} "
                "that the recipes build from this situation: {fooled:,} of those scored "
                "({share:.1%}) are predicted positive; the rest were not scored."
            )
        return line.format(
            scored=self.scored,
            there_are=self.candidates,
            fooled=self.fooled,
            seed=self.seed,
            share=self.fooled / self.scored,
        )


class ComposeProgress(NamedTuple):
    """`scored` of at most `total` candidates, `fooled` of them positive, and the surest; `result()` has the rest."""

    scored: int
    total: int
    fooled: int
    best: Candidate
    result: Callable[[], Composition]


def search(
    model: str,
    predict: Predictor,
    candidates: Candidates,
    check_cancelled: Callable[[], object] = lambda: None,
    *,
    labels: Names = SENTIMENT,
) -> Iterator[ComposeProgress]:
    """Build and score candidates until all are scored or a limit is reached; may be closed at any step.

    `labels` are the model's classes, negative and positive among them.

    At least one event comes; the last one has the answer. `check_cancelled` is called before every batch, and what it
    raises ends the search.
    """
    begun = time.perf_counter()
    question = candidates.question
    scored = _ScoredCandidates(model, candidates, predict, labels)
    total = question.recipes if question.budget is None else min(question.budget, question.recipes)
    for batch in candidates:
        check_cancelled()
        scored.take(batch)
        elapsed = time.perf_counter() - begun
        result = partial(scored.result, len(scored.batches), elapsed)
        yield ComposeProgress(scored.count, total, scored.fooled, scored.best, result)
        if question.seconds is not None and elapsed >= question.seconds:
            break


class _ScoredCandidates:
    """The candidates scored so far. Batches are only appended, so a count of them is an earlier state."""

    def __init__(self, model: str, candidates: Candidates, predict: Predictor, labels: Names):
        self.model, self.question = model, candidates.question
        self._predict, self._labels = predict, labels
        self._target = targets.named(labels, "positive")
        (self.alone,), (alone,) = (found.tolist() for found in self._read([candidates.plain]))
        self.alone_label = labels[alone]
        self.batches: list[tuple[Batch, np.ndarray, np.ndarray]] = []
        self.count = self.fooled = 0
        self._best: tuple[float, int, Batch, int] | None = None

    def _read(self, sentences: Sequence[Sequence[str]]) -> tuple[np.ndarray, np.ndarray]:
        """P(positive) [N] and the predicted classes [N]."""
        probabilities = checked(self._predict(sentences), len(sentences), self._labels)
        return targets.chance(probabilities, self._target), targets.predicted_of(probabilities)

    def take(self, batch: Batch) -> None:
        probabilities, classes = self._read(batch.tokens)
        self.batches.append((batch, probabilities, classes))
        self.count += len(probabilities)
        self.fooled += int((classes == self._target.number).sum())
        row = int(probabilities.argmax())
        if self._best is None or probabilities[row] > self._best[0]:
            self._best = float(probabilities[row]), int(classes[row]), batch, row

    @property
    def best(self) -> Candidate:
        assert self._best is not None
        return self._candidate(*self._best)

    def _candidate(self, probability: float, number: int, batch: Batch, row: int) -> Candidate:
        pattern = self.question.patterns[batch.patterns[row]]
        text, recipe = pattern.build(self.question.situation, int(batch.numbers[row]))
        return Candidate(text, self.question.situation.text, probability, recipe, self._labels[number])

    def result(self, batches: int, seconds: float) -> Composition:
        """The answer from the first so many batches."""
        question, known = self.question, self.batches[:batches]
        batches_of, scores, numbers = zip(*known, strict=True)
        probabilities, classes = np.concatenate(scores), np.concatenate(numbers)
        fools = classes == self._target.number
        patterns = np.concatenate([batch.patterns for batch in batches_of])
        rows_of = [(batch, row) for batch in batches_of for row in range(len(batch.texts))]
        ranked = np.argsort(-probabilities, kind="stable")
        fooling_first = ranked[np.argsort(~fools[ranked], kind="stable")]

        def surest(of: np.ndarray) -> Iterator[Candidate]:
            return (self._candidate(float(probabilities[row]), int(classes[row]), *rows_of[row]) for row in of)

        shares = []
        for number, pattern in enumerate(question.patterns):
            rows = ranked[patterns[ranked] == number]
            if len(rows):
                fooled = int(fools[rows].sum())
                interval = wilson_interval(fooled, len(rows))
                shares.append(RecipeShare(pattern.name, len(rows), fooled, interval, next(surest(rows))))
        repeats, fooled = batches_of[-1].repeats, int(fools.sum())
        count, there_are = len(probabilities), question.recipes - repeats
        return Composition(
            model=self.model,
            situation=question.situation.text,
            alone=self.alone,
            candidates=there_are,
            scored=count,
            fooled=fooled,
            top=varied(surest(fooling_first), question.top, _leading(shares)),
            by_recipe=tuple(shares),
            missing=question.situation.missing,
            seed=question.seed,
            seconds=seconds,
            alone_label=self.alone_label,
            target=self._target,
        )


def varied(
    ranked: Iterable[Candidate], top: int, patterns: Collection[str], *, per_situation: int | None = None
) -> tuple[Candidate, ...]:
    """The first of ranked candidates that differ, about equally many of each pattern; those called positive first.

    A pattern is taken up to ⌈top / patterns⌉ times, with another praise every time, and a situation up to
    `per_situation` times. An opener or a closing phrase is taken up to ⌈top / 3⌉ times, unless too few others with the
    same verdict are among the first `_LOOKED_AT` candidates.
    """
    each, of_one_cue = -(-top // max(len(patterns), 1)), -(-top // 3)
    chosen: list[Candidate] = []

    def fits(candidate: Candidate) -> bool:
        same = [other.recipe for other in chosen if other.recipe.pattern == candidate.recipe.pattern]
        about = sum(other.about == candidate.about for other in chosen)
        fresh = len(same) < each and all(recipe.praise != candidate.recipe.praise for recipe in same)
        return fresh and (per_situation is None or about < per_situation)

    for _verdict, alike in groupby(islice(ranked, _LOOKED_AT), _is_positive):
        passed_over: list[Candidate] = []
        for candidate in alike:
            if len(chosen) == top:
                break
            if fits(candidate):
                often = any(sum(cue in _cues(other) for other in chosen) >= of_one_cue for cue in _cues(candidate))
                (passed_over if often else chosen).append(candidate)
        for candidate in passed_over:
            if len(chosen) < top and fits(candidate):
                chosen.append(candidate)
        if len(chosen) == top:
            break  # before more candidates are built
    return tuple(sorted(chosen, key=_rank))


def _is_positive(candidate: Candidate) -> bool:
    return candidate.label == targets.POSITIVE.name


def _rank(candidate: Candidate) -> tuple[bool, float]:
    return not _is_positive(candidate), -candidate.probability


def _leading(shares: Sequence[RecipeShare]) -> list[str]:
    """The patterns that fool the model, or the three that do most often: no list is of one or two, if others fit."""
    fooling = sum(share.fooled > 0 for share in shares)
    return [share.pattern for share in sorted(shares, key=lambda share: -share.share)][: max(fooling, 3)]


def _cues(candidate: Candidate) -> list[tuple[str, str]]:
    """The opener and the closing phrase, if there are any; marks are none."""
    named = {"opener": candidate.recipe.opener, "closer": candidate.recipe.closer}
    return [(name, part) for name, part in named.items() if any(char.isalpha() for char in part)]


def gallery(compositions: Iterable[Composition], top: int = TOP) -> tuple[Candidate, ...]:
    """The surest of one model's compositions: the best of each recipe, each about another situation."""
    bests = [share.best for composition in compositions for share in composition.by_recipe]
    ranked = sorted(bests, key=_rank)
    return varied(ranked, top, {candidate.recipe.pattern for candidate in ranked}, per_situation=1)


def pooled(compositions: Iterable[Composition]) -> tuple[RecipeShare, ...]:
    """One model's shares by pattern over several situations, with intervals that speak of situations like these."""
    by_pattern: dict[str, list[RecipeShare]] = {}
    for composition in compositions:
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

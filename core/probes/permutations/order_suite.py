"""Does a model read the order of words where it matters, and ignore it where it does not?

The pairs are the composer's: two sentences of the same words, each valid English. With y the gold labels and v the
model's verdicts on the two sentences, a pair counts as

    order-blind      the labels must differ, v_a = v_b
    order-brittle    the labels must stay the same, v_a ≠ v_b
    right on both    the labels are known, v_a = y_a and v_b = y_b

Pairs whose labels are open have none of these, only the share of verdicts that turn. A bag of words is blind on every
pair that must differ and brittle on none, by definition; `bag_of_words` is one, to check the suite and to compare with.

Shares have 95 % intervals clustered by the values of the pattern's main slot, over all patterns of a relation by
pattern (`core.evaluation.clustered_intervals`, which says why no bootstrap): they speak of fillers, or patterns, like
these. A pair that a model reads as one sequence, having words unknown to it, is left out and counted.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from core.data import targets
from core.data.labels import SENTIMENT
from core.evaluation.clustered_intervals import clustered_interval
from core.evaluation.intervals import Share
from core.models.predictor import BlackBox
from core.models.token_predictor import checked, predictor, reader
from core.probes.permutations import composer
from core.probes.permutations.composer import DIFFER, RELATIONS, STAY, Pair, Pattern
from core.probes.search_limits import check_limits
from core.runtime.i18n import gettext as _
from core.runtime.i18n import mark
from core.runtime.shown import Shown
from core.text.preprocessing import UNK

if TYPE_CHECKING:
    from core.models.predictor import Model

PAIRS = 200  # of a pattern, at most
BAG_OF_WORDS = mark("bag of words")
_TRAINING_PAIRS, _TRAINING_SEED = 100, 1  # of a pattern, for the bag of words


@dataclass(frozen=True)
class Settings:
    """What decides the pairs: how many of a pattern at most, the seed, and the patterns, all where none is named.

    Raises ValueError or LookupError for an invalid one.
    """

    pairs: int = PAIRS
    seed: int = 0
    patterns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_limits(pairs=self.pairs)
        if self.seed < 0:
            raise ValueError(_("the seed must be at least 0; given: {seed}").format(seed=self.seed))
        if self.patterns:
            composer.named(self.patterns)


@dataclass(frozen=True)
class Outcome:
    """A pair, and P(positive), the predicted class and the margin before the runner-up of either sentence."""

    pair: Pair
    probability_a: float
    probability_b: float
    label_a: str
    label_b: str
    margin_a: float
    margin_b: float

    @property
    def turned(self) -> bool:
        """Whether the two verdicts differ."""
        return self.label_a != self.label_b

    @property
    def right(self) -> bool:
        """Whether both verdicts are the gold labels, as far as these are known."""
        return self.pair.labels == (self.label_a, self.label_b)

    @property
    def failed(self) -> bool:
        """Whether a model is blind or brittle here."""
        return self.pair.must == (STAY if self.turned else DIFFER)

    @property
    def surety(self) -> float:
        """The smaller of the two margins."""
        return min(self.margin_a, self.margin_b)


@dataclass(frozen=True)
class Result:
    """One pattern under one model, or all patterns of a relation, which `pattern` None stands for.

    `turned`, `blind`, `brittle` and `right` are shares of the pairs that the model tells apart; None where they say
    nothing. The intervals are clustered by `clustered_by`, of which there are `clusters` values. `failed` are the pairs
    on which the model is blind or brittle, those with the surest verdicts first.
    """

    pattern: str | None
    must: str
    pairs: int
    left_out: int
    clustered_by: str
    clusters: int
    turned: Share
    blind: Share | None
    brittle: Share | None
    right: Share | None
    failed: tuple[Outcome, ...]

    @property
    def failures(self) -> Share | None:
        """How often the model is blind or brittle, whichever the relation allows."""
        return self.blind or self.brittle


@dataclass(frozen=True)
class OrderSuite(Shown):
    """One model's result: of every pattern, in the composer's order, and of every relation that has one."""

    listed: ClassVar[tuple[str, ...]] = ("patterns", "relations")
    pictured: ClassVar[bool] = True

    model: str
    settings: Settings
    patterns: tuple[Result, ...]
    relations: tuple[Result, ...]

    def relation(self, must: str) -> Result | None:
        """The result of all patterns of a relation, if there are any."""
        return next((result for result in self.relations if result.must == must), None)


class SuiteProgress(NamedTuple):
    """How many pairs of how many are done, and the outcomes so far, pattern by pattern."""

    model: str
    settings: Settings
    done: int
    total: int
    answers: tuple[tuple[Pattern, int, tuple[Outcome, ...]], ...]

    def result(self) -> OrderSuite:
        """The result of the patterns so far."""
        patterns = tuple(_of_pattern(*answer) for answer in self.answers)
        return OrderSuite(self.model, self.settings, patterns, tuple(_relations(self.answers)))


def run(
    model: Model, settings: Settings = Settings(), check_cancelled: Callable[[], object] = lambda: None
) -> Iterator[SuiteProgress]:
    """Ask a model about every pair; an event before the first pattern and one after each.

    `check_cancelled` is called before every pattern; what it raises ends the suite. Raises LookupError for a model that
    lacks the class positive.
    """
    positive = targets.named(model.labels, SENTIMENT[1])
    predict, read, vocabulary = predictor(model), reader(model), model.vocabulary

    def known(tokens: Sequence[str]) -> list[str]:
        return [token if token in vocabulary else UNK for token in tokens]

    drawn = [(pattern, pattern.draw(settings.pairs, settings.seed)) for pattern in composer.named(settings.patterns)]
    progress = SuiteProgress(model.name, settings, 0, sum(len(pairs) for _pattern, pairs in drawn), ())
    yield progress
    for pattern, pairs in drawn:
        check_cancelled()
        tokens = [(list(read(pair.a)), list(read(pair.b))) for pair in pairs]
        apart = [number for number, (a, b) in enumerate(tokens) if known(a) != known(b)]
        sentences = [sentence for number in apart for sentence in tokens[number]]
        outcomes = []
        if sentences:
            answers = checked(predict(sentences), len(sentences), model.labels)
            chances = targets.chance(answers, positive).reshape(-1, 2).tolist()
            labels = [model.labels[number] for number in targets.predicted_of(answers)]
            ranked = np.sort(targets.distribution(answers), axis=-1)
            margins = (ranked[:, -1] - ranked[:, -2]).reshape(-1, 2).tolist()
            outcomes = [
                Outcome(pairs[number], *chances[row], *labels[2 * row : 2 * row + 2], *margins[row])
                for row, number in enumerate(apart)
            ]
        progress = progress._replace(
            done=progress.done + len(pairs),
            answers=(*progress.answers, (pattern, len(pairs) - len(apart), tuple(outcomes))),
        )
        yield progress


def bag_of_words() -> BlackBox:
    """A model that adds up the log-odds of words, learnt from pairs of the composer whose labels are known.

    The log-odds are those of a naive Bayes classifier with add-one smoothing. The sum is exact, so that it is the same
    in every order.
    """
    counts: dict[str, Counter[str]] = {name: Counter() for name in SENTIMENT}
    for pattern in composer.load():
        for pair in pattern.draw(_TRAINING_PAIRS, _TRAINING_SEED):
            for text, of_text in zip((pair.a, pair.b), pair.labels or (), strict=False):
                counts[of_text].update(text.split())
    words = set().union(*counts.values())
    negative, positive = (sum(counts[name].values()) + len(words) for name in SENTIMENT)
    prior = math.log(negative / positive)
    log_odds = {
        word: math.log((counts["positive"][word] + 1) / (counts["negative"][word] + 1)) + prior for word in words
    }

    def probabilities(texts: Sequence[str]) -> list[float]:
        logits = [math.fsum(log_odds.get(word, 0.0) for word in text.split()) for text in texts]
        return [1 / (1 + math.exp(-logit)) for logit in logits]

    return BlackBox(probabilities, f"{__name__}:bag_of_words", BAG_OF_WORDS)


def _of_pattern(pattern: Pattern, left_out: int, outcomes: Sequence[Outcome]) -> Result:
    of_outcome = [(pattern.cluster(outcome.pair), outcome) for outcome in outcomes]
    return _result(pattern.name, pattern.must, pattern.main, left_out, of_outcome)


def _relations(answers: Sequence[tuple[Pattern, int, tuple[Outcome, ...]]]) -> Iterator[Result]:
    for must in RELATIONS:
        of_it = [answer for answer in answers if answer[0].must == must]
        if of_it:
            of_outcome = [(pattern.name, outcome) for pattern, _left_out, outcomes in of_it for outcome in outcomes]
            yield _result(None, must, "pattern", sum(left_out for _pattern, left_out, _outcomes in of_it), of_outcome)


def _result(
    pattern: str | None, must: str, clustered_by: str, left_out: int, of_outcome: Sequence[tuple[str, Outcome]]
) -> Result:
    """From outcomes and the cluster of each."""
    labelled = [(cluster, outcome) for cluster, outcome in of_outcome if outcome.pair.labels is not None]
    failed = sorted((one for _cluster, one in of_outcome if one.failed), key=lambda one: -one.surety)
    failures = _share(of_outcome, lambda outcome: outcome.failed)
    return Result(
        pattern,
        must,
        len(of_outcome),
        left_out,
        clustered_by,
        len({cluster for cluster, _outcome in of_outcome}),
        turned=_share(of_outcome, lambda outcome: outcome.turned),
        blind=failures if must == DIFFER else None,
        brittle=failures if must == STAY else None,
        right=_share(labelled, lambda outcome: outcome.right) if labelled else None,
        failed=tuple(failed),
    )


def _share(of_outcome: Sequence[tuple[str, Outcome]], holds: Callable[[Outcome], bool]) -> Share:
    """How many of some outcomes are so, with the interval clustered by the names before them."""
    if not of_outcome:
        return Share(0, 0, None, None)
    rows = Counter(cluster for cluster, _outcome in of_outcome)
    hits = Counter(cluster for cluster, outcome in of_outcome if holds(outcome))
    count = hits.total()
    interval = clustered_interval([hits[cluster] for cluster in rows], list(rows.values()))
    return Share(count, len(of_outcome), count / len(of_outcome), interval)

"""Which valid order of a sentence's words flips the verdict? The best pairs of a sentence, for several models at once.

The judge of word order reads every order (or, of too many, the most fluent ones, as the search finds them); then each
model scores orders by falling P(valid), all that the judge accepts first of all. A pair is worth

    P(valid) · |P(target) of the order − P(target) of the original|

the target being that of the search (`core.probes.permutations.search.ask`). No order that a model has not scored can be
worth more than the next P(valid) times the largest difference there can be. So scoring stops once that is below the
worst of the pairs found: they are the best of all orders judged.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple, TypeVar

import numpy as np

from core.data import targets
from core.data.labels import shown
from core.data.targets import POSITIVE, Target
from core.fluency.orders import Ranking
from core.probes.permutations import certificates
from core.probes.permutations.search import Question, ask, flipped, scorer
from core.probes.search_limits import check_limits
from core.runtime.i18n import gettext as _
from core.runtime.i18n import mark, ngettext, together
from core.runtime.shown import Shown

if TYPE_CHECKING:
    from core.fluency.judge import Judge
    from core.fluency.trigram import Trigram
    from core.models.predictor import Model

TOP = 3
LEAST_VALID = 0.05
BUDGET = 400_000  # orders judged: all of up to nine words
_MOST_WORDS = 1_200_000  # of the orders judged, where not all are: of twelve words 100,000 orders
_JUDGED_AT_ONCE = 322_560  # words of orders judged between two looks
_ROUND = 512  # orders that a model scores between two looks at what is left

_T = TypeVar("_T")
JUDGING, SCORING = mark("Judging orders"), mark("Scoring orders")


@dataclass(frozen=True)
class Pair:
    """An order that flips the verdict, to the class `label`; `valid` is its P(valid), `accepted` whether that reaches
    the judge's threshold.

    `margin` is the difference between P(target) of the order and of the original.
    """

    positions: tuple[int, ...]
    text: str
    probability: float
    valid: float
    accepted: bool
    margin: float
    label: str

    @property
    def moved(self) -> tuple[bool, ...]:
        """Of each word of `text`, whether it moved: all but a longest run of words that kept their order."""
        longest: list[list[int]] = []  # the longest run that ends with each word
        for number, position in enumerate(self.positions):
            before = [run for run in longest if self.positions[run[-1]] < position]
            longest.append([*max(before, key=len, default=[]), number])
        stayed = max(longest, key=len, default=[])
        return tuple(number not in stayed for number in range(len(self.positions)))


@dataclass(frozen=True)
class Flips(Shown):
    """One model's best pairs of a sentence, the accepted ones first, then by P(valid) times margin.

    Of `orders` distinct orders `searched` were judged, the original among them; `accepted` of the others reach the
    judge's `threshold` and `accepted_flips` of these flip the verdict. The model scored `scored` of them.
    `probability` of the `target`, `label` and `valid` are the original's. Only flips `to` a class count, if one is
    named; `accepted_to` counts the accepted ones by class.
    """

    listed: ClassVar[tuple[str, ...]] = ("pairs",)

    model: str
    text: str
    tokens: tuple[str, ...]
    pinned: tuple[int, ...]
    probability: float
    valid: float
    orders: int
    searched: int
    scored: int
    accepted: int
    accepted_flips: int
    threshold: float
    scorer: str
    pairs: tuple[Pair, ...]
    label: str
    accepted_to: dict[str, int]
    target: Target = POSITIVE
    to: str | None = None

    @property
    def certificate(self) -> str:
        """What was searched and what that shows, in the current language."""
        if self.orders == 1:
            return _("These words have only one order, so no other can flip the verdict.")
        if self.to == self.label:
            return certificates.already(self.to)
        if self.searched == self.orders:
            judged = _("The judge of word order read all {orders:,} orders.")
        else:
            judged = _(
                "The judge of word order read {searched:,} of {orders:,} orders: the most fluent that were found "
                "(by the {scorer})."
            )
        if not self.accepted:
            found = _("It accepts no other order.")
        elif not self.accepted_flips:
            found = self._none()
        elif self.accepted == 1:
            found = _("It accepts 1 other order, which flips the verdict.")
        else:
            found = ngettext(
                "It accepts {accepted:,} other orders; {flips:,} of them flips the verdict.",
                "It accepts {accepted:,} other orders; {flips:,} of them flip the verdict.",
                self.accepted_flips,
            )
        sentences = [
            sentence.format(
                orders=self.orders,
                searched=self.searched,
                scorer=self.scorer,
                accepted=self.accepted,
                flips=self.accepted_flips,
                label=shown(self.to or self.label),
            )
            for sentence in (judged, found)
        ]
        if self.accepted_flips and self.to:
            sentences.append(certificates.only(self.to))
        elif self.accepted_flips and certificates.many(self.target):
            sentences.append(certificates.read_as(self.accepted_to))
        return together(sentences)

    def _none(self) -> str:
        """That the accepted orders do not flip."""
        if self.to:
            return ngettext(
                "It accepts {accepted:,} other order, which is not read as {label}.",
                "It accepts {accepted:,} other orders; none of them is read as {label}.",
                self.accepted,
            )
        if certificates.many(self.target):
            return ngettext(
                "It accepts {accepted:,} other order, which is read as {label} too.",
                "It accepts {accepted:,} other orders; none of them is read as anything but {label}.",
                self.accepted,
            )
        return ngettext(
            "It accepts {accepted:,} other order, which does not flip the verdict.",
            "It accepts {accepted:,} other orders; none of them flips the verdict.",
            self.accepted,
        )


class FlipProgress(NamedTuple):
    """`done` of `total` orders of a `stage`; `found` are the models that are finished, in the order they were given;
    `scored` counts what all models scored so far."""

    stage: str
    done: int
    total: int
    found: tuple[Flips, ...]

    @property
    def scored(self) -> int:
        return sum(one.scored for one in self.found) + (self.done if self.stage == SCORING else 0)


def flips(
    models: Sequence[Model],
    judge: Judge,
    trigram: Trigram,
    text: str,
    pinned: Collection[int] | None = None,
    *,
    to: str | None = None,
    top: int = TOP,
    budget: int = BUDGET,
    check_cancelled: Callable[[], object] = lambda: None,
) -> Iterator[FlipProgress]:
    """The best pairs of a text under each model, the last event with all of them.

    `pinned` positions stay (default: punctuation and links). Only flips `to` a class count, if it is named. Raises
    EmptyTextError for a text without a token, ValueError for limits below 1 and for words that the judge does not know,
    LookupError for a class that a model lacks.
    """
    check_limits(budget=budget, top=top)
    questions = asked(models, judge, trigram, text, pinned, to)
    found: tuple[Flips, ...] = ()
    judged: dict[object, _Judged] = {}
    for model, question in zip(models, questions, strict=True):
        key = question.tokens, question.words
        if key not in judged:
            judging = _judge(judge, question, budget, check_cancelled)
            judged[key] = yield from _told(judging, JUDGING, found)
        best = _best(model, judge, question, judged[key], top, check_cancelled)
        found = (*found, (yield from _told(best, SCORING, found)))
        yield FlipProgress(SCORING, 0, 1, found)


def _told(
    steps: Generator[tuple[int, int], None, _T], stage: str, found: tuple[Flips, ...]
) -> Generator[FlipProgress, None, _T]:
    """What steps return, their (done, total) told on the way."""
    while True:
        try:
            done, total = next(steps)
        except StopIteration as end:
            result: _T = end.value
            return result
        yield FlipProgress(stage, done, total, found)


def asked(
    models: Sequence[Model],
    judge: Judge,
    trigram: Trigram,
    text: str,
    pinned: Collection[int] | None = None,
    to: str | None = None,
) -> list[Question]:
    """A question for each model. Raises EmptyTextError or ValueError for a text that cannot be searched."""
    questions = [ask(model, trigram, text, pinned, to=to) for model in models]
    if not all(judge.can_judge(question.tokens) for question in questions):
        raise ValueError(_("the judge of word order knows too few of these words to judge their orders"))
    return questions


class _Judged(NamedTuple):
    """Orders uint8 [N, n] by falling P(valid) [N], without the original, and the original's P(valid)."""

    rows: np.ndarray
    valid: np.ndarray
    original: float


def _judge(
    judge: Judge, question: Question, budget: int, check_cancelled: Callable[[], object]
) -> Generator[tuple[int, int], None, _Judged]:
    words = question.words
    original = words.original()
    if words.count <= budget:
        blocks: Iterator[np.ndarray] = words.all_orders()
        total = words.count
    else:
        total = max(1, min(budget, _MOST_WORDS // len(words)))
        yield 0, total
        ranked = Ranking(words, question.table, check_cancelled).most_fluent(max(1, total - 1))
        blocks = iter([ranked.orders])
        total = len(ranked.orders)
    rows = np.concatenate(list(blocks))
    rows = rows[(rows != original).any(axis=1)]
    valid = np.empty(len(rows), dtype=np.float32)
    at_once = max(1, _JUDGED_AT_ONCE // len(words))
    for start in range(0, len(rows), at_once):
        check_cancelled()
        yield start, total
        part = slice(start, start + at_once)
        valid[part] = judge.valid(question.tokens, rows[part])
    falling = np.argsort(-valid, kind="stable")
    return _Judged(rows[falling], valid[falling], float(judge.valid(question.tokens)[0]))


def _best(
    model: Model,
    judge: Judge,
    question: Question,
    judged: _Judged,
    top: int,
    check_cancelled: Callable[[], object],
) -> Generator[tuple[int, int], None, Flips]:
    score, target, to = scorer(model, question), question.target, question.to

    def read(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """P(target) float64 [N], and the predicted classes [N]."""
        answers = targets.answers(score(rows), target)
        return targets.probability(answers.log_odds), answers.classes

    chance, number = (one[0].item() for one in read(question.words.original()))
    label = target.labels[number]
    accepted = int((judged.valid >= judge.threshold).sum())
    accepted_to, scored = np.zeros(len(target.labels), dtype=np.int64), 0
    best: list[Pair] = []
    offered = 0 if to == label else int((judged.valid >= LEAST_VALID).sum())
    while scored < offered:
        check_cancelled()
        largest = max(chance, 1 - chance) * judged.valid[scored]
        enough = len(best) == top and (best[-1].accepted or best[-1].valid * best[-1].margin >= largest)
        if scored >= accepted and enough:
            break
        size = min(_ROUND, getattr(score, "at_once", None) or _ROUND)
        stop = min(scored + size, offered)
        rows, valid = judged.rows[scored:stop], judged.valid[scored:stop]
        after, classes = read(rows)
        flips = np.flatnonzero(flipped(classes, label, target, to))
        accepted_to += np.bincount(classes[flips][valid[flips] >= judge.threshold], minlength=len(target.labels))
        best += [
            Pair(
                positions=tuple(rows[n].tolist()),
                text=" ".join(question.tokens[position] for position in rows[n].tolist()),
                probability=float(after[n]),
                valid=float(valid[n]),
                accepted=float(valid[n]) >= judge.threshold,
                margin=abs(float(after[n]) - chance),
                label=target.labels[classes[n]],
            )
            for n in flips
        ]
        best = sorted(best, key=lambda pair: (not pair.accepted, -pair.valid * pair.margin))[:top]
        scored = stop
        yield scored, offered
    return Flips(
        model=model.name,
        text=question.text,
        tokens=question.tokens,
        pinned=tuple(sorted(question.words.pinned)),
        probability=chance,
        valid=judged.original,
        orders=question.words.count,
        searched=len(judged.rows) + 1,
        scored=scored + 1,
        accepted=accepted,
        accepted_flips=int(accepted_to.sum()),
        threshold=judge.threshold,
        scorer=question.scorer,
        pairs=tuple(best),
        label=label,
        accepted_to={name: count for name, count in zip(target.labels, accepted_to.tolist(), strict=True) if count},
        target=target,
        to=to,
    )

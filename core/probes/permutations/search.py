"""Which orders of a sentence's words flip the verdict, and are fluent enough to make sense?

The search has one of three strategies, and its certificate says which:

- ``all``: scores every order, where the budget allows;
- ``most fluent``: scores the most fluent first, in rounds, as `core.fluency.orders.Ranking` finds them: with up to
  `MOST_EXACT` free words none is left out, so that the search is complete down to some fluency;
- ``beam``: with more words, scores the best that a beam finds; its bound says above which fluency nothing is missing.

The search is complete where every order within the floor (nats below the original's fluency) was scored. Fluency is the
named scorer's total log-probability in nats. Orders that differ only in words that neither model nor scorer knows are
one order. With a judge of word order, every order scored has its P(valid) too, if there are at most `MOST_JUDGED`
orders; of more, those that are listed.

A flip is a change of the predicted class, to any other or to a named one. Logits are the log-odds of a target
(`core.data.targets`); of more than two classes, a flip need not show in their sign.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from core.data import targets
from core.data.targets import POSITIVE, Target
from core.fluency.orders import Ranked, Ranking, Words, fluencies
from core.models.predict import EmptyTextError, aimed
from core.models.predictor import BlackBox
from core.probes.permutations import certificates
from core.probes.search_limits import check_limits
from core.runtime.i18n import gettext as _
from core.runtime.shown import Shown
from core.text.preprocessing import LINK

if TYPE_CHECKING:
    from core.fluency.judge import Judge
    from core.fluency.trigram import Trigram
    from core.models.predictor import Model

BUDGET = 400_000  # orders
FLOOR = 8.0  # nats
MOST_JUDGED = 50_000  # orders
TOP = 20
_ROUND = 4_096  # orders found first
_GROWTH = 4.0  # each round finds up to so many times as many
_BATCH = 8_192  # of a round's orders, scored together
_SLACK = 1e-3  # nats, for sums taken in another order

Scorer = Callable[[np.ndarray], np.ndarray]
"""Scores [N] or [N, K] of orders uint8 [N, n]; where it has a number `at_once`, it gets at most so many at a time."""


@dataclass(frozen=True)
class Order:
    """One order of the words: its tokens as text, P(target), the target's logit, fluency in nats, the predicted class,
    and P(valid) if judged."""

    positions: tuple[int, ...]
    text: str
    probability: float
    logit: float
    fluency: float
    label: str
    valid: float | None = None


@dataclass(frozen=True)
class Permutations(Shown):
    """A search's result for one sentence under one model.

    `orders` counts the distinct orders, `scored` those scored, the original among them. `complete` says that all
    orders, or all within the floor, were scored; `depth` is how far below the original's fluency, in nats, no order is
    missing. `flips` list the most fluent ones, by falling P(valid) if they are judged; `fluent` (flipping or not) the
    most fluent. Where all are judged, `flips` are the likeliest valid ones of all, and `accepted` other orders than the
    original reach the judge's `threshold`, of which
    `accepted_flips` flip.

    `named` describes the orders that the figures below are of: all; those within the floor if complete; else those
    scored. `sensitivity` is the standard deviation of their logits, `order_effect` the original's logit minus their
    mean, `position_effects` for each token the share of the logit's variance that its position explains (the
    correlation ratio η², Pearson 1905), 0 where nothing varies. Flip counts are of the orders scored; if `to` names a
    class, only flips to it count. Logits are the `target`'s, `classes` the predicted ones.
    """

    listed: ClassVar[tuple[str, ...]] = ("flips", "fluent")

    model: str
    text: str
    tokens: tuple[str, ...]
    pinned: tuple[int, ...]
    orders: int
    scored: int
    strategy: str
    complete: bool
    depth: float
    original: Order
    floor: float
    scorer: str
    flip_count: int
    flip_count_above_floor: int
    scored_above_floor: int
    flips: tuple[Order, ...]
    fluent: tuple[Order, ...]
    highest: Order
    lowest: Order
    sensitivity: float
    order_effect: float
    position_effects: tuple[float, ...]
    seconds: float
    logits: np.ndarray
    classes: np.ndarray
    fluencies: np.ndarray
    rows: np.ndarray
    valid: np.ndarray | None = None
    threshold: float | None = None
    accepted: int | None = None
    accepted_flips: int | None = None
    target: Target = POSITIVE
    to: str | None = None

    @property
    def flipped(self) -> np.ndarray:
        """Which of the orders scored flip, bool [N]."""
        return flipped(self.classes, self.original.label, self.target, self.to)

    @property
    def flips_to(self) -> dict[str, int]:
        """How many orders flip to which class, in the order of the classes; those with none are left out."""
        counts = np.bincount(self.classes[self.flipped], minlength=len(self.target.labels)).tolist()
        return {name: count for name, count in zip(self.target.labels, counts, strict=True) if count}

    @property
    def certificate(self) -> str:
        """What was searched and what that shows, in one sentence in the current language."""
        return certificates.certificate(self)

    @property
    def named(self) -> str:
        """The orders that the figures speak of, in the current language."""
        return certificates.named(self)

    def order(self, number: int) -> Order:
        """One of the orders scored, by its row in `rows` uint8 [N, n] and in the other arrays [N]."""
        valid = None if self.valid is None else self.valid[number]
        answer = self.logits[number], self.classes[number]
        return _order(self.tokens, self.target, self.rows[number], *answer, self.fluencies[number], valid)


class PermutationProgress(NamedTuple):
    """`scored` of `total` orders (at most) are scored and `flips` of them flip, `best` being the most fluent of these.

    `result()` is the result so far, which takes a sort of all orders scored.
    """

    scored: int
    total: int
    flips: int
    best: Order | None
    result: Callable[[], Permutations]


@dataclass(frozen=True)
class Question:
    """A sentence's tokens and their kinds, the fluency table [n+1, n+1, n+1] of a scorer, and the search's limits.

    `seconds` None is no limit, `judge` None judges nothing. Logits are the `target`'s. If `to` names a class, only
    flips to it count. Raises ValueError for an invalid limit, LookupError for an unknown class.
    """

    text: str
    tokens: tuple[str, ...]
    words: Words
    table: np.ndarray
    scorer: str
    budget: int = BUDGET
    seconds: float | None = None
    floor: float = FLOOR
    top: int = TOP
    judge: Judge | None = None
    target: Target = POSITIVE
    to: str | None = None

    def __post_init__(self) -> None:
        check_limits(self.seconds, budget=self.budget, top=self.top)
        if self.to is not None:
            targets.named(self.target.labels, self.to)
        if not 0 <= self.floor < np.inf:
            raise ValueError(
                _("the threshold must be finite and at least 0 nats; given: {threshold}").format(threshold=self.floor)
            )
        if len(self.tokens) != len(self.words):
            raise ValueError(f"{len(self.tokens)} tokens for {len(self.words)} positions")

    @property
    def judges_all(self) -> bool:
        """Whether every order scored is judged."""
        return self.judge is not None and self.words.count <= MOST_JUDGED

    @property
    def strategy(self) -> str:
        """``all``, ``most fluent`` or ``beam``."""
        if self.words.count <= self.budget:
            return "all"
        return "most fluent" if Ranking.is_exact(self.words) else "beam"


def ask(
    checkpoint: Model,
    trigram: Trigram,
    text: str,
    pinned: Collection[int] | None = None,
    judge: Judge | None = None,
    to: str | None = None,
    **bounds: Any,
) -> Question:
    """A question about a text under a checkpoint; `bounds` are those of `Question`.

    The target is the checkpoint's; if it has none, the class `to`, else the predicted one. A judge that knows none of
    the words is left out. Punctuation and links are pinned unless positions are given. Raises EmptyTextError for a text
    without a token.
    """
    tokens = tuple(checkpoint.preprocessing(text))
    if not tokens:
        raise EmptyTextError("the text is empty: there is no word to put in another order")
    # One word only where neither can tell two apart: orders of words that the model alone lacks differ in fluency.
    read = zip(checkpoint.vocabulary.encode(tokens), trigram.vocabulary.encode(tokens), strict=True)
    words = Words.of(list(read), marks(tokens) if pinned is None else pinned)
    judge = judge if judge and judge.can_judge(tokens) else None
    target = checkpoint.target or (targets.named(checkpoint.labels, to) if to else aimed(checkpoint, tokens).target)
    assert target is not None
    return Question(
        text, tokens, words, trigram.table(tokens), trigram.name, judge=judge, target=target, to=to, **bounds
    )


def marks(tokens: Sequence[str]) -> tuple[int, ...]:
    """The positions of punctuation and links, pinned unless others are given."""
    return tuple(i for i, token in enumerate(tokens) if token == LINK or not any(char.isalnum() for char in token))


def scorer(checkpoint: Model, question: Question) -> Scorer:
    """The scores of a model for orders of a question's tokens, whatever its target."""
    if isinstance(checkpoint, BlackBox):
        return _BlackBoxOrders(checkpoint, question.tokens)
    from core.probes.permutations.shared_prefixes import SharedPrefixes

    return SharedPrefixes(checkpoint.model.every, checkpoint.vocabulary.encode(question.tokens)).logits


class _BlackBoxOrders:
    """A `Scorer` that asks a black box about each order as a text."""

    def __init__(self, black_box: BlackBox, tokens: Sequence[str]):
        self._black_box, self._tokens = black_box, tokens

    @property
    def at_once(self) -> int:
        return self._black_box.at_once

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        sentences = [[self._tokens[position] for position in row] for row in rows.tolist()]
        return targets.logs(self._black_box.of_tokens(sentences))


def flipped(classes: np.ndarray, original: str, target: Target, to: str | None) -> np.ndarray:
    """Which predicted classes [N] are another than the `original`, or are `to` and not the original, bool [N]."""
    other: np.ndarray = classes != target.labels.index(original)
    return other if to is None else other & (classes == target.labels.index(to))


class SearchesProgress(NamedTuple):
    """The searches of several models: `found` are those at their end, `under_way` is the event of the next one."""

    found: tuple[Permutations, ...]
    under_way: PermutationProgress

    def result(self) -> tuple[Permutations, ...]:
        """The results so far."""
        return (*self.found, self.under_way.result())


def searches(
    models: Sequence[Model], questions: Sequence[Question], check_cancelled: Callable[[], object] = lambda: None
) -> Iterator[SearchesProgress]:
    """Search under one model after the other, each with its question; the first one's time limit is of all together.

    What the judge says of an order is worked out once.
    """
    found: tuple[Permutations, ...] = ()
    judged: dict[bytes, np.ndarray] = {}
    begun, seconds = time.perf_counter(), questions[0].seconds
    for number, (model, question) in enumerate(zip(models, questions, strict=True)):
        if seconds is not None:
            left = (seconds - (time.perf_counter() - begun)) / (len(models) - number)
            question = replace(question, seconds=max(left, 0.001))
        for event in search(model.name, scorer(model, question), question, check_cancelled, judged):
            yield SearchesProgress(found, event)
        found = (*found, event.result())


def search(
    model: str,
    score: Scorer,
    question: Question,
    check_cancelled: Callable[[], object] = lambda: None,
    judged: dict[bytes, np.ndarray] | None = None,
) -> Iterator[PermutationProgress]:
    """Score orders of a sentence until the search is complete or a limit is reached; may be closed at any step.

    At least one event comes; the last one has the answer. Where the original is read as `to` already, only that is
    scored. Seconds may pass between two events; `check_cancelled` is
    called several times a second, and what it raises ends the search. `judged` keeps what the judge said of a batch.
    """
    begun = time.perf_counter()
    scored = _ScoredOrders(model, question, score, {} if judged is None else judged)
    total = min(question.words.count, question.budget)
    deadline = np.inf if question.seconds is None else begun + question.seconds
    batches = _all(question) if question.strategy == "all" else _ranked(question, scored, check_cancelled, deadline)
    for batch in _no_larger_than(batches, lambda: getattr(score, "at_once", None)):
        check_cancelled()
        scored.take(batch, score)
        elapsed = time.perf_counter() - begun
        result = partial(scored.result, scored.count, scored.complete_above, elapsed)
        yield PermutationProgress(scored.count, total, scored.flips, scored.best, result)
        if time.perf_counter() >= deadline or question.to == scored.original.label:
            break


class _TimeUpError(Exception):
    """The deadline came while the most fluent orders were being found."""


class _Batch(NamedTuple):
    """Orders to score; once they are, every order of a fluency above `complete_above` is scored."""

    rows: np.ndarray
    complete_above: float


def _no_larger_than(batches: Iterator[_Batch], at_once: Callable[[], int | None]) -> Iterator[_Batch]:
    """The same orders in parts that a scorer takes at a time; only the last part completes a batch."""
    for batch in batches:
        rows = batch.rows
        while (most := at_once()) is not None and len(rows) > most:
            yield _Batch(rows[:most], np.inf)
            rows = rows[most:]
        yield _Batch(rows, batch.complete_above)


def _all(question: Question) -> Iterator[_Batch]:
    original = question.words.original()  # first, so that a search that is stopped has it among its orders
    left = question.words.count - 1
    yield _Batch(original, np.inf if left else -np.inf)
    for rows in question.words.all_orders():
        others = rows[(rows != original).any(axis=1)]
        left -= len(others)
        if len(others):
            yield _Batch(others, np.inf if left else -np.inf)


def _ranked(
    question: Question, scored: _ScoredOrders, check_cancelled: Callable[[], object], deadline: float
) -> Iterator[_Batch]:
    """Rounds of the most fluent orders, in batches by falling fluency, until the floor is complete and enough flip."""
    yield _Batch(question.words.original(), np.inf)
    seen = {question.words.original().tobytes()}
    wanted = min(_ROUND, question.budget)

    def in_time() -> None:
        check_cancelled()
        if time.perf_counter() >= deadline:
            raise _TimeUpError

    try:
        if question.budget > 1:
            ranking = Ranking(question.words, question.table, in_time)
        while scored.count < question.budget:
            clock = time.perf_counter()
            ranked: Ranked = ranking.most_fluent(wanted)
            spent = time.perf_counter() - clock
            new = np.array([row.tobytes() not in seen for row in ranked.orders])
            rows, fluency = ranked.orders[new], ranked.fluency[new]
            room = question.budget - scored.count
            for start in range(0, min(len(rows), room), _BATCH):
                stop = min(start + _BATCH, len(rows), room)
                batch = rows[start:stop]
                reached = ranked.complete_above if stop == len(rows) else max(ranked.complete_above, fluency[stop])
                seen.update(row.tobytes() for row in batch)
                yield _Batch(batch[np.lexsort(batch.T[::-1])], reached + _SLACK)
                if scored.complete and scored.flips >= question.top:
                    return
            # A longer round takes longer to find: no more than half of the time that is left.
            growth = min(_GROWTH, (deadline - time.perf_counter()) / 2 / spent)
            if wanted >= question.budget or scored.count >= question.words.count or growth <= 1:
                return
            wanted = min(int(growth * wanted) + 1, question.budget)
    except _TimeUpError:
        return


class _ScoredOrders:
    """The orders scored so far. Arrays only grow at their end, so an earlier count is an earlier state."""

    def __init__(self, model: str, question: Question, score: Scorer, judged: dict[bytes, np.ndarray]):
        self.model, self.question, self._judged = model, question, judged
        original = question.words.original()
        answers = targets.answers(score(original), question.target)
        self.original = _order(
            question.tokens,
            question.target,
            original[0],
            answers.log_odds[0],
            answers.classes[0],
            np.float32(fluencies(original, question.table)[0]),
            None if question.judge is None else question.judge.valid(question.tokens)[0],
        )
        self._own = question.target.labels.index(self.original.label)
        self.count = self.flips = 0
        self.best: Order | None = None
        self.complete_above = np.inf
        self._batches: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []

    @property
    def least(self) -> float:
        """The fluency down to which orders are within the floor."""
        return self.original.fluency - self.question.floor

    @property
    def complete(self) -> bool:
        """Whether every order within the floor is scored."""
        return self.complete_above <= self.least

    def take(self, batch: _Batch, score: Scorer) -> None:
        logits, classes = targets.answers(score(batch.rows), self.question.target)
        # In another batch the same order may come out a rounding apart: it has one logit and does not flip itself.
        itself = (batch.rows == self.question.words.original()).all(axis=1)
        logits[itself], classes[itself] = self.original.logit, self._own
        fluency = fluencies(batch.rows, self.question.table).astype(np.float32)
        judge = self.question.judge
        valid = np.zeros(len(fluency), dtype=np.float32)
        if judge is not None and self.question.judges_all:
            key = batch.rows.tobytes()
            if key not in self._judged:
                self._judged[key] = judge.valid(self.question.tokens, batch.rows)
            valid = self._judged[key]
        self._batches.append((batch.rows, logits, classes, fluency, valid))
        self.count += len(batch.rows)
        flips = np.flatnonzero(self._flipped(classes))
        self.flips += len(flips)
        if len(flips):
            best = flips[fluency[flips].argmax()]
            if self.best is None or fluency[best] > self.best.fluency:
                own = valid[best] if self.question.judges_all else None
                answer = batch.rows[best], logits[best], classes[best], fluency[best]
                self.best = _order(self.question.tokens, self.question.target, *answer, own)
        self.complete_above = min(self.complete_above, batch.complete_above)

    def _flipped(self, classes: np.ndarray) -> np.ndarray:
        return flipped(classes, self.original.label, self.question.target, self.question.to)

    def result(self, count: int, complete_above: float, seconds: float) -> Permutations:
        """The answer from the first `count` orders, when all of a fluency above `complete_above` were scored."""
        question = self.question
        rows, logits, classes, fluency, valid = (
            np.concatenate(parts)[:count] for parts in zip(*self._batches, strict=True)
        )
        flipped, within = self._flipped(classes), fluency >= self.least
        everything = count == question.words.count
        closed = everything or bool(complete_above <= self.least)
        named = within if closed and not everything else np.ones(count, dtype=bool)
        by_fluency = np.argsort(-fluency, kind="stable")
        judge = question.judge
        threshold = np.inf if judge is None else judge.threshold
        accepted = (valid >= threshold) & (rows != question.words.original()).any(axis=1)

        def orders(numbers: np.ndarray) -> tuple[Order, ...]:
            listed: Sequence[float | None] = [None] * len(numbers)
            if judge is not None:
                listed = (
                    valid[numbers] if question.judges_all else judge.valid(question.tokens, rows[numbers])
                ).tolist()
            return tuple(
                _order(question.tokens, question.target, rows[n], logits[n], classes[n], fluency[n], one)
                for n, one in zip(numbers, listed, strict=True)
            )

        flips = by_fluency[flipped[by_fluency]]
        if question.judges_all:
            flips = flips[np.argsort(-valid[flips], kind="stable")]
        best = sorted(orders(flips[: question.top]), key=lambda order: -(order.valid or 0))

        spread = logits[named].astype(np.float64)
        return Permutations(
            model=self.model,
            text=question.text,
            tokens=question.tokens,
            pinned=tuple(sorted(question.words.pinned)),
            orders=question.words.count,
            scored=count,
            strategy=question.strategy,
            complete=closed,
            depth=self.original.fluency - complete_above,
            original=self.original,
            floor=question.floor,
            scorer=question.scorer,
            flip_count=int(flipped.sum()),
            flip_count_above_floor=int((flipped & within).sum()),
            scored_above_floor=int(within.sum()),
            flips=tuple(best),
            fluent=orders(by_fluency[: question.top]),
            highest=orders(np.array([logits.argmax()]))[0],
            lowest=orders(np.array([logits.argmin()]))[0],
            sensitivity=float(spread.std()),
            order_effect=float(self.original.logit - spread.mean()),
            position_effects=_position_effects(rows[named], spread),
            seconds=seconds,
            logits=logits,
            classes=classes,
            fluencies=fluency,
            rows=rows,
            valid=valid if question.judges_all else None,
            threshold=None if judge is None else judge.threshold,
            accepted=int(accepted.sum()) if question.judges_all else None,
            accepted_flips=int((accepted & flipped).sum()) if question.judges_all else None,
            target=question.target,
            to=question.to,
        )


def _order(
    tokens: Sequence[str], target: Target, row: np.ndarray, logit: Any, number: Any, fluency: Any, valid: Any
) -> Order:
    positions = tuple(row.tolist())
    return Order(
        positions=positions,
        text=" ".join(tokens[position] for position in positions),
        probability=float(targets.probability(np.asarray(logit))),
        logit=float(logit),
        fluency=float(fluency),
        label=target.labels[number],
        valid=None if valid is None else float(valid),
    )


def _position_effects(rows: np.ndarray, logits: np.ndarray) -> tuple[float, ...]:
    """η² of every token: the share of the logits' variance that lies between the token's positions."""
    count, length = rows.shape
    around = logits - logits.mean()
    between = np.zeros(length)
    for position in range(length):
        counts = np.bincount(rows[:, position], minlength=length)
        sums = np.bincount(rows[:, position], weights=around, minlength=length)
        between += np.divide(sums**2, counts, out=np.zeros(length), where=counts > 0)
    total = float((around**2).sum())
    # Sums in float32 leave a little where all logits are the same.
    return tuple((between / total).tolist()) if total > count * 1e-12 else (0.0,) * length

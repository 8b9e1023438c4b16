"""In which order does a search score sets of edits? Single ones first, then what the nearest lead to; or a dive.

`edits.search` says what the search is for. This is its strategy: `Search.steps` yields what it asks of the victim, and
None whenever something new was scored; `Search.sets` holds what is known by then.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from core.probes.edits.changes import DELETE, Edit
from core.probes.edits.edit_sets import Asking, EditSets, Extension, Key
from core.probes.edits.proposals import Candidates, gather

if TYPE_CHECKING:
    from core.probes.edits.search import Question
    from core.probes.edits.victims import Victim

MOST_SUBSETS = 4  # edits, of which every subset is checked
PROBED = 4  # edits that a dive scores at a time by the gradient,
_AT_ONCE = 8  # and of those at one position; a black box, whose queries count for more, is asked for two
_ALIKE = 2  # edits of one position that come before those of others
_FIRST, _MOST = 32, 4_096  # edits scored between two events
_STEPS = 40_000  # tokens read between two events at most, or so


class _TimeUpError(Exception):
    """The time limit was reached while candidates were gathered."""


class Search:
    """One search: the `sets` scored so far, and the `candidates` to try, None until they were gathered.

    `complete` are the sizes of which every set within reach was scored, `total` is how many queries are foreseen.
    `check_cancelled` is called many times a second while candidates are gathered; what it raises ends the search.
    """

    def __init__(self, victim: Victim, question: Question, check_cancelled: Callable[[], object]):
        self.begun = time.perf_counter()
        self._q, self._check_cancelled = (q := question), check_cancelled
        self.sets = EditSets(victim, q.tokens, q.fluency, q.goal, q.labels, q.target)
        self.gold_label = q.reading or self.sets.opposed
        self.candidates: Candidates | None = None
        self.complete: set[int] = set()
        self.total = 1

    def _late(self) -> bool:
        return self._q.seconds is not None and time.perf_counter() - self.begun >= self._q.seconds

    def _in_time(self) -> None:
        self._check_cancelled()
        if self._late():
            raise _TimeUpError

    def _over(self) -> bool:
        return self._late() or self.sets.queries >= self._q.budget

    def _ended(self) -> bool:
        return self._over() or (self._q.first and bool(self.sets.flips))

    def steps(self) -> Asking[None]:
        """The whole search: what it asks of the victim, and an event wherever it yields None."""
        sets, q = self.sets, self._q
        if sets.meets(sets.original):
            return
        try:
            self.candidates = gather(
                q.tokens,
                q.transformations,
                q.constraints,
                q.fluency,
                sets.root.fluency,
                q.guards,
                q.off,
                self.gold_label,
                self._in_time,
            )
        except _TimeUpError:
            return
        sets.admit(self.candidates, [guard for guard in q.guards if guard.name not in q.off], self.gold_label)
        everything = sets.extend(sets.root)
        self.total = min(q.budget, sets.queries + len(everything.keys))
        yield None
        if not everything.keys:
            return
        promise = yield from self._promise(everything)
        if q.first:
            if sets.root.sentence.sees_inside:
                yield from self._dive_inside(everything, promise)
            if not self._ended():
                by_word = (yield from self._left_out(everything)) if sets.root.sentence.sees_inside else promise
                yield from self._dive_by_position(everything, by_word)
        if q.widen:
            yield from self._score([(everything, promise)], 1)
        for size in range(2, q.max_edits + 1 if q.widen else 0):
            if self._ended() or sets.flips:
                break
            yield from self._score(list(self._larger(size)), size)
        yield from self._prune()

    def _promise(self, extension: Extension) -> Asking[np.ndarray]:
        """What each edit seems to gain, float64 [N]: by the gradient, or by leaving out the word that it touches.

        Zeros, and no query, for a black box whose edits will all be scored whatever their order.
        """
        effects = None if self._over() else (yield from self.sets.effects(extension))
        if effects is not None:
            return effects
        hurried = self._q.first or self._q.seconds is not None
        if hurried or self._q.budget - self.sets.queries < len(extension.keys):
            return (yield from self._left_out(extension))
        return np.zeros(len(extension.keys))

    def _left_out(self, extension: Extension) -> Asking[np.ndarray]:
        """What leaving out the word that each edit touches gains, float64 [N]; zeros where the budget is too small."""
        sets, tokens = self.sets, self._q.tokens
        touched = [_position(edit, len(tokens)) for edit in extension.edits]
        positions = sorted(set(touched))
        if len(tokens) < 2 or self._over() or self._q.budget - sets.queries <= len(positions):
            return np.zeros(len(touched))
        shorter = [Edit(DELETE, position, (tokens[position],), ()) for position in positions]
        verdicts = yield from sets.ask(sets.root, shorter)
        gains = dict(zip(positions, sets.gains(verdicts), strict=True))
        return np.array([gains[position] for position in touched])

    def _larger(self, size: int) -> Iterator[tuple[Extension, np.ndarray]]:
        """What the beam leads to: the sets of one edit less that came nearest, each with every candidate added."""
        sets = self.sets
        smaller = sorted((key for key in sets.scored if len(key) == size - 1), key=sets.gain, reverse=True)
        gains = np.array([sets.gain((number,)) for number in range(len(sets.candidates))])
        seen: set[Key] = set()
        for key in smaller[: self._q.beam]:
            if self._over():
                return
            extension = sets.extend(sets.parent(key), seen)
            seen.update(extension.keys)
            self.total = min(self._q.budget, sets.queries + len(seen))
            yield extension, sets.gain(key) + gains[extension.numbers]

    def _score(self, batches: Sequence[tuple[Extension, np.ndarray]], size: int) -> Asking[None]:
        """Score sets in the order of their promise, until a limit is reached."""
        if not batches:
            return
        owner = np.concatenate([np.full(len(extension.keys), number) for number, (extension, _) in enumerate(batches)])
        row = np.concatenate([np.arange(len(extension.keys)) for extension, _ in batches])
        order = np.argsort(-np.concatenate([promise for _, promise in batches]), kind="stable")
        largest = min(_MOST, max(_FIRST, _STEPS // len(self._q.tokens)))
        whole = size == 1 or (size - 1 in self.complete and len(batches) == self.sets.tried.get(size - 1, 0))
        start, count = 0, PROBED if self._q.first else _FIRST
        while start < len(order) and not self._ended():
            chosen = order[start : start + min(count, self._q.budget - self.sets.queries)]
            for number in np.unique(owner[chosen]).tolist():
                yield from self.sets.score(batches[number][0].part(row[chosen[owner[chosen] == number]].tolist()))
            start, count = start + len(chosen), min(2 * count, largest)
            if whole and start >= len(order):
                self.complete.add(size)
            yield None

    def _dive_inside(self, extension: Extension, promise: np.ndarray) -> Asking[None]:
        """One edit after another, the best of a few that promise most by the gradient as of there.

        Where none of them helps, the next few; it ends where the verdict flips or nothing helps.
        """
        reached, waiting = 0.0, _varied(extension, promise)
        while waiting and len(extension.parent.edits) < self._q.max_edits and not self._ended():
            chosen, waiting = waiting[:PROBED], waiting[PROBED:]
            yield from self._probe(extension, chosen, PROBED)
            best, gain = self._best(extension, chosen)
            if gain > reached:
                reached, extension = gain, self.sets.extend(self.sets.parent(best))
                waiting = [] if self._ended() else _varied(extension, (yield from self._promise(extension)))

    def _dive_by_position(self, extension: Extension, promise: np.ndarray) -> Asking[None]:
        """One edit after another, the best of all at a position, if any helps; positions by falling promise."""
        reached, by_position = 0.0, dict[int, set[int]]()
        for number in np.argsort(-promise, kind="stable").tolist():
            by_position.setdefault(_position(extension.edits[number], len(self._q.tokens)), set()).add(number)
        for here in by_position.values():
            if len(extension.parent.edits) >= self._q.max_edits or self._ended():
                return
            chosen = [row for row, number in enumerate(extension.numbers) if number in here]
            yield from self._probe(extension, chosen, _AT_ONCE if self.sets.root.sentence.sees_inside else 2)
            best, gain = self._best(extension, chosen)
            if gain > reached:
                reached, extension = gain, self.sets.extend(self.sets.parent(best))

    def _probe(self, extension: Extension, chosen: Sequence[int], count: int) -> Asking[None]:
        """Score some of an extension, so many at a time, until one flips the verdict."""
        for start in range(0, len(chosen), count):
            if not self._ended():
                some = chosen[start : start + min(count, self._q.budget - self.sets.queries)]
                yield from self.sets.score(extension.part(some))
                yield None

    def _best(self, extension: Extension, chosen: Sequence[int]) -> tuple[Key, float]:
        """Which of some of an extension comes nearest to the goal, and its gain; no gain where none was scored."""
        scored = [extension.keys[row] for row in chosen if extension.keys[row] in self.sets.scored]
        best = max(scored, key=self.sets.gain, default=())
        return best, self.sets.gain(best)

    def _prune(self) -> Asking[None]:
        """Check that the chosen flip is minimal; where fewer of its edits do, choose these, and so on."""
        sets = self.sets
        while sets.flips and not self._over():
            best = self.ranked(len(sets.flips))[0]
            unknown = [key for key in _fewer(best) if key not in sets.scored]
            if not unknown:
                return
            yield from sets.score_parts(unknown[: self._q.budget - sets.queries])
            yield None

    def is_minimal(self, key: Key) -> bool | None:
        """Whether fewer of a flip's edits do not flip the verdict, None where one such set was not scored."""
        scored = [self.sets.scored.get(fewer) for fewer in _fewer(key)]
        if any(one is not None and self.sets.meets(one) for one in scored):
            return False
        return None if None in scored else True

    def ranked(self, count: int) -> list[Key]:
        """The first `count` flips scored: those of the fewest edits, then the most fluent, else the surest, first."""
        sets = self.sets
        second = sets.fluency.__getitem__ if self._q.fluency else sets.gain
        return sorted(sets.flips[:count], key=lambda key: (len(key), -second(key)))


def _position(edit: Edit, length: int) -> int:
    """The token that an edit is taken to touch: its first, or the one that an insertion stands before."""
    return min(edit.position, length - 1)


def _fewer(key: Key) -> list[Key]:
    """The sets of fewer edits of which none may flip where a set is minimal."""
    sizes = range(1, len(key)) if len(key) <= MOST_SUBSETS else (len(key) - 1,)
    return [fewer for size in sizes for fewer in combinations(key, size)]


def _varied(extension: Extension, promise: np.ndarray) -> list[int]:
    """The rows of edits by falling promise, but only `_ALIKE` of one position before those elsewhere.

    Substitutes of one word promise alike, and score much alike.
    """
    first: list[int] = []
    later: list[int] = []
    taken: Counter[int] = Counter()
    for number in np.argsort(-promise, kind="stable").tolist():
        position = extension.edits[number].position
        taken[position] += 1
        (first if taken[position] <= _ALIKE else later).append(number)
    return first + later

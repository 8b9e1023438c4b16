"""Which small edit of a sentence changes a model's verdict? A goal, transformations, constraints and a search.

The four parts are those of an attack in TextAttack (Morris et al. 2020); candidates are ranked by the logit's gradient
as in HotFlip (Ebrahimi et al. 2018), or for a black box by what leaving a word out does (Jin et al. 2020), and then
scored: what is reported was read by the model, never estimated.

- Single edits: all of them, the most promising first, so that a search that ends by itself can say that no single edit
  among its candidates flips the verdict.
- If none does, sets of two, three, … edits: those of one less that came nearest (a beam) go on by every candidate, in
  the order of their own effects added up. With `beam` None nothing is left out.
- With `first` the search ends at the first flip. It begins with a dive: one edit after another, the best of a few
  promising ones, until the verdict flips; where that fails, all single edits and the beam, as above.

Among flips the one with the fewest edits is chosen, then the most fluent. That fewer of its edits do not flip the
verdict is checked for every subset of up to `MOST_SUBSETS` edits, for larger sets by undoing each one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.probes import edit_claims
from core.probes.changes import DELETE, Edit, apply, diff
from core.probes.edit_results import Edited, GuardReport, MinimalEdits, Progress
from core.probes.edit_sets import EditSets, Extension, Key
from core.probes.guards import NEGATIVE, POSITIVE, READINGS, Guard
from core.probes.proposals import Candidates, gather
from core.verdicts import EmptyTextError, label, sigmoid

if TYPE_CHECKING:
    from core.probes.constraints import Constraint, Fluency
    from core.probes.transformations import Transformation
    from core.probes.victims import Victim

GOALS = ("positive", "negative", "flip")
MAX_EDITS = 2
BUDGET = 100_000  # sentences
BEAM = 8
TOP = 10
MOST_TOKENS = 1_000
MOST_SUBSETS = 4  # edits, of which every subset is checked
PROBED = 8  # edits that a dive scores at a time
_FIRST, _MOST = 32, 4_096  # edits scored between two events
_STEPS = 40_000  # tokens read between two events at most, or so


@dataclass(frozen=True)
class Question:
    """What is asked of a sentence: which verdict, by which edits, within which bounds.

    `goal` is one of `GOALS`; `reading` is how a person reads the sentence, None for the opposite of the verdict asked
    for; `off` names guards that are switched off; `unknown` are the tokens that the model does not know. `seconds` None
    is without end, `beam` None without a width. Raises ValueError for what cannot be.
    """

    text: str
    tokens: tuple[str, ...]
    goal: str
    transformations: tuple[Transformation, ...]
    constraints: tuple[Constraint, ...] = ()
    fluency: Fluency | None = None
    guards: tuple[Guard, ...] = ()
    off: frozenset[str] = frozenset()
    reading: str | None = None
    unknown: tuple[str, ...] = ()
    max_edits: int = MAX_EDITS
    beam: int | None = BEAM
    budget: int = BUDGET
    seconds: float | None = None
    first: bool = False
    top: int = TOP

    def __post_init__(self) -> None:
        if not self.tokens:
            raise EmptyTextError("the text is empty: there is no word to edit")
        if len(self.tokens) > MOST_TOKENS:
            raise ValueError(f"edits are searched for in 1 to {MOST_TOKENS:,} tokens; given: {len(self.tokens):,}")
        if self.goal not in GOALS:
            raise ValueError(f"unknown goal {self.goal!r}; available: {', '.join(GOALS)}")
        if self.reading is not None and self.reading not in READINGS:
            raise ValueError(f"unknown reading {self.reading!r}; available: {', '.join(READINGS)}")
        named = [guard.name for guard in self.guards]
        wrong = sorted(self.off.difference(named))
        if wrong:
            raise ValueError(f"no guard {wrong[0]!r} to switch off; available: {', '.join(named) or 'none'}")
        numbers = {"edits": self.max_edits, "budget": self.budget, "flips listed": self.top, "beam": self.beam}
        for name, number in numbers.items():
            if number is not None and number < 1:
                raise ValueError(f"{name}: at least 1; given: {number}")
        if self.seconds is not None and not self.seconds > 0:
            raise ValueError(f"seconds: above 0; given: {self.seconds}")


def search(
    model: str, victim: Victim, question: Question, breathe: Callable[[], object] = lambda: None
) -> Iterator[Progress]:
    """Look for edits until the question is answered or a bound is reached; may be closed at any step.

    At least one event comes; the last one's result is the answer. `breathe` is called between two events, and what it
    raises ends the search.
    """
    found = _Search(model, victim, question)
    yield found.event()
    for _ in found.steps():
        breathe()
        yield found.event()


class _Snapshot(NamedTuple):
    """Where a search stands. What it found only grows, so that counts are a state."""

    queries: int
    flips: int
    tried: dict[int, int]
    complete: frozenset[int]
    closest: Key | None
    seconds: float


class _Search:
    """One search: the order in which sets of edits are scored, and what is said of them."""

    def __init__(self, model: str, victim: Victim, question: Question):
        self._begun = time.perf_counter()
        self._model, self._q = model, question
        self._sets = EditSets(victim, question.tokens, question.fluency, question.goal)
        self._human = question.reading or (NEGATIVE if self._sets.sign > 0 else POSITIVE)
        self._candidates: Candidates | None = None
        self._minimal: dict[Key, bool] = {}
        self._complete: set[int] = set()  # sizes of which every set that can be reached was scored
        self._total = 1

    @property
    def _over(self) -> bool:
        late = self._q.seconds is not None and time.perf_counter() - self._begun >= self._q.seconds
        return late or self._sets.queries >= self._q.budget

    @property
    def _ended(self) -> bool:
        return self._over or (self._q.first and bool(self._sets.flips))

    def steps(self) -> Iterator[None]:
        """The whole search, an event at each yield."""
        sets, q = self._sets, self._q
        if sets.meets(sets.original):
            return
        self._candidates = gather(
            q.tokens,
            q.transformations,
            q.constraints,
            q.fluency,
            sets.root.fluency,
            q.guards,
            q.off,
            self._human,
        )
        sets.admit(self._candidates.edits, [guard for guard in q.guards if guard.name not in q.off], self._human)
        if not self._candidates.edits:
            return
        everything = sets.extend(sets.root)
        self._total = min(q.budget, sets.queries + len(everything.keys))
        yield
        promise = self._promise(everything)
        if q.first:
            yield from self._dive(everything, promise)
        yield from self._score([(everything, promise)], 1)
        for size in range(2, q.max_edits + 1):
            if self._ended or sets.flips:
                break
            yield from self._score(list(self._larger(size)), size)
        yield from self._prune()

    def _promise(self, extension: Extension) -> np.ndarray:
        """What each single edit seems to gain, float64 [N]: by the gradient, or by leaving out what it touches.

        Zeros, and no query, for a black box whose edits will all be scored whatever their order.
        """
        sets, tokens = self._sets, self._q.tokens
        effects = None if self._over else sets.effects(extension)
        if effects is not None:
            return effects
        hurried = self._q.first or self._q.seconds is not None
        room = self._q.budget - sets.queries - len(tokens)
        if len(tokens) < 2 or room < 1 or not (hurried or room < len(extension.keys)):
            return np.zeros(len(extension.keys))
        left_out = [Edit(DELETE, place, (token,), ()) for place, token in enumerate(tokens)]
        scored = sets.root.reading.logits(left_out)
        sets.queries += scored.queries
        gains = sets.sign * (scored.logits - sets.original)
        return np.array([gains[_place(edit, len(tokens))] for edit in extension.edits])

    def _larger(self, size: int) -> Iterator[tuple[Extension, np.ndarray]]:
        """What the beam leads to: the sets of one edit less that came nearest, each with every candidate added."""
        sets = self._sets
        smaller = sorted((key for key in sets.logits if len(key) == size - 1), key=sets.gain, reverse=True)
        gains = np.array([sets.gain((number,)) for number in range(len(sets.candidates))])
        seen: set[Key] = set()
        for key in smaller[: self._q.beam]:
            if self._over:
                return
            found = sets.extend(sets.parent(key), seen)
            seen.update(found.keys)
            self._total = min(self._q.budget, sets.queries + len(seen))
            yield found, sets.gain(key) + gains[found.numbers]

    def _score(self, batches: Sequence[tuple[Extension, np.ndarray]], size: int) -> Iterator[None]:
        """Score sets in the order of their promise, until a bound is reached."""
        owner = np.concatenate([np.full(len(found.keys), number) for number, (found, _) in enumerate(batches)] or [[]])
        place = np.concatenate([np.arange(len(found.keys)) for found, _ in batches] or [[]])
        order = np.argsort(-np.concatenate([promise for _, promise in batches] or [[]]), kind="stable")
        largest = min(_MOST, max(_FIRST, _STEPS // len(self._q.tokens)))
        start, count = 0, PROBED if self._q.first else _FIRST
        while start < len(order) and not self._ended:
            chosen = order[start : start + min(count, self._q.budget - self._sets.queries)]
            for number in np.unique(owner[chosen]).tolist():
                extension = batches[int(number)][0]
                self._sets.score(extension.part(place[chosen[owner[chosen] == number]].astype(int).tolist()))
            start, count = start + len(chosen), min(2 * count, largest)
            yield
        whole = size == 1 or (size - 1 in self._complete and len(batches) == self._sets.tried.get(size - 1, 0))
        if start >= len(order) and whole:
            self._complete.add(size)

    def _dive(self, everything: Extension, promise: np.ndarray) -> Iterator[None]:
        """One edit after another, the best of a few, for as long as that helps.

        Seen from inside: of those that promise most by the gradient as of there. Black box: of all that touch a place,
        place by place, first the one whose word does most when it is left out.
        """
        sets, length = self._sets, len(self._q.tokens)
        current, found, reached = sets.root, everything, 0.0
        inside = sets.root.reading.sees_inside
        by_place: dict[int, list[int]] = {}
        for number in np.argsort(-promise, kind="stable").tolist():
            by_place.setdefault(_place(everything.edits[number], length), []).append(number)
        places = iter(by_place.values())
        while len(current.edits) < self._q.max_edits and not self._ended:
            if inside:
                chosen = np.argsort(-promise, kind="stable")[:PROBED].tolist()
            else:
                here = set(next(places, []))
                chosen = [i for i, number in enumerate(found.numbers.tolist()) if number in here]
                if not here:
                    return
            for start in range(0, len(chosen), PROBED):
                if not self._ended:
                    sets.score(found.part(chosen[start : start + min(PROBED, self._q.budget - sets.queries)]))
                    yield
            best = max((found.keys[i] for i in chosen if found.keys[i] in sets.logits), key=sets.gain, default=None)
            if best is not None and sets.gain(best) > reached:
                current, reached = sets.parent(best), sets.gain(best)
                found = sets.extend(current)
                if inside and not self._ended:
                    promise = self._promise(found)
            elif inside:
                return

    def _prune(self) -> Iterator[None]:
        """See whether the chosen flip is minimal; where fewer of its edits do, these are chosen, and so on."""
        sets = self._sets
        while sets.flips and not self._over:
            best = self._ranked(len(sets.flips))[0]
            if best in self._minimal:
                return
            sizes = range(1, len(best)) if len(best) <= MOST_SUBSETS else (len(best) - 1,)
            smaller = [key for size in sizes for key in combinations(best, size)]
            for key in smaller:
                if key not in sets.logits:
                    if self._over:
                        return
                    sets.parent(key)
            self._minimal[best] = not any(sets.meets(sets.logits[key]) for key in smaller)
            yield

    def _ranked(self, count: int) -> list[Key]:
        """The first `count` flips found: those of the fewest edits, then the most fluent, else the surest, first."""
        sets = self._sets
        second = sets.fluency.__getitem__ if self._q.fluency else sets.gain
        return sorted(sets.flips[:count], key=lambda key: (len(key), -second(key)))

    def event(self) -> Progress:
        """Where the search stands now."""
        sets = self._sets
        state = _Snapshot(
            sets.queries,
            len(sets.flips),
            dict(sets.tried),
            frozenset(self._complete),
            sets.closest,
            time.perf_counter() - self._begun,
        )
        return Progress(sets.queries, max(self._total, sets.queries), len(sets.flips), partial(self._result, state))

    def _edited(self, key: Key) -> Edited:
        sets, q = self._sets, self._q
        edits = tuple(sets.candidates[number] for number in key)
        logit = sets.logits[key]
        return Edited(
            edits=edits,
            tokens=apply(q.tokens, edits),
            diff=diff(q.tokens, edits),
            probability=float(sigmoid(np.asarray(logit))),
            logit=logit,
            fluency_change=sets.fluency[key] if q.fluency else None,
            guards={guard.name: guard.judge(edits, self._human) for guard in q.guards},
            minimal=True if len(key) == 1 else self._minimal.get(key),
        )

    def _result(self, state: _Snapshot) -> MinimalEdits:
        sets, q, candidates = self._sets, self._q, self._candidates or Candidates((), None, 0, {}, {}, {})
        met = sets.meets(sets.original)
        probability = float(sigmoid(np.asarray(sets.original)))
        ranked = self._ranked(state.flips)
        best = self._edited(ranked[0]) if ranked else None
        asked = candidates.proposed - sum(candidates.refused.values())
        return MinimalEdits(
            model=self._model,
            text=q.text,
            tokens=q.tokens,
            goal=q.goal,
            target=POSITIVE if sets.sign > 0 else NEGATIVE,
            reading=self._human,
            probability=probability,
            found=met or best is not None,
            best=best,
            others=tuple(self._edited(key) for key in ranked[1 : q.top]),
            closest=None if met or best or state.closest is None else self._edited(state.closest),
            flips=state.flips,
            candidates=len(candidates),
            proposed=candidates.proposed,
            refused=candidates.refused,
            guards={
                guard.name: GuardReport(
                    on=guard.name not in q.off,
                    judgement=best.guards[guard.name] if best else None,
                    failed=candidates.failed.get(guard.name, 0),
                    unjudged=candidates.unjudged.get(guard.name, 0),
                    asked=asked,
                )
                for guard in q.guards
            },
            queries=state.queries,
            complete=1 in state.complete,
            certificate=(
                edit_claims.already(label(probability), probability) if met else self._claim(state, ranked, best)
            ),
            scorer=q.fluency.trigram.name if q.fluency else None,
            seconds=state.seconds,
        )

    def _claim(self, state: _Snapshot, ranked: Sequence[Key], best: Edited | None) -> str:
        if self._candidates is None:
            return edit_claims.nothing_tried()
        size = len(ranked[0]) if ranked else None
        return edit_claims.certificate(
            candidates=len(self._candidates),
            proposed=self._candidates.proposed,
            tried=state.tried,
            complete=state.complete,
            size=size,
            flips=sum(len(key) == size for key in ranked),
            scorer=self._q.fluency.trigram.name if self._q.fluency else None,
            minimal=best.minimal if best else None,
            every_subset=size is not None and size <= MOST_SUBSETS,
            knows_nothing=len(self._q.unknown) == len(self._q.tokens),
        )


def _place(edit: Edit, length: int) -> int:
    """The token that an edit is taken to touch: its first, or the one that an insertion stands before."""
    return min(edit.position, length - 1)

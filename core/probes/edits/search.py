"""Which small edit of a sentence changes a model's verdict? A goal, transformations, constraints and a search.

The four parts are those of an attack in TextAttack (Morris et al. 2020). Candidates are ranked by the logit's gradient
as in HotFlip (Ebrahimi et al. 2018), or for a black box by what leaving a word out does (Jin et al. 2020), and then
scored: what is reported was read by the model, never estimated. The logit is the log-odds of the class of the goal; of
any other verdict than the predicted class, those of that class, which are to fall.

- Single edits: all of them, the most promising first.
- If none flips the verdict, sets of two, three, … edits: the nearest sets of one edit less (a beam; all if None) are
  extended by every candidate, ordered by the sum of their effects.
- With `first` the search ends at the first flip. It starts with a dive, one edit after another: for a white box the
  best of a few with the highest gradient; then, and for a black box, the best at each position, as Jin et al. do. If
  both fail, it goes on with all single edits and the beam, if it may `widen`.

Of the flips the one with the fewest edits is chosen, then the most fluent. That fewer of its edits do not flip the
verdict is checked for every subset of up to four edits, for larger sets by undoing each one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from core.data.labels import SENTIMENT, Names
from core.data.targets import Target
from core.models.gold_labels import check_gold_label
from core.models.predict import EmptyTextError, sigmoid
from core.probes.edits.best_first import Search
from core.probes.edits.changes import apply, diff
from core.probes.edits.edit_sets import Asking, Key
from core.probes.edits.guards import Guard
from core.probes.edits.proposals import Candidates
from core.probes.edits.results import Edited, EditProgress, GuardReport, MinimalEdits
from core.probes.edits.victims import Asked, answers
from core.probes.search_limits import check_limits
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.probes.edits.constraints import Constraint, Fluency
    from core.probes.edits.transformations import Transformation
    from core.probes.edits.victims import Victim

FLIP = "flip"
"""The goal of any other verdict than the original's."""
MAX_EDITS = 2
BUDGET = 100_000  # sentences
BEAM = 8
TOP = 10
MOST_TOKENS = 1_000
END = "end"
_NONE = Candidates((), 0, {}, {}, {})


@dataclass(frozen=True)
class Question:
    """A sentence, the verdict wanted, the edits to try, and the limits.

    `labels` are the model's classes; `goal` is one of `goals` of them; `reading` is the gold label, None for the
    class that the goal goes against; `off` names guards switched off; `unknown` are the tokens that the model does not
    know. Results speak of the `target`, by default the second of two classes, else the class of the goal or, for any
    other verdict, the predicted one. `seconds` and `beam` None are no limit. Raises ValueError.
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
    labels: Names = SENTIMENT
    target: Target | None = None
    widen: bool = True
    top: int = TOP

    def __post_init__(self) -> None:
        if not self.tokens:
            raise EmptyTextError("the text is empty: there is no word to edit")
        if len(self.tokens) > MOST_TOKENS:
            raise ValueError(
                _("can search for edits of 1 to {most:,} tokens; given: {count:,}").format(
                    most=MOST_TOKENS, count=len(self.tokens)
                )
            )
        check_goal(self.goal, self.reading, self.labels)
        named = [guard.name for guard in self.guards]
        wrong = sorted(self.off.difference(named))
        if wrong:
            raise ValueError(f"no guard {wrong[0]!r} to switch off; available: {', '.join(named) or 'none'}")
        if not (self.first or self.widen):
            raise ValueError(_("a search that does not widen looks for the first flip only"))
        check_limits(self.seconds, edits=self.max_edits, budget=self.budget, beam=self.beam, top=self.top)


def goals(labels: Names) -> tuple[str, ...]:
    """The verdicts that edits of a sentence can aim at; a class that is called flip is that class."""
    return tuple(dict.fromkeys((*labels, FLIP)))


def check_goal(goal: str, reading: str | None, labels: Names) -> None:
    """Raises ValueError for a goal or a gold label that models of these classes do not have."""
    if goal not in goals(labels):
        raise ValueError(f"unknown goal {goal!r}; available: {', '.join(goals(labels))}")
    if reading is not None:
        check_gold_label(reading, labels)


def search(
    model: str, victim: Victim, question: Question, check_cancelled: Callable[[], object] = lambda: None
) -> Iterator[EditProgress]:
    """Search until every candidate is tried or a limit is reached; may be closed at any step.

    At least one event comes; the last one has the answer. `check_cancelled` is called between two events and while
    candidates are gathered, and what it raises ends the search.
    """
    running = Running(model, victim, question, check_cancelled)
    yield running.event()
    steps = running.search.steps()
    asked = next(steps, END)
    while not isinstance(asked, str):
        check_cancelled()
        if asked is None:
            yield running.event()
            asked = resumed(steps, None)
        else:
            asked = resumed(steps, answers([asked])[0])


def resumed(steps: Asking[None], answer: Any) -> Asked | str | None:
    """What a search yields next after an answer; `END` where it has ended."""
    try:
        return steps.send(answer)
    except StopIteration:
        return END


class _Snapshot(NamedTuple):
    """The state of a search at an event: sets are only ever added, so that counts are enough."""

    candidates: Candidates | None
    queries: int
    flips: int
    tried: dict[int, int]
    complete: frozenset[int]
    closest: Key | None
    seconds: float


class Running:
    """A search, and its events and results."""

    def __init__(self, model: str, victim: Victim, question: Question, check_cancelled: Callable[[], object]):
        self._model, self._q = model, question
        self.search = Search(victim, question, check_cancelled)

    def event(self) -> EditProgress:
        sets = self.search.sets
        state = _Snapshot(
            self.search.candidates,
            sets.queries,
            len(sets.flips),
            dict(sets.tried),
            frozenset(self.search.complete),
            sets.closest,
            time.perf_counter() - self.search.begun,
        )
        return EditProgress(
            sets.queries, max(self.search.total, sets.queries), len(sets.flips), partial(self._result, state)
        )

    def _edited(self, key: Key) -> Edited:
        sets, q = self.search.sets, self._q
        edits = tuple(sets.candidates[number] for number in key)
        scored = sets.scored[key]
        return Edited(
            edits=edits,
            tokens=apply(q.tokens, edits),
            diff=diff(q.tokens, edits),
            probability=float(sigmoid(np.asarray(scored.logit))),
            logit=scored.logit,
            fluency_change=sets.fluency[key] if q.fluency else None,
            guards={guard.name: guard.judge(edits, self.search.gold_label) for guard in q.guards},
            minimal=self.search.is_minimal(key) if sets.meets(scored) else None,
            label=q.labels[scored.predicted],
        )

    def _result(self, state: _Snapshot) -> MinimalEdits:
        sets, q = self.search.sets, self._q
        candidates = _NONE if state.candidates is None else state.candidates
        met = sets.meets(sets.original)
        probability = float(sigmoid(np.asarray(sets.original.logit)))
        ranked = self.search.ranked(state.flips)
        best = self._edited(ranked[0]) if ranked else None
        asked = candidates.proposed - sum(candidates.refused.values())
        return MinimalEdits(
            model=self._model,
            text=q.text,
            tokens=q.tokens,
            goal=q.goal,
            reading=self.search.gold_label,
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
            gathered=state.candidates is not None,
            tried=state.tried,
            complete_sizes=state.complete,
            flips_of_size=sum(len(key) == len(ranked[0]) for key in ranked),
            knows_nothing=len(q.unknown) == len(q.tokens),
            labels=q.labels,
            label=q.labels[sets.original.predicted],
            target=sets.target,
            scorer=q.fluency.trigram.name if q.fluency else None,
            seconds=state.seconds,
        )

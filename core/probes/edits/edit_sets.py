"""What does a model say to sets of candidate edits? Every set is scored once, from the set with one edit less.

A set is the ascending numbers of its candidates. It is read as one more edit of the sentence that the others make, so
that what stands before that edit need not be read again, and its fluency is scored only where it changes. Nothing here
calls the victim, but to read a sentence of its own: who runs a search answers it, or many searches at once.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from core.data import targets
from core.data.labels import Names
from core.data.targets import Target
from core.probes.edits.changes import Edit, apply, merged, moved
from core.probes.edits.constraints import Fluency, SentenceFluency
from core.probes.edits.guards import FAILED, Guard
from core.probes.edits.proposals import Candidates
from core.probes.edits.victims import Asked, ReadSentence, Verdicts, Victim

Key = tuple[int, ...]
_T = TypeVar("_T")
Asking = Generator[Asked | None, Any, _T]
"""Work that yields what it asks of the victim, and is sent the answer; None is an event, whose answer is not used."""


class Scored(NamedTuple):
    """What a model says of a sentence: the log-odds of the search's aim and of the target, and the predicted class."""

    aim: float
    logit: float
    predicted: int


class Parent(NamedTuple):
    """The sentence that a set of edits makes, as the model and the trigram read it."""

    key: Key
    edits: tuple[Edit, ...]
    tokens: tuple[str, ...]
    sentence: ReadSentence
    fluency: SentenceFluency | None


class Extension(NamedTuple):
    """Candidates that can be added to a parent: their numbers, the sets that result, and the edits as of there."""

    parent: Parent
    numbers: list[int]
    keys: list[Key]
    edits: list[Edit]

    def part(self, chosen: Iterable[int]) -> Extension:
        """Some of them, by their rows."""
        rows = list(chosen)
        return Extension(
            self.parent, [self.numbers[i] for i in rows], [self.keys[i] for i in rows], [self.edits[i] for i in rows]
        )


class EditSets:
    """Sets of candidates for one sentence, what the model says of them, and what they cost.

    `scored` and `fluency` (change in nats) are by set, in the order in which they were scored; `flips` are the sets
    that meet the goal, a class's name or any other verdict. The search climbs the log-odds of the class of the goal, or
    away from those of the predicted class: those of its `aim`, times a sign. Of two classes the aim is the second. The
    `target` is the aim unless given. `opposed` is the class that the goal goes against.
    """

    def __init__(
        self,
        victim: Victim,
        tokens: Sequence[str],
        fluency: Fluency | None,
        goal: str,
        labels: Names,
        target: Target | None = None,
    ):
        self._victim, self._tokens, self._floor = victim, tuple(tokens), fluency.floor if fluency else np.inf
        self._guards: tuple[Guard, ...] = ()
        self._gold_label = ""
        self._trigram = fluency.trigram if fluency else None
        self.root = self._read((), (), self._tokens)
        self.queries = 1
        own = self.root.sentence.own
        predicted = int(own.classes[0])
        self._wanted = labels.index(goal) if goal in labels else None  # else any but the predicted class
        followed = Target(labels, predicted if self._wanted is None else self._wanted)
        self.aim = targets.usual(labels, followed.number)
        self._sign = 1 if (self.aim == followed) == (self._wanted is not None) else -1
        self.opposed = (followed.rival if goal in labels else None) or labels[predicted]
        self.target = target or self.aim
        (self.original,) = self._of(own)
        self.candidates: tuple[Edit, ...] = ()
        self._changes: np.ndarray | None = None
        self.scored: dict[Key, Scored] = {}
        self.fluency: dict[Key, float] = {}
        self.flips: list[Key] = []
        self.tried: dict[int, int] = {}
        self.closest: Key | None = None

    def admit(self, candidates: Candidates, guards: Iterable[Guard], gold_label: str) -> None:
        """Take up the candidates; `guards` are those switched on, asked again of edits made together."""
        self.candidates, self._changes = candidates.edits, candidates.changes
        self._starts = np.array([edit.position for edit in self.candidates], dtype=np.int64)
        self._stops = self._starts + np.array([len(edit.before) for edit in self.candidates], dtype=np.int64)
        self._growth = np.array([edit.growth for edit in self.candidates], dtype=np.int64)
        self._guards, self._gold_label = tuple(guard for guard in guards if guard.joint), gold_label

    def meets(self, scored: Scored) -> bool:
        """Whether the predicted class is what the goal asks for."""
        if self._wanted is None:
            return scored.predicted != self.original.predicted
        return scored.predicted == self._wanted

    def gain(self, key: Key) -> float:
        """How far towards the goal a set's log-odds stand from the original's; 0 where it was not scored."""
        return self._sign * (self.scored.get(key, self.original).aim - self.original.aim)

    def gains(self, verdicts: Verdicts) -> np.ndarray:
        """How far towards the goal sentences stand from the original, float64 [N]."""
        gains: np.ndarray = self._sign * (verdicts.log_odds(self.aim) - self.original.aim)
        return gains

    def _of(self, verdicts: Verdicts) -> list[Scored]:
        aim = verdicts.log_odds(self.aim).tolist()
        logits = aim if self.target == self.aim else verdicts.log_odds(self.target).tolist()
        return list(map(Scored, aim, logits, verdicts.classes.tolist()))

    def parent(self, key: Key) -> Parent:
        """The sentence that a set makes, which was scored before."""
        if not key:
            return self.root
        edits = tuple(self.candidates[number] for number in key)
        return self._read(key, edits, apply(self._tokens, edits))

    def _read(self, key: Key, edits: tuple[Edit, ...], tokens: tuple[str, ...]) -> Parent:
        fluency = SentenceFluency(self._trigram, tokens) if self._trigram else None
        return Parent(key, edits, tokens, self._victim(tokens), fluency)

    def extend(self, parent: Parent, without: Collection[Key] = ()) -> Extension:
        """Every candidate that can be added to a parent within the constraints, sets `without` left out."""
        free = self._growth > -len(parent.tokens)  # a sentence needs a token
        for edit in parent.edits:
            free &= ~self._conflicts(edit)
        numbers: list[int] = np.flatnonzero(free).tolist()
        if self._guards and parent.edits:
            numbers = [number for number in numbers if self._joint((*parent.edits, self.candidates[number]))]
        if without:
            numbers = [number for number in numbers if _joined(parent, number) not in without]
        keys = [_joined(parent, number) for number in numbers]
        edits = [self.candidates[number] for number in numbers]
        if any(edit.growth for edit in parent.edits):
            edits = [moved(edit, parent.edits) for edit in edits]
        extension = Extension(parent, numbers, keys, edits)
        if not parent.fluency or not self.root.fluency:
            return extension
        if parent is self.root and self._changes is not None:
            changes = self._changes[numbers]
        else:
            changes = parent.fluency.changes(edits, self.root.fluency)
        self.fluency.update(zip(keys, changes.tolist(), strict=True))
        within = changes >= -self._floor
        return extension if within.all() else extension.part(np.flatnonzero(within).tolist())

    def _conflicts(self, edit: Edit) -> np.ndarray:
        """Which candidates `changes.conflict` with an edit, bool [N]."""
        starts, stops, start, stop = self._starts, self._stops, edit.position, edit.stop
        if start == stop:
            return np.where(starts == stops, starts == start, (starts < start) & (start < stops))
        overlap = np.maximum(starts, start) < np.minimum(stops, stop)
        return np.where(starts == stops, (start < starts) & (starts < stop), overlap)

    def _joint(self, together: Sequence[Edit]) -> bool:
        """Whether the guards that judge edits together let these through."""
        return all(guard.judge(together, self._gold_label) != FAILED for guard in self._guards)

    def effects(self, extension: Extension) -> Asking[np.ndarray | None]:
        """First-order gain of each added edit, float64 [N], for one query; None to a black box."""
        effects: np.ndarray | None = yield Asked(extension.parent.sentence, extension.edits, self.aim)
        if effects is None:
            return None
        self.queries += 1
        # Sums in another order leave a hair, which would decide between edits that are alike to the model.
        gains: np.ndarray = self._sign * np.round(effects, 9)
        return gains

    def score(self, extension: Extension) -> Asking[None]:
        """Score sets, those that were not scored before."""
        new = [row for row, key in enumerate(extension.keys) if key not in self.scored]
        if new:
            extension = extension.part(new)
            verdicts = yield from self.ask(extension.parent, extension.edits)
            for key, scored in zip(extension.keys, self._of(verdicts), strict=True):
                self._note(key, scored)

    def ask(self, parent: Parent, edits: Sequence[Edit]) -> Asking[Verdicts]:
        """The verdicts on edits of a parent's sentence."""
        verdicts, queries = yield Asked(parent.sentence, edits)
        self.queries += queries
        return verdicts  # type: ignore[no-any-return]

    def score_parts(self, keys: Sequence[Key]) -> Asking[None]:
        """Score sets that are parts of others, within the constraints or not: only those within them can be flips."""
        together = [[self.candidates[number] for number in key] for key in keys]
        as_one = [merged(self._tokens, edits) for edits in together]
        if self.root.fluency:
            changes = self.root.fluency.changes(as_one, self.root.fluency)
            self.fluency.update(zip(keys, changes.tolist(), strict=True))
        verdicts = yield from self.ask(self.root, as_one)
        for key, edits, scored in zip(keys, together, self._of(verdicts), strict=True):
            self._note(key, scored, self.fluency.get(key, 0.0) >= -self._floor and self._joint(edits))

    def _note(self, key: Key, scored: Scored, allowed: bool = True) -> None:
        self.scored[key] = scored
        self.fluency.setdefault(key, 0.0)
        if not allowed:  # scored only to see whether fewer edits do: not claimed as tried
            return
        self.tried[len(key)] = self.tried.get(len(key), 0) + 1
        if self.meets(scored):
            self.flips.append(key)
        if self.closest is None or self._sign * (scored.aim - self.scored[self.closest].aim) > 0:
            self.closest = key


def _joined(parent: Parent, number: int) -> Key:
    return tuple(sorted((*parent.key, number)))

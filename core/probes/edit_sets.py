"""What does a model say to sets of candidate edits? Every set is scored once, from the set with one edit less.

A set is the ascending numbers of its candidates. It is read as one more edit of the sentence that the others make, so
that what stands before that edit need not be read again, and its fluency is looked up only where it changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from core.probes.changes import Edit, apply, conflict, moved
from core.probes.constraints import Fluency, FluencyOfEdits
from core.probes.guards import FAILED, Guard
from core.probes.victims import Reading, Victim

Key = tuple[int, ...]


class Parent(NamedTuple):
    """The sentence that a set of edits makes, as the model and the trigram read it."""

    key: Key
    edits: tuple[Edit, ...]
    reading: Reading
    fluency: FluencyOfEdits | None


class Extension(NamedTuple):
    """Candidates that can be added to a parent: their numbers [N], the sets that result, and the edits as of there."""

    parent: Parent
    numbers: np.ndarray
    keys: list[Key]
    edits: list[Edit]

    def part(self, chosen: Iterable[int]) -> Extension:
        """Some of them, by their places."""
        places = list(chosen)
        keys, edits = [self.keys[i] for i in places], [self.edits[i] for i in places]
        return Extension(self.parent, self.numbers[places], keys, edits)


class EditSets:
    """Sets of candidates for one sentence, the logits known so far, and what they cost.

    `logits` and `fluency` (change in nats) are by set, in the order in which they were scored; `flips` are the sets
    that meet the goal. `sign` is 1 where the goal is positive, else −1.
    """

    def __init__(self, victim: Victim, tokens: Sequence[str], fluency: Fluency | None, goal: str):
        self._victim, self._tokens, self._floor = victim, tuple(tokens), fluency.floor if fluency else np.inf
        self._guards: tuple[Guard, ...] = ()
        self._reading = ""
        original = FluencyOfEdits(fluency.trigram, tokens) if fluency else None
        self.root = Parent((), (), victim(self._tokens), original)
        self.queries = 1
        self.original = self.root.reading.logit
        positive = self.original < 0 if goal == "flip" else goal == "positive"
        self.sign = 1 if positive else -1
        self.candidates: tuple[Edit, ...] = ()
        self.logits: dict[Key, float] = {}
        self.fluency: dict[Key, float] = {}
        self.flips: list[Key] = []
        self.tried: dict[int, int] = {}
        self.closest: Key | None = None

    def admit(self, candidates: tuple[Edit, ...], guards: Iterable[Guard], reading: str) -> None:
        """Take up the candidates; `guards` are those switched on, asked again of edits made together."""
        self.candidates = candidates
        self._guards, self._reading = tuple(guard for guard in guards if guard.joint), reading
        self._starts = np.array([edit.position for edit in candidates], dtype=np.int64)
        self._stops = np.array([edit.stop for edit in candidates], dtype=np.int64)

    def meets(self, logit: float) -> bool:
        """Whether a logit is what the goal asks for."""
        return (logit >= 0) == (self.sign > 0)

    def gain(self, key: Key) -> float:
        """How far towards the goal a set's logit stands from the original's; 0 where it was not scored."""
        return self.sign * (self.logits.get(key, self.original) - self.original)

    def parent(self, key: Key) -> Parent:
        """The sentence that a set makes; reading it costs a query unless the set was scored."""
        if not key:
            return self.root
        edits = tuple(self.candidates[number] for number in key)
        tokens = apply(self._tokens, edits)
        original = self.root.fluency
        fluency = FluencyOfEdits(original.trigram, tokens) if original else None
        found = Parent(key, edits, self._victim(tokens), fluency)
        if key not in self.logits:
            self.queries += 1
            change = fluency.change(original) if fluency and original else 0.0
            self._note(key, found.reading.logit, change)
        return found

    def extend(self, parent: Parent, without: Iterable[Key] = ()) -> Extension:
        """Every candidate that can be added to a parent within the constraints, sets `without` left out."""
        free = np.ones(len(self.candidates), dtype=bool)
        for edit in parent.edits:
            free &= ~self._conflicts(edit)
        left_out = set(without)
        numbers, keys, edits = [], [], []
        for number in np.flatnonzero(free).tolist():
            key = tuple(sorted((*parent.key, number)))
            if key not in left_out and self._joint(parent, self.candidates[number]):
                numbers.append(number)
                keys.append(key)
                edits.append(moved(self.candidates[number], parent.edits))
        found = Extension(parent, np.array(numbers, dtype=np.int64), keys, edits)
        # A sentence needs a token, and fluency has its floor.
        length = len(self._tokens) + sum(edit.growth for edit in parent.edits)
        fits = np.array([length + edit.growth > 0 for edit in edits], dtype=bool)
        if parent.fluency and self.root.fluency:
            changes = parent.fluency.changes(edits, self.root.fluency)
            fits &= changes >= -self._floor if parent.key else True  # single ones were admitted
            self.fluency.update(zip(keys, changes.tolist(), strict=True))
        return found if fits.all() else found.part(np.flatnonzero(fits).tolist())

    def _conflicts(self, edit: Edit) -> np.ndarray:
        """Which candidates cannot be made together with an edit, that edit itself among them."""
        near = np.flatnonzero((self._starts <= edit.stop) & (self._stops >= edit.position))
        found = np.zeros(len(self.candidates), dtype=bool)
        found[near] = [conflict(self.candidates[number], edit) for number in near.tolist()]
        return found

    def _joint(self, parent: Parent, edit: Edit) -> bool:
        together = (*parent.edits, edit)
        return not parent.edits or all(guard.judge(together, self._reading) != FAILED for guard in self._guards)

    def effects(self, extension: Extension) -> np.ndarray | None:
        """First-order gain of each added edit, float64 [N], for one query; None to a black box."""
        effects = extension.parent.reading.effects(extension.edits)
        if effects is None:
            return None
        self.queries += 1
        return self.sign * effects

    def score(self, extension: Extension) -> None:
        """Score sets, those that were not scored before."""
        new = [place for place, key in enumerate(extension.keys) if key not in self.logits]
        if new:
            extension = extension.part(new)
            scored = extension.parent.reading.logits(extension.edits)
            self.queries += scored.queries
            for key, logit in zip(extension.keys, scored.logits.tolist(), strict=True):
                self._note(key, logit, self.fluency.get(key, 0.0))

    def _note(self, key: Key, logit: float, change: float) -> None:
        self.logits[key] = logit
        self.fluency[key] = change
        self.tried[len(key)] = self.tried.get(len(key), 0) + 1
        if self.meets(logit) and change >= -self._floor:
            self.flips.append(key)
        if self.closest is None or self.sign * (logit - self.logits[self.closest]) > 0:
            self.closest = key

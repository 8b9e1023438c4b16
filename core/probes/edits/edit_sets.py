"""What does a model say to sets of candidate edits? Every set is scored once, from the set with one edit less.

A set is the ascending numbers of its candidates. It is read as one more edit of the sentence that the others make, so
that what stands before that edit need not be read again, and its fluency is scored only where it changes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from core.data.labels import Names
from core.probes.edits.changes import Edit, apply, conflict, merged, moved
from core.probes.edits.constraints import Fluency, SentenceFluency
from core.probes.edits.guards import FAILED, Guard
from core.probes.edits.victims import ReadSentence, Victim

Key = tuple[int, ...]


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
    """Sets of candidates for one sentence, the logits known so far, and what they cost.

    `logits` and `fluency` (change in nats) are by set, in the order in which they were scored; `flips` are the sets
    that meet the goal, a class's name or any other verdict. `sign` is 1 where that is the second class, else −1.
    """

    def __init__(self, victim: Victim, tokens: Sequence[str], fluency: Fluency | None, goal: str, labels: Names):
        self._victim, self._tokens, self._floor = victim, tuple(tokens), fluency.floor if fluency else np.inf
        self._guards: tuple[Guard, ...] = ()
        self._gold_label = ""
        self._trigram = fluency.trigram if fluency else None
        self.root = self._read((), (), self._tokens)
        self.queries = 1
        self.original = self.root.sentence.logit
        wanted = labels.index(goal) if goal in labels else int(self.original < 0)
        self.sign = 1 if wanted else -1
        self.candidates: tuple[Edit, ...] = ()
        self.logits: dict[Key, float] = {}
        self.fluency: dict[Key, float] = {}
        self.flips: list[Key] = []
        self.tried: dict[int, int] = {}
        self.closest: Key | None = None

    def admit(self, candidates: tuple[Edit, ...], guards: Iterable[Guard], gold_label: str) -> None:
        """Take up the candidates; `guards` are those switched on, asked again of edits made together."""
        self.candidates = candidates
        self._guards, self._gold_label = tuple(guard for guard in guards if guard.joint), gold_label

    def meets(self, logit: float) -> bool:
        """Whether a logit is what the goal asks for."""
        return (logit >= 0) == (self.sign > 0)

    def gain(self, key: Key) -> float:
        """How far towards the goal a set's logit stands from the original's; 0 where it was not scored."""
        return self.sign * (self.logits.get(key, self.original) - self.original)

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
        numbers = [
            number
            for number, candidate in enumerate(self.candidates)
            if candidate.growth > -len(parent.tokens)  # a sentence needs a token
            and not any(conflict(candidate, edit) for edit in parent.edits)
        ]
        if self._guards and parent.edits:
            numbers = [number for number in numbers if self._joint((*parent.edits, self.candidates[number]))]
        numbers = [number for number in numbers if _joined(parent, number) not in without]
        keys = [_joined(parent, number) for number in numbers]
        edits = [self.candidates[number] for number in numbers]
        if any(edit.growth for edit in parent.edits):
            edits = [moved(edit, parent.edits) for edit in edits]
        extension = Extension(parent, numbers, keys, edits)
        if not parent.fluency or not self.root.fluency:
            return extension
        changes = parent.fluency.changes(edits, self.root.fluency)
        self.fluency.update(zip(keys, changes.tolist(), strict=True))
        within = changes >= -self._floor
        return extension if within.all() else extension.part(np.flatnonzero(within).tolist())

    def _joint(self, together: Sequence[Edit]) -> bool:
        """Whether the guards that judge edits together let these through."""
        return all(guard.judge(together, self._gold_label) != FAILED for guard in self._guards)

    def effects(self, extension: Extension) -> np.ndarray | None:
        """First-order gain of each added edit, float64 [N], for one query; None to a black box."""
        effects = extension.parent.sentence.effects(extension.edits)
        if effects is None:
            return None
        self.queries += 1
        return self.sign * effects

    def score(self, extension: Extension) -> None:
        """Score sets, those that were not scored before."""
        new = [row for row, key in enumerate(extension.keys) if key not in self.logits]
        if new:
            extension = extension.part(new)
            logits, queries = extension.parent.sentence.logits(extension.edits)
            self.queries += queries
            for key, logit in zip(extension.keys, logits.tolist(), strict=True):
                self._note(key, logit)

    def score_parts(self, keys: Sequence[Key]) -> None:
        """Score sets that are parts of others, within the constraints or not: only those within them can be flips."""
        together = [[self.candidates[number] for number in key] for key in keys]
        as_one = [merged(self._tokens, edits) for edits in together]
        if self.root.fluency:
            changes = self.root.fluency.changes(as_one, self.root.fluency)
            self.fluency.update(zip(keys, changes.tolist(), strict=True))
        logits, queries = self.root.sentence.logits(as_one)
        self.queries += queries
        for key, edits, logit in zip(keys, together, logits.tolist(), strict=True):
            self._note(key, logit, self.fluency.get(key, 0.0) >= -self._floor and self._joint(edits))

    def _note(self, key: Key, logit: float, allowed: bool = True) -> None:
        self.logits[key] = logit
        self.fluency.setdefault(key, 0.0)
        if not allowed:  # scored only to see whether fewer edits do: not claimed as tried
            return
        self.tried[len(key)] = self.tried.get(len(key), 0) + 1
        if self.meets(logit):
            self.flips.append(key)
        if self.closest is None or self.sign * (logit - self.logits[self.closest]) > 0:
            self.closest = key


def _joined(parent: Parent, number: int) -> Key:
    return tuple(sorted((*parent.key, number)))

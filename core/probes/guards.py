"""Does an edit leave a person's reading of the sentence as it was? Three guards, each of which can be switched off.

- ``polarity``: the words themselves must not move away from the reading. A word's polarity is its smoothed log-odds of
  the positive label in the training data, in nats. Where a person reads the sentence as negative, an edit may make it
  `TOLERANCE` nats more positive at most; and words that speak for the other side themselves, by more than `OPPOSED`
  nats, may not come in at all. So "took" may stand for "stole", a neutral word for a negative one, but not "liked" for
  "hated", and "good" cannot be put in. Marks are no words and have no polarity here.
- ``antonyms``: no word that comes may be a known antonym of one that goes.
- ``negations``: none may be added, removed, replaced or moved.

An edit passes a guard, fails, or cannot be judged: where a word has no polarity, or the source of antonyms lacks
it. What cannot be judged is let through, and counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from core.probes.changes import Edit, removed_and_added
from core.text import Vocabulary

PASSED, FAILED, CANNOT_JUDGE = "passed", "failed", "cannot judge"
NEGATIVE, POSITIVE, MIXED = READINGS = ("negative", "positive", "mixed")
TOLERANCE = 1.6  # nats
OPPOSED = 0.5  # nats
_MARKS = frozenset('.,!?…"*')

# fmt: off
NEGATIONS = frozenset((
    "not", "no", "never", "none", "nobody", "nothing", "nowhere", "neither", "nor", "without", "cannot", "nope", "nah",
    "hardly", "barely", "scarcely", "seldom", "rarely", "isnt", "arent", "wasnt", "werent", "dont", "doesnt", "didnt",
    "cant", "couldnt", "wont", "wouldnt", "shouldnt", "havent", "hasnt", "hadnt", "aint", "mustnt", "neednt", "n't",
))
# fmt: on


class Guard(Protocol):
    """A named judge of edits made together; `joint` says that edits that pass alone may fail together."""

    @property
    def name(self) -> str: ...

    @property
    def joint(self) -> bool: ...

    def judge(self, edits: Sequence[Edit], reading: str) -> str:
        """``passed``, ``failed`` or ``cannot judge``, for a person's reading of the original (one of `READINGS`)."""


class OppositeWords(Protocol):
    """What the guard against antonyms asks of a lexicon (`core.lexicon.Lexicon`)."""

    @property
    def source(self) -> str: ...

    def judges(self, word: str) -> bool:
        """Whether the source of antonyms has the word at all."""

    def antonyms(self, word: str) -> frozenset[str]:
        """Its antonyms, inflected like it where that is possible."""


@dataclass(frozen=True)
class Polarity:
    """The guard ``polarity``: `values` are nats, float [V] over `vocabulary`; without any, nothing can be judged.

    Every edit is judged by itself: what comes and goes are sums over its words. Where the reading is mixed, it may move
    neither way.
    """

    values: np.ndarray | None
    vocabulary: Vocabulary
    tolerance: float = TOLERANCE
    opposed: float = OPPOSED
    name: str = field(default="polarity", init=False)
    joint: bool = field(default=False, init=False)

    def judge(self, edits: Sequence[Edit], reading: str) -> str:
        judged = [self._judge(edit, reading) for edit in edits]
        return FAILED if FAILED in judged else CANNOT_JUDGE if CANNOT_JUDGE in judged else PASSED

    def _judge(self, edit: Edit, reading: str) -> str:
        sums = self.sums(edit)
        if sums is None:
            return CANNOT_JUDGE
        for away in {NEGATIVE: (1,), POSITIVE: (-1,), MIXED: (1, -1)}[reading]:
            come, moved = away * sums[1], away * (sums[1] - sums[0])
            if moved > self.tolerance or min(come, moved) > self.opposed:
                return FAILED
        return PASSED

    def sums(self, edit: Edit) -> tuple[float, float] | None:
        """Polarity of the words that go and of those that come, in nats; None where one of them has none."""
        removed, added = ([word for word in words if not _MARKS.issuperset(word)] for words in removed_and_added((edit,)))
        if not removed and not added:
            return 0.0, 0.0
        if self.values is None or self.vocabulary.unknown([*removed, *added]):
            return None
        gone, come = (float(self.values[self.vocabulary.encode(words)].sum()) for words in (removed, added))
        return gone, come


class Antonyms:
    """The guard ``antonyms``: over all edits made together, so that a word left out and its antonym put in is one."""

    name, joint = "antonyms", True

    def __init__(self, lexicon: OppositeWords | None):
        self.lexicon = lexicon
        self._known: dict[str, tuple[bool, frozenset[str]]] = {}

    def judge(self, edits: Sequence[Edit], reading: str) -> str:
        removed, added = removed_and_added(edits)
        if not removed or not added:
            return PASSED
        if self.lexicon is None:
            return CANNOT_JUDGE
        found = [self._look_up(word) for word in removed]
        # Sources list some pairs one way only.
        others = [self._look_up(word) for word in added]
        if any(word in opposites for _, opposites in found for word in added) or any(
            word in opposites for _, opposites in others for word in removed
        ):
            return FAILED
        return PASSED if all(judges for judges, _ in found) else CANNOT_JUDGE

    def _look_up(self, word: str) -> tuple[bool, frozenset[str]]:
        assert self.lexicon is not None
        if word not in self._known:
            self._known[word] = self.lexicon.judges(word), self.lexicon.antonyms(word)
        return self._known[word]


class Negations:
    """The guard ``negations``."""

    name, joint = "negations", False

    def judge(self, edits: Sequence[Edit], reading: str) -> str:
        touched = any(token in NEGATIONS for edit in edits for token in (*edit.before, *edit.after))
        return FAILED if touched else PASSED


NAMES = ("polarity", "antonyms", "negations")

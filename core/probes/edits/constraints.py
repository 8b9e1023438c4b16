"""Which proposed edits are allowed? Those that keep protected words, typeable tokens and fluency.

Fluency is a trigram's total log-probability F in nats. Of n tokens, the end not counted, its change is F' − F where
n' = n. Where the lengths differ the totals do not compare, and the lower of two usual corrections is taken:

    per token                          F' (n + 1) / (n' + 1) − F
    the words' own frequency left out  (F' − Σ log p(w')) − (F − Σ log p(w))    as in SLOR (Pauls & Klein 2012)

The first alone would reward leaving out a rare word, the second putting in a set phrase.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.probes.edits.changes import Edit
from core.runtime.i18n import gettext as _
from core.runtime.i18n import mark
from core.text.preprocessing import Vocabulary

if TYPE_CHECKING:
    from core.fluency.trigram import Trigram
    from core.text.preprocessing import Preprocessing

FLOOR = 8.0  # nats


class Constraint(NamedTuple):
    """A named rule that every single edit must keep."""

    name: str
    allows: Callable[[Edit], bool]


def protected(positions: Collection[int]) -> Constraint:
    """Tokens at these positions stay: no edit replaces or moves one."""
    fixed = frozenset(positions)
    return Constraint(mark("protected words"), lambda edit: fixed.isdisjoint(range(edit.position, edit.stop)))


def typeable(preprocessing: Preprocessing | Callable[[str], list[str]]) -> Constraint:
    """New tokens that preprocessing leaves as they are: the edited text, typed, is read as these tokens."""

    @cache
    def unchanged(token: str) -> bool:
        return preprocessing(token) == [token]

    return Constraint(mark("typeable"), lambda edit: all(map(unchanged, edit.after)))


@dataclass(frozen=True)
class Fluency:
    """The trigram, and how many nats its judgement of the sentence may fall."""

    trigram: Trigram
    floor: float = FLOOR

    def __post_init__(self) -> None:
        if not self.floor >= 0:
            raise ValueError(_("fluency may fall by 0 nats or more; given: {floor}").format(floor=self.floor))


class SentenceFluency:
    """A sentence's fluency under a trigram, and how that of others differs from it."""

    def __init__(self, trigram: Trigram, tokens: Sequence[str]):
        self._trigram, self._length = trigram, len(tokens)
        (self._total,), (self._own,) = self._scores([tokens])

    def _scores(self, sentences: Sequence[Sequence[str]]) -> tuple[np.ndarray, np.ndarray]:
        """Totals of sentences, and sums of log p(w) of their words by themselves, in nats, float64 [N] each."""
        ids = np.array([number for tokens in sentences for number in self._trigram.vocabulary.encode(tokens)])
        frequencies = np.log(self._trigram.unigram[ids])
        frequencies[ids == Vocabulary.unk_id] -= np.log(self._trigram.unknown_words)  # one of many
        owner = np.repeat(np.arange(len(sentences)), [len(tokens) for tokens in sentences])
        return self._trigram.score(sentences), np.bincount(owner, frequencies, len(sentences))

    def changes(self, sentences: Sequence[Sequence[str]]) -> np.ndarray:
        """How many nats more fluent than this one other sentences are, below 0 if less, float64 [N]."""
        if not sentences:
            return np.empty(0)
        totals, own = self._scores(sentences)
        n, lengths = self._length, np.array([len(tokens) for tokens in sentences])
        change = totals - self._total
        per_token = totals * (n + 1) / (lengths + 1) - self._total
        result: np.ndarray = np.where(lengths == n, change, np.minimum(per_token, change - (own - self._own)))
        return result

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
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.probes.edits.changes import Edit
from core.probes.edits.guards import REMEMBERED
from core.runtime.i18n import gettext as _
from core.runtime.i18n import mark
from core.text.preprocessing import Vocabulary

if TYPE_CHECKING:
    from core.fluency.trigram import Trigram
    from core.text.preprocessing import Preprocessing

FLOOR = 8.0  # nats
_AT_ONCE = 4_096  # edits


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

    @lru_cache(REMEMBERED)
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
    """A sentence's fluency under a trigram, and how edits change it: only the trigrams that they touch are scored."""

    def __init__(self, trigram: Trigram, tokens: Sequence[str]):
        self._trigram, self._length = trigram, len(tokens)
        edge = [Vocabulary.pad_id] * 2  # two starts; the end and one more that is never scored
        ids = np.array([*edge, *trigram.vocabulary.encode(tokens), *edge], dtype=np.int64)
        self._ids = ids
        # Sums over the first i tokens, the end among them, [n + 2]; and of the words' own frequencies, [n + 1].
        self._scores = np.concatenate([[0.0], np.cumsum(trigram.log_probability(ids[:-3], ids[1:-2], ids[2:-1]))])
        self._own = np.concatenate([[0.0], np.cumsum(self._frequencies(ids[2:-2]))])

    def _frequencies(self, ids: np.ndarray) -> np.ndarray:
        """log p(w) of words by themselves in nats, float64 [N]; an unknown one is one of many."""
        frequencies: np.ndarray = np.log(self._trigram.unigram[ids])
        frequencies[ids == Vocabulary.unk_id] -= np.log(self._trigram.unknown_words)
        return frequencies

    def changes(
        self, edits: Sequence[Edit], original: SentenceFluency, check_cancelled: Callable[[], object] = lambda: None
    ) -> np.ndarray:
        """How many nats more fluent than `original` this sentence is after each edit alone, below 0 if less, float64
        [N]. `check_cancelled` is called many times a second."""
        parts = [np.empty(0)]
        for first in range(0, len(edits), _AT_ONCE):
            check_cancelled()
            parts.append(self._changes(edits[first : first + _AT_ONCE], original))
        return np.concatenate(parts)

    def _changes(self, edits: Sequence[Edit], original: SentenceFluency) -> np.ndarray:
        encode, count = self._trigram.vocabulary.encode, len(edits)
        starts = np.array([edit.position for edit in edits])
        stops = starts + np.array([len(edit.before) for edit in edits])
        sizes = np.array([len(edit.after) for edit in edits])
        new = np.array(encode([token for edit in edits for token in edit.after]), dtype=np.int64)
        growth = sizes - (stops - starts)
        lasts = np.minimum(stops + 2, self._length + 1)  # the two targets behind an edit have it in their context
        # A piece for each edit: two tokens that are context only, those put in, and the two behind.
        pieces = 2 + sizes + lasts - stops
        owner = np.repeat(np.arange(count), pieces)
        place = np.arange(len(owner)) - (np.cumsum(pieces) - pieces)[owner] - 2
        inside = (place >= 0) & (place < sizes[owner])
        own = np.where(inside, 0, np.where(place < 0, starts[owner], (stops - sizes)[owner]) + place + 2)
        ids_of_all = self._ids[own]
        ids_of_all[inside] = new
        targets = np.flatnonzero(place >= 0)
        scores = self._trigram.log_probability(ids_of_all[targets - 2], ids_of_all[targets - 1], ids_of_all[targets])
        totals = self._scores[-1] - (self._scores[lasts] - self._scores[starts])
        totals += np.bincount(owner[targets], scores, count)
        own = self._own[-1] - (self._own[stops] - self._own[starts])
        own += np.bincount(np.repeat(np.arange(count), sizes), self._frequencies(new), count)
        n, lengths = original._length, self._length + growth
        change = totals - original._scores[-1]
        per_token = totals * (n + 1) / (lengths + 1) - original._scores[-1]
        change = np.where(lengths == n, change, np.minimum(per_token, change - (own - original._own[-1])))
        # Sums in another order leave a hair: 0 where the trigram sees no difference.
        result: np.ndarray = np.round(change, 9) + 0.0
        return result

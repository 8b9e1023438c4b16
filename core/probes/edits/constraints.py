"""Which proposed edits are allowed? Those that keep protected words, typeable tokens and fluency.

Fluency is a trigram's total log-probability F in nats; of n tokens, the end of the sentence not counted. The change of
fluency is F' − F where n' = n. Where the lengths differ the totals do not compare, and two corrections are usual:

    per token                          F' (n + 1) / (n' + 1) − F
    the words' own frequency left out  (F' − Σ log p(w')) − (F − Σ log p(w))    as in SLOR (Pauls & Klein 2012)

The first rewards leaving out a rare word, the second putting in a set phrase. The lower of both is
taken. Only the trigrams that an edit touches are looked up again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np

from core.probes.edits.changes import Edit
from core.runtime.i18n import gettext as _
from core.runtime.i18n import mark
from core.text.preprocessing import Vocabulary

if TYPE_CHECKING:
    from core.fluency.trigram import Trigram
    from core.text.preprocessing import Preprocessing

FLOOR = 8.0  # nats


class Constraint(Protocol):
    """A named rule that every single edit must keep."""

    @property
    def name(self) -> str: ...

    def allows(self, edit: Edit) -> bool: ...


@dataclass(frozen=True)
class Protected:
    """Tokens at these positions stay."""

    positions: frozenset[int]
    name: str = mark("protected words")

    def allows(self, edit: Edit) -> bool:
        """Whether an edit replaces or moves none of them."""
        return self.positions.isdisjoint(range(edit.position, edit.stop))

    @classmethod
    def words(cls, tokens: Sequence[str], words: Collection[str]) -> Protected:
        """Every position of one of these tokens."""
        return cls(frozenset(i for i, token in enumerate(tokens) if token in words))


class Typeable:
    """New tokens that preprocessing leaves as they are: the edited text, typed, is read as these tokens."""

    name = mark("typeable")

    def __init__(self, preprocessing: Preprocessing | Callable[[str], list[str]]):
        self._preprocessing = preprocessing
        self._known: dict[str, bool] = {}

    def allows(self, edit: Edit) -> bool:
        """Whether each new token is read as itself."""
        for token in edit.after:
            if token not in self._known:
                self._known[token] = self._preprocessing(token) == [token]
        return all(self._known[token] for token in edit.after)


@dataclass(frozen=True)
class Fluency:
    """The trigram, and how many nats its judgement of the sentence may fall."""

    trigram: Trigram
    floor: float = FLOOR

    def __post_init__(self) -> None:
        if not self.floor >= 0:
            raise ValueError(_("fluency may fall by 0 nats or more; given: {floor}").format(floor=self.floor))


class SentenceFluency:
    """A sentence's fluency under a trigram, and what edits of it change."""

    def __init__(self, trigram: Trigram, tokens: Sequence[str]):
        self.trigram, self.tokens = trigram, tuple(tokens)
        self.total = float(trigram.score([self.tokens])[0])
        self._own = self._frequencies(trigram.vocabulary.encode(self.tokens))
        self.own = float(self._own.sum())

    def _frequencies(self, ids: Sequence[int]) -> np.ndarray:
        """log p(w) of words by themselves in nats, float64 [N]; an unknown one is one of many."""
        numbers = np.array(ids, dtype=np.int64)
        frequencies: np.ndarray = np.log(self.trigram.unigram[numbers])
        frequencies[numbers == Vocabulary.unk_id] -= np.log(self.trigram.unknown_words)
        return frequencies

    @cached_property
    def _ids(self) -> np.ndarray:
        """Ids with two starts before and, behind, the end and one more entry that no target reaches."""
        edge = [Vocabulary.pad_id] * 2
        return np.array([*edge, *self.trigram.vocabulary.encode(self.tokens), *edge], dtype=np.int64)

    @cached_property
    def _parts(self) -> np.ndarray:
        """Sums of the log-probabilities of the first i tokens, [n + 2]; the end is the last."""
        ids = self._ids[:-1]
        scores = self.trigram.log_probability(ids[:-2], ids[1:-1], ids[2:])
        return np.concatenate([[0.0], np.cumsum(scores)])

    def changes(self, edits: Sequence[Edit], original: SentenceFluency) -> np.ndarray:
        """How many nats less or more fluent than `original` this sentence is after each edit alone, float64 [N]."""
        if not edits:
            return np.empty(0)
        lengths = len(self.tokens) + np.array([edit.growth for edit in edits])
        totals, own = self._after(edits)
        return _change(totals, own, lengths, original)

    def change(self, original: SentenceFluency) -> float:
        """How many nats less or more fluent than `original` this sentence is."""
        total, own, length = (np.array([number]) for number in (self.total, self.own, len(self.tokens)))
        return float(_change(total, own, length, original)[0])

    def _after(self, edits: Sequence[Edit]) -> tuple[np.ndarray, np.ndarray]:
        """Totals and sums of the words' own log-probabilities after each edit by itself, float64 [N] each."""
        n, encode, frame = len(self.tokens), self.trigram.vocabulary.encode, self._ids.tolist()
        stream: list[int] = []  # for each edit two tokens before it, its own, and what stands behind as far as needed
        counts, added = [], []
        for edit in edits:
            # Of what stands behind an edit, two targets have it in their context; the last target is the end.
            new, last = encode(edit.after), min(edit.stop + 2, n + 1)
            stream += [*frame[edit.position : edit.position + 2], *new, *frame[edit.stop + 2 : last + 2]]
            counts.append(len(new) + last - edit.stop)
            added.append(new)
        starts = np.array([edit.position for edit in edits])
        stops = np.array([edit.stop for edit in edits])
        number, owner = np.array(counts), np.repeat(np.arange(len(edits)), counts)
        # Each edit's stretch of the stream begins with two tokens that are context only.
        targets = np.arange(number.sum()) + 2 * (owner + 1)
        ids = np.array(stream, dtype=np.int64)
        scores = self.trigram.log_probability(ids[targets - 2], ids[targets - 1], ids[targets])
        totals = self.total + np.bincount(owner, scores, len(edits))
        totals += self._parts[starts] - self._parts[np.minimum(stops + 2, n + 1)]
        gone = np.concatenate([[0.0], np.cumsum(self._own)])
        own = self.own + gone[starts] - gone[stops]
        new_owner = np.repeat(np.arange(len(edits)), [len(new) for new in added])
        own += np.bincount(new_owner, self._frequencies([word for new in added for word in new]), len(edits))
        return totals, own


def _change(totals: np.ndarray, own: np.ndarray, lengths: np.ndarray, original: SentenceFluency) -> np.ndarray:
    n = len(original.tokens)
    change = totals - original.total
    per_token = totals * (n + 1) / (lengths + 1) - original.total
    result: np.ndarray = np.where(lengths == n, change, np.minimum(per_token, change - (own - original.own)))
    return result

"""Which proposed edits are allowed? Protected places, tokens that stay what they are when typed, and fluency.

Fluency is a trigram's total log-probability in nats. Where an edit changes the number of tokens the totals do not
compare, so the change is one per token, times the original's tokens (the end of the sentence being one):

    change = F' (n + 1) / (n' + 1) − F

which is F' − F where n' = n. Only the trigrams that an edit touches are looked up again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np

from core.probes.changes import Edit

if TYPE_CHECKING:
    from core.fluency import Trigram
    from core.text import Preprocessing

FLOOR = 8.0  # nats


class Constraint(Protocol):
    """A named rule that every single edit must keep."""

    @property
    def name(self) -> str: ...

    def allows(self, edit: Edit) -> bool: ...


@dataclass(frozen=True)
class Protected:
    """Tokens at these places stay, where they are."""

    places: frozenset[int]
    name: str = "protected words"

    def allows(self, edit: Edit) -> bool:
        """Whether an edit replaces or moves none of them."""
        return self.places.isdisjoint(range(edit.position, edit.stop))

    @classmethod
    def words(cls, tokens: Sequence[str], words: Collection[str]) -> Protected:
        """Every place where one of these tokens stands."""
        return cls(frozenset(place for place, token in enumerate(tokens) if token in words))


class Typeable:
    """New tokens that preprocessing leaves as they are: the edited text, typed, is read as these tokens."""

    name = "typeable"

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
            raise ValueError(f"fluency may fall by 0 nats or more; given: {self.floor}")


class FluencyOfEdits:
    """A sentence's fluency under a trigram, and that of every edited sentence; `of` makes one from an edited one."""

    def __init__(self, trigram: Trigram, tokens: Sequence[str]):
        self.trigram, self.tokens = trigram, tuple(tokens)
        self.total = float(trigram.score([self.tokens])[0])

    @cached_property
    def _ids(self) -> np.ndarray:
        """Ids with two starts before and, behind, the end and one more entry that no target reaches."""
        edge = [0, 0]
        return np.array([*edge, *self.trigram.vocabulary.encode(self.tokens), *edge], dtype=np.int64)

    @cached_property
    def _parts(self) -> np.ndarray:
        """Running sums of the log-probabilities of the tokens and the end: entry i is the sum over the first i."""
        ids = self._ids[:-1]
        found = self.trigram.log_probability(ids[:-2], ids[1:-1], ids[2:])
        return np.concatenate([[0.0], np.cumsum(found)])

    def totals(self, edits: Sequence[Edit]) -> np.ndarray:
        """Total log-probability in nats of the sentence after each edit by itself, float64 [N]."""
        n, encode = len(self.tokens), self.trigram.vocabulary.encode
        stream: list[int] = []
        starts, counts, changes = [], [], np.zeros(len(edits))
        for number, edit in enumerate(edits):
            # Of what stands behind an edit, two targets have it in their context; the last target is the end.
            last = min(edit.stop + 2, n + 1)
            begin = edit.position
            starts.append(len(stream))
            stream += self._ids[begin : begin + 2].tolist()
            stream += encode(edit.after)
            stream += self._ids[edit.stop + 2 : last + 2].tolist()
            counts.append(len(edit.after) + last - edit.stop)
            changes[number] = self._parts[begin] - self._parts[last]
        if not edits:
            return changes
        ids = np.array(stream, dtype=np.int64)
        targets = np.concatenate([np.arange(start + 2, start + 2 + c) for start, c in zip(starts, counts, strict=True)])
        found = self.trigram.log_probability(ids[targets - 2], ids[targets - 1], ids[targets])
        owner = np.repeat(np.arange(len(edits)), counts)
        return self.total + changes + np.bincount(owner, found, len(edits))

    def changes(self, edits: Sequence[Edit], original: FluencyOfEdits) -> np.ndarray:
        """How many nats each edit of this sentence changes the fluency of `original`, float64 [N], as above."""
        lengths = np.array([len(self.tokens) + edit.growth for edit in edits], dtype=np.float64)
        return self.totals(edits) * (len(original.tokens) + 1) / (lengths + 1) - original.total

    def change(self, original: FluencyOfEdits) -> float:
        """How many nats this sentence's fluency is away from that of `original`, as above."""
        return self.total * (len(original.tokens) + 1) / (len(self.tokens) + 1) - original.total

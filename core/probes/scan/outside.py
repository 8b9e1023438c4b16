"""P(class 1) of a corpus by a callable, wherever that happens: it travels as its name and is imported where it is used.

What else scores the same texts may stand beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.models import predictor
from core.models.predictor import BlackBox, PredictorError, telling
from core.probes.scan.windows import TOKENS_LIMIT

if TYPE_CHECKING:
    from core.probes.scan.scoring import Scoring, Source


@dataclass(frozen=True)
class Asked:
    """A callable by its spec, name and hash, and what else scores the texts, if anything."""

    spec: str
    name: str
    hash: str
    others: Source | None = None

    @classmethod
    def of(cls, asked: BlackBox, others: Source | None = None) -> Asked:
        """The one that was loaded."""
        return cls(asked.spec, asked.name, asked.hash, others)

    @property
    def hashes(self) -> tuple[tuple[str, str], ...]:
        """Its own, then the others'."""
        return ((self.name, self.hash), *(self.others.hashes if self.others else ()))

    def load(self) -> Scoring:
        """The callable as it is there. Raises PredictorError for one of another module's file, or that is not there."""
        found = predictor.load(self.spec)
        if found.hash != self.hash:
            raise PredictorError(f"{self.spec} is not the one that the scan began with: its module's file has changed")
        return AskedScoring(found, self.name, self.others.load() if self.others else None)


class AskedScoring:
    """A `Scoring` by a callable; what is scored beside it leaves out its own texts, and adds its own problems."""

    def __init__(self, asked: BlackBox, name: str, others: Scoring | None = None):
        self._asked, self._name, self._others = asked, name, others

    def __call__(
        self, texts: Sequence[str], problems: dict[int, str], check_cancelled: Callable[[], object]
    ) -> Mapping[str, np.ndarray]:
        found = dict(self._others(texts, problems, check_cancelled)) if self._others else {}
        read = self._asked.preprocessing
        lengths = np.array([len(read(text)) for text in texts], dtype=np.int64)
        for place in np.flatnonzero(lengths > TOKENS_LIMIT).tolist():
            problems[place] = f"{lengths[place]:,} words, of which at most {TOKENS_LIMIT:,} are read"
        places = np.flatnonzero((lengths > 0) & (lengths <= TOKENS_LIMIT)).tolist()
        own = np.full(len(texts), np.nan)
        with telling(lambda done, total: check_cancelled()):
            own[places] = self._asked.probabilities([texts[place] for place in places])
        return {self._name: own, **found}

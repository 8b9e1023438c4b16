"""From texts to probabilities, wherever that happens: in this process, in one of several, on another machine.

A `Source` says what to score with and travels as names; `Source.load` makes a `Scoring` of it where the work is done.
Anything that has these two can score a corpus.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from core.data.corpus import Encoder
from core.models.predict import logits, sigmoid
from core.probes.scan.windows import TOKENS_LIMIT, alike

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint

_BATCH = 256  # rows scored together: what stays in a core's cache is faster than larger ones


class Scoring(Protocol):
    """P(class 1) of texts by model, each float64 [N], "not a number" where a text is not scored.

    Every model scores the same texts. Of one that has words and is not scored, `problems` is told why, by its place.
    """

    def __call__(
        self, texts: Sequence[str], problems: dict[int, str], check_cancelled: Callable[[], object]
    ) -> Mapping[str, np.ndarray]: ...


class Source(Protocol):
    """What to score with: hashes by the names of the models, in order, and where to get them. It can be pickled."""

    @property
    def hashes(self) -> tuple[tuple[str, str], ...]: ...

    def load(self) -> Scoring:
        """Ready for use. Raises ValueError or OSError."""


@dataclass(frozen=True)
class Checkpoints:
    """Checkpoints of a folder, by their names and hashes."""

    root: Path
    hashes: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, loaded: Sequence[Checkpoint], root: Path) -> Checkpoints:
        """Those that were loaded from there."""
        return cls(root.resolve(), tuple((checkpoint.name, checkpoint.hash) for checkpoint in loaded))

    def load(self) -> Scoring:
        """The checkpoints as they are there, joining split contractions or not as they did.

        Raises ValueError for one that is another now, or cannot be loaded.
        """
        from core.models import checkpoints

        found = []
        for name, expected in self.hashes:
            loaded = checkpoints.load(name, self.root)
            alike = [one for one in (loaded, checkpoints.rejoining(loaded)) if one.hash == expected]
            if not alike:
                raise ValueError(f"checkpoint {name!r} in {self.root} is not the one that the scan began with")
            found.append(alike[0])
        return CheckpointScoring(found)


class CheckpointScoring:
    """A `Scoring` by checkpoints; those that read alike share the work of reading."""

    def __init__(self, loaded: Sequence[Checkpoint]):
        self._readers: list[tuple[Encoder, list[Checkpoint]]] = []
        self._names = [checkpoint.name for checkpoint in loaded]
        for checkpoint in loaded:
            for _, models in self._readers:
                if alike(models[0], checkpoint):
                    models.append(checkpoint)
                    break
            else:
                self._readers.append((Encoder(checkpoint.preprocessing, checkpoint.vocabulary), [checkpoint]))

    def __call__(
        self, texts: Sequence[str], problems: dict[int, str], check_cancelled: Callable[[], object]
    ) -> Mapping[str, np.ndarray]:
        read = [(encoder(texts), models) for encoder, models in self._readers]
        longest = np.max([encoded.lengths for encoded, _ in read], axis=0)
        for place in np.flatnonzero(longest > TOKENS_LIMIT).tolist():
            problems[place] = f"{longest[place]:,} words, of which at most {TOKENS_LIMIT:,} are read"
        scored = np.flatnonzero((longest > 0) & (longest <= TOKENS_LIMIT))
        found = {name: np.full(len(texts), np.nan) for name in self._names}
        for encoded, models in read:
            sentences = encoded.take(scored)
            for model in models:
                found[model.name][scored] = sigmoid(
                    logits(model.model, sentences, _BATCH, check_cancelled=check_cancelled)
                )
        return found

"""What every method of attribution is given, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.models.predictor import inside
from core.runtime.i18n import LazyMessage

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.predictor import Model


NOTHING = LazyMessage()


class Reading(NamedTuple):
    """A model and the tokens that it reads, at least one."""

    checkpoint: Model
    text: str
    tokens: tuple[str, ...]

    @property
    def inside(self) -> Checkpoint:
        """The model with its states and weights. Raises ValueError where it has none."""
        return inside(self.checkpoint, "this")


@dataclass(frozen=True)
class Scores:
    """What one method says of each token, in logits unless it says otherwise.

    `scores` float64 [n], positive where a token speaks for the positive verdict; `errors` [n] are standard errors where
    the method samples. `base_logit` is the logit of the text without its words, as the method means that; None where it
    has no such thing. `delta` is sum(scores) − (logit − base_logit) where completeness is promised, else None. `spent`
    says what the method did ("64 steps", "2,304 samples"), `warning` what a reader must know before trusting it.
    """

    scores: np.ndarray
    base_logit: float | None
    delta: float | None
    errors: np.ndarray | None = None
    spent: LazyMessage = NOTHING
    warning: LazyMessage = NOTHING


@dataclass(frozen=True)
class Attribution:
    """One method's `Scores` for one text and model, with what they are about.

    `known` says of each token whether the model's vocabulary has it. `baseline` is what removing a word means to the
    method, one of `core.probes.attribution.removal.BASELINES`, or "" where it removes none. `logit` is of the whole
    text; `seconds` the time it took.
    """

    model: str
    text: str
    tokens: tuple[str, ...]
    known: tuple[bool, ...]
    method: str
    baseline: str
    scores: np.ndarray
    errors: np.ndarray | None
    base_logit: float | None
    logit: float
    delta: float | None
    spent: LazyMessage
    warning: LazyMessage
    seconds: float

    def __len__(self) -> int:
        return len(self.tokens)

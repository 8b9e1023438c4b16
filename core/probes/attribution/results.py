"""What a method of attribution is given and what it gives back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Self

import numpy as np

from core.data.targets import POSITIVE, Target
from core.models.predict import EmptyTextError, aimed
from core.models.predictor import inside
from core.runtime.i18n import LazyMessage
from core.runtime.shown import Shown

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.predictor import Model


NOTHING = LazyMessage()


class Instance(NamedTuple):
    """What is explained: a model with a target and the tokens it reads, at least one."""

    checkpoint: Model
    text: str
    tokens: tuple[str, ...]

    @classmethod
    def of(cls, checkpoint: Model, text: str) -> Self:
        """A text as a model reads it, as `of_tokens`. Raises EmptyTextError for a text without a token."""
        return cls.of_tokens(checkpoint, checkpoint.preprocessing(text), text)

    @classmethod
    def of_tokens(cls, checkpoint: Model, tokens: Sequence[str], text: str | None = None) -> Self:
        """Tokens as they are, and the model, its target the predicted class unless it has one. Raises EmptyTextError
        for none."""
        if not tokens:
            raise EmptyTextError("the text is empty: there is no word to read")
        return cls(aimed(checkpoint, tokens), " ".join(tokens) if text is None else text, tuple(tokens))

    @property
    def target(self) -> Target:
        """The class whose log-odds are explained."""
        target = self.checkpoint.target
        if target is None:
            raise ValueError(f"{self.checkpoint.name} has no target")
        return target

    @property
    def white_box(self) -> Checkpoint:
        """The model with its states and weights. Raises ValueError for a black box."""
        return inside(self.checkpoint, "this")

    @property
    def known(self) -> tuple[bool, ...]:
        """Which tokens are in the model's vocabulary."""
        return tuple(token in self.checkpoint.vocabulary for token in self.tokens)


@dataclass(frozen=True)
class Scores:
    """What one method says of each token, in logits unless it says otherwise.

    `scores` float64 [n] are positive where a token speaks for the target; `errors` [n] are standard errors
    where the method samples. `base_logit` is the logit without the words, as the method defines that; None where it
    does not. `delta` is sum(scores) − (logit − base_logit) where completeness is promised, else None. `spent` says what
    the method did ("64 steps", "2,304 samples"), `warning` what a reader must know before trusting it.
    """

    scores: np.ndarray
    base_logit: float | None = None
    delta: float | None = None
    errors: np.ndarray | None = None
    spent: LazyMessage = NOTHING
    warning: LazyMessage = NOTHING


@dataclass(frozen=True)
class Attribution(Shown):
    """One method's `Scores` for one text and model.

    `known` says which tokens the model's vocabulary has. `baseline` is the removal method, one of
    `core.probes.attribution.removal.BASELINES`, or "" where no word is removed. `logit` is that of the `target` for the
    whole text.
    """

    pictured: ClassVar[bool] = True

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
    target: Target = POSITIVE

    def __len__(self) -> int:
        return len(self.tokens)

"""Whose verdict is to change? Any predictor as a black box, or a classifier as a white box.

Both read a sentence and then edits of it. A white box reads the prefix before an edit once, reads edits that it cannot
tell apart once, and ranks edits beforehand by a gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from core.data.targets import two_only
from core.models.predictor import BlackBox, log_odds
from core.models.token_predictor import Predictor, checked, predictor
from core.probes.edits.changes import Edit, apply

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.predictor import Model
    from core.models.shared_suffixes import Change


class BlackBoxSentence:
    """A sentence as a predictor reads it, and edits of it. Raises ValueError where it gives no probabilities."""

    sees_inside = False

    def __init__(self, predict: Predictor, tokens: Sequence[str]):
        self._predict, self._tokens = predict, tuple(tokens)

    @cached_property
    def logit(self) -> float:
        """The sentence's logit, one query."""
        return float(self._score([self._tokens])[0])

    def _score(self, sentences: Sequence[Sequence[str]]) -> np.ndarray:
        return log_odds(checked(self._predict(sentences), len(sentences)))

    def logits(self, edits: Sequence[Edit]) -> tuple[np.ndarray, int]:
        """Logits float64 [N] of the sentence after each edit by itself, and how many sentences were scored for them."""
        return self._score([apply(self._tokens, (edit,)) for edit in edits]), len(edits)

    def effects(self, edits: Sequence[Edit]) -> None:
        """First-order changes of the logit, float64 [N], from one gradient; none of a black box."""


class WhiteBoxSentence:
    """The same of a checkpoint's classifier, its states and gradients used."""

    sees_inside = True

    def __init__(self, checkpoint: Checkpoint, tokens: Sequence[str]):
        from core.models.shared_suffixes import ChangedSentence

        self._encode = checkpoint.vocabulary.encode
        self._sentence = ChangedSentence(checkpoint.model, self._encode(tokens))

    @property
    def logit(self) -> float:
        return self._sentence.logit

    def logits(self, edits: Sequence[Edit]) -> tuple[np.ndarray, int]:
        changes = [self._as_change(edit) for edit in edits]
        numbers = {change: number for number, change in enumerate(dict.fromkeys(changes))}
        logits = self._sentence.logits(list(numbers)).astype(np.float64)
        return logits[[numbers[change] for change in changes]], len(numbers)

    def effects(self, edits: Sequence[Edit]) -> np.ndarray:
        return self._sentence.effects([self._as_change(edit) for edit in edits])

    def _as_change(self, edit: Edit) -> Change:
        return edit.position, edit.stop, tuple(self._encode(edit.after))


ReadSentence = BlackBoxSentence | WhiteBoxSentence
Victim = Callable[[Sequence[str]], ReadSentence]


def victim(model: Model) -> Victim:
    """A model as far as it can be seen."""
    two_only(model)
    return black_box(predictor(model)) if isinstance(model, BlackBox) else white_box(model)


def black_box(predict: Predictor) -> Victim:
    """A predictor, by its answers alone."""
    return partial(BlackBoxSentence, predict)


def white_box(checkpoint: Checkpoint) -> Victim:
    """A checkpoint's classifier."""
    return partial(WhiteBoxSentence, checkpoint)

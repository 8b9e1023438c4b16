"""Whose verdict is to change? Any predictor as a black box, or a classifier as a white box.

Both read a sentence and then edits of it, and give the predicted classes and the log-odds of any target. A white box
reads the prefix before an edit once, reads edits that it cannot tell apart once, and ranks edits beforehand by a
gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.data import targets
from core.data.labels import SENTIMENT, Names
from core.data.targets import Target
from core.models.predictor import BlackBox
from core.models.token_predictor import Predictor, checked, predictor
from core.probes.edits.changes import Edit, apply

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.predictor import Model
    from core.models.shared_suffixes import Change


class Verdicts(NamedTuple):
    """What a model says of N sentences: the predicted classes uint8 [N], and the log-odds float64 [N] of a target."""

    classes: np.ndarray
    log_odds: Callable[[Target], np.ndarray]


class BlackBoxSentence:
    """A sentence as a predictor reads it, and edits of it. Raises ValueError where it gives no probabilities."""

    sees_inside = False

    def __init__(self, predict: Predictor, labels: Names, tokens: Sequence[str]):
        self._predict, self._labels, self._tokens = predict, labels, tuple(tokens)

    @cached_property
    def own(self) -> Verdicts:
        """The one on the sentence itself, one query."""
        return self._read([self._tokens])

    def _read(self, sentences: Sequence[Sequence[str]]) -> Verdicts:
        probabilities = checked(self._predict(sentences), len(sentences), self._labels)
        return Verdicts(targets.predicted_of(probabilities), partial(targets.log_odds_of, probabilities))

    def edited(self, edits: Sequence[Edit]) -> tuple[Verdicts, int]:
        """Those on the sentence after each edit by itself, and how many sentences were scored for them."""
        return self._read([apply(self._tokens, (edit,)) for edit in edits]), len(edits)

    def effects(self, edits: Sequence[Edit], target: Target) -> None:
        """First-order changes of a target's log-odds, float64 [N], from one gradient; none of a black box."""


class WhiteBoxSentence:
    """The same of a checkpoint's classifier, its states and gradients used."""

    sees_inside = True

    def __init__(self, checkpoint: Checkpoint, tokens: Sequence[str]):
        from core.models.shared_suffixes import ChangedSentence

        self._encode = checkpoint.vocabulary.encode
        self._sentence = ChangedSentence(checkpoint.model.every, self._encode(tokens))

    @property
    def own(self) -> Verdicts:
        return _of_scores(self._sentence.logit[None])

    def edited(self, edits: Sequence[Edit]) -> tuple[Verdicts, int]:
        changes = [self._as_change(edit) for edit in edits]
        numbers = {change: number for number, change in enumerate(dict.fromkeys(changes))}
        scores = self._sentence.logits(list(numbers))
        return _of_scores(scores[[numbers[change] for change in changes]]), len(numbers)

    def effects(self, edits: Sequence[Edit], target: Target) -> np.ndarray:
        return self._sentence.effects([self._as_change(edit) for edit in edits], target)

    def _as_change(self, edit: Edit) -> Change:
        return edit.position, edit.stop, tuple(self._encode(edit.after))


def _of_scores(scores: np.ndarray) -> Verdicts:
    return Verdicts(targets.predicted(scores), partial(targets.log_odds, scores.astype(np.float64)))


ReadSentence = BlackBoxSentence | WhiteBoxSentence
Victim = Callable[[Sequence[str]], ReadSentence]


def victim(model: Model) -> Victim:
    """A model as far as it can be seen."""
    return black_box(predictor(model), model.labels) if isinstance(model, BlackBox) else white_box(model)


def black_box(predict: Predictor, labels: Names = SENTIMENT) -> Victim:
    """A predictor of these classes, by its answers alone."""
    return partial(BlackBoxSentence, predict, labels)


def white_box(checkpoint: Checkpoint) -> Victim:
    """A checkpoint's classifier."""
    return partial(WhiteBoxSentence, checkpoint)

"""Whose verdict is to change? Any predictor as a black box, or a classifier as a white box.

Both read a sentence and then edits of it, and give the predicted classes and the log-odds of any target. A white box
reads the prefix before an edit once, reads edits that it cannot tell apart once, and ranks edits beforehand by a
gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

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
        self._own: Verdicts | None = None

    @property
    def own(self) -> Verdicts:
        """The one on the sentence itself, one query."""
        self.read_own([self])
        assert self._own is not None
        return self._own

    def _read(self, sentences: Sequence[Sequence[str]]) -> np.ndarray:
        return checked(self._predict(sentences), len(sentences), self._labels)

    def edited(self, edits: Sequence[Edit]) -> tuple[Verdicts, int]:
        """Those on the sentence after each edit by itself, and how many sentences were scored for them."""
        return self.edited_together([(self, edits)])[0]

    def effects(self, edits: Sequence[Edit], target: Target) -> np.ndarray | None:
        """First-order changes of a target's log-odds, float64 [N], from one gradient; none of a black box."""
        return None

    @staticmethod
    def read_own(sentences: Sequence[BlackBoxSentence]) -> None:
        """Read sentences in one call, those that were not read before."""
        new = [sentence for sentence in sentences if sentence._own is None]
        if new:
            probabilities = new[0]._read([sentence._tokens for sentence in new])
            for row, sentence in enumerate(new):
                sentence._own = _of_probabilities(probabilities[row : row + 1])

    @staticmethod
    def edited_together(asked: Sequence[tuple[BlackBoxSentence, Sequence[Edit]]]) -> list[tuple[Verdicts, int]]:
        """`edited` of each, in one call."""
        sentences = [apply(sentence._tokens, (edit,)) for sentence, edits in asked for edit in edits]
        ends = np.cumsum([len(edits) for _sentence, edits in asked])
        parts = np.split(asked[0][0]._read(sentences), ends[:-1])
        return [(_of_probabilities(part), len(part)) for part in parts]

    @staticmethod
    def effects_together(
        asked: Sequence[tuple[BlackBoxSentence, Sequence[Edit]]], target: Target
    ) -> list[np.ndarray | None]:
        """`effects` of each."""
        return [None] * len(asked)


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
        return self.edited_together([(self, edits)])[0]

    def effects(self, edits: Sequence[Edit], target: Target) -> np.ndarray | None:
        return self.effects_together([(self, edits)], target)[0]

    @staticmethod
    def read_own(sentences: Sequence[WhiteBoxSentence]) -> None:
        from core.models.shared_suffixes import read_own

        read_own([sentence._sentence for sentence in sentences])

    @staticmethod
    def edited_together(asked: Sequence[tuple[WhiteBoxSentence, Sequence[Edit]]]) -> list[tuple[Verdicts, int]]:
        from core.models.shared_suffixes import read

        changes = [sentence._changes(edits) for sentence, edits in asked]
        numbers = [{change: number for number, change in enumerate(dict.fromkeys(some))} for some in changes]
        scores = read([(one._sentence, list(some)) for (one, _edits), some in zip(asked, numbers, strict=True)])
        return [
            (_of_scores(of_all[[distinct[change] for change in some]]), len(distinct))
            for of_all, distinct, some in zip(scores, numbers, changes, strict=True)
        ]

    @staticmethod
    def effects_together(
        asked: Sequence[tuple[WhiteBoxSentence, Sequence[Edit]]], target: Target
    ) -> list[np.ndarray | None]:
        from core.models.shared_suffixes import effects

        return [*effects([(sentence._sentence, sentence._changes(edits)) for sentence, edits in asked], target)]

    def _changes(self, edits: Sequence[Edit]) -> list[Change]:
        encode = self._encode
        return [(edit.position, edit.stop, tuple(encode(edit.after))) for edit in edits]


def _of_scores(scores: np.ndarray) -> Verdicts:
    return Verdicts(targets.predicted(scores), partial(targets.log_odds, scores.astype(np.float64)))


def _of_probabilities(probabilities: np.ndarray) -> Verdicts:
    return Verdicts(targets.predicted_of(probabilities), partial(targets.log_odds_of, probabilities))


ReadSentence = BlackBoxSentence | WhiteBoxSentence
Victim = Callable[[Sequence[str]], ReadSentence]


class Asked(NamedTuple):
    """What a search asks of its victim: the verdicts on edits of a sentence; with a target, their effects on it."""

    sentence: ReadSentence
    edits: Sequence[Edit]
    target: Target | None = None


def answers(asked: Sequence[Asked]) -> list[Any]:
    """What `edited`, or with a target `effects`, gives for each, of sentences of one victim, side by side."""
    found: list[Any] = [None] * len(asked)
    for target in dict.fromkeys(one.target for one in asked):
        numbers = [number for number, one in enumerate(asked) if one.target == target]
        some: list[Any] = [(asked[number].sentence, asked[number].edits) for number in numbers]
        kind = type(some[0][0])
        replies = kind.edited_together(some) if target is None else kind.effects_together(some, target)
        for number, reply in zip(numbers, replies, strict=True):
            found[number] = reply
    return found


def victim(model: Model) -> Victim:
    """A model as far as it can be seen."""
    return black_box(predictor(model), model.labels) if isinstance(model, BlackBox) else white_box(model)


def black_box(predict: Predictor, labels: Names = SENTIMENT) -> Victim:
    """A predictor of these classes, by its answers alone."""
    return partial(BlackBoxSentence, predict, labels)


def white_box(checkpoint: Checkpoint) -> Victim:
    """A checkpoint's classifier."""
    return partial(WhiteBoxSentence, checkpoint)

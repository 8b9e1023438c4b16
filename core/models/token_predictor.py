"""What a black-box probe needs of a model: token lists in, probabilities out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.data import targets
from core.data.labels import SENTIMENT, Names
from core.models.predictor import BlackBox
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.models.predictor import Model

_ROUNDING = 1e-3  # by which the probabilities of a sentence's classes may miss the sum 1

Predictor = Callable[[Sequence[Sequence[str]]], np.ndarray]
"""P(second class) float [N] of N token lists, or [N, K] for more than two classes: a checkpoint's, a scikit-learn
pipeline's, a three-line fake's."""


def predictor(checkpoint: Model) -> Predictor:
    """A model as a black box over tokens, whatever its target."""
    if isinstance(checkpoint, BlackBox):
        return checkpoint.of_tokens
    from core.data.corpus import encode_tokens
    from core.models.predict import logits

    model = checkpoint.model.every

    def probabilities(sentences: Sequence[Sequence[str]]) -> np.ndarray:
        return targets.probabilities(logits(model, encode_tokens(sentences, checkpoint.vocabulary)))

    return probabilities


def reader(model: Model) -> Callable[[str], Sequence[str]]:
    """A model's tokeniser for texts as typed: a black box reads the whole text as one token."""
    return whole if isinstance(model, BlackBox) else model.preprocessing


def whole(text: str) -> tuple[str, ...]:
    """A text as one token."""
    return (text,)


def checked(probabilities: np.ndarray, count: int, labels: Names = SENTIMENT) -> np.ndarray:
    """A predictor's answer for `count` sentences, float64 [N], or [N, K] for more than two `labels`.

    Raises ValueError unless these are probabilities, those of a sentence's classes with the sum 1.
    """
    values = np.asarray(probabilities, dtype=np.float64)
    if values.shape != (count, *targets.axis(labels)) or not ((values >= 0) & (values <= 1)).all():
        message = (
            _(
                "a predictor must give one probability from 0 to 1 for each of {count:,} sentences; "
                "it gave an array of shape {shape} from {least:g} to {most:g}"
            )
            if values.size
            else _(
                "a predictor must give one probability from 0 to 1 for each of {count:,} sentences; "
                "it gave an array of shape {shape}"
            )
        )
        low, high = (values.min(), values.max()) if values.size else (0.0, 0.0)
        raise ValueError(message.format(count=count, shape=values.shape, least=low, most=high))
    if values.ndim > 1 and (wrong := np.abs(values.sum(axis=-1) - 1) > _ROUNDING).any():
        row = int(wrong.argmax())
        why = _("the probabilities of a sentence's classes must have the sum 1; sentence {number:,} has {total:g}")
        raise ValueError(why.format(number=row + 1, total=values[row].sum()))
    return values

"""What a black-box probe needs of a model: token lists in, P(positive) out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.models.predictor import BlackBox
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.models.predictor import Model

Predictor = Callable[[Sequence[Sequence[str]]], np.ndarray]
"""P(positive) float [N] of N token lists: a checkpoint's, a scikit-learn pipeline's, a three-line fake's."""


def predictor(checkpoint: Model) -> Predictor:
    """A model as a black box over tokens."""
    if isinstance(checkpoint, BlackBox):
        return checkpoint.of_tokens
    from core.data.corpus import encode_tokens
    from core.models.predict import logits, sigmoid

    def probabilities(sentences: Sequence[Sequence[str]]) -> np.ndarray:
        return sigmoid(logits(checkpoint.model, encode_tokens(sentences, checkpoint.vocabulary)))

    return probabilities


def reader(model: Model) -> Callable[[str], Sequence[str]]:
    """A model's tokeniser for texts as typed: a black box reads the whole text as one token."""
    return whole if isinstance(model, BlackBox) else model.preprocessing


def whole(text: str) -> tuple[str, ...]:
    """A text as one token."""
    return (text,)


def checked(probabilities: np.ndarray, count: int) -> np.ndarray:
    """A predictor's answer for `count` sentences, float64 [N]. Raises ValueError unless these are probabilities."""
    values = np.asarray(probabilities, dtype=np.float64)
    if values.shape != (count,) or not ((values >= 0) & (values <= 1)).all():
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
    return values

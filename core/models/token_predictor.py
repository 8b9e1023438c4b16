"""What does a black-box probe need of a model? Token lists in, P(positive) out: nothing else."""

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
    """A model as a black box; a token that a checkpoint's vocabulary lacks is unknown to it."""
    if isinstance(checkpoint, BlackBox):
        return checkpoint.of_tokens
    from core.data.corpus import encode_tokens
    from core.models.predict import logits, sigmoid

    def probabilities(sentences: Sequence[Sequence[str]]) -> np.ndarray:
        return sigmoid(logits(checkpoint.model, encode_tokens(sentences, checkpoint.vocabulary)))

    return probabilities


def reader(model: Model) -> Callable[[str], Sequence[str]]:
    """The tokens to ask a `predictor` of a model about where a text stays as it was typed.

    A black box reads text, so to it the whole text is one token.
    """
    return whole if isinstance(model, BlackBox) else model.preprocessing


def whole(text: str) -> tuple[str, ...]:
    """A text as the one token that it is."""
    return (text,)


def checked(probabilities: np.ndarray, count: int) -> np.ndarray:
    """What a predictor gave for `count` sentences, float64 [N]. Raises ValueError where these are no probabilities."""
    found = np.asarray(probabilities, dtype=np.float64)
    if found.shape != (count,) or not ((found >= 0) & (found <= 1)).all():
        told = (
            _(
                "a predictor gives one probability from 0 to 1 for each of {count:,} sentences; "
                "it gave an array of shape {shape} from {least:g} to {most:g}"
            )
            if found.size
            else _(
                "a predictor gives one probability from 0 to 1 for each of {count:,} sentences; "
                "it gave an array of shape {shape}"
            )
        )
        low, high = (found.min(), found.max()) if found.size else (0.0, 0.0)
        raise ValueError(told.format(count=count, shape=found.shape, least=low, most=high))
    return found

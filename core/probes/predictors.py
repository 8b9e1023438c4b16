"""What does a black-box probe need of a model? Token lists in, P(positive) out: nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from core.checkpoints import Checkpoint

Predictor = Callable[[Sequence[Sequence[str]]], np.ndarray]
"""P(positive) float [N] of N token lists: a checkpoint's, a scikit-learn pipeline's, a three-line fake's."""


def predictor(checkpoint: Checkpoint) -> Predictor:
    """A checkpoint as a black box; a token that its vocabulary lacks is unknown to it."""
    from core.corpus import encode_tokens
    from core.verdicts import logits, sigmoid

    def probabilities(sentences: Sequence[Sequence[str]]) -> np.ndarray:
        return sigmoid(logits(checkpoint.model, encode_tokens(sentences, checkpoint.vocabulary)))

    return probabilities


def checked(probabilities: np.ndarray, count: int) -> np.ndarray:
    """What a predictor gave for `count` sentences, float64 [N]. Raises ValueError where these are no probabilities."""
    found = np.asarray(probabilities, dtype=np.float64)
    if found.shape != (count,) or not ((found >= 0) & (found <= 1)).all():
        raise ValueError(
            f"a predictor gives one probability from 0 to 1 for each of {count:,} sentences; it gave an array of shape "
            f"{found.shape}" + (f" from {found.min():g} to {found.max():g}" if found.size else "")
        )
    return found

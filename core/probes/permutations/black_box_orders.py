"""What does a black box say of a sentence's words in many orders? Each order is a text that it is asked about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.models.predictor import log_odds

if TYPE_CHECKING:
    from core.models.predictor import BlackBox


class AskedOrders:
    """Logits float32 [N] of orders uint8 [N, n] of tokens: what `prefixes.SharedPrefixes.logits` is from inside.

    `at_once` is how many orders are answered in a fraction of a second, so that a search can be stopped in between.
    """

    def __init__(self, black_box: BlackBox, tokens: Sequence[str]):
        self._black_box, self._tokens = black_box, tuple(tokens)

    @property
    def at_once(self) -> int:
        return self._black_box.at_once

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        sentences = [[self._tokens[place] for place in row] for row in rows.tolist()]
        return log_odds(self._black_box.of_tokens(sentences)).astype(np.float32)

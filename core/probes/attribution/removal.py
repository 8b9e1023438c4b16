"""What does a model say when words are taken out? The value function v of Shapley values, and five removal methods.

v(S) is the logit of the text in which only the tokens of S are present. An absent token is

    delete   left out: the text is shorter, and v(∅) is the logit of the empty text
    pad      replaced by the vector of ``<pad>`` (all zeros in a model trained here, so the same as zero)
    unk      replaced by the vector of ``<unk>``, the unknown word
    mean     replaced by the mean of all vectors of the vocabulary but the two special ones
    zero     replaced by a vector of zeros

A replaced word keeps its position, and the recurrence still takes a step for it. None of these is neutral: a model has
an opinion on each. `methods.tree` reads checkpoints, `BlackBoxValues` asks black boxes. Axes: S subsets, n tokens, E
embedding.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from core.data import targets
from core.models.predictor import BlackBox

if TYPE_CHECKING:
    from torch import Tensor

    from core.models.recurrent import Classifier
    from core.probes.attribution.results import Instance

BASELINES = ("delete", "pad", "unk", "mean", "zero")
REPLACING = BASELINES[1:]
CheckCancelled = Callable[[], object]


class ValueFunction(ABC):
    """v(S) for one text, model and removal method, and the logits of other orders of the words."""

    def __init__(self, instance: Instance):
        self.instance, self.absent = instance, len(instance.tokens)

    def __len__(self) -> int:
        return self.absent

    @property
    def full(self) -> float:
        """The logit of the whole text."""
        return float(self.values(np.ones((1, len(self)), dtype=bool))[0])

    def values(self, present: np.ndarray, check_cancelled: CheckCancelled = lambda: None) -> np.ndarray:
        """v of subsets, bool [S, n]: float64 [S]."""
        rows = np.where(present, np.arange(self.absent, dtype=np.int16), np.int16(self.absent))
        return self.arrangements(rows, check_cancelled)

    @abstractmethod
    def arrangements(self, rows: np.ndarray, check_cancelled: CheckCancelled = lambda: None) -> np.ndarray:
        """Logits float64 [S] of sentences [S, n], rows of token indices; `absent` is an absent word.

        `check_cancelled` is called several times a second; what it raises ends the work.
        """


class BlackBoxValues(ValueFunction):
    """v of a black box, each subset asked as a text of its own: words can be deleted, never replaced.

    Raises ValueError for another baseline.
    """

    def __init__(self, instance: Instance, black_box: BlackBox, baseline: str):
        super().__init__(instance)
        if baseline != "delete":
            known = "" if baseline in BASELINES else "unknown "
            raise ValueError(
                f"{known}baseline {baseline!r}: {black_box.name} is a black box, so words can only be deleted from "
                "what it reads; available: delete"
            )
        self._black_box = black_box

    def arrangements(self, rows: np.ndarray, check_cancelled: CheckCancelled = lambda: None) -> np.ndarray:
        tokens, logits = self.instance.tokens, np.empty(len(rows))
        done = 0
        while done < len(rows):
            check_cancelled()
            batch = rows[done : done + self._black_box.at_once].tolist()
            sentences = [[tokens[index] for index in row if index != self.absent] for row in batch]
            answers = self._black_box.of_tokens(sentences)
            logits[done : done + len(batch)] = targets.log_odds_of(answers, self.instance.target)
            done += len(batch)
        return logits


class CachedValues:
    """v of subsets, each asked only once, whichever thread asks.

    In another batch a logit differs by rounding, so a second answer would change results while they are worked out.
    """

    def __init__(self, values: Callable[[np.ndarray], np.ndarray]):
        self._values = values
        self._known: dict[bytes, float] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._known)

    def __call__(self, present: np.ndarray) -> np.ndarray:
        """Of subsets bool [..., n], float64 [...]."""
        rows = present.reshape(-1, present.shape[-1])
        keys = [row.tobytes() for row in np.packbits(rows, axis=1)]
        with self._lock:
            new = {key: row for row, key in enumerate(keys) if key not in self._known}
            if new:
                values = np.asarray(self._values(rows[list(new.values())]), dtype=np.float64)
                self._known.update(zip(new, values.tolist(), strict=True))
        return np.array([self._known[key] for key in keys]).reshape(present.shape[:-1])


def replacement(model: Classifier, baseline: str) -> Tensor:
    """The vector [E] of an absent word. Raises ValueError for a baseline that replaces no word."""
    from core.text.preprocessing import Vocabulary

    weight = model.embedding.weight.detach()
    if baseline == "pad":
        return weight[Vocabulary.pad_id]
    if baseline == "unk":
        return weight[Vocabulary.unk_id]
    if baseline == "mean":
        return weight[2:].mean(dim=0)
    if baseline == "zero":
        return weight.new_zeros(weight.shape[1])
    raise ValueError(f"unknown replacement {baseline!r}; available: {', '.join(REPLACING)}")


def subsets(n: int) -> np.ndarray:
    """All 2^n subsets of n tokens, bool [2^n, n]; row r has the tokens whose bits are set in r."""
    numbers = np.arange(1 << n, dtype=np.int64)
    rows: np.ndarray = (numbers[:, None] >> np.arange(n)) & 1 == 1
    return rows

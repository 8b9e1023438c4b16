"""What does a model say when words are taken out? The value function v of Shapley values, and five removal methods.

v(S) is the logit of the text in which only the tokens of S are present. An absent token is

    delete   left out: the text is shorter, and v(∅) is the logit of the empty text
    pad      replaced by the vector of ``<pad>`` (all zeros in a model trained here, so the same as zero)
    unk      replaced by the vector of ``<unk>``, the unknown word
    mean     replaced by the mean of all vectors of the vocabulary but the two special ones
    zero     replaced by a vector of zeros

A replaced word keeps its position, and the recurrence still takes a step for it. None of these is neutral: a model has
an opinion on each (`ValueFunction.empty`). Axes: S subsets, n tokens, E embedding.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.models.predictor import BlackBox, log_odds

if TYPE_CHECKING:
    from torch import Tensor

    from core.models.recurrent import Classifier
    from core.probes.attribution.results import Instance

BASELINES = ("delete", "pad", "unk", "mean", "zero")
REPLACING = BASELINES[1:]
CheckCancelled = Callable[[], object]
_BATCH, _TOKENS = 1_024, 65_536  # subsets, and tokens, in a batch


class ValueFunction(ABC):
    """v(S) for one text, model and removal method."""

    def __init__(self, instance: Instance, baseline: str):
        self.instance, self.baseline = instance, baseline

    def __len__(self) -> int:
        return len(self.instance.tokens)

    @property
    def full(self) -> float:
        """The logit of the whole text."""
        return float(self.values(np.ones((1, len(self)), dtype=bool))[0])

    @property
    def empty(self) -> float:
        """The logit when every token is absent."""
        return float(self.values(np.zeros((1, len(self)), dtype=bool))[0])

    @abstractmethod
    def values(self, present: np.ndarray, check_cancelled: CheckCancelled = lambda: None) -> np.ndarray:
        """v of subsets, bool [S, n]: float64 [S]. `check_cancelled` is called before every batch."""


class WhiteBoxValues(ValueFunction):
    """v of a checkpoint. Raises ValueError for an unknown baseline."""

    def __init__(self, instance: Instance, baseline: str):
        import torch

        super().__init__(instance, baseline)
        if baseline not in BASELINES:
            raise ValueError(f"unknown baseline {baseline!r}; available: {', '.join(BASELINES)}")
        checkpoint = instance.white_box
        self.model = checkpoint.model
        self._batch = min(_BATCH, max(_TOKENS // len(instance.tokens), 1))
        with torch.inference_mode():
            ids = torch.tensor(checkpoint.vocabulary.encode(instance.tokens))
            self.x: Tensor = self.model.embedding(ids)  # [n, E]
            self._absent = None if baseline == "delete" else replacement(self.model, baseline)  # [E]

    def values(self, present: np.ndarray, check_cancelled: CheckCancelled = lambda: None) -> np.ndarray:
        import torch

        present = np.asarray(present, dtype=bool)
        if present.ndim != 2 or present.shape[1] != len(self):
            raise ValueError(f"expected rows of {len(self):,} bools, one a token; given an array {present.shape}")
        values = np.empty(len(present))
        with torch.inference_mode():
            if self._absent is None:
                self._deleted(present, values, check_cancelled)
            else:
                for start in range(0, len(present), self._batch):
                    check_cancelled()
                    mask = torch.from_numpy(present[start : start + self._batch])[:, :, None]
                    x = torch.where(mask, self.x, self._absent)
                    values[start : start + self._batch] = self.model.from_embeddings(x).numpy()
        return values

    def _deleted(self, present: np.ndarray, values: np.ndarray, check_cancelled: CheckCancelled) -> None:
        """Fill in v: each row's present tokens moved to the front, rows of similar length together."""
        import torch

        lengths = present.sum(axis=1)
        by_length = np.argsort(lengths, kind="stable")
        values[lengths == 0] = self.model.empty_logit()
        rows = by_length[np.count_nonzero(lengths == 0) :]
        for start in range(0, len(rows), self._batch):
            check_cancelled()
            batch = rows[start : start + self._batch]
            longest = int(lengths[batch[-1]])
            positions = np.argsort(~present[batch], axis=1, kind="stable")[:, :longest]
            logits = self.model.from_embeddings(self.x[torch.from_numpy(positions)], torch.from_numpy(lengths[batch]))
            values[batch] = logits.numpy()


class BlackBoxValues(ValueFunction):
    """v of a black box, each subset asked as a text of its own: words can be deleted, never replaced.

    Raises ValueError for another baseline.
    """

    def __init__(self, instance: Instance, black_box: BlackBox, baseline: str):
        super().__init__(instance, baseline)
        if baseline != "delete":
            known = "" if baseline in BASELINES else "unknown "
            raise ValueError(
                f"{known}baseline {baseline!r}: {black_box.name} is a black box, so words can only be deleted from "
                "what it reads; available: delete"
            )
        self.absent, self._black_box = len(self), black_box

    def values(self, present: np.ndarray, check_cancelled: CheckCancelled = lambda: None) -> np.ndarray:
        return self._logits([np.flatnonzero(row).tolist() for row in np.asarray(present, dtype=bool)], check_cancelled)

    def arrangements(self, rows: np.ndarray, check_cancelled: CheckCancelled = lambda: None) -> np.ndarray:
        """Logits float64 [S] of sentences [S, n], rows of token indices; `absent` is an absent word."""
        return self._logits([row[row != self.absent].tolist() for row in rows], check_cancelled)

    def _logits(self, rows: Sequence[Sequence[int]], check_cancelled: CheckCancelled) -> np.ndarray:
        tokens, logits = self.instance.tokens, np.empty(len(rows))
        done = 0
        while done < len(rows):
            check_cancelled()
            batch = rows[done : done + self._black_box.at_once]
            probabilities = self._black_box.of_tokens([[tokens[index] for index in row] for row in batch])
            logits[done : done + len(batch)] = log_odds(probabilities)
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


def value_function(instance: Instance, baseline: str) -> WhiteBoxValues | BlackBoxValues:
    """v of a text and model. Raises ValueError for a baseline that the model does not allow."""
    model = instance.checkpoint
    return (
        BlackBoxValues(instance, model, baseline) if isinstance(model, BlackBox) else WhiteBoxValues(instance, baseline)
    )


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

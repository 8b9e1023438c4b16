"""What does a model say when words are taken out? A game of n players, the tokens, and five ways to take one out.

v(S) is the logit of the text in which only the tokens of S are present. An absent token is

    delete   left out: the text is shorter, and v(∅) is the empty text's logit, read from the start state
    pad      replaced by the vector of ``<pad>`` (all zeros in a model trained here, so the same as zero)
    unk      replaced by the vector of ``<unk>``, a word that the model does not know
    mean     replaced by the mean of all vectors of the vocabulary, the two special ones left out
    zero     replaced by a vector of zeros

Replaced words keep their places and the recurrence still takes a step for each; only deletion takes the step away. None
of these is the neutral one: a model has an opinion on each (`Game.empty`). Axes: S subsets, n tokens, E embedding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.models.predictor import BlackBox, log_odds

if TYPE_CHECKING:
    from torch import Tensor

    from core.models.recurrent import Classifier
    from core.probes.attribution.results import Reading

BASELINES = ("delete", "pad", "unk", "mean", "zero")
REPLACING = BASELINES[1:]
_BATCH, _TOKENS = 1_024, 65_536  # subsets at a time, and tokens, so that long texts take no more memory


class Game:
    """v(S) for one text, model and way of taking words out. Raises ValueError for an unknown baseline."""

    def __init__(self, reading: Reading, baseline: str):
        import torch

        if baseline not in BASELINES:
            raise ValueError(f"unknown baseline {baseline!r}; available: {', '.join(BASELINES)}")
        self.reading, self.baseline = reading, baseline
        checkpoint = reading.inside
        self.model = checkpoint.model
        self._batch = min(_BATCH, max(_TOKENS // len(reading.tokens), 1))
        with torch.inference_mode():
            ids = torch.tensor(checkpoint.vocabulary.encode(reading.tokens))
            self.x: Tensor = self.model.embedding(ids)  # [n, E]
            self._absent = None if baseline == "delete" else replacement(self.model, baseline)  # [E]

    def __len__(self) -> int:
        return len(self.reading.tokens)

    @property
    def full(self) -> float:
        """The logit of the whole text."""
        return float(self.values(np.ones((1, len(self)), dtype=bool))[0])

    @property
    def empty(self) -> float:
        """The logit when every token is absent."""
        return float(self.values(np.zeros((1, len(self)), dtype=bool))[0])

    def values(self, present: np.ndarray, check_cancelled: Callable[[], object] = lambda: None) -> np.ndarray:
        """v of subsets given as rows of bools [S, n], float64 [S]. `check_cancelled` is called before every batch."""
        import torch

        present = np.asarray(present, dtype=bool)
        if present.ndim != 2 or present.shape[1] != len(self):
            raise ValueError(f"expected rows of {len(self):,} bools, one a token; given an array {present.shape}")
        found = np.empty(len(present))
        with torch.inference_mode():
            if self._absent is None:
                self._deleted(present, found, check_cancelled)
            else:
                for start in range(0, len(present), self._batch):
                    check_cancelled()
                    mask = torch.from_numpy(present[start : start + self._batch])[:, :, None]
                    x = torch.where(mask, self.x, self._absent)
                    found[start : start + self._batch] = self.model.from_embeddings(x).numpy()
        return found

    def _deleted(self, present: np.ndarray, found: np.ndarray, check_cancelled: Callable[[], object]) -> None:
        """Each row's present tokens moved to the front, rows of like length together."""
        import torch

        lengths = present.sum(axis=1)
        by_length = np.argsort(lengths, kind="stable")
        found[lengths == 0] = self.model.empty_logit()
        rows = by_length[np.count_nonzero(lengths == 0) :]
        for start in range(0, len(rows), self._batch):
            check_cancelled()
            batch = rows[start : start + self._batch]
            longest = int(lengths[batch[-1]])
            places = np.argsort(~present[batch], axis=1, kind="stable")[:, :longest]
            logits = self.model.from_embeddings(self.x[torch.from_numpy(places)], torch.from_numpy(lengths[batch]))
            found[batch] = logits.numpy()


class TextGame:
    """v(S) for one text and a black box, each subset asked as a text of its own: words can be deleted, never replaced.

    Raises ValueError for another baseline.
    """

    def __init__(self, reading: Reading, black_box: BlackBox, baseline: str):
        if baseline != "delete":
            known = "" if baseline in BASELINES else "unknown "
            raise ValueError(
                f"{known}baseline {baseline!r}: words can only be taken out of a text, so {black_box.name}, of which "
                "only the answers can be had, takes: delete"
            )
        self.reading, self.baseline, self._black_box = reading, baseline, black_box

    def __len__(self) -> int:
        return len(self.reading.tokens)

    @property
    def full(self) -> float:
        """The logit of the whole text."""
        return float(self.values(np.ones((1, len(self)), dtype=bool))[0])

    @property
    def empty(self) -> float:
        """The logit of the empty text."""
        return float(self.values(np.zeros((1, len(self)), dtype=bool))[0])

    def values(self, present: np.ndarray, check_cancelled: Callable[[], object] = lambda: None) -> np.ndarray:
        """v of subsets given as rows of bools [S, n], float64 [S]. `check_cancelled` is called before every batch."""
        return self.arranged([np.flatnonzero(row).tolist() for row in np.asarray(present, dtype=bool)], check_cancelled)

    def arranged(
        self, rows: Sequence[Sequence[int]], check_cancelled: Callable[[], object] = lambda: None
    ) -> np.ndarray:
        """Logits float64 [S] of texts given by their words’ positions, in order; `check_cancelled` as in `values`."""
        tokens, found = self.reading.tokens, np.empty(len(rows))
        done = 0
        while done < len(rows):
            check_cancelled()
            some = rows[done : done + self._black_box.at_once]
            asked = self._black_box.of_tokens([[tokens[place] for place in row] for row in some])
            found[done : done + len(some)] = log_odds(asked)
            done += len(some)
        return found


def game_of(reading: Reading, baseline: str) -> Game | TextGame:
    """The game of one text and model, seen from inside where that can be. Raises ValueError for its baseline."""
    model = reading.checkpoint
    return TextGame(reading, model, baseline) if isinstance(model, BlackBox) else Game(reading, baseline)


def replacement(model: Classifier, baseline: str) -> Tensor:
    """The vector [E] that stands for an absent word. Raises ValueError for a baseline that replaces none."""
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
    """All 2^n subsets of n tokens, bool [2^n, n]; row number r has the tokens whose bits are set in r."""
    numbers = np.arange(1 << n, dtype=np.int64)
    found: np.ndarray = (numbers[:, None] >> np.arange(n)) & 1 == 1
    return found

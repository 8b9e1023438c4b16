"""What does a model say when words are taken out and reordered? Every shared prefix is read once.

Sorted sentences have their common prefixes side by side, as in a tree (`permutations.shared_prefixes` does the same for
orders). All subsets of 12 words, in the sentence's own order, are a binary tree: 4,095 steps where absent words are
deleted, and as many products Uh + d where they are replaced, against 24,576 and 49,152 steps one by one. Wx + b is
computed once for every word. Sentences that coincide, as where a word is repeated, are read once too.

The equations are `recurrent.cell_step`. Axes: S sentences, n tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.models.predictor import BlackBox
from core.probes.attribution.removal import BASELINES, BlackBoxValues, CheckCancelled, ValueFunction, replacement
from core.text.preprocessing import Vocabulary

if TYPE_CHECKING:
    from core.models.recurrent import State
    from core.probes.attribution.results import Instance

_SLICE = 16_384  # sentences read together
_BLOCK = 840  # states stepped together: few enough that their gates stay in the processor's cache


class PrefixTree(ValueFunction):
    """v of a checkpoint. Raises ValueError for an unknown baseline."""

    def __init__(self, instance: Instance, baseline: str):
        import torch

        super().__init__(instance)
        if baseline not in BASELINES:
            raise ValueError(f"unknown baseline {baseline!r}; available: {', '.join(BASELINES)}")
        checkpoint = instance.white_box
        self._model, self._deletes = checkpoint.model, baseline == "delete"
        ids = [int(number) for number in checkpoint.vocabulary.encode(instance.tokens)]
        first = {number: index for index, number in reversed(list(enumerate(ids)))}
        if baseline == "unk":
            first[Vocabulary.unk_id] = self.absent
        self._same = np.array([first[number] for number in ids] + [self.absent], dtype=np.int16)
        with torch.inference_mode():
            self._words = self._model.embedding(torch.tensor(ids))  # [n, E], the absent word's vector last
            if not self._deletes:
                self._words = torch.cat([self._words, replacement(self._model, baseline)[None]])
            if not self._model.reads_whole:
                self._inputs = self._model.project_input(self._words)

    def arrangements(self, rows: np.ndarray, check_cancelled: CheckCancelled = lambda: None) -> np.ndarray:
        import torch

        rows = self._same[rows]
        if self._deletes:
            rows = np.take_along_axis(rows, np.argsort(rows == self.absent, axis=1, kind="stable"), axis=1)
        distinct, inverse = _distinct(rows)
        logits = np.empty(len(distinct))
        with torch.inference_mode():
            for start in range(0, len(distinct), _SLICE):
                batch = distinct[start : start + _SLICE]
                read = self._whole if self._model.reads_whole else self._read
                logits[start : start + len(batch)] = read(batch, check_cancelled)
        result: np.ndarray = logits[inverse]
        return result

    def _whole(self, rows: np.ndarray, check_cancelled: CheckCancelled) -> np.ndarray:
        """Logits of sentences by a model that reads each as a whole."""
        import torch

        lengths = (rows != self.absent).sum(axis=1) if self._deletes else np.full(len(rows), rows.shape[1])
        logits = np.full(len(rows), self._model.empty_logit())
        not_empty = np.flatnonzero(lengths)
        for start in range(0, len(not_empty), _BLOCK):
            check_cancelled()
            batch = not_empty[start : start + _BLOCK]
            # Absent words come after those that are read, where any vector will do.
            ids = np.minimum(rows[batch], len(self._words) - 1).astype(np.int64)
            x = self._words[torch.from_numpy(ids)]
            logits[batch] = self._model.from_embeddings(x, torch.from_numpy(lengths[batch])).numpy()
        return logits

    def _read(self, rows: np.ndarray, check_cancelled: CheckCancelled) -> np.ndarray:
        """Logits of distinct sorted sentences, all of them read a token further at a time."""
        import torch

        logits = np.empty(len(rows))
        numbers = np.arange(len(rows))
        differs = np.zeros(len(rows), dtype=np.int64)  # the depth at which each sentence differs from the one before it
        differs[1:] = (rows[1:] != rows[:-1]).argmax(axis=1)
        node = np.zeros(len(rows), dtype=np.int64)  # which of the prefixes so far is each sentence's own
        state = self._model.start()
        for depth in range(rows.shape[1]):
            if self._deletes:
                ended = rows[:, depth] == self.absent
                if ended.any():
                    logits[numbers[ended]] = self._model.read_state(state.rows(torch.from_numpy(node[ended]))).numpy()
                    # They sort after all that go on from the same prefix, so `differs` holds for the others.
                    rows, numbers, differs, node = (array[~ended] for array in (rows, numbers, differs, node))
                    if not len(rows):
                        return logits
            begins = differs <= depth
            state = self._step(state, node[begins], rows[begins, depth], check_cancelled)
            node = np.cumsum(begins) - 1
        logits[numbers] = self._model.read_state(state).numpy()[node]
        return logits

    def _step(self, state: State, parents: np.ndarray, words: np.ndarray, check_cancelled: CheckCancelled) -> State:
        """The states after the prefixes `parents` [C] of `state`, ascending, continued with `words` [C]."""
        import torch

        from core.models.recurrent import State

        model, after = self._model, state.empty(len(parents))
        symbols = torch.from_numpy(words.astype(np.int64))
        for start in range(0, len(parents), _BLOCK):
            check_cancelled()
            stop = min(start + _BLOCK, len(parents))
            first, last = int(parents[start]), int(parents[stop - 1]) + 1
            own = torch.from_numpy(parents[start:stop] - first)
            before, words_read = state.rows(slice(first, last)), symbols[start:stop]
            if len(state.h) > 1:
                done = model.step(self._words[words_read], before.rows(own)).state
            else:
                product = model.project_state(before.h[0])  # once for every prefix
                before = before.rows(own)
                c = None if before.c is None else before.c[0]
                one = model.advance(self._inputs[words_read], product[own], before.h[0], c)
                h = one.h[None]
                done = State(h, None if one.c is None else one.c[None], model.pool(before.pooled, h))
            after.put(slice(start, stop), done)
        return after


def value_function(instance: Instance, baseline: str) -> ValueFunction:
    """v of a text and model. Raises ValueError for a baseline that the model does not allow."""
    model = instance.checkpoint
    if isinstance(model, BlackBox):
        return BlackBoxValues(instance, model, baseline)
    return PrefixTree(instance, baseline)


def _distinct(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct rows of [S, n], numbers below 2^15, sorted, and each row's index among them [S]."""
    # As big-endian bytes, which sort as the numbers do, a row is one value to numpy: much faster than its axis=0.
    packed = np.ascontiguousarray(rows.astype(">u2")).view(f"V{2 * rows.shape[1]}")[:, 0]
    _keys, first, inverse = np.unique(packed, return_index=True, return_inverse=True)
    return rows[first], inverse

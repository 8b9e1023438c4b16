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

from core.probes.attribution.removal import BlackBoxValues, CheckCancelled, WhiteBoxValues, replacement
from core.text.preprocessing import Vocabulary

if TYPE_CHECKING:
    from core.models.recurrent import State

_LONGEST, _FEWEST = 24, 64  # a tree is faster up to so many tokens and from so many subsets on
_SLICE = 16_384  # sentences read together
_BLOCK = 840  # states stepped together: few enough that their gates stay in the processor's cache


class PrefixTree:
    """Logits of arrangements of a text's tokens, some of them absent."""

    def __init__(self, v: WhiteBoxValues):
        import torch

        self._model, self._deletes = v.model, v.baseline == "delete"
        ids = [int(number) for number in v.instance.white_box.vocabulary.encode(v.instance.tokens)]
        self.absent = len(ids)
        first = {number: index for index, number in reversed(list(enumerate(ids)))}
        if v.baseline == "unk":
            first[Vocabulary.unk_id] = self.absent
        self._same = np.array([first[number] for number in ids] + [self.absent], dtype=np.int16)
        with torch.inference_mode():
            self._words = v.x  # [n, E], the absent word's vector last
            if not self._deletes:
                self._words = torch.cat([v.x, replacement(v.model, v.baseline)[None]])
            if not self._model.reads_whole:
                self._inputs = v.model.project_input(self._words)

    def values(self, present: np.ndarray, check_cancelled: CheckCancelled = lambda: None) -> np.ndarray:
        """v of subsets, bool [S, n]: float64 [S]."""
        return self.arrangements(
            np.where(present, np.arange(self.absent, dtype=np.int16), np.int16(self.absent)), check_cancelled
        )

    def arrangements(self, rows: np.ndarray, check_cancelled: CheckCancelled = lambda: None) -> np.ndarray:
        """Logits float64 [S] of sentences [S, n], rows of token indices; `absent` is an absent word.

        `check_cancelled` is called several times a second; what it raises ends the work.
        """
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
        for batch in np.split(not_empty, range(_BLOCK, len(not_empty), _BLOCK)):
            check_cancelled()
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


def tree_of(v: WhiteBoxValues | BlackBoxValues) -> PrefixTree | BlackBoxValues:
    """The quickest way to read many arrangements of a text's tokens."""
    return v if isinstance(v, BlackBoxValues) else PrefixTree(v)


def many_values(
    v: WhiteBoxValues | BlackBoxValues, present: np.ndarray, check_cancelled: CheckCancelled = lambda: None
) -> np.ndarray:
    """v of subsets, bool [S, n]: float64 [S], by the tree where that is faster.

    Random subsets share prefixes only where there are more subsets than prefixes: at 10 words a tree is several times
    as fast, at 40 no faster (`core/benchmarks/words.py`).
    """
    if isinstance(v, WhiteBoxValues) and present.shape[1] <= _LONGEST and len(present) >= _FEWEST:
        return PrefixTree(v).values(present, check_cancelled)
    return v.values(present, check_cancelled)


def _distinct(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct rows of [S, n], numbers below 2^15, sorted, and each row's index among them [S]."""
    # As big-endian bytes, which sort as the numbers do, a row is one value to numpy: much faster than its axis=0.
    packed = np.ascontiguousarray(rows.astype(">u2")).view(f"V{2 * rows.shape[1]}")[:, 0]
    _keys, first, inverse = np.unique(packed, return_index=True, return_inverse=True)
    return rows[first], inverse

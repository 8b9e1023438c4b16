"""What does a model say when words are taken out and put in another order? Every shared beginning is read once.

Sentences that stand sorted have their common beginnings side by side, as a tree has (`permutations.shared_prefixes`
does it for orders). All subsets of 12 words, taken in the sentence's own order, are a binary tree: 4,095 steps where
the subsets are deleted, and as many products Uh + d where absent words are replaced, against 24,576 and 49,152 steps
one by one. Wx + b is worked out once for every word. Where a word stands twice, or is read as its replacement is,
sentences coincide and are read once too.

The equations are `recurrent.cell_step`; tests hold every value to `Game.values`. Axes: S sentences, n tokens.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from core.probes.attribution.removal import Game, TextGame, replacement
from core.text.preprocessing import Vocabulary

if TYPE_CHECKING:
    from core.models.recurrent import State

_LONGEST, _FEWEST = 24, 64  # tokens up to which, and subsets from which on, a tree is the faster way
_SLICE = 16_384  # sentences read together
_BLOCK = 840  # states stepped together: few enough that their gates stay in the processor's cache


class PrefixTree:
    """Logits of arrangements of one game's tokens, some of them absent."""

    def __init__(self, game: Game):
        import torch

        self._model, self._deletes = game.model, game.baseline == "delete"
        vocabulary = game.reading.inside.vocabulary
        ids = [int(number) for number in vocabulary.encode(game.reading.tokens)]
        self.absent = len(ids)
        first = {number: place for place, number in reversed(list(enumerate(ids)))}
        if game.baseline == "unk":
            first[Vocabulary.unk_id] = self.absent
        self._same = np.array([first[number] for number in ids] + [self.absent], dtype=np.int16)
        with torch.inference_mode():
            self._words = game.x  # [n, E], and the absent one's last
            if not self._deletes:
                self._words = torch.cat([game.x, replacement(game.model, game.baseline)[None]])
            if not self._model.reads_whole:
                self._inputs = game.model.project_input(self._words)

    def subsets(self, present: np.ndarray, check_cancelled: Callable[[], object] = lambda: None) -> np.ndarray:
        """v of subsets [S, n] of bools, float64 [S]: what `Game.values` says."""
        return self.values(
            np.where(present, np.arange(self.absent, dtype=np.int16), np.int16(self.absent)), check_cancelled
        )

    def values(self, rows: np.ndarray, check_cancelled: Callable[[], object] = lambda: None) -> np.ndarray:
        """Logits float64 [S] of sentences [S, n], rows of token positions; `absent` stands for an absent word.

        `check_cancelled` is called several times a second or so; what it raises ends the reading.
        """
        import torch

        rows = self._same[rows]
        if self._deletes:
            rows = np.take_along_axis(rows, np.argsort(rows == self.absent, axis=1, kind="stable"), axis=1)
        distinct, inverse = _distinct(rows)
        found = np.empty(len(distinct))
        with torch.inference_mode():
            for start in range(0, len(distinct), _SLICE):
                some = distinct[start : start + _SLICE]
                read = self._whole if self._model.reads_whole else self._read
                found[start : start + len(some)] = read(some, check_cancelled)
        result: np.ndarray = found[inverse]
        return result

    def _whole(self, rows: np.ndarray, check_cancelled: Callable[[], object]) -> np.ndarray:
        """Logits of sentences, each read from its beginning to its end, and back."""
        import torch

        lengths = (rows != self.absent).sum(axis=1) if self._deletes else np.full(len(rows), rows.shape[1])
        found = np.full(len(rows), self._model.empty_logit())
        some = np.flatnonzero(lengths)
        for places in np.split(some, range(_BLOCK, len(some), _BLOCK)):
            check_cancelled()
            # What is absent stands behind the words that are read, where any vector will do.
            ids = np.minimum(rows[places], len(self._words) - 1).astype(np.int64)
            x = self._words[torch.from_numpy(ids)]
            found[places] = self._model.from_embeddings(x, torch.from_numpy(lengths[places])).numpy()
        return found

    def _read(self, rows: np.ndarray, check_cancelled: Callable[[], object]) -> np.ndarray:
        """Logits of distinct sentences that stand sorted, all of them read a token further at a time."""
        import torch

        found = np.empty(len(rows))
        places = np.arange(len(rows))
        parts = np.zeros(len(rows), dtype=np.int64)  # where each sentence parts from the one before it
        parts[1:] = (rows[1:] != rows[:-1]).argmax(axis=1)
        node = np.zeros(len(rows), dtype=np.int64)  # of every sentence, which of the beginnings so far is its own
        state = self._model.start()
        for depth in range(rows.shape[1]):
            if self._deletes:
                ended = rows[:, depth] == self.absent
                if ended.any():
                    found[places[ended]] = self._model.read_state(state.rows(torch.from_numpy(node[ended]))).numpy()
                    # They stand behind all that go on from the same words, so the others part where they did.
                    rows, places, parts, node = (array[~ended] for array in (rows, places, parts, node))
                    if not len(rows):
                        return found
            begins = parts <= depth
            state = self._step(state, node[begins], rows[begins, depth], check_cancelled)
            node = np.cumsum(begins) - 1
        found[places] = self._model.read_state(state).numpy()[node]
        return found

    def _step(
        self, state: State, parents: np.ndarray, words: np.ndarray, check_cancelled: Callable[[], object]
    ) -> State:
        """The states after beginnings `parents` [C] of `state`, ascending, went on with `words` [C]."""
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
                product = model.project_state(before.h[0])  # once for every beginning
                before = before.rows(own)
                c = None if before.c is None else before.c[0]
                one = model.advance(self._inputs[words_read], product[own], before.h[0], c)
                h = one.h[None]
                done = State(h, None if one.c is None else one.c[None], model.pool(before.pooled, h))
            after.put(slice(start, stop), done)
        return after


class TextTree:
    """What `PrefixTree` is from inside, for a black box: it reads every text from its beginning."""

    def __init__(self, game: TextGame):
        self._game, self.absent = game, len(game)

    def subsets(self, present: np.ndarray, check_cancelled: Callable[[], object] = lambda: None) -> np.ndarray:
        """v of subsets [S, n] of bools, float64 [S]."""
        return self._game.values(present, check_cancelled)

    def values(self, rows: np.ndarray, check_cancelled: Callable[[], object] = lambda: None) -> np.ndarray:
        """Logits float64 [S] of sentences [S, n], rows of token positions; `absent` stands for an absent word."""
        return self._game.arranged([row[row != self.absent].tolist() for row in rows], check_cancelled)


def tree_of(game: Game | TextGame) -> PrefixTree | TextTree:
    """The quickest way to read many arrangements of a game's tokens."""
    return TextTree(game) if isinstance(game, TextGame) else PrefixTree(game)


def many_values(
    game: Game | TextGame, present: np.ndarray, check_cancelled: Callable[[], object] = lambda: None
) -> np.ndarray:
    """v of subsets [S, n] of bools, float64 [S]: by the tree where that is the faster way, else by the game itself.

    Random subsets share their beginnings only as far as there are more of them than ways to begin, so a tree gains on
    short texts and many subsets: at 10 words several times, at 40 nothing (`core/benchmarks/words.py`).
    """
    if isinstance(game, Game) and present.shape[1] <= _LONGEST and len(present) >= _FEWEST:
        return PrefixTree(game).subsets(present, check_cancelled)
    return game.values(present, check_cancelled)


def _distinct(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct ones of rows [S, n] of numbers below 2^15, sorted, and of each row which one it is [S]."""
    # As big-endian bytes, which sort as the numbers do, a row is one thing to numpy: many times as fast as its axis=0.
    packed = np.ascontiguousarray(rows.astype(">u2")).view(f"V{2 * rows.shape[1]}")[:, 0]
    _keys, first, inverse = np.unique(packed, return_index=True, return_inverse=True)
    return rows[first], inverse

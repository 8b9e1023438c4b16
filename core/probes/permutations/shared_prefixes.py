"""What does a model say to many orders of the same words? Every prefix that orders share is read once.

Orders that stand sorted have their common beginnings side by side, as a tree has. Of the recurrence's two products,

    state_t = cell(W x_t + b, U h_{t-1} + d),

Wx + b is worked out once for every word and Uh + d once for every prefix, whatever word follows. Eight words have
40,320 orders of eight steps, 322,560 in all, but only 69,281 prefixes that a word can follow.

The equations are those of `recurrent.cell_step`, in place, with tanh(x) written as 2 σ(2x) − 1: the same number, and
torch's vectorised σ is five times as fast. Tests hold every logit to the fused forward within 1e-5. Models of several
layers, or of a pool, take `Classifier.step` instead; those whose orders share no state (bidirectional ones, padded ones
and attention) read each whole. Axes: C orders in a slice, P prefixes, k words after each, G gates, H units.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from core.models.recurrent import GATES, Classifier, State

SLICE = 5_040  # orders read together, so that prefixes are shared among many: all that seven words have
BLOCK = 840  # prefixes stepped together: few enough that their gates stay in the processor's cache
# Which of a cell's stacked gates ends in tanh: its rows are doubled beforehand, so that one σ serves all gates.
_TANH_GATE = {"rnn": 0, "gru": 2, "lstm": 2}


class SharedPrefixes:
    """Logits of orders of one sentence's tokens. Holds its buffers: one instance for one thread.

    `ids` are the model's ids of the tokens, in the sentence's own order; or of any words, of which rows of a `length`
    are read.
    """

    def __init__(
        self,
        model: Classifier,
        ids: Sequence[int],
        slice_size: int = SLICE,
        block: int = BLOCK,
        length: int | None = None,
    ):
        self._model = model
        self._slice, self._block = slice_size, block
        with torch.inference_mode():
            self._words = model.embedding(torch.tensor(ids, dtype=torch.long))  # [n, E]
            self._kept = 1.0  # what part of the hidden state the buffers hold
            self._start = model.start_of(length or len(ids))
            # Without buffers: a step of `Classifier.step` for every layer, and for what a pool gathers.
            self._stepwise = model.recurrent.num_layers > 1 or model.reads.gathers or not model.reset_after
            if self._start is None or self._stepwise:
                return
            h, width = model.hidden_size, len(GATES[model.cell]) * model.hidden_size
            scale = torch.ones(width)
            if model.nonlinearity == "tanh":
                scale[_TANH_GATE[model.cell] * h :][:h] = 2
            # Wx + b + d, so that nothing need be added to the other product, Uh.
            self._inputs = (model.project_input(self._words) + model.recurrent.bias_hh_l0) * scale  # [n, G*H]
            self._kept = 0.5 if model.cell == "lstm" else 1.0
            self._product = (model.recurrent.weight_hh_l0 * scale[:, None] / self._kept).t().contiguous()  # [H, G*H]
            if model.cell == "gru":  # whose d_n stands inside the reset gate's product
                self._bias = (model.recurrent.bias_hh_l0 * scale)[2 * h :]
                self._inputs[:, 2 * h :] -= self._bias
            # Memory taken afresh for every step would cost more than the arithmetic on it.
            self._of_state, self._of_word = torch.empty(block, width), torch.empty(block, width)
            self._some = torch.empty(block, h)
            self._states = [State(torch.empty(1, slice_size, h), torch.empty(1, slice_size, h)) for _ in range(2)]

    def logits(self, orders: np.ndarray) -> np.ndarray:
        """Logits float32 [N] of orders [N, n], rows of token positions; scores [N, K] of a model without a target.

        Fastest where the rows stand sorted.
        """
        classes = () if self._model.target else (self._model.linear.out_features,)
        result = np.empty((len(orders), *classes), dtype=np.float32)
        with torch.inference_mode():
            for start in range(0, len(orders), self._slice):
                rows = orders[start : start + self._slice]
                result[start : start + len(rows)] = self._read(rows).numpy()
        return result

    def _read(self, orders: np.ndarray) -> Tensor:
        """Logits [C], or scores [C, K], of one slice of orders [C, n], all of them read a token further at a time."""
        if self._start is None:
            whole = torch.from_numpy(orders.astype(np.int64)).split(self._block)
            return torch.cat([self._model.from_embeddings(self._words[rows]) for rows in whole])
        count, length = orders.shape
        # Where each order parts from the one before it; the first one parts at once.
        parts = np.zeros(count, dtype=np.int64)
        parts[1:] = (orders[1:] != orders[:-1]).argmax(axis=1)
        # An order that is given twice runs along with its twin to the end.
        parts[1:][(orders[1:] == orders[:-1]).all(axis=1)] = length
        node = np.zeros(count, dtype=np.int64)  # of every order, which of the prefixes so far is its own
        state = self._begin()
        for depth in range(length):
            begins = parts <= depth
            parents, words = node[begins], orders[begins, depth].astype(np.int64)
            state = self._step(state, parents, torch.from_numpy(words), depth)
            node = np.cumsum(begins) - 1
        if not self._stepwise and state.c is not None:
            state = State(state.h / self._kept, state.c * self._kept)
        return self._model.read_state(state)[torch.from_numpy(node)]

    def _begin(self) -> State:
        """The state before the first token, as the buffers hold states."""
        assert self._start is not None
        if self._stepwise or self._start.c is None:
            return self._start
        return State(self._start.h * self._kept, self._start.c / self._kept)

    def _step(self, state: State, parents: np.ndarray, words: Tensor, depth: int) -> State:
        """The states after prefixes `parents` [C] of `state`, ascending, none left out, went on with `words` [C]."""
        if self._stepwise:
            return self._model.step(self._words[words], state.rows(torch.from_numpy(parents))).state
        count, held, after = len(parents), int(parents[-1]) + 1, self._states[depth % 2]
        before = state.h[0] if state.c is None else state.c[0]
        each = count // held
        # As many words follow every prefix, and few enough.
        alike = each <= self._block and bool((parents == np.arange(count) // each).all())
        for first in range(0, held, self._block):
            last = min(first + self._block, held)
            if count == held and self._model.cell != "gru":
                # One word follows every prefix, as at the last steps.
                self._follow(state.h[0, first:last], None, before[first:last, None], words[first:last], first, after)
                continue
            pre = torch.mm(state.h[0, first:last], self._product, out=self._of_state[: last - first])
            if self._model.cell == "gru":  # d_n stands inside what the reset gate multiplies
                pre[:, 2 * self._model.hidden_size :].add_(self._bias)
            if alike:  # then a prefix's own product is broadcast over the words that follow it
                some = max(self._block // each, 1)
                for low in range(first, last, some):
                    high = min(low + some, last)
                    parts = pre[low - first : high - first, None], before[low:high, None]
                    self._follow(None, *parts, words[low * each : high * each], low * each, after)
                continue
            start, end = np.searchsorted(parents, (first, last))
            for low in range(start, end, self._block):
                high = min(low + self._block, end)
                places = torch.from_numpy(parents[low:high])
                parts = pre[places - first, None], before[places, None]
                self._follow(None, *parts, words[low:high], low, after)
        return after if state.c is not None else State(after.h, None)

    def _follow(
        self, state: Tensor | None, pre: Tensor | None, before: Tensor, words: Tensor, start: int, after: State
    ) -> None:
        """Write the states after P prefixes went on with k words each, `words` [P k], into `after` from `start` on.

        `pre` [P, 1, G*H] is the product with the hidden state before; or None, and that `state` [P, H] itself, where k
        is 1 and the product is added to the words as it is made.
        `before` [P, 1, H] is the cell state before, or what the cell has in its place.
        """
        shape = (len(before), len(words) // len(before), -1)
        word = torch.index_select(self._inputs, 0, words, out=self._of_word[: len(words)])
        if state is not None:
            word.addmm_(state, self._product)
        word = word.view(shape)
        assert after.c is not None
        h = after.h[0, start : start + len(words)].view(shape)
        c = after.c[0, start : start + len(words)].view(shape)
        {"rnn": self._rnn, "gru": self._gru, "lstm": self._lstm}[self._model.cell](pre, word, before, h, c)

    def _rnn(self, pre: Tensor | None, word: Tensor, before: Tensor, h: Tensor, c: Tensor) -> None:
        gate = word if pre is None else word.add_(pre)
        if self._model.nonlinearity == "relu":
            torch.clamp(gate, min=0, out=h)
        else:
            torch.sigmoid(gate, out=h).mul_(2).sub_(1)

    def _gru(self, pre: Tensor | None, word: Tensor, before: Tensor, h: Tensor, c: Tensor) -> None:
        assert pre is not None  # the reset gate multiplies a part of it
        size = h.shape[-1]
        r, z = word[..., : 2 * size].add_(pre[..., : 2 * size]).sigmoid_().chunk(2, dim=-1)
        n = word[..., 2 * size :].addcmul_(r, pre[..., 2 * size :]).sigmoid_().mul_(2).sub_(1)
        torch.sub(before, n, out=h).mul_(z).add_(n)  # (1 − z) n + z h

    def _lstm(self, pre: Tensor | None, word: Tensor, before: Tensor, h: Tensor, c: Tensor) -> None:
        i, f, g, o = (word if pre is None else word.add_(pre)).sigmoid_().chunk(4, dim=-1)
        # Twice the cell state is kept, and half the hidden state: so neither need be scaled at every step.
        torch.mul(f, before, out=c).addcmul_(i, g, value=4).sub_(i, alpha=2)  # 2 (f c + i (2 g − 1))
        half_tanh = torch.sigmoid(c, out=self._some[: c.shape[0] * c.shape[1]].view(c.shape))  # and a half
        torch.mul(o, half_tanh, out=h).sub_(o, alpha=0.5)  # o tanh(c) / 2

"""What does a model say to many small changes of one sentence? What stands before a change is read once.

With h_p the state after the sentence's first p tokens, a change of tokens p to q into w_1 … w_m is read from h_p on:
m steps over the new words, then the sentence's own tokens from q to the end. All changes are read side by side: at
token t every change that lies before t takes that same token. A change in the middle costs half of the sentence.
A bidirectional model reads what stands behind a change before it, so its changed sentences are read whole.

The first-order effect of a change on the logit is the embeddings' difference times the logit's gradient at that place
(HotFlip, Ebrahimi et al. 2018). A deleted word counts as made zero, an inserted one with the mean of the gradients
beside it: both cruder than a substitution, for which it is the first term of Taylor's series.

Tests hold the logits to the fused forward within 1e-5. A logit is of the model's target; a model without one gives the
scores of all classes. Axes: L layers, N changes, n tokens, E embedding, H units, K classes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from core.data.targets import Target
from core.models.recurrent import Classifier, State

BLOCK = 512  # changes read together: few enough that their gates stay in the processor's cache

Change = tuple[int, int, tuple[int, ...]]
"""A start, a stop and ids: the ids from start up to stop, it not included, become these."""


class ChangedSentence:
    """One sentence of ids [n] under a model, and what changes of it do. Threads may share it."""

    def __init__(self, model: Classifier, ids: Sequence[int], block: int = BLOCK):
        self._model, self._block = model, block
        self._ids = torch.tensor(ids, dtype=torch.long)

    @cached_property
    def logit(self) -> np.ndarray:
        """The sentence's own logit [], or its scores [K]."""
        with torch.inference_mode():
            own: np.ndarray = self._model(self._ids[None])[0].numpy()
            return own

    @cached_property
    def _before(self) -> State:
        """The states [L, n+1, H] before each token, and after the last."""
        states = [self._model.start()]
        for x in self._model.embedding(self._ids):
            states.append(self._model.step(x[None], states[-1]).state)
        parts = zip(*states, strict=True)
        return State(*(None if each[0] is None else torch.cat(each, dim=1) for each in parts))  # type: ignore[arg-type]

    def logits(self, changes: Sequence[Change]) -> np.ndarray:
        """Logits float32 [N], or scores [N, K], of the sentence after each change by itself."""
        classes = () if self._model.target else (self._model.linear.out_features,)
        result = np.empty((len(changes), *classes), dtype=np.float32)
        read = self._whole if self._model.reads_whole else self._shared
        by_stop = sorted(range(len(changes)), key=lambda number: changes[number][1])
        with torch.inference_mode():
            for first in range(0, len(changes), self._block):
                numbers = by_stop[first : first + self._block]
                result[numbers] = read([changes[number] for number in numbers]).numpy()
        return result

    def _whole(self, changes: Sequence[Change]) -> Tensor:
        """Logits [N], or scores [N, K], of the changed sentences, read from their beginnings by the fused modules."""
        ids = self._ids.tolist()
        sentences = [[*ids[:start], *new, *ids[stop:]] for start, stop, new in changes]
        lengths = torch.tensor([len(sentence) for sentence in sentences])
        longest = max(1, int(lengths.max()))
        padded = [sentence + [0] * (longest - len(sentence)) for sentence in sentences]
        logits: Tensor = self._model(torch.tensor(padded), lengths.clamp(min=1))
        # Of no token at all the verdict is that of the state before the first.
        logits[lengths == 0] = self._model.empty_logits()
        return logits

    def _shared(self, changes: Sequence[Change]) -> Tensor:
        """Logits [N], or scores [N, K], of a block of changes whose ends stand in ascending order, from the states
        before them."""
        starts, stops, new = zip(*changes, strict=True)
        state = self._before.rows(torch.tensor(starts))  # [L, N, H]
        for depth in range(max(map(len, new))):
            rows = torch.tensor([row for row, ids in enumerate(new) if len(ids) > depth])
            words = torch.tensor([ids[depth] for ids in new if len(ids) > depth])
            state.put(rows, self._model.step(self._model.embedding(words), state.rows(rows)).state)
        for position in range(stops[0], len(self._ids)):
            # One embedding for all rows: its projection is worked out once.
            x, begun = self._model.embedding(self._ids[position : position + 1]), slice(bisect_right(stops, position))
            state.put(begun, self._model.step(x, state.rows(begun)).state)
        return self._model.read_state(state)

    def effects(self, changes: Sequence[Change], target: Target | None = None) -> np.ndarray:
        """First-order change of the logit, or of another `target`'s log-odds, by each change, float64 [N]: one
        gradient, no sentence scored."""
        model = self._model if target is None else self._model.targeted(target)
        gradient = embedding_gradient(model, self._ids).numpy()  # [n, E]
        vectors = self._model.embedding.weight.detach().numpy()
        # Between the positions, where words are inserted (at the ends: the gradient of the one neighbour).
        padded = np.concatenate([gradient[:1], gradient, gradient[-1:]])
        between = (padded[1:] + padded[:-1]) / 2  # [n+1, E]
        own = (vectors[self._ids] * gradient).sum(axis=1)  # [n]
        result = np.zeros(len(changes))
        for number, (start, stop, ids) in enumerate(changes):
            result[number] = -own[start:stop].sum()
            for position, word in enumerate(ids, start):
                result[number] += vectors[word] @ (gradient[position] if position < stop else between[stop])
        return result


def embedding_gradient(model: Classifier, ids: Tensor) -> Tensor:
    """The gradient [n, E] of the logit of ids [n] by their embeddings; nothing is left on the model."""
    with torch.enable_grad():
        x = model.embedding(ids).detach()[None].requires_grad_(True)
        (gradient,) = torch.autograd.grad(model.from_embeddings(x).sum(), x)
    of_each: Tensor = gradient[0]
    return of_each

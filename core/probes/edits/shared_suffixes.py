"""What does a model say to many small changes of one sentence? What stands before a change is read once.

With h_p the state after the sentence's first p tokens, a change of tokens p to q into w_1 … w_m is read from h_p on:
m steps over the new words, then the sentence's own tokens from q to the end. All changes are read side by side: at
token t every change that lies before t takes that same token, so Wx_t + b is worked out once for all of them, and
Uh_p + d once for every p, whatever word comes next. A change in the middle costs half of the sentence.
A bidirectional model reads what stands behind a change before it, so its changed sentences are read whole.

The first-order effect of a change on the logit is the embeddings' difference times the logit's gradient at that place
(HotFlip, Ebrahimi et al. 2018). A deleted word counts as made zero, an inserted one with the mean of the gradients
beside it: both cruder than a substitution, for which it is the first term of Taylor's series.

Tests hold the logits to the fused forward within 1e-5. Axes: N changes, n tokens, E embedding, G gates, H units.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from core.models.recurrent import Classifier, State

BLOCK = 512  # changes read together: few enough that their gates stay in the processor's cache
FEW = 24  # changes, for fewer of which the states before every token are not worth working out


Change = tuple[int, int, tuple[int, ...]]
"""A start, a stop and ids: the ids from start up to stop, it not included, become these."""


class ChangedSentence:
    """One sentence of ids [n] under a model, and what changes of it do. Threads may share it.

    The states before each token are worked out when they are first needed; fewer than `few` changes are read as whole
    sentences as long as nobody asked for more.
    """

    def __init__(self, model: Classifier, ids: Sequence[int], block: int = BLOCK, few: int = FEW):
        self._model, self._block, self._few, self._length = model, block, few, len(ids)
        self._device = next(model.parameters()).device
        self._ids = torch.tensor(ids, dtype=torch.long, device=self._device)

    @cached_property
    def logit(self) -> float:
        """The sentence's own logit."""
        with torch.inference_mode():
            return float(self._model(self._ids[None]))

    @cached_property
    def _prefixes(self) -> _Prefixes:
        with torch.inference_mode():
            return _Prefixes(self._model, self._model.embedding(self._ids))

    def logits(self, changes: Sequence[Change]) -> np.ndarray:
        """Logits float32 [N] of the sentence after each change by itself."""
        result = np.empty(len(changes), dtype=np.float32)
        with torch.inference_mode():
            if self._model.reads_whole:
                for first in range(0, len(changes), self._block):
                    result[first : first + self._block] = (
                        self._whole(changes[first : first + self._block]).cpu().numpy()
                    )
                return result
            if len(changes) < self._few and "_prefixes" not in self.__dict__:
                return self._whole(changes).cpu().numpy() if changes else result
            by_stop = sorted(range(len(changes)), key=lambda number: changes[number][1])
            for first in range(0, len(changes), self._block):
                numbers = by_stop[first : first + self._block]
                result[numbers] = self._read([changes[number] for number in numbers]).cpu().numpy()
        return result

    def _whole(self, changes: Sequence[Change]) -> Tensor:
        """Logits [N] of the changed sentences, read from their beginnings by the fused modules."""
        ids = self._ids.tolist()
        sentences = [[*ids[:start], *new, *ids[stop:]] for start, stop, new in changes]
        lengths = torch.tensor([len(sentence) for sentence in sentences], device=self._device)
        longest = max(1, int(lengths.max()))
        padded = [sentence + [0] * (longest - len(sentence)) for sentence in sentences]
        logits = self._model(torch.tensor(padded, device=self._device), lengths.clamp(min=1))
        # Of no token at all the verdict is that of the state before the first.
        return torch.where(lengths > 0, logits, self._model.empty_logit())

    def _read(self, changes: Sequence[Change]) -> Tensor:
        """Logits [N] of a block of changes whose ends stand in ascending order, from the states before them."""
        sentence = self._prefixes
        state = self._after_new_words(changes)
        stops = np.array([stop for _, stop, _ in changes])
        for place in range(stops[0], self._length):
            begun = int(np.searchsorted(stops, place, side="right"))
            state.put(slice(0, begun), sentence.step_on(place, state.rows(slice(0, begun))))
        return self._model.read_state(state)

    def _after_new_words(self, changes: Sequence[Change]) -> State:
        """The states [L, N, H] after what stands before each change and its own new words."""
        starts = torch.tensor([start for start, _, _ in changes], device=self._device)
        state = self._prefixes.before.rows(starts)
        for depth in range(max(len(ids) for _, _, ids in changes)):
            rows = [row for row, (_, _, ids) in enumerate(changes) if len(ids) > depth]
            where = torch.tensor(rows, device=self._device)
            words, which = np.unique([changes[row][2][depth] for row in rows], return_inverse=True)
            x = self._model.embedding(torch.from_numpy(words.astype(np.int64)).to(self._device))
            number = torch.from_numpy(which).to(self._device)
            places = starts[where] if depth == 0 else None
            state.put(where, self._prefixes.step(x, number, state.rows(where), places))
        return state

    def effects(self, changes: Sequence[Change]) -> np.ndarray:
        """First-order change of the logit by each change, float64 [N]: one gradient, no sentence scored."""
        gradient = embedding_gradient(self._model, self._ids)  # [n, E]
        with torch.inference_mode():
            embedding = self._model.embedding
            own = (embedding(self._ids) * gradient).sum(dim=1).tolist()  # [n]
            words, which = np.unique([word for _, _, ids in changes for word in ids], return_inverse=True)
            x = embedding(torch.from_numpy(words.astype(np.int64)).to(self._device))
            # Gradients at the places, and between them where words are inserted (at the ends: of the one neighbour).
            padded = torch.cat([gradient[:1], gradient, gradient[-1:]])
            between = (padded[1:] + padded[:-1]) / 2  # [n+1, E]
            at_place, at_gap = (x @ gradient.t()).tolist(), (x @ between.t()).tolist()
        result, numbers = np.zeros(len(changes)), iter(which.tolist())
        for number, (start, stop, ids) in enumerate(changes):
            effect = -sum(own[start:stop])
            for place, _ in enumerate(ids, start):
                effect += at_place[next(numbers)][place] if place < stop else at_gap[next(numbers)][stop]
            result[number] = effect
        return result


class _Prefixes:
    """The states before each of a sentence's words [n, E], and the recurrence's two products for all of them."""

    def __init__(self, model: Classifier, words: Tensor):
        self._model, self._words = model, words
        self._single = model.recurrent.num_layers == 1
        if self._single:
            self._inputs = model.project_input(words)  # [n, G*H]
        states = [model.start()]
        for place in range(len(words)):
            states.append(self.step_on(place, states[-1]))
        self.before = _join(states)  # [L, n+1, H]
        if self._single:
            self._from_state = model.project_state(self.before.h[0])  # [n+1, G*H]

    def step_on(self, place: int, state: State) -> State:
        """The states [L, N, H] after one more word of the sentence itself."""
        if not self._single:
            return self._model.step(self._words[place].expand(state.h.shape[1], -1), state).state
        return self._cell(self._inputs[place : place + 1], self._model.project_state(state.h[0]), state)

    def step(self, words: Tensor, which: Tensor, state: State, places: Tensor | None) -> State:
        """The states after one more word each, `which` [N] of `words` [U, E]; `places` [N] where they are as before."""
        if not self._single:
            return self._model.step(words[which], state).state
        given = self._model.project_state(state.h[0]) if places is None else self._from_state[places]
        return self._cell(self._model.project_input(words)[which], given, state)

    def _cell(self, from_input: Tensor, from_state: Tensor, state: State) -> State:
        done = self._model.advance(from_input, from_state, state.h[0], None if state.c is None else state.c[0])
        h = done.h[None]
        return State(h, None if done.c is None else done.c[None], self._model.pool(state.pooled, h))


def embedding_gradient(model: Classifier, ids: Tensor) -> Tensor:
    """The gradient [n, E] of the logit of ids [n] by their embeddings; nothing is left on the model."""
    with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):  # cuDNN has no backward pass in eval mode
        x = model.embedding(ids).detach()[None].requires_grad_(True)
        (gradient,) = torch.autograd.grad(model.from_embeddings(x).sum(), x)
    found: Tensor = gradient[0]
    return found


def _join(states: Sequence[State]) -> State:
    return State(*(None if parts[0] is None else torch.cat(parts, dim=1) for parts in zip(*states, strict=True)))  # type: ignore[arg-type]

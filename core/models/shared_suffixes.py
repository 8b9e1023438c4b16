"""What does a model say to many small changes of one sentence? What stands before a change is read once.

With h_p the state after the sentence's first p tokens, a change of tokens p to q into w_1 … w_m is read from h_p on:
m steps over the new words, then the sentence's own tokens from q to the end. All changes, of several sentences too, are
read side by side and end together. A change in the middle costs half of the sentence.
A bidirectional model reads what stands behind a change before it, so its changed sentences are read whole.

The first-order effect of a change on the logit is the embeddings' difference times the logit's gradient at that place
(HotFlip, Ebrahimi et al. 2018). A deleted word counts as made zero, an inserted one with the mean of the gradients
beside it: both cruder than a substitution, for which it is the first term of Taylor's series.

Tests hold the logits to the fused forward within 1e-5. A logit is of the model's target; a model without one gives the
scores of all classes. Axes: L layers, N changes, n tokens, E embedding, H units, K classes.
"""

from __future__ import annotations

from collections.abc import Sequence

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
        self.model, self.ids, self._block = model, list(ids), block
        self._own: np.ndarray | None = None
        self._before: State | None = None

    @property
    def logit(self) -> np.ndarray:
        """The sentence's own logit [], or its scores [K]."""
        read_own([self])
        assert self._own is not None
        return self._own

    def logits(self, changes: Sequence[Change]) -> np.ndarray:
        """Logits float32 [N], or scores [N, K], of the sentence after each change by itself."""
        return read([(self, changes)], self._block)[0]

    def effects(self, changes: Sequence[Change], target: Target | None = None) -> np.ndarray:
        """First-order change of the logit, or of another `target`'s log-odds, by each change, float64 [N]: one
        gradient, no sentence scored."""
        return effects([(self, changes)], target)[0]


def read_own(sentences: Sequence[ChangedSentence]) -> None:
    """Read sentences of one model side by side, those that were not read before: their logits and states."""
    new = [sentence for sentence in sentences if sentence._own is None]
    if not new:
        return
    model, new = new[0].model, sorted(new, key=lambda sentence: -len(sentence.ids))
    with torch.inference_mode():
        if model.reads_whole:
            logits = _whole(model, [(sentence, (0, 0, ())) for sentence in new])
        else:
            ids, lengths = _padded([sentence.ids for sentence in new])
            x, state = model.embedding(ids), model.start(len(new))
            states = [state.rows(torch.arange(len(new)))]
            for step in range(int(lengths[0])):
                active = slice(int((lengths > step).sum()))  # the longest come first
                state.put(active, model.step(x[active, step], state.rows(active)).state)
                states.append(state.rows(torch.arange(len(new))))
            parts = [None if each[0] is None else torch.stack(each, dim=2) for each in zip(*states, strict=True)]
            for row, sentence in enumerate(new):
                of_row = (None if part is None else part[:, row, : len(sentence.ids) + 1] for part in parts)
                sentence._before = State(*of_row)  # type: ignore[arg-type]
            logits = model.read_state(state)
    for sentence, own in zip(new, logits.numpy(), strict=True):
        sentence._own = own


def read(asked: Sequence[tuple[ChangedSentence, Sequence[Change]]], block: int = BLOCK) -> list[np.ndarray]:
    """What `ChangedSentence.logits` gives for changes of each of some sentences of one model, read side by side."""
    model = asked[0][0].model
    rows = [(sentence, change) for sentence, changes in asked for change in changes]
    classes = () if model.target else (model.linear.out_features,)
    result = np.empty((len(rows), *classes), dtype=np.float32)
    if not model.reads_whole:
        read_own([sentence for sentence, changes in asked if changes])
    order = sorted(range(len(rows)), key=lambda number: -_tail(*rows[number]))
    with torch.inference_mode():
        for first in range(0, len(rows), block):
            numbers = order[first : first + block]
            some = [rows[number] for number in numbers]
            result[numbers] = (_whole if model.reads_whole else _shared)(model, some).numpy()
    return np.split(result, np.cumsum([len(changes) for _sentence, changes in asked])[:-1])


def _tail(sentence: ChangedSentence, change: Change) -> int:
    """How many tokens a changed sentence has from the change on."""
    return len(change[2]) + len(sentence.ids) - change[1]


def _whole(model: Classifier, rows: Sequence[tuple[ChangedSentence, Change]]) -> Tensor:
    """Logits [N], or scores [N, K], of changed sentences, read from their beginnings by the fused modules."""
    sentences = [[*sentence.ids[:start], *new, *sentence.ids[stop:]] for sentence, (start, stop, new) in rows]
    ids, lengths = _padded(sentences)
    logits: Tensor = model(ids, lengths.clamp(min=1))
    # Of no token at all the verdict is that of the state before the first.
    logits[lengths == 0] = model.empty_logits()
    return logits


def _padded(sentences: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Ids [B, T], padded behind, and lengths [B]; T is at least 1."""
    lengths = [len(sentence) for sentence in sentences]
    longest = max(1, *lengths)
    return torch.tensor([[*ids, *[0] * (longest - len(ids))] for ids in sentences]), torch.tensor(lengths)


def _shared(model: Classifier, rows: Sequence[tuple[ChangedSentence, Change]]) -> Tensor:
    """Logits [N], or scores [N, K], of changed sentences by falling length of what is read, from the states before.

    All end at once: a row begins when as many tokens are left as it has. Each distinct word is projected once."""
    sentences = list({id(sentence): sentence for sentence, _change in rows}.values())
    lengths = np.array([len(sentence.ids) + 1 for sentence in sentences])
    offsets = dict(zip(map(id, sentences), (np.cumsum(lengths) - lengths).tolist(), strict=True))
    begun = torch.tensor([offsets[id(sentence)] + change[0] for sentence, change in rows])
    before = [sentence._before for sentence in sentences]
    state = _joined([one for one in before if one is not None]).rows(begun)
    tails = [[*new, *sentence.ids[stop:]] for sentence, (_start, stop, new) in rows]
    longest = len(tails[0])
    words = np.zeros((longest, len(rows)), dtype=np.int64)
    for row, tail in enumerate(tails):
        words[longest - len(tail) :, row] = tail
    counts = np.searchsorted([-len(tail) for tail in tails], -np.arange(longest, 0, -1), side="right").tolist()
    distinct, index = np.unique(words, return_inverse=True)
    projected = model.project_input(model.embedding(torch.from_numpy(distinct)))
    for column, count in zip(index.reshape(words.shape), counts, strict=True):
        active, alike = slice(count), (column[:count] == column[0]).all()
        from_input = projected[torch.from_numpy(column[: 1 if alike else count])]
        state.put(active, model.step_projected(from_input, state.rows(active)).state)
    return model.read_state(state)


def _joined(states: Sequence[State]) -> State:
    """States of several sentences behind one another."""
    if len(states) == 1:
        return states[0]
    parts = zip(*states, strict=True)
    return State(*(None if each[0] is None else torch.cat(each, dim=1) for each in parts))  # type: ignore[arg-type]


def effects(
    asked: Sequence[tuple[ChangedSentence, Sequence[Change]]], target: Target | None = None
) -> list[np.ndarray]:
    """What `ChangedSentence.effects` gives for changes of each of some sentences of one model, their gradients taken
    side by side."""
    model = asked[0][0].model
    gradients = _gradients(
        model if target is None else model.targeted(target), [sentence.ids for sentence, _changes in asked]
    )
    vectors = model.embedding.weight.detach().numpy()
    return [
        _effects(vectors, sentence.ids, gradient, changes)
        for (sentence, changes), gradient in zip(asked, gradients, strict=True)
    ]


def _effects(vectors: np.ndarray, ids: Sequence[int], gradient: np.ndarray, changes: Sequence[Change]) -> np.ndarray:
    """Those by one sentence's gradient [n, E], float64 [N]."""
    # Between the positions, where words are inserted (at the ends: the gradient of the one neighbour).
    padded = np.concatenate([gradient[:1], gradient, gradient[-1:]])
    places = np.concatenate([gradient, (padded[1:] + padded[:-1]) / 2])  # [n + n+1, E]
    own = (vectors[ids] * gradient).sum(axis=1)  # [n]
    gone = np.concatenate([[0.0], np.cumsum(own, dtype=np.float64)])
    starts, stops = (np.array([change[side] for change in changes], dtype=np.int64) for side in (0, 1))
    sizes = np.array([len(change[2]) for change in changes], dtype=np.int64)
    words = np.array([word for change in changes for word in change[2]], dtype=np.int64)
    owner = np.repeat(np.arange(len(changes)), sizes)
    position = starts[owner] + np.arange(len(owner)) - (np.cumsum(sizes) - sizes)[owner]
    place = np.where(position < stops[owner], position, len(ids) + stops[owner])
    come = np.einsum("ne,ne->n", vectors[words], places[place])
    result: np.ndarray = np.bincount(owner, come, len(changes)) - (gone[stops] - gone[starts])
    return result


def embedding_gradient(model: Classifier, ids: Tensor) -> Tensor:
    """The gradient [n, E] of the logit of ids [n] by their embeddings; nothing is left on the model."""
    return _gradient(model, ids[None], None)[0]


def _gradient(model: Classifier, ids: Tensor, lengths: Tensor | None) -> Tensor:
    """Those [B, T, E] of ids [B, T], each of its own logit."""
    with torch.enable_grad():
        x = model.embedding(ids).detach().requires_grad_(True)
        (gradient,) = torch.autograd.grad(model.from_embeddings(x, lengths).sum(), x)
    of_each: Tensor = gradient
    return of_each


def _gradients(model: Classifier, sentences: Sequence[Sequence[int]]) -> list[np.ndarray]:
    """Those [n, E] of sentences, read side by side."""
    ids, lengths = _padded(sentences)
    gradients = _gradient(model, ids, None if bool((lengths == ids.shape[1]).all()) else lengths).numpy()
    return [gradient[: len(sentence)] for gradient, sentence in zip(gradients, sentences, strict=True)]

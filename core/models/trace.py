"""What happens inside while a text is read? Every state, gate and verdict after every token, and each step's share.

The logit after t tokens is read out of the hidden state, logit_t = w·h_t + b, and the empty text's is b, for h_0 = 0.
It is the log-odds of the model's target, or without one of the class that the model predicts for the text. Log-odds
against several classes have weights w_t of their own at every step, those of `models.linear_head` for a change.
Two decompositions of the last logit, both exact and both over the tokens:

    contributions        logit_t − logit_{t−1} = w·(h_t − h_{t−1}), for every cell
    cell_contributions   γ_t = w·(o_T * (tanh(F_t c_t) − tanh(F_{t−1} c_{t−1}))),  F_t = f_{t+1} * … * f_T, for the LSTM

each of which sums to logit_T − b; against several classes γ_t is the difference of the log-odds of o_T * tanh(F_t c_t)
and of the one before. The first is how far a step moved the read-out at that step. The second is the
forget-aware decomposition γ of Murdoch & Szlam 2017, "Automatic Rule Extraction from Long Short Term Memory Networks",
section 3: the last cell state is the sum over the tokens of what each wrote, i_t * g_t, times all later forget gates,
F_t. The first t of these add up to F_t * c_t, for c_0 = 0, and γ_t is what the t-th adds after the tanh and the last
output gate o_T: a forgotten token counts for little. Theirs are exp(γ_t), with the product exp(w·h_T), one per class.

A model that reads something else than h_T (`models.read_outs`) has that in its place: a mean, a maximum or an attention
over the steps so far, or c. Padding that a model reads is a token here, ``<pad>``.

The equations are `recurrent.cell_step`'s. Of several layers the top one is traced. Axes: T tokens, E embedding, H
units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from core.data import targets
from core.data.targets import POSITIVE, Target
from core.models.linear_head import LinearHead
from core.models.predict import EmptyTextError, aimed, sigmoid
from core.models.read_outs import running
from core.runtime.i18n import gettext as _
from core.runtime.shown import Shown
from core.text.preprocessing import PAD, Vocabulary

if TYPE_CHECKING:
    from torch import Tensor

    from core.models.checkpoints import Checkpoint
    from core.models.recurrent import CellStep, Classifier


@dataclass(frozen=True)
class Trace(Shown):
    """What one model computes for one text; arrays are read-only.

    `known` says of each token whether the vocabulary has it. `x` [T, E] is what the traced layer reads: embeddings, or
    the states of the layer below. `h` [T, H] and the LSTM's `c` [T, H] are the states after each token; `gates` [T, H]
    by name, in the order of `recurrent.GATES`, after their non-linearity (the RNN's before it). `read` [T, H] is what
    the head reads, None if that is `h`; `logit` and `probability`, float64 [T], are of the `target`; `read_out` [H] are
    the logit's weights, [T, H] those of each step where the target is compared with several classes, None for a head of
    two layers; `empty_logit` is read before the first token. `plain`: the scores are W h_T + b. `scores` [T, K] and
    `empty_scores` [K] are those of more than two classes; `head` is the last layer, None where the logit is a weighted
    sum or has two layers.
    """

    pictured: ClassVar[bool] = True

    model: str
    text: str
    tokens: tuple[str, ...]
    known: tuple[bool, ...]
    cell: str
    x: np.ndarray
    h: np.ndarray
    c: np.ndarray | None
    gates: Mapping[str, np.ndarray]
    read_out: np.ndarray | None
    logit: np.ndarray
    probability: np.ndarray
    empty_logit: float
    read: np.ndarray | None = None
    plain: bool = True
    target: Target = POSITIVE
    scores: np.ndarray | None = None
    empty_scores: np.ndarray | None = None
    head: LinearHead | None = field(default=None, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def predicted(self) -> np.ndarray:
        """The number of the predicted class after each token, uint8 [T]."""
        return targets.predicted_by(self.logit, self.scores, self.target)

    @property
    def distributions(self) -> np.ndarray:
        """The probability of every class after each token, float64 [T, K]."""
        scores = targets.log_odds(self.logit, self.target) if self.scores is None else self.scores
        return targets.distribution(targets.probabilities(scores))

    @property
    def contributions(self) -> np.ndarray:
        """How far each token moved the logit, float64 [T]; their sum is ``logit[-1] - empty_logit``."""
        return np.diff(self.logit, prepend=self.empty_logit)

    @property
    def unit_contributions(self) -> np.ndarray | None:
        """`contributions` by unit, w_u (h_{t,u} − h_{t−1,u}), float64 [T, H]; None for a head of two layers."""
        return None if self.read_out is None else self.read_out * self._moves

    @property
    def units(self) -> np.ndarray:
        """The units, int64 [H], by total change in the logit, Σ_t |unit_contributions|, largest first; by their own
        total change for a head of two layers."""
        by_unit = self.unit_contributions
        return np.argsort(-np.abs(self._moves if by_unit is None else by_unit).sum(axis=0), kind="stable")

    @property
    def _moves(self) -> np.ndarray:
        read = (self.h if self.read is None else self.read).astype(np.float64)
        return np.diff(read, axis=0, prepend=np.zeros_like(read[:1]))

    @property
    def cell_contributions(self) -> np.ndarray | None:
        """γ of each token, float64 [T], with the sum ``logit[-1] - empty_logit``; None without a cell state, or if the
        logit is not w·h_T + b."""
        if self.c is None or self.read_out is None or not self.plain:
            return None
        forget = self.gates["forget"].astype(np.float64)
        later = np.ones_like(forget)  # F_t
        later[:-1] = np.cumprod(forget[:0:-1], axis=0)[::-1]
        kept = np.tanh(later * self.c)
        if self.head is not None:
            states = self.gates["output"][-1] * np.concatenate([np.zeros_like(kept[:1]), kept])
            return np.diff(self.head.log_odds(states))
        output = self.read_out * self.gates["output"][-1].astype(np.float64)
        gamma: np.ndarray = np.diff(kept, axis=0, prepend=np.zeros_like(kept[:1])) @ output
        return gamma


def trace(checkpoint: Checkpoint, text: str) -> Trace:
    """The trace of a text. Raises EmptyTextError, and NotPrefixwiseError for a bidirectional model."""
    return _read(checkpoint, text, tuple(checkpoint.preprocessing(text)))


def trace_tokens(checkpoint: Checkpoint, tokens: Sequence[str]) -> Trace:
    """The trace of tokens, without preprocessing. Raises as `trace`."""
    return _read(checkpoint, " ".join(tokens), tuple(tokens))


def _read(checkpoint: Checkpoint, text: str, tokens: tuple[str, ...]) -> Trace:
    import torch

    from core.models.recurrent import GATES

    if not tokens:
        raise EmptyTextError(_("the text is empty: there is no word to read"))
    checkpoint.model.check_prefixwise(checkpoint.name)
    checkpoint = aimed(checkpoint, tokens)
    model, target = checkpoint.model, checkpoint.target
    assert target is not None
    with torch.inference_mode():
        ids = model.reads.padded(checkpoint.vocabulary.encode(tokens), Vocabulary.pad_id)
        tokens = tuple(model.reads.padded(tokens, PAD))
        done = unroll(model, model.embedding(torch.tensor(ids)))
        h = done.h
        read = running(model.reads.pool, h, done.c)
        gates = [_array(torch.cat(values)) for values in zip(*(step.gates for step in done.steps), strict=True)]
        scores, before = (model.scores(states).double() for states in (read, torch.zeros_like(read[0])))
        logit = _array(targets.log_odds(scores, target))
        head = None if target.rival else LinearHead.of(model)
        return Trace(
            model=checkpoint.name,
            text=text,
            tokens=tokens,
            known=tuple(number != Vocabulary.unk_id for number in ids),
            cell=model.cell,
            x=_array(done.x),
            h=_array(h),
            c=None if done.c is None else _array(done.c),
            gates=dict(zip(GATES[model.cell], gates, strict=True)),
            read_out=_weights(model, target, head, read),
            logit=logit,
            probability=_read_only(sigmoid(logit)),
            empty_logit=model.start_logit(),
            read=None if read is h else _array(read),
            plain=model.plain,
            target=target,
            scores=_array(scores) if scores.ndim > 1 else None,
            empty_scores=_array(before) if before.ndim else None,
            head=head,
        )


def _weights(model: Classifier, target: Target, head: LinearHead | None, read: Tensor) -> np.ndarray | None:
    """The log-odds' weights [H], or those [T, H] of the steps to each of the states that are read [T, H]."""
    if model.head:
        return None
    if head is None:
        return _array(targets.log_odds(targets.scores_of(model.linear.weight.double().T), target))
    after = read.double().numpy()
    return _read_only(head.between(np.concatenate([np.zeros_like(after[:1]), after[:-1]]), after))


class Unrolled(NamedTuple):
    """The top layer's steps over one text, and what it read, `x` [T, E] (or [T, H] above the first layer)."""

    x: Tensor
    steps: list[CellStep]

    @property
    def h(self) -> Tensor:
        """Hidden states [T, H]."""
        import torch

        return torch.cat([step.h for step in self.steps])

    @property
    def c(self) -> Tensor | None:
        """Cell states [T, H]; None for cells without."""
        import torch

        states = [step.c for step in self.steps if step.c is not None]
        return torch.cat(states) if states else None


def unroll(model: Classifier, x: Tensor, gain: float = 1.0) -> Unrolled:
    """Read embedded tokens x [T, E], T at least 1, layer by layer; gradients flow where torch records them.

    `gain` scales the recurrent weights: U h becomes gain U h. Raises NotPrefixwiseError for a bidirectional model.
    """
    for layer in range(model.recurrent.num_layers):
        state = model.start()
        h, c = state.h[layer], None if state.c is None else state.c[layer]
        steps: list[CellStep] = []
        for projected in model.project_input(x, layer).split(1):
            from_state = model.project_state(h if gain == 1 else gain * h, layer)
            steps.append(model.advance(projected, from_state, h, c, layer))
            h, c = steps[-1].h, steps[-1].c
        done = Unrolled(x, steps)
        if layer < model.recurrent.num_layers - 1:
            x = done.h
    return done


def _array(tensor: Tensor) -> np.ndarray:
    return _read_only(tensor.numpy())


def _read_only(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array

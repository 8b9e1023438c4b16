"""What happens inside while a text is read? Every state, gate and verdict after every token, and each step's share.

The logit after t tokens is read out of the hidden state, logit_t = w·h_t + b, and the empty text's is b, for h_0 = 0.
Two decompositions of the last logit, both exact and both over the tokens:

    contributions        logit_t − logit_{t−1} = w·(h_t − h_{t−1}), for every cell
    cell_contributions   γ_t = w·(o_T * (tanh(F_t c_t) − tanh(F_{t−1} c_{t−1}))),  F_t = f_{t+1} * … * f_T, for the LSTM

each of which sums to logit_T − b. The first tells how far a step moved the read-out when it was taken, whatever became
of that later. The second is the forget-aware decomposition, γ, of Murdoch & Szlam 2017, "Automatic Rule Extraction from
Long Short Term Memory Networks", section 3: the last cell state is the sum over the tokens of what each wrote, i_t *
g_t, times all forget gates after it, F_t. The sum of the first t of these is F_t * c_t, for c_0 = 0, and γ_t is what
the t-th adds once the tanh and the last output gate o_T are applied to such sums: a token that was forgotten counts for
little. Theirs are exp(γ_t), whose product is exp(w·h_T), one for each class; here is one logit and its terms.

Of a model that reads something else than h_T (`models.read_outs`), that stands in its place: a mean, a maximum or an
attention over the steps so far, or c. Padding that a model reads is a token like any other here, ``<pad>``.

The equations are `recurrent.cell_step`'s, a step at a time, and the product with the inputs is made once for all
tokens. Of several layers the top one is traced, from which the verdict is read. Axes: T tokens, E embedding, H units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.models.predict import EmptyTextError, sigmoid
from core.models.read_outs import running
from core.runtime.i18n import gettext as _
from core.text.preprocessing import PAD, Vocabulary

if TYPE_CHECKING:
    from torch import Tensor

    from core.models.checkpoints import Checkpoint
    from core.models.recurrent import CellStep, Classifier


@dataclass(frozen=True)
class Trace:
    """One model's reading of one text; arrays are read-only, in the precision of the model unless told.

    `known` says of each token whether the model's vocabulary has it. `x` [T, E] is what the traced layer reads: the
    embeddings, or, of several layers, the hidden states of the one below. `h` [T, H] and, for the LSTM, `c` [T, H] are
    the states after each token; `gates` [T, H] by name, in the order of `core.models.recurrent.GATES`, after their
    non-linearity (before it for the RNN's pre-activation). `read` [T, H] is what the head reads after each token,
    None where that is `h`; `logit` and `probability`, float64 [T], are what it says, with the weights `read_out` [H],
    None where the head has two layers; `empty_logit` is read before the first. `plain`: the logit is w·h_T + b.
    """

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

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def contributions(self) -> np.ndarray:
        """How far each token moved the logit, float64 [T]; their sum is ``logit[-1] - empty_logit``."""
        return np.diff(self.logit, prepend=self.empty_logit)

    @property
    def unit_contributions(self) -> np.ndarray | None:
        """`contributions` by unit, w_u (h_{t,u} − h_{t−1,u}), float64 [T, H]; each token's sum over the units to its
        contribution. None for a head of two layers, in which units act together."""
        return None if self.read_out is None else self.read_out * self._moves

    @property
    def units(self) -> np.ndarray:
        """The units, int64 [H], by how far they moved the logit up or down in all, Σ_t |unit_contributions|, the
        furthest first; by how far they moved themselves where a head has two layers."""
        by_unit = self.unit_contributions
        return np.argsort(-np.abs(self._moves if by_unit is None else by_unit).sum(axis=0), kind="stable")

    @property
    def _moves(self) -> np.ndarray:
        read = (self.h if self.read is None else self.read).astype(np.float64)
        return np.diff(read, axis=0, prepend=np.zeros_like(read[:1]))

    @property
    def cell_contributions(self) -> np.ndarray | None:
        """γ of each token, float64 [T]; their sum is ``logit[-1] - empty_logit``. None where there is no cell state,
        or the logit is not w·h_T + b."""
        if self.c is None or self.read_out is None or not self.plain:
            return None
        forget = self.gates["forget"].astype(np.float64)
        later = np.ones_like(forget)  # F_t
        later[:-1] = np.cumprod(forget[:0:-1], axis=0)[::-1]
        kept = np.tanh(later * self.c)
        output = self.read_out * self.gates["output"][-1].astype(np.float64)
        found: np.ndarray = np.diff(kept, axis=0, prepend=np.zeros_like(kept[:1])) @ output
        return found


def trace(checkpoint: Checkpoint, text: str) -> Trace:
    """A model's reading of a text, token by token. Raises EmptyTextError for a text without a token, and
    `core.models.recurrent.NotPrefixwiseError` for a bidirectional model."""
    tokens = checkpoint.preprocessing(text)
    if not tokens:
        raise EmptyTextError(_("the text is empty: there is no word to read"))
    return _read(checkpoint, text, tuple(tokens))


def trace_tokens(checkpoint: Checkpoint, tokens: Sequence[str]) -> Trace:
    """A model's reading of tokens as they stand, without preprocessing. Raises EmptyTextError where there is none,
    and `core.models.recurrent.NotPrefixwiseError` for a bidirectional model."""
    if not tokens:
        raise EmptyTextError(_("there is no token to read"))
    return _read(checkpoint, " ".join(tokens), tuple(tokens))


def _read(checkpoint: Checkpoint, text: str, tokens: tuple[str, ...]) -> Trace:
    import torch

    from core.models.recurrent import GATES

    model = checkpoint.model
    model.check_prefixwise(checkpoint.name)
    with torch.inference_mode():
        ids = model.reads.padded(checkpoint.vocabulary.encode(tokens), Vocabulary.pad_id)
        tokens = tuple(model.reads.padded(tokens, PAD))
        done = unroll(model, model.embedding(torch.tensor(ids)))
        h = done.h
        read = running(model.reads.pool, h, done.c)
        gates = [_array(torch.cat(values)) for values in zip(*(step.gates for step in done.steps), strict=True)]
        logit = _array(model.read_out(read).double())
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
            read_out=None if model.head else _array(model.linear.weight[0].double()),
            logit=logit,
            probability=_read_only(sigmoid(logit)),
            empty_logit=model.start_logit(),
            read=None if read is h else _array(read),
            plain=model.plain,
        )


class Unrolled(NamedTuple):
    """The top layer's steps over one text, one after another, and what it read, `x` [T, E] (or [T, H] above the
    first)."""

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

    With a `gain` every recurrent weight counts that many times, U h becoming gain U h; the model is left as it is.
    Raises `core.models.recurrent.NotPrefixwiseError` for a bidirectional model.
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

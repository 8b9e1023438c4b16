"""What is the model? One classifier over three recurrent cells, read out from its last hidden state.

    x_t = E[id_t],   state_t = cell(x_t, state_{t-1}),   logit = w·h_T + b,   P(positive) = σ(logit)

with σ the logistic function, h_0 = c_0 = 0. The cells' equations are torch's (documentation of `torch.nn.RNN`, `GRU`,
`LSTM`), after Elman 1990, Cho et al. 2014 and Hochreiter & Schmidhuber 1997 with the forget gate of Gers et al. 2000:

    rnn    h' = tanh(Wx + b + Uh + d)
    gru    r, z = σ(Wx + b + Uh + d),  n = tanh(W_n x + b_n + r*(U_n h + d_n)),  h' = (1 − z)*n + z*h
    lstm   i, f, o = σ(Wx + b + Uh + d),  g = tanh(W_g x + b_g + U_g h + d_g),  c' = f*c + i*g,  h' = o*tanh(c')

The GRU's reset gate stands inside the candidate's recurrent term, as in torch and cuDNN, not before the product as in
Cho et al. 2014. `Classifier.forward` uses torch's fused modules; `start`, `step` and `read_out` give the same numbers a
token at a time and are the one place where these equations are written out.

A bidirectional classifier, such as `core.importing` brings, has a second recurrence from the last token to the first
(Schuster & Paliwal 1997), and its read-out takes both ways' states side by side, [2H]. What it says of a beginning of
a text follows from no state that it passed on the way: `prefix_logits`, `start` and `step` do not exist for it.

Axes: B batch, T steps, E embedding, H hidden, L layers, V vocabulary. Imports torch only.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from core.language import gettext as _

_MODULES = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
CELLS = tuple(_MODULES)

# The blocks of H rows in torch's stacked weights, in order (torch documentation, `weight_ih_l`).
GATES = {"rnn": ("pre_activation",), "gru": ("reset", "update", "new"), "lstm": ("input", "forget", "cell", "output")}


# Which states the read-out takes: each way's after the last token that it reads, or both ways' at the last token of the
# text, where the way back has read that one token only. A unidirectional model's are the same.
READS = ("final", "last")


class NotPrefixwiseError(ValueError):
    """Something was asked of a bidirectional model that only a model which reads from left to right can tell."""

    def __init__(self, name: str = ""):
        super().__init__(
            _(
                "{model} is bidirectional: it reads a text from both ends, so it has no verdict, state or gate after "
                "each word on the way; choose a model that reads from left to right"
            ).format(model=name or _("the model"))
        )


class State(NamedTuple):
    """Hidden states [L, B, H] and, for the LSTM, cell states of the same shape."""

    h: Tensor
    c: Tensor | None


class Step(NamedTuple):
    """The state after one token and the gates that made it, by name, each [L, B, H] (after their non-linearity, except
    the RNN's pre-activation)."""

    state: State
    gates: dict[str, Tensor]


class CellStep(NamedTuple):
    """One layer after one token: h' [B, H], c' for the LSTM, and the gates in the order of `GATES`."""

    h: Tensor
    c: Tensor | None
    gates: tuple[Tensor, ...]


def cell_step(cell: str, from_input: Tensor, from_state: Tensor, h: Tensor, c: Tensor | None) -> CellStep:
    """One step of one layer from the two projections Wx + b and Uh + d, each [B, G*H], G gates stacked.

    The projections come apart because searches share them: one Wx for every place a word can stand in, one Uh for every
    word that can follow.
    """
    if cell == "rnn":
        pre = from_input + from_state
        return CellStep(torch.tanh(pre), None, (pre,))
    if cell == "gru":
        input_r, input_z, input_n = from_input.chunk(3, dim=-1)
        state_r, state_z, state_n = from_state.chunk(3, dim=-1)
        r = torch.sigmoid(input_r + state_r)
        z = torch.sigmoid(input_z + state_z)
        n = torch.tanh(input_n + r * state_n)
        return CellStep((1 - z) * n + z * h, None, (r, z, n))
    assert c is not None
    i, f, g, o = (from_input + from_state).chunk(4, dim=-1)
    i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
    c = f * c + i * g
    return CellStep(o * torch.tanh(c), c, (i, f, g, o))


class Classifier(nn.Module):
    """A recurrent classifier over one of the cells ``rnn``, ``gru``, ``lstm``; unidirectional unless told.

    `dropout` acts on the embeddings and on the read-out, in training only. `reads` is one of `READS` and matters to a
    bidirectional model alone. Raises ValueError for an unknown cell or reading, or a size below 1.
    """

    def __init__(
        self,
        cell: str,
        vocabulary_size: int,
        embedding_size: int = 128,
        hidden_size: int = 256,
        layers: int = 1,
        dropout: float = 0.0,
        *,
        bidirectional: bool = False,
        reads: str = READS[0],
    ):
        super().__init__()
        if cell not in _MODULES:
            raise ValueError(_("unknown cell {cell!r}; available: {cells}").format(cell=cell, cells=", ".join(CELLS)))
        if reads not in READS:
            raise ValueError(
                _("unknown states to read {reads!r}; available: {available}").format(
                    reads=reads, available=", ".join(READS)
                )
            )
        if min(vocabulary_size, embedding_size, hidden_size, layers) < 1:
            raise ValueError(
                _(
                    "sizes are at least 1; given: vocabulary {vocabulary}, embedding {embedding}, hidden {hidden}, "
                    "layers {layers}"
                ).format(vocabulary=vocabulary_size, embedding=embedding_size, hidden=hidden_size, layers=layers)
            )
        self.cell, self.bidirectional, self.reads = cell, bidirectional, reads
        self.embedding = nn.Embedding(vocabulary_size, embedding_size, padding_idx=0)
        self.recurrent = _MODULES[cell](
            embedding_size, hidden_size, layers, batch_first=True, bidirectional=bidirectional
        )
        self.linear = nn.Linear(hidden_size * (2 if bidirectional else 1), 1)
        self.dropout = nn.Dropout(dropout)

    @property
    def hidden_size(self) -> int:
        """H, the number of units of a layer, one way."""
        return int(self.recurrent.hidden_size)

    def forward(self, ids: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Logits [B] of sentences of ids [B, T], padded on the right where `lengths` [B] says so; T is at least 1."""
        return self.from_embeddings(self.embedding(ids), lengths)

    def from_embeddings(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Logits [B] of sentences given as embedded tokens x [B, T, E]."""
        if self.bidirectional:
            return self.read_out(self.dropout(self._both_ways(self.dropout(x), lengths)))
        h, _last = self.recurrent(self.dropout(x))
        # Reading past the end is harmless: the recurrence runs forward, so padding cannot reach the state before it.
        last = h[:, -1] if lengths is None else h[torch.arange(len(h), device=h.device), lengths - 1]
        return self.read_out(self.dropout(last))

    def _both_ways(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        """What a bidirectional model's read-out takes, [B, 2H]; the way back starts at each sentence's own end."""
        if lengths is None:
            h, _last = self.recurrent(x)
            last = h[:, -1]
        else:
            packed, _last = self.recurrent(
                nn.utils.rnn.pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
            )
            h, _lengths = nn.utils.rnn.pad_packed_sequence(packed, batch_first=True)
            last = h[torch.arange(len(h), device=h.device), lengths - 1]
        if self.reads == "last":
            return last  # type: ignore[no-any-return]
        return torch.cat([last[:, : self.hidden_size], h[:, 0, self.hidden_size :]], dim=-1)

    def empty_logit(self) -> float:
        """The logit of the empty text: what is read out of zeros, the state before the first token."""
        return float(self.read_out(self.linear.weight.new_zeros(self.linear.in_features)))

    def check_prefixwise(self, name: str = "") -> None:
        """Refuse a bidirectional model, by its name if that is given. Raises NotPrefixwiseError."""
        if self.bidirectional:
            raise NotPrefixwiseError(name)

    def prefix_logits(self, ids: Tensor) -> Tensor:
        """Logits [B, T] after every token of ids [B, T]; the last column is what `forward` gives.

        Raises NotPrefixwiseError for a bidirectional model, as `start` and `step` do.
        """
        self.check_prefixwise()
        h, _last = self.recurrent(self.embedding(ids))
        return self.read_out(h)

    def start(self, batch: int = 1) -> State:
        """The state before the first token: zeros, [L, B, H]."""
        self.check_prefixwise()
        h = self.linear.weight.new_zeros(self.recurrent.num_layers, batch, self.hidden_size)
        return State(h, h.clone() if self.cell == "lstm" else None)

    def step(self, x: Tensor, state: State) -> Step:
        """The state and gates after one more token with embeddings x [B, E]."""
        self.check_prefixwise()
        layers: list[CellStep] = []
        for layer in range(self.recurrent.num_layers):
            h = state.h[layer]
            c = None if state.c is None else state.c[layer]
            layers.append(cell_step(self.cell, self.project_input(x, layer), self.project_state(h, layer), h, c))
            x = layers[-1].h
        h = torch.stack([done.h for done in layers])
        c = torch.stack([done.c for done in layers if done.c is not None]) if state.c is not None else None
        gates = (torch.stack(values) for values in zip(*(done.gates for done in layers), strict=True))
        return Step(State(h, c), dict(zip(GATES[self.cell], gates, strict=True)))

    def project_input(self, x: Tensor, layer: int = 0) -> Tensor:
        """Wx + b of a layer: [B, E] (or [B, H] above the first) to [B, G*H]."""
        return nn.functional.linear(x, *self._weights("ih", layer))

    def project_state(self, h: Tensor, layer: int = 0) -> Tensor:
        """Uh + d of a layer: [B, H] to [B, G*H]."""
        return nn.functional.linear(h, *self._weights("hh", layer))

    def read_out(self, h: Tensor) -> Tensor:
        """Logits [...] of top-layer hidden states [..., H], of a bidirectional model both ways', [..., 2H]."""
        logits: Tensor = self.linear(h)
        return logits.squeeze(-1)

    def _weights(self, part: str, layer: int) -> tuple[Tensor, Tensor]:
        return getattr(self.recurrent, f"weight_{part}_l{layer}"), getattr(self.recurrent, f"bias_{part}_l{layer}")

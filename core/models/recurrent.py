"""What is the model? One classifier over three recurrent cells, and what its head reads.

    x_t = E[id_t],   state_t = cell(x_t, state_{t-1}),   z = W read(h_1 … h_T) + b,   P = softmax(z)

with h_0 = c_0 = 0, and read(…) = h_T unless `read_outs` says another. A head of one output s has z = (0, s). A logit is
the log-odds of the model's target (`core.data.targets`): s of two classes; without a target it is z. The cells'
equations are torch's (documentation of `torch.nn.RNN`, `GRU`, `LSTM`), after Elman 1990, Cho et al. 2014 and Hochreiter
& Schmidhuber 1997 with the forget gate of Gers et al. 2000:

    rnn    h' = tanh(Wx + b + Uh + d), or relu of the same
    gru    r, z = σ(Wx + b + Uh + d),  n = tanh(W_n x + b_n + r*(U_n h + d_n)),  h' = (1 − z)*n + z*h
    lstm   i, f, o = σ(Wx + b + Uh + d),  g = tanh(W_g x + b_g + U_g h + d_g),  c' = f*c + i*g,  h' = o*tanh(c')

The GRU's reset gate acts inside the candidate's recurrent term, as in torch and cuDNN. With ``reset_after=False`` it
acts before the product, n = tanh(W_n x + b_n + U_n (r*h) + d_n), as in Cho et al. 2014. `Classifier.forward` uses
torch's fused modules; `start`, `step` and `read_state` give the same numbers a token at a time and are the one place
where these equations are written out.

A bidirectional classifier (Schuster & Paliwal 1997) has a second recurrence from the last token to the first; its head
reads both states side by side, [2H]. No state after a prefix gives its verdict on the prefix, so it has no
`prefix_logits`, `start` and `step`.

Axes: B batch, T steps, E embedding, H hidden, L layers, V vocabulary, F what the head reads, K classes. Logits [B] and
[B, T] become [B, K] and [B, T, K] where a model has no target. Of libraries, torch is the only one.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from core.data import targets
from core.data.labels import MOST
from core.data.targets import Target
from core.models.read_outs import ReadOut, gather
from core.runtime.i18n import gettext as _

_MODULES = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
CELLS = tuple(_MODULES)

# The blocks of H rows in torch's stacked weights, in order (torch documentation, `weight_ih_l`).
GATES = {"rnn": ("pre_activation",), "gru": ("reset", "update", "new"), "lstm": ("input", "forget", "cell", "output")}

NONLINEARITIES = {"tanh": torch.tanh, "relu": torch.relu}
ACTIVATIONS = NONLINEARITIES | {
    "sigmoid": torch.sigmoid,
    "gelu": nn.functional.gelu,
    "elu": nn.functional.elu,
    "selu": nn.functional.selu,
    "leaky_relu": nn.functional.leaky_relu,
    "linear": nn.Identity(),
}
"""Activations of a head's hidden layer."""


class Head(NamedTuple):
    """A head's hidden layer: its units, and one of `ACTIVATIONS`."""

    size: int
    activation: str


class ReadOutError(ValueError):
    """A request that needs a verdict read from the last hidden state alone."""


class NotPrefixwiseError(ReadOutError):
    """A request that needs a model that reads from left to right."""

    def __init__(self, name: str = ""):
        super().__init__(
            _(
                "{model} is bidirectional: it reads a text from both ends, so it has no verdict, "
                "state or gate for a prefix; choose a model that reads left to right"
            ).format(model=name or _("the model"))
        )


class State(NamedTuple):
    """Hidden states [L, B, H]; the LSTM's cell states of the same shape; what a pool has gathered [1, B, …], if any."""

    h: Tensor
    c: Tensor | None = None
    pooled: Tensor | None = None

    def rows(self, index: slice | Tensor) -> State:
        """The states of some rows of the batch; views of a slice, copies of a tensor's rows."""
        return State(*(None if part is None else part[:, index] for part in self))  # type: ignore[arg-type]

    def put(self, index: slice | Tensor, values: State) -> None:
        """Write states into some rows."""
        for part, value in zip(self, values, strict=True):
            if part is not None and value is not None:
                part[:, index] = value

    def empty(self, count: int) -> State:
        """`count` uninitialised states of this shape."""
        return State(*(None if part is None else part.new_empty(len(part), count, part.shape[2]) for part in self))  # type: ignore[arg-type]


class Step(NamedTuple):
    """The state after one token, and its gates by name [L, B, H], after their non-linearity (the RNN's before it)."""

    state: State
    gates: dict[str, Tensor]


class CellStep(NamedTuple):
    """One layer after one token: h' [B, H], c' for the LSTM, and the gates in the order of `GATES`."""

    h: Tensor
    c: Tensor | None
    gates: tuple[Tensor, ...]


def cell_step(
    cell: str,
    from_input: Tensor,
    from_state: Tensor,
    h: Tensor,
    c: Tensor | None,
    *,
    nonlinearity: str = "tanh",
    candidate: tuple[Tensor, Tensor] | None = None,
) -> CellStep:
    """One step of one layer from the two projections Wx + b and Uh + d, each [B, G*H], G gates stacked.

    Searches share the projections: one Wx for every position of a word, one Uh for every word that can follow.
    `nonlinearity` is the RNN's. With `candidate`, U_n [H, H] and d_n [H], a GRU's reset gate acts before the product,
    and the candidate's part of `from_state` is not used.
    """
    if cell == "rnn":
        pre = from_input + from_state
        return CellStep(NONLINEARITIES[nonlinearity](pre), None, (pre,))
    if cell == "gru":
        input_r, input_z, input_n = from_input.chunk(3, dim=-1)
        state_r, state_z, state_n = from_state.chunk(3, dim=-1)
        r = torch.sigmoid(input_r + state_r)
        z = torch.sigmoid(input_z + state_z)
        n = torch.tanh(input_n + (r * state_n if candidate is None else nn.functional.linear(r * h, *candidate)))
        return CellStep((1 - z) * n + z * h, None, (r, z, n))
    assert c is not None
    i, f, g, o = (from_input + from_state).chunk(4, dim=-1)
    i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
    c = f * c + i * g
    return CellStep(o * torch.tanh(c), c, (i, f, g, o))


def _stacked(layers: Sequence[Tensor]) -> Tensor:
    """Layers [B, H] as [L, B, H]; of a single one no copy."""
    return layers[0][None] if len(layers) == 1 else torch.stack(tuple(layers))


class Classifier(nn.Module):
    """A recurrent classifier over one of the cells ``rnn``, ``gru``, ``lstm``.

    `dropout` acts on the embeddings and on what the head reads, in training only. `reads` is what `ReadOut.parse`
    takes, `nonlinearity` the RNN's, `reset_after` the GRU's. `outputs` is one or two for two classes, else K. `target`
    is None for more than two until the model is `targeted`. Raises ValueError for an unknown or impossible option.
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
        reads: str = "final",
        nonlinearity: str = "tanh",
        reset_after: bool = True,
        head: Head | None = None,
        outputs: int = 1,
    ):
        super().__init__()
        if cell not in _MODULES:
            raise ValueError(_("unknown cell {cell!r}; available: {cells}").format(cell=cell, cells=", ".join(CELLS)))
        self.reads = ReadOut.parse(reads)
        if bidirectional or self.reads.pool not in ("last", "reversed"):
            self.reads.check(cell, bidirectional)
        for given, known in ((nonlinearity, NONLINEARITIES), (head.activation if head else "tanh", ACTIVATIONS)):
            if given not in known:
                raise ValueError(
                    _("unknown activation {given!r}; available: {known}").format(given=given, known=", ".join(known))
                )
        if (nonlinearity != "tanh" and cell != "rnn") or not (reset_after or cell == "gru"):
            raise ValueError(
                _("only an RNN can have another activation, and only a GRU a reset gate before the product")
            )
        if min(vocabulary_size, embedding_size, hidden_size, layers, head.size if head else 1) < 1:
            raise ValueError(
                _(
                    "sizes are at least 1; given: vocabulary {vocabulary}, embedding {embedding}, hidden {hidden}, "
                    "layers {layers}"
                ).format(vocabulary=vocabulary_size, embedding=embedding_size, hidden=hidden_size, layers=layers)
            )
        if not 1 <= outputs <= MOST:
            raise ValueError(_("a head has 1 to {most} outputs; given: {outputs}").format(most=MOST, outputs=outputs))
        self.cell, self.bidirectional = cell, bidirectional
        self.nonlinearity, self.reset_after, self.head = nonlinearity, reset_after, head
        self.embedding = nn.Embedding(vocabulary_size, embedding_size, padding_idx=0)
        own = {"nonlinearity": nonlinearity} if cell == "rnn" else {}
        self.recurrent = _MODULES[cell](
            embedding_size, hidden_size, layers, batch_first=True, bidirectional=bidirectional, **own
        )
        width = hidden_size * (2 if bidirectional else 1)
        if head:
            self.hidden = nn.Linear(width, head.size)
        self.linear = nn.Linear(head.size if head else width, outputs)
        self.target: Target | None = targets.unaimed(outputs)
        self.dropout = nn.Dropout(dropout)

    @property
    def hidden_size(self) -> int:
        """H, the units of a layer in one direction."""
        return int(self.recurrent.hidden_size)

    @property
    def plain(self) -> bool:
        """Whether the scores are W h_T + b, of torch's own cell, over the text alone, as many probes need."""
        pool = self.reads.pool in ("final", "last", "reversed")
        variant = self.nonlinearity != "tanh" or not self.reset_after or self.head is not None
        return pool and not (self.bidirectional or self.reads.side or variant)

    @property
    def reads_whole(self) -> bool:
        """Whether no state on the way gives a verdict, so that every text is read whole."""
        return self.bidirectional or bool(self.reads.side) or self.reads.pool == "dot"

    def forward(self, ids: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Logits [B] of ids [B, T], padded on the right if `lengths` [B] says so; T is at least 1."""
        return self.from_embeddings(self.embedding(ids), lengths)

    def from_embeddings(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Logits [B] of sentences given as embedded tokens x [B, T, E]."""
        x, lengths = self.reads.embedded(x, lengths, self.embedding.weight[0])
        h, cells = self._states(self.dropout(x), lengths)
        steps = torch.arange(h.shape[1], device=h.device)
        last = h[:, -1] if lengths is None else h[torch.arange(len(h), device=h.device), lengths - 1]
        if self.bidirectional and self.reads.pool != "last":
            both = [last[:, : self.hidden_size], h[:, 0, self.hidden_size :]]
            last = torch.cat(both[::-1] if self.reads.pool == "reversed" else both, dim=-1)
        inside = None if lengths is None else steps < lengths[:, None]
        return self.read_out(self.dropout(gather(self.reads.pool, h, last, cells, inside)))

    def _states(self, x: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """The top layer's states [B, T, F] of x [B, T, E], and the last cell states [B, F] for the pool ``cell``.

        The backward direction starts at each sentence's own end."""
        if not self.reset_after:
            return self._reset_before(x, lengths), None
        if lengths is None or not (self.bidirectional or self.reads.pool == "cell"):
            h, last = self.recurrent(x)
        else:
            packed, last = self.recurrent(
                nn.utils.rnn.pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
            )
            h, _lengths = nn.utils.rnn.pad_packed_sequence(packed, batch_first=True)
        if self.reads.pool != "cell":
            return h, None
        return h, torch.cat([*last[1][-2 if self.bidirectional else -1 :]], dim=-1)

    def _reset_before(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        """The top layer's states [B, T, F] of a GRU whose reset gate comes before the product, which torch lacks."""
        steps = torch.arange(x.shape[1], device=x.device)
        backward = steps.flip(0).expand(len(x), -1)
        if lengths is not None:
            backward = torch.where(steps < lengths[:, None], lengths[:, None] - 1 - steps, steps)
        for layer in range(self.recurrent.num_layers):
            directions = []
            for suffix in ("", "_reverse")[: 2 if self.bidirectional else 1]:
                order = backward[..., None].expand(-1, -1, x.shape[2])
                h, states = x.new_zeros(len(x), self.hidden_size), []
                for token in self.project_input(x.gather(1, order) if suffix else x, layer, suffix).unbind(1):
                    h = self.advance(token, self.project_state(h, layer, suffix), h, None, layer, suffix).h
                    states.append(h)
                own = torch.stack(states, dim=1)
                order = backward[..., None].expand(-1, -1, self.hidden_size)
                directions.append(own.gather(1, order) if suffix else own)
            x = torch.cat(directions, dim=-1)
        return x

    def empty_logit(self) -> float:
        """The logit of the empty text: read from zeros, the state before the first token, or from padding."""
        return float(self.empty_logits())

    def empty_logits(self) -> Tensor:
        """What `forward` gives for the empty text: [], or [K] without a target."""
        if self.reads.pads:
            with torch.no_grad():
                weight = self.embedding.weight
                return self.from_embeddings(weight[None, :1], torch.zeros(1, dtype=torch.long))[0]
        return self._start_logits()

    def start_logit(self) -> float:
        """The logit before the first step, read from zeros."""
        return float(self._start_logits())

    def _start_logits(self) -> Tensor:
        width = self.hidden_size * (2 if self.bidirectional else 1)
        return self.read_out(self.linear.weight.new_zeros(width))

    def check_prefixwise(self, name: str = "") -> None:
        """Raises NotPrefixwiseError for a bidirectional model."""
        if self.bidirectional:
            raise NotPrefixwiseError(name)

    def check_plain(self, name: str = "") -> None:
        """Raises NotPrefixwiseError or ReadOutError for a model whose scores are not W h_T + b."""
        self.check_prefixwise(name)
        if not self.plain:
            raise ReadOutError(
                _(
                    "{model} ({what}) has a logit that is not a weighted sum of a plain cell’s last "
                    "hidden state, which this needs; choose another model"
                ).format(model=name or _("the model"), what=self.variant)
            )

    @property
    def variant(self) -> str:
        """How the model differs from a plain one, in a few words; empty where it does not."""
        parts = []
        if self.reads != ReadOut():
            parts.append(_("reads: {reads}").format(reads=self.reads))
        if self.nonlinearity != "tanh":
            parts.append(_("units: {function}").format(function=self.nonlinearity))
        if not self.reset_after:
            parts.append(_("reset gate before the product"))
        if self.head:
            parts.append(_("head of two layers, {activation}").format(activation=self.head.activation))
        return ", ".join(parts)

    def prefix_logits(self, ids: Tensor) -> Tensor:
        """Logits [B, T] of every prefix of ids [B, T]; the last column equals `forward`. Raises NotPrefixwiseError."""
        self.check_prefixwise()
        x = self.embedding(ids)
        if self.reads_whole:
            return torch.stack([self.from_embeddings(x[:, : step + 1]) for step in range(x.shape[1])], dim=1)
        if self.reads.pool in ("max", "mean", "cell"):
            state, logits = self.start(len(x)), []
            for token in x.unbind(1):
                state = self.step(token, state).state
                logits.append(self.read_state(state))
            return torch.stack(logits, dim=1)
        return self.read_out(self._states(x, None)[0])

    def start(self, batch: int = 1) -> State:
        """The state before the first token: zeros, [L, B, H]."""
        self.check_prefixwise()
        h = self.linear.weight.new_zeros(self.recurrent.num_layers, batch, self.hidden_size)
        pooled = None
        if self.reads.pool == "max":
            pooled = torch.full_like(h[:1], -float("inf"))
        elif self.reads.pool == "mean":
            pooled = h.new_zeros(1, batch, self.hidden_size + 1)
        return State(h, h.clone() if self.cell == "lstm" else None, pooled)

    def start_of(self, tokens: int) -> State | None:
        """The state before the first of `tokens` tokens, after any padding in front; None where the orders of these
        tokens share no state that gives a verdict."""
        if self.bidirectional or self.reads.side == "padded" or self.reads.pool == "dot":
            return None
        if self.reads.side and tokens > self.reads.length:
            return None  # which tokens are read depends on their order
        state = self.start()
        for _pad in range(self.reads.length - tokens if self.reads.pads else 0):
            state = self.step(self.embedding.weight[:1], state).state
        return state

    def step(self, x: Tensor, state: State) -> Step:
        """The state and gates after one more token with embeddings x [B, E]."""
        return self.step_projected(self.project_input(x), state)

    def step_projected(self, from_input: Tensor, state: State) -> Step:
        """`step` from the first layer's Wx + b [B, G*H], or one for all rows."""
        self.check_prefixwise()
        layers: list[CellStep] = []
        for layer in range(self.recurrent.num_layers):
            h = state.h[layer]
            c = None if state.c is None else state.c[layer]
            if layer:
                from_input = self.project_input(layers[-1].h, layer)
            layers.append(self.advance(from_input, self.project_state(h, layer), h, c, layer))
        h = _stacked([done.h for done in layers])
        c = _stacked([done.c for done in layers if done.c is not None]) if state.c is not None else None
        gates = (_stacked(values) for values in zip(*(done.gates for done in layers), strict=True))
        return Step(State(h, c, self.pool(state.pooled, h)), dict(zip(GATES[self.cell], gates, strict=True)))

    def advance(
        self, from_input: Tensor, from_state: Tensor, h: Tensor, c: Tensor | None, layer: int = 0, suffix: str = ""
    ) -> CellStep:
        """`cell_step` of one layer, from its projections."""
        candidate = None
        if not self.reset_after:
            weight, bias = self._weights("hh", layer, suffix)
            candidate = weight[-self.hidden_size :], bias[-self.hidden_size :]
        return cell_step(self.cell, from_input, from_state, h, c, nonlinearity=self.nonlinearity, candidate=candidate)

    def pool(self, pooled: Tensor | None, h: Tensor) -> Tensor | None:
        """What the pool has gathered after one more step of states h [L, B, H]."""
        if pooled is None:
            return None
        if self.reads.pool == "max":
            return torch.maximum(pooled, h[-1:])
        return pooled + nn.functional.pad(h[-1:], (0, 1), value=1.0)  # the sum, and how many steps

    def read_state(self, state: State) -> Tensor:
        """Logits [B] of states, if not `reads_whole`."""
        if self.reads.pool == "cell":
            assert state.c is not None
            return self.read_out(state.c[-1])
        if state.pooled is None:
            return self.read_out(state.h[-1])
        if self.reads.pool == "max":
            return self.read_out(state.pooled[0].nan_to_num(neginf=0.0))
        return self.read_out(state.pooled[0, :, :-1] / state.pooled[0, :, -1:].clamp(min=1))

    def project_input(self, x: Tensor, layer: int = 0, suffix: str = "") -> Tensor:
        """Wx + b of a layer: [B, E] (or [B, H] above the first) to [B, G*H]."""
        return nn.functional.linear(x, *self._weights("ih", layer, suffix))

    def project_state(self, h: Tensor, layer: int = 0, suffix: str = "") -> Tensor:
        """Uh + d of a layer: [B, H] to [B, G*H]."""
        return nn.functional.linear(h, *self._weights("hh", layer, suffix))

    @property
    def read_out_parameters(self) -> int:
        """How many weights and biases the head has."""
        layers = [self.hidden, self.linear] if self.head else [self.linear]
        return sum(parameter.numel() for layer in layers for parameter in layer.parameters())

    def scores(self, read: Tensor) -> Tensor:
        """Scores of what the head reads, [..., F]: [...] for two classes, else [..., K]."""
        if self.head:
            read = ACTIVATIONS[self.head.activation](self.hidden(read))
        scores: Tensor = targets.scores_of(self.linear(read))
        return scores

    def read_out(self, read: Tensor) -> Tensor:
        """Logits [...] of what the head reads, [..., F]; the scores [..., K] without a target."""
        scores = self.scores(read)
        return scores if self.target is None else targets.log_odds(scores, self.target)

    def targeted(self, target: Target | None) -> Classifier:
        """The same model with another target, or its default; all else is shared. Raises ValueError for a target of
        another number of classes."""
        outputs = self.linear.out_features
        if target is not None and outputs not in targets.head_sizes(target.labels):
            raise ValueError(f"a target of {len(target.labels)} classes for a head of {outputs} outputs")
        twin = copy.copy(self)
        twin.target = target or targets.unaimed(outputs)
        return twin

    @property
    def every(self) -> Classifier:
        """The same model without a target, which gives the scores of all classes; of two, those of the second."""
        unaimed = targets.unaimed(self.linear.out_features)
        return self if self.target == unaimed else self.targeted(unaimed)

    def with_embeddings(self, weight: Tensor) -> Classifier:
        """The same model with other word vectors [V, E]; all else is shared."""
        twin = copy.copy(self)
        twin._modules = {**self._modules, "embedding": nn.Embedding.from_pretrained(weight, padding_idx=0)}
        return twin

    def _weights(self, part: str, layer: int, suffix: str) -> tuple[Tensor, Tensor]:
        return tuple(getattr(self.recurrent, f"{kind}_{part}_l{layer}{suffix}") for kind in ("weight", "bias"))

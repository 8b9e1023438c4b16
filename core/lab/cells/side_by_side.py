"""What an RNN, a GRU and an LSTM cost, and how fast they are here: parameters, multiply-adds, tokens per second.

With V tokens, E embedding dimensions, H units, L layers and G blocks of gates (1, 3 and 4), torch's parameters are

    V E  +  Σ_layers G (H I + H H + 2 H)  +  H + 1,   I = E in the first layer, H above it

and a token costs, without its embedding, which is looked up,

    Σ_layers  G (H I + H H)  +  e H     multiply-adds,   e = 0, 3 and 3

where e counts the products that make the new state: r*(U_n h), (1 − z)*n and z*h for a GRU, f*c, i*g and o*tanh(c) for
an LSTM. Biases, σ and tanh are left out; a verdict costs H more.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.recurrent import Classifier

BLOCKS = {"rnn": 1, "gru": 3, "lstm": 4}
STATE_PRODUCTS = {"rnn": 0, "gru": 3, "lstm": 3}
TOKENS = 40  # of the text that is timed; a tweet is some 15, a long one 40
ROUNDS = 7
SECONDS = 0.15  # a model and round


@dataclass(frozen=True)
class Cost:
    """One model's sizes and what follows from them by formula; `counted` are the numbers that its tensors hold."""

    model: str
    cell: str
    embedding: int
    hidden: int
    layers: int
    embedding_parameters: int
    recurrent_parameters: int
    read_out_parameters: int
    multiply_adds: int
    counted: int

    @property
    def parameters(self) -> int:
        """All parameters, by formula."""
        return self.embedding_parameters + self.recurrent_parameters + self.read_out_parameters


@dataclass(frozen=True)
class Speed:
    """One model's `rates`, tokens a second, a round each.

    Measured on one text of `tokens` tokens at a time, from ids to the verdict, by torch's fused forward on `threads`
    threads.
    """

    model: str
    rates: tuple[float, ...]
    tokens: int
    threads: int

    @property
    def tokens_per_second(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.rates)

    def ratio(self, other: Speed) -> float:
        """How many times as fast as another of the same run: the median of the rounds' own ratios."""
        return statistics.median(own / others for own, others in zip(self.rates, other.rates, strict=True))


def cost(checkpoint: Checkpoint) -> Cost:
    """What a model holds and what a token costs it."""
    model = checkpoint.model
    vocabulary, embedding = model.embedding.weight.shape
    hidden, layers, directions = model.hidden_size, int(model.recurrent.num_layers), 2 if model.bidirectional else 1
    return Cost(
        model=checkpoint.name,
        cell=model.cell,
        embedding=embedding,
        hidden=hidden,
        layers=layers,
        embedding_parameters=vocabulary * embedding,
        recurrent_parameters=recurrent_parameters(model.cell, embedding, hidden, layers, directions),
        read_out_parameters=model.read_out_parameters,
        multiply_adds=multiply_adds(model.cell, embedding, hidden, layers, directions),
        counted=sum(parameter.numel() for parameter in model.parameters()),
    )


def recurrent_parameters(cell: str, embedding: int, hidden: int, layers: int = 1, directions: int = 1) -> int:
    """Weights and biases of the recurrent layers; of 2 `directions`, of both."""
    widths = [embedding, *([directions * hidden] * (layers - 1))]
    return directions * sum(BLOCKS[cell] * (hidden * width + hidden * hidden + 2 * hidden) for width in widths)


def multiply_adds(cell: str, embedding: int, hidden: int, layers: int = 1, directions: int = 1) -> int:
    """Multiplications of a token, most of them with an addition."""
    widths = [embedding, *([directions * hidden] * (layers - 1))]
    return directions * sum(
        BLOCKS[cell] * (hidden * width + hidden * hidden) + STATE_PRODUCTS[cell] * hidden for width in widths
    )


def speeds(models: Sequence[Checkpoint]) -> tuple[Speed, ...]:
    """How fast each model reads on this machine; takes about models × (`ROUNDS` + 1) × `SECONDS`.

    The models take turns, so that a busy moment falls on all of them alike, and each starts with a round that does not
    count.
    """
    import torch

    rates: Mapping[str, list[float]] = {checkpoint.name: [] for checkpoint in models}
    with torch.inference_mode():
        for number in range(ROUNDS + 1):
            for checkpoint in models:
                rate = _rate(checkpoint.model)
                if number:
                    rates[checkpoint.name].append(rate)
    threads = torch.get_num_threads()
    return tuple(Speed(name, tuple(values), TOKENS, threads) for name, values in rates.items())


def _rate(model: Classifier) -> float:
    """Tokens a second over texts read one after another until `SECONDS` are over."""
    import torch

    ids = torch.arange(TOKENS)[None] % len(model.embedding.weight)
    start, texts = perf_counter(), 0
    while True:
        model(ids)
        texts += 1
        taken = perf_counter() - start
        if taken >= SECONDS:
            return texts * TOKENS / taken

"""How likely is an order of some given words? A recurrent network that chooses each next word among those left.

    h_t = LSTM(x(w_t), h_{t-1}),    x(w) = E[w] + S[last three letters of w]
    q_t = P h_t + M [h_t, mean of x over the words left]
    p(w_{t+1} = w | w_1 … w_t, words left) ∝ exp(q_t · x(w) + b(w))    over the words left

The probabilities of all orders of a sentence's words sum to one. Every step of a real sentence is an example whose
wrong answers are the words left, so no wrong order need be made up (compare Schmaltz, Rush & Shieber 2016, "Word
ordering without syntax"). Axes: B sentences, T steps, n words of a sentence, N orders, E embedding, H units, D of what
is read of a state.
"""

from __future__ import annotations

import zlib
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

ENDINGS = 1_024  # classes of last letters
_LETTERS = 3
_BLOCK = 840  # beginnings stepped together: few enough that their gates stay in the processor's cache


def ending(word: str) -> int:
    """The class of a word's last letters; the boundary's is that of no letters."""
    return zlib.crc32(word[-_LETTERS:].encode(errors="replace")) % ENDINGS


class OrderNetwork(nn.Module):
    """The network of the module's equation; V words, embeddings of E numbers, H units."""

    def __init__(self, vocabulary_size: int, embedding_size: int, hidden_size: int, dropout: float = 0.0):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, embedding_size)
        self.endings = nn.Embedding(ENDINGS, embedding_size)
        self.recurrent = nn.LSTM(embedding_size, hidden_size, batch_first=True)
        self.projection = nn.Linear(hidden_size, embedding_size)
        self.lookahead = nn.Sequential(
            nn.Linear(hidden_size + embedding_size, hidden_size), nn.ReLU(), nn.Linear(hidden_size, embedding_size)
        )
        self.bias = nn.Parameter(torch.zeros(vocabulary_size))
        self.dropout = nn.Dropout(dropout)
        nn.init.normal_(self.embedding.weight, std=embedding_size**-0.5)
        nn.init.normal_(self.endings.weight, std=0.3 * embedding_size**-0.5)

    def words(self, ids: Tensor, endings: Tensor) -> Tensor:
        """x [..., E] of words by id and ending."""
        embedded: Tensor = self.embedding(ids) + self.endings(endings)
        return embedded

    def query(self, h: Tensor, left: Tensor) -> Tensor:
        """q [..., E] for states [..., H] and the mean of the words left [..., E]."""
        asked: Tensor = self.projection(h) + self.lookahead(torch.cat([h, left], dim=-1))
        return asked

    def forward(self, ids: Tensor, endings: Tensor, lengths: Tensor) -> Steps:
        """`ids` and `endings` [B, T + 1] begin with the boundary; `lengths` [B] count the words."""
        x = self.words(ids, endings)
        h, _last = self.recurrent(self.dropout(x[:, :-1]))
        h, x = self.dropout(h), x[:, 1:]
        steps = torch.arange(x.shape[1])
        real = steps < lengths[:, None]
        ahead = (x * real[..., None]).flip(1).cumsum(1).flip(1)
        q = self.query(h, ahead / (lengths[:, None] - steps).clamp(min=1)[..., None])
        logits = (q @ x.transpose(1, 2)).float() + self.bias[ids[:, 1:]][:, None]
        left = (steps >= steps[:, None]) & real[:, None]
        every = torch.log_softmax(logits.masked_fill(~left, -1e9), dim=-1)
        chosen = every.diagonal(dim1=1, dim2=2) * real
        return Steps(chosen, every.amax(dim=-1) * real - chosen, h)


class Steps(NamedTuple):
    """Of each step of sentences [B, T]: log p of the word chosen, in nats, and how far that of the best word left is
    above it, both 0 beyond a sentence's end; and the state [B, T, H] before the word."""

    chosen: Tensor
    missed: Tensor
    states: Tensor


class Beginnings(NamedTuple):
    """What is read of the beginnings of orders: for each step t, `read[t]` [K, D] of the states after the K distinct
    beginnings of t words, and `number[t]` [N], which of them an order has; `chosen` and `missed` [N, n] as `Steps`."""

    read: list[Tensor]
    number: list[Tensor]
    chosen: Tensor
    missed: Tensor


def read_beginnings(network: OrderNetwork, x: Tensor, bias: Tensor, orders: np.ndarray, reader: Tensor) -> Beginnings:
    """Read sorted orders [N, n] of words x [n, E] with biases [n]; each common beginning once. `reader` is [H, D]."""
    count, length = orders.shape
    lstm = network.recurrent
    of_word, recurrent, *biases = lstm.all_weights[0]
    # tanh a = 2 σ(2a) − 1: with the rows of g doubled, one σ serves all gates.
    doubled = torch.ones(len(recurrent))
    doubled[2 * lstm.hidden_size : 3 * lstm.hidden_size] = 2
    inputs = (x @ of_word.t() + sum(biases)) * doubled  # [n, 4H]
    of_state = (recurrent * doubled[:, None]).t().contiguous()  # [H, 4H]
    differ = orders[1:] != orders[:-1]
    parts = np.zeros(count, dtype=np.int64)  # where each order parts from the one before it
    parts[1:] = np.where(differ.any(axis=1), differ.argmax(axis=1), length)
    words = torch.from_numpy(orders.astype(np.int64))
    boundary = torch.zeros(1, dtype=torch.long)
    _all, (h, c) = lstm(network.words(boundary, boundary + ending(""))[None])
    h, c = h[0], c[0]
    left = torch.ones(1, length)
    number = torch.zeros(count, dtype=torch.long)
    result = Beginnings([], [], torch.zeros(count, length), torch.zeros(count, length))
    for step in range(length):
        result.read.append(h @ reader)
        result.number.append(number)
        if step == length - 1:  # the last word has no choice
            break
        q = network.query(h, (left @ x) / (length - step))
        every = torch.log_softmax((q @ x.t() + bias).masked_fill(left == 0, -torch.inf), dim=1)
        chosen = every[number, words[:, step]]
        result.chosen[:, step] = chosen
        result.missed[:, step] = every.amax(dim=1)[number] - chosen
        begins = torch.from_numpy(parts <= step)
        parents, word = number[begins], words[begins, step]
        h, c = _step(of_state, inputs, h, c, parents, word)
        left = left[parents]
        left[torch.arange(len(word)), word] = 0
        number = torch.cumsum(begins, dim=0) - 1
    return result


def _step(
    weight: Tensor, inputs: Tensor, h: Tensor, c: Tensor, parents: Tensor, words: Tensor
) -> tuple[Tensor, Tensor]:
    """The states [K, H] after beginnings `parents` [K] of h, c, ascending, none left out, went on with `words` [K]."""
    count, size = len(parents), h.shape[1]
    after_h, after_c = h.new_empty(count, size), h.new_empty(count, size)
    each = count // len(h)
    alike = bool((parents == torch.arange(count) // max(each, 1)).all())  # as many words follow each beginning
    some = max(_BLOCK // max(each, 1), 1)
    for first in range(0, len(h), some):
        last = min(first + some, len(h))
        product, before = h[first:last] @ weight, c[first:last]
        if alike:
            rows = slice(first * each, last * each)
            gates = inputs[words[rows]].view(last - first, each, -1).add_(product[:, None])
            before = before[:, None]
        else:
            start, end = torch.searchsorted(parents, torch.tensor([first, last])).tolist()
            rows = slice(start, end)
            own = parents[rows] - first
            gates, before = inputs[words[rows]].add_(product[own]), before[own]
        i, f, g, o = gates.sigmoid_().chunk(4, dim=-1)
        new_c, new_h = after_c[rows].view_as(i), after_h[rows].view_as(i)
        torch.mul(f, before, out=new_c).addcmul_(i, g, value=2).sub_(i)  # f c + i (2 g − 1)
        torch.sigmoid(new_c * 2, out=new_h).mul_(2).sub_(1).mul_(o)
    return after_h, after_c

"""Is an order of words one that a person would write? Two order networks read it; a head judges the place of each word.

Of word w_t the head sees the state before it from the left, h_t, and from the right, k_t, the word itself, and f_t: in
both directions log p of the word among those left, and how far the best word left is above it.

    z_t = ReLU(U ReLU(V [h_t, k_t, x_t] + W f_t + c) + d)
    log-odds of "valid" = Σ_t v · z_t + a · [sum of log p left, right; worst miss; worst log p; number of words] + b

The order networks learn from sentences (`core.fluency.order_network`), then all of it from readings of orders
(`core.fluency.judge_training`). The score of an order depends on its words alone, not on the orders scored with it.
Axes: N orders, n words, E embedding, H units, D of the head.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from core.data.corpus import encode_tokens, length_batches, pad
from core.fluency.order_network import Beginnings, OrderNetwork, Steps, ending, read_beginnings
from core.models import checkpoints
from core.models.checkpoints import Card, CheckpointError
from core.models.predict import sigmoid
from core.runtime.i18n import gettext as _
from core.runtime.i18n import mark
from core.text.preprocessing import Vocabulary

_AT_ONCE = 400_000  # words of orders read together, at most
_SLICE = 2_048  # orders that the head judges together
_SCORED = 256  # sentences at a time


class JudgeNetwork(nn.Module):
    """The module's equation; V words, embeddings of E numbers, H units, a head of D.

    `dropouts` are those of the order networks and of what the head sees.
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_size: int,
        hidden_size: int,
        head_size: int,
        dropouts: tuple[float, float] = (0.0, 0.0),
    ):
        super().__init__()
        self.left = OrderNetwork(vocabulary_size, embedding_size, hidden_size, dropouts[0])
        self.right = OrderNetwork(vocabulary_size, embedding_size, hidden_size, dropouts[0])
        self.dropout = nn.Dropout(dropouts[1])
        self.states = nn.Linear(2 * hidden_size + embedding_size, head_size)  # V and c
        self.steps = nn.Linear(4, head_size, bias=False)  # W
        self.hidden = nn.Linear(head_size, head_size)  # U and d
        self.word = nn.Linear(head_size, 1, bias=False)  # v
        self.whole = nn.Linear(5, 1)  # a and b
        nn.init.zeros_(self.word.weight)
        with torch.no_grad():  # at first, the order networks' own opinion
            self.whole.weight.copy_(torch.tensor([[0.25, 0.25, -0.3, 0.3, 0.0]]))
            self.whole.bias.fill_(2.0)

    def judge(self, z: Tensor, steps: Tensor, real: Tensor) -> Tensor:
        """Log-odds [N] from V […] + c of words [N, n, D], their f [N, n, 4] (chosen, missed; left, right), and which
        steps are words, [N, n]."""
        z = self.hidden(self.dropout((z + self.steps(steps)).relu())).relu()
        sums = (steps * real[..., None]).sum(dim=1)
        miss = torch.maximum(steps[..., 1], steps[..., 3]).amax(dim=1)
        worst = torch.minimum(steps[..., 0], steps[..., 2]).amin(dim=1)
        whole = self.whole(torch.stack([sums[:, 0], sums[:, 2], miss, worst, real.sum(dim=1)], dim=1))
        judged: Tensor = (self.word(z)[..., 0] * real).sum(dim=1) + whole[:, 0]
        return judged

    def forward(self, ids: Tensor, endings: Tensor, lengths: Tensor) -> Tensor:
        """Log-odds [B] of sentences: `ids` and `endings` [B, T] without a boundary, `lengths` [B]."""
        steps = torch.arange(ids.shape[1])
        real = steps < lengths[:, None]
        turned = torch.where(real, lengths[:, None] - 1 - steps, steps)
        left = self._steps(self.left, ids, endings, lengths)
        right = self._steps(self.right, ids.gather(1, turned), endings.gather(1, turned), lengths)
        states = right.states.gather(1, turned[..., None].expand_as(right.states))
        x = self.left.words(ids, endings)
        features = torch.stack(
            [left.chosen, left.missed, right.chosen.gather(1, turned), right.missed.gather(1, turned)], dim=-1
        )
        seen = self.dropout(torch.cat([left.states, states, x], dim=-1))
        return self.judge(self.states(seen), features, real)

    def calibrate(self, slope: float, intercept: float) -> None:
        """Let the log-odds be slope times what they are plus intercept."""
        with torch.no_grad():
            self.word.weight.mul_(slope)
            self.whole.weight.mul_(slope)
            self.whole.bias.mul_(slope).add_(intercept)

    @staticmethod
    def _steps(network: OrderNetwork, ids: Tensor, endings: Tensor, lengths: Tensor) -> Steps:
        boundary = torch.zeros_like(ids[:, :1])
        steps: Steps = network(
            torch.cat([boundary, ids], dim=1), torch.cat([boundary + ending(""), endings], dim=1), lengths
        )
        return steps

    def log_odds(self, ids: Tensor, endings: Tensor, orders: np.ndarray) -> Tensor:
        """Log-odds [N] of orders uint8 [N, n] of words with these ids and endings [n]; common parts are read once."""
        count, length = orders.shape
        h, e = self.left.projection.in_features, self.left.projection.out_features
        reads = []
        weights = self.states.weight.split([h, h, e], dim=1)
        for network, weight, turned in ((self.left, weights[0], orders), (self.right, weights[1], orders[:, ::-1])):
            x = network.words(ids, endings)
            rows = np.lexsort(turned.T[::-1])
            read = read_beginnings(network, x, network.bias[ids], turned[rows], weight.t())
            back = torch.from_numpy(np.argsort(rows))
            reads.append(Beginnings(read.read, [n[back] for n in read.number], read.chosen[back], read.missed[back]))
        left, right = reads
        words = self.left.words(ids, endings) @ weights[2].t() + self.states.bias
        features = torch.stack([left.chosen, left.missed, right.chosen.flip(1), right.missed.flip(1)], dim=-1)
        places = torch.from_numpy(orders.astype(np.int64))
        result = torch.empty(count)
        for start in range(0, count, _SLICE):
            rows_ = slice(start, start + _SLICE)
            z = words[places[rows_]]
            for step in range(length):
                z[:, step] += left.read[step][left.number[step][rows_]]
                z[:, -1 - step] += right.read[step][right.number[step][rows_]]
            result[rows_] = self.judge(z, features[rows_], torch.ones(z.shape[:2]))
        return result


class Judge:
    """A trained judge, immutable; `threshold` is the P(valid) from which an order is accepted, `hash` caches results.

    Raises ValueError if network and vocabulary do not fit, or for a threshold that is no probability.
    """

    name = mark("judge of word order")

    def __init__(self, network: JudgeNetwork, vocabulary: Vocabulary, card: Card, identity: str = ""):
        self.threshold = float(card["settings"]["threshold"])
        known = len(network.left.bias)
        if known != len(vocabulary) or not 0 < self.threshold < 1:
            raise ValueError(
                _("{known:,} words in the network, {count:,} in the vocabulary, a threshold of {threshold}").format(
                    known=known, count=len(vocabulary), threshold=self.threshold
                )
            )
        self.network = network.requires_grad_(False).eval()
        self.vocabulary, self.card, self.hash = vocabulary, card, f"{identity} {self.threshold}"

    def can_judge(self, tokens: Sequence[str]) -> bool:
        """Whether it knows at least half of the words; there must be one."""
        known = [id_ != Vocabulary.unk_id for id_ in self.vocabulary.encode(words_of(tokens))]
        return 0 < len(known) <= 2 * sum(known)

    def log_odds(self, tokens: Sequence[str], orders: np.ndarray) -> np.ndarray:
        """Log-odds float32 [N], in nats, that orders uint8 [N, n] of a sentence's tokens are valid."""
        ids = torch.tensor(self.vocabulary.encode(tokens))
        endings = torch.tensor([ending(token) for token in tokens])
        at_once = max(1, _AT_ONCE // max(1, len(tokens)))
        with torch.inference_mode():
            parts = [
                self.network.log_odds(ids, endings, orders[start : start + at_once])
                for start in range(0, len(orders), at_once)
            ]
        return np.concatenate([part.numpy() for part in parts]) if parts else np.empty(0, dtype=np.float32)

    def valid(self, tokens: Sequence[str], orders: np.ndarray | None = None) -> np.ndarray:
        """P(valid) float32 [N] of orders uint8 [N, n] of a sentence's tokens; of the tokens as they stand, if None."""
        if orders is None:
            orders = np.arange(len(tokens))[None]
        probabilities: np.ndarray = sigmoid(self.log_odds(tokens, orders))
        return probabilities

    def judgement(self, tokens: Sequence[str]) -> float | None:
        """P(valid) of a sentence as it stands; None where it knows none of its words."""
        return float(self.valid(tokens)[0]) if self.can_judge(tokens) else None

    def floor(self, log_odds: float) -> float | None:
        """How far an order's log-odds may fall below these and still be accepted, in nats; None for less than that."""
        above = log_odds - float(np.log(self.threshold / (1 - self.threshold)))
        return above if above >= 0 else None

    def score(self, sentences: Sequence[Sequence[str]]) -> np.ndarray:
        """Log-odds of "valid" of each sentence, float64 [N], in nats; of one without a word, 0."""
        total = np.zeros(len(sentences))
        encoded = encode_tokens(sentences, self.vocabulary)
        with torch.inference_mode():
            for rows in length_batches(encoded.lengths, _SCORED):
                ids, lengths = (torch.from_numpy(array) for array in pad(encoded, rows))
                endings = [torch.tensor([ending(token) for token in sentences[row]]) for row in rows]
                padded = nn.utils.rnn.pad_sequence(endings, batch_first=True)
                total[rows] = self.network(ids, padded, lengths).numpy()
        return total


def words_of(tokens: Sequence[str]) -> list[str]:
    """The tokens with a letter or digit."""
    return [token for token in tokens if any(char.isalnum() for char in token)]


def load(folder: Path | None = None) -> Judge:
    """The judge in a folder of checkpoints. Raises CheckpointError."""
    card, vocabulary, weights = checkpoints.read(checkpoints.JUDGE, folder, checkpoints.JUDGE)
    try:
        sizes = card["sizes"]
        network = JudgeNetwork(len(vocabulary), sizes["embedding"], sizes["hidden"], sizes["head"])
        network.load_state_dict(weights)
        return Judge(network, vocabulary, card, checkpoints.identity(card))
    except (LookupError, RuntimeError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise CheckpointError(
            _("checkpoint {name!r} does not hold a judge of word order ({reason})").format(
                name=checkpoints.JUDGE, reason=reason
            )
        ) from None


def load_if_there(folder: Path | None = None) -> Judge | None:
    """The judge in a folder of checkpoints, None where there is no such folder. Raises CheckpointError."""
    there = (folder or checkpoints.root()) / checkpoints.JUDGE
    return load(folder) if there.is_dir() else None


def save(network: JudgeNetwork, vocabulary: Vocabulary, card: Card, folder: Path | None = None) -> None:
    """Write the judge into a folder of checkpoints, replacing one there; `card` as `checkpoints.save` asks."""
    checkpoints.save(checkpoints.JUDGE, network.state_dict(), vocabulary, {**card, "kind": checkpoints.JUDGE}, folder)

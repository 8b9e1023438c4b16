"""How good is a scorer of word order? The rank of the original among all orders, and minimal pairs.

Ranks count distinct orders: exchanging two equal words gives no other order. Final punctuation stays at the end. Ties
count against the original: its rank is the number of orders with at least its score, itself included. It is in the top
1 % if it is first or its rank is at most a hundredth of the orders (of the 120 of five words: the first).

The pairs are those of Warstadt et al. 2020, "BLiMP": a scorer is right if the acceptable sentence scores higher.

Readings (`core.fluency.data.Reading`) measure what the judge of word order calls valid: an order is valid if most of
its readers said so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from core.fluency.orders import Words, fluencies
from core.fluency.trigram import Scorer, Trigram

LENGTHS = (5, 6, 7, 8)
MOST_RANKED = 9  # words whose orders are all ranked
_EQUAL = 1e-9  # nats: rounding differs by less


class Rank(NamedTuple):
    """A sentence's rank, from 1, among all distinct `orders` of its words."""

    rank: int
    orders: int

    @property
    def in_top(self) -> bool:
        """Whether it is first or in the first hundredth."""
        return self.rank == 1 or 100 * self.rank <= self.orders


@dataclass(frozen=True)
class RankSummary:
    """Ranks of `sentences` sentences of `words` words: median, share ranked first, share in the top 1 %."""

    words: int
    sentences: int
    median: float
    first: float
    top: float


@dataclass(frozen=True)
class PairSummary:
    """Share of a phenomenon's pairs whose acceptable sentence scores higher."""

    phenomenon: str
    pairs: int
    accuracy: float


def movable(tokens: Sequence[str]) -> int:
    """The number of words (starting with a letter or digit) before final punctuation; 0 for any other sentence."""
    words = [token[0].isalnum() for token in tokens]
    count = sum(words)
    return count if all(words[:count]) else 0


def rank(trigram: Trigram, tokens: Sequence[str]) -> Rank:
    """The rank of a sentence among all orders of its words, final punctuation pinned. Errors as `score_orders`."""
    return rank_of(score_orders(trigram, tokens)[1])


def rank_of(scores: np.ndarray, number: int = 0) -> Rank:
    """The rank of one of some orders by their scores [N]."""
    return Rank(int((scores >= scores[number] - _EQUAL).sum()), len(scores))


def score_orders(trigram: Trigram, tokens: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """All orders [N, n] of a sentence, as `orders_of`, and their log-probabilities float64 [N] in nats."""
    orders = orders_of(tokens)
    return orders, fluencies(orders, trigram.table(tokens).astype(np.float64))


def orders_of(tokens: Sequence[str]) -> np.ndarray:
    """All distinct orders uint8 [N, n] of a sentence, itself first.

    Final punctuation is pinned. Raises ValueError for other tokens than words before it, or more than 9 words.
    """
    count = movable(tokens)
    if not 1 <= count <= MOST_RANKED:
        raise ValueError(f"expected 1 to 9 words and then only punctuation; given: {' '.join(tokens)}")
    words = Words.of(tokens, range(count, len(tokens)))
    rows = np.concatenate(list(words.all_orders()))
    original = words.original()
    return np.concatenate([original, rows[(rows != original).any(axis=1)]])


class Contest(NamedTuple):
    """A sentence among a trigram's best orders: its rank, and both scorers' scores [N] of the best orders, its own
    first; no scores if it is not among them."""

    words: int
    by_trigram: Rank
    trigram: np.ndarray
    recurrent: np.ndarray

    def rank(self, weight: float) -> Rank:
        """The rank after re-ranking by (1 − weight) trigram + weight recurrent."""
        if not len(self.trigram):
            return self.by_trigram
        mixed = (1 - weight) * self.trigram + weight * self.recurrent
        return Rank(int((mixed >= mixed[0] - _EQUAL).sum()), self.by_trigram.orders)


def contests(trigram: Trigram, recurrent: Scorer, sentences: Sequence[Sequence[str]], best: int) -> list[Contest]:
    """For each sentence its best orders by the trigram, `best` of them, scored by both."""
    results = []
    for tokens in sentences:
        orders, scores = score_orders(trigram, tokens)
        ranked = rank_of(scores)
        count = movable(tokens)
        if ranked.rank > best:
            results.append(Contest(count, ranked, np.empty(0), np.empty(0)))
            continue
        others = np.argsort(-scores, kind="stable")
        chosen = np.concatenate([[0], others[others != 0][: best - 1]])
        texts = [[tokens[index] for index in orders[row]] for row in chosen]
        results.append(Contest(count, ranked, scores[chosen], recurrent.score(texts)))
    return results


def rank_orders(trigram: Trigram, sentences: Sequence[Sequence[str]]) -> list[RankSummary]:
    """Ranks of sentences that `rank` takes, by number of words."""
    return summarise([(movable(tokens), rank(trigram, tokens)) for tokens in sentences])


def summarise(ranks: Sequence[tuple[int, Rank]]) -> list[RankSummary]:
    """Ranks, each of a sentence of so many words, by that number."""
    by_words: dict[int, list[Rank]] = {}
    for words, own in ranks:
        by_words.setdefault(words, []).append(own)
    return [
        RankSummary(
            words,
            len(group),
            float(np.median([one.rank for one in group])),
            float(np.mean([one.rank == 1 for one in group])),
            float(np.mean([one.in_top for one in group])),
        )
        for words, group in sorted(by_words.items())
    ]


def judge_pairs(
    scorer: Scorer, good: Sequence[Sequence[str]], bad: Sequence[Sequence[str]], phenomena: Sequence[str]
) -> list[PairSummary]:
    """Accuracy on pairs by phenomenon, in alphabetical order; equal scores count as an error."""
    right = scorer.score(good) > scorer.score(bad)
    kinds = np.array(phenomena)
    return [
        PairSummary(str(kind), int((kinds == kind).sum()), float(right[kinds == kind].mean()))
        for kind in np.unique(kinds)
    ]

"""How good is a judge of word order? The rank of the original among all orders, and pairs of right and wrong sentences.

Ranks count distinct orders: exchanging two equal words is no other order. Final punctuation stays at the end. Ties are
counted against the original: its rank is the number of orders that score at least as much, its own among them. It is
in the top 1 % where it is first or its rank is at most a hundredth of the orders (of the 120 of five words: the first).

The pairs are those of Warstadt et al. 2020, "BLiMP": right is who scores the acceptable sentence higher.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from core.fluency.orders import Words, fluencies
from core.fluency.trigram import Scorer, Trigram

LENGTHS = (5, 6, 7, 8)
_EQUAL = 1e-9  # nats: the same numbers added up in another sequence differ by less


class Rank(NamedTuple):
    """The place of a sentence, from 1, among all distinct `orders` of its words."""

    rank: int
    orders: int

    @property
    def in_top(self) -> bool:
        """Whether it is first or in the first hundredth."""
        return self.rank == 1 or 100 * self.rank <= self.orders


@dataclass(frozen=True)
class RankSummary:
    """Ranks of the originals of `sentences` sentences of `words` words: median, shares first and in the top 1 %."""

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
    """Number of words of a sentence that is words and then only final punctuation; 0 for any other.

    A word starts with a letter or a digit.
    """
    words = [token[0].isalnum() for token in tokens]
    count = sum(words)
    return count if all(words[:count]) else 0


def rank(trigram: Trigram, tokens: Sequence[str]) -> Rank:
    """The rank of a sentence among all orders of its words, final punctuation pinned. Errors as `score_orders`."""
    _, scores = score_orders(trigram, tokens)
    return Rank(int((scores >= scores[0] - _EQUAL).sum()), len(scores))


def score_orders(trigram: Trigram, tokens: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """All distinct orders uint8 [N, n] of a sentence, itself first, and their log-probabilities float64 [N] in nats.

    Final punctuation is pinned. Raises ValueError where anything but final punctuation is no word, or there are more
    than 9 words.
    """
    count = movable(tokens)
    if not 1 <= count <= 9:
        raise ValueError(f"expected 1 to 9 words and then only punctuation; given: {' '.join(tokens)}")
    words = Words.of(tokens, range(count, len(tokens)))
    rows = np.concatenate(list(words.all_orders()))
    original = words.original()
    orders = np.concatenate([original, rows[(rows != original).any(axis=1)]])
    return orders, fluencies(orders, trigram.table(tokens).astype(np.float64))


class Contest(NamedTuple):
    """A sentence among the best orders that a trigram finds: its rank by the trigram, and both scorers' scores [N] of
    the best ones, the sentence's own first; without scores where it is not among them."""

    words: int
    by_trigram: Rank
    trigram: np.ndarray
    recurrent: np.ndarray

    def rank(self, weight: float) -> Rank:
        """The rank once the best are re-ranked by (1 − weight) trigram + weight recurrent."""
        if not len(self.trigram):
            return self.by_trigram
        mixed = (1 - weight) * self.trigram + weight * self.recurrent
        return Rank(int((mixed >= mixed[0] - _EQUAL).sum()), self.by_trigram.orders)


def contests(trigram: Trigram, recurrent: Scorer, sentences: Sequence[Sequence[str]], best: int) -> list[Contest]:
    """For each sentence its best orders by the trigram, `best` of them, scored by both."""
    found = []
    for tokens in sentences:
        orders, scores = score_orders(trigram, tokens)
        ranked = Rank(int((scores >= scores[0] - _EQUAL).sum()), len(scores))
        count = movable(tokens)
        if ranked.rank > best:
            found.append(Contest(count, ranked, np.empty(0), np.empty(0)))
            continue
        others = np.argsort(-scores, kind="stable")
        chosen = np.concatenate([[0], others[others != 0][: best - 1]])
        texts = [[tokens[place] for place in orders[row]] for row in chosen]
        found.append(Contest(count, ranked, scores[chosen], recurrent.score(texts)))
    return found


def rank_orders(trigram: Trigram, sentences: Sequence[Sequence[str]]) -> list[RankSummary]:
    """Ranks of sentences that `rank` takes, by number of words."""
    return summarise([(movable(tokens), rank(trigram, tokens)) for tokens in sentences])


def summarise(ranks: Sequence[tuple[int, Rank]]) -> list[RankSummary]:
    """Ranks, each of a sentence of so many words, by that number."""
    by_words: dict[int, list[Rank]] = {}
    for words, found in ranks:
        by_words.setdefault(words, []).append(found)
    return [
        RankSummary(
            words,
            len(found),
            float(np.median([one.rank for one in found])),
            float(np.mean([one.rank == 1 for one in found])),
            float(np.mean([one.in_top for one in found])),
        )
        for words, found in sorted(by_words.items())
    ]


def judge_pairs(
    scorer: Scorer, good: Sequence[Sequence[str]], bad: Sequence[Sequence[str]], phenomena: Sequence[str]
) -> list[PairSummary]:
    """Accuracy on pairs by phenomenon, in alphabetical order; two equal scores are an error of the scorer's."""
    right = scorer.score(good) > scorer.score(bad)
    kinds = np.array(phenomena)
    return [
        PairSummary(str(kind), int((kinds == kind).sum()), float(right[kinds == kind].mean()))
        for kind in np.unique(kinds)
    ]

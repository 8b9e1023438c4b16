"""Modified Kneser-Ney: counting, discounting, merging and pruning of n-grams.

Kneser & Ney 1995 as modified by Chen & Goodman 1999, for several corpora k of weights w:

    f(c | a, b) = Σ_k w_k max(0, N_k(a b c) − D_k) / Σ_k w_k N_k(a b ·)

and likewise for bigrams, where N is the number of different words a before b c (for the start of a sentence, its
count). D is D₁, D₂ or D₃ for a count of 1, 2, or 3 and more, from the numbers of n-grams n_i seen i times:

    Y = n₁ / (n₁ + 2 n₂),   D_i = i − (i + 1) Y n_{i+1} / n_i

Pruning follows Stolcke 1998, "Entropy-based Pruning of Backoff Language Models".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.data.corpus import Encoded
from core.fluency.packing import Level, level
from core.fluency.trigram import BOUNDARY, Trigram
from core.text.preprocessing import Vocabulary

# A bigram needs a quarter of a trigram's loss: most orders have unseen trigrams and differ by their bigrams.
BIGRAMS_FAVOURED = 0.25
_FINE = 200  # the search for the size ends at a 200th of the trigrams


@dataclass(frozen=True)
class Counts:
    """How often each n-gram of one order occurs: keys int64 [N], ascending, counts float64 [N].

    The key of (a, b, c) is (a V + b) V + c, with V words in the vocabulary; start and end have the id of ``<pad>``.
    """

    keys: np.ndarray
    counts: np.ndarray

    def __len__(self) -> int:
        return len(self.keys)


def count(sentences: Encoded, size: int) -> tuple[Counts, Counts]:
    """Bigrams and trigrams of sentences, start and end included, over a vocabulary of `size` words.

    Raises ValueError for a vocabulary of 2**21 words or more: three ids would not fit one key.
    """
    if size >= 1 << 21:
        raise ValueError(f"a vocabulary of {size:,} words; n-grams are counted over fewer than {1 << 21:,}")
    filled = np.flatnonzero(sentences.lengths)
    stream = np.insert(sentences.ids.astype(np.int64), sentences.offsets[filled], BOUNDARY)
    stream = np.append(stream, BOUNDARY)
    pairs = stream[:-1] * size + stream[1:]
    inside = stream[1:-1] != BOUNDARY  # a trigram round a boundary would join two sentences
    triples = pairs[:-1][inside] * size + stream[2:][inside]
    if not len(filled):
        return Counts(np.empty(0, np.int64), np.empty(0)), Counts(np.empty(0, np.int64), np.empty(0))
    return _distinct(pairs), _distinct(triples)


def _distinct(keys: np.ndarray) -> Counts:
    distinct, counts = np.unique(keys, return_counts=True)
    return Counts(distinct, counts.astype(np.float64))


def continuation(trigrams: Counts, bigrams: Counts, size: int) -> Counts:
    """The number of different words before each bigram; bigrams of the sentence start keep their counts."""
    keys, before = np.unique(trigrams.keys % size**2, return_counts=True)
    counts = np.where(bigrams.keys // size == BOUNDARY, bigrams.counts, 0)
    counts[np.searchsorted(bigrams.keys, keys)] = before
    return Counts(bigrams.keys, counts)


def discounts(counts: np.ndarray) -> np.ndarray:
    """D of each count, float64 [N], from the numbers of counts 1, 2, 3 and 4; 0.75 if any of these is zero."""
    n = [int((counts == times).sum()) for times in range(5)]
    if min(n[1:]) == 0:
        by_count = np.array([0, 0.75, 0.75, 0.75])
    else:
        y = n[1] / (n[1] + 2 * n[2])
        estimated = [times - (times + 1) * y * n[times + 1] / n[times] for times in (1, 2, 3)]
        # With few n-grams the estimate may be out of range.
        by_count = np.clip([0, *estimated], [0, 0.1, 0.1, 0.1], [0, 0.95, 1.9, 2.85])
    return np.where(counts > 0, by_count[np.minimum(counts, 3).astype(np.int64)], 0)


@dataclass(frozen=True)
class Estimate:
    """An interpolated trigram before pruning: `unigram` is p(c), float64 [V].

    `reached` holds the weighted counts of each context, for bigrams and for trigrams.
    """

    unigram: np.ndarray
    bigrams: Level
    trigrams: Level
    reached: tuple[np.ndarray, np.ndarray]


def estimate(counted: Sequence[tuple[Counts, Counts]], weights: Sequence[float], size: int) -> Estimate:
    """Discount and merge the counts of corpora over one vocabulary of `size` words, by weight.

    Raises ValueError if no corpus has a sentence.
    """
    pairs = [(counts, weight) for counts, weight in zip(counted, weights, strict=True) if len(counts[0])]
    if not pairs:
        raise ValueError("no sentence has a token to count n-grams of")
    weights = [weight for _, weight in pairs]
    plain, highest = [bigrams for (bigrams, _), _ in pairs], [trigrams for (_, trigrams), _ in pairs]
    lower = [continuation(*both, size) for both in zip(highest, plain, strict=True)]
    numbers = np.unique(np.concatenate([counts.keys for counts in plain]))  # a bigram's index here is its number
    contexts = [np.searchsorted(numbers, counts.keys // size) for counts in highest]
    trigrams, met = _merge(highest, contexts, weights, size, len(numbers))
    bigrams, _ = _merge(lower, [counts.keys // size for counts in lower], weights, size, size)
    plainly, shares, total = np.zeros(size), np.zeros(size), 0.0
    for counts, weight in zip(plain, weights, strict=True):
        plainly += weight * np.bincount(counts.keys // size, counts.counts, size)
        single = np.bincount(counts.keys % size, minlength=size).astype(np.float64)
        shares += weight * (single - discounts(single))
        total += weight * single.sum()
    shares /= total
    return Estimate(shares + (1 - shares.sum()) / size, bigrams, trigrams, (plainly, met))


def _merge(
    counted: Sequence[Counts], contexts: Sequence[np.ndarray], weights: Sequence[float], size: int, count: int
) -> tuple[Level, np.ndarray]:
    """One order of several corpora as a level, given each n-gram's context, and each context's weighted count."""
    keys = np.unique(np.concatenate([counts.keys for counts in counted]))
    context = np.empty(len(keys), dtype=np.int64)
    shares, met = np.zeros(len(keys)), np.zeros(count)
    for counts, own, weight in zip(counted, contexts, weights, strict=True):
        index = np.searchsorted(keys, counts.keys)
        context[index] = own
        shares[index] += weight * (counts.counts - discounts(counts.counts))
        met += weight * np.bincount(own, counts.counts, count)
    return level(context, keys % size, shares / met[context], count), met


def losses(estimated: Estimate) -> tuple[np.ndarray, np.ndarray]:
    """The cost of leaving out each bigram and each trigram alone: relative entropy in nats, float64 [N]."""
    size, bigrams, trigrams = len(estimated.unigram), estimated.bigrams, estimated.trigrams
    first, context = bigrams.contexts, trigrams.contexts
    single = estimated.unigram[bigrams.targets]
    pair = bigrams.shares + bigrams.backoff[first] * single
    shorter = pair[np.searchsorted(first * size + bigrams.targets, bigrams.targets[context] * size + trigrams.targets)]
    triple = trigrams.shares + trigrams.backoff[context] * shorter
    return (
        _losses(first, pair, single, estimated.reached[0]),
        _losses(context, triple, shorter, estimated.reached[1]),
    )


def _losses(context: np.ndarray, p: np.ndarray, q: np.ndarray, reached: np.ndarray) -> np.ndarray:
    """Stolcke's equation (3) for n-grams of probability p that would fall back on q."""
    rest = np.maximum(1 - np.bincount(context, p, len(reached)), 1e-12)[context]
    room = np.maximum(1 - np.bincount(context, q, len(reached)), 1e-12)[context]
    change = np.log((rest + p) / (room + q)) - np.log(rest / room)
    after = np.log(q * (rest + p) / (room + q))
    lost: np.ndarray = -reached[context] / reached.sum() * (p * (after - np.log(p)) + rest * change)
    return lost


def prune(estimated: Estimate, lost: tuple[np.ndarray, np.ndarray], least: float) -> tuple[Level, Level]:
    """Bigrams and trigrams with a loss of at least `least`, and such trigrams' contexts; γ gets the others' share."""
    bigrams, trigrams = estimated.bigrams, estimated.trigrams
    kept = lost[1] >= least
    context = trigrams.contexts[kept]
    wanted = lost[0] >= least * BIGRAMS_FAVOURED
    wanted[context] = True
    number = np.cumsum(wanted) - 1
    return (
        level(bigrams.contexts[wanted], bigrams.targets[wanted], bigrams.shares[wanted], len(estimated.unigram)),
        level(number[context], trigrams.targets[kept], trigrams.shares[kept], int(wanted.sum())),
    )


def fit(vocabulary: Vocabulary, estimated: Estimate, unknown_words: int, limit: int) -> Trigram:
    """The largest pruned trigram that fits `limit` bytes when packed. Raises ValueError if none does."""
    lost = losses(estimated)
    ordered = np.sort(lost[1])

    def pruned(left_out: int) -> Trigram | None:
        """The trigram without the `left_out` least useful trigrams and bigrams to match, if it fits."""
        levels = prune(estimated, lost, ordered[left_out])
        if 2 * sum(map(len, levels)) > limit:  # no n-gram takes fewer than two bytes
            return None
        trigram = Trigram(vocabulary, estimated.unigram, *levels, unknown_words)
        return trigram if sum(array.nbytes for array in trigram.pack().values()) <= limit else None

    low, high = 0, len(ordered) - 1  # left out: too few, unless all fits; as many as can be
    best = pruned(low) or pruned(high)
    if best is None:
        raise ValueError(f"{limit:,} bytes are too few for a trigram over {len(vocabulary):,} words")
    while len(best.trigrams) < len(ordered) and high - low > max(1, len(ordered) // _FINE):
        middle = (low + high) // 2
        fitting = pruned(middle)
        best, low, high = (fitting, low, middle) if fitting else (best, middle, high)
    return best

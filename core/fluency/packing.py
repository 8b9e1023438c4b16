"""One order's n-grams as bytes, and back.

Targets are stored as steps in seven bits a byte; a share f and a back-off weight γ as one byte each, an index into 256
values. The shares of a context are rounded in proportion only and then scaled to 1 − γ, so that f and γ of a context
always sum to one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.runtime.i18n import gettext as _

_LEVELS = 256


@dataclass(frozen=True)
class Level:
    """The n-grams of one order that are kept, by context, and within a context by ascending target.

    Context i has the targets ``targets[offsets[i]:offsets[i + 1]]`` with discounted `shares` f (float64); `backoff` is
    γ of each context, 1 without a target. A bigram's context is a word's id, a trigram's the number of a bigram.
    """

    offsets: np.ndarray
    targets: np.ndarray
    shares: np.ndarray
    backoff: np.ndarray

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def contexts(self) -> np.ndarray:
        """The context of every n-gram, int64 [N]."""
        return np.repeat(np.arange(len(self.backoff)), np.diff(self.offsets))


def level(contexts: np.ndarray, targets: np.ndarray, shares: np.ndarray, count: int) -> Level:
    """A level of `count` contexts from its n-grams, sorted by context and target; γ is what the shares leave."""
    offsets = np.concatenate([[0], np.cumsum(np.bincount(contexts, minlength=count))])
    return Level(offsets, targets, shares, 1 - np.bincount(contexts, shares, count))


def pack_level(ngrams: Level) -> dict[str, np.ndarray]:
    """A level as arrays of bytes, and two tables of float32. Raises ValueError for an empty one."""
    if not len(ngrams):
        raise ValueError("there is no n-gram to pack")
    sizes = np.diff(ngrams.offsets)
    used = sizes > 0
    starts, sizes = ngrams.offsets[:-1][used], sizes[used]
    steps = np.diff(ngrams.targets, prepend=0) - 1
    steps[starts] = ngrams.targets[starts]
    greatest = np.maximum.reduceat(ngrams.shares, starts)
    codes, book = _round(np.log(ngrams.shares / np.repeat(greatest, sizes)))
    # Rounded on the scale of log γ / (1 − γ), which is as fine for a γ near 1 as for one near 0.
    odds, odds_book = _round(np.log(ngrams.backoff[used] / (1 - ngrams.backoff[used])))
    return {
        "used": np.packbits(used),
        "sizes": pack_numbers(sizes),
        "steps": pack_numbers(steps),
        "codes": codes,
        "book": book,
        "backoff": odds,
        "backoff_book": odds_book,
    }


def unpack_level(packed: Mapping[str, np.ndarray], contexts: int, size: int) -> Level:
    """The inverse of `pack_level` for `contexts` contexts, targets below `size`. Raises ValueError or LookupError."""
    used = np.flatnonzero(np.unpackbits(packed["used"], count=contexts))
    counts = unpack_numbers(packed["sizes"])
    steps = unpack_numbers(packed["steps"])
    if len(packed["used"]) != (contexts + 7) // 8 or not len(used) == len(counts) == len(packed["backoff"]):
        raise ValueError(
            _("the number of contexts with n-grams is not {used:,} of {contexts:,} throughout").format(
                used=len(used), contexts=contexts
            )
        )
    if not 0 < counts.sum() == len(steps) == len(packed["codes"]) or counts.min() < 1:
        raise ValueError(
            _("{targets:,} targets and {shares:,} shares for {count:,} n-grams").format(
                targets=len(steps), shares=len(packed["codes"]), count=counts.sum()
            )
        )
    sizes = np.zeros(contexts, dtype=np.int64)
    sizes[used] = counts
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    starts = offsets[:-1][used]
    sums = np.cumsum(steps + 1)
    targets = sums - np.repeat(sums[starts] - steps[starts], counts)
    if targets.max() >= size:
        raise ValueError(
            _("a target of {target:,} in a vocabulary of {size:,}").format(target=targets.max(), size=size)
        )
    proportions = np.exp(packed["book"].astype(np.float64))[packed["codes"]]
    odds = packed["backoff_book"].astype(np.float64)[packed["backoff"]]
    given = 1 / (1 + np.exp(odds))  # 1 − γ
    backoff = np.ones(contexts)
    backoff[used] = 1 - given
    shares = proportions * np.repeat(given / np.add.reduceat(proportions, starts), counts)
    # Both are below 2**31, and millions of them stay in memory.
    return Level(offsets.astype(np.int32), targets.astype(np.int32), shares, backoff)


def _round(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each value's nearest of 256 even steps: codes uint8 [N], and the steps float32."""
    book = np.linspace(values.min(), values.max(), _LEVELS)
    return np.searchsorted((book[1:] + book[:-1]) / 2, values).astype(np.uint8), book.astype(np.float32)


def pack_numbers(numbers: np.ndarray) -> np.ndarray:
    """Integers from 0 to 2**31 in seven bits a byte, lowest first, the high bit set if more follow (LEB128)."""
    lengths = 1 + np.searchsorted(1 << 7 * np.arange(1, 5), numbers, side="right")
    starts = np.cumsum(lengths) - lengths
    packed = np.zeros(int(lengths.sum()), dtype=np.uint8)
    for byte in range(5):
        present = lengths > byte
        continues = (lengths > byte + 1)[present]
        packed[starts[present] + byte] = (numbers[present] >> 7 * byte & 127) | continues << 7
    return packed


def unpack_numbers(packed: np.ndarray) -> np.ndarray:
    """The inverse of `pack_numbers`, int64. Raises ValueError if the last one is cut off."""
    ends = np.flatnonzero(packed < 128)
    if not len(packed) or ends[-1:] != len(packed) - 1:
        raise ValueError(_("a row of packed numbers is empty or truncated"))
    starts = np.concatenate([[0], ends[:-1] + 1])
    if (ends - starts).max() > 4:
        raise ValueError(_("a packed number has more than five bytes"))
    place = np.arange(len(packed)) - np.repeat(starts, ends - starts + 1)
    return np.add.reduceat((packed.astype(np.int64) & 127) << 7 * place, starts)

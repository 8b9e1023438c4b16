"""Where else are the same units on? Moments of a file of sentences that look to the model like a span of one text.

After Strobelt et al. 2018, "LSTMVis: A Tool for Visual Analysis of Hidden State Dynamics in Recurrent Neural Networks".
A unit is on where its state (or its magnitude, if asked for) is at least a threshold θ; a span's pattern is the set S
of units that are on after every one of its tokens. For any L tokens in a row in a file, L the span's length, W is the
units that are on throughout. Moments rank by |S ∩ W|, then by Jaccard's |S ∩ W| / (|S| + |W| − |S ∩ W|), then by their
order in the file. LSTMVis lets lengths differ; here they are equal, and `Moment.length` says how long the shared units
stay on around a moment. If asked for, only units count that are off just before the span and just after it. Before the
first token is the start state, 0; after the last one units count as off.

An index holds one byte a state: how many steps of a fixed width its magnitude reaches, with its sign. Thresholds are
whole numbers of steps, so the index is exact.

Axes: N tokens, S sentences, H units, L tokens of a span.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from core.data import targets
from core.data.corpus import encode_tokens
from core.data.labels import SENTIMENT, Names
from core.data.targets import POSITIVE, Target
from core.models.predict import logits
from core.probes.units.token_states import HIDDEN, check_state, token_states
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.trace import Trace
    from core.probes.scan.lines import Lines

STEPS = {"h": 0.01, "c": 0.05}
"""The width of a step, by state: hidden states are between −1 and 1, cell states may go far beyond."""
MOST_TOKENS = 200_000
"""Tokens that an index holds; at 256 units 51 MB."""
MOST, LEAST = 50, 0.5
"""Moments listed, and the share of the pattern's units that must be on in each."""

_LEVELS = 127  # of either sign in a byte
_AT_ONCE = 16_384  # tokens compared at a time, which bounds memory
_CHUNK = 20_000  # tokens read between two events


@dataclass(frozen=True)
class Index:
    """The states of a model after every token of a file, to be searched.

    `sentences` are its texts as tokens; `empty` had no word, `repeated` repeat an earlier one, and `cut` did not fit
    into `MOST_TOKENS`. `rows` are their numbers in the file, from 1. `labels` is int8 [S], the index of a class of
    `names` or −1, or None where the file has none; `probability` is P(class 1) [S] for two classes, else that of each
    class [S, K]. `levels` is int8 [N, H].
    """

    model: str
    hash: str
    state: str
    file: str
    sentences: tuple[tuple[str, ...], ...]
    rows: tuple[int, ...]
    offsets: np.ndarray
    labels: np.ndarray | None
    probability: np.ndarray
    empty: int
    repeated: int
    cut: int
    levels: np.ndarray = field(repr=False)
    names: Names = SENTIMENT

    @property
    def tokens(self) -> int:
        """N."""
        return len(self.levels)

    def chance(self, target: Target) -> np.ndarray:
        """P(target) of every sentence, float64 [S]."""
        return targets.chance(self.probability, target)

    def label(self, sentence: int) -> str | None:
        """The name of a sentence's label; None without one."""
        number = -1 if self.labels is None else int(self.labels[sentence])
        return self.names[number] if number >= 0 else None


@dataclass(frozen=True)
class IndexProgress:
    """`done` of `total` tokens are read; `index` is there when all are."""

    done: int
    total: int
    index: Index | None = None

    def result(self) -> Index | None:
        """The index, once it is complete."""
        return self.index


@dataclass(frozen=True)
class Pattern:
    """The units that are on over the tokens `first` to `last` of a text, counted from 0, both included.

    `values` [T, U] are the states of the `units` after every token of the text; `target` is that of the text's trace.
    """

    model: str
    hash: str
    state: str
    tokens: tuple[str, ...]
    first: int
    last: int
    threshold: float
    magnitude: bool
    bounded: bool
    units: tuple[int, ...]
    values: np.ndarray = field(repr=False)
    target: Target = POSITIVE

    def __len__(self) -> int:
        return self.last - self.first + 1

    @property
    def on(self) -> np.ndarray:
        """Which of its units are on after every token of the text, bool [T, U]."""
        values = np.abs(self.values) if self.magnitude else self.values
        levels: np.ndarray = to_levels(values, self.state) >= level_of(self.threshold, self.state)
        return levels


@dataclass(frozen=True)
class Moment:
    """The tokens `first` to `last` of a sentence of the index, where `shared` of the pattern's units are on.

    `on` units are on in all; the shared ones stay on over `length` tokens around it.
    """

    sentence: int
    first: int
    last: int
    shared: int
    on: int
    jaccard: float
    length: int


@dataclass(frozen=True)
class Matches:
    """The best moments that do not overlap.

    Of `windows` spans of that length in the index `qualifying` have at least the share `least` of the pattern's units
    on, overlapping ones included. `itself` counts sentences with the pattern's own tokens, which are left out.
    """

    pattern: Pattern
    moments: tuple[Moment, ...]
    windows: int
    qualifying: int
    least: float
    itself: int


def index(
    checkpoint: Checkpoint, lines: Lines, state: str = HIDDEN, check_cancelled: Callable[[], object] = lambda: None
) -> Generator[IndexProgress, None, None]:
    """Read a file's sentences with a model, whatever its target; the last event has the index. `check_cancelled` ends
    it by raising.

    Raises ValueError for a state that the model does not have, or where no sentence has a word.
    """
    checkpoint = checkpoint.every
    check_state(checkpoint.model, state)
    kept: dict[tuple[str, ...], int] = {}
    empty = repeated = cut = total = 0
    for row, text in enumerate(lines.texts):
        if row % 1_000 == 0:
            check_cancelled()
        tokens = tuple(checkpoint.preprocessing(text))
        if not tokens:
            empty += 1
        elif tokens in kept:
            repeated += 1
        elif total + len(tokens) > MOST_TOKENS:
            cut += 1
        else:
            kept[tokens] = row
            total += len(tokens)
    if not kept:
        raise ValueError(
            _("{name}: none of its {count:,} rows has a word to read").format(name=lines.name, count=len(lines.texts))
        )
    sentences = encode_tokens(list(kept), checkpoint.vocabulary)
    levels = np.empty((total, checkpoint.model.hidden_size), dtype=np.int8)
    yield IndexProgress(0, total)
    done = reported = 0
    for indices, states in token_states(checkpoint.model, sentences, state, check_cancelled):
        levels[indices] = to_levels(states, state)
        done += len(indices)
        if done - reported >= _CHUNK:
            reported = done
            yield IndexProgress(done, total)
    levels.setflags(write=False)
    chosen = list(kept.values())
    yield IndexProgress(
        total,
        total,
        Index(
            model=checkpoint.name,
            hash=checkpoint.hash,
            state=state,
            file=lines.name,
            sentences=tuple(kept),
            rows=tuple(lines.rows[row] for row in chosen),
            offsets=sentences.offsets,
            labels=None if lines.labels is None else lines.labels[chosen],
            probability=targets.probabilities(
                logits(checkpoint.model, sentences, 256, check_cancelled=check_cancelled)
            ),
            empty=empty + lines.empty,
            repeated=repeated,
            cut=cut,
            levels=levels,
            names=lines.names,
        ),
    )


def to_levels(states: np.ndarray, state: str) -> np.ndarray:
    """How many steps each state's magnitude reaches, 127 at most, with the state's sign; int8 of the same shape."""
    grid = STEPS[state] * np.arange(1, _LEVELS + 1)
    reached = np.searchsorted(grid, np.abs(states.astype(np.float64)), side="right")
    levels: np.ndarray = np.where(states < 0, -reached, reached).astype(np.int8)
    return levels


def level_of(threshold: float, state: str) -> int:
    """A threshold in steps. Raises ValueError unless it is a whole number from 1 to 127."""
    step = STEPS[state]
    level = round(threshold / step) if np.isfinite(threshold) else 0
    if not 1 <= level <= _LEVELS or abs(level * step - threshold) > 1e-6:
        raise ValueError(
            _(
                "the threshold of {state} must be a multiple of {step:g} from {step:g} to {most:g}; "
                "given: {threshold:g}"
            ).format(state=state, step=step, most=_LEVELS * step, threshold=threshold)
        )
    return level


def pattern(
    checkpoint: Checkpoint,
    trace: Trace,
    first: int,
    last: int,
    threshold: float,
    state: str = HIDDEN,
    *,
    magnitude: bool = False,
    bounded: bool = False,
) -> Pattern:
    """The units on over the tokens `first` to `last`, from 0, of a model's reading of a text.

    With `magnitude` a unit is on by its state's absolute value; with `bounded` it must be off just before and just
    after. Raises ValueError for a span outside the text, an unknown state or an invalid threshold.
    """
    check_state(checkpoint.model, state)
    if not 0 <= first <= last < len(trace):
        raise ValueError(
            _(
                "the span must go from one token to the same or a later one of the {own:,}; given: "
                "{first:,} to {last:,}"
            ).format(own=len(trace), first=first + 1, last=last + 1)
        )
    values = trace.h if state == HIDDEN else trace.c
    assert values is not None
    on = _on(to_levels(values, state), level_of(threshold, state), magnitude)
    over = on[first : last + 1].all(axis=0)
    if bounded:
        for outside in (first - 1, last + 1):
            if 0 <= outside < len(on):
                over &= ~on[outside]
    units = np.flatnonzero(over)
    return Pattern(
        model=trace.model,
        hash=checkpoint.every.hash,
        state=state,
        tokens=trace.tokens,
        first=first,
        last=last,
        threshold=threshold,
        magnitude=magnitude,
        bounded=bounded,
        units=tuple(units.tolist()),
        values=values[:, units],
        target=trace.target,
    )


def search(index: Index, pattern: Pattern, most: int = MOST, least: float = LEAST) -> Matches:
    """The `most` best moments of an index where at least a share `least` of the pattern's units, and one, is on.

    Raises ValueError for a pattern without a unit, or of another model or state; for `most` below 1 or `least` outside
    0 to 1.
    """
    if (index.hash, index.state) != (pattern.hash, pattern.state):
        raise ValueError(
            _("the file was read by {reader} for {read!r}, but the pattern is of {model}, {state!r}").format(
                reader=index.model, read=index.state, model=pattern.model, state=pattern.state
            )
        )
    if not pattern.units:
        raise ValueError(_("no unit is on over the whole span; choose a lower threshold or a shorter span"))
    if most < 1 or not 0 <= least <= 1:
        raise ValueError(
            _("at least 1 moment must be listed, and a share is from 0 to 1; given: {most:,} and {least:g}").format(
                most=most, least=least
            )
        )
    bits = _bits(index.levels, level_of(pattern.threshold, pattern.state), pattern.magnitude)
    wanted = np.zeros((1, index.levels.shape[1]), dtype=bool)
    wanted[0, list(pattern.units)] = True
    over, starts = _throughout(bits, index.offsets, len(pattern), pattern.bounded)
    own = _same(index, pattern.tokens)
    if len(own):
        starts &= ~np.isin(np.repeat(np.arange(len(index.sentences)), np.diff(index.offsets)), own)
    shared = np.bitwise_count(over & _packed(wanted)).sum(axis=1, dtype=np.int64)
    on = np.bitwise_count(over).sum(axis=1, dtype=np.int64)
    jaccard = shared / (on + len(pattern.units) - shared)
    qualifying = np.flatnonzero(starts & (shared >= max(1, least * len(pattern.units))))
    ranked = qualifying[np.lexsort((qualifying, -jaccard[qualifying], -shared[qualifying]))]
    moments = _apart(index, ranked, len(pattern), most)
    return Matches(
        pattern=pattern,
        moments=tuple(
            Moment(
                sentence=sentence,
                first=token - int(index.offsets[sentence]),
                last=token - int(index.offsets[sentence]) + len(pattern) - 1,
                shared=int(shared[token]),
                on=int(on[token]),
                jaccard=float(jaccard[token]),
                length=_lasts(bits, over[token] & _packed(wanted)[0], index.offsets, sentence, token, len(pattern)),
            )
            for sentence, token in moments
        ),
        windows=int(starts.sum()),
        qualifying=len(qualifying),
        least=least,
        itself=len(own),
    )


def _on(levels: np.ndarray, level: int, magnitude: bool) -> np.ndarray:
    """Which states reach a level: bool of the same shape."""
    return (levels >= level) | (levels <= -level) if magnitude else levels >= level


def _packed(on: np.ndarray) -> np.ndarray:
    """Truth values [N, H] as bits in words of 64, uint64 [N, ⌈H / 64⌉]."""
    padded = np.pad(np.packbits(on, axis=1), ((0, 0), (0, (on.shape[1] // -8) % 8)))
    words: np.ndarray = np.ascontiguousarray(padded).view(np.uint64)
    return words


def _bits(levels: np.ndarray, level: int, magnitude: bool) -> np.ndarray:
    """Which units are on after every token, as `_packed` packs them."""
    parts = [
        _packed(_on(levels[start : start + _AT_ONCE], level, magnitude)) for start in range(0, len(levels), _AT_ONCE)
    ]
    return np.concatenate(parts)


def _throughout(bits: np.ndarray, offsets: np.ndarray, length: int, bounded: bool) -> tuple[np.ndarray, np.ndarray]:
    """The units on over `length` tokens from each token on, packed, and where the sentence has that many."""
    tokens = len(bits)
    ends = np.repeat(offsets[1:], np.diff(offsets))
    numbers = np.arange(tokens)
    starts = numbers + length <= ends
    over = bits.copy()
    for further in range(1, length):
        over[: tokens - further] &= bits[further:]
    if bounded:
        before = np.where((numbers == np.repeat(offsets[:-1], np.diff(offsets)))[:, None], 0, np.roll(bits, 1, axis=0))
        after = np.where((numbers + length >= ends)[:, None], 0, np.roll(bits, -length, axis=0))
        over &= ~(before.astype(np.uint64) | after.astype(np.uint64))
    return over, starts


def _apart(index: Index, ranked: np.ndarray, length: int, most: int) -> list[tuple[int, int]]:
    """Sentence and first token, in the index, of the best moments, without those that overlap a better one."""
    taken = np.zeros(index.tokens, dtype=bool)
    sentences = np.searchsorted(index.offsets, ranked, side="right") - 1
    kept: list[tuple[int, int]] = []
    for sentence, token in zip(sentences.tolist(), ranked.tolist(), strict=True):
        if not taken[token : token + length].any():
            taken[token : token + length] = True
            kept.append((sentence, token))
            if len(kept) == most:
                break
    return kept


def _lasts(bits: np.ndarray, units: np.ndarray, offsets: np.ndarray, sentence: int, token: int, length: int) -> int:
    """Over how many tokens in a row around a moment all of some packed units are on."""
    on = ((bits[offsets[sentence] : offsets[sentence + 1]] & units) == units).all(axis=1)
    first = token - int(offsets[sentence])
    before = on[:first][::-1]
    after = on[first + length :]
    return length + sum(len(side) if side.all() else int(side.argmin()) for side in (before, after))


def _same(index: Index, tokens: Sequence[str]) -> np.ndarray:
    """The sentences of the index with these tokens, one at most."""
    return np.array([row for row, sentence in enumerate(index.sentences) if sentence == tuple(tokens)], dtype=np.int64)

"""Which sentences that people wrote are permutations of each other, and have opposite verdicts?

Rows of a file are a group when preprocessing leaves them the same tokens in another order. A pair is two rows of one
group that a model reads as different classes: a flip between two orders that people wrote. People also write what is
hardly a sentence, so a judge of word order, if there is one, ranks the pairs by P(valid).

The file is read twice, so that few texts are held. The first pass keeps of every row its number and two hashes of 8
bytes, of its sorted tokens (the group) and of its tokens in order. The second reads the texts of rows that share the
first hash and differ in the second, and groups them by the tokens themselves: no collision of hashes makes a pair, and
it hides one with a chance below 10⁻⁶ in a file of a few million rows.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from core.data import targets
from core.data.corpus import encode_tokens
from core.data.formats.layout import Layout
from core.data.tables import location, rows
from core.data.targets import Target
from core.models.predict import logits

if TYPE_CHECKING:
    from core.fluency.judge import Judge
    from core.models.checkpoints import Checkpoint
    from core.text.preprocessing import Preprocessing

PAIRS_PER_GROUP = 10
_STEP = 10_000  # rows between two events of progress
_BATCH = 4096  # orders scored between two events of progress


@dataclass(frozen=True)
class OppositePair:
    """Two rows with the same words in another order, on which one model's verdicts are opposite.

    `label_a` and `label_b` are the predicted classes. `a` is read as the target, and probabilities are P(target). The
    target is the model's; if it has none, the one of the two classes whose probability differs more. `rows` are the two
    texts' numbers in the file, counted from 1 without the header, the first row of each where an order occurs more than
    once. `valid` is the smaller P(valid) of the two, None where it was not judged.
    """

    model: str
    a: str
    b: str
    probability_a: float
    probability_b: float
    rows: tuple[int, int]
    label_a: str
    label_b: str
    valid: float | None = None

    @property
    def gap(self) -> float:
        """By how much P(target) differs between the two orders."""
        return self.probability_a - self.probability_b


@dataclass(frozen=True)
class MiningProgress:
    """How far the search is, and its pairs so far.

    `stage` is ``reading``, ``comparing`` (the second pass) or ``scoring``; `done` of `total` counts its rows, or in
    ``scoring`` orders times models; the first pass does not know its total. `rows` of the file were read, `short` of
    them had fewer than two tokens (blank ones among them). `groups` have the same words in `orders` distinct orders
    altogether (counted once for every preprocessing among the models). `pairs` are the likeliest valid first, if they
    were judged, then the most opposed; `left_out` more are opposite too, but beyond the bound on a group's pairs or on
    a model's.
    """

    stage: str
    done: int = 0
    total: int | None = None
    rows: int = 0
    short: int = 0
    groups: int = 0
    orders: int = 0
    pairs: tuple[OppositePair, ...] = ()
    left_out: int = 0


class _Order(NamedTuple):
    """One order of a group's words: the first row that has it."""

    tokens: tuple[str, ...]
    text: str
    row: int


_Group = list[_Order]
_Result = TypeVar("_Result")
_Steps = Generator[MiningProgress, None, _Result]


def mine(
    path: str | Path,
    checkpoints: Sequence[Checkpoint],
    text_column: str | None = None,
    *,
    layout: Layout | None = None,
    limit: int | None = None,
    per_group: int = PAIRS_PER_GROUP,
    judge: Judge | None = None,
) -> Generator[MiningProgress, None, None]:
    """Search a file's text column (``text``) for permutations with opposite verdicts; the last event has them all.

    Rows with the same tokens in the same order are one order, and so are orders that differ only in where words stand
    that the model does not know: it reads the same of both. Of one group, every two orders of different classes make a
    pair, one of them being read as the target if the model has one; the `per_group` most opposed of these are kept, and
    of each model's pairs the first `limit`. May be closed at any time.

    Raises ValueError for no model, a bound below 1, or a row without a text; LookupError, ValueError and OSError
    as `core.data.tables.rows` does.
    """
    if not checkpoints:
        raise ValueError("no model was given to find opposite verdicts with")
    if per_group < 1 or (limit is not None and limit < 1):
        raise ValueError(f"at least 1 pair is kept; given: {limit} of a model, {per_group} of a group")
    path = Path(path)
    column = text_column or "text"
    fingerprints = {model.preprocessing: _Fingerprints(model.preprocessing) for model in checkpoints}
    progress = yield from _read(path.name, _texts(path, column, layout), fingerprints.values())

    candidates = {preprocessing: kept.candidates() for preprocessing, kept in fingerprints.items()}
    fingerprints.clear()  # the candidates are all that is needed of them
    groups, progress = yield from _compare(_texts(path, column, layout), candidates, progress)

    todo = [(checkpoint, _distinguished(checkpoint, groups[checkpoint.preprocessing])) for checkpoint in checkpoints]
    total = sum(len(orders) for _, distinguished in todo for orders in distinguished)
    progress = replace(progress, stage="scoring", done=0, total=total)
    yield progress
    judged = _Judged(judge)
    for checkpoint, distinguished in todo:
        progress = yield from _score(checkpoint, distinguished, progress, limit, per_group, judged)


def _texts(path: Path, column: str, layout: Layout | None) -> Iterator[tuple[int, str]]:
    """Row numbers from 1, and texts."""
    for row, line, (text,) in rows(path, (column,), layout):
        if not isinstance(text, str):
            raise ValueError(f"{location(path, row, line)}: the text is {text!r}, expected a string")
        yield row, text


class _Fingerprints:
    """What the first pass keeps of every row with at least two tokens: 24 bytes."""

    def __init__(self, preprocessing: Preprocessing):
        self._preprocessing = preprocessing
        self._rows, self._words, self._orders = array("q"), array("Q"), array("Q")

    def add(self, row: int, text: str) -> bool:
        """Whether the row has tokens enough."""
        tokens = self._preprocessing(text)
        if len(tokens) < 2:
            return False
        self._rows.append(row)
        self._words.frombytes(_hash(sorted(tokens)))
        self._orders.frombytes(_hash(tokens))
        return True

    def candidates(self) -> np.ndarray:
        """Of every group with two orders or more, the first row of each order; ascending."""
        row, words, orders = (np.array(kept) for kept in (self._rows, self._words, self._orders))
        if not len(row):
            return row
        sequence = np.lexsort((orders, words))  # stable, so that rows of one order stay in the file's sequence
        words, orders = words[sequence], orders[sequence]
        new_group = np.concatenate([[True], words[1:] != words[:-1]])
        new_order = new_group | np.concatenate([[True], orders[1:] != orders[:-1]])
        orders_of_group = np.add.reduceat(new_order.astype(np.int64), np.flatnonzero(new_group))
        chosen = new_order & (orders_of_group[np.cumsum(new_group) - 1] > 1)
        return np.sort(row[sequence[chosen]])


def _hash(tokens: Sequence[str]) -> bytes:
    # No token holds white space, so the joined text stands for the tokens.
    return blake2b(" ".join(tokens).encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _read(
    name: str, texts: Iterable[tuple[int, str]], fingerprints: Collection[_Fingerprints]
) -> _Steps[MiningProgress]:
    """The first pass."""
    row = short = 0
    for row, text in texts:
        short += sum(kept.add(row, text) for kept in fingerprints) == 0
        if row % _STEP == 0:
            yield MiningProgress("reading", row, rows=row, short=short)
    if not row:
        raise ValueError(f"{name} has no rows")
    progress = MiningProgress("reading", row, row, row, short)
    yield progress
    return progress


def _compare(
    texts: Iterable[tuple[int, str]], candidates: Mapping[Preprocessing, np.ndarray], progress: MiningProgress
) -> _Steps[tuple[dict[Preprocessing, list[_Group]], MiningProgress]]:
    """The second pass: the candidates' texts, grouped by their very tokens."""
    wanted = {preprocessing: set(rows.tolist()) for preprocessing, rows in candidates.items()}
    by_words: dict[Preprocessing, dict[tuple[str, ...], dict[tuple[str, ...], _Order]]]
    by_words = {preprocessing: {} for preprocessing in candidates}
    last = max(int(rows[-1]) if len(rows) else 0 for rows in candidates.values())
    progress = replace(progress, stage="comparing", done=0, total=last)
    yield progress
    for row, text in texts:
        if row > last:
            break
        for preprocessing, chosen in wanted.items():
            if row in chosen:
                tokens = tuple(preprocessing(text))
                by_words[preprocessing].setdefault(tuple(sorted(tokens)), {}).setdefault(
                    tokens, _Order(tokens, text, row)
                )
        if row % _STEP == 0:
            yield replace(progress, done=row)
    groups = {
        preprocessing: [list(orders.values()) for orders in by_order.values() if len(orders) > 1]
        for preprocessing, by_order in by_words.items()
    }
    sizes = [len(orders) for of_one in groups.values() for orders in of_one]
    progress = replace(progress, done=last, groups=len(sizes), orders=sum(sizes))
    yield progress
    return groups, progress


def _distinguished(checkpoint: Checkpoint, groups: Iterable[_Group]) -> list[_Group]:
    """Groups with the orders that the model can tell apart, the first of each, where there are two or more."""
    distinguished = []
    for group in groups:
        by_ids: dict[tuple[int, ...], _Order] = {}
        for order in group:
            by_ids.setdefault(tuple(checkpoint.vocabulary.encode(order.tokens)), order)
        if len(by_ids) > 1:
            distinguished.append(list(by_ids.values()))
    return distinguished


def _score(
    checkpoint: Checkpoint,
    groups: Sequence[_Group],
    progress: MiningProgress,
    limit: int | None,
    per_group: int,
    judged: _Judged,
) -> _Steps[MiningProgress]:
    """One model's pairs, added to those of the models before it."""
    others = progress.pairs
    labels = checkpoint.labels
    chosen = [checkpoint.target] if checkpoint.target else [Target(labels, number) for number in range(len(labels))]
    kept: list[OppositePair] = []
    for batch in _batches(groups):
        orders = [order for group in batch for order in group]
        sentences = encode_tokens([order.tokens for order in orders], checkpoint.vocabulary)
        scored = _scored(orders, logits(checkpoint.model.every, sentences), chosen)
        left_out = 0
        for group in batch:
            pairs, more = _opposite(checkpoint, [next(scored) for _order in group], chosen, per_group)
            kept += [replace(pair, valid=judged(pair, group)) for pair in pairs]
            left_out += more
        kept.sort(key=_best_first)
        if limit is not None:
            left_out += len(kept[limit:])
            del kept[limit:]
        progress = replace(
            progress,
            done=progress.done + len(orders),
            pairs=tuple(sorted([*others, *kept], key=_best_first)),
            left_out=progress.left_out + left_out,
        )
        yield progress
    return progress


def _batches(groups: Sequence[_Group]) -> Iterator[list[_Group]]:
    batch: list[_Group] = []
    size = 0
    for group in groups:
        batch.append(group)
        size += len(group)
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class _Scored(NamedTuple):
    """An order, its predicted class, and its P(target) for each of some targets."""

    order: _Order
    number: int
    chances: tuple[float, ...]


def _scored(orders: Iterable[_Order], scores: np.ndarray, chosen: Sequence[Target]) -> Iterator[_Scored]:
    probabilities = targets.probabilities(scores)
    chances = zip(*(targets.chance(probabilities, target).tolist() for target in chosen), strict=True)
    return map(_Scored, orders, targets.predicted(scores).tolist(), chances)


def _opposite(
    model: Checkpoint, group: Sequence[_Scored], chosen: Sequence[Target], per_group: int
) -> tuple[list[OppositePair], int]:
    """The most opposed pairs of a group, and how many more there are."""
    found: list[OppositePair] = []
    count = 0
    for place, target in enumerate(chosen):
        ascending = sorted(group, key=lambda one: one.chances[place])
        own = [one for one in ascending if one.number == target.number][::-1]
        others = [one for one in ascending if one.number in target.rest]
        count += len(own) * len(others)
        # The k widest pairs lie among the k orders with most, and the k with least, of the target.
        found += [
            OppositePair(
                model.name,
                a.order.text,
                b.order.text,
                a.chances[place],
                b.chances[place],
                (a.order.row, b.order.row),
                model.labels[a.number],
                model.labels[b.number],
            )
            for a, b in product(own[:per_group], others[:per_group])
        ]
    best: dict[frozenset[int], OppositePair] = {}  # of the two targets that a pair may have
    for pair in sorted(found, key=_most_opposed_first):
        best.setdefault(frozenset(pair.rows), pair)
    pairs = list(best.values())[:per_group]
    return pairs, count // min(len(chosen), 2) - len(pairs)


class _Judged:
    """The smaller P(valid) of a pair's orders, each judged once for all models."""

    def __init__(self, judge: Judge | None):
        self._judge = judge
        self._valid: dict[int, float | None] = {}

    def __call__(self, pair: OppositePair, group: _Group) -> float | None:
        if self._judge is None:
            return None
        for order in group:
            if order.row in pair.rows and order.row not in self._valid:
                self._valid[order.row] = self._judge.judgement(order.tokens)
        both = [self._valid[row] for row in pair.rows]
        return None if None in both else min(valid for valid in both if valid is not None)


def _best_first(pair: OppositePair) -> tuple[float, float, tuple[int, int]]:
    return -1.0 if pair.valid is None else -1 - pair.valid, *_most_opposed_first(pair)


def _most_opposed_first(pair: OppositePair) -> tuple[float, tuple[int, int]]:
    return -pair.gap, pair.rows

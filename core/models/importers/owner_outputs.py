"""Does an imported model give its owner's outputs? A few texts with the owner's probabilities decide: those of class 1,
or of each of more than two classes.

Parts of a forward pass have no parameters: which states are read, padding, activations, preprocessing. A wrong guess
gives a valid file and another model. Every row must agree within `TOLERANCE`; if one does not, other choices are tried,
and those that agree on every row are named by their options.
"""

from __future__ import annotations

import copy
import itertools
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.data import targets
from core.data.corpus import encode_tokens
from core.data.formats.layout import Layout
from core.data.labels import SENTIMENT, Names
from core.data.tables import location, rows
from core.models.importers.vocabulary_files import Words
from core.models.predict import logits
from core.models.read_outs import UNPADDED, ReadOut, pools
from core.models.recurrent import ACTIVATIONS, NONLINEARITIES, Classifier, Head
from core.text.preprocessing import Preprocessing

TOLERANCE = 1e-4
STEPS = (
    *((), ("lowercase",), ("punctuation",), ("lowercase", "punctuation"), ("basic_english",), ("keras",)),
    *(("keras_vectorization",), ("spacy",), ("lowercase", "spacy")),
)
"""Preprocessing steps to try."""
LENGTHS = (
    *(100, 128, 50, 200, 256, 64, 32, 512, 150, 120, 80, 30, 60, 40, 20, 250, 300, 400, 500),
    *(number for number in range(1, 130) if number not in (100, 128, 50, 64, 32, 120, 80, 30, 60, 40, 20)),
    *(130, 140, 160, 170, 180, 190, 192, 220, 224, 225, 240, 280, 320, 350, 384, 450, 600, 700, 750, 800, 1000, 1024),
)
"""Padded lengths to try, the common ones first."""
_SUM_ROUNDING = 1e-3  # by which the owner's probabilities of a text may miss the sum 1
_SECONDS = 60.0  # of trying
_SECONDS_MORE = 5.0  # once something agrees
_FIRST = 3  # rows that nearly everything wrong fails on
_NAMED, _FEW = 4, 10
_BATCH = 256  # texts, which may be padded to 1,024 tokens


@dataclass(frozen=True)
class OwnerRows:
    """Texts with their owner's P(class 1) [N], or [N, K] for more than two classes, and where each row is."""

    file: str
    texts: tuple[str, ...]
    probabilities: np.ndarray
    places: tuple[str, ...]


@dataclass(frozen=True)
class Outputs:
    """How many outputs a file's head has, and which of two is class 1 or, of more, what was said of them: the options
    that have a name for each."""

    count: int
    class_1: int | None
    names: Mapping[str, Sequence[str]]

    def turned(self, order: Sequence[int]) -> str:
        """The options with which each class of the owner's is that of the model with the number in `order`."""
        if self.class_1 is None:
            places = [order.index(number) for number in range(self.count)]
            return " ".join(f"{key} {','.join(names[place] for place in places)}" for key, names in self.names.items())
        return f"--class-1 {1 - self.class_1}" if self.count == 2 else "(1 − the file's numbers, which are P(class 0))"


@dataclass(frozen=True)
class Choices:
    """How a model reads texts, as far as its tensors do not decide it."""

    reads: ReadOut
    steps: tuple[str, ...]
    nonlinearity: str = "tanh"
    activation: str | None = None
    order: tuple[int, ...] = ()  # which class of the model each of the owner's is, if not the same

    def options(self, given: Choices, head: Outputs) -> str:
        """The command-line options that replace the given ones."""
        options = []
        if self.reads != given.reads:
            from_file = given.reads.side and not self.reads.side
            options.append(f"--reads {self.reads}" + f" {UNPADDED}" * bool(from_file))
        if self.nonlinearity != given.nonlinearity:
            options.append(f"--nonlinearity {self.nonlinearity}")
        if self.activation != given.activation:
            options.append(f"--activation {self.activation}")
        if self.steps != given.steps:
            options.append(" ".join(("--steps", *self.steps)))
        if self.order:
            options.append(head.turned(self.order))
        return " ".join(options) or "what was given"


def read(
    path: Path,
    text: str | None = None,
    probability: str | None = None,
    logit: str | None = None,
    *,
    labels: Names = SENTIMENT,
    layout: Layout | None = None,
) -> OwnerRows:
    """The rows of a table of texts and probabilities of class 1, or logits if `logit` names a column.

    More than two classes have a column each, called as they are or as `columns` reads. Raises ValueError for a file
    without rows, an invalid number or probabilities with another sum than 1, LookupError for a missing column.
    """
    if probability is not None and logit is not None:
        raise ValueError("give --probability-column or --logit-column, not both")
    names = columns(logit or probability, labels)
    texts, numbers, places = [], [], []
    for number, line, (said, *values) in rows(path, (text or "text", *names), layout):
        where = location(path, number, line)
        for name, value in zip(names, values, strict=True):
            given = _number(value)
            if given is None:
                raise ValueError(f"{where}: {name} is {value!r}; expected a number")
            if logit is None and not 0 <= given <= 1:
                raise ValueError(
                    f"{where}: {name} is {given:g}; expected a probability{_of_what(labels)} from 0 to 1, or the "
                    "numbers before the sigmoid or softmax as --logit-column"
                )
            numbers.append(given)
        if len(names) > 1 and logit is None and abs(sum(numbers[-len(names) :]) - 1) > _SUM_ROUNDING:
            raise ValueError(
                f"{where}: the probabilities of {', '.join(names)} have the sum {sum(numbers[-len(names) :]):g}; "
                "expected 1"
            )
        texts.append("" if said is None else str(said))
        places.append(where)
    if not texts:
        raise ValueError(f"{path.name} has no rows; expected texts with their owner's probabilities{_of_what(labels)}")
    found = np.array(numbers).reshape(-1, *targets.axis(labels))
    found = found if logit is None else targets.probabilities(found)
    return OwnerRows(path.name, tuple(texts), found, tuple(places))


def columns(given: str | None, labels: Names) -> tuple[str, ...]:
    """The columns of the owner's numbers: one for two classes, else those that `given` lists with commas, or the names
    of the classes. Raises ValueError for another number of columns."""
    if not (more := targets.axis(labels)):
        return (given or "probability",)
    names = labels if given is None else tuple(part.strip() for part in given.split(","))
    if (len(names),) != more:
        raise ValueError(f"expected {more[0]} columns, one for each of {', '.join(labels)}; given: {given}")
    return names


def _of_what(labels: Names) -> str:
    return "" if targets.axis(labels) else " of class 1"


def _number(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


@dataclass(frozen=True)
class Checked:
    """The largest difference to the owner's probabilities, and other choices that agree on every row too.

    `extreme` rows have a probability within 0.001 of 0 or 1, where choices hardly differ.
    """

    rows: int
    largest_difference: float
    rivals: tuple[Choices, ...]
    extreme: int


def check(
    model: Classifier,
    words: Words,
    given: Choices,
    owner: OwnerRows,
    *,
    outputs: Outputs,
    pool: str | None = None,
    known: Sequence[str] = (),
) -> Checked:
    """Compare a model with its owner's numbers. `pool` and the fields `known` are set by the file: no other is tried.

    Raises ValueError where a row differs by more than `TOLERANCE`, naming choices that agree.
    """
    expected = owner.probabilities
    tokens = [*map(words.preprocessing(given.steps), owner.texts)]
    said = _probabilities(model, words, tokens)
    differences = np.abs(said - expected)
    worst = np.unravel_index(differences.argmax(), differences.shape)
    largest = float(differences[worst])
    agree = largest <= TOLERANCE
    trial = _Search(model, words, owner, time.monotonic() + (_SECONDS / 4 if agree else _SECONDS))
    if agree:
        near = _alternatives(model, given, owner, pool, known, (), STEPS)
        others = ([reading for reading in group if reading != given] for group in near)
        rivals = [reading for reading in trial.agreeing(others, every=True) if not reading.order]
        extreme = (np.minimum(expected, 1 - expected) < 1e-3).reshape(len(expected), -1).all(axis=1)
        return Checked(len(expected), largest, tuple(rivals), int(extreme.sum()))
    found = trial.agreeing(_alternatives(model, given, owner, pool, known, LENGTHS, STEPS))
    base = (
        f"{owner.places[int(worst[0])]}: the model gives {said[worst]:.4f} and its owner's {expected[worst]:.4f}, the "
        f"largest difference in {len(expected):,} row{'s' * (len(expected) > 1)}; expected at most {TOLERANCE:g}"
    )
    if found:
        options = "; or ".join(reading.options(given, outputs) for reading in found)
        raise ValueError(f"{base}. On every row these agree: {options}")
    dropping = replace(words, drops=True)
    if not words.drops and any(map(words.vocabulary.unknown, tokens)):
        second = _Search(model, dropping, owner, time.monotonic() + _SECONDS / 4)
        if found := second.agreeing(_alternatives(model, given, owner, pool, known, LENGTHS, ())):
            change = f"{found[0].options(given, outputs)} " if found[0] != given else ""
            raise ValueError(f"{base}. On every row this agrees: {change}--drop-unknown")
    for part, left, why in _parts(owner, words, tokens):
        second = _Search(model, words, part, time.monotonic() + _SECONDS / 4)
        if found := second.agreeing(_alternatives(model, given, part, pool, known, LENGTHS, ())):
            count, verb = (f"{len(part.texts):,} rows", "agree") if len(part.texts) > 1 else ("one row", "agrees")
            raise ValueError(
                f"{base}. The {count} without {left} {verb} with {found[0].options(given, outputs)}, so {why}"
            )
    raise ValueError(
        f"{base}. None of {trial.count:,} other readings that were tried agrees{trial.unfinished}: the weights, the "
        "vocabulary, the tokens of padding and unknown words or the preprocessing may be others than the owner's"
    )


def _parts(owner: OwnerRows, words: Words, tokens: Sequence[Sequence[str]]) -> Iterator[tuple[OwnerRows, str, str]]:
    """Subsets of the rows, what each leaves out, and what follows if all its rows agree."""
    some = [bool(found) for found in tokens]
    known = [not words.vocabulary.unknown(found) for found in tokens]
    of_unknown = "its owner reads unknown words otherwise: name their token with --unknown-token or --unknown-id"
    of_empty = "its owner reads a text without a word otherwise: leave such rows out of the check"
    both = [a and b for a, b in zip(some, known, strict=True)]
    for kept, left, why in (
        (known, "unknown words", of_unknown),
        (some, "empty texts", of_empty),
        (both, "unknown words and empty texts", f"{of_unknown}; and {of_empty}"),
    ):
        if any(kept) and not all(kept):
            texts, places = (tuple(compress(column, kept)) for column in (owner.texts, owner.places))
            yield OwnerRows(owner.file, texts, owner.probabilities[kept], places), left, why


def _probabilities(model: Classifier, words: Words, tokens: Sequence[Sequence[str]]) -> np.ndarray:
    """P(class 1) of texts as tokens, float64 [N], or [N, K]; of a text without a word, the empty text's."""
    return targets.probabilities(logits(model, encode_tokens(tokens, words.vocabulary), _BATCH))


def _differences(said: np.ndarray, expected: np.ndarray) -> dict[tuple[int, ...], float]:
    """The largest difference of probabilities with the classes as they are, (), and in the one other order that is
    nearest."""
    found: dict[tuple[int, ...], float] = {(): float(np.abs(said - expected).max())}
    classes, owners = targets.distribution(said), targets.distribution(expected)
    between = np.abs(classes[:, None] - owners[:, :, None]).max(axis=0)  # owner's × model's classes
    order = between.argmin(axis=1).tolist()
    if order != sorted(order) == [*range(len(order))]:
        found[tuple(order)] = float(between.min(axis=1).max())
    return found


class _Remembering(torch.nn.Module):
    """A recurrent module that remembers its last two answers: of some rows, and of all."""

    def __init__(self, inner: torch.nn.Module):
        super().__init__()
        self.inner = inner
        self._answers: dict[tuple[Any, ...], Any] = {}

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(self.inner, name)

    def forward(self, given: Any) -> Any:
        parts = given if isinstance(given, tuple) else (given,)  # packed: data, lengths and the order of the rows
        key = tuple(None if part is None else (part.shape, part.numpy().tobytes()) for part in parts)
        if key not in self._answers:
            for old in [*self._answers][:-1]:
                del self._answers[old]
            self._answers[key] = self.inner(given)
        return self._answers[key]


@dataclass
class _Search:
    """Tries choices for one model until its time is up."""

    model: Classifier
    words: Words
    owner: OwnerRows
    until: float
    count: int = 0
    unfinished: str = ""
    recurrences: dict[str, _Remembering] = field(default_factory=dict)

    def agreeing(self, groups: Iterator[list[Choices]], *, every: bool = False) -> list[Choices]:
        """The choices that agree on every row, closest first: of the first group that has any, or of every group.

        After the first one the rest of its group is tried for some seconds more.
        """
        matches: list[tuple[float, Choices]] = []
        tokens: dict[tuple[str, ...], list[list[str]]] = {}
        for group in groups:
            for choices in group:
                if time.monotonic() > self.until:
                    self.unfinished = f" (stopped after {self.count:,}, as the time was up)"
                    break
                if choices.steps not in tokens:
                    tokens[choices.steps] = [*map(self.words.preprocessing(choices.steps), self.owner.texts)]
                agreeing = self._agrees(choices, tokens[choices.steps])
                if agreeing and not matches and not every:
                    self.until = min(self.until, time.monotonic() + _SECONDS_MORE)
                matches += agreeing
                if agreeing and every and len(group) > _FEW:
                    break
            if (matches and not every) or self.unfinished:
                break
        return [choices for _difference, choices in sorted(matches, key=lambda pair: pair[0])][:_NAMED]

    def _agrees(self, choices: Choices, tokens: list[list[str]]) -> list[tuple[float, Choices]]:
        """These choices with their largest difference, for each order of the classes in which they agree."""
        model = with_choices(self.model, choices)
        if model.reset_after:  # one run of the recurrence serves all pools
            own = self.recurrences.setdefault(choices.nonlinearity, _Remembering(model.recurrent))
            model._modules = {**model._modules, "recurrent": own}
        self.count += 2
        largest: dict[tuple[int, ...], float] = {}
        some = sorted(range(len(tokens)), key=lambda row: len(tokens[row]))[-_FIRST:]
        for part in (some, range(len(tokens))):
            said = _probabilities(model, self.words, [tokens[row] for row in part])
            differences = _differences(said, self.owner.probabilities[list(part)])
            largest = {order: value for order, value in differences.items() if value <= TOLERANCE}
            if not largest:
                return []
        return [(difference, replace(choices, order=order)) for order, difference in largest.items()]


def with_choices(model: Classifier, choices: Choices) -> Classifier:
    """The same weights with other choices."""
    twin = copy.copy(model)
    twin.reads = choices.reads
    if model.head is not None and choices.activation is not None:
        twin.head = Head(model.head.size, choices.activation)
    if model.cell == "rnn" and model.nonlinearity != choices.nonlinearity:
        old = model.recurrent
        twin.nonlinearity = choices.nonlinearity
        other = torch.nn.RNN(
            old.input_size, old.hidden_size, old.num_layers, batch_first=True, bidirectional=old.bidirectional,
            nonlinearity=choices.nonlinearity,
        )  # fmt: skip
        other.load_state_dict(old.state_dict())
        twin._modules = {**model._modules, "recurrent": other.requires_grad_(False).eval()}
    return twin


def _alternatives(
    model: Classifier,
    given: Choices,
    owner: OwnerRows,
    pool: str | None,
    known: Sequence[str],
    usual: Sequence[int],
    preprocessing: Sequence[tuple[str, ...]],
) -> Iterator[list[Choices]]:
    """Other choices in groups: first with one changed, then with several."""
    own_pools = (given.reads.pool,) if pool else pools(model.cell, model.bidirectional)
    activations: tuple[str | None, ...] = (given.activation,)
    if model.head is not None and "activation" not in known:
        activations = (given.activation, *(name for name in ACTIVATIONS if name != given.activation))
    nonlinearities: tuple[str, ...] = (given.nonlinearity,)
    if model.cell == "rnn" and "nonlinearity" not in known:
        nonlinearities = (given.nonlinearity, *(name for name in NONLINEARITIES if name != given.nonlinearity))
    # A batch is often padded to its longest text.
    longest = max(len(Preprocessing(given.steps)(text)) for text in owner.texts)
    lengths = [length for length in dict.fromkeys((given.reads.length, longest, *usual)) if length]
    short = [ReadOut(pool) for pool in own_pools]
    sides = [("padded", False), ("left", True), ("padded", True), ("left", False), ("cut", False), ("cut", True)]
    padded = [
        ReadOut(pool, side, length, last)
        for length in lengths
        for place, (side, last) in enumerate(sides)
        if place < 2 or length < longest  # the others differ on texts that are cut
        for pool in own_pools
    ]
    if given.reads.side:
        near = [read for read in padded if read.length == given.reads.length]
        short, padded = [*near, *short], [read for read in padded if read not in near]
    own, other = [given.steps], [choice for choice in preprocessing if choice != given.steps]
    functions = [(given.nonlinearity, given.activation)]
    more = [pair for pair in itertools.product(nonlinearities, activations) if pair != functions[0]]
    for choices in (
        (short, own, functions),
        (short, own, more),
        (short, other, functions),
        (padded, own, functions),
        (padded, own, more),
        (short, other, more),
        (padded, other, [*functions, *more]),
    ):
        yield [Choices(read, chosen, *pair) for read, chosen, pair in itertools.product(*choices)]

"""Some models on one labelled file: counted as it is read, in constant memory, with a few rows to look at.

The file is read in windows of a few thousand rows (`records`); each model's scores go into a `binned_metrics.Tally`,
every two models into a `Pair`. Only a bounded number of texts is held: for each model the rows that it
was surest of in each field of its confusion table, and for every two the rows on which their verdicts differ most.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.data import targets
from core.data.corpus import Encoded, Encoder
from core.data.formats.layout import Layout
from core.data.label_columns import LEFT_OUT, UNKNOWN, Readings
from core.data.label_inference import Column, common
from core.data.labels import Labelling
from core.data.records import Window, windows
from core.data.slices import Marker, indices
from core.data.tables import is_sentiment140
from core.data.targets import Target
from core.evaluation.binned_metrics import Counter, Pair, Tallies
from core.models.predict import logits
from core.runtime.i18n import gettext as _
from core.runtime.i18n import mark
from core.text.preprocessing import Vocabulary

if TYPE_CHECKING:
    from core.data.labels import Names
    from core.models.checkpoints import Checkpoint

OWN = Path(__file__).parents[1] / "data" / "labelled_sentences.tsv"
"""Sentences of this project's own, written and labelled by one person for these figures; none is from a corpus."""

MOST_MODELS = 8
KEPT = 20  # rows in each field of a confusion table, and for every two models
LISTED = 100  # problems named; all are counted
TOKENS_LIMIT = 2_000
_TEXT_LIMIT = 1_000  # characters of a row that is kept to be looked at
_WINDOW = 4_096  # rows
_BATCH = 256

CheckCancelled = Callable[[], object]
Field = tuple[int, int]
"""Of a confusion table: the numbers of the class that people gave and of the predicted one."""


class Problem(NamedTuple):
    """A row that was left out, and why. `line` is None in parquet."""

    row: int
    line: int | None
    reason: str


class Example(NamedTuple):
    """A row to look at: its text (long ones cut), its class, and by model P(second class), of more than two P(predicted
    class), and the number of the predicted class."""

    row: int
    text: str
    label: int
    probabilities: Mapping[str, float]
    predicted: Mapping[str, int]


@dataclass(frozen=True)
class Assessment:
    """How far an assessment is, and what it has counted so far.

    `share` of the file is read. Of `rows`, `counted` have a label and a word, `unlabelled` a label that says no
    class, `empty` no word for some model, `malformed` could not be read or understood; `problems` names the first
    `LISTED` of these. `fields` are by model and field of its confusion table, the surest first; `differing` by every
    two models, the widest apart first. `done` says that the whole file was read; then `read_as` tells what labels were
    taken for, where that is not the usual.
    """

    file: str
    labels: tuple[str, ...]
    tallies: Tallies
    share: float = 0.0
    rows: int = 0
    counted: int = 0
    unlabelled: int = 0
    empty: int = 0
    malformed: int = 0
    problems: tuple[Problem, ...] = ()
    fields: Mapping[str, Mapping[Field, tuple[Example, ...]]] = field(default_factory=dict)
    differing: Mapping[tuple[str, str], tuple[Example, ...]] = field(default_factory=dict)
    read_as: str = ""
    done: bool = False


def assess(
    path: str | Path,
    checkpoints: Sequence[Checkpoint],
    text_column: str = "text",
    label_column: str = "label",
    *,
    labels: Names | None = None,
    asked: Mapping[str, str] | None = None,
    layout: Layout | None = None,
    name: str | None = None,
    check_cancelled: CheckCancelled = lambda: None,
) -> Generator[Assessment, None, None]:
    """Count models' scores on a table; an event comes with every few thousand rows, the last has it all.

    `labels` are the names of the classes, those of the models unless told. What the values of the label column mean is
    decided by `label_inference.decide`, where `asked` names values. The tallies have the models' targets.
    `check_cancelled` is called several times between events, and what it raises ends it. Raises ValueError for no model
    or more than `MOST_MODELS`, models of one name, models of different classes where no names are given, another number
    of names, labels with two plausible meanings, or no row with a label that is understood and a word; LookupError for
    a missing column; what `core.data.records.windows` raises.
    """
    if not 1 <= len(checkpoints) <= MOST_MODELS:
        raise ValueError(
            _("1 to {most} models can be assessed at a time; given: {count}").format(
                most=MOST_MODELS, count=len(checkpoints)
            )
        )
    if len({checkpoint.name for checkpoint in checkpoints}) < len(checkpoints):
        raise ValueError(_("a model is named twice"))
    path = Path(path)
    if labels is None or all(checkpoint.labels == labels for checkpoint in checkpoints):
        labelling = common({checkpoint.name: checkpoint.labelling for checkpoint in checkpoints})
    else:
        labelling = Labelling(labels)
        for checkpoint in checkpoints:
            if len(checkpoint.labels) != len(labels):
                told = _("{name} has {count} classes; given {given} names for them")
                raise ValueError(told.format(name=checkpoint.name, count=len(checkpoint.labels), given=len(labels)))
    readings = Readings(Column(name or path.name, label_column, is_sentiment140(path)), labelling, asked)
    counting = _Counting(name or path.name, checkpoints, readings, text_column, check_cancelled)
    return _assess(path, counting, layout)


def own(checkpoints: Sequence[Checkpoint]) -> Assessment:
    """The assessment of models on this project's own sentences."""
    *_begun, last = assess(OWN, checkpoints, name=mark("the sentences of this project"))
    return last


def _assess(path: Path, counting: _Counting, layout: Layout | None) -> Generator[Assessment, None, None]:
    checked = False
    with closing(windows(path, _WINDOW, layout)) as table:
        for window in table:
            if not checked:
                window.check(path, (counting.text_column, counting.readings.column))
                checked = True
            counting.take(window)
            yield counting.result(window.share)
    counting.check()
    yield replace(counting.result(1.0, done=True), read_as=counting.readings.line)


class _Counting:
    """What is counted of all windows."""

    def __init__(
        self,
        file: str,
        checkpoints: Sequence[Checkpoint],
        readings: Readings,
        text_column: str,
        check_cancelled: CheckCancelled,
    ):
        self.readings, self.text_column = readings, text_column
        self._file, self._checkpoints, self._check_cancelled = file, checkpoints, check_cancelled
        self._names = [checkpoint.name for checkpoint in checkpoints]
        self._encoders: list[tuple[Checkpoint, Encoder]] = []  # models that read alike share one
        for checkpoint in checkpoints:
            if not any(_alike(checkpoint, other) for other, _encoder in self._encoders):
                self._encoders.append((checkpoint, Encoder(checkpoint.preprocessing, checkpoint.vocabulary)))
        self._marker = Marker()
        self._counters = [Counter(one.name, one.every.hash, readings.names) for one in checkpoints]
        self._second = targets.default(readings.names)
        self._pairs = {pair: np.zeros(4, dtype=np.int64) for pair in combinations(range(len(checkpoints)), 2)}
        self._rows = self._counted = self._unlabelled = self._empty = self._malformed = 0
        self._problems: list[Problem] = []
        classes = range(len(readings.names))
        self._fields = [{(label, said): _Best() for label in classes for said in classes} for _name in checkpoints]
        self._differing = {pair: _Best() for pair in self._pairs}

    def take(self, window: Window) -> None:
        """Count a window."""
        texts, labels = window.column(self.text_column), window.column(self.readings.column)
        self._rows += len(window)
        good: list[int] = []
        readable = [index for index in range(len(window)) if index not in window.problems]
        read = np.full(len(window), LEFT_OUT, dtype=np.int8)
        read[readable] = self.readings.read(
            [labels[index] for index in readable], [window.first + index for index in readable]
        )
        codes = read.tolist()
        for index, (text, label) in enumerate(zip(texts, labels, strict=True)):
            problem = window.problems.get(index)
            if problem is None and not isinstance(text, str) and text is not None:
                problem = _("the text is {text!r:.80}, expected a string").format(text=text)
            if problem is None and isinstance(text, str) and text.strip() and codes[index] < 0:
                if codes[index] != UNKNOWN:
                    self._unlabelled += 1
                    continue
                problem = _("the label {label!r:.80} is not understood").format(label=label)
            if problem is not None:
                self._leave_out(window, index, problem)
            elif text is None or not str(text).strip():
                self._empty += 1
            else:
                good.append(index)
        self._score(window, good, [str(texts[index]) for index in good], read[good])

    def _score(self, window: Window, good: list[int], texts: list[str], read: np.ndarray) -> None:
        encoded = [(other, encoder(texts)) for other, encoder in self._encoders]
        lengths = np.array([sentences.lengths for _other, sentences in encoded])
        for row in np.flatnonzero((lengths > TOKENS_LIMIT).any(axis=0)).tolist():
            self._leave_out(window, good[row], _("more than {most:,} tokens").format(most=TOKENS_LIMIT))
        self._empty += int((lengths == 0).any(axis=0).sum())
        rows = np.flatnonzero((lengths > 0).all(axis=0) & (lengths <= TOKENS_LIMIT).all(axis=0))
        if not len(rows):
            return
        self._counted += len(rows)
        labels = read[rows].astype(np.int64)
        marks = self._marker(texts[row] for row in rows.tolist())
        chances = []
        for counter, checkpoint in zip(self._counters, self._checkpoints, strict=True):
            sentences = next(logit for other, logit in encoded if _alike(checkpoint, other)).take(rows)
            scores = logits(checkpoint.every.model, sentences, _BATCH, check_cancelled=self._check_cancelled)
            if not np.isfinite(scores).all():
                raise ValueError(_("model {name} gave scores that are not finite").format(name=checkpoint.name))
            unknown = _unknown(sentences)
            counter.add(scores, labels, indices(marks, sentences.lengths, unknown), sentences.lengths, unknown)
            chances.append(targets.probabilities(scores))
        predicted = np.array([targets.predicted_of(of_model) for of_model in chances])
        sure = [targets.highest(of_model) for of_model in chances]
        shown = sure if self._second is None else chances
        right = predicted == labels
        numbers = [window.first + good[row] for row in rows.tolist()]

        def example(index: int) -> Example:
            text = texts[int(rows[index])]
            text = text if len(text) <= _TEXT_LIMIT else text[: _TEXT_LIMIT - 1] + "…"
            by_name = dict(zip(self._names, (float(of_model[index]) for of_model in shown), strict=True))
            classes = dict(zip(self._names, predicted[:, index].tolist(), strict=True))
            return Example(numbers[index], text, int(labels[index]), by_name, classes)

        for model, fields in enumerate(self._fields):
            for (label, verdict), best in fields.items():
                best.take(np.flatnonzero((labels == label) & (predicted[model] == verdict)), sure[model], example)
        for (a, b), counts in self._pairs.items():
            counts += np.bincount(2 * ~right[a] + ~right[b], minlength=4)
            gaps = targets.apart(chances[a], chances[b])
            self._differing[a, b].take(np.flatnonzero(right[a] != right[b]), gaps, example)

    def _leave_out(self, window: Window, index: int, reason: str) -> None:
        self._malformed += 1
        if len(self._problems) < LISTED:
            self._problems.append(Problem(window.first + index, window.lines[index], reason))

    def check(self) -> None:
        """Raises ValueError where nothing could be counted."""
        if self._counted:
            return
        raise ValueError(
            _(
                "{file}: no row has both a word and a label of one of the classes (rows: {rows:,}; without such a "
                "label: {unlabelled:,}; without a word: {empty:,}; malformed: {malformed:,})"
            ).format(
                file=self._file,
                rows=self._rows,
                unlabelled=self._unlabelled,
                empty=self._empty,
                malformed=self._malformed,
            )
        )

    def result(self, share: float, done: bool = False) -> Assessment:
        """What was counted so far."""
        names = self._names
        return Assessment(
            file=self._file,
            labels=self.readings.names,
            tallies=Tallies(
                tuple(
                    counter.tally().targeted(_named(checkpoint.target, self.readings.names))
                    for counter, checkpoint in zip(self._counters, self._checkpoints, strict=True)
                ),
                tuple(Pair(names[a], names[b], *counts.tolist()) for (a, b), counts in self._pairs.items()),
            ),
            share=share,
            rows=self._rows,
            counted=self._counted,
            unlabelled=self._unlabelled,
            empty=self._empty,
            malformed=self._malformed,
            problems=tuple(self._problems),
            fields={
                name: {which: best.result() for which, best in fields.items()}
                for name, fields in zip(names, self._fields, strict=True)
            },
            differing={(names[a], names[b]): best.result() for (a, b), best in self._differing.items()},
            done=done,
        )


class _Best:
    """The `KEPT` rows that rank highest; of equal ones the earlier stay."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Example]] = []

    def take(self, rows: np.ndarray, ranks: np.ndarray, example: Callable[[int], Example]) -> None:
        best = rows[np.argsort(-ranks[rows], kind="stable")[:KEPT]]
        for row in best.tolist():
            if len(self._heap) == KEPT and ranks[row] <= self._heap[0][0]:
                return
            one = example(row)
            entry = (float(ranks[row]), -one.row, one)
            if len(self._heap) < KEPT:
                heapq.heappush(self._heap, entry)
            else:
                heapq.heappushpop(self._heap, entry)

    def result(self) -> tuple[Example, ...]:
        return tuple(entry[2] for entry in sorted(self._heap, key=lambda entry: entry[:2], reverse=True))


def _named(target: Target | None, labels: Names) -> Target | None:
    """A model's target by the file's names of its classes."""
    return target if target is None else Target(labels, target.number, target.against)


def _alike(one: Checkpoint, other: Checkpoint) -> bool:
    return one is other or (one.preprocessing == other.preprocessing and one.vocabulary == other.vocabulary)


def _unknown(sentences: Encoded) -> np.ndarray:
    """How many tokens of each sentence are unknown, int64 [N]; none is empty."""
    counts: np.ndarray = np.add.reduceat((sentences.ids == Vocabulary.unk_id).astype(np.int64), sentences.offsets[:-1])
    return counts

"""Which rows of a file does a model get wrong, or, without gold labels, where may sarcasm fool it?

A file of any size is read in windows; every row is written to the output, in order, with columns added; a heap keeps
each model's ranking. With gold labels a row ranks by |P − label|, where the verdict is wrong. Without, it ranks by
cue score × P(positive) (`core.probes.scan.cues`): texts that look sarcastic and read as positive, worth a look and not
necessarily errors.

While the models score one window, a thread prepares the next and writes the one before: the recurrence leaves the
interpreter free meanwhile.
"""

from __future__ import annotations

import heapq
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from contextvars import copy_context
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.data import writers
from core.data.formats.layout import Layout
from core.data.label_columns import Readings
from core.data.label_inference import Column, common
from core.data.labels import name_of
from core.data.records import windows
from core.data.tables import is_sentiment140
from core.data.writers import Columns
from core.probes.scan.scoring import CheckCancelled, probabilities_of
from core.probes.scan.windows import Prepared, Preparer
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.models.predictor import Model

TOP = 20
LISTED = 100  # problems listed in a result; all are counted, and named in the output
_WINDOW = 8_192  # rows


class Problem(NamedTuple):
    """A row that could not be read or scored, or a label that was not understood. `line` is None in parquet."""

    row: int
    line: int | None
    reason: str


@dataclass(frozen=True)
class RankedRow:
    """A row in a model's ranking: `score` is what it ranks by, `human` its gold label, if any, `label` the verdict.

    `row` counts from 1 without the header, `line` is where it begins in a file of lines. `probability` is P(positive).
    """

    model: str
    row: int
    line: int | None
    text: str
    probability: float
    human: str | None
    score: float
    cues: tuple[str, ...]
    cue_score: float
    label: str


@dataclass(frozen=True)
class Scan:
    """A scan's progress and its results so far; `share` of the file is read.

    Of `rows`, `scored` have a verdict, `empty` have no word, `malformed` could not be read or scored; `problems` lists
    the first `LISTED` of these and of `misunderstood` labels. `ranked_by` is ``disagreement`` or ``cues``. `labelled`
    rows have a gold label and are scored, `unlabelled` are neutral, mixed or without one; `read_as` says what labels
    were taken for, where that is unusual. By model: `opposite` counts labelled rows with the opposite verdict, `top`
    is the ranking. `done` says that the output is in place.
    """

    ranked_by: str
    share: float = 0.0
    rows: int = 0
    scored: int = 0
    empty: int = 0
    malformed: int = 0
    misunderstood: int = 0
    problems: tuple[Problem, ...] = ()
    labelled: int = 0
    unlabelled: int = 0
    read_as: str = ""
    opposite: Mapping[str, int] = field(default_factory=dict)
    top: Mapping[str, tuple[RankedRow, ...]] = field(default_factory=dict)
    done: bool = False


def scan(
    path: str | Path,
    checkpoints: Sequence[Model],
    text_column: str | None = None,
    label_column: str | None = None,
    out: str | Path | None = None,
    *,
    asked: Mapping[str, str] | None = None,
    top: int = TOP,
    layout: Layout | None = None,
    check_cancelled: CheckCancelled = lambda: None,
) -> Generator[Scan, None, None]:
    """Score a table's text column (``text``) and write it to `out` with the verdicts; the last event has it all.

    `label_inference.decide` says what labels mean, where `asked` names values. Models of other classes than negative
    and positive have no ranking by cues of sarcasm. An event comes every few thousand rows; what `check_cancelled`
    raises ends the scan. Until the last event `out` is left as it was.

    Raises ValueError for no model, models of different classes and a column of labels, a ranking of less than one, a
    text column of numbers, labels with two plausible meanings or none of which is understood, or an output that is the
    input; LookupError for a missing column; what `core.data.records.windows` raises.
    """
    if not checkpoints:
        raise ValueError("no model was given to scan with")
    if top < 1:
        raise ValueError(f"a ranking has at least one row; given: {top:,}")
    path, out = Path(path), None if out is None else Path(out)
    if out is not None:
        writers.check(out, path)
    column = text_column or "text"
    if not label_column and asked:
        raise ValueError(_("names for labels were given, but no label column"))
    labels = None
    if label_column:
        labelling = common({checkpoint.name: checkpoint.labelling for checkpoint in checkpoints})
        labels = Readings(Column(path.name, label_column, is_sentiment140(path)), labelling, asked)
    labelled = labels is not None
    ranking = _Ranking(checkpoints, labelled, top)
    stop = Event()
    with ExitStack() as stack:
        table = stack.enter_context(closing(windows(path, _WINDOW, layout)))
        writer: writers.Writer | None = None
        if out is not None:
            writer = stack.enter_context(writers.replacing(out, _types(checkpoints, labelled), column))
        fixed = out is not None and out.suffix.lower() != ".jsonl"
        prepare = Preparer(path, table, checkpoints, column, labels, stop, fixed)
        # Entered last, left first: the thread is at rest before its files are closed.
        pool = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="scan"))
        stack.callback(stop.set)

        def write(prepared: Prepared, scores: Sequence[np.ndarray]) -> None:
            if writer is not None:
                writer.write(prepared.window, _added(checkpoints, prepared, scores, labelled))

        # A thread starts without the context of this one, so without the language of the page that asks; a context can
        # be entered once at a time.
        coming, writing = pool.submit(copy_context().run, prepare), None
        while (prepared := coming.result()) is not None:
            coming = pool.submit(copy_context().run, prepare)
            scores = [probabilities_of(model, prepared.read, check_cancelled) for model in checkpoints]
            ranking.take(prepared, scores)
            if writing is not None:
                writing.result()
            writing = pool.submit(copy_context().run, write, prepared, scores)
            yield ranking.result(prepared.window.share)
        if writing is not None:
            writing.result()
    yield ranking.result(1.0, done=True, read_as=labels.line if labels else "")


class _Ranking:
    """Each model's best rows, and what is counted of all."""

    def __init__(self, checkpoints: Sequence[Model], labelled: bool, top: int):
        self._labelled, self._top = labelled, top
        # (score, −row) orders the heap: of equal scores the earlier row stays.
        self._heaps: dict[str, list[tuple[float, int, RankedRow]]] = {checkpoint.name: [] for checkpoint in checkpoints}
        self._labels = {checkpoint.name: checkpoint.labels for checkpoint in checkpoints}
        self._apt = {checkpoint.name for checkpoint in checkpoints if labelled or checkpoint.reads_sentiment}
        self._opposite = dict.fromkeys(self._heaps, 0)
        self._problems: list[Problem] = []
        self._counts = dict.fromkeys(
            ("rows", "scored", "empty", "malformed", "misunderstood", "labelled", "unlabelled"), 0
        )

    def take(self, prepared: Prepared, scores: Sequence[np.ndarray]) -> None:
        window, scored, human = prepared.window, prepared.read.scored, prepared.human
        counts = {
            "rows": len(window),
            "scored": int(scored.sum()),
            "malformed": prepared.malformed,
            "empty": len(window) - int(scored.sum()) - prepared.malformed,
            "misunderstood": prepared.misunderstood,
        }
        if self._labelled:
            counts["labelled"] = int((scored & (human >= 0)).sum())
            counts["unlabelled"] = counts["scored"] - counts["labelled"]
        for name, count in counts.items():
            self._counts[name] += count
        for index, reason in sorted(prepared.problems.items())[: LISTED - len(self._problems)]:
            self._problems.append(Problem(window.first + index, window.lines[index], reason))
        cue_scores = np.array([cues.score for cues in prepared.cues])
        for (name, heap), probabilities in zip(self._heaps.items(), scores, strict=True):
            if self._labelled:
                ranks = np.where(human >= 0, np.abs(probabilities - human), np.nan)
                ranks[(probabilities >= 0.5) == (human == 1)] = np.nan
                self._opposite[name] += int(np.isfinite(ranks).sum())
            elif name not in self._apt:
                continue
            else:
                ranks = np.where(cue_scores > 0, cue_scores * probabilities, np.nan)
            least = heap[0][0] if len(heap) == self._top else -1.0
            for index in np.flatnonzero(ranks > least).tolist():
                row = self._row(name, prepared, index, float(probabilities[index]), float(ranks[index]))
                entry = (row.score, -row.row, row)
                if len(heap) < self._top:
                    heapq.heappush(heap, entry)
                else:
                    heapq.heappushpop(heap, entry)

    def _row(self, model: str, prepared: Prepared, index: int, probability: float, score: float) -> RankedRow:
        window, human, labels = prepared.window, int(prepared.human[index]), self._labels[model]
        return RankedRow(
            model=model,
            row=window.first + index,
            line=window.lines[index],
            text=prepared.read.texts[index],
            probability=probability,
            human=None if human < 0 else labels[human],
            score=score,
            cues=prepared.cues[index].names,
            cue_score=prepared.cues[index].score,
            label=name_of(probability, labels),
        )

    def result(self, share: float, done: bool = False, read_as: str = "") -> Scan:
        return Scan(
            ranked_by="disagreement" if self._labelled else "cues",
            share=share,
            read_as=read_as,
            problems=tuple(self._problems),
            opposite=dict(self._opposite) if self._labelled else {},
            top={name: tuple(entry[2] for entry in sorted(heap, reverse=True)) for name, heap in self._heaps.items()},
            done=done,
            **self._counts,
        )


def _types(checkpoints: Sequence[Model], labelled: bool) -> dict[str, type]:
    """The columns added, and what they hold."""
    score = "disagreement" if labelled else "rank_score"
    by_model = {
        name: kind
        for checkpoint in checkpoints
        for name, kind in (
            (f"{checkpoint.name}_probability", float),
            (f"{checkpoint.name}_verdict", str),
            (f"{checkpoint.name}_{score}", float),
        )
    }
    human = {"human_reading": str} if labelled else {}
    return {**human, **by_model, "cue_score": float, "cues": str, "problem": str}


def _added(checkpoints: Sequence[Model], prepared: Prepared, scores: Sequence[np.ndarray], labelled: bool) -> Columns:
    """The columns added to a window, in the order of `_types`; None where a row has no such value.

    A disagreement is |P − human| of every labelled row, right or wrong; a rank score is cue score × P(positive), of a
    model of sentiment.
    """
    human = np.where(prepared.human >= 0, prepared.human, np.nan)
    cue_scores = np.array([cues.score for cues in prepared.cues])
    nothing = np.full(len(cue_scores), np.nan)
    columns: dict[str, Sequence[object]] = {}
    if labelled:
        columns["human_reading"] = [
            None if reading < 0 else checkpoints[0].labels[reading] for reading in prepared.human.tolist()
        ]
    for checkpoint, probabilities in zip(checkpoints, scores, strict=True):
        values = _plain(probabilities)
        columns[f"{checkpoint.name}_probability"] = values
        columns[f"{checkpoint.name}_verdict"] = [
            None if value is None else name_of(value, checkpoint.labels) for value in values
        ]
        if labelled:
            columns[f"{checkpoint.name}_disagreement"] = _plain(np.abs(probabilities - human))
        else:
            apt = checkpoint.reads_sentiment
            columns[f"{checkpoint.name}_rank_score"] = _plain(cue_scores * probabilities if apt else nothing)
    columns["cue_score"] = cue_scores.tolist()
    columns["cues"] = [" ".join(cues.names) for cues in prepared.cues]
    columns["problem"] = [
        prepared.problems.get(index, None if scored else _("no word to read"))
        for index, scored in enumerate(prepared.read.scored.tolist())
    ]
    return columns


def _plain(values: np.ndarray) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]

"""Which rows of a file does a model get wrong, or, without gold labels, where may sarcasm fool it?

A file of any size is read in windows; every row is written to the output, in order, with columns added; a heap keeps
each model's ranking. With gold labels a row ranks by 1 − P(gold label), where the verdict is wrong. Without, it ranks
by cue score × P(positive) (`core.probes.scan.cues`): texts that look sarcastic and read as positive, worth a look and
not necessarily errors.

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

from core.data import targets, writers
from core.data.formats.layout import Layout
from core.data.label_columns import Readings
from core.data.label_inference import Column, common
from core.data.labels import SENTIMENT
from core.data.records import windows
from core.data.tables import is_sentiment140
from core.data.targets import Target
from core.data.writers import Columns
from core.probes.scan.scoring import CheckCancelled, Output, probabilities_of
from core.probes.scan.windows import Prepared, Preparer
from core.runtime.i18n import gettext as _
from core.runtime.shown import Shown

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

    `row` counts from 1 without the header, `line` is where it begins in a file of lines. `probability` is that of the
    `target`: positive where cues rank, else the model's own or without one the predicted class.
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
    target: Target


@dataclass(frozen=True)
class Scan(Shown):
    """A scan's progress and its results so far; `share` of the file is read.

    Of `rows`, `scored` have a verdict, `empty` have no word, `malformed` could not be read or scored; `problems` lists
    the first `LISTED` of these and of `misunderstood` labels. `ranked_by` is ``disagreement`` or ``cues``. `labelled`
    rows have a gold label and are scored, `unlabelled` are neutral, mixed or without one; `read_as` says what labels
    were taken for, where that is unusual. By model: `opposite` counts labelled rows with another verdict, `top`
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
    classes: Sequence[str] | None = (),
    layout: Layout | None = None,
    check_cancelled: CheckCancelled = lambda: None,
) -> Generator[Scan, None, None]:
    """Score a table's text column (``text``) and write it to `out` with the verdicts; the last event has it all.

    A model's columns are the probability of its target, or without one of the predicted class; the verdict; the
    probability of each of `classes` that it has, None being all; and what it ranks by. `label_inference.decide` says
    what labels mean, where `asked` names values. Models of other classes than negative and positive have no ranking by
    cues of sarcasm. An event comes every few thousand rows; what `check_cancelled` raises ends the scan. Until the last
    event `out` is left as it was.

    Raises ValueError for no model, models of different classes and a column of labels, a ranking of less than one, a
    text column of numbers, labels with two plausible meanings or none of which is understood, or an output that is the
    input; LookupError for a missing column or a class that no model has; what `core.data.records.windows` raises.
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
    outputs = Output.of(checkpoints, classes)
    ranking = _Ranking(outputs, labelled, top)
    stop = Event()
    with ExitStack() as stack:
        table = stack.enter_context(closing(windows(path, _WINDOW, layout)))
        writer: writers.Writer | None = None
        if out is not None:
            writer = stack.enter_context(writers.replacing(out, _types(outputs, labelled), column))
        fixed = out is not None and out.suffix.lower() != ".jsonl"
        prepare = Preparer(path, table, checkpoints, column, labels, stop, fixed)
        # Entered last, left first: the thread is at rest before its files are closed.
        pool = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="scan"))
        stack.callback(stop.set)

        def write(prepared: Prepared, scores: Sequence[np.ndarray]) -> None:
            if writer is not None:
                writer.write(prepared.window, _added(outputs, prepared, scores, labelled))

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

    def __init__(self, outputs: Sequence[Output], labelled: bool, top: int):
        self._outputs, self._labelled, self._top = outputs, labelled, top
        # (score, −row) orders the heap: of equal scores the earlier row stays.
        self._heaps: dict[str, list[tuple[float, int, RankedRow]]] = {output.model: [] for output in outputs}
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
        for output, probabilities in zip(self._outputs, scores, strict=True):
            heap, verdicts, target = self._heaps[output.model], targets.predicted_of(probabilities), output.target
            if self._labelled:
                ranks = _disagreements(probabilities, human)
                ranks[verdicts == human] = np.nan
                self._opposite[output.model] += int(np.isfinite(ranks).sum())
            elif not targets.has_sentiment(output.labels):
                continue
            else:
                target = _positive(output)
                ranks = np.where(cue_scores > 0, cue_scores * targets.chance(probabilities, target), np.nan)
            least = heap[0][0] if len(heap) == self._top else -1.0
            for index in np.flatnonzero(ranks > least).tolist():
                aim = target or Target(output.labels, int(verdicts[index]))
                chance = float(targets.chance(probabilities[index : index + 1], aim)[0])
                row = self._row(prepared, index, output.model, int(verdicts[index]), aim, chance, float(ranks[index]))
                entry = (row.score, -row.row, row)
                if len(heap) < self._top:
                    heapq.heappush(heap, entry)
                else:
                    heapq.heappushpop(heap, entry)

    def _row(
        self, prepared: Prepared, index: int, model: str, verdict: int, target: Target, probability: float, score: float
    ) -> RankedRow:
        window, human, labels = prepared.window, int(prepared.human[index]), target.labels
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
            label=labels[verdict],
            target=target,
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


def _positive(output: Output) -> Target:
    """The target that cues of sarcasm go with, of a model of sentiment."""
    return targets.named(output.labels, SENTIMENT[1])


def _disagreements(probabilities: np.ndarray, human: np.ndarray) -> np.ndarray:
    """1 − P(gold label) [N] of rows with one; NaN for others."""
    return np.where(human >= 0, targets.missing(probabilities, np.maximum(human, 0)), np.nan)


def _types(outputs: Sequence[Output], labelled: bool) -> dict[str, type]:
    """The columns added, and what they hold."""
    score = "disagreement" if labelled else "rank_score"
    by_model = {
        name: kind
        for output in outputs
        for name, kind in (
            (f"{output.model}_probability", float),
            (f"{output.model}_verdict", str),
            *((f"{output.model}_P_{name}", float) for name in output.classes),
            (f"{output.model}_{score}", float),
        )
    }
    human = {"human_reading": str} if labelled else {}
    return {**human, **by_model, "cue_score": float, "cues": str, "problem": str}


def _added(outputs: Sequence[Output], prepared: Prepared, scores: Sequence[np.ndarray], labelled: bool) -> Columns:
    """The columns added to a window, in the order of `_types`; None where a row has no such value.

    A disagreement is 1 − P(gold label) of every labelled row, right or wrong; a rank score is cue score × P(positive),
    of a model of sentiment.
    """
    cue_scores = np.array([cues.score for cues in prepared.cues])
    nothing = np.full(len(cue_scores), np.nan)
    columns: dict[str, Sequence[object]] = {}
    if labelled:
        columns["human_reading"] = [
            None if reading < 0 else outputs[0].labels[reading] for reading in prepared.human.tolist()
        ]
    for output, probabilities in zip(outputs, scores, strict=True):
        columns[f"{output.model}_probability"] = _plain(output.chances(probabilities))
        columns[f"{output.model}_verdict"] = output.verdicts(probabilities).tolist()
        columns |= {name: _plain(values) for name, values in output.by_class(probabilities).items()}
        if labelled:
            columns[f"{output.model}_disagreement"] = _plain(_disagreements(probabilities, prepared.human))
        else:
            apt = targets.has_sentiment(output.labels)
            ranks = cue_scores * targets.chance(probabilities, _positive(output)) if apt else nothing
            columns[f"{output.model}_rank_score"] = _plain(ranks)
    columns["cue_score"] = cue_scores.tolist()
    columns["cues"] = [" ".join(cues.names) for cues in prepared.cues]
    columns["problem"] = [
        prepared.problems.get(index, None if scored else _("no word to read"))
        for index, scored in enumerate(prepared.read.scored.tolist())
    ]
    return columns


def _plain(values: np.ndarray) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]

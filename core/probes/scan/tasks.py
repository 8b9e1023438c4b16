"""Scoring and writing one partition of a corpus: the task of a worker process, or of a machine of a cluster."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import repeat
from operator import add
from pathlib import Path

import numpy as np

from core.data.formats.layout import Layout
from core.data.formats.record_lines import Mark
from core.data.records import Window, span
from core.probes.scan import parts
from core.probes.scan.partitions import Partition
from core.probes.scan.parts import Part
from core.probes.scan.scoring import ModelSource, Output, Scorer
from core.probes.scan.tallies import LISTED, Problem, Summary, Tally
from core.probes.scan.windows import texts_of
from core.runtime import workers
from core.runtime.i18n import gettext as _

_WINDOW = 8_192  # rows
_loaded = threading.local()  # what a thread scores with: caches in it are no two threads' business


@dataclass(frozen=True)
class Task:
    """A partition, and all that must be known to score it: it can be pickled. `paths` are absolute, `names` as given,
    both from the file on in which the partition begins."""

    scan: str
    partition: Partition
    paths: tuple[Path, ...]
    names: tuple[str, ...]
    column: str
    layout: Layout | None
    source: ModelSource
    folder: Path


def score(task: Task) -> Part:
    """Read a partition, score its rows with every model, put its part in place; gives its summary.

    Raises ValueError where the files are not what they were when the partition was cut, and what reading, loading and
    writing raise.
    """
    began = time.perf_counter()
    scorer = _scorer(task.source)
    models = [name for name, _ in task.source.hashes]
    outputs = {name: task.source.output(name) for name in models}
    columns: dict[str, list[object]] = {name: [] for name in ("file", "row", "line", "problem")}
    probabilities: dict[str, list[np.ndarray]] = {name: [] for name in models}
    summaries = [Summary(models={name: Tally() for name in models})]
    for name, window in _windows(task):
        texts, problems = texts_of(window, task.column)
        scores = scorer(texts, problems, workers.check_cancelled)
        summaries.append(_summary(name, window, problems, scores, outputs))
        empty = np.isnan(outputs[models[0]].chances(scores[models[0]]))
        columns["file"] += repeat(name, len(window))
        columns["row"] += range(window.first, window.first + len(window))
        columns["line"] += window.lines
        columns["problem"] += [
            problems.get(index, "no word to read" if nothing else None) for index, nothing in enumerate(empty.tolist())
        ]
        for model, values in scores.items():
            probabilities[model].append(values)
    summary = reduce(add, summaries)
    if summary.rows != task.partition.rows:
        raise ValueError(
            _("{name} changed while it was being read; rows before: {before:,}, now: {now:,}").format(
                name=task.names[0], now=summary.rows, before=task.partition.rows
            )
        )
    part = Part(task.partition, Summary(**{**vars(summary), "seconds": time.perf_counter() - began}))
    answers: dict[str, np.ndarray] = {}
    for model, read in probabilities.items():
        answers |= parts.columns_of(outputs[model], np.concatenate(read))
    parts.write(task.folder, task.scan, part, columns, answers)
    return part


def _windows(task: Task) -> Iterator[tuple[str, Window]]:
    """The partition's rows and the names of their files."""
    start, stop = task.partition.start, task.partition.stop
    for number, (path, name) in enumerate(zip(task.paths, task.names, strict=True), start.file):
        mark = start.mark if number == start.file else Mark()
        rows = stop.mark.rows - mark.rows if number == stop.file else None
        for window in span(path, _WINDOW, task.layout, mark, rows, task.column):
            workers.check_cancelled()
            yield name, window


def _summary(
    file: str,
    window: Window,
    problems: dict[int, str],
    scores: Mapping[str, np.ndarray],
    outputs: Mapping[str, Output],
) -> Summary:
    tallies = {model: Tally.of(values, outputs[model]) for model, values in scores.items()}
    scored = next(iter(tallies.values())).scored
    listed = [
        Problem(file, window.first + index, window.lines[index], reason)
        for index, reason in sorted(problems.items())[:LISTED]
    ]
    return Summary(len(window), len(window) - scored - len(problems), len(problems), 0.0, tallies, tuple(listed))


def _scorer(source: ModelSource) -> Scorer:
    """What a source loads, once in each thread."""
    if getattr(_loaded, "source", None) != source:
        _loaded.scorer = source.load()
        _loaded.source = source
    scorer: Scorer = _loaded.scorer
    return scorer

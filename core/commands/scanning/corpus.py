"""``scan`` into a folder: files, folders and patterns of any size, by several processes or on a cluster."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from core.commands import console, inputs
from core.data.formats.text_folders import texts_of_folder

if TYPE_CHECKING:
    from core.models.predictor import Model
    from core.probes.scan.corpus import CorpusScan
    from core.probes.scan.one_file import Scan

_Event = TypeVar("_Event", "CorpusScan", "Scan")
_LISTED = 20  # problems shown to people
_FOLDER_ONLY = ("resume", "part_rows", "workers", "scheduler")
_FILE_ONLY = ("label_column", "labels", "positive", "negative", "top")


def is_folder(out: str) -> bool:
    """Whether OUT stands for a folder: one that is there, or a name without a suffix."""
    return out.endswith("/") or Path(out).is_dir() or not Path(out).suffix


def check_one_file(options: argparse.Namespace) -> None:
    """Refuse what takes a folder OUT where it is a file. Raises ValueError."""
    given = [_spelled(name) for name in _FOLDER_ONLY if getattr(options, name)]
    first = Path(options.files[0])
    if len(options.files) > 1 or (first.is_dir() and not texts_of_folder(first)):
        given.append("more than one file")
    if given:
        raise ValueError(f"{', '.join(given)}: for that OUT is a folder, a name without a suffix; given: {options.out}")


def scan_corpus(options: argparse.Namespace) -> int:
    """Score a corpus into a folder of parts, and report the result."""
    given = [_spelled(name) for name in _FILE_ONLY if getattr(options, name)]
    if given:
        raise ValueError(f"{', '.join(given)}: rankings take a file OUT, with a suffix; given: {options.out}")
    models = inputs.aimed(options, inputs.rejoined(options, inputs.named_models(options)))
    if Path(options.files[0]).is_file():
        inputs.report_split_words(models, inputs.first_texts(options, Path(options.files[0])))
    try:
        result = _followed(options, models)
    except KeyboardInterrupt:
        console.progress(f"stopped; the same command with --resume continues after the complete parts in {options.out}")
        raise
    summary = result.summary
    assert summary is not None
    report_problems(summary.problems, summary.malformed, options.out)
    console.progress(
        f"{summary.rows:,} row{'s' * (summary.rows != 1)} in {result.parts:,} part{'s' * (result.parts != 1)} in "
        f"{options.out}: {summary.empty:,} without a word, "
        f"{summary.malformed:,} malformed; {result.rows - result.before:,} rows in {result.seconds:,.1f} s, "
        f"{result.rows_per_second:,.0f} rows/s"
    )
    if options.json:
        console.json_list(
            {"model": name, "out": options.out} | console.record(summary, "rows empty malformed") | tally.as_json()
            for name, tally in summary.models.items()
        )
        return 0
    for name, tally in summary.models.items():
        if tally.mean is None:
            console.line(f"{name}: no row was scored")
            continue
        target = next(model.target for model in models if model.name == name)
        shares = {label: one.predicted / tally.scored for label, one in tally.classes.items()}
        if target and not shares:
            shares = {target.name: tally.share_positive or 0.0}
        read = ", ".join(f"{share:.2%} as {label}" for label, share in shares.items())
        first, _as, rest = read.partition(" as ")
        console.line(f"{name}: {first} of {tally.scored:,} rows read as {rest}, mean P {tally.mean:.4f}")
    return 0


def classes(options: argparse.Namespace) -> list[str] | None:
    """The classes that ``--classes`` names; None for all."""
    if options.classes == "all":
        return None
    return [] if options.classes is None else [name.strip() for name in options.classes.split(",")]


def _followed(options: argparse.Namespace, models: Sequence[Model]) -> CorpusScan:
    from core.probes.scan.corpus import PART_ROWS, corpus_scan
    from core.probes.scan.scoring import ModelSource

    events = corpus_scan(
        options.files,
        ModelSource.of(models, inputs.folder_of(models), classes(options)),
        options.out,
        options.text_column,
        layout=options.layout,
        resume=options.resume,
        part_rows=PART_ROWS if options.part_rows is None else options.part_rows,
        processes=options.workers,
        scheduler=options.scheduler,
    )
    with closing(events):
        first = next(events)
        if first.before:
            console.progress(f"{first.before:,} rows are there already")
        return console.last(scan_bar(chain([first], events), initial=first.before))


def scan_bar(events: Iterator[_Event], **more: Any) -> Iterator[_Event]:
    """The events of a scan, behind a bar of its rows."""
    return console.bar(
        events,
        " rows",
        "",
        lambda event: (event.rows, round(event.rows / max(event.share, 1e-9)) or None, ""),
        unit_scale=True,
        **more,
    )


def report_problems(problems: Sequence[Any], malformed: int, out: str) -> None:
    """Report the first problems of rows, and where the others are."""
    for problem in problems[:_LISTED]:
        file = f"{problem.file}, " if hasattr(problem, "file") else ""
        line = "" if problem.line is None else f" (line {problem.line:,})"
        console.progress(f"{file}row {problem.row:,}{line}: {problem.reason}")
    if len(problems) > _LISTED or malformed > len(problems):
        console.progress(f"… and more: column problem of {out} has all of them")


def _spelled(name: str) -> str:
    return "--" + name.replace("_", "-")

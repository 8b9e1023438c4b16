"""``scan`` into a folder: files, folders and patterns of any size, by several processes or on a cluster."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.commands import console
from core.data.formats.text_folders import texts_of_folder
from core.models import checkpoints

if TYPE_CHECKING:
    from core.models.predictor import Model
    from core.probes.scan.corpus import CorpusScan

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
    """Score a corpus into a folder of parts, and tell what it came to."""
    given = [_spelled(name) for name in _FILE_ONLY if getattr(options, name)]
    if given:
        raise ValueError(f"{', '.join(given)}: rankings take a file OUT, with a suffix; given: {options.out}")
    models = console.rejoined(options, console.named_models(options))
    if Path(options.files[0]).is_file():
        console.tell_of_split(models, console.first_texts(options, Path(options.files[0])))
    try:
        found = _followed(options, models)
    except KeyboardInterrupt:
        console.progress(f"stopped; the same command with --resume goes on behind what is whole in {options.out}")
        raise
    summary = found.summary
    assert summary is not None
    for problem in summary.problems:
        line = "" if problem.line is None else f" (line {problem.line:,})"
        console.progress(f"{problem.file}, row {problem.row:,}{line}: {problem.reason}")
    if summary.malformed > len(summary.problems):
        console.progress(f"… and more: column problem of {options.out} has all of them")
    console.progress(
        f"{summary.rows:,} row{'s' * (summary.rows != 1)} in {found.parts:,} part{'s' * (found.parts != 1)} in "
        f"{options.out}: {summary.empty:,} without a word, "
        f"{summary.malformed:,} malformed; {found.rows - found.before:,} rows in {found.seconds:,.1f} s, "
        f"{found.rows_per_second:,.0f} rows/s"
    )
    if options.json:
        console.json_list(
            {
                "model": name,
                "out": options.out,
                "rows": summary.rows,
                "empty": summary.empty,
                "malformed": summary.malformed,
                "scored": tally.scored,
                "share_positive": tally.share_positive,
                "mean": tally.mean,
                "histogram": tally.histogram,
            }
            for name, tally in summary.models.items()
        )
        return 0
    second = {model.name: model.labels[1] for model in models}
    for name, tally in summary.models.items():
        if tally.mean is None:
            console.line(f"{name}: no row was scored")
        else:
            console.line(
                f"{name}: {tally.share_positive:.2%} of {tally.scored:,} rows read as {second[name]}, "
                f"mean P {tally.mean:.4f}"
            )
    return 0


def _followed(options: argparse.Namespace, models: Sequence[Model]) -> CorpusScan:
    from contextlib import closing

    from tqdm import tqdm

    from core.probes.scan.corpus import PART_ROWS, corpus_scan
    from core.probes.scan.scoring import ModelSource

    events = corpus_scan(
        options.files,
        ModelSource.of(models, checkpoints.root()),
        options.out,
        options.text_column,
        layout=options.layout,
        resume=options.resume,
        part_rows=PART_ROWS if options.part_rows is None else options.part_rows,
        processes=options.workers,
        scheduler=options.scheduler,
    )
    with closing(events):
        found = next(events)
        if found.before:
            console.progress(f"{found.before:,} rows are there already")
        with tqdm(unit=" rows", unit_scale=True, initial=found.before) as bar:
            while True:
                bar.total = round(found.rows / max(found.share, 1e-9)) or None
                bar.update(found.rows - bar.n)
                if found.summary is not None:
                    return found
                found = next(events)


def _spelled(name: str) -> str:
    return "--" + name.replace("_", "-")

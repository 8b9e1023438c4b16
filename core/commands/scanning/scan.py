"""Verbs that look through files for sarcasm: scan, sarcasm-report."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from core.commands import console
from core.commands.scanning import corpus as corpus_scanning
from core.commands.scanning import sarcasm_tables
from core.commands.verbs import Add
from core.data.labels import SENTIMENT, Names

if TYPE_CHECKING:
    from core.models.predictor import Model
    from core.probes.sarcasm.corpora import Columns
    from core.probes.scan.one_file import RankedRow, Scan

_LISTED = 20  # problems shown to people


def add_verbs(add: Add) -> None:
    """Add these verbs and their options."""
    added = add(scan)
    added.add_argument(
        "files",
        metavar="IN",
        nargs="+",
        help="tables of texts of any size (docs/files.md): files, folders, patterns",
    )
    added.add_argument(
        "out",
        metavar="OUT",
        help="a file: every row of IN with columns added, in the format that the suffix names; "
        "a folder: each model's probability of every row, in parts that a scan can go on behind",
    )
    console.models_options(added)
    console.text_options(added)
    console.rejoin_option(added)
    added.add_argument(
        "--label-column", metavar="L", help="column of human labels; without it, texts rank by cues of sarcasm"
    )
    console.labels_option(added)
    for place, reading in (("second", "positive"), ("first", "negative")):
        added.add_argument(
            f"--{reading}",
            action="append",
            default=[],
            metavar="WORD",
            help=f"the same as --labels WORD=NAME for the {place} class",
        )
    added.add_argument("--top", type=int, metavar="K", help="rows in each model's ranking (default: 20)")
    added.add_argument("--resume", action="store_true", help="go on with the scan that the folder OUT holds, if any")
    added.add_argument("--part-rows", type=int, metavar="N", help="rows in a part of the folder OUT (default: 65,536)")
    hands = added.add_mutually_exclusive_group()
    hands.add_argument("--workers", type=int, metavar="N", help="processes, of one thread each (folder OUT)")
    hands.add_argument("--scheduler", metavar="TCP", help="a Dask scheduler's tcp://host:port (folder OUT)")

    added = add(sarcasm_report)
    added.add_argument(
        "--data",
        required=True,
        nargs="+",
        metavar="FILE",
        help="corpora of sarcasm, or a folder with those whose columns are known by their names",
    )
    console.model_option(added)
    console.text_options(added)
    added.add_argument(
        "--label-column", metavar="L", help="column that says which texts are sarcastic (default: label)"
    )
    added.add_argument(
        "--labels",
        metavar="VALUE=NAME,VALUE=NAME",
        help="what its values mean, as in 1=plain,2=sarcastic; neutral, or -, leaves rows out (default: the words for "
        "it, and 0 and 1 for plain and sarcastic)",
    )
    added.add_argument("--sarcastic", action="append", metavar="WORD", help="a label that says so, all others do not")
    added.add_argument("--rephrase-column", metavar="R", help="column of honest rewordings (default: if it has one)")
    added.add_argument("--sentiment-column", metavar="S", help="column of the sentiment that people mean")
    added.add_argument(
        "--sentiment-labels",
        metavar="VALUE=NAME,VALUE=NAME",
        help="what its values mean, as in 1=negative,2=positive,3=neutral",
    )
    added.add_argument("--out", metavar="DIR", help="keep the figures in this folder's sarcasm.json")


def scan(options: argparse.Namespace) -> int:
    """Every row of a file with verdicts, and the rows where a model disagrees most with people or looks most fooled."""
    if corpus_scanning.is_folder(options.out):
        return corpus_scanning.scan_corpus(options)
    from core.probes.scan.one_file import TOP

    corpus_scanning.check_one_file(options)
    models = console.rejoined(options, console.named_models(options))
    if not options.label_column and (options.labels or options.positive or options.negative):
        raise ValueError("--labels, --positive and --negative name values of --label-column, which was not given")
    if options.label_column:
        models = console.labelled_by(models, options, Path(options.files[0]))
    console.tell_of_split(models, console.first_texts(options, Path(options.files[0])))
    try:
        found = _scan(options, models, TOP if options.top is None else options.top)
    except KeyboardInterrupt:
        console.progress(f"stopped; nothing was written to {options.out}")
        raise
    console.told(found.read_as)
    for problem in found.problems[:_LISTED]:
        line = "" if problem.line is None else f" (line {problem.line:,})"
        console.progress(f"row {problem.row:,}{line}: {problem.reason}")
    if len(found.problems) > _LISTED:
        console.progress(f"… and more: column problem of {options.out} has all of them")
    console.progress(
        f"{found.rows:,} rows written to {options.out}: {found.scored:,} scored, {found.empty:,} without a word, "
        f"{found.malformed:,} malformed"
    )
    if options.json:
        console.json_list(_scan_json(options, name, found) for name in found.top)
        return 0
    names = {model.name: model.labels for model in models}
    for name in found.top:
        _show_scan(name, found, names[name])
    return 0


def _scan(options: argparse.Namespace, models: list[Model], top: int) -> Scan:
    from contextlib import closing

    from tqdm import tqdm

    from core.probes.scan.one_file import scan

    events = scan(
        options.files[0],
        models,
        options.text_column,
        options.label_column,
        options.out,
        asked=console.asked(options, models[0].labels),
        top=top,
        layout=options.layout,
    )
    with closing(events):
        found = next(events)  # what is wrong from the start is told before a bar is drawn
        with tqdm(unit=" rows", unit_scale=True) as bar:
            while True:
                bar.total = round(found.rows / max(found.share, 1e-9))
                bar.update(found.rows - bar.n)
                if found.done:
                    return found
                found = next(events)


def _scan_json(options: argparse.Namespace, model: str, found: Scan) -> dict[str, object]:
    return {
        "model": model,
        "file": options.files[0],
        "out": options.out,
        "ranked_by": found.ranked_by,
        "rows": found.rows,
        "scored": found.scored,
        "empty": found.empty,
        "malformed": found.malformed,
        "labels_not_understood": found.misunderstood,
        "problems": [problem._asdict() for problem in found.problems],
        "labelled": found.labelled,
        "unlabelled": found.unlabelled,
        "opposite": found.opposite.get(model),
        "top": [{"rank": rank, **asdict(find), "label": find.label} for rank, find in enumerate(found.top[model], 1)],
    }


def _show_scan(model: str, found: Scan, names: Names) -> None:
    if found.ranked_by == "disagreement":
        count, of = found.opposite[model], found.labelled
        share = f" ({count / of:.1%})" if of else ""
        console.line(
            f"{model}: the verdict is opposite to the label on {count:,} of {of:,} rows{share}; most confident first"
        )
    elif names != SENTIMENT:
        console.line(
            f"{model}: no labels were given, and cues of sarcasm say nothing of {names[0]} and {names[1]}: not ranked"
        )
    else:
        console.line(f"{model}: no labels were given, so rows rank by their cues of sarcasm times P(positive)")
    for rank, find in enumerate(found.top[model], 1):
        console.line(f"  {rank}. {_shown(find, names)}")


def _shown(find: RankedRow, names: Names) -> str:
    human = f"  labelled {dict(zip(SENTIMENT, names, strict=True))[find.human]}" if find.human else ""
    cues = f"  [{' '.join(find.cues)}]" if find.cues else ""
    return f"{find.score:.4f}  row {find.row:,}{human}  P {find.probability:.4f}{cues}  {' '.join(find.text.split())}"


def sarcasm_report(options: argparse.Namespace) -> int:
    """How often sarcasm fools the models: shares with intervals, against plain texts and against honest rewordings."""
    from core.probes.sarcasm import report_file
    from core.probes.sarcasm.corpora import read_sarcasm
    from core.probes.sarcasm.report import reports

    models = console.sentiment_only(
        console.named_checkpoints(options.model), "sarcasm is told by how people and models read sentiment"
    )
    corpora = [read_sarcasm(path, where, about, layout=options.layout) for path, where, about in _corpora(options)]
    for corpus in corpora:
        for read_as in corpus.read_as:
            console.told(read_as)
        if corpus.unlabelled:
            console.progress(f"{corpus.name}: {corpus.unlabelled:,} rows without a label were left out")
    found = []
    for report in reports(corpora, models):
        found.append(report)
        console.progress(f"{report.model} has read {report.data}")
    if options.out:
        kept = report_file.save(Path(options.out), corpora, models, found)
        console.progress(f"the figures are kept in {kept}")
    if options.json:
        console.json_list(report.as_json() for report in found)
        return 0
    for lines in sarcasm_tables.tables(found):
        console.line(lines)
    return 0


def _corpora(options: argparse.Namespace) -> list[tuple[Path, Columns, str]]:
    """The files that were named, the columns of each and what it is."""
    from dataclasses import replace

    from core.data.label_inference import parse
    from core.probes.sarcasm.corpora import find_columns, known_columns, known_corpora

    if options.sarcastic and options.labels:
        raise ValueError("--sarcastic and --labels say the same: give one")
    if options.sentiment_labels and not options.sentiment_column:
        raise ValueError("--sentiment-labels names values of --sentiment-column, which was not given")
    named = {
        "text": options.text_column,
        "label": options.label_column,
        "sarcastic": options.sarcastic and tuple(options.sarcastic),
        "rewording": options.rephrase_column,
        "sentiment": options.sentiment_column,
        "asked": options.labels and parse(options.labels),
        "sentiment_asked": options.sentiment_labels and parse(options.sentiment_labels, "--sentiment-labels"),
    }
    named = {name: value for name, value in named.items() if value}
    paths = [
        path for name in options.data for path in (known_corpora(Path(name)) if Path(name).is_dir() else [Path(name)])
    ]
    return [
        (path, find_columns(path, replace(where, **named), options.layout), about)
        for path, (where, about) in ((path, known_columns(path)) for path in paths)
    ]

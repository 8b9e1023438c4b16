"""The verb that scores every row of files: scan."""

from __future__ import annotations

import argparse
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from core.commands import console, inputs
from core.commands.options import Verbs, label_options, models_options
from core.commands.scanning import corpus
from core.data.labels import Names
from core.data.targets import default, has_sentiment

if TYPE_CHECKING:
    from core.models.predictor import Model
    from core.probes.scan.one_file import RankedRow, Scan


def add_verbs(verbs: Verbs) -> None:
    """Add the verb and its options."""
    parser = verbs.add(scan, "--rejoin", "--target", "--against")
    about = "tables of texts of any size (docs/files.md): files, folders, patterns"
    parser.add_argument("files", metavar="IN", nargs="+", help=about)
    parser.add_argument(
        "out",
        metavar="OUT",
        help="a file: every row of IN with columns added, in the format that the suffix names; a folder: each model's "
        "probability of every row, in parts, so that an interrupted scan can continue",
    )
    models_options(parser)
    label_options(parser, "column of gold labels; without it, texts rank by cues of sarcasm")
    for index, label in (("second", "positive"), ("first", "negative")):
        about = f"the same as --labels WORD=NAME for the {index} class"
        parser.add_argument(f"--{label}", action="append", default=[], metavar="WORD", help=about)
    about = "add a column for the probability of each of these classes (names, or all)"
    parser.add_argument("--classes", metavar="A,B", help=about)
    parser.add_argument("--top", type=int, metavar="K", help="rows in each model's ranking (default: 20)")
    parser.add_argument("--resume", action="store_true", help="continue the scan in the folder OUT, if any")
    parser.add_argument("--part-rows", type=int, metavar="N", help="rows in a part of the folder OUT (default: 65,536)")
    workers = parser.add_mutually_exclusive_group()
    workers.add_argument("--workers", type=int, metavar="N", help="processes, of one thread each (folder OUT)")
    workers.add_argument("--scheduler", metavar="TCP", help="a Dask scheduler's tcp://host:port (folder OUT)")


def scan(options: argparse.Namespace) -> int:
    """Every row of a file with verdicts, and the rows where a model disagrees most with people or looks most fooled."""
    if corpus.is_folder(options.out):
        return corpus.scan_corpus(options)
    from core.probes.scan.one_file import TOP

    corpus.check_one_file(options)
    models = inputs.aimed(options, inputs.rejoined(options, inputs.named_models(options)))
    if not options.label_column and (options.labels or options.positive or options.negative):
        raise ValueError("--labels, --positive and --negative name values of --label-column, which was not given")
    if options.label_column:
        models = inputs.labelled_by(models, options, Path(options.files[0]))
    inputs.report_split_words(models, inputs.first_texts(options, Path(options.files[0])))
    try:
        result = _scan(options, models, TOP if options.top is None else options.top)
    except KeyboardInterrupt:
        console.progress(f"stopped; nothing was written to {options.out}")
        raise
    inputs.report_labels(result.read_as)
    corpus.report_problems(result.problems, result.malformed, options.out)
    console.progress(
        f"{result.rows:,} rows written to {options.out}: {result.scored:,} scored, {result.empty:,} without a word, "
        f"{result.malformed:,} malformed"
    )
    names = {model.name: model.labels for model in models}
    return console.answer(
        options, result.top, lambda name: _as_json(options, name, result), lambda name: _show(name, result, names[name])
    )


def _scan(options: argparse.Namespace, models: list[Model], top: int) -> Scan:
    from core.probes.scan.one_file import scan

    events = scan(
        options.files[0],
        models,
        options.text_column,
        options.label_column,
        options.out,
        asked=inputs.asked(options, models[0].labels),
        top=top,
        classes=corpus.classes(options),
        layout=options.layout,
    )
    with closing(events):
        return console.last(corpus.scan_bar(events))


def _as_json(options: argparse.Namespace, model: str, result: Scan) -> dict[str, object]:
    return {
        "model": model,
        "file": options.files[0],
        "out": options.out,
        **console.record(
            result,
            "ranked_by rows scored empty malformed labels_not_understood=misunderstood problems labelled unlabelled",
        ),
        "opposite": result.opposite.get(model),
        "top": [
            {"rank": rank, **console.plain(row), **row.target.as_json()}
            for rank, row in enumerate(result.top[model], 1)
        ],
    }


def _show(model: str, result: Scan, names: Names) -> None:
    if result.ranked_by == "disagreement":
        count, of = result.opposite[model], result.labelled
        share = f" ({count / of:.1%})" if of else ""
        differs = "opposite to" if default(names) else "not"
        console.line(
            f"{model}: the verdict is {differs} the label on {count:,} of {of:,} rows{share}; most confident first"
        )
    elif not has_sentiment(names):
        console.line(
            f"{model}: no labels were given, and cues of sarcasm do not concern {' and '.join(names)}: not ranked"
        )
    else:
        console.line(f"{model}: no labels were given, so rows rank by their cues of sarcasm times P(positive)")
    for rank, row in enumerate(result.top[model], 1):
        console.line(f"  {rank}. {_row(row)}")


def _row(row: RankedRow) -> str:
    human = f"  labelled {row.human}" if row.human else ""
    cues = f"  [{' '.join(row.cues)}]" if row.cues else ""
    verdict = "" if row.target.wins_at_half else f"  read as {row.label}"
    chance = f"P {row.probability:.4f}"
    return f"{row.score:.4f}  row {row.row:,}{human}{verdict}  {chance}{cues}  {' '.join(row.text.split())}"

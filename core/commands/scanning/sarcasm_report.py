"""The verb that measures how often sarcasm fools models: sarcasm-report."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.commands import console, inputs
from core.commands.options import Verbs, text_options

if TYPE_CHECKING:
    from core.evaluation.intervals import Mean, Share
    from core.probes.sarcasm.corpora import Columns
    from core.probes.sarcasm.report import SarcasmReport


def add_verbs(verbs: Verbs) -> None:
    """Add the verb and its options."""
    parser = verbs.add(sarcasm_report, "--model")
    parser.add_argument(
        "--data",
        required=True,
        nargs="+",
        metavar="FILE",
        help="corpora of sarcasm, or a folder with those whose columns are known by their names",
    )
    text_options(parser)
    parser.add_argument(
        "--label-column", metavar="L", help="column that says which texts are sarcastic (default: label)"
    )
    parser.add_argument(
        "--labels",
        metavar="VALUE=NAME,VALUE=NAME",
        help="what its values mean, as in 1=plain,2=sarcastic; neutral, or -, leaves rows out (default: the words for "
        "it, and 0 and 1 for plain and sarcastic)",
    )
    parser.add_argument("--sarcastic", action="append", metavar="WORD", help="a label that says so, all others do not")
    parser.add_argument("--rephrase-column", metavar="R", help="column of honest rewordings (default: if it has one)")
    parser.add_argument("--sentiment-column", metavar="S", help="column of the sentiment that people mean")
    parser.add_argument(
        "--sentiment-labels",
        metavar="VALUE=NAME,VALUE=NAME",
        help="what its values mean, as in 1=negative,2=positive,3=neutral",
    )
    parser.add_argument("--out", metavar="DIR", help="keep the figures in this folder's sarcasm.json")


def sarcasm_report(options: argparse.Namespace) -> int:
    """How often sarcasm fools the models: shares with intervals, against plain texts and against honest rewordings."""
    from core.probes.sarcasm import report_file
    from core.probes.sarcasm.corpora import read_sarcasm
    from core.probes.sarcasm.report import reports

    models = inputs.sentiment_only(
        inputs.named_checkpoints(options.model),
        "sarcasm is judged by the sentiment that people and models read",
    )
    corpora = [read_sarcasm(path, where, about, layout=options.layout) for path, where, about in _corpora(options)]
    for corpus in corpora:
        for read_as in corpus.read_as:
            inputs.report_labels(read_as)
        if corpus.unlabelled:
            console.progress(f"{corpus.name}: {corpus.unlabelled:,} rows without a label were left out")
    results = []
    for report in reports(corpora, models):
        results.append(report)
        console.progress(f"{report.model} has read {report.data}")
    if options.out:
        kept = report_file.save(Path(options.out), corpora, models, results)
        console.progress(f"the figures are saved in {kept}")
    if options.json:
        console.json_list(results)
        return 0
    for lines in _tables(results):
        console.line(lines)
    return 0


def _corpora(options: argparse.Namespace) -> list[tuple[Path, Columns, str]]:
    """The files that were named, the columns of each and what it is."""
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


def _tables(reports: Sequence[SarcasmReport]) -> Iterator[str]:
    """Markdown tables of the reports, one for each question."""
    yield from _described(reports)
    if any(report.meant for report in reports):
        yield "\nSentiment labelled by people; the first of each pair is of sarcastic texts, the second of plain ones\n"
        yield from _rows(
            ("corpus", "model", "accuracy", "difference", "meant negatively, read as positive", "difference"),
            (
                (
                    report.data,
                    report.model,
                    _both(report.meant.accuracy),
                    _mean(report.meant.accuracy_difference),
                    _both(report.meant.negative_read_positive),
                    _mean(report.meant.negative_difference),
                )
                for report in reports
                if report.meant
            ),
        )
    if any(report.reworded for report in reports):
        yield "\nSarcastic texts against their honest rewordings\n"
        yield from _rows(
            (
                *("corpus", "model", "texts (rewordings)", "mean change of P", "honest wording lower"),
                *("fooling: honest wording negative, text positive", "the opposite", "more positive texts than honest"),
            ),
            (
                (
                    report.data,
                    report.model,
                    f"{report.reworded.texts:,} ({report.reworded.rewordings:,})",
                    _mean(report.reworded.change, 3),
                    _share(report.reworded.lower),
                    _share(report.reworded.fooling),
                    _share(report.reworded.opposite),
                    _mean(report.reworded.shift),
                )
                for report in reports
                if report.reworded
            ),
        )
    yield "\nTexts that read as positive, whatever they mean\n"
    yield from _rows(
        ("corpus", "model", "sarcastic", "plain", "difference"),
        (
            (
                report.data,
                report.model,
                _share(report.read_positive.sarcastic),
                _share(report.read_positive.plain),
                _mean(report.read_positive.difference),
            )
            for report in reports
        ),
    )


def _described(reports: Sequence[SarcasmReport]) -> Iterator[str]:
    for report in {report.data: report for report in reports}.values():
        about = f" ({report.about})" if report.about else ""
        yield (
            f"{report.data}{about}: {report.rows:,} rows, {report.sarcastic:,} sarcastic texts and {report.plain:,} "
            f"plain; {report.repeated:,} repeated, {report.blank:,} blank, {report.contradictory:,} labelled both "
            f"ways; give-away hashtags taken out of {report.give_aways:,}; {report.identical:,} rewordings identical"
        )


def _rows(header: Sequence[str], rows: Iterator[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield "|" + "---|" * 2 + "---:|" * (len(header) - 2)
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _share(estimate: Share | None) -> str:
    if estimate is None or estimate.share is None or estimate.interval is None:
        return "–"
    low, high = estimate.interval
    return f"{estimate.share:.1%} ({low:.1%} to {high:.1%}; {estimate.hits:,} of {estimate.rows:,})"


def _both(estimate: tuple[Share, Share]) -> str:
    return " / ".join(_share(one) for one in estimate)


def _mean(estimate: Mean | None, digits: int | None = None) -> str:
    if estimate is None:
        return "–"
    numbers = (estimate.mean, *estimate.interval)
    mean, low, high = (f"{number:+.{digits}f}" if digits else f"{100 * number:+.1f}" for number in numbers)
    return f"{mean} ({low} to {high})"

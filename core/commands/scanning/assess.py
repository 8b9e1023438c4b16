"""The verb that evaluates models on a labelled file of any size: assess."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.commands import console, inputs
from core.commands.options import Verbs, check_folder, label_options

if TYPE_CHECKING:
    from core.evaluation.binned_metrics import Pair, Tally


def add_verbs(verbs: Verbs) -> None:
    """Add the verb and its options."""
    parser = verbs.add(assess, "--model", "--data", "--rejoin")
    parser.add_argument("--threshold", type=float, default=0.5, metavar="P", help="decision threshold (default: 0.5)")
    for number, name in enumerate(("--zero", "--one")):
        about = f"the same as --labels WORD=NAME for class {number}"
        parser.add_argument(name, nargs="+", default=[], metavar="WORD", help=about)
    parser.add_argument(
        "--out", metavar="FILE", help="save the counts in this JSON file; pages show checkpoints/evaluation.json"
    )
    label_options(parser)


def assess(options: argparse.Namespace) -> int:
    """Slices, calibration, a threshold's precision and recall, and McNemar's test of every two models, on a file."""
    from core.data.corpus import file_sha256
    from core.evaluation import binned_metrics_file
    from core.evaluation.assessment import assess
    from core.evaluation.binned_metrics import check_threshold

    check_threshold(options.threshold)
    path = Path(options.data)
    models = inputs.rejoined(options, inputs.two_only(inputs.named_checkpoints(options.model)))
    models = inputs.labelled_by(models, options, path)
    inputs.report_split_words(models, inputs.first_texts(options, path))
    check_folder(options.out)
    events = assess(
        path,
        models,
        options.text_column or "text",
        options.label_column or "label",
        asked=inputs.asked(options, models[0].labels),
        layout=options.layout,
    )
    result = console.last(
        console.bar(
            events,
            " %",
            "",
            lambda event: (int(100 * event.share), 100, f"{event.counted:,} rows counted"),
            bar_format="{l_bar}{bar}| {postfix}",
            leave=False,
        )
    )
    console.progress(
        f"{result.rows:,} rows: {result.counted:,} counted, {result.unlabelled:,} of neither class, {result.empty:,} "
        f"without a word, {result.malformed:,} malformed"
    )
    inputs.report_labels(result.read_as)
    for problem in result.problems[:5]:
        console.progress(f"row {problem.row:,}: {problem.reason}")
    if options.out:
        left_out = result.rows - result.counted
        source = binned_metrics_file.EvaluatedFile(result.file, file_sha256(path), result.counted, left_out)
        binned_metrics_file.save(Path(options.out), source, result.tallies)
        console.progress(f"the counts are saved in {options.out}")
    tallies, pairs = result.tallies.tallies, result.tallies.pairs
    at = [tally.at(options.threshold)._asdict() for tally in tallies]
    if options.json:
        console.json_list(
            [_tally_json(result.file, *both) for both in zip(tallies, at, strict=True)]
            + [_pair_json(result.file, pair) for pair in pairs]
        )
        return 0
    for tally, one in zip(tallies, at, strict=True):
        _show(result.file, tally, one)
    for pair in pairs:
        low, high = pair.interval
        console.line(
            f"{pair.a} minus {pair.b}: accuracy {pair.difference:+.4f} ({low:+.4f} to {high:+.4f}); right where the "
            f"other is wrong: {pair.only_a:,} and {pair.only_b:,} rows, McNemar's p = {pair.p_value:.3g}"
        )
    return 0


def _tally_json(file: str, tally: Tally, at: dict[str, Any]) -> dict[str, object]:
    return {
        "model": tally.model,
        "data": file,
        **console.record(
            tally,
            "labels rows brier log_loss calibration_error temperature auc auc_within average_precision",
        ),
        "at": at,
        "groups": tally.groups(),
        "slices": tally.cells(),
    }


def _pair_json(file: str, pair: Pair) -> dict[str, object]:
    figures = console.record(pair, "rows both only_a only_b neither difference interval p_value")
    return {"models": [pair.a, pair.b], "data": file, **figures}


def _show(file: str, tally: Tally, at: dict[str, Any]) -> None:
    def share(name: str) -> str:
        if at[name] is None:
            return f"{name} –"
        low, high = at[f"{name}_interval"]
        return f"{name} {at[name]:.4f} ({low:.4f} to {high:.4f})"

    zero, one = tally.labels
    temperature = "–" if tally.temperature is None else f"{tally.temperature:.3f}"
    console.line(f"{tally.model} on {file}: {tally.rows:,} rows; {one} from P = {at['threshold']:g} on")
    console.line("  " + "   ".join(share(name) for name in ("accuracy", "precision", "recall")))
    console.line(
        f"  said {one}: {at['true_positive']:,} rightly, {at['false_positive']:,} wrongly; said {zero}: "
        f"{at['true_negative']:,} rightly, {at['false_negative']:,} wrongly"
    )
    console.line(
        f"  calibration error {tally.calibration_error:.4f}   Brier {tally.brier:.4f}   log-loss {tally.log_loss:.4f} "
        f"nats   temperature {temperature}"
    )
    for cell in tally.cells():
        if cell.interval is not None:
            low, high = cell.interval
            console.line(
                f"  {cell.family + ' ' + cell.name:<20}  {cell.accuracy:.4f} ({low:.4f} to {high:.4f}), "
                f"{cell.rows:,} rows"
            )

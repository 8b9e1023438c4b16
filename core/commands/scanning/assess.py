"""The verb that evaluates models on a labelled file of any size: assess."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from core.commands import console, inputs
from core.commands.options import Verbs, check_folder, label_options

if TYPE_CHECKING:
    from core.evaluation.binned_metrics import Pair, Tally


def add_verbs(verbs: Verbs) -> None:
    """Add the verb and its options."""
    parser = verbs.add(assess, "--model", "--data", "--rejoin")
    parser.add_argument(
        "--target",
        metavar="CLASS",
        help="the class of threshold and calibration (default: the second of two, else the predicted one)",
    )
    parser.set_defaults(against=None)
    parser.add_argument("--threshold", type=float, metavar="P", help="decision threshold (default: 0.5)")
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

    threshold = 0.5 if options.threshold is None else options.threshold
    check_threshold(threshold)
    path = Path(options.data)
    models = inputs.aimed(options, inputs.rejoined(options, inputs.named_checkpoints(options.model)))
    models = inputs.labelled_by(models, options, path)
    if options.threshold is not None and any(model.target is None for model in models):
        raise ValueError("--threshold goes with --target, the class that is said from there on")
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
        f"{result.rows:,} rows: {result.counted:,} counted, {result.unlabelled:,} without a class, {result.empty:,} "
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
    if options.json:
        console.json_list(
            [_tally_json(result.file, tally, threshold) for tally in tallies]
            + [_pair_json(result.file, pair) for pair in pairs]
        )
        return 0
    for tally in tallies:
        _show(result.file, tally, threshold)
    for pair in pairs:
        low, high = pair.interval
        console.line(
            f"{pair.a} minus {pair.b}: accuracy {pair.difference:+.4f} ({low:+.4f} to {high:+.4f}); right where the "
            f"other is wrong: {pair.only_a:,} and {pair.only_b:,} rows, McNemar's p = {pair.p_value:.3g}"
        )
    return 0


def _tally_json(file: str, tally: Tally, threshold: float) -> dict[str, object]:
    """Of a class: AUC, average precision and `at`; without a target, groups and Brier score are of the predicted."""
    curves = ("auc", "auc_within", "average_precision")
    figures = console.record(tally, "labels rows brier log_loss calibration_error temperature " + " ".join(curves))
    target = {} if tally.target is None else tally.target.as_json()
    return {
        "model": tally.model,
        "data": file,
        **(figures if target else figures | dict.fromkeys(curves)),
        "at": tally.at(threshold) if target else None,
        "groups": tally.groups(),
        "slices": tally.cells(),
        **target,
        **console.record(tally, "accuracy accuracy_interval macro_f1 average_recall confusion classes=by_class"),
    }


def _pair_json(file: str, pair: Pair) -> dict[str, object]:
    figures = console.record(pair, "rows both only_a only_b neither difference interval p_value")
    return {"models": [pair.a, pair.b], "data": file, **figures}


def _show(file: str, tally: Tally, threshold: float) -> None:
    def share(name: str, value: float | None, interval: tuple[float, float] | None) -> str:
        return f"{name} –" if interval is None else f"{name} {value:.4f} ({interval[0]:.4f} to {interval[1]:.4f})"

    target = tally.target
    temperature = "–" if tally.temperature is None else f"{tally.temperature:.3f}"
    said = "" if target is None else f"; {target.name} from P = {threshold:g} on"
    console.line(f"{tally.model} on {file}: {tally.rows:,} rows{said}")
    if target is None or target.rival is None:
        console.line(
            f"  {share('accuracy', tally.accuracy, tally.accuracy_interval)}   macro-F1 {tally.macro_f1:.4f}   "
            f"average recall {tally.average_recall:.4f}"
        )
        console.each_class(tally.by_class, tally.confusion.tolist())
    if target is not None:
        at = tally.at(threshold)._asdict()
        names = ("precision", "recall") if target.rival is None else ("accuracy", "precision", "recall")
        console.line("  " + "   ".join(share(name, at[name], at[f"{name}_interval"]) for name in names))
        console.line(
            f"  said {target.name}: {at['true_positive']:,} rightly, {at['false_positive']:,} wrongly; said "
            f"{target.rival or 'another'}: {at['true_negative']:,} rightly, {at['false_negative']:,} wrongly"
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

"""Verb that counts how models do on a labelled file of any size: assess."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from core.commands import console
from core.commands.verbs import Add

if TYPE_CHECKING:
    from core.evaluation.binned_metrics import Pair, Tally


def add_verbs(add: Add) -> None:
    """Add this verb and its options."""
    added = add(assess)
    console.model_option(added)
    added.add_argument(
        "--data", required=True, metavar="FILE", help="labelled file, of any size and form of docs/files.md"
    )
    added.add_argument("--threshold", type=float, default=0.5, metavar="P", help="class 1 is said from it on (0.5)")
    added.add_argument(
        "--zero", nargs="+", default=[], metavar="WORD", help="the same as --labels WORD=NAME for class 0"
    )
    added.add_argument(
        "--one", nargs="+", default=[], metavar="WORD", help="the same as --labels WORD=NAME for class 1"
    )
    added.add_argument(
        "--out", metavar="FILE", help="keep the counts in this JSON file; as checkpoints/evaluation.json pages show it"
    )
    console.label_options(added)
    console.rejoin_option(added)


def assess(options: argparse.Namespace) -> int:
    """Slices, calibration, a threshold's precision and recall, and McNemar's test of every two models, on a file."""
    from pathlib import Path

    from tqdm import tqdm

    from core.data.corpus import file_sha256
    from core.evaluation import binned_metrics_file
    from core.evaluation.assessment import assess
    from core.evaluation.binned_metrics import check_threshold

    check_threshold(options.threshold)
    path = Path(options.data)
    found_models = console.rejoined(options, console.named_checkpoints(options.model))
    models = console.labelled_by(found_models, options, path)
    console.tell_of_split(models, console.first_texts(options, path))
    if options.out and not (folder := Path(options.out).parent).is_dir():  # told of before an hour of work
        raise FileNotFoundError(f"there is no folder {folder} to write {Path(options.out).name} to")
    events = assess(
        path,
        models,
        options.text_column or "text",
        options.label_column or "label",
        asked=console.asked(options, models[0].labels),
        layout=options.layout,
    )
    found = next(events)
    with tqdm(total=100, unit=" %", bar_format="{l_bar}{bar}| {postfix}", leave=False) as bar:
        for found in events:
            bar.update(int(100 * found.share) - bar.n)
            bar.set_postfix_str(f"{found.counted:,} rows counted")
    console.progress(
        f"{found.rows:,} rows: {found.counted:,} counted, {found.unlabelled:,} of neither class, {found.empty:,} "
        f"without a word, {found.malformed:,} malformed"
    )
    console.told(found.read_as)
    for problem in found.problems[:5]:
        console.progress(f"row {problem.row:,}: {problem.reason}")
    at = [tally.at(options.threshold)._asdict() for tally in found.tallies.tallies]
    if options.out:
        source = binned_metrics_file.Source(found.file, file_sha256(path), found.counted, found.rows - found.counted)
        binned_metrics_file.save(Path(options.out), source, found.tallies)
        console.progress(f"the counts are kept in {options.out}")
    if options.json:
        console.json_list(
            [_tally_json(found.file, *both) for both in zip(found.tallies.tallies, at, strict=True)]
            + [_pair_json(found.file, pair) for pair in found.tallies.pairs]
        )
        return 0
    for tally, one in zip(found.tallies.tallies, at, strict=True):
        _show(found.file, tally, one)
    for pair in found.tallies.pairs:
        low, high = pair.interval
        console.line(
            f"{pair.a} minus {pair.b}: accuracy {pair.difference:+.4f} ({low:+.4f} to {high:+.4f}); right where the "
            f"other is wrong: {pair.only_a:,} and {pair.only_b:,} rows, McNemar's p = {pair.p_value:.3g}"
        )
    return 0


def _tally_json(file: str, tally: Tally, at: dict[str, object]) -> dict[str, object]:
    return {
        "model": tally.model,
        "data": file,
        "labels": tally.labels,
        "rows": tally.rows,
        "brier": tally.brier,
        "log_loss": tally.log_loss,
        "calibration_error": tally.calibration_error,
        "temperature": tally.temperature,
        "auc": tally.auc,
        "auc_within": tally.auc_within,
        "average_precision": tally.average_precision,
        "at": at,
        "groups": [group._asdict() for group in tally.groups()],
        "slices": [cell._asdict() for cell in tally.cells()],
    }


def _pair_json(file: str, pair: Pair) -> dict[str, object]:
    counts = {name: getattr(pair, name) for name in ("both", "only_a", "only_b", "neither")}
    found = {"difference": pair.difference, "interval": pair.interval, "p_value": pair.p_value}
    return {"models": [pair.a, pair.b], "data": file, "rows": pair.rows, **counts, **found}


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

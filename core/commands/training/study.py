"""The verb that measures what each choice of the recipe adds: study."""

from __future__ import annotations

import argparse
import json

from core.commands import console
from core.commands.options import Verbs, at_least, label_options
from core.commands.training.common import set_threads, training_rows, writable_folder
from core.runtime import files


def add_verbs(verbs: Verbs) -> None:
    """Add the verb and its options."""
    parser = verbs.add(study, "--data", "--seed", "--threads")
    parser.add_argument("--rows", type=at_least(1), default=300_000, metavar="N", help="rows drawn (default: 300,000)")
    parser.add_argument("--out", default="my-checkpoints", metavar="DIR", help="default: my-checkpoints")
    label_options(parser)


def study(options: argparse.Namespace) -> int:
    """Ablations, what each choice of the recipe adds: one variant at a time against one base, with paired intervals."""
    from core.training.ablations import study

    set_threads(options)
    out = writable_folder(options.out)
    corpus = training_rows(options)
    events = study(corpus, out / ".training")
    bar = console.bar(events, " variants", "study", lambda event: (event.done, event.variants, ""))
    results = console.last(bar).study
    out.mkdir(parents=True, exist_ok=True)
    files.write(out / "study.json", (json.dumps(results, indent=1) + "\n").encode())
    if options.json:
        console.json_list([results])
        return 0
    console.line("| steps so far | distinct tokens | vocabulary | unknown tokens |\n|---|---:|---:|---:|")
    for row in results["vocabulary_by_step"]:
        console.line(f"| {row['step']} | {row['distinct']:,} | {row['vocabulary']:,} | {row['unknown_rate']:.2%} |")
    console.line(
        "\n| what changes | to | accuracy | difference to the base, 95 % interval | effect |\n|---|---|---:|---:|---|"
    )
    for row in results["variants"]:
        low, high = row["difference_interval"] or (0, 0)
        difference = "" if row["difference"] is None else f"{row['difference']:+.4f} ({low:+.4f} to {high:+.4f})"
        console.line(f"| {row['group']} | {row['name']} | {row['accuracy']:.4f} | {difference} | {row['effect']} |")
    return 0

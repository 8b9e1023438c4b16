"""The verb that trains the three-class models on labels that people gave: train-people."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.commands import console
from core.commands.options import Verbs
from core.commands.training.common import set_threads, writable_folder
from core.commands.training.train import follow, report_metrics, report_split


def add_verbs(verbs: Verbs) -> None:
    """Add the verb and its options."""
    parser = verbs.add(train_people, "--threads", json_output=False)
    parser.add_argument("--data", required=True, metavar="FILE", help="SemEval's tweets: columns text, label, part")
    parser.add_argument(
        "--start", default="lstm", metavar="NAME", help="two-class checkpoint, its name or folder (default: lstm)"
    )
    parser.add_argument(
        "--held-out", metavar="PART", help="the parts for the report alone begin so (default: the last year)"
    )
    parser.add_argument("--out", default="my-checkpoints", metavar="DIR", help="default: my-checkpoints")
    parser.add_argument("--name", metavar="NAME", help="the checkpoint's name in DIR (default: START_people)")


def train_people(options: argparse.Namespace) -> int:
    """A model of negative, neutral and positive from labels that people gave; the last year is for its report alone."""
    from core.models import checkpoints
    from core.training import people, recipe

    set_threads(options)
    out, start = writable_folder(options.out), checkpoints.load(*checkpoints.located(options.start))
    name, settings = options.name or f"{start.name}_people", people.settings(start)
    checkpoints.check_name(name)
    corpus, report = people.split(Path(options.data), options.held_out)
    console.progress(f"{len(corpus):,} rows of {corpus.name}; {len(report):,} for the report")
    prepared = recipe.prepare(corpus, people.RECIPE, start)
    recipe.check_start(start, prepared, settings)
    report_split(prepared, balance=False)
    ((_, vectors),) = recipe.word_vectors(prepared, out)
    follow(name, recipe.classifier(name, prepared, vectors, settings, out, start))
    recipe.add_metrics(name, "report", report, out)
    report_metrics(name, prepared, out)
    return 0

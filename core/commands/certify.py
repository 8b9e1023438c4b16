"""Verbs on certificates: certify, verify."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.commands import console, inputs
from core.commands.options import Verbs, at_least, given, models_options, text_options

if TYPE_CHECKING:
    from core.models.predictor import Model
    from core.probes.robustness.questions import Question


def add_verbs(verbs: Verbs) -> None:
    """Add these verbs and their options."""
    parser = verbs.add(certify, "--seconds")
    models_options(parser)
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--max-changes", type=at_least(1), metavar="K", help="up to so many words replaced from the list (default: 3)"
    )
    kind.add_argument("--max-shift", type=at_least(1), metavar="D", help="words moved by up to so many places")
    parser.add_argument(
        "--list", metavar="L", help="wordnet (default), typos, or a file: a word and its substitutes on each line"
    )
    parser.add_argument("--window", type=at_least(2), metavar="W", help="orders that differ within so many words only")
    parser.add_argument("--floor", type=float, metavar="NATS", help="fluency that an order may lose (default: any)")
    parser.add_argument("--pin", type=int, nargs="*", metavar="INDEX", help="tokens that stay, from 1")
    parser.add_argument("--file", metavar="FILE", help="certify the texts of a file, in a form of docs/files.md")
    parser.add_argument("--out", metavar="LOG", help="with --file: the log, a line of JSON a text; an old one goes on")
    parser.add_argument("--limit", type=at_least(1), metavar="N", help="with --file: its first N texts")
    text_options(parser)
    parser.add_argument("texts", nargs="*", metavar="TEXT")

    parser = verbs.add(verify)
    parser.add_argument("file", metavar="LOG", help="a log of certify, or what it printed with --json")
    parser.add_argument("--all", action="store_true", help="read every sequence, not some drawn at random")
    parser.add_argument("--samples", type=at_least(1), default=200, metavar="N", help="drawn a line (default: 200)")
    parser.add_argument("--seed", type=at_least(0), default=0, metavar="S", help="of the draw (default: 0)")
    parser.add_argument("--list", metavar="FILE", help="the file of the list, where it is a file")
    parser.add_argument("--predictor", metavar="PACKAGE.MODULE:CALLABLE", help="the callable of certificates of one")


def certify(options: argparse.Namespace) -> int:
    """Whether any way to replace up to K words from a list, or to move words by up to D places, changes a verdict: all
    of them read. Without a flip, a certificate that `verify` checks."""
    from core.probes.robustness.claims import claim
    from core.probes.robustness.records import as_json

    if bool(options.texts) == bool(options.file) or bool(options.file) != bool(options.out):
        raise ValueError("expected texts, or --file with --out")
    models = inputs.named_models(options)
    if options.file:
        return _log(options, models)
    asked = [_question(options, model, text) for text in options.texts for model in models]
    for question in asked:
        if question.family.count == 1:
            raise ValueError(f"{question.model.name}: nothing to change in {question.text!r}")
    results = []
    for question in asked:
        results.append((question, _found(options, question)))
    return console.answer(
        options,
        results,
        lambda one: as_json(*one),
        lambda one: _show(as_json(*one), claim(*one)),
    )


def _question(options: argparse.Namespace, model: Model, text: str) -> Question:
    from core.probes.robustness.questions import MAX_CHANGES, moves, substitutions

    if options.max_shift is None:
        if options.window or options.floor is not None or options.pin is not None:
            raise ValueError("--window, --floor and --pin go with --max-shift")
        return substitutions(model, text, options.max_changes or MAX_CHANGES, options.list or "wordnet")
    if options.list:
        raise ValueError("--list goes with --max-changes")
    trigram = None
    if options.floor is not None:
        from core.fluency import trigram as fluency

        trigram = fluency.load().trigram
    pinned = None if options.pin is None else [index - 1 for index in options.pin]
    return moves(model, text, options.max_shift, options.window, pinned, trigram, options.floor)


def _found(options: argparse.Namespace, question: Question) -> Any:
    return console.last(
        console.bar(
            question.answers(options.seconds),
            " sequences",
            question.model.name,
            lambda one: (one.covered, one.sequences, ""),
            unit_scale=True,
            leave=False,
        )
    )


def _show(line: dict[str, Any], claim: str) -> None:
    console.line(f"{line['model']}: {line['label']}  margin {line['margin']:.3f}  {line['text']}")
    console.line(f"  {claim}")
    for name in ("witness", "closest"):
        one = line[name]
        if one and (name == "witness" or not line["witness"]):
            console.line(f"  {name}: {one['label']}, margin {one['margin']:+.3f}  {one['text']}")
    console.line(f"  {line['covered']:,} of {line['sequences']:,} sequences in {line['seconds']:.1f} s")


def _log(options: argparse.Namespace, models: list[Model]) -> int:
    """Certify the texts of a file, a line of the log each; those that it has are not done again."""
    from core.probes.robustness.records import as_json, asked_for, log

    before, append = log(Path(options.out))
    done = {asked_for(line) for line in before}
    counts: dict[str, dict[str, int]] = {model.name: {} for model in models}
    for text in _texts(options):
        for model in models:
            try:
                question = _question(options, model, text)
            except ValueError as error:
                console.progress(f"left out: {console.one_line(error)}")
                continue
    return 0

"""Verbs on certificates: certify, verify."""

from __future__ import annotations

import argparse
import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.commands import console, inputs
from core.commands.options import SHARED, Verbs, at_least, log_options, models_options, text_options
from core.data import json_log
from core.models import checkpoints, predictor

if TYPE_CHECKING:
    from core.models.predictor import Model
    from core.probes.robustness.corpus import Corpus
    from core.probes.robustness.questions import Question
    from core.probes.robustness.verify import Checked
    from core.probes.robustness.word_lists import WordList


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
    log_options(parser)
    text_options(parser)
    parser.add_argument("texts", nargs="*", metavar="TEXT")

    parser = verbs.add(verify)
    parser.add_argument("file", metavar="LOG", help="a log of certify, or what it printed with --json")
    parser.add_argument("--all", action="store_true", help="read every sequence, not some drawn at random")
    parser.add_argument("--samples", type=at_least(1), default=200, metavar="N", help="drawn a line (default: 200)")
    parser.add_argument("--seed", type=at_least(0), default=0, metavar="S", help="of the draw (default: 0)")
    parser.add_argument("--list", metavar="FILE", help="the file of the list, where it is a file")
    parser.add_argument("--predictor", **SHARED["--predictor"])


def certify(options: argparse.Namespace) -> int:
    """Whether any way to replace up to K words from a list, or to move words by up to D places, changes a verdict: all
    of them read. Without a flip, a certificate that `verify` checks."""
    from core.probes.robustness.claims import claim
    from core.probes.robustness.records import as_json

    if bool(options.texts) == bool(options.data) or bool(options.data) != bool(options.out):
        raise ValueError("expected texts, or --file with --out")
    models = inputs.named_models(options)
    if options.data:
        return _log(options, models)
    asked = [_question(options, model, text) for text in options.texts for model in models]
    for question in asked:
        if question.family.count == 1:
            raise ValueError(f"{question.model.name}: nothing to change in {question.text!r}")
    results = [(question, _found(options, question)) for question in asked]
    return console.answer(options, results, lambda one: as_json(*one), lambda one: _show(as_json(*one), claim(*one)))


def _question(options: argparse.Namespace, model: Model, text: str) -> Question:
    from core.probes.robustness.questions import moves, substitutions

    timed = options.seconds is not None
    if options.max_shift is None:
        if options.window or options.floor is not None or options.pin is not None:
            raise ValueError("--window, --floor and --pin go with --max-shift")
        most = options.max_changes
        if most and options.data:  # a file has short texts too
            most = min(most, max(len(model.preprocessing(text)), 1))
        return substitutions(model, text, most, options.list or "wordnet", timed=timed)
    if options.list:
        raise ValueError("--list goes with --max-changes")
    trigram = None
    if options.floor is not None:
        from core.fluency import trigram as fluency

        trigram = fluency.load().trigram
    pinned = None if options.pin is None else [index - 1 for index in options.pin]
    return moves(model, text, options.max_shift, options.window, pinned, trigram, options.floor, timed=timed)


def _found(options: argparse.Namespace, question: Question) -> Any:
    if isinstance(question.model, predictor.BlackBox):
        console.progress(f"{question.model.name}: up to {question.family.count:,} texts to ask about")
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
    from core.probes.robustness.corpus import certificates
    from core.probes.robustness.questions import MAX_CHANGES
    from core.probes.robustness.records import NEEDED, key

    texts, _digest, _all = inputs.drawn_texts(options)
    before, append = json_log.resume(Path(options.out), NEEDED)
    known = {key(line): line for line in before if _settled(line, options.seconds)}
    most = options.max_shift or options.max_changes or MAX_CHANGES
    each = (
        certificates(model, texts, most, partial(_question, options), options.seconds, known=known, keep=append)
        for model in models
    )
    corpora: Iterator[tuple[Corpus, ...]] = zip(*each, strict=True)  # text by text
    found = console.last(console.bar(corpora, " texts", "certify", lambda some: (some[0].done, len(texts), "")))
    for model, corpus in zip(models, found, strict=True):
        for reason, count in Counter(corpus.left_out).items():
            console.progress(f"left out: {model.name}: {count:,} × {console.one_line(ValueError(reason))}")
    results = [*zip(models, found, strict=True)]
    return console.answer(options, results, lambda one: _counts_json(*one), lambda one: _show_counts(*one))


def _settled(line: dict[str, Any], seconds: float | None) -> bool:
    """Whether more time would not help: a line that is undecided after less time than there is now is asked again."""
    return bool(line["status"] != "undecided" or (seconds is not None and line["seconds"] >= seconds))


def _counts_json(model: Model, corpus: Corpus) -> dict[str, Any]:
    own = {"model": model.name, "texts": len(corpus.lines), "left_out": len(corpus.left_out)}
    sizes = [{**asdict(one), "interval": one.interval} for one in corpus.counts()]
    return {**own, "unchangeable": corpus.unchangeable, "sizes": sizes}


def _show_counts(model: Model, corpus: Corpus) -> None:
    """Shares by size of change, with the certified share's 95 % interval."""
    console.line(f"{model.name}: {len(corpus.lines):,} texts, {corpus.unchangeable:,} of them with nothing to change")
    for one in corpus.counts():
        low, high = one.interval
        shares = [f"{name} {getattr(one, name) / one.texts:6.1%}" for name in ("certified", "flipped", "undecided")]
        console.line(f"  up to {one.size}: {shares[0]} ({low:.1%} to {high:.1%})  {shares[1]}  {shares[2]}")


def verify(options: argparse.Namespace) -> int:
    """Whether certificates hold, read again without shared states in float64: some sequences of each, or all."""
    from core.probes.robustness.records import NEEDED
    from core.probes.robustness.verify import Checked
    from core.probes.robustness.verify import verify as check

    lines = json_log.read(Path(options.file), NEEDED)
    if not lines:
        raise ValueError(f"{options.file} has no certificate")
    models = _models_of(options, lines)
    fluency = _fluency() if any(line.get("floor") is not None for line in lines) else None

    def checked(line: dict[str, Any]) -> Checked:
        if line["model"] not in models:
            return Checked(0, ("there is no such model",))
        return check(
            line,
            models[line["model"]],
            everything=options.all,
            samples=options.samples,
            seed=options.seed,
            fluency=fluency,
            remade=partial(_remade, options.list),
        )

    counted = zip(itertools.count(1), map(checked, lines))
    shown = console.bar(counted, " lines", "verify", lambda one: (one[0], len(lines), ""))
    results = [(line, one) for line, (_number, one) in zip(lines, shown, strict=True)]
    bad = sum(bool(one.faults) for _line, one in results)
    console.progress(f"{len(results) - bad:,} of {len(results):,} hold")
    return console.answer(options, results, _checked_json, _show_checked, status=1 if bad else 0)


def _models_of(options: argparse.Namespace, lines: list[dict[str, Any]]) -> dict[str, Model]:
    """The models that lines name, as far as they are there."""
    models: dict[str, Model] = {}
    if options.predictor:
        box = predictor.load(options.predictor, checkpoints.names())
        models[box.name] = box
    for name in {str(line["model"]) for line in lines}.difference(models):
        try:
            models[name] = checkpoints.load(name)
        except (ValueError, LookupError, OSError) as error:
            console.progress(f"left out: {console.one_line(error)}")
    return models


def _fluency() -> Callable[[Any], Any]:
    from core.fluency import trigram

    return trigram.load().trigram.score


def _remade(file: str | None, name: str, model: Model, tokens: Any, label: str) -> WordList | None:
    """The list of a line, made again; None of a file that was not given."""
    from core.probes.robustness.word_lists import NAMES, listed

    source = name if name in NAMES else file
    return listed(source, model, tokens, label) if source else None


def _checked_json(one: tuple[dict[str, Any], Checked]) -> dict[str, Any]:
    line, checked = one
    return {
        **{name: line[name] for name in ("model", "text", "status")},
        "holds": not checked.faults,
        "read": checked.read,
        "faults": checked.faults,
    }


def _show_checked(one: tuple[dict[str, Any], Checked]) -> None:
    line, checked = one
    what = "; ".join(checked.faults) or f"holds, {checked.read:,} sequences read"
    console.line(f"{line['model']}: {line['status']}: {what}  {line['text']}")

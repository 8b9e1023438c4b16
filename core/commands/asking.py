"""Verbs that ask trained models: predict, evaluate, permute, mine."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from core.commands import console
from core.commands.verbs import Add
from core.data.labels import Names, name_of, probability_of
from core.data.small_data import class_counts, is_small, majority
from core.models import checkpoints

if TYPE_CHECKING:
    from core.models.predictor import Model
    from core.probes.permutations.search import Order, PermutationProgress, Permutations, Question


def add_verbs(add: Add) -> None:
    """Add these verbs and their options."""
    added = add(predict)
    console.models_options(added)
    added.add_argument("--file", help="take the texts from this file's text column")
    added.add_argument("texts", nargs="*", metavar="TEXT", help="texts; without any, lines of standard input")
    console.text_options(added)
    added.add_argument("--label-column", help=argparse.SUPPRESS)  # nothing is read from it
    console.rejoin_option(added)

    added = add(evaluate)
    console.model_option(added)
    added.add_argument("--data", required=True, metavar="FILE", help="labelled file, in a form of docs/files.md")
    console.label_options(added)
    console.rejoin_option(added)

    added = add(permute)
    console.models_options(added)
    added.add_argument("--budget", type=int, metavar="N", help="orders scored at most (default: 400,000)")
    added.add_argument("--seconds", type=float, metavar="S", help="time at most, for each text and model")
    added.add_argument("--floor", type=float, metavar="NATS", help="how much less fluent still counts (default: 8)")
    added.add_argument("--top", type=int, metavar="K", help="flips and fluent orders listed (default: 20)")
    added.add_argument(
        "--pin", type=int, nargs="*", metavar="PLACE", help="tokens that stay, from 1 (default: punctuation and links)"
    )
    added.add_argument("texts", nargs="+", metavar="TEXT")

    added = add(mine)
    added.add_argument("file", metavar="FILE", help="sentences, in a form of docs/files.md; labels are not used")
    console.model_option(added)
    added.add_argument("--limit", type=int, metavar="K", help="each model's K most opposed pairs only")
    console.text_options(added)


def predict(options: argparse.Namespace) -> int:
    """Verdicts of one model or all on texts, from arguments, a file's column, or standard input, a text a line."""
    from core.models.predict import verdicts

    texts = _texts(options)
    if not options.texts:  # a file or a stream: one blank row must not cost the others their answer
        blank = [number for number, text in enumerate(texts, 1) if not text.strip()]
        if len(blank) < len(texts):
            for number in blank:
                console.progress(f"left out: text {number:,} of {len(texts):,} is empty")
            texts = [text for text in texts if text.strip()]
    by_model = []
    models = console.rejoined(options, console.named_models(options))
    console.tell_of_split(models, texts)
    for model in models:
        with console.asking(model):
            by_model.append(verdicts(model, texts))
    found_verdicts = [found for by_text in zip(*by_model, strict=True) for found in by_text]
    if options.json:
        console.json_list(
            {
                "model": found.model,
                "text": found.text,
                "tokens": found.tokens,
                "unknown": found.unknown,
                "probability": found.probability,
                "label": found.label,
                "prefix_probabilities": found.prefix_probabilities,
            }
            for found in found_verdicts
        )
        return 0
    width = max(len(found.model) for found in found_verdicts)
    for found in found_verdicts:
        unknown = f"   unknown: {' '.join(found.unknown)}" if found.unknown else ""
        console.line(
            f"{found.model:<{width}}  {found.label}  {found.probability:.4f}  {' '.join(found.tokens)}{unknown}"
        )
    return 0


def evaluate(options: argparse.Namespace) -> int:
    """Accuracy and its interval, F1, AUC, log-loss, calibration, confusion, unknown words, accuracy by length."""
    from core.evaluation.metrics import evaluate

    models = console.rejoined(options, console.named_checkpoints(options.model))
    read = console.labelled_for(options, options.data, models)
    corpus = read[0][1]
    console.tell_of_split(models, corpus.texts)
    blank = sum(not text.strip() for text in corpus.texts)
    if blank:
        console.progress(f"{blank:,} of {len(corpus):,} rows have no word: judged from nothing, they count as the rest")
    evaluations = [evaluate(checkpoint, rows) for checkpoint, rows in read]
    if options.json:
        console.json_list(evaluation.as_json() for evaluation in evaluations)
        return 0
    for found, (checkpoint, _rows) in zip(evaluations, read, strict=True):
        low, high = found.accuracy_interval
        auc = "–" if found.auc is None else f"{found.auc:.4f}"
        neutral = f" ({found.skipped:,} neutral or unlabelled rows left out)" if found.skipped else ""
        console.line(f"{found.model} on {found.data}: {found.rows:,} rows{neutral}")
        if checkpoints.trained_on(checkpoint.card, corpus.sha256):
            console.line("  it was trained on this very file, so these figures say nothing of other texts")
        first, second = class_counts(found.as_json())
        usual = checkpoint.labels[int(second > first)]
        small = ", a small sample" if is_small(found.rows) else ""
        console.line(f"  accuracy {found.accuracy:.4f}, 95 % interval {low:.4f} to {high:.4f}{small}")
        console.line(
            f"  {first:,} rows {checkpoint.labels[0]}, {second:,} {checkpoint.labels[1]}; always saying {usual} would "
            f"be right for {majority(found.as_json()):.4f}"
        )
        console.line(
            f"  F1 {found.f1:.4f}   AUC {auc}   log-loss {found.log_loss:.4f} nats   "
            f"calibration error {found.calibration_error:.4f}   unknown tokens {found.unknown_rate:.2%}"
        )
        console.line("  " + "   ".join(f"{name} {count:,}" for name, count in _confusion(found.confusion, checkpoint)))
        for band in found.by_length:
            end = "or more" if band.longest is None else f"to {band.longest}"
            low, high = band.accuracy_interval
            console.line(
                f"  {band.shortest} {end} tokens: {band.accuracy:.4f} ({low:.4f} to {high:.4f}), {band.rows:,} rows"
            )
    return 0


def _confusion(counts: dict[str, int], checkpoint: Model) -> Iterator[tuple[str, int]]:
    """What each count of a confusion table is called: true and false positives only where that is what they are."""
    first, second = checkpoint.labels
    own = {
        "true_negative": f"{first} read as {first}",
        "false_positive": f"{first} read as {second}",
        "false_negative": f"{second} read as {first}",
        "true_positive": f"{second} read as {second}",
    }
    for name, count in counts.items():
        yield (name.replace("_", " ") if checkpoint.reads_sentiment else own[name]), count


def permute(options: argparse.Namespace) -> int:
    """Other orders of a text's words: which of them flip the verdict, the most fluent first, and what was searched."""
    from tqdm import tqdm

    from core.fluency import trigram as fluency
    from core.probes.permutations.search import ask, scorer, search

    trigram = fluency.load().trigram
    bounds = {name: getattr(options, name) for name in ("budget", "seconds", "floor", "top")}
    bounds = {name: value for name, value in bounds.items() if value is not None}
    pinned = None if options.pin is None else [place - 1 for place in options.pin]
    models = console.named_models(options)
    questions: list[tuple[Model, Question]] = [
        (checkpoint, ask(checkpoint, trigram, text, pinned, **bounds))
        for text in options.texts
        for checkpoint in models
    ]  # all of them first: a text that cannot be searched is told of before an hour of work
    found = []
    progress: PermutationProgress | None = None
    status = 0
    try:
        for checkpoint, question in questions:
            with tqdm(desc=checkpoint.name, unit=" orders", unit_scale=True, leave=False) as bar:
                for progress in search(checkpoint.name, scorer(checkpoint, question), question):
                    bar.total = progress.total
                    bar.set_postfix_str(f"{progress.flips:,} flips", refresh=False)
                    bar.update(progress.scored - bar.n)
            assert progress is not None
            found.append(progress.result())
            progress = None
    except KeyboardInterrupt:  # what was found until now is worth its minutes
        found += [] if progress is None else [progress.result()]
        console.progress(f"interrupted: {len(found):,} of {len(questions):,} answers, the last as far as it got")
        status = 130
    if options.json:
        console.json_list(_permutations_json(result) for result in found)
        return status
    for (checkpoint, _question), result in zip(questions, found, strict=False):  # an interrupted one has fewer
        _show_permutations(result, checkpoint.labels)
    return status


def _permutations_json(result: Permutations) -> dict[str, object]:
    def order(found: Order) -> dict[str, object]:
        return {"text": found.text, "probability": found.probability, "fluency": found.fluency}

    return {
        "model": result.model,
        "text": result.text,
        "tokens": result.tokens,
        "orders": result.orders,
        "scored": result.scored,
        "complete": result.complete,
        "certificate": result.certificate,
        "original": {"probability": result.original.probability, "fluency": result.original.fluency},
        "flip_count": result.flip_count,
        "flip_count_above_floor": result.flip_count_above_floor,
        "floor": result.floor,
        "scorer": result.scorer,
        "flips": [order(found) for found in result.flips],
        "fluent": [order(found) for found in result.fluent],
        "highest": order(result.highest),
        "lowest": order(result.lowest),
        "sensitivity": result.sensitivity,
        "order_effect": result.order_effect,
        # Beyond what is usual: the way taken, the orders that the figures speak of, η² of every token's place.
        "way": result.strategy,
        "named": result.named,
        "position_effects": result.position_effects,
    }


def _show_permutations(result: Permutations, names: Names) -> None:
    def order(found: Order) -> str:
        return f"{found.probability:.4f}  {found.fluency:8.2f}  {found.text}"

    said = name_of(result.original.probability, names)
    console.line(f"{result.model}: {said}  {order(result.original)}")
    console.line(f"  {result.certificate}")
    console.line(
        f"  logit's standard deviation over {result.named}: {result.sensitivity:.3f}; the original's logit minus their "
        f"mean: {result.order_effect:+.3f}"
    )
    effect, word = max(zip(result.position_effects, result.tokens, strict=True))
    if effect:
        console.line(f"  the place of {word!r} matters most: it explains {effect:.0%} of the logit's variance")
    for name, orders in (("flips", result.flips), ("most fluent", result.fluent)):
        if orders:
            console.line(f"  {name}: {probability_of(names)}, fluency ({result.scorer}, nats), order")
        for found in orders:
            console.line(f"    {order(found)}")


def mine(options: argparse.Namespace) -> int:
    """Pairs of a file's texts, the same words in another order, on which a model's verdicts are opposite."""
    from itertools import chain

    from tqdm import tqdm

    from core.probes.permutations.mining import mine

    events = mine(
        options.file,
        console.named_checkpoints(options.model),
        options.text_column,
        layout=options.layout,
        limit=options.limit,
    )
    first = next(events)  # what is wrong from the start is told before a bar is drawn
    stage = ""
    with tqdm(unit_scale=True) as bar:
        for progress in chain([first], events):
            if progress.stage != stage:
                stage = progress.stage
                bar.reset(progress.total)
                bar.set_description(stage)
            bar.set_postfix_str(f"{len(progress.pairs):,} pairs", refresh=False)
            bar.update(progress.done - bar.n)
    console.progress(
        f"{progress.rows:,} rows ({progress.short:,} with fewer than two tokens); {progress.groups:,} groups of the "
        f"same words, {progress.orders:,} orders; {len(progress.pairs):,} pairs ({progress.left_out:,} left out)"
    )
    if options.json:
        console.json_list(asdict(pair) for pair in progress.pairs)
        return 0
    for pair in progress.pairs:
        a, b = (" ".join(text.split()) for text in (pair.a, pair.b))
        console.line(f"{pair.gap:.4f}  {pair.model}  {pair.probability_a:.4f}  {a}  |  {pair.probability_b:.4f}  {b}")
    return 0


def _texts(options: argparse.Namespace) -> list[str]:
    from core.data.corpus import read_texts

    if options.file and options.texts:
        raise ValueError("give texts or --file, not both")
    if options.file:
        return read_texts(options.file, options.text_column, layout=options.layout)
    texts = options.texts or [line.rstrip("\r\n") for line in sys.stdin]
    if not texts:
        raise ValueError("no text was given")
    return texts

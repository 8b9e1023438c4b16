"""Verbs on a model's verdicts: predict, evaluate."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from typing import TYPE_CHECKING

from core.commands import console, inputs
from core.commands.options import Verbs, label_options, models_options, text_options
from core.data.small_data import class_counts, is_small, majority
from core.data.targets import probability_of
from core.models import checkpoints

if TYPE_CHECKING:
    from core.evaluation.metrics import Evaluation
    from core.models.checkpoints import Checkpoint
    from core.models.predict import Verdict


def add_verbs(verbs: Verbs) -> None:
    """Add these verbs and their options."""
    parser = verbs.add(predict, "--rejoin", "--target", "--against")
    models_options(parser)
    parser.add_argument("--file", help="take the texts from this file's text column")
    parser.add_argument("texts", nargs="*", metavar="TEXT", help="texts; without any, lines of standard input")
    text_options(parser)
    parser.add_argument("--label-column", help=argparse.SUPPRESS)  # nothing is read from it

    label_options(verbs.add(evaluate, "--model", "--data", "--rejoin"))


def predict(options: argparse.Namespace) -> int:
    """Verdicts of one model or all on texts, from arguments, a file's column, or lines of standard input."""
    from core.models.predict import verdicts

    texts = _texts(options)
    if not options.texts and any(text.strip() for text in texts):  # a blank row of a file costs no other its answer
        for number, text in enumerate(texts, 1):
            if not text.strip():
                console.progress(f"left out: text {number:,} of {len(texts):,} is empty")
        texts = [text for text in texts if text.strip()]
    models = inputs.aimed(options, inputs.rejoined(options, inputs.named_models(options)))
    inputs.report_split_words(models, texts)
    by_model = []
    for model in models:
        with console.asking(model):
            by_model.append(verdicts(model, texts))
    results = [verdict for by_text in zip(*by_model, strict=True) for verdict in by_text]
    width = max(len(model.name) for model in models)
    return console.answer(options, results, _verdict_json, partial(_show_verdict, width=width))


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


def _verdict_json(verdict: Verdict) -> dict[str, object]:
    return {
        **console.record(verdict, "model text tokens unknown probability label prefix_probabilities"),
        **verdict.target.as_json(),
        "probabilities": dict(zip(verdict.labels, verdict.distribution, strict=True)),
    }


def _show_verdict(verdict: Verdict, width: int) -> None:
    unknown = f"   unknown: {' '.join(verdict.unknown)}" if verdict.unknown else ""
    tokens = " ".join(verdict.tokens)
    console.line(f"{verdict.model:<{width}}  {verdict.label}  {_numbers(verdict)}  {tokens}{unknown}")


def _numbers(verdict: Verdict) -> str:
    """P(target); of more than two classes P(label), the runner-up's, and P(target) if that is another."""
    if not verdict.probabilities:
        return f"{verdict.probability:.4f}"
    highest = max(verdict.distribution)
    numbers = f"{highest:.4f}, {verdict.runner_up} {highest - verdict.margin:.4f}"
    if verdict.target.as_json() != {"target": verdict.label}:
        numbers += f", {probability_of(verdict.target)} {verdict.probability:.4f}"
    return numbers


def evaluate(options: argparse.Namespace) -> int:
    """Accuracy and its interval, F1, AUC, log-loss, calibration, confusion, unknown words, accuracy by length; of more
    than two classes macro-F1, average recall, and precision and recall of each."""
    from core.evaluation.metrics import evaluate

    models = inputs.rejoined(options, inputs.named_checkpoints(options.model))
    pairs = inputs.labelled_for(options, options.data, models)
    corpus = pairs[0][1]
    inputs.report_split_words(models, corpus.texts)
    if blank := sum(not text.strip() for text in corpus.texts):
        console.progress(f"{blank:,} of {len(corpus):,} rows have no word; they count like the others")
    results = [(checkpoint, corpus.sha256, evaluate(checkpoint, rows)) for checkpoint, rows in pairs]
    return console.answer(options, results, lambda result: result[2], lambda result: _show_evaluation(*result))


def _show_evaluation(checkpoint: Checkpoint, sha256: str, result: Evaluation) -> None:
    low, high = result.accuracy_interval
    auc = "–" if result.auc is None else f"{result.auc:.4f}"
    without = "unlabelled" if "neutral" in checkpoint.labels else "neutral or unlabelled"
    neutral = f" ({result.skipped:,} {without} rows left out)" if result.skipped else ""
    console.line(f"{result.model} on {result.data}: {result.rows:,} rows{neutral}")
    if checkpoints.trained_on(checkpoint.card, sha256):
        console.line("  it was trained on this very file, so these figures say nothing about other texts")
    figures, names = result.as_json(), checkpoint.labels
    first, *others = counts = class_counts(figures)
    small = ", a small sample" if is_small(result.rows) else ""
    console.line(f"  accuracy {result.accuracy:.4f}, 95 % interval {low:.4f} to {high:.4f}{small}")
    more = "".join(f", {count:,} {name}" for count, name in zip(others, names[1:], strict=True))
    frequent = names[counts.index(max(counts))]
    console.line(
        f"  {first:,} rows {names[0]}{more}; always saying {frequent} would be right for {majority(figures):.4f}"
    )
    summary = f"macro-F1 {result.macro_f1:.4f}   average recall {result.average_recall:.4f}"
    if result.f1 is not None:
        summary = f"F1 {result.f1:.4f}   AUC {auc}"
    console.line(
        f"  {summary}   log-loss {result.log_loss:.4f} nats   "
        f"calibration error {result.calibration_error:.4f}   unknown tokens {result.unknown_rate:.2%}"
    )
    if result.f1 is None:
        console.each_class(result.classes, result.confusion["counts"])
    else:
        zero, one = names
        fields = {
            "true_negative": f"{zero} read as {zero}",
            "false_positive": f"{zero} read as {one}",
            "false_negative": f"{one} read as {zero}",
            "true_positive": f"{one} read as {one}",
        }
        if checkpoint.reads_sentiment:
            fields = {name: name.replace("_", " ") for name in fields}
        console.line("  " + "   ".join(f"{fields[name]} {count:,}" for name, count in result.confusion.items()))
    for band in result.by_length:
        end = "or more" if band.longest is None else f"to {band.longest}"
        low, high = band.accuracy_interval
        console.line(
            f"  {band.shortest} {end} tokens: {band.accuracy:.4f} ({low:.4f} to {high:.4f}), {band.rows:,} rows"
        )

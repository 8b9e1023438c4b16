"""The command line: ``python -m core <verb>``.

Every verb prints for people, or with ``--json`` one JSON list. Bad input is one line on standard error and exit status
2; progress goes to standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from core import checkpoints

if TYPE_CHECKING:
    from core.checkpoints import Checkpoint
    from core.corpus import Corpus


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.verb(options))
    except (ValueError, LookupError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has stopped reading
            return 0
        print(f"error: {_one_line(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        goes_on = options.verb in (train, study)
        print("interrupted" + "; the same command goes on from the last saved state" * goes_on, file=sys.stderr)
        return 130


def predict(options: argparse.Namespace) -> int:
    """Verdicts of one model or all on texts, from arguments, a file's column, or standard input, a text a line."""
    from core.verdicts import verdicts

    texts = _texts(options)
    if not options.texts:  # a file or a stream: one blank row must not cost the others their answer
        blank = [number for number, text in enumerate(texts, 1) if not text.strip()]
        if len(blank) < len(texts):
            for number in blank:
                _progress(f"left out: text {number:,} of {len(texts):,} is empty")
            texts = [text for text in texts if text.strip()]
    by_model = [verdicts(checkpoint, texts) for checkpoint in _checkpoints(options.model)]
    found_verdicts = [found for by_text in zip(*by_model, strict=True) for found in by_text]
    if options.json:
        _print_json(
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
        _print(f"{found.model:<{width}}  {found.label}  {found.probability:.4f}  {' '.join(found.tokens)}{unknown}")
    return 0


def evaluate(options: argparse.Namespace) -> int:
    """Accuracy and its interval, F1, AUC, log-loss, calibration, confusion, unknown words, accuracy by length."""
    from core.evaluation import evaluate

    corpus = _corpus(options, options.data)
    evaluations = [evaluate(checkpoint, corpus) for checkpoint in _checkpoints(options.model)]
    if options.json:
        _print_json(evaluation.as_json() for evaluation in evaluations)
        return 0
    for found in evaluations:
        low, high = found.accuracy_interval
        auc = "–" if found.auc is None else f"{found.auc:.4f}"
        _print(f"{found.model} on {found.data}: {found.rows:,} rows ({found.skipped:,} neutral rows left out)")
        _print(f"  accuracy {found.accuracy:.4f}, 95 % interval {low:.4f} to {high:.4f}")
        _print(
            f"  F1 {found.f1:.4f}   AUC {auc}   log-loss {found.log_loss:.4f} nats   "
            f"calibration error {found.calibration_error:.4f}   unknown tokens {found.unknown_rate:.2%}"
        )
        _print("  " + "   ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in found.confusion.items()))
        for band in found.by_length:
            end = "or more" if band.longest is None else f"to {band.longest}"
            low, high = band.accuracy_interval
            _print(f"  {band.shortest} {end} tokens: {band.accuracy:.4f} ({low:.4f} to {high:.4f}), {band.rows:,} rows")
    return 0


def train(options: argparse.Namespace) -> int:
    """Vocabulary, word2vec and classifiers from a labelled file; goes on where an interrupted run stopped."""
    import torch
    from tqdm import tqdm

    from core import recipe
    from core.embeddings import Word2VecSettings
    from core.text import Preprocessing
    from core.training import TrainingSettings

    if options.name:
        if len(options.cells) > 1:
            raise ValueError(f"--name is for a single cell; given {len(options.cells)}: {', '.join(options.cells)}")
        checkpoints.check_name(options.name)
    if options.threads is not None and options.threads < 1:
        raise ValueError(f"threads are at least 1; given: {options.threads}")
    if options.threads:
        torch.set_num_threads(options.threads)
    out = Path(options.out)
    preprocessing = Preprocessing()
    for step in options.without:
        preprocessing = preprocessing.without(step)
    corpus = _corpus(options, options.data, options.rows)
    report = _corpus(options, options.report) if options.report else None
    _progress(f"{len(corpus):,} rows of {corpus.name}, {corpus.skipped:,} neutral rows left out; tokenising")
    prepared = recipe.prepare(
        corpus,
        recipe.Recipe(
            preprocessing=preprocessing,
            min_count=options.min_count,
            held_out_rows=options.held_out if options.held_out is not None else min(20_000, len(corpus) // 10),
            seed=options.seed,
            word2vec=Word2VecSettings(
                vector_size=options.embedding_size,
                epochs=options.word2vec_epochs,
                seed=options.seed,
                workers=options.word2vec_workers,
            ),
        ),
    )
    _progress(
        f"vocabulary {len(prepared.vocabulary):,}; {len(prepared.train):,} rows to train on, "
        f"{len(prepared.held):,} held out of them"
    )
    with tqdm(total=options.word2vec_epochs, desc="word2vec", unit="epoch") as bar:
        for progress in recipe.word_vectors(prepared, out):
            bar.update(progress.epoch - bar.n)
    vectors = progress.vectors
    chosen = {field.name: getattr(options, field.name) for field in fields(TrainingSettings) if field.name != "cell"}
    for cell in options.cells:
        name = options.name or cell
        start = checkpoints.load(options.start, out) if options.start else None
        settings = TrainingSettings(cell=cell, **{key: value for key, value in chosen.items() if value is not None})
        with tqdm(desc=name, unit="step") as bar:
            for step in recipe.classifier(name, prepared, vectors, settings, out, start):
                bar.total = step.steps
                held = f" held-out {step.history[-1].accuracy:.4f}" if step.history else ""
                bar.set_postfix_str(f"loss {step.loss:.4f} {step.tokens_per_second:,.0f} tokens/s{held}", refresh=False)
                bar.update(step.step - bar.n)
        if report:
            recipe.add_metrics(name, "report", report, out)
        metrics = checkpoints.read_card(name, out)["metrics"]
        for key, found in metrics.items():
            low, high = found["accuracy_interval"]
            _print(f"{name}: accuracy {found['accuracy']:.4f} ({low:.4f} to {high:.4f}) on {found['data']} [{key}]")
    return 0


def study(options: argparse.Namespace) -> int:
    """What each choice in the recipe bought: one variant at a time against one base, with paired intervals."""
    import torch
    from tqdm import tqdm

    from core.study import study

    if options.threads:
        torch.set_num_threads(options.threads)
    out = Path(options.out)
    corpus = _corpus(options, options.data, options.rows)
    with tqdm(desc="study", unit="variant") as bar:
        for progress in study(corpus, out / ".training"):
            bar.total = progress.variants
            bar.update(progress.done - bar.n)
    found = progress.study
    beside = out / "study.json.new"
    beside.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    beside.replace(out / "study.json")
    if options.json:
        _print_json([found])
        return 0
    _print("| steps so far | distinct tokens | vocabulary | unknown tokens |\n|---|---:|---:|---:|")
    for row in found["vocabulary_by_step"]:
        _print(f"| {row['step']} | {row['distinct']:,} | {row['vocabulary']:,} | {row['unknown_rate']:.2%} |")
    _print(
        "\n| what changes | to | accuracy | difference to the base, 95 % interval | effect |\n|---|---|---:|---:|---|"
    )
    for row in found["variants"]:
        low, high = row["difference_interval"] or (0, 0)
        difference = "" if row["difference"] is None else f"{row['difference']:+.4f} ({low:+.4f} to {high:+.4f})"
        _print(f"| {row['group']} | {row['name']} | {row['accuracy']:.4f} | {difference} | {row['effect']} |")
    return 0


def train_fluency(options: argparse.Namespace) -> int:
    """The fluency model, which ranks orders of words: a trigram of tweets and other sentences, with its figures."""
    from tqdm import tqdm

    from core import fluency_recipe

    names = [options.tweets, *options.sentences]
    corpora = [fluency_recipe.read_sentences(name, options.text_column, options.encoding) for name in names]
    pairs = fluency_recipe.read_pairs(options.blimp) if options.blimp else None
    settings = fluency_recipe.FluencySettings(
        vocabulary_size=options.vocabulary_size, bytes=round(options.megabytes * 1e6), seed=options.seed
    )
    with tqdm(desc="fluency", unit="stage") as bar:
        for progress in fluency_recipe.train(corpora, pairs, settings, Path(options.out)):
            bar.total = progress.stages
            bar.set_postfix_str(progress.stage, refresh=False)
            bar.update(progress.done - bar.n)
    assert progress.model is not None
    for scorer, figures in progress.model.card["metrics"].items():
        for found in figures["orders"]:
            for row in found["by_words"]:
                _print(
                    f"{scorer}, {row['sentences']:,} sentences of {row['words']} words ({found['rows']} rows of "
                    f"{found['data']}): median rank {row['median']:g}, first {row['first']:.1%}, "
                    f"top 1 % {row['top']:.1%}"
                )
        if pairs:
            for row in figures["pairs"]["by_phenomenon"]:
                _print(f"{scorer}, {row['pairs']:,} pairs of {row['phenomenon']}: accuracy {row['accuracy']:.1%}")
            _print(f"{scorer}, all {figures['pairs']['pairs']:,} pairs: accuracy {figures['pairs']['accuracy']:.1%}")
    return 0


class _Parser(argparse.ArgumentParser):
    """argparse, with its complaint in one line like any other."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {_inert(message)}; see {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m core", description="Ask a recurrent text classifier questions.")
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    def verb(function: Any, *, json_output: bool = True) -> argparse.ArgumentParser:
        added = verbs.add_parser(
            function.__name__.replace("_", "-"), help=function.__doc__, description=function.__doc__
        )
        added.set_defaults(verb=function)
        if json_output:
            added.add_argument("--json", action="store_true", help="print one JSON list")
        return added

    def columns(added: argparse.ArgumentParser) -> None:
        added.add_argument("--text-column", metavar="C", help="column of the texts (default: text)")
        added.add_argument("--label-column", metavar="L", help="column of the labels (default: label)")
        added.add_argument("--encoding", help="of a CSV, TSV or JSONL file (default: UTF-8; Sentiment140's: latin-1)")

    added = verb(predict)
    added.add_argument("--model", default="all", help="a checkpoint's name, or all (default)")
    added.add_argument("--file", help="take the texts from this file's text column")
    added.add_argument("texts", nargs="*", metavar="TEXT", help="texts; without any, lines of standard input")
    columns(added)

    added = verb(evaluate)
    added.add_argument("--model", default="all", help="a checkpoint's name, or all (default)")
    added.add_argument("--data", required=True, metavar="FILE", help="labelled parquet, CSV, TSV or JSONL")
    columns(added)

    added = verb(train, json_output=False)
    added.add_argument("--data", required=True, metavar="FILE", help="labelled parquet, CSV, TSV or JSONL")
    added.add_argument("--report", metavar="FILE", help="labelled file for the card's report, never for any choice")
    added.add_argument("--out", default="my-checkpoints", metavar="DIR", help="default: my-checkpoints")
    added.add_argument("--cells", nargs="+", choices=["rnn", "gru", "lstm"], default=["rnn", "gru", "lstm"])
    added.add_argument("--name", help="the checkpoint's name, where a single cell is trained (default: the cell)")
    added.add_argument("--rows", type=int, metavar="N", help="use the first N rows only")
    added.add_argument("--held-out", type=int, metavar="N", help="rows for selection (default: 20,000 or a tenth)")
    added.add_argument("--min-count", type=int, default=10, help="rarer words are unknown (default: 10)")
    added.add_argument("--without", action="append", default=[], metavar="STEP", help="switch a preprocessing step off")
    added.add_argument("--embedding-size", type=int, default=128)
    added.add_argument("--word2vec-epochs", type=int, default=10)
    added.add_argument("--word2vec-workers", type=int, default=1, help="more is faster and not reproducible")
    added.add_argument("--frozen", dest="train_embeddings", action="store_false", default=None)
    added.add_argument("--start", metavar="NAME", help="go on from this checkpoint's weights")
    added.add_argument("--average", action="store_true", default=None, help="hold the rate and average the weights")
    for name in ("hidden_size", "layers", "epochs", "batch_size", "evaluations_per_epoch", "patience"):
        added.add_argument("--" + name.replace("_", "-"), type=int)
    for name in ("dropout", "word_dropout", "learning_rate", "clip"):
        added.add_argument("--" + name.replace("_", "-"), type=float)
    added.add_argument("--precision", choices=["auto", "float32", "bfloat16"])
    added.add_argument("--seed", type=int, default=0)
    added.add_argument("--threads", type=int, help="processor threads (default: torch's choice)")
    columns(added)

    added = verb(study)
    added.add_argument("--data", required=True, metavar="FILE", help="labelled parquet, CSV, TSV or JSONL")
    added.add_argument("--rows", type=int, default=300_000, metavar="N", help="the first N rows (default: 300,000)")
    added.add_argument("--out", default="my-checkpoints", metavar="DIR", help="default: my-checkpoints")
    added.add_argument("--threads", type=int, help="processor threads (default: torch's choice)")
    columns(added)

    added = verb(train_fluency, json_output=False)
    added.add_argument("--tweets", required=True, metavar="FILE", help="parquet, CSV, TSV or JSONL of texts")
    added.add_argument(
        "--sentences", nargs="+", default=[], metavar="FILE", help="more texts; the first file's are ranked in the card"
    )
    added.add_argument("--blimp", metavar="FILE", help="minimal pairs for the card, never trained on")
    added.add_argument("--out", default="my-checkpoints", metavar="DIR", help="default: my-checkpoints")
    added.add_argument("--vocabulary-size", type=int, default=30_000, metavar="N", help="words known (default: 30,000)")
    added.add_argument("--megabytes", type=float, default=8.5, help="size that it is pruned to (default: 8.5)")
    added.add_argument("--seed", type=int, default=0)
    added.add_argument("--text-column", metavar="C", help="column of the texts (default: text)")
    added.add_argument("--encoding", help="of a CSV, TSV or JSONL file (default: UTF-8; Sentiment140's: latin-1)")
    return parser


def _checkpoints(model: str) -> list[Checkpoint]:
    """The checkpoint of a name, or all of them; one that cannot be loaded is told of, and the others are used."""
    if model != "all":
        return [checkpoints.load(model)]
    loaded = []
    for name in checkpoints.names():
        try:
            loaded.append(checkpoints.load(name))
        except checkpoints.CheckpointError as error:
            print(f"left out: {_one_line(error)}", file=sys.stderr)
    if not loaded:
        raise LookupError(f"no checkpoint in {checkpoints.root()} can be used")
    return loaded


def _corpus(options: argparse.Namespace, path: str, limit: int | None = None) -> Corpus:
    from core.corpus import read_corpus

    return read_corpus(path, options.text_column, options.label_column, encoding=options.encoding, limit=limit)


def _texts(options: argparse.Namespace) -> list[str]:
    from core.corpus import read_texts

    if options.file and options.texts:
        raise ValueError("give texts or --file, not both")
    if options.file:
        return read_texts(options.file, options.text_column, encoding=options.encoding)
    texts = options.texts or [line.rstrip("\r\n") for line in sys.stdin]
    if not texts:
        raise ValueError("no text was given")
    return texts


def _print_json(rows: Any) -> None:
    print(json.dumps([row if isinstance(row, dict) else asdict(row) for row in rows]))


def _print(line: str) -> None:
    """Lines for people: control characters shown as escapes, lone surrogates too."""
    shown = _inert(line)
    print(shown.encode(sys.stdout.encoding or "utf-8", "backslashreplace").decode(sys.stdout.encoding or "utf-8"))


def _inert(lines: str) -> str:
    return "".join(
        char if char.isprintable() or char == "\n" else char.encode("unicode_escape").decode() for char in lines
    )


def _progress(line: str) -> None:
    print(_inert(line), file=sys.stderr)


def _one_line(error: BaseException) -> str:
    text = str(error.args[0] if isinstance(error, LookupError) and error.args else error)
    return _inert(" ".join(text.split()))


if __name__ == "__main__":
    sys.exit(main())

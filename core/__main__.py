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
    from tqdm import tqdm

    from core import recipe
    from core.embeddings import Word2VecSettings
    from core.text import Preprocessing
    from core.training import TrainingSettings

    # Whatever is wrong with the request is said before an hour of work.
    for option, value in (("--name", options.name), ("--start", options.start)):
        if value and len(options.cells) > 1:
            raise ValueError(f"{option} is for a single cell; given {len(options.cells)}: {', '.join(options.cells)}")
    if options.name:
        checkpoints.check_name(options.name)
    _set_threads(options)
    out = Path(options.out)
    preprocessing = Preprocessing()
    for step in options.without:
        preprocessing = preprocessing.without(step)
    chosen = {field.name: getattr(options, field.name) for field in fields(TrainingSettings) if field.name != "cell"}
    chosen = {key: value for key, value in chosen.items() if value is not None}
    runs = [TrainingSettings(cell, **chosen) for cell in options.cells]
    request = recipe.Recipe(
        preprocessing=preprocessing,
        min_count=options.min_count,
        held_out_rows=options.held_out,
        seed=options.seed,
        word2vec=Word2VecSettings(
            vector_size=options.embedding_size,
            epochs=options.word2vec_epochs,
            seed=options.seed,
            workers=options.word2vec_workers,
        ),
    )
    start = checkpoints.load(options.start, out) if options.start else None
    corpus = _sample(options)
    report = _corpus(options, options.report) if options.report else None
    _progress(f"{len(corpus):,} rows of {corpus.name}, {corpus.skipped:,} neutral rows left out; tokenising")
    prepared = recipe.prepare(corpus, request)
    _progress(
        f"vocabulary {len(prepared.vocabulary):,}; {len(prepared.train):,} rows to train on, "
        f"{len(prepared.held):,} held out of them"
    )
    with tqdm(total=options.word2vec_epochs, desc="word2vec", unit="epoch") as bar:
        for progress in recipe.word_vectors(prepared, out):
            bar.update(progress.epoch - bar.n)
    vectors = progress.vectors
    for settings in runs:
        name = options.name or settings.cell
        # The run's own estimate: tqdm's would count the steps of a run that was interrupted as done in no time.
        with tqdm(desc=name, bar_format="{l_bar}{bar}| {n_fmt}/{total_fmt} steps {postfix}") as bar:
            for step in recipe.classifier(name, prepared, vectors, settings, out, start):
                bar.total = step.steps
                held = f" held-out {step.history[-1].accuracy:.4f}" if step.history else ""
                left = tqdm.format_interval(step.seconds_left)
                shown = f"{left} left, loss {step.loss:.4f}, {step.tokens_per_second:,.0f} tokens/s{held}"
                bar.set_postfix_str(shown, refresh=False)
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
    from tqdm import tqdm

    from core.study import study

    _set_threads(options)
    out = Path(options.out)
    corpus = _sample(options)
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


def mine(options: argparse.Namespace) -> int:
    """Pairs of a file's texts, the same words in another order, on which a model's verdicts are opposite."""
    from itertools import chain

    from tqdm import tqdm

    from core.probes.mining import mine

    events = mine(
        options.file,
        _checkpoints(options.model),
        options.text_column,
        encoding=options.encoding,
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
    _progress(
        f"{progress.rows:,} rows ({progress.short:,} with fewer than two tokens); {progress.groups:,} groups of the "
        f"same words, {progress.orders:,} orders; {len(progress.pairs):,} pairs ({progress.left_out:,} left out)"
    )
    if options.json:
        _print_json(asdict(pair) for pair in progress.pairs)
        return 0
    for pair in progress.pairs:
        a, b = (" ".join(text.split()) for text in (pair.a, pair.b))
        _print(f"{pair.gap:.4f}  {pair.model}  {pair.probability_a:.4f}  {a}  |  {pair.probability_b:.4f}  {b}")
    return 0


class _Parser(argparse.ArgumentParser):
    """argparse, with its complaint in one line like any other."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {_inert(message)}; see {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m core", description="Ask a recurrent text classifier questions.")
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    def verb(function: Any, *, json_output: bool = True) -> argparse.ArgumentParser:
        added = verbs.add_parser(function.__name__, help=function.__doc__, description=function.__doc__)
        added.set_defaults(verb=function)
        if json_output:
            added.add_argument("--json", action="store_true", help="print one JSON list")
        return added

    def text_column(added: argparse.ArgumentParser) -> None:
        added.add_argument("--text-column", metavar="C", help="column of the texts (default: text)")
        added.add_argument("--encoding", help="of a CSV, TSV or JSONL file (default: UTF-8; Sentiment140's: latin-1)")

    def columns(added: argparse.ArgumentParser) -> None:
        text_column(added)
        added.add_argument("--label-column", metavar="L", help="column of the labels (default: label)")

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
    added.add_argument("--rows", type=int, metavar="N", help="draw N rows by the seed and use only these")
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
    added.add_argument(
        "--rows", type=int, default=300_000, metavar="N", help="rows drawn by the seed (default: 300,000)"
    )
    added.add_argument("--seed", type=int, default=0, help="which rows are drawn (default: 0)")
    added.add_argument("--out", default="my-checkpoints", metavar="DIR", help="default: my-checkpoints")
    added.add_argument("--threads", type=int, help="processor threads (default: torch's choice)")
    columns(added)

    added = verb(mine)
    added.add_argument("file", metavar="FILE", help="sentences in parquet, CSV, TSV or JSONL; labels are not used")
    added.add_argument("--model", default="all", help="a checkpoint's name, or all (default)")
    added.add_argument("--limit", type=int, metavar="K", help="each model's K most opposed pairs only")
    text_column(added)
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


def _corpus(options: argparse.Namespace, path: str) -> Corpus:
    from core.corpus import read_corpus

    return read_corpus(path, options.text_column, options.label_column, encoding=options.encoding)


def _sample(options: argparse.Namespace) -> Corpus:
    """The rows to train on: all of the file, or `--rows` of them drawn by the seed."""
    if options.rows is not None and options.rows < 1:
        raise ValueError(f"--rows is at least 1; given: {options.rows:,}")
    corpus = _corpus(options, options.data)
    return corpus if options.rows is None else corpus.sample(options.rows, options.seed)


def _set_threads(options: argparse.Namespace) -> None:
    import torch

    if options.threads is not None:
        if options.threads < 1:
            raise ValueError(f"--threads is at least 1; given: {options.threads}")
        torch.set_num_threads(options.threads)


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

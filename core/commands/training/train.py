"""Verbs that make something: train, study, train-fluency."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.commands import console
from core.commands.verbs import Add
from core.data.labels import Names
from core.data.small_data import SMALL, class_counts, is_small, majority, recalls
from core.models import checkpoints
from core.runtime import files
from core.text.preprocessing import USUAL

if TYPE_CHECKING:
    from core.data.corpus import Corpus
    from core.training.recipe import Prepared

CELLS = ("rnn", "gru", "lstm")
_FEWER = {
    "epochs": "default: 4; 10 below 50,000 rows",
    "batch_size": "default: 1,024; below 50,000 rows a 40th of them or so",
    "evaluations_per_epoch": "default: 4; 1 below 50,000 rows",
}


def add_verbs(add: Add) -> None:
    """Add these verbs and their options."""
    added = add(train, json_output=False)
    added.add_argument("--data", required=True, metavar="FILE", help="labelled file, in a form of docs/files.md")
    added.add_argument("--report", metavar="FILE", help="labelled file for the card's report, never for any choice")
    added.add_argument(
        "--out",
        default="my-checkpoints",
        metavar="DIR",
        help="checkpoints/NAME, directly in the folder of checkpoints that pages and commands read, makes one "
        "checkpoint of that name, which they offer at once (an LSTM unless --cells names others; several become "
        "NAME-rnn, NAME-gru, NAME-lstm); any other DIR is a folder to write checkpoints to, named after their cells or "
        "--name, with the word vectors beside them (default: my-checkpoints)",
    )
    added.add_argument("--cells", nargs="+", choices=CELLS, help="default: all three, one for checkpoints/NAME")
    added.add_argument("--name", help="a single checkpoint's name in DIR (default: its cell)")
    added.add_argument("--rows", type=int, metavar="N", help="draw N rows by the seed and use only these")
    added.add_argument("--held-out", type=int, metavar="N", help="rows for selection (default: 20,000 or a tenth)")
    added.add_argument("--min-count", type=int, help="rarer words are unknown (default: 10; 2 below 50,000 rows)")
    added.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="STEP",
        help=f"switch a preprocessing step off; on are: {', '.join(USUAL)}",
    )
    added.add_argument("--embedding-size", type=int, default=128)
    added.add_argument("--word2vec-epochs", type=int, default=10)
    added.add_argument("--word2vec-workers", type=int, default=1, help="more is faster and not reproducible")
    added.add_argument("--frozen", dest="train_embeddings", action="store_false", default=None)
    added.add_argument("--start", metavar="NAME", help="go on from this checkpoint's weights")
    added.add_argument("--average", action="store_true", default=None, help="hold the rate and average the weights")
    for name in ("hidden_size", "layers", "epochs", "batch_size", "evaluations_per_epoch", "patience"):
        added.add_argument("--" + name.replace("_", "-"), type=int, help=_FEWER.get(name))
    for name in ("dropout", "word_dropout", "learning_rate", "clip"):
        added.add_argument("--" + name.replace("_", "-"), type=float)
    added.add_argument(
        "--balance",
        choices=["auto", "on", "off"],
        default="auto",
        help="let rows of both classes weigh the same in training, however rare one is; auto (default): where one is "
        "more than twice as frequent as the other. Else a model of rare spam learns to say ham of everything. The "
        "price: probabilities are those of a world in which both are as frequent (the card says so)",
    )
    added.add_argument("--precision", choices=["auto", "float32", "bfloat16"])
    added.add_argument("--seed", type=int, default=0)
    added.add_argument("--threads", type=int, help="processor threads (default: torch's choice)")
    console.label_options(added)

    added = add(study)
    added.add_argument("--data", required=True, metavar="FILE", help="labelled file, in a form of docs/files.md")
    added.add_argument(
        "--rows", type=int, default=300_000, metavar="N", help="rows drawn by the seed (default: 300,000)"
    )
    added.add_argument("--seed", type=int, default=0, help="which rows are drawn (default: 0)")
    added.add_argument("--out", default="my-checkpoints", metavar="DIR", help="default: my-checkpoints")
    added.add_argument("--threads", type=int, help="processor threads (default: torch's choice)")
    console.label_options(added)

    added = add(train_fluency, json_output=False)
    added.add_argument("--tweets", required=True, metavar="FILE", help="texts, in a form of docs/files.md")
    added.add_argument(
        "--sentences", nargs="+", default=[], metavar="FILE", help="more texts; the first file's are ranked in the card"
    )
    added.add_argument("--blimp", metavar="FILE", help="minimal pairs for the card, never trained on")
    added.add_argument("--out", default="my-checkpoints", metavar="DIR", help="default: my-checkpoints")
    added.add_argument("--vocabulary-size", type=int, default=30_000, metavar="N", help="words known (default: 30,000)")
    added.add_argument("--megabytes", type=float, default=8.5, help="size that it is pruned to (default: 8.5)")
    added.add_argument(
        "--recurrent-epochs",
        type=int,
        default=1,
        metavar="N",
        help="of the recurrent model; 0 leaves it out (default: 1)",
    )
    added.add_argument("--threads", type=int, help="processor threads (default: torch's choice)")
    added.add_argument("--seed", type=int, default=0)
    console.text_options(added)


def train(options: argparse.Namespace) -> int:
    """Vocabulary, word2vec and classifiers from a labelled file; goes on where an interrupted run stopped."""
    from core.training import distributed

    with distributed.joined():
        return _train(options)


def _train(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from core.text.preprocessing import Preprocessing
    from core.training import distributed, recipe
    from core.training.loop import TrainingSettings
    from core.training.word2vec import Word2VecSettings

    # Whatever is wrong with the request is said before an hour of work.
    place = _place(options)
    if options.start and len(place.names) > 1:
        raise ValueError(f"--start is for a single cell; given {len(place.names)}: {', '.join(place.names)}")
    _set_threads(options)
    out = place.out
    preprocessing = Preprocessing()
    for step in options.without:
        preprocessing = preprocessing.without(step)
    chosen = {field.name: getattr(options, field.name) for field in fields(TrainingSettings) if field.name != "cell"}
    chosen = {key: value for key, value in chosen.items() if value is not None}
    chosen.pop("balance")
    for cell in place.names:
        TrainingSettings(cell, **chosen)
    request = recipe.Recipe(
        preprocessing=preprocessing,
        min_count=10 if options.min_count is None else options.min_count,
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
    place.check(corpus)
    usual = recipe.for_rows(len(corpus))
    min_count = usual.pop("min_count")
    if options.min_count is None:
        request = replace(request, min_count=min_count)
    report = console.labelled(options, options.report, corpus.labelling) if options.report else None
    _tell_of_rows(corpus)
    prepared = recipe.prepare(corpus, request)
    balance = recipe.is_uneven(prepared) if options.balance == "auto" else options.balance == "on"
    runs = {cell: TrainingSettings(cell, **{**usual, **chosen}, balance=balance) for cell in place.names}
    for settings in runs.values():
        recipe.check_start(start, prepared, settings)
    _tell_of_split(prepared, balance)
    with distributed.in_turn(), tqdm(total=options.word2vec_epochs, desc="word2vec", unit="epoch") as bar:
        for progress in recipe.word_vectors(prepared, place.vectors):
            bar.update(progress.epoch - bar.n)
    vectors = progress.vectors
    for cell, settings in runs.items():
        name = place.names[cell]
        # The run's own estimate: tqdm's would count the steps of a run that was interrupted as done in no time.
        with tqdm(desc=name, bar_format="{l_bar}{bar}| {n_fmt}/{total_fmt} steps {postfix}") as bar:
            for step in recipe.classifier(name, prepared, vectors, settings, out, start):
                bar.total = step.steps
                last = step.history[-1] if step.history else None
                held = f" held-out {last.accuracy:.4f}, log-loss {last.log_loss:.4f}" if last else ""
                left = tqdm.format_interval(step.seconds_left)
                shown = f"{left} left, loss {step.loss:.4f}, {step.tokens_per_second:,.0f} tokens/s{held}"
                bar.set_postfix_str(shown, refresh=False)
                bar.update(step.step - bar.n)
        if not distributed.first():
            continue
        _tell_of_calibration(name, checkpoints.read_card(name, out))
        if report:
            recipe.add_metrics(name, "report", report, out)
        metrics = checkpoints.read_card(name, out)["metrics"]
        for key, found in metrics.items():
            console.line(f"{name}: {_figures(found, prepared.corpus.labelling.names)} on {found['data']} [{key}]")
        console.progress(f"{name} {place.told}")
    return 0


def study(options: argparse.Namespace) -> int:
    """What each choice in the recipe bought: one variant at a time against one base, with paired intervals."""
    from tqdm import tqdm

    from core.training.ablations import study

    _set_threads(options)
    out = _folder(options)
    corpus = _sample(options)
    with tqdm(desc="study", unit="variant") as bar:
        for progress in study(corpus, out / ".training"):
            bar.total = progress.variants
            bar.update(progress.done - bar.n)
    found = progress.study
    out.mkdir(parents=True, exist_ok=True)
    files.write(out / "study.json", (json.dumps(found, indent=1) + "\n").encode())
    if options.json:
        console.json_list([found])
        return 0
    console.line("| steps so far | distinct tokens | vocabulary | unknown tokens |\n|---|---:|---:|---:|")
    for row in found["vocabulary_by_step"]:
        console.line(f"| {row['step']} | {row['distinct']:,} | {row['vocabulary']:,} | {row['unknown_rate']:.2%} |")
    console.line(
        "\n| what changes | to | accuracy | difference to the base, 95 % interval | effect |\n|---|---|---:|---:|---|"
    )
    for row in found["variants"]:
        low, high = row["difference_interval"] or (0, 0)
        difference = "" if row["difference"] is None else f"{row['difference']:+.4f} ({low:+.4f} to {high:+.4f})"
        console.line(f"| {row['group']} | {row['name']} | {row['accuracy']:.4f} | {difference} | {row['effect']} |")
    return 0


def train_fluency(options: argparse.Namespace) -> int:
    """The fluency model, which ranks orders of words: a trigram of tweets and other sentences, with its figures."""
    from tqdm import tqdm

    from core.fluency import data as fluency_data
    from core.fluency import recipe as fluency_recipe
    from core.fluency.recurrent_lm import LanguageModelSettings

    out = _folder(options)
    names = [options.tweets, *options.sentences]
    corpora = [fluency_data.read_sentences(name, options.text_column, options.layout) for name in names]
    pairs = fluency_data.read_pairs(options.blimp) if options.blimp else None
    settings = fluency_recipe.FluencySettings(
        vocabulary_size=options.vocabulary_size,
        bytes=round(options.megabytes * 1e6),
        seed=options.seed,
        recurrent=LanguageModelSettings(epochs=options.recurrent_epochs, seed=options.seed)
        if options.recurrent_epochs
        else None,
    )
    _set_threads(options)
    with tqdm(desc="fluency", unit="stage") as bar:
        for progress in fluency_recipe.train(corpora, pairs, settings, out):
            bar.total = progress.stages
            bar.set_postfix_str(progress.stage, refresh=False)
            bar.update(progress.done - bar.n)
    assert progress.model is not None
    for scorer, figures in progress.model.card["metrics"].items():
        for found in figures["orders"]:
            for row in found["by_words"]:
                console.line(
                    f"{scorer}, {row['sentences']:,} sentences of {row['words']} words ({found['rows']} rows of "
                    f"{found['data']}): median rank {row['median']:g}, first {row['first']:.1%}, "
                    f"top 1 % {row['top']:.1%}"
                )
        if pairs:
            for row in figures["pairs"]["by_phenomenon"]:
                console.line(f"{scorer}, {row['pairs']:,} pairs of {row['phenomenon']}: accuracy {row['accuracy']:.1%}")
            console.line(
                f"{scorer}, all {figures['pairs']['pairs']:,} pairs: accuracy {figures['pairs']['accuracy']:.1%}"
            )
    return 0


def _folder(options: argparse.Namespace) -> Path:
    """The folder to write to, not made yet. Raises OSError where that will not be possible."""
    out = Path(options.out)
    there = next(folder for folder in (out, *out.parents) if folder.exists())
    with tempfile.TemporaryFile(dir=there):
        return out


@dataclass(frozen=True)
class _Place:
    """Where `train` writes: the checkpoint of each cell as ``out/<name>``, the word vectors below `vectors`."""

    out: Path
    vectors: Path
    names: dict[str, str]  # by cell
    told: str
    single: bool

    def check(self, corpus: Corpus) -> None:
        """Refuse to replace, among the checkpoints that pages offer, one of another file. Raises ValueError."""
        for name in self.names.values() if self.single else ():
            if (self.out / name).is_symlink() or (self.out / name).exists():
                data = checkpoints.read_card(name, self.out).get("data", {})
                if data.get("sha256") != corpus.sha256:
                    raise ValueError(
                        f"checkpoint {name!r} exists and was trained on {data.get('file', 'something else')}, not on "
                        f"{corpus.name} as it is now; take another name, or remove {self.out / name} first"
                    )


def _place(options: argparse.Namespace) -> _Place:
    """What --out, --name and --cells ask for. Raises ValueError where they cannot be had, OSError as `_folder`."""
    out = Path(options.out)
    root = checkpoints.root()
    if Path(os.path.abspath(out)).parent.resolve() != root.resolve():  # noqa: PTH100, resolve would follow a link
        cells = options.cells or list(CELLS)
        if options.name and len(cells) > 1:
            raise ValueError(f"--name is for a single cell; given {len(cells)}: {', '.join(cells)}")
        names = {cell: options.name or cell for cell in cells}
        if options.name:
            checkpoints.check_name(options.name)
        shown = out.resolve() == root.resolve()
        told = f"is saved in {out / names[cells[0]] if len(cells) == 1 else out}" + (
            "" if shown else f"; pages and commands read {root}, or the folder that UNROLLED_CHECKPOINTS names"
        )
        return _Place(_folder(options), out, names, told, single=False)
    if options.name:
        raise ValueError(f"--out {out} names the checkpoint already: {out.name}; leave --name {options.name} out")
    cells = options.cells or ["lstm"]
    names = {cell: out.name if len(cells) == 1 else f"{out.name}-{cell}" for cell in cells}
    for name in names.values():
        checkpoints.check_name(name)
    _folder(options)
    return _Place(root, root / ".training" / out.name, names, "is saved; every page offers it now", single=True)


def _tell_of_rows(corpus: Corpus) -> None:
    """What was read: how many rows, of which classes."""
    second = int((corpus.labels == 1).sum())
    first = len(corpus) - second
    names = corpus.labelling.names
    neutral = f", {corpus.skipped:,} neutral or unlabelled rows left out" if corpus.skipped else ""
    console.progress(
        f"{len(corpus):,} rows of {corpus.name}: {first:,} {names[0]}, {second:,} {names[1]}{neutral}; tokenising"
    )


def _tell_of_split(prepared: Prepared, balance: bool) -> None:
    """What is trained and judged on, and what to think of so many rows."""
    from core.data.corpus import contradictory

    labels, second = prepared.corpus.labels, prepared.corpus.labelling.names[1]
    console.progress(
        f"vocabulary {len(prepared.vocabulary):,}; {len(prepared.train):,} rows to train on, "
        f"{len(prepared.held):,} held out: {(labels[prepared.held] == 1).mean():.1%} {second}, in the file "
        f"{(labels == 1).mean():.1%}"
    )
    if alike := contradictory(prepared.sentences, labels):
        console.progress(
            f"{alike:,} rows read the same as one of the other class (rare words are one unknown word): no model can "
            "be right about all of them"
        )
    if balance:
        console.progress("both classes weigh the same in training (--balance): probabilities are those of even classes")
    if is_small(len(prepared.held)):
        console.progress(
            f"small data: {len(prepared.held):,} rows are held out; below {SMALL} an accuracy may be off by 5 "
            "percentage points or more, so two such models can hardly be told apart"
        )


def _tell_of_calibration(name: str, card: checkpoints.Card) -> None:
    """How the weights were chosen and what the temperature rests on, as the card keeps it."""
    found = card["calibration"]
    console.progress(
        f"{name}: weights chosen by held-out {found['weights_chosen_by']}; temperature {found['temperature']:.2f}, "
        f"learnt from {found['errors']:,} errors in {found['rows']:,} held-out rows"
    )


def _figures(found: dict[str, Any], names: Names) -> str:
    """Accuracy with its interval, and beside it what always giving the more frequent class would score."""
    low, high = found["accuracy_interval"]
    first, second = class_counts(found)
    shares = " and ".join(
        f"{share:.1%} of {name}" for share, name in zip(recalls(found), names, strict=True) if share is not None
    )
    small = ", a small sample" if is_small(found["rows"]) else ""
    return (
        f"accuracy {found['accuracy']:.4f} ({low:.4f} to {high:.4f}{small}); always saying "
        f"{names[int(second > first)]} {majority(found):.4f}; right for {shares};"
    )


def _sample(options: argparse.Namespace) -> Corpus:
    """The rows to train on: all of the file, or `--rows` of them drawn by the seed."""
    if options.rows is not None and options.rows < 1:
        raise ValueError(f"--rows is at least 1; given: {options.rows:,}")
    corpus = console.labelled(options, options.data)
    return corpus if options.rows is None else corpus.sample(options.rows, options.seed)


def _set_threads(options: argparse.Namespace) -> None:
    import torch

    if options.threads is not None:
        if options.threads < 1:
            raise ValueError(f"--threads is at least 1; given: {options.threads}")
        torch.set_num_threads(options.threads)

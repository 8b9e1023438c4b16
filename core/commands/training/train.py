"""The verb that trains classifiers: train."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.commands import console, inputs
from core.commands.options import Verbs, at_least, label_options
from core.commands.training.common import set_threads, training_rows, writable_folder
from core.data.labels import Names
from core.data.small_data import SMALL, class_counts, is_small, majority, recalls
from core.models import checkpoints
from core.text.preprocessing import USUAL

if TYPE_CHECKING:
    from core.data.corpus import Corpus
    from core.training.loop import TrainingProgress
    from core.training.recipe import Prepared

CELLS = ("rnn", "gru", "lstm")
_FEWER = {
    "epochs": "default: 4; 10 below 50,000 rows",
    "batch_size": "default: 1,024; below 50,000 rows a 40th of them or so",
    "evaluations_per_epoch": "default: 4; 1 below 50,000 rows",
}


def add_verbs(verbs: Verbs) -> None:
    """Add the verb and its options."""
    parser = verbs.add(train, "--data", "--seed", "--threads", json_output=False)
    parser.add_argument("--report", metavar="FILE", help="labelled file for the card's report, never for any choice")
    parser.add_argument(
        "--out",
        default="my-checkpoints",
        metavar="DIR",
        help="checkpoints/NAME makes one checkpoint of that name, which pages and commands offer at once (an LSTM "
        "unless --cells names others; several become NAME-rnn, NAME-gru, NAME-lstm); any other DIR is a folder for "
        "checkpoints named after their cells or --name, with the word vectors beside them (default: my-checkpoints)",
    )
    parser.add_argument("--cells", nargs="+", choices=CELLS, help="default: all three, one for checkpoints/NAME")
    parser.add_argument("--name", help="a single checkpoint's name in DIR (default: its cell)")
    parser.add_argument("--rows", type=at_least(1), metavar="N", help="draw N rows by the seed and use only these")
    parser.add_argument("--held-out", type=int, metavar="N", help="rows for selection (default: 20,000 or a tenth)")
    parser.add_argument("--min-count", type=int, help="rarer words are unknown (default: 10; 2 below 50,000 rows)")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="STEP",
        help=f"switch a preprocessing step off; on are: {', '.join(USUAL)}",
    )
    parser.add_argument("--embedding-size", type=int, default=128)
    parser.add_argument("--word2vec-epochs", type=int, default=10)
    parser.add_argument("--word2vec-workers", type=int, default=1, help="more is faster and not reproducible")
    parser.add_argument("--frozen", dest="train_embeddings", action="store_false", default=None)
    parser.add_argument(
        "--start",
        metavar="NAME",
        help="go on from the weights of this checkpoint, by its name in DIR or its folder; one of another file lends "
        "its vocabulary, preprocessing and weights, to other classes all weights but the read-out's",
    )
    parser.add_argument(
        "--words",
        type=at_least(1),
        metavar="N",
        help="keep N words of --start: those seen --min-count times in the file, then its most frequent (default: all)",
    )
    parser.add_argument("--average", action="store_true", default=None, help="hold the rate and average the weights")
    for name in ("hidden_size", "layers", "epochs", "batch_size", "evaluations_per_epoch", "patience"):
        parser.add_argument("--" + name.replace("_", "-"), type=int, help=_FEWER.get(name))
    for name in ("dropout", "word_dropout", "learning_rate", "clip"):
        parser.add_argument("--" + name.replace("_", "-"), type=float)
    parser.add_argument(
        "--balance",
        choices=["auto", "on", "off"],
        default="auto",
        help="weigh all classes the same in training; auto (default): where one is more than twice as frequent as "
        "another. Without it a model of rare spam predicts ham for everything; with it probabilities assume balanced "
        "classes",
    )
    parser.add_argument(
        "--robust",
        choices=["augment", "interval"],
        help="with --start, against words replaced by WordNet's (as `certify` has them): replaced at random in "
        "training, or by a loss on the worst case within intervals",
    )
    parser.add_argument("--precision", choices=["auto", "float32", "bfloat16"])
    label_options(parser)


def train(options: argparse.Namespace) -> int:
    """Vocabulary, word2vec and classifiers from a labelled file; goes on where an interrupted run stopped."""
    from core.training import distributed

    with distributed.joined():
        return _train(options)


def _train(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from core.probes.robustness.word_lists import table
    from core.text.preprocessing import Preprocessing
    from core.training import distributed, recipe
    from core.training.loop import TrainingSettings
    from core.training.word2vec import Word2VecSettings

    # An invalid request is refused before an hour of work.
    target = _target(options)
    if options.start and len(target.names) > 1:
        raise ValueError(f"--start is for a single cell; given {len(target.names)}: {', '.join(target.names)}")
    if options.robust and (not options.start or options.words):
        raise ValueError("--robust needs --start, whose words are replaced, and not --words")
    set_threads(options)
    out = target.out
    preprocessing = Preprocessing()
    for step in options.without:
        preprocessing = preprocessing.without(step)
    chosen = {field.name: getattr(options, field.name) for field in fields(TrainingSettings) if field.name != "cell"}
    chosen = {key: value for key, value in chosen.items() if value is not None}
    chosen.pop("balance")
    for cell in target.names:
        TrainingSettings(cell, **chosen)
    request = recipe.Recipe(
        preprocessing=preprocessing,
        min_count=10 if options.min_count is None else options.min_count,
        held_out_rows=options.held_out,
        seed=options.seed,
        words=options.words,
        word2vec=Word2VecSettings(
            vector_size=options.embedding_size,
            epochs=options.word2vec_epochs,
            seed=options.seed,
            workers=options.word2vec_workers,
        ),
    )
    start = _started_from(options.start, out) if options.start else None
    corpus = training_rows(options)
    target.check(corpus)
    usual = recipe.for_rows(len(corpus))
    min_count = usual.pop("min_count")
    if options.min_count is None:
        request = replace(request, min_count=min_count)
    report = inputs.labelled(options, options.report, corpus.labelling) if options.report else None
    _report_rows(corpus)
    prepared = recipe.prepare(corpus, request, start)
    balance = recipe.is_uneven(prepared) if options.balance == "auto" else options.balance == "on"
    runs = {cell: TrainingSettings(cell, **{**usual, **chosen}, balance=balance) for cell in target.names}
    for settings in runs.values():
        recipe.check_start(start, prepared, settings)
    report_split(prepared, balance)
    with distributed.in_turn(), tqdm(total=options.word2vec_epochs, desc="word2vec", unit="epoch") as bar:
        for epoch, so_far in recipe.word_vectors(prepared, target.vectors):
            vectors = so_far
            bar.update(epoch - bar.n)
    substitutes = table(start) if options.robust and start else None
    for cell, settings in runs.items():
        name = target.names[cell]
        follow(name, recipe.classifier(name, prepared, vectors, settings, out, start, substitutes))
        if not distributed.first():
            continue
        calibration = checkpoints.read_card(name, out)["calibration"]
        console.progress(
            f"{name}: weights chosen by held-out {calibration['weights_chosen_by']}; temperature "
            f"{calibration['temperature']:.2f}, learnt from {calibration['errors']:,} errors in "
            f"{calibration['rows']:,} held-out rows"
        )
        if report:
            recipe.add_metrics(name, "report", report, out)
        report_metrics(name, prepared, out)
        console.progress(f"{name} {target.outcome}")
    return 0


@dataclass(frozen=True)
class _Target:
    """Where `train` writes: the checkpoint of each cell as ``out/<name>``, the word vectors below `vectors`."""

    out: Path
    vectors: Path
    names: dict[str, str]  # by cell
    outcome: str
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


def _target(options: argparse.Namespace) -> _Target:
    """What --out, --name and --cells ask for. Raises ValueError, and OSError as `writable_folder`."""
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
        outcome = f"is saved in {out / names[cells[0]] if len(cells) == 1 else out}" + (
            "" if shown else f"; pages and commands read {root}, or the folder that UNROLLED_CHECKPOINTS names"
        )
        return _Target(writable_folder(options.out), out, names, outcome, single=False)
    if options.name:
        raise ValueError(f"--out {out} names the checkpoint already: {out.name}; leave --name {options.name} out")
    cells = options.cells or ["lstm"]
    names = {cell: out.name if len(cells) == 1 else f"{out.name}-{cell}" for cell in cells}
    for name in names.values():
        checkpoints.check_name(name)
    writable_folder(options.out)
    return _Target(root, root / ".training" / out.name, names, "is saved; every page offers it now", single=True)


def follow(name: str, events: Iterable[TrainingProgress]) -> None:
    """A bar for a run, to its end."""
    from tqdm import tqdm

    # The run's own estimate: tqdm's would count the steps of a run that was interrupted as done in no time.
    with tqdm(desc=name, bar_format="{l_bar}{bar}| {n_fmt}/{total_fmt} steps {postfix}") as bar:
        for step in events:
            bar.total = step.steps
            last = step.history[-1] if step.history else None
            held = f" held-out {last.accuracy:.4f}, log-loss {last.log_loss:.4f}" if last else ""
            left = tqdm.format_interval(step.seconds_left)
            shown = f"{left} left, loss {step.loss:.4f}, {step.tokens_per_second:,.0f} tokens/s{held}"
            bar.set_postfix_str(shown, refresh=False)
            bar.update(step.step - bar.n)


def report_metrics(name: str, prepared: Prepared, out: Path) -> None:
    """A line for each evaluation in a checkpoint's card."""
    for key, figures in checkpoints.read_card(name, out)["metrics"].items():
        console.line(f"{name}: {_figures(figures, prepared.names)} on {figures['data']} [{key}]")


def _started_from(named: str, out: Path) -> checkpoints.Checkpoint:
    """The checkpoint of a name in the folder to write to, or of a folder of its own. Raises as `checkpoints.load`."""
    name, folder = checkpoints.located(named)
    return checkpoints.load(name, folder or out)


def _report_rows(corpus: Corpus) -> None:
    """What was read: how many rows, of which classes."""
    names = corpus.labelling.names
    counts = [f"{(corpus.labels == number).sum():,} {name}" for number, name in enumerate(names)]
    without = "unlabelled" if "neutral" in names else "neutral or unlabelled"
    neutral = f", {corpus.skipped:,} {without} rows left out" if corpus.skipped else ""
    console.progress(f"{len(corpus):,} rows of {corpus.name}: {', '.join(counts)}{neutral}; tokenising")


def report_split(prepared: Prepared, balance: bool) -> None:
    """What is trained and judged on, and what to think of so many rows."""
    from core.data.corpus import contradictory

    labels = prepared.corpus.labels
    shares = [
        f"{(labels[prepared.held] == number).mean():.1%} {name}, in the file {(labels == number).mean():.1%}"
        for number, name in list(enumerate(prepared.names))[1:]
    ]
    lent = f" of {prepared.lender.name}" if prepared.lender else ""
    console.progress(
        f"vocabulary {len(prepared.vocabulary):,}{lent}; {len(prepared.train):,} rows to train on, "
        f"{len(prepared.held):,} held out: {'; '.join(shares)}"
    )
    if alike := contradictory(prepared.sentences, labels):
        console.progress(
            f"{alike:,} rows read the same as one of another class (rare words are one unknown word): no model can "
            "be right about all of them"
        )
    if balance:
        console.progress("all classes weigh the same in training (--balance): probabilities are those of even classes")
    if is_small(len(prepared.held)):
        console.progress(
            f"small data: {len(prepared.held):,} rows are held out; below {SMALL} an accuracy may be off by 5 "
            "percentage points or more, so two such models are hard to tell apart"
        )


def _figures(figures: dict[str, Any], names: Names) -> str:
    """Accuracy with its interval, and beside it what always giving the more frequent class would score."""
    low, high = figures["accuracy_interval"]
    counts = class_counts(figures)
    found = [f"{share:.1%} of {name}" for share, name in zip(recalls(figures), names, strict=True) if share is not None]
    shares = f"{', '.join(found[:-1])} and {found[-1]}" if found[1:] else found[0]
    small = ", a small sample" if is_small(figures["rows"]) else ""
    return (
        f"accuracy {figures['accuracy']:.4f} ({low:.4f} to {high:.4f}{small}); always saying "
        f"{names[counts.index(max(counts))]} {majority(figures):.4f}; right for {shares};"
    )

"""What verbs read and write: named checkpoints, files of sentences, a JSON list, lines that cannot harm a terminal."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from core import black_box, checkpoints
from core.labels import SENTIMENT, Names, probability_of
from core.layout import ANY, ESCAPED, NAMED, OFF, ON, delimiter_of, telling
from core.tables import is_sentiment140

if TYPE_CHECKING:
    from core.black_box import Model
    from core.checkpoints import Checkpoint
    from core.corpus import Corpus
    from core.labels import Labelling

_PEEKED = 1_000  # rows
AnyModel = TypeVar("AnyModel", bound="Model")


def model_option(parser: argparse.ArgumentParser) -> None:
    """``--model``."""
    parser.add_argument("--model", default="all", help="a checkpoint's name, or all (default)")


def models_options(parser: argparse.ArgumentParser) -> None:
    """``--model`` and ``--predictor``: for verbs that need no more than a model's answers."""
    parser.add_argument(
        "--model", help="a checkpoint's name, or all (default, but with --predictor none unless asked for)"
    )
    parser.add_argument(
        black_box.OPTION,
        metavar="PACKAGE.MODULE:CALLABLE",
        help="a model of your own: any callable from a list of texts to their probabilities of class 1",
    )


def text_options(parser: argparse.ArgumentParser) -> None:
    """How to read a file of sentences."""
    parser.add_argument("--text-column", metavar="C", help="column of the texts (default: text)")
    layout_options(parser)


def layout_options(parser: argparse.ArgumentParser) -> None:
    """How a file of text is laid out, where that is not to be found by looking: together one `Layout`."""
    added = parser.add_argument_group("layout of a file of text (default: found by looking, and told)")
    added.add_argument("--encoding", action=_LayoutAction, help="its encoding, as utf-8, cp1252, utf-16")
    added.add_argument(
        "--delimiter",
        action=_LayoutAction,
        metavar="D",
        help=f"its characters, or one of {', '.join(NAMED)} (one text per line)",
    )
    added.add_argument(
        "--quoting",
        action=_LayoutAction,
        choices=(ON, OFF, ESCAPED),
        help='whether "…" encloses a cell: on (a mark inside is doubled), off, escaped (a mark inside is \\")',
    )
    for name, kind in (("header", "names the columns"), ("no-header", "is data; columns are then numbered from 1")):
        added.add_argument(f"--{name}", action=_LayoutAction, nargs=0, help=f"the first row {kind}")
    added.add_argument(
        "--mend", action=_LayoutAction, nargs=0, help="put right UTF-8 that was read as cp1252 (donâ€™t)"
    )
    added.add_argument("--join", action=_LayoutAction, nargs=0, help="cells behind the last named column belong to it")


class _LayoutAction(argparse.Action):
    """Puts an option into the request for a layout, `options.layout`, which is None where nothing is asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str, **more: Any):
        self._field = dest
        super().__init__(option_strings, "layout", **more)

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, value: Any, *_given: Any
    ) -> None:
        given: object = value if self.nargs is None else not self._field.startswith("no_")
        if self._field == "delimiter":
            try:
                given = delimiter_of(value)
            except ValueError as error:
                raise argparse.ArgumentError(self, str(error)) from None
        asked: Any = {self._field.removeprefix("no_"): given}
        namespace.layout = replace(namespace.layout or ANY, **asked)


def label_options(parser: argparse.ArgumentParser) -> None:
    """How to read a file of labelled sentences."""
    text_options(parser)
    parser.add_argument("--label-column", metavar="L", help="column of the labels (default: label)")


def named_checkpoints(model: str) -> list[Checkpoint]:
    """The checkpoint of a name, or all of them; one that cannot be loaded is told of, and the others are used."""
    if model != "all":
        return [checkpoints.load(model)]
    loaded = []
    for fault in checkpoints.candidates()[1]:
        print(f"left out: {inert(fault)}", file=sys.stderr)
    for name in checkpoints.names():
        try:
            loaded.append(checkpoints.load(name))
        except checkpoints.CheckpointError as error:
            print(f"left out: {one_line(error)}", file=sys.stderr)
    if not loaded:
        raise LookupError(f"no checkpoint in {checkpoints.root()} can be used")
    return loaded


def named_models(options: argparse.Namespace) -> list[Model]:
    """The callable that was named, then the checkpoints; all of these where nothing was named."""
    if options.predictor is None:
        return [*named_checkpoints("all" if options.model is None else options.model)]
    asked: list[Model] = [black_box.load(options.predictor, checkpoints.names())]
    return asked if options.model is None else [*asked, *named_checkpoints(options.model)]


def sentiment_only(models: Sequence[AnyModel], why: str) -> list[AnyModel]:
    """Those of some models that tell negative from positive; others are told of, with why they are left out.

    Raises ValueError where none is left.
    """
    found = [model for model in models if model.reads_sentiment]
    left_out = [
        f"{model.name} tells {model.labels[0]} from {model.labels[1]}: {why}"
        for model in models
        if not model.reads_sentiment
    ]
    if not found and left_out:
        raise ValueError(left_out[0])
    for told in left_out:
        progress(f"left out: {told}")
    return found


def labelled_by(
    models: Sequence[AnyModel],
    options: argparse.Namespace,
    path: Path,
    *,
    second: Sequence[str] = (),
    first: Sequence[str] = (),
) -> list[AnyModel]:
    """The models whose classes a file labels, as far as its first rows show; others are told of and left out.

    `second` and `first` are words for the classes beside those that the models know. All of one kind are kept, whatever
    the file has. Raises what `core.records.windows` does.
    """
    kinds = list(dict.fromkeys(model.labels for model in models))
    if len(kinds) == 1:
        return list(models)
    from core.probes.files.readings import Readings, common, spelt
    from core.records import windows

    column = options.label_column or "label"
    with closing(windows(path, _PEEKED, options.layout)) as table:
        window = next(iter(table), None)
    values = window.column(column) if window is not None and column in window.columns else ()
    for names in kinds:
        labelling = common({model.name: model.labelling for model in models if model.labels == names})
        own = spelt(labelling, (*second, names[1]), (*first, names[0]))
        readings = Readings(column, *own, sentiment140=is_sentiment140(path), names=names)
        if any(readings.of(value) is not None for value in values):
            return _of_kind(models, names)
    return _of_kind(models, kinds[0])


def _of_kind(models: Sequence[AnyModel], names: Names) -> list[AnyModel]:
    for model in models:
        if model.labels != names:
            progress(
                f"left out: {model.name} tells {model.labels[0]} from {model.labels[1]}; the labels are read as "
                f"{names[0]} and {names[1]}"
            )
    return [model for model in models if model.labels == names]


@contextmanager
def asking(model: Model) -> Iterator[None]:
    """Show how far a black box is with its answers, where it takes its time; a checkpoint is quick."""
    from tqdm import tqdm

    with tqdm(desc=model.name, unit=" texts", leave=False, delay=0.5) as bar:

        def told(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        with black_box.telling(told):
            yield


def prefixwise_checkpoints(model: str) -> list[Checkpoint]:
    """`named_checkpoints` for a verb that follows a model word by word; of all, bidirectional ones are told of.

    Raises `core.models.NotPrefixwiseError` where none is left.
    """
    loaded = named_checkpoints(model)
    found = [checkpoint for checkpoint in loaded if not checkpoint.model.bidirectional]
    if not found:
        loaded[0].model.check_prefixwise(loaded[0].name)
    for checkpoint in loaded:
        if checkpoint not in found:
            print(f"left out: {inert(checkpoint.name)} is bidirectional: no verdict after each word", file=sys.stderr)
    return found


def labels_option(parser: argparse.ArgumentParser) -> None:
    """``--labels``, for verbs that make models."""
    parser.add_argument(
        "--labels",
        metavar="VALUE=NAME,VALUE=NAME",
        help="what the values of the label column mean, the first class first, as in no=ham,yes=spam (default: 0, 1 "
        "and 2 are negative, positive and neutral; any other two values are classes of their own names, in "
        "alphabetical order)",
    )


def own_labels(options: argparse.Namespace, path: str) -> Labelling:
    """The labelling of a file to train on: what ``--labels`` says, or what the column tells."""
    from core import labelling

    asked = labelling.parse(options.labels) if options.labels else None
    return labelling.of_file(Path(path), options.label_column, options.layout, asked)


def labelled(options: argparse.Namespace, path: str, labelling: Labelling | None = None) -> Corpus:
    """The labelled rows of a file, read as the options say; labels are those of sentiment unless others are given."""
    from core.corpus import read_corpus

    return read_corpus(path, options.text_column, options.label_column, layout=options.layout, labelling=labelling)


def labelled_for(
    options: argparse.Namespace, path: str, models: Sequence[Checkpoint]
) -> list[tuple[Checkpoint, Corpus]]:
    """The labelled rows of a file for each of some models, their values read as that model's card tells.

    The file is read once for models of the same labels. Where it has the labels of some models only, the others are
    told of and left out. Raises ValueError where it has those of none, and what `labelled` raises.
    """
    read: dict[str, Corpus | ValueError] = {}
    found = []
    for model in models:
        key = json.dumps([model.labels, sorted(model.labelling.values.items())])
        if key not in read:
            try:
                read[key] = labelled(options, path, model.labelling)
            except ValueError as error:
                read[key] = error
        corpus = read[key]
        if not isinstance(corpus, ValueError):
            found.append((model, corpus))
    refused = [error for error in read.values() if isinstance(error, ValueError)]
    if not found:
        raise refused[0]
    answering = {model.name for model, _corpus in found}
    for model in models:
        if model.name not in answering:
            classes = " from ".join(model.labels)
            progress(f"left out: {model.name} tells {classes}, which {Path(path).name} does not label")
    return found


def labels_of(model: str) -> Names:
    """The names of a checkpoint's classes, by its name; those of sentiment where there is no such checkpoint."""
    try:
        return checkpoints.labels_of(checkpoints.read_card(model))
    except ValueError:
        return SENTIMENT


def chance(model: str) -> str:
    """``P(positive)``, or that of the second class of this model."""
    return probability_of(labels_of(model))


def json_list(rows: Iterable[Any]) -> None:
    """Print dictionaries or dataclasses as one JSON list."""
    print(json.dumps([row if isinstance(row, dict) else asdict(row) for row in rows], allow_nan=False))


def line(text: str) -> None:
    """Print lines for people: control characters shown as escapes, lone surrogates too."""
    shown = inert(text)
    print(shown.encode(sys.stdout.encoding or "utf-8", "backslashreplace").decode(sys.stdout.encoding or "utf-8"))


def inert(lines: str) -> str:
    """Lines whose other control characters are escapes."""
    return "".join(
        char if char.isprintable() or char == "\n" else char.encode("unicode_escape").decode() for char in lines
    )


def progress(text: str) -> None:
    """Tell how far one is, on standard error."""
    _tell_waiting()
    print(inert(text), file=sys.stderr)


_waiting: list[str] = []


@contextmanager
def reading() -> Iterator[None]:
    """Tell on standard error of every file that is read: once each, at the verb's next word or its end.

    A verb that refuses says so in one line, and no more.
    """
    told: set[str] = set()

    def tell(line: str) -> None:
        if line not in told:
            told.add(line)
            _waiting.append(line)

    _waiting.clear()
    with telling(tell):
        try:
            yield
        except (ValueError, LookupError, OSError):
            _waiting.clear()
            raise
    _tell_waiting()


def _tell_waiting() -> None:
    while _waiting:
        print(inert(" ".join(_waiting.pop(0).split())), file=sys.stderr)


def one_line(error: BaseException) -> str:
    """What an error says, in one line."""
    text = str(error.args[0] if isinstance(error, LookupError) and error.args else error)
    return inert(" ".join(text.split()))

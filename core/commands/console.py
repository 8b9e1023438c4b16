"""What verbs read and write: named checkpoints, files of sentences, a JSON list, lines that cannot harm a terminal."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from core.data.formats.layout import ANY, ESCAPED, NAMED, OFF, ON, delimiter_of, telling
from core.data.labels import SENTIMENT, Names, probability_of
from core.data.tables import is_sentiment140
from core.models import checkpoints, predictor
from core.text.emoji import visible
from core.text.preprocessing import REJOIN, first_split

if TYPE_CHECKING:
    from core.data.corpus import Corpus
    from core.data.labels import Labelling
    from core.models.checkpoints import Checkpoint
    from core.models.predictor import Model

_PEEKED = 1_000  # rows
_FEWEST_SPLIT, _SHARE_SPLIT = 2, 0.02  # rows that hold split contractions, and their share, from which it is told of
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
        predictor.OPTION,
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
    added.add_argument("--encoding", action=_LayoutAction, metavar="E", help="its encoding, as utf-8, cp1252, utf-16")
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


def rejoin_option(parser: argparse.ArgumentParser) -> None:
    """``--rejoin``, for verbs that read files of texts; see `rejoined` and `tell_of_split`."""
    parser.add_argument(
        "--rejoin",
        action="store_true",
        help="join contractions that a tokeniser split (was n't, don ' t, isn`t) before a model reads them",
    )


def rejoined(options: argparse.Namespace, models: Sequence[AnyModel]) -> list[AnyModel]:
    """The models, reading split contractions joined if ``--rejoin`` asks for it. Raises ValueError for a callable."""
    return [_rejoining(model) for model in models] if options.rejoin else list(models)


def _rejoining(model: AnyModel) -> AnyModel:
    if isinstance(model, checkpoints.Checkpoint):
        return cast("AnyModel", checkpoints.rejoining(model))
    raise ValueError(f"--rejoin is for checkpoints: {model.name} is given texts as they are")


def tell_of_split(models: Sequence[Model], texts: Iterable[object]) -> None:
    """Say where texts look tokenised and models read the pieces of their contractions."""
    found = [text for text in texts if isinstance(text, str)]
    split = [example for text in found if (example := first_split(text))]
    own = [model for model in models if isinstance(model, checkpoints.Checkpoint)]
    names = [model.name for model in own if REJOIN not in model.preprocessing.steps]
    if names and split and len(split) >= max(min(_FEWEST_SPLIT, len(found)), _SHARE_SPLIT * len(found)):
        progress(
            f"{len(split):,} of {len(found):,} texts hold contractions that a tokeniser split, as in {split[0][0]!r}, "
            f"which {', '.join(names)} read{'s' * (len(names) == 1)} in pieces: --rejoin makes it {split[0][1]!r}"
        )


def first_texts(options: argparse.Namespace, path: Path) -> Sequence[object]:
    """The texts of a file's first rows. Raises what `core.data.records.windows` does."""
    from core.data.records import windows

    column = options.text_column or "text"
    with closing(windows(path, _PEEKED, options.layout)) as table:
        window = next(iter(table), None)
    return window.column(column) if window is not None and column in window.columns else ()


def label_options(parser: argparse.ArgumentParser) -> None:
    """How to read a file of labelled sentences."""
    text_options(parser)
    parser.add_argument("--label-column", metavar="L", help="column of the labels (default: label)")
    labels_option(parser)


def labels_option(parser: argparse.ArgumentParser) -> None:
    """``--labels``, for every verb that reads labels."""
    parser.add_argument(
        "--labels",
        metavar="VALUE=NAME,VALUE=NAME",
        help="what the values of the label column mean, as in 1=negative,2=positive,3=neutral; neutral, or -, leaves "
        "rows out. Names are those of the model's classes; where a model is made they are yours, the first class "
        "first, as in no=ham,yes=spam (default: the words for the classes, and 0 and 1 for the first and the second; "
        "two other words are the classes of a model to be made; numbers with two plausible meanings are refused)",
    )


def asked(options: argparse.Namespace, names: Names) -> dict[str, str]:
    """The names that ``--labels``, and ``--zero``, ``--one``, ``--negative`` and ``--positive``, give to values.

    Raises ValueError where that cannot be.
    """
    from core.data.label_inference import label_key, parse, together

    found = parse(options.labels) if options.labels is not None else {}
    for option, number in (("zero", 0), ("negative", 0), ("one", 1), ("positive", 1)):
        found = together(found, {label_key(word): names[number] for word in getattr(options, option, None) or ()})
    return found


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
    asked: list[Model] = [predictor.load(options.predictor, checkpoints.names())]
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


def labelled_by(models: Sequence[AnyModel], options: argparse.Namespace, path: Path) -> list[AnyModel]:
    """The models whose classes a file labels, as far as its first rows show; others are told of and left out.

    All of one kind are kept, whatever the file has. Raises what `core.data.records.windows` does.
    """
    kinds = list(dict.fromkeys(model.labels for model in models))
    if len(kinds) == 1:
        return list(models)
    from collections import Counter

    from core.data.label_inference import Column, common, decide, label_key
    from core.data.records import windows

    column = Column(path.name, options.label_column or "label", is_sentiment140(path))
    with closing(windows(path, _PEEKED, options.layout)) as table:
        window = next(iter(table), None)
    values = window.column(column.name) if window is not None and column.name in window.columns else ()
    found = Counter(map(label_key, values))
    for names in kinds:
        labelling = common({model.name: model.labelling for model in models if model.labels == names})
        try:
            meaning = decide(found, labelling, asked(options, names), column=column)
        except ValueError:
            continue  # not these models' labels
        if any(number is not None for number in meaning.values.values()):
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

        with predictor.telling(told):
            yield


def prefixwise_checkpoints(model: str, *, plain: bool = False) -> list[Checkpoint]:
    """`named_checkpoints` that read from left to right, or with `plain` whose logit is w·h_T + b; others are told of.

    Raises `core.models.recurrent.ReadOutError` where none is left.
    """
    found, refused = [], []
    for checkpoint in named_checkpoints(model):
        try:
            (checkpoint.model.check_plain if plain else checkpoint.model.check_prefixwise)(checkpoint.name)
            found.append(checkpoint)
        except ValueError as error:
            refused.append(error)
    if not found:
        raise refused[0]
    for refusal in refused:
        progress(f"left out: {refusal}")
    return found


def labelled(options: argparse.Namespace, path: str, labelling: Labelling | None = None) -> Corpus:
    """The labelled rows of a file, read as the options say, for a model of these labels; without, the column tells."""
    from core.data.corpus import read_corpus

    names = SENTIMENT if labelling is None else labelling.names
    corpus = read_corpus(
        path,
        options.text_column,
        options.label_column,
        layout=options.layout,
        labelling=labelling,
        asked=asked(options, names),
    )
    told(corpus.read_as)
    return corpus


def labelled_for(
    options: argparse.Namespace, path: str, models: Sequence[Checkpoint]
) -> list[tuple[Checkpoint, Corpus]]:
    """The labelled rows of a file for each of some models; its values are read alike for all of the same classes.

    Where it has the labels of some models only, the others are told of and left out. Raises ValueError where it has
    those of none, and what `labelled` raises.
    """
    from core.data.label_inference import common

    read: dict[Names, Corpus] = {}
    refused: list[ValueError] = []
    for names in dict.fromkeys(model.labels for model in models):
        labelling = common({model.name: model.labelling for model in models if model.labels == names})
        try:
            read[names] = labelled(options, path, labelling)
        except ValueError as error:
            refused.append(error)
    if not read:
        raise refused[0]
    for model in models:
        if model.labels not in read:
            classes = " from ".join(model.labels)
            progress(f"left out: {model.name} tells {classes}, which {Path(path).name} does not label")
    return [(model, read[model.labels]) for model in models if model.labels in read]


def told(read_as: str) -> None:
    """Tell what the values of a label column were taken for, where that is not the usual."""
    if read_as:
        progress(read_as)


def labels_of(model: str) -> Names:
    """The names of a checkpoint's classes, by its name; those of sentiment where there is no such checkpoint."""
    try:
        return checkpoints.labels_of(checkpoints.read_card(model))
    except ValueError:
        return SENTIMENT


def probability_name(model: str) -> str:
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
    """Lines whose other control characters are escapes, and parts of emoji are named."""
    return visible(lines, lambda char: char if char == "\n" else char.encode("unicode_escape").decode())


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

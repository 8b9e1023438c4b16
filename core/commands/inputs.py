"""What verbs read: the checkpoints and callables that options name, and the files that these can read."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from core.commands import console
from core.data import targets
from core.data.labels import SENTIMENT, Names
from core.data.tables import is_sentiment140
from core.models import checkpoints, predictor
from core.text.preprocessing import REJOIN, first_split

if TYPE_CHECKING:
    from core.data.corpus import Corpus
    from core.data.labels import Labelling
    from core.models.checkpoints import Checkpoint
    from core.models.predictor import Model

_PEEKED = 1_000  # rows
_FEWEST_SPLIT, _SHARE_SPLIT = 2, 0.02  # rows that hold split contractions, and their share, that are worth a remark
AnyModel = TypeVar("AnyModel", bound="Model")


def named_checkpoints(model: str) -> list[Checkpoint]:
    """The checkpoint of a name or folder, or all that have a name; those that cannot be loaded are reported."""
    if model != "all":
        return [checkpoints.load(*checkpoints.located(model))]
    for fault in checkpoints.candidates()[1]:
        console.progress(f"left out: {fault}")
    loaded = []
    for name in checkpoints.names():
        try:
            loaded.append(checkpoints.load(name))
        except checkpoints.CheckpointError as error:
            console.progress(f"left out: {console.one_line(error)}")
    if not loaded:
        raise LookupError(f"no checkpoint in {checkpoints.root()} can be used")
    return loaded


def named_models(options: argparse.Namespace) -> list[Model]:
    """The callable that was named, then the checkpoints; all of these where nothing was named."""
    if options.predictor is None:
        return [*named_checkpoints("all" if options.model is None else options.model)]
    models: list[Model] = [predictor.load(options.predictor, checkpoints.names())]
    return models if options.model is None else [*models, *named_checkpoints(options.model)]


def folder_of(models: Iterable[Model]) -> Path:
    """The folder of checkpoints that the models among them that are checkpoints were read from."""
    read = (model.folder for model in models if isinstance(model, checkpoints.Checkpoint) and model.folder)
    return next(read, checkpoints.root())


def aimed(options: argparse.Namespace, models: Sequence[AnyModel]) -> list[AnyModel]:
    """The models with the target that ``--target`` and ``--against`` name, or as they are if nothing is named.

    Models without these classes are reported and left out. Raises LookupError where none is left, ValueError for
    ``--against`` alone.
    """
    name, against = options.target, options.against
    if name is None:
        if against is not None:
            raise ValueError("--against goes with --target, the class that is compared with it")
        return list(models)

    return _having(models, lambda model: model.targeted(targets.named(model.labels, name, against)))


def reaching(options: argparse.Namespace, models: Sequence[AnyModel]) -> list[AnyModel]:
    """The models that have the class that ``--to`` names, all if it names none; others are reported and left out.

    Raises LookupError where none is left.
    """
    return list(models) if options.to is None else _having(models, lambda model: _has(model, options.to))


def _has(model: Model, name: str) -> Model:
    targets.named(model.labels, name)
    return model


def _having(models: Sequence[AnyModel], attempt: Callable[[AnyModel], Model]) -> list[AnyModel]:
    """What `attempt` makes of the models that have the classes that it asks for; others are reported and left out."""

    def tried(model: AnyModel) -> AnyModel:
        try:
            return cast("AnyModel", attempt(model))
        except LookupError as error:
            raise LookupError(f"{model.name}: {console.one_line(error)}") from None

    return console.usable(models, tried, LookupError)


def named(options: argparse.Namespace, models: Sequence[AnyModel]) -> list[AnyModel]:
    """As `aimed`, where no text decides the target: models that need it named are reported and left out.

    Raises ValueError where none is left.
    """

    def checked(model: AnyModel) -> AnyModel:
        try:
            targets.chosen(model)
        except ValueError as error:
            raise ValueError(f"{error}: --target CLASS") from None
        return model

    return console.usable(aimed(options, models), checked)


def prefixwise_checkpoints(model: str, *, plain: bool = False) -> list[Checkpoint]:
    """`named_checkpoints` that read from left to right, or with `plain` whose logit is w·h_T + b.

    Others are reported. Raises `core.models.recurrent.ReadOutError` where none is left.
    """

    def checked(checkpoint: Checkpoint) -> Checkpoint:
        (checkpoint.model.check_plain if plain else checkpoint.model.check_prefixwise)(checkpoint.name)
        return checkpoint

    return console.usable(named_checkpoints(model), checked)


def two_only(models: Sequence[AnyModel]) -> list[AnyModel]:
    """Those of some models that have two classes; others are reported. Raises ValueError where none is left."""

    def checked(model: AnyModel) -> AnyModel:
        targets.two_only(model)
        return model

    return console.usable(models, checked)


def sentiment_only(models: Sequence[AnyModel], why: str) -> list[AnyModel]:
    """Those of some models that tell negative from positive. Raises ValueError, with `why`, where none is left."""

    def checked(model: AnyModel) -> AnyModel:
        if not model.reads_sentiment:
            raise ValueError(
                f"{model.name} has the classes {', '.join(model.labels)}, not {' and '.join(SENTIMENT)}: {why}"
            )
        return model

    return console.usable(models, checked)


def rejoined(options: argparse.Namespace, models: Sequence[AnyModel]) -> list[AnyModel]:
    """The models, reading split contractions joined if ``--rejoin`` asks for it. Raises ValueError for a callable."""
    return [_rejoining(model) for model in models] if options.rejoin else list(models)


def _rejoining(model: AnyModel) -> AnyModel:
    if isinstance(model, checkpoints.Checkpoint):
        return cast("AnyModel", checkpoints.rejoining(model))
    raise ValueError(f"--rejoin is for checkpoints: {model.name} is given texts as they are")


def report_split_words(models: Sequence[Model], texts: Iterable[object]) -> None:
    """Report texts that look tokenised where models read the pieces of their contractions."""
    strings = [text for text in texts if isinstance(text, str)]
    split = [example for text in strings if (example := first_split(text))]
    own = [model for model in models if isinstance(model, checkpoints.Checkpoint)]
    names = [model.name for model in own if REJOIN not in model.preprocessing.steps]
    if names and split and len(split) >= max(min(_FEWEST_SPLIT, len(strings)), _SHARE_SPLIT * len(strings)):
        console.progress(
            f"{len(split):,} of {len(strings):,} texts hold contractions that a tokeniser split, as in "
            f"{split[0][0]!r}, which {', '.join(names)} read{'s' * (len(names) == 1)} in pieces: --rejoin makes it "
            f"{split[0][1]!r}"
        )


def report_labels(read_as: str) -> None:
    """Report what the values of a label column were taken for, where that is unusual."""
    if read_as:
        console.progress(read_as)


def first_values(options: argparse.Namespace, path: Path, column: str) -> Sequence[object]:
    """A column of a file's first rows, empty where there is none. Raises as `core.data.records.windows` does."""
    from core.data.records import windows

    with closing(windows(path, _PEEKED, options.layout)) as table:
        window = next(iter(table), None)
    return window.column(column) if window is not None and column in window.columns else ()


def first_texts(options: argparse.Namespace, path: Path) -> Sequence[object]:
    """The texts of a file's first rows."""
    return first_values(options, path, options.text_column or "text")


def drawn_texts(options: argparse.Namespace) -> tuple[list[str], str, int]:
    """``--rows`` texts of ``--data`` drawn by ``--seed``, in the file's order; its SHA-256 and number of texts."""
    from core.data.corpus import drawn, file_sha256, read_texts

    texts = read_texts(options.data, options.text_column, layout=options.layout)
    return drawn(texts, options.rows, options.seed), file_sha256(Path(options.data)), len(texts)


def asked(options: argparse.Namespace, names: Names) -> dict[str, str]:
    """The class names that ``--labels``, and ``--zero``, ``--one``, ``--negative`` and ``--positive``, give to values.

    Raises ValueError for a contradiction.
    """
    from core.data.label_inference import label_key, parse, together

    meaning = parse(options.labels) if options.labels is not None else {}
    for option, number in (("zero", 0), ("negative", 0), ("one", 1), ("positive", 1)):
        if words := getattr(options, option, None):
            name = option if option in names else targets.two_names(names)[number]
            meaning = together(meaning, {label_key(word): name for word in words})
    return meaning


def labelled(options: argparse.Namespace, path: str, labelling: Labelling | None = None) -> Corpus:
    """The labelled rows of a file, for a model of these labels; without, the label column decides."""
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
    report_labels(corpus.read_as)
    return corpus


def labelled_for(
    options: argparse.Namespace, path: str, models: Sequence[Checkpoint]
) -> list[tuple[Checkpoint, Corpus]]:
    """The labelled rows of a file for each model; models of the same classes share them.

    Models whose classes it does not label are reported and left out. Raises ValueError where none is left.
    """
    corpora: dict[Names, Corpus] = {}
    refused: list[ValueError] = []
    for names in dict.fromkeys(model.labels for model in models):
        try:
            corpora[names] = labelled(options, path, _labelling(models, names))
        except ValueError as error:
            refused.append(error)
    if not corpora:
        raise refused[0]
    for model in models:
        if model.labels not in corpora:
            classes = " from ".join(model.labels)
            console.progress(f"left out: {model.name} tells {classes}, which {Path(path).name} does not label")
    return [(model, corpora[model.labels]) for model in models if model.labels in corpora]


def labelled_by(models: Sequence[AnyModel], options: argparse.Namespace, path: Path) -> list[AnyModel]:
    """The models whose classes a file labels, as far as its first rows show; others are reported and left out.

    Models of one kind are kept, whatever the file has. Raises as `core.data.records.windows` does.
    """
    kinds = list(dict.fromkeys(model.labels for model in models))
    if len(kinds) == 1:
        return list(models)
    from core.data.label_inference import Column, decide, label_key

    column = Column(path.name, options.label_column or "label", is_sentiment140(path))
    values = Counter(map(label_key, first_values(options, path, column.name)))
    chosen = kinds[0]
    for names in kinds:
        try:
            meaning = decide(values, _labelling(models, names), asked(options, names), column=column)
        except ValueError:
            continue  # not these models' labels
        if any(number is not None for number in meaning.values.values()):
            chosen = names
            break
    for model in models:
        if model.labels != chosen:
            console.progress(
                f"left out: {model.name} tells {' from '.join(model.labels)}; the labels are read as "
                f"{' and '.join(chosen)}"
            )
    return [model for model in models if model.labels == chosen]


def _labelling(models: Sequence[Model], names: Names) -> Labelling:
    from core.data.label_inference import common

    return common({model.name: model.labelling for model in models if model.labels == names})

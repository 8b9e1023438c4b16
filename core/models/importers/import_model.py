"""How does a model trained elsewhere become a checkpoint? Weights, words, steps, and a card that says so.

The checkpoint gives its owner's probabilities, in float32, if what the weights do not show was given correctly: what
the head reads, padding, activations, preprocessing. Assumptions are reported; `owner_outputs` compares with the owner's
numbers. Embeddings stay float32, as rounding them would change the probabilities.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from core.data.corpus import file_sha256
from core.data.formats.layout import Layout
from core.data.labels import SENTIMENT, check_names
from core.models import checkpoints
from core.models.importers import file_kinds, owner_outputs, weights, word_vectors
from core.models.importers import vocabulary_files as words
from core.models.importers.model_parts import Parts, classifier
from core.models.read_outs import POOLS, SIDES, UNPADDED, ReadOut
from core.models.recurrent import ACTIVATIONS, NONLINEARITIES, Classifier
from core.runtime.i18n import mark
from core.text.preprocessing import Preprocessing

STEPS = ("lowercase", "punctuation")
"""The default preprocessing, as most models of words assume."""
ACTIVATION, NONLINEARITY = "relu", "tanh"
"""Defaults for a hidden layer of the head, and for nn.RNN."""

INTENDED_USE = mark(
    "A model that was trained elsewhere and imported for analysis. What it was made for is not known here."
)
LIMITS = (
    mark("The training data, their labels, the settings and the accuracy are not known here; this card lacks them."),
    mark("Imported by the names and shapes of its weights. The importer chose the rest."),
)
NO_PADDING = mark(
    "Sentences are read without padding. A model trained on padded sentences may have given other results."
)
TERMS = mark("The weights follow the terms of their owner, which are not known here.")


@dataclass(frozen=True)
class Request:
    """The files and choices that make the checkpoint; see `weights.find` and `words.align`.

    `labels` name the classes in the order of their outputs, `reads` is what `ReadOut.parse` takes. None is decided by
    the file, or assumed and reported. `check` is a table for `owner_outputs.read`. Raises ValueError for invalid
    labels, read-out or activation.
    """

    weights: Path
    vocabulary: Path | None = None
    embedding: Path | None = None
    cell: str | None = None
    preprocessing: Preprocessing | None = None
    labels: tuple[str, ...] = SENTIMENT
    class_1: int | None = None
    reads: str | None = None
    nonlinearity: str | None = None
    activation: str | None = None
    special: words.Special = field(default_factory=words.Special)
    drop_unknown: bool = False
    vocabulary_size: int | None = None
    recurrent: str | None = None
    head: str | None = None
    hidden: str | None = None
    embedding_name: str | None = None
    ignore: Collection[str] = ()
    check: Path | None = None
    text_column: str | None = None
    layout: Layout | None = None
    probability_column: str | None = None
    logit_column: str | None = None

    def __post_init__(self) -> None:
        check_names(self.labels)
        if self.reads is not None:
            ReadOut.parse(self.reads)
        for option, given, known in (
            ("nonlinearity", self.nonlinearity, NONLINEARITIES),
            ("activation", self.activation, ACTIVATIONS),
        ):
            if given is not None and given not in known:
                raise ValueError(f"unknown --{option} {given!r}; available: {', '.join(known)}")


@dataclass(frozen=True)
class Imported:
    """An imported model: its words and vectors, its card, what was found out and assumed, and how it was checked."""

    model: Classifier
    words: words.Words
    card: checkpoints.Card
    notes: tuple[str, ...]
    assumed: tuple[str, ...]
    checked: owner_outputs.Checked | None


def assemble(request: Request) -> Imported:
    """Assemble a model from files. Raises ValueError, LookupError or OSError, also if it differs from its owner's."""
    apart = None if request.embedding is None else word_vectors.read(request.embedding, request.embedding_name)
    parts = _parts(request, apart is None)
    owner = None
    if request.check is not None:
        columns = (request.text_column, request.probability_column, request.logit_column)
        owner = owner_outputs.read(request.check, *columns, labels=request.labels, layout=request.layout)
    known, words_notes = _words(request, parts, apart)
    if request.drop_unknown:
        known = replace(known, drops=True)
        words_notes = tuple(note for note in words_notes if note != words.NO_UNKNOWN)
    choices, assumed = _choices(request, parts)
    if choices.reads.pads and not known.pad:
        raise ValueError(
            f"--reads {choices.reads} reads padding, and no token is known for it; name it with --pad-token or --pad-id"
        )
    table = torch.from_numpy(known.vectors)
    model = classifier(parts, table, choices.reads, choices.nonlinearity, choices.activation)
    lost = words.unreachable(known.vocabulary, Preprocessing(choices.steps))
    notes = [*parts.notes, *words_notes]
    if apart is not None and parts.embedding is not None:
        notes.append(f"{parts.names['embedding']} of the weights is not used: the embedding was given apart")
    if lost:
        notes.append(
            f"{len(lost):,} of {len(known.vocabulary.words):,} words come out of no text with the steps "
            f"{' '.join(choices.steps) or 'none'}: {', '.join(lost[:5])}"
        )
    checked = None
    outputs = _outputs(request, parts)
    if owner is not None:
        fixed = {"activation": parts.activation, "nonlinearity": parts.nonlinearity}
        checked = owner_outputs.check(
            model,
            known,
            choices,
            owner,
            outputs=outputs,
            pool=parts.pool,
            known=[name for name, value in fixed.items() if value is not None],
        )
        if checked.rivals:
            options = "; ".join(rival.options(choices, outputs) for rival in checked.rivals)
            notes.append(f"the rows of {owner.file} agree with other choices too, so they do not decide: {options}")
        if checked.extreme * 2 > checked.rows:
            notes.append(
                f"{checked.extreme:,} of {checked.rows:,} probabilities of {owner.file} are within 0.001 of 0 or 1, "
                "where other choices hardly differ: give texts that the model is less sure of"
            )
    card = _card(request, parts, known, model, choices, outputs.class_1, notes, assumed, checked)
    return Imported(model, known, card, tuple(notes), tuple(assumed), checked)


def save(name: str, imported: Imported, folder: Path | None = None, *, replace: bool = False) -> None:
    """Save a model as a checkpoint of this name. Raises ValueError for a name that is invalid or taken."""
    checkpoints.check_name(name)
    if not replace and ((folder or checkpoints.root()) / name).exists():
        raise ValueError(f"there is a checkpoint {name!r} already; choose another name or give --replace")
    checkpoints.save(name, imported.model.state_dict(), imported.words.vocabulary, imported.card, folder)


def _parts(request: Request, needs_embedding: bool) -> Parts:
    """The parts of the classifier in the weights file, by the reader of its kind."""
    kind = file_kinds.kind(request.weights)
    if kind in (file_kinds.Kind.KERAS, file_kinds.Kind.HDF5, file_kinds.Kind.ONNX):
        named = {
            "--recurrent": request.recurrent, "--head-name": request.head, "--hidden-name": request.hidden,
            "--ignore": request.ignore,
        }  # fmt: skip
        given = [option for option, value in named.items() if value]
        if given:
            raise ValueError(f"{request.weights.name} names its own layers; leave out {', '.join(given)}")
        if kind is file_kinds.Kind.ONNX:
            from core.models.importers import onnx_files

            parts = onnx_files.read(request.weights, request.class_1, request.labels)
        else:
            from core.models.importers import keras_layers

            parts = keras_layers.read(request.weights, request.class_1, request.labels)
        if request.cell not in (None, parts.cell):
            raise ValueError(f"{request.weights.name} holds a {parts.cell}, not a {request.cell}")
        return parts
    return weights.find(
        weights.read(request.weights),
        cell=request.cell,
        recurrent=request.recurrent,
        head=request.head,
        hidden=request.hidden,
        embedding=request.embedding_name if needs_embedding else None,
        ignore=request.ignore,
        class_1=request.class_1,
        labels=request.labels,
        needs_embedding=needs_embedding,
    )


def _outputs(request: Request, parts: Parts) -> owner_outputs.Outputs:
    """The outputs of the head in the file, and what was said of them."""
    count = parts.head.outputs
    if count > 2:
        columns = {"--probability-column": request.probability_column, "--logit-column": request.logit_column}
        given = {option: owner_outputs.columns(listed, request.labels) for option, listed in columns.items() if listed}
        return owner_outputs.Outputs(count, None, {"--labels": request.labels, **given})
    return owner_outputs.Outputs(count, count - 1 if request.class_1 is None else request.class_1, {})


def _choices(request: Request, parts: Parts) -> tuple[owner_outputs.Choices, list[str]]:
    """How the model reads texts, and a line for each choice that was assumed."""
    assumed: list[str] = []
    reads = _reads(request, parts, assumed)
    steps = parts.steps if request.preprocessing is None else request.preprocessing.steps
    if parts.steps is not None and steps != parts.steps:
        raise ValueError(f"{request.weights.name} already sets the steps {' '.join(parts.steps)}; leave out --steps")
    if steps is None:
        steps = STEPS
        assumed.append(f"text becomes words by the steps {' '.join(steps)} (--steps)")
    functions = (
        ("nonlinearity", request.nonlinearity, parts.nonlinearity, parts.cell == "rnn", NONLINEARITY),
        ("activation", request.activation, parts.activation, parts.head.hidden is not None, ACTIVATION),
    )
    chosen: dict[str, str | None] = {}
    for option, given, own, has, usual in functions:
        if given is not None and not has:
            what = "an RNN" if option == "nonlinearity" else "a head of two layers"
            raise ValueError(f"--{option} is for {what}, which {request.weights.name} does not have")
        if given is not None and own is not None and given != own:
            raise ValueError(f"{request.weights.name} already sets {own}; leave out --{option} {given}")
        chosen[option] = (given or own or usual) if has else None
        if has and not given and not own:
            of = "the RNN's units" if option == "nonlinearity" else "the head's hidden layer"
            assumed.append(f"{usual} for {of} (--{option})")
    if parts.head.outputs > 1 and parts.pool is None:
        count = {2: "two"}.get(parts.head.outputs, parts.head.outputs)
        assumed.append(f"the {count} outputs are made probabilities by softmax")
    if parts.head.outputs > 2:
        assumed.append(f"the outputs are {', '.join(request.labels)}, in this order (--labels)")
    if parts.head.outputs == 2 and request.class_1 is None:
        assumed.append(f"output 1 of two is class 1, {request.labels[1]} (--class-1)")
    return owner_outputs.Choices(reads, steps, chosen["nonlinearity"] or NONLINEARITY, chosen["activation"]), assumed


def _reads(request: Request, parts: Parts, assumed: list[str]) -> ReadOut:
    """What the head reads: as given, unless the file says otherwise."""
    asked = ReadOut.parse(request.reads or "")
    given = (request.reads or "").split()
    pool = next((part for part in given if part in POOLS), None)
    side = any(part.partition(":")[0] in (*SIDES, UNPADDED) for part in given)
    if pool in ("last", "reversed") and not parts.bidirectional:
        pool = "final"  # the same state
    if parts.pool is not None and pool not in (None, parts.pool):
        raise ValueError(f"{request.weights.name} already says that {parts.pool} is read, not {pool}; leave it out")
    if asked.pads and parts.padding == "":
        raise ValueError(f"{request.weights.name} already says that padding is masked; leave out --reads {asked}")
    if parts.pool is None and pool is None:
        assumed.append(f"the head reads {POOLS[0]}, each direction's last state (--reads)")
    if not side and parts.pool is None:
        assumed.append("padding is not read, and no text is cut (--reads padded:N, left:N or cut:N)")
    if not side and parts.padding_note:
        assumed.append(parts.padding_note)
    padding = ReadOut.parse(parts.padding or "") if not side else asked
    reads = replace(padding, pool=pool or parts.pool or POOLS[0])
    reads.check(parts.cell, parts.bidirectional)
    return reads


def _words(request: Request, parts: Parts, apart: word_vectors.Vectors | None) -> tuple[words.Words, tuple[str, ...]]:
    """The vocabulary with its vectors, and notes on them."""
    if apart is not None:
        table, of, notes = apart
    else:
        assert parts.embedding is not None
        table, of, notes = parts.embedding.numpy(), None, ()
    if table.shape[1] != parts.embedding_size:
        raise ValueError(
            f"the embedding has {table.shape[1]:,} numbers a word, {parts.names['recurrent']} reads "
            f"{parts.embedding_size:,}"
        )
    special = request.special
    if special.pad_token is None and special.pad_id is None:
        special = replace(special, pad_id=parts.pad_id)
    if request.vocabulary is not None and parts.tokens is not None:
        raise ValueError(f"{request.weights.name} holds its own vocabulary; leave out --vocabulary")
    if request.vocabulary is not None:
        tokens = words.read_vocabulary(request.vocabulary)
    elif parts.tokens is not None:
        tokens = list(parts.tokens)
    elif of is not None:
        tokens = list(of)
    else:
        raise ValueError("neither weights nor embedding say which word is which row; give --vocabulary")
    if request.vocabulary_size is not None:
        size = request.vocabulary_size
        if not 0 < size <= len(tokens) or (of is None and size > len(table)):
            raise ValueError(
                f"--vocabulary-size is at most the ids there are: {len(tokens):,} in the vocabulary, {len(table):,} "
                f"rows in the embedding; given: {size:,}"
            )
        tokens, table = tokens[:size], table if of is not None else table[:size]
    known = words.align(tokens, table, of, special)
    return known, (*notes, *known.notes)


def _card(
    request: Request,
    parts: Parts,
    known: words.Words,
    model: Classifier,
    choices: owner_outputs.Choices,
    class_1: int | None,
    notes: list[str],
    assumed: list[str],
    checked: owner_outputs.Checked | None,
) -> checkpoints.Card:
    files = {"weights": request.weights, "vocabulary": request.vocabulary, "embedding": request.embedding}
    reads = {} if choices.reads == ReadOut() and not parts.bidirectional else {"reads": str(choices.reads)}
    return {
        "kind": checkpoints.CLASSIFIER,
        "cell": parts.cell,
        "preprocessing": choices.steps,
        "embeddings": {"stored": checkpoints.FLOAT32},
        "imported": {
            "files": {
                part: {"file": path.name, "sha256": file_sha256(path)}
                for part, path in files.items()
                if path is not None
            },
            "tensors": dict(parts.names),
            "outputs": parts.head.outputs,
            "class_1": class_1,
            "ignored": sorted(request.ignore),
            "padding": known.pad or None,
            "unknown_words": "dropped" if known.drops else known.unknown or "zeros",
            "notes": notes,
            "assumed": assumed,
            "checked": None
            if checked is None or request.check is None
            else {
                "file": request.check.name,
                "rows": checked.rows,
                "largest_difference": checked.largest_difference,
                "decides": not checked.rivals,
            },
        },
        "data": {},
        "sizes": {
            "vocabulary": len(known.vocabulary),
            "embedding": parts.embedding_size,
            "hidden": parts.hidden_size,
            "layers": parts.layers,
            **({"drops_unknown": True} if known.drops else {}),
            **({"bidirectional": True} if parts.bidirectional else {}),
            **reads,
            **({} if choices.nonlinearity == NONLINEARITY else {"nonlinearity": choices.nonlinearity}),
            **({} if parts.reset_after else {"reset_after": False}),
            **({"head": model.head._asdict()} if model.head else {}),
            **({} if (outputs := model.linear.out_features) == 1 else {"outputs": outputs}),
            "parameters": sum(parameter.numel() for parameter in model.parameters()),
        },
        "labels": list(request.labels),
        "history": [],
        "versions": checkpoints.versions("numpy", "torch"),
        "intended_use": INTENDED_USE,
        "limits": [*LIMITS, *(() if choices.reads.pads else (NO_PADDING,))],
        "terms": TERMS,
        "metrics": {},
    }

"""How does a model that was trained elsewhere become a checkpoint? Weights, words, steps, and a card that says so.

The law: the checkpoint gives the probabilities of the module that the weights are of, in float32, for sentences as its
owner's code would have read them: without padding before or behind. Embeddings are kept in float32, twice the space of
a model trained here, as rounding them would break the law.
"""

from __future__ import annotations

import platform
from collections.abc import Collection
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from core import checkpoints
from core.corpus import file_sha256
from core.foreign import weights, words
from core.labels import SENTIMENT, check_names
from core.language import mark
from core.models import Classifier
from core.read_outs import ReadOut
from core.text import Preprocessing

STEPS = ("lowercase", "punctuation")
"""Preprocessing unless told: what most models of words assume."""

INTENDED_USE = mark(
    "A model that was trained elsewhere and brought here to be examined. What it was made for is not known here."
)
LIMITS = (
    mark("Training data, their labels, settings and accuracy are not known here: nothing in this card tells of them."),
    mark(
        "It was brought in by the names and shapes of its weights; what they do not show was chosen by who brought it."
    ),
    mark("Sentences are read without padding. A model that was trained to read padding on may have said otherwise."),
)
TERMS = mark("The weights are under the terms of their owner, which are not known here.")


@dataclass(frozen=True)
class Request:
    """Which files and choices make the checkpoint; see `core.foreign.weights.find` and `core.foreign.words.align`.

    `labels` name class 0 and class 1, `reads` is what `core.read_outs.ReadOut.parse` takes. Raises ValueError
    for names that cannot stand for classes.
    """

    weights: Path
    vocabulary: Path | None
    embedding: Path | None = None
    cell: str | None = None
    preprocessing: Preprocessing = Preprocessing(STEPS)
    labels: tuple[str, ...] = SENTIMENT
    class_1: int | None = None
    reads: str = str(ReadOut())
    special: words.Special = field(default_factory=words.Special)
    recurrent: str | None = None
    head: str | None = None
    embedding_name: str | None = None
    ignore: Collection[str] = ()

    def __post_init__(self) -> None:
        check_names(self.labels)


@dataclass(frozen=True)
class Brought:
    """A model put together from a request: its words and their vectors, its card, and what was assumed, a line each."""

    model: Classifier
    words: words.Words
    card: checkpoints.Card
    notes: tuple[str, ...]


def bring(request: Request) -> Brought:
    """Put a model together from files. Raises ValueError, LookupError or OSError for what cannot be, telling why."""
    tensors = weights.read(request.weights)
    apart = None if request.embedding is None else words.read_vectors(request.embedding, request.embedding_name)
    found = weights.find(
        tensors,
        cell=request.cell,
        recurrent=request.recurrent,
        head=request.head,
        embedding=request.embedding_name if apart is None else None,
        ignore=request.ignore,
        class_1=request.class_1,
        needs_embedding=apart is None,
    )
    known = _words(request, found, apart)
    model = _model(found, known, request.reads)
    lost = words.unreachable(known.vocabulary, request.preprocessing)
    notes = [*found.notes, *known.notes]
    if apart is not None and found.embedding is not None:
        notes.append(f"{found.names['embedding']} of the weights is not used: the embedding was given apart")
    if lost:
        shown = ", ".join(lost[:5])
        notes.append(
            f"{len(lost):,} of {len(known.vocabulary.words):,} words come out of no text with the steps "
            f"{' '.join(request.preprocessing.steps) or 'none'}: {shown}"
        )
    return Brought(model, known, _card(request, found, known, model, notes), tuple(notes))


def save(name: str, brought: Brought, folder: Path | None = None, *, replace: bool = False) -> None:
    """Keep a model as a checkpoint of this name. Raises ValueError for a name that cannot be, or is taken."""
    checkpoints.check_name(name)
    if not replace and ((folder or checkpoints.root()) / name).exists():
        raise ValueError(f"there is a checkpoint {name!r} already; choose another name or give --replace")
    checkpoints.save(name, brought.model.state_dict(), brought.words.vocabulary, brought.card, folder)


def _words(request: Request, found: weights.Found, apart: tuple[Any, list[str] | None] | None) -> words.Words:
    """The vocabulary with its vectors, from wherever these stand."""
    if apart is not None:
        vectors, of = apart
    else:
        assert found.embedding is not None
        vectors, of = found.embedding.numpy(), None
    if vectors.shape[1] != found.embedding_size:
        raise ValueError(
            f"the embedding has {vectors.shape[1]:,} numbers a word, {found.names['recurrent']} reads "
            f"{found.embedding_size:,}"
        )
    if request.vocabulary is None and of is None:
        raise ValueError("no vocabulary was given, and the embedding does not say which word is which row")
    tokens = list(of or ()) if request.vocabulary is None else words.read_vocabulary(request.vocabulary)
    return words.align(tokens, vectors, of, request.special)


def _model(found: weights.Found, known: words.Words, reads: str) -> Classifier:
    import torch

    model = Classifier(
        found.cell,
        len(known.vocabulary),
        found.embedding_size,
        found.hidden_size,
        found.layers,
        bidirectional=found.bidirectional,
        reads=reads,
    )
    state = {f"recurrent.{name}": tensor for name, tensor in found.recurrent.items()}
    state |= {
        "embedding.weight": torch.from_numpy(known.vectors),
        "linear.weight": found.head,
        "linear.bias": found.bias,
    }
    model.load_state_dict(state)
    return model.requires_grad_(False).eval()


def _card(
    request: Request, found: weights.Found, known: words.Words, model: Classifier, notes: list[str]
) -> checkpoints.Card:
    files = {"weights": request.weights, "vocabulary": request.vocabulary, "embedding": request.embedding}
    return {
        "kind": checkpoints.CLASSIFIER,
        "cell": found.cell,
        "preprocessing": request.preprocessing.steps,
        "embeddings": {"stored": checkpoints.FLOAT32},
        "imported": {
            "files": {
                part: {"file": path.name, "sha256": file_sha256(path)}
                for part, path in files.items()
                if path is not None
            },
            "tensors": dict(found.names),
            "outputs": found.outputs,
            "class_1": found.outputs - 1 if request.class_1 is None else request.class_1,
            "ignored": sorted(request.ignore),
            "padding": known.pad or None,
            "unknown_words": known.unknown or "zeros",
            "notes": notes,
        },
        "data": {},
        "sizes": {
            "vocabulary": len(known.vocabulary),
            "embedding": found.embedding_size,
            "hidden": found.hidden_size,
            "layers": found.layers,
            **({"bidirectional": True, "reads": request.reads} if found.bidirectional else {}),
            "parameters": sum(parameter.numel() for parameter in model.parameters()),
        },
        "labels": list(request.labels),
        "history": [],
        "versions": {"python": platform.python_version()} | {name: version(name) for name in ("numpy", "torch")},
        "intended_use": INTENDED_USE,
        "limits": [*LIMITS],
        "terms": TERMS,
        "metrics": {},
    }

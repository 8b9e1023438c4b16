"""Trained models, a folder each: weights, a card, a vocabulary; nothing is ever unpickled.

    checkpoints/<name>/weights.safetensors      float32; embeddings float16, as when evaluated, or float32 if imported;
                                                all float16 for the judge of word order
    checkpoints/<name>/card.json                what the model is, its training, its accuracy, the files' hashes
    checkpoints/<name>/vocabulary.txt           one token a line
    checkpoints/<name>/polarity.safetensors     optional: float32, `models.token_log_odds` of each token
    checkpoints/<name>/state_space.safetensors  optional: `models.state_space`, the axes that its states are drawn in

The card follows Mitchell et al. 2019, "Model Cards for Model Reporting". Its hashes cover the other files and itself:
they find damage and mix-ups, not forgery. A folder is written beside and then renamed, so that a full disk or a crash
leaves the last good checkpoint.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from core.data import targets
from core.data.corpus import file_sha256
from core.data.labels import SENTIMENT, Labelling, Names, check_names
from core.data.targets import Target
from core.models.state_space import Space
from core.models.state_space import from_arrays as space_from_arrays
from core.runtime.home import home
from core.runtime.i18n import gettext as _
from core.text.preprocessing import REJOIN, Preprocessing, Vocabulary

if TYPE_CHECKING:
    from torch import Tensor
    from torch.overrides import TorchFunctionMode

    from core.models.recurrent import Classifier

FORMAT = 1
WEIGHTS, CARD, VOCABULARY = "weights.safetensors", "card.json", "vocabulary.txt"
POLARITY, STATE_SPACE = "polarity.safetensors", "state_space.safetensors"
CLASSIFIER, EMBEDDINGS = "classifier", "embeddings"
WORD2VEC = "word2vec"
FLOAT32 = "float32"
FLUENCY, JUDGE = "fluency", "judge"  # each a kind, and the name of the one checkpoint of it
_NO_CLASSIFIERS = {WORD2VEC: "the word vectors", FLUENCY: "the fluency model", JUDGE: "the judge of word order"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_PREVIOUS = re.compile(r"^\.(.*)\.previous$", re.DOTALL)  # what a crash between a save's two renames leaves
_CARD_LIMIT = 1_000_000  # bytes; a card is some 5 kB

Card = dict[str, Any]
_T = TypeVar("_T")


class CheckpointError(ValueError):
    """A checkpoint that is missing, damaged or not what its card says; the message names it, in one line."""


def _error(name: str, why: str) -> CheckpointError:
    return CheckpointError(_("checkpoint {name!r}: {why}").format(name=name, why=why))


@dataclass(frozen=True)
class Checkpoint:
    """A trained model as loaded: read-only, in eval mode, no gradients stored.

    `hash` identifies everything that decides its numbers, its target included; results are cached by it. `polarity` [V]
    holds each token's log-odds in nats, [K, V] for more than two classes, `state_space` the axes that its states are
    drawn in; None where the checkpoint lacks them. They decide none of the model's numbers: what depends on them is
    cached by `hash_with_polarity` or `hash_with_state_space`. `untargeted` is the checkpoint that this one is a
    `targeted` view of; `folder` is the folder of checkpoints that it was read from, None for the usual one.
    """

    name: str
    model: Classifier
    preprocessing: Preprocessing
    vocabulary: Vocabulary
    card: Card
    hash: str
    polarity: np.ndarray | None = field(default=None, repr=False, compare=False)
    state_space: Space | None = field(default=None, repr=False, compare=False)
    untargeted: Checkpoint | None = field(default=None, repr=False, compare=False)
    folder: Path | None = field(default=None, repr=False, compare=False)

    @property
    def labels(self) -> Names:
        """The names of the classes."""
        return labels_of(self.card)

    @property
    def target(self) -> Target | None:
        """Which log-odds the model's logits are; None for more than two classes until a target is chosen."""
        aim = self.model.target
        return aim if aim is None else Target(self.labels, aim.number, aim.against)

    @property
    def every(self) -> Checkpoint:
        """The checkpoint without a chosen target."""
        return self.untargeted or self

    def targeted(self, target: Target) -> Checkpoint:
        """The same checkpoint, its logits being the log-odds of a target; itself if they are. Raises ValueError for a
        target of other classes."""
        if target.labels != self.labels:
            raise ValueError(f"a target of {', '.join(target.labels)} for {self.name}: {', '.join(self.labels)}")
        every = self.every
        if target in (self.target, every.target):
            return self if target == self.target else every
        digest = _digest([every.hash, target.name, None if target.against is None else target.rival])
        return replace(every, model=every.model.targeted(target), hash=digest, untargeted=every)

    @property
    def reads_sentiment(self) -> bool:
        """Whether negative and positive are among its classes, as some probes need."""
        return targets.has_sentiment(self.labels)

    @property
    def labelling(self) -> Labelling:
        """Its classes and the values of the table that it was trained on (`core.data.label_inference.decide`)."""
        return labelling_of(self.card)

    @property
    def hash_with_polarity(self) -> str:
        """Identifies the model's numbers and its tokens' log-odds."""
        return _digest([self.hash, self.card.get("sha256", {}).get(POLARITY)])

    @property
    def hash_with_state_space(self) -> str:
        """Identifies the model's numbers and where its states are drawn."""
        return _digest([self.hash, self.card.get("sha256", {}).get(STATE_SPACE)])


def rejoining(checkpoint: Checkpoint) -> Checkpoint:
    """The checkpoint with split contractions rejoined before reading; itself if it does that already."""
    preprocessing = checkpoint.preprocessing.rejoining()
    if preprocessing == checkpoint.preprocessing:
        return checkpoint
    if checkpoint.untargeted and checkpoint.target:
        return rejoining(checkpoint.untargeted).targeted(checkpoint.target)
    return replace(checkpoint, preprocessing=preprocessing, hash=_digest([checkpoint.hash, REJOIN]))


@dataclass(frozen=True)
class WordVectors:
    """Word vectors [V, E], float32, aligned to a vocabulary."""

    vectors: np.ndarray
    preprocessing: Preprocessing
    vocabulary: Vocabulary
    card: Card


def root() -> Path:
    """The folder of checkpoints: the environment's ``UNROLLED_CHECKPOINTS``, or the project's own."""
    return Path(os.environ.get("UNROLLED_CHECKPOINTS") or home() / "checkpoints")


def names(folder: Path | None = None) -> list[str]:
    """Names of the checkpoints that hold a classifier, damaged or not, the three cells first."""
    return [name for name in candidates(folder)[0] if _may_hold_classifier(name, folder)]


def located(spec: str) -> tuple[str, Path | None]:
    """A checkpoint's name and the folder of checkpoints that it is in, None for the usual one; `spec` is its name or
    the path of its own folder. Raises CheckpointError for a path where there is no folder."""
    path = Path(spec)
    if not spec or (not {"/", os.sep} & {*spec} and (_is_there(spec) or not (path / CARD).is_file())):
        return spec, None
    if not path.is_dir():
        raise CheckpointError(_("no checkpoint in {folder!r}: there is no such folder").format(folder=spec[:200]))
    path = path.resolve()
    return path.name, path.parent


def _is_there(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and _folder(name, None).is_dir()


def _may_hold_classifier(name: str, folder: Path | None) -> bool:
    try:
        return read_card(name, folder).get("kind") == CLASSIFIER
    except CheckpointError:
        return True  # loading it says what is wrong


def candidates(folder: Path | None = None) -> tuple[list[str], list[str]]:
    """Names of the folders that may hold a classifier, the three cells first, and a line about each folder of another
    name; nothing in them is read. Hidden folders are unfinished work and are skipped."""
    folder = folder or root()
    try:
        there = [path.name for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
    except OSError:  # unreadable, or an impossible name
        there = []
    every = sorted({_PREVIOUS.sub(r"\1", name) for name in there} - set(_NO_CLASSIFIERS))
    valid = [name for name in every if _NAME.fullmatch(name)]
    first = [name for name in ("rnn", "gru", "lstm") if name in valid]
    others = [name for name in valid if name not in first]
    return [*first, *others], [_no_name(name) for name in every if name not in valid and not name.startswith(".")]


def read_card(name: str, folder: Path | None = None) -> Card:
    """The card of a checkpoint, checked against its own hash; cheap, no weights are read. Raises CheckpointError."""
    path = _inside(name, folder, _folder(name, folder) / CARD)
    if not path.parent.is_dir():
        available = ", ".join(names(folder)) or _("none")
        raise CheckpointError(_("no checkpoint {name!r}; available: {names}").format(name=name, names=available))
    try:
        if path.stat().st_size > _CARD_LIMIT:
            raise _error(name, _("{file} is larger than {limit:,} bytes").format(file=CARD, limit=_CARD_LIMIT))
        card: Card = json.loads(path.read_bytes().decode("utf-8"))
        hashes = card.get("sha256") if isinstance(card, dict) else None
        if not isinstance(hashes, dict) or card.get("format") != FORMAT:
            raise _error(name, _("{file} is not a card of format {format}").format(file=CARD, format=FORMAT))
        if hashes.get(CARD) != _card_hash(card):
            raise _error(name, _("{file} was changed after it was saved").format(file=CARD))
    except CheckpointError:
        raise
    except FileNotFoundError:
        raise _error(name, _("{file} is missing").format(file=CARD)) from None
    except (OSError, ValueError, RecursionError) as error:  # ValueError: not UTF-8, not JSON, or numbers too long
        raise _error(name, _("{file} cannot be read ({error})").format(file=CARD, error=type(error).__name__)) from None
    if card.get("kind") == CLASSIFIER:
        try:
            labelling_of(card)
        except ValueError as error:
            raise _error(name, str(error)) from None
    return card


def labels_of(card: Card) -> Names:
    """The names of a classifier's classes. Raises ValueError for invalid ones."""
    return check_names(card.get("labels", SENTIMENT))


def labelling_of(card: Card) -> Labelling:
    """A classifier's classes, and what unusual values of its table meant. Raises ValueError for invalid ones."""
    names = labels_of(card)
    values = card.get("label_values", {})
    if not isinstance(values, dict) or not all(
        value is None or (type(value) is int and 0 <= value < len(names)) for value in values.values()
    ):
        raise ValueError(_("label_values are not values of the labels"))
    return Labelling(names, values)


def load(name: str, folder: Path | None = None) -> Checkpoint:
    """A classifier, ready for use. Raises CheckpointError."""
    import torch

    from core.models.recurrent import Classifier

    card, vocabulary, weights = read(name, folder, CLASSIFIER)
    try:
        sizes = card["sizes"]
        shapes = (len(vocabulary), sizes["embedding"], sizes["hidden"], sizes["layers"])
        dropping = frozenset(vocabulary.words) if sizes.get("drops_unknown") else None
        preprocessing = Preprocessing(tuple(card["preprocessing"]), dropping)
        with torch.device("meta"), _unfilled():  # no time spent on initial weights that are replaced at once
            model = Classifier(card["cell"], *shapes, **variant(card))
        _check_outputs(model.linear.out_features, labels_of(card))
    except (KeyError, TypeError, ValueError, RuntimeError) as error:  # RuntimeError: torch's, for absurd sizes
        reason = str(error).splitlines()[0]
        raise _error(name, _("its card does not describe a classifier ({reason})").format(reason=reason)) from None
    expected = model.state_dict()
    for key in sorted({*expected, *weights}):
        shape = tuple(expected[key].shape) if key in expected else None
        stored = tuple(weights[key].shape) if key in weights else None
        if shape != stored:
            why = _("{file} has {key} of shape {found}; the card and vocabulary need {shape}")
            raise _error(name, why.format(file=WEIGHTS, key=key, found=stored, shape=shape))
    model.load_state_dict(weights, assign=True)
    model.requires_grad_(False).eval()
    polarity = _part(name, folder, card, POLARITY, lambda arrays: _polarity(arrays, labels_of(card), len(vocabulary)))
    units = model.hidden_size
    space = _part(name, folder, card, STATE_SPACE, lambda arrays: space_from_arrays(arrays, units, labels_of(card)))
    hashed = identity(card)
    return Checkpoint(name, model, preprocessing, vocabulary, card, hashed, polarity, space, folder=folder)


def _unfilled() -> TorchFunctionMode:
    """Skips the initial weights: to draw them on the meta device, torch imports its compiler, 80 MB of modules."""
    from torch.overrides import TorchFunctionMode

    class Unfilled(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if getattr(func, "__module__", "") == "torch.nn.init":
                return args[0] if args else kwargs["tensor"]
            return func(*args, **(kwargs or {}))

    return Unfilled()


def trained_on(card: Card, file_hash: str) -> bool:
    """Whether a model's card says that it was trained on the file of this SHA-256."""
    data = card.get("data")
    return isinstance(data, dict) and data.get("sha256") == file_hash


def load_vectors(folder: Path | None = None) -> WordVectors:
    """The word vectors. Raises CheckpointError."""
    card, vocabulary, weights = read(WORD2VEC, folder, EMBEDDINGS)
    vectors = weights.get("vectors")
    if vectors is None or vectors.ndim != 2 or len(vectors) != len(vocabulary):
        why = _("{file} holds no vectors for its {count:,} tokens")
        raise _error(WORD2VEC, why.format(file=WEIGHTS, count=len(vocabulary)))
    try:
        preprocessing = Preprocessing(tuple(card["preprocessing"]))
    except (KeyError, TypeError, ValueError) as error:
        raise _error(WORD2VEC, _("its card does not describe word vectors ({error})").format(error=error)) from None
    return WordVectors(vectors.numpy(), preprocessing, vocabulary, card)


def save(
    name: str,
    weights: Mapping[str, Tensor],
    vocabulary: Vocabulary,
    card: Card,
    folder: Path | None = None,
    polarity: np.ndarray | None = None,
    state_space: Space | None = None,
) -> None:
    """Write a checkpoint; it replaces one of the same name when all of it is on the disk.

    `card` needs at least ``kind`` and ``preprocessing``; format and hashes are added. Embeddings become float16 (round
    the model's before evaluating it) unless the card says float32, as does all of a judge; integers stay, all else
    becomes float32. Raises OSError for a full disk, ValueError for a number that is not finite or a `polarity` of
    another shape than [V], or [K, V] for more than two classes.
    """
    import torch
    from safetensors.numpy import save as arrays_to_bytes
    from safetensors.torch import save as to_bytes

    _folder(name, folder)  # refuses an invalid name
    target = (folder or root()) / name
    with _replacing(target) as new:
        halved = (card.get("embeddings") or {}).get("stored") != FLOAT32
        stored = {}
        for key, tensor in weights.items():
            if tensor.is_floating_point():
                half = key == "vectors" or card["kind"] == JUDGE or (halved and key.endswith("embedding.weight"))
                tensor = tensor.half() if half else tensor.float()
            stored[key] = tensor.detach().cpu().contiguous()
            if not torch.isfinite(stored[key]).all():
                raise ValueError(f"checkpoint {name!r} was not saved: {key} holds numbers that are not finite")
        (new / WEIGHTS).write_bytes(to_bytes(stored))
        vocabulary.save(new / VOCABULARY)
        if polarity is not None:
            _check_polarity(polarity, labels_of(card), len(vocabulary))
            (new / POLARITY).write_bytes(to_bytes({"polarity": torch.tensor(polarity, dtype=torch.float32)}))
        if state_space is not None:
            (new / STATE_SPACE).write_bytes(arrays_to_bytes(state_space.as_arrays()))
        card = {"format": FORMAT, "name": name, **card}
        files = (WEIGHTS, VOCABULARY, POLARITY, STATE_SPACE)
        card["sha256"] = {file: file_sha256(new / file) for file in files if (new / file).is_file()}
        card["sha256"][CARD] = _card_hash(card)
        (new / CARD).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


def save_again(
    checkpoint: Checkpoint,
    card: Card,
    folder: Path | None = None,
    polarity: np.ndarray | None = None,
    state_space: Space | None = None,
) -> None:
    """Save a loaded checkpoint with another card and the given parts; its other parts stay. Raises as `save`."""
    polarity = checkpoint.polarity if polarity is None else polarity
    state_space = state_space or checkpoint.state_space
    save(checkpoint.name, checkpoint.model.state_dict(), checkpoint.vocabulary, card, folder, polarity, state_space)


def versions(*packages: str) -> dict[str, str]:
    """The versions of Python and some packages, as a card keeps them."""
    return {"python": platform.python_version()} | {package: version(package) for package in packages}


def check_name(name: str) -> None:
    """Raises CheckpointError for a name that no classifier can have."""
    _folder(name, None)
    if name in _NO_CLASSIFIERS:
        raise CheckpointError(f"{name!r} is the name of {_NO_CLASSIFIERS[name]}; a classifier needs another")


def variant(card: Card) -> dict[str, Any]:
    """A card's options of `recurrent.Classifier`, empty for a plain one. Raises KeyError, TypeError or ValueError."""
    from core.models.recurrent import Head

    sizes = card["sizes"]
    options = {key: sizes[key] for key in ("bidirectional", "reads", "nonlinearity", "reset_after") if key in sizes}
    for key in ("bidirectional", "reset_after"):
        if not isinstance(options.get(key, True), bool):
            raise ValueError(_("{key} must be true or false; given: {given!r}").format(key=key, given=options[key]))
    if type(outputs := sizes.get("outputs", 1)) is not int:
        raise ValueError(_("{key} must be a whole number; given: {given!r}").format(key="outputs", given=outputs))
    if outputs != 1:
        options["outputs"] = outputs
    if head := sizes.get("head"):
        options["head"] = Head(int(head["size"]), str(head["activation"]))
    return options


def _folder(name: str, folder: Path | None) -> Path:
    """A checkpoint's folder, or the previous one if a crash fell between a save's two renames."""
    if not _NAME.fullmatch(name):
        raise CheckpointError(_no_name(name))
    target = (folder or root()) / name
    return target if target.exists() or not _previous(target).is_dir() else _previous(target)


def _no_name(name: str) -> str:
    shown = name if len(name) <= 80 else name[:79] + "…"
    return _("{name!r} is not a valid checkpoint name: letters, digits, - and _, at most 64").format(name=shown)


def _inside(name: str, folder: Path | None, path: Path) -> Path:
    """A checkpoint's file; refused if a symbolic link leads out of the folder of checkpoints."""
    base = (folder or root()).resolve()
    try:
        inside = path.resolve().is_relative_to(base)
    except (OSError, RuntimeError):  # links in a circle
        inside = False
    if not inside:
        raise _error(name, _("a symbolic link leads out of {folder}; it was not read").format(folder=base))
    return path


def read(name: str, folder: Path | None, kind: str) -> tuple[Card, Vocabulary, dict[str, Tensor]]:
    """Card, vocabulary and float32 weights (a fluency model's integers stay), checked against the card's hashes.

    Raises CheckpointError.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load as load_bytes

    card = read_card(name, folder)
    if card.get("kind") != kind:
        raise CheckpointError(
            _("checkpoint {name!r} holds {found!r}, expected {kind!r}").format(
                name=name, found=card.get("kind"), kind=kind
            )
        )
    contents = {file: _content(name, folder, file, card) for file in (WEIGHTS, VOCABULARY)}
    try:
        vocabulary = _vocabulary(contents[VOCABULARY])
        weights = {
            key: tensor if kind == FLUENCY and not tensor.is_floating_point() else tensor.float()
            for key, tensor in load_bytes(contents[WEIGHTS]).items()
        }
    except (SafetensorError, ValueError) as error:
        raise _error(name, str(error)) from None
    for key, tensor in weights.items():
        if not torch.isfinite(tensor).all():
            raise _error(name, _("{file} holds numbers that are not finite in {key}").format(file=WEIGHTS, key=key))
    return card, vocabulary, weights


@lru_cache(maxsize=4)
def _vocabulary(content: bytes) -> Vocabulary:
    """Shared by checkpoints that were trained together; a vocabulary never changes."""
    return Vocabulary.from_bytes(content)


def _content(name: str, folder: Path | None, file: str, card: Card) -> bytes:
    """One file of a checkpoint, checked against the card's hash."""
    try:
        content = _inside(name, folder, _folder(name, folder) / file).read_bytes()
    except OSError:
        raise _error(name, _("{file} is missing or cannot be read").format(file=file)) from None
    if hashlib.sha256(content).hexdigest() != card["sha256"].get(file):
        raise _error(
            name, _("{file} is not the file its card was written for (truncated or changed)").format(file=file)
        )
    return content


def _part(
    name: str, folder: Path | None, card: Card, file: str, parse: Callable[[dict[str, np.ndarray]], _T]
) -> _T | None:
    """A part that a checkpoint may lack, None without it. Raises CheckpointError."""
    from safetensors import SafetensorError
    from safetensors.numpy import load as load_bytes

    if file not in card["sha256"]:
        return None
    content = _content(name, folder, file, card)
    try:
        return parse(load_bytes(content))
    except (SafetensorError, ValueError, TypeError, KeyError) as error:  # the last two: of a type that numpy lacks
        raise _error(name, f"{file}: {error}") from None


def _check_outputs(outputs: int, labels: Names) -> None:
    """Raises ValueError for a head that does not fit the classes."""
    if outputs not in (allowed := targets.head_sizes(labels)):
        raise ValueError(
            _("a head of {outputs} outputs for {count} classes; expected: {allowed}").format(
                outputs=outputs, count=len(labels), allowed=", ".join(map(str, allowed))
            )
        )


def _polarity(arrays: Mapping[str, np.ndarray], labels: Names, size: int) -> np.ndarray:
    """The log-odds of `size` tokens, read-only. Raises ValueError."""
    polarity = arrays.get("polarity", np.empty(0)).astype(np.float32)
    _check_polarity(polarity, labels, size)
    polarity.setflags(write=False)
    return polarity


def _check_polarity(polarity: np.ndarray, labels: Names, size: int) -> None:
    if polarity.shape != (*targets.axis(labels), size):
        raise ValueError(
            _("polarity of shape {shape} for a vocabulary of {size:,}").format(shape=polarity.shape, size=size)
        )
    if not np.isfinite(polarity).all():
        raise ValueError(_("polarity holds numbers that are not finite"))


def _card_hash(card: Card) -> str:
    """SHA-256 of the card, its own hash left out."""
    hashes = {file: value for file, value in card["sha256"].items() if file != CARD}
    return _digest({**card, "sha256": hashes})


def identity(card: Card) -> str:
    """Hash of what decides a model's numbers: weights, vocabulary, shape, preprocessing, labels but for sentiment."""
    hashes = card["sha256"]
    parts = [hashes[WEIGHTS], hashes[VOCABULARY], card.get("cell"), card.get("sizes"), card["preprocessing"]]
    if (labels := card.get("labels", [*SENTIMENT])) != [*SENTIMENT]:
        parts.append(labels)
    return _digest(parts)


def _digest(value: object) -> str:
    """SHA-256 of a JSON value, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """A new folder that replaces `target` at the end, or vanishes if anything fails."""
    target.parent.mkdir(parents=True, exist_ok=True)
    new, previous = target.with_name(f".{target.name}.new"), _previous(target)
    if previous.is_dir() and not target.exists():
        previous.rename(target)
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    try:
        yield new
        for path in new.iterdir():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        shutil.rmtree(previous, ignore_errors=True)
        if target.exists():
            target.rename(previous)
        new.rename(target)
        shutil.rmtree(previous, ignore_errors=True)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _previous(target: Path) -> Path:
    return target.with_name(f".{target.name}.previous")

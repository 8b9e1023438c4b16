"""From texts to probabilities, wherever that happens: in this process, in one of several, on another machine.

A `ModelSource` names models and can be pickled; `ModelSource.load` makes a `Scorer` of it where the work is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

import numpy as np

from core.data import targets
from core.data.corpus import Encoded, Encoder
from core.data.labels import SENTIMENT, Names
from core.data.targets import POSITIVE, Target
from core.models.predict import logits
from core.models.predictor import BlackBox, PredictorError, telling

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.predictor import Model

AnyModel = TypeVar("AnyModel", bound="Model")
TOKENS_LIMIT = 2_000
_BATCH = 256  # rows scored together: what stays in a core's cache is faster than larger ones
_CHECKED = 256  # texts read between two calls of `check_cancelled`

CheckCancelled = Callable[[], object]
Scorer = Callable[[Sequence[str], dict[int, str], CheckCancelled], Mapping[str, np.ndarray]]
"""Probabilities of texts by model, each float64 [N] or [N, K] (`core.data.targets`), NaN where a text is not scored;
the same texts are scored by every model.

A text that has words and is not scored gets an entry in the dict of problems, by its index.
"""


class ReadTexts(NamedTuple):
    """Texts as models read them; `scored` bool [N] is False for texts without a token or with too many."""

    texts: Sequence[str]
    encoded: list[tuple[Checkpoint, Encoded]]
    scored: np.ndarray


class TextReader:
    """Reads texts for several models; models with one preprocessing and vocabulary share the encoding."""

    def __init__(self, models: Sequence[Model]):
        self._encoders: list[tuple[Checkpoint, Encoder]] = []
        self._black_boxes = [model for model in models if isinstance(model, BlackBox)]
        for model in models:
            if not isinstance(model, BlackBox) and not any(_reads_alike(model, other) for other, _ in self._encoders):
                self._encoders.append((model, Encoder(model.preprocessing, model.vocabulary)))

    def __call__(self, texts: Sequence[str], problems: dict[int, str], check_cancelled: CheckCancelled) -> ReadTexts:
        """Adds texts of more than `TOKENS_LIMIT` tokens to the problems, by index."""
        encoded = [(model, encoder(_checked(texts, check_cancelled))) for model, encoder in self._encoders]
        counts = [ids.lengths for _model, ids in encoded]
        if self._black_boxes:
            split = self._black_boxes[0].preprocessing  # the same for all black boxes
            counts.append(np.array([len(split(text)) for text in _checked(texts, check_cancelled)], dtype=np.int64))
        lengths = np.max(counts, axis=0)
        for index in np.flatnonzero(lengths > TOKENS_LIMIT).tolist():
            problems[index] = f"{lengths[index]:,} words, of which at most {TOKENS_LIMIT:,} are read"
        return ReadTexts(texts, encoded, (lengths > 0) & (lengths <= TOKENS_LIMIT))


def probabilities_of(model: Model, read: ReadTexts, check_cancelled: CheckCancelled) -> np.ndarray:
    """Probabilities of every text, float64 [N] or [N, K], NaN where it is not scored, whatever the model's target; a
    black box gets the texts as they stand."""
    result = np.full((len(read.texts), *targets.axis(model.labels)), np.nan)
    rows = np.flatnonzero(read.scored)
    if isinstance(model, BlackBox):
        with telling(lambda done, total: check_cancelled()):
            result[rows] = model.probabilities([read.texts[row] for row in rows.tolist()])
    else:
        sentences = next(ids for other, ids in read.encoded if _reads_alike(model, other)).take(rows)
        scores = logits(model.model.every, sentences, _BATCH, check_cancelled=check_cancelled)
        result[rows] = targets.probabilities(scores)
    return result


def _reads_alike(one: Checkpoint, other: Checkpoint) -> bool:
    """Whether two models read every text as the same ids."""
    return one.preprocessing == other.preprocessing and one.vocabulary == other.vocabulary


def _checked(texts: Sequence[str], check_cancelled: CheckCancelled) -> Iterator[str]:
    for number, text in enumerate(texts):
        if number % _CHECKED == 0:
            check_cancelled()
        yield text


def scorer(models: Mapping[str, Model]) -> Scorer:
    """Scores texts with several models, by name."""
    reader = TextReader(list(models.values()))

    def score(
        texts: Sequence[str], problems: dict[int, str], check_cancelled: CheckCancelled
    ) -> Mapping[str, np.ndarray]:
        read = reader(texts, problems, check_cancelled)
        return {name: probabilities_of(model, read, check_cancelled) for name, model in models.items()}

    return score


class Output(NamedTuple):
    """What is written of one model's probabilities: that of the `target`, or of the predicted class where it is None;
    the predicted class; and the probability of each of `classes`."""

    model: str
    labels: Names = SENTIMENT
    target: Target | None = POSITIVE
    classes: tuple[str, ...] = ()

    @classmethod
    def of(cls, models: Sequence[Model], classes: Sequence[str] | None = ()) -> list[Output]:
        """Of models in their order; None stands for all `classes`. Raises LookupError for one that no model has."""
        every = tuple(dict.fromkeys(name for model in models for name in model.labels))
        chosen = [targets.named(every, name).name for name in classes] if classes is not None else every
        return [
            cls(model.name, model.labels, model.target, tuple(name for name in chosen if name in model.labels))
            for model in models
        ]

    def chances(self, probabilities: np.ndarray) -> np.ndarray:
        """The probability [N] of the target, or of the predicted class, of probabilities [N] or [N, K]."""
        if self.target is None:
            highest: np.ndarray = probabilities.max(axis=-1)
            return highest
        return targets.chance(probabilities, self.target)

    def verdicts(self, probabilities: np.ndarray) -> np.ndarray:
        """The names [N] of the predicted classes, None where a text is not scored."""
        names: np.ndarray = np.array(self.labels, dtype=object)[targets.predicted_of(probabilities)]
        names[np.isnan(self.chances(probabilities))] = None
        return names

    def by_class(self, probabilities: np.ndarray) -> dict[str, np.ndarray]:
        """The columns of `classes`."""
        every = targets.distribution(probabilities)
        return {f"{self.model}_P_{name}": every[:, self.labels.index(name)] for name in self.classes}

    def as_json(self) -> dict[str, object]:
        """What of it is not usual."""
        chosen = self.target and self.target != targets.default(self.labels)
        aim = self.target.as_json() if self.target and chosen else {}
        return {**aim, **({"classes": list(self.classes)} if self.classes else {})}


@dataclass(frozen=True)
class ModelSource:
    """Models by name and hash: checkpoints of the folder `root`, and callables by their `specs`, (name, spec) each.

    `outputs` are what is written of them; a model without one has two classes, and its default target.
    """

    root: Path
    hashes: tuple[tuple[str, str], ...]
    specs: tuple[tuple[str, str], ...] = ()
    outputs: tuple[Output, ...] = ()

    @classmethod
    def of(cls, models: Sequence[Model], root: Path, classes: Sequence[str] | None = ()) -> ModelSource:
        """Loaded models, callables first, with columns for `classes` as `Output.of` has them."""
        ordered = sorted(models, key=lambda model: not isinstance(model, BlackBox))
        specs = tuple((model.name, model.spec) for model in ordered if isinstance(model, BlackBox))
        hashes = tuple((model.name, model.hash) for model in ordered)
        return cls(root.resolve(), hashes, specs, tuple(Output.of(ordered, classes)))

    def output(self, name: str) -> Output:
        """What is written of a model."""
        return next((one for one in self.outputs if one.model == name), Output(name))

    def load(self) -> Scorer:
        """Raises ValueError or PredictorError for a model that changed, or cannot be loaded."""
        specs, aims = dict(self.specs), {one.model: one.target for one in self.outputs}
        return scorer({name: self._load(name, digest, specs.get(name), aims.get(name)) for name, digest in self.hashes})

    def _load(self, name: str, digest: str, spec: str | None, target: Target | None) -> Model:
        from core.models import checkpoints, predictor

        if spec is not None:
            black_box = _aimed(predictor.load(spec), target)
            if black_box.hash != digest:
                raise PredictorError(f"{spec} is not the one that the scan began with: its module's file has changed")
            return black_box
        loaded = checkpoints.load(name, self.root)
        for checkpoint in (loaded, checkpoints.rejoining(loaded)):  # joining split contractions or not, as it did
            if _aimed(checkpoint, target).hash == digest:
                return checkpoint
        raise ValueError(f"checkpoint {name!r} in {self.root} is not the one that the scan began with")


def _aimed(model: AnyModel, target: Target | None) -> AnyModel:
    """The model with a target, or as it is where it has other classes."""
    return cast("AnyModel", model if target is None or target.labels != model.labels else model.targeted(target))

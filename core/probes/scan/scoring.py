"""From texts to probabilities, wherever that happens: in this process, in one of several, on another machine.

A `ModelSource` names models and can be pickled; `ModelSource.load` makes a `Scorer` of it where the work is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.data.corpus import Encoded, Encoder
from core.data.targets import two_only
from core.models.predict import logits, sigmoid
from core.models.predictor import BlackBox, PredictorError, telling

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.predictor import Model

TOKENS_LIMIT = 2_000
_BATCH = 256  # rows scored together: what stays in a core's cache is faster than larger ones
_CHECKED = 256  # texts read between two calls of `check_cancelled`

CheckCancelled = Callable[[], object]
Scorer = Callable[[Sequence[str], dict[int, str], CheckCancelled], Mapping[str, np.ndarray]]
"""P(class 1) of texts by model, each float64 [N], NaN where a text is not scored: the same texts for every model.

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
        two_only(*models)
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
    """P(class 1) of every text, float64 [N], NaN where it is not scored; a black box gets the texts as they stand."""
    result = np.full(len(read.texts), np.nan)
    rows = np.flatnonzero(read.scored)
    if isinstance(model, BlackBox):
        with telling(lambda done, total: check_cancelled()):
            result[rows] = model.probabilities([read.texts[row] for row in rows.tolist()])
    else:
        sentences = next(ids for other, ids in read.encoded if _reads_alike(model, other)).take(rows)
        result[rows] = sigmoid(logits(model.model, sentences, _BATCH, check_cancelled=check_cancelled))
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


@dataclass(frozen=True)
class ModelSource:
    """Models by name and hash: checkpoints of the folder `root`, and callables by their `specs`, (name, spec) each."""

    root: Path
    hashes: tuple[tuple[str, str], ...]
    specs: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, models: Sequence[Model], root: Path) -> ModelSource:
        """Loaded models, callables first."""
        ordered = sorted(models, key=lambda model: not isinstance(model, BlackBox))
        specs = tuple((model.name, model.spec) for model in ordered if isinstance(model, BlackBox))
        return cls(root.resolve(), tuple((model.name, model.hash) for model in ordered), specs)

    def load(self) -> Scorer:
        """Raises ValueError or PredictorError for a model that changed, or cannot be loaded."""
        specs = dict(self.specs)
        return scorer({name: self._load(name, digest, specs.get(name)) for name, digest in self.hashes})

    def _load(self, name: str, digest: str, spec: str | None) -> Model:
        from core.models import checkpoints, predictor

        if spec is not None:
            black_box = predictor.load(spec)
            if black_box.hash != digest:
                raise PredictorError(f"{spec} is not the one that the scan began with: its module's file has changed")
            return black_box
        loaded = checkpoints.load(name, self.root)
        for checkpoint in (loaded, checkpoints.rejoining(loaded)):  # joining split contractions or not, as it did
            if checkpoint.hash == digest:
                return checkpoint
        raise ValueError(f"checkpoint {name!r} in {self.root} is not the one that the scan began with")

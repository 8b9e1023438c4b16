"""One window of a scanned file, ready for the models: texts, tokens, labels, cues, and what is wrong with which row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.data.corpus import Encoded, Encoder
from core.data.formats.record_lines import LINE_LIMIT
from core.data.label_columns import UNKNOWN, Readings
from core.data.records import Window
from core.models.predictor import BlackBox
from core.probes.scan.cues import Cues, Look
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.predictor import Model

TOKENS_LIMIT = 2_000
_STOP = 256  # rows prepared between two looks at whether to stop


class Prepared(NamedTuple):
    """A window ready to be scored.

    `texts` are "" and `scored` bool [N] is False where there is nothing to score; `human` int8 [N] is −1 where people
    say no class. `problems` are by position in the window.
    """

    window: Window
    texts: list[str]
    sentences: list[tuple[Checkpoint, Encoded]]
    scored: np.ndarray
    cues: list[Cues]
    human: np.ndarray
    problems: dict[int, str]
    malformed: int
    misunderstood: int

    def of(self, checkpoint: Checkpoint) -> Encoded:
        """The sentences as a model reads them."""
        return next(encoded for other, encoded in self.sentences if alike(checkpoint, other))


def alike(one: Checkpoint, other: Checkpoint) -> bool:
    """Whether two models read every text as the same ids."""
    return one.preprocessing == other.preprocessing and one.vocabulary == other.vocabulary


class StoppedError(Exception):
    """Nobody waits for the window any more."""


class Preparer:
    """Reads, tokenises and looks for cues, a window a call; None at the table's end."""

    def __init__(
        self,
        path: Path,
        table: Iterator[Window],
        checkpoints: Sequence[Model],
        column: str,
        labels: Readings | None,
        stop: Event,
        fixed: bool,
    ):
        self._path, self._table, self._column, self._labels = path, table, column, labels
        self._stop, self._fixed = stop, fixed
        self._first = True
        self._look = Look()
        self._encoders: list[tuple[Checkpoint, Encoder]] = []  # models that read alike share one
        self._outside = [
            model for model in checkpoints if isinstance(model, BlackBox)
        ]  # they read the texts themselves
        for checkpoint in checkpoints:
            if isinstance(checkpoint, BlackBox):
                continue
            if not any(alike(checkpoint, other) for other, _sentences in self._encoders):
                self._encoders.append((checkpoint, Encoder(checkpoint.preprocessing, checkpoint.vocabulary)))

    def __call__(self) -> Prepared | None:
        window = next(self._table, None)
        if window is None:
            return None
        if self._first:
            columns = [self._column, self._labels.column] if self._labels else [self._column]
            window.check(self._path, columns)
        if self._first:
            check_texts(self._path, self._column, window.column(self._column))
        texts, problems = texts_of(window, self._column)
        sentences = [(model, encoder(self._watched(texts))) for model, encoder in self._encoders]
        counted = [encoded.lengths for _model, encoded in sentences]
        if self._outside:
            read = self._outside[0].preprocessing  # all of them find the same words
            counted.append(np.fromiter((len(read(text)) for text in self._watched(texts)), dtype=np.int64))
        lengths = np.max(counted, axis=0)
        for place in np.flatnonzero(lengths > TOKENS_LIMIT).tolist():
            problems[place] = f"{lengths[place]:,} words, of which at most {TOKENS_LIMIT:,} are read"
        malformed = len(problems)
        scored = (lengths > 0) & (lengths <= TOKENS_LIMIT)
        human = np.full(len(window), -1, dtype=np.int8)
        misunderstood = 0
        if self._labels:
            human, misunderstood = self._read_labels(self._labels, window, problems)
        self._first = False
        if self._fixed:
            for place, keys in window.surplus().items():
                problems.setdefault(place, f"keys that the first rows lack are left out: {', '.join(keys)}")
        cues = [self._look(text) for text in self._watched(texts)]
        return Prepared(window, texts, sentences, scored, cues, human, problems, malformed, misunderstood)

    def _watched(self, texts: Sequence[str]) -> Iterator[str]:
        for number, text in enumerate(texts):
            if number % _STOP == 0 and self._stop.is_set():
                raise StoppedError
            yield text

    def _read_labels(self, labels: Readings, window: Window, problems: dict[int, str]) -> tuple[np.ndarray, int]:
        values = window.column(labels.column)
        readable = [place for place in range(len(values)) if place not in window.problems]
        found = np.full(len(values), -1, dtype=np.int8)
        found[readable] = labels.read(
            [values[place] for place in readable], [window.first + place for place in readable]
        )
        strange = np.flatnonzero(found == UNKNOWN).tolist()
        for place in strange:
            label = str(values[place])[:40]
            problems.setdefault(place, f"label {label!r} is neither {labels.names[0]} nor {labels.names[1]}")
        return np.maximum(found, -1), len(strange)


def texts_of(window: Window, column: str) -> tuple[list[str], dict[int, str]]:
    """The texts of a window, "" where there is none, and by place why not, where that is no empty cell."""
    problems = dict(window.problems)
    problems.update((place, f"no {column!r} in it") for place in window.lacking(column))
    texts = [
        value if isinstance(value, str) and len(value) <= LINE_LIMIT else _no_text(value, place, problems)
        for place, value in enumerate(window.column(column))
    ]
    return texts, problems


def _no_text(value: object, place: int, problems: dict[int, str]) -> str:
    if isinstance(value, str):
        problems[place] = f"longer than {LINE_LIMIT:,} characters"
    elif value is not None:
        problems[place] = _("the text is {text!r:.80}, expected a string").format(text=str(value)[:40])
    return ""


def check_texts(path: Path, column: str, values: Sequence[object]) -> None:
    """Raises ValueError where the first texts are none, or numbers, one and all."""
    filled = [value for value in values if value is not None and value != ""]
    if filled and all(_is_no_text(value) for value in filled):
        shown = ", ".join(str(value)[:20] for value in filled[:3])
        raise ValueError(
            _("{name}: column {column!r} holds numbers or the like ({shown}, …), expected texts").format(
                name=path.name, column=column, shown=shown
            )
        )


def _is_no_text(value: object) -> bool:
    if not isinstance(value, str):
        return True
    try:
        float(value)
    except ValueError:
        return False
    return True

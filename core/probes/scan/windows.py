"""One window of a scanned file, ready for the models: texts, tokens, gold labels, cues, and problems by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.data.formats.record_lines import LINE_LIMIT
from core.data.label_columns import UNKNOWN, Readings
from core.data.records import Window
from core.probes.scan.cues import CueFinder, Cues
from core.probes.scan.scoring import ReadTexts, TextReader
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.models.predictor import Model


class Prepared(NamedTuple):
    """A window ready to be scored; texts are "" where there are none, `problems` are by index in the window.

    `human` int8 [N] are the gold labels, −1 where people name no class.
    """

    window: Window
    read: ReadTexts
    cues: list[Cues]
    human: np.ndarray
    problems: dict[int, str]
    malformed: int
    misunderstood: int


class StoppedError(Exception):
    """Nobody waits for the window any more."""


class Preparer:
    """Reads, tokenises and looks for cues, a window a call; None at the table's end."""

    def __init__(
        self,
        path: Path,
        table: Iterator[Window],
        models: Sequence[Model],
        column: str,
        labels: Readings | None,
        stop: Event,
        fixed: bool,
    ):
        self._path, self._table, self._column, self._labels = path, table, column, labels
        self._stop, self._fixed = stop, fixed
        self._first = True
        self._cues = CueFinder()
        self._reader = TextReader(models)

    def __call__(self) -> Prepared | None:
        window = next(self._table, None)
        if window is None:
            return None
        if self._first:
            window.check(self._path, [self._column, self._labels.column] if self._labels else [self._column])
            check_texts(self._path, self._column, window.column(self._column))
            self._first = False
        texts, problems = texts_of(window, self._column)
        read = self._reader(texts, problems, self._check_stopped)
        malformed, misunderstood = len(problems), 0
        human = np.full(len(window), -1, dtype=np.int8)
        if self._labels:
            human, misunderstood = _gold_labels(self._labels, window, problems)
        if self._fixed:
            for index, keys in window.surplus().items():
                problems.setdefault(index, f"keys that the first rows lack are left out: {', '.join(keys)}")
        self._check_stopped()
        cues = [self._cues(text) for text in texts]
        return Prepared(window, read, cues, human, problems, malformed, misunderstood)

    def _check_stopped(self) -> None:
        if self._stop.is_set():
            raise StoppedError


def _gold_labels(labels: Readings, window: Window, problems: dict[int, str]) -> tuple[np.ndarray, int]:
    """Gold labels int8 [N], −1 for none, and how many were not understood: these are added to the problems."""
    values = window.column(labels.column)
    readable = [index for index in range(len(values)) if index not in window.problems]
    codes = np.full(len(values), -1, dtype=np.int8)
    codes[readable] = labels.read([values[index] for index in readable], [window.first + index for index in readable])
    unknown = np.flatnonzero(codes == UNKNOWN).tolist()
    for index in unknown:
        label = str(values[index])[:40]
        problems.setdefault(index, f"label {label!r} is neither {' nor '.join(labels.names)}")
    return np.maximum(codes, -1), len(unknown)


def texts_of(window: Window, column: str) -> tuple[list[str], dict[int, str]]:
    """The texts of a window, "" for a missing one, and the problems by index; an empty cell is no problem."""
    problems = dict(window.problems)
    problems.update((index, f"no {column!r} in it") for index in window.lacking(column))
    texts = [
        value if isinstance(value, str) and len(value) <= LINE_LIMIT else _no_text(value, index, problems)
        for index, value in enumerate(window.column(column))
    ]
    return texts, problems


def _no_text(value: object, index: int, problems: dict[int, str]) -> str:
    if isinstance(value, str):
        problems[index] = f"longer than {LINE_LIMIT:,} characters"
    elif value is not None:
        problems[index] = _("the text is {text!r:.80}, expected a string").format(text=str(value)[:40])
    return ""


def check_texts(path: Path, column: str, values: Sequence[object]) -> None:
    """Raises ValueError where none of the first values is a text, or all are numbers."""
    filled = [value for value in values if value is not None and value != ""]
    if filled and all(_is_no_text(value) for value in filled):
        shown = ", ".join(str(value)[:20] for value in filled[:3])
        raise ValueError(
            _("{name}: column {column!r} holds numbers or similar values ({shown}, …); expected texts").format(
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

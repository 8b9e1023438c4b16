"""Which texts does a file hold, with which labels if any? Read whole, rows without a text left out and counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.data.formats.layout import Layout
from core.data.label_columns import Readings
from core.data.label_inference import Column
from core.data.labels import SENTIMENT, Labelling, Names
from core.data.tables import is_sentiment140, location, rows
from core.runtime.i18n import gettext as _

OWN = Path(__file__).parents[2] / "data" / "pattern_sentences.tsv"
"""Sentences of this project's own, written for it, with what they were meant to say: positive, negative or neutral."""


@dataclass(frozen=True)
class Lines:
    """Texts and, where a column of labels was named, int8 labels: the number of a class of `names`, or −1.

    `rows` are the texts' numbers in the file, from 1; `empty` rows had no text. `unlabelled` of the labels are neutral,
    missing or not understood. `read_as` tells what labels were taken for, where that is not the usual.
    """

    name: str
    texts: tuple[str, ...]
    rows: tuple[int, ...]
    labels: np.ndarray | None
    empty: int
    unlabelled: int
    names: Names = SENTIMENT
    read_as: str = ""


def read_lines(
    path: Path,
    text_column: str | None = None,
    label_column: str | None = None,
    *,
    layout: Layout | None = None,
    name: str | None = None,
    labelling: Labelling | None = None,
    asked: Mapping[str, str] | None = None,
) -> Lines:
    """The texts of a file; its text column is ``text`` unless told, it is called `name` in messages.

    Labels are those of `labelling`, sentiment's unless told; `asked` names values. A row whose text is missing or blank
    is left out and counted. Raises ValueError for no text at all, a text that is no string, or labels as
    `core.data.label_inference.decide` does, and what `core.data.tables.rows` raises.
    """
    called = name or path.name
    labelling = labelling or Labelling(SENTIMENT)
    wanted = (text_column or "text",) if label_column is None else (text_column or "text", label_column)
    texts: list[str] = []
    numbers: list[int] = []
    labels: list[object] = []
    empty = 0
    for number, line, values in rows(path, wanted, layout):
        text = values[0]
        if text is None or (isinstance(text, str) and not text.strip()):
            empty += 1
            continue
        if not isinstance(text, str):
            raise ValueError(
                _("{place}: the text is {text!r:.80}, expected a string").format(
                    place=location(path, number, line), text=text
                )
            )
        texts.append(text)
        numbers.append(number)
        if label_column is not None:
            labels.append(values[1])
    if not texts:
        raise ValueError(_("{called} has no row with a text ({empty:,} empty)").format(called=called, empty=empty))
    if label_column is None:
        return Lines(called, tuple(texts), tuple(numbers), None, empty, 0)
    readings = Readings(Column(called, label_column, is_sentiment140(path)), labelling, asked)
    found = np.maximum(readings.read(labels, numbers), -1)
    unlabelled = int((found < 0).sum())
    return Lines(called, tuple(texts), tuple(numbers), found, empty, unlabelled, labelling.names, readings.line)


def own_lines() -> Lines:
    """The project's own sentences, with their labels."""
    return read_lines(OWN, "text", "label", name="the sentences of this project")

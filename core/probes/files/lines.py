"""Which texts does a file hold, with which labels if any? Read whole, rows without a text left out and counted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.language import gettext as _
from core.layout import Layout
from core.probes.files.readings import Readings
from core.tables import is_sentiment140, place, rows

OWN = Path(__file__).parents[2] / "data" / "pattern_sentences.tsv"
"""Sentences of this project's own, written for it, with what they were meant to say: positive, negative or neutral."""


@dataclass(frozen=True)
class Lines:
    """Texts and, where a column of labels was named, int8 labels: 0 negative, 1 positive, −1 neither.

    `rows` are the texts' numbers in the file, from 1; `empty` rows had no text. `unlabelled` of the labels are none
    that is understood.
    """

    name: str
    texts: tuple[str, ...]
    rows: tuple[int, ...]
    labels: np.ndarray | None
    empty: int
    unlabelled: int


def read_lines(
    path: Path,
    text_column: str | None = None,
    label_column: str | None = None,
    *,
    layout: Layout | None = None,
    name: str | None = None,
) -> Lines:
    """The texts of a file; its text column is ``text`` unless told, it is called `name` in messages.

    A row whose text is missing or blank is left out and counted. Raises ValueError for no text at all, a text that is
    no string, or labels none of which is understood, and what `core.tables.rows` raises.
    """
    wanted = (text_column or "text",) if label_column is None else (text_column or "text", label_column)
    readings = Readings(label_column or "", sentiment140=is_sentiment140(path))
    texts: list[str] = []
    numbers: list[int] = []
    labels: list[int] = []
    strange: dict[str, None] = {}
    empty = 0
    for number, line, values in rows(path, wanted, layout):
        text = values[0]
        if text is None or (isinstance(text, str) and not text.strip()):
            empty += 1
            continue
        if not isinstance(text, str):
            raise ValueError(
                _("{place}: the text is {text!r:.80}, expected a string").format(
                    place=place(path, number, line), text=text
                )
            )
        texts.append(text)
        numbers.append(number)
        if label_column is not None:
            read = readings.of(values[1])
            labels.append(-1 if read is None else read)
            if read is None and not readings.neither(values[1]) and len(strange) < 6:
                strange[str(values[1])[:40]] = None
    called = name or path.name
    if not texts:
        raise ValueError(_("{called} has no row with a text ({empty:,} empty)").format(called=called, empty=empty))
    found = None if label_column is None else np.array(labels, dtype=np.int8)
    if found is not None and strange and (found < 0).all():
        raise ValueError(readings.refusal(called, list(strange)))
    unlabelled = 0 if found is None else int((found < 0).sum())
    return Lines(called, tuple(texts), tuple(numbers), found, empty, unlabelled)


def own_lines() -> Lines:
    """The project's own sentences, with their labels."""
    return read_lines(OWN, "text", "label", name="the sentences of this project")

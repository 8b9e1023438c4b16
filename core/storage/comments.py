"""Texts that a person kept because of what a model makes of them, with the person's own gold label.

A find is a text with one model's verdict and the person's own gold label, in the same file as the pairs of
`core.storage.pairs`. Classes are called by their names. Finds of files before version 3 of the schema called a model's
first class negative and its second positive, whatever their names: they are read by the names that the model has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from core.data.labels import SENTIMENT, Names, name_of
from core.models.gold_labels import MIXED, check_gold_label
from core.runtime.i18n import gettext as _
from core.storage.database import FINDS, Table, check_choice, number

TYPED, EDIT, COMPOSE, FILE, SUITE = SOURCES = ("typed", "edit", "compose", "file", "suite")
# A text typed in does not say where it comes from, so what an earlier call said of that stays.
_KEEP = """
INSERT INTO finds (created, text, original, model, probability, reading, source, how, note, target, label)
VALUES (:created, :text, :original, :model, :probability, :reading, :source, :how, coalesce(:note, ''), :target, :label)
ON CONFLICT (model, text) DO UPDATE SET
    probability = :probability,
    target = :target,
    label = :label,
    reading = :reading,
    original = CASE WHEN :source = 'typed' THEN original ELSE :original END,
    how = CASE WHEN :source = 'typed' THEN how ELSE :how END,
    source = CASE WHEN :source = 'typed' THEN source ELSE :source END,
    note = coalesce(:note, note)
RETURNING *
"""


@dataclass(frozen=True)
class Find:
    """A kept text with a person's gold label, `reading`: a class's name, or mixed.

    `created` is in UTC (ISO 8601), `probability` is the model's P(`target`), `label` its verdict. `source`, one of
    `SOURCES`, says where the text comes from; `how` is the recipe or the edits that made it, in words; `original` the
    text it was made from.
    """

    id: int
    created: str
    text: str
    original: str | None
    model: str
    probability: float
    reading: str
    source: str
    how: str
    note: str
    target: str | None = None
    label: str | None = None

    @property
    def fooled(self) -> bool | None:
        """Whether the verdict contradicts the gold label; None for a mixed one."""
        return None if self.reading == MIXED else self.label != self.reading


class Finds(Table[Find]):
    """The finds in one file. `labels_of` names the classes of a model, for finds that do not name them."""

    name, kind, searched = FINDS, Find, ("text", "original", "how", "note")

    def __init__(self, path: str | Path | None = None, labels_of: Callable[[str], Names] = lambda _model: SENTIMENT):
        super().__init__(path)
        self._labels_of = labels_of

    def all(self) -> list[Find]:
        """Everything kept, newest first; nothing where there is no file, or one from before the table."""
        return [find if find.label else self._named(find) for find in super().all()]

    def _named(self, find: Find) -> Find:
        """A find that does not name the classes, with their names."""
        labels = self._labels_of(find.model)
        if len(labels) != len(SENTIMENT):  # another model by now
            labels = SENTIMENT
        reading = dict(zip(SENTIMENT, labels, strict=True)).get(find.reading, find.reading)
        return replace(find, reading=reading, target=labels[1], label=name_of(find.probability, labels))

    def keep(
        self,
        *,
        text: str,
        model: str,
        probability: float,
        reading: str,
        source: str = TYPED,
        original: str | None = None,
        how: str = "",
        note: str | None = None,
        labels: Names = SENTIMENT,
        target: str | None = None,
        label: str | None = None,
    ) -> Find:
        """Keep a text; the same text and model again take the new gold label and number, and the note if there is one.

        `labels` are the model's classes, `target` is the one that the probability is of, and `label` the predicted one;
        of two classes these are the second and what its probability says, unless given. The source is updated too,
        unless the text is only typed this time. White space in `how` becomes single spaces. Raises ValueError for an
        unknown gold label or source, a number out of range, a blank text, or one with half a surrogate pair, which
        SQLite cannot hold.
        """
        check_gold_label(reading, labels)
        check_choice("source", source, SOURCES)
        if not text.strip():
            raise ValueError(_("there is no text to keep: it is empty or only white space"))
        texts = {"text": text, "original": original, "model": model, "how": " ".join(how.split()), "note": note}
        values = {"probability": number("probability", probability, 0, 1), "reading": reading, "source": source}
        return self._write(
            _KEEP, texts, values | {"target": target or labels[1], "label": label or name_of(probability, labels)}
        )

    def finds(
        self,
        reading: str | None = None,
        model: str | None = None,
        source: str | None = None,
        contains: str | None = None,
    ) -> list[Find]:
        """Kept finds, newest first: of one gold label, model, source, with `contains` in a text, `how` or note.

        Raises ValueError for an unknown source.
        """
        if source is not None:
            check_choice("source", source, SOURCES)
        return self._chosen(contains, reading=reading, model=model, source=source)

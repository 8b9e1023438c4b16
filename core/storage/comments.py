"""Texts that a person kept because of what a model makes of them, with the person's own gold label.

A find is a text with one model's P(positive) and the person's own gold label, in the same file as the pairs of
`core.storage.pairs`.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.models.gold_labels import check_gold_label, fooled
from core.models.predict import label
from core.runtime.i18n import gettext as _
from core.storage.database import FINDS, Table, check_choice, number

TYPED, EDIT, COMPOSE, FILE, SUITE = SOURCES = ("typed", "edit", "compose", "file", "suite")
# A text typed in does not say where it comes from, so what an earlier call said of that stays.
_KEEP = """
INSERT INTO finds (created, text, original, model, probability, reading, source, how, note)
VALUES (:created, :text, :original, :model, :probability, :reading, :source, :how, coalesce(:note, ''))
ON CONFLICT (model, text) DO UPDATE SET
    probability = :probability,
    reading = :reading,
    original = CASE WHEN :source = 'typed' THEN original ELSE :original END,
    how = CASE WHEN :source = 'typed' THEN how ELSE :how END,
    source = CASE WHEN :source = 'typed' THEN source ELSE :source END,
    note = coalesce(:note, note)
RETURNING *
"""


@dataclass(frozen=True)
class Find:
    """A kept text with a person's gold label, `reading`, one of `GOLD_LABELS`.

    `created` is in UTC (ISO 8601), `probability` is the model's P(positive). `source`, one of `SOURCES`, says where the
    text comes from; `how` is the recipe or the edits that made it, in words; `original` the text it was made from.
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

    @property
    def verdict(self) -> str:
        """The class's name."""
        return label(self.probability)

    @property
    def fooled(self) -> bool | None:
        """Whether the verdict is the opposite of the gold label; None for a mixed one."""
        return fooled(self.probability, self.reading)


class Finds(Table[Find]):
    """The finds in one file."""

    name, kind, searched = FINDS, Find, ("text", "original", "how", "note")

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
    ) -> Find:
        """Keep a text; the same text and model again take the new gold label and number, and the note if there is one.

        The source is updated too, unless the text is only typed this time. White space in `how` becomes single spaces.
        Raises ValueError for an unknown gold label or source, a number out of range, a blank text, or one with half a
        surrogate pair, which SQLite cannot hold.
        """
        check_gold_label(reading)
        check_choice("source", source, SOURCES)
        if not text.strip():
            raise ValueError(_("there is no text to keep: it is empty or only white space"))
        texts = {"text": text, "original": original, "model": model, "how": " ".join(how.split()), "note": note}
        values = {"probability": number("probability", probability, 0, 1), "reading": reading, "source": source}
        return self._write(_KEEP, texts, values)

    def finds(
        self,
        reading: str | None = None,
        model: str | None = None,
        source: str | None = None,
        contains: str | None = None,
    ) -> list[Find]:
        """Kept finds, newest first: of one gold label, model, source, with `contains` in a text, `how` or note.

        Raises ValueError for an unknown gold label or source.
        """
        if reading is not None:
            check_gold_label(reading)
        if source is not None:
            check_choice("source", source, SOURCES)
        return self._chosen(contains, reading=reading, model=model, source=source)

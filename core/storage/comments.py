"""Which texts did a person keep because of what a model makes of them, and how does the person read them?

A find is a text with one model's P(positive) and the person's own reading of it. It stands in the collection's file,
beside the pairs of `core.storage.pairs`.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from pathlib import Path

from core.data.tables import as_csv
from core.models.gold_labels import check_gold_label, fooled
from core.models.predict import label
from core.runtime.i18n import gettext as _
from core.storage.database import FINDS, CollectionFile, now, number, stands_in, storable

TYPED, EDIT, COMPOSE, FILE, SUITE = SOURCES = ("typed", "edit", "compose", "file", "suite")
# The reading and the number are those of now. A text typed in does not say where it comes from, so what an earlier call
# said of it stays.
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
    """A kept text: a person reads it as `reading`, ``negative``, ``positive`` or ``mixed``.

    `created` is in UTC (ISO 8601), `probability` is the model's P(positive). `source` is where the text comes from, one
    of `SOURCES`; `how`, a line of plain words, is the recipe or the edits that made it, empty where there are none;
    `original` is the text it was made from, None where it was made from no other.
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
        """Whether the verdict is the opposite of the reading; None for a mixed one."""
        return fooled(self.probability, self.reading)


class Finds:
    """The finds in one file, which the first `keep` makes.

    Every method raises ValueError for a file that is no collection or a newer program's, and OSError for one that
    cannot be read or written where it stands.
    """

    def __init__(self, path: str | Path | None = None):
        self._file = CollectionFile(path)
        self.path = self._file.path

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
        """Keep a text; the same text and model again take the new reading and number, and the note if there is one.

        Where the text comes from is taken anew too, unless it is only typed this time. White space in `how` is made
        single spaces. Raises ValueError for an unknown reading or source, a number that is none, a text without a
        character to see, or one with half a surrogate pair, which SQLite cannot hold.
        """
        check_gold_label(reading)
        _check_source(source)
        if not text.strip():
            raise ValueError(_("there is no text to keep: it is empty or white space alone"))
        texts = {"text": text, "original": original, "model": model, "how": " ".join(how.split()), "note": note}
        values = {
            **{name: storable(name, value) for name, value in texts.items()},
            "probability": number("probability", probability, 0, 1),
            "reading": reading,
            "source": source,
            "created": now(),
        }
        return Find(*self._file.keep(_KEEP, values))

    def finds(
        self,
        reading: str | None = None,
        model: str | None = None,
        source: str | None = None,
        contains: str | None = None,
    ) -> list[Find]:
        """Kept finds, newest first: of one reading, model, source, with `contains` in a text, `how` or note.

        What is sought is taken as it stands, but for its case. Raises ValueError for an unknown reading or source.
        """
        if reading is not None:
            check_gold_label(reading)
        if source is not None:
            _check_source(source)
        return [
            find
            for find in (Find(*row) for row in self._file.rows(FINDS))
            if reading in (None, find.reading)
            and model in (None, find.model)
            and source in (None, find.source)
            and stands_in(contains, (find.text, find.original, find.how, find.note))
        ]

    def remove(self, number: int) -> None:
        """Remove the find of an id. Raises LookupError where there is none (any more)."""
        self._file.remove(FINDS, number)

    def export_csv(self) -> str:
        """All finds as CSV with a header, newest first; texts as `as_csv` writes them."""
        return as_csv([field.name for field in fields(Find)], (astuple(find) for find in self.finds()))


def _check_source(source: str) -> None:
    if source not in SOURCES:
        raise ValueError(f"unknown source {source!r}; available: {', '.join(SOURCES)}")

"""Which found pairs did a person keep, and what did they say of them? One SQLite file, shared by sessions.

A pair is an original text and another order of its words, with a model's verdicts, the fluency of both, and a person's
own judgement of the other order. The judgements measure the fluency gate, which lets an order through when its fluency
is at most `floor` nats below the original's: its precision is the share judged valid among those it let through.

The file is in write-ahead mode (https://sqlite.org/wal.html): readers and a writer do not wait for each other, writers
wait for their turn. Every call opens and closes a connection of its own, so one `Collection` may serve any number of
threads, and any number of processes may share the file.
"""

from __future__ import annotations

import csv
import io
import math
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from core.evaluation import wilson_interval
from core.tables import harmless

VALID, NOT_VALID, UNSURE = JUDGEMENTS = ("valid", "not valid", "unsure")
SCHEMA = 1
_APPLICATION = 0x556E726C  # "Unrl", SQLite's application_id: whose file this is
_PATIENCE = 30.0  # seconds to wait for other writers
_TABLE = """
CREATE TABLE pairs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice: a removed pair's id stays no pair's
    created TEXT NOT NULL,
    original TEXT NOT NULL,
    other TEXT NOT NULL,
    model TEXT NOT NULL,
    probability_original REAL NOT NULL,
    probability_other REAL NOT NULL,
    fluency_original REAL,
    fluency_other REAL,
    scorer TEXT,
    floor REAL,
    judgement TEXT NOT NULL,
    note TEXT NOT NULL,
    UNIQUE (model, original, other)
)
"""
# The numbers are those that stood before the person who judged; fluency is kept where the newer call knows none.
_KEEP = """
INSERT INTO pairs (created, original, other, model, probability_original, probability_other,
                   fluency_original, fluency_other, scorer, floor, judgement, note)
VALUES (:created, :original, :other, :model, :probability_original, :probability_other,
        :fluency_original, :fluency_other, :scorer, :floor, :judgement, coalesce(:note, ''))
ON CONFLICT (model, original, other) DO UPDATE SET
    probability_original = :probability_original,
    probability_other = :probability_other,
    fluency_original = CASE WHEN :scorer IS NULL THEN fluency_original ELSE :fluency_original END,
    fluency_other = CASE WHEN :scorer IS NULL THEN fluency_other ELSE :fluency_other END,
    floor = CASE WHEN :scorer IS NULL THEN floor ELSE :floor END,
    scorer = coalesce(:scorer, scorer),
    judgement = :judgement,
    note = coalesce(:note, note)
RETURNING *
"""


@dataclass(frozen=True)
class Pair:
    """A kept pair: `other` is an order of `original`'s words, judged ``valid``, ``not valid`` or ``unsure``.

    `created` is in UTC (ISO 8601). Probabilities are P(positive). Fluencies are the named scorer's, in nats; `floor` is
    how far below the original the gate let an order fall, in nats. What is not known of these is None.
    """

    id: int
    created: str
    original: str
    other: str
    model: str
    probability_original: float
    probability_other: float
    fluency_original: float | None
    fluency_other: float | None
    scorer: str | None
    floor: float | None
    judgement: str
    note: str


@dataclass(frozen=True)
class Precision:
    """How often an order that one scorer's gate let through was judged valid.

    `precision` is `valid` / `judged`, with Wilson's 95 % `interval`; both are None where nothing was judged. Not in
    `judged`: `unsure` pairs, pairs that the gate kept out (`outside`) and pairs whose floor is not known (`unknown`).
    """

    scorer: str
    floor: float | None
    valid: int
    judged: int
    precision: float | None
    interval: tuple[float, float] | None
    unsure: int
    outside: int
    unknown: int


def default_path() -> Path:
    """The environment's ``UNROLLED_COLLECTION``, or ``collection.sqlite3`` in the working directory."""
    return Path(os.environ.get("UNROLLED_COLLECTION") or "collection.sqlite3")


def as_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV below a header.

    A text that a spreadsheet would run as a formula, starting with = + - @ a tab or a carriage return, gets an
    apostrophe in front. Numbers stay as they are.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([_harmless(value) for value in row] for row in rows)
    return out.getvalue()


class Collection:
    """The pairs in one file, which the first `keep` makes.

    Every method raises ValueError for a file that is no collection or a newer program's, and OSError for one that
    cannot be read or written where it stands.
    """

    def __init__(self, path: str | Path | None = None):
        self.path = Path(path or default_path()).absolute()  # absolute: SQLite has names of its own, ":memory:" for one

    def keep(
        self,
        *,
        original: str,
        other: str,
        model: str,
        probability_original: float,
        probability_other: float,
        judgement: str,
        fluency_original: float | None = None,
        fluency_other: float | None = None,
        scorer: str | None = None,
        floor: float | None = None,
        note: str | None = None,
    ) -> Pair:
        """Keep a pair; the same texts and model again take the new judgement and numbers, and the note if there is one.

        Raises ValueError for an unknown judgement, a number that is none, fluencies without their scorer, or a text
        with half a surrogate pair, which SQLite cannot hold.
        """
        _check_judgement(judgement)
        texts = {"original": original, "other": other, "model": model, "scorer": scorer, "note": note}
        numbers = {
            "probability_original": probability_original,
            "probability_other": probability_other,
            "fluency_original": fluency_original,
            "fluency_other": fluency_other,
            "floor": floor,
        }
        if (scorer is None) != (fluency_original is None) or (scorer is None) != (fluency_other is None):
            raise ValueError("the fluencies of both texts and their scorer are kept together, or none of them")
        values = {
            **{name: _storable(name, text) for name, text in texts.items()},
            **{name: _number(name, number) for name, number in numbers.items()},
            "judgement": judgement,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        with self._open(make=True) as connection:
            (row,) = connection.execute(_KEEP, values).fetchall()
        return Pair(*row)

    def pairs(self, judgement: str | None = None, model: str | None = None, contains: str | None = None) -> list[Pair]:
        """Kept pairs, newest first: of one judgement, of one model, with `contains` in a text or note as it stands.

        Case is ignored. Raises ValueError for an unknown judgement.
        """
        if judgement is not None:
            _check_judgement(judgement)
        if not self.path.exists():
            return []
        with self._open() as connection:
            found = connection.execute(
                "SELECT * FROM pairs WHERE (:judgement IS NULL OR judgement = :judgement) ORDER BY id DESC",
                {"judgement": judgement},
            ).fetchall()
        # Model and words are compared here: SQLite folds the case of ASCII alone, ends a LIKE at the first NUL, and
        # takes no half surrogate pair.
        sought = (contains or "").casefold()
        return [
            pair
            for pair in (Pair(*row) for row in found)
            if model in (None, pair.model)
            and any(sought in text.casefold() for text in (pair.original, pair.other, pair.note))
        ]

    def remove(self, number: int) -> None:
        """Remove the pair of an id. Raises LookupError where there is none (any more)."""
        removed = 0
        if self.path.exists() and abs(number) < 2**63:  # SQLite's integers end there
            with self._open() as connection:
                removed = connection.execute("DELETE FROM pairs WHERE id = ?", (number,)).rowcount
        if not removed:
            raise LookupError(f"there is no pair {number} in {self.path.name}; it may have been removed already")

    def export_csv(self) -> str:
        """All pairs as CSV with a header, newest first; texts as `as_csv` writes them."""
        return as_csv([field.name for field in fields(Pair)], (astuple(pair) for pair in self.pairs()))

    def precision(self, floor: float | None = None) -> list[Precision]:
        """The measured precision of the fluency gate, a row per scorer, by name.

        `floor` asks what a gate of that floor (nats) would have let through, None what each pair's own did. The same
        two texts, kept for several models, count once, and as unsure where they were judged both ways. It speaks of
        the pairs that people kept, which need not be like those that the gate lets through unseen. Raises ValueError
        for a floor that is no number of at least 0.
        """
        if floor is not None:
            _number("floor", floor)
        scored = [pair for pair in self.pairs() if pair.scorer is not None]
        return [
            _precision(scorer, floor, [pair for pair in scored if pair.scorer == scorer])
            for scorer in sorted({pair.scorer for pair in scored if pair.scorer is not None})
        ]

    @contextmanager
    def _open(self, *, make: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection in autocommit mode, to a file of the right schema."""
        try:
            # mode=rw: reading must not leave an empty file where a collection was just deleted.
            where = f"{self.path.as_uri()}?mode={'rwc' if make else 'rw'}"
            with closing(sqlite3.connect(where, uri=True, timeout=_PATIENCE, isolation_level=None)) as connection:
                connection.execute("BEGIN")  # one look at the file, whoever is writing to it
                made = self._is_made(connection)
                connection.execute("COMMIT")
                if not made:
                    self._make(connection)
                yield connection
        except sqlite3.OperationalError as error:
            if "no such" in str(error):
                raise ValueError(f"{self.path.name} is not a collection of pairs ({error})") from None
            raise OSError(f"the collection {self.path} cannot be used: {error}") from None
        except sqlite3.DatabaseError as error:
            raise ValueError(f"{self.path.name} is not a collection of pairs ({error})") from None

    def _is_made(self, connection: sqlite3.Connection) -> bool:
        (application,), (version,) = (
            connection.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version")
        )
        if application == _APPLICATION and version > SCHEMA:
            raise ValueError(
                f"{self.path.name} is of a newer version: its schema is {version}, this program knows up to {SCHEMA}"
            )
        if application != _APPLICATION and connection.execute("SELECT count(*) FROM sqlite_master").fetchone() != (0,):
            raise ValueError(f"{self.path.name} is another program's database, not a collection of pairs")
        return bool(application == _APPLICATION)

    def _make(self, connection: sqlite3.Connection) -> None:
        _write_ahead(connection)
        connection.execute("BEGIN IMMEDIATE")
        if not self._is_made(connection):  # another session may have been faster
            connection.execute(_TABLE)
            connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            connection.execute(f"PRAGMA user_version = {SCHEMA}")
        connection.execute("COMMIT")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch the file to write-ahead mode; SQLite does not always wait for others here, so this does."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if (
                error.sqlite_errorcode not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
                or time.monotonic() > deadline
            ):
                raise
            time.sleep(0.01)


def _check_judgement(judgement: str) -> None:
    if judgement not in JUDGEMENTS:
        raise ValueError(f"unknown judgement {judgement!r}; available: {', '.join(JUDGEMENTS)}")


def _storable(name: str, text: str | None) -> str | None:
    try:
        (text or "").encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(
            f"{name} holds half a surrogate pair (character {error.start + 1}), which cannot be kept"
        ) from None
    return text


def _number(name: str, number: float | None) -> float | None:
    """A plain float in the range of what it measures; SQLite would keep "not a number" as nothing at all."""
    if number is None:
        return None
    low, high = (0.0, 1.0) if name.startswith("probability") else (0.0 if name == "floor" else -math.inf, math.inf)
    if not (math.isfinite(number) and low <= number <= high):
        raise ValueError(f"{name} is a number from {low:g} to {high:g}; given: {number}")
    return float(number)


def _harmless(value: object) -> object:
    return harmless(value) if isinstance(value, str) else value


def _precision(scorer: str, floor: float | None, pairs: Iterable[Pair]) -> Precision:
    passed: dict[tuple[str, str], set[str]] = {}
    outside, unknown = set(), set()
    for pair in pairs:
        texts = (pair.original, pair.other)
        gate = pair.floor if floor is None else floor
        if gate is None or pair.fluency_original is None or pair.fluency_other is None:
            unknown.add(texts)
        elif pair.fluency_other >= pair.fluency_original - gate:
            passed.setdefault(texts, set()).add(pair.judgement)
        else:
            outside.add(texts)
    decided = [judgements - {UNSURE} for judgements in passed.values()]
    valid = decided.count({VALID})
    judged = valid + decided.count({NOT_VALID})
    return Precision(
        scorer=scorer,
        floor=floor,
        valid=valid,
        judged=judged,
        precision=valid / judged if judged else None,
        interval=wilson_interval(valid, judged) if judged else None,
        unsure=len(decided) - judged,
        outside=len(outside - passed.keys()),
        unknown=len(unknown - passed.keys() - outside),
    )

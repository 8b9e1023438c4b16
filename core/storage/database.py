"""What a person keeps: one SQLite file, shared by sessions, with a table for each kind of thing kept.

The file is in write-ahead mode (https://sqlite.org/wal.html), and every call has its own connection: threads may share
a `Table`, processes the file. A version of the schema adds tables, or columns at the end of one. A file of an older
version stays as it is until something is kept in it: then it gets what it lacks, all or nothing. A newer file is
refused.
"""

from __future__ import annotations

import math
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, TypeVar

from core.data import targets
from core.data.labels import SENTIMENT, Names
from core.data.tables import as_csv
from core.data.targets import Target
from core.runtime import error_messages
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.models.predict import Verdict

PAIRS, FINDS = "pairs", "finds"
_APPLICATION = 0x556E726C  # "Unrl", SQLite's application_id: whose file this is
_PATIENCE = 30.0  # seconds to wait for other writers
# Ids are never given twice: a removed row's id stays no row's.
_PAIRS = """
CREATE TABLE pairs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
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
_FINDS = """
CREATE TABLE finds (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    created TEXT NOT NULL,
    text TEXT NOT NULL,
    original TEXT,
    model TEXT NOT NULL,
    probability REAL NOT NULL,
    reading TEXT NOT NULL,
    source TEXT NOT NULL,
    how TEXT NOT NULL,
    note TEXT NOT NULL,
    UNIQUE (model, text)
)
"""
# What each version adds. Rows from before a column have NULL there.
_VERSIONS = (
    (_PAIRS,),
    (_FINDS,),
    tuple(f"ALTER TABLE finds ADD COLUMN {name} TEXT" for name in ("target", "label")),
    (
        "ALTER TABLE finds ADD COLUMN against TEXT",
        *(
            f"ALTER TABLE pairs ADD COLUMN {name} TEXT"
            for name in ("target", "label_original", "label_other", "against")
        ),
    ),
)
_BROUGHT_BY = {PAIRS: 1, FINDS: 2}
SCHEMA = len(_VERSIONS)

T = TypeVar("T")


def default_path() -> Path:
    """The environment's ``UNROLLED_COLLECTION``, or ``collection.sqlite3`` in the working directory."""
    return Path(os.environ.get("UNROLLED_COLLECTION") or "collection.sqlite3")


class Prediction(NamedTuple):
    """What a model says of a text: P(`target`), and the predicted class, `label`."""

    probability: float
    label: str
    target: Target

    @classmethod
    def of(cls, verdict: Verdict, target: Target | None = None) -> Prediction:
        """What a verdict says, of its own target or of another."""
        aimed = verdict.aimed(target or verdict.target)
        return cls(aimed.probability, aimed.label, aimed.target)

    @classmethod
    def second(cls, probability: float, labels: Names = SENTIMENT) -> Prediction:
        """What a P(second of two classes) says."""
        target = Target(labels, 1)
        return cls(probability, targets.label_of(probability, target), target)


class Table(Generic[T]):
    """What is kept of one kind in one file. Rows of the table `name` are the fields of the dataclass `kind`, of which a
    search reads those `searched`.

    Rows of a file before version 3 of the schema name no classes. They are about the second of two, and get the names
    from `labels_of`, of a model: those of sentiment where it has another number of classes by now. The first thing kept
    makes the file. Every method raises ValueError for a file that is no collection or that a newer program made, and
    OSError for one that cannot be read or written there.
    """

    name: ClassVar[str]
    kind: ClassVar[type[Any]]
    searched: ClassVar[tuple[str, ...]]

    def __init__(self, path: str | Path | None = None, labels_of: Callable[[str], Names] = lambda _model: SENTIMENT):
        self.path = Path(path or default_path()).absolute()  # absolute: SQLite has names of its own, ":memory:" for one
        self._labels_of = labels_of

    def _write(self, statement: str, texts: Mapping[str, str | None], values: Mapping[str, object]) -> T:
        """What a statement writes and returns, in a file of this version."""
        texts = {name: storable(name, text) for name, text in texts.items()}
        created = datetime.now(UTC).isoformat(timespec="seconds")
        with self._open(make=True) as (connection, _version):
            (row,) = connection.execute(statement, {**texts, **values, "created": created}).fetchall()
        made: T = self.kind(*row)
        return made

    def all(self) -> list[T]:
        """Everything kept, newest first; nothing where there is no file, or one from before the table."""
        if not self.path.exists():
            return []
        with self._open() as (connection, version):
            if version < _BROUGHT_BY[self.name]:
                return []
            rows = connection.execute(f"SELECT * FROM {self.name} ORDER BY id DESC").fetchall()
        return [one if one.target else self._named(one) for one in (self.kind(*row) for row in rows)]

    def _named(self, one: Any) -> T:
        """A row that does not name the classes, with their names."""
        return self._with_names(one, targets.default(self._labels_of(one.model)) or targets.POSITIVE)

    def _with_names(self, one: Any, target: Target) -> T:
        raise NotImplementedError

    def _chosen(self, sought: str | None, **values: str | None) -> list[T]:
        """What has these values, None for any, and contains what is sought, as it stands; case is ignored.

        Not asked of SQLite, which folds the case of ASCII alone, ends a LIKE at the first NUL and takes no half
        surrogate pair.
        """
        folded = (sought or "").casefold()
        return [
            one
            for one in self.all()
            if all(value in (None, getattr(one, name)) for name, value in values.items())
            and any(folded in (getattr(one, name) or "").casefold() for name in self.searched)
        ]

    def remove(self, number: int) -> None:
        """Remove the row of an id. Raises LookupError if it is not there any more."""
        removed = 0
        if self.path.exists() and abs(number) < 2**63:  # SQLite's integers end there
            with self._open() as (connection, version):
                if version >= _BROUGHT_BY[self.name]:
                    removed = connection.execute(f"DELETE FROM {self.name} WHERE id = ?", (number,)).rowcount
        if not removed:
            noun = self.name.removesuffix("s")
            raise LookupError(f"there is no {noun} {number} in {self.path.name}; it may have been removed already")

    def export_csv(self) -> str:
        """Everything kept as CSV with a header, newest first; texts as `as_csv` writes them."""
        return as_csv([field.name for field in fields(self.kind)], (astuple(one) for one in self.all()))  # type: ignore[call-overload]

    @contextmanager
    def _open(self, *, make: bool = False) -> Iterator[tuple[sqlite3.Connection, int]]:
        """A connection in autocommit mode and the version of the file's schema, 0 where nothing was made yet."""
        try:
            # mode=rw: reading must not leave an empty file where a collection was just deleted.
            where = f"{self.path.as_uri()}?mode={'rwc' if make else 'rw'}"
            with closing(sqlite3.connect(where, uri=True, timeout=_PATIENCE, isolation_level=None)) as connection:
                connection.execute("BEGIN")  # one look at the file, whoever is writing to it
                version = self._version(connection)
                connection.execute("COMMIT")
                if make and version < SCHEMA:
                    version = self._make(connection)
                yield connection, version
        except sqlite3.OperationalError as error:
            why = error_messages.of_sqlite(error)
            if "no such" in str(error):
                raise self._none(why) from None
            raise OSError(_("the collection {path} cannot be used: {why}").format(path=self.path, why=why)) from None
        except sqlite3.DatabaseError as error:
            raise self._none(error_messages.of_sqlite(error)) from None

    def _none(self, why: str) -> ValueError:
        return ValueError(
            _("{file} is not a collection of pairs and finds ({why})").format(file=self.path.name, why=why)
        )

    def _version(self, connection: sqlite3.Connection) -> int:
        (application,), (version,) = (
            connection.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version")
        )
        if application == _APPLICATION:
            if version > SCHEMA:
                raise ValueError(
                    _(
                        "{file} was written by a newer version: its schema is {version}, this program "
                        "knows up to {known}"
                    ).format(file=self.path.name, version=version, known=SCHEMA)
                )
            if version < 1:
                raise self._none(_("its schema is {version}").format(version=version))
            return int(version)
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone() != (0,):
            raise ValueError(
                _("{file} is another program's database, not a collection of kept pairs and texts").format(
                    file=self.path.name
                )
            )
        return 0

    def _make(self, connection: sqlite3.Connection) -> int:
        """Add what the file lacks, all or nothing."""
        _write_ahead(connection)
        connection.execute("BEGIN IMMEDIATE")
        version = self._version(connection)  # another session may have been faster
        for statements in _VERSIONS[version:]:
            for statement in statements:
                connection.execute(statement)
        if not version:
            connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        connection.execute(f"PRAGMA user_version = {SCHEMA}")
        connection.execute("COMMIT")
        return SCHEMA


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


def storable(name: str, text: str | None) -> str | None:
    """The text itself. Raises ValueError, naming it, where it has half a surrogate pair, which SQLite cannot hold."""
    try:
        (text or "").encode("utf-8")
    except UnicodeEncodeError as error:
        shown = {"text": _("text"), "original": _("original"), "how": _("how"), "note": _("note")}.get(name, name)
        told = _("{name} holds half a surrogate pair (character {character}), which cannot be stored")
        raise ValueError(told.format(name=shown, character=error.start + 1)) from None
    return text


def number(name: str, value: float | None, low: float = -math.inf, high: float = math.inf) -> float | None:
    """A plain float within bounds, or None for None; SQLite would keep "not a number" as nothing at all."""
    if value is None:
        return None
    if not (math.isfinite(value) and low <= value <= high):
        raise ValueError(f"{name} is a number from {low:g} to {high:g}; given: {value}")
    return float(value)


def check_choice(what: str, value: str, available: Sequence[str]) -> None:
    """Raises ValueError for a value that is not available."""
    if value not in available:
        raise ValueError(f"unknown {what} {value!r}; available: {', '.join(available)}")


def targeted(target: Target, **labels: tuple[str | None, float]) -> dict[str, str | None]:
    """The columns of a target and of predicted classes, each given, or None, with P(target), which tells it of two."""
    columns: dict[str, str | None] = {"against": None, **target.as_json()}
    for name, (label, probability) in labels.items():
        if label is not None:
            check_choice("label", label, target.labels)
        columns[name] = label or targets.label_of(probability, target)
    return columns

"""Pairs and finds are there again, whoever else writes, in a file of this version or the first; no other is hurt."""

from __future__ import annotations

import csv
import io
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest

from core.storage import database
from core.storage.comments import Find, Finds
from core.storage.database import SCHEMA, default_path
from core.storage.pairs import Collection, Pair

PROJECT = Path(__file__).parents[2]
HOSTILE = [
    "'); DROP TABLE pairs; DROP TABLE finds; --",
    'a"b`c',
    "100%_off\\",
    "before\x00after",
    "🙂🙂 ❤️",
    "שלום \u202e",
    "<script>alert(1)</script>",
    ":judgement :reading ?1",
    "line\nline\r\n",
]
# The first version's file, as the program that knew no other made it.
FIRST_VERSION = """
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
);
PRAGMA application_id = 1433301612;
PRAGMA user_version = 1;
INSERT INTO pairs VALUES
    (3, '2025-01-02T03:04:05+00:00', 'so good', 'good so', 'lstm', 0.75, 0.25, -20.5, -24.25, 'ab', 8.0, 'valid', 'hm'),
    (4, '2025-01-02T03:04:06+00:00', 'not bad', 'bad not', 'gru', 0.5, 0.125, NULL, NULL, NULL, NULL, 'unsure', '');
"""


@dataclass(frozen=True)
class Kind:
    """A kind of thing kept: what lists it, which text a test fills in, what is kept beside, which texts are sought."""

    keeper: type
    made: type
    lists: str
    text: str
    beside: dict[str, Any]
    sought: tuple[str, ...]


class Kept:
    """What is kept of one kind in one file."""

    def __init__(self, kind: Kind, path: Path | str | None):
        self.kind = kind
        self.keeper = kind.keeper(path)
        self.path: Path = self.keeper.path

    def keep(self, text: str = "better late", **more: Any) -> Any:
        """Keep one, made up where nothing is said."""
        return self.keeper.keep(**{**self.kind.beside, self.kind.text: text, **more})

    def all(self, **chosen: Any) -> list[Any]:
        return getattr(self.keeper, self.kind.lists)(**chosen)

    def texts(self, **chosen: Any) -> list[str]:
        return [getattr(one, self.kind.text) for one in self.all(**chosen)]

    def every_way_in(self) -> list[Callable[[], object]]:
        ways = [self.keep, self.all, lambda: self.keeper.remove(1), self.keeper.export_csv]
        return [*ways, self.keeper.precision] if isinstance(self.keeper, Collection) else ways

    def refuses(self, error: type[Exception], says: str) -> None:
        for way in self.every_way_in():
            with pytest.raises(error, match=says) as refused:
                way()
            assert "\n" not in str(refused.value)


PAIRS = Kind(
    Collection,
    Pair,
    "pairs",
    "original",
    {"other": "late", "model": "lstm", "probability_original": 0.75, "probability_other": 0.25, "judgement": "valid"},
    ("original", "other", "note"),
)
FINDS = Kind(
    Finds,
    Find,
    "finds",
    "text",
    {"model": "lstm", "probability": 0.75, "reading": "negative", "source": "edit", "how": "late → early"},
    ("text", "original", "note"),
)
KINDS = {"pairs": PAIRS, "finds": FINDS}


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    return Kept(request.param, tmp_path / "collection.sqlite3")


def both(path: Path) -> tuple[Kept, Kept]:
    return Kept(PAIRS, path), Kept(FINDS, path)


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA user_version").fetchone()[0]


def write_first_version(path: Path, *, write_ahead: bool = True) -> None:
    with closing(sqlite3.connect(path)) as connection:
        if write_ahead:
            connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(FIRST_VERSION)


# Keeping, listing, removing


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_any_text_is_kept_found_and_removed_as_it_stands(text: str, kept: Kept) -> None:
    kept.keep("plain")
    for number, name in enumerate(kept.kind.sought):
        place = {kept.kind.text: str(number), name: text}
        found = kept.keep(**{kept.kind.text: place.pop(kept.kind.text)}, **place)
        assert kept.all()[0] == found and getattr(found, name) == text
    assert len(kept.all(contains=text)) == len(kept.kind.sought)
    assert kept.keep(model=text).model == text
    assert len(kept.all(model=text)) == 1
    for one in kept.all(contains=text):
        kept.keeper.remove(one.id)
    assert kept.texts() == ["better late", "plain"]


@pytest.mark.parametrize(
    ("sought", "found"),
    [
        ("%", ["100% good"]),
        ("_", ["a_b"]),
        ("\\", ["a\\b"]),
        ("0% g", ["100% good"]),
        ("after", ["a\x00after"]),
        ("ÉCOLE", ["l’école"]),
        ("STRASSE", ["die straße"]),
        ("", ["die straße", "l’école", "a\x00after", "a\\b", "a_b", "100% good"]),
        ("\ud800", []),
    ],
)
def test_the_text_sought_is_taken_as_it_stands(sought: str, found: list[str], kept: Kept) -> None:
    for text in ("100% good", "a_b", "a\\b", "a\x00after", "l’école", "die straße"):
        kept.keep(text)
    assert kept.texts(contains=sought) == found


def test_what_is_removed_is_gone_and_its_id_is_never_given_again(kept: Kept) -> None:
    first, second = kept.keep(), kept.keep(model="gru")
    kept.keeper.remove(second.id)
    assert kept.all() == [first]
    assert kept.keep(model="gru").id > second.id
    noun = kept.kind.lists[:-1]
    for number in (second.id, 0, -1, 10**30):
        with pytest.raises(LookupError, match=f"no {noun} {number} in collection.sqlite3"):
            kept.keeper.remove(number)


def test_pairs_and_finds_of_one_file_do_not_touch_one_another(tmp_path: Path) -> None:
    pairs, finds = both(tmp_path / "collection.sqlite3")
    pair, find = pairs.keep("so"), finds.keep("so")
    assert (pairs.all(), finds.all()) == ([pair], [find])
    finds.keeper.remove(find.id)
    assert (pairs.all(), finds.all()) == ([pair], [])
    assert version(pairs.path) == SCHEMA == 2


def test_a_collection_that_was_never_written_is_empty_and_leaves_no_file(kept: Kept) -> None:
    assert kept.all() == []
    assert kept.keeper.export_csv().count("\n") == 1
    with pytest.raises(LookupError):
        kept.keeper.remove(1)
    assert not kept.path.exists()


def test_reading_an_empty_file_does_not_write_to_it(kept: Kept) -> None:
    kept.path.touch()
    assert kept.all() == []
    with pytest.raises(LookupError):
        kept.keeper.remove(1)
    assert kept.path.read_bytes() == b""
    assert kept.all() == [] == kept.all(contains="x")
    assert [kept.keep()] == kept.all()


def test_the_path_comes_from_the_environment(kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UNROLLED_COLLECTION", raising=False)
    assert default_path() == Path("collection.sqlite3")
    assert Kept(kept.kind, None).path == tmp_path / "collection.sqlite3"
    monkeypatch.setenv("UNROLLED_COLLECTION", str(tmp_path / "mine #1?.sqlite3"))
    Kept(kept.kind, None).keep()
    assert (tmp_path / "mine #1?.sqlite3").is_file()
    Kept(kept.kind, ":memory:").keep()
    assert (tmp_path / ":memory:").is_file(), "SQLite's own names are names of files here"


def test_git_ignores_a_collection_in_the_project() -> None:
    names = ["collection.sqlite3", "collection.sqlite3-wal", "collection.sqlite3-shm"]
    done = subprocess.run(["git", "check-ignore", *names], cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode == 128:
        pytest.skip("not a git checkout")
    assert done.stdout.split() == names


def test_half_a_surrogate_pair_is_refused(kept: Kept) -> None:
    for name in (*kept.kind.sought, "model"):
        with pytest.raises(ValueError, match=rf"{name} holds half a surrogate pair \(character 4\)"):
            kept.keep(**{name: "so \ud83d good"})
    kept.keep()
    assert kept.all(model="so \ud83d good") == kept.all(contains="so \ud83d good") == []


# The first version's file


def test_a_file_of_the_first_version_is_read_as_it_is(tmp_path: Path) -> None:
    pairs, finds = both(tmp_path / "collection.sqlite3")
    write_first_version(pairs.path)
    content = pairs.path.read_bytes()
    assert [(pair.id, pair.original, pair.fluency_other, pair.note) for pair in pairs.all()] == [
        (4, "not bad", None, ""),
        (3, "so good", -24.25, "hm"),
    ]
    assert finds.all() == [] and finds.keeper.export_csv().count("\n") == 1
    with pytest.raises(LookupError, match="no find 3"):
        finds.keeper.remove(3)
    assert pairs.path.read_bytes() == content and version(pairs.path) == 1
    pairs.keeper.remove(3)
    assert version(pairs.path) == 1 and pairs.texts() == ["not bad"]


@pytest.mark.parametrize("write_ahead", [True, False], ids=["as made", "a copy without write-ahead"])
def test_keeping_upgrades_a_file_of_the_first_version_in_place(kept: Kept, write_ahead: bool) -> None:
    write_first_version(kept.path, write_ahead=write_ahead)
    pairs, finds = both(kept.path)
    before = pairs.all()
    one = kept.keep("newly kept")
    assert version(kept.path) == 2
    assert pairs.all() == ([one, *before] if kept.kind is PAIRS else before)
    assert finds.all() == ([one] if kept.kind is FINDS else [])
    assert pairs.keep("another").id > before[0].id, "ids go on from where they were"
    assert finds.keep("another") in finds.all()
    with closing(sqlite3.connect(kept.path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_an_upgrade_that_fails_leaves_the_first_version(kept: Kept) -> None:
    write_first_version(kept.path)
    with closing(sqlite3.connect(kept.path)) as connection:
        connection.execute("CREATE TABLE finds (mine TEXT)")
        connection.commit()
    with pytest.raises(OSError, match="table finds already exists"):
        kept.keep()
    assert version(kept.path) == 1
    assert len(Kept(PAIRS, kept.path).all()) == 2


# Files that are none


def test_a_file_that_is_no_database_is_refused_and_left_alone(kept: Kept) -> None:
    content = b"dear diary, " * 1_000
    kept.path.write_bytes(content)
    kept.refuses(ValueError, "collection.sqlite3 is not a collection of pairs and finds")
    assert kept.path.read_bytes() == content


def test_another_programs_database_is_refused_and_left_alone(kept: Kept) -> None:
    with closing(sqlite3.connect(kept.path)) as connection:
        connection.execute("CREATE TABLE finds (name TEXT)")
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    content = kept.path.read_bytes()
    kept.refuses(ValueError, "another program's database")
    assert kept.path.read_bytes() == content


def test_a_newer_version_is_refused_and_left_alone(kept: Kept) -> None:
    kept.keep()
    with closing(sqlite3.connect(kept.path)) as connection:
        connection.execute("PRAGMA user_version = 3")
    kept.refuses(ValueError, "newer version: its schema is 3, this program knows up to 2")
    with closing(sqlite3.connect(kept.path)) as connection:
        connection.execute("PRAGMA user_version = 2")
    assert len(kept.all()) == 1


@pytest.mark.parametrize("number", [0, -1])
def test_a_version_that_never_was_is_refused(number: int, kept: Kept) -> None:
    kept.keep()
    with closing(sqlite3.connect(kept.path)) as connection:
        connection.execute(f"PRAGMA user_version = {number}")
    kept.refuses(ValueError, rf"is not a collection of pairs and finds \(its schema is {number}\)")


def test_a_damaged_collection_is_refused(kept: Kept) -> None:
    for number in range(20):
        kept.keep(f"{number} " * 500)
    content = bytearray(kept.path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    kept.path.write_bytes(content)
    for way in (kept.keep, kept.all):
        with pytest.raises(ValueError, match="is not a collection of pairs and finds"):
            way()


def test_a_table_of_another_shape_is_refused(kept: Kept) -> None:
    kept.keep()
    with closing(sqlite3.connect(kept.path)) as connection:
        connection.execute(f"DROP TABLE {kept.kind.lists}")
        connection.commit()
    kept.refuses(ValueError, "not a collection of pairs and finds")


def test_a_folder_in_its_place_and_a_missing_folder_are_refused(kept: Kept, tmp_path: Path) -> None:
    Kept(kept.kind, tmp_path).refuses(OSError, "cannot be used")
    with pytest.raises(OSError, match="cannot be used: unable to open database file"):
        Kept(kept.kind, tmp_path / "gone" / "collection.sqlite3").keep()


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a place where nobody may make a file")
def test_a_place_where_nothing_may_be_written_is_refused(kept: Kept) -> None:
    nowhere = Kept(kept.kind, "/proc/self/collection.sqlite3")
    assert nowhere.all() == []
    with pytest.raises(OSError, match="cannot be used"):
        nowhere.keep()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_file_is_refused(kept: Kept) -> None:
    kept.keep()
    kept.path.chmod(0o444)
    kept.path.parent.chmod(0o555)
    try:
        with pytest.raises(OSError, match="cannot be used"):
            kept.keep(model="gru")
    finally:
        kept.path.parent.chmod(0o755)


# Many at once

WRITER = """
import sys
from concurrent.futures import ThreadPoolExecutor
from core.storage.pairs import Collection
from core.storage.comments import Finds

path, process, threads, count = sys.argv[1], *map(int, sys.argv[2:])
print("ready", flush=True)
sys.stdin.readline()  # all processes start together

def write(thread):
    pairs, finds = Collection(path), Finds(path)
    def pair(text, note=None):
        pairs.keep(original=text, other="x", model="lstm", probability_original=0.5, probability_other=0.5,
                   judgement="valid", note=note)
    def find(text, note=None):
        finds.keep(text=text, model="lstm", probability=0.5, reading="negative", source="edit", note=note)
    for number in range(count):
        one = f"{process} {thread} {number}"
        for keep in (pair, find) if thread % 2 else (find, pair):
            keep(one)
            keep("shared", one)
        assert one in {pair.original for pair in pairs.pairs()} & {find.text for find in finds.finds()}

with ThreadPoolExecutor(threads) as pool:
    list(pool.map(write, range(threads)))
"""


@pytest.mark.parametrize("start", ["no file", "the first version"])
def test_nothing_is_lost_when_processes_and_threads_write_at_once(start: str, tmp_path: Path) -> None:
    """They also race to make the file or to upgrade it; a reader stays inside one look at it."""
    processes, threads, count = 3, 3, 5
    pairs, finds = both(tmp_path / "collection.sqlite3")
    if start == "the first version":
        write_first_version(pairs.path)
    old = pairs.texts()
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(pairs.path), *map(str, (process, threads, count))],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for process in range(processes)
    ]
    for writer in writers:
        assert writer.stdout is not None and writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()
    pairs.keep("first")
    with closing(sqlite3.connect(pairs.path)) as reader:
        assert reader.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        reader.execute("BEGIN")
        (seen,) = reader.execute("SELECT count(*) FROM finds").fetchone()
        errors = [writer.communicate(timeout=120)[1] for writer in writers]
        assert reader.execute("SELECT count(*) FROM finds").fetchone() == (seen,)
    assert errors == [""] * processes
    written = {f"{p} {t} {n}" for p in range(processes) for t in range(threads) for n in range(count)}
    assert sorted(pairs.texts()) == sorted([*old, *written, "shared", "first"])
    assert sorted(finds.texts()) == sorted([*written, "shared"])
    assert version(pairs.path) == 2


def test_the_first_to_write_waits_for_who_holds_the_new_file(kept: Kept) -> None:
    with closing(sqlite3.connect(kept.path, isolation_level=None, check_same_thread=False)) as busy:
        busy.execute("BEGIN IMMEDIATE")
        later = threading.Timer(0.2, busy.execute, ["COMMIT"])
        later.start()
        assert kept.keep().id == 1
        later.join()


def test_threads_may_share_one_collection(kept: Kept) -> None:
    start = threading.Barrier(8)

    def write(thread: int) -> int:
        start.wait()
        return kept.keep(str(thread)).id

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(write, range(8)))
    assert sorted(numbers) == sorted(one.id for one in kept.all()) and len(set(numbers)) == 8


def test_a_writer_who_keeps_others_waiting_too_long_is_told_of(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_PATIENCE", 0.05)
    kept.keep()
    with closing(sqlite3.connect(kept.path, isolation_level=None)) as busy:
        busy.execute("BEGIN IMMEDIATE")
        assert len(kept.all()) == 1, "readers do not wait"
        with pytest.raises(OSError, match="database is locked"):
            kept.keep(model="gru")
    assert kept.keep(model="gru").model == "gru"


# CSV


def test_the_csv_holds_everything_as_it_is(kept: Kept) -> None:
    for text in HOSTILE:
        kept.keep(f"x{text}", note=text.strip("'"))
    if kept.kind is PAIRS:
        kept.keep("nats", fluency_original=-20.5, fluency_other=-24.25, scorer="words")
    header, *rows = csv.reader(io.StringIO(kept.keeper.export_csv(), newline=""))
    assert header == [field.name for field in fields(kept.kind.made)]
    expected = [
        ["" if value is None else str(value) for value in (getattr(one, name) for name in header)] for one in kept.all()
    ]
    assert rows == expected
    assert kept.kind is FINDS or rows[0][header.index("fluency_other")] == "-24.25", "a negative number is no formula"


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x.example")'])
def test_a_formula_is_made_harmless(formula: str, kept: Kept) -> None:
    kept.keep(formula, note=formula, model=formula)
    kept.keep(f"a{formula}")
    header, plain, row = csv.reader(io.StringIO(kept.keeper.export_csv(), newline=""))
    cells = dict(zip(header, row, strict=True))
    assert cells[kept.kind.text] == cells["note"] == cells["model"] == "'" + formula
    assert plain[header.index(kept.kind.text)] == "a" + formula
    assert kept.texts() == ["a" + formula, formula], "what is kept stays as it was"

"""Pairs and finds are there again, whoever else writes, in a file of this version or the first; no other is hurt."""

from __future__ import annotations

import csv
import io
import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import FrozenInstanceError, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.data.targets import Target
from core.storage import database
from core.storage.comments import Finds
from core.storage.database import SCHEMA, default_path
from core.storage.pairs import Collection

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


BESIDE: dict[type, dict[str, Any]] = {  # what is kept where nothing is said
    Collection: {"original": "better late", "other": "late", "probability_original": 0.75, "probability_other": 0.25},
    Finds: {"text": "better late", "probability": 0.75, "source": "edit", "how": "late → early"},
}
MAIN = {Collection: "original", Finds: "text"}  # the text that the helper fills in
SOUGHT = {Collection: ("original", "other", "note"), Finds: ("text", "original", "note")}


def keep(table: Any, text: str = "better late", **more: Any) -> Any:
    """Keep one, made up where nothing is said."""
    said = {"judgement": "valid"} if isinstance(table, Collection) else {"reading": "negative"}
    return table.keep(**{"model": "lstm", **said, **BESIDE[type(table)], MAIN[type(table)]: text, **more})


def listed(table: Any, **chosen: Any) -> list[Any]:
    return table.pairs(**chosen) if isinstance(table, Collection) else table.finds(**chosen)


def texts(table: Any, **chosen: Any) -> list[str]:
    return [getattr(one, MAIN[type(table)]) for one in listed(table, **chosen)]


@pytest.fixture(params=[Collection, Finds], ids=["pairs", "finds"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return request.param(tmp_path / "collection.sqlite3")


@pytest.fixture
def pairs(tmp_path: Path) -> Collection:
    return Collection(tmp_path / "collection.sqlite3")


def both(path: Path) -> tuple[Collection, Finds]:
    return Collection(path), Finds(path)


def refuses(path: Path, error: type[Exception], says: str) -> None:
    """Every method of both tables raises this, in one line."""
    for table in both(path):
        methods = [lambda: keep(table), table.all, lambda: table.remove(1), table.export_csv]  # noqa: B023
        for method in methods:
            with pytest.raises(error, match=says) as refused:
                method()
            assert "\n" not in str(refused.value)


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA user_version").fetchone()[0]


def write_first_version(path: Path, *, write_ahead: bool = True) -> None:
    with closing(sqlite3.connect(path)) as connection:
        if write_ahead:
            connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(FIRST_VERSION)


# Keeping, listing, removing


def test_what_is_kept_is_there_again(table: Any) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    found = keep(table)
    assert before <= datetime.fromisoformat(found.created) <= datetime.now(UTC) and found.created.endswith("+00:00")
    assert type(table)(table.path).all() == [found]
    with pytest.raises(FrozenInstanceError):
        found.note = ""
    main = MAIN[type(table)]
    for changed in ({main: "Better late"}, {main: "better late "}, {"model": "LSTM"}):
        assert keep(table, **changed).id == table.all()[0].id > found.id
    assert len(table.all()) == 4
    with closing(sqlite3.connect(table.path)) as connection:
        connection.execute(f"UPDATE {table.name} SET created = 'long ago' WHERE id = 1")
        connection.commit()
    assert keep(table).created == "long ago", "it stays when it was kept first"


def test_any_text_is_kept_found_and_removed_as_it_stands(table: Any) -> None:
    keep(table, "plain")
    sought = SOUGHT[type(table)]
    for text in HOSTILE:
        for number, name in enumerate(sought):
            found = keep(table, **{MAIN[type(table)]: str(number), name: text})
            assert table.all()[0] == found and getattr(found, name) == text
        assert len(listed(table, contains=text)) == len(sought)
        assert keep(table, model=text).model == text
        assert len(listed(table, model=text)) == 1
        for one in [*listed(table, contains=text), *listed(table, model=text)]:
            table.remove(one.id)
        assert texts(table) == ["plain"]


def test_the_text_sought_is_taken_as_it_stands(table: Any) -> None:
    kept = ["die straße", "l’école", "a\x00after", "a\\b", "a_b", "100% good"]
    for text in reversed(kept):
        keep(table, text)
    for sought, found in {"%": 5, "_": 4, "\\": 3, "0% g": 5, "after": 2, "ÉCOLE": 1, "STRASSE": 0}.items():
        assert texts(table, contains=sought) == [kept[found]]
    assert texts(table, contains="") == kept and texts(table, contains="\ud800") == []


def test_what_is_removed_is_gone_and_its_id_is_never_given_again(table: Any) -> None:
    first, second = keep(table), keep(table, model="gru")
    table.remove(second.id)
    assert table.all() == [first]
    assert keep(table, model="gru").id > second.id
    for number in (second.id, 0, -1, 10**30):
        with pytest.raises(LookupError, match=f"no {table.name[:-1]} {number} in collection.sqlite3"):
            table.remove(number)


def test_pairs_and_finds_of_one_file_do_not_touch_one_another(tmp_path: Path) -> None:
    pairs, finds = both(tmp_path / "collection.sqlite3")
    pair, find = keep(pairs, "so"), keep(finds, "so")
    assert (pairs.all(), finds.all()) == ([pair], [find])
    finds.remove(find.id)
    assert (pairs.all(), finds.all()) == ([pair], [])
    assert version(pairs.path) == SCHEMA == 4


@pytest.mark.parametrize("there", [False, True])
def test_reading_writes_no_file(there: bool, table: Any) -> None:
    if there:
        table.path.touch()
    assert table.all() == [] == listed(table, contains="x")
    assert table.export_csv().count("\n") == 1
    with pytest.raises(LookupError):
        table.remove(1)
    assert table.path.read_bytes() == b"" if there else not table.path.exists()
    assert [keep(table)] == table.all()


def test_the_path_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UNROLLED_COLLECTION", raising=False)
    assert default_path() == Path("collection.sqlite3")
    assert Collection().path == tmp_path / "collection.sqlite3"
    monkeypatch.setenv("UNROLLED_COLLECTION", str(tmp_path / "mine #1?.sqlite3"))
    keep(Finds())
    assert (tmp_path / "mine #1?.sqlite3").is_file()
    keep(Collection(":memory:"))
    assert (tmp_path / ":memory:").is_file(), "SQLite's own names are names of files here"


def test_git_ignores_a_collection_in_the_project() -> None:
    names = ["collection.sqlite3", "collection.sqlite3-wal", "collection.sqlite3-shm"]
    done = subprocess.run(["git", "check-ignore", *names], cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode == 128:
        pytest.skip("not a git checkout")
    assert done.stdout.split() == names


def test_half_a_surrogate_pair_is_refused(table: Any) -> None:
    for name in (*SOUGHT[type(table)], "model"):
        with pytest.raises(ValueError, match=rf"{name} holds half a surrogate pair \(character 4\)"):
            keep(table, **{name: "so \ud83d good"})
    keep(table)
    assert listed(table, model="so \ud83d good") == listed(table, contains="so \ud83d good") == []


# The first version's file


def test_a_file_of_the_first_version_is_read_as_it_is(tmp_path: Path) -> None:
    pairs, finds = both(tmp_path / "collection.sqlite3")
    write_first_version(pairs.path)
    content = pairs.path.read_bytes()
    assert [(pair.id, pair.original, pair.fluency_other, pair.note) for pair in pairs.all()] == [
        (4, "not bad", None, ""),
        (3, "so good", -24.25, "hm"),
    ]
    mail = Collection(pairs.path, lambda model: ("ham", "spam") if model == "gru" else ("a", "b", "c"))
    assert [(pair.target, pair.label_original, pair.label_other) for pair in mail.all()] == [
        ("spam", "spam", "ham"),
        ("positive", "positive", "negative"),  # its model has become another
    ]
    assert finds.all() == [] and finds.export_csv().count("\n") == 1
    with pytest.raises(LookupError, match="no find 3"):
        finds.remove(3)
    assert pairs.path.read_bytes() == content and version(pairs.path) == 1
    pairs.remove(3)
    assert version(pairs.path) == 1 and texts(pairs) == ["not bad"]


@pytest.mark.parametrize("write_ahead", [True, False], ids=["as made", "a copy without write-ahead"])
def test_keeping_upgrades_a_file_of_the_first_version_in_place(table: Any, write_ahead: bool) -> None:
    write_first_version(table.path, write_ahead=write_ahead)
    pairs, finds = both(table.path)
    before = pairs.all()
    one = keep(table, "newly kept")
    assert version(table.path) == SCHEMA
    assert pairs.all() == ([one, *before] if isinstance(table, Collection) else before)
    assert finds.all() == ([one] if isinstance(table, Finds) else [])
    assert keep(pairs, "another").id > before[0].id, "ids go on from where they were"
    assert keep(finds, "another") in finds.all()
    with closing(sqlite3.connect(table.path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_an_upgrade_that_fails_leaves_the_first_version(table: Any) -> None:
    write_first_version(table.path)
    with closing(sqlite3.connect(table.path)) as connection:
        connection.execute("CREATE TABLE finds (mine TEXT)")
        connection.commit()
    with pytest.raises(OSError, match="table finds already exists"):
        keep(table)
    assert version(table.path) == 1 and len(Collection(table.path).all()) == 2


# The second version's file, where a model's first class is negative and its second positive, whatever their names

SECOND_VERSION = (
    FIRST_VERSION.replace("user_version = 1", "user_version = 2")
    + """
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
);
INSERT INTO finds VALUES
    (1, '2025-01-02T03:04:05+00:00', 'oh great', NULL, 'lstm', 0.75, 'negative', 'typed', '', ''),
    (2, '2025-01-02T03:04:06+00:00', 'win now', NULL, 'mail', 0.25, 'positive', 'typed', '', ''),
    (3, '2025-01-02T03:04:07+00:00', 'so so', NULL, 'mail', 0.75, 'mixed', 'file', 'row 3', ''),
    (4, '2025-01-02T03:04:08+00:00', 'good', NULL, 'turned', 0.75, 'negative', 'typed', '', ''),
    (5, '2025-01-02T03:04:09+00:00', 'bad', NULL, 'grown', 0.75, 'negative', 'typed', '', '');
"""
)
NAMES = {"mail": ("ham", "spam"), "turned": ("positive", "negative"), "grown": ("negative", "neutral", "positive")}


def test_finds_of_the_second_version_get_the_names_of_their_models_classes(tmp_path: Path) -> None:
    finds = Finds(tmp_path / "collection.sqlite3", lambda model: NAMES.get(model, ("negative", "positive")))
    with closing(sqlite3.connect(finds.path)) as connection:
        connection.executescript(SECOND_VERSION)
    content = finds.path.read_bytes()
    before = finds.all()
    assert [(find.text, find.reading, find.target, find.label, find.fooled) for find in before] == [
        ("bad", "negative", "positive", "positive", True),  # its model has become another
        ("good", "positive", "negative", "negative", True),
        ("so so", "mixed", "spam", "spam", None),
        ("win now", "spam", "spam", "ham", True),
        ("oh great", "negative", "positive", "positive", True),
    ]
    assert texts(finds, reading="spam") == ["win now"] and ",spam,ham,\r\n" in finds.export_csv()
    assert finds.path.read_bytes() == content
    own = {"model": "turned", "target": Target(NAMES["turned"], 1)}
    new = [keep(finds, reading=reading, text=reading, **own) for reading in NAMES["turned"]]
    assert version(finds.path) == SCHEMA and finds.all() == [*reversed(new), *before]
    assert [find.reading for find in new] == ["positive", "negative"]
    assert keep(finds, "good", reading="negative", **own).reading == "negative", "kept again, it is a new one"


# Files that are none


def test_a_file_of_another_kind_is_refused_and_left_alone(pairs: Collection) -> None:
    content = b"dear diary, " * 1_000
    pairs.path.write_bytes(content)
    refuses(pairs.path, ValueError, "collection.sqlite3 is not a collection of pairs and finds")
    assert pairs.path.read_bytes() == content
    pairs.path.unlink()
    with closing(sqlite3.connect(pairs.path)) as connection:
        connection.execute("CREATE TABLE finds (name TEXT)")
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    content = pairs.path.read_bytes()
    refuses(pairs.path, ValueError, "another program's database")
    assert pairs.path.read_bytes() == content


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (5, "newer version: its schema is 5, this program knows up to 4"),
        (0, r"is not a collection of pairs and finds \(its schema is 0\)"),
        (-1, r"is not a collection of pairs and finds \(its schema is -1\)"),
    ],
)
def test_a_version_that_is_not_known_is_refused_and_left_alone(number: int, says: str, pairs: Collection) -> None:
    keep(pairs)
    for wrong in (number, SCHEMA):
        with closing(sqlite3.connect(pairs.path)) as connection:
            connection.execute(f"PRAGMA user_version = {wrong}")
        if wrong == number:
            refuses(pairs.path, ValueError, says)
    assert len(pairs.all()) == 1


def test_a_damaged_collection_and_one_without_its_tables_are_refused(pairs: Collection) -> None:
    for number in range(20):
        keep(pairs, f"{number} " * 500)
    content = bytearray(pairs.path.read_bytes())
    pairs.path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    for method in (lambda: keep(pairs), pairs.all):
        with pytest.raises(ValueError, match="is not a collection of pairs and finds"):
            method()
    pairs.path.write_bytes(content)
    with closing(sqlite3.connect(pairs.path)) as connection:
        connection.executescript("DROP TABLE pairs; DROP TABLE finds")
    refuses(pairs.path, ValueError, "not a collection of pairs and finds")


def test_places_where_no_file_can_be_are_refused(pairs: Collection, tmp_path: Path) -> None:
    refuses(tmp_path, OSError, "cannot be used")
    with pytest.raises(OSError, match="cannot be used: unable to open database file"):
        keep(Collection(tmp_path / "gone" / "collection.sqlite3"))
    if Path("/proc/self").is_dir():
        nowhere = Collection("/proc/self/collection.sqlite3")
        assert nowhere.all() == []
        with pytest.raises(OSError, match="cannot be used"):
            keep(nowhere)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_file_is_refused(pairs: Collection) -> None:
    keep(pairs)
    pairs.path.chmod(0o444)
    pairs.path.parent.chmod(0o555)
    try:
        with pytest.raises(OSError, match="cannot be used"):
            keep(pairs, model="gru")
    finally:
        pairs.path.parent.chmod(0o755)


# Many at once

WRITER = """
import sys
from concurrent.futures import ThreadPoolExecutor
from core.storage.pairs import Collection
from core.storage.comments import Finds

path, process, threads, count = sys.argv[1], *map(int, sys.argv[2:])
pairs, finds = Collection(path), Finds(path)  # threads share them
print("ready", flush=True)
sys.stdin.readline()  # all processes start together

def write(thread):
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
    processes, threads, count = 2, 3, 5
    pairs, finds = both(tmp_path / "collection.sqlite3")
    if start == "the first version":
        write_first_version(pairs.path)
    old = texts(pairs)
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
    keep(pairs, "first")
    with closing(sqlite3.connect(pairs.path)) as reader:
        assert reader.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        reader.execute("BEGIN")
        (seen,) = reader.execute("SELECT count(*) FROM finds").fetchone()
        errors = [writer.communicate(timeout=120)[1] for writer in writers]
        assert reader.execute("SELECT count(*) FROM finds").fetchone() == (seen,)
    assert errors == [""] * processes
    written = {f"{p} {t} {n}" for p in range(processes) for t in range(threads) for n in range(count)}
    assert sorted(texts(pairs)) == sorted([*old, *written, "shared", "first"])
    assert sorted(texts(finds)) == sorted([*written, "shared"])
    assert version(pairs.path) == SCHEMA


def test_the_first_to_write_waits_for_who_holds_the_new_file(pairs: Collection) -> None:
    with closing(sqlite3.connect(pairs.path, isolation_level=None, check_same_thread=False)) as busy:
        busy.execute("BEGIN IMMEDIATE")
        later = threading.Timer(0.2, busy.execute, ["COMMIT"])
        later.start()
        assert keep(pairs).id == 1
        later.join()


def test_a_writer_who_keeps_others_waiting_too_long_is_told_of(
    pairs: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_PATIENCE", 0.05)
    keep(pairs)
    with closing(sqlite3.connect(pairs.path, isolation_level=None)) as busy:
        busy.execute("BEGIN IMMEDIATE")
        assert len(pairs.all()) == 1, "readers do not wait"
        with pytest.raises(OSError, match="database is locked"):
            keep(pairs, model="gru")
    assert keep(pairs, model="gru").model == "gru"


# CSV


def test_the_csv_holds_everything_as_it_is_but_for_formulas(table: Any) -> None:
    for text in HOSTILE:
        keep(table, f"x{text}", note=text.strip("'"))
    if isinstance(table, Collection):
        keep(table, "nats", fluency_original=-20.5, fluency_other=-24.25, scorer="words")
    header, *rows = csv.reader(io.StringIO(table.export_csv(), newline=""))
    assert header == [field.name for field in fields(table.kind)]
    assert rows == [
        ["" if value is None else str(value) for value in (getattr(one, name) for name in header)]
        for one in table.all()
    ]
    if isinstance(table, Collection):
        assert rows[0][header.index("fluency_other")] == "-24.25", "a negative number is no formula"
    formula = "\t=1"
    keep(table, formula, note=formula, model=formula)
    cells = dict(zip(*list(csv.reader(io.StringIO(table.export_csv(), newline="")))[:2], strict=True))
    assert cells[MAIN[type(table)]] == cells["note"] == cells["model"] == "'" + formula
    assert texts(table)[0] == formula, "what is kept stays as it was"

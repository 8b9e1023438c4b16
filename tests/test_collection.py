"""What a person kept is there again, whoever else writes, and tells how precise the fluency gate is."""

from __future__ import annotations

import csv
import io
import os
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import FrozenInstanceError, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core import collection
from core.collection import JUDGEMENTS, Collection, Pair, default_path
from core.evaluation import wilson_interval

PROJECT = Path(__file__).parent.parent
HOSTILE = [
    "'); DROP TABLE pairs; --",
    'a"b`c',
    "100%_off\\",
    "before\x00after",
    "🙂🙂 ❤️",
    "שלום \u202e",
    "<script>alert(1)</script>",
    ":judgement ?1",
    "line\nline\r\n",
]


@pytest.fixture
def kept(tmp_path: Path) -> Collection:
    return Collection(tmp_path / "collection.sqlite3")


def keep(kept: Collection, original: str = "better late", other: str = "late better", **more: Any) -> Pair:
    """Keep a pair, made up where nothing is said."""
    numbers = {"probability_original": 0.75, "probability_other": 0.25}
    return kept.keep(original=original, other=other, **{"model": "lstm", "judgement": "valid", **numbers, **more})


def score(original: float, other: float, floor: float | None = 8.0, scorer: str = "words") -> dict[str, Any]:
    return {"fluency_original": original, "fluency_other": other, "floor": floor, "scorer": scorer}


# Keeping, listing, removing


def test_what_is_kept_is_there_again(kept: Collection) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    found = kept.keep(
        original="better late than never",
        other="better never than late",
        model="lstm",
        probability_original=0.75,
        probability_other=0.25,
        fluency_original=-20.5,
        fluency_other=-24.25,
        scorer="words",
        floor=8,
        judgement="not valid",
        note="hm",
    )
    assert before <= datetime.fromisoformat(found.created) <= datetime.now(UTC)
    assert found.created.endswith("+00:00")
    assert found == Pair(
        id=1,
        created=found.created,
        original="better late than never",
        other="better never than late",
        model="lstm",
        probability_original=0.75,
        probability_other=0.25,
        fluency_original=-20.5,
        fluency_other=-24.25,
        scorer="words",
        floor=8.0,
        judgement="not valid",
        note="hm",
    )
    assert Collection(kept.path).pairs() == [found]
    with pytest.raises(FrozenInstanceError):
        found.note = ""  # type: ignore[misc]


def test_what_is_not_known_is_none(kept: Collection) -> None:
    found = keep(kept)
    assert (found.fluency_original, found.fluency_other, found.scorer, found.floor, found.note) == (None,) * 4 + ("",)
    assert kept.pairs() == [found]


def test_the_same_pair_again_takes_the_new_judgement(kept: Collection) -> None:
    first = keep(kept, judgement="unsure", note="first thought", **score(-10, -12))
    other = keep(kept, model="gru")
    again = keep(kept, judgement="valid", probability_other=0.125, **score(-11, -14, 4.0, "better words"))
    expected = {"fluency_original": -11.0, "fluency_other": -14.0, "floor": 4.0, "scorer": "better words"}
    assert again == replace(first, judgement="valid", probability_other=0.125, **expected)
    assert kept.pairs() == [other, again]
    assert keep(kept, judgement="valid", probability_other=0.125, note="second") == replace(again, note="second")
    unknown_floor = keep(kept, judgement="valid", probability_other=0.125, **score(-11, -14, None, "other words"))
    assert unknown_floor.floor is None, "one scorer's floor says nothing of another's"


def test_another_text_or_model_is_another_pair(kept: Collection) -> None:
    for changed in ({}, {"original": "Better late"}, {"other": "late better "}, {"model": "LSTM"}):
        keep(kept, **changed)
    assert len(kept.pairs()) == 4


def test_listing_is_newest_first_and_filtered(kept: Collection) -> None:
    for number, judgement in enumerate(["valid", "unsure", "not valid"] * 2):
        keep(kept, original=f"text {number}", judgement=judgement, model=["rnn", "gru"][number % 2])
    assert [pair.original[-1] for pair in kept.pairs()] == list("543210")
    assert [pair.original[-1] for pair in kept.pairs("unsure")] == ["4", "1"]
    assert [pair.original[-1] for pair in kept.pairs(model="gru")] == ["5", "3", "1"]
    assert [pair.original[-1] for pair in kept.pairs("unsure", "gru")] == ["1"]
    assert [pair.original[-1] for pair in kept.pairs("unsure", "rnn", "TEXT 4")] == ["4"]
    assert kept.pairs(model="nosuch") == kept.pairs(contains="nosuch") == []


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_any_text_is_kept_found_and_removed_as_it_stands(text: str, kept: Collection) -> None:
    keep(kept, original="plain")
    for place in ({"original": text}, {"other": text}, {"note": text, "other": "x"}):
        found = keep(kept, **place)
        assert kept.pairs()[0] == found and next(iter(place.values())) in (found.original, found.other, found.note)
    assert len(kept.pairs(contains=text)) == 3
    assert keep(kept, model=text).model == text
    assert len(kept.pairs(model=text)) == 1
    for pair in kept.pairs(contains=text):
        kept.remove(pair.id)
    assert [pair.original for pair in kept.pairs()] == ["better late", "plain"]


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
def test_the_text_sought_is_taken_as_it_stands(sought: str, found: list[str], kept: Collection) -> None:
    for text in ("100% good", "a_b", "a\\b", "a\x00after", "l’école", "die straße"):
        keep(kept, original=text)
    assert [pair.original for pair in kept.pairs(contains=sought)] == found


def test_a_removed_pair_is_gone_and_its_id_is_never_given_again(kept: Collection) -> None:
    first, second = keep(kept), keep(kept, model="gru")
    kept.remove(second.id)
    assert kept.pairs() == [first]
    assert keep(kept, model="gru").id > second.id
    for number in (second.id, 0, -1, 10**30):
        with pytest.raises(LookupError, match=f"no pair {number} in collection.sqlite3"):
            kept.remove(number)


def test_a_collection_that_was_never_written_is_empty_and_leaves_no_file(kept: Collection) -> None:
    assert kept.pairs() == [] and kept.precision() == []
    assert kept.export_csv().count("\n") == 1
    with pytest.raises(LookupError):
        kept.remove(1)
    assert not kept.path.exists()


def test_the_path_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UNROLLED_COLLECTION", raising=False)
    assert default_path() == Path("collection.sqlite3") and Collection().path == tmp_path / "collection.sqlite3"
    monkeypatch.setenv("UNROLLED_COLLECTION", str(tmp_path / "mine #1?.sqlite3"))
    keep(Collection())
    assert (tmp_path / "mine #1?.sqlite3").is_file()
    keep(Collection(":memory:"))
    assert (tmp_path / ":memory:").is_file(), "SQLite's own names are names of files here"


def test_git_ignores_a_collection_in_the_project() -> None:
    names = ["collection.sqlite3", "collection.sqlite3-wal", "collection.sqlite3-shm"]
    done = subprocess.run(["git", "check-ignore", *names], cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode == 128:
        pytest.skip("not a git checkout")
    assert done.stdout.split() == names


# What is refused


@pytest.mark.parametrize("place", ["original", "other", "model", "note"])
def test_half_a_surrogate_pair_is_refused(place: str, kept: Collection) -> None:
    with pytest.raises(ValueError, match=rf"{place} holds half a surrogate pair \(character 4\)"):
        keep(kept, **{place: "so \ud83d good"})
    with pytest.raises(ValueError, match="scorer holds half"):
        keep(kept, **score(-1, -1, scorer="\udc00"))
    assert kept.pairs() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"judgement": "maybe"},
        {"judgement": ""},
        {"probability_original": float("nan")},
        {"probability_other": 1.01},
        {"probability_other": -0.01},
        score(float("-inf"), -1.0),
        score(-1.0, float("nan")),
        score(-1.0, -1.0, -0.5),
        score(-1.0, -1.0, float("inf")),
        {"scorer": "words"},
        {"fluency_original": -1.0, "fluency_other": -1.0},
        {"fluency_original": -1.0, "scorer": "words"},
    ],
    ids=str,
)
def test_what_is_no_judgement_or_number_is_refused(wrong: dict[str, Any], kept: Collection) -> None:
    with pytest.raises(ValueError, match=r"judgement|number from|kept together") as refused:
        keep(kept, **wrong)
    assert "\n" not in str(refused.value)
    assert not kept.path.exists()


def test_an_unknown_judgement_is_refused_in_a_filter(kept: Collection) -> None:
    with pytest.raises(ValueError, match="'maybe'; available: valid, not valid, unsure"):
        kept.pairs("maybe")


# Files that are none


def every_way_in(kept: Collection) -> list[Any]:
    return [lambda: keep(kept), kept.pairs, lambda: kept.remove(1), kept.export_csv, kept.precision]


def refusals(kept: Collection, error: type[Exception], says: str) -> None:
    for way in every_way_in(kept):
        with pytest.raises(error, match=says) as refused:
            way()
        assert "\n" not in str(refused.value)


def test_a_file_that_is_no_database_is_refused_and_left_alone(kept: Collection) -> None:
    content = b"dear diary, " * 1_000
    kept.path.write_bytes(content)
    refusals(kept, ValueError, "collection.sqlite3 is not a collection of pairs")
    assert kept.path.read_bytes() == content


def test_another_programs_database_is_refused_and_left_alone(kept: Collection) -> None:
    with closing(sqlite3.connect(kept.path)) as connection:
        connection.execute("CREATE TABLE songs (name TEXT)")
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    content = kept.path.read_bytes()
    refusals(kept, ValueError, "another program's database")
    assert kept.path.read_bytes() == content


def test_a_newer_version_is_refused_and_left_alone(kept: Collection) -> None:
    keep(kept)
    with closing(sqlite3.connect(kept.path)) as connection:
        connection.execute("PRAGMA user_version = 2")
    refusals(kept, ValueError, "newer version: its schema is 2, this program knows up to 1")
    with closing(sqlite3.connect(kept.path)) as connection:
        connection.execute("PRAGMA user_version = 1")
    assert len(kept.pairs()) == 1


def test_a_damaged_collection_is_refused(kept: Collection) -> None:
    for number in range(20):
        keep(kept, original=f"{number} " * 500)
    content = bytearray(kept.path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    kept.path.write_bytes(content)
    for way in (lambda: keep(kept), kept.pairs):
        with pytest.raises(ValueError, match="is not a collection of pairs"):
            way()


def test_a_table_of_another_shape_is_refused(kept: Collection) -> None:
    keep(kept)
    with closing(sqlite3.connect(kept.path)) as connection:
        connection.execute("DROP TABLE pairs")
        connection.commit()
    with pytest.raises(ValueError, match="not a collection of pairs"):
        kept.pairs()


def test_a_folder_in_its_place_and_a_missing_folder_are_refused(tmp_path: Path) -> None:
    refusals(Collection(tmp_path), OSError, "cannot be used")
    with pytest.raises(OSError, match="cannot be used: unable to open database file"):
        keep(Collection(tmp_path / "gone" / "collection.sqlite3"))


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a place where nobody may make a file")
def test_a_place_where_nothing_may_be_written_is_refused() -> None:
    nowhere = Collection("/proc/self/collection.sqlite3")
    assert nowhere.pairs() == []
    with pytest.raises(OSError, match="cannot be used"):
        keep(nowhere)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_file_is_refused(kept: Collection) -> None:
    keep(kept)
    kept.path.chmod(0o444)
    kept.path.parent.chmod(0o555)
    try:
        with pytest.raises(OSError, match="cannot be used"):
            keep(kept, model="gru")
    finally:
        kept.path.parent.chmod(0o755)


# Many at once

WRITER = """
import sys
from concurrent.futures import ThreadPoolExecutor
from core.collection import Collection

path, process, threads, count = sys.argv[1], *map(int, sys.argv[2:])
print("ready", flush=True)
sys.stdin.readline()  # all processes start together

def write(thread):
    kept = Collection(path)
    for number in range(count):
        kept.keep(original=f"{process} {thread} {number}", other="x", model="lstm", probability_original=0.5,
                  probability_other=0.5, judgement="valid")
        kept.keep(original="shared", other="x", model="lstm", probability_original=0.5, probability_other=0.5,
                  judgement="unsure", note=f"{process}")
        assert any(pair.original == f"{process} {thread} {number}" for pair in kept.pairs())

with ThreadPoolExecutor(threads) as pool:
    list(pool.map(write, range(threads)))
"""


def test_nothing_is_lost_when_processes_and_threads_write_at_once(kept: Collection) -> None:
    """The file does not exist before, so that they also race to make it; a reader stays inside one look at it."""
    processes, threads, count = 3, 3, 5
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(kept.path), *map(str, (process, threads, count))],
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
    keep(kept, original="first")
    with closing(sqlite3.connect(kept.path)) as reader:
        assert reader.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        reader.execute("BEGIN")
        (seen,) = reader.execute("SELECT count(*) FROM pairs").fetchone()
        errors = [writer.communicate(timeout=120)[1] for writer in writers]
        assert reader.execute("SELECT count(*) FROM pairs").fetchone() == (seen,)
    assert errors == [""] * processes
    written = {f"{p} {t} {n}" for p in range(processes) for t in range(threads) for n in range(count)}
    found = [pair.original for pair in kept.pairs()]
    assert sorted(found) == sorted([*written, "shared", "first"])


def test_the_first_to_write_waits_for_who_holds_the_new_file(kept: Collection) -> None:
    with closing(sqlite3.connect(kept.path, isolation_level=None, check_same_thread=False)) as busy:
        busy.execute("BEGIN IMMEDIATE")
        later = threading.Timer(0.2, busy.execute, ["COMMIT"])
        later.start()
        assert keep(kept).id == 1
        later.join()


def test_threads_may_share_one_collection(kept: Collection) -> None:
    start = threading.Barrier(8)

    def write(thread: int) -> int:
        start.wait()
        return keep(kept, original=str(thread)).id

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(write, range(8)))
    assert sorted(numbers) == sorted(pair.id for pair in kept.pairs()) and len(set(numbers)) == 8


def test_a_writer_who_keeps_others_waiting_too_long_is_told_of(
    kept: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collection, "_PATIENCE", 0.05)
    keep(kept)
    with closing(sqlite3.connect(kept.path, isolation_level=None)) as busy:
        busy.execute("BEGIN IMMEDIATE")
        assert len(kept.pairs()) == 1, "readers do not wait"
        with pytest.raises(OSError, match="database is locked"):
            keep(kept, model="gru")
    assert keep(kept, model="gru").model == "gru"


# CSV


def test_the_csv_holds_every_pair_as_it_is(kept: Collection) -> None:
    for number, text in enumerate(HOSTILE):
        keep(kept, original=f"x{text}", note=text.strip("'"), judgement=JUDGEMENTS[number % 3], **score(-20.5, -24.25))
    header, *rows = csv.reader(io.StringIO(kept.export_csv(), newline=""))
    assert header == [field.name for field in fields(Pair)]
    expected = [
        ["" if value is None else str(value) for value in (getattr(pair, name) for name in header)]
        for pair in kept.pairs()
    ]
    assert rows == expected
    assert rows[0][header.index("fluency_other")] == "-24.25", "a negative number is no formula"


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x.example")'])
def test_a_formula_is_made_harmless(formula: str, kept: Collection) -> None:
    keep(kept, original=formula, other=f"a{formula}", note=formula, model=formula)
    header, row = csv.reader(io.StringIO(kept.export_csv(), newline=""))
    cells = dict(zip(header, row, strict=True))
    assert cells["original"] == cells["note"] == cells["model"] == "'" + formula
    assert cells["other"] == "a" + formula
    assert kept.pairs()[0].original == formula, "what is kept stays as it was"


# How precise is the gate?


def test_precision_by_hand(kept: Collection) -> None:
    for number, judgement in enumerate(["valid", "valid", "valid", "not valid", "unsure", "unsure"]):
        keep(kept, original=f"{number}", judgement=judgement, **score(-20, -24))
    keep(kept, original="on the very edge", **score(-20, -28))
    keep(kept, original="just outside", **score(-20, -28.5))
    keep(kept, original="more fluent than the original", judgement="not valid", **score(-20, -5))
    keep(kept, original="no floor", **score(-20, -21, None))
    keep(kept, original="no fluency")
    (found,) = kept.precision()
    assert (found.scorer, found.floor) == ("words", None)
    assert (found.valid, found.judged, found.unsure, found.outside, found.unknown) == (4, 6, 2, 1, 1)
    assert found.precision == pytest.approx(4 / 6)
    assert found.interval == wilson_interval(4, 6)
    low, high = found.interval
    assert low == pytest.approx(0.3000, abs=5e-4) and high == pytest.approx(0.9032, abs=5e-4)  # Wilson 1927, by hand


def test_precision_at_another_floor(kept: Collection) -> None:
    for fall, judgement in ((1, "valid"), (3, "valid"), (5, "not valid"), (9, "not valid")):
        keep(kept, original=str(fall), judgement=judgement, **score(-20, -20 - fall, None))
    expected = {0: (0, 0), 1: (1, 1), 4: (2, 2), 5: (2, 3), 100: (2, 4)}
    for floor, (valid, judged) in expected.items():
        (found,) = kept.precision(floor)
        assert (found.floor, found.valid, found.judged, found.outside) == (floor, valid, judged, 4 - judged)
        assert found.unknown == 0
    for wrong in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="floor is a number"):
            kept.precision(wrong)


def test_precision_is_told_for_each_scorer(kept: Collection) -> None:
    keep(kept, original="1", **score(-20, -21, 8, "words"))
    keep(kept, original="2", judgement="not valid", **score(-20, -21, 8, "letters"))
    assert [(found.scorer, found.precision) for found in kept.precision()] == [("letters", 0), ("words", 1)]


def test_without_a_judgement_there_is_no_precision(kept: Collection) -> None:
    keep(kept, judgement="unsure", **score(-20, -21))
    keep(kept, original="outside", **score(-20, -99))
    (found,) = kept.precision()
    assert (found.valid, found.judged, found.precision, found.interval) == (0, 0, None, None)
    assert (found.unsure, found.outside) == (1, 1)


def test_the_same_texts_kept_for_several_models_count_once(kept: Collection) -> None:
    for model in ("rnn", "gru", "lstm"):
        keep(kept, original="agreed", model=model, **score(-20, -21))
    for model, judgement in (("rnn", "valid"), ("gru", "not valid")):
        keep(kept, original="judged both ways", model=model, judgement=judgement, **score(-20, -21))
    for model, judgement in (("rnn", "unsure"), ("gru", "not valid")):
        keep(kept, original="sure in the end", model=model, judgement=judgement, **score(-20, -21))
    keep(kept, original="agreed", model="fourth", **score(-20, -99))
    (found,) = kept.precision()
    assert (found.valid, found.judged, found.unsure, found.outside) == (1, 2, 1, 0)

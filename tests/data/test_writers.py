"""A table goes out as it came in, with columns added, in any format; it stands there whole or not at all."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from core.data import writers
from core.data.records import windows
from tests.data.tables import FORMATS, read_table, write

TYPES = {"score": float, "why": str}
HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "plain", "", 'a "quoted", one', "two\nlines", "naïve 🙂"]


def copy(source: Path, out: Path, size: int = 3, added: Mapping[str, Sequence[Any]] | None = None) -> None:
    """Every row of a table, with a number and a text added."""
    with writers.replacing(out, TYPES, "text") as writer:
        for window in windows(source, size):
            numbers = range(window.first, window.first + len(window))
            scores = [None if number % 2 else number / 4 for number in numbers]
            writer.write(window, added or {"score": scores, "why": [f"-{number}" for number in numbers]})


def table(path: Path) -> Path:
    """The hostile texts, a number and a column whose name and cells are formulas."""
    numbers = [-number - 0.5 for number in range(len(HOSTILE))]
    return write(path, {"text": HOSTILE, "n": numbers, "-f": ["=evil()"] * len(HOSTILE)})


@pytest.mark.parametrize("source", FORMATS)
@pytest.mark.parametrize("target", FORMATS)
def test_every_format_becomes_every_other(source: str, target: str, tmp_path: Path) -> None:
    path, out = table(tmp_path / f"in{source}"), tmp_path / f"out{target}"
    copy(path, out)
    found = read_table(out)
    assert len(found) == len(HOSTILE)
    safe = target in (".csv", ".tsv")
    for number, (row, text) in enumerate(zip(found, HOSTILE, strict=True)):
        quote = "'" if safe and text and text[0] in "=+-@\t\r" else ""
        assert row["text"] == quote + text
        assert row["'-f" if safe else "-f"] == ("'=evil()" if safe else "=evil()")
        assert float(row["n"]) == -number - 0.5
        score, why = (number + 1) / 4 if number % 2 else None, f"-{number + 1}"
        assert (float(row["score"]) if row["score"] not in (None, "") else None) == score
        assert row["why"] == why  # a number, if a negative one
    if safe:
        with out.open(encoding="utf-8", newline="") as file:
            cells = [cell for row in csv.reader(file, delimiter="\t" if target == ".tsv" else ",") for cell in row]
        assert not [cell for cell in cells if cell.startswith(tuple("=+@\t\r"))]
        assert all(float(cell) <= 0 for cell in cells if cell.startswith("-"))
    assert sorted(tmp_path.iterdir()) == sorted([path, out])


def test_parquet_keeps_the_types_of_parquet(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.table(
        {
            "text": pyarrow.array(["a", None, "c", "d"], pyarrow.large_string()),
            "when": pyarrow.array([1, 2, None, 4], pyarrow.timestamp("ns")),
            "context": pyarrow.array([["x"], [], None, ["y", "z"]], pyarrow.list_(pyarrow.string())),
            "small": pyarrow.array([1, 2, 3, None], pyarrow.int8()),
        }
    )
    pyarrow.parquet.write_table(table, tmp_path / "in.parquet", row_group_size=2)
    copy(tmp_path / "in.parquet", tmp_path / "out.parquet")
    found = pyarrow.parquet.read_table(tmp_path / "out.parquet")
    assert found.select(table.column_names).equals(table)
    assert found.schema.field("score").type == pyarrow.float64()
    copy(tmp_path / "in.parquet", tmp_path / "out.jsonl")
    assert [row["context"] for row in read_table(tmp_path / "out.jsonl")] == [["x"], [], None, ["y", "z"]]
    copy(tmp_path / "in.parquet", tmp_path / "out.csv")
    assert [row["context"] for row in read_table(tmp_path / "out.csv")] == ['["x"]', "[]", "", '["y", "z"]']


def test_json_lines_keep_their_own_keys_and_values(tmp_path: Path) -> None:
    rows = [{"text": "a", "deep": {"b": [1, None]}}, {"new": 5, "text": "\ud800 half"}, {"text": "c", "big": 10**30}]
    (tmp_path / "in.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    copy(tmp_path / "in.jsonl", tmp_path / "out.jsonl", size=1)
    found = read_table(tmp_path / "out.jsonl")
    assert [{key: row[key] for key in row if key not in TYPES} for row in found] == rows
    for suffix in ("csv", "parquet"):
        copy(tmp_path / "in.jsonl", tmp_path / f"out.{suffix}")
        assert [row["text"] for row in read_table(tmp_path / f"out.{suffix}")] == ["a", "\\ud800 half", "c"]
        assert read_table(tmp_path / f"out.{suffix}")[0]["deep"] == '{"b": [1, null]}'


def test_rows_that_could_not_be_read_have_their_place(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text,n\na,1\nragged\nc,3\n", encoding="utf-8")
    for suffix in ("csv", "jsonl", "parquet"):
        copy(tmp_path / "in.csv", tmp_path / f"out.{suffix}")
        found = read_table(tmp_path / f"out.{suffix}")
        assert [row["text"] or None for row in found] == ["a", None, "c"]
        assert [row["why"] for row in found] == ["-1", "-2", "-3"]


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet"])
@pytest.mark.parametrize("stood", [None, "what stood there"])
def test_nothing_half_written_takes_its_place(suffix: str, stood: str | None, tmp_path: Path) -> None:
    source, out = table(tmp_path / "in.csv"), tmp_path / f"out.{suffix}"
    if stood:
        out.write_text(stood, encoding="utf-8")
    for error in (KeyboardInterrupt, GeneratorExit, OSError):
        with pytest.raises(error), writers.replacing(out, TYPES, "text") as writer:
            window = next(windows(source, 3))
            writer.write(window, {"score": [0.0] * 3, "why": ["a"] * 3})
            raise error
    assert out.exists() == (stood is not None) and (not stood or out.read_text(encoding="utf-8") == stood)
    assert not [path for path in tmp_path.iterdir() if path not in (source, out)]


def test_names_that_clash_are_refused(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text,score\na,1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="names to be added: score"):
        copy(tmp_path / "in.csv", tmp_path / "out.csv")
    (tmp_path / "in.csv").write_text("text,n,n\na,1,2\n", encoding="utf-8")
    copy(tmp_path / "in.csv", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()[1] == "a,1,2,,-1"
    for suffix, name in (("jsonl", "JSON"), ("parquet", "parquet")):
        with pytest.raises(ValueError, match=rf"of one name \(n\), which {name} cannot hold"):
            copy(tmp_path / "in.csv", tmp_path / f"out.{suffix}")


def test_where_nothing_can_be_written_is_told_of_at_once(tmp_path: Path) -> None:
    source = table(tmp_path / "in.csv")
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*gone to write out\.csv to"):
        writers.check(tmp_path / "gone" / "out.csv", source)
    with pytest.raises(ValueError, match=r"cannot write \.txt; can: \.parquet"):
        writers.check(tmp_path / "out.txt", source)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(IsADirectoryError, match="is a folder"):
        writers.check(tmp_path / "folder.csv", source)
    (tmp_path / "link.csv").symlink_to(source)
    os.link(source, tmp_path / "hard.csv")
    for same in ("in.csv", "link.csv", "hard.csv", "../" + tmp_path.name + "/in.csv"):
        with pytest.raises(ValueError, match="is the file that is read"):
            writers.check(tmp_path / same, source)
    writers.check(tmp_path / "out.csv", source)

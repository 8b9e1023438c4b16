"""`python -m core scan` into a file: its JSON, its lines for people, its refusals."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.probes.scan import one_file as scanning
from tests.commands.conftest import Cli
from tests.conftest import write_tiny_checkpoint

TEXTS = ["so good", "so bad", "Oh great, no movie", "never late", "", "i love it !!", "thanks, not good", "=1+1 sad"]
SCAN = "scan --text-column said"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["said", "mood"])
        writer.writerows([text, ("neg", "pos", "mixed")[number % 3]] for number, text in enumerate(TEXTS * 4))
        file.write("ragged\r\n")
    return path


def test_rows_that_contradict_their_labels(cli: Cli, table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    done = cli.run(f"{SCAN} --json --label-column mood --top 3", table, out)
    assert "33 rows written to" in done.err and "4 without a word, 1 malformed" in done.err
    assert "row 33 (line 34): 1 field" in done.err
    rows = json.loads(done.out)
    assert [row["model"] for row in rows] == ["rnn", "gru", "lstm"]
    for row in rows:
        counts = ("rows", "scored", "empty", "malformed", "labels_not_understood", "labelled", "unlabelled")
        assert [row[name] for name in counts] == [33, 28, 4, 1, 0, 19, 9]
        assert [(one["row"], one["line"]) for one in row["problems"]] == [(33, 34)]
        assert (row["file"], row["out"], row["ranked_by"]) == (str(table), str(out), "disagreement")
        assert 0 < row["opposite"] < 19 and len(row["top"]) == 3
        for rank, one in enumerate(row["top"], 1):
            assert list(one) == [
                *(
                    "rank",
                    "model",
                    "row",
                    "line",
                    "text",
                    "probability",
                    "human",
                    "score",
                    "cues",
                    "cue_score",
                    "label",
                ),
                "target",
            ]
            assert one["rank"] == rank and one["human"] != one["label"] and one["text"] == TEXTS[(one["row"] - 1) % 8]
    assert len(out.read_text(encoding="utf-8").splitlines()) == 33
    first, *others = cli.text(f"{SCAN} --label-column mood --model lstm", table, tmp_path / "out.tsv").splitlines()
    assert first.startswith("lstm: ") and f" {rows[2]['opposite']} of 19 rows" in first
    assert all("labelled negative" in line or "labelled positive" in line for line in others) and others
    (row,) = cli.json(f"{SCAN} --model rnn --label-column mood --negative mixed", table, tmp_path / "out.csv")
    assert row["labelled"] == 28


def test_without_labels_cues_rank(cli: Cli, table: Path, tmp_path: Path) -> None:
    lines = cli.text(f"{SCAN} --model gru", table, tmp_path / "out.csv").splitlines()
    assert lines[0].startswith("gru: ")
    assert len(lines) == 1 + 16 and all("[" in line for line in lines[1:])
    (row,) = cli.json(f"{SCAN} --model gru", table, tmp_path / "out.csv")
    assert row["ranked_by"] == "cues" and row["opposite"] is None and row["top"][0]["human"] is None


def test_three_classes(cli: Cli, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tiny_checkpoint(tmp_path, "three", "gru", labels=("neg", "pos", "mixed"))
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    out = tmp_path / "out.csv"
    (row,) = cli.json(f"{SCAN} --label-column mood --classes all", table, out)
    assert row["labelled"] == 28 and all(one["target"] == one["label"] != one["human"] for one in row["top"])
    names = out.read_text(encoding="utf-8").partition("\n")[0].strip().split(",")
    by_class = [f"three_P_{name}" for name in ("neg", "pos", "mixed")]
    assert names[2:8] == ["human_reading", "three_probability", "three_verdict", *by_class, "three_disagreement"][:6]
    (row,) = cli.json(f"{SCAN} --label-column mood --target mixed --classes pos", table, out)
    assert {one["target"] for one in row["top"]} == {"mixed"}
    assert "three_P_pos,three_disagreement" in out.read_text(encoding="utf-8")
    first, second, *_rest = cli.text(f"{SCAN} --label-column mood", table, out).splitlines()
    assert f"the verdict is not the label on {row['opposite']} of 28 rows" in first and "  read as " in second
    for options in ("--classes pos,angry", "--target angry"):
        assert "'angry' is no class; available: neg, pos, mixed" in cli.refused(f"{SCAN} {options} {table} out.csv")
    assert "expected two names" in cli.refused(f"{SCAN} --label-column mood --positive pos {table} {out}")


def test_control_characters_are_printed_inert(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    rows = [{"text": "oh great, \x1b[31m so\ngood \u202e!!", "\x1b[2J": 1}, {"text": "ok", "new\x1b": 2}, ["\x1b"]]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    done = cli.run("scan", path, tmp_path / "out.csv")
    assert all(line.isprintable() for line in done.out.splitlines())
    assert "\x1b" not in done.err.replace("\x1b[A", "")  # what draws the bar


def test_refusals_leave_nothing_behind(table: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(table.parent)
    Path("empty.csv").touch()
    for name in ("junk.parquet", "junk.csv"):
        Path(name).write_bytes(b"\x89\xff\x00\n\xfe")
    before = sorted(table.parent.iterdir())
    for arguments, says in (
        ("scan in.csv out.csv", "no column 'text'; it has: said, mood"),
        (f"{SCAN} --label-column gone in.csv out.csv", "no column 'gone'"),
        (f"{SCAN} in.csv in.csv", "in.csv is the file that is read"),
        (f"{SCAN} in.csv gone/out.csv", "there is no folder gone to write out.csv to"),
        (f"{SCAN} in.csv out.xlsx", "cannot write .xlsx; can: .parquet, .csv, .tsv, .jsonl"),
        (f"{SCAN} --top 0 in.csv out.csv", "at least one row"),
        (f"{SCAN} --label-column said in.csv out.csv", "Say which: --labels "),
        ("scan gone.csv out.csv", "gone.csv"),
        ("scan empty.csv out.csv", "is empty"),
        ("scan junk.parquet out.csv", "not a readable parquet file"),
        ("scan junk.csv out.csv", "bytes that are not UTF-8 text"),
    ):
        assert says in cli.refused(arguments)
        assert sorted(table.parent.iterdir()) == before


def test_control_c_writes_nothing_and_says_so(
    table: Path, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = scanning.scan

    def interrupted(*arguments: Any, **options: Any) -> Iterator[scanning.Scan]:
        events = real(*arguments, **options)
        yield next(events)
        raise KeyboardInterrupt

    monkeypatch.setattr(scanning, "scan", interrupted)
    out = tmp_path / "out.csv"
    done = cli.run(SCAN, table, out)
    assert done.status == 130 and f"nothing was written to {out}" in done.err
    assert list(tmp_path.iterdir()) == [table]

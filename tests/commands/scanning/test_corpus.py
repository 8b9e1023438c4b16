"""`python -m core scan` into a folder: its lines, its JSON, its refusals, and a kill that nothing survives."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from core.probes.scan import corpus as scanning
from tests.commands.conftest import Cli
from tests.conftest import write_tiny_checkpoint

ROOT = Path(__file__).parents[3]
SCAN = "scan --text-column said --part-rows 10"
GRU = f"{SCAN} --model gru"


@pytest.fixture(autouse=True)
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [f"{('so good', 'so bad', '')[number % 3]},{number}" for number in range(60)]
    Path("in.csv").write_text("\n".join(["said,n", *rows, "\x1b[31mragged"]) + "\n", encoding="utf-8")
    Path("b.jsonl").write_text('{"said": "good"}\n', encoding="utf-8")


def test_a_folder_is_written_reported_and_resumed(cli: Cli) -> None:
    done = cli.run(f"{GRU} in.csv out")
    assert "61 rows in 7 parts in out: 20 without a word, 1 malformed; 61 rows in " in done.err
    assert "in.csv, row 61 (line 62): 1 field" in done.err
    assert done.out.startswith("gru: ") and "of 40 rows read as positive, mean P 0." in done.out
    done = cli.run(f"{GRU} --resume --json in.csv out")
    (row,) = json.loads(done.out)
    saved = json.loads(Path("out/_summary.json").read_text(encoding="utf-8"))
    assert {**saved["models"]["gru"], **row} == {**row, "hash": saved["models"]["gru"]["hash"]}
    assert "61 rows are there already" in done.err and saved["last_run"]["rows"] == 61
    assert "out holds a scan already" in cli.refused(f"{GRU} in.csv out")
    assert "1 row in 1 part in one: 0 without a word" in cli.run(f"{GRU} b.jsonl one").err


def test_three_classes(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = ("late", "lost", "fine")
    write_tiny_checkpoint(Path("models"), "three", "gru", labels=labels)
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(Path("models").absolute()))
    (row,) = cli.json(f"{SCAN} --classes fine in.csv out")
    found = pyarrow.parquet.read_table("out")
    assert found.column_names[3:-1] == ["three_probability", "three_verdict", "three_P_fine"]
    verdicts = [name for name in found["three_verdict"].to_pylist() if name]
    assert row["scored"] == len(verdicts) == 40 and list(row["classes"]) == list(labels)
    for name, one in row["classes"].items():
        assert (one["predicted"], one["share"]) == (verdicts.count(name), verdicts.count(name) / 40)
    assert sum(one["mean"] for one in row["classes"].values()) == pytest.approx(1)
    assert row["classes"]["fine"]["mean"] == pytest.approx(
        sum(p for p in found["three_P_fine"].to_pylist() if p is not None) / 40
    )
    (again,) = cli.json(f"{SCAN} --classes fine --resume in.csv out")
    assert again == row
    assert "three has changed since it began (classes)" in cli.refused(f"{SCAN} --resume in.csv out")
    done = cli.run(f"{SCAN} --target lost --workers 1 in.csv aimed")
    assert done.out.startswith("three: ") and " as fine, mean P 0." in done.out
    saved = json.loads(Path("aimed/_summary.json").read_text(encoding="utf-8"))["models"]["three"]
    assert saved["target"] == "lost" and saved["mean"] == pytest.approx(row["classes"]["lost"]["mean"])
    assert saved["classes"] == row["classes"]


def test_several_files_and_a_folder_by_its_slash(cli: Cli) -> None:
    assert "62 rows in 7 parts" in cli.run(f"{SCAN} in.csv b.jsonl out.d/").err and Path("out.d").is_dir()
    columns = pyarrow.parquet.read_table("out.d").column_names
    assert columns == ["file", "row", "line", *(f"{name}_probability" for name in ("rnn", "gru", "lstm")), "problem"]


def test_refusals_leave_nothing_behind(cli: Cli) -> None:
    Path("mine").mkdir()
    Path("mine/thesis.txt").touch()
    before = sorted(Path().rglob("*"))
    for arguments, says in (
        ("--resume in.csv out.csv", "--resume, --part-rows: for that OUT is a folder, a name without a suffix"),
        ("--workers 2 in.csv out.csv", "--part-rows, --workers: for that OUT is a folder"),
        ("in.csv in.csv out.csv", "more than one file: for that OUT is a folder"),
        (". out.csv", "more than one file: for that OUT is a folder"),
        ("--label-column n in.csv out", "--label-column: rankings take a file OUT"),
        ("--workers 0 in.csv out", "at least one worker is needed; given: 0"),
        ("--part-rows 0 in.csv out", "a part has at least one row"),
        ("--scheduler tcp://a:1 --workers 2 in.csv out", "not allowed with argument"),
        ("--text-column gone in.csv out", "in.csv has no column 'gone'; it has: said, n"),
        ("no*.csv out", "no file is named like no*.csv"),
        ("in.csv gone/out", "there is no folder gone to write out to"),
        ("in.csv .", "in.csv lies in ., where the output goes"),
        ("in.csv mine", "is not empty and holds no scan"),
    ):
        assert says in cli.refused(f"{GRU} {arguments}")
        assert sorted(Path().rglob("*")) == before


@pytest.mark.slow
def test_what_is_no_scheduler(cli: Cli) -> None:
    assert "scheduler" in cli.refused(f"{GRU} --scheduler gopher://127.0.0.1:1 in.csv out")


def test_control_c_says_how_to_resume(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = scanning.score, iter(range(100))

    def interrupted(task: Any) -> Any:
        if next(calls) == 2:
            raise KeyboardInterrupt
        return real(task)

    with monkeypatch.context() as patch:
        patch.setattr(scanning, "score", interrupted)
        done = cli.run(f"{GRU} in.csv out")
    assert done.status == 130 and "with --resume" in done.err
    assert len(list(Path("out").glob("*.parquet"))) == 2
    assert "20 rows are there already" in cli.run(f"{GRU} --resume in.csv out").err


@pytest.mark.slow
def test_a_kill_takes_the_workers_along_and_the_scan_resumes(tmp_path: Path) -> None:
    with Path("long.csv").open("w", encoding="utf-8") as file:
        file.write("said\n")
        file.writelines("so good and not so bad but never late\n" for _ in range(24_000))
    options = ["--model", "rnn", "--text-column", "said", "--part-rows", "200", "--workers", "2", "--resume"]
    command = [sys.executable, "-m", "core", "scan", *options, str(tmp_path / "long.csv"), str(tmp_path / "out")]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True)
    while process.poll() is None and len(list(Path("out").glob("part-*"))) < 3:
        time.sleep(0.02)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    until = time.monotonic() + 60
    while _alive(process.pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _alive(process.pid)
    assert 3 <= len(list(Path("out").glob("part-*"))) < 120
    subprocess.run(command, cwd=ROOT, stderr=subprocess.DEVNULL, check=True, timeout=300)
    rows = pyarrow.parquet.read_table("out").column("row").to_pylist()
    assert sorted(rows) == list(range(1, 24_001))


def _alive(group: int) -> bool:
    """Whether any process of a group still runs."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True

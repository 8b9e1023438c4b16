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

from core.__main__ import main
from core.probes.scan import corpus as scanning

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _models(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    rows = [f"{('so good', 'so bad', '')[number % 3]},{number}" for number in range(60)]
    path.write_text("\n".join(["said,n", *rows, "\x1b[31mragged"]) + "\n", encoding="utf-8")
    return path


SCAN = ["scan", "--text-column", "said", "--part-rows", "10"]


def test_a_folder_is_written_told_of_and_gone_on_with(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*SCAN, "--model", "gru", "in.csv", "out"]) == 0
    out, err = capsys.readouterr()
    assert "61 rows in 7 parts in out: 20 without a word, 1 malformed; 61 rows in " in err
    assert "in.csv, row 61 (line 62): 1 fields where the header has 2" in err
    assert out.startswith("gru: ") and "of 40 rows read as positive, mean P 0." in out and out.count("\n") == 1
    assert main([*SCAN, "--model", "gru", "--resume", "--json", "in.csv", "out"]) == 0
    out, err = capsys.readouterr()
    (found,) = json.loads(out)
    kept = json.loads(Path("out/_summary.json").read_text(encoding="utf-8"))
    assert {**kept["models"]["gru"], **found} == {**found, "hash": kept["models"]["gru"]["hash"]}
    assert "61 rows are there already" in err and kept["last_run"]["rows"] == 61
    assert main([*SCAN, "--model", "gru", "in.csv", "out"]) == 2
    assert capsys.readouterr().err == "error: out holds a scan already; --resume goes on with it\n"


def test_one_row_in_one_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "b.jsonl").write_text('{"said": "good"}\n', encoding="utf-8")
    assert main([*SCAN, "--model", "gru", "b.jsonl", "out"]) == 0
    assert "1 row in 1 part in out: 0 without a word" in capsys.readouterr().err


def test_several_files_and_a_folder_by_its_slash(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("b.jsonl").write_text('{"said": "good"}\n', encoding="utf-8")
    assert main([*SCAN, "in.csv", "b.jsonl", "out.d/"]) == 0
    assert "62 rows in 7 parts" in capsys.readouterr().err and Path("out.d").is_dir()
    found = pyarrow.parquet.read_table("out.d").column_names
    assert found == ["file", "row", "line", *(f"{name}_probability" for name in ("rnn", "gru", "lstm")), "problem"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--resume", "in.csv", "out.csv"], "--resume, --part-rows: for that OUT is a folder, a name without a suffix"),
        (["--workers", "2", "in.csv", "out.csv"], "--part-rows, --workers: for that OUT is a folder"),
        (["in.csv", "in.csv", "out.csv"], "more than one file: for that OUT is a folder"),
        ([".", "out.csv"], "more than one file: for that OUT is a folder"),
        (["--label-column", "n", "in.csv", "out"], "--label-column: rankings take a file OUT"),
        (["--workers", "0", "in.csv", "out"], "at least one worker is needed; given: 0"),
        (["--scheduler", "tcp://127.0.0.1:1", "in.csv", "out"], "Dask"),  # nobody there, or no Dask
        (["--part-rows", "0", "in.csv", "out"], "a part has at least one row"),
        (["--scheduler", "tcp://a:1", "--workers", "2", "in.csv", "out"], "not allowed with argument"),
        (["--text-column", "gone", "in.csv", "out"], "in.csv has no column 'gone'; it has: said, n"),
        (["no*.csv", "out"], "no file is named like no*.csv"),
        (["in.csv", "gone/out"], "there is no folder gone to write out to"),
        (["in.csv", "."], "in.csv lies in ., where the output goes"),
        (["in.csv", "mine"], "is not empty and holds no scan"),
    ],
)
def test_what_cannot_be_scanned_is_one_line(
    arguments: list[str], says: str, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("mine").mkdir()
    Path("mine/thesis.txt").touch()
    before = sorted(Path().rglob("*"))
    try:
        status = main([*SCAN, "--model", "gru", *arguments])
    except SystemExit as ended:  # argparse's own
        status = ended.code
    out, err = capsys.readouterr()
    assert status == 2 and out == "" and err.count("\n") == 1 and err.startswith("error: ") and says in err
    assert sorted(Path().rglob("*")) == before


def test_control_c_says_how_to_go_on(
    table: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = scanning.score, iter(range(100))

    def interrupted(task: Any) -> Any:
        if next(calls) == 2:
            raise KeyboardInterrupt
        return real(task)

    with monkeypatch.context() as patch:
        patch.setattr(scanning, "score", interrupted)
        assert main([*SCAN, "--model", "gru", "in.csv", "out"]) == 130
    err = capsys.readouterr().err
    assert "stopped; the same command with --resume goes on behind what is whole in out" in err
    assert len(list(Path("out").glob("*.parquet"))) == 2
    assert main([*SCAN, "--model", "gru", "--resume", "in.csv", "out"]) == 0
    assert "20 rows are there already" in capsys.readouterr().err


def test_a_kill_takes_the_workers_along_and_the_scan_goes_on(tmp_path: Path) -> None:
    with Path("long.csv").open("w", encoding="utf-8") as file:
        file.write("said\n")
        file.writelines("so good and not so bad but never late\n" for _ in range(60_000))
    command = [sys.executable, "-m", "core", *SCAN[:3], "--part-rows", "500", "--workers", "2", "--resume"]
    command += [str(tmp_path / "long.csv"), str(tmp_path / "out")]
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
    assert sorted(rows) == list(range(1, 60_001))


def _alive(group: int) -> bool:
    """Whether any process of a group still runs."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True

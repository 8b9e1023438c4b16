"""`python -m core lab lstm`: the table of the report, other exercises, refusals in one line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.lab.cells.exercise_text import as_json, to_line
from core.lab.cells.lstm_exercise import presets

ROOT = Path(__file__).parents[3]


def rows(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert main(["lab", "lstm", "--json", *arguments]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["lab", "lstm", *arguments]) == 2
    out, error = capsys.readouterr()
    assert out == "" and error.startswith("error: ") and error.count("\n") == 1
    return error


def test_the_table_of_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    found = rows(capsys)
    assert [list(row) for row in found] == [["t", "x", "z", "z_i", "f_i", "z_f", "f_f", "z_o", "f_o", "c", "y"]] * 4
    assert [(row["z_i"], row["z_f"], row["z_o"]) for row in found] == [
        (90, 10, -10),
        (90, 10, 90),
        (190, -90, 90),
        (90, 10, 90),
    ]
    assert [(round(row["c"]), round(row["y"])) for row in found] == [(3, 0), (1, 1), (4, 4), (4, 4)]


def test_as_a_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "core", "lab", "lstm", "--json"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert len(json.loads(done.stdout)) == 4 and done.stderr == ""


def test_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "lstm"]) == 0
    out = capsys.readouterr().out
    assert "rounded: c = 3, 1, 4, 4; y = 0, 1, 4, 4" in out
    assert "prints 90 for z_f at t = 3, a slip: its own working has -90" in out
    assert "largest error of 40 numbers 1." in out and "e-16" in out
    assert main(["lab", "lstm", "--preset", "rnn"]) == 0
    assert "slip" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["lstm", "gru", "rnn"])
def test_an_exercise_of_ones_own(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    by_name = rows(capsys, "--preset", name)
    assert rows(capsys, "--line", to_line(presets()[name])) == by_name
    path = tmp_path / "own.json"
    assert main(["lab", "lstm", "--preset", name, "--write"]) == 0
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8")) == as_json(presets()[name])
    assert rows(capsys, "--file", str(path)) == by_name
    assert list(by_name[0])[-1] == "y"
    (other,) = rows(capsys, "--file", str(path), "--inputs", "0.5, -1")
    assert other["x"] == [0.5, -1.0]


def test_a_file_may_leave_out_what_is_usual(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "own.json"
    path.write_text('{"cell": "rnn", "gates": {"a": {"inputs": [0]}}, "inputs": [[1], [2]]}', encoding="utf-8")
    assert [row["y"] for row in rows(capsys, "--file", str(path))] == [0.0, 0.0]


def test_numbers_beyond_any_float_are_held(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--inputs", "1e308,1e308,1e308,-1e308;-1e308,-1e308,-1e308,1e308")
    one, two = rows(capsys, *arguments)
    assert (one["f_i"], one["f_f"], two["f_i"], two["f_f"]) == (1.0, 0.0, 0.0, 1.0)
    assert (one["c"], two["y"]) == (-1e308, 0.0)
    assert main(["lab", "lstm", *arguments]) == 0
    out, error = capsys.readouterr()
    assert "held" in out and error == ""


def test_the_working_to_take_along(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "lstm", "--markdown"]) == 0
    markdown = capsys.readouterr().out
    assert markdown.startswith("## ") and r"&= 100 \cdot 0 + 100 \cdot 1" in markdown
    assert main(["lab", "lstm", "--latex"]) == 0
    latex = capsys.readouterr().out
    assert latex.count(r"\[") == markdown.count("$$") / 2 == 4 * 11


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--preset", "tree"), "available: report, lstm, gru, rnn"),
        (("--inputs", "a,1,2,3"), "t = 1, x1: 'a' is not a number"),
        (("--inputs", "inf,1,2,3"), "'inf' is not a number"),
        (("--inputs", "1,2"), "weights for 2 inputs"),
        (("--inputs", ";".join(["0,0,0,0"] * 10_000)), "10,000 steps are given"),
        (("--line", "x" * 100_000), "at most 2,000"),
        (("--file", "nowhere.json"), "nowhere.json"),
        (("--json", "--write"), "give one of"),
    ],
)
def test_what_is_no_exercise_is_refused(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in refused(capsys, *arguments)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[" * 100_000, "is not JSON"),
        ("{", "is not JSON"),
        ("[]", "expected an object, found list"),
        ('{"cell": "tree"}', "unknown cell 'tree'"),
        ('{"gates": {}, "inputs": []}', "gate z is missing"),
        ('{"cell": "rnn", "gates": {"a": {"inputs": [1], "d": 1}}, "inputs": [[1]]}', "unknown 'd'"),
        ('{"cell": "rnn", "gates": {"a": {"inputs": 1}}, "inputs": [[1]]}', "expected a list, found int"),
        ('{"cell": "rnn", "gates": {"a": {"inputs": [NaN]}}, "inputs": [[1]]}', "expected a finite one"),
        ('{"cell": "rnn", "gates": {"a": {"inputs": [true]}}, "inputs": [[1]]}', "is not a number"),
        ('{"cell": "rnn", "gates": {"a": {"inputs": [1]}}, "inputs": [[1]], "h": "tanh"}', "h and c0 are an lstm's"),
        (" " * 2_000_000, "more than 1,000,000 bytes"),
    ],
)
def test_a_file_that_is_none_is_refused(
    content: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "own.json"
    path.write_text(content, encoding="utf-8")
    assert said in refused(capsys, "--file", str(path))

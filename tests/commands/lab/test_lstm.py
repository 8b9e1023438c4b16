"""`python -m core lab lstm`: the table of the usual exercise, other exercises, refusals in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.lab.cells.exercise_text import as_json, to_line
from core.lab.cells.lstm_exercise import PRESETS
from tests.commands.conftest import Cli


def test_the_table_of_the_usual_exercise(cli: Cli) -> None:
    rows = cli.json("lab lstm")
    assert [list(row) for row in rows] == [["t", "x", "z", "z_i", "f_i", "z_f", "f_f", "z_o", "f_o", "c", "y"]] * 4
    sums = [(row["z_i"], row["z_f"], row["z_o"]) for row in rows]
    assert sums == [(90, 10, -10), (90, 10, 90), (190, -90, 90), (90, 10, 90)]
    assert [(round(row["c"]), round(row["y"])) for row in rows] == [(3, 0), (1, 1), (4, 4), (4, 4)]
    out = cli.text("lab lstm")
    assert "rounded: c = 3, 1, 4, 4; y = 0, 1, 4, 4" in out
    assert "largest error of 40 numbers 1." in out and "e-16" in out
    halves = cli.text("lab lstm --preset rnn").partition("rounded: ")[2]
    assert "y = 1, -0.9056, 1, 0.4615" in halves


@pytest.mark.parametrize("name", ["lstm", "gru", "rnn"])
def test_an_exercise_of_ones_own(name: str, tmp_path: Path, cli: Cli) -> None:
    by_name = cli.json(f"lab lstm --preset {name}")
    assert cli.json("lab lstm --line", to_line(PRESETS[name])) == by_name
    path = tmp_path / "own.json"
    path.write_text(cli.text(f"lab lstm --preset {name} --write"), encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8")) == as_json(PRESETS[name])
    assert cli.json("lab lstm --file", path) == by_name and list(by_name[0])[-1] == "y"
    (other,) = cli.json("lab lstm --inputs '0.5, -1' --file", path)
    assert other["x"] == [0.5, -1.0]


def test_a_file_may_leave_out_defaults(tmp_path: Path, cli: Cli) -> None:
    path = tmp_path / "own.json"
    path.write_text('{"cell": "rnn", "gates": {"a": {"inputs": [0]}}, "inputs": [[1], [2]]}', encoding="utf-8")
    assert [row["y"] for row in cli.json("lab lstm --file", path)] == [0.0, 0.0]


def test_numbers_beyond_any_float_are_clipped(cli: Cli) -> None:
    command = "lab lstm --inputs '1e308,1e308,1e308,-1e308;-1e308,-1e308,-1e308,1e308'"
    one, two = cli.json(command)
    assert (one["f_i"], one["f_f"], two["f_i"], two["f_f"]) == (1.0, 0.0, 0.0, 1.0)
    assert (one["c"], two["y"]) == (-1e308, 0.0)
    assert "exceed the largest float" in cli.text(command)


def test_the_working_as_markdown_and_latex(cli: Cli) -> None:
    markdown, latex = cli.text("lab lstm --markdown"), cli.text("lab lstm --latex")
    assert markdown.startswith("## ") and r"&= 100 \cdot 0 + 100 \cdot 1" in markdown
    assert latex.count(r"\[") == markdown.count("$$") / 2 == 4 * 11


def test_refusals(cli: Cli) -> None:
    for arguments, says in (
        ("--preset tree", "available: memory, lstm, gru, rnn"),
        ("--inputs a,1,2,3", "t = 1, x1: 'a' is not a number"),
        ("--inputs 1,2", "weights for 2 inputs"),
        (f"--line {'x' * 100_000}", "at most 2,000"),
        ("--file nowhere.json", "nowhere.json"),
        ("--json --write", "give one of"),
    ):
        assert says in cli.refused(f"lab lstm {arguments}")


@pytest.mark.parametrize(
    ("content", "says"),
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
        ('{"cell": "rnn", "gates": {"a": {"inputs": [1]}}, "inputs": []}', "0 steps are given"),
    ],
)
def test_a_file_without_an_exercise_is_refused(content: str, says: str, tmp_path: Path, cli: Cli) -> None:
    path = tmp_path / "own.json"
    path.write_text(content, encoding="utf-8")
    assert says in cli.refused("lab lstm --file", path)

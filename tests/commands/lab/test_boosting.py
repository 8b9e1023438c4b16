"""`python -m core lab boosting`: its rows, its check with the largest error, the models on a file, its refusals."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.lab.boosting import ensemble_file
from core.lab.boosting.samme import alpha
from core.models import checkpoints
from core.models.token_predictor import predictor
from tests.conftest import WORDS


@pytest.fixture(autouse=True)
def _models(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))


@pytest.fixture
def labelled(tiny_checkpoints: Path, tmp_path: Path) -> Path:
    """Made-up texts labelled by the verdict of the GRU, every fifth one neutral, every seventh wrong."""
    gru = checkpoints.load("gru", tiny_checkpoints)
    words = [word for word in WORDS if word.isalpha()]
    lines = ["text,label"]
    for row in range(100):
        text = f"{words[row % 23]} {words[row * 7 % 24]} {words[row * 5 % 19]}"
        label = 2 if row % 5 == 4 else int(predictor(gru)([text.split()])[0] >= 0.5) ^ (row % 7 == 0)
        lines.append(f"{text},{label}")
    path = tmp_path / "labelled.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def ask(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert main(["lab", "boosting", "--json", *arguments]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["lab", "boosting", *arguments]) == 0
    return capsys.readouterr().out


def test_a_row_a_round_with_its_check(capsys: pytest.CaptureFixture[str]) -> None:
    rows = ask(capsys, "--classes", "4", "--rounds", "6", "--count", "80")
    assert [row["t"] for row in rows] == [1, 2, 3, 4, 5, 6]
    risk = 1.0
    for row in rows:
        assert row["alpha"] == pytest.approx(alpha(row["error"], 4))
        assert row["difference"] == abs(row["alpha"] - row["alpha_found"]) < 1e-6
        assert row["alpha_of_the_report"] == pytest.approx(4 * row["alpha"])
        assert row["risk_factor_of_the_report"] >= 1 > row["risk_factor"]
        risk *= row["risk_factor"]
        assert row["risk"] == pytest.approx(risk)
        assert len(row["weights"]) == 80 and sum(row["weights"]) == pytest.approx(1)


def test_people_read_the_working_and_the_largest_error(capsys: pytest.CaptureFixture[str]) -> None:
    rows = ask(capsys)
    out = told(capsys)
    found = re.search(r"largest error (\S+), rounds: 10", out)
    assert found and float(found[1]) == pytest.approx(max(row["difference"] for row in rows), rel=0.1)
    assert "150 points of 3 classes (1, 2, 3), stumps; rounds: 10" in out
    assert "is 3 α" in out and "never falls" in out
    for row in rows:
        assert f"{row['error']:.4f}" in out and f"{row['risk']:.6f}" in out


def test_the_two_ends_are_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    assert "no better than chance" in told(capsys, "--cloud", "squares")
    assert main(["lab", "boosting", "--json", "--cloud", "squares"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out) == [] and "no better than chance" in captured.err
    assert "right on every row" in told(capsys, "--cloud", "apart", "--classes", "2")
    (row,) = ask(capsys, "--cloud", "apart", "--classes", "2")
    assert (row["alpha"], row["alpha_found"], row["difference"], row["risk"]) == (None, None, None, 0)


def test_points_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "points.txt"
    path.write_text("\ufeff0,0,a\n1,0,b\n2,0,\x1b[31mred\n3,0,a\n", encoding="utf-8")
    out = told(capsys, "--points", str(path), "--rounds", "3")
    assert "4 points of 3 classes" in out and "\x1b" not in out


def test_the_models_on_a_file(labelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "kept.json"
    (found,) = ask(capsys, "--data", str(labelled), "--labels", "2=neutral", "--seed", "3", "--out", str(out))
    assert (found["rows"], found["skipped"], found["seed"]) == (80, 20, 3)
    assert [voter["name"] for voter in found["voters"]] == ["rnn", "gru", "lstm"]
    kept = ensemble_file.load(out)
    assert kept is not None and kept.seed == 3
    assert json.loads(out.read_text()) == found
    text = told(capsys, "--data", str(labelled), "--labels", "2=neutral", "--seed", "3")
    assert f"the ensemble on the test half: {found['accuracy']:.4f}" in text
    assert "three voters can come to nothing else" in text


def test_so_many_rows_and_models(labelled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = ask(capsys, "--data", str(labelled), "--labels", "2=neutral", "--rows", "30", "--rounds", "1")
    assert (found["rows"], found["drawn_from"], len(found["rounds"])) == (30, 80, 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--cloud", "moons"], "no cloud 'moons'"),
        (["--classes", "1"], "1 classes were asked for"),
        (["--classes", "99"], "99 classes"),
        (["--count", "3"], "3 points"),
        (["--rounds", "0"], "0 rounds"),
        (["--rounds", "10000"], "10,000 rounds"),
        (["--seed", "-1"], "seed"),
        (["--rows", "5"], "--rows goes with --data"),
        (["--out", "x.json"], "--out goes with --data"),
        (["--points", "nowhere.txt"], "nowhere.txt"),
        (["--data", "nowhere.csv"], "nowhere.csv"),
        (["--data", "x.csv", "--out", "/nowhere/x.json"], "/nowhere/x.json"),
        (["--data", "x.csv", "--model", "none"], "no checkpoint 'none'"),
    ],
)
def test_what_cannot_be_is_one_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "boosting", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and said in error and error.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"0,0,a\nx,y,b\n", "line 2"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"0," * 600_000, "larger than"),
        (b"", "given have 0"),
    ],
)
def test_files_of_points_that_are_none(
    content: bytes, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "points.txt").write_bytes(content)
    assert main(["lab", "boosting", "--points", str(tmp_path / "points.txt")]) == 2
    assert said in capsys.readouterr().err

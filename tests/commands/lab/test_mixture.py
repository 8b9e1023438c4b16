"""`python -m core lab mixture`: its rows, its check with the largest error, states of a model, its refusals."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.__main__ import main
from core.lab.mixture.points import draw


@pytest.fixture(autouse=True)
def _models(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))


def ask(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert main(["lab", "mixture", "--json", *arguments]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["lab", "mixture", *arguments]) == 0
    return capsys.readouterr().out


def test_a_row_an_iteration_with_its_check(capsys: pytest.CaptureFixture[str]) -> None:
    rows = ask(capsys, "--data", "crossing", "--k", "2", "--iterations", "6", "--count", "80", "--reg-covar", "0")
    assert [row["t"] for row in rows] == [1, 2, 3, 4, 5, 6]
    points = draw("crossing", 80, 0)
    for row in rows:
        assert row["difference"] < 1e-6
        assert row["log_likelihood_before"] <= row["bound"] <= row["log_likelihood"]
        assert not row["fell"] and not row["floor_active"]
        delta = np.array(row["responsibilities"])
        assert delta.shape == (80, 2) and delta.sum(axis=1) == pytest.approx(1)
        assert np.array(row["means"]) == pytest.approx(delta.T @ points / delta.sum(axis=0)[:, None])
        assert np.array(row["means_of_the_report"]) == pytest.approx(np.repeat(points.sum(axis=0)[None], 2, axis=0))


def test_people_read_the_working_and_the_largest_error(capsys: pytest.CaptureFixture[str]) -> None:
    rows = ask(capsys)
    out = told(capsys)
    found = re.search(r"largest error (\S+) of weights, means and covariances, iterations: 20", out)
    assert found and float(found[1]) == pytest.approx(max(row["difference"] for row in rows), rel=0.1)
    assert "200 points, K = 3, reg_covar 1e-06" in out
    assert f"{rows[-1]['log_likelihood']:.6f}" in out and f"{rows[-1]['weights'][0]:.6f}" in out


def test_collapse_and_a_fall_are_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "points.csv"
    path.write_text("\ufeffx,y\n0,0\n1,1\n2,2\n3,3\n4,4\n", encoding="utf-8")
    out = told(capsys, "--points", str(path), "--k", "1", "--reg-covar", "0", "--iterations", "3")
    assert "Collapsed: component 1 (first at iteration 1," in out and "not compared, as the floor was added" in out
    (row,) = ask(capsys, "--points", str(path), "--k", "1", "--reg-covar", "0", "--iterations", "1")
    assert (row["floored"], row["held"], row["floor_active"], row["difference"]) == ([1], [1], True, None)
    rows = ask(capsys, "--reg-covar", "3", "--k", "2", "--iterations", "40")
    fell = any(row["fell"] for row in rows)
    assert ("The log-likelihood fell" in told(capsys, "--reg-covar", "3", "--k", "2", "--iterations", "40")) == fell
    assert fell


def test_states_of_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("good great love\nbad sad\nnot good at all\n\nthe movie was bad\n")
    arguments = ("--model", "gru", "--texts", str(texts), "--k", "2", "--iterations", "5")
    rows = ask(capsys, *arguments)
    assert "regimes" not in rows[0]
    assert sum(one["count"] for one in rows[-1]["regimes"]) == pytest.approx(13)
    assert sum(one["share"] for one in rows[-1]["regimes"]) == pytest.approx(1)
    out = told(capsys, *arguments)
    assert "gru: 13 states of 4 sentences" in out and "Component 2 holds" in out
    assert "12 sentences" in told(capsys, "--model", "lstm", "--iterations", "2")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--k", "300"], "K = 300 components were asked for; expected 1 to 20"),
        (["--k", "15", "--count", "10"], "more than the 10 points"),
        (["--data", "nothing"], "there are: clouds, crossing"),
        (["--iterations", "10000"], "expected 1 to 500"),
        (["--reg-covar", "nan"], "reg_covar is a number from 0"),
        (["--reg-covar", "-1"], "reg_covar is a number from 0"),
        (["--seed", "-1"], "a seed is 0 or more"),
        (["--count", "5"], "expected 10 to 2,000"),
        (["--model", "gru", "--count", "5"], "--count says how many points to draw"),
        (["--texts", "x"], "--texts goes with --model"),
        (["--model", "nothing"], "nothing"),
        (["--points", "POINTS"], "line 2 is '1e308, 3'"),
        (["--points", "/does/not/exist"], "No such file"),
        (["--points", "BINARY"], "not UTF-8"),
        (["--points", "LARGE"], "larger than 1,000,000 bytes"),
    ],
)
def test_refusals_are_one_line(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "POINTS").write_text("1, 2\n1e308, 3\n")
    (tmp_path / "BINARY").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "LARGE").write_text("1, 2\n" * 250_000)
    named = [str(tmp_path / one) if one in ("POINTS", "BINARY", "LARGE") else one for one in arguments]
    assert main(["lab", "mixture", *named]) == 2
    found = capsys.readouterr()
    assert found.out == "" and said in found.err and len(found.err.splitlines()) == 1

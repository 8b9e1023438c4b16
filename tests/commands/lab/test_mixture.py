"""`python -m core lab mixture`: its rows, its check with the largest error, states of a model, its refusals."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from core.lab.mixture.points import draw
from tests.commands.conftest import Cli


def test_a_row_an_iteration_with_its_check(cli: Cli) -> None:
    command = "lab mixture --data crossing --k 2 --iterations 6 --count 80 --reg-covar 0"
    rows = cli.json(command)
    assert [row["t"] for row in rows] == [1, 2, 3, 4, 5, 6]
    points = draw("crossing", 80, 0)
    for row in rows:
        assert row["difference"] < 1e-6
        assert row["log_likelihood_before"] <= row["bound"] <= row["log_likelihood"]
        assert not row["fell"] and not row["floor_active"]
        delta = np.array(row["responsibilities"])
        assert delta.shape == (80, 2) and delta.sum(axis=1) == pytest.approx(1)
        assert np.array(row["means"]) == pytest.approx(delta.T @ points / delta.sum(axis=0)[:, None])
        assert np.array(row["means_with_slips"]) == pytest.approx(np.repeat(points.sum(axis=0)[None], 2, axis=0))
    out = cli.text(command)
    error = re.search(r"largest error (\S+) of weights, means and covariances, iterations: 6", out)
    assert error and float(error[1]) == pytest.approx(max(row["difference"] for row in rows), rel=0.1)
    assert "80 points, K = 2, reg_covar 0" in out
    assert f"{rows[-1]['log_likelihood']:.6f}" in out and f"{rows[-1]['weights'][0]:.6f}" in out


def test_a_collapse_and_a_fall_are_reported(tmp_path: Path, cli: Cli) -> None:
    path = tmp_path / "points.csv"
    path.write_text("\ufeffx,y\n0,0\n1,1\n2,2\n3,3\n4,4\n", encoding="utf-8")
    out = cli.text("lab mixture --k 1 --reg-covar 0 --iterations 3 --points", path)
    assert "component 1 collapses at iteration 1" in out and "not compared, as the floor was added" in out
    (row,) = cli.json("lab mixture --k 1 --reg-covar 0 --iterations 1 --points", path)
    assert (row["floored"], row["held"], row["floor_active"], row["difference"]) == ([1], [1], True, None)
    falling = "lab mixture --reg-covar 3 --k 2 --iterations 40"
    assert any(row["fell"] for row in cli.json(falling)) and "The log-likelihood fell" in cli.text(falling)


def test_a_start_of_ones_own_and_k_means(tmp_path: Path, cli: Cli) -> None:
    points, start, delta = (tmp_path / name for name in ("points", "start", "delta"))
    points.write_text("1\n1.4\n2.1\n5\n5.4\n6.3\n")
    start.write_text("1/2, 1.5, 0.5\n1/2, 5.2, 0.5\n")
    delta.write_text("0.9, 0.1\n" * 3 + "0.2, 0.8\n" * 3)
    command = f"lab mixture --points {points} --covariance tied --iterations 4 --reg-covar 0"
    rows = cli.json(f"{command} --start {start}")
    assert [row["covariance"] for row in rows] == ["tied"] * 4 and max(row["difference"] for row in rows) < 1e-9
    assert rows[0]["covariances"][0] == rows[0]["covariances"][1]
    assert "k-means from the same means: centres (1.500000; 5.566667); points in another group: 0" in cli.text(
        f"{command} --start {start}"
    )
    first = cli.json(f"{command} --responsibilities {delta}")[0]
    held = np.array([0.9] * 3 + [0.2] * 3)
    assert first["log_likelihood_before"] < first["log_likelihood"]
    assert held.sum() / 6 == pytest.approx(0.55)
    start.write_text("1, 2\n")
    assert "expected π, μ, σ²" in cli.refused(f"{command} --start {start}")
    assert "not allowed with" in cli.refused(f"{command} --start {start} --k 2")


def test_states_of_a_model(tmp_path: Path, cli: Cli) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("good great love\nbad sad\nnot good at all\n\nthe movie was bad\n")
    command = "lab mixture --model gru --k 2 --iterations 5 --texts"
    rows = cli.json(command, texts)
    assert "regimes" not in rows[0]
    assert sum(one["count"] for one in rows[-1]["regimes"]) == pytest.approx(13)
    assert sum(one["share"] for one in rows[-1]["regimes"]) == pytest.approx(1)
    out = cli.text(command, texts)
    assert "gru: 13 states of 4 sentences" in out and "Component 2 holds" in out
    assert "12 sentences" in cli.text("lab mixture --model lstm --iterations 2")


def test_refusals(tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("POINTS").write_text("1, 2\n1e308, 3\n")
    Path("BINARY").write_bytes(b"\xff\xfe\x00")
    Path("LARGE").write_text("1, 2\n" * 250_000)
    for arguments, says in (
        ("--k 300", "K = 300 components were asked for; expected 1 to 20"),
        ("--data nothing", "there are: clouds, crossing"),
        ("--reg-covar nan", "reg_covar"),
        ("--model gru --count 5", "--count says how many points to draw"),
        ("--texts x", "--texts goes with --model"),
        ("--model nothing", "nothing"),
        ("--points POINTS", "line 2 is '1e308, 3'"),
        ("--points /does/not/exist", "No such file"),
        ("--points BINARY", "not UTF-8"),
        ("--points LARGE", "larger than 1,000,000 bytes"),
    ):
        assert says in cli.refused(f"lab mixture {arguments}")

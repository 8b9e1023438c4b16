"""`python -m core fixed-points`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from core.data.examples import examples
from core.models import checkpoints
from core.probes.dynamics import fixed_points, fixed_points_file
from core.probes.dynamics.line_attractor import statement
from tests.commands.conftest import Cli


def test_the_probes_numbers(cli: Cli) -> None:
    done = cli.run("fixed-points --model gru --input mean --json")
    assert "gru: settling, 0 of" in done.err and "at rest" in done.err
    (row,) = json.loads(done.out)
    *_before, last = fixed_points.search(checkpoints.load("gru"), [example.text for example in examples()], "mean")
    expected = last.result()
    assert (row["model"], row["input"], row["starts"]) == ("gru", "mean", expected.starts)
    assert [point["logit"] for point in row["points"]] == pytest.approx([point.logit for point in expected.points])
    for point, one in zip(row["points"], expected.points, strict=True):
        assert [complex(*value) for value in point["eigenvalues"]] == pytest.approx(one.eigenvalues[:20])
        assert point["hidden"] == pytest.approx(one.hidden)
        assert point["speed"] < 1e-6
    assert row["statement"] == statement(expected)
    out = cli.text("fixed-points --model gru --input mean")
    assert statement(expected) in out and all(f"{point.logit:+8.3f}" in out for point in expected.points)


def test_without_time_there_is_no_point(cli: Cli) -> None:
    (row,) = cli.json("fixed-points --model lstm --seconds 1e-9")
    assert (row["tried"], row["points"], row["slow_points"], row["answer"]) == (0, [], [], "cannot tell")


def test_refusals(cli: Cli) -> None:
    for arguments, says in (
        ("--input one", "held at one of zero, mean; given: 'one'"),
        ("--seconds 0", "above 0 seconds; given: 0"),
    ):
        assert says in cli.refused(f"fixed-points --model rnn {arguments}")


def test_points_are_kept_beside_the_checkpoints(
    cli: Cli, tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(tiny_checkpoints / "gru", tmp_path / "gru")
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    assert "fixed_points.json" in cli.run("fixed-points --model gru --save").err
    kept = fixed_points_file.load(checkpoints.load("gru"), "zero", [example.text for example in examples()])
    assert kept is not None and kept.complete

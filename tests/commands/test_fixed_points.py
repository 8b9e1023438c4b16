"""`python -m core fixed-points`, run in process on tiny checkpoints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.__main__ import main
from core.probes.dynamics import fixed_points
from core.probes.dynamics.line_attractor import statement


@pytest.fixture(autouse=True)
def _own_world(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))


def searched(name: str, held: str) -> fixed_points.FixedPoints:
    from core.data.examples import examples
    from core.models import checkpoints

    *_before, last = fixed_points.search(checkpoints.load(name), [example.text for example in examples()], held)
    return last.result()


def test_json_is_one_list_with_the_probes_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fixed-points", "--model", "gru", "--input", "mean", "--json"]) == 0
    told = capsys.readouterr()
    (row,) = json.loads(told.out)
    expected = searched("gru", "mean")
    assert (row["model"], row["input"], row["starts"]) == ("gru", "mean", expected.starts)
    assert [point["logit"] for point in row["points"]] == pytest.approx([point.logit for point in expected.points])
    for point, kept in zip(row["points"], expected.points, strict=True):
        assert [complex(*value) for value in point["eigenvalues"]] == pytest.approx(kept.eigenvalues[:20])
        assert point["hidden"] == pytest.approx(kept.hidden)
        assert point["speed"] < 1e-6
    assert row["statement"] == statement(expected)
    assert "gru: settling, 0 of" in told.err and "at rest" in told.err


def test_for_people_the_statement_and_a_row_a_point(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fixed-points", "--model", "rnn"]) == 0
    told = capsys.readouterr().out
    expected = searched("rnn", "zero")
    assert statement(expected) in told
    assert all(f"{point.logit:+8.3f}" in told for point in expected.points)


def test_no_time_shows_no_point(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fixed-points", "--model", "lstm", "--seconds", "1e-9", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["tried"], row["points"], row["slow_points"], row["answer"]) == (0, [], [], "cannot tell")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--input", "one"], "held at one of zero, mean; given: 'one'"),
        (["--seconds", "0"], "given: 0 seconds"),
        (["--model", "nobody"], "no checkpoint 'nobody'"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fixed-points", "--model", "rnn", *arguments]) == 2
    said = capsys.readouterr()
    assert told in said.err and said.out == "" and said.err.count("\n") == 1

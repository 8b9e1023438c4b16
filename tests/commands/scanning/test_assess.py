"""The verb assess: for people, as JSON, saved in a file; its refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.evaluation import binned_metrics_file
from tests.commands.conftest import Cli


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    rows = ["positive,love it", "negative,so sad", "positive,not bad !", "negative,hate this ?", "neutral,a movie"]
    path.write_text("\n".join(["label,text", *rows]), encoding="utf-8")
    return path


def test_for_people(table: Path, cli: Cli) -> None:
    done = cli.run("assess --data", table)
    for name in ("rnn", "gru", "lstm"):
        assert f"{name} on rows.csv: 4 rows; positive from P = 0.5 on" in done.out
    assert done.out.count("McNemar's p") == 3
    assert "5 rows: 4 counted, 1 of neither class" in done.err


def test_as_json_and_saved(table: Path, tmp_path: Path, cli: Cli) -> None:
    out = tmp_path / "evaluation.json"
    rows = cli.json("assess --threshold 0.25 --data", table, "--out", out)
    assert [one.get("model") for one in rows] == ["rnn", "gru", "lstm", None, None, None]
    saved = binned_metrics_file.read(out)
    assert (saved.source.file, saved.source.rows, saved.source.left_out) == ("rows.csv", 4, 1)
    for one in rows[:3]:
        tally = saved.tallies.of(one["model"])
        assert one["at"]["true_positive"] == tally.at(0.25).true_positive
        assert one["brier"] == pytest.approx(tally.brier)
        assert len(one["slices"]) == 15
    for one in rows[3:]:
        assert one["only_a"] == saved.tallies.pair(*one["models"]).only_a


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("--threshold nan", "a threshold is"),
        ("--threshold 0.1234", "a threshold is"),
        ("--label-column mood", "no column 'mood'"),
        ("--text-column label --label-column text", "no label in column 'text' is understood"),
        ("--model bert", "no checkpoint 'bert'"),
        ("--out /nowhere/at/all.json", "there is no folder"),
        ("--one negative", "cannot stand for both"),
        ("--encoding klingon", "unknown encoding"),
    ],
)
def test_refusals(arguments: str, says: str, table: Path, cli: Cli) -> None:
    assert says in cli.refused(f"assess {arguments} --data", table, alone=False)

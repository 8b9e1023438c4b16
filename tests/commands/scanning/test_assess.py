"""The verb assess: for people, as JSON, saved in a file; its refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.evaluation import binned_metrics_file
from tests.commands.conftest import Cli
from tests.conftest import write_tiny_checkpoint


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
    assert "5 rows: 4 counted, 1 without a class" in done.err


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


@pytest.fixture
def three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed, name in enumerate(("one", "other")):
        write_tiny_checkpoint(tmp_path, name, "gru", labels=("negative", "neutral", "positive"), seed=seed)
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))


def test_three_classes(three: None, table: Path, tmp_path: Path, cli: Cli) -> None:
    out = tmp_path / "evaluation.json"
    *rows, pair = cli.json("assess --data", table, "--out", out)
    saved = binned_metrics_file.read(out).tallies
    for row in rows:
        tally = saved.of(row["model"])
        assert "target" not in row and (row["at"], row["auc"]) == (None, None)
        assert row["rows"] == 5 and row["confusion"] == tally.confusion.tolist()
        assert row["calibration_error"] == pytest.approx(tally.calibration_error)
        assert [one["label"] for one in row["classes"]] == ["negative", "neutral", "positive"]
        assert sum(one["right"] for one in row["classes"]) == tally.right
    assert pair["only_a"] == saved.pair("one", "other").only_a
    aimed, *_others = cli.json("assess --target neutral --threshold 0.25 --data", table)
    tally = saved.targeted("neutral").of("one")
    assert aimed["target"] == "neutral" and aimed["at"]["true_positive"] == tally.at(0.25).true_positive
    assert aimed["confusion"] == rows[0]["confusion"] and aimed["auc"] == tally.auc
    told = cli.text("assess --target neutral --data", table)
    assert "one on rows.csv: 5 rows; neutral from P = 0.5 on" in told and "read as neutral" in told
    assert "macro-F1" in cli.text("assess --data", table)
    assert "--target" in cli.refused(f"assess --threshold 0.3 --data {table}", alone=False)
    assert "angry" in cli.refused(f"assess --target angry --data {table}", alone=False)


def test_the_first_of_two_classes(table: Path, cli: Cli) -> None:
    (row,) = cli.json("assess --model lstm --data", table)
    (other,) = cli.json("assess --model lstm --target negative --data", table)
    assert (row["target"], other["target"]) == ("positive", "negative")
    assert other["at"]["true_positive"] == row["at"]["true_negative"] and other["accuracy"] == row["accuracy"]


def test_refusals(table: Path, cli: Cli) -> None:
    for arguments, says in (
        ("--threshold nan", "a threshold is"),
        ("--threshold 0.1234", "a threshold is"),
        ("--label-column mood", "no column 'mood'"),
        ("--text-column label --label-column text", "no label in column 'text' is understood"),
        ("--out /nowhere/at/all.json", "there is no folder"),
        ("--one negative", "cannot stand for both"),
        ("--encoding klingon", "unknown encoding"),
    ):
        assert says in cli.refused(f"assess {arguments} --data", table, alone=False)

"""The verb assess: for people, as JSON, kept in a file; bad input in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.__main__ import main
from core.evaluation import binned_metrics_file


@pytest.fixture(autouse=True)
def _trained(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    rows = ["positive,love it", "negative,so sad", "positive,not bad !", "negative,hate this ?", "neutral,a movie"]
    path.write_text("\n".join(["label,text", *rows]), encoding="utf-8")
    return path


def test_for_people(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["assess", "--data", str(table)]) == 0
    out, err = capsys.readouterr()
    for name in ("rnn", "gru", "lstm"):
        assert f"{name} on rows.csv: 4 rows; positive from P = 0.5 on" in out
    assert out.count("McNemar's p") == 3
    assert "5 rows: 4 counted, 1 of neither class" in err


def test_as_json_and_kept(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "evaluation.json"
    assert main(["assess", "--data", str(table), "--threshold", "0.25", "--out", str(out), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one.get("model") for one in found] == ["rnn", "gru", "lstm", None, None, None]
    kept = binned_metrics_file.read(out)
    assert (kept.source.file, kept.source.rows, kept.source.left_out) == ("rows.csv", 4, 1)
    for one in found[:3]:
        tally = kept.tallies.of(one["model"])
        assert one["at"]["true_positive"] == tally.at(0.25).true_positive
        assert one["brier"] == pytest.approx(tally.brier)
        assert len(one["slices"]) == 15
    for one in found[3:]:
        assert one["only_a"] == kept.tallies.pair(*one["models"]).only_a


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--threshold", "nan"], "a threshold is"),
        (["--threshold", "0.1234"], "a threshold is"),
        (["--label-column", "mood"], "no column 'mood'"),
        (["--text-column", "label", "--label-column", "text"], "no label in column 'text' is understood"),
        (["--model", "bert"], "no checkpoint 'bert'"),
        (["--out", "/nowhere/at/all.json"], "there is no folder"),
        (["--one", "negative"], "cannot stand for both"),
        (["--encoding", "klingon"], "unknown encoding"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], said: str, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["assess", "--data", str(table), *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.strip().splitlines()[-1].startswith("error: ")

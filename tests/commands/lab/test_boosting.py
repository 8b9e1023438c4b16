"""`python -m core lab boosting`: its rows, its check with the largest error, the models on a file, its refusals."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from core.lab.boosting import ensemble_file
from core.lab.boosting.points import draw
from core.lab.boosting.samme import minima
from core.lab.boosting.stumps import boost_stumps
from core.models import checkpoints
from core.models.token_predictor import predictor
from tests.commands.conftest import Cli
from tests.conftest import WORDS

SHARES = "training_error", "outvoted"
ENSEMBLE = "lab boosting --labels 2=neutral"


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


def test_a_row_a_round_with_its_check(cli: Cli) -> None:
    command = "lab boosting --classes 4 --rounds 6 --count 80"
    rows = cli.json(command)
    boosted = boost_stumps(draw("rings", 4, 80, 0), 6)
    for row, made, check in zip(rows, boosted.rounds, minima(boosted).values(), strict=True):
        assert row["stump"]["threshold"] == made.learnt.threshold and row["weights"] == made.weights.tolist()
        numbers = [made.number, made.error, made.alpha, made.risk, made.training_error, made.outvoted, made.normaliser]
        assert numbers == [row[key] for key in ("t", "error", "alpha", "risk", *SHARES, "risk_factor")]
        assert [check.numerical, check.difference] == [row["alpha_found"], row["difference"]]
    out = cli.text(command)
    error = re.search(r"largest error (\S+), rounds: 6", out)
    assert error and float(error[1]) == pytest.approx(max(row["difference"] for row in rows), rel=0.1)
    assert "80 points of 4 classes (1, 2, 3, 4)" in out
    assert all(f"{row['error']:.4f}" in out and f"{row['risk']:.6f}" in out for row in rows)


def test_no_better_than_chance_and_perfect(cli: Cli) -> None:
    assert cli.json("lab boosting --cloud squares") == []
    assert "no better than chance" in cli.text("lab boosting --cloud squares")
    (row,) = cli.json("lab boosting --cloud apart --classes 2")
    assert (row["alpha"], row["alpha_found"], row["difference"], row["risk"]) == (None, None, None, 0)
    assert "right on every row" in cli.text("lab boosting --cloud apart --classes 2")


def test_stumps_and_votes_of_another_kind(cli: Cli) -> None:
    rows = cli.json("lab boosting --count 40 --rounds 3 --stumps gini --form samme")
    made = boost_stumps(draw("rings", 3, 40, 0), 3, "gini").rounds
    assert [row["alpha"] for row in rows] == pytest.approx([1.5 * round_.alpha for round_ in made])
    assert len(cli.json("lab boosting --cloud blobs --classes 2 --rounds 3 --form m1")) == 3


def test_points_of_a_file(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "points.txt"
    path.write_text("\ufeff0,0,a\n1,0,b\n2,0,\x1b[31mred\n3,0,a\n", encoding="utf-8")
    assert "4 points of 3 classes" in cli.text("lab boosting --rounds 3 --points", path)


def test_the_models_on_a_file(cli: Cli, labelled: Path, tmp_path: Path) -> None:
    out = tmp_path / "saved.json"
    (row,) = cli.json(f"{ENSEMBLE} --seed 3 --data", labelled, "--out", out)
    assert (row["rows"], row["skipped"], row["seed"]) == (80, 20, 3)
    assert [voter["name"] for voter in row["voters"]] == ["rnn", "gru", "lstm"]
    saved = ensemble_file.load(out)
    assert saved is not None and saved.seed == 3 and json.loads(out.read_text()) == row
    assert f"test half: {row['accuracy']:.4f}" in cli.text(f"{ENSEMBLE} --seed 3 --data", labelled)
    (row,) = cli.json(f"{ENSEMBLE} --rows 30 --rounds 1 --data", labelled)
    assert (row["rows"], row["drawn_from"], len(row["rounds"])) == (30, 80, 1)


def test_refusals(cli: Cli) -> None:
    for arguments, says in (
        ("--rounds 0", "0 rounds"),
        ("--rows 5", "--rows goes with --data"),
        ("--out x.json", "--out goes with --data"),
        ("--points nowhere.txt", "nowhere.txt"),
        ("--data nowhere.csv", "nowhere.csv"),
        ("--data x.csv --out /nowhere/x.json", "no folder /nowhere"),
    ):
        assert says in cli.refused(f"lab boosting {arguments}")


def test_a_file_without_points_is_refused(tmp_path: Path, cli: Cli) -> None:
    for content, says in (("0,0,a\nx,y,b\n", "line 2"), ("", "given have 0")):
        (tmp_path / "points.txt").write_text(content)
        assert says in cli.refused("lab boosting --points", tmp_path / "points.txt")

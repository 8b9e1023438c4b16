"""Every verb that reads labels refuses those with two meanings alike, and reads them as it is told."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from core.evaluation import assessment
from core.models import checkpoints
from core.probes.scan import one_file
from tests.commands.conftest import Cli, Done
from tests.conftest import write_tiny_checkpoint

AMBIGUOUS = "--labels 0=negative,1=neutral,2=positive or --labels 0=negative,1=positive,2=neutral"
SPAN = "--text 'love this movie' --from 1 --to 2 --threshold 0.01"
SMALL = "--cells rnn --hidden-size 8 --embedding-size 8 --min-count 1 --epochs 1 --word2vec-epochs 1 --held-out 20"
VERBS = {
    "evaluate": "evaluate --model gru --data {path}",
    "evaluate --json": "evaluate --json --data {path}",
    "assess": "assess --model gru --data {path}",
    "scan": "scan --label-column label {path} out.csv",
    "patterns": f"patterns {SPAN} --label-column label --data {{path}}",
    "lab boosting": "lab boosting --data {path}",
    "polarity": "polarity --model gru --data {path}",
    "state-space": "state-space --model gru --data {path}",
    "train": f"train {SMALL} --out made --data {{path}}",
    "study": "study --out made --data {path}",
}


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def table(values: list[str], rows: int = 60, name: str = "rows.csv") -> Path:
    """A table of so many different texts with these labels in turn."""
    words = ["love", "hate", "good", "bad", "movie", "sad", "great"]
    path = Path(name)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for row in range(rows):
            text = f"{words[row % 7]} {words[row // 7 % 7]} {words[row // 49 % 7]}"
            writer.writerow([text, values[row % len(values)]])
    return path


def run(cli: Cli, verb: str, path: Path, more: str = "") -> Done:
    done = cli.run(f"{VERBS[verb].format(path=path)} {more}")
    assert done.status == 0, done.err
    return done


def refused(cli: Cli, verb: str, path: Path, more: str = "") -> str:
    return cli.refused(f"{VERBS[verb].format(path=path)} {more}", alone=False)


def answer(cli: Cli, verb: str, path: Path, more: str = "") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(run(cli, verb, path, f"{more} --json").out)
    return rows


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_refuses_ambiguous_labels_and_takes_their_meaning(verb: str, cli: Cli) -> None:
    for values, held, may in (
        ("12", "1 (30 rows), 2 (30)", "positive or negative"),
        ("012", "0 (20 rows), 1 (20), 2 (20)", "neutral or positive"),
    ):
        path = table(list(values))
        line = refused(cli, verb, path)
        assert line.startswith(f"error: rows.csv: column 'label' holds {held}: 2 may be {may}. Say which")
        assert values != "012" or AMBIGUOUS in line
        assert not Path("out.csv").exists() and not Path("made/rnn").exists()
    word = "missing: 3" if verb in ("train", "study") else "none-such"
    assert word in refused(cli, verb, path, "--labels 0=none-such,1=positive,2=neutral,3=odd")
    if verb not in ("polarity", "state-space", "study"):  # they need the very rows of the training, or long
        run(cli, verb, path, "--labels 0=negative,1=neutral,2=positive")


def test_the_confusion_follows_the_names(cli: Cli) -> None:
    named, numbers = table(["negative", "positive"], name="a.csv"), table(["1", "2"], name="b.csv")
    whole = answer(cli, "evaluate --json", named)
    for labels in ("1=negative,2=positive", "1=neg,2=POS"):
        rows = answer(cli, "evaluate --json", numbers, f"--labels {labels}")
        assert [row["confusion"] for row in rows] == [row["confusion"] for row in whole]
    for row, other in zip(rows, answer(cli, "evaluate --json", numbers, "--labels 2=negative,1=positive"), strict=True):
        assert row["confusion"]["true_positive"] == other["confusion"]["false_positive"]
        assert row["accuracy"] + other["accuracy"] == pytest.approx(1)


def test_neutral_rows_are_left_out_and_counted(cli: Cli) -> None:
    path = table(["0", "1", "2"])
    (row,) = answer(cli, "evaluate", path, "--labels 0=negative,1=neutral,2=positive")
    assert (row["rows"], row["skipped"]) == (40, 20)
    assert row["confusion"]["true_negative"] + row["confusion"]["false_positive"] == 20
    done = run(cli, "assess", path, "--json --labels 1=-,0=negative,2=positive")
    assert json.loads(done.out)[0]["rows"] == 40 and "60 rows: 40 counted, 20 without a class" in done.err


@pytest.mark.parametrize(
    ("values", "told"),
    [("0 4", "4 = positive (30)"), ("-1 0 1", "0 = neutral (20, left out)"), ("True False", "'true' = positive (30)")],
)
@pytest.mark.parametrize("verb", ["evaluate", "assess", "scan", "patterns", "train"])
def test_a_guess_is_reported(verb: str, values: str, told: str, cli: Cli) -> None:
    if (verb, values) == ("train", "True False"):
        return  # two words of its own
    err = run(cli, verb, table(values.split())).err
    assert told in err and err.count("this is a guess; change it with --labels") == 1


def test_older_options_are_the_same(cli: Cli) -> None:
    path, labels = table(["1", "2"]), "--labels 1=negative,2=positive"
    assert answer(cli, "assess", path, labels) == answer(cli, "assess", path, "--zero 1 --one 2")
    assert answer(cli, "scan", path, labels) == answer(cli, "scan", path, "--negative 1 --positive 2")
    assert "cannot stand for both" in refused(cli, "assess", path, "--zero 1 --labels 1=positive")
    assert "--labels: rankings take a file" in cli.refused("scan --labels 1=a rows.csv folder")
    for command in ("scan rows.csv out.csv", f"patterns {SPAN} --data rows.csv"):
        assert "--label-column, which was not given" in cli.refused(f"{command} {labels}", alone=False)


@pytest.mark.parametrize("verb", ["assess", "scan"])
@pytest.mark.parametrize("late", ["2", "-1", "0.5"])
def test_a_file_sorted_by_class_stops_at_the_value_that_changes_it(
    verb: str, late: str, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assessment, "_WINDOW", 16)
    monkeypatch.setattr(one_file, "_WINDOW", 16)
    path = table(["0"] * 30 + ["1"] * 33 + [late] * 7, 70)
    line = refused(cli, verb, path)
    assert f"{late} (1, first in row 64)" in line or f"{late} (1 row, first in row 64)" in line
    assert "--labels" in line and not Path("out.csv").exists()
    run(cli, verb, path, f"--labels=0=negative,1=positive,{late}=neutral")


def test_a_model_of_1_and_2_knows_them_again(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    path = table(["1", "2"], 200)
    run(cli, "train", path, "--labels 1=neg,2=pos")
    card = checkpoints.read_card("rnn", Path("made"))
    assert card["labels"] == ["negative", "positive"] and card["label_values"] == {"1": 0, "2": 1}
    write_tiny_checkpoint(Path("made"), "gru", "gru")
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(Path("made").absolute()))
    done = cli.run("evaluate --json --model rnn --data rows.csv")
    assert "1 = negative (100 rows), 2 = positive (100)" in done.err
    assert json.loads(done.out) == cli.json("evaluate --data rows.csv --labels 1=negative,2=positive")[:1]
    assert [row["rows"] for row in cli.json("assess --data rows.csv")[:2]] == [200, 200]
    assert "2 may be positive or negative" in cli.refused("evaluate --model gru --data rows.csv")
    table(["0", "1"], name="other.csv")
    assert "--labels 0=negative,1=positive" in cli.refused("evaluate --model rnn --data other.csv")
    run(cli, "train", path, "--labels 2=neg,1=pos")  # another question, not done already
    assert checkpoints.read_card("rnn", Path("made"))["label_values"] == {"1": 1, "2": 0}


@pytest.mark.parametrize(
    ("values", "says"),
    [("0 1 2", "--labels 0=plain,1=neutral,2=sarcastic or"), ("1 2", "--labels 1=plain,2=sarcastic or")],
)
def test_what_is_sarcastic_is_asked_alike(values: str, says: str, cli: Cli) -> None:
    table(values.split())
    report = "sarcasm-report --model gru --data rows.csv"
    assert says in cli.refused(report, alone=False)
    first, *others = values.split()
    named = ",".join([f"{first}=plain", *(f"{value}=sarcastic" for value in others)])
    (row,) = cli.json(f"{report} --labels {named}")
    assert row["plain"] == sum(number % (1 + len(others)) == 0 for number in range(60))
    column = "--label-column label --sarcastic 1 --sentiment-column label"
    line = cli.refused(f"{report} {column}", alone=False)
    assert f"--sentiment-labels {first}=negative" in line
    spelt = line.partition("--sentiment-labels ")[2].split()[0]
    assert cli.json(f"{report} {column} --sentiment-labels {spelt}")[0]["meant"] is not None
    assert "which was not given" in cli.refused(f"{report} --sentiment-labels 1=negative", alone=False)
    assert "say the same" in cli.refused(f"{report} --sarcastic 1 --labels {named}", alone=False)

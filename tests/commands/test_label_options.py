"""Every verb that reads labels refuses those with two meanings alike, and reads them as it is told."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.evaluation import assessment
from core.models import checkpoints
from core.probes.scan import one_file
from tests.conftest import write_tiny_checkpoint

AMBIGUOUS = "--labels 0=negative,1=neutral,2=positive or --labels 0=negative,1=positive,2=neutral"
SPAN = ["--text", "love this movie", "--from", "1", "--to", "2", "--threshold", "0.01"]
SMALL = "--cells rnn --hidden-size 8 --embedding-size 8 --min-count 1 --epochs 1 --word2vec-epochs 1 --held-out 20"
VERBS: dict[str, Callable[[Path], list[str]]] = {
    "evaluate": lambda path: ["evaluate", "--model", "gru", "--data", str(path)],
    "evaluate --json": lambda path: ["evaluate", "--json", "--data", str(path)],
    "assess": lambda path: ["assess", "--model", "gru", "--data", str(path)],
    "scan": lambda path: ["scan", "--label-column", "label", str(path), str(path.with_name("out.csv"))],
    "patterns": lambda path: ["patterns", *SPAN, "--label-column", "label", "--data", str(path)],
    "lab boosting": lambda path: ["lab", "boosting", "--data", str(path)],
    "polarity": lambda path: ["polarity", "--model", "gru", "--data", str(path)],
    "state-space": lambda path: ["state-space", "--model", "gru", "--data", str(path)],
    "train": lambda path: ["train", *SMALL.split(), "--out", str(path.with_name("made")), "--data", str(path)],
    "study": lambda path: ["study", "--out", str(path.with_name("made")), "--data", str(path)],
}


@pytest.fixture(autouse=True)
def _models(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))


def table(folder: Path, values: list[str], rows: int = 60, name: str = "rows.csv") -> Path:
    """A table of so many different texts with these labels in turn."""
    words = ["love", "hate", "good", "bad", "movie", "sad", "great"]
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for row in range(rows):
            text = f"{words[row % 7]} {words[row // 7 % 7]} {words[row // 49 % 7]}"
            writer.writerow([text, values[row % len(values)]])
    return path


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that a refusal is."""
    capsys.readouterr()
    assert main([*arguments]) == 2
    out, err = capsys.readouterr()
    *progress, said = err.splitlines()  # what draws the bar ends in returns
    assert out == "" and said.startswith("error: ") and all("\n" not in line for line in progress)
    assert err.count("\n") == 1 or "rows/s" in err
    return said


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[list[dict[str, Any]], str]:
    capsys.readouterr()
    assert main([*arguments, "--json"]) == 0
    out, err = capsys.readouterr()
    return json.loads(out), err


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_refuses_what_has_two_meanings_in_the_same_line(
    verb: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for values, held, may in (
        ("012", "0 (20 rows), 1 (20), 2 (20)", "neutral or positive"),
        ("12", "1 (30 rows), 2 (30)", "positive or negative"),
    ):
        before = table(tmp_path, list(values))
        said = refused(capsys, *VERBS[verb](before))
        assert said.startswith(f"error: rows.csv: column 'label' holds {held}: 2 may be {may}. Say which")
        assert values != "012" or AMBIGUOUS in said
        assert not (tmp_path / "out.csv").exists() and not (tmp_path / "made" / "rnn").exists()


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_takes_the_option_that_says_which(
    verb: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = table(tmp_path, ["0", "1", "2"])
    said = refused(capsys, *VERBS[verb](path), "--labels", "0=none-such,1=positive,2=neutral,3=odd")
    assert "none-such" in said
    if verb in ("polarity", "state-space", "study"):  # they go on to ask for the very rows of the training, or long
        return
    assert main([*VERBS[verb](path), "--labels", "0=negative,1=neutral,2=positive"]) == 0


@pytest.mark.parametrize("option", [["--labels", "1=negative,2=positive"], ["--labels", "1=neg,2=POS"]])
def test_the_confusion_is_that_of_the_labels_as_named(
    option: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    named, numbers = table(tmp_path, ["negative", "positive"], name="a.csv"), table(tmp_path, ["1", "2"], name="b.csv")
    whole, _err = answer(capsys, "evaluate", "--data", str(named))
    found, _err = answer(capsys, "evaluate", "--data", str(numbers), *option)
    assert [row["confusion"] for row in found] == [row["confusion"] for row in whole]
    swapped, _err = answer(capsys, "evaluate", "--data", str(numbers), "--labels", "2=negative,1=positive")
    for row, other in zip(found, swapped, strict=True):
        assert row["confusion"]["true_positive"] == other["confusion"]["false_positive"]
        assert row["accuracy"] + other["accuracy"] == pytest.approx(1)


def test_neutral_rows_are_left_out_and_counted(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = table(tmp_path, ["0", "1", "2"])
    (found,), _err = answer(capsys, *VERBS["evaluate"](path), "--labels", "0=negative,1=neutral,2=positive")
    assert (found["rows"], found["skipped"]) == (40, 20)
    counts = found["confusion"]
    assert counts["true_negative"] + counts["false_positive"] == 20
    (found,), err = answer(capsys, *VERBS["assess"](path), "--labels", "1=-,0=negative,2=positive")
    assert found["rows"] == 40 and "60 rows: 40 counted, 20 of neither class" in err


@pytest.mark.parametrize(
    ("values", "told"),
    [("0 4", "4 = positive (30)"), ("-1 0 1", "0 = neutral (20, left out)"), ("True False", "'true' = positive (30)")],
)
@pytest.mark.parametrize("verb", ["evaluate", "assess", "scan", "patterns", "train"])
def test_a_guess_is_told(verb: str, values: str, told: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    if (verb, values) == ("train", "True False"):
        return  # two words of its own
    capsys.readouterr()
    assert main(VERBS[verb](table(tmp_path, values.split()))) == 0
    err = capsys.readouterr().err
    assert told in err and err.count("this is a guess; change it with --labels") == 1


def test_older_options_are_the_same(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = table(tmp_path, ["1", "2"])
    (found,), _err = answer(capsys, *VERBS["assess"](path), "--labels", "1=negative,2=positive")
    (older,), _err = answer(capsys, *VERBS["assess"](path), "--zero", "1", "--one", "2")
    assert found == older
    scanned, _err = answer(capsys, *VERBS["scan"](path), "--labels", "1=negative,2=positive")
    older_scan, _err = answer(capsys, *VERBS["scan"](path), "--negative", "1", "--positive", "2")
    assert scanned == older_scan
    assert "cannot stand for both" in refused(capsys, *VERBS["assess"](path), "--zero", "1", "--labels", "1=positive")
    assert "--labels: rankings take a file" in refused(
        capsys, "scan", "--labels", "1=a", str(path), str(tmp_path / "folder")
    )


def test_names_without_a_column_are_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = table(tmp_path, ["1", "2"])
    for verb in (["scan", str(path), str(tmp_path / "out.csv")], ["patterns", *SPAN, "--data", str(path)]):
        said = refused(capsys, *verb, "--labels", "1=negative,2=positive")
        assert "--label-column, which was not given" in said


@pytest.mark.parametrize("verb", ["assess", "scan"])
@pytest.mark.parametrize("late", ["2", "-1", "0.5"])
def test_a_file_sorted_by_class_stops_at_the_value_that_changes_it(
    verb: str, late: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assessment, "_WINDOW", 16)
    monkeypatch.setattr(one_file, "_WINDOW", 16)
    path = table(tmp_path, ["0"] * 30 + ["1"] * 33 + [late] * 7, 70)
    said = refused(capsys, *VERBS[verb](path))
    assert f"{late} (1, first in row 64)" in said or f"{late} (1 row, first in row 64)" in said
    assert "--labels" in said and not (tmp_path / "out.csv").exists()
    named = f"--labels=0=negative,1=positive,{late}=neutral"
    assert main([*VERBS[verb](path), named]) == 0


def test_a_model_of_1_and_2_knows_them_again(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = table(tmp_path, ["1", "2"], 200)
    folder = tmp_path / "made"
    assert main([*VERBS["train"](path), "--labels", "1=neg,2=pos"]) == 0
    card = checkpoints.read_card("rnn", folder)
    assert card["labels"] == ["negative", "positive"] and card["label_values"] == {"1": 0, "2": 1}
    write_tiny_checkpoint(folder, "gru", "gru")
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(folder))
    (found,), err = answer(capsys, "evaluate", "--model", "rnn", "--data", str(path))
    named, _err = answer(capsys, "evaluate", "--data", str(path), "--labels", "1=negative,2=positive")
    assert found == named[0] and "1 = negative (100 rows), 2 = positive (100)" in err
    both, err = answer(capsys, "assess", "--data", str(path))
    assert [row["rows"] for row in both[:2]] == [200, 200]
    assert "2 may be positive or negative" in refused(capsys, "evaluate", "--model", "gru", "--data", str(path))
    assert "--labels 0=negative,1=positive" in refused(
        capsys, "evaluate", "--model", "rnn", "--data", str(table(tmp_path, ["0", "1"], name="other.csv"))
    )
    assert main([*VERBS["train"](path), "--labels", "2=neg,1=pos"]) == 0  # another question, not done already
    assert checkpoints.read_card("rnn", folder)["label_values"] == {"1": 1, "2": 0}


@pytest.mark.parametrize(
    ("values", "says"),
    [("0 1 2", "--labels 0=plain,1=neutral,2=sarcastic or"), ("1 2", "--labels 1=plain,2=sarcastic or")],
)
def test_what_is_sarcastic_is_asked_alike(
    values: str, says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = table(tmp_path, values.split())
    report = ["sarcasm-report", "--model", "gru", "--data", str(path)]
    assert says in refused(capsys, *report)
    first, *others = values.split()
    named = ",".join([f"{first}=plain", *(f"{value}=sarcastic" for value in others)])
    (found,), _err = answer(capsys, *report, "--labels", named)
    assert found["plain"] == sum(row % (1 + len(others)) == 0 for row in range(60))
    column = ["--label-column", "label", "--sarcastic", "1", "--sentiment-column", "label"]
    said = refused(capsys, *report, *column)
    assert f"--sentiment-labels {first}=negative" in said
    spelt = said.partition("--sentiment-labels ")[2].split()[0]
    assert answer(capsys, *report, *column, "--sentiment-labels", spelt)[0][0]["meant"] is not None
    assert "which was not given" in refused(capsys, *report, "--sentiment-labels", "1=negative")
    assert "say the same" in refused(capsys, *report, "--sarcastic", "1", "--labels", named)

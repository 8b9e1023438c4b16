"""`python -m core predict` and `evaluate`: their JSON, their lines for people, files that are read, refusals."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.data.corpus import read_corpus
from core.evaluation.metrics import evaluate
from core.models import checkpoints
from core.models.predict import verdict
from tests.commands.conftest import Cli, inert
from tests.conftest import write_tiny_checkpoint

KEYS = ["model", "text", "tokens", "unknown", "probability", "label", "prefix_probabilities", "target", "probabilities"]
TERMINAL_TRICKS = "red \x1b[31mhe\x1b[0m\x07 a\x00b \u202egnp \x9b2J \ud800 \x08\x08"
ODD = ("!!!", "🙂 🙂", "שלום עולם", "<script>x</script>", "**md** [x](y)", TERMINAL_TRICKS)
Write = Callable[[str, str], Path]


@pytest.fixture
def labelled(write: Write) -> Path:
    return write("rows.csv", 'label,text\n1,i love this movie\n0,i hate it\n2,a movie\n1,"good, great !"\n0,zzz\n')


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def texts(cli: Cli, command: str, *words: object) -> list[str]:
    return [row["text"] for row in cli.json(f"predict --model rnn {command}", *words)]


def test_predict_is_the_models_verdict(cli: Cli) -> None:
    asked = ["I can't love frabjous movies!", "not so bad"]
    rows = cli.json("predict", *asked)
    expected = [verdict(checkpoints.load(name), text) for text in asked for name in ("rnn", "gru", "lstm")]
    assert [(row["model"], row["text"]) for row in rows] == [(one.model, one.text) for one in expected]
    for row, one in zip(rows, expected, strict=True):
        assert list(row) == KEYS
        assert tuple(row["tokens"]) == one.tokens and tuple(row["unknown"]) == one.unknown
        assert row["probability"] == pytest.approx(one.probability, abs=1e-6) and row["label"] == one.label
        assert row["prefix_probabilities"] == pytest.approx(one.prefix_probabilities, abs=1e-6)
        assert row["prefix_probabilities"][-1] == row["probability"]
        assert row["target"] == "positive" and row["probabilities"]["positive"] == row["probability"]
        assert list(row["probabilities"]) == ["negative", "positive"] and sum(row["probabilities"].values()) == 1
    assert rows[0]["unknown"] == ["frabjous", "movies"]
    lines = cli.text("predict", "I love frabjous", "so bad").splitlines()
    assert [line.split()[0] for line in lines] == ["rnn", "gru", "lstm"] * 2
    one = verdict(checkpoints.load("gru"), "I love frabjous")
    assert one.label in lines[1] and f"{one.probability:.4f}" in lines[1]
    assert lines[1].endswith("i love frabjous   unknown: frabjous") and "unknown" not in lines[3]


def test_predict_of_three_classes_and_of_a_checkpoints_folder(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, three = "i love this", ("negative", "neutral", "positive")
    write_tiny_checkpoint(tmp_path, "three", "gru", labels=three)
    one = verdict(checkpoints.load("three", tmp_path), text)
    (row,) = cli.json("predict --model", tmp_path / "three", text)
    assert row["model"] == "three" and row["label"] == row["target"] == one.label == max(
        three, key=lambda name: row["probabilities"][name]
    )
    assert row["probability"] == pytest.approx(one.probability, abs=1e-6) and "against" not in row
    for name, against in (("neutral", None), ("neutral", "positive")):
        options = ["--target", name] + (["--against", against] if against else [])
        (row,) = cli.json("predict --model", f"{tmp_path}/three/", text, *options)
        p = row["probabilities"]
        expected = p[name] / (p[name] + p[against]) if against else p[name]
        assert (row["target"], row.get("against"), row["label"]) == (name, against, one.label)
        assert row["probability"] == row["prefix_probabilities"][-1] == pytest.approx(expected, abs=1e-6)
    line = cli.text("predict --target neutral --model", tmp_path / "three", text)
    assert line.startswith(f"three  {one.label}  {max(one.distribution):.4f}, {one.runner_up} ")
    negative = cli.json("predict --target negative", text)
    assert [row["probability"] for row in negative] == [row["probabilities"]["negative"] for row in negative]

    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    write_tiny_checkpoint(tmp_path, "two", "gru")
    done = cli.run("predict --json --target neutral", text)
    assert [row["model"] for row in json.loads(done.out)] == ["three"]
    assert done.err == "left out: two: 'neutral' is no class; available: negative, positive\n"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path / "elsewhere"))
    for spec in ("three", "./three", "../" + tmp_path.name + "/three"):
        assert cli.json("predict --model", spec, text)[0]["label"] == one.label
    assert "--against goes with --target" in cli.refused("predict --model three --against neutral", text)
    assert "'angry' is no class" in cli.refused("predict --model three --target angry", text)


def test_predict_reads_standard_input_and_files(
    cli: Cli, write: Write, labelled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    type_in(monkeypatch, "i love this\r\n so  bad \nno end of line")
    assert texts(cli, "") == ["i love this", " so  bad ", "no end of line"]
    assert texts(cli, "--file", labelled) == ["i love this movie", "i hate it", "a movie", "good, great !", "zzz"]
    tsv = write("tweets.tsv", "who\ttweet\nann\ti love it\nbob\tso sad\n")
    assert texts(cli, "--text-column tweet --file", tsv) == ["i love it", "so sad"]
    latin = write("latin.csv", "")
    latin.write_bytes("text,label\ncafé,1\n".encode("latin-1"))
    assert texts(cli, "--file", latin) == texts(cli, "--encoding latin-1 --file", latin) == ["café"]
    assert "bytes that are not UTF-8 text" in cli.refused("predict --encoding utf-8 --file", latin)
    assert "nosuch" in cli.refused("predict --encoding nosuch --file", latin)


def test_predict_loads_each_model_once_and_reads_ten_thousand_words(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded, load = [], checkpoints.load

    def counted(name: str, folder: Path | None = None) -> checkpoints.Checkpoint:
        loaded.append(name)
        return load(name, folder)

    monkeypatch.setattr(checkpoints, "load", counted)
    rows = cli.json("predict", "so good " * 5_000, "so bad")
    assert [len(row["prefix_probabilities"]) for row in rows] == [10_000] * 3 + [2] * 3
    assert sorted(loaded) == ["gru", "lstm", "rnn"]


def test_a_blank_row_costs_the_others_nothing(cli: Cli, write: Write) -> None:
    done = cli.run("predict --json --model rnn --file", write("rows.csv", 'text\nso good\n"  "\nso bad\n'))
    assert [row["text"] for row in json.loads(done.out)] == ["so good", "so bad"]
    layout = "rows.csv: comma-separated, quoted, UTF-8, 1 column (text), header\n"
    assert done.err == layout + "left out: text 2 of 3 is empty\n"


def test_odd_texts_are_shown_back_and_printed_inert(cli: Cli) -> None:
    assert texts(cli, "", *ODD) == list(ODD)
    out = cli.text("predict", TERMINAL_TRICKS)
    assert "\\x1b" in out and "\\x00" in out and "\\ud800" in out and out.count("\n") == 3


def test_evaluate(cli: Cli, write: Write, labelled: Path) -> None:
    command = "evaluate --labels 2=neutral --data"
    rows = cli.json(command, labelled)
    assert [row["model"] for row in rows] == ["rnn", "gru", "lstm"]
    for row in rows:
        assert (row["data"], row["rows"], row["skipped"]) == ("rows.csv", 4, 1)
        assert row["accuracy_interval"][0] <= row["accuracy"] <= row["accuracy_interval"][1]
        assert sum(row["confusion"].values()) == 4 and sum(band["rows"] for band in row["by_length"]) == 4
        assert row["unknown_rate"] == pytest.approx(1 / 12)
        expected = evaluate(checkpoints.load(row["model"]), read_corpus(labelled, asked={"2": "neutral"}))
        assert list(row) == list(expected.as_json()) and row == json.loads(json.dumps(expected.as_json()))
    done = cli.run(command, labelled, "--model", "lstm")
    assert done.err == "rows.csv: comma-separated, quoted, UTF-8, 2 columns (label, text), header\n"
    assert done.out.startswith("lstm on rows.csv: 4 rows (1 neutral or unlabelled rows left out)")
    for shown in (f"accuracy {row['accuracy']:.4f}", f"F1 {row['f1']:.4f}", f"AUC {row['auc']:.4f}", "1 to 5 tokens"):
        assert shown in done.out
    path = write("rows.jsonl", '{"said": "so good", "felt": "positive"}\n{"said": "so bad", "felt": "negative"}\n')
    (row,) = cli.json("evaluate --model lstm --text-column said --label-column felt --data", path)
    assert row["rows"] == 2
    path = write("positive.csv", "label,text\n1,so good\n1,so bad\n")
    assert cli.json("evaluate --model gru --data", path)[0]["auc"] is None
    assert "AUC –" in cli.text("evaluate --model gru --data", path)


def test_evaluate_three_classes(cli: Cli, write: Write, tmp_path: Path) -> None:
    labels = ("negative", "neutral", "positive")
    write_tiny_checkpoint(tmp_path, "three", "gru", labels=labels)
    model = tmp_path / "three"
    path = write("rows.csv", "label,text\npositive,so good\nneutral,a movie\nnegative,so bad\nneutral,it\n")
    (row,) = cli.json("evaluate --model", model, "--data", path)
    assert (row["rows"], row["f1"], row["auc"]) == (4, None, None)
    assert row["confusion"]["labels"] == [*labels] and [*map(sum, row["confusion"]["counts"])] == [1, 2, 1]
    told = cli.text("evaluate --model", model, "--data", path)
    for shown in (f"macro-F1 {row['macro_f1']:.4f}", "1 rows negative, 2 neutral, 1 positive", "always saying neutral"):
        assert shown in told


@pytest.mark.parametrize("typed", ["", "\n", "  \n\t\n"])
def test_blank_standard_input_is_refused(typed: str, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(monkeypatch, typed)
    cli.refused("predict")


TRICKS = "\x1b[31m\x07"


def test_refusals(cli: Cli, write: Write, labelled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(labelled.parent)
    Path("folder.csv").mkdir()
    write("blank.csv", 'text\n"  "\n')
    write("norows.csv", "text\n")
    write("header.csv", f"{TRICKS},label\na,1\n")
    write("label.csv", f"text,label\na,{TRICKS}\n")
    for arguments, says in (
        ("predict ''", "the text is empty"),
        ("predict '\u3000'", "the text is empty"),
        ("predict --file rows.csv 'so good'", "not both"),
        ("predict --file blank.csv", "empty"),
        ("predict --file norows.csv", "no rows"),
        ("predict --file rows.csv --text-column tweet", "no column 'tweet'; it has: label, text"),
        ("evaluate --data rows.csv --label-column mood", "'mood'"),
        ("predict --model nosuch a", "'nosuch'; available: rnn, gru, lstm"),
        ("predict --json --model ../rnn a", "../rnn"),
        ("predict --model '' a", "''"),
        ("predict --file gone.csv", "gone"),
        (f"predict --model '{TRICKS}' a", ""),
        ("predict --model '\ud800' a", ""),
        (f"predict --file '{TRICKS}.csv'", ""),
        (f"predict --file 'x.{TRICKS}'", ""),
        ("predict --file 'nul\x00.csv'", ""),
        ("predict --file header.csv", ""),
        ("evaluate --data label.csv", ""),
        ("predict --modle rnn hello", "unrecognized arguments: --modle"),
    ):
        assert says in cli.refused(arguments)


def test_malformed_files_are_refused(cli: Cli, write: Write) -> None:
    for name, content, says in (
        ("column.csv", "text,mood\nso good,1\n", "no column 'label'; it has: text, mood"),
        ("label.csv", "text,label\nso good,1\nso bad,7\n", "holds 1 (1 row), 7 (1): 7 may be positive or negative"),
        ("neutral.csv", "text,label\na movie,neutral\n", "(1 neutral"),
        ("ragged.csv", "text,label\nso good,1\nso bad\n", "row 2 (line 3): 1 field"),
        ("rows.jsonl", '{"text": "a", "label": 1}\n[1]\n', "row 2 (line 2)"),
        ("rows.txt", "so good\n", "rows.txt has no column 'label'; it has: text"),
        ("rows.doc", "so good\n", "cannot read .doc"),
    ):
        assert says in cli.refused("evaluate --data", write(name, content))


def test_a_damaged_model_is_reported_once_and_the_others_answer(
    cli: Cli, labelled: Path, tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "checkpoints"
    shutil.copytree(tiny_checkpoints, folder)
    weights = folder / "gru" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(folder))
    for command in ("predict 'i love it' 'so bad'", f"evaluate --data '{labelled}' --labels 2=neutral"):
        done = cli.run(f"{command} --model all --json")
        assert {row["model"] for row in json.loads(done.out)} == {"rnn", "lstm"}
        assert done.err.count("'gru'") == done.err.count("weights.safetensors") == 1
        assert inert(done.err)
    assert "'gru': weights.safetensors" in cli.refused("predict --model gru 'so good'")
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path / "none"))
    assert "no checkpoint" in cli.refused("predict 'so good'")


def test_the_shipped_rnn_is_as_accurate_as_its_card_says(report_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UNROLLED_CHECKPOINTS")
    if "rnn" not in checkpoints.names():
        pytest.skip("no rnn is shipped yet")
    shipped = checkpoints.load("rnn")
    report = shipped.card["metrics"]["report"]
    corpus = read_corpus(report_data)
    assert report["sha256"] == corpus.sha256 and report["rows"] == len(corpus) == 20_000
    result = evaluate(shipped, corpus)
    assert result.accuracy == pytest.approx(report["accuracy"], abs=1e-6)
    assert result.accuracy_interval == pytest.approx(report["accuracy_interval"], abs=1e-6)
    assert result.log_loss == pytest.approx(report["log_loss"], abs=1e-4)
    assert result.confusion == report["confusion"]

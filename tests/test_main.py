"""The command line: what each verb prints, and that bad input is one line on standard error and exit status 2."""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import json
import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.__main__ import main
from core.data.corpus import file_sha256, read_corpus
from core.evaluation.metrics import evaluate
from core.models import checkpoints
from core.models.predict import verdict
from core.training import loop
from tests.told import beside

PROJECT = Path(__file__).parent.parent
PREDICTION = ["model", "text", "tokens", "unknown", "probability", "label", "prefix_probabilities"]
TERMINAL_TRICKS = "red \x1b[31mhe\x1b[0m\x07 a\x00b \u202egnp \x9b2J \ud800 \x08\x08"

Write = Callable[[str, str], Path]


@pytest.fixture(scope="module", autouse=True)
def _on_the_processor() -> Iterator[None]:
    """Bit for bit is promised of the processor, so a GPU stays unused."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.cuda, "is_available", lambda: False)
        yield


@pytest.fixture(autouse=True)
def tiny(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The command line answers with the tiny checkpoints."""
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))
    return tiny_checkpoints


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file of the test's own folder."""

    def writer(name: str, content: str) -> Path:
        path = tmp_path / name
        path.write_text(content, encoding="utf-8", newline="")
        return path

    return writer


NEUTRAL = ["--labels", "2=neutral"]


@pytest.fixture
def labelled(write: Write) -> Path:
    return write("rows.csv", 'label,text\n1,i love this movie\n0,i hate it\n2,a movie\n1,"good, great !"\n0,zzz\n')


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    """The JSON list that a verb prints, nothing else being printed."""
    assert main([*arguments, "--json"]) == 0
    out, err = capsys.readouterr()
    assert beside(err) == "" and out.count("\n") == 1
    return json.loads(out)


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line on standard error with which a verb refuses."""
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ") and err.endswith("\n") and err.count("\n") == 1, err
    assert is_inert(err), ascii(err)
    return err


def is_inert(printed: str) -> bool:
    """Whether a terminal would only show it."""
    return all(line.isprintable() for line in printed.split("\n"))


# predict


def test_predict_prints_the_json_that_is_promised(capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = answer(capsys, "predict", "--model", "lstm", "i love this")
    assert list(found) == PREDICTION
    assert found["model"] == "lstm" and found["text"] == "i love this"
    assert found["tokens"] == ["i", "love", "this"] and found["unknown"] == []
    assert found["label"] == ("positive" if found["probability"] >= 0.5 else "negative")
    assert len(found["prefix_probabilities"]) == 3 and found["prefix_probabilities"][-1] == found["probability"]


def test_predict_says_what_python_says(capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "predict", "I can't love frabjous movies!", "not so bad")
    expected = [
        verdict(checkpoints.load(name), text)
        for text in ("I can't love frabjous movies!", "not so bad")
        for name in ("rnn", "gru", "lstm")
    ]
    assert [(row["model"], row["text"]) for row in found] == [(one.model, one.text) for one in expected]
    for row, one in zip(found, expected, strict=True):
        assert tuple(row["tokens"]) == one.tokens and tuple(row["unknown"]) == one.unknown
        assert row["probability"] == pytest.approx(one.probability, abs=1e-6) and row["label"] == one.label
        assert row["prefix_probabilities"] == pytest.approx(one.prefix_probabilities, abs=1e-6)
    assert found[0]["unknown"] == ["frabjous", "movies"]


def test_predict_prints_a_line_for_each_text_and_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "I love frabjous", "so bad"]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert err == "" and len(lines) == 6
    assert [line.split()[0] for line in lines] == ["rnn", "gru", "lstm"] * 2
    found = verdict(checkpoints.load("gru"), "I love frabjous")
    assert found.label in lines[1] and f"{found.probability:.4f}" in lines[1]
    assert lines[1].endswith("i love frabjous   unknown: frabjous") and "unknown" not in lines[3]


def test_predict_reads_a_text_a_line_from_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    type_in(monkeypatch, "i love this\r\n so  bad \nno end of line")
    found = answer(capsys, "predict", "--model", "rnn")
    assert [row["text"] for row in found] == ["i love this", " so  bad ", "no end of line"]


def test_predict_reads_a_column_of_a_file(capsys: pytest.CaptureFixture[str], write: Write, labelled: Path) -> None:
    found = answer(capsys, "predict", "--model", "gru", "--file", str(labelled))
    assert [row["text"] for row in found] == ["i love this movie", "i hate it", "a movie", "good, great !", "zzz"]
    path = write("tweets.tsv", "who\ttweet\nann\ti love it\nbob\tso sad\n")
    found = answer(capsys, "predict", "--model", "gru", "--file", str(path), "--text-column", "tweet")
    assert [row["text"] for row in found] == ["i love it", "so sad"]


def test_predict_reads_ten_thousand_words(capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "predict", "so good " * 5_000)
    assert [len(row["prefix_probabilities"]) for row in found] == [10_000] * 3


def test_predict_loads_each_model_once(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    loaded, load = [], checkpoints.load

    def counted(name: str, folder: Path | None = None) -> checkpoints.Checkpoint:
        loaded.append(name)
        return load(name, folder)

    monkeypatch.setattr(checkpoints, "load", counted)
    answer(capsys, "predict", "i love it", "so bad", "so good")
    assert sorted(loaded) == ["gru", "lstm", "rnn"]


@pytest.mark.parametrize("text", ["", " ", "\t\n", "\u3000"])
def test_predict_refuses_an_empty_text(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "the text is empty" in refusal(capsys, "predict", text)
    assert "the text is empty" in refusal(capsys, "predict", "--json", text)


@pytest.mark.parametrize("typed", ["", "\n", "  \n\t\n"])
def test_predict_refuses_blank_standard_input(
    typed: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    type_in(monkeypatch, typed)
    refusal(capsys, "predict")


def test_a_blank_row_of_a_file_leaves_the_others_their_answer(capsys: pytest.CaptureFixture[str], write: Write) -> None:
    rows = write("rows.csv", 'text\nso good\n"  "\nso bad\n')
    assert main(["predict", "--json", "--model", "rnn", "--file", str(rows)]) == 0
    output = capsys.readouterr()
    assert [row["text"] for row in json.loads(output.out)] == ["so good", "so bad"]
    told = "rows.csv: comma-separated, quoted, UTF-8, 1 column (text), header\n"
    assert output.err == told + "left out: text 2 of 3 is empty\n"
    assert "empty" in refusal(capsys, "predict", "--file", str(write("blank.csv", 'text\n"  "\n')))


def test_predict_takes_texts_or_a_file(capsys: pytest.CaptureFixture[str], labelled: Path) -> None:
    assert "not both" in refusal(capsys, "predict", "--file", str(labelled), "so good")


@pytest.mark.parametrize("text", ["!!!", "🙂 🙂", "שלום עולם", "<script>x</script>", "**md** [x](y)"], ids=ascii)
def test_predict_answers_odd_texts_and_shows_them_back(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert {row["text"] for row in answer(capsys, "predict", text)} == {text}


def test_control_characters_and_lone_surrogates_are_printed_inert(capsys: pytest.CaptureFixture[str]) -> None:
    assert {row["text"] for row in answer(capsys, "predict", TERMINAL_TRICKS)} == {TERMINAL_TRICKS}
    assert main(["predict", TERMINAL_TRICKS]) == 0
    out, err = capsys.readouterr()
    assert err == "" and out.count("\n") == 3
    assert is_inert(out), ascii(out)
    assert "\\x1b" in out and "\\x00" in out and "\\ud800" in out


def test_control_characters_in_what_is_refused_are_printed_inert(
    capsys: pytest.CaptureFixture[str], write: Write, tmp_path: Path
) -> None:
    tricks = "\x1b[31m\x07"
    refusal(capsys, "predict", "--model", tricks, "so good")
    refusal(capsys, "predict", "--model", "\ud800", "so good")
    refusal(capsys, "predict", "--file", str(tmp_path / f"{tricks}.csv"))
    refusal(capsys, "predict", "--file", str(tmp_path / f"x.{tricks}"))
    refusal(capsys, "predict", "--file", "nul\x00.csv")
    refusal(capsys, "predict", "--file", str(write("header.csv", f"{tricks},label\na,1\n")))
    refusal(capsys, "evaluate", "--data", str(write("label.csv", f"text,label\na,{tricks}\n")))
    refusal(capsys, "evaluate", "--data", str(write(f"{tricks}.csv", "text,label\n")))


def test_a_real_command_line_with_bytes_that_are_no_text(tiny: Path) -> None:
    """Such bytes arrive as lone surrogates; an ASCII terminal gets an answer; gensim is not imported for it."""
    script = "import sys; from core.__main__ import main; code = main(); sys.exit('gensim' in sys.modules or code)"
    done = subprocess.run(
        [
            os.fsencode(sys.executable),
            b"-c",
            script.encode(),
            b"predict",
            b"--model",
            b"rnn",
            b"caf\xe9 \xff so good \xf0\x9f\x99\x82",
        ],
        cwd=PROJECT,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "UNROLLED_CHECKPOINTS": str(tiny)},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0 and done.stderr == b""
    assert done.stdout.isascii() and done.stdout.startswith(b"rnn ") and done.stdout.count(b"\n") == 1


# evaluate


def test_evaluate_prints_the_json_that_is_promised(capsys: pytest.CaptureFixture[str], labelled: Path) -> None:
    found = answer(capsys, "evaluate", "--model", "all", "--data", str(labelled), *NEUTRAL)
    assert [row["model"] for row in found] == ["rnn", "gru", "lstm"]
    for row in found:
        assert (row["data"], row["rows"], row["skipped"]) == ("rows.csv", 4, 1)
        assert row["accuracy_interval"][0] <= row["accuracy"] <= row["accuracy_interval"][1]
        assert sum(row["confusion"].values()) == 4 and sum(band["rows"] for band in row["by_length"]) == 4
        assert row["unknown_rate"] == pytest.approx(1 / 12)
        expected = evaluate(checkpoints.load(row["model"]), read_corpus(labelled, asked={"2": "neutral"})).as_json()
        assert list(row) == list(expected)  # tests/test_evaluation.py spells them out
        assert row == json.loads(json.dumps(expected))


def test_evaluate_takes_other_columns(capsys: pytest.CaptureFixture[str], write: Write) -> None:
    path = write("rows.jsonl", '{"said": "so good", "felt": "positive"}\n{"said": "so bad", "felt": "negative"}\n')
    (found,) = answer(
        capsys, "evaluate", "--model", "lstm", "--data", str(path), "--text-column", "said", "--label-column", "felt"
    )
    assert found["rows"] == 2


def test_evaluate_prints_a_summary_for_people(capsys: pytest.CaptureFixture[str], labelled: Path) -> None:
    assert main(["evaluate", "--model", "gru", "--data", str(labelled), *NEUTRAL]) == 0
    out, err = capsys.readouterr()
    found = evaluate(checkpoints.load("gru"), read_corpus(labelled, asked={"2": "neutral"}))
    assert err == "rows.csv: comma-separated, quoted, UTF-8, 2 columns (label, text), header\n"
    assert out.startswith("gru on rows.csv: 4 rows (1 neutral or unlabelled rows left out)")
    for shown in (f"accuracy {found.accuracy:.4f}", f"F1 {found.f1:.4f}", f"AUC {found.auc:.4f}", "1 to 5 tokens"):
        assert shown in out


def test_evaluate_leaves_out_the_auc_of_one_class(capsys: pytest.CaptureFixture[str], write: Write) -> None:
    path = write("positive.csv", "label,text\n1,so good\n1,so bad\n")
    (found,) = answer(capsys, "evaluate", "--model", "gru", "--data", str(path))
    assert found["auc"] is None
    assert main(["evaluate", "--model", "gru", "--data", str(path)]) == 0
    assert "AUC –" in capsys.readouterr().out


# Bad input


@pytest.mark.parametrize("verb", [["predict", "so good"], ["predict", "--json", "so good"]])
@pytest.mark.parametrize("model", ["nosuch", "../rnn", "", "word2vec"])
def test_an_unknown_model_is_refused(verb: list[str], model: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = refusal(capsys, *verb, "--model", model)
    if model == "nosuch":
        assert "'nosuch'; available: rnn, gru, lstm" in said


def test_an_unknown_model_is_refused_by_evaluate(capsys: pytest.CaptureFixture[str], labelled: Path) -> None:
    assert "available: rnn, gru, lstm" in refusal(capsys, "evaluate", "--model", "nosuch", "--data", str(labelled))


def test_a_missing_file_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name in ("gone.csv", "gone.parquet", "gone.jsonl"):
        assert "gone" in refusal(capsys, "predict", "--file", str(tmp_path / name))
        assert "gone" in refusal(capsys, "evaluate", "--data", str(tmp_path / name))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("column.csv", "text,mood\nso good,1\n", "no column 'label'; it has: text, mood"),
        ("column.csv", "label,tweet\n1,so good\n", "no column 'text'; it has: label, tweet"),
        ("label.csv", "text,label\nso good,1\nso bad,7\n", "holds 1 (1 row), 7 (1): 7 may be positive or negative"),
        ("rows.csv", "text,label\n", "no rows"),
        ("neutral.csv", "text,label\na movie,neutral\n", "(1 neutral or without a label)"),
        ("empty.csv", "", "empty"),
        ("ragged.csv", "text,label\nso good,1\nso bad\n", "row 2 (line 3): 1 fields where the header has 2"),
        ("rows.jsonl", '{"text": "a", "label": 1}\n[1]\n', "row 2 (line 2)"),
        ("rows.jsonl", "not JSON\n", "row 1 (line 1): not JSON"),
        ("rows.parquet", "no parquet", "not a readable parquet file"),
        ("rows.txt", "so good\n", "rows.txt has no column 'label'; it has: text"),
        ("rows.doc", "so good\n", "cannot read .doc"),
    ],
)
def test_a_file_that_is_not_as_it_should_be_is_refused(
    name: str, content: str, says: str, capsys: pytest.CaptureFixture[str], write: Write
) -> None:
    assert says in refusal(capsys, "evaluate", "--data", str(write(name, content)))


def test_a_column_that_is_asked_for_and_missing_is_refused(capsys: pytest.CaptureFixture[str], labelled: Path) -> None:
    said = refusal(capsys, "predict", "--file", str(labelled), "--text-column", "tweet")
    assert "no column 'tweet'; it has: label, text" in said
    assert "'mood'" in refusal(capsys, "evaluate", "--data", str(labelled), "--label-column", "mood")


def test_a_file_without_rows_is_refused_by_predict(capsys: pytest.CaptureFixture[str], write: Write) -> None:
    assert "no rows" in refusal(capsys, "predict", "--file", str(write("rows.csv", "text\n")))


def test_a_wrong_encoding_is_refused_and_the_right_one_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes("text,label\ncafé,1\n".encode("latin-1"))
    (found,) = answer(capsys, "predict", "--model", "rnn", "--file", str(path))
    assert found["text"] == "café"  # found by looking
    assert "bytes that are not UTF-8 text" in refusal(capsys, "predict", "--file", str(path), "--encoding", "utf-8")
    (found,) = answer(capsys, "predict", "--model", "rnn", "--file", str(path), "--encoding", "latin-1")
    assert found["text"] == "café"
    assert "nosuch" in refusal(capsys, "predict", "--file", str(path), "--encoding", "nosuch")


def test_a_folder_is_no_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    refusal(capsys, "predict", "--file", str(tmp_path / "folder.csv"))


# Damaged checkpoints


@pytest.fixture
def damaged(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Checkpoints of which the gru is cut off."""
    folder = tmp_path / "checkpoints"
    shutil.copytree(tiny, folder)
    weights = folder / "gru" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(folder))
    return folder


@pytest.mark.usefixtures("damaged")
def test_a_damaged_model_is_told_of_once_and_the_others_answer(
    capsys: pytest.CaptureFixture[str], labelled: Path
) -> None:
    verbs = [["predict", "i love it", "so bad"], ["evaluate", "--data", str(labelled), *NEUTRAL]]
    for verb in verbs:
        assert main([*verb, "--model", "all", "--json"]) == 0
        out, err = capsys.readouterr()
        assert {row["model"] for row in json.loads(out)} == {"rnn", "lstm"}
        assert beside(err).count("\n") == 1 and "'gru'" in err and "weights.safetensors" in err


@pytest.mark.usefixtures("damaged")
def test_a_damaged_model_asked_for_by_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "'gru': weights.safetensors" in refusal(capsys, "predict", "--model", "gru", "so good")


def test_no_model_at_all_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path / "none"))
    assert "no checkpoint" in refusal(capsys, "predict", "so good")


# train


def write_rows(path: Path, rows: int, seed: int) -> None:
    """Made-up sentences, no two alike, whose adjective decides the label."""
    random = np.random.default_rng(seed)
    adjectives = [["bad", "awful", "sad", "terrible"], ["good", "great", "lovely", "happy"]]
    things = ["the day", "my dinner", "our bus", "this song", "a game", "the garden", "his train"]
    texts: dict[str, int] = {}
    while len(texts) < rows:
        label = int(random.integers(2))
        text = f"{random.choice(things)} was {random.choice(adjectives[label])} near {random.choice(things)}"
        texts.setdefault(f"{text} {random.integers(100)}", label)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["mood", "tweet"])
        writer.writerows((label, text) for text, label in texts.items())
        writer.writerow(["neutral", "the bus was a bus"])


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    write_rows(path, 200, seed=0)
    return path


def training_arguments(rows: Path, out: Path, *more: str) -> list[str]:
    """A run of a second; what stands in `more` overrides."""
    sizes = "--cells rnn --hidden-size 8 --embedding-size 8 --min-count 1 --held-out 30 --batch-size 32"
    times = "--epochs 1 --word2vec-epochs 1 --evaluations-per-epoch 2 --precision float32"
    columns = "--text-column tweet --label-column mood"
    return ["train", "--data", str(rows), "--out", str(out), *f"{sizes} {times} {columns}".split(), *more]


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def trained(rows: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that one run of `train` leaves behind."""
    out = tmp_path_factory.mktemp("trained")
    assert main(training_arguments(rows, out)) == 0
    return out


def test_train_leaves_checkpoints_that_answer(
    trained: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert checkpoints.names(trained) == ["rnn"]
    assert list((trained / ".training").iterdir()) == []
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(trained))
    (found,) = answer(capsys, "predict", "the day was lovely")
    assert found["model"] == "rnn" and found["unknown"] == []


def test_train_fills_the_card(trained: Path, rows: Path) -> None:
    card = checkpoints.read_card("rnn", trained)
    assert {
        "cell",
        "sizes",
        "labels",
        "preprocessing",
        "settings",
        "embeddings",
        "data",
        "history",
        "versions",
        "intended_use",
        "limits",
        "terms",
        "metrics",
        "sha256",
    } <= set(card)
    asked = {"cell": "rnn", "epochs": 1, "hidden_size": 8, "batch_size": 32, "evaluations_per_epoch": 2, "seed": 0}
    assert asked.items() <= card["settings"].items()
    assert card["embeddings"]["vector_size"] == 8 and card["embeddings"]["epochs"] == 1
    data = card["data"]
    assert (data["file"], data["sha256"], data["rows"], data["skipped"]) == ("rows.csv", file_sha256(rows), 200, 1)
    assert (data["training_rows"], data["held_out_rows"]) == (170, 30)
    assert set(card["metrics"]) == {"selection"} and card["metrics"]["selection"]["rows"] == 30


def test_train_again_uses_the_word_vectors_that_stand_and_gives_the_same(
    trained: Path, rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(trained, tmp_path / "out")
    weights = tmp_path / "out" / "word2vec" / "weights.safetensors"
    before = weights.stat().st_mtime_ns, weights.stat().st_ino, hashes(weights.parent)
    assert main(training_arguments(rows, tmp_path / "out")) == 0
    assert (weights.stat().st_mtime_ns, weights.stat().st_ino, hashes(weights.parent)) == before
    assert hashes(tmp_path / "out" / "rnn") == hashes(trained / "rnn")
    assert capsys.readouterr().out.startswith("rnn: accuracy ")


def test_train_elsewhere_gives_the_same(trained: Path, rows: Path, tmp_path: Path) -> None:
    assert main(training_arguments(rows, tmp_path)) == 0
    for name in ("word2vec", "rnn"):
        assert hashes(tmp_path / name) == hashes(trained / name)


def test_train_reports_on_other_rows_which_decide_nothing(
    trained: Path, rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_rows(tmp_path / "report.csv", 50, seed=1)
    assert main(training_arguments(rows, tmp_path, "--report", str(tmp_path / "report.csv"))) == 0
    out, _ = capsys.readouterr()
    assert out.count("\n") == 2 and "on report.csv [report]" in out
    metrics = checkpoints.read_card("rnn", tmp_path)["metrics"]
    assert list(metrics) == ["selection", "report"] and metrics["report"]["rows"] == 50
    assert metrics["report"]["sha256"] == file_sha256(tmp_path / "report.csv")
    for file in ("weights.safetensors", "vocabulary.txt"):
        assert hashes(tmp_path / "rnn")[file] == hashes(trained / "rnn")[file]


def test_train_goes_on_after_an_interruption(
    trained: Path, rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    save = loop._Run.save

    def save_and_be_interrupted(run: loop._Run, path: Path, identity: str) -> None:
        save(run, path, identity)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop._Run, "save", save_and_be_interrupted)
        assert main(training_arguments(rows, tmp_path)) == 130
    assert capsys.readouterr().err.endswith("interrupted; the same command goes on from the last saved state\n")
    assert checkpoints.names(tmp_path) == []
    assert main(training_arguments(rows, tmp_path)) == 0
    assert hashes(tmp_path / "rnn") == hashes(trained / "rnn")


def test_train_goes_on_from_a_checkpoint(trained: Path, rows: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path / "out")
    more = ["--start", "rnn", "--average", "--name", "again", "--learning-rate", "0.001"]
    assert main(training_arguments(rows, tmp_path / "out", *more)) == 0
    assert checkpoints.names(tmp_path / "out") == ["rnn", "again"]
    card = checkpoints.read_card("again", tmp_path / "out")
    assert card["settings"]["average"] is True
    assert card["start"]["settings"] == checkpoints.read_card("rnn", trained)["settings"]


@pytest.mark.parametrize(
    "more",
    [["--start", "gone"], ["--start", "rnn", "--hidden-size", "9"], ["--start", "rnn", "--cells", "gru"]],
    ids=" ".join,
)
def test_train_refuses_to_go_on_from_what_does_not_fit(
    more: list[str], trained: Path, rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(trained, tmp_path / "out")
    assert main(training_arguments(rows, tmp_path / "out", *more)) == 2
    *_, said = capsys.readouterr().err.splitlines()
    assert said.startswith("error: ")
    assert hashes(tmp_path / "out" / "rnn") == hashes(trained / "rnn")


def test_train_shows_its_progress_on_standard_error(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(training_arguments(rows, tmp_path)) == 0
    err = capsys.readouterr().err
    for shown in ("200 rows of rows.csv", "word2vec", "loss", "tokens/s"):
        assert shown in err


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--epochs", "0"], "epochs is at least 1; given: 0"),
        (["--batch-size", "0"], "batch_size is at least 1; given: 0"),
        (["--hidden-size", "0"], "hidden_size is at least 1; given: 0"),
        (["--layers", "-2"], "layers is at least 1; given: -2"),
        (["--embedding-size", "0"], "vector_size"),
        (["--word2vec-epochs", "0"], "epochs"),
        (["--word2vec-workers", "0"], "workers"),
        (["--min-count", "0"], "min_count"),
        (["--threads", "-1"], "--threads is at least 1; given: -1"),
        (["--seed", "-1"], "seed"),
        (["--rows", "0"], "--rows is at least 1; given: 0"),
        (["--held-out", "1"], "given: 1"),
        (["--dropout", "2"], "dropout"),
        (["--without", "nosuch"], "nosuch"),
        (["--name", "../rnn"], "not a checkpoint's name"),
        (["--name", "word2vec"], "word2vec"),
        (["--name", "mine", "--cells", "rnn", "gru"], "--name is for a single cell"),
        (["--start", "mine", "--cells", "rnn", "gru"], "--start is for a single cell"),
        (["--start", "nosuch"], "nosuch"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_train_refuses_what_makes_no_sense_before_it_reads(
    more: Sequence[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # A file that is not there: were it looked for first, the line would tell of that.
    assert main(training_arguments(tmp_path / "none.csv", tmp_path, *more)) == 2
    out, err = capsys.readouterr()
    (said,) = err.splitlines()
    assert out == "" and said.startswith("error: ") and says in said
    assert list(tmp_path.glob("*/card.json")) == []


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--min-count", "1000"], ""),
        (["--held-out", "500"], "cannot hold out"),
        (["--label-column", "nosuch"], "no column 'nosuch'"),
        (["--report", "gone.csv"], "gone.csv"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_train_refuses_what_does_not_fit_the_data(
    more: Sequence[str], says: str, rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last line says what is wrong, no traceback, and no checkpoint is left behind that is none."""
    assert main(training_arguments(rows, tmp_path, *more)) == 2
    out, err = capsys.readouterr()
    *_, said = err.splitlines()
    assert out == "" and said.startswith("error: ") and says in said and "Traceback" not in err
    assert checkpoints.names(tmp_path) == []
    if (tmp_path / "word2vec").exists():
        checkpoints.load_vectors(folder=tmp_path)


def test_a_folder_that_cannot_be_is_told_of_before_anything_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert main(training_arguments(tmp_path / "none.csv", tmp_path / "file" / "out")) == 2
    assert "file" in capsys.readouterr().err and "none.csv" not in capsys.readouterr().err


def test_train_takes_rows_from_all_over_the_file(rows: Path, tmp_path: Path) -> None:
    assert main(training_arguments(rows, tmp_path, "--rows", "150", "--held-out", "20")) == 0
    data = checkpoints.read_card("rnn", tmp_path)["data"]
    assert (data["rows"], data["drawn_from"], data["sample_seed"]) == (150, 200, 0)
    assert min(data["negative"], data["positive"]) > 40


@pytest.mark.parametrize("name", ["../rnn", "word2vec", "a b"])
def test_train_refuses_a_name_before_it_trains(
    name: str, rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.training import recipe

    def never(*_arguments: object) -> None:
        raise AssertionError("training began")

    monkeypatch.setattr(recipe, "train_classifier", never)
    assert main(training_arguments(rows, tmp_path, "--name", name)) == 2


# As shipped


def test_the_shipped_rnn_is_as_accurate_as_its_card_says(report_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not (PROJECT / "checkpoints" / "rnn").is_dir():
        pytest.skip("no rnn is shipped yet")
    monkeypatch.delenv("UNROLLED_CHECKPOINTS")
    shipped = checkpoints.load("rnn")
    report = shipped.card["metrics"]["report"]
    corpus = read_corpus(report_data)
    assert report["sha256"] == corpus.sha256 and report["rows"] == len(corpus) == 20_000
    found = evaluate(shipped, corpus)
    assert found.accuracy == pytest.approx(report["accuracy"], abs=1e-6)
    assert found.accuracy_interval == pytest.approx(report["accuracy_interval"], abs=1e-6)
    assert found.log_loss == pytest.approx(report["log_loss"], abs=1e-4)
    assert found.confusion == report["confusion"]


def test_an_unknown_flag_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["predict", "--modle", "rnn", "hello"])
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("stage", ["word2vec", "rnn"])
def test_a_disk_that_fills_during_training_is_one_line_and_costs_nothing_saved(
    stage: str, rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if path.name.startswith(f".{stage}.safetensors."):
            whole(path, content[:100])
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return whole(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    assert main(training_arguments(rows, tmp_path)) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("error: [Errno 28] No space left on device")
    assert list((tmp_path / ".training").iterdir()) == []
    monkeypatch.undo()
    assert main(training_arguments(rows, tmp_path)) == 0


def test_a_python_that_is_too_old_is_told_of_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 13))
    with pytest.raises(SystemExit, match=r"needs Python 3\.11, 3\.12 or 3\.13; this is \d"):
        runpy.run_path(str(PROJECT / "core" / "__init__.py"))

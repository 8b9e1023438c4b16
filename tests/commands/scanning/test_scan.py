"""`python -m core scan` and `sarcasm-report`: their JSON, their lines for people, their refusals."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.probes.sarcasm import report_file
from core.probes.scan import one_file as scanning

TEXTS = ["so good", "so bad", "Oh great, no movie", "never late", "", "i love it !!", "thanks, not good", "=1+1 sad"]
MODELS = ["rnn", "gru", "lstm"]


@pytest.fixture(autouse=True)
def _models(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["said", "mood"])
        writer.writerows([text, ("neg", "pos", "mixed")[number % 3]] for number, text in enumerate(TEXTS * 4))
        file.write("ragged\r\n")
    return path


def scan(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> list[dict[str, Any]]:
    assert main(["scan", "--json", "--text-column", "said", *map(str, arguments)]) == 0
    out, err = capsys.readouterr()
    assert "33 rows written to" in err and "4 without a word, 1 malformed" in err
    assert "row 33 (line 34): 1 fields where the header has 2" in err
    found: list[dict[str, Any]] = json.loads(out)
    return found


def test_scan_prints_the_json_that_is_promised(capsys: pytest.CaptureFixture[str], table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    found = scan(capsys, "--label-column", "mood", "--top", "3", table, out)
    assert [row["model"] for row in found] == MODELS
    for row in found:
        counts = ("rows", "scored", "empty", "malformed", "labels_not_understood", "labelled", "unlabelled")
        assert [row[name] for name in counts] == [33, 28, 4, 1, 0, 19, 9]
        assert row["problems"] == [{"row": 33, "line": 34, "reason": "1 fields where the header has 2"}]
        assert (row["file"], row["out"], row["ranked_by"]) == (str(table), str(out), "disagreement")
        assert 0 < row["opposite"] < 19 and len(row["top"]) == 3
        for rank, find in enumerate(row["top"], 1):
            assert list(find) == [
                *("rank", "model", "row", "line", "text", "probability", "human", "score", "cues", "cue_score", "label")
            ]
            assert (
                find["rank"] == rank and find["human"] != find["label"] and find["text"] == TEXTS[(find["row"] - 1) % 8]
            )
    assert len(out.read_text(encoding="utf-8").splitlines()) == 33


def test_scan_without_labels_says_so(capsys: pytest.CaptureFixture[str], table: Path, tmp_path: Path) -> None:
    assert main(["scan", "--text-column", "said", "--model", "gru", str(table), str(tmp_path / "out.csv")]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "gru: no labels were given, so rows rank by their cues of sarcasm times P(positive)"
    assert len(out) == 1 + 16 and all("[" in line for line in out[1:])
    (found,) = scan(capsys, "--model", "gru", table, tmp_path / "out.csv")
    assert found["ranked_by"] == "cues" and found["opposite"] is None and found["top"][0]["human"] is None


def test_scan_for_people(capsys: pytest.CaptureFixture[str], table: Path, tmp_path: Path) -> None:
    arguments = ["scan", "--text-column", "said", "--label-column", "mood", "--model", "lstm"]
    assert main([*arguments, str(table), str(tmp_path / "out.tsv")]) == 0
    first, *others = capsys.readouterr().out.splitlines()
    assert first.startswith("lstm: the verdict is opposite to the label on ") and " of 19 rows (" in first
    assert all("labelled negative" in line or "labelled positive" in line for line in others) and others


def test_scan_prints_control_characters_inert(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    rows = [{"text": "oh great, \x1b[31m so\ngood \u202e!!", "\x1b[2J": 1}, {"text": "ok", "new\x1b": 2}, ["\x1b"]]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert main(["scan", str(path), str(tmp_path / "out.csv")]) == 0
    out, err = capsys.readouterr()
    assert "\x1b" not in out and all(line.isprintable() for line in out.splitlines())
    assert "\x1b" not in err.replace("\x1b[A", "")  # what draws the bar


def test_own_label_words(capsys: pytest.CaptureFixture[str], table: Path, tmp_path: Path) -> None:
    (found,) = scan(
        capsys, "--model", "rnn", "--label-column", "mood", "--negative", "mixed", table, tmp_path / "out.csv"
    )
    assert found["labelled"] == 28


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["in.csv", "out.csv"], "no column 'text'; it has: said, mood"),
        (["--text-column", "said", "--label-column", "gone", "in.csv", "out.csv"], "no column 'gone'"),
        (["--text-column", "said", "in.csv", "in.csv"], "in.csv is the file that is read"),
        (["--text-column", "said", "in.csv", "gone/out.csv"], "there is no folder gone to write out.csv to"),
        (["--text-column", "said", "in.csv", "out.xlsx"], "cannot write .xlsx; can: .parquet, .csv, .tsv, .jsonl"),
        (["--text-column", "said", "--top", "0", "in.csv", "out.csv"], "at least one row"),
        (["--text-column", "said", "--label-column", "said", "in.csv", "out.csv"], "Say which: --labels "),
        (["--model", "nosuch", "in.csv", "out.csv"], "available: rnn, gru, lstm"),
        (["gone.csv", "out.csv"], "gone.csv"),
        (["empty.csv", "out.csv"], "is empty"),
        (["junk.parquet", "out.csv"], "not a readable parquet file"),
        (["junk.csv", "out.csv"], "bytes that are not UTF-8 text"),
    ],
)
def test_what_cannot_be_scanned_is_one_line(
    arguments: list[str],
    says: str,
    table: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(table.parent)
    Path("empty.csv").touch()
    for name in ("junk.parquet", "junk.csv"):
        Path(name).write_bytes(b"\x89\xff\x00\n\xfe")
    before = sorted(table.parent.iterdir())
    assert main(["scan", "--json", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and err.startswith("error: ") and says in err
    assert sorted(table.parent.iterdir()) == before


def test_control_c_writes_nothing_and_says_so(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = scanning.scan

    def interrupted(*arguments: Any, **options: Any) -> Iterator[scanning.Scan]:
        events = real(*arguments, **options)
        yield next(events)
        raise KeyboardInterrupt

    monkeypatch.setattr(scanning, "scan", interrupted)
    out = tmp_path / "out.csv"
    assert main(["scan", "--text-column", "said", str(table), str(out)]) == 130
    assert f"nothing was written to {out}" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [table]


# sarcasm-report


NEUTRAL = ["--sentiment-labels", "2=neutral"]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    rows = [
        {"text": f"{TEXTS[n % 4]} {WORD}", "label": n % 2, "rephrase": "so sad" if n % 2 else None, "mood": n % 3}
        for n, WORD in enumerate(["movie", "good", "bad", "sad", "i", "you", "he", "the", "a", "to"])
    ]
    path = tmp_path / "corpus.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def test_the_report_prints_the_json_that_is_promised(capsys: pytest.CaptureFixture[str], corpus: Path) -> None:
    assert main(["sarcasm-report", "--json", "--sentiment-column", "mood", *NEUTRAL, "--data", str(corpus)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["model"] for row in found] == MODELS
    for row in found:
        assert (row["rows"], row["sarcastic"], row["plain"]) == (10, 5, 5)
        assert row["reworded"]["texts"] == 5 and row["read_positive"]["plain"]["rows"] == 5
        assert row["meant"]["accuracy"][0]["rows"] + row["meant"]["accuracy"][1]["rows"] == 7
        low, high = row["reworded"]["change"]["interval"]
        assert low <= row["reworded"]["change"]["mean"] <= high


def test_the_report_for_people_is_tables_and_its_file_is_kept(
    capsys: pytest.CaptureFixture[str], corpus: Path, tmp_path: Path
) -> None:
    arguments = ["sarcasm-report", "--data", str(corpus), "--sentiment-column", "mood", *NEUTRAL]
    assert main([*arguments, "--out", str(tmp_path / "new")]) == 0
    out = capsys.readouterr().out
    assert out.startswith("corpus.jsonl: 10 rows, 5 sarcastic texts and 5 plain;")
    for title in ("Sentiment told by people", "honest rewordings", "Texts that read as positive"):
        assert title in out
    tables = [line for line in out.splitlines() if line.startswith("|")]
    assert len(tables) == 3 * 5
    kept = report_file.load(tmp_path / "new")
    assert kept is not None and [found.model for found in kept.reports] == MODELS
    assert main(["sarcasm-report", "--data", str(corpus)]) == 0
    assert "Sentiment" not in capsys.readouterr().out


def test_a_folder_is_its_known_corpora(capsys: pytest.CaptureFixture[str], corpus: Path) -> None:
    corpus.rename(corpus.with_name("isarcasmeval_train.jsonl"))
    assert main(["sarcasm-report", "--json", "--model", "gru", "--data", str(corpus.parent)]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["data"] == "isarcasmeval_train.jsonl" and "Abu Farha" in found["about"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--data", "gone.csv"], "gone.csv"),
        (["--data", "."], "no known corpus in ."),
        (["--data", "corpus.jsonl", "--text-column", "gone"], "no column 'gone'"),
        (["--data", "corpus.jsonl", "--rephrase-column", "gone"], "no column 'gone'"),
        (["--data", "corpus.jsonl", "--label-column", "mood"], "Say which: --labels 0=plain,1=neutral,2=sarcastic or "),
        (["--data", "corpus.jsonl", "--sentiment-column", "text"], "no label in column 'text' is understood"),
        (["--data", "corpus.jsonl", "--sarcastic", "nosuch"], "none of 10 rows is labelled sarcastic"),
        (["--data", "corpus.jsonl", "--model", "nosuch"], "available: rnn, gru, lstm"),
    ],
)
def test_what_cannot_be_reported_is_one_line(
    arguments: list[str],
    says: str,
    corpus: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(corpus.parent)
    assert main(["sarcasm-report", "--json", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and err.startswith("error: ") and says in err

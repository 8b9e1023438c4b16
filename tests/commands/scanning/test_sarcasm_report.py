"""`python -m core sarcasm-report`: its JSON, its tables, the file it saves, its refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.probes.sarcasm import report_file
from tests.commands.conftest import Cli

TEXTS = ["so good", "so bad", "Oh great, no movie", "never late"]
WORDS = ["movie", "good", "bad", "sad", "i", "you", "he", "the", "a", "to"]
MODELS = ["rnn", "gru", "lstm"]
REPORT = "sarcasm-report --sentiment-column mood --sentiment-labels 2=neutral --data"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    rows = [
        {"text": f"{TEXTS[n % 4]} {word}", "label": n % 2, "rephrase": "so sad" if n % 2 else None, "mood": n % 3}
        for n, word in enumerate(WORDS)
    ]
    path = tmp_path / "corpus.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def test_the_json(cli: Cli, corpus: Path) -> None:
    rows = cli.json(REPORT, corpus)
    assert [row["model"] for row in rows] == MODELS
    for row in rows:
        assert (row["rows"], row["sarcastic"], row["plain"]) == (10, 5, 5)
        assert row["reworded"]["texts"] == 5 and row["read_positive"]["plain"]["rows"] == 5
        assert row["meant"]["accuracy"][0]["rows"] + row["meant"]["accuracy"][1]["rows"] == 7
        low, high = row["reworded"]["change"]["interval"]
        assert low <= row["reworded"]["change"]["mean"] <= high


def test_tables_for_people_and_a_file(cli: Cli, corpus: Path, tmp_path: Path) -> None:
    out = cli.text(REPORT, corpus, "--out", tmp_path / "new")
    assert out.startswith("corpus.jsonl: 10 rows, 5 sarcastic texts and 5 plain;")
    assert len([line for line in out.splitlines() if line.startswith("|")]) == 3 * 5
    saved = report_file.load(tmp_path / "new")
    assert saved is not None and [report.model for report in saved.reports] == MODELS
    assert "Sentiment" in out and "Sentiment" not in cli.text("sarcasm-report --data", corpus)


def test_a_folder_is_its_known_corpora(cli: Cli, corpus: Path) -> None:
    corpus.rename(corpus.with_name("isarcasmeval_train.jsonl"))
    (row,) = cli.json("sarcasm-report --model gru --data", corpus.parent)
    assert row["data"] == "isarcasmeval_train.jsonl" and "Abu Farha" in row["about"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("gone.csv", "gone.csv"),
        (".", "no known corpus in ."),
        ("corpus.jsonl --text-column gone", "no column 'gone'"),
        ("corpus.jsonl --rephrase-column gone", "no column 'gone'"),
        ("corpus.jsonl --label-column mood", "Say which: --labels 0=plain,1=neutral,2=sarcastic or "),
        ("corpus.jsonl --sentiment-column text", "no label in column 'text' is understood"),
        ("corpus.jsonl --sarcastic nosuch", "none of 10 rows is labelled sarcastic"),
        ("corpus.jsonl --model nosuch", "available: rnn, gru, lstm"),
    ],
)
def test_refusals(arguments: str, says: str, corpus: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(corpus.parent)
    assert says in cli.refused(f"sarcasm-report --json --data {arguments}")

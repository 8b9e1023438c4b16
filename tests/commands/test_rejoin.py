"""A file that a tokeniser went over is told of, and read as it was before with ``--rejoin``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.__main__ import main
from core.models import checkpoints
from core.text.preprocessing import SHIPPED, Preprocessing
from tests.conftest import write_tiny_checkpoint

APART = ["it was n't good", "i do n't love it", "don ' t be sad", "it isn`t bad", "love it", "we ca n't wait"]
JOINED = ["it wasn't good", "i don't love it", "don't be sad", "it isn't bad", "love it", "we can't wait"]


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model with the steps of the shipped ones, and one that joins contractions by itself."""
    folder = tmp_path / "checkpoints"
    write_tiny_checkpoint(folder, "old", "gru", steps=SHIPPED)
    write_tiny_checkpoint(folder, "new", "gru", steps=Preprocessing(SHIPPED).rejoining().steps)
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(folder))
    return folder


def table(path: Path, texts: list[str]) -> str:
    lines = "\n".join(f"{text},{number % 2}" for number, text in enumerate(texts))
    path.write_text(f"text,label\n{lines}\n", encoding="utf-8")
    return str(path)


def answers(capsys: pytest.CaptureFixture[str], *command: str) -> tuple[list[dict[str, object]], str]:
    capsys.readouterr()
    assert main([*command, "--json"]) == 0
    out, err = capsys.readouterr()
    return json.loads(out), err


def command(verb: str, file: str, out: Path, model: str) -> list[str]:
    given = {
        "predict": ["--file", file],
        "evaluate": ["--data", file],
        "assess": ["--data", file],
        "scan": [file, str(out)],
    }
    return [verb, "--model", model, *given[verb]]


@pytest.mark.parametrize("verb", ["predict", "evaluate", "assess", "scan"])
def test_it_is_told_only_where_a_model_reads_the_pieces(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    apart, joined = table(tmp_path / "a.csv", APART), table(tmp_path / "j.csv", JOINED)
    for file, model, more, told in (
        (apart, "old", [], True),
        (apart, "all", [], True),
        (apart, "old", ["--rejoin"], False),
        (apart, "new", [], False),
        (joined, "old", [], False),
    ):
        _, err = answers(capsys, *command(verb, file, tmp_path / "out.csv", model), *more)
        assert ("--rejoin" in err) == told, (file, model)
        if told:
            line = next(line for line in err.splitlines() if "--rejoin" in line)
            assert "5 of 6 texts" in line and "was n't" in line and "old read" in line and "new" not in line


@pytest.mark.parametrize("verb", ["predict", "evaluate", "assess"])
def test_joined_rows_are_read_as_if_they_had_never_been_split(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    apart, joined = table(tmp_path / "a.csv", APART), table(tmp_path / "j.csv", JOINED)
    out = tmp_path / "out.csv"
    expected, _ = answers(capsys, *command(verb, joined, out, "old"))
    found, _ = answers(capsys, *command(verb, apart, out, "old"), "--rejoin")
    pieces, _ = answers(capsys, *command(verb, apart, out, "old"))
    for rows in (expected, found, pieces):
        for row in rows:
            for key in ("text", "data", "slices"):
                row.pop(key, None)
    assert found == expected != pieces


def scores(path: Path, model: str) -> list[str]:
    import pandas as pd

    read = pd.read_csv(path) if path.suffix else pd.concat(pd.read_parquet(part) for part in path.rglob("*.parquet"))
    column = next(name for name in read.columns if model in name)
    return [f"{value:.5f}" for value in read[column]]


def test_a_scan_writes_the_rows_as_they_are_and_the_scores_of_the_joined(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    apart, joined = table(tmp_path / "a.csv", APART), table(tmp_path / "j.csv", JOINED)
    for name, file, more in (("apart", apart, ["--rejoin"]), ("joined", joined, []), ("pieces", apart, [])):
        answers(capsys, *command("scan", file, tmp_path / f"{name}.csv", "old"), *more)
        answers(capsys, *command("scan", file, tmp_path / name, "old"), *more)
    for suffix in (".csv", ""):
        found, expected, pieces = (
            scores(tmp_path / f"{name}{suffix}", "old") for name in ("apart", "joined", "pieces")
        )
        assert found == expected != pieces
    assert APART[0] in (tmp_path / "apart.csv").read_text(encoding="utf-8")


def test_a_scan_of_joined_rows_is_not_gone_on_with_as_one_of_pieces(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    apart = table(tmp_path / "a.csv", APART)
    answers(capsys, *command("scan", apart, tmp_path / "out", "old"))
    assert main([*command("scan", apart, tmp_path / "out", "old"), "--resume", "--rejoin"]) == 2
    assert capsys.readouterr().err.count("error: ") == 1


def test_another_hash_stands_for_a_model_that_joins(models: Path) -> None:
    old, new = checkpoints.load("old"), checkpoints.load("new")
    joining = checkpoints.rejoining(old)
    assert joining.hash not in (old.hash, new.hash) and joining.preprocessing == new.preprocessing
    assert checkpoints.rejoining(joining) is joining and checkpoints.rejoining(new) is new


def test_a_typed_text_is_told_of_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert "1 of 1 texts" in answers(capsys, "predict", "--model", "old", "it was n't good")[1]
    assert "tokeniser" not in answers(capsys, "predict", "--model", "old", *JOINED, *JOINED)[1]


def test_a_callable_reads_texts_as_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "owned.py").write_text("def half(texts):\n    return [0.5] * len(texts)\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert main(["predict", "--predictor", "owned:half", "--rejoin", *APART]) == 2
    assert "--rejoin is for checkpoints: half" in capsys.readouterr().err

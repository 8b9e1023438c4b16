"""A file that a tokeniser went over is told of, and read as it was before with ``--rejoin``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.models import checkpoints
from core.text.preprocessing import SHIPPED, Preprocessing
from tests.commands.conftest import Cli
from tests.conftest import write_tiny_checkpoint

APART = ["it was n't good", "i do n't love it", "don ' t be sad", "it isn`t bad", "love it", "we ca n't wait"]
JOINED = ["it wasn't good", "i don't love it", "don't be sad", "it isn't bad", "love it", "we can't wait"]


@pytest.fixture(autouse=True)
def models(_tiny_models: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
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


def answers(cli: Cli, command: str) -> tuple[list[dict[str, object]], str]:
    done = cli.run(f"{command} --json")
    return json.loads(done.out), done.err


def command(verb: str, file: str, out: Path, model: str) -> str:
    files = {"predict": f"--file '{file}'", "scan": f"'{file}' '{out}'"}.get(verb, f"--data '{file}'")
    return f"{verb} --model {model} {files}"


@pytest.mark.parametrize("verb", ["predict", "evaluate", "assess", "scan"])
def test_it_is_reported_only_where_a_model_reads_the_pieces(verb: str, tmp_path: Path, cli: Cli) -> None:
    apart, joined, out = table(tmp_path / "a.csv", APART), table(tmp_path / "j.csv", JOINED), tmp_path / "out.csv"
    for file, model, reported in ((apart, "old", True), (apart, "all", True), (apart, "new", False)):
        err = answers(cli, command(verb, file, out, model))[1]
        assert ("--rejoin" in err) == reported, (file, model)
        if reported:
            line = next(line for line in err.splitlines() if "--rejoin" in line)
            assert "5 of 6 texts" in line and "was n't" in line and "old read" in line and "new" not in line
    expected, err = answers(cli, command(verb, joined, out, "old"))
    assert "--rejoin" not in err
    rejoined, err = answers(cli, command(verb, apart, out, "old") + " --rejoin")
    assert "--rejoin" not in err
    if verb != "scan":  # its rows are as they are written; see below
        pieces, _err = answers(cli, command(verb, apart, out, "old"))
        for row in (*expected, *rejoined, *pieces):
            for key in ("text", "data", "slices"):
                row.pop(key, None)
        assert rejoined == expected != pieces


def scores(path: Path, model: str) -> list[str]:
    import pandas as pd

    read = pd.read_csv(path) if path.suffix else pd.concat(pd.read_parquet(part) for part in path.rglob("*.parquet"))
    column = next(name for name in read.columns if model in name)
    return [f"{value:.5f}" for value in read[column]]


def test_a_scan_writes_the_rows_as_they_are_and_the_scores_of_the_joined(tmp_path: Path, cli: Cli) -> None:
    apart, joined = table(tmp_path / "a.csv", APART), table(tmp_path / "j.csv", JOINED)
    for name, file, more in (("apart", apart, "--rejoin"), ("joined", joined, ""), ("pieces", apart, "")):
        for out in (tmp_path / f"{name}.csv", tmp_path / name):
            assert cli.run(f"{command('scan', file, out, 'old')} {more}").status == 0
    for suffix in (".csv", ""):
        rejoined, expected, pieces = (
            scores(tmp_path / f"{name}{suffix}", "old") for name in ("apart", "joined", "pieces")
        )
        assert rejoined == expected != pieces
    assert APART[0] in (tmp_path / "apart.csv").read_text(encoding="utf-8")
    cli.refused(f"{command('scan', apart, tmp_path / 'pieces', 'old')} --resume --rejoin", alone=False)


def test_another_hash_stands_for_a_model_that_joins(models: Path) -> None:
    old, new = checkpoints.load("old"), checkpoints.load("new")
    joining = checkpoints.rejoining(old)
    assert joining.hash not in (old.hash, new.hash) and joining.preprocessing == new.preprocessing
    assert checkpoints.rejoining(joining) is joining and checkpoints.rejoining(new) is new


def test_typed_texts_and_callables(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "1 of 1 texts" in cli.run("predict --model old", "it was n't good").err
    assert "tokeniser" not in cli.run("predict --model old", *JOINED, *JOINED).err
    (tmp_path / "owned.py").write_text("def half(texts):\n    return [0.5] * len(texts)\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert "--rejoin is for checkpoints: half" in cli.refused("predict --predictor owned:half --rejoin", *APART)

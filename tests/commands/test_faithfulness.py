"""`python -m core faithfulness`: its table for people, its JSON, the file it keeps, its refusals."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from core.__main__ import main
from core.probes.attribution import benchmark as benchmarks
from core.probes.attribution.attribute import METHODS
from core.probes.attribution.benchmark_file import read_league
from tests.conftest import WORDS

CHOSEN = "occlusion-1,saliency,input-x-gradient"


@pytest.fixture(autouse=True)
def _models(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    path = tmp_path / "in.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["said"])
        writer.writerows([" ".join(random.choice(WORDS[7:], size))] for size in [1, *random.integers(2, 9, 29)])
    return path


def arguments(table: Path, *more: str | Path) -> list[str]:
    usual = ["--text-column", "said", "--rows", "12", "--methods", CHOSEN, "--sensitivity-rows", "2", "--randoms", "20"]
    return ["faithfulness", "--data", str(table), *usual, *map(str, more)]


def test_the_table_of_every_model_is_printed_and_kept(
    capsys: pytest.CaptureFixture[str], table: Path, tmp_path: Path
) -> None:
    out = tmp_path / "league.json"
    assert main(arguments(table, "--out", out, "--seed", "5")) == 0
    printed, told = capsys.readouterr()
    kept = read_league(out)
    assert [one.model for one in kept.leagues] == ["rnn", "gru", "lstm"]
    assert (kept.source.file, kept.source.rows, kept.source.drawn_from, kept.source.seed) == ("in.csv", 12, 30, 5)
    assert f"the table is kept in {out}" in told
    for league in kept.leagues:
        assert league.statement in printed
        assert {standing.method for standing in league.standings} == set(CHOSEN.split(","))
        assert {one.method: one.signed for one in league.standings} == {
            name: METHODS[name].signed for name in CHOSEN.split(",")
        }
        assert (league.removal, league.seed, league.randoms, league.sensitivity_rows) == ("delete", 5, 20, 2)
        assert league.complete and league.measured + sum(league.left_out.values()) == league.given == 12
    assert printed.count("random rankings  ") == 3
    assert "their LOO τ is 1 by construction: occlusion-1" in printed


def test_json_is_one_list_an_object_per_model(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    assert main(arguments(table, "--json", "--removal", "unk", "--model", "gru", "--seed", "1")) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["model"], found["removal"], found["seed"]) == ("gru", "unk", 1)
    assert found["best"] == found["standings"][0]["method"]
    assert found["standings"][0]["measures"].keys() == set(benchmarks.COLUMNS)


def test_the_same_rows_are_drawn_again_and_never_the_first_ones(
    capsys: pytest.CaptureFixture[str], table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []
    real = benchmarks.benchmark

    def watched(checkpoint, sentences, *others, **more):  # type: ignore[no-untyped-def]
        seen.append(list(sentences))
        return real(checkpoint, sentences, *others, **more)

    monkeypatch.setattr(benchmarks, "benchmark", watched)
    for seed in ("0", "0", "1"):
        assert main(arguments(table, "--model", "rnn", "--json", "--seed", seed)) == 0
    texts = table.read_text(encoding="utf-8").splitlines()[1:]
    assert seen[0] == seen[1] != seen[2]
    assert seen[0] == sorted(seen[0], key=texts.index) != texts[:12]


def test_an_interruption_keeps_what_was_measured(
    capsys: pytest.CaptureFixture[str], table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0
    usual = METHODS["occlusion-1"]

    def interrupted(reading, baseline, *, seed=0):  # type: ignore[no-untyped-def]
        nonlocal calls
        calls += 1
        if calls == 5:
            raise KeyboardInterrupt
        return usual.function(reading, baseline, seed=seed)

    monkeypatch.setitem(METHODS, "occlusion-1", usual._replace(function=interrupted))
    out = tmp_path / "league.json"
    assert main(arguments(table, "--out", out)) == 130
    printed, told = capsys.readouterr()
    (league,) = read_league(out).leagues
    assert (league.measured, league.complete) == (4, False)
    assert "interrupted: 1 of 3 models, the last as far as it got" in told
    assert "not all of what was asked" in printed


def test_a_method_that_fails_is_told_of(
    capsys: pytest.CaptureFixture[str], table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(reading, baseline, *, seed=0):  # type: ignore[no-untyped-def]
        raise ValueError("not \x1b[31mtoday")

    monkeypatch.setitem(METHODS, "saliency", METHODS["saliency"]._replace(function=failing))
    assert main(arguments(table, "--model", "gru")) == 0
    told = capsys.readouterr().err
    assert "saliency gave no scores for" in told and "not \\x1b[31mtoday" in told


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--methods", "gone"], "unknown method 'gone'; available: shapley"),
        (["--removal", "gone"], "unknown removal 'gone'; available: delete, pad"),
        (["--rows", "0"], "at least 1 row"),
        (["--seed", "-1"], "a seed from 0 up"),
        (["--model", "gone"], "available: rnn, gru, lstm"),
        (["--text-column", "gone"], "no column 'gone'; it has: said"),
        (["--randoms", "0"], "at least 1 random ranking"),
        (["--out", "nowhere/league.json"], "there is no folder nowhere to write league.json to"),
        (["--data", "gone.csv"], "gone.csv"),
    ],
)
def test_what_cannot_be_measured_is_one_line(
    more: list[str], says: str, capsys: pytest.CaptureFixture[str], table: Path
) -> None:
    assert main(arguments(table, *more)) == 2
    printed, told = capsys.readouterr()
    *_, line = told.splitlines()
    assert printed == "" and line.startswith("error: ") and says in line

"""`python -m core faithfulness`: its table for people, its JSON, the file it keeps, its refusals."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from core.probes.attribution import benchmark as benchmarks
from core.probes.attribution.attribute import METHODS
from core.probes.attribution.benchmark_file import read_benchmarks
from tests.commands.conftest import Cli
from tests.conftest import WORDS

CHOSEN = "occlusion-1,saliency,input-x-gradient"
VERB = f"faithfulness --text-column said --rows 12 --methods {CHOSEN} --sensitivity-rows 2 --randoms 20"


@pytest.fixture(autouse=True)
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    with Path("in.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["said"])
        writer.writerows([" ".join(random.choice(WORDS[7:], size))] for size in [1, *random.integers(2, 9, 29)])
    return Path("in.csv")


def test_the_table_of_every_model_is_printed_and_saved(cli: Cli) -> None:
    done = cli.run(f"{VERB} --data in.csv --out table.json --seed 5")
    saved = read_benchmarks(Path("table.json"))
    assert [one.model for one in saved.benchmarks] == ["rnn", "gru", "lstm"]
    assert (saved.source.file, saved.source.rows, saved.source.drawn_from, saved.source.seed) == ("in.csv", 12, 30, 5)
    assert "table.json" in done.err
    for benchmark in saved.benchmarks:
        assert benchmark.statement in done.out
        signs = {one.method: one.signed for one in benchmark.standings}
        assert signs == {name: METHODS[name].signed for name in CHOSEN.split(",")}
        assert (benchmark.removal, benchmark.seed) == ("delete", 5)
        assert (benchmark.randoms, benchmark.sensitivity_rows) == (20, 2)
        assert benchmark.complete and benchmark.measured + sum(benchmark.left_out.values()) == benchmark.given == 12
    assert done.out.count("random rankings  ") == 3
    assert "their LOO τ is 1 by construction: occlusion-1" in done.out


def test_json_is_one_object_per_model(cli: Cli) -> None:
    (row,) = cli.json(f"{VERB} --data in.csv --removal unk --model gru --seed 1")
    assert (row["model"], row["removal"], row["seed"]) == ("gru", "unk", 1)
    assert row["best"] == row["standings"][0]["method"]
    assert row["standings"][0]["measures"].keys() == set(benchmarks.COLUMNS)


def test_a_table_for_one_class_of_two(cli: Cli) -> None:
    verb = f"{VERB} --data in.csv --model gru --out"
    (usual,), (named,) = (cli.json(f"{verb} {name}") for name in ("usual.json", "named.json --target negative"))
    assert "target" not in usual and named["target"] == "negative"
    one, other = (read_benchmarks(Path(name)).benchmarks[0] for name in ("usual.json", "named.json"))
    assert one.hash == other.hash and one.best == other.best
    for ours, theirs in zip(one.standings, other.standings, strict=True):
        assert ours.measures["overall"].mean == pytest.approx(theirs.measures["overall"].mean, abs=1e-5)


def test_the_same_rows_are_drawn_again_and_never_the_first_ones(
    cli: Cli, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []

    def watched(checkpoint, sentences, *others, **more):  # type: ignore[no-untyped-def]
        seen.append(list(sentences))
        raise ValueError("seen")

    monkeypatch.setattr(benchmarks, "benchmark", watched)
    for seed in (0, 0, 1):
        cli.refused(f"{VERB} --data in.csv --model rnn --seed {seed}", alone=False)
    texts = table.read_text(encoding="utf-8").splitlines()[1:]
    assert seen[0] == seen[1] != seen[2]
    assert seen[0] == sorted(seen[0], key=texts.index) != texts[:12]


def test_an_interruption_keeps_what_was_measured(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    usual, calls = METHODS["occlusion-1"], iter(range(1, 100))

    def interrupted(reading, baseline, *, seed=0):  # type: ignore[no-untyped-def]
        if next(calls) == 5:
            raise KeyboardInterrupt
        return usual.function(reading, baseline, seed=seed)

    monkeypatch.setitem(METHODS, "occlusion-1", usual._replace(function=interrupted))
    done = cli.run(f"{VERB} --data in.csv --out table.json")
    (benchmark,) = read_benchmarks(Path("table.json")).benchmarks
    assert done.status == 130 and (benchmark.measured, benchmark.complete) == (4, False)
    assert "interrupted: 1 of 3 models" in done.err and "not all of what was asked" in done.out


def test_a_method_that_fails_is_reported(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(reading, baseline, *, seed=0):  # type: ignore[no-untyped-def]
        raise ValueError("not \x1b[31mtoday")

    monkeypatch.setitem(METHODS, "saliency", METHODS["saliency"]._replace(function=failing))
    done = cli.run(f"{VERB} --data in.csv --model gru")
    assert "saliency gave no scores for" in done.err and "not \\x1b[31mtoday" in done.err


def test_refusals(cli: Cli) -> None:
    for arguments, says in (
        ("--methods gone", "unknown method 'gone'; available: shapley"),
        ("--removal gone", "unknown removal 'gone'; available: delete, pad"),
        ("--rows 0", "expected 1 or more; given: 0"),
        ("--text-column gone", "no column 'gone'; it has: said"),
        ("--randoms 0", "at least 1 random ranking"),
        ("--out nowhere/table.json", "there is no folder nowhere to write table.json to"),
        ("--data gone.csv", "gone.csv"),
    ):
        assert says in cli.refused(f"{VERB} --data in.csv {arguments}", alone=False)

"""`python -m core compose` and the blind sheet: keys and order of the JSON, what people see, refusals."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from core.models import checkpoints
from core.models.predict import verdict
from core.probes.sarcasm import situations
from core.probes.sarcasm.recipes import PATTERNS
from tests.commands.conftest import Cli

KEYS = [
    *("model", "situation", "candidates", "scored", "fooled", "top", "by_recipe", "certificate"),
    *("human_reading", "alone", "alone_label", "missing"),
]
RECIPE = ["pattern", "form", "opener", "intensifier", "praise", "target", "situation", "closer"]
FLIGHT = "my flight is delayed again"


def test_json_for_every_situation_and_model(cli: Cli) -> None:
    rows = cli.json("compose --budget 100 --top 5", FLIGHT, "Another flat tyre!")
    assert [(row["situation"], row["model"]) for row in rows] == [
        (text, model) for text in (FLIGHT, "another flat tyre") for model in ("rnn", "gru", "lstm")
    ]
    for row in rows:
        assert list(row) == KEYS
        assert row["scored"] == 100 < row["candidates"] and 0 <= row["fooled"] <= 100
        assert row["human_reading"] == "negative" and "100" in row["certificate"]
        assert len(row["top"]) == 5
        model = checkpoints.load(row["model"])
        for one in row["top"]:
            assert list(one) == ["text", "probability", "recipe", "label"] and list(one["recipe"]) == RECIPE
            assert one["probability"] == pytest.approx(verdict(model, one["text"]).probability, abs=1e-6)
        assert row["alone"] == pytest.approx(verdict(model, row["situation"]).probability, abs=1e-6)
        assert sum(share["scored"] for share in row["by_recipe"]) == 100
        assert sum(share["fooled"] for share in row["by_recipe"]) == row["fooled"]
        for share in row["by_recipe"]:
            assert share["interval"][0] <= share["share"] <= share["interval"][1]
    assert rows[0]["missing"].keys() == {"noun"} and rows[-1]["missing"].keys() == {"clause", "gerund"}
    (row,) = cli.json("compose --model rnn", FLIGHT)
    assert row["scored"] == row["candidates"] > 10_000


def test_the_bank(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    small = situations.bank()[:6]
    monkeypatch.setattr(situations, "bank", lambda: small)
    whole = cli.json(f"compose --model gru --budget {len(PATTERNS)}")
    assert [row["situation"] for row in whole] == [situation.text for situation in small]
    assert all(row["scored"] == len(PATTERNS) == len(row["by_recipe"]) for row in whole)
    rows = cli.json("compose --model gru")
    assert [row["scored"] for row in rows] == [1_000] * 6
    assert cli.json("compose --model gru --bank --budget 1000 --seed 0") == rows
    assert [row["top"] for row in cli.json("compose --model gru --seed 1")] != [row["top"] for row in rows]
    out = cli.text("compose --model gru --bank --budget 19 --top 4")
    assert "gru: 6 situations, 114 candidates scored" in out and "each about another situation" in out
    assert sum(line.startswith("    0.") for line in out.splitlines()) == 4


def test_for_people(cli: Cli) -> None:
    out = cli.text("compose --model lstm --budget 200", "\x1b[31mmy car towed away")
    assert "200" in out and "no gerund was made of it" in out


def test_refusals(cli: Cli) -> None:
    for arguments, says in (
        ("''", "the situation is empty"),
        (f"'{'so ' * 500}'", "it has 500"),
        (f"'{FLIGHT}' ''", "the situation is empty"),
        (f"--bank '{FLIGHT}'", "not both"),
        (f"--budget 0 '{FLIGHT}'", "the budget must be at least 1; given: 0"),
        (f"--top 0 '{FLIGHT}'", "the number of results listed must be at least 1; given: 0"),
        (f"--seed -1 '{FLIGHT}'", "seed"),
    ):
        assert says in cli.refused(f"compose --json {arguments}")


def test_a_sheet_is_written_read_and_scored(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    some = situations.bank()[::6]
    monkeypatch.setattr(situations, "bank", lambda: some)
    items = cli.json("blind-sheet --model gru --budget 19 --candidates 30 sheet.txt key.csv")
    assert Counter(item["source"] for item in items) == {"surest": 15, "drawn": 15, "control": 60}
    assert Path("sheet.txt").read_text().splitlines() == [f"{item['number']}\t{item['text']}" for item in items]
    Path("readings.txt").write_text("".join(f"{item['number']} negative\n" for item in items))
    out = cli.text("blind-score key.csv readings.txt --out out.csv")
    assert "30 of 30 candidates" in out and "0 of 40 honest praise" in out
    by_kind = {one["kind"]: one for one in cli.json("blind-score out.csv readings.txt")}
    assert (by_kind["candidates"]["agreed"], by_kind["plain complaints"]["agreed"]) == (30, 20)
    Path("readings.txt").write_text("1 negative\n")
    assert "89 of 90 texts have no reading" in cli.refused("blind-score key.csv readings.txt")

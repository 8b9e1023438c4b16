"""`python -m core compose` and the blind sheet: keys and order of the JSON, what people see, refusals."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.models import checkpoints
from core.models.predict import verdict
from core.probes.sarcasm import situations
from core.probes.sarcasm.recipes import PATTERNS
from tests.hostile import SENTENCES

KEYS = ["model", "situation", "candidates", "scored", "fooled", "top", "by_recipe", "certificate"]
RECIPE = ["pattern", "form", "opener", "intensifier", "praise", "target", "situation", "closer"]
FLIGHT = "my flight is delayed again"


@pytest.fixture(autouse=True)
def _models(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))


def compose(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert main(["compose", "--json", *arguments]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def test_json_for_every_situation_and_model(capsys: pytest.CaptureFixture[str]) -> None:
    found = compose(capsys, "--budget", "300", "--top", "5", FLIGHT, "Another flat tyre!")
    assert [(row["situation"], row["model"]) for row in found] == [
        (text, model) for text in (FLIGHT, "another flat tyre") for model in ("rnn", "gru", "lstm")
    ]
    for row in found:
        assert list(row)[: len(KEYS)] == KEYS
        assert row["scored"] == 300 < row["candidates"] and 0 <= row["fooled"] <= 300
        assert row["human_reading"] == "negative" and "best of 300 built" in row["certificate"]
        assert len(row["top"]) == 5
        for one in row["top"]:
            assert list(one) == ["text", "probability", "recipe"] and list(one["recipe"]) == RECIPE
            model = checkpoints.load(row["model"])
            assert one["probability"] == pytest.approx(verdict(model, one["text"]).probability, abs=1e-6)
        assert row["alone"] == pytest.approx(verdict(model, row["situation"]).probability, abs=1e-6)
        assert sum(share["scored"] for share in row["by_recipe"]) == 300
        assert sum(share["fooled"] for share in row["by_recipe"]) == row["fooled"]
        for share in row["by_recipe"]:
            assert share["interval"][0] <= share["share"] <= share["interval"][1]
    assert found[0]["missing"].keys() == {"noun"} and found[-1]["missing"].keys() == {"clause", "gerund"}


def test_all_candidates_unless_bounded(capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = compose(capsys, "--model", "rnn", FLIGHT)
    assert row["scored"] == row["candidates"] > 10_000 and "The surest of all" in row["certificate"]


@pytest.fixture
def small_bank(monkeypatch: pytest.MonkeyPatch) -> tuple[situations.Situation, ...]:
    small = situations.bank()[:12]
    monkeypatch.setattr(situations, "bank", lambda: small)
    return small


def test_without_a_situation_the_whole_bank(capsys: pytest.CaptureFixture[str]) -> None:
    found = compose(capsys, "--model", "gru", "--budget", str(len(PATTERNS)))
    assert [row["situation"] for row in found] == [situation.text for situation in situations.bank()]
    assert all(row["scored"] == len(PATTERNS) == len(row["by_recipe"]) for row in found)


def test_the_bank(capsys: pytest.CaptureFixture[str], small_bank: tuple[situations.Situation, ...]) -> None:
    found = compose(capsys, "--model", "gru")
    assert [row["situation"] for row in found] == [situation.text for situation in small_bank]
    assert all(row["scored"] == 1_000 for row in found)
    assert compose(capsys, "--model", "gru", "--bank", "--budget", "1000", "--seed", "0") == found
    other = compose(capsys, "--model", "gru", "--seed", "1")
    assert [row["top"] for row in other] != [row["top"] for row in found]


@pytest.mark.usefixtures("small_bank")
def test_the_bank_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compose", "--model", "gru", "--bank", "--budget", "19", "--top", "4"]) == 0
    out, err = capsys.readouterr()
    assert "gru: 12 situations, 228 candidates scored" in out
    assert "each about another situation" in out and "Traceback" not in err
    assert sum(line.startswith("    0.") for line in out.splitlines()) == 4


def test_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compose", "--model", "lstm", "--budget", "200", "\x1b[31mmy car towed away"]) == 0
    out, err = capsys.readouterr()
    assert "\x1b" not in out and "best of 200 built" in out and "no gerund was made of it" in out
    assert "Traceback" not in err


@pytest.mark.parametrize("text", SENTENCES)
def test_hostile_situations_are_only_text(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["compose", "--model", "rnn", "--budget", "20", "--json", "--", text])
    out, err = capsys.readouterr()
    if status == 0:
        assert json.loads(out)[0]["scored"] == 20
    else:
        assert status == 2 and out == "" and err.startswith("error: a situation has 2 to 40 words")
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([""], "the situation is empty"),
        (["?!"], "has no word in it"),
        (["traffic"], "given: 1"),
        (["so " * 500], "given: 500"),
        ([FLIGHT, ""], "the situation is empty"),
        (["--bank", FLIGHT], "not both"),
        (["--budget", "0", FLIGHT], "budget"),
        (["--top", "0", FLIGHT], "top"),
        (["--seconds", "0", FLIGHT], "seconds"),
        (["--seed", "-1", FLIGHT], "seed"),
        (["--model", "nosuch", FLIGHT], "nosuch"),
    ],
)
def test_what_cannot_be_composed_is_one_line(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compose", "--json", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and err.startswith("error: ") and says in err


def test_a_sheet_is_written_read_and_scored(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    lines, key, read, out = (str(tmp_path / name) for name in ("sheet.txt", "key.csv", "readings.txt", "out.csv"))
    assert main(["blind-sheet", "--model", "gru", "--budget", "19", "--candidates", "30", "--json", lines, key]) == 0
    items = json.loads(capsys.readouterr().out)
    assert Counter(item["source"] for item in items) == {"surest": 15, "drawn": 15, "control": 60}
    shown = Path(lines).read_text().splitlines()
    assert shown == [f"{item['number']}\t{item['text']}" for item in items]
    Path(read).write_text("".join(f"{item['number']} negative\n" for item in items))
    assert main(["blind-score", key, read, "--out", out]) == 0
    told = capsys.readouterr().out
    assert "30 of 30 candidates are read as they should be" in told and "0 of 40 honest praise" in told
    assert main(["blind-score", "--json", out, read]) == 0
    by_kind = {one["kind"]: one for one in json.loads(capsys.readouterr().out)}
    assert (by_kind["candidates"]["agreed"], by_kind["plain complaints"]["agreed"]) == (30, 20)
    Path(read).write_text("1 negative\n")
    assert main(["blind-score", key, read]) == 2
    assert "89 of 90 texts have no reading" in capsys.readouterr().err

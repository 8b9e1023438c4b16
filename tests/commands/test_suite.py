"""`python -m core suite`: the keys and sums of its JSON, its text, its refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.models import checkpoints
from core.models.predict import verdict
from core.probes.checklist.suite import Settings, run
from core.probes.checklist.templates import CAPABILITIES, load
from tests.commands.conftest import Cli

RATE = ["cases", "failures", "rate", "interval"]


def test_json_for_every_model(cli: Cli) -> None:
    rows = cli.json("suite --examples 2")
    assert [row["model"] for row in rows] == ["rnn", "gru", "lstm"]
    for row in rows:
        assert list(row) == ["model", *RATE, "capabilities", "templates", "left_out", "settings"]
        assert [one["name"] for one in row["capabilities"]] == list(CAPABILITIES)
        assert [one["name"] for one in row["templates"]] == [one.name for one in load()]
        for one in row["capabilities"]:
            assert list(one) == ["name", "templates", *RATE, "left_out", "kinds"]
            assert all(list(kind) == ["kind", "templates", *RATE] for kind in one["kinds"])
        for one in row["templates"]:
            pattern = ["examples", "left_out", "expected", "text", "changed"]
            assert list(one) == ["name", "capability", "kind", *RATE, *pattern]
            assert len(one["examples"]) == min(2, one["failures"])
        for parts in (row["capabilities"], row["templates"]):
            for count in ("cases", "failures", "left_out"):
                assert row[count] == sum(one[count] for one in parts)
        for one in (row, *row["capabilities"], *row["templates"]):
            if one["cases"]:
                low, high = one["interval"]
                assert one["rate"] == one["failures"] / one["cases"] and 0 <= low <= one["rate"] <= high <= 1
            else:
                assert one["rate"] is None and one["interval"] is None and one["left_out"] > 0
        assert row["settings"] == {
            "seed": 0,
            "cases": 24,
            "tolerance": 0.1,
            "invariance": "verdict",
            "capabilities": list(CAPABILITIES),
        }


def test_examples_are_the_models_failures(cli: Cli, tiny_checkpoints: Path) -> None:
    (row,) = cli.json("suite --model gru --examples 3 --capability negation")
    model = checkpoints.load("gru", tiny_checkpoints)
    examples = [(one, example) for one in row["templates"] for example in one["examples"]]
    assert examples
    for one, example in examples:
        assert list(example) == [
            *("text", "changed", "expected", "probability", "changed_probability"),
            *("label", "changed_label"),
        ]
        assert example["probability"] == pytest.approx(verdict(model, example["text"]).probability, abs=1e-5)
        if one["kind"] == "MFT":
            assert verdict(model, example["text"]).label != example["expected"] == one["expected"]
        else:
            changed = verdict(model, example["changed"]).probability
            assert example["changed_probability"] == pytest.approx(changed, abs=1e-5)


def test_options_are_the_settings(cli: Cli, tiny_checkpoints: Path) -> None:
    options = "--cases 6 --seed 3 --tolerance 0.25 --invariance probability --capability 'word order' spelling"
    (row,) = cli.json(f"suite --model rnn {options}")
    settings = Settings(3, 6, 0.25, "probability", ("word order", "spelling"))
    expected = run(checkpoints.load("rnn", tiny_checkpoints), settings)
    assert (row["cases"], row["failures"]) == (expected.rate.cases, expected.rate.failures)
    assert row["interval"] == list(expected.rate.interval or ())
    assert [one["name"] for one in row["capabilities"]] == ["word order", "spelling"]
    assert {one["capability"] for one in row["templates"]} == {"word order", "spelling"}
    assert row["settings"] == {**vars(settings), "capabilities": ["word order", "spelling"]}


def test_for_people(cli: Cli) -> None:
    command = "suite --capability emphasis 'names and links'"
    rows = cli.json(command)
    lines = cli.text(command).splitlines()
    for row in rows:
        low, high = (100 * end for end in row["interval"])
        assert (
            f"{row['model']}: {row['failures']:,} of {row['cases']:,} cases fail: {100 * row['rate']:.1f} % "
            f"(95 % interval {low:.1f} to {high:.1f})"
        ) in lines
        for one in row["templates"]:
            shown = [line for line in lines if line.startswith(f"    {one['kind']}  {one['name']}: ")]
            counts = f", {one['failures']} of {one['cases']}" if one["cases"] else f": no case; {one['left_out']} read"
            assert len(shown) == 3 and any(counts in line for line in shown)
            for example in one["examples"]:
                assert any(example["text"] in line and f"{example['probability']:.4f}" in line for line in lines)
    table = lines[-4:]
    assert table[0].split() == ["failing", "cases", "(%)", "rnn", "gru", "lstm"]
    assert [line[:18].strip() for line in table[1:]] == ["names and links", "emphasis", "all"]
    for index, row in enumerate(rows):
        assert float(table[3][18:].replace(")", "(").split("(")[2 * index]) == round(100 * row["rate"], 1)
    assert "expected" not in cli.text(f"{command} --examples 0")


def test_refusals(cli: Cli) -> None:
    for arguments, says in (
        ("--capability irony", "no capability 'irony'; available: vocabulary, negation, double negation"),
        ("--cases 0", "given: 0, 0"),
        ("--invariance loose", "no invariance 'loose'; available: verdict, checklist, probability"),
        ("'some text'", "unrecognized arguments: some text"),
    ):
        assert says in cli.refused(f"suite {arguments}")


def test_the_shipped_models_know_the_plain_words_better_than_their_double_negation(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UNROLLED_CHECKPOINTS")
    if not {"rnn", "gru", "lstm"} <= set(checkpoints.names()):
        pytest.skip("not all of rnn, gru and lstm are shipped")
    for name in ("rnn", "gru", "lstm"):
        (row,) = cli.json(f"suite --model {name} --capability vocabulary 'double negation'")
        plain, doubled = row["capabilities"]
        assert plain["rate"] < 0.1 < doubled["rate"]

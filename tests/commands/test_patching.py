"""`python -m core patch`: the keys of its JSON, its table for people, and its refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.__main__ import main
from core.models import checkpoints
from core.models.predict import verdict
from core.models.recurrent import GATES
from core.models.trace import trace
from core.probes.interventions.hold import Patch, intervene
from core.probes.interventions.patching import patch_texts
from tests.hostile import SENTENCES

A, B = "Better late than never", "Better never than late"


@pytest.fixture(autouse=True)
def _models(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))


def ask(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert main(["patch", "--json", *arguments]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def test_a_grid_for_every_model(capsys: pytest.CaptureFixture[str]) -> None:
    found = ask(capsys, A, B)
    assert [row["model"] for row in found] == ["rnn", "gru", "lstm"]
    for row in found:
        assert list(row)[:4] == ["model", "texts", "probability", "grid"]
        checkpoint = checkpoints.load(row["model"])
        assert row["texts"] == [A, B]
        assert row["probability"] == pytest.approx([verdict(checkpoint, text).probability for text in (A, B)])
        grid, expected = row["grid"], patch_texts(checkpoint, A, B).probabilities
        assert list(grid) == ["hidden", "cell", "both", "gates"]
        assert grid["hidden"] == expected["hidden"].tolist()
        assert grid["both"] == expected["both" if row["model"] == "lstm" else "hidden"].tolist()
        assert grid["both"][-1] == pytest.approx(row["probability"][1])
        assert list(grid["gates"]) == ([] if row["model"] == "rnn" else list(GATES[row["model"]]))
        if row["model"] == "lstm":
            assert grid["cell"] == expected["cell"].tolist()
            assert grid["gates"]["cell"] == expected["candidate"].tolist()
        else:
            assert grid["cell"] is None
        assert all(len(values) == 4 for values in grid["gates"].values())


def test_different_lengths_are_matched_from_either_side(capsys: pytest.CaptureFixture[str]) -> None:
    for align, empty in (("start", [2, 3]), ("end", [0, 1])):
        (row,) = ask(capsys, "--model", "lstm", "--align", align, A, "so good")
        assert row["align"] == align
        for values in (row["grid"]["hidden"], row["grid"]["cell"], *row["grid"]["gates"].values()):
            assert [step for step, value in enumerate(values) if value is None] == empty
        assert row["shares"]["both"].count(None) == 2


def test_one_token_and_the_same_text_twice(capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = ask(capsys, "--model", "gru", "good", "bad")
    assert len(row["grid"]["hidden"]) == 1
    (row,) = ask(capsys, "--model", "gru", A, A)
    assert row["shares"] is None and "no difference" in row["statement"]
    assert row["grid"]["gates"]["update"] == pytest.approx([row["probability"][0]] * 4)


def test_the_path_of_one_patch(capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = ask(capsys, "--model", "lstm", "--step", "2", "--what", "forget", A, B)
    checkpoint = checkpoints.load("lstm")
    expected = intervene(checkpoint, trace(checkpoint, A), [Patch("forget", 1)], trace(checkpoint, B))
    assert row["patch"]["what"] == "forget" and row["patch"]["step"] == 2
    assert row["patch"]["before"] == pytest.approx(trace(checkpoint, A).probability.tolist())
    np.testing.assert_array_equal(row["patch"]["after"], expected.probability_after)
    assert row["patch"]["after"][-1] == pytest.approx(row["grid"]["gates"]["forget"][1])


def test_a_patch_is_followed_where_there_is_such_a_thing(capsys: pytest.CaptureFixture[str]) -> None:
    found = ask(capsys, "--step", "2", "--what", "both", A, B)
    assert [row["patch"]["what"] for row in found] == ["hidden", "hidden", "both"]
    for row in found:
        assert row["patch"]["after"][-1] == pytest.approx(row["grid"]["both"][1])
    assert main(["patch", "--json", "--step", "2", "--what", "update", A, B]) == 0
    told = capsys.readouterr()
    assert ["patch" in row for row in json.loads(told.out)] == [False, True, False]
    assert "the RNN has no 'update' to patch" in told.err and "the LSTM has no 'update'" in told.err


def test_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["patch", "--step", "1", "\x1b Better late", "bad"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out and out.count("steps matched from the start") == 3
    assert "the RNN has neither gates nor a cell state" in out
    assert out.count("hidden patched at token 1: before, after") == 3
    assert main(["patch", "--model", "lstm", A, A]) == 0
    assert "there is no difference to be carried anywhere" in capsys.readouterr().out


@pytest.mark.parametrize("text", SENTENCES)
def test_hostile_texts_are_read_as_any(capsys: pytest.CaptureFixture[str], text: str) -> None:
    (row,) = ask(capsys, "--model", "gru", "--", text, "bad")
    assert row["texts"] == [text, "bad"]
    assert main(["patch", "--model", "gru", "--", text, "bad"]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([A, " "], "text 2 of 2 is empty: there is no word to read"),
        (["", B], "text 1 of 2 is empty"),
        (["--step", "5", A, B], "step 5: outside the sentence, whose tokens are 1 to 4"),
        (["--step", "0", A, B], "step 0: outside"),
        (["--step", "4", A, "so good"], "step 4 has no partner: the other sentence has 2 tokens, this one 4"),
        (["--what", "cell", A, B], "--what goes with --step"),
        (["--model", "rnn", "--step", "1", "--what", "forget", A, B], "the RNN has no 'forget' to patch"),
        (["--step", "1", "--what", "zork", A, B], "the RNN has no 'zork' to patch"),
        (["--model", "zork", A, B], "no checkpoint 'zork'"),
        (["so " * 201, B], "a grid is made of at most 200 steps; the sentence has 201 tokens"),
    ],
)
def test_bad_input_is_one_line(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert main(["patch", *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == "" and message in told.err and told.err.count("\n") == 1


def test_an_alignment_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["patch", "--align", "middle", A, B])
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1

"""`python -m core patch`: the keys of its JSON, its table for people, and its refusals."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.models import checkpoints
from core.models.predict import verdict
from core.models.recurrent import GATES
from core.models.trace import trace
from core.probes.interventions.hold import Patch, intervene
from core.probes.interventions.patching import patch_texts
from tests.commands.conftest import Cli
from tests.hostile import SENTENCES

A, B = "Better late than never", "Better never than late"


def test_a_grid_for_every_model(cli: Cli) -> None:
    rows = cli.json("patch", A, B)
    assert [row["model"] for row in rows] == ["rnn", "gru", "lstm"]
    for row in rows:
        assert list(row) == [
            *("model", "texts", "probability", "grid", "align", "tokens", "logit", "shares", "statement", "target")
        ]
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


def test_different_lengths_are_matched_from_either_side(cli: Cli) -> None:
    for align, empty in (("start", [2, 3]), ("end", [0, 1])):
        (row,) = cli.json(f"patch --model lstm --align {align}", A, "so good")
        assert row["align"] == align
        for values in (row["grid"]["hidden"], row["grid"]["cell"], *row["grid"]["gates"].values()):
            assert [step for step, value in enumerate(values) if value is None] == empty
        assert row["shares"]["both"].count(None) == 2


def test_one_token_and_the_same_text_twice(cli: Cli) -> None:
    (row,) = cli.json("patch --model gru good bad")
    assert len(row["grid"]["hidden"]) == 1
    (row,) = cli.json("patch --model gru", A, A)
    assert row["shares"] is None
    assert row["grid"]["gates"]["update"] == pytest.approx([row["probability"][0]] * 4)
    assert row["statement"] in cli.text("patch --model gru", A, A)


def test_the_path_of_one_patch(cli: Cli) -> None:
    (row,) = cli.json("patch --model lstm --step 2 --what forget", A, B)
    checkpoint = checkpoints.load("lstm")
    expected = intervene(checkpoint, trace(checkpoint, A), [Patch("forget", 1)], trace(checkpoint, B))
    assert row["patch"]["what"] == "forget" and row["patch"]["step"] == 2
    assert row["patch"]["before"] == pytest.approx(trace(checkpoint, A).probability.tolist())
    np.testing.assert_array_equal(row["patch"]["after"], expected.probability_after)
    assert row["patch"]["after"][-1] == pytest.approx(row["grid"]["gates"]["forget"][1])


def test_a_patch_is_followed_in_models_that_have_the_component(cli: Cli) -> None:
    rows = cli.json("patch --step 2 --what both", A, B)
    assert [row["patch"]["what"] for row in rows] == ["hidden", "hidden", "both"]
    for row in rows:
        assert row["patch"]["after"][-1] == pytest.approx(row["grid"]["both"][1])
    done = cli.run("patch --json --step 2 --what update", A, B)
    assert ["patch" in row for row in json.loads(done.out)] == [False, True, False]
    assert "the RNN has no 'update' to patch" in done.err and "the LSTM has no 'update'" in done.err


def test_for_people(cli: Cli) -> None:
    out = cli.text("patch --step 1", "\x1b Better late", "bad")
    assert out.count("steps matched from the start") == 3
    assert "the RNN has neither gates nor a cell state" in out
    assert out.count("hidden patched at token 1: before, after") == 3


def test_hostile_texts_are_read_as_any(cli: Cli) -> None:
    for pair in zip(SENTENCES[::2], SENTENCES[1::2], strict=False):
        assert cli.json("patch --model rnn --", *pair)[0]["texts"] == list(pair)
    assert cli.json("patch --model rnn --", "bad", SENTENCES[-1])[0]["texts"] == ["bad", SENTENCES[-1]]
    cli.text("patch --model rnn --", SENTENCES[-2], "bad")


def test_refusals(cli: Cli) -> None:
    for arguments, says in (
        (f"'{A}' ' '", "text 2 of 2 is empty: there is no word to read"),
        (f"--step 5 '{A}' '{B}'", "tokens 1 to 4"),
        (f"--step 4 '{A}' 'so good'", "step 4 has no partner: the other sentence has 2 tokens, this one 4"),
        (f"--what cell '{A}' '{B}'", "--what goes with --step"),
        (f"--model rnn --step 1 --what forget '{A}' '{B}'", "the RNN has no 'forget' to patch"),
        (f"'{'so ' * 201}' '{B}'", "200 steps; the sentence has 201 tokens"),
        (f"--align middle '{A}' '{B}'", "invalid choice: 'middle'"),
    ):
        assert says in cli.refused(f"patch {arguments}")

"""`python -m core order-attribution` and `interactions`: the keys of their JSON, what people read, and refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from core.__main__ import main
from core.models import checkpoints
from core.probes.attribution.interactions import interactions
from core.probes.attribution.order import order_attribution
from core.probes.attribution.results import Instance

ORDER = [
    *("model", "text", "tokens", "baseline", "words", "positions", "word_errors", "position_errors", "logit"),
    *("base_logit", "total", "from_words", "from_order", "from_order_error", "share", "shuffled_logit"),
    *("shuffled_error", "exact", "samples", "seconds"),
]
PAIRS = [
    *("model", "text", "tokens", "baseline", "places", "matrix", "errors", "shapley", "logit", "base_logit", "exact"),
    *("samples", "seconds"),
]
SHORT, LONG = "not so good", "i was not so good but the movie is better than no movie zork !"


@pytest.fixture(autouse=True)
def _models(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))


def reading(row: dict) -> Instance:
    return Instance(checkpoints.load(row["model"]), row["text"], tuple(row["tokens"]))


def test_order_for_every_text_and_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["order-attribution", "--json", "--baseline", "mean", "--permutations", "20", SHORT, LONG]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(row["text"], row["model"]) for row in found] == [
        (t, m) for t in (SHORT, LONG) for m in checkpoints.names()
    ]
    for row in found:
        assert list(row) == ORDER
        expected = order_attribution(reading(row), "mean", permutations=20)
        np.testing.assert_allclose(row["words"], expected.words)
        np.testing.assert_allclose(row["positions"], expected.positions)
        assert row["exact"] == (row["text"] == SHORT) == (row["word_errors"] is None)
        assert sum(row["words"]) + sum(row["positions"]) == pytest.approx(row["logit"] - row["base_logit"])


def test_interactions_for_every_text_and_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["interactions", "--json", "--top", "3", "--seed", "2", SHORT, LONG]) == 0
    for row in json.loads(capsys.readouterr().out):
        assert list(row) == PAIRS
        expected = interactions(reading(row), "delete", seed=2, top=3)
        np.testing.assert_allclose(np.array(row["matrix"], dtype=float), expected.matrix)
        assert len(row["matrix"]) == len(row["places"]) == 3 and row["matrix"][1][1] is None
        assert row["exact"] == (row["text"] == SHORT) == (row["errors"] is None)


def test_people_read_what_was_done(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["order-attribution", "--model", "gru", SHORT, LONG]) == 0
    shown = capsys.readouterr().out
    assert "every order of every subset" in shown and "400 permutations, in antithetic pairs" in shown
    assert "zork   unknown" in shown
    assert main(["interactions", "--model", "gru", SHORT, LONG, "good"]) == 0
    shown = capsys.readouterr().out
    assert "all 8 subsets" in shown and "the 8 tokens of largest |Shapley value|" in shown
    assert "not (1) × good (3)" in shown and "and 13 smaller ones" in shown and "has no pair" in shown


@pytest.mark.parametrize("verb", ["order-attribution", "interactions"])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--baseline", "none", "good"], "unknown baseline 'none'; available: delete, pad, unk, mean, zero"),
        (["--model", "none", "good"], "none"),
        (["--seed", "-1", "good"], "a seed is 0 or more; given: -1"),
        ([" "], "the text is empty"),
    ],
)
def test_bad_input_is_one_line(verb: str, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, *arguments]) == 2
    found = capsys.readouterr()
    assert found.out == "" and said in found.err and found.err.count("\n") == 1

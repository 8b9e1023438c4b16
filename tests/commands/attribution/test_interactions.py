"""`python -m core order-attribution` and `interactions`: the keys of their JSON, what people read, and refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.models import checkpoints
from core.probes.attribution.interactions import interactions
from core.probes.attribution.order import order_attribution
from core.probes.attribution.results import Instance
from tests.commands.conftest import Cli

ORDER = [
    *("model", "text", "tokens", "baseline", "words", "positions", "word_errors", "position_errors", "logit"),
    *("base_logit", "total", "from_words", "from_order", "from_order_error", "share", "shuffled_logit"),
    *("shuffled_error", "exact", "samples", "seconds", "target"),
]
PAIRS = [
    *("model", "text", "tokens", "baseline", "places", "matrix", "errors", "shapley", "logit", "base_logit", "exact"),
    *("samples", "seconds", "target"),
]
SHORT, LONG = "not so good", "i was not so good but the movie is better than no movie zork !"


def reading(row: dict[str, Any]) -> Instance:
    return Instance(checkpoints.load(row["model"]), row["text"], tuple(row["tokens"]))


def test_order_for_every_text_and_model(cli: Cli) -> None:
    rows = cli.json("order-attribution --baseline mean --permutations 20", SHORT, LONG)
    assert [(row["text"], row["model"]) for row in rows] == [
        (text, model) for text in (SHORT, LONG) for model in ("rnn", "gru", "lstm")
    ]
    for row in rows:
        assert list(row) == ORDER
        expected = order_attribution(reading(row), "mean", permutations=20)
        np.testing.assert_allclose(row["words"], expected.words)
        np.testing.assert_allclose(row["positions"], expected.positions)
        assert row["exact"] == (row["text"] == SHORT) == (row["word_errors"] is None)
        assert sum(row["words"]) + sum(row["positions"]) == pytest.approx(row["logit"] - row["base_logit"])
    out = cli.text("order-attribution --model gru", SHORT, LONG)
    assert "every order of every subset" in out and "400 permutations, in antithetic pairs" in out
    assert "zork   unknown" in out


def test_interactions_for_every_text_and_model(cli: Cli) -> None:
    for row in cli.json("interactions --top 3 --seed 2", SHORT, LONG):
        assert list(row) == PAIRS
        expected = interactions(reading(row), "delete", seed=2, top=3)
        np.testing.assert_allclose(np.array(row["matrix"], dtype=float), expected.matrix)
        assert len(row["matrix"]) == len(row["places"]) == 3 and row["matrix"][1][1] is None
        assert row["exact"] == (row["text"] == SHORT) == (row["errors"] is None)
    out = cli.text("interactions --model gru", SHORT, LONG, "good")
    one, many, single = out.split("gru: ")[1:]
    assert "all 8 subsets" in one and "8 tokens" in many
    assert "not (1) × good (3)" in one and "13 smaller" in many
    assert "×" not in single


@pytest.mark.parametrize("verb", ["order-attribution", "interactions"])
def test_refusals(verb: str, cli: Cli) -> None:
    for arguments, says in (
        ("--baseline none good", "unknown baseline 'none'; available: delete, pad, unk, mean, zero"),
        ("--model none good", "none"),
    ):
        assert says in cli.refused(f"{verb} {arguments}")

"""`python -m core order-suite`: the keys and counts of its JSON, its text, its refusals."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import pytest

from core.models import checkpoints
from core.probes.permutations.order_suite import Settings, run
from tests.commands.conftest import Cli

KEYS = ["model", "pattern", "must", "pairs", "left_out", "clustered_by", "clusters", "turned", "blind", "brittle"]
KEYS += ["right", "examples"]
OPTIONS = "--pairs 6 --seed 2 --pattern 'A and not B' 'time in front' 'complement swap'"


def test_json_has_an_object_for_each_model_and_pattern_and_relation(cli: Cli, tiny_checkpoints: Path) -> None:
    rows = cli.json(f"order-suite --model gru --baseline --examples 2 {OPTIONS}")
    patterns = ["A and not B", "time in front", "complement swap"]
    assert [(row["model"], row["pattern"], row["must"]) for row in rows] == [
        (model, pattern, must)
        for model in ("gru", "bag of words")
        for pattern, must in [*zip(patterns, ("differ", "stay", "open"), strict=True)]
        + [(None, must) for must in ("differ", "stay", "open")]
    ]
    model = checkpoints.load("gru", tiny_checkpoints)
    settings = Settings(6, 2, tuple(patterns))
    result = deque(run(model, settings), maxlen=1).pop().result()
    for row, one in zip(rows, (*result.patterns, *result.relations), strict=False):
        assert list(row) == KEYS and row["pairs"] + row["left_out"] == 6
        for name in ("turned", "blind", "brittle", "right"):
            share = getattr(one, name)
            assert (row[name] is None) == (share is None)
            if share is not None:
                assert row[name] == {
                    "hits": share.hits,
                    "rows": share.rows,
                    "share": share.share,
                    "interval": None if share.interval is None else list(share.interval),
                }
        assert len(row["examples"]) == (min(2, len(one.failed)) if one.pattern else 0)
        for example in row["examples"]:
            assert list(example) == ["a", "b", "probability_a", "probability_b"]
    bag = {row["must"]: row for row in rows[6:9]}
    assert bag["differ"]["blind"]["share"] == 1 and bag["stay"]["brittle"]["share"] == 0


def test_text_names_every_pattern_and_shows_a_pair(cli: Cli) -> None:
    printed = cli.text(f"order-suite --model rnn --baseline {OPTIONS}")
    assert "bag of words: at most 6 pairs per pattern, seed 2" in printed
    assert "blind 100.0 % (" in printed and "brittle 0.0 % (" in printed and "turned " in printed
    assert " and not " in printed.rpartition("blind 100.0 %")[2].splitlines()[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--pairs 0", "pairs must be at least 1; given: 0"),
        ("--seed -1", "expected 0 or more; given: -1"),
        ("--pattern love", "no pattern 'love'; available: moved negation, "),
        ("--model missing", "missing"),
    ],
)
def test_bad_options_are_refused(cli: Cli, options: str, message: str) -> None:
    assert message in cli.refused(f"order-suite {options}")

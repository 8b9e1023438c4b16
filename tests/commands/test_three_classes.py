"""Verbs that need a model of two classes say so in one line, and leave others out where they take all models."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.conftest import Cli
from tests.conftest import write_tiny_checkpoint

TEXT = "i love this movie"
VERBS = (
    *("evaluate --data FILE", "assess --data FILE", "scan FILE OUT.csv", "scan FILE OUT", "sarcasm-report --data DIR"),
    *(f"edit --goal flip '{TEXT}'", "compose flight", "suite"),
    *(f"attribute '{TEXT}'", f"order-attribution '{TEXT}'", f"interactions '{TEXT}'", "faithfulness --data FILE"),
    *(
        "memory --word good",
        "memory --words good,bad",
        f"patch '{TEXT}' sad",
        "fixed-points",
        "probe-states --data FILE",
    ),
    *(
        f"patterns --data FILE --text '{TEXT}' --from 1 --to 2",
        "lab boosting --data FILE",
        "lab mixture",
        "bench --only words",
    ),
    *("polarity --data FILE", "state-space --data FILE"),
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_tiny_checkpoint(tmp_path, "three", "lstm", labels=("negative", "neutral", "positive"))
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_that_needs_two_classes_says_so(cli: Cli, tmp_path: Path, write: Callable[..., Path], verb: str) -> None:
    file = write("rows.csv", "text,label\nso good,positive\nso bad,negative\n")
    verb = verb.replace("FILE", str(file)).replace("OUT", str(tmp_path / "out")).replace("DIR", str(tmp_path))
    line = cli.refused(f"{verb} --model three", alone=False)
    assert line == "error: three has 3 classes (negative, neutral, positive); this needs a model of two"


def test_the_others_are_asked(cli: Cli, tmp_path: Path) -> None:
    write_tiny_checkpoint(tmp_path, "two", "lstm")
    done = cli.run("memory --word good --json")
    assert [row["model"] for row in json.loads(done.out)] == ["two"]
    assert done.err == "left out: three has 3 classes (negative, neutral, positive); this needs a model of two\n"

"""`python -m core probe-states`: its JSON, what it saves, its refusals."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from core.models import checkpoints
from core.probes.units.linear_probes import NEGATIONS
from core.probes.units.linear_probes_file import of_card
from tests.commands.conftest import Cli
from tests.conftest import WORDS


@pytest.fixture
def file(tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(tiny_checkpoints, tmp_path / "checkpoints")
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path / "checkpoints"))
    random = np.random.default_rng(0)
    shares = np.where(np.isin(WORDS, list(NEGATIONS)), 0.25, 1)
    texts = [" ".join(random.choice(WORDS, random.integers(3, 24), p=shares / shares.sum())) for _ in range(120)]
    path = tmp_path / "some.jsonl"
    path.write_text("\n".join(json.dumps({"text": text}) for text in texts), encoding="utf-8")
    return path


def test_probes_are_shown_and_saved(cli: Cli, file: Path) -> None:
    before = checkpoints.load("gru")
    command = "probe-states --model gru --rows 110 --seed 3 --data"
    (row,) = cli.json(command, file)
    assert of_card("gru", checkpoints.read_card("gru")) is None
    assert (row["model"], row["seed"], row["hash"]) == ("gru", 3, before.hash_with_polarity)
    assert (row["source"]["file"], row["source"]["rows"], row["source"]["drawn_from"]) == ("some.jsonl", 110, 120)
    assert "polarity" in row["left_out"]
    assert [(one["source"], one["task"]) for one in row["probes"]] == [
        *(("h", "position"), ("h", "negation"), ("x", "position"), ("x", "negation"), ("place", "negation")),
    ]
    done = cli.run(command, file, "--save")
    assert "saved in its card" in done.err and "polarity was left out" in done.out
    saved = of_card("gru", checkpoints.read_card("gru"))
    assert saved is not None and saved[1].file == "some.jsonl"
    card = (checkpoints.root() / "gru" / "card.json").read_text()
    texts = [json.loads(line)["text"] for line in file.read_text().splitlines()]
    assert not [text for text in texts if len(text) > 20 and text in card]
    assert checkpoints.load("gru").hash == before.hash


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("--rows 0", "expected 1 or more; given: 0"),
        ("--rows 12", "at least 20 different sentences"),
        ("--seed -1", "expected 0 or more; given: -1"),
        ("--text-column nope", "no column 'nope'"),
    ],
)
def test_refusals(arguments: str, says: str, file: Path, cli: Cli) -> None:
    assert says in cli.refused(f"probe-states --model rnn {arguments} --data", file, alone=False)

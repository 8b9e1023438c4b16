"""`python -m core trace` and `memory`: the keys of their JSON, the arrays of a file, and their refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.models import checkpoints
from core.models.predict import verdict
from core.models.recurrent import GATES
from core.models.trace import trace
from core.probes.dynamics.memory_decay import FILLER
from core.probes.dynamics.retention import retention
from tests.commands.conftest import Cli
from tests.conftest import HIDDEN
from tests.hostile import SENTENCES

TRACE_KEYS = [
    *("model", "text", "tokens", "probability", "logit", "hidden", "cell", "gates"),
    *("contributions", "cell_contributions", "empty_logit", "target"),
]


def test_a_trace_for_every_text_and_model(cli: Cli) -> None:
    texts = ["Better late than never", "zork"]
    rows = cli.json("trace --model all", *texts)
    assert [(row["text"], row["model"]) for row in rows] == [(t, m) for t in texts for m in ("rnn", "gru", "lstm")]
    for row in rows:
        assert list(row) == TRACE_KEYS
        checkpoint = checkpoints.load(row["model"])
        expected = trace(checkpoint, row["text"])
        assert row["tokens"] == list(expected.tokens)
        assert row["probability"] == pytest.approx(verdict(checkpoint, row["text"]).prefix_probabilities)
        np.testing.assert_array_equal(row["logit"], expected.logit)
        np.testing.assert_array_equal(np.float32(row["hidden"]), expected.h)
        assert np.shape(row["hidden"]) == (len(row["tokens"]), HIDDEN)
        assert list(row["gates"]) == list(GATES[row["model"]])
        for name, gate in row["gates"].items():
            np.testing.assert_array_equal(np.float32(gate), expected.gates[name])
        moved = pytest.approx(row["logit"][-1] - row["empty_logit"], abs=1e-4)
        assert sum(row["contributions"]) == moved
        if row["model"] == "lstm":
            assert np.shape(row["cell"]) == (len(row["tokens"]), HIDDEN) and sum(row["cell_contributions"]) == moved
        else:
            assert row["cell"] is None and row["cell_contributions"] is None
    assert [row["text"] for row in cli.json("trace --model rnn --", *SENTENCES)] == list(SENTENCES)


def test_the_arrays_of_traces(tmp_path: Path, cli: Cli) -> None:
    path = tmp_path / "one.npz"
    assert cli.text("trace --model lstm --npz", path, "so bad \ud800") == ""
    expected = trace(checkpoints.load("lstm"), "so bad \ud800")
    with np.load(path) as arrays:
        assert {name.partition("/")[0] for name in arrays} == set(TRACE_KEYS)
        np.testing.assert_array_equal(arrays["hidden"], expected.h)
        np.testing.assert_array_equal(arrays["gates/forget"], expected.gates["forget"])
        assert arrays["tokens"].tolist() == list(expected.tokens) and str(arrays["model"]) == "lstm"
        moved = float(arrays["logit"][-1] - arrays["empty_logit"])
        assert arrays["contributions"].sum() == pytest.approx(moved, abs=1e-4)
    cli.text("trace --npz", path, "so bad", "better")
    with np.load(path) as arrays:
        assert [str(arrays[f"{n}/model"]) for n in range(6)] == ["rnn", "gru", "lstm"] * 2
        assert [len(arrays[f"{n}/hidden"]) for n in range(6)] == [2, 2, 2, 1, 1, 1]
        assert "2/cell" in arrays and "1/cell" not in arrays
    assert [file.name for file in tmp_path.iterdir()] == ["one.npz"]


def test_for_people(cli: Cli) -> None:
    out = cli.text("trace --model lstm", "\x1b better zork")
    assert out.count("\n") == 4 and "zork   unknown" in out
    out = cli.text("memory --model rnn --word zork --upto 7 --filler 'the movie is so'")
    assert "unknown word" in out and "the filler's 4 tokens repeat" in out
    assert [line.split()[0] for line in out.splitlines()[2:-1]] == ["0", "1", "2", "5", "7"]


def test_memory_of_every_model(cli: Cli) -> None:
    rows = cli.json("memory --model all --word hate --upto 6 --filler 'the movie is so'")
    assert [row["model"] for row in rows] == ["rnn", "gru", "lstm"]
    for row in rows:
        assert list(row) == ["model", "k", "probability", "gradient_first_word", "target"]
        assert row["k"] == list(range(7))
        assert len(row["probability"]) == len(row["gradient_first_word"]) == 7
        alone = verdict(checkpoints.load(row["model"]), "hate the movie is so the")
        assert row["probability"][:6] == pytest.approx(alone.prefix_probabilities, abs=1e-6)
        assert min(row["gradient_first_word"]) > 0
    (row,) = cli.json("memory --model gru --word hate")
    assert row["k"] == list(range(101))
    assert cli.json("memory --model gru --word hate --filler", FILLER) == [row]


def test_many_words_before_many_fillers(
    tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli
) -> None:
    for name in ("rnn", "lstm"):
        plain = checkpoints.load(name, tiny_checkpoints)
        checkpoints.save_again(plain, plain.card, tmp_path, np.zeros(len(plain.vocabulary), np.float32))
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    command = "memory --words 'hate, love' --fillers 3 --seed 4 --upto 6"
    rows = cli.json(command)
    assert sorted(row["model"] for row in rows) == ["lstm", "rnn"]
    for row in rows:
        assert list(row) == ["model", "words", "fillers", "neutral", "seed", "k", "share", "low", "high", "target"]
        same = retention(checkpoints.load(row["model"]), ["hate", "love"], 3, 6, 4)
        assert (row["words"], row["fillers"], row["seed"], row["k"]) == (["hate", "love"], 3, 4, list(range(7)))
        assert row["neutral"] == same.neutral > 0
        for name in ("share", "low", "high"):
            assert row[name] == pytest.approx(getattr(same, name).tolist())
    out = cli.text(f"{command} --model lstm")
    assert f"2 words, each before 3 fillers of {same.neutral} neutral words, seed 4" in out
    assert [line.split()[0] for line in out.splitlines()[1:-1]] == ["0", "1", "2", "5", "6"]
    assert cli.text(f"{command} --model lstm --seed 5") != out


def test_refusals(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments, says in (
        ("trace --json --npz x.npz so", "give --json or --npz, not both"),
        ("trace --npz nowhere/x.npz so", "there is no folder nowhere"),
        ("trace --npz . so", "is a folder"),
        ("memory --word hate --upto 0", "1 to 1,000; given: 0"),
        ("memory --word 'so bad'", "read as 2 tokens (so bad)"),
        ("memory --word so --filler ' '", "the filler is empty"),
        ("memory", "--word"),
        ("memory --words so,late", "rnn has no log-odds"),
        ("memory --words so --filler 'the movie'", "--filler goes with --word"),
        ("memory --word so --fillers 3", "--fillers and --seed draw fillers for --words"),
        ("memory --word so --words late", "not allowed with"),
        ("memory --words ' , '", "no word is given"),
    ):
        assert says in cli.refused(arguments)
        assert list(tmp_path.iterdir()) == []

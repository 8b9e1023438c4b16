"""`python -m core trace` and `memory`: the keys of their JSON, the arrays of a file, and their refusals."""

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
from core.probes.dynamics.memory_decay import FILLER
from core.probes.dynamics.retention import retention
from tests.conftest import HIDDEN
from tests.hostile import SENTENCES

TRACE_KEYS = [
    *("model", "text", "tokens", "probability", "logit", "hidden", "cell", "gates"),
    *("contributions", "cell_contributions", "empty_logit"),
]


@pytest.fixture(autouse=True)
def _models(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))


def ask(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert main([arguments[0], "--json", *arguments[1:]]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def test_a_trace_for_every_text_and_model(capsys: pytest.CaptureFixture[str]) -> None:
    texts = ["Better late than never", "zork"]
    found = ask(capsys, "trace", "--model", "all", *texts)
    assert [(row["text"], row["model"]) for row in found] == [(t, m) for t in texts for m in ("rnn", "gru", "lstm")]
    for row in found:
        assert list(row) == TRACE_KEYS
        expected = trace(checkpoints.load(row["model"]), row["text"])
        tokens = len(row["tokens"])
        assert row["tokens"] == list(expected.tokens)
        assert row["probability"] == pytest.approx(
            verdict(checkpoints.load(row["model"]), row["text"]).prefix_probabilities
        )
        np.testing.assert_array_equal(row["logit"], expected.logit)
        np.testing.assert_array_equal(np.float32(row["hidden"]), expected.h)
        assert np.shape(row["hidden"]) == (tokens, HIDDEN)
        assert list(row["gates"]) == list(GATES[row["model"]])
        for name, gate in row["gates"].items():
            np.testing.assert_array_equal(np.float32(gate), expected.gates[name])
        assert sum(row["contributions"]) == pytest.approx(row["logit"][-1] - row["empty_logit"], abs=1e-4)
        if row["model"] == "lstm":
            assert np.shape(row["cell"]) == (tokens, HIDDEN)
            assert sum(row["cell_contributions"]) == pytest.approx(row["logit"][-1] - row["empty_logit"], abs=1e-4)
        else:
            assert row["cell"] is None and row["cell_contributions"] is None


def test_the_arrays_of_one_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "one.npz"
    assert main(["trace", "--model", "lstm", "--npz", str(path), "so bad \ud800"]) == 0
    assert capsys.readouterr().out == ""
    expected = trace(checkpoints.load("lstm"), "so bad \ud800")
    with np.load(path) as arrays:
        assert {name.partition("/")[0] for name in arrays} == set(TRACE_KEYS)
        np.testing.assert_array_equal(arrays["hidden"], expected.h)
        np.testing.assert_array_equal(arrays["gates/forget"], expected.gates["forget"])
        assert arrays["tokens"].tolist() == list(expected.tokens) and str(arrays["model"]) == "lstm"
        assert arrays["contributions"].sum() == pytest.approx(
            float(arrays["logit"][-1] - arrays["empty_logit"]), abs=1e-4
        )
    assert [found.name for found in tmp_path.iterdir()] == ["one.npz"]


def test_the_arrays_of_several_traces(tmp_path: Path) -> None:
    path = tmp_path / "some"
    assert main(["trace", "--npz", str(path), "so bad", "better"]) == 0
    with np.load(path) as arrays:
        assert [str(arrays[f"{n}/model"]) for n in range(6)] == ["rnn", "gru", "lstm"] * 2
        assert [len(arrays[f"{n}/hidden"]) for n in range(6)] == [2, 2, 2, 1, 1, 1]
        assert "2/cell" in arrays and "1/cell" not in arrays


def test_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "--model", "lstm", "\x1b better zork"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out and out.count("\n") == 4 and "zork   unknown" in out
    assert main(["memory", "--model", "rnn", "--word", "zork", "--filler", "the movie is so", "--upto", "7"]) == 0
    out = capsys.readouterr().out
    assert "a word that it does not know" in out and "the filler's 4 tokens come again" in out
    assert [line.split()[0] for line in out.splitlines()[2:-1]] == ["0", "1", "2", "5", "7"]


def test_memory_of_every_model(capsys: pytest.CaptureFixture[str]) -> None:
    found = ask(capsys, "memory", "--model", "all", "--word", "hate", "--filler", "the movie is so", "--upto", "6")
    assert [row["model"] for row in found] == ["rnn", "gru", "lstm"]
    for row in found:
        assert list(row) == ["model", "k", "probability", "gradient_first_word"]
        assert row["k"] == list(range(7))
        assert len(row["probability"]) == len(row["gradient_first_word"]) == 7
        alone = verdict(checkpoints.load(row["model"]), "hate the movie is so the")
        assert row["probability"][:6] == pytest.approx(("", *alone.prefix_probabilities)[1:], abs=1e-6)
        assert min(row["gradient_first_word"]) > 0


def test_the_supplied_filler_up_to_a_hundred(capsys: pytest.CaptureFixture[str]) -> None:
    (given,) = ask(capsys, "memory", "--model", "gru", "--word", "hate")
    assert given["k"] == list(range(101))
    assert ask(capsys, "memory", "--model", "gru", "--word", "hate", "--filler", FILLER) == [given]


def test_many_words_before_many_fillers(
    tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("rnn", "lstm"):
        plain = checkpoints.load(name, tiny_checkpoints)
        checkpoints.save_again(plain, plain.card, tmp_path, np.zeros(len(plain.vocabulary), np.float32))
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    asked = ["memory", "--words", "hate, love", "--fillers", "3", "--seed", "4", "--upto", "6"]
    found = ask(capsys, *asked)
    assert sorted(row["model"] for row in found) == ["lstm", "rnn"]
    for row in found:
        assert list(row) == ["model", "words", "fillers", "neutral", "seed", "k", "share", "low", "high"]
        same = retention(checkpoints.load(row["model"]), ["hate", "love"], 3, 6, 4)
        assert (row["words"], row["fillers"], row["seed"], row["k"]) == (["hate", "love"], 3, 4, list(range(7)))
        assert row["neutral"] == same.neutral > 0
        for name in ("share", "low", "high"):
            assert row[name] == pytest.approx(getattr(same, name).tolist())
    assert main([*asked, "--model", "lstm"]) == 0
    out = capsys.readouterr().out
    assert f"2 words, each before 3 fillers of {same.neutral} neutral words, seed 4" in out
    assert [line.split()[0] for line in out.splitlines()[1:-1]] == ["0", "1", "2", "5", "6"]
    assert main([*asked, "--model", "lstm", "--seed", "5"]) == 0
    assert capsys.readouterr().out != out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["trace", " "], "the text is empty"),
        (["trace", "--json", "so", ""], "the text is empty"),
        (["trace", "--model", "nosuch", "so"], "nosuch"),
        (["trace", "--json", "--npz", "x.npz", "so"], "give --json or --npz, not both"),
        (["trace", "--npz", "nowhere/x.npz", "so"], "there is no folder nowhere"),
        (["trace", "--npz", ".", "so"], "is a folder"),
        (["memory", "--word", "hate", "--upto", "0"], "from 1 to 1,000; given: 0"),
        (["memory", "--word", "hate", "--upto", "1001"], "given: 1,001"),
        (["memory", "--word", "hate", "--upto", "many"], "invalid int"),
        (["memory", "--word", "so bad"], "read as 2 tokens (so bad)"),
        (["memory", "--word", ""], "the word is empty"),
        (["memory", "--word", "so", "--filler", " "], "the filler is empty"),
        (["memory"], "--word"),
        (["memory", "--words", "so,late"], "rnn keeps no polarity of its words"),
        (["memory", "--words", "so", "--filler", "the movie"], "--filler goes with --word"),
        (["memory", "--word", "so", "--fillers", "3"], "--fillers and --seed draw fillers for --words"),
        (["memory", "--word", "so", "--seed", "0"], "--fillers and --seed draw fillers for --words"),
        (["memory", "--word", "so", "--words", "late"], "not allowed with"),
        (["memory", "--words", " , "], "no word is given"),
        (["memory", "--words", "so", "--fillers", "many"], "invalid int"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        status = main(arguments)
    except SystemExit as stop:  # argparse's own complaints
        status = int(str(stop.code))
    out, err = capsys.readouterr()
    assert status == 2 and out == "" and err.startswith("error: ") and err.count("\n") == 1 and says in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", SENTENCES)
def test_hostile_sentences_are_only_text(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = ask(capsys, "trace", "--model", "gru", "--", text)
    assert found["text"] == text and len(found["probability"]) == len(found["tokens"])

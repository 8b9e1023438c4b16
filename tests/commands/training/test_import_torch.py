"""import-torch: a checkpoint from files, what was assumed told; bad input is one line after what it lists."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from core.__main__ import main
from core.models import checkpoints

WORDS = ["<pad>", "<unk>", "good", "bad", "not", "so"]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path / "checkpoints"))
    torch.manual_seed(0)
    parts = {
        "embedding": nn.Embedding(len(WORDS), 5),
        "lstm": nn.LSTM(5, 4, 2, bidirectional=True),
        "fc": nn.Linear(8, 2),
    }
    module = nn.ModuleDict(parts)
    save_file(
        {name: tensor.contiguous() for name, tensor in module.state_dict().items()}, tmp_path / "my model.safetensors"
    )
    torch.save(module, tmp_path / "whole.pth")
    np.save(tmp_path / "vectors.npy", module["embedding"].weight.detach().numpy())
    (tmp_path / "words.txt").write_text("\n".join(WORDS) + "\n")
    return tmp_path


def run(files: Path, *options: str, weights: str = "my model.safetensors", words: str = "words.txt") -> int:
    return main(["import-torch", "--weights", str(files / weights), "--vocabulary", str(files / words), *options])


def test_a_model_is_brought_and_answers(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(files, "--cell", "lstm", "--labels", "ham, spam", "--class-1", "0") == 0
    said = capsys.readouterr().out
    assert "my-model: lstm of 2 layers of 4 units, both ways, 6 ids of 5 numbers" in said
    assert "reads: final; steps: lowercase punctuation" in said
    assert "not checked against its owner's outputs (--check FILE), and assumed:" in said
    assert "class 0 is ham, class 1 is spam, output 0 of 2" in said
    assert "unknown words: <unk> (id 1); padding: <pad> (id 0), never read" in said
    assert checkpoints.names() == ["my-model"]
    assert main(["predict", "--model", "my-model", "--json", "not so good"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["prefix_probabilities"] == [] and 0 < found["probability"] < 1


def test_an_embedding_apart_gives_the_same_model(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(files, "--name", "one") == 0
    assert run(files, "--name", "two", "--embedding", str(files / "vectors.npy"), "--json") == 0
    (told,) = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert any("embedding.weight of the weights is not used" in note for note in told["notes"])
    assert checkpoints.load("one").hash == checkpoints.load("two").hash


def test_a_whole_module_is_refused_with_the_lines_that_convert_it(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(files, weights="whole.pth") == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[1].startswith('found = torch.load("whole.pth"') and lines[-2].endswith('"whole.safetensors")')
    assert lines[-1].startswith("error: whole.pth holds more than weights")
    assert checkpoints.names() == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--cell", "gru"],
            "fit a bidirectional gru of 2 layers of 4 units as found at lstm.weight_ih_l0; see the lines",
        ),
        (["--name", "../out"], "is not a checkpoint's name"),
        (["--name", "word2vec"], "a classifier needs another"),
        (["--labels", "a,b,c"], "two labels need two names"),
        (["--steps", "what"], "unknown preprocessing steps ['what']"),
        (["--head-name", "what"], "no tensor 'what' for the head"),
        (["--embedding", "gone.npy"], "gone.npy"),
        (["--class-1", "3"], "outputs 0 and 1; given: 3"),
        (["--logit-column", "z"], "of the table that --check names; give --check too"),
        (["--delimiter", "tab"], "of the table that --check names; give --check too"),
    ],
)
def test_bad_input_ends_with_one_line(
    files: Path, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(files, *options) == 2
    *_listed, last = capsys.readouterr().err.splitlines()
    assert last.startswith("error: ") and message in last
    assert checkpoints.names() == []


def test_a_vocabulary_of_another_length_is_one_line(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "short.txt").write_text("\n".join(WORDS[:-1]))
    assert run(files, words="short.txt") == 2
    assert capsys.readouterr().err == (
        "error: the vocabulary has 5 ids and the embedding 6 rows; expected as many of both (give "
        "--vocabulary-size 5 where only the first of both are meant; where ids begin at 1 and 0 is padding, give the "
        "vocabulary as JSON, token to id)\n"
    )

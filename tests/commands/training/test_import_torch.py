"""import-torch: a checkpoint from files, what was assumed told; bad input is one line after what it lists."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
import torch

from core.models import checkpoints
from tests.commands.conftest import Cli, Done
from tests.models.owners import WORDS, Owner, write


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path / "checkpoints"))
    model = Owner(both=True, layers=2)
    write(tmp_path, model)["weights"].rename(tmp_path / "my model.safetensors")
    torch.save(model, tmp_path / "whole.pth")
    np.save(tmp_path / "vectors.npy", model.embedding.weight.numpy())
    return tmp_path


def run(cli: Cli, files: Path, options: str = "", weights: str = "my model.safetensors") -> Done:
    return cli.run(
        "import-torch --weights", files / weights, "--vocabulary", files / "words.txt", *shlex.split(options)
    )


def test_a_model_is_imported_and_answers(files: Path, cli: Cli) -> None:
    out = run(cli, files, "--cell lstm --labels 'ham, spam' --class-1 0").out
    assert "my-model: lstm of 2 layers of 5 units, both ways, 32 ids of 6 numbers" in out
    assert "reads: final; steps: lowercase punctuation" in out and "assumed:" in out
    assert "class 0 is ham, class 1 is spam, output 0 of 2" in out
    assert "unknown words: <unk> (id 1); padding: <pad> (id 0), never read" in out
    assert checkpoints.names() == ["my-model"]
    (row,) = cli.json("predict --model my-model 'w1 w2 w3'")
    assert row["prefix_probabilities"] == [] and 0 < row["probability"] < 1
    assert run(cli, files, "--name one").status == 0
    (row,) = json.loads(run(cli, files, f"--name two --embedding '{files / 'vectors.npy'}' --json").out)
    assert any("embedding.weight of the weights is not used" in note for note in row["notes"])
    assert checkpoints.load("one").hash == checkpoints.load("two").hash


def test_a_whole_module_is_refused_with_the_lines_that_convert_it(files: Path, cli: Cli) -> None:
    lines = run(cli, files, weights="whole.pth").err.splitlines()
    assert lines[1].startswith('found = torch.load("whole.pth"') and lines[-2].endswith('"whole.safetensors")')
    assert lines[-1].startswith("error: whole.pth holds more than weights")
    assert checkpoints.names() == []


def test_refusals_end_with_one_line(files: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(files)
    Path("short.txt").write_text("\n".join(WORDS[:-1]))
    for options, says in (
        (
            "--cell gru",
            "fit a bidirectional gru of 2 layers of 5 units as found at encoder.rnn.weight_ih_l0; see the lines",
        ),
        ("--name ../out", "'../out'"),
        ("--name word2vec", "a classifier needs another"),
        ("--labels a,b,c", "3 things do not fit a bidirectional lstm"),
        ("--labels a,b,A", "'a' and 'A'"),
        ("--steps what", "unknown preprocessing steps ['what']"),
        ("--head-name what", "no tensor 'what' for the head"),
        ("--embedding gone.npy", "gone.npy"),
        ("--class-1 3", "outputs 0 and 1; given: 3"),
        ("--logit-column z", "of the table that --check names; give --check too"),
        ("--delimiter tab", "of the table that --check names; give --check too"),
        ("--vocabulary short.txt", "the vocabulary has 31 ids and the embedding 32 rows"),
    ):
        done = run(cli, files, options)
        *_listed, last = done.err.splitlines()
        assert done.status == 2 and last.startswith("error: ") and says in last, options
        assert checkpoints.names() == []

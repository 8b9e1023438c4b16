"""Two processes train as one: their gradients and weights are those of one process with the joint batch."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from core.__main__ import main
from core.training import distributed

ROOT = Path(__file__).parents[2]
WORDS = ["good", "bad", "movie", "i", "it", "was", "not", "so", "great", "sad", "fine", "dull"]
TRAIN = [
    *("train", "--data", "rows.csv", "--cells", "gru", "--min-count", "1", "--held-out", "60"),
    *("--embedding-size", "6", "--hidden-size", "5", "--word2vec-epochs", "1", "--epochs", "2", "--batch-size", "64"),
    *("--dropout", "0", "--precision", "float32", "--patience", "99", "--threads", "1"),
]


def train(out: str, *more: str) -> None:
    assert main([*TRAIN, "--out", out, *more]) == 0


def train_by_two(out: str) -> str:
    """What is printed."""
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "core"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, *launcher, *TRAIN, "--out", out]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout


def weights(out: str) -> dict[str, torch.Tensor]:
    return load_file(f"{out}/gru/weights.safetensors")


def history(out: str) -> list[list[float]]:
    card = json.loads(Path(out, "gru/card.json").read_text(encoding="utf-8"))
    return [list(held.values()) for held in card["history"]]


@pytest.mark.slow
def test_two_processes_take_the_steps_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    with Path("rows.csv").open("w", encoding="utf-8") as file:
        file.write("text,label\n")
        for _ in range(500):
            words = random.choice(WORDS, random.integers(2, 12)).tolist()
            file.write(f"{' '.join(words)},{int(words.count('good') + words.count('great') > words.count('sad'))}\n")
    train("one")
    said = capsys.readouterr().out
    for name in ("two", "other"):  # from the same word vectors: gensim need not give the same ones twice
        shutil.copytree("one/word2vec", f"{name}/word2vec")
    said_of_two = train_by_two("two")
    train("other", "--batch-size", "32")

    def apart(name: str) -> float:
        one, other = weights("one"), weights(name)
        return max(float((other[key].float() - one[key].float()).abs().max()) for key in one)

    assert apart("two") < 2e-3 and apart("other") > 10 * apart("two") > 0
    assert np.allclose(history("one"), history("two"), atol=5e-3)
    assert said == said_of_two and said.count("gru: accuracy") == 1  # one of the two prints


def test_alone_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with distributed.joined(), distributed.in_turn():
        rows, weight = distributed.share(np.arange(5))
        assert rows.tolist() == list(range(5)) and weight == 1.0 and distributed.first()
        parameter = torch.nn.Parameter(torch.ones(2))
        parameter.grad = torch.full((2,), 3.0)
        assert distributed.add_up([parameter], torch.tensor(0.5)).item() == 0.5 and parameter.grad.tolist() == [3, 3]
        assert distributed.agreed([0.1]) == [0.1]
        distributed.check_same(1, "steps")


@pytest.mark.parametrize(("size", "rows"), [(2, 5), (3, 2), (4, 9)])
def test_shares_are_the_batch_and_their_gradients_its_gradient(
    size: int, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Σ share × gradient of the mean over the share = gradient of the mean over the batch."""
    x = torch.randn(rows, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    w = torch.ones(3, dtype=torch.float64, requires_grad=True)
    (whole,) = torch.autograd.grad(((x @ w) ** 2).mean(), w)
    summed, seen = torch.zeros_like(whole), []
    monkeypatch.setattr(distributed, "size", lambda: size)
    for rank in range(size):
        monkeypatch.setattr(distributed, "rank", lambda rank=rank: rank)
        own, weight = distributed.share(np.arange(rows))
        (gradient,) = torch.autograd.grad(((x[torch.from_numpy(own)] @ w) ** 2).mean() * weight, w)
        summed += gradient
        seen += own.tolist() if weight else []
    assert sorted(seen) == list(range(rows)) and torch.allclose(summed, whole)

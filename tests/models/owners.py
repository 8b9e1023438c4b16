"""Somebody's classifier, as many write it in torch: an imported model must give its probabilities."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from core.models import checkpoints
from core.models.predict import verdicts
from core.models.read_outs import ReadOut

WORDS = ["<pad>", "<unk>", *(f"w{number}" for number in range(30))]
E, H, N = 6, 5, 12
MODULES = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
STRUCTURES: dict[str, dict[str, Any]] = {
    "last state, both directions": {"both": True, "layers": 2, "outputs": 1},
    "backward direction first": {"reads": "reversed", "both": True, "layers": 2, "outputs": 1},
    "output at the last token": {"reads": "last", "both": True, "layers": 2, "outputs": 1},
    "padded behind to a fixed length": {"cell": "gru", "reads": f"padded:{N}"},
    "padded in front": {"cell": "gru", "reads": f"left:{N}"},
    "mean of states": {"cell": "gru", "reads": "mean"},
    "maximum of states": {"reads": "max", "both": True},
    "maximum over padding too": {"cell": "gru", "reads": f"max padded:{N}"},
    "maximum over padding, both directions": {"reads": f"max padded:{N}", "both": True},
    "dot attention without parameters": {"cell": "gru", "reads": "dot"},
    "head on the cell state": {"reads": "cell", "outputs": 1},
    "head on both cell states": {"reads": "cell", "both": True, "outputs": 1},
    "ReLU units": {"cell": "rnn", "nonlinearity": "relu", "outputs": 1, "scale": 0.4},
    "head of two layers": {"reads": "mean", "both": True, "hidden": 7},
}


class Owner(nn.Module):
    """Embedding, recurrence, a read-out as `ReadOut` writes it, a head of one layer or two."""

    def __init__(
        self,
        cell: str = "lstm",
        reads: str = "final",
        *,
        both: bool = False,
        layers: int = 1,
        outputs: int = 2,
        hidden: int = 0,
        words: int = len(WORDS),
        scale: float = 0.9,
        **options: Any,
    ):
        super().__init__()
        self.embedding = nn.Embedding(words, E)
        recurrent = MODULES[cell](E, H, layers, batch_first=True, bidirectional=both, **options)
        self.encoder = nn.ModuleDict({"rnn": recurrent})
        width, bias = H * (1 + both), options.get("bias", True)
        within = [nn.Linear(width, hidden), nn.Tanh()] if hidden else []
        self.head = nn.Sequential(*within, nn.Dropout(0.5), nn.Linear(hidden or width, outputs, bias=bias))
        self.reads = ReadOut.parse(reads)
        self.both, self.outputs = both, outputs
        self.requires_grad_(False).eval()
        generator = torch.Generator().manual_seed(20)
        for parameter in self.parameters():
            parameter.normal_(0, scale, generator=generator)

    def forward(self, ids: Tensor) -> Tensor:
        """Probabilities [B, outputs] of ids [B, T], padded as they are read."""
        output, state = self.encoder["rnn"](self.embedding(ids))
        scores: Tensor = self.head(self.read(ids, output, *(state if isinstance(state, tuple) else (state, state))))
        return scores.sigmoid() if self.outputs == 1 else scores.softmax(1)

    def read(self, ids: Tensor, output: Tensor, h: Tensor, c: Tensor) -> Tensor:
        """What the head reads, [B, F]."""
        if self.reads.pool == "dot":
            final = torch.cat([h[-2], h[-1]], 1) if self.both else h[-1]
            weights = torch.softmax(torch.bmm(output, final.unsqueeze(2)).squeeze(2), 1)
            return torch.bmm(weights.unsqueeze(1), output)[:, 0]
        if self.reads.pool in ("final", "cell"):
            last = h if self.reads.pool == "final" else c
            return torch.cat([last[-2], last[-1]], 1) if self.both else last[-1]
        if self.reads.pool == "reversed":
            return torch.cat([h[-1], h[-2]], 1)
        return {"last": output[:, -1], "mean": output.mean(1), "max": output.max(1).values}[self.reads.pool]

    def distribution(self, ids: list[int]) -> list[float]:
        """The probability of each output for a text, padded and cut as this model's owner does it."""
        side, length = self.reads.side, self.reads.length
        if side:
            ids = ids[-length:] if self.reads.last else ids[:length]
            pads = [0] * (length - len(ids)) if side != "cut" else []
            ids = pads + ids if side == "left" else ids + pads
        found: list[float] = self(torch.tensor([ids]))[0].tolist()
        return found

    def probability(self, ids: list[int]) -> float:
        """As `distribution`, of the last class: of two, P(class 1)."""
        return self.distribution(ids)[-1]


def labels(model: Owner) -> tuple[str, ...]:
    """Names of its classes, where it has more than two outputs."""
    return tuple(f"topic {number}" for number in range(model.outputs)) if model.outputs > 2 else ()


def sentences(seed: int = 1) -> list[list[int]]:
    """Ids of sentences of 1 to 20 words, unknown ones (1) among them."""
    random = np.random.default_rng(seed)
    return [random.integers(1, len(WORDS), length).tolist() for length in (7, 2, 1, 5, 11, 9, 20, 14, 3, 6)]


def as_text(ids: Sequence[int]) -> str:
    return " ".join("neverseen" if number == 1 else WORDS[number] for number in ids)


def write(folder: Path, model: Owner, words: Sequence[str] = WORDS) -> dict[str, Path]:
    """The owner's weights and words."""
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, folder / "theirs.safetensors")
    (folder / "words.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    return {"weights": folder / "theirs.safetensors", "vocabulary": folder / "words.txt"}


def write_checked(
    folder: Path, model: Owner, reads: Callable[[list[int]], list[int]] = lambda ids: ids
) -> dict[str, Path]:
    """The owner's files, and texts with the probabilities of their model, which `reads` ids."""
    columns = labels(model) or ("probability",)
    with (folder / "said.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["text", *columns])
        for ids in sentences():
            rows.writerow([as_text(ids), *(f"{p:.8f}" for p in model.distribution(reads(ids))[-len(columns) :])])
    return {**write(folder, model), "check": folder / "said.csv"}


def assert_same(folder: Path, model: Owner, name: str = "theirs") -> None:
    """A checkpoint gives the owner's probabilities."""
    drawn = sentences(seed=9)
    expected = [model.distribution(ids) for ids in drawn]
    found = verdicts(checkpoints.load(name, folder), [as_text(ids) for ids in drawn])
    assert np.ptp(expected, axis=0).min() > 1e-3
    said = [verdict.distribution[-model.outputs :] for verdict in found]
    np.testing.assert_allclose(said, expected, atol=5e-6, rtol=0)

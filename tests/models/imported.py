"""Checkpoints as `core.models.importers` makes them, with random weights: bidirectional, or with another read-out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.conftest import EMBEDDING, HIDDEN, WORDS


def write_imported(
    folder: Path, name: str, cell: str, *, layers: int = 1, seed: int = 0, scale: float = 0.7, **variant: Any
) -> None:
    """Save a model of any variant that `core.models.recurrent.Classifier` takes."""
    import torch

    from core.models import checkpoints
    from core.models.recurrent import Classifier
    from core.text.preprocessing import SHIPPED, Vocabulary

    vocabulary = Vocabulary(WORDS)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Classifier(cell, len(vocabulary), EMBEDDING, HIDDEN, layers, **variant)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.normal_(0, scale)
    sizes = {"vocabulary": len(vocabulary), "embedding": EMBEDDING, "hidden": HIDDEN, "layers": layers, **variant}
    if variant.get("head"):
        sizes["head"] = variant["head"]._asdict()
    card = {
        "kind": checkpoints.CLASSIFIER,
        "cell": cell,
        "preprocessing": SHIPPED,
        "embeddings": {"stored": checkpoints.FLOAT32},
        "data": {},
        "sizes": sizes,
        "labels": ["negative", "positive"],
        "history": [],
        "metrics": {},
    }
    checkpoints.save(name, model.state_dict(), vocabulary, card, folder)


def write_bidirectional(
    folder: Path, name: str, cell: str, *, layers: int = 1, reads: str = "final", seed: int = 0
) -> None:
    """A model that reads from both ends."""
    write_imported(folder, name, cell, layers=layers, seed=seed, bidirectional=True, reads=reads)

"""A checkpoint of a bidirectional model with random weights, of any number of layers."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import EMBEDDING, HIDDEN, WORDS


def write_bidirectional(
    folder: Path, name: str, cell: str, *, layers: int = 1, reads: str = "final", seed: int = 0
) -> None:
    """Save it as `core.foreign` saves what it brings."""
    import torch

    from core import checkpoints
    from core.models import Classifier
    from core.text import Preprocessing, Vocabulary

    vocabulary = Vocabulary(WORDS)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        sizes = (len(vocabulary), EMBEDDING, HIDDEN, layers)
        model = Classifier(cell, *sizes, bidirectional=True, reads=reads)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.normal_(0, 0.7)
    card = {
        "kind": checkpoints.CLASSIFIER,
        "cell": cell,
        "preprocessing": Preprocessing().steps,
        "embeddings": {"stored": checkpoints.FLOAT32},
        "data": {},
        "sizes": {
            "vocabulary": len(vocabulary),
            "embedding": EMBEDDING,
            "hidden": HIDDEN,
            "layers": layers,
            "bidirectional": True,
            "reads": reads,
        },
        "labels": ["negative", "positive"],
        "history": [],
        "metrics": {},
    }
    checkpoints.save(name, model.state_dict(), vocabulary, card, folder)
